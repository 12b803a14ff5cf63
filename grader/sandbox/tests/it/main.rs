//! Jobs run to their end, isolated as far as the machine allows.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod unwatched;

use forklings_model::Limits;
use forklings_sandbox::{Finished, Job, Launch, View, Wanted, probe};
use forklings_sys::ptrace;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

#[track_caller]
fn shell(script: &str, wanted: Wanted) -> Finished {
    shell_with("", script, wanted)
}

#[track_caller]
fn shell_with(input: &str, script: &str, wanted: Wanted) -> Finished {
    let limits = Limits { seconds: 20, processes: 50, memory_mib: 512, output_kib: 4 };
    Job {
        program: Path::new("/bin/sh"),
        args: &["-c".into(), script.into()],
        env: &[("PATH".into(), "/usr/bin:/bin".into())],
        folder: Path::new("/"),
        input: input.as_bytes(),
        read_only: &[],
        writable: &[],
        limits,
        wanted,
        cancel: None,
    }
    .run()
    .unwrap()
}

#[test]
fn a_job_gives_its_status_and_its_output() {
    for wanted in [Wanted::All, Wanted::None] {
        let finished = shell("echo out; echo err >&2; exit 7", wanted);
        assert_eq!(finished.status, Some(7), "{finished:?}");
        assert_eq!(finished.stdout, b"out\n");
        assert_eq!(finished.stderr, b"err\n");
    }
}

#[test]
fn a_job_reads_its_input_once() {
    for wanted in [Wanted::All, Wanted::None] {
        let finished = shell_with("a word\n", "cat; cat /dev/stdin", wanted);
        assert_eq!(finished.stdout, b"a word\n", "{finished:?}");
    }
}

#[test]
fn a_killed_job_is_told_by_its_signal() {
    assert_eq!(shell("kill -9 $$", Wanted::None).status, Some(137));
}

#[test]
fn output_is_cut_at_the_limit_and_the_job_still_ends() {
    let finished = shell("head -c 100000 /dev/zero", Wanted::All);
    assert_eq!(finished.status, Some(0));
    assert!(finished.truncated);
    assert_eq!(finished.stdout.len(), 4 * 1024);
}

#[test]
fn a_job_sees_neither_the_home_nor_other_processes() {
    if !probe().namespaces {
        return;
    }
    let finished = shell(
        "ls -d /root /home /etc/passwd; ls /proc | grep -c '^[0-9]'; id -u; hostname",
        Wanted::All,
    );
    let text = String::from_utf8(finished.stdout).unwrap();
    assert_eq!(text, "4\n1000\nforklings\n", "{}", String::from_utf8_lossy(&finished.stderr));
}

#[test]
fn a_sandbox_ends_although_a_tracee_in_it_was_forgotten() {
    if !probe().namespaces {
        return;
    }
    let null = File::open("/dev/null").unwrap();
    let held = Launch {
        program: Path::new("/bin/true"),
        args: &[],
        env: &[],
        folder: Path::new("/"),
        stdio: [null.as_fd(); 3],
        limits: Limits { seconds: 20, processes: 50, memory_mib: 512, output_kib: 4 },
        wanted: Wanted::All,
        view: View::new(),
        filter: None,
    }
    .start()
    .unwrap();
    let pid = held.pid;
    drop(ptrace::seize(pid).unwrap());
    drop(held);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}
