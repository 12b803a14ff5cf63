//! From what the tests found out to points and a verdict.
//!
//! - A task's points need all its tests, public and hidden. A task without tests is worth nothing,
//!   and that is the grader's error.
//! - A test passed when it finished, and every judgement of it passed. One that began or was listed
//!   and has neither a failure nor an end record is *unfinished* and counts as failed.
//! - A task is *unknown* when the grader failed in one of its tests and no other test of the task
//!   failed: then nobody can say what it is worth. One unknown task makes the whole exercise
//!   `GraderError`: ungraded, so the grader's fault never costs points.
//! - The rule that is named is that of the first failure, in the order of the tasks in the manifest,
//!   public tests before hidden ones. `todo-left` is named only when nothing else failed: what was
//!   tried says more than what was not. A limit among the first failures gives `LimitExceeded`.

use crate::suite::{Suite, by_test};
use forklings_model::{Exercise, Failure, Judgement, Outcome, Rule, TaskScore, Verdict};
use std::collections::BTreeSet;

/// What an exercise of a submission is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule of the first failure.
    pub rule: Option<Rule>,
    /// Points for each task.
    pub tasks: Vec<TaskScore>,
    /// Tests that did not finish.
    pub unfinished: Vec<String>,
    /// Why it is ungraded.
    pub grader_error: Option<String>,
}

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed(Option<Rule>),
    Unfinished,
    Unknown(String),
}

/// Judgements of suites that ran, with the names of the tests that finished, in the order of
/// `suites`. A test of the same name in two suites is two tests.
pub(crate) struct Results<'a> {
    pub(crate) suite: &'a Suite,
    pub(crate) judgements: &'a [Judgement],
    pub(crate) finished: &'a BTreeSet<String>,
}

/// Scores an exercise that compiled and whose suites ran to their end.
pub(crate) fn score(exercise: &Exercise, suites: &[Results<'_>]) -> Score {
    let mut tasks = Vec::new();
    let mut rules: Vec<Option<Rule>> = Vec::new();
    let mut unfinished = Vec::new();
    let mut unknown = Vec::new();
    for task in &exercise.tasks {
        let mut ends = Vec::new();
        for results in suites {
            let judged = by_test(results.judgements);
            for test in &results.suite.tests {
                if test.split("::").next() == Some(&task.id) {
                    let judgements = judged.get(test.as_str()).map_or(&[][..], Vec::as_slice);
                    let end = end(judgements, results.finished.contains(test));
                    if end == Ended::Unfinished {
                        unfinished.push(test.clone());
                    }
                    ends.push(end);
                }
            }
        }
        let passed = ends.iter().filter(|end| **end == Ended::Passed).count();
        let failed = ends.iter().any(|end| matches!(end, Ended::Failed(_) | Ended::Unfinished));
        let reason = ends.iter().find_map(|end| match end {
            Ended::Unknown(reason) => Some(reason.clone()),
            Ended::Passed | Ended::Failed(_) | Ended::Unfinished => None,
        });
        if ends.is_empty() {
            unknown.push(format!("no test belongs to the task `{}`", task.id));
        } else if let Some(reason) = reason.filter(|_| !failed) {
            unknown.push(reason);
        }
        rules.extend(ends.iter().filter_map(|end| match end {
            Ended::Failed(rule) => Some(*rule),
            Ended::Unfinished => Some(None),
            Ended::Passed | Ended::Unknown(_) => None,
        }));
        let all = !ends.is_empty() && passed == ends.len();
        tasks.push(TaskScore {
            task: task.id.clone(),
            points: if all { task.points } else { 0 },
            max_points: task.points,
            passed: count(passed),
            tests: count(ends.len()),
        });
    }
    let first = main_rule(&rules);
    let rule = first.flatten();
    let verdict = match first {
        _ if !unknown.is_empty() => Verdict::GraderError,
        None => Verdict::Accepted,
        Some(Some(rule)) if is_limit(rule) => Verdict::LimitExceeded,
        Some(_) => Verdict::Rejected,
    };
    Score { verdict, rule, tasks, unfinished, grader_error: unknown.into_iter().next() }
}

/// The rule that stands for all failed tests: a limit where one was exceeded, since such a run says
/// little else; otherwise what most tests name, the first of them at a tie. A TODO only where there
/// is nothing else.
fn main_rule(rules: &[Option<Rule>]) -> Option<Option<Rule>> {
    let written: Vec<Option<Rule>> =
        rules.iter().copied().filter(|rule| *rule != Some(Rule::TodoLeft)).collect();
    let limit = written.iter().copied().find(|rule| rule.is_some_and(is_limit));
    let times = |rule: &Option<Rule>| written.iter().filter(|other| *other == rule).count();
    // `max_by_key` gives the last of equals, so it looks from the end.
    let most = written.iter().rev().copied().max_by_key(|rule| times(rule));
    limit.or(most).or_else(|| rules.first().copied())
}

/// The score of an exercise whose tests did not run: no points, or none known.
pub(crate) fn without_tests(exercise: &Exercise, verdict: Verdict) -> Score {
    let tasks = exercise.tasks.iter().map(|task| TaskScore {
        task: task.id.clone(),
        points: 0,
        max_points: task.points,
        passed: 0,
        tests: 0,
    });
    Score {
        verdict,
        rule: (verdict == Verdict::BuildFailed).then_some(Rule::BuildFailed),
        tasks: tasks.collect(),
        unfinished: Vec::new(),
        grader_error: None,
    }
}

fn end(judgements: &[&Judgement], finished: bool) -> Ended {
    let failure = judgements.iter().find_map(|judgement| match &judgement.outcome {
        Outcome::Failed { failures } => Some(failures.first().map(Failure::rule)),
        Outcome::Passed | Outcome::GraderError { .. } => None,
    });
    if let Some(rule) = failure {
        return Ended::Failed(rule);
    }
    let error = judgements.iter().find_map(|judgement| match &judgement.outcome {
        Outcome::GraderError { reason } => Some(reason.clone()),
        Outcome::Passed | Outcome::Failed { .. } => None,
    });
    match error {
        Some(reason) => Ended::Unknown(reason),
        None if finished && !judgements.is_empty() => Ended::Passed,
        None => Ended::Unfinished,
    }
}

fn is_limit(rule: Rule) -> bool {
    matches!(rule, Rule::TimeLimit | Rule::ProcessLimit | Rule::MemoryLimit | Rule::OutputLimit)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::{
        Detail, End, Explored, Finding, Hints, Isolation, Limits, Scenario, Schedule, Strategy,
        Task, Trace, Weight,
    };

    /// How the tests of one suite ended: `a::x pass`, `b::y zombie-left`, `b::z ?` (grader error),
    /// `c::w -` (began, no end).
    fn results(ends: &[&str]) -> (Suite, Vec<Judgement>, BTreeSet<String>) {
        let split = |end: &&str| end.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        let ends: Vec<(String, String)> = ends.iter().filter_map(split).collect();
        let tests = ends.iter().map(|(test, _)| test.clone()).collect();
        let ended = ends.iter().filter(|(_, end)| end != "-");
        let judgements = ended.clone().map(|(test, end)| judgement(test, end)).collect();
        let finished = ended.map(|(test, _)| test.clone()).collect();
        (Suite { program: "suite".into(), tests }, judgements, finished)
    }

    fn judgement(test: &str, end: &str) -> Judgement {
        Judgement {
            manifest: None,
            exercise: "x".into(),
            task: test.split("::").next().unwrap_or_default().into(),
            test: test.into(),
            scenario: Scenario { name: "s".into(), args: vec![], stdin: vec![] },
            demands: vec![],
            faults: vec![],
            explored: Explored::default(),
            inspected: None,
            outcome: match end {
                "pass" => Outcome::Passed,
                "?" => Outcome::GraderError { reason: "lost".into() },
                rule => Outcome::Failed { failures: vec![failure(rule)] },
            },
        }
    }

    fn failure(rule: &str) -> Failure {
        let detail = match rule {
            "todo-left" => Detail::TodoLeft { todo: "x".into() },
            "deadlock" => Detail::Deadlock { waits: vec![] },
            _ => Detail::OutputLimit { kib: 64, proc: forklings_model::ProcId::ROOT },
        };
        let finding =
            Finding { detail, weight: Weight::Accuses, evidence: vec![], site: None, origin: None };
        let trace = Trace {
            program: "x".into(),
            args: vec![],
            schedule: Schedule::new(Strategy::Random, 1),
            events: vec![],
            processes: vec![],
            objects: vec![],
            sites: vec![],
            before_main: vec![],
            stdout: vec![],
            stderr: vec![],
            end: End::Abandoned { reason: "made by hand".into(), stuck: Vec::new() },
            left_open: vec![],
            left_behind: None,
            unmodelled: vec![],
            late_timeouts: false,
            unwatched_memory: false,
            replayable: true,
            isolation: Isolation::default(),
        };
        Failure { finding, shown_in: 1, trace, replay: None }
    }

    #[track_caller]
    fn check(public: &[&str], hidden: &[&str]) -> (Verdict, Option<Rule>, Vec<u32>) {
        let task = |id: &str, points| Task {
            id: id.into(),
            points,
            hints: Hints([String::new(), String::new(), String::new()]),
        };
        let exercise = Exercise {
            id: "x".into(),
            title: String::new(),
            folder: "x".into(),
            edit: vec![],
            concepts: vec![],
            man: vec![],
            tasks: vec![task("b", 5), task("a", 10)],
            limits: Limits::default(),
        };
        let both = [results(public), results(hidden)];
        let views: Vec<Results<'_>> = both
            .iter()
            .map(|(suite, judgements, finished)| Results { suite, judgements, finished })
            .collect();
        let score = score(&exercise, &views);
        (score.verdict, score.rule, score.tasks.iter().map(|t| t.points).collect())
    }

    #[test]
    fn points_need_all_tests_public_and_hidden() {
        let all = check(&["a::x pass", "b::x pass"], &["a::y pass"]);
        assert_eq!(all, (Verdict::Accepted, None, vec![5, 10]));
        let hidden_fails = check(&["a::x pass", "b::x pass"], &["a::y deadlock"]);
        assert_eq!(hidden_fails, (Verdict::Rejected, Some(Rule::Deadlock), vec![5, 0]));
    }

    #[test]
    fn the_first_failure_counts_in_the_order_of_the_tasks() {
        let two = check(&["a::x deadlock", "b::x output-limit"], &[]);
        assert_eq!(two, (Verdict::LimitExceeded, Some(Rule::OutputLimit), vec![0, 0]));
    }

    #[test]
    fn a_todo_is_named_only_when_nothing_else_failed() {
        let tried = check(&["a::x deadlock", "b::x todo-left"], &[]);
        assert_eq!(tried.1, Some(Rule::Deadlock));
        let untouched = check(&["a::x todo-left", "b::x todo-left"], &[]);
        assert_eq!(untouched, (Verdict::Rejected, Some(Rule::TodoLeft), vec![0, 0]));
    }

    #[test]
    fn an_unfinished_test_fails_without_a_rule() {
        let (verdict, rule, points) = check(&["a::x -", "b::x pass"], &[]);
        assert_eq!((verdict, rule, points), (Verdict::Rejected, None, vec![5, 0]));
    }

    #[test]
    fn the_graders_own_error_never_costs_points() {
        assert_eq!(check(&["a::x ?", "b::x deadlock"], &[]).0, Verdict::GraderError);
        // The task is lost anyway, whatever the grader's error hides.
        assert_eq!(check(&["a::x ?", "b::x pass"], &["a::y deadlock"]).0, Verdict::Rejected);
        assert_eq!(check(&["b::x pass"], &[]).0, Verdict::GraderError, "a task without tests");
    }
}
