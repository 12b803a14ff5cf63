//! The commands, a file each.

pub(crate) mod check;
pub(crate) mod course;
mod doctor;
pub(crate) mod explain;
pub(crate) mod explore;
pub(crate) mod grade;
pub(crate) mod hint;
mod list;
mod overview;
mod program;
pub(crate) mod replay;
pub(crate) mod trace;

use crate::args::{Args, Command};
use crate::repository::Repository;
use crate::screen::Screen;
use anyhow::Result;

/// Runs the command; gives the exit code.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<u8> {
    let course = args.course;
    let repository = || Repository::find(course.as_deref());
    match args.command {
        None => overview::run(repository().ok().as_ref(), screen),
        Some(Command::List) => list::run(&repository()?, screen),
        Some(Command::Check(args)) => check::run(&args, &repository()?, screen),
        Some(Command::Hint(args)) => hint::run(&args, &repository()?, screen),
        Some(Command::Trace(args)) => trace::run(args, repository, screen),
        Some(Command::Explore(args)) => explore::run(args, repository, screen),
        Some(Command::Replay(args)) => replay::run(&args, screen),
        Some(Command::Explain(args)) => explain::run(&args, screen),
        Some(Command::Doctor) => doctor::run(repository().ok().as_ref(), screen),
        Some(Command::Grade(args)) => grade::run(args, &repository()?, screen),
        Some(Command::Course(course::Command::Check(args))) => {
            course::run(&args, &repository()?, screen)
        }
        Some(Command::Course(course::Command::Trace(args))) => {
            course::trace::run(&args, &repository()?, screen)
        }
    }
}
