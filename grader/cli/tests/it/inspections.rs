//! Submissions of `locks` that are right or wrong in what no run shows: types and memory orderings.

use crate::door::{root, run};
use forklings_model::{Detail, Graded, Outcome, Report, Rule, Verdict};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The solution with parts replaced; each must be there.
fn solution(parts: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(root().join("solutions/locks/src/lib.rs")).unwrap();
    for (part, by) in parts {
        assert!(text.contains(part), "{part}");
        text = text.replace(part, by);
    }
    text
}

fn mutant(name: &str) -> String {
    fs::read_to_string(root().join("grader/mutants/locks").join(name)).unwrap()
}

/// Grades these files under few schedules: what is to be seen here needs none.
fn grade(files: &[(&str, String)]) -> (Vec<Graded>, String) {
    let (class, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for (name, text) in files {
        let place = class.path().join(name).join("locks/src");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("lib.rs"), text).unwrap();
    }
    let folder = |path: &Path| path.to_str().unwrap().to_owned();
    let (class, report) = (folder(class.path()), out.path().join("report"));
    let args = ["grade", &class, "--out", &folder(&report), "--schedules", "2"];
    let said = run(&args);
    assert_eq!(said.code, 0, "{said:?}");
    let json = fs::read_to_string(report.join("report.json")).unwrap();
    let graded: Report = serde_json::from_str(&json).unwrap();
    (graded.graded, fs::read_to_string(report.join("index.html")).unwrap())
}

/// What was found wrong, by the names of the tests.
fn failures(graded: &Graded) -> Vec<(&str, &Detail)> {
    let failures = graded.judgements.iter().filter_map(|judgement| match &judgement.outcome {
        Outcome::Failed { failures } => Some((&*judgement.test, &failures[0].finding.detail)),
        Outcome::Passed | Outcome::GraderError { .. } => None,
    });
    failures.collect()
}

/// Why tests could not be judged, by their names.
fn unknown(graded: &Graded) -> Vec<(&str, &str)> {
    let judgements = graded.judgements.iter();
    let unknown = judgements.filter_map(|judgement| {
        Some((&*judgement.test, judgement.inspected.as_ref()?.unknown.as_deref()?))
    });
    unknown.collect()
}

#[test]
fn types_and_orderings_that_are_wrong_are_rejected_and_the_solution_is_not() {
    let (graded, page) = grade(&[
        ("a-right", solution(&[])),
        ("b-sends-its-guard", mutant("lock_guard_can_be_sent.rs")),
        ("c-is-relaxed", mutant("lock_all_relaxed.rs")),
    ]);
    let [right, sends, relaxed] = &graded[..] else { panic!("{graded:?}") };
    assert_eq!(
        (right.verdict, failures(right), unknown(right)),
        (Verdict::Accepted, vec![], vec![])
    );
    let inspected = right.judgements.iter().filter(|judgement| judgement.inspected.is_some());
    assert_eq!(inspected.count(), 21 + 3 + 6, "misuses, right uses and models");

    assert_eq!((sends.verdict, sends.rule), (Verdict::Rejected, Some(Rule::MisuseCompiles)));
    let found = failures(sends);
    let (test, Detail::MisuseCompiles { reason, program }) = &found[0] else {
        panic!("{found:?}");
    };
    assert_eq!(*test, "lock::a_guard_cannot_be_sent_to_another_thread");
    assert!(reason.starts_with("The owner is a thread") && program.starts_with("use locks::Lock;"));
    for shown in ["a_guard_cannot_be_sent_to_another_thread", reason.trim_end_matches('.')] {
        assert!(page.contains(shown), "{shown}");
    }

    assert_eq!((relaxed.verdict, relaxed.rule), (Verdict::Rejected, Some(Rule::DataRace)));
    let found = failures(relaxed);
    let (test, Detail::DataRaceInModel { said, .. }) = &found[0] else { panic!("{found:?}") };
    assert_eq!(*test, "lock::what_one_writes_the_next_one_sees");
    assert!(said.contains("src/lib.rs:") && !said.contains("/subjects/"), "{said}");
}

/// A lock that orders by fences, which loom does not see.
const FENCES: [(&str, &str); 3] = [
    (
        "HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()",
        "HELD, Ordering::Relaxed, \
      Ordering::Relaxed).is_ok() && { std::sync::atomic::fence(Ordering::Acquire); true }",
    ),
    (
        "wait(&self.0, CONTENDED);\n        }",
        "wait(&self.0, CONTENDED);\n        }\n        \
      std::sync::atomic::fence(Ordering::Acquire);",
    ),
    (
        "if self.0.swap(FREE, Ordering::Release)",
        "std::sync::atomic::fence(Ordering::Release);\n        \
      if self.0.swap(FREE, Ordering::Relaxed)",
    ),
];

/// A lock that counts those who wait, and needs `SeqCst`: who frees it must see who has counted
/// itself, or that one sees that it is free. loom takes `SeqCst` for less.
const COUNTS: [(&str, &str); 4] = [
    ("struct Word(AtomicU32);", "struct Word(AtomicU32, AtomicU32);"),
    ("Self(AtomicU32::new(FREE))", "Self(AtomicU32::new(FREE), AtomicU32::new(0))"),
    (
        "while self.0.swap(CONTENDED, Ordering::Acquire) != FREE {",
        "while !self.try_acquire() {\n\
      self.1.fetch_add(1, Ordering::SeqCst);\nif self.0.load(Ordering::SeqCst) != FREE {",
    ),
    (
        "wait(&self.0, CONTENDED);",
        "wait(&self.0, HELD); }\nself.1.fetch_sub(1, Ordering::Relaxed);",
    ),
];

#[test]
fn right_locks_that_the_model_checker_does_not_understand_are_accepted() {
    let mut counts = COUNTS.to_vec();
    counts.push((
        "if self.0.swap(FREE, Ordering::Release) == CONTENDED {",
        "self.0.store(FREE, Ordering::SeqCst);\nif self.1.load(Ordering::SeqCst) != 0 {",
    ));
    let (graded, _) = grade(&[("a-fences", solution(&FENCES)), ("b-counts", solution(&counts))]);
    for graded in &graded {
        assert_eq!(
            graded.verdict,
            Verdict::Accepted,
            "{:?} {:?}",
            graded.submission,
            graded.diagnostics
        );
        assert!(!unknown(graded).is_empty(), "{:?}", graded.submission);
    }
    assert!(unknown(&graded[0])[0].1.contains("`fence`"));
}

#[test]
fn who_ends_the_model_has_not_passed_it() {
    let in_a_model = |code: &str| {
        solution(&[(
            "    pub fn lock(&self) -> Guard<'_, T> {",
            &format!(
                "    pub fn lock(&self) -> Guard<'_, T> {{\n        #[cfg(loom)]\n        {code}"
            ),
        )])
    };
    let forged = "{ print!(\"\\nholds\\n\"); std::process::exit(0); }";
    let fork = "{ // SAFETY: a test.\nif unsafe { libc::fork() } == 0 { loop {} }\n\
                println!(\"word holds\"); std::process::exit(0); }";
    let floods = "{ for _ in 0..100_000 { println!(\"word holds\"); } std::process::exit(0); }";
    let (graded, _) = grade(&[
        ("a-exits", in_a_model(forged)),
        ("b-forks-and-exits", in_a_model(fork)),
        ("c-floods", in_a_model(floods)),
    ]);
    for graded in &graded {
        assert_eq!(
            graded.verdict,
            Verdict::Rejected,
            "{:?} {:?}",
            graded.submission,
            graded.grader_error
        );
        let first = "lock::what_one_writes_the_next_one_sees".to_owned();
        assert!(graded.unfinished.contains(&first), "{:?}", graded.unfinished);
        assert_eq!(graded.rule, None);
    }
}
