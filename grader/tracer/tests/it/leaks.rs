//! What a trace says of memory that a program gets from the kernel and gives back, and of what it
//! leaves there.

use crate::door::{explorer, naturally, program, schedules};
use forklings_model::{
    EventKind, LeftKind, Limits, Mapped, Memory, ObjectKind, ProcId, Schedule, Strategy, Trace,
};
use forklings_sandbox::{Wanted, probe};
use forklings_tracer::{Explorer, Subject};

const LIMITS: Limits = Limits { seconds: 2, processes: 16, memory_mib: 256, output_kib: 64 };

/// A guest whose memory is followed.
#[track_caller]
fn followed(guest: &str, wanted: Wanted) -> Explorer {
    let mut subject = Subject::new(program(), vec![guest.to_owned()], LIMITS);
    subject.wanted = wanted;
    subject.follow_memory();
    Explorer::launch(subject).unwrap()
}

fn plain() -> Schedule {
    Schedule::new(Strategy::ParentFirst, 0)
}

/// What the first process got, in KiB, and what it gave back, below zero and each with the position
/// of what it was part of among the former.
fn told(trace: &Trace) -> Vec<(String, i64)> {
    let mut taken = Vec::new();
    let mut told = Vec::new();
    for event in trace.events.iter().filter(|event| event.task.proc == ProcId::ROOT) {
        match &event.kind {
            EventKind::MemoryTaken { memory, bytes } => {
                taken.push(event.seq);
                let what = match memory {
                    Memory::Heap => "heap",
                    Memory::Private => "private",
                    Memory::Mapping { by_runtime: true, .. } => "runtime",
                    Memory::Mapping { of: Mapped::Anonymous, .. } => "anonymous",
                    Memory::Mapping { of: Mapped::File(_), .. } => "file",
                    Memory::Mapping { of: Mapped::SystemV, .. } => "system v",
                };
                told.push((what.to_owned(), i64::try_from(bytes / 1024).unwrap()));
            }
            EventKind::MemoryGivenBack { parts } => {
                for part in parts {
                    let of = part.of.map(|of| taken.iter().position(|seq| *seq == of).unwrap());
                    let of = of.map_or_else(|| "before".to_owned(), |of| of.to_string());
                    told.push((of, -i64::try_from(part.bytes / 1024).unwrap()));
                }
            }
            _ => {}
        }
    }
    told
}

#[track_caller]
fn tells(guest: &str, expected: &[(&str, i64)]) {
    for wanted in [Wanted::All, Wanted::None] {
        let trace = followed(guest, wanted).run(&plain()).unwrap();
        assert_eq!(trace.stdout, b"done\n");
        let all = told(&trace);
        let own: Vec<(&str, i64)> = all.iter().map(|(what, kib)| (what.as_str(), *kib)).collect();
        // The runtime gives back the stack of its signal handlers at the end.
        let end = own.iter().rposition(|told| expected.contains(told)).map_or(0, |at| at + 1);
        assert_eq!(&own[..end], expected, "{wanted:?}");
    }
}

#[test]
fn every_call_about_private_memory_is_told_with_what_it_takes_away() {
    tells(
        "gets-memory",
        &[
            ("private", 40),
            ("0", -12),
            ("private", 16),
            ("1", -16),
            ("private", 20),
            ("private", 28),
            ("2", -4),
            ("private", 4),
            ("2", -12),
            ("3", -28),
            ("heap", 64),
            ("5", -40),
        ],
    );
}

#[test]
fn mappings_that_others_may_see_are_told_too() {
    tells(
        "attaches",
        &[("anonymous", 16), ("0", -8), ("file", 8), ("1", -8), ("system v", 12), ("2", -12)],
    );
}

/// By how many KiB private memory grew from one event to another.
fn growth(trace: &Trace, from: u32, to: u32) -> i64 {
    let between = trace.events.iter().filter(|event| (from..to).contains(&event.seq));
    between
        .map(|event| match &event.kind {
            EventKind::MemoryTaken { memory: Memory::Heap | Memory::Private, bytes } => {
                i64::try_from(*bytes).unwrap()
            }
            EventKind::MemoryGivenBack { parts } => {
                -parts.iter().map(|part| i64::try_from(part.bytes).unwrap()).sum::<i64>()
            }
            _ => 0,
        })
        .sum::<i64>()
        / 1024
}

/// The events that print lines with this beginning.
fn prints(trace: &Trace, beginning: &str) -> Vec<(u32, String)> {
    let writes = trace.events.iter().filter_map(|event| match &event.kind {
        EventKind::Write(io) => Some((event.seq, String::from_utf8_lossy(&io.bytes).into_owned())),
        _ => None,
    });
    writes.filter(|(_, text)| text.starts_with(beginning)).collect()
}

#[test]
fn what_is_told_is_what_the_kernel_says() {
    for wanted in [Wanted::All, Wanted::None] {
        let trace = followed("weighs-itself", wanted).run(&plain()).unwrap();
        let said = prints(&trace, "weight ");
        let weight = |n: usize| -> i64 { said[n].1["weight ".len()..].trim().parse().unwrap() };
        let grown = growth(&trace, said[0].0, said[1].0);
        assert!(grown > 512, "it keeps much: {grown}");
        assert_eq!(grown, weight(1) - weight(0), "{wanted:?}");
    }
}

#[test]
fn a_child_s_memory_is_its_own() {
    let trace = followed("grows-in-a-child", Wanted::All).run(&plain()).unwrap();
    let (from, to) = (prints(&trace, "begins")[0].0, prints(&trace, "is back")[0].0);
    let of = |proc: u32| {
        let between = trace.events.iter().filter(|event| (from..to).contains(&event.seq));
        between
            .filter(|event| event.task.proc == ProcId(proc))
            .filter(|event| matches!(event.kind, EventKind::MemoryTaken { .. }))
            .count()
    };
    assert_eq!((of(1), of(2)), (0, 2));
}

#[test]
fn without_being_asked_nothing_is_told() {
    let trace = explorer("gets-memory", Wanted::All).run(&plain()).unwrap();
    assert_eq!(told(&trace), []);
}

#[test]
fn who_is_followed_does_what_it_does_otherwise_and_repeats() {
    for guest in [
        "threads",
        "condvar",
        "spawns",
        "forks",
        "shared-memory-moves",
        "copies-through-shared-memory",
        "uses-what-is-unmapped",
        "shares-a-file-after-exec",
        "gets-memory",
        "attaches",
        "grows-in-a-child",
    ] {
        let (output, ending) = naturally(guest);
        let mut explorer = followed(guest, Wanted::All);
        for schedule in schedules().into_iter().take(4) {
            let trace = explorer.run(&schedule).unwrap();
            assert_eq!(String::from_utf8_lossy(&trace.stdout), output, "{guest}: {schedule:?}");
            assert_eq!(trace.root_ending(), Some(ending), "{guest}: {:?}", trace.end);
            assert!(trace.replayable, "{guest}: {schedule:?}");
            if probe().namespaces {
                let again = explorer.run(&schedule).unwrap();
                let differs = again.events.iter().zip(&trace.events).find(|(a, b)| a != b);
                assert!(again == trace, "{guest} differs: {differs:?}");
            }
        }
    }
}

#[test]
fn what_system_v_keeps_is_found_with_the_call_that_made_it() {
    if !probe().namespaces {
        return; // Nobody could tell whose it is.
    }
    let mut explorer = explorer("leaves-system-v", Wanted::All);
    let first = explorer.run(&plain()).unwrap();
    let left = first.left_behind.clone().unwrap();
    let paths: Vec<&str> = left.iter().map(|left| left.path.as_str()).collect();
    let (memory, queue) = ("shared memory (IPC_PRIVATE)", "message queue (IPC_PRIVATE)");
    let expected = [memory, "semaphores (key 0x41)", queue].map(|what| format!("System V {what}"));
    assert_eq!(paths, expected);
    let makers: Vec<(ProcId, &str)> = left
        .iter()
        .map(|left| {
            let made = first.events.iter().find_map(|event| match &event.kind {
                EventKind::Used { call, object, .. } if *object == left.object => {
                    Some((event.task.proc, call.as_str()))
                }
                _ => None,
            });
            made.unwrap()
        })
        .collect();
    assert_eq!(makers, [(ProcId(1), "shmget"), (ProcId(2), "semget"), (ProcId(1), "msgget")]);
    let kind = |n: usize| &first.object(left[n].object.unwrap()).unwrap().kind;
    assert_eq!(*kind(0), ObjectKind::Other("shmget".to_owned()));
    // They are gone before the next run, which tells the same.
    assert_eq!(explorer.run(&plain()).unwrap(), first);
}

#[test]
fn what_has_a_name_is_found_in_a_sandbox_and_is_gone_before_the_next_run() {
    if !probe().namespaces {
        return; // Nobody could tell whose it is.
    }
    let mut explorer = explorer("leaves-names", Wanted::All);
    let first = explorer.run(&plain()).unwrap();
    let left: Vec<(LeftKind, &str)> =
        first.left_behind.iter().flatten().map(|left| (left.kind, left.path.as_str())).collect();
    let expected = [
        (LeftKind::SharedMemory, "/dev/shm/memory"),
        (LeftKind::Semaphore, "/dev/shm/sem.semaphore"),
        (LeftKind::Queue, "/dev/mqueue/queue"),
        (LeftKind::Fifo, "/tmp/fifo"),
        (LeftKind::Socket, "/tmp/socket"),
    ];
    assert_eq!(left, expected);
    assert_eq!(explorer.run(&plain()).unwrap(), first);
}
