//! `forklings hint`: one hint at a time, so that nobody reads more than they wanted to.

use crate::repository::{self, Repository};
use crate::screen::Screen;
use anyhow::Result;
use clap::value_parser;
use forklings_grade::exit_codes;
use forklings_model::{Course, Exercise};
use forklings_report::style::Ink;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The exercise's id; without it the exercises are listed
    exercise: Option<String>,
    /// The task's id; without it the tasks are listed
    task: Option<String>,
    /// How much to say: 1 a question, 2 a direction, 3 nearly the answer
    #[arg(default_value_t = 1, value_parser = value_parser!(u8).range(1..=3))]
    level: u8,
}

pub(crate) fn run(args: &Args, repository: &Repository, screen: &Screen) -> Result<u8> {
    let course = repository.course()?;
    let Some(exercise) = &args.exercise else {
        screen.print(&exercises(&course, screen))?;
        return Ok(exit_codes::OK);
    };
    let exercise = repository::exercise(&course, exercise)?;
    let Some(task) = &args.task else {
        screen.print(&tasks(exercise, screen))?;
        return Ok(exit_codes::OK);
    };
    let task = repository::task(exercise, task)?;
    let style = &screen.style;
    let hint = &task.hints.0[usize::from(args.level) - 1];
    let head =
        format!("{} {}, hint {} of {}", exercise.id, task.id, args.level, task.hints.0.len());
    let mut out = format!("{}\n\n", style.paint(Ink::Strong, &head));
    out += &textwrap::fill(&style.glyphs(hint), style.width);
    out.push('\n');
    if args.level < 3 {
        let next = format!(
            "cargo run -q -p forklings -- hint {} {} {}",
            exercise.id,
            task.id,
            args.level + 1
        );
        out += &format!("\nthe next one: {}\n", style.paint(Ink::Accent, &next));
    }
    screen.print(&out)?;
    Ok(exit_codes::OK)
}

/// Which exercises there are hints for.
fn exercises(course: &Course, screen: &Screen) -> String {
    let style = &screen.style;
    let mut out = format!("{}\n\n", style.paint(Ink::Strong, "Stuck at which exercise?"));
    for exercise in course.exercises() {
        let command = format!("cargo run -q -p forklings -- hint {}", exercise.id);
        out += &format!("  {}\n", style.paint(Ink::Accent, &command));
    }
    out
}

/// Which tasks there are hints for.
fn tasks(exercise: &Exercise, screen: &Screen) -> String {
    let style = &screen.style;
    let mut out = format!("{}\n\n", style.paint(Ink::Strong, &exercise.id));
    for task in &exercise.tasks {
        let command = format!("cargo run -q -p forklings -- hint {} {}", exercise.id, task.id);
        out += &format!("  {}\n", style.paint(Ink::Accent, &command));
    }
    out
}
