//! What a reader is told.

use crate::{drills, run};
use insta::assert_snapshot;

#[test]
fn without_a_number_the_drills_are_listed() {
    let (code, said, _) = run(drills(&["reveal"]), "");
    assert_eq!(code, 0);
    assert_snapshot!(said);
}

#[test]
fn a_right_prediction_is_found_right() {
    let (code, said, _) = run(drills(&["reveal", "1"]), "one\ntwo\n");
    assert_eq!(code, 0);
    assert_snapshot!(said);
}

#[test]
fn a_wrong_prediction_is_told_what_is_possible_and_the_status_is_0() {
    let mut command = drills(&["reveal", "1"]);
    command.env("COLUMNS", "40");
    let (code, said, _) = run(command, "two\none\n--\none\n");
    assert_eq!(code, 0);
    assert_snapshot!(said);
}

#[test]
fn without_a_prediction_nothing_is_said_of_it() {
    let (code, said, _) = run(drills(&["reveal", "1"]), "");
    assert_eq!(code, 0);
    assert!(said.contains("   200  one · two\n") && !said.contains("You predicted"), "{said}");
}

#[test]
fn what_orphans_print_belongs_to_the_run() {
    let (_, said, _) = run(drills(&["reveal", "3"]), "orphan\n");
    assert!(said.contains("   200  orphan\n"), "{said}");
    assert!(said.contains("You predicted 1 of the 2 possible outputs."), "{said}");
}

#[test]
fn an_outcome_that_the_drill_takes_for_impossible_is_not_hidden() {
    let (code, said, _) = run(drills(&["reveal", "4"]), "another one\n");
    assert_eq!(code, 0);
    assert!(said.contains("the course is wrong here"), "{said}");
    assert!(said.contains("   200  exit status 1\n"), "{said}");
}

#[test]
fn a_number_that_there_is_not_is_misuse() {
    for words in [&["reveal", "5"][..], &["reveal", "0"], &["reveal", "x"], &["drill"]] {
        let (code, said, complaint) = run(drills(words), "");
        assert_eq!((code, said.as_str()), (2, ""), "{words:?}");
        assert!(complaint.contains("examples has drills 1 to 4"), "{complaint}");
    }
}

#[test]
fn a_drill_can_be_run_and_asked_alone() {
    assert_eq!(run(drills(&["drill", "1"]), "").1, "one\ntwo\n");
    assert_eq!(run(drills(&["drill", "3", "possible"]), "").1, "orphan\n--\nnever seen\n");
    assert_eq!(run(drills(&["drill", "1", "never"]), "").1, "two\none\n");
    assert_eq!(run(drills(&["drill", "1", "source"]), "").1, "println!(\"one\\ntwo\");\n");
    assert_eq!(run(drills(&["drill", "4"]), "").0, 1);
}

#[test]
fn other_words_are_not_about_drills() {
    assert_eq!(run(drills(&["reap_all", "5"]), "").0, 1);
}
