//! Things with a name that a run left in the system.

use crate::ObjectId;
use serde::{Deserialize, Serialize};

/// Something with a name that was not there before the run and is there after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftBehind {
    /// What it is.
    pub kind: LeftKind,
    /// Its path, as the program sees it; what it is where it has none.
    pub path: String,
    /// What it is among the run's objects, where no path tells.
    #[serde(default)]
    pub object: Option<ObjectId>,
}

/// What was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftKind {
    /// A file, a folder or a link in a folder for temporary files.
    Temporary,
    /// POSIX shared memory. Source: `shm_overview(7)`.
    SharedMemory,
    /// A named POSIX semaphore. Source: `sem_overview(7)`.
    Semaphore,
    /// A POSIX message queue. Source: `mq_overview(7)`.
    Queue,
    /// A FIFO. Source: `fifo(7)`.
    Fifo,
    /// The name of a UNIX-domain socket. Source: `unix(7)`.
    Socket,
}
