//! The six parts of a failure, before anybody draws them. The terminal and the page show the same.

use crate::escape::{line, shell_word};
use crate::place::{Place, best};
use crate::sentence::name::{count, list};
use crate::sentence::{self, event};
use forklings_model::{
    Detail, Event, EventKind, Failure, Fault, Fd, Finding, Inspector, Judgement, PipeEnd, Rule,
    Scenario, SiteId, Strategy, Trace,
};

/// A failure in six parts: expected, happened, where, timeline, cause and experiment, replay.
#[derive(Clone, Debug)]
pub struct Message {
    /// Name of the test.
    pub test: String,
    /// The rule that was broken.
    pub rule: Rule,
    /// In how many schedules: `in 3 of 200 schedules`.
    pub shown: String,
    /// What was left of the run when it was made small: `here with 1 preemption`; empty when it was
    /// not.
    pub small: String,
    /// What a right program does.
    pub expected: String,
    /// What this run did, one or more lines.
    pub happened: String,
    /// Where, the place to look at first before others, each with what it is.
    pub places: Vec<(String, Place)>,
    /// The likely cause.
    pub likely: String,
    /// What to try.
    pub experiment: String,
    /// The command that runs the scenario.
    pub command: String,
    /// The manual page.
    pub man: &'static str,
    /// The command that replays the failing schedule.
    pub replay: Option<String>,
    /// What makes the run special, such as injected faults.
    pub remarks: Vec<String>,
}

impl Message {
    /// The message of one failure of a judgement, all but its timeline: how much of that can be
    /// drawn depends on the room that the rest leaves.
    #[must_use]
    pub fn new(judgement: &Judgement, failure: &Failure) -> Self {
        let (finding, trace) = (&failure.finding, &failure.trace);
        let said = sentence::explain(finding, trace);
        Self {
            test: line(&judgement.test),
            rule: finding.rule(),
            shown: match &judgement.inspected {
                Some(inspected) => sentence::inspected::shown(inspected).to_owned(),
                None => shown(failure, judgement.explored.schedules),
            },
            small: small(trace),
            expected: said.expected,
            happened: said.happened,
            places: places(finding, trace),
            likely: said.likely,
            experiment: said.experiment,
            command: next(judgement),
            man: said.man,
            replay: failure.replay.as_ref().map(|path| {
                let path = shell_word(&path.to_string_lossy());
                format!("{} replay {path}", tool(judgement))
            }),
            remarks: remarks(&judgement.faults, trace),
        }
    }
}

/// In how many of the schedules a failure was shown, or of the runs that had none.
#[must_use]
pub fn shown(failure: &Failure, schedules: u32) -> String {
    if failure.rule() == Rule::DiffersUnwatched {
        let runs = count(failure.shown_in.into(), "run", "runs");
        return format!("in each of {runs} without the tracer");
    }
    shown_in(failure.shown_in, schedules)
}

/// `in 3 of 200 schedules`.
#[must_use]
pub fn shown_in(shown: u32, schedules: u32) -> String {
    match (shown, schedules) {
        (1, 1) => "in the one schedule that ran".to_owned(),
        (n, all) if n == all => format!("in all {all} schedules"),
        (n, all) => format!("in {n} of {all} schedules"),
    }
}

/// `here with 1 preemption`, of a run that was made as small as it could be.
#[must_use]
pub fn small(trace: &Trace) -> String {
    let Strategy::Minimised { preemptions } = trace.schedule.strategy else { return String::new() };
    match preemptions {
        0 => "here without a preemption".to_owned(),
        n => format!("here with {}", count(n.into(), "preemption", "preemptions")),
    }
}

/// How the tool is called from where the test was run.
#[must_use]
pub fn tool(judgement: &Judgement) -> String {
    let manifest = judgement.manifest.as_ref().map_or_else(String::new, |manifest| {
        format!("--manifest-path {} ", shell_word(&manifest.to_string_lossy()))
    });
    format!("cargo run -q {manifest}-p forklings --")
}

/// The command to try next: the scenario itself, where there is one.
fn next(judgement: &Judgement) -> String {
    match judgement.inspected.as_ref().map(|inspected| &inspected.by) {
        None => command(&judgement.exercise, &judgement.scenario),
        Some(Inspector::Compiler(_)) => {
            format!("cargo check -p {} --example types", shell_word(&judgement.exercise))
        }
        Some(Inspector::ModelChecker(_)) => format!("{} explain data-race", tool(judgement)),
    }
}

/// The command that runs a scenario outside the grader.
#[must_use]
pub fn command(exercise: &str, scenario: &Scenario) -> String {
    let mut words = vec![shell_word(&scenario.name)];
    words.extend(scenario.args.iter().map(|arg| shell_word(arg)));
    let run = format!("cargo run -p {} -- {}", shell_word(exercise), words.join(" "));
    match String::from_utf8(scenario.stdin.clone()) {
        Ok(text) if text.is_empty() => run,
        Ok(text) if text.len() <= 60 => format!("printf %s {} | {run}", shell_word(&text)),
        _ => format!("{run} < INPUT"),
    }
}

/// The places of a finding, each with what it is, the one to look at first before others.
#[must_use]
pub fn places(finding: &Finding, trace: &Trace) -> Vec<(String, Place)> {
    if let Detail::Deadlock { waits } = &finding.detail {
        let each = waits.iter().map(|wait| (format!("{} waits at", wait.task), wait.site));
        return best(trace, each.take(3).collect());
    }
    if let Detail::PipeEndOpen { waiter, end, holder, held, waits, .. } = &finding.detail {
        let stands = waits.iter().find(|wait| wait.task.proc == *holder).and_then(|w| w.site);
        let does = if *end == PipeEnd::Write { "reads" } else { "writes" };
        let sites = vec![
            (format!("{holder} waits at"), stands.filter(|_| holder != waiter)),
            (format!("fd {held} opened at"), finding.origin),
            (format!("{waiter} {does} at"), finding.site),
        ];
        return best(trace, sites);
    }
    if let Detail::FdLeaked { fds } = &finding.detail {
        let places = best(trace, leaks(fds, trace));
        if !places.is_empty() {
            return places.into_iter().take(3).collect();
        }
    }
    let (mut what, other) = captions(finding.rule());
    if let Detail::ZombieLeft { .. } = &finding.detail {
        what = chance(finding, trace);
    }
    best(trace, vec![(what.to_owned(), finding.site), (other.to_owned(), finding.origin)])
}

/// What the first place of a zombie is: a wait that could have reaped it speaks for itself.
fn chance(finding: &Finding, trace: &Trace) -> &'static str {
    let there = |event: &&Event| event.site.is_some() && event.site == finding.site;
    let mut events = trace.events.iter().filter(there);
    match events.next().map(|event| (&event.kind, finding.evidence.contains(&event.seq))) {
        Some((EventKind::Forked { .. }, _)) => "forked at",
        Some((EventKind::Waited { .. }, false))
            if !events.any(|event| finding.evidence.contains(&event.seq)) =>
        {
            "last wait at"
        }
        _ => "",
    }
}

/// Where leaked descriptors came to be; those of one place together.
fn leaks(fds: &[(Fd, String)], trace: &Trace) -> Vec<(String, Option<SiteId>)> {
    let mut places: Vec<(Vec<String>, SiteId)> = Vec::new();
    for open in trace.left_open.iter().filter(|open| fds.iter().any(|(fd, _)| *fd == open.fd)) {
        let Some(site) = open.made_at else { continue };
        let name = format!("fd {}", open.fd);
        match places.iter_mut().find(|(_, made_at)| *made_at == site) {
            Some((names, _)) => names.push(name),
            None => places.push((vec![name], site)),
        }
    }
    let words = |names: &[String]| format!("{} opened at", list(names, 4));
    places.into_iter().map(|(names, site)| (words(&names), Some(site))).collect()
}

/// What the two places of a rule's findings are. The first mostly speaks for itself, and
/// may then give way.
const fn captions(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::ZombieLeft
        | Rule::StatusLost
        | Rule::StatusMisread
        | Rule::TooManyProcesses
        | Rule::ProcessLimit
        | Rule::Crashed => ("", "forked at"),
        Rule::OrphanLeft => ("forked at", "waits at"),
        Rule::WrongChildReaped => ("", "missed at"),
        Rule::PanicIgnored => ("", "reaped at"),
        Rule::FdInherited => ("", "opened at"),
        Rule::ShmLeft
        | Rule::SemLeft
        | Rule::QueueLeft
        | Rule::FifoLeft
        | Rule::SocketLeft
        | Rule::TempLeft => ("made at", ""),
        Rule::MappingLeft => ("mapped at", "and at"),
        Rule::MemoryLeaked => ("grew most at", ""),
        Rule::KilledBySignal => ("", "sent at"),
        Rule::SignalLost => ("waits at", "sent at"),
        Rule::MaskNotRestored | Rule::HandlerNotRestored => ("last changed at", "see also"),
        Rule::OrderBySleep => ("slept at", "went on at"),
        Rule::SpuriousWakeup => ("waited at", "went on at"),
        Rule::WakeupLost => ("sleeps at", "changed at"),
        Rule::LockAbandoned => ("taken at", "waits at"),
        Rule::MutualExclusion => ("came in at", "was there at"),
        Rule::LostUpdate => ("overwritten at", "lost from"),
        Rule::DataRace => ("first at", "then at"),
        Rule::TooManyWorkers => ("", "see also"),
        Rule::TaskRunTwice => ("run again at", "its worker forked at"),
        Rule::WorkerDeathIgnored => ("", "the worker forked at"),
        Rule::TaskLost | Rule::NotParallel => ("waits at", "see also"),
        Rule::ResultOrder => ("told at", "see also"),
        Rule::OrderViolated => ("too early at", "too late at"),
        Rule::BuildFailed
        | Rule::TodoLeft
        | Rule::MemoryLimit
        | Rule::OutputLimit
        | Rule::EintrNotHandled
        | Rule::UnsafeInHandler
        | Rule::ShortIoIgnored
        | Rule::PipeEndOpen
        | Rule::FdLeaked
        | Rule::Deadlock
        | Rule::MisuseCompiles
        | Rule::BusyWait
        | Rule::TimeLimit
        | Rule::OutputWrong
        | Rule::DiffersUnwatched => ("", "see also"),
    }
}

fn remarks(faults: &[Fault], trace: &Trace) -> Vec<String> {
    let mut all = Vec::new();
    if !faults.is_empty() {
        let faults: Vec<String> = faults.iter().map(event::fault).collect();
        all.push(format!("this test also asks of the kernel: {}", faults.join("; ")));
    }
    if !trace.replayable {
        let calls: Vec<String> = trace.unmodelled.iter().take(4).map(|call| line(call)).collect();
        let why = if calls.is_empty() { String::new() } else { format!(" ({})", calls.join(", ")) };
        all.push(format!("this run is not exactly replayable{why}: judged by repetition"));
    }
    all
}
