//! The run beside the traced ones: the same program without the tracer, in real time, on all
//! processors. Who behaves only when watched does something else there. A difference is believed
//! when every one of several runs shows it, and a traced run then still does not. It knows nothing of
//! rules: whoever asks says what a difference is.

use crate::error::Result;
use crate::explorer::Explorer;
use crate::server::{ROOT_PID, read_all};
use crate::subject::Subject;
use forklings_model::{
    Detail, Doubt, End, Finding, Natural, Pid, ProcId, Process, Schedule, Strategy, Trace, Untold,
};
use forklings_sandbox::{Came, Launch, Unwatched, longest_file};
use forklings_sys::descriptor;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// Runs that must show a difference, each of them, before it is believed.
const RUNS: u32 = 3;
/// Seconds of real time for one run.
const SECONDS: u32 = 10;
/// Nanoseconds of virtual time after which a program that sleeps is not waited for.
const SLEEPS: u64 = 1_000_000_000;
const SECOND: u64 = 1_000_000_000;

/// What running without the tracer gave.
#[derive(Debug)]
pub struct Beside {
    /// What it showed.
    pub natural: Natural,
    /// A difference that counts, with a run that shows it, whose trace has its output and its end
    /// and no events.
    pub shown: Option<(Finding, Trace)>,
    /// How many runs there were.
    pub runs: u32,
}

impl Explorer {
    /// Runs the subject without the tracer, after all its traced runs. `differs` finds what is not as
    /// it was in all of those, by a run's output and end alone.
    #[must_use]
    pub fn beside(self, differs: &mut dyn FnMut(&Trace) -> Option<Finding>) -> Beside {
        let beside = |natural, runs| Beside { natural, shown: None, runs };
        let untold = |why, runs| beside(Natural::NotTold { why }, runs);
        if !self.isolation().namespaces {
            return untold(Untold::NotKeptApart, 0);
        }
        // It shall have all processors, and no priority.
        let (subject, time) = self.end();
        if time.most > SLEEPS {
            return untold(Untold::Sleeps(time.most.div_ceil(SECOND)), 0);
        }
        let mut shown = None;
        let (mut times, mut runs) = (0, 0);
        while runs < RUNS {
            let trace = match run(&subject) {
                Ok(trace) => trace,
                Err(why) => return untold(Untold::Refused(why.to_string()), runs),
            };
            runs += 1;
            match differs(&trace) {
                Some(finding) => {
                    times += 1;
                    shown = Some((finding, trace));
                }
                None if runs == 1 => match cut_short(&trace.end) {
                    Some(why) => return untold(why, runs),
                    None => return beside(Natural::Held, runs),
                },
                None => {}
            }
        }
        let Some((finding, mut trace)) = shown else {
            return beside(Natural::Held, runs);
        };
        let Detail::DiffersUnwatched { demand, actual } = finding.detail.clone() else {
            return beside(Natural::Held, runs);
        };
        // A machine that has run out of something would let down a traced run too.
        if !still_passes(&subject, differs) {
            return untold(Untold::Unsteady, runs);
        }
        let doubt = match () {
            () if times < runs => Some(Doubt::NotAlways),
            () if time.used => Some(Doubt::Time),
            () => None,
        };
        let most = usize::try_from(subject.limits.output_kib).unwrap_or(64) * 1024;
        trace.stdout.truncate(most);
        trace.stderr.truncate(most);
        let natural = Natural::Differs { demand, actual, times, runs, doubt };
        Beside { natural, shown: doubt.is_none().then_some((finding, trace)), runs }
    }
}

/// Whether a traced run is as it was.
fn still_passes(subject: &Subject, differs: &mut dyn FnMut(&Trace) -> Option<Finding>) -> bool {
    let schedule = Schedule::new(Strategy::ParentFirst, 0);
    Explorer::launch(subject.clone())
        .and_then(|mut explorer| explorer.run(&schedule))
        .is_ok_and(|trace| differs(&trace).is_none() && trace.root_ending().is_some())
}

/// Why a run that came to no end of its own says nothing.
fn cut_short(end: &End) -> Option<Untold> {
    match end {
        End::Root { .. } => None,
        End::TimeLimit { .. } => Some(Untold::StillRunning(SECONDS)),
        End::MemoryLimit { .. } => Some(Untold::OutOfMemory),
        End::OutputLimit { .. } => Some(Untold::EndlessOutput),
        End::Deadlock { .. } | End::ProcessLimit { .. } | End::NoRun | End::Abandoned { .. } => {
            Some(Untold::Unsteady)
        }
    }
}

/// One run, as a trace without events.
fn run(subject: &Subject) -> Result<Trace> {
    let lost = |what: std::io::Error| crate::server::lost(format!("standard streams: {what}"));
    let mut written = descriptor::memory_file(c"stdin")?;
    written.write_all(&subject.stdin).map_err(lost)?;
    // Opened by a name, a file's position moves for one reader at a time, as in every other file.
    let stdin = File::open(path(&written)).map_err(lost)?;
    let stdout = opened(&descriptor::memory_file(c"stdout")?).map_err(lost)?;
    let stderr = opened(&descriptor::memory_file(c"stderr")?).map_err(lost)?;
    // Its time is real here, and its patience limits it.
    let mut limits = subject.limits;
    limits.seconds = limits.seconds.max(3600);
    let came = Unwatched {
        launch: Launch {
            program: &subject.program,
            args: &subject.args,
            env: &subject.env,
            folder: &subject.folder,
            stdio: [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()],
            limits,
            wanted: subject.wanted,
            view: subject.view.clone(),
            filter: None,
        },
        pid: ROOT_PID,
        patience: Duration::from_secs(SECONDS.into()),
        cancel: subject.cancel.as_deref(),
    }
    .run()?;
    let (stdout, stderr) = (read_all(&stdout), read_all(&stderr));
    Ok(Trace {
        args: subject.args.clone(),
        processes: vec![Process { proc: ProcId::ROOT, pid: Pid(ROOT_PID), parent: None }],
        end: end(subject, &came, stdout.len().max(stderr.len())),
        stdout,
        stderr,
        isolation: came.isolation,
        ..Trace::empty(subject.program.clone())
    })
}

/// How a run ended that printed so many bytes to one of its streams. Where a limit of the machine was
/// reached, that says more than how the first process took it.
fn end(subject: &Subject, came: &Came, printed: usize) -> End {
    let proc = ProcId::ROOT;
    match came.ending {
        _ if came.out_of_memory => End::MemoryLimit { mib: subject.limits.memory_mib, proc },
        _ if printed as u64 >= longest_file(&subject.limits) => {
            End::OutputLimit { kib: subject.limits.output_kib, proc }
        }
        None => End::TimeLimit { seconds: SECONDS, proc, computing: false, site: None },
        Some(ending) => End::Root { ending, alive: Vec::new() },
    }
}

fn path(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// The same memory file as if it had been opened by a name.
fn opened(file: &File) -> std::io::Result<File> {
    OpenOptions::new().read(true).append(true).open(path(file))
}
