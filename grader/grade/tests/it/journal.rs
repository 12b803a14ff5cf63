//! What survives a kill, a cut line and a second grader.

use forklings_grade::GradeError;
use forklings_grade::journal::{Journal, Key};
use forklings_model::{Graded, Submission, Verdict};
use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{ForkResult, Pid, fork, pause};
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use tempfile::TempDir;

fn key(name: &str) -> Key {
    Key {
        submission: name.into(),
        exercise: "zombies".into(),
        content: "c".into(),
        recipe: "r".into(),
    }
}

fn graded(name: &str) -> Graded {
    Graded {
        submission: Submission { name: name.into() },
        exercise: "zombies".into(),
        verdict: Verdict::Accepted,
        rule: None,
        tasks: vec![],
        left_out: vec![],
        diagnostics: None,
        judgements: vec![],
        unfinished: vec![],
        grader_error: None,
    }
}

#[test]
fn what_was_written_is_known_to_the_next_run() {
    let out = TempDir::new().unwrap();
    let mut journal = Journal::open(&out.path().join("new/folder")).unwrap();
    journal.append(key("a"), &graded("a")).unwrap();
    drop(journal);
    let journal = Journal::open(&out.path().join("new/folder")).unwrap();
    assert_eq!(journal.get(&key("a")), Some(graded("a")));
    let changed = Key { recipe: "other".into(), ..key("a") };
    assert_eq!(journal.get(&changed), None);
}

#[test]
fn a_torn_line_is_removed_at_every_length() {
    let out = TempDir::new().unwrap();
    let file = out.path().join("journal.jsonl");
    let mut journal = Journal::open(out.path()).unwrap();
    journal.append(key("a"), &graded("a")).unwrap();
    let one = fs::metadata(&file).unwrap().len();
    journal.append(key("b"), &graded("b")).unwrap();
    drop(journal);
    let whole = fs::read(&file).unwrap();
    for length in usize::try_from(one).unwrap()..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let mut journal = Journal::open(out.path()).unwrap();
        assert!(journal.get(&key("a")).is_some());
        assert!(journal.get(&key("b")).is_none());
        journal.append(key("b"), &graded("b")).unwrap();
        drop(journal);
        assert_eq!(fs::read(&file).unwrap(), whole);
    }
}

#[test]
fn a_line_that_makes_no_sense_costs_no_other() {
    let out = TempDir::new().unwrap();
    let mut journal = Journal::open(out.path()).unwrap();
    journal.append(key("a"), &graded("a")).unwrap();
    drop(journal);
    let file = out.path().join("journal.jsonl");
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(b"{\"key\":3}\n\xff\n").unwrap();
    let mut journal = Journal::open(out.path()).unwrap();
    journal.append(key("b"), &graded("b")).unwrap();
    drop(journal);
    let journal = Journal::open(out.path()).unwrap();
    assert!(journal.get(&key("a")).is_some() && journal.get(&key("b")).is_some());
}

/// Not a test by itself: holds a journal until its input ends, and leaves a child that has the same
/// open files and outlives it.
#[test]
#[expect(unsafe_code, reason = "only fork makes a child that keeps files which exec would close")]
fn holder() {
    let Some(out) = std::env::var_os("HOLD_JOURNAL") else { return };
    let _held = Journal::open(out.as_ref()).unwrap();
    // SAFETY: the child makes one call, which is safe after fork, and ends.
    if matches!(unsafe { fork() }.unwrap(), ForkResult::Child) {
        pause();
        // SAFETY: see above.
        unsafe { libc::_exit(0) };
    }
    fs::write(Path::new(&out).join("held"), "").unwrap();
    std::io::stdin().read_to_end(&mut vec![]).unwrap();
}

/// Another process that holds the journal of a folder.
pub(crate) struct Holder {
    process: Child,
}

impl Holder {
    pub(crate) fn of(out: &Path) -> Self {
        fs::create_dir_all(out).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::holder"])
            .env("HOLD_JOURNAL", out)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // With its child in a group of its own, to end both.
            .process_group(0)
            .spawn()
            .unwrap();
        let held = out.join("held");
        while !held.exists() {
            assert!(process.try_wait().unwrap().is_none(), "it could not be held");
            thread::yield_now();
        }
        fs::remove_file(held).unwrap();
        Self { process }
    }

    /// Kills it, as a user or the kernel would; its child lives on.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        killpg(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGKILL).unwrap();
        drop(self.process.wait());
    }
}

#[test]
fn a_second_grader_is_told() {
    let out = TempDir::new().unwrap();
    let first = Holder::of(out.path());
    assert!(matches!(Journal::open(out.path()), Err(GradeError::Busy { .. })));
    drop(first);
    Journal::open(out.path()).unwrap();
}

#[test]
fn a_killed_grader_holds_nothing_even_while_a_child_of_it_lives() {
    let out = TempDir::new().unwrap();
    let mut killed = Holder::of(out.path());
    killed.kill();
    Journal::open(out.path()).unwrap();
}

#[test]
fn what_is_thrown_away_is_gone_for_the_next_run() {
    let out = TempDir::new().unwrap();
    let mut journal = Journal::open(out.path()).unwrap();
    journal.append(key("a"), &graded("a")).unwrap();
    journal.clear().unwrap();
    journal.append(key("b"), &graded("b")).unwrap();
    drop(journal);
    let journal = Journal::open(out.path()).unwrap();
    assert!(journal.get(&key("a")).is_none() && journal.get(&key("b")).is_some());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let out = TempDir::new().unwrap();
    fs::write(out.path().join("file"), "").unwrap();
    let error = Journal::open(&out.path().join("file/out")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write "), "{error}");
}

/// Not a test by itself: writes results until there is no room, under a limit on the size of files.
#[test]
fn writer_without_room() {
    let Some(out) = std::env::var_os("WRITE_UNTIL_FULL") else { return };
    let mut journal = Journal::open(out.as_ref()).unwrap();
    for n in 0.. {
        let name = n.to_string();
        if let Err(error) = journal.append(key(&name), &graded(&name)) {
            assert!(error.to_string().contains("what was graded before is kept"), "{error}");
            return;
        }
        fs::write(Path::new(&out).join("written"), name).unwrap();
    }
}

#[test]
fn without_room_what_was_written_stays_and_nothing_is_torn() {
    let out = TempDir::new().unwrap();
    let test = std::env::current_exe().unwrap();
    // A write over the limit fails with EFBIG once SIGXFSZ is ignored; a full disk looks the same.
    let status = Command::new("/bin/sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" --exact journal::writer_without_room"])
        .arg(test)
        .env("WRITE_UNTIL_FULL", out.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let last: u32 = fs::read_to_string(out.path().join("written")).unwrap().parse().unwrap();
    let text = fs::read_to_string(out.path().join("journal.jsonl")).unwrap();
    assert!(text.ends_with('\n'));
    let journal = Journal::open(out.path()).unwrap();
    for n in 0..=last {
        assert!(journal.get(&key(&n.to_string())).is_some());
    }
}
