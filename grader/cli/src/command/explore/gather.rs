//! What the runs of an exploration show: for each rule the shortest run that breaks it, the
//! different results, and what is only listed. Keeps little of each run, so that memory does not
//! grow with their number.

use forklings_model::{
    Command, End, Ending, EventKind, Explored, Failure, Fault, Finding, ObjectKind, Output, Place,
    Remark, Rule, Schedule, Stopped, Strike, Survey, Trace,
};
use forklings_rules::Seen;
use forklings_tracer::{Explorer, minimise};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Bytes of a stream that are told.
const TOLD: usize = 64 * 1024;
/// Different results that are kept apart.
const OUTPUTS: usize = 200;
/// Times that a failing schedule is run again until it fails again.
const TRIES: u32 = 3;

/// What the runs show.
pub(super) struct Gathered {
    command: Command,
    broken: BTreeMap<Rule, Shown>,
    outputs: BTreeMap<String, Class>,
    /// With the first run that shows it, where only the lines of its code tell whether it counts.
    listed: BTreeMap<Rule, (Finding, u32, Option<Trace>)>,
    remarks: BTreeSet<Remark>,
}

/// One rule that was broken.
struct Shown {
    finding: Finding,
    trace: Trace,
    times: u32,
}

/// One result.
struct Class {
    output: Output,
    result: String,
    /// A run that had it, and whether that broke no rule.
    schedule: Schedule,
    clean: bool,
}

impl Gathered {
    pub(super) fn new(command: &Command) -> Self {
        let mut remarks = BTreeSet::new();
        let mode = fs::metadata(&command.program).map_or(0, |meta| meta.permissions().mode());
        if mode & 0o6000 != 0 {
            remarks.insert(Remark::SetId);
        }
        Self {
            command: command.clone(),
            broken: BTreeMap::new(),
            outputs: BTreeMap::new(),
            listed: BTreeMap::new(),
            remarks,
        }
    }

    /// Takes in one more run.
    pub(super) fn add(&mut self, trace: &Trace, seen: Seen) {
        let clean = seen.findings.is_empty();
        let mut rules = BTreeSet::new();
        for finding in seen.findings {
            if rules.insert(finding.rule()) {
                self.note(finding, trace);
            }
        }
        let mut listed = BTreeSet::new();
        for finding in seen.listed {
            let rule = finding.rule();
            if listed.insert(rule) {
                let first = || (rule == Rule::BusyWait).then(|| trace.clone());
                self.listed.entry(rule).or_insert_with(|| (finding, 0, first())).1 += 1;
            }
        }
        self.add_output(trace, clean);
        self.look_for_remarks(trace);
    }

    /// Rules that were broken and different results, in a few words.
    pub(super) fn brief(&self) -> Vec<String> {
        let mut words: Vec<String> = self.broken.keys().map(ToString::to_string).collect();
        let clean =
            self.outputs.values().filter(|class| class.clean && class.output.struck.is_none());
        let mut seen = BTreeSet::new();
        if clean.into_iter().any(|class| !seen.insert(class.output.failed_fork)) {
            words.push("results differ".to_owned());
        }
        words
    }

    /// The shortest run is the easiest to read.
    fn note(&mut self, finding: Finding, trace: &Trace) {
        match self.broken.get_mut(&finding.rule()) {
            None => {
                let shown = Shown { finding, trace: trace.clone(), times: 1 };
                self.broken.insert(shown.finding.rule(), shown);
            }
            Some(shown) => {
                shown.times += 1;
                let replayable = trace.replayable && !shown.trace.replayable;
                let shorter = trace.replayable == shown.trace.replayable
                    && trace.events.len() < shown.trace.events.len();
                if replayable || shorter {
                    (shown.finding, shown.trace) = (finding, trace.clone());
                }
            }
        }
    }

    fn add_output(&mut self, trace: &Trace, clean: bool) {
        let failed_fork = failed_fork(trace);
        let struck = struck(trace);
        let key = format!("{} {failed_fork:?} {struck:?}", result_of(trace));
        if !self.outputs.contains_key(&key) && self.outputs.len() >= OUTPUTS {
            self.remarks.insert(Remark::ManyOutputs);
            return;
        }
        let class = self.outputs.entry(key).or_insert_with(|| Class {
            result: result_of(trace),
            output: Output {
                stdout: told(&trace.stdout),
                stderr: told(&trace.stderr),
                shortened: trace.stdout.len().max(trace.stderr.len()) > TOLD,
                ending: trace.root_ending(),
                failed_fork,
                struck,
                schedules: 0,
                clean: 0,
                replay: None,
            },
            schedule: trace.schedule.clone(),
            clean,
        });
        class.output.schedules += 1;
        class.output.clean += u32::from(clean);
        if clean && !class.clean {
            (class.schedule, class.clean) = (trace.schedule.clone(), true);
        }
    }

    fn look_for_remarks(&mut self, trace: &Trace) {
        let by_clock = trace.unmodelled.is_empty() && !trace.replayable;
        if by_clock {
            self.remarks.insert(Remark::Computes);
        }
        let opened = trace.events.iter().filter_map(|event| {
            let EventKind::Opened { object, .. } = event.kind else { return None };
            trace.object(object)
        });
        for object in opened {
            // Source: `proc(5)`, field `TracerPid` of /proc/<pid>/status.
            if let ObjectKind::File(path) = &object.kind
                && path.starts_with("/proc/")
                && path.ends_with("/status")
                // In a pid namespace of its own a program is not shown its tracer.
                && !trace.isolation.namespaces
            {
                self.remarks.insert(Remark::LooksForTracer(path.clone()));
            }
        }
        if matches!(self.command.place, Place::Machine(_)) && !trace.isolation.namespaces {
            self.remarks.insert(Remark::NotKeptApart);
        }
    }

    /// Runs each failing schedule once more, with call stacks, and sums up. Gives a schedule for
    /// each result too.
    pub(super) fn finish(
        self,
        explorer: &mut Explorer,
        explored: Explored,
        stopped: Stopped,
        faults: Vec<Vec<Fault>>,
    ) -> (Survey, Vec<(String, Schedule)>) {
        let mut failures = Vec::new();
        let mut unconfirmed = Vec::new();
        for (rule, shown) in self.broken {
            let times = shown.times;
            match confirm(&self.command, explorer, shown) {
                Some((finding, trace)) => {
                    let small = smaller(&self.command, explorer, &finding, &trace);
                    let (finding, trace) = small.unwrap_or((finding, trace));
                    failures.push(Failure { finding, shown_in: times, trace, replay: None });
                }
                None => unconfirmed.push(rule),
            }
        }
        let command = &self.command;
        let listed = self.listed.into_values().filter(|(finding, _, first)| {
            !first.as_ref().is_some_and(|run| is_library_s_own(command, explorer, finding, run))
        });
        let listed = listed.map(|(finding, times, _)| (finding, times)).collect();
        let mut classes: Vec<(String, Class)> = self.outputs.into_iter().collect();
        // Equal numbers in the order of what was printed, so that equal explorations say the same.
        classes.sort_by(|a, b| {
            let key = |class: &Class| (class.output.schedules, class.output.stdout.clone());
            let ((more, out), (less, other)) = (key(&a.1), key(&b.1));
            less.cmp(&more).then(out.cmp(&other))
        });
        let (schedules, outputs) = classes
            .into_iter()
            .map(|(_, class)| ((class.result, class.schedule), class.output))
            .unzip();
        let survey = Survey {
            command: self.command,
            faults,
            explored,
            given_up: 0,
            stopped,
            failures,
            unconfirmed,
            outputs,
            listed,
            remarks: self.remarks.into_iter().collect(),
        };
        (survey, schedules)
    }
}

/// The finding with the lines of the code, from running its schedule again. What the kernel itself
/// tells stands even where it cannot be repeated; what rests on models of calls is claimed of a run
/// that need not repeat only when it fails again.
fn confirm(command: &Command, explorer: &mut Explorer, shown: Shown) -> Option<(Finding, Trace)> {
    let rule = shown.finding.rule();
    if matches!(rule, Rule::OutputLimit | Rule::MemoryLimit) {
        // It would only take as long again.
        return Some((shown.finding, shown.trace));
    }
    for _ in 0..TRIES {
        let Ok(trace) = explorer.show(&shown.trace) else { continue };
        let seen = forklings_rules::without_contract(&trace, &command.demands, &command.waivers);
        if let Some(finding) = seen.findings.into_iter().find(|found| found.rule() == rule) {
            return Some((finding, trace));
        }
        if shown.trace.replayable {
            break;
        }
    }
    let modelled = matches!(rule, Rule::Deadlock | Rule::PipeEndOpen | Rule::SignalLost);
    (shown.trace.replayable || !modelled).then_some((shown.finding, shown.trace))
}

/// Whether a busy-wait is a library's own, by the lines of its code.
fn is_library_s_own(
    command: &Command,
    explorer: &mut Explorer,
    finding: &Finding,
    run: &Trace,
) -> bool {
    let Ok(trace) = explorer.show(run) else { return false };
    let seen = forklings_rules::without_contract(&trace, &command.demands, &command.waivers);
    let again = seen.listed.iter().find(|found| found.rule() == finding.rule());
    again.is_some_and(|found| forklings_rules::is_library_s_own(found, &trace))
}

/// A smaller run that shows the same failure at the same place, if there is one.
fn smaller(
    command: &Command,
    explorer: &mut Explorer,
    seen: &Finding,
    trace: &Trace,
) -> Option<(Finding, Trace)> {
    if matches!(seen.rule(), Rule::OutputLimit | Rule::MemoryLimit | Rule::TimeLimit) {
        return None;
    }
    let found = |trace: &Trace| {
        let seen_there =
            forklings_rules::without_contract(trace, &command.demands, &command.waivers);
        seen_there.findings.into_iter().find(|finding| finding.is_same_failure(seen))
    };
    let small = minimise(explorer, trace, true, &mut |trace| found(trace).is_some())?;
    let shown = explorer.show(&small.trace).ok()?;
    let finding = found(&shown)?;
    finding.is_in_same_place(&shown, seen, trace).then_some((finding, shown))
}

/// What tells results apart: both streams, and how the program ended.
pub(crate) fn result_of(trace: &Trace) -> String {
    let mut hasher = blake3::Hasher::new();
    for stream in [&trace.stdout, &trace.stderr] {
        hasher.update(&(stream.len() as u64).to_le_bytes());
        hasher.update(stream);
    }
    let end = match &trace.end {
        End::Root { ending: Ending::Exited(code), .. } => format!("exited {code}"),
        End::Root { ending: Ending::Killed(signal), .. } => format!("killed {signal}"),
        End::Deadlock { .. }
        | End::TimeLimit { .. }
        | End::ProcessLimit { .. }
        | End::MemoryLimit { .. }
        | End::OutputLimit { .. }
        | End::NoRun
        | End::Abandoned { .. } => "cut short".to_owned(),
    };
    hasher.update(end.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// The fork that was made to fail in a run, if one was.
fn failed_fork(trace: &Trace) -> Option<u32> {
    trace.schedule.faults.iter().find_map(|fault| match fault {
        Fault::ForkEagain { nth } => Some(*nth),
        Fault::Eintr(_)
        | Fault::ShortRead
        | Fault::ShortWrite
        | Fault::EarlyTimeout
        | Fault::Strike { .. } => None,
    })
}

/// What struck a run in one place, if anything did.
fn struck(trace: &Trace) -> Option<Strike> {
    trace.events.iter().find_map(|event| {
        let EventKind::Injected { fault: Fault::Strike { what, .. } } = event.kind else {
            return None;
        };
        Some(what)
    })
}

fn told(stream: &[u8]) -> Vec<u8> {
    stream[..stream.len().min(TOLD)].to_vec()
}
