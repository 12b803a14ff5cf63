//! A scenario with what is demanded of it, up to the verdict.

use crate::subject::Subject;
use crate::{explore, record, replay, settings};
use forklings_course::load_exercise;
use forklings_model::{Demand, Ending, Fault, Judgement, Outcome, Rule, Scenario, Waiver};
use forklings_report::terminal;
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A scenario with what is demanded of every run of it. Nothing happens before
/// [`check`](Check::check).
#[must_use = "a scenario is run by `.check()`"]
#[derive(Clone, Debug)]
pub struct Check {
    pub(crate) subject: Subject,
    pub(crate) scenario: Scenario,
    pub(crate) demands: Vec<Demand>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) waivers: Vec<Waiver>,
}

impl Check {
    pub(crate) fn new(subject: Subject, scenario: Scenario) -> Self {
        Self { subject, scenario, demands: Vec::new(), faults: Vec::new(), waivers: Vec::new() }
    }

    /// Gives the program something on standard input.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.scenario.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Demands this of every run.
    pub fn expect(mut self, demand: Demand) -> Self {
        self.demands.push(demand);
        self
    }

    /// Lets the kernel do this, as it may.
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Does not ask for this rule, and says why.
    pub fn waive(mut self, rule: Rule, reason: &str) -> Self {
        self.waivers.push(Waiver { rule, reason: reason.to_owned() });
        self
    }

    /// Runs the scenario under many schedules and judges every run.
    ///
    /// # Panics
    /// With the failure's message, when a rule or demand is broken; with the reason, when the
    /// grader cannot tell.
    #[track_caller]
    pub fn check(mut self) {
        if !self.demands.iter().any(|demand| matches!(demand, Demand::Ends(_))) {
            self.demands.push(Demand::Ends(Ending::Exited(0)));
        }
        record::started(&self.subject.test);
        let replayed = replay::requested();
        let judgement = match &replayed {
            Ok(Some(file)) if !file.is_for(&self) => return,
            Ok(Some(file)) => explore::replay(&self, file),
            Ok(None) => explore::explore(&self),
            Err(reason) => explore::grader_error(&self, reason.clone()),
        };
        record::judged(&judgement);
        record::finished(&self.subject);
        if judgement.outcome != Outcome::Passed {
            fail(&judgement, &self.subject.folder);
        }
    }
}

/// Ends the test with its message alone: a panic's own words would only push it off the screen.
fn fail(judgement: &Judgement, folder: &Path) -> ! {
    let style = settings::style();
    let message = if is_todo(judgement) && !is_first_todo(judgement, folder) {
        terminal::todo_again(judgement, &style)
    } else {
        terminal::judgement(judgement, &style)
    };
    #[expect(clippy::print_stderr, reason = "libtest shows what a failed test printed")]
    {
        eprintln!("\n{message}");
    }
    panic::resume_unwind(Box::new("see the message above"))
}

fn is_todo(judgement: &Judgement) -> bool {
    let Outcome::Failed { failures } = &judgement.outcome else { return false };
    failures.first().is_some_and(|failure| failure.rule() == Rule::TodoLeft)
}

/// Whether this is the TODO to begin with: of the exercise's first task, and not said before. When
/// that task is done, the other TODOs stay short, and the one to go on with is the next in the
/// file.
fn is_first_todo(judgement: &Judgement, folder: &Path) -> bool {
    static SAID: AtomicBool = AtomicBool::new(false);
    let first = load_exercise(folder)
        .is_ok_and(|exercise| exercise.tasks.first().is_some_and(|task| task.id == judgement.task));
    first && !SAID.swap(true, Ordering::Relaxed)
}
