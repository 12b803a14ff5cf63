//! Sentences of the rules about descriptors and short transfers.

use super::Explanation;
use crate::escape::line;
use crate::sentence::name::{count, descriptor, list};
use forklings_model::{Fd, ProcId};

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
            "write in a loop until nothing is left (in Rust: write_all)",
            "man 2 write, RETURN VALUE",
        )
    } else {
        (
            "one read is taken for the whole message. A pipe has bytes, not messages: read returns \
             what is there by now",
            "read in a loop until it returns 0 (end of file; in Rust: read_to_end, read_exact)",
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
            "make it with O_CLOEXEC (pipe2), and use dup2 for what the program is to have: \
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
