//! `forklings trace`: one run of a scenario, or of any program, drawn in the terminal.

use super::program;
use crate::cargo;
use crate::failure::Failure;
use crate::repository::{self, Repository};
use crate::screen::Screen;
use anyhow::{Context, Result, bail};
use clap::ArgGroup;
use forklings_grade::exit_codes;
use forklings_model::{End, Finding, Schedule, Strategy, Trace};
use forklings_report::style::Ink;
use forklings_report::{Style, escape, message, sentence, terminal};
use forklings_tracer::{Explorer, Subject};
use serde::Serialize;

/// Lines of output that are repeated.
const LINES: usize = 40;

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["exercise", "program"]))]
#[command(override_usage = "forklings trace <EXERCISE> <SCENARIO> [ARGS]... [OPTIONS]\n       \
                            forklings trace [OPTIONS] -- <COMMAND> [ARGS]...")]
pub(crate) struct Args {
    /// The exercise's id
    exercise: Option<String>,
    /// The scenario: what its driver takes as its first argument, mostly a task's id
    scenario: Option<String>,
    /// The scenario's arguments
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
    /// Any program, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    program: Vec<String>,
    /// Seed of the random choices
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Who goes next: parent-first, child-first, random, pos, walk, or pct-N for N - 1 changes of
    /// priority
    #[arg(long, default_value = "parent-first", value_parser = strategy)]
    strategy: Strategy,
    /// Write the trace and the findings as JSON, and nothing else
    #[arg(long)]
    json: bool,
    /// Draw every event, also those of the dynamic linker and the language's runtime before main
    #[arg(long, conflicts_with = "json")]
    all: bool,
    /// Columns to draw in [default: those of the terminal]
    #[arg(long, value_name = "N")]
    width: Option<usize>,
}

/// A strategy that needs no runs before this one.
pub(super) fn strategy(text: &str) -> Result<Strategy, String> {
    match text.parse() {
        Ok(Strategy::Exhaustive { .. } | Strategy::Minimised { .. }) | Err(_) => {
            Err("it is one of parent-first, child-first, random, pos, walk, pct-3".to_owned())
        }
        Ok(strategy) => Ok(strategy),
    }
}

/// What `--json` writes.
#[derive(Serialize)]
struct Json<'a> {
    trace: &'a Trace,
    findings: &'a [Finding],
}

pub(crate) fn run(
    args: Args,
    repository: impl Fn() -> Result<Repository>,
    screen: &Screen,
) -> Result<u8> {
    let schedule = Schedule::new(args.strategy.clone(), args.seed);
    let subject = match &args.exercise {
        Some(exercise) => {
            program::refuse(exercise)?;
            scenario_of(&repository()?, exercise, &args)?
        }
        None => command(&args)?,
    };
    let shown = subject.terminal;
    let trace = Explorer::launch(subject)?.run_with_stacks(&schedule)?;
    let findings = forklings_rules::judge(&trace);
    if args.json {
        let json = serde_json::to_string(&Json { trace: &trace, findings: &findings })?;
        screen.print(&format!("{json}\n"))?;
    } else {
        let style = Style { width: args.width.unwrap_or(screen.style.width), ..screen.style };
        let output = if shown { String::new() } else { printed(&trace, &style) };
        screen.print(
            &(terminal::trace(&trace, args.all, &style)
                + &output
                + &said(&trace, &findings, &style)),
        )?;
    }
    Ok(match (&trace.end, findings.is_empty()) {
        (End::Abandoned { .. }, _) => exit_codes::GRADER_ERROR,
        (_, true) => exit_codes::OK,
        (_, false) => exit_codes::FINDINGS,
    })
}

/// The driver of an exercise with a scenario.
fn scenario_of(repository: &Repository, exercise: &str, args: &Args) -> Result<Subject> {
    let course = repository.course()?;
    let (exercise, scenario) = repository::scenario(&course, exercise, args.scenario.as_deref())?;
    let driver = cargo::driver(&repository.root, &exercise.id)?;
    let mut words = vec![scenario.to_owned()];
    words.extend(args.args.iter().cloned());
    let mut subject = Subject::new(driver, words, exercise.limits);
    subject.sources = vec![exercise.folder.clone()];
    Ok(subject)
}

/// Any program, as its user would start it.
fn command(args: &Args) -> Result<Subject> {
    let Some((name, rest)) = args.program.split_first() else {
        bail!(Failure::Usage("name a program after `--`".to_owned()));
    };
    let program = program::find(name)?;
    let mut subject =
        Subject::command(program, rest.to_vec()).context("the current folder is gone")?;
    // With --json standard output holds nothing but JSON.
    subject.terminal = !args.json;
    Ok(subject)
}

/// What the program printed, where it was not seen already.
fn printed(trace: &Trace, style: &Style) -> String {
    let mut out = String::new();
    for (name, bytes) in [("standard output", &trace.stdout), ("standard error", &trace.stderr)] {
        if !bytes.is_empty() {
            out += &format!("\n{}\n", style.paint(Ink::Strong, name));
            for line in escape::block(&String::from_utf8_lossy(bytes), LINES) {
                out += &format!("  {}\n", style.glyphs(&line));
            }
        }
    }
    out
}

/// What the rules say of this one run.
fn said(trace: &Trace, findings: &[Finding], style: &Style) -> String {
    if let End::Abandoned { .. } = trace.end {
        return String::new();
    }
    if findings.is_empty() {
        let Schedule { strategy, seed, .. } = &trace.schedule;
        let nothing = style.paint(Ink::Good, "nothing found");
        return format!("\n{nothing} in this one run ({strategy}, seed {seed})\n");
    }
    findings.iter().map(|finding| found(finding, trace, style)).collect()
}

/// A finding without the demands of a test: what happened, where, and why most likely.
fn found(finding: &Finding, trace: &Trace, style: &Style) -> String {
    let words = sentence::explain(finding, trace);
    let mut out = format!("\n{}\n", style.paint(Ink::Bad, finding.rule().name()));
    let mut part = |label: &str, text: &str| {
        for (n, line) in style.glyphs(text).lines().enumerate() {
            let label = if n == 0 { label } else { "" };
            let head = style.paint(Ink::Accent, &format!("  {label:<11}"));
            let wrapped = textwrap::fill(line, style.width.saturating_sub(13).max(20));
            out += &format!("{head}{}\n", wrapped.replace('\n', &format!("\n{:13}", "")));
        }
    };
    part("happened", &words.happened);
    for (n, (what, place)) in message::places(finding, trace).iter().enumerate() {
        let text = place.text.as_deref().map_or(String::new(), |text| format!("   {text}"));
        let what = if what.is_empty() { String::new() } else { format!("{what} ") };
        part(if n == 0 { "where" } else { "" }, &format!("{what}{place}{text}"));
    }
    part("likely", &words.likely);
    part("read", &format!("{}; forklings explain {}", words.man, finding.rule()));
    out
}
