//! A grading run at a terminal: a bar for the whole, and a line for each pair at work.

use forklings_grade::{Progress, Step};
use forklings_model::{Graded, Submission};
use forklings_report::escape;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time between two pictures.
pub(super) const TICK: Duration = Duration::from_millis(120);

/// Bars on standard error. They vanish when this is dropped.
pub(super) struct Bars {
    all: MultiProgress,
    whole: ProgressBar,
    at_work: BTreeMap<(Submission, String), ProgressBar>,
}

impl Bars {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let whole = all.add(ProgressBar::new_spinner());
        Self { all, whole, at_work: BTreeMap::new() }
    }
}

impl Progress for Bars {
    fn preparing(&mut self, exercises: usize) {
        self.whole.set_style(style("{spinner} {wide_msg}"));
        self.whole.set_message(super::preparing(exercises));
        self.whole.enable_steady_tick(TICK);
    }

    fn prepared(&mut self, name: &str) {
        self.whole.set_message(format!("preparing: {name}"));
    }

    fn starting(&mut self, total: usize, kept: usize) {
        self.whole.set_style(style("{wide_bar} {pos}/{len} graded, {elapsed}"));
        self.whole.set_length(total as u64);
        self.whole.set_position(kept as u64);
    }

    fn step(&mut self, submission: &Submission, exercise: &str, step: Step) {
        let key = (submission.clone(), exercise.to_owned());
        let bar = self.at_work.entry(key).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            bar.set_style(style("{spinner} {wide_msg}"));
            bar.enable_steady_tick(TICK);
            bar
        });
        bar.set_message(format!("{} {exercise}: {}", escape::line(&submission.name), said(step)));
    }

    fn graded(&mut self, graded: &Graded) {
        if let Some(bar) =
            self.at_work.remove(&(graded.submission.clone(), graded.exercise.clone()))
        {
            bar.finish_and_clear();
        }
        self.whole.inc(1);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self.at_work.values() {
            bar.finish_and_clear();
        }
        self.whole.finish_and_clear();
    }
}

fn said(step: Step) -> String {
    match step {
        Step::Building => "compiling".to_owned(),
        Step::Testing { test, of, name } => format!("test {test} of {of}, {name}"),
    }
}

/// A template that is known to be right; another one would only cost its looks.
pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
