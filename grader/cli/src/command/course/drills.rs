//! Proves what drills say of themselves: each is run under the grader's scheduler, and its outcomes
//! are those that it declares. The README shows the first drill as it runs.

use super::Deviation;
use crate::cargo;
use anyhow::{Context, Result, bail, ensure};
use forklings_drill as drill;
use forklings_model::{End, Ending, Exercise, Trace};
use forklings_tracer::{Exploration, Explorer, Plan, Subject};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Schedules at most. For most drills there are fewer, and all of them are tried.
const SCHEDULES: u32 = 600;
/// The module with an exercise's drills, below its folder.
const TABLE: &str = "src/drills/mod.rs";

/// Everything about the exercises' drills that is not as it must be. Stops early when cancelled.
pub(super) fn check(
    root: &Path,
    exercises: &[&Exercise],
    cancel: &Arc<AtomicBool>,
    deviations: &mut Vec<Deviation>,
) -> Result<()> {
    for exercise in exercises {
        if exercise.folder.join(TABLE).is_file() {
            let driver = cargo::programs(root, &exercise.id, false)?.driver;
            Shelf { exercise, driver, cancel }.check(deviations)?;
        }
    }
    Ok(())
}

/// The drills of one exercise.
struct Shelf<'a> {
    exercise: &'a Exercise,
    /// The program that has them.
    driver: PathBuf,
    cancel: &'a Arc<AtomicBool>,
}

impl Shelf<'_> {
    fn check(&self, deviations: &mut Vec<Deviation>) -> Result<()> {
        let mut number = 1;
        while let Some(source) = self.ask(number, "source")? {
            let mut tell = |file: &str, what: String| {
                let file = format!("exercises/{}/{file}", self.exercise.id);
                deviations.push(Deviation { file, what: format!("drill {number} {what}") });
            };
            let readme = self.exercise.folder.join("README.md");
            let readme = fs::read_to_string(&readme)
                .with_context(|| format!("cannot read {}", readme.display()))?;
            if number == 1 && !readme.contains(source.trim_end()) {
                tell("README.md", "must be shown as it stands in its file".to_owned());
            }
            for what in self.wrong(number)? {
                tell(TABLE, what);
            }
            number += 1;
        }
        Ok(())
    }

    /// What a drill says of its outcomes that is not so.
    fn wrong(&self, number: u32) -> Result<Vec<String>> {
        let read = |what: &str| -> Result<Vec<drill::Outcome>> {
            let text = self.ask(number, what)?.unwrap_or_default();
            Ok(drill::Outcome::read_all(text.as_bytes())?)
        };
        Ok(untrue(&read("possible")?, &read("never")?, &self.explore(number)?))
    }

    /// Its outcomes under many schedules.
    fn explore(&self, number: u32) -> Result<BTreeSet<drill::Outcome>> {
        let args = vec!["drill".to_owned(), number.to_string()];
        let mut subject = Subject::new(&self.driver, args, self.exercise.limits);
        subject.cpu_seconds = Some(self.exercise.limits.seconds);
        subject.cancel = Some(Arc::clone(self.cancel));
        let mut explorer = Explorer::launch(subject)?;
        let mut exploration = Exploration::new(Plan { saturation: None, ..Plan::new(SCHEDULES) });
        let mut seen = BTreeSet::new();
        while let Some(trace) = exploration.next(&mut explorer)? {
            if self.cancel.load(Ordering::Relaxed) {
                break;
            }
            seen.insert(outcome(&trace)?);
        }
        Ok(seen)
    }

    /// What the driver answers about a drill; `None` when there is none of this number.
    fn ask(&self, number: u32, what: &str) -> Result<Option<String>> {
        let output = Command::new(&self.driver)
            .args(["drill", &number.to_string(), what])
            .output()
            .with_context(|| format!("cannot run {}", self.driver.display()))?;
        if output.status.code() == Some(drill::NO_SUCH_DRILL.into()) {
            return Ok(None);
        }
        ensure!(output.status.success(), "{} does not tell its drills", self.driver.display());
        Ok(Some(String::from_utf8(output.stdout)?))
    }
}

/// What a drill declares that is not so.
fn untrue(
    possible: &[drill::Outcome],
    never: &[drill::Outcome],
    seen: &BTreeSet<drill::Outcome>,
) -> Vec<String> {
    let surprising = seen.iter().filter(|outcome| !possible.contains(outcome));
    let unseen = possible.iter().filter(|outcome| !seen.contains(outcome));
    let contradicting = never.iter().filter(|outcome| possible.contains(outcome));
    let surprising = surprising.map(|o| format!("does not say that this is possible: {o}"));
    let unseen = unseen.map(|o| format!("calls this possible, but no schedule shows it: {o}"));
    let contradicting = contradicting.map(|o| format!("calls this possible and impossible: {o}"));
    surprising.chain(unseen).chain(contradicting).collect()
}

/// What one run came to, in the words of drills.
fn outcome(trace: &Trace) -> Result<drill::Outcome> {
    let end = match &trace.end {
        End::Root { ending: Ending::Exited(0), .. } => drill::End::Returned,
        End::Root { ending: Ending::Exited(code), .. } => drill::End::Status((*code).into()),
        End::Root { ending: Ending::Killed(signal), .. } => drill::End::Signal(signal.0),
        End::Deadlock { .. } => drill::End::Hangs,
        End::TimeLimit { .. }
        | End::ProcessLimit { .. }
        | End::MemoryLimit { .. }
        | End::OutputLimit { .. }
        | End::NoRun
        | End::Abandoned { .. } => bail!("a run of a drill did not end: {:?}", trace.end),
    };
    Ok(drill::Outcome::of(&trace.stdout, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_drill_declares_wrongly_is_named() {
        let outcomes =
            |all: &[&str]| all.iter().map(|o| drill::Outcome::read(o)).collect::<Vec<_>>();
        let untrue = |possible: &[&str], never: &[&str], seen: &[&str]| {
            untrue(&outcomes(possible), &outcomes(never), &outcomes(seen).into_iter().collect())
        };
        assert_eq!(untrue(&["a\nb", "hangs"], &["b"], &["hangs", "a\nb"]), [""; 0]);
        assert_eq!(untrue(&["a"], &[], &["a", "b"]), ["does not say that this is possible: b"]);
        assert_eq!(
            untrue(&["a", "b"], &[], &["a"]),
            ["calls this possible, but no schedule shows it: b"]
        );
        assert_eq!(untrue(&["a"], &["a"], &["a"]), ["calls this possible and impossible: a"]);
    }
}
