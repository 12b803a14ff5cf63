//! Typical runs for the rules about signals: a function each.

use crate::build::{P1, P2, Run, holder, wait_for};
use forklings_model::{
    Action, Demand, Detail, End, EventKind, Failure, LostIn, ProcId, Signal, SignalSet,
    SignalSource, SignalTarget, WaitsFor,
};

/// Every case, named by its rule and what is special about it.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    vec![
        ("unsafe-in-handler", unsafe_in_handler()),
        ("mask-not-restored", mask_not_restored()),
        ("handler-not-restored", handler_not_restored()),
        ("signal-lost", signal_lost(LostIn::BeforeTheWait)),
        ("signal-lost-alarm", alarm_lost()),
        ("signal-lost-merged", signal_lost(LostIn::Merged)),
        ("signal-lost-ignored", signal_lost(LostIn::Ignored)),
        ("signal-lost-blocked", signal_lost(LostIn::Blocked)),
    ]
}

/// SIGUSR1, which exercises send.
const USR1: Signal = Signal(10);

fn handles(run: &mut Run, proc: ProcId) -> u32 {
    let (signal, action) = (USR1, Action::Handler);
    let (restart, no_child_wait, handler) = (false, false, Some(0));
    run.event(proc, EventKind::Disposition { signal, action, restart, no_child_wait, handler })
}

fn delivered(run: &mut Run, to: ProcId, from: ProcId) -> u32 {
    let (source, action) = (SignalSource::Process(from), Action::Handler);
    run.event(to, EventKind::SignalDelivered { signal: USR1, source, action })
}

fn sends(run: &mut Run, from: ProcId, to: ProcId) -> u32 {
    let target = SignalTarget::Process(to);
    run.event(from, EventKind::SignalSent { signal: USR1, target, errno: None })
}

fn unsafe_in_handler() -> Failure {
    let mut run = Run::new(&["parent_waits"]);
    handles(&mut run, P1);
    run.fork(P1);
    sends(&mut run, P2, P1);
    let begun = delivered(&mut run, P1, P2);
    let function = "std::io::stdio::_print".to_owned();
    let called = run.event(P1, EventKind::UnsafeCall { signal: USR1, function: function.clone() });
    run.print(P1, "got it\n");
    run.event(P1, EventKind::HandlerReturned { blocked: SignalSet::EMPTY });
    run.exit(P2, 0);
    run.exit(P1, 0);
    let site = run.site(12, "println!(\"got it\");");
    let detail = Detail::UnsafeInHandler { proc: P1, signal: USR1, function };
    run.failure(detail, &[begun, called], Some(site), None)
}

fn mask_not_restored() -> Failure {
    let (from, to) = ("scoped: begins".to_owned(), "scoped: over".to_owned());
    let mut run = Run::new(&["scoped"]);
    let first = run.print(P1, "scoped: begins\n");
    let (was, blocked) = (SignalSet::of(&[Signal(2)]), SignalSet::of(&[Signal(2), USR1]));
    let masked = run.event(P1, EventKind::Mask { was, blocked });
    let last = run.print(P1, "scoped: over\n");
    run.exit(P1, 0);
    let site = run.site(31, "set.thread_block()?;");
    let demand = Demand::MaskRestored { from, to };
    let detail = Detail::MaskNotRestored { proc: P1, demand, was, blocked };
    run.failure(detail, &[first, masked, last], Some(site), None)
}

fn handler_not_restored() -> Failure {
    let (from, to) = ("scoped: begins".to_owned(), "scoped: over".to_owned());
    let mut run = Run::new(&["scoped"]);
    let first = run.print(P1, "scoped: begins\n");
    let handled = handles(&mut run, P1);
    let last = run.print(P1, "scoped: over\n");
    run.exit(P1, 0);
    let site = run.site(33, "sigaction(Signal::SIGUSR1, &action)?;");
    let demand = Demand::HandlersRestored { from, to };
    let changed = vec![
        (USR1, Action::Default, Action::Handler),
        (Signal(14), Action::Handler, Action::Handler),
    ];
    let detail = Detail::HandlerNotRestored { proc: P1, demand, changed };
    run.failure(detail, &[first, handled, last], Some(site), None)
}

fn signal_lost(window: LostIn) -> Failure {
    let mut run = Run::new(&["parent_waits"]);
    if window != LostIn::Ignored {
        handles(&mut run, P1);
    }
    run.fork(P1);
    let awaits = |run: &mut Run| {
        let call = "pause".to_owned();
        run.event(P1, EventKind::AwaitsSignals { call, awaited: SignalSet(!0) });
        run.blocked(&wait_for(P1, WaitsFor::Signal))
    };
    match window {
        // It stands before its call: the handler does not interrupt it.
        LostIn::BeforeTheWait => _ = awaits(&mut run),
        // A wait that a first signal ended.
        LostIn::Merged => {
            awaits(&mut run);
            sends(&mut run, P2, P1);
            delivered(&mut run, P1, P2);
            let call = "pause".to_owned();
            run.event(P1, EventKind::Interrupted { call, signal: Some(USR1) });
        }
        LostIn::Ignored | LostIn::Blocked => {}
    }
    let sent = sends(&mut run, P2, P1);
    let lost = match window {
        LostIn::BeforeTheWait => delivered(&mut run, P1, P2),
        LostIn::Merged => run.event(P1, EventKind::SignalMerged { signal: USR1 }),
        LostIn::Ignored => handles(&mut run, P1),
        LostIn::Blocked => sent,
    };
    run.exit(P2, 0);
    let stuck = awaits(&mut run);
    run.trace.end = End::Deadlock { waits: vec![wait_for(P1, WaitsFor::Signal)] };
    let (site, origin) = (run.site(25, "pause();"), run.site(21, "kill(getppid(), SIGUSR1)?;"));
    let detail = Detail::SignalLost { proc: P1, signal: USR1, window };
    run.failure(detail, &[sent, lost, stuck], Some(site), Some(origin))
}

fn alarm_lost() -> Failure {
    let mut run = Run::new(&["answer"]);
    let (signal, action) = (Signal::ALRM, Action::Handler);
    let (restart, no_child_wait, handler) = (false, false, Some(0));
    run.event(P1, EventKind::Disposition { signal, action, restart, no_child_wait, handler });
    let object = run.pipe(P1, 3, 4, 12);
    let source = SignalSource::Kernel;
    let lost = run.event(P1, EventKind::SignalDelivered { signal, source, action });
    let returned = EventKind::HandlerReturned { blocked: SignalSet::EMPTY };
    run.event(P1, returned);
    let writers = vec![holder(P1, 4, None)];
    let wait = wait_for(P1, WaitsFor::Readable { fd: 3, object, writers });
    let stuck = run.blocked(&wait);
    run.trace.end = End::Deadlock { waits: vec![wait] };
    let site = run.site(31, "read(&answer, &mut byte)");
    let detail = Detail::SignalLost { proc: P1, signal, window: LostIn::BeforeTheWait };
    run.failure(detail, &[lost, stuck], Some(site), None)
}
