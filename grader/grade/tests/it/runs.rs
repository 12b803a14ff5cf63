//! Whole runs: build, suites, verdicts, journal, reports.

use crate::course::{Course, answers, line};
use crate::journal::Holder;
use forklings_grade::{GradeError, Options, Progress, Silent, Step, exit_codes, grade};
use forklings_model::{Graded, Submission};
use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A class with one of each kind.
fn class() -> Course {
    let course = Course::new();
    course
        .submit("01-right", &answers("\"x\" => \"y\""))
        .submit("02-wrong", &answers("\"two::b\" => \"deadlock\""))
        .submit("03-todo", &answers("\"one::a\" => \"todo\", \"two::a\" => \"todo\""))
        .submit("04-limit", &answers("\"one::a\" => \"limit\""))
        .submit("05-panics", &answers("\"one::a\" => \"panic\""))
        .submit("06-unknown", &answers("\"one::a\" => \"unknown\""))
        .submit("07-crashes-the-suite", &answers("\"one::a\" => \"abort\""))
        .submit("08-swaps-the-program", &answers("\"one::a\" => \"swapped\""))
        .submit("09-is-not-rust", "pub fn answer(")
        .submit("10-reads-the-hidden-tests", &reads_hidden(&course));
    course.write("class/11-not-utf-8/echo/src/lib.rs", b"// ok\n// \xff\n");
    course.write("class/12-empty.zip", b"");
    fs::create_dir(course.path("class/13-nothing")).unwrap();
    course
}

/// Compiles where the hidden suite can be seen.
fn reads_hidden(course: &Course) -> String {
    let hidden = course.options().repository.join("hidden/echo.rs");
    assert!(hidden.is_file());
    format!("pub fn answer(_: &str) -> &str {{ include_str!({hidden:?}) }}")
}

const EXPECTED: [&str; 11] = [
    "01-right accepted 15/15",
    "02-wrong rejected deadlock 5/15",
    "03-todo rejected todo-left 0/15",
    "04-limit limit-exceeded time-limit 10/15",
    "05-panics rejected 10/15 unfinished:one::a",
    "06-unknown grader-error 10/15",
    "07-crashes-the-suite grader-error 0/15",
    "08-swaps-the-program grader-error 0/15",
    "09-is-not-rust build-failed build-failed 0/15",
    "10-reads-the-hidden-tests build-failed build-failed 0/15",
    "11-not-utf-8 build-failed build-failed 0/15",
];

fn lines(graded: &[Graded]) -> Vec<String> {
    graded.iter().map(line).collect()
}

#[test]
fn a_class_gets_its_verdicts() {
    let course = class();
    let report = course.grade();
    assert_eq!(lines(&report.graded), EXPECTED);
    let refused: Vec<&str> = report.refused.iter().map(|(s, _)| s.name.as_str()).collect();
    assert_eq!(refused, ["12-empty", "13-nothing"]);
    assert!(report.compiler.starts_with("rustc 1."));
    let said = |n: usize| report.graded[n].diagnostics.clone().unwrap();
    assert!(said(8).contains("src/lib.rs:1:"), "{}", said(8));
    assert!(!said(8).contains("/out/"), "{}", said(8));
    assert!(said(9).contains("couldn't read"), "{}", said(9));
    assert!(said(10).contains("src/lib.rs:2 is not UTF-8"), "{}", said(10));
    let suite_crash = report.graded[6].grader_error.clone().unwrap();
    assert!(suite_crash.contains("was killed by signal 6"), "{suite_crash}");
    assert!(!course.left().contains(&"scratch".to_owned()));
    // The program of a failure stays for its replay; nobody else's does.
    assert!(course.path("out/subjects/02-wrong/echo/src/lib.rs").is_file());
    assert!(course.path("out/subjects/02-wrong/echo/echo").is_file());
    assert!(!course.path("out/subjects/01-right").exists());
}

#[test]
fn suites_draw_from_the_class_s_seed_and_another_seed_gives_another_result() {
    let course = Course::new();
    course.submit("right", &answers("\"x\" => \"y\""));
    let seen = |seed| {
        let options = Options { seed, ..course.options() };
        let report = grade(&options, &mut Silent, &AtomicBool::new(false)).unwrap();
        assert_eq!(report.seed, seed);
        let judgements = report.graded.into_iter().flat_map(|graded| graded.judgements);
        judgements.flat_map(|judgement| judgement.scenario.args).collect::<Vec<_>>()
    };
    let results = || fs::read_to_string(course.path("out/journal.jsonl")).unwrap().lines().count();
    assert_eq!(seen(7), ["7"; 3]);
    assert_eq!((seen(8), results()), (vec!["8".to_owned(); 3], 2));
    assert_eq!((seen(7), results()), (vec!["7".to_owned(); 3], 2), "it was known");
}

/// Stops the run at the `n`-th result.
struct StopAfter<'a>(usize, &'a AtomicBool);

impl Progress for StopAfter<'_> {
    fn preparing(&mut self, _: usize) {}
    fn starting(&mut self, _: usize, _: usize) {}
    fn step(&mut self, _: &Submission, _: &str, _: Step) {}
    fn graded(&mut self, _: &Graded) {
        self.0 -= 1;
        if self.0 == 0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

fn stopped_after(options: &Options, n: usize) -> Result<Vec<String>, GradeError> {
    let cancel = AtomicBool::new(false);
    grade(options, &mut StopAfter(n, &cancel), &cancel).map(|report| lines(&report.graded))
}

#[test]
fn a_run_that_was_stopped_goes_on_and_renders_the_same_bytes() {
    let course = class();
    let mut options = course.options();
    options.jobs = 1;
    let partial = stopped_after(&options, 3).unwrap();
    assert_eq!(partial, EXPECTED[..partial.len()]);
    assert!((3..=4).contains(&partial.len()));
    let journal = fs::read_to_string(course.path("out/journal.jsonl")).unwrap();
    assert_eq!(lines(&course.grade().graded), EXPECTED);
    let resumed = fs::read(course.path("out/report.json")).unwrap();
    let after = fs::read_to_string(course.path("out/journal.jsonl")).unwrap();
    assert!(after.starts_with(&journal), "what was known is not written again");
    fs::remove_dir_all(course.path("out")).unwrap();
    course.grade();
    assert!(fs::read(course.path("out/report.json")).unwrap() == resumed);
}

#[test]
fn what_changed_is_graded_again_and_nothing_else() {
    let course = Course::new();
    course.submit("a", &answers("\"one::a\" => \"deadlock\"")).submit("b", "");
    course.grade();
    let known = fs::read_to_string(course.path("out/journal.jsonl")).unwrap();
    course.grade();
    assert_eq!(fs::read_to_string(course.path("out/journal.jsonl")).unwrap(), known);
    course.submit("a", &answers("\"x\" => \"y\""));
    assert_eq!(lines(&course.grade().graded)[0], "a accepted 15/15");
    let now = fs::read_to_string(course.path("out/journal.jsonl")).unwrap();
    assert_eq!(now.lines().count(), known.lines().count() + 1);
}

/// Cancels as soon as a test runs.
struct StopInTest<'a>(&'a AtomicBool);

impl Progress for StopInTest<'_> {
    fn preparing(&mut self, _: usize) {}
    fn starting(&mut self, _: usize, _: usize) {}
    fn step(&mut self, _: &Submission, _: &str, step: Step) {
        if matches!(step, Step::Testing { .. }) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    fn graded(&mut self, _: &Graded) {}
}

#[test]
fn a_run_is_stopped_in_the_middle_of_a_suite() {
    let course = Course::new();
    course.submit("a", &answers("\"one::a\" => \"sleep\""));
    let cancel = AtomicBool::new(false);
    let error = grade(&course.options(), &mut StopInTest(&cancel), &cancel).unwrap_err();
    assert!(matches!(error, GradeError::Interrupted));
    assert_eq!(error.exit_code(), exit_codes::INTERRUPTED);
    assert_eq!(course.left(), ["journal.jsonl"]);
}

#[test]
fn a_suite_without_end_is_the_graders_error() {
    let course = Course::new();
    course.submit("a", &answers("\"one::a\" => \"sleep\""));
    let mut options = course.options();
    options.patience = Duration::from_millis(1);
    let report = grade(&options, &mut Silent, &AtomicBool::new(false)).unwrap();
    let reason = report.graded[0].grader_error.clone().unwrap();
    assert!(reason.contains("recorded nothing"), "{reason}");
}

#[test]
fn a_second_grader_is_told_and_changes_nothing() {
    let course = Course::new();
    course.submit("a", &answers("\"x\" => \"y\""));
    let _held = Holder::of(&course.path("out"));
    let error = grade(&course.options(), &mut Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().starts_with("another grader is at work in "), "{error}");
    assert_eq!(error.exit_code(), exit_codes::GRADER_ERROR);
    assert_eq!(course.left(), ["journal.jsonl"]);
}

#[test]
fn an_output_folder_among_the_submissions_is_refused() {
    let course = Course::new();
    course.submit("a", "");
    let mut options = course.options();
    options.out = course.path("class/out");
    let error = grade(&options, &mut Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().ends_with("lies among the submissions; give another one"), "{error}");
    assert_eq!(error.exit_code(), exit_codes::BAD_INPUT);
    assert!(!options.out.exists());
}

#[test]
fn a_compiler_that_makes_no_end_is_stopped() {
    let course = Course::new();
    let endless = "const _: () = loop {}; #[allow(long_running_const_eval)] const X: () = loop {};";
    course.submit("a", &format!("#![allow(long_running_const_eval)]\n{endless}"));
    let mut options = course.options();
    options.build.time = Duration::from_secs(1);
    let report = grade(&options, &mut Silent, &AtomicBool::new(false)).unwrap();
    assert_eq!(line(&report.graded[0]), "a build-failed build-failed 0/15");
    let said = report.graded[0].diagnostics.clone().unwrap();
    assert!(said.starts_with("compiling took more than 1 s"), "{said}");
}

#[test]
fn a_course_that_does_not_build_says_why() {
    let course = Course::with_suite("fn broken(");
    course.submit("a", "");
    let error = grade(&course.options(), &mut Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("public.rs"), "{error}");
    assert_eq!(error.exit_code(), exit_codes::GRADER_ERROR);
}

/// Not a test by itself: the grader of the next test, in a process that can be killed.
#[test]
fn grader_to_be_killed() {
    let Some(root) = std::env::var_os("GRADE_AND_BE_KILLED") else { return };
    let course = Course::at(root.into());
    let mut options = course.options();
    options.jobs = 1;
    grade(&options, &mut Silent, &AtomicBool::new(false)).unwrap();
}

#[test]
fn a_grader_that_is_killed_goes_on_and_renders_the_same_bytes() {
    let course = Course::new();
    for name in ["a", "b", "c"] {
        course.submit(name, &answers("\"one::a\" => \"deadlock\""));
    }
    let journal = course.path("out/journal.jsonl");
    let known = || fs::read_to_string(&journal).map_or(0, |text| text.lines().count());
    for round in 1..=2 {
        let mut grader = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "runs::grader_to_be_killed"])
            .env("GRADE_AND_BE_KILLED", course.path(""))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while known() < round && grader.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        grader.kill().unwrap();
        grader.wait().unwrap();
    }
    assert_eq!(course.grade().graded.len(), 3);
    assert_eq!(known(), 3, "none is lost and none is graded twice");
    let resumed = fs::read(course.path("out/report.json")).unwrap();
    assert!(!course.path("out/scratch").exists());
    fs::remove_dir_all(course.path("out")).unwrap();
    course.grade();
    assert!(fs::read(course.path("out/report.json")).unwrap() == resumed);
}
