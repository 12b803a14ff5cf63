//! `forklings course trace`: one run of a program of the course, for its author and for the book. Of
//! the solution it is a run under the strategy that is named; of a mutant it is the run by which the
//! tests catch it.

use super::Bench;
use super::specimen::{self, Kind};
use crate::cargo;
use crate::command::trace::strategy;
use crate::failure::Failure as Problem;
use crate::repository::{self, Repository};
use crate::screen::Screen;
use anyhow::{Result, bail};
use forklings_grade::exit_codes;
use forklings_model::{
    Exercise, Failure, Finding, Judgement, Outcome, Rule, Schedule, Strategy, Trace,
};
use forklings_report::{escape, terminal};
use forklings_tracer::{Explorer, Subject};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The exercise and the program: `zombies/solution`, or a mutant's name instead
    #[arg(value_name = "ID/PROGRAM")]
    program: String,
    /// The scenario: what the driver takes as its first argument
    scenario: String,
    /// The scenario's arguments
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
    /// Who goes next in the solution's run: parent-first, child-first, random, pos, walk, pct-3
    #[arg(long, default_value = "parent-first", value_parser = strategy)]
    strategy: Strategy,
    /// Seed of the random choices in the solution's run
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the trace, and what it breaks, as JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` writes.
#[derive(Serialize)]
struct Json<'a> {
    trace: &'a Trace,
    /// What a mutant's run breaks; nothing for a solution.
    finding: Option<&'a Finding>,
    /// What the test that catches the mutant says.
    judgement: Option<&'a Judgement>,
}

pub(crate) fn run(args: &Args, repository: &Repository, screen: &Screen) -> Result<u8> {
    let course = repository.course()?;
    let Some((id, program)) = args.program.split_once('/') else {
        bail!(Problem::Usage(format!("`{}` is not ID/PROGRAM", args.program)));
    };
    let exercise = repository::exercise(&course, id)?;
    let mut specimens = specimen::collect(&repository.root, exercise, &mut Vec::new())?;
    specimens.retain(|specimen| specimen.program() == program);
    let rule = match specimens.first().map(|specimen| specimen.kind) {
        Some(Kind::Solution) => {
            let trace = of_solution(args, repository, exercise)?;
            let text = terminal::trace(&trace, false, &screen.style);
            let json = Json { trace: &trace, finding: None, judgement: None };
            show(args, &json, &text, screen)?;
            return Ok(exit_codes::OK);
        }
        Some(Kind::Mutant(rule)) => rule,
        Some(Kind::Stub | Kind::Variant) | None => bail!(Problem::Usage(format!(
            "`{program}` is neither the solution nor a mutant of `{id}`"
        ))),
    };
    let kept = cargo::target(&repository.root).join("forklings/course-trace");
    let check = super::Args { schedules: None, seed: 0, only: None, jobs: None };
    let bench =
        Bench { args: &check, repository, course: &course, out: &kept, small_runs: true, screen };
    let Some(report) = bench.judge(&specimens)? else { return Ok(exit_codes::INTERRUPTED) };
    let judgements = report.graded.iter().flat_map(|graded| &graded.judgements);
    let mut caught: Vec<(&Judgement, &Failure)> =
        judgements.filter_map(|judgement| Some((judgement, caught(judgement, rule)?))).collect();
    // A run without faults is easier to read.
    caught.sort_by_key(|(judgement, _)| !judgement.faults.is_empty());
    let Some((judgement, failure)) = caught.iter().find(|(judgement, _)| args.ask_for(judgement))
    else {
        bail!(Problem::BadInput(not_caught(args, rule, &caught)));
    };
    let text = terminal::judgement(judgement, &screen.style);
    let (trace, finding) = (&failure.trace, Some(&failure.finding));
    show(args, &Json { trace, finding, judgement: Some(judgement) }, &text, screen)?;
    Ok(exit_codes::OK)
}

impl Args {
    /// Whether this is a judgement of the scenario that was asked for.
    fn ask_for(&self, judgement: &Judgement) -> bool {
        judgement.scenario.name == self.scenario && judgement.scenario.args == self.args
    }
}

fn show(args: &Args, json: &Json<'_>, text: &str, screen: &Screen) -> Result<()> {
    if args.json {
        screen.print(&format!("{}\n", serde_json::to_string(json)?))?;
    } else {
        screen.print(text)?;
    }
    Ok(())
}

fn of_solution(args: &Args, repository: &Repository, exercise: &Exercise) -> Result<Trace> {
    let driver = cargo::solution(&repository.root, &exercise.id)?;
    let mut words = vec![args.scenario.clone()];
    words.extend(args.args.iter().cloned());
    let mut subject = Subject::new(driver, words, exercise.limits);
    subject.sources = vec![repository.root.join("solutions").join(&exercise.id)];
    let schedule = Schedule::new(args.strategy.clone(), args.seed);
    Ok(Explorer::launch(subject)?.run_with_stacks(&schedule)?)
}

/// The failure of a judgement, if it is one under the mutant's rule.
fn caught(judgement: &Judgement, rule: Rule) -> Option<&Failure> {
    let Outcome::Failed { failures } = &judgement.outcome else { return None };
    failures.first().filter(|failure| failure.rule() == rule)
}

/// Which scenarios would do instead.
fn not_caught(args: &Args, rule: Rule, caught: &[(&Judgement, &Failure)]) -> String {
    let words = |name: &str, args: &[String]| {
        let words = std::iter::once(name).chain(args.iter().map(String::as_str));
        words.map(escape::shell_word).collect::<Vec<_>>().join(" ")
    };
    let others: BTreeSet<String> = caught
        .iter()
        .map(|(judgement, _)| words(&judgement.scenario.name, &judgement.scenario.args))
        .collect();
    format!(
        "no test catches {} as {rule} in the scenario `{}`; it is caught in: {}",
        args.program,
        words(&args.scenario, &args.args),
        others.into_iter().collect::<Vec<_>>().join("; ")
    )
}
