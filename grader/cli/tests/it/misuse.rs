//! Wrong usage and bad input: one clear message, and the documented exit code.

use crate::door::{hand_in_stubs, run};
use std::fs;
use tempfile::TempDir;

#[track_caller]
fn check(args: &[&str], code: i32, message: &str) {
    let said = run(args);
    assert_eq!(said.code, code, "{said:?}");
    assert!(said.stderr.contains(message), "{said:?}");
    assert_eq!(said.stdout, "", "an error says nothing on standard output");
}

#[test]
fn a_command_line_that_means_nothing_is_2() {
    check(&["explain", "zombie"], 2, "no rule is called `zombie`; did you mean `zombie-left`?");
    check(&["hint", "zombies", "reap-all"], 2, "did you mean `reap_all`?");
    check(&["check", "zombie"], 2, "no exercise is called `zombie`; did you mean `zombies`?");
    for command in ["trace", "explore"] {
        check(&[command, "zombie"], 2, "no exercise is called `zombie`; did you mean `zombies`?");
        check(&[command, "zombies"], 2, "`cargo run -p zombies` lists them");
        check(&[command, "./a.out"], 2, "a program is named behind `--`, as in `-- ./a.out`");
    }
    check(&["hint", "zombies", "reap_all", "4"], 2, "4 is not in 1..=3");
    check(&["trace"], 2, "Usage:");
    check(&["trace", "--strategy", "best", "--", "true"], 2, "parent-first, child-first");
    check(&["explore"], 2, "Usage:");
    check(&["explore", "--faults", "eintr,sleep", "--", "true"], 2, "`sleep` is none of eintr");
    check(&["explore", "--strategy", "best", "--", "true"], 2, "no strategy is called `best`");
    check(&["explore", "--waive", "zombie", "--", "true"], 2, "zombie-left");
    check(&["explore", "--schedules", "0", "--", "true"], 2, "0 is not in 1..");
    check(&["explore", "--before", "a", "--", "true"], 2, "2 values required");
    check(&["grade"], 2, "<FOLDER>");
    check(&["grade", ".", "--jobs", "0"], 2, "0 is not in 1..=1024");
}

#[test]
fn a_path_that_cannot_be_used_is_3() {
    check(&["grade", "/does/not/exist"], 3, "the submissions in /does/not/exist cannot be read");
    check(&["list", "--course", "/proc"], 3, "/proc holds no course");
    check(
        &["replay", "/does/not/exist"],
        3,
        "give a file that the line `replay` of a failure names",
    );
    check(&["replay", "Cargo.toml"], 3, "it is no schedule file; give a file");
    check(&["explore", "--stdout", "/no/such", "--", "true"], 3, "cannot read /no/such");
    check(&["explore", "--stdin", "/no/such", "--", "true"], 3, "cannot read /no/such");
    check(&["trace", "--", "no-such-program"], 3, "no program `no-such-program`");
    let empty = TempDir::new().unwrap();
    check(&["grade", empty.path().to_str().unwrap()], 3, "there are no submissions in");
}

#[test]
fn an_output_folder_that_cannot_be_made_is_4_and_named() {
    let class = TempDir::new().unwrap();
    hand_in_stubs(class.path(), "zombies", &["ada"]);
    // Nobody, not even root, makes folders there.
    let args = ["grade", class.path().to_str().unwrap(), "--out", "/proc/report"];
    check(&args, 4, "cannot write /proc/report");
}

#[test]
fn a_file_among_the_submissions_that_is_no_archive_is_named() {
    let (class, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fs::write(class.path().join("ada.zip"), "no archive").unwrap();
    let said = run(&[
        "grade",
        class.path().to_str().unwrap(),
        "--out",
        out.path().join("report").to_str().unwrap(),
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("ada") && said.stdout.contains("not graded"), "{said:?}");
}
