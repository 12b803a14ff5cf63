//! What survives a kill, a cut line and a second grader.

use forklings_grade::GradeError;
use forklings_grade::journal::{Journal, Key};
use forklings_model::{Graded, Submission, Verdict};
use std::fs::{self, OpenOptions};
use std::io::Write;
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
    journal.append(key("a"), graded("a")).unwrap();
    drop(journal);
    let journal = Journal::open(&out.path().join("new/folder")).unwrap();
    assert_eq!(journal.get(&key("a")), Some(&graded("a")));
    let changed = Key { recipe: "other".into(), ..key("a") };
    assert_eq!(journal.get(&changed), None);
}

#[test]
fn a_torn_line_is_removed_at_every_length() {
    let out = TempDir::new().unwrap();
    let file = out.path().join("journal.jsonl");
    let mut journal = Journal::open(out.path()).unwrap();
    journal.append(key("a"), graded("a")).unwrap();
    let one = fs::metadata(&file).unwrap().len();
    journal.append(key("b"), graded("b")).unwrap();
    drop(journal);
    let whole = fs::read(&file).unwrap();
    for length in usize::try_from(one).unwrap()..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let mut journal = Journal::open(out.path()).unwrap();
        assert!(journal.get(&key("a")).is_some());
        assert!(journal.get(&key("b")).is_none());
        journal.append(key("b"), graded("b")).unwrap();
        drop(journal);
        assert_eq!(fs::read(&file).unwrap(), whole);
    }
}

#[test]
fn a_line_that_makes_no_sense_costs_no_other() {
    let out = TempDir::new().unwrap();
    let mut journal = Journal::open(out.path()).unwrap();
    journal.append(key("a"), graded("a")).unwrap();
    drop(journal);
    let file = out.path().join("journal.jsonl");
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(b"{\"key\":3}\n\xff\n").unwrap();
    let mut journal = Journal::open(out.path()).unwrap();
    journal.append(key("b"), graded("b")).unwrap();
    drop(journal);
    let journal = Journal::open(out.path()).unwrap();
    assert!(journal.get(&key("a")).is_some() && journal.get(&key("b")).is_some());
}

#[test]
fn a_second_grader_is_told() {
    let out = TempDir::new().unwrap();
    let first = Journal::open(out.path()).unwrap();
    assert!(matches!(Journal::open(out.path()), Err(GradeError::Busy { .. })));
    drop(first);
    Journal::open(out.path()).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let out = TempDir::new().unwrap();
    fs::write(out.path().join("file"), "").unwrap();
    let error = Journal::open(&out.path().join("file/out")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write "), "{error}");
}
