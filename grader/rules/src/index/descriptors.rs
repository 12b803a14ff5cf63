//! Which descriptors a process holds at an event, as far as the events tell.

use super::Index;
use forklings_model::{EventKind, Fd, ObjectId, PipeEnd, ProcId};
use std::collections::BTreeMap;

/// A descriptor table: what each number refers to, and which end of it where that is a pipe.
pub(crate) type Table = BTreeMap<Fd, (ObjectId, Option<PipeEnd>)>;

impl Index<'_> {
    /// The descriptors of `proc` after event `seq`, without those that were open before the
    /// program began. A process that has ended holds none.
    pub(crate) fn descriptors(&self, proc: ProcId, seq: u32) -> Table {
        let mut tables: BTreeMap<ProcId, Table> = BTreeMap::new();
        for event in self.trace.events.iter().take_while(|event| event.seq <= seq) {
            let own = event.task.proc;
            let born = match event.kind {
                EventKind::Started { parent: Some(parent), .. } => Some((parent, own)),
                EventKind::Forked { child, .. } => Some((own, child)),
                _ => None,
            };
            // Either may come first: the return of the fork, or what the child does.
            if let Some((parent, child)) = born.filter(|(_, child)| !tables.contains_key(child)) {
                let copy = tables.get(&parent).cloned().unwrap_or_default();
                tables.insert(child, copy);
            }
            let table = tables.entry(own).or_default();
            match &event.kind {
                EventKind::Pipe { read, write, object, .. } => {
                    table.insert(*read, (*object, Some(PipeEnd::Read)));
                    table.insert(*write, (*object, Some(PipeEnd::Write)));
                }
                EventKind::Opened { fd, object, .. } => {
                    table.insert(*fd, (*object, None));
                }
                EventKind::Duplicated { from, to, object, .. } => {
                    let end = table.get(from).and_then(|(_, end)| *end);
                    table.insert(*to, (*object, end));
                }
                EventKind::Closed { fd, errno: None, .. } => {
                    table.remove(fd);
                }
                EventKind::Exec { inherited, .. } => {
                    table.retain(|fd, _| *fd <= 2 || inherited.iter().any(|(kept, _)| kept == fd));
                }
                EventKind::Exiting | EventKind::Ended { .. } => table.clear(),
                _ => {}
            }
        }
        tables.remove(&proc).unwrap_or_default()
    }

    /// Every descriptor of an end of the pipe after event `seq`, with whose it is.
    pub(crate) fn holders(&self, pipe: ObjectId, end: PipeEnd, seq: u32) -> Vec<(ProcId, Fd)> {
        self.lives()
            .flat_map(|life| {
                let table = self.descriptors(life.proc, seq);
                let held = move |(fd, what)| (what == (pipe, Some(end))).then_some((life.proc, fd));
                table.into_iter().filter_map(held)
            })
            .collect()
    }
}
