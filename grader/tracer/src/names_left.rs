//! What a run left in the system, as the rules are told of it: names by the kernel's word, System V
//! objects by the calls that made them.

use crate::calls::sysv::SysV;
use crate::leftovers::Leftovers;
use forklings_model::{LeftBehind, LeftKind};
use forklings_sandbox::{Changes, MadeKind};

/// Things that are there after a run and were not before. A file outside of the folders for
/// temporary files is a program's result and not among them.
pub(crate) fn of(changes: &Changes, leftovers: &Leftovers) -> Vec<LeftBehind> {
    let named = changes.made.iter().filter_map(|made| {
        let kind = match made.kind {
            MadeKind::File if made.temporary => LeftKind::Temporary,
            MadeKind::File => return None,
            MadeKind::Fifo => LeftKind::Fifo,
            MadeKind::Socket => LeftKind::Socket,
            MadeKind::SharedMemory => LeftKind::SharedMemory,
            MadeKind::Semaphore => LeftKind::Semaphore,
            MadeKind::Queue => LeftKind::Queue,
        };
        Some(LeftBehind { kind, path: made.path.display().to_string(), object: None })
    });
    let numbered = leftovers.system_v().map(|(object, made)| {
        let (kind, what) = match object {
            SysV::Semaphores => (LeftKind::Semaphore, "semaphores"),
            SysV::Messages => (LeftKind::Queue, "message queue"),
            SysV::Memory => (LeftKind::SharedMemory, "shared memory"),
        };
        // The kernel's own number differs from run to run.
        let key = match made.key {
            libc::IPC_PRIVATE => "IPC_PRIVATE".to_owned(),
            key => format!("key {key:#x}"),
        };
        let path = format!("System V {what} ({key})");
        LeftBehind { kind, path, object: Some(made.object) }
    });
    let mut left: Vec<LeftBehind> = named.chain(numbered).collect();
    left.sort();
    left
}
