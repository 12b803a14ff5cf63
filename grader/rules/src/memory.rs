//! How much memory a process has of what it got since its program's own code began, and from which
//! events.

use crate::case::Case;
use crate::lines::between;
use forklings_model::{Ending, Event, EventKind, Memory, MemoryPart, ProcId, Span};
use std::collections::BTreeMap;

/// What a process has at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    /// Bytes that are still there, by the number of the event with which they came.
    pieces: BTreeMap<u32, u64>,
    /// Bytes that are there no more of what it had when it began.
    given: u64,
}

impl Held {
    /// What `proc` has before the event with this number.
    pub(crate) fn at(case: &Case<'_>, proc: ProcId, seq: u32) -> Self {
        let mut all: BTreeMap<ProcId, Self> = BTreeMap::new();
        for event in case.trace().events.iter().take_while(|event| event.seq < seq) {
            let of = event.task.proc;
            match &event.kind {
                // A copy of its parent's, at the moment of the fork.
                EventKind::Started { parent: Some(parent), .. } => {
                    let copy = all.get(parent).cloned().unwrap_or_default();
                    all.insert(of, copy);
                }
                EventKind::Exec { .. } => drop(all.remove(&of)),
                EventKind::MemoryTaken { bytes, .. } => {
                    all.entry(of).or_default().pieces.insert(event.seq, *bytes);
                }
                EventKind::MemoryGivenBack { parts } => {
                    all.entry(of).or_default().give_back(parts);
                }
                _ => {}
            }
        }
        all.remove(&proc).unwrap_or_default()
    }

    fn give_back(&mut self, parts: &[MemoryPart]) {
        for part in parts {
            match part.of.map(|of| self.pieces.get_mut(&of)) {
                Some(Some(piece)) => *piece = piece.saturating_sub(part.bytes),
                Some(None) => {}
                None => self.given += part.bytes,
            }
        }
    }

    /// What is there of everything that came, with the events with which it came.
    pub(crate) fn pieces<'a>(
        &self,
        case: &Case<'a>,
    ) -> impl Iterator<Item = (&'a Event, &'a Memory, u64)> {
        let there = self.pieces.iter().filter(|(_, bytes)| **bytes > 0);
        there.filter_map(|(seq, bytes)| {
            let event = case.run.event(*seq)?;
            let EventKind::MemoryTaken { memory, .. } = &event.kind else { return None };
            Some((event, memory, *bytes))
        })
    }

    /// By how many bytes private memory has grown since the program's own code began, less what
    /// was given back of what there was before; below zero where that is more.
    pub(crate) fn growth(&self, case: &Case<'_>) -> i128 {
        let own = self.pieces(case).filter(|(_, memory, _)| is_private(memory));
        own.map(|(.., bytes)| i128::from(bytes)).sum::<i128>() - i128::from(self.given)
    }
}

/// Whether nobody else can see it, and no file stands behind it.
pub(crate) fn is_private(memory: &Memory) -> bool {
    matches!(memory, Memory::Heap | Memory::Private)
}

/// The part of a run that a demand is about.
pub(crate) struct Window {
    /// Whose memory it is about.
    pub(crate) proc: ProcId,
    /// The event with which it begins; without one, the run does.
    pub(crate) from: Option<u32>,
    /// The event with which it ends.
    pub(crate) to: u32,
}

impl Window {
    /// The time between two lines; without a span, the whole life of the first process, if it came
    /// to its own end.
    pub(crate) fn of(case: &Case<'_>, during: Option<&Span>) -> Option<Self> {
        if let Some(Span { from, to }) = during {
            let (from, to) = between(case, from, to)?;
            return Some(Self { proc: to.task.proc, from: Some(from.seq), to: to.seq });
        }
        let root = case.run.life(ProcId::ROOT)?;
        let (to, Ending::Exited(_)) = root.ended? else { return None };
        root.fatal_panic().is_none().then_some(Self { proc: ProcId::ROOT, from: None, to })
    }

    /// Its two ends, as evidence.
    pub(crate) fn ends(&self) -> impl Iterator<Item = u32> {
        self.from.into_iter().chain([self.to])
    }

    /// What its process has when it ends.
    pub(crate) fn held(&self, case: &Case<'_>) -> Held {
        Held::at(case, self.proc, self.to)
    }

    /// What its process had when it began.
    pub(crate) fn had(&self, case: &Case<'_>) -> Held {
        self.from.map_or_else(Held::default, |from| Held::at(case, self.proc, from))
    }

    /// Whether an event with which memory came lies in it.
    pub(crate) fn has(&self, event: &Event) -> bool {
        self.from.is_none_or(|from| from < event.seq)
    }
}
