//! What a contract asks for and no output shows, in words.

use crate::escape::line;
use crate::sentence::demand::present;
use crate::sentence::name::count;
use forklings_model::Deed;

/// The deed as a sentence without its full stop: `a child exits with status 9`.
pub(super) fn deed(deed: Deed) -> String {
    match deed {
        Deed::ChildEnds(ending) => format!("a child {}", present(ending)),
        Deed::BytesPass(n) => {
            let bytes = count(n.into(), "byte passes", "bytes pass");
            format!("{bytes} from one process to another, through pipes")
        }
        Deed::ChildReadsToTheEnd => "a child reads from a pipe until end of file".to_owned(),
        Deed::ZombieInspected => {
            "the dead child's files in /proc are read before it is reaped".to_owned()
        }
        Deed::ZombieSignalled(signal) => {
            format!("{signal} is sent to the dead child before it is reaped")
        }
    }
}

/// What was there instead.
pub(super) fn seen(deed: Deed, actual: &str) -> String {
    let actual = line(actual);
    match deed {
        Deed::ChildEnds(_) => format!("no child ended so; they: {actual}"),
        Deed::BytesPass(_) => format!("{actual} did"),
        Deed::ChildReadsToTheEnd | Deed::ZombieInspected | Deed::ZombieSignalled(_) => actual,
    }
}

/// The likely cause, and what to try.
pub(super) const fn cause(deed: Deed) -> (&'static str, &'static str) {
    match deed {
        Deed::ChildEnds(_) => (
            "the result may be right, but it did not come by the child's exit code",
            "give _exit what the contract says, and read it from the status",
        ),
        Deed::BytesPass(_) => (
            "what one process was to tell the other came another way: a child has a copy of all \
             memory of its parent, and that copy is not what was sent",
            "let the bytes go through the pipe, all of them",
        ),
        Deed::ChildReadsToTheEnd => (
            "the child stops reading when it has as many bytes as it expects; only the end of file \
             says that there are no more",
            "read until a read gives 0 bytes",
        ),
        Deed::ZombieInspected | Deed::ZombieSignalled(_) => (
            "the result was not found out but taken for known",
            "wait for the end with WNOWAIT, look, send the signal, and reap it last",
        ),
    }
}

/// What to read.
pub(super) const fn man(deed: Deed) -> &'static str {
    match deed {
        Deed::ChildEnds(_) => "man 2 _exit",
        Deed::BytesPass(_) | Deed::ChildReadsToTheEnd => "man 7 pipe",
        Deed::ZombieInspected => "man 5 proc",
        Deed::ZombieSignalled(_) => "man 2 kill, NOTES",
    }
}
