//! Sentences of pipe-end-open: whose end of which pipe holds whom up, and where it must be closed.

use super::Explanation;
use crate::place::place;
use crate::sentence::name::{descriptor, list};
use crate::sentence::wait;
use forklings_model::{EventKind, Fd, ObjectId, PipeEnd, ProcId, SiteId, Trace, Wait};

/// A finding of this rule, in the words of its `Detail`.
pub(super) struct Held<'t> {
    pub(super) trace: &'t Trace,
    pub(super) waits: &'t [Wait],
    pub(super) waiter: ProcId,
    pub(super) fd: Fd,
    pub(super) object: ObjectId,
    pub(super) end: PipeEnd,
    pub(super) holder: ProcId,
    pub(super) held: Fd,
    pub(super) others: &'t [(ProcId, Fd)],
    /// Where the held descriptor came to be.
    pub(super) opened: Option<SiteId>,
}

impl Held<'_> {
    /// Says what the finding means.
    pub(super) fn explain(&self) -> Explanation {
        Explanation {
            expected: self.expected(),
            happened: self.happened(),
            likely: self.likely(),
            experiment: self.experiment(),
            man: "man 7 pipe, \"I/O on pipes and FIFOs\"",
        }
    }

    fn is_own(&self) -> bool {
        self.waiter == self.holder
    }

    fn expected(&self) -> String {
        let waiter = self.waiter;
        match self.end {
            PipeEnd::Write => format!(
                "{waiter} reads until the end of file, which comes when every write end is closed"
            ),
            PipeEnd::Read => format!(
                "{waiter}'s write fails once nobody can read any more: when every read end is closed"
            ),
        }
    }

    fn happened(&self) -> String {
        let Self { holder, waiter, held, .. } = self;
        let opened = place(self.trace, self.opened);
        let opened = opened.map_or(String::new(), |place| format!(", opened at {place}"));
        let who = if self.is_own() { format!("{holder} itself") } else { holder.to_string() };
        let fd = descriptor(self.fd);
        let end = self.end_in_words();
        let so = match self.end {
            PipeEnd::Write => format!("{waiter}'s read from {fd} never sees end of file"),
            PipeEnd::Read => format!("{waiter}'s write to {fd} waits for room for ever"),
        };
        let mut happened = format!("{who} still holds {end} (fd {held}{opened}), so {so}");
        if !self.others.is_empty() {
            let others: Vec<String> =
                self.others.iter().map(|(proc, fd)| format!("{proc} (fd {fd})")).collect();
            let hold = if others.len() == 1 { "holds" } else { "hold" };
            happened += &format!("\n{} {hold} one too", list(&others, 4));
        }
        for other in self.waits.iter().filter(|wait| wait.task.proc != *waiter).take(3) {
            happened.push('\n');
            happened += &wait::sentence(other, self.trace);
        }
        happened
    }

    fn end_in_words(&self) -> &'static str {
        match (self.end, self.others.is_empty()) {
            (PipeEnd::Write, true) => "the write end",
            (PipeEnd::Write, false) => "a write end",
            (PipeEnd::Read, true) => "the read end",
            (PipeEnd::Read, false) => "a read end",
        }
    }

    fn likely(&self) -> String {
        let holder = self.holder;
        let (does, end) = match self.end {
            PipeEnd::Write => ("write", "write"),
            PipeEnd::Read => ("read", "read"),
        };
        if self.is_own() {
            let (other, more) = match self.end {
                PipeEnd::Write => ("reads", "the kernel waits for more bytes"),
                PipeEnd::Read => ("writes", "the kernel waits for a reader"),
            };
            return format!(
                "fork gives both ends to both processes. {holder} {other} and forgot to close its \
                 own {end} end; as long as anybody holds one, {more}"
            );
        }
        match (self.made(), self.used()) {
            (_, true) => format!(
                "{holder} has done all the {}, and keeps the end open while it waits for \
                 something else",
                if self.end == PipeEnd::Write { "writing" } else { "reading" }
            ),
            (true, false) => format!(
                "{holder} made the pipe for others and never {does}s: what fork gave them is \
                 theirs, and its own copy of the end stays open until {holder} closes it"
            ),
            (false, false) => format!(
                "fork copies every open descriptor into the child. {holder} has no use for this \
                 {end} end and keeps it open"
            ),
        }
    }

    fn experiment(&self) -> String {
        let Self { holder, held, .. } = self;
        let stands = self.waits.iter().find(|wait| wait.task.proc == *holder);
        let stands = stands.and_then(|wait| place(self.trace, wait.site));
        let before = match (&stands, self.is_own(), self.used()) {
            (Some(place), _, _) => format!("before it waits at {place}"),
            (None, true, _) if self.end == PipeEnd::Write => "before it reads".to_owned(),
            (None, true, _) => "before it writes".to_owned(),
            (None, false, true) => "when its last byte is through".to_owned(),
            (None, false, false) => "right after the fork".to_owned(),
        };
        format!("close fd {held} in {holder} {before}")
    }

    /// Whether the holder made the pipe itself.
    fn made(&self) -> bool {
        self.trace.events.iter().any(|event| {
            event.task.proc == self.holder
                && matches!(event.kind, EventKind::Pipe { object, .. } if object == self.object)
        })
    }

    /// Whether the holder ever moved bytes through this end.
    fn used(&self) -> bool {
        self.trace.events.iter().filter(|event| event.task.proc == self.holder).any(|event| {
            let (EventKind::Read(io) | EventKind::Write(io)) = &event.kind else { return false };
            let writes = matches!(event.kind, EventKind::Write(_));
            io.object == Some(self.object)
                && writes == (self.end == PipeEnd::Write)
                && io.result.is_ok_and(|moved| moved > 0)
        })
    }
}
