//! `forklings explore`: a scenario, or any program, in many orders. Here the command line becomes a
//! plan; `tour` follows it, `gather` keeps what the runs show, and `saved` writes the files that
//! show a run again. What is said of it all is `report`'s.

mod faults;
mod gather;
mod natural;
mod options;
pub(super) mod saved;
pub(super) mod subject;
mod tour;

pub(super) use gather::result_of;
pub(crate) use options::Args;

use crate::failure::Failure;
use crate::interrupt;
use crate::progress;
use crate::repository::Repository;
use crate::screen::Screen;
use anyhow::Result;
use forklings_grade::exit_codes;
use forklings_model::{Stopped, Survey};
use forklings_report::{Style, machine, terminal};
use forklings_sandbox::SandboxError;
use forklings_tracer::{Explorer, TracerError};
use std::sync::Arc;

pub(crate) fn run(
    args: Args,
    repository: impl Fn() -> Result<Repository>,
    screen: &Screen,
) -> Result<u8> {
    let command = options::command(&args, repository)?;
    let cancel = interrupt::flag()?;
    let subject = subject::of(&command, Arc::clone(&cancel))?;
    let mut explorer = Explorer::launch(subject).map_err(as_input)?;
    let mut watch = progress::schedules(screen, args.schedules, args.json);
    let plan = tour::Plan {
        mix: args.mix(),
        faults: args.faults.clone(),
        budget: args.schedules,
        seed: args.seed,
    };
    let (mut survey, schedules) =
        tour::tour(&command, &plan, &mut explorer, watch.as_mut(), &cancel);
    drop(watch);
    if natural::tells(&survey, &plan.faults) {
        natural::beside(&mut survey, explorer);
    }
    // What was found matters more than the files that show it again.
    if let Err(error) = saved::save(&mut survey, &schedules, &args.out) {
        screen.remark(&format!("nothing is saved to replay: {error:#}"));
    }
    if args.json {
        screen.print(&machine::survey(&survey)?)?;
    } else {
        let style = Style { width: args.width.unwrap_or(screen.style.width), ..screen.style };
        screen.print(&terminal::survey(&survey, &saved::replay_words(), &style))?;
    }
    Ok(exit_code(&survey))
}

/// A program that cannot be started is what was typed, not the grader's failure.
pub(super) fn as_input(error: TracerError) -> anyhow::Error {
    let input = matches!(
        error,
        TracerError::DiedEarly { .. } | TracerError::Sandbox(SandboxError::Program { .. })
    );
    if input { Failure::BadInput(error.to_string()).into() } else { error.into() }
}

fn exit_code(survey: &Survey) -> u8 {
    match &survey.stopped {
        Stopped::Interrupted => exit_codes::INTERRUPTED,
        _ if !survey.failures.is_empty() => exit_codes::FINDINGS,
        Stopped::Failed(_) => exit_codes::GRADER_ERROR,
        _ if survey.differs() => exit_codes::DIFFERS,
        Stopped::Done | Stopped::Enough => exit_codes::OK,
    }
}
