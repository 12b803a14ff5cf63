//! What `forklings explore` is asked for.

use super::super::program;
use super::faults::{self, Faults};
use crate::args::EXIT_CODES;
use crate::cargo;
use crate::failure::Failure;
use crate::repository::{self, Repository};
use anyhow::{Context, Result, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, ValueEnum, value_parser};
use forklings_model::{Command, Demand, Limits, Place, Rule, Strategy, Stream, Waiver};
use forklings_tracer::Mix;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// What a run of any program may use, where nothing else is asked for. Virtual time is plentiful: a
/// program may sleep for an hour at no cost.
const LIMITS: Limits = Limits { seconds: 3600, processes: 256, memory_mib: 2048, output_kib: 4096 };
/// CPU seconds of one run.
const CPU_SECONDS: u32 = 10;

/// What is looked for, and what the words of the command line mean beyond their line of help.
const LONG: &str = "\
What is looked for needs no contract: zombies, orphans, deadlocks, lost signals, crashes, processes
that multiply, limits, and named objects or temporary files that are left. Descriptors that are open
at the end are listed and not accused. Outputs and exit statuses that differ between schedules are
listed with a file each that shows one such run again.

Faults (each is something that a kernel may do to a correct program):
  eintr        a blocking call of the first process is interrupted by a signal that it handles
               without SA_RESTART; the signal is really sent. eintr:SIGUSR1 names one
  short-io     read and write on pipes and sockets move less than asked for; also short-read and
               short-write
  fork-eagain  fork fails with EAGAIN, each fork in turn; fork-eagain:2 fails the second one
  early-timeout
               time-outs, alarms and timers may end while others can still go on; without it they
               end only when nobody can";

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["exercise", "program"]))]
#[command(override_usage = "forklings explore [OPTIONS] -- <COMMAND> [ARGS]...\n       \
                            forklings explore <EXERCISE> <SCENARIO> [ARGS]... [OPTIONS]")]
#[command(after_long_help = format!("{LONG}\n\n{EXIT_CODES}"))]
#[command(after_help = "`--help` says what is looked for, what faults mean, and the exit codes")]
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
    /// Schedules to try at most
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = value_parser!(u32).range(1..))]
    pub(super) schedules: u32,
    /// Another seed, another set of schedules and of random bytes
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Only this strategy: parent-first, child-first, random, pos, walk, pct-3, exhaustive-2 [default:
    /// all in turn, and an enumeration where there are few schedules]
    #[arg(long, value_name = "NAME")]
    strategy: Option<Strategy>,
    /// Let the kernel do this too: eintr, short-io, fork-eagain, early-timeout, epipe,
    /// enospc, emfile, kill, spurious-wakeup
    #[arg(long, value_name = "LIST", value_parser = faults::parse, default_value = "", hide_default_value = true)]
    pub(super) faults: Faults,
    /// Demand that line A is printed before line B; may be given several times
    #[arg(long, num_args = 2, value_names = ["A", "B"], action = clap::ArgAction::Append)]
    before: Vec<String>,
    /// Demand that standard output is exactly what this file holds
    #[arg(long, value_name = "FILE")]
    stdout: Option<PathBuf>,
    /// Demand that the program unmaps every mapping of shared memory or of a file that it makes
    #[arg(long)]
    unmapped: bool,
    /// Demand that its private memory grows by so much at most, from its first line to its end
    #[arg(long, value_name = "KIB")]
    heap_grows_at_most: Option<u32>,
    /// What the program finds on standard input [default: nothing]
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// Do not ask for this rule; may be given several times
    #[arg(long, value_name = "RULE", value_parser = rules(), hide_possible_values = true)]
    waive: Vec<Rule>,
    /// Where the files go that show a run again
    #[arg(long, value_name = "DIR", default_value = "forklings-schedules")]
    pub(super) out: PathBuf,
    /// CPU seconds that one run may use [default: 10, or the exercise's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=3600))]
    seconds: Option<u32>,
    /// Processes and threads that may be alive at once [default: 256, or the exercise's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=10_000))]
    processes: Option<u32>,
    /// `none` runs it on the machine as it is: files are really changed, from one run to the next
    #[arg(long, value_enum, default_value_t = Isolation::Auto)]
    isolation: Isolation,
    /// Write what was found as JSON, and nothing else
    #[arg(long)]
    pub(super) json: bool,
    /// Columns to draw in [default: those of the terminal]
    #[arg(long, value_name = "N")]
    pub(super) width: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Isolation {
    /// Every run finds the same machine, where this one offers namespaces
    Auto,
    /// The machine as it is
    None,
}

/// Knows every rule, so that clap suggests a near name for an unknown one.
fn rules() -> impl TypedValueParser<Value = Rule> {
    PossibleValuesParser::new(Rule::ALL.iter().map(|rule| rule.name()))
        .try_map(|name| name.parse::<Rule>())
}

impl Args {
    pub(super) fn mix(&self) -> Mix {
        self.strategy.clone().map_or(Mix::Rotation, Mix::Only)
    }
}

/// What is run and demanded.
pub(super) fn command(args: &Args, repository: impl Fn() -> Result<Repository>) -> Result<Command> {
    let read = |path: &PathBuf| {
        fs::read(path).map_err(|error| {
            anyhow::Error::from(Failure::BadInput(format!(
                "cannot read {}: {error}",
                path.display()
            )))
        })
    };
    let mut demands: Vec<Demand> = args
        .before
        .chunks_exact(2)
        .map(|pair| Demand::Before { first: pair[0].clone(), second: pair[1].clone() })
        .collect();
    if let Some(path) = &args.stdout {
        let text = String::from_utf8_lossy(&read(path)?).into_owned();
        demands.push(Demand::Is { stream: Stream::Stdout, text });
    }
    demands.extend(args.unmapped.then_some(Demand::Unmapped { during: None }));
    demands.extend(args.heap_grows_at_most.map(|kib| Demand::GrowsAtMost { kib, during: None }));
    let waivers = args
        .waive
        .iter()
        .map(|&rule| Waiver { rule, reason: "waived on the command line".to_owned() })
        .collect();
    let mut command = match &args.exercise {
        Some(exercise) => {
            program::refuse(exercise)?;
            scenario_of(&repository()?, exercise, args)?
        }
        None => any(args)?,
    };
    command.stdin = args.stdin.as_ref().map(read).transpose()?.unwrap_or_default();
    command.cpu_seconds = args.seconds.unwrap_or(command.cpu_seconds);
    command.limits.processes = args.processes.unwrap_or(command.limits.processes);
    (command.demands, command.waivers) = (demands, waivers);
    command.random = args.seed;
    Ok(command)
}

fn scenario_of(repository: &Repository, exercise: &str, args: &Args) -> Result<Command> {
    let course = repository.course()?;
    let (exercise, scenario) = repository::scenario(&course, exercise, args.scenario.as_deref())?;
    let mut words = vec![scenario.to_owned()];
    words.extend(args.args.iter().cloned());
    Ok(Command {
        program: cargo::driver(&repository.root, &exercise.id)?,
        args: words,
        stdin: Vec::new(),
        place: Place::Exercise(exercise.folder.clone()),
        limits: exercise.limits,
        cpu_seconds: exercise.limits.seconds,
        start: start(),
        random: 0,
        demands: Vec::new(),
        waivers: Vec::new(),
    })
}

fn any(args: &Args) -> Result<Command> {
    let Some((name, rest)) = args.program.split_first() else {
        bail!(Failure::Usage("name a program after `--`".to_owned()));
    };
    let folder = env::current_dir().context("the current folder is gone")?;
    Ok(Command {
        program: program::find(name)?,
        args: rest.to_vec(),
        stdin: Vec::new(),
        place: match args.isolation {
            Isolation::Auto => Place::Machine(folder),
            Isolation::None => Place::Bare(folder),
        },
        limits: LIMITS,
        cpu_seconds: CPU_SECONDS,
        start: start(),
        random: 0,
        demands: Vec::new(),
        waivers: Vec::new(),
    })
}

/// When runs begin, by their own clock: an hour from now, so that no file that a run finds or makes
/// is of a later time.
fn start() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_secs() + 3600
}
