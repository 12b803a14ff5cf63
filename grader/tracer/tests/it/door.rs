//! The one door to the thing under test.

use crate::natural;
use forklings_model::{End, Ending, Limits, Schedule, Strategy, Trace};
use forklings_sandbox::{Wanted, probe};
use forklings_sys::without_copies;
use forklings_tracer::{Explorer, Subject};
use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// The guests' program, which cargo builds beside the tests.
pub(crate) fn program() -> PathBuf {
    example("guest")
}

fn example(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples").join(name)
}

/// What runs may use here.
pub(crate) const LIMITS: Limits =
    Limits { seconds: 2, processes: 16, memory_mib: 256, output_kib: 64 };

/// A guest, ready to run.
#[track_caller]
pub(crate) fn explorer(guest: &str, wanted: Wanted) -> Explorer {
    let mut subject = Subject::new(program(), vec![guest.to_owned()], LIMITS);
    subject.wanted = wanted;
    Explorer::launch(subject).unwrap()
}

/// A guest of another program than the usual one, ready to run.
#[track_caller]
pub(crate) fn explorer_of(program: &str, guest: &str) -> Explorer {
    Explorer::launch(Subject::new(example(program), vec![guest.to_owned()], LIMITS)).unwrap()
}

/// The schedules of the short tier.
pub(crate) fn schedules() -> Vec<Schedule> {
    let random = (0..2).flat_map(|seed| {
        [Strategy::Random, Strategy::Pos, Strategy::walk(), Strategy::pct(3)]
            .map(|s| Schedule::new(s, seed))
    });
    [Strategy::ParentFirst, Strategy::ChildFirst]
        .map(|s| Schedule::new(s, 0))
        .into_iter()
        .chain(random)
        .collect()
}

/// Runs a guest without the tracer: output and ending.
pub(crate) fn naturally(guest: &str) -> (String, Ending) {
    use std::os::unix::process::ExitStatusExt;
    let mut command = Command::new(program());
    command.arg(guest).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Other tests trace at the same time: the new process would keep copies of their descriptors.
    let started = without_copies(|| command.spawn()).unwrap();
    let output = started.wait_with_output().unwrap();
    let ending = Ending::from_status_word(output.status.into_raw()).unwrap();
    (String::from_utf8(output.stdout).unwrap(), ending)
}

/// Every run of a guest, with namespaces and without.
#[track_caller]
pub(crate) fn runs(guest: &str) -> Vec<Trace> {
    let mut traces = Vec::new();
    for wanted in [Wanted::All, Wanted::None] {
        let mut explorer = explorer(guest, wanted);
        traces.extend(schedules().iter().map(|schedule| explorer.run(schedule).unwrap()));
    }
    traces
}

/// Under every schedule the guest does what it does without the tracer.
#[track_caller]
pub(crate) fn behaves(guest: &str) {
    // Some guests sleep: the other runs take place meanwhile.
    let (traces, (output, ending)) = thread::scope(|scope| {
        let natural = scope.spawn(|| naturally(guest));
        repeats(guest);
        (runs(guest), natural.join().unwrap())
    });
    natural::is_the_same(guest, &output, ending);
    for trace in traces {
        let schedule = &trace.schedule;
        let stdout = String::from_utf8_lossy(&trace.stdout);
        let last = &trace.events[trace.events.len().saturating_sub(8)..];
        assert_eq!(stdout, output, "{guest} under {schedule:?}: {:?} after {last:#?}", trace.end);
        assert_eq!(trace.root_ending(), Some(ending), "{guest}: {:?}", trace.end);
        assert!(trace.unmodelled.is_empty(), "{guest}: {:?}", trace.unmodelled);
        assert!(trace.replayable, "{guest} under {schedule:?}");
    }
}

/// One schedule gives one trace, also when other schedules ran between. Without a pid namespace
/// pids differ from run to run.
#[track_caller]
fn repeats(guest: &str) {
    if !probe().namespaces {
        return;
    }
    let mut explorer = explorer(guest, Wanted::All);
    let mut run = |seed| explorer.run(&Schedule::new(Strategy::Random, seed)).unwrap();
    let first = [run(11), run(12)];
    for (again, first) in [run(11), run(12)].iter().zip(&first) {
        let differs = again.events.iter().zip(&first.events).find(|(a, b)| a != b);
        assert!(again == first, "{guest} differs: {differs:?}");
    }
}

/// Every run of the guest ends like this. Few runs: some take their whole time limit.
#[track_caller]
pub(crate) fn ends(guest: &str, like: impl Fn(&End) -> bool) {
    for wanted in [Wanted::All, Wanted::None] {
        let mut subject = Subject::new(program(), vec![guest.to_owned()], LIMITS);
        (subject.wanted, subject.cpu_seconds) = (wanted, Some(1));
        let mut explorer = Explorer::launch(subject).unwrap();
        for schedule in schedules().iter().take(3) {
            let end = explorer.run(schedule).unwrap().end;
            assert!(like(&end), "{guest} under {schedule:?}: {end:?}");
        }
    }
}
