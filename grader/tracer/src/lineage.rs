//! What a task is called by its descent: the same in every run in which its ancestors do the same,
//! whoever else is born before it. Numbers such as P3 follow the order of births.

use forklings_model::{EventKind, ProcId, TaskId};
use std::collections::BTreeMap;

/// The root's name.
const ROOT: &str = "root";

/// The names of a run's tasks.
#[derive(Clone, Debug)]
pub(crate) struct Lineages {
    names: BTreeMap<TaskId, String>,
    /// Tasks that each has made: processes and threads.
    made: BTreeMap<TaskId, (u32, u32)>,
}

impl Lineages {
    pub(crate) fn new() -> Self {
        let root = TaskId::main(ProcId::ROOT);
        Self { names: BTreeMap::from([(root, ROOT.to_owned())]), made: BTreeMap::new() }
    }

    /// A task made another one: a process, or a thread of its own process.
    pub(crate) fn born(&mut self, maker: TaskId, made: TaskId) {
        let (processes, threads) = self.made.entry(maker).or_default();
        let (mark, count) = if made.thread == 1 { ('.', processes) } else { ('+', threads) };
        *count += 1;
        let count = *count;
        let name = format!("{}{mark}{count}", self.of(maker));
        self.names.insert(made, name);
    }

    /// What an event says of births.
    pub(crate) fn birth(task: TaskId, kind: &EventKind) -> Option<(TaskId, TaskId)> {
        if let EventKind::Forked { child, .. } = kind {
            return Some((task, TaskId::main(*child)));
        }
        if let EventKind::ThreadStarted { thread } = kind {
            return Some((task, *thread));
        }
        None
    }

    /// A task's name.
    pub(crate) fn of(&self, who: TaskId) -> String {
        // A task whose birth was not told keeps its number.
        self.names.get(&who).cloned().unwrap_or_else(|| who.to_string())
    }

    /// The name of the task that made the one with this name.
    pub(crate) fn maker(name: &str) -> Option<&str> {
        name.rfind(['.', '+']).map(|end| &name[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_depend_on_who_is_born_first() {
        let task = |proc, thread| TaskId { proc: ProcId(proc), thread };
        let grandchildren = |first: u32, second: u32| {
            let mut names = Lineages::new();
            names.born(task(1, 1), task(2, 1));
            names.born(task(1, 1), task(3, 1));
            names.born(task(2, 1), task(first, 1));
            names.born(task(3, 1), task(second, 1));
            (names.of(task(first, 1)), names.of(task(second, 1)))
        };
        assert_eq!(grandchildren(4, 5), ("root.1.1".to_owned(), "root.2.1".to_owned()));
        assert_eq!(grandchildren(4, 5), grandchildren(5, 4));
    }

    #[test]
    fn threads_and_processes_are_told_apart() {
        let mut names = Lineages::new();
        let (root, thread) = (TaskId::main(ProcId(1)), TaskId { proc: ProcId(1), thread: 2 });
        names.born(root, thread);
        names.born(thread, TaskId::main(ProcId(2)));
        names.born(root, TaskId::main(ProcId(3)));
        assert_eq!(names.of(TaskId::main(ProcId(2))), "root+1.1");
        assert_eq!(names.of(TaskId::main(ProcId(3))), "root.1");
        assert_eq!(Lineages::maker("root+1.1"), Some("root+1"));
        assert_eq!(Lineages::maker("root"), None);
    }
}
