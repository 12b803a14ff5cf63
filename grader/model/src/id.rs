//! Names of things in a run. `ProcId` is ours and the same in every equal schedule; `Pid` is the
//! kernel's and need not be.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A process id as the program itself sees it, in its own pid namespace. Source: `getpid(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pid(pub i32);

/// A process of a run, numbered from 1 in the order of creation and shown as `P1`, `P2`, ….
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcId(pub u32);

impl ProcId {
    /// The first process of a run: the one that executes the subject's `main`.
    pub const ROOT: ProcId = ProcId(1);
}

impl fmt::Display for ProcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}", self.0)
    }
}

/// One thread of a process. Thread 1 is the process's first; others are shown as `P1.T2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId {
    /// The process that the thread belongs to.
    pub proc: ProcId,
    /// Number of the thread within its process, from 1.
    pub thread: u32,
}

impl TaskId {
    /// The first thread of `proc`.
    #[must_use]
    pub const fn main(proc: ProcId) -> Self {
        Self { proc, thread: 1 }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.thread == 1 {
            write!(f, "{}", self.proc)
        } else {
            write!(f, "{}.T{}", self.proc, self.thread)
        }
    }
}

/// A file descriptor's number in one process.
pub type Fd = i32;

/// An error number as the kernel gives it, positive. Source: `errno(3)`.
pub type Errno = i32;

/// A kernel object that descriptors refer to (a pipe, an open file), numbered in the order in
/// which the run made them. Both ends of a pipe are one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId(pub u32);
