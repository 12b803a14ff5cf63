//! One typical run for each rule. The file is long because the rules are many: a function each.

use crate::build::{P1, P2, P3, Run, STDERR, holder, io, wait_for};
use crate::inspected_cases;
use crate::leak_cases;
use crate::lock_cases;
use crate::memory_cases;
use crate::output_cases;
use crate::pool_cases;
use crate::signal_cases;
use crate::unwatched_cases;
use forklings_model::{
    Action, Demand, Descriptor, Detail, End, Ending, EventKind, Failure, Fault, IoResult, Object,
    ObjectId, ObjectKind, Pid, PipeEnd, ProcId, Signal, SignalSource, SignalTarget, WaitOptions,
    WaitOutcome, WaitTarget, WaitsFor,
};

/// Every case, named by its rule and what is special about it.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    vec![
        ("zombie-left", zombie_left()),
        ("zombie-left-never-waited", zombie_never_waited()),
        ("zombie-left-driver-waits", zombie_driver_waits()),
        ("orphan-left", orphan_left()),
        ("status-lost", status_lost()),
        ("wrong-child-reaped", wrong_child_reaped()),
        ("status-misread", status_misread()),
        ("too-many-processes", too_many_processes()),
        ("too-many-at-once", too_many_at_once()),
        ("busy-wait", busy_wait()),
        ("busy-wait-naps", naps()),
        ("busy-wait-in-memory", turns()),
        ("panic-ignored", panic_ignored()),
        ("killed-by-signal", killed_by_signal()),
        ("eintr-not-handled", eintr_not_handled()),
        ("fd-leaked", fd_leaked()),
        ("shm-left", left(|paths| Detail::ShmLeft { paths }, "/dev/shm/counter")),
        ("sem-left", left(|paths| Detail::SemLeft { paths }, "/dev/shm/sem.gate")),
        ("queue-left", left(|paths| Detail::QueueLeft { paths }, "/dev/mqueue/jobs")),
        ("fifo-left", left(|paths| Detail::FifoLeft { paths }, "/tmp/requests")),
        ("socket-left", left(|paths| Detail::SocketLeft { paths }, "/tmp/service")),
        ("temp-left", left(|paths| Detail::TempLeft { paths }, "/tmp/sorted-101")),
        ("fd-inherited", fd_inherited()),
        ("pipe-end-open", pipe_end_open()),
        ("pipe-end-open-own", pipe_end_open_own()),
        ("pipe-end-open-read", pipe_end_open_read()),
        ("short-io-ignored", short_io_ignored()),
        ("deadlock", deadlock()),
        ("deadlock-one-by-one", deadlock_one_by_one()),
        ("order-by-sleep", order_by_sleep()),
        ("order-by-sleep-confirmed", slept(true)),
        ("order-by-sleep-forbidden", slept_at_all()),
        ("order-violated", order_violated()),
        ("crashed-panic", crashed_panic()),
        ("crashed-signal", crashed_signal()),
        ("time-limit", time_limit()),
        ("process-limit", process_limit()),
        ("memory-limit", memory_limit()),
        ("output-limit", output_limit()),
        ("build-failed", build_failed()),
        ("todo-left", todo_left()),
    ]
    .into_iter()
    .chain(inspected_cases::all())
    .chain(lock_cases::all())
    .chain(memory_cases::all())
    .chain(leak_cases::all())
    .chain(output_cases::all())
    .chain(pool_cases::all())
    .chain(signal_cases::all())
    .chain(unwatched_cases::all())
    .collect()
}

pub(crate) fn zombie_left() -> Failure {
    let mut run = Run::new(&["reap_all", "2"]);
    run.noise(P1, 4);
    run.fork(P1);
    run.noise(P1, 3);
    run.fork(P1);
    run.noise(P2, 3);
    run.exit(P2, 1);
    run.sigchld(P1, false);
    let dead = run.exit(P3, 2);
    run.sigchld(P1, true);
    run.reap(P1, P2, 1);
    let end = run.exit(P1, 0);
    let wait = run.site(41, "while let Ok(s) = waitpid(None, Some(WNOHANG)) {");
    let fork = run.site(29, "match unsafe { fork() }? {");
    let detail =
        Detail::ZombieLeft { child: P3, pid: Pid(4), ending: Ending::Exited(2), parent: P1 };
    run.failure(detail, &[dead, end], Some(wait), Some(fork))
}

fn zombie_never_waited() -> Failure {
    let mut run = Run::new(&["reap_all", "2"]);
    run.fork(P1);
    let dead = run.exit(P2, 0);
    let end = run.exit(P1, 0);
    let fork = run.site(29, "match unsafe { fork() }? {");
    let detail =
        Detail::ZombieLeft { child: P2, pid: Pid(3), ending: Ending::Exited(0), parent: P1 };
    run.failure(detail, &[dead, end], Some(fork), None)
}

/// The driver waits for a child of its own, long after the student's function has returned.
fn zombie_driver_waits() -> Failure {
    let mut run = Run::new(&["reap_all", "2"]);
    run.fork(P1);
    let dead = run.exit(P2, 0);
    let end = run.exit(P1, 0);
    let wait = run.given(88, "waitpid(None, None)?;");
    let fork = run.site(29, "match unsafe { fork() }? {");
    let detail =
        Detail::ZombieLeft { child: P2, pid: Pid(3), ending: Ending::Exited(0), parent: P1 };
    run.failure(detail, &[dead, end], Some(wait), Some(fork))
}

fn orphan_left() -> Failure {
    let mut run = Run::new(&["reap_all", "2"]);
    run.fork(P1);
    run.fork(P1);
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    let end = run.exit(P1, 0);
    run.trace.end = End::Root { ending: Ending::Exited(0), alive: vec![P3] };
    let fork = run.site(29, "match unsafe { fork() }? {");
    run.failure(Detail::OrphanLeft { proc: P3, pid: Pid(4), parent: P1 }, &[end], Some(fork), None)
}

fn status_lost() -> Failure {
    let mut run = Run::new(&["reap_all", "2"]);
    let set = run.event(
        P1,
        EventKind::Disposition {
            signal: Signal::CHLD,
            action: Action::Ignore,
            restart: false,
            no_child_wait: false,
            handler: None,
        },
    );
    run.fork(P1);
    run.event(P2, EventKind::Ended { ending: Ending::Exited(7) });
    let lost = run.event(P2, EventKind::Discarded { parent: Some(P1) });
    run.wait(P1, WaitOutcome::Failed(10));
    run.exit(P1, 0);
    let site = run.site(12, "unsafe { signal(SIGCHLD, SigHandler::SigIgn) }?;");
    let detail = Detail::StatusLost {
        child: P2,
        ending: Ending::Exited(7),
        parent: P1,
        ignored_sigchld: true,
    };
    run.failure(detail, &[set, lost], Some(site), None)
}

fn wrong_child_reaped() -> Failure {
    let mut run = Run::new(&["reap_all_beside", "1"]);
    run.fork(P1);
    run.fork(P1);
    run.exit(P2, 0);
    let taken = run.reap(P1, P2, 0);
    let failed = run.event(
        P1,
        EventKind::Waited {
            target: WaitTarget::Child(P2),
            options: WaitOptions::default(),
            outcome: WaitOutcome::Failed(10),
        },
    );
    run.exit(P1, 1);
    let site = run.site(41, "waitpid(None, None)?;");
    run.failure(
        Detail::WrongChildReaped { child: P2, parent: P1 },
        &[taken, failed],
        Some(site),
        None,
    )
}

fn status_misread() -> Failure {
    let mut run = Run::new(&["reap_one", "3"]);
    run.fork(P1);
    run.exit(P2, 3);
    let reaped = run.reap(P1, P2, 3);
    let said = run.print(P1, "child: exited with 768\n");
    run.exit(P1, 0);
    let site = run.site(20, "Ok(Ended::Code(status))");
    let detail = Detail::StatusMisread {
        child: P2,
        ending: Ending::Exited(3),
        said: "child: exited with 768".to_owned(),
    };
    run.failure(detail, &[reaped, said], Some(site), None)
}

fn too_many_processes() -> Failure {
    let mut run = Run::new(&["fan", "2"]);
    run.fork(P1);
    let second = run.seq_of_fork(P2);
    run.fork(P1);
    run.exit(P3, 0);
    let site =
        run.site(33, "for i in 0..n { if let ForkResult::Child = unsafe { fork() }? { … } }");
    let detail = Detail::TooManyProcesses { demand: Demand::Forks(2), seen: 3, culprit: Some(P2) };
    run.failure(detail, &[second], Some(site), None)
}

fn too_many_at_once() -> Failure {
    let mut run = Run::new(&["limited", "2", "4"]);
    run.fork(P1);
    run.fork(P1);
    let third = run.seq_of_fork(P1);
    let site = run.site(33, "let pid = start(job)?;");
    let detail =
        Detail::TooManyProcesses { demand: Demand::AtMostAlive(2), seen: 3, culprit: None };
    run.failure(detail, &[third], Some(site), None)
}

fn busy_wait() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    run.fork(P1);
    let mut evidence = Vec::new();
    for _ in 0..50 {
        run.wait(P1, WaitOutcome::NothingYet);
        evidence.push(run.event(P1, EventKind::PolledInVain { call: "waitpid".to_owned() }));
    }
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    run.exit(P1, 0);
    let site = run.site(18, "while waitpid(pid, Some(WNOHANG))? == StillAlive {}");
    let ends = [evidence[0], evidence[1], evidence[49]];
    let detail =
        Detail::BusyWait { proc: P1, call: Some("waitpid".to_owned()), times: 50, naps: 0 };
    run.failure(detail, &ends, Some(site), None)
}

fn turns() -> Failure {
    let mut run = Run::new(&["parent_waits"]);
    run.fork(P1);
    let turns = run.blocked(&wait_for(P1, WaitsFor::Memory));
    run.print(P2, "first\n");
    run.print(P1, "then\n");
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    run.exit(P1, 0);
    let site = run.site(42, "while !TOLD.swap(false, SeqCst) {}");
    let detail = Detail::BusyWait { proc: P1, call: None, times: 0, naps: 0 };
    run.failure(detail, &[turns], Some(site), None)
}

fn naps() -> Failure {
    let mut run = Run::new(&["reap_one", "3"]);
    run.fork(P1);
    let mut evidence = Vec::new();
    for _ in 0..9 {
        run.wait(P1, WaitOutcome::NothingYet);
        evidence.push(run.event(P1, EventKind::PolledInVain { call: "wait4".to_owned() }));
        run.event(P1, EventKind::Slept { asked: 1_000_000, interrupted: false });
    }
    run.exit(P2, 3);
    run.reap(P1, P2, 3);
    run.exit(P1, 0);
    let site = run.site(18, "while waitpid(pid, Some(WNOHANG))? == StillAlive {");
    let ends = [evidence[0], evidence[1], evidence[8]];
    let detail = Detail::BusyWait { proc: P1, call: Some("wait4".to_owned()), times: 9, naps: 9 };
    run.failure(detail, &ends, Some(site), None)
}

fn panic_ignored() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    run.fork(P1);
    let panic = run.complain(P2, "thread 'main' panicked at src/lib.rs:30:9:\nno such job\n");
    let dead = run.exit(P2, 101);
    run.reap(P1, P2, 101);
    let end = run.exit(P1, 0);
    let site = run.site(30, "jobs[i].expect(\"no such job\")");
    let detail = Detail::PanicIgnored { child: P2, panic: "no such job".to_owned() };
    run.failure(detail, &[panic, dead, end], Some(site), None)
}

fn killed_by_signal() -> Failure {
    let mut run = Run::new(&["parent_waits"]);
    run.fork(P1);
    let signal = Signal(10);
    let sent = run.event(
        P2,
        EventKind::SignalSent { signal, target: SignalTarget::Process(P1), errno: None },
    );
    let hit = run.event(
        P1,
        EventKind::SignalDelivered {
            signal,
            source: SignalSource::Process(P2),
            action: Action::Default,
        },
    );
    let dead = run.end(P1, Ending::Killed(signal));
    run.trace.end = End::Root { ending: Ending::Killed(signal), alive: vec![P2] };
    let site = run.site(22, "unsafe { sigaction(SIGUSR1, &action) }?;");
    let detail = Detail::KilledBySignal { proc: P1, signal, by: Some(P2) };
    run.failure(detail, &[sent, hit, dead], Some(site), None)
}

fn eintr_not_handled() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    run.fork(P1);
    let on = WaitsFor::Child { candidates: vec![P2] };
    run.blocked(&wait_for(P1, on));
    run.event(P1, EventKind::Injected { fault: Fault::Eintr(Signal(14)) });
    run.event(
        P1,
        EventKind::SignalDelivered {
            signal: Signal(14),
            source: SignalSource::Fault,
            action: Action::Handler,
        },
    );
    let cut = run
        .event(P1, EventKind::Interrupted { call: "waitpid".to_owned(), signal: Some(Signal(14)) });
    run.wait(P1, WaitOutcome::Failed(4));
    let end = run.exit(P1, 1);
    let site = run.site(17, "waitpid(pid, None)?");
    let detail =
        Detail::EintrNotHandled { proc: P1, call: "waitpid".to_owned(), signal: Some(Signal(14)) };
    run.failure(detail, &[cut, end], Some(site), None)
}

/// Something with a name that the program leaves.
fn left(detail: fn(Vec<String>) -> Detail, path: &str) -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    let object = ObjectId(u32::try_from(run.trace.objects.len()).unwrap());
    let kind = ObjectKind::File(path.to_owned());
    run.trace.objects.push(Object { object, kind, made_at: None });
    let made = run.event(P1, EventKind::Opened { fd: 3, object, close_on_exec: false });
    let end = run.exit(P1, 0);
    let site = run.site(12, "let file = open(path, flags, mode)?;");
    run.failure(detail(vec![path.to_owned()]), &[made, end], Some(site), None)
}

fn fd_leaked() -> Failure {
    let mut run = Run::new(&["ask"]);
    run.pipe(P1, 3, 4, 31);
    let end = run.exit(P1, 0);
    let pipe = run.site(31, "let (from, to) = pipe()?;");
    let file = run.site(36, "let log = File::create(path)?.into_raw_fd();");
    let open = |fd, what: &str, made_at| Descriptor {
        fd,
        what: what.to_owned(),
        object: None,
        made_at: Some(made_at),
    };
    run.trace.left_open = vec![open(3, "pipe", pipe), open(4, "pipe", pipe), open(5, "log", file)];
    let fds = run.trace.left_open.iter().map(|open| (open.fd, open.what.clone())).collect();
    run.failure(Detail::FdLeaked { fds }, &[1, end], Some(pipe), None)
}

fn fd_inherited() -> Failure {
    let mut run = Run::new(&["pipeline"]);
    let pipe = run.pipe(P1, 3, 4, 31);
    run.fork(P1);
    let exec = run.event(
        P2,
        EventKind::Exec {
            program: "/usr/bin/cat".to_owned(),
            argv: vec!["cat".to_owned()],
            inherited: vec![(4, pipe)],
        },
    );
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    run.exit(P1, 0);
    let site = run.site(44, "execvp(&program, &args)?;");
    let opened = run.site(31, "let (from, to) = pipe()?;");
    let detail = Detail::FdInherited {
        proc: P2,
        program: "/usr/bin/cat".to_owned(),
        fds: vec![(4, "write end of a pipe".to_owned())],
    };
    run.failure(detail, &[exec], Some(site), Some(opened))
}

pub(crate) fn pipe_end_open() -> Failure {
    let mut run = Run::new(&["ask"]);
    let pipe = run.pipe(P1, 3, 4, 31);
    run.fork(P1);
    run.fork(P1);
    run.close(P1, 4, pipe);
    run.event(P3, EventKind::Write(io(4, pipe, b"hello world\n")));
    run.exit(P3, 0);
    run.event(P1, EventKind::Read(io(3, pipe, b"hello world\n")));
    let opened = run.site(31, "let (from, to) = pipe()?;");
    let reads = wait_for(
        P1,
        WaitsFor::Readable { fd: 3, object: pipe, writers: vec![holder(P2, 4, Some(opened))] },
    );
    let mut waits_for_signal = wait_for(P2, WaitsFor::Signal);
    waits_for_signal.site = Some(run.site(44, "pause();"));
    let first = run.blocked(&waits_for_signal);
    let last = run.blocked(&reads);
    run.trace.end = End::Deadlock { waits: vec![reads.clone(), waits_for_signal.clone()] };
    let site = run.site(52, "from.read_to_end(&mut answer)?;");
    let detail = Detail::PipeEndOpen {
        waiter: P1,
        fd: 3,
        object: pipe,
        end: PipeEnd::Write,
        holder: P2,
        held: 4,
        others: Vec::new(),
        waits: vec![reads, waits_for_signal],
    };
    run.failure(detail, &[first, last], Some(site), Some(opened))
}

fn pipe_end_open_own() -> Failure {
    reads_for_ever(1)
}

/// A message that arrives in so many reads, and then no end of file.
pub(crate) fn reads_for_ever(reads: u8) -> Failure {
    let mut run = Run::new(&["ask"]);
    let pipe = run.pipe(P1, 3, 4, 31);
    run.fork(P1);
    run.close(P2, 3, pipe);
    run.event(P2, EventKind::Write(io(4, pipe, b"hello world\n")));
    run.exit(P2, 0);
    for n in 1..=reads {
        run.event(P1, EventKind::Read(io(3, pipe, &vec![b'x'; 11 + usize::from(n)])));
    }
    let opened = run.site(31, "let (from, to) = pipe()?;");
    let reads = wait_for(
        P1,
        WaitsFor::Readable { fd: 3, object: pipe, writers: vec![holder(P1, 4, Some(opened))] },
    );
    let last = run.blocked(&reads);
    run.trace.end = End::Deadlock { waits: vec![reads.clone()] };
    let site = run.site(52, "from.read_to_end(&mut answer)?;");
    let detail = Detail::PipeEndOpen {
        waiter: P1,
        fd: 3,
        object: pipe,
        end: PipeEnd::Write,
        holder: P1,
        held: 4,
        others: Vec::new(),
        waits: vec![reads],
    };
    run.failure(detail, &[last], Some(site), Some(opened))
}

/// P2 has read all that it wanted and has ended; P3 writes on, and P1 keeps a read end.
fn pipe_end_open_read() -> Failure {
    let mut run = Run::new(&["ask"]);
    let pipe = run.pipe(P1, 3, 4, 31);
    run.fork(P1);
    run.event(P2, EventKind::Read(io(3, pipe, b"h")));
    run.exit(P2, 0);
    run.fork(P1);
    run.close(P1, 4, pipe);
    let opened = run.site(31, "let (from, to) = pipe()?;");
    let readers = [holder(P1, 3, Some(opened)), holder(P3, 3, Some(opened))];
    let full = WaitsFor::Writable { fd: 4, object: pipe, readers: readers.to_vec() };
    let mut writes = wait_for(P3, full);
    let mut reaps = wait_for(P1, WaitsFor::Child { candidates: vec![P3] });
    writes.site = Some(run.site(38, "to.write_all(&request)?;"));
    reaps.site = Some(run.site(52, "waitpid(writer, None)?;"));
    let first = run.blocked(&writes);
    let last = run.blocked(&reaps);
    run.trace.end = End::Deadlock { waits: vec![reaps.clone(), writes.clone()] };
    let site = writes.site;
    let detail = Detail::PipeEndOpen {
        waiter: P3,
        fd: 4,
        object: pipe,
        end: PipeEnd::Read,
        holder: P1,
        held: 3,
        others: vec![(P3, 3)],
        waits: vec![reaps, writes],
    };
    run.failure(detail, &[first, last], site, Some(opened))
}

fn short_io_ignored() -> Failure {
    let mut run = Run::new(&["ask"]);
    let pipe = run.pipe(P1, 3, 4, 31);
    run.fork(P1);
    run.event(P2, EventKind::Write(io(4, pipe, &[b'x'; 4000])));
    run.exit(P2, 0);
    let short =
        IoResult { asked: 8192, result: Ok(1000), shortened: true, ..io(3, pipe, &[b'x'; 1000]) };
    let read = run.event(P1, EventKind::Read(short));
    run.reap(P1, P2, 0);
    run.exit(P1, 0);
    let site = run.site(52, "let n = read(&from, &mut buffer)?;");
    let detail = Detail::ShortIoIgnored { proc: P1, write: false, fd: 3, asked: 8192, moved: 1000 };
    run.failure(detail, &[read], Some(site), None)
}

/// The child's work waits, in the given driver, for a child that was not started.
fn deadlock_one_by_one() -> Failure {
    let mut run = Run::new(&["fan", "2"]);
    let pipe = run.pipe(P1, 3, 4, 31);
    let made = run.given(88, "let (reader, writer) = pipe()?;");
    let object = run.trace.objects.last_mut().unwrap();
    object.made_at = Some(made);
    run.fork(P1);
    let mut reaps = wait_for(P1, WaitsFor::Child { candidates: vec![P2] });
    let writers = vec![holder(P1, 4, Some(made)), holder(P2, 4, Some(made))];
    let mut reads = wait_for(P2, WaitsFor::Readable { fd: 3, object: pipe, writers });
    reaps.site = Some(run.site(52, "waitpid(child, None)?;"));
    reads.site = Some(run.site(48, "let code = job();"));
    let first = run.blocked(&reaps);
    let last = run.blocked(&reads);
    run.trace.end = End::Deadlock { waits: vec![reaps.clone(), reads.clone()] };
    let site = reaps.site;
    run.failure(Detail::Deadlock { waits: vec![reaps, reads] }, &[first, last], site, None)
}

fn deadlock() -> Failure {
    let mut run = Run::new(&["ask"]);
    let pipe = run.pipe(P1, 3, 4, 31);
    run.fork(P1);
    run.close(P2, 3, pipe);
    run.event(P2, EventKind::Write(io(4, pipe, &[b'x'; 65536])));
    let opened = run.site(31, "let (from, to) = pipe()?;");
    let writes = wait_for(
        P2,
        WaitsFor::Writable { fd: 4, object: pipe, readers: vec![holder(P1, 3, Some(opened))] },
    );
    let mut waits = wait_for(P1, WaitsFor::Child { candidates: vec![P2] });
    waits.site = Some(run.site(50, "waitpid(child, None)?;"));
    let mut writes = writes;
    writes.site = Some(run.site(38, "to.write_all(&answer)?;"));
    let first = run.blocked(&waits);
    let last = run.blocked(&writes);
    run.trace.end = End::Deadlock { waits: vec![waits.clone(), writes.clone()] };
    let site = waits.site;
    run.failure(Detail::Deadlock { waits: vec![waits, writes] }, &[first, last], site, None)
}

fn done_before_all() -> Demand {
    Demand::Before { first: "child 0: done".to_owned(), second: "all reaped".to_owned() }
}

pub(crate) fn order_by_sleep() -> Failure {
    slept(false)
}

/// A sleep in the place of a wait, confirmed by another run or not.
fn slept(confirmed: bool) -> Failure {
    let demand = done_before_all();
    let mut run = Run::new(&["reap_all", "1"]);
    run.fork(P1);
    let slept = run.event(P1, EventKind::Slept { asked: 100_000_000, interrupted: false });
    let early = run.print(P1, "all reaped\n");
    let late = run.print(P2, "child 0: done\n");
    run.exit(P2, 0);
    run.exit(P1, 0);
    let site = run.site(19, "sleep(Duration::from_millis(100));");
    let detail = Detail::OrderBySleep { proc: P1, asked: 100_000_000, demand, confirmed };
    run.failure(detail, &[slept, early, late], Some(site), None)
}

/// A sleep between two looks, where nobody is to sleep.
fn slept_at_all() -> Failure {
    let mut run = Run::new(&["parent_waits", "plain"]);
    run.fork(P1);
    let slept = run.event(P1, EventKind::Slept { asked: 1_000_000, interrupted: false });
    run.print(P2, "child: first\n");
    run.exit(P2, 0);
    run.print(P1, "parent: then\n");
    run.reap(P1, P2, 0);
    run.exit(P1, 0);
    let site = run.site(19, "sleep(Duration::from_millis(1));");
    let (asked, demand) = (1_000_000, Demand::NeverSleeps);
    let detail = Detail::OrderBySleep { proc: P1, asked, demand, confirmed: false };
    run.failure(detail, &[slept], Some(site), None)
}

fn order_violated() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    run.fork(P1);
    let early = run.print(P1, "all reaped\n");
    let late = run.print(P2, "child 0: done\n");
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    run.exit(P1, 0);
    let site = run.site(19, "println!(\"all reaped\");");
    let detail = Detail::OrderViolated { demand: done_before_all() };
    run.failure(detail, &[early, late], Some(site), None)
}

fn crashed_panic() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    run.wait(P1, WaitOutcome::Failed(10));
    let panic = run.complain(P1, "thread 'main' panicked at src/lib.rs:17:30: ECHILD\n");
    let end = run.exit(P1, 101);
    let site = run.site(17, "waitpid(pid, None).unwrap()");
    let detail = Detail::Crashed {
        proc: P1,
        ending: Ending::Exited(101),
        panic: Some("called `Result::unwrap()` on an `Err` value: ECHILD".to_owned()),
    };
    run.failure(detail, &[panic, end], Some(site), None)
}

fn crashed_signal() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    run.fork(P1);
    let signal = Signal(11);
    let hit = run.event(
        P2,
        EventKind::SignalDelivered {
            signal,
            source: SignalSource::Kernel,
            action: Action::Default,
        },
    );
    let dead = run.end(P2, Ending::Killed(signal));
    run.exit(P1, 0);
    let site = run.site(64, "unsafe { *pointer = 3 }");
    let detail = Detail::Crashed { proc: P2, ending: Ending::Killed(signal), panic: None };
    run.failure(detail, &[hit, dead], Some(site), None)
}

fn time_limit() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    run.fork(P1);
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    let site = run.site(18, "while reaped < n {");
    run.trace.end = End::TimeLimit { seconds: 5, proc: P1, computing: true, site: Some(site) };
    run.failure(Detail::TimeLimit { seconds: 5, proc: P1, computing: true }, &[], Some(site), None)
}

pub(crate) fn process_limit() -> Failure {
    let mut run = Run::new(&["fan", "2"]);
    let mut last = P1;
    for _ in 0..31 {
        last = run.fork(last);
    }
    let asked = run.event(last, EventKind::ForkFailed { errno: 11, injected: false });
    run.trace.end = End::ProcessLimit { processes: 32, proc: last };
    let site = run.site(33, "while let Ok(_) = unsafe { fork() } {}");
    let detail = Detail::ProcessLimit { processes: 32, proc: last };
    run.failure(detail, &[asked], Some(site), None)
}

fn memory_limit() -> Failure {
    let mut run = Run::new(&["remains", "5", "4"]);
    run.trace.end = End::MemoryLimit { mib: 256, proc: P1 };
    let site = run.site(70, "buffer.resize(length, 0);");
    run.failure(Detail::MemoryLimit { mib: 256, proc: P1 }, &[], Some(site), None)
}

fn output_limit() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    let mut last = 0;
    for _ in 0..40 {
        last = run.print(P1, "again\n");
    }
    run.trace.end = End::OutputLimit { kib: 64, proc: P1 };
    run.failure(Detail::OutputLimit { kib: 64, proc: P1 }, &[last], None, None)
}

fn build_failed() -> Failure {
    let mut run = Run::new(&["reap_all", "1"]);
    run.trace.events.clear();
    let diagnostics = "error[E0308]: mismatched types\n --> src/lib.rs:4:5\n  |\n4 |     \"no\"\n  \
                       |     ^^^^ expected `i32`, found `&str`\n";
    run.failure(Detail::BuildFailed { diagnostics: diagnostics.to_owned() }, &[], None, None)
}

pub(crate) fn todo_left() -> Failure {
    let mut run = Run::new(&["reap_all", "2"]);
    let panic = run.event(P1, EventKind::Write(io(2, STDERR, b"not yet implemented")));
    let site = run.site(41, "todo!(\"TODO 2: reap every child of the list\")");
    let detail = Detail::TodoLeft { todo: "TODO 2: reap every child of the list".to_owned() };
    run.failure(detail, &[panic], Some(site), None)
}

/// A program of thirty processes, of which one is left.
pub(crate) fn thirty() -> Failure {
    let mut run = Run::new(&["reap_all", "30"]);
    for _ in 0..30 {
        run.fork(P1);
    }
    for n in 2..32 {
        run.exit(ProcId(n), 0);
        run.sigchld(P1, n > 2);
    }
    for n in (2..32).filter(|n| *n != 17) {
        run.reap(P1, ProcId(n), 0);
    }
    let end = run.exit(P1, 0);
    let fork = run.site(29, "match unsafe { fork() }? {");
    let detail = Detail::ZombieLeft {
        child: ProcId(17),
        pid: Pid(18),
        ending: Ending::Exited(0),
        parent: P1,
    };
    run.failure(detail, &[end], None, Some(fork))
}

/// A program that a runtime prepares, and whose child gives every signal its default effect.
pub(crate) fn starts_up() -> forklings_model::Trace {
    let mut run = Run::new(&["spawn"]);
    let does = |signal, action| EventKind::Disposition {
        signal: Signal(signal),
        action,
        restart: false,
        no_child_wait: false,
        handler: None,
    };
    for signal in [11, 7] {
        let seq = run.event(P1, does(signal, Action::Handler));
        run.trace.before_main.push(seq);
    }
    run.fork(P1);
    for signal in [1, 2, 3, 13, 15] {
        run.event(P2, does(signal, Action::Default));
    }
    run.event(P2, does(14, Action::Ignore));
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    run.exit(P1, 0);
    run.trace
}
