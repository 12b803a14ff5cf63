//! Memory that a process gets from the kernel and gives back, as far as a run follows that.

use serde::{Deserialize, Serialize};

/// What a piece of memory is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memory {
    /// Below the program break, where the C library's allocator has its heap. Source: `brk(2)`.
    Heap,
    /// Private memory without a file behind it that may be written, thread stacks excepted: where
    /// allocators put what is large.
    Private,
    /// A mapping that others may see too, or that has a file behind it.
    Mapping {
        /// What is mapped.
        of: Mapped,
        /// Whether the C library or a language's runtime made it for its own purposes.
        by_runtime: bool,
    },
}

/// What is mapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mapped {
    /// Shared memory without a name. Source: `mmap(2)`, MAP_SHARED and MAP_ANONYMOUS.
    Anonymous,
    /// A file, also one in memory, by its path.
    File(String),
    /// System V shared memory. Source: `shmat(2)`.
    SystemV,
}

/// What a process gave back of memory that it had got at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryPart {
    /// Number of the event with which it got it; `None` where it had it when it began.
    pub of: Option<u32>,
    /// How many bytes.
    pub bytes: u64,
}
