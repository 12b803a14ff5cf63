//! Accesses to memory that processes share.

use crate::ObjectId;
use serde::{Deserialize, Serialize};

/// One access to memory that processes share, by one instruction. An instruction that reads and
/// writes without being atomic makes two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The memory.
    pub object: ObjectId,
    /// Where in it, in bytes.
    pub offset: u64,
    /// How many bytes, at most 64.
    pub size: u8,
    /// What it does.
    pub kind: AccessKind,
    /// What stood there before, as a little-endian number of at most eight bytes.
    pub before: u64,
    /// What stands there now.
    pub after: u64,
    /// Whether other processes may do the same at the same time.
    pub order: AccessOrder,
    /// Of a store over what another process had written since this one read: it was tried, and had
    /// one more been read, one more would have been written.
    #[serde(default, skip_serializing_if = "is_false")]
    pub adds: bool,
}

impl Access {
    /// Whether it is about the same bytes.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        (self.object, self.offset, self.size) == (other.object, other.offset, other.size)
    }

    /// Whether something else stands there afterwards.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.kind != AccessKind::Load && self.before != self.after
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// It reads.
    Load,
    /// It writes.
    Store,
    /// It reads and writes as one step: `xchg`, `cmpxchg`, `xadd` and whatever else is locked.
    Update,
}

/// What is known of an access's effect on the order of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessOrder {
    /// An atomic operation, by its instruction or by the function that it stands in.
    Atomic,
    /// None: the code is Rust, and stands in no function of an atomic type.
    Plain,
    /// On this processor an atomic load or store looks like any other, and nothing tells more.
    Unknown,
}
