//! `forklings check`: builds one exercise and judges the student's own work with its visible
//! tests, on request with the hidden ones too.

use crate::cargo;
use crate::failure::Failure;
use crate::interrupt;
use crate::progress;
use crate::repository::{self, Repository};
use crate::screen::Screen;
use crate::suite::{self, Found, Run};
use anyhow::{Result, bail};
use clap::value_parser;
use forklings_grade::exit_codes;
use forklings_model::{Exercise, Failure as Broken, Judgement, Outcome, Record, Rule};
use forklings_report::style::Ink;
use forklings_report::{Style, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The exercise's id
    exercise: String,
    /// Run the hidden tests too
    #[arg(long)]
    hidden: bool,
    /// Schedules for each scenario [default: 200]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    schedules: Option<u32>,
    /// The class's seed: another one, other inputs in the hidden tests
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(args: &Args, repository: &Repository, screen: &Screen) -> Result<u8> {
    let course = repository.course()?;
    let exercise = repository::exercise(&course, &args.exercise)?;
    if args.hidden && !repository.root.join("grader/hidden").join(&exercise.id).is_dir() {
        bail!(Failure::BadInput(format!("`{}` has no hidden tests here", exercise.id)));
    }
    let programs = cargo::programs(&repository.root, &exercise.id, args.hidden)?;
    let interrupted = interrupt::flag()?;
    let mut out = String::new();
    let mut all = Tally::default();
    for (n, suite) in programs.suites.iter().enumerate() {
        let mut tests = suite::tests(suite)?;
        // libtest sorts by name; a student works in the order of the tasks.
        tests.sort_by_key(|test| place(exercise, test));
        let mut watch = progress::tests(screen, tests.len());
        let run = Run {
            suite,
            subject: &programs.driver,
            test: None,
            replay: None,
            schedules: args.schedules,
            seed: args.seed,
        };
        let found = run.run(&interrupted, |record| {
            if let Record::Started { test } = record {
                watch.begun(test);
            }
        })?;
        drop(watch);
        let title = if n == 0 { "visible tests" } else { "hidden tests" };
        out += &format!("{}\n", screen.style.paint(Ink::Strong, title));
        for test in &tests {
            let end = ended(test, &found);
            out += &line(test, &end, &screen.style);
            all.add(test, end, &found.printed);
        }
        out.push('\n');
    }
    match (&all.first, &all.unfinished) {
        (Some(judgement), _) => {
            out += &format!("{}\n", terminal::judgement(judgement, &screen.style));
        }
        (None, Some((test, printed))) => {
            out += &format!("`{test}` did not finish. The suite said:\n{printed}\n\n");
        }
        (None, None) => {}
    }
    out += &format!("{} of {} tests passed\n", all.passed, all.tests);
    screen.print(&out)?;
    Ok(all.exit_code())
}

/// The place of a test's task in the exercise.
fn place(exercise: &Exercise, test: &str) -> usize {
    let task = test.split("::").next().unwrap_or_default();
    exercise.tasks.iter().position(|known| known.id == task).unwrap_or(usize::MAX)
}

/// How a test ended.
enum Ended {
    Passed,
    Failed(Box<Judgement>),
    Unknown(Box<Judgement>),
    Unfinished,
}

fn ended(test: &str, found: &Found) -> Ended {
    let mut judged = found.judgements.iter().filter(|judgement| judgement.test == test).peekable();
    let any = judged.peek().is_some();
    match judged.find(|judgement| judgement.outcome != Outcome::Passed) {
        Some(judgement) => match judgement.outcome {
            Outcome::GraderError { .. } => Ended::Unknown(Box::new(judgement.clone())),
            Outcome::Passed | Outcome::Failed { .. } => Ended::Failed(Box::new(judgement.clone())),
        },
        None if any && found.finished.contains(test) => Ended::Passed,
        None => Ended::Unfinished,
    }
}

fn line(test: &str, end: &Ended, style: &Style) -> String {
    let (word, ink, why) = match end {
        Ended::Passed => ("passed", Ink::Good, ""),
        Ended::Failed(judgement) => match rule(judgement) {
            Some(Rule::TodoLeft) => ("to do", Ink::Accent, ""),
            rule => ("failed", Ink::Bad, rule.map_or("", Rule::name)),
        },
        Ended::Unknown(_) => ("unknown", Ink::Accent, "the grader failed"),
        Ended::Unfinished => ("failed", Ink::Bad, "did not finish"),
    };
    let word = style.paint(ink, &format!("{word:<7}"));
    let why = if why.is_empty() { String::new() } else { format!("  {why}") };
    format!("  {word}  {test}{}\n", style.paint(Ink::Bad, &why))
}

fn rule(judgement: &Judgement) -> Option<Rule> {
    match &judgement.outcome {
        Outcome::Failed { failures } => failures.first().map(Broken::rule),
        Outcome::Passed | Outcome::GraderError { .. } => None,
    }
}

/// What all tests of all suites came to.
#[derive(Default)]
struct Tally {
    passed: usize,
    tests: usize,
    unknown: bool,
    /// The first test without an end, with what its suite printed.
    unfinished: Option<(String, String)>,
    /// The judgement to show in full: of something that was written, rather than of a TODO.
    first: Option<Judgement>,
}

impl Tally {
    fn add(&mut self, test: &str, end: Ended, printed: &str) {
        self.tests += 1;
        match end {
            Ended::Passed => self.passed += 1,
            Ended::Failed(judgement) => {
                let todo = |j: &Judgement| rule(j) == Some(Rule::TodoLeft);
                if self.first.as_ref().is_none_or(|first| todo(first) && !todo(&judgement)) {
                    self.first = Some(*judgement);
                }
            }
            Ended::Unknown(judgement) => {
                self.unknown = true;
                self.first.get_or_insert(*judgement);
            }
            Ended::Unfinished => {
                self.unfinished.get_or_insert_with(|| (test.to_owned(), printed.to_owned()));
            }
        }
    }

    fn exit_code(&self) -> u8 {
        match (self.passed == self.tests, self.unknown) {
            (true, _) => exit_codes::OK,
            (false, true) => exit_codes::GRADER_ERROR,
            (false, false) => exit_codes::FINDINGS,
        }
    }
}
