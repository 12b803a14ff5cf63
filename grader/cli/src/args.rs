//! The command line: what there is to ask for. What each command takes stands in its own file.

use crate::command::{check, course, explain, explore, grade, hint, replay, trace};
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// What the exit code means, for every command. The table's home is `forklings_grade::exit_codes`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    it did what was asked; grade: grading completed, whatever the verdicts
  1    check, trace, explore, replay, course check: something is wrong with the program
  2    the command line is wrong
  3    a path, archive, manifest or course cannot be used
  4    the grader or the machine failed: full disk, no compiler, no permission
  5    explore: no rule was broken, but outputs or exit statuses differ between schedules
  130  stopped by Ctrl-C or SIGTERM; what was graded or found until then is kept or shown";

/// Exercises on UNIX processes, and a grader that proves its verdicts
#[derive(Debug, Parser)]
#[command(name = "forklings", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// The course's folder, if it is not found from the current folder upwards
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) course: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the course: parts, exercises, tasks and points
    List,
    /// Build your program and judge it
    Check(check::Args),
    /// Show one hint for a task
    Hint(hint::Args),
    /// Run a program once and draw what its processes did
    Trace(trace::Args),
    /// Run any program in many orders and say what goes wrong in some of them
    Explore(explore::Args),
    /// Show a failing run again
    Replay(replay::Args),
    /// Say what a rule means; without a name, list all rules
    Explain(explain::Args),
    /// Say what this machine offers, and what to do about what it lacks
    Doctor,
    /// Grade a folder of submissions
    Grade(grade::Args),
    /// For authors of exercises
    #[command(subcommand)]
    Course(course::Command),
}
