//! System V shared memory. No descriptor leads to a segment, so the fork server attaches whatever its
//! runs attach, and the tracer reaches it there. It lets go of what was removed and nobody has any
//! more, so that it is gone then as it would be; and it is not among the attachments that a program is
//! told of. Only `/proc/sysvipc/shm` counts it.
//!
//! Source: `shmop(2)`, `shmctl(2)`.

use super::{Behind, LARGEST, Mapped, Region};
use crate::calls::sysv::SysV;
use crate::error::Result;
use crate::maps::{self, Mapping};
use crate::run::Run;
use crate::task::Call;
use forklings_model::{EventKind, ObjectKind};
use forklings_sys::memory;
use std::mem::offset_of;

/// Commands of `shmctl` that tell how many have attached a segment. Source: linux/shm.h.
const SHM_STAT: i32 = 13;
const SHM_STAT_ANY: i32 = 15;

/// A segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    id: i32,
    /// The fork server.
    server: i32,
    /// Where it has attached it; `None` since it has let go.
    at: Option<u64>,
    /// Whether it goes when nobody has it any more.
    removed: bool,
}

impl Segment {
    pub(super) fn is_in(&self, mapping: &Mapping<'_>) -> bool {
        mapping.is_segment() && i32::try_from(mapping.inode) == Ok(self.id)
    }

    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> Option<()> {
        memory::exact(self.server, self.at? + offset, bytes).ok()
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> Option<()> {
        memory::write(self.server, self.at? + offset, bytes).ok()
    }
}

impl Run<'_> {
    /// A task stands before a `shmat`: the server attaches the segment first, so that the kernel's
    /// notes of who was the last tell of the program.
    pub(crate) fn before_shmat(&mut self, t: usize, call: &Call) -> Result<()> {
        let id = call.int(0);
        self.let_go_of_segment(id)?;
        if self.segment(id).is_some() {
            return Ok(());
        }
        let result = self.server.order(libc::SYS_shmat, [call.args[0], 0, 0, 0])?;
        let Some(at) = u64::try_from(result).ok().filter(|&at| at != 0) else { return Ok(()) };
        let object = match self.sysv.get(&(SysV::Memory, id)) {
            Some(made) => made.object,
            // It was there before the run.
            None => self.objects.add(ObjectKind::Other("shmat".to_owned()), self.tasks[t].site),
        };
        let server = self.server.held.pid;
        let segment = Segment { id, server, at: Some(at), removed: false };
        self.regions.push(Region { object, behind: Behind::Segment(segment), written: false });
        Ok(())
    }

    /// A task has attached a segment, or failed to.
    pub(crate) fn after_shmat(&mut self, t: usize, call: &Call, result: i64) {
        let Ok(start) = u64::try_from(result) else { return };
        let maps = maps::of(self.tasks[t].tid);
        let there = maps::read(&maps).find(|mapping| mapping.start == start);
        let Some(end) = there.map(|mapping| mapping.end) else { return };
        self.process_mut(t).shared.forget(start, end);
        let region = self.segment(call.int(0)).filter(|_| end - start <= LARGEST);
        let Some(region) = region else {
            self.unwatched_memory = true;
            self.unseen_memory = true;
            return;
        };
        let (read_only, executes) =
            (call.int(2) & libc::SHM_RDONLY != 0, call.int(2) & libc::SHM_EXEC != 0);
        let mut protection = libc::PROT_READ;
        if !read_only {
            protection |= libc::PROT_WRITE;
            self.is_written(region);
        }
        if executes {
            protection |= libc::PROT_EXEC;
        }
        self.has_mapped(t, call, Mapped { start, end, protection, region, offset: 0 });
    }

    /// A task has detached what stood at an address.
    pub(crate) fn after_shmdt(&mut self, t: usize, call: &Call) {
        let at = call.args[0];
        let shared = &mut self.process_mut(t).shared;
        // Others may have been mapped over parts of it.
        let begins = |mapped: &Mapped| mapped.start.wrapping_sub(mapped.offset);
        let Some(first) = shared.mapped.iter().find(|mapped| begins(mapped) == at) else { return };
        let region = first.region;
        shared.mapped.retain(|mapped| mapped.region != region || begins(mapped) != at);
        self.forget_pages(self.tasks[t].id.proc);
        let object = Some(self.regions[region].object);
        let call = crate::calls::name(call.number);
        self.emit(t, EventKind::Used { call, object, errno: None });
    }

    /// A `shmctl` has returned.
    pub(crate) fn after_shmctl(&mut self, t: usize, call: &Call, result: i64) {
        let errno = i32::try_from(-result).ok().filter(|&errno| errno > 0);
        self.used(t, call, errno);
        // The version bit that 32-bit callers set aside. Source: linux/ipc.h, IPC_64.
        let (command, known) = (call.int(1) & !0x100, self.segment(call.int(0)));
        match command {
            _ if errno.is_some() => {}
            libc::IPC_RMID => {
                if let Some(Behind::Segment(segment)) =
                    known.map(|region| &mut self.regions[region].behind)
                {
                    segment.removed = true;
                }
            }
            libc::IPC_STAT if known.is_some() => self.leave_out_server(t, call),
            SHM_STAT | SHM_STAT_ANY
                if i32::try_from(result).is_ok_and(|id| self.segment(id).is_some()) =>
            {
                self.leave_out_server(t, call);
            }
            _ => {}
        }
    }

    /// Takes the server out of the number of attachments that a task was told.
    fn leave_out_server(&self, t: usize, call: &Call) {
        let Ok(place) = u64::try_from(offset_of!(libc::shmid_ds, shm_nattch)) else { return };
        let (tid, place) = (self.tasks[t].tid, call.args[2] + place);
        let told = memory::read_u64(tid, place).map(|all| all.saturating_sub(1));
        // The kernel has just written there.
        drop(told.and_then(|told| memory::write(tid, place, &told.to_le_bytes())));
    }

    /// The server lets go of a segment that was removed and that nobody else has.
    pub(crate) fn let_go_of_segment(&mut self, id: i32) -> Result<()> {
        let Some(region) = self.segment(id) else { return Ok(()) };
        let Behind::Segment(segment) = self.regions[region].behind else { return Ok(()) };
        let has = |host: i32| maps::read(&maps::of(host)).any(|there| segment.is_in(&there));
        if segment.removed
            && !self.processes.iter().any(|process| process.is_alive() && has(process.host))
            && let Some(at) = segment.at
        {
            self.server.order(libc::SYS_shmdt, [at, 0, 0, 0])?;
            self.regions[region].behind = Behind::Segment(Segment { at: None, ..segment });
        }
        Ok(())
    }

    /// The region that is this segment, where the server has it.
    fn segment(&self, id: i32) -> Option<usize> {
        self.regions.iter().position(|region| {
            matches!(&region.behind, Behind::Segment(segment)
                if segment.id == id && segment.at.is_some())
        })
    }

    /// Where the server has attached segments.
    pub(crate) fn attached_to_server(&self) -> impl Iterator<Item = u64> {
        self.regions.iter().filter_map(|region| match &region.behind {
            Behind::Segment(segment) => segment.at,
            Behind::File { .. } => None,
        })
    }
}
