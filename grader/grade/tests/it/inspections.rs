//! Programs that must not compile with a submission's library.

use crate::course::{Course, answers, line};
use forklings_model::{Detail, Graded, Inspector, Outcome};

/// A course in which nobody may have a `Secret`.
fn course(control: &str) -> Course {
    let course = Course::alone();
    course.hide("misuse/one_nobody_has_the_secret.rs", MISUSE);
    course.hide("use.rs", control);
    course
}

const MISUSE: &str = "//! refuse: E0423, E0425\n//! It is a secret.\n\nfn main() {\n    \
                      let _ = echo::Secret(1);\n}\n";
const CONTROL: &str = "fn main() {\n    let _ = echo::answer(\"x\");\n}\n";
const TEST: &str = "one::nobody_has_the_secret";

/// A library that answers, with something besides.
fn library(more: &str) -> String {
    format!("{}\n{more}", answers("\"x\" => \"y\""))
}

/// Why nobody can tell about the misuse, if so; panics where it did not pass.
#[track_caller]
fn unknown(graded: &Graded) -> Option<String> {
    let judgement = graded.judgements.iter().find(|judgement| judgement.test == TEST).unwrap();
    assert_eq!(judgement.outcome, Outcome::Passed);
    judgement.inspected.clone().unwrap().unknown
}

#[test]
fn a_misuse_that_compiles_is_named_with_its_reason_and_the_others_are_not() {
    let course = course(CONTROL);
    course
        .submit("a-keeps-it", &library("struct Secret(u8);"))
        .submit("b-has-none", &library(""))
        .submit("c-gives-it-away", &library("pub struct Secret(pub u8);"))
        .submit("d-has-not-begun", &answers("\"one::a\" => \"todo\", \"two::a\" => \"todo\""));
    let report = course.grade();
    let lines: Vec<String> = report.graded.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            // A private name gives another code (E0603): that is no misuse that compiles.
            "a-keeps-it accepted 15/15",
            "b-has-none accepted 15/15",
            "c-gives-it-away rejected misuse-compiles 10/15",
            "d-has-not-begun rejected todo-left 0/15",
        ]
    );
    assert!(unknown(&report.graded[0]).unwrap().contains("E0603"));
    assert_eq!(unknown(&report.graded[1]), None);
    let by = |n: usize| {
        let judgements = &report.graded[n].judgements;
        let judgement = judgements.iter().find(|judgement| judgement.test == TEST).unwrap();
        (judgement.inspected.clone().map(|inspected| inspected.by), judgement.outcome.clone())
    };
    assert_eq!(by(1).0, Some(Inspector::Compiler(vec!["E0425".to_owned()])));
    let (_, Outcome::Failed { failures }) = by(2) else { panic!("it compiles") };
    let Detail::MisuseCompiles { reason, program } = &failures[0].finding.detail else {
        panic!("{failures:?}");
    };
    assert_eq!(reason, "It is a secret.");
    assert_eq!(program, "fn main() {\n    let _ = echo::Secret(1);\n}");
    // Who has not begun is told that, once more for each test.
    assert_eq!(by(3).0, None);
    assert_eq!(report.graded[0].tasks[0].tests, 2, "the misuse is a test of its task");
}

#[test]
fn a_right_use_that_the_types_refuse_is_the_submission_s_mistake() {
    let course = course(CONTROL);
    let shared = "//! accept: E0277\n//! Threads share it.\n\nfn is_shared<T: Sync>() {}\n\n\
                  fn main() {\n    is_shared::<echo::Kept>();\n}\n";
    course.hide("use/one_threads_can_share_it.rs", shared);
    course
        .submit("a-is-shared", &library("pub struct Kept(pub u8);"))
        .submit("b-is-not", &library("pub struct Kept(pub *const u8);"))
        .submit("c-is-missing", &library(""));
    let report = course.grade();
    let lines: Vec<String> = report.graded.iter().map(line).collect();
    let right = "a-is-shared accepted 15/15";
    // That a name is missing is another reason: nothing follows.
    assert_eq!(
        lines,
        [right, "b-is-not rejected build-failed 10/15", "c-is-missing accepted 15/15"]
    );
    let found = report.graded[1].judgements.iter().find_map(|judgement| match &judgement.outcome {
        Outcome::Failed { failures } => Some((&judgement.test, &failures[0].finding.detail)),
        Outcome::Passed | Outcome::GraderError { .. } => None,
    });
    let Some((test, Detail::UseRefused { reason, said, .. })) = found else { panic!("{found:?}") };
    assert_eq!((&**test, &**reason), ("one::threads_can_share_it", "Threads share it."));
    assert!(said.starts_with("E0277: `*const u8` cannot be shared"), "{said}");
}

#[test]
fn where_right_uses_are_refused_the_grader_has_failed() {
    let course = course("fn main() {\n    let _ = no_such_library::answer(\"x\");\n}\n");
    course.submit("a", &library(""));
    let report = course.grade();
    assert_eq!(line(&report.graded[0]), "a grader-error 0/15");
    let reason = report.graded[0].grader_error.clone().unwrap();
    assert!(reason.starts_with("right uses of the types do not compile: "), "{reason}");
    assert!(reason.contains("E0433") && reason.ends_with("use.rs)"), "{reason}");
}

#[test]
fn a_misuse_is_part_of_the_recipe() {
    let course = course(CONTROL);
    course.submit("a", &library("pub struct Secret(pub u8);"));
    assert_eq!(line(&course.grade().graded[0]), "a rejected misuse-compiles 10/15");
    course.hide("misuse/one_nobody_has_the_secret.rs", &MISUSE.replace("Secret", "Answer"));
    assert_eq!(line(&course.grade().graded[0]), "a accepted 15/15");
}
