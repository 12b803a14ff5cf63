//! Who waits for what: the content of a deadlock.

use crate::{Fd, ObjectId, ProcId, SiteId, TaskId};
use serde::{Deserialize, Serialize};

/// One task that cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Who waits.
    pub task: TaskId,
    /// For what.
    pub on: WaitsFor,
    /// Where in the code.
    pub site: Option<SiteId>,
}

/// What could end a wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitsFor {
    /// Data or end of file on a descriptor.
    Readable {
        /// The descriptor read from.
        fd: Fd,
        /// The object behind it.
        object: ObjectId,
        /// Everybody who holds a write end, the waiting process itself included.
        writers: Vec<Holder>,
    },
    /// Room in a pipe or socket.
    Writable {
        /// The descriptor written to.
        fd: Fd,
        /// The object behind it.
        object: ObjectId,
        /// Everybody who holds a read end.
        readers: Vec<Holder>,
    },
    /// One of several descriptors, in `poll` or `select`.
    AnyOf {
        /// The descriptors asked about.
        fds: Vec<Fd>,
    },
    /// The end of a child; these are alive.
    Child {
        /// The children that would end the wait.
        candidates: Vec<ProcId>,
    },
    /// A signal that is let through.
    Signal,
    /// A futex to change and be woken: a lock, a condition, the end of a thread.
    Futex {
        /// Address of the futex word in the waiting process.
        address: u64,
        /// The function of the C library, or of Rust's, that waits, where it is one of those that
        /// are followed.
        function: Option<String>,
        /// Who holds the mutex that is waited for, where it is known.
        holder: Option<TaskId>,
        /// Where the word stands, if in memory that processes share: the object, and the offset in
        /// bytes.
        #[serde(default)]
        word: Option<(ObjectId, u64)>,
        /// Whether the word is no longer what the wait began with, and nobody has woken it.
        #[serde(default)]
        changed: bool,
    },
    /// Memory to change: it turns in a loop that makes no call.
    Memory,
    /// The child of `vfork` to execute a program or end.
    VforkChild {
        /// That child.
        child: ProcId,
    },
    /// Another process to open the other end of a FIFO. Source: `fifo(7)`.
    FifoPeer {
        /// Path as it was given.
        path: String,
        /// Whether the waiting process opens it for writing, so that a reader is what is missing.
        writes: bool,
    },
    /// A lock on a file: `flock`, or `fcntl` with `F_SETLKW` or `F_OFD_SETLKW`.
    Lock {
        /// The descriptor of the file.
        fd: Fd,
        /// The open file behind it.
        object: ObjectId,
        /// Who holds a lock that is in the way, as far as the kernel tells.
        holders: Vec<ProcId>,
    },
    /// System V semaphores to reach what the operation needs. Source: `semop(2)`.
    Semaphore {
        /// The set.
        object: ObjectId,
    },
    /// A message in a System V queue, or room for one. Source: `msgop(2)`.
    Message {
        /// The queue.
        object: ObjectId,
        /// Whether the waiting process sends.
        sends: bool,
    },
    /// A place among the connections that a listening socket has not accepted yet.
    Connection {
        /// The descriptor that connects.
        fd: Fd,
    },
    /// `SIGCONT`: the process is stopped.
    Continue,
    /// A call that the tracer has no model of.
    Unmodelled {
        /// The call's name.
        call: String,
    },
}

/// A process that has one end of an object open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub proc: ProcId,
    /// Its descriptor.
    pub fd: Fd,
    /// Where the descriptor came to be in the process's ancestry: the `pipe`, `open` or `dup`.
    pub opened_at: Option<SiteId>,
}
