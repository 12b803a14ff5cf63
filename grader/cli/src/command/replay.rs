//! `forklings replay`: runs a suite again with one schedule and shows what it says; a program that
//! was explored without a suite is run and judged alone. With `--step` the run is walked through.

mod step;

use super::explore::{self, saved};
use crate::failure::Failure;
use crate::interrupt;
use crate::screen::Screen;
use crate::suite::Run;
use anyhow::{Context, Result, bail};
use forklings_grade::exit_codes;
use forklings_model::{CommandReplay, End, Outcome, ReplayFile, Shows};
use forklings_report::terminal;
use forklings_tracer::{Explorer, TracerError};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schedule file that a failure message names
    file: PathBuf,
    /// Walk through the run, event by event: who runs, who waits for what, descriptors, signals.
    /// Enter shows the next event, a number so many, c the next one of the same task, q ends, ?
    /// tells the keys; lines from a pipe do too
    #[arg(long)]
    step: bool,
}

pub(crate) fn run(args: &Args, screen: &Screen) -> Result<u8> {
    let path = args
        .file
        .canonicalize()
        .map_err(|error| bad(&args.file, &format!("{error}; {WHICH_FILE}")))?;
    let file = match read(&path)? {
        File::Suite(file) => file,
        File::Command(file) => return alone(&file, args.step, screen),
    };
    still_there(&file)?;
    let run = Run {
        suite: &file.suite,
        subject: &file.subject,
        test: Some(&file.test),
        replay: Some(&path),
        schedules: None,
        seed: file.seed,
    };
    let found = run.run(&*interrupt::flag()?, |_| {})?;
    let judged = found.judgements.iter().find(|judgement| judgement.scenario == file.scenario);
    let Some(judgement) = judged else {
        bail!(
            "the suite said nothing about `{}`; it printed: {}",
            file.test,
            found.printed.lines().last().unwrap_or_default()
        );
    };
    match &judgement.outcome {
        Outcome::Failed { failures } if args.step && !failures.is_empty() => {
            let folders = folders(&file.exercise);
            step::walk(&failures[0].trace, &folders, screen)?;
        }
        // Without a failure there is nothing that could be walked through.
        Outcome::Failed { .. } | Outcome::Passed | Outcome::GraderError { .. } => {
            screen.print(&terminal::judgement(judgement, &screen.style))?;
        }
    }
    Ok(match &judgement.outcome {
        Outcome::Passed => exit_codes::OK,
        Outcome::Failed { .. } => exit_codes::FINDINGS,
        Outcome::GraderError { .. } => exit_codes::GRADER_ERROR,
    })
}

/// The two kinds of schedule files.
enum File {
    /// A suite judges it.
    Suite(Box<ReplayFile>),
    /// A program that was explored without a suite.
    Command(Box<CommandReplay>),
}

/// What to give instead of a path that is not a schedule file's.
const WHICH_FILE: &str = "give a file that the line `replay` of a failure names";

fn read(path: &Path) -> Result<File> {
    let other = |why: &str| bad(path, &format!("{why}; {WHICH_FILE}"));
    let text = fs::read_to_string(path).map_err(|error| other(&error.to_string()))?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|_| other("it is no schedule file"))?;
    let alone = value.get("command").is_some();
    let (most, again) = match alone {
        true => (CommandReplay::VERSION, "explore the program again"),
        false => (ReplayFile::VERSION, "run the test again"),
    };
    // The version comes first: a file of another one need not have the same fields.
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if alone && version == u64::from(most) => {}
        Some(version) if !alone && ReplayFile::reads(version) => {}
        Some(version) => {
            let why = format!(
                "it has version {version}, and this program reads up to version {most}; {again}"
            );
            return Err(bad(path, &why));
        }
        None => return Err(other("it is no schedule file")),
    }
    let damaged = |error| bad(path, &format!("it is damaged: {error}; {again}"));
    if alone {
        return serde_json::from_value(value).map(File::Command).map_err(damaged);
    }
    serde_json::from_value(value).map(File::Suite).map_err(damaged)
}

/// Runs a program without a suite under its schedule.
fn alone(file: &CommandReplay, steps: bool, screen: &Screen) -> Result<u8> {
    saved::unchanged(file)?;
    let subject = explore::subject::of(&file.command, interrupt::flag()?)?;
    let mut explorer = Explorer::launch(subject).map_err(explore::as_input)?;
    let trace = match explorer.replay(&file.schedule) {
        Err(TracerError::Misfit(misfit)) => bail!(Failure::BadInput(format!(
            "the schedule does not fit any more: {misfit}. What the program reads has changed, or it \
             does not do the same every time; explore it again"
        ))),
        run => run?,
    };
    if let End::Abandoned { reason, .. } = &trace.end {
        bail!("the run was given up, which is no fault of the program: {reason}");
    }
    let (demands, waivers) = (&file.command.demands, &file.command.waivers);
    let findings = forklings_rules::without_contract(&trace, demands, waivers).findings;
    if steps {
        step::walk(&trace, &[], screen)?;
        return Ok(if findings.is_empty() { exit_codes::OK } else { exit_codes::FINDINGS });
    }
    let shown = match &file.shows {
        Shows::Rule(rule) => findings.iter().any(|finding| finding.rule() == *rule),
        Shows::Result(result) => *result == explore::result_of(&trace),
    };
    let run = (&findings[..], &trace);
    screen.print(&terminal::replayed(&file.command, &file.shows, run, shown, &screen.style))?;
    Ok(if findings.is_empty() { exit_codes::OK } else { exit_codes::FINDINGS })
}

/// Where the sources of an exercise may lie, seen from here.
fn folders(exercise: &str) -> Vec<PathBuf> {
    let here = env::current_dir().unwrap_or_default();
    here.ancestors().map(|folder| folder.join("exercises").join(exercise)).collect()
}

/// Whether the suite and the program are those that the file was made with.
fn still_there(file: &ReplayFile) -> Result<()> {
    let again = format!("run the test again: cargo test -p {}", file.exercise);
    if !file.suite.is_file() {
        let suite = file.suite.display();
        bail!(Failure::BadInput(format!("the suite {suite} is gone; {again}")));
    }
    if !file.subject.is_file() {
        let subject = file.subject.display();
        bail!(Failure::BadInput(format!("the program {subject} is gone; {again}")));
    }
    let bytes = fs::read(&file.subject)
        .with_context(|| format!("cannot read {}", file.subject.display()))?;
    if blake3::hash(&bytes).to_hex().as_str() != file.subject_hash {
        bail!(Failure::BadInput(format!(
            "{} was built anew since this schedule was found, so the schedule may not fit it any \
             more; {again}",
            file.subject.display()
        )));
    }
    Ok(())
}

fn bad(path: &Path, why: &str) -> anyhow::Error {
    Failure::BadInput(format!("cannot replay {}: {why}", path.display())).into()
}
