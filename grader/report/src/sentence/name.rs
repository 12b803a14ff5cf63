//! Words for small things: numbers, lists, endings, errors, descriptors, times.

use forklings_model::{Ending, Errno, Fd, ObjectId, ObjectKind, ProcId, Signal, SignalSet, Trace};

/// `exited with status 2`, `was killed by SIGKILL`.
#[must_use]
pub fn ended(ending: Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("exited with status {code}"),
        Ending::Killed(signal) => format!("was killed by {signal}"),
    }
}

/// `1 child`, `3 children`: a number with the form of the word that goes with it.
#[must_use]
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `P2`, `P2 and P3`, `P2, P3 and 4 more`.
#[must_use]
pub fn list<T: ToString>(all: &[T], most: usize) -> String {
    let mut words: Vec<String> = all.iter().take(most).map(ToString::to_string).collect();
    if all.len() > most {
        words.push(format!("{} more", all.len() - most));
    }
    match words.split_last() {
        None => "nobody".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A virtual time span: `1.5 s`, `20 ms`, `3 µs`.
#[must_use]
pub fn span(nanoseconds: u64) -> String {
    let (divisor, unit) = match nanoseconds {
        0..1_000 => return format!("{nanoseconds} ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let (whole, tenth) = (nanoseconds / divisor, nanoseconds % divisor * 10 / divisor);
    if tenth == 0 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") }
}

/// A descriptor as a student knows it: `standard output`, `fd 3`.
#[must_use]
pub fn descriptor(fd: Fd) -> String {
    match fd {
        0 => "standard input".to_owned(),
        1 => "standard output".to_owned(),
        2 => "standard error".to_owned(),
        other => format!("fd {other}"),
    }
}

/// Whether the object is one of the two output streams; `None` for another object.
#[must_use]
pub fn output_stream(trace: &Trace, object: Option<ObjectId>) -> Option<&'static str> {
    match trace.object(object?)?.kind {
        ObjectKind::Stdout => Some("standard output"),
        ObjectKind::Stderr => Some("standard error"),
        ObjectKind::Stdin
        | ObjectKind::Pipe
        | ObjectKind::Fifo(_)
        | ObjectKind::Queue(_)
        | ObjectKind::File(_)
        | ObjectKind::Other(_) => None,
    }
}

/// The error's name, as `errno(3)` has it.
#[must_use]
pub fn errno(errno: Errno) -> String {
    let name = match errno {
        1 => "EPERM",
        2 => "ENOENT",
        3 => "ESRCH",
        4 => "EINTR",
        5 => "EIO",
        7 => "E2BIG",
        8 => "ENOEXEC",
        9 => "EBADF",
        10 => "ECHILD",
        11 => "EAGAIN",
        12 => "ENOMEM",
        13 => "EACCES",
        14 => "EFAULT",
        16 => "EBUSY",
        17 => "EEXIST",
        20 => "ENOTDIR",
        21 => "EISDIR",
        22 => "EINVAL",
        23 => "ENFILE",
        24 => "EMFILE",
        27 => "EFBIG",
        28 => "ENOSPC",
        29 => "ESPIPE",
        30 => "EROFS",
        32 => "EPIPE",
        38 => "ENOSYS",
        other => return format!("errno {other}"),
    };
    name.to_owned()
}

/// The call as a program names it: `waitpid` of the C library makes the call `wait4`.
#[must_use]
pub fn call(call: &str) -> String {
    match call {
        "wait4" => "waitpid".to_owned(),
        other => crate::escape::line(other),
    }
}

/// A set of signals: `SIGUSR1`, `SIGINT and SIGTERM`, `all but SIGCHLD`, `all signals`.
#[must_use]
pub fn signals(set: SignalSet) -> String {
    // What nobody can block, and what the C library keeps to itself, is in no set that a program
    // means.
    let never = SignalSet::of(&[Signal::KILL, Signal::STOP, Signal(32), Signal(33)]);
    let (set, rest) = (set.without(never), set.complement().without(never));
    let (these, others): (Vec<_>, Vec<_>) = (set.iter().collect(), rest.iter().collect());
    match (these.len(), others.len()) {
        (0, _) => "no signal".to_owned(),
        (_, 0) => "all signals".to_owned(),
        (n, left) if left < n => format!("all but {}", list(&others, 3)),
        _ => list(&these, 3),
    }
}

/// A function as a program names it: `println!` calls `std::io::stdio::_print`.
#[must_use]
pub fn function(name: &str) -> String {
    match name {
        "std::io::stdio::_print" => "println!".to_owned(),
        "std::io::stdio::_eprint" => "eprintln!".to_owned(),
        lock if lock.ends_with("::lock") && lock.contains("mutex::Mutex<") => {
            "Mutex::lock".to_owned()
        }
        lock if lock.ends_with("::lock") && lock.starts_with("std::io::stdio::") => {
            crate::escape::line(lock.trim_start_matches("std::io::stdio::"))
        }
        other => crate::escape::line(other),
    }
}

/// Who forked `proc`, when that is another process of the run.
#[must_use]
pub fn parent(trace: &Trace, proc: ProcId) -> Option<ProcId> {
    trace.process(proc).and_then(|process| process.parent)
}

/// A size in memory: `4 KiB`, `1.5 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    match (bytes / MIB, bytes % MIB * 10 / MIB) {
        (0, _) => format!("{} KiB", bytes.div_ceil(1024)),
        (mib, 0) => format!("{mib} MiB"),
        (mib, tenth) => format!("{mib}.{tenth} MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_english() {
        let nobody: [ProcId; 0] = [];
        assert_eq!(list(&nobody, 3), "nobody");
        assert_eq!(list(&[ProcId(2)], 3), "P2");
        assert_eq!(list(&[ProcId(2), ProcId(3)], 3), "P2 and P3");
        assert_eq!(list(&[1, 2, 3, 4, 5], 2), "1, 2 and 3 more");
    }

    #[test]
    fn sets_of_signals_are_told_by_what_is_shorter() {
        let two = SignalSet::of(&[Signal(2), Signal::CHLD]);
        assert_eq!(signals(two), "SIGINT and SIGCHLD");
        assert_eq!(signals(two.complement()), "all but SIGINT and SIGCHLD");
        assert_eq!(signals(SignalSet::EMPTY), "no signal");
        assert_eq!(signals(SignalSet(!0)), "all signals");
    }

    #[test]
    fn functions_have_the_names_that_programs_use() {
        assert_eq!(function("std::io::stdio::_print"), "println!");
        assert_eq!(function("std::io::stdio::Stdout::lock"), "Stdout::lock");
        assert_eq!(function("std::sync::poison::mutex::Mutex<T>::lock"), "Mutex::lock");
        assert_eq!(function("malloc"), "malloc");
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        assert_eq!(span(1_500_000_000), "1.5 s");
        assert_eq!(span(20_000_000), "20 ms");
        assert_eq!(span(7), "7 ns");
    }
}
