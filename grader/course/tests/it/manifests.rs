//! A course on disk, right and wrong in one way each. Every test goes through [`refused`] or
//! [`Fixture`], so it survives a change of the error's form.

use forklings_course::{load, load_exercise};
use std::path::Path;
use tempfile::TempDir;

const COURSE: &str = "title: Forklings
parts:
  - title: \"Part I: processes\"
    exercises: [zombies]
";

const ZOMBIES: &str = "id: zombies
title: The dead must be buried
edit: [src/lib.rs]
man: [wait(2), sigaction(2)]
tasks:
  - id: reap_one
    points: 5
    hints: [who, how, waitpid]
  - id: reap_all
    points: 15
    hints: [who, how, waitpid until ECHILD]
limits: {seconds: 5, processes: 32, memory_mib: 256, output_kib: 64}
";

/// A folder with a course of one exercise.
struct Fixture(TempDir);

impl Fixture {
    fn new(course: &str, zombies: &str) -> Self {
        let fixture = Self(TempDir::new().unwrap());
        fixture.write("course.yaml", course);
        fixture.write("zombies/exercise.yaml", zombies);
        for given in ["Cargo.toml", "README.md", "src/lib.rs", "src/main.rs", "tests/public.rs"] {
            fixture.write(&format!("zombies/{given}"), "");
        }
        fixture
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// What `load` says, without the fixture's own folder.
    fn message(&self) -> String {
        let message = load(self.path()).unwrap_err().to_string();
        message.replace(&format!("{}/", self.path().display()), "")
    }
}

#[track_caller]
fn refused(course: &str, zombies: &str, expected: &str) {
    let message = Fixture::new(course, zombies).message();
    assert!(message.starts_with(expected), "{message}\nshould start with\n{expected}");
}

/// The exercise's manifest with one text replaced by another, refused with this message.
#[track_caller]
fn exercise_refused(from: &str, to: &str, expected: &str) {
    assert!(ZOMBIES.contains(from), "nothing to replace");
    refused(COURSE, &ZOMBIES.replacen(from, to, 1), expected);
}

#[test]
fn a_right_course_is_read_whole() {
    let fixture = Fixture::new(COURSE, ZOMBIES);
    let course = load(fixture.path()).unwrap();
    let zombies = course.exercise("zombies").unwrap();
    assert_eq!(course.title, "Forklings");
    assert_eq!(zombies.points(), 20);
    assert_eq!(zombies.task("reap_all").unwrap().hints.0[2], "waitpid until ECHILD");
    assert_eq!(zombies.limits.processes, 32);
    assert_eq!(&load_exercise(&fixture.path().join("zombies")).unwrap(), zombies);
}

#[test]
fn limits_may_be_left_out() {
    let (manifest, _) = ZOMBIES.split_once("limits:").unwrap();
    let fixture = Fixture::new(COURSE, manifest);
    let course = load(fixture.path()).unwrap();
    assert_eq!(course.exercise("zombies").unwrap().limits, forklings_model::Limits::default());
}

#[test]
fn unknown_keys_are_named_with_their_line() {
    exercise_refused("man:", "mann:", "zombies/exercise.yaml:4: unknown field `mann`");
    exercise_refused("points: 5", "ponits: 5", "zombies/exercise.yaml:7: tasks[0]: unknown field");
    let course = format!("{COURSE}motto: none\n");
    refused(&course, ZOMBIES, "course.yaml:5: unknown field `motto`");
}

#[test]
fn what_is_no_yaml_is_named_with_its_line() {
    exercise_refused("[wait(2), sigaction(2)]", "[wait(2)", "zombies/exercise.yaml:");
}

#[test]
fn an_id_that_is_there_twice_is_named_where_it_is_repeated() {
    exercise_refused(
        "id: reap_all",
        "id: reap_one",
        "zombies/exercise.yaml:9: `reap_one` is there twice; rename",
    );
    refused(
        &COURSE.replace("[zombies]", "[zombies, zombies]"),
        ZOMBIES,
        "course.yaml:4: `zombies` is there twice",
    );
    exercise_refused(
        "[src/lib.rs]",
        "[src/lib.rs, src/lib.rs]",
        "zombies/exercise.yaml:3: `src/lib.rs` is there twice",
    );
}

#[test]
fn hints_must_be_three_and_say_something() {
    exercise_refused(
        "[who, how, waitpid]",
        "[who, how]",
        "zombies/exercise.yaml:8: tasks[0].hints: invalid length 2, expected an array of length 3",
    );
    exercise_refused(
        "[who, how, waitpid]",
        "[who, how, '']",
        "zombies/exercise.yaml:6: `hints` is blank",
    );
}

#[test]
fn a_task_is_worth_something() {
    exercise_refused(
        "points: 15",
        "points: 0",
        "zombies/exercise.yaml:10: tasks[1].points: invalid value: integer `0`",
    );
}

#[test]
fn a_page_of_the_manual_has_a_name_and_a_section() {
    for wrong in ["wait", "wait(9)", "man 2 wait", "wait(2"] {
        let expected =
            format!("zombies/exercise.yaml:4: `{wrong}` is no page of the manual; write");
        exercise_refused("wait(2)", wrong, &expected);
    }
}

#[test]
fn a_limit_of_zero_is_refused() {
    exercise_refused("seconds: 5", "seconds: 0", "zombies/exercise.yaml:12: the limit `seconds`");
}

#[test]
fn the_id_is_the_folder() {
    exercise_refused(
        "id: zombies",
        "id: undead",
        "zombies/exercise.yaml:1: the id is `undead` but the folder is called `zombies`",
    );
}

#[test]
fn ids_are_what_cargo_and_rust_accept() {
    exercise_refused("id: zombies", "id: Zombies!", "zombies/exercise.yaml:1: `Zombies!` cannot");
    exercise_refused("id: reap_all", "id: reap-all", "zombies/exercise.yaml:9: `reap-all` cannot");
    refused(
        &COURSE.replace("[zombies]", "[../zombies]"),
        ZOMBIES,
        "course.yaml:4: `../zombies` cannot",
    );
}

#[test]
fn editable_files_stay_inside_and_exist() {
    for outside in ["../lib.rs", "/etc/passwd", "src/../../x"] {
        let expected = format!("zombies/exercise.yaml:3: `{outside}` leaves the exercise's folder");
        exercise_refused("src/lib.rs", outside, &expected);
    }
    exercise_refused(
        "src/lib.rs",
        "src/reap.rs",
        "zombies/exercise.yaml:3: `src/reap.rs` does not exist",
    );
    exercise_refused(
        "src/lib.rs",
        "src/main.rs",
        "zombies/exercise.yaml:3: `src/main.rs` is given",
    );
    exercise_refused("[src/lib.rs]", "[]", "zombies/exercise.yaml:3: `edit` is empty");
}

#[test]
fn an_editable_file_is_no_link() {
    let fixture = Fixture::new(COURSE, ZOMBIES);
    let file = fixture.path().join("zombies/src/lib.rs");
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    assert!(fixture.message().contains("is not a regular file"));
}

#[test]
fn course_and_folders_name_the_same_exercises() {
    refused(
        &COURSE.replace("[zombies]", "[zombies, pipes]"),
        ZOMBIES,
        "course.yaml:4: `pipes` has no `pipes/exercise.yaml`",
    );
    let fixture = Fixture::new(COURSE, ZOMBIES);
    fixture.write("fifos/exercise.yaml", ZOMBIES);
    assert!(fixture.message().starts_with("course.yaml:2: the folder `fifos` is not named"));
}

#[test]
fn a_missing_given_file_is_named() {
    let fixture = Fixture::new(COURSE, ZOMBIES);
    std::fs::remove_file(fixture.path().join("zombies/tests/public.rs")).unwrap();
    assert_eq!(
        fixture.message(),
        "zombies/exercise.yaml: the exercise has no `tests/public.rs`; create it"
    );
}

#[test]
fn a_course_that_is_not_there_is_named() {
    let folder = TempDir::new().unwrap();
    let message = load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("course.yaml: cannot be read"), "{message}");
}

#[test]
fn a_manifest_is_text_within_a_cap() {
    refused(&"[".repeat(100_001), ZOMBIES, "course.yaml: is larger than 100000 bytes");
    let fixture = Fixture::new(COURSE, ZOMBIES);
    std::fs::write(fixture.path().join("course.yaml"), b"title: \xff\n").unwrap();
    assert!(fixture.message().starts_with("course.yaml: is not UTF-8"));
}

#[test]
fn the_course_of_this_repository_is_right() {
    let exercises = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../exercises");
    let course = load(&exercises).unwrap();
    let ids: Vec<&str> = course.exercises().map(|exercise| exercise.id.as_str()).collect();
    assert_eq!(
        ids,
        ["fork-semantics", "zombies", "signal-sync", "pipes", "copy-on-write", "locks", "pools"]
    );
}
