//! One access to shared memory: found where a task is stopped, and done on its behalf.

use super::instruction::{LONGEST, Operation, Use};
use super::trap::Made;
use super::{DECISIONS, FOLLOWED};
use crate::attempt::Class;
use crate::error::Result;
use crate::run::Run;
use crate::spin::{Stand, memory_of};
use crate::task::Point;
use forklings_model::{Access, AccessKind, AccessOrder, EventKind};
use forklings_sys::memory;
use forklings_sys::ptrace::{Halt, Reason, Resume, Stopped};
use std::collections::BTreeMap;

/// Looks in vain after which it is asked whether a task can only wait.
const LOOKS: u32 = 2;

/// An access that a task stands before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedAccess {
    operation: Operation,
    pub(crate) region: usize,
    pub(crate) offset: u64,
    /// Where the instruction stands.
    at: u64,
    /// What it has read already, where others may come between its reading and its writing.
    loaded: Option<u64>,
}

impl SharedAccess {
    /// Whether what it does next changes what others read.
    pub(crate) fn changes(&self) -> bool {
        match self.operation.used {
            Use::Loads => false,
            Use::Stores | Use::Updates => true,
            Use::Splits => self.loaded.is_some(),
        }
    }
}

/// What a task has seen by accesses that changed nothing, since it last changed anything or saw a
/// change.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// What stood there, by instruction and place.
    seen: BTreeMap<(u64, usize, u64), u64>,
    in_vain: u32,
    stand: Option<Stand>,
    memory: Option<u64>,
}

impl Run<'_> {
    /// The access to shared memory for which a task was stopped by SIGSEGV; `None` where it did
    /// something that it must not do.
    pub(crate) fn shared_access(
        &mut self,
        t: usize,
        stopped: &Stopped,
    ) -> Result<Option<SharedAccess>> {
        if !self.process(t).shared.trapped {
            return Ok(None);
        }
        let info = stopped.signal_info()?;
        if !info.is_protection() {
            return Ok(None);
        }
        let Some(mapped) = self.process(t).shared.at(info.address).copied() else {
            return Ok(None);
        };
        let registers = stopped.registers()?;
        let mut bytes = [0; LONGEST];
        let read = memory::read(stopped.tid(), registers.rip, &mut bytes)?;
        let Some(mut operation) = Operation::decode(&bytes[..read], &registers) else {
            return Ok(None);
        };
        let needed = if operation.writes() { libc::PROT_WRITE } else { libc::PROT_READ };
        if mapped.protection & needed == 0 {
            return Ok(None);
        }
        // Parts of it may lie elsewhere, and a copy may go to a place that it does not come from.
        let inside = mapped.has(operation.address)
            && operation.address + u64::from(operation.size) <= mapped.end;
        if !inside {
            operation.is_known = false;
            operation.address = info.address;
        }
        let offset = operation.address - mapped.start + mapped.offset;
        let (region, at) = (mapped.region, registers.rip);
        Ok(Some(SharedAccess { operation, region, offset, at, loaded: None }))
    }

    /// Whether others may go before this access.
    pub(crate) fn is_decision_access(&self, t: usize, access: &SharedAccess) -> bool {
        self.accesses < DECISIONS && !self.is_in_mutex(t) && self.is_contended(access.region)
    }

    /// A task comes to an access before which others may go. Where it has come back to the very
    /// state in which it was here before, and nothing has changed, it waits for others.
    pub(crate) fn comes_to(&mut self, t: usize, stopped: &Stopped) -> Result<()> {
        if self.tasks[t].looks.in_vain < LOOKS {
            return Ok(());
        }
        let stand = Stand::of(stopped)?;
        let looks = &mut self.tasks[t].looks;
        let there = looks.stand.as_ref().filter(|known| known.is_at(&stand));
        match there {
            Some(known) if known.equals(&stand) => {
                let memory = memory_of(stopped.tid());
                let waits = memory.is_some() && looks.memory == memory;
                looks.memory = memory;
                if waits {
                    self.refuse(t, Class::Steps);
                }
            }
            None if looks.stand.is_some() => {}
            Some(_) | None => (looks.stand, looks.memory) = (Some(stand), None),
        }
        Ok(())
    }

    /// Lets a task do the access that it stands before, and go on.
    pub(crate) fn go_access(
        &mut self,
        t: usize,
        stopped: Stopped,
        mut access: SharedAccess,
    ) -> Result<()> {
        self.tasks[t].call_done();
        if access.operation.used == Use::Splits
            && access.operation.is_known
            && access.loaded.is_none()
            && let Some(loaded) = self.value(&access)
        {
            self.accessed(t, &access, AccessKind::Load, (loaded, loaded));
            access.loaded = Some(loaded);
            self.park(t, stopped, Point::Access(access));
            return Ok(());
        }
        match self.access(t, stopped, access)? {
            Made::Stands(stopped) => self.resume_and_follow(t, stopped, None, Resume::Free, 0),
            Made::Halted(halt) => self.follow_halt(t, halt, None),
        }
    }

    /// Does an access on behalf of a task.
    pub(crate) fn access(
        &mut self,
        t: usize,
        stopped: Stopped,
        access: SharedAccess,
    ) -> Result<Made> {
        let operation = access.operation;
        let found = self.value(&access).filter(|_| operation.is_known);
        let Some(before) = found else { return self.access_itself(t, stopped, access) };
        let mut registers = stopped.registers()?;
        let memory = access.loaded.unwrap_or(before);
        let Some(after) = operation.perform(memory, &mut registers) else {
            return self.access_itself(t, stopped, access);
        };
        if operation.writes() {
            let bytes = &after.to_le_bytes()[..usize::from(operation.size)];
            if self.regions[access.region].write(access.offset, bytes).is_none() {
                return self.access_itself(t, stopped, access);
            }
        }
        stopped.set_registers(&registers)?;
        self.tell_access(t, &access, (before, after));
        Ok(Made::Stands(stopped))
    }

    /// The task does it itself, for as long as it has its pages back.
    fn access_itself(&mut self, t: usize, stopped: Stopped, access: SharedAccess) -> Result<Made> {
        let before = self.value(&access).unwrap_or(0);
        let stopped = match self.protect(t, stopped, false)? {
            Made::Stands(stopped) => stopped,
            halted @ Made::Halted(_) => return Ok(halted),
        };
        let tid = stopped.tid();
        let running = match stopped.resume(Resume::Step, 0) {
            Err(error) if error.is_gone() => forklings_sys::ptrace::born(tid),
            other => other?,
        };
        let stopped = match running.wait()? {
            Halt::Stopped(stopped, Reason::Signal(libc::SIGTRAP))
                if stopped.signal_info()?.is_step() =>
            {
                stopped
            }
            halt @ (Halt::Stopped(..) | Halt::Died(_)) => return Ok(Made::Halted(halt)),
        };
        let after = self.value(&access).unwrap_or(0);
        self.tell_access(t, &access, (before, after));
        if self.accesses >= FOLLOWED {
            return Ok(Made::Stands(stopped));
        }
        self.protect(t, stopped, true)
    }

    /// The first bytes that an access is about, as a number.
    fn value(&self, access: &SharedAccess) -> Option<u64> {
        let mut bytes = [0; 8];
        let size = usize::from(access.operation.size.clamp(1, 8));
        self.regions[access.region].read(access.offset, &mut bytes[..size])?;
        Some(u64::from_le_bytes(bytes))
    }

    fn tell_access(&mut self, t: usize, access: &SharedAccess, (before, after): (u64, u64)) {
        let kind = match access.operation.used {
            Use::Loads => AccessKind::Load,
            Use::Stores => AccessKind::Store,
            Use::Updates => AccessKind::Update,
            Use::Splits if access.loaded.is_some() => AccessKind::Store,
            Use::Splits => {
                self.accessed(t, access, AccessKind::Load, (before, before));
                AccessKind::Store
            }
        };
        self.accessed(t, access, kind, (before, after));
    }

    fn accessed(
        &mut self,
        t: usize,
        access: &SharedAccess,
        kind: AccessKind,
        (before, after): (u64, u64),
    ) {
        let looks = &mut self.tasks[t].looks;
        let place = (access.at, access.region, access.offset);
        if before == after && looks.seen.get(&place) == Some(&before) {
            looks.in_vain += 1;
            self.tasks[t].polls += 1;
        } else {
            if before != after || looks.seen.contains_key(&place) {
                *looks = Looks::default();
            }
            looks.seen.insert(place, before);
        }
        if !self.is_contended(access.region) {
            return;
        }
        self.accesses += 1;
        // Of what a mutex does to itself, what orders others is enough.
        if self.is_in_mutex(t) && kind != AccessKind::Update {
            return;
        }
        let order = self.order_of(t, access);
        let object = self.regions[access.region].object;
        let (offset, size) = (access.offset, access.operation.size);
        let access = Access { object, offset, size, kind, before, after, order };
        self.emit(t, EventKind::Accessed(access));
    }

    fn order_of(&self, t: usize, access: &SharedAccess) -> AccessOrder {
        if access.operation.is_locked() || self.is_in_mutex(t) {
            return AccessOrder::Atomic;
        }
        if self.process(t).image != 0 {
            return AccessOrder::Unknown;
        }
        self.server.order_of(self.tasks[t].tid, access.at)
    }
}
