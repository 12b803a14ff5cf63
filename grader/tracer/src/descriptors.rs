//! The descriptor table of a process as the trace knows it, and the objects behind it.

use forklings_model::{Fd, Object, ObjectId, ObjectKind, SiteId};
use std::collections::BTreeMap;

/// What one descriptor is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) object: ObjectId,
    pub(crate) end: End,
    pub(crate) close_on_exec: bool,
    pub(crate) nonblocking: bool,
    pub(crate) made_at: Option<SiteId>,
}

/// Which end of an object a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Read,
    Write,
    Both,
}

impl End {
    pub(crate) fn reads(self) -> bool {
        self != Self::Write
    }

    pub(crate) fn writes(self) -> bool {
        self != Self::Read
    }
}

/// The descriptor table of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(BTreeMap<Fd, Entry>);

impl Files {
    /// A table with the three standard streams.
    pub(crate) fn standard() -> Self {
        let entry = |number, end| Entry {
            object: ObjectId(number),
            end,
            close_on_exec: false,
            nonblocking: false,
            made_at: None,
        };
        Self(BTreeMap::from([
            (0, entry(0, End::Read)),
            (1, entry(1, End::Write)),
            (2, entry(2, End::Write)),
        ]))
    }

    pub(crate) fn get(&self, fd: Fd) -> Option<&Entry> {
        self.0.get(&fd)
    }

    pub(crate) fn get_mut(&mut self, fd: Fd) -> Option<&mut Entry> {
        self.0.get_mut(&fd)
    }

    pub(crate) fn insert(&mut self, fd: Fd, entry: Entry) {
        self.0.insert(fd, entry);
    }

    pub(crate) fn remove(&mut self, fd: Fd) -> Option<Entry> {
        self.0.remove(&fd)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fd, &Entry)> {
        self.0.iter().map(|(&fd, entry)| (fd, entry))
    }

    /// Closes what a successful `execve` closes.
    pub(crate) fn exec(&mut self) {
        self.0.retain(|_, entry| !entry.close_on_exec);
    }

    /// Removes a range, as `close_range` does, and gives the numbers that were open.
    pub(crate) fn remove_range(&mut self, first: Fd, last: Fd) -> Vec<(Fd, Entry)> {
        let fds: Vec<Fd> = self.0.range(first..=last).map(|(&fd, _)| fd).collect();
        fds.into_iter().filter_map(|fd| Some((fd, self.0.remove(&fd)?))).collect()
    }
}

/// Every object of a run, in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Objects(Vec<Object>);

impl Objects {
    /// The three standard streams, numbered as their descriptors.
    pub(crate) fn standard() -> Self {
        let kinds = [ObjectKind::Stdin, ObjectKind::Stdout, ObjectKind::Stderr];
        let mut objects = Self(Vec::new());
        for kind in kinds {
            objects.add(kind, None);
        }
        objects
    }

    pub(crate) fn add(&mut self, kind: ObjectKind, made_at: Option<SiteId>) -> ObjectId {
        let object = ObjectId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Object { object, kind, made_at });
        object
    }

    pub(crate) fn kind(&self, object: ObjectId) -> Option<&ObjectKind> {
        self.0.get(usize::try_from(object.0).ok()?).map(|o| &o.kind)
    }

    pub(crate) fn into_inner(self) -> Vec<Object> {
        self.0
    }
}
