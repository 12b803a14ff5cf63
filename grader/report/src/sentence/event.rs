//! A short phrase for each kind of event, as it stands in a column of a timeline.

use crate::escape::{bytes, cut, line};
use crate::sentence::name::{self, errno, output_stream, span};
use crate::sentence::wait;
use forklings_model::{
    Access, AccessKind, Action, Event, EventKind, Fault, ForkKind, IoResult, Mapped, Memory,
    ProcId, SignalSet, SignalSource, SignalTarget, Strike, Trace, WaitOutcome, WaitTarget,
};

/// The phrase, in the column of the process that did it or that it happened to.
#[must_use]
pub fn phrase(event: &Event, trace: &Trace) -> String {
    let phrase = about_to(event, trace).unwrap_or_else(|| of_kind(&event.kind, trace));
    if event.task.thread == 1 { phrase } else { format!("T{}: {phrase}", event.task.thread) }
}

/// What is said of a wait for signals that stood only at its beginning when a signal came: its
/// handler ran before the call, which no handler restarts and which would otherwise have been
/// interrupted.
#[expect(clippy::wildcard_enum_match_arm, reason = "two of many kinds are the beginning of a wait")]
pub(crate) fn about_to(event: &Event, trace: &Trace) -> Option<String> {
    let said = match &event.kind {
        EventKind::AwaitsSignals { awaited, .. } => {
            format!("about to await {}", name::signals(*awaited))
        }
        EventKind::Blocked { on } => format!("about to wait: {}", wait::short(on)),
        _ => return None,
    };
    let own = |other: &&Event| other.task == event.task;
    let first = match event.kind {
        // What it waits for was said just before.
        EventKind::Blocked { .. } => {
            trace.events.iter().rev().skip_while(|other| other.seq >= event.seq).find(own)?
        }
        _ => event,
    };
    let mut from = trace.events.iter().skip_while(|other| other.seq < first.seq).filter(own);
    let mut next = || from.next().map(|event| &event.kind);
    let forestalled = matches!(next(), Some(EventKind::AwaitsSignals { call, .. }) if call != "rt_sigtimedwait")
        && matches!(next(), Some(EventKind::Blocked { .. }))
        && matches!(next(), Some(EventKind::SignalDelivered { action: Action::Handler, .. }))
        && next().is_some_and(|then| !matches!(then, EventKind::Interrupted { .. }));
    forestalled.then_some(said)
}

fn of_kind(kind: &EventKind, trace: &Trace) -> String {
    match kind {
        EventKind::Started { pid, .. } => format!("starts, pid {}", pid.0),
        EventKind::Forked { child, how } => format!("{} → {child}", fork_call(*how)),
        EventKind::ForkFailed { errno: e, .. } => format!("fork: {}", errno(*e)),
        EventKind::ThreadStarted { thread } => format!("thread → T{}", thread.thread),
        EventKind::ThreadEnded => "thread ends".to_owned(),
        EventKind::Exec { program, .. } => format!("exec {}", file_name(program)),
        EventKind::ExecFailed { program, errno: e } => {
            format!("exec {}: {}", file_name(program), errno(*e))
        }
        EventKind::Ended { ending } => ending.to_string(),
        EventKind::Zombie { .. } => "zombie".to_owned(),
        EventKind::Discarded { .. } => "status discarded".to_owned(),
        EventKind::Orphaned { to } => format!("orphan → {}", or_init(*to)),
        EventKind::Waited { outcome, target, .. } => waited(outcome, *target),
        EventKind::Blocked { on } => format!("blocked: {}", wait::short(on)),
        EventKind::SignalSent { signal, target, errno: failed } => {
            let sent = format!("{signal} → {}", target_name(target));
            failed.map_or(sent.clone(), |e| format!("{sent}: {}", errno(e)))
        }
        EventKind::SignalMerged { signal } => format!("{signal} pending already"),
        EventKind::SignalDelivered { signal, source, action } => {
            delivered(*signal, *source, *action)
        }
        EventKind::Disposition { signal, action, .. } => {
            format!("{signal}: {}", action_name(*action))
        }
        EventKind::Mask { was, blocked } => mask(*was, *blocked),
        EventKind::AwaitsSignals { awaited, .. } => format!("awaits {}", name::signals(*awaited)),
        EventKind::SignalTaken { signal } => format!("takes {signal}"),
        EventKind::HandlerReturned { .. } => "handler returns".to_owned(),
        EventKind::UnsafeCall { function, .. } => name::function(function),
        EventKind::Interrupted { call, .. } => format!("{}: EINTR", name::call(call)),
        EventKind::Pipe { read, write, .. } => format!("pipe → fd {read}, {write}"),
        EventKind::Opened { fd, .. } => format!("open → fd {fd}"),
        EventKind::OpenFailed { path, errno: e } => {
            format!("open {}: {}", file_name(path), errno(*e))
        }
        EventKind::Duplicated { from, to, .. } => format!("dup fd {from} → {to}"),
        EventKind::DescriptorFlags { fd, close_on_exec, nonblocking } => {
            let flag = match (close_on_exec, nonblocking) {
                (Some(true), _) => "closes on exec",
                (Some(false), _) => "survives exec",
                (None, Some(true)) => "non-blocking",
                (None, _) => "blocking",
            };
            format!("fd {fd} {flag}")
        }
        EventKind::Closed { fd, errno: None, .. } => format!("close fd {fd}"),
        EventKind::Closed { fd, errno: Some(e), .. } => format!("close fd {fd}: {}", errno(*e)),
        EventKind::Read(io) => moved("read", io, trace),
        EventKind::Write(io) => moved("write", io, trace),
        EventKind::PolledInVain { call } => format!("{}: not yet", name::call(call)),
        EventKind::TimedOut { call } => format!("{}: timed out", name::call(call)),
        EventKind::Slept { asked, interrupted: false } => format!("slept {}", span(*asked)),
        EventKind::Slept { asked, interrupted: true } => format!("sleep {}: EINTR", span(*asked)),
        EventKind::AskedParent { answer } => format!("getppid = {}", answer.0),
        EventKind::Used { call, errno: None, .. } => name::call(call),
        EventKind::Used { call, errno: Some(e), .. } => {
            format!("{}: {}", name::call(call), errno(*e))
        }
        EventKind::Accessed(access) => accessed(access),
        EventKind::Named { path } => format!("makes {}", line(path)),
        EventKind::MemoryTaken { memory, bytes } => taken(memory, *bytes),
        EventKind::MemoryGivenBack { parts } => {
            format!("gives back {}", name::size(parts.iter().map(|part| part.bytes).sum()))
        }
        EventKind::Injected { fault: fault_ } => format!("injected: {}", injected(fault_)),
        EventKind::Exiting => "exits: closes all".to_owned(),
        EventKind::Stopped { signal } => format!("stopped by {signal}"),
        EventKind::Continued => "goes on".to_owned(),
        EventKind::SessionOrGroup { call } => line(call),
        EventKind::BecameSubreaper => "becomes subreaper".to_owned(),
        EventKind::Refused { call } => format!("{}: refused", line(call)),
        EventKind::Unmodelled { call } => format!("{} (no model)", line(call)),
    }
}

fn accessed(access: &Access) -> String {
    let Access { offset, before, after, .. } = access;
    match access.kind {
        AccessKind::Load => format!("reads [{offset}]: {before}"),
        AccessKind::Store => format!("writes [{offset}]: {after}"),
        AccessKind::Update if before == after => format!("tries [{offset}]: {before}"),
        AccessKind::Update => format!("[{offset}]: {before} to {after}"),
    }
}

fn taken(memory: &Memory, bytes: u64) -> String {
    let what = match memory {
        Memory::Heap => "heap grows by",
        Memory::Private => "memory grows by",
        Memory::Mapping { of: Mapped::SystemV, .. } => "shmat",
        Memory::Mapping { .. } => "mmap",
    };
    format!("{what} {}", name::size(bytes))
}

/// A fault in a few words.
#[must_use]
pub fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Eintr(signal) => format!("{signal} during a blocking call"),
        Fault::ForkEagain { nth } => format!("fork no. {nth} fails with EAGAIN"),
        Fault::ShortRead => "short reads".to_owned(),
        Fault::ShortWrite => "short writes".to_owned(),
        Fault::EarlyTimeout => "time-outs end early".to_owned(),
        Fault::Strike { what, nth } => struck(*what, *nth),
    }
}

/// The fault in the column of whom it hit.
fn injected(fault: &Fault) -> String {
    match fault {
        Fault::Eintr(signal) => signal.to_string(),
        Fault::ForkEagain { .. } => "fork fails".to_owned(),
        Fault::ShortRead => "short read".to_owned(),
        Fault::ShortWrite => "short write".to_owned(),
        Fault::EarlyTimeout => "time passes".to_owned(),
        Fault::Strike { what: Strike::Epipe | Strike::Kill, .. } => "SIGKILL".to_owned(),
        Fault::Strike { what: Strike::Enospc, .. } => "ENOSPC".to_owned(),
        Fault::Strike { what: Strike::Emfile, .. } => "EMFILE".to_owned(),
        Fault::Strike { what: Strike::SpuriousWakeup, .. } => "wait returns".to_owned(),
    }
}

/// What strikes one place of a run, and which.
fn struck(what: Strike, nth: Option<u32>) -> String {
    let Some(nth) = nth else {
        return match what {
            Strike::Epipe => "a write loses its readers (EPIPE)",
            Strike::Enospc => "a call that needs room fails with ENOSPC",
            Strike::Emfile => "a call that makes a descriptor fails with EMFILE",
            Strike::Kill => "a process is killed by SIGKILL",
            Strike::SpuriousWakeup => "a wait in futex returns for no reason",
        }
        .to_owned();
    };
    match what {
        Strike::Epipe => format!("write no. {nth} loses its readers (EPIPE)"),
        Strike::Enospc => format!("call no. {nth} that needs room fails with ENOSPC"),
        Strike::Emfile => format!("call no. {nth} that makes a descriptor fails with EMFILE"),
        Strike::Kill => format!("a process is killed by SIGKILL at step no. {nth}"),
        Strike::SpuriousWakeup => format!("wait no. {nth} in futex returns for no reason"),
    }
}

const fn fork_call(how: ForkKind) -> &'static str {
    match how {
        ForkKind::Fork => "fork",
        ForkKind::Vfork => "vfork",
        ForkKind::Clone => "clone",
    }
}

/// What a change of the mask adds, and what it takes away.
fn mask(was: SignalSet, blocked: SignalSet) -> String {
    let (more, less) = (blocked.without(was), was.without(blocked));
    let (more, less) = (
        (!more.is_empty()).then(|| format!("blocks {}", name::signals(more))),
        (!less.is_empty()).then(|| format!("unblocks {}", name::signals(less))),
    );
    more.into_iter().chain(less).collect::<Vec<_>>().join(", ")
}

fn waited(outcome: &WaitOutcome, target: WaitTarget) -> String {
    let call = match target {
        WaitTarget::Any | WaitTarget::Group => "waitpid".to_owned(),
        WaitTarget::Child(child) => format!("waitpid {child}"),
        WaitTarget::Stranger(pid) => format!("waitpid pid {}", pid.0),
    };
    match outcome {
        WaitOutcome::Reaped { child, .. } => format!("waitpid → {child}"),
        WaitOutcome::Seen(child) => format!("waitid sees {child}"),
        WaitOutcome::Job(child) => format!("waitpid: {child} stopped"),
        WaitOutcome::NothingYet => format!("{call}: not yet"),
        WaitOutcome::Failed(e) => format!("{call}: {}", errno(*e)),
    }
}

fn delivered(signal: forklings_model::Signal, source: SignalSource, action: Action) -> String {
    let from = match source {
        SignalSource::Process(proc) => format!(" from {proc}"),
        SignalSource::Kernel | SignalSource::Fault => String::new(),
    };
    let what = match action {
        Action::Default | Action::Handler => "",
        Action::Ignore => ", ignored",
    };
    format!("← {signal}{from}{what}")
}

fn moved(call: &str, io: &IoResult, trace: &Trace) -> String {
    let fd = io.fd;
    match (&io.result, output_stream(trace, io.object)) {
        (Err(e), _) => format!("{call} fd {fd}: {}", errno(*e)),
        (Ok(_), Some(stream)) if call == "write" => {
            let text = String::from_utf8_lossy(&io.bytes);
            if stream == "standard error" && text.contains("panicked at ") {
                return "panics".to_owned();
            }
            let text = bytes(io.bytes.strip_suffix(b"\n").unwrap_or(&io.bytes));
            let to = if stream == "standard error" { "stderr " } else { "" };
            format!("prints {to}\"{}\"", cut(&text, 40))
        }
        (Ok(0), _) if call == "read" && io.asked > 0 => format!("read fd {fd}: end of file"),
        (Ok(1), _) => format!("{call} fd {fd}: 1 byte{}", of_asked(io, 1)),
        (Ok(n), _) => format!("{call} fd {fd}: {n} bytes{}", of_asked(io, *n)),
    }
}

/// A shortened call says how much was asked for: without it nobody sees that it was short.
fn of_asked(io: &IoResult, moved: u64) -> String {
    if io.shortened && moved < io.asked { format!(" of {}", io.asked) } else { String::new() }
}

fn target_name(target: &SignalTarget) -> String {
    match target {
        SignalTarget::Process(proc) => proc.to_string(),
        SignalTarget::Task(task) => task.to_string(),
        SignalTarget::Nobody(pid) => format!("nobody (pid {})", pid.0),
        SignalTarget::Group(_) => "its group".to_owned(),
        SignalTarget::Everybody => "everybody".to_owned(),
    }
}

/// Several signals to which one task does the same, one after another: `SIGHUP and 28 more:
/// default`.
#[must_use]
pub fn dispositions(first: &Event, same: &[Event], trace: &Trace) -> String {
    let EventKind::Disposition { signal, action, .. } = &first.kind else {
        return phrase(first, trace);
    };
    format!("{signal} and {} more: {}", same.len(), action_name(*action))
}

const fn action_name(action: Action) -> &'static str {
    match action {
        Action::Default => "default",
        Action::Ignore => "ignored",
        Action::Handler => "handler",
    }
}

fn or_init(proc: Option<ProcId>) -> String {
    proc.map_or_else(|| "init".to_owned(), |proc| proc.to_string())
}

fn file_name(path: &str) -> String {
    line(path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(path))
}
