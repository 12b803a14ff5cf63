//! A subject without its tracer: told exactly how it ended, as isolated as under the tracer, and gone
//! when it has ended, whatever it does.

use forklings_model::{Ending, Limits, Signal};
use forklings_sandbox::{Came, Launch, Unwatched, View, Wanted, probe};
use forklings_sys::descriptor::memory_file;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// What became of a shell script in its sandbox, and what it printed. It may run for so long.
#[track_caller]
fn patient(script: &str, patience: Duration) -> (Came, String) {
    let out = memory_file(c"out").unwrap();
    let null = File::open("/dev/null").unwrap();
    let came = Unwatched {
        launch: Launch {
            program: Path::new("/bin/sh"),
            args: &["-c".into(), script.into()],
            env: &[("PATH".into(), "/usr/bin:/bin".into())],
            folder: Path::new("/tmp"),
            stdio: [null.as_fd(), out.as_fd(), out.as_fd()],
            limits: Limits { seconds: 20, processes: 20, memory_mib: 128, output_kib: 4 },
            wanted: Wanted::All,
            view: View::new(),
            filter: None,
        },
        pid: 100,
        patience,
        cancel: None,
    }
    .run()
    .unwrap();
    let mut bytes = vec![0; usize::try_from(out.metadata().unwrap().len()).unwrap()];
    out.read_exact_at(&mut bytes, 0).unwrap();
    (came, String::from_utf8_lossy(&bytes).into_owned())
}

#[track_caller]
fn shell(script: &str) -> (Came, String) {
    patient(script, Duration::from_secs(60))
}

/// Whether somebody on this machine has this word among its arguments.
fn is_there(word: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        fs::read_to_string(entry.path().join("cmdline"))
            .is_ok_and(|line| line.split('\0').any(|argument| argument == word))
    })
}

#[test]
fn its_ending_is_told_exactly() {
    let ending = |script| shell(script).0.ending;
    assert_eq!(ending("exit 0"), Some(Ending::Exited(0)));
    assert_eq!(ending("exit 127"), Some(Ending::Exited(127)));
    assert_eq!(ending("exit 137"), Some(Ending::Exited(137)));
    assert_eq!(ending("kill -9 $$"), Some(Ending::Killed(Signal(9))));
}

#[test]
fn it_finds_what_it_finds_under_the_tracer() {
    if !probe().namespaces {
        return;
    }
    let (_, said) =
        shell("echo $$ $PPID; grep TracerPid /proc/self/status; id -u; sh -c 'echo $$'");
    assert_eq!(said, "100 1\nTracerPid:\t0\n1000\n103\n");
    let (came, said) = shell("mkfifo f && test -p f && unshare --user true");
    assert_eq!(came.ending, Some(Ending::Exited(1)), "{said}");
    assert!(said.contains("unshare"), "{said}");
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let null = File::open("/dev/null").unwrap();
    let launch = Launch {
        program: Path::new("/bin/nosuch"),
        args: &[],
        env: &[],
        folder: Path::new("/"),
        stdio: [null.as_fd(); 3],
        limits: Limits { seconds: 20, processes: 20, memory_mib: 128, output_kib: 4 },
        wanted: Wanted::None,
        view: View::new(),
        filter: None,
    };
    let run = Unwatched { launch, pid: 100, patience: Duration::from_secs(60), cancel: None };
    assert!(run.run().is_err());
}

#[test]
fn whoever_it_leaves_is_gone_when_it_has_ended() {
    if !probe().namespaces {
        return;
    }
    let (came, _) = shell("setsid sleep 98761 & (setsid sleep 98761 &) ; kill -STOP $! ; exit 3");
    assert_eq!(came.ending, Some(Ending::Exited(3)));
    assert!(!is_there("98761"));
    let (came, _) = shell("trap '' TERM; kill -TERM -1; kill -KILL -1; exit 4");
    assert_eq!(came.ending, Some(Ending::Exited(4)));
}

#[test]
fn who_does_not_end_is_killed_with_all_that_it_made() {
    if !probe().namespaces {
        return;
    }
    let little = Duration::from_millis(300);
    let bomb = "b() { b | b & b; sleep 98762; }; b; sleep 98762";
    let (came, _) = patient(bomb, little);
    assert!(came.ending.is_none() || came.ending == Some(Ending::Exited(2)), "{came:?}");
    assert!(!is_there("98762"));
    let (came, _) = patient("kill -STOP $$; sleep 98763", little);
    assert_eq!(came.ending, None);
    assert!(!is_there("98763"));
}

#[test]
fn endless_output_has_an_end() {
    let (came, said) = shell("exec yes");
    assert!(matches!(came.ending, Some(Ending::Killed(Signal(25)))), "{came:?}");
    assert_eq!(said.len(), 16 << 20);
}
