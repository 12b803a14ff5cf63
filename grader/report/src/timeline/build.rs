//! Makes rows of events: follows every process through its life, so that each cell knows whether
//! its process is unborn, alive, a zombie or gone.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "few of the many kinds of events change who lives or point at another process"
)]

use super::{Cell, Link, LinkKind, Mark, Room, Row, Timeline, choose};
use crate::sentence::event::{dispositions, phrase};
use crate::sentence::name::parent;
use forklings_model::{
    Action, Event, EventKind, Finding, ProcId, Signal, SignalSource, SignalTarget, Trace,
    WaitOutcome,
};
use std::collections::{BTreeMap, BTreeSet};

/// What matters of a run for a finding, as far as there is room.
#[must_use]
pub fn of_finding(trace: &Trace, finding: &Finding, room: Room) -> Timeline {
    let choice = choose::choose(trace, finding, room);
    let mut builder = Builder::new(trace, &choice.columns);
    builder.evidence = finding.evidence.iter().copied().collect();
    for event in &trace.events {
        if choice.shown.contains(&event.seq) {
            builder.show(event);
        } else {
            if choice.elided.contains(&event.seq) {
                builder.gap();
            }
            builder.live(event);
        }
    }
    let rows = builder.rows;
    Timeline { columns: choice.columns, rows, left_out: choice.left_out, folded: 0 }
}

/// A whole run with every process: every event, or without those from before the programs' own
/// code began, and with rows of one kind drawn as one.
#[must_use]
pub fn of_trace(trace: &Trace, all: bool) -> Timeline {
    let columns: Vec<ProcId> = trace.processes.iter().map(|process| process.proc).collect();
    let mut builder = Builder::new(trace, &columns);
    let before: BTreeSet<u32> = trace.before_main.iter().copied().filter(|_| !all).collect();
    let mut rest = trace.events.as_slice();
    let mut folded = 0;
    while let Some((event, others)) = rest.split_first() {
        rest = others;
        if says_nothing(&event.kind) || before.contains(&event.seq) {
            builder.live(event);
            continue;
        }
        let like = if all { 0 } else { dispositions_like(event, others) };
        if like < ROW {
            builder.show(event);
            continue;
        }
        let (same, after) = others.split_at(like);
        rest = after;
        folded += like;
        builder.show_as(event, dispositions(event, same, trace));
    }
    let rows = builder.rows;
    Timeline { columns, rows, left_out: Vec::new(), folded }
}

/// As many events of one kind are worth a row of their own.
const ROW: usize = 3;

/// How many events follow by which the same task does the same to other signals, as posix_spawn
/// and shells do to all that there are.
fn dispositions_like(event: &Event, others: &[Event]) -> usize {
    let action = |event: &Event| match event.kind {
        // Handlers are functions, each its own.
        EventKind::Disposition { action: Action::Handler, .. } => None,
        EventKind::Disposition { action, restart, no_child_wait, .. } => {
            Some((event.task, action, restart, no_child_wait))
        }
        _ => None,
    };
    let Some(own) = action(event) else { return 0 };
    others.iter().take_while(|other| action(other) == Some(own)).count()
}

/// Whether another row says the same, or the C library did it for its own sake.
fn says_nothing(kind: &EventKind) -> bool {
    match kind {
        // The fork that made the process tells of it in the same row.
        EventKind::Started { .. } => true,
        EventKind::Mask { was, blocked } => was.is_of_libc() || blocked.is_of_libc(),
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Unborn,
    Alive,
    /// Begun to die; the parent does not know yet.
    Ending,
    Zombie,
    Gone,
}

struct Builder<'t> {
    trace: &'t Trace,
    columns: &'t [ProcId],
    evidence: BTreeSet<u32>,
    lives: BTreeMap<ProcId, Life>,
    rows: Vec<Row>,
    /// Where the last row was a death that became visible: who may hear of it in the same row.
    told: Option<ProcId>,
}

impl<'t> Builder<'t> {
    fn new(trace: &'t Trace, columns: &'t [ProcId]) -> Self {
        let lives = trace
            .processes
            .iter()
            .map(|p| (p.proc, if p.parent.is_none() { Life::Alive } else { Life::Unborn }))
            .collect();
        let evidence = BTreeSet::new();
        Self { trace, columns, evidence, lives, rows: Vec::new(), told: None }
    }

    /// Follows an event that is not shown.
    fn live(&mut self, event: &Event) {
        let proc = event.task.proc;
        match &event.kind {
            EventKind::Started { .. } => self.turn(proc, Life::Alive),
            EventKind::Forked { child, .. } => self.turn(*child, Life::Alive),
            EventKind::Ended { .. } => self.turn(proc, Life::Ending),
            EventKind::Zombie { .. } => self.turn(proc, Life::Zombie),
            EventKind::Discarded { .. } => self.turn(proc, Life::Gone),
            EventKind::Waited { outcome: WaitOutcome::Reaped { child, .. }, .. } => {
                self.turn(*child, Life::Gone);
            }
            _ => {}
        }
    }

    fn turn(&mut self, proc: ProcId, life: Life) {
        // A child may die before its parent's fork has returned: no way back to life.
        let unborn = self.lives.get(&proc).is_none_or(|now| *now == Life::Unborn);
        if life != Life::Alive || unborn {
            self.lives.insert(proc, life);
        }
    }

    fn gap(&mut self) {
        if !self.rows.is_empty() && self.rows.last() != Some(&Row::Gap) {
            self.rows.push(Row::Gap);
        }
        self.told = None;
    }

    fn show(&mut self, event: &Event) {
        self.show_as(event, phrase(event, self.trace));
    }

    fn show_as(&mut self, event: &Event, text: String) {
        let mark = match self.evidence.contains(&event.seq) {
            true => Mark::Evidence,
            false => Mark::Context,
        };
        let says = Cell::Says { text, mark };
        if self.joins(event, &says) {
            return;
        }
        let mut cells: Vec<Cell> = self.columns.iter().map(|proc| self.resting(*proc)).collect();
        self.live(event);
        // What the event turns others into is seen in its own row.
        for (cell, proc) in cells.iter_mut().zip(self.columns) {
            if let Some(echo) = self.echo(event, *proc) {
                *cell = echo;
            }
        }
        if let Some(cell) = self.column(event.task.proc).and_then(|n| cells.get_mut(n)) {
            *cell = says;
        }
        let links = self.links(event);
        let after = self.columns.iter().map(|proc| self.resting(*proc)).collect();
        self.rows.push(Row::Step { seq: event.seq, cells, after, links });
        self.told = match event.kind {
            EventKind::Zombie { parent } => parent,
            _ => None,
        };
    }

    /// A death and the SIGCHLD that tells of it stand in one row, when one follows the other.
    fn joins(&mut self, event: &Event, says: &Cell) -> bool {
        let tells = matches!(
            event.kind,
            EventKind::SignalDelivered { signal: Signal::CHLD, .. }
                | EventKind::SignalMerged { signal: Signal::CHLD }
        );
        if !tells || self.told != Some(event.task.proc) {
            return false;
        }
        let Some(to) = self.column(event.task.proc) else { return false };
        let Some(Row::Step { cells, links, .. }) = self.rows.last_mut() else { return false };
        let from = cells.iter().position(|cell| matches!(cell, Cell::Says { .. }));
        if let Some(cell) = cells.get_mut(to) {
            *cell = says.clone();
        }
        links.extend(from.map(|from| Link { from, to, kind: LinkKind::Signal }));
        self.told = None;
        true
    }

    fn resting(&self, proc: ProcId) -> Cell {
        match self.lives.get(&proc) {
            Some(Life::Alive | Life::Ending) => Cell::Alive,
            Some(Life::Zombie) => Cell::Zombie,
            Some(Life::Gone) => Cell::Gone,
            Some(Life::Unborn) | None => Cell::Unborn,
        }
    }

    /// What the event means for another process of the row.
    fn echo(&self, event: &Event, proc: ProcId) -> Option<Cell> {
        let says = |text: &str, mark| Some(Cell::Says { text: text.to_owned(), mark });
        match &event.kind {
            EventKind::Waited { outcome: WaitOutcome::Reaped { child, .. }, .. }
                if *child == proc =>
            {
                says("reaped", Mark::Echo)
            }
            EventKind::Ended { .. } if proc != event.task.proc => {
                let child = parent(self.trace, proc) == Some(event.task.proc);
                let root = event.task.proc == ProcId::ROOT;
                match self.lives.get(&proc) {
                    Some(Life::Zombie) if child => says("never reaped", Mark::Left),
                    Some(Life::Alive) if root => says("still running", Mark::Left),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn links(&self, event: &Event) -> Vec<Link> {
        let own = event.task.proc;
        let link = |from: ProcId, to: ProcId, kind| {
            Some(Link { from: self.column(from)?, to: self.column(to)?, kind })
        };
        let one = match &event.kind {
            EventKind::Forked { child, .. } => link(own, *child, LinkKind::Fork),
            EventKind::SignalSent { target: SignalTarget::Process(to), errno: None, .. } => {
                link(own, *to, LinkKind::Signal)
            }
            EventKind::SignalDelivered { source: SignalSource::Process(from), .. } => {
                link(*from, own, LinkKind::Signal)
            }
            EventKind::Waited { outcome: WaitOutcome::Reaped { child, .. }, .. } => {
                link(*child, own, LinkKind::Reap)
            }
            _ => None,
        };
        one.into_iter().filter(|link| link.from != link.to).collect()
    }

    fn column(&self, proc: ProcId) -> Option<usize> {
        self.columns.iter().position(|column| *column == proc)
    }
}
