//! Judging without a run: what the compiler and the model checker say about the submission's text.
//! Both are tests like others, of the task that their name begins with. A task that is not written
//! yet is not inspected; its tests say so instead.

use crate::build::Builder;
use crate::error::GradeError;
use crate::prebuild::Prepared;
use crate::scratch::Scratch;
use crate::suite::{Found, Suite};
use crate::take_in::Work;
use crate::{misuse, models};
use forklings_model::{
    Detail, Explored, Failure, Finding, Inspected, Inspector, Isolation, Judgement, Outcome, Rule,
    Scenario, Trace, Weight,
};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// What one test found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As it must be.
    Right,
    /// Something is wrong.
    Wrong(Detail),
    /// Nobody can tell, for this reason. That is never held against the submission.
    Unknown(String),
    /// The submission's own code ended the test.
    Unfinished,
}

/// What one test found out, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) test: String,
    pub(crate) by: Inspector,
    pub(crate) answer: Answer,
}

/// What came of an inspection.
#[derive(Clone, Debug)]
pub(crate) enum Answers {
    /// One for each test.
    Given(Vec<Answered>, Isolation),
    /// The grader or the machine failed.
    Failed(String),
    /// The run was cancelled.
    Cancelled,
}

/// Who inspects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The compiler, by programs that must not compile.
    Misuse,
    /// The model checker.
    Models,
}

/// A submission that was built, with what it is inspected with.
pub(crate) struct Inspection<'a> {
    pub(crate) builder: &'a Builder<'a>,
    pub(crate) work: &'a Work,
    pub(crate) prepared: &'a Prepared,
    /// Its program, in the folder of its sources.
    pub(crate) subject: &'a Path,
    /// Its library.
    pub(crate) library: &'a Path,
    pub(crate) scratch: &'a Scratch,
    pub(crate) cancel: &'a AtomicBool,
}

/// The tests of an exercise's inspections, in order.
pub(crate) fn suites(prepared: &Prepared) -> Vec<(Kind, Suite)> {
    let mut all = Vec::new();
    if let Some(misuses) = &prepared.misuses {
        let tests = misuses.programs.iter().map(|misuse| misuse.test.clone()).collect();
        all.push((Kind::Misuse, Suite { program: misuses.control.clone(), tests }));
    }
    if let Some(models) = &prepared.models {
        let suite = Suite { program: models.file.clone(), tests: models.tests.clone() };
        all.push((Kind::Models, suite));
    }
    all
}

impl Inspection<'_> {
    /// Runs the tests of one kind. `earlier` is what the submission's runs have shown.
    pub(crate) fn run(
        &self,
        kind: Kind,
        suite: &Suite,
        earlier: &[&Judgement],
    ) -> Result<Found, GradeError> {
        let mut found = Found::default();
        let mut wanted = Vec::new();
        for test in &suite.tests {
            match unwritten(task(test), earlier) {
                Some(judgement) => {
                    found.judgements.push(Judgement { test: test.clone(), ..judgement.clone() });
                    found.finished.insert(test.clone());
                }
                None => wanted.push(test.clone()),
            }
        }
        if wanted.is_empty() {
            return Ok(found);
        }
        let answers = match kind {
            Kind::Misuse => misuse::judge(self, &wanted)?,
            Kind::Models => models::judge(self, &wanted)?,
        };
        match answers {
            Answers::Cancelled => found.cancelled = true,
            Answers::Failed(reason) => found.broken = Some(reason),
            Answers::Given(all, isolation) => {
                for answered in all {
                    let test = answered.test.clone();
                    if let Some(judgement) = self.judgement(answered, isolation) {
                        found.judgements.push(judgement);
                        found.finished.insert(test);
                    }
                }
            }
        }
        Ok(found)
    }

    /// What a suite would write; nothing of a test that has no end.
    fn judgement(&self, answered: Answered, isolation: Isolation) -> Option<Judgement> {
        let Answered { test, by, answer } = answered;
        let mut unknown = None;
        let outcome = match answer {
            Answer::Unfinished => return None,
            Answer::Right => Outcome::Passed,
            Answer::Unknown(reason) => {
                unknown = Some(reason);
                Outcome::Passed
            }
            Answer::Wrong(detail) => Outcome::Failed { failures: vec![self.failure(detail)] },
        };
        Some(Judgement {
            manifest: None,
            exercise: self.work.exercise.clone(),
            task: task(&test).to_owned(),
            scenario: Scenario { name: test.clone(), args: Vec::new(), stdin: Vec::new() },
            test,
            demands: Vec::new(),
            faults: Vec::new(),
            explored: Explored { isolation, ..Explored::default() },
            inspected: Some(Inspected { by, unknown }),
            outcome,
        })
    }

    fn failure(&self, detail: Detail) -> Failure {
        let weight = Weight::Accuses;
        let finding = Finding { detail, weight, evidence: Vec::new(), site: None, origin: None };
        let trace = Trace::empty(self.subject.to_owned());
        Failure { finding, shown_in: 1, trace, replay: None }
    }
}

/// The judgement that says that a task is still to be written, if it is.
fn unwritten<'a>(task: &str, earlier: &[&'a Judgement]) -> Option<&'a Judgement> {
    let todo = |judgement: &&Judgement| match &judgement.outcome {
        Outcome::Failed { failures } => {
            failures.first().is_some_and(|failure| failure.rule() == Rule::TodoLeft)
        }
        Outcome::Passed | Outcome::GraderError { .. } => false,
    };
    earlier.iter().copied().filter(|judgement| judgement.task == task).find(todo)
}

fn task(test: &str) -> &str {
    test.split("::").next().unwrap_or_default()
}
