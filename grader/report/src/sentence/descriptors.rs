//! Sentences of the rules about descriptors, pipes and standstill.

use super::Explanation;
use crate::escape::line;
use crate::place::place;
use crate::sentence::name::{count, descriptor, list};
use crate::sentence::wait;
use forklings_model::{Fd, Finding, ProcId, Trace, Wait, WaitsFor};

pub(super) fn pipe_end_open(
    (reader, fd): (ProcId, Fd),
    (holder, held): (ProcId, Fd),
    waits: &[Wait],
    finding: &Finding,
    trace: &Trace,
) -> Explanation {
    // The holder's own record of where its descriptor came from is exact; the finding's second
    // place serves where the wait does not list it.
    let opened = waits
        .iter()
        .filter_map(|wait| match &wait.on {
            WaitsFor::Readable { writers, .. } => Some(writers),
            WaitsFor::Writable { .. }
            | WaitsFor::AnyOf { .. }
            | WaitsFor::Child { .. }
            | WaitsFor::Signal
            | WaitsFor::Futex { .. }
            | WaitsFor::VforkChild { .. }
            | WaitsFor::FifoPeer { .. }
            | WaitsFor::Lock { .. }
            | WaitsFor::Semaphore { .. }
            | WaitsFor::Message { .. }
            | WaitsFor::Connection { .. }
            | WaitsFor::Continue
            | WaitsFor::Unmodelled { .. } => None,
        })
        .flatten()
        .find(|h| h.proc == holder && h.fd == held)
        .and_then(|h| h.opened_at)
        .or(finding.origin);
    let opened = place(trace, opened).map_or(String::new(), |place| format!(", opened at {place}"));
    let own = reader == holder;
    let who = if own { format!("{holder} itself") } else { holder.to_string() };
    let mut happened = format!(
        "{who} still holds the write end (fd {held}{opened}), so {reader}'s read from {} never \
         sees end of file",
        descriptor(fd)
    );
    for other in waits.iter().filter(|wait| wait.task.proc != reader).take(3) {
        happened.push('\n');
        happened.push_str(&wait::sentence(other, trace));
    }
    let likely = if own {
        format!(
            "fork gives both ends to both processes. {reader} reads and forgot to close its own \
             write end; as long as anybody holds one, the kernel waits for more bytes"
        )
    } else {
        format!(
            "fork copies every open descriptor into the child. {holder} has no use for this write \
             end (any more) and keeps it open"
        )
    };
    Explanation {
        expected: format!(
            "{reader} reads until the end of file, which comes when every write end is closed"
        ),
        happened,
        likely,
        experiment: format!(
            "close fd {held} in {holder} {}",
            if own {
                "before it reads"
            } else {
                "right after the fork, or when its last byte is written"
            }
        ),
        man: "man 7 pipe, \"I/O on pipes and FIFOs\"",
    }
}

pub(super) fn deadlock(waits: &[Wait], trace: &Trace) -> Explanation {
    let mut lines: Vec<String> =
        waits.iter().take(5).map(|wait| wait::sentence(wait, trace)).collect();
    if waits.len() > 5 {
        lines.push(format!("and {} more wait", waits.len() - 5));
    }
    let writes = waits.iter().any(|w| matches!(w.on, WaitsFor::Writable { .. }));
    let reads = waits.iter().any(|w| matches!(w.on, WaitsFor::Readable { .. }));
    let children = waits.iter().any(|w| matches!(w.on, WaitsFor::Child { .. }));
    let signals = waits.iter().any(|w| matches!(w.on, WaitsFor::Signal));
    let (likely, experiment, man) = if writes && children {
        (
            "the parent waits for the child's end, the child waits for somebody to read: what it \
             writes does not fit into the pipe",
            "read until end of file first, and only then wait for the child",
            "man 7 pipe, \"Pipe capacity\"",
        )
    } else if writes {
        (
            "each side writes and neither reads: a pipe holds only so much (64 KiB on Linux), then \
             write waits",
            "take turns, or let one process write and another read; try it with a larger input",
            "man 7 pipe, \"Pipe capacity\"",
        )
    } else if reads && children {
        (
            "the parent waits for the child's end, the child waits for bytes, or an end of file, \
             that the parent still owes it",
            "write, and close the write end, before you wait for the child",
            "man 7 pipe, \"I/O on pipes and FIFOs\"",
        )
    } else if signals {
        (
            "the signal came before anybody waited for it: checked first, then slept",
            "block the signal before the fork, and wait with sigsuspend, which opens the mask and \
             sleeps in one step",
            "man 2 sigsuspend",
        )
    } else if reads {
        (
            "each waits to read what the other would write only afterwards",
            "let one side write first",
            "man 7 pipe, \"I/O on pipes and FIFOs\"",
        )
    } else {
        (
            "the waits form a ring: each waits for the next",
            "draw who waits for whom, and take one edge of the ring away",
            "man 2 waitpid",
        )
    };
    Explanation {
        expected: "somebody can always go on until the program ends".to_owned(),
        happened: format!("nobody can go on:\n{}", lines.join("\n")),
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man,
    }
}

pub(super) fn short_io(proc: ProcId, write: bool, fd: Fd, asked: u64, moved: u64) -> Explanation {
    let (call, verb, rest) =
        if write { ("write", "took", asked.saturating_sub(moved)) } else { ("read", "gave", 0) };
    let to = if write { "to" } else { "from" };
    let after = if write {
        format!(
            "the other {} never written",
            match rest {
                1 => "byte was".to_owned(),
                n => format!("{n} bytes were"),
            }
        )
    } else {
        "it did not ask for the rest".to_owned()
    };
    let (likely, experiment, man) = if write {
        (
            "one write may take less than it is given. The number it returns says how much",
            "write in a loop until nothing is left, or use write_all",
            "man 2 write, RETURN VALUE",
        )
    } else {
        (
            "one read is taken for the whole message. A pipe has bytes, not messages: read returns \
             what is there by now",
            "read in a loop until it returns 0 (end of file), or use read_to_end or read_exact",
            "man 2 read, RETURN VALUE",
        )
    };
    Explanation {
        expected: format!(
            "{proc} goes on until all bytes are {}",
            if write { "written" } else { "read" }
        ),
        happened: format!(
            "{proc}'s {call} {to} {} {verb} {moved} of {asked} bytes, and {after}",
            descriptor(fd)
        ),
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man,
    }
}

pub(super) fn fd_inherited(proc: ProcId, program: &str, fds: &[(Fd, String)]) -> Explanation {
    Explanation {
        expected: "a program that is executed gets the descriptors that are meant for it"
            .to_owned(),
        happened: format!(
            "{proc} executed {}, which found {} open that {} not its business: {}",
            line(program),
            count(fds.len() as u64, "descriptor", "descriptors"),
            if fds.len() == 1 { "is" } else { "are" },
            named(fds)
        ),
        likely:
            "exec keeps every descriptor open that is not marked close-on-exec. A pipe's end in \
                 a program that knows nothing of it can hold up its end of file for ever"
                .to_owned(),
        experiment:
            "make it with O_CLOEXEC (pipe2), and use dup2 for what the program shall have: \
                     the copy stays open"
                .to_owned(),
        man: "man 2 open, O_CLOEXEC",
    }
}

pub(super) fn fd_leaked(fds: &[(Fd, String)]) -> Explanation {
    let n = count(fds.len() as u64, "descriptor was", "descriptors were");
    Explanation {
        expected: "P1 closes every descriptor that it opens".to_owned(),
        happened: format!("{n} still open when P1 ended: {}", named(fds)),
        likely: "no close on this path. A raw descriptor (i32, into_raw_fd, libc::pipe) is closed \
                 by nobody; a function that returns early skips its close"
            .to_owned(),
        experiment: "hold it in an OwnedFd or File, which closes it when dropped, on every path"
            .to_owned(),
        man: "man 2 close",
    }
}

fn named(fds: &[(Fd, String)]) -> String {
    let words: Vec<String> =
        fds.iter().map(|(fd, what)| format!("fd {fd} ({})", line(what))).collect();
    list(&words, 4)
}
