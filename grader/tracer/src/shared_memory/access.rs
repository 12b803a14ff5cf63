//! One access to shared memory: found where a task is stopped, and done on its behalf.

use super::FOLLOWED;
use super::instruction::{Instruction, LONGEST, Operation, Use, decode};
use super::origin::Origin;
use super::trap::Made;
use crate::attempt::Class;
use crate::error::Result;
use crate::run::Run;
use crate::spin::{Stand, memory_of};
use crate::task::{Point, State};
use forklings_model::{Access, AccessKind, AccessOrder, EventKind};
use forklings_sys::memory;
use forklings_sys::ptrace::{Halt, Reason, Registers, Resume, Stopped};
use std::collections::BTreeMap;

/// Looks in vain in a row that are told. More of the same say nothing new.
const TOLD: u32 = 3;
/// Looks in vain after which it is asked whether a task can only wait.
const LOOKS: u32 = 2;

/// What an access that a task does itself counts for: it costs several stops, and is mostly one of many
/// that copy data.
const DONE_ITSELF: u32 = 15;

/// An access that a task stands before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedAccess {
    operation: Operation,
    pub(crate) region: usize,
    pub(crate) offset: u64,
    /// The registers before it.
    pub(crate) registers: Registers,
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
    /// What all its memory was when everybody else waited too.
    memory: Option<u64>,
    /// Whether it changes its own memory from look to look, so that it may stop by itself.
    counts: bool,
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
        self.access_at(t, &stopped.registers()?, info.address)
    }

    /// The access that a task stands before with these registers, to this address; `None` where it is
    /// none to followed memory, or one that it must not make.
    pub(super) fn access_at(
        &mut self,
        t: usize,
        registers: &Registers,
        address: u64,
    ) -> Result<Option<SharedAccess>> {
        let Some(mapped) = self.process(t).shared.at(address).copied() else {
            return Ok(None);
        };
        let instruction = self.instruction_at(t, registers.rip)?;
        let Some(mut operation) = Operation::of(instruction, registers, address) else {
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
            operation.address = address;
        }
        let offset = operation.address - mapped.start + mapped.offset;
        let region = mapped.region;
        Ok(Some(SharedAccess { operation, region, offset, registers: *registers, loaded: None }))
    }

    /// The instruction that a task has at an address.
    pub(super) fn instruction_at(&mut self, t: usize, address: u64) -> Result<Instruction> {
        let image = self.process(t).image;
        if let Some(&known) = self.code.get(&(image, address)) {
            return Ok(known);
        }
        // At the end of its mapping there may be less.
        let mut code = [0; LONGEST];
        self.breakpoints_of(t).read(self.tasks[t].tid, address, &mut code)?;
        let instruction = decode(&code, address);
        self.code.insert((image, address), instruction);
        Ok(instruction)
    }

    /// A task stands before an access before which others may go.
    pub(crate) fn stands_before_access(
        &mut self,
        t: usize,
        stopped: Stopped,
        access: SharedAccess,
    ) -> Result<()> {
        self.note_site(t, &stopped, &access.registers);
        self.comes_to(t, &stopped)?;
        self.park(t, stopped, Point::Access(access));
        Ok(())
    }

    /// Whether others may go before this access, or it may be a wait for them.
    pub(crate) fn is_decision_access(&self, t: usize, access: &SharedAccess) -> bool {
        let may_wait = self.tasks[t].looks.in_vain >= LOOKS;
        self.accesses < FOLLOWED
            && !self.is_in_mutex(t)
            && (may_wait || self.is_contended(access.region))
    }

    /// A task comes to an access before which others may go. Where its registers and its stack are
    /// what they were when it was here before, and nothing has changed, it waits for others.
    fn comes_to(&mut self, t: usize, stopped: &Stopped) -> Result<()> {
        if self.tasks[t].looks.in_vain < LOOKS || self.tasks[t].looks.counts {
            return Ok(());
        }
        let stand = Stand::of(stopped)?;
        let looks = &mut self.tasks[t].looks;
        let there = looks.stand.as_ref().filter(|known| known.is_at(&stand));
        match there {
            Some(known) if known.equals(&stand) => self.refuse(t, Class::Steps),
            None if looks.stand.is_some() => {}
            Some(_) | None => (looks.stand, looks.memory) = (Some(stand), None),
        }
        Ok(())
    }

    /// Everybody waits, and some by looking at shared memory. Before that is said to be for ever,
    /// each of them looks once more: who has changed any memory of its own by that may be counting,
    /// and does not wait. Whether the run goes on.
    pub(crate) fn lookers_go_on(&mut self) -> bool {
        let mut again = false;
        for task in &mut self.tasks {
            let State::Parked(stopped, Point::Access(_)) = &task.state else { continue };
            let memory = memory_of(stopped.tid());
            if memory.is_none() || task.looks.memory != memory {
                task.looks.counts = memory.is_none() || task.looks.memory.is_some();
                task.looks.memory = memory;
                again = true;
            }
        }
        if again {
            self.changes.note_all();
        }
        again
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
            let told = self.told(loaded);
            self.accessed(t, &access, AccessKind::Load, (loaded, loaded));
            access.loaded = Some(told);
            self.park(t, stopped, Point::Access(access));
            return Ok(());
        }
        match self.access(t, stopped, access)? {
            Made::Stands(stopped) => match self.work_ahead(t, stopped)? {
                Some(stopped) => self.resume_and_follow(t, stopped, None, Resume::Free, 0),
                None => Ok(()),
            },
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
        if self.accesses >= FOLLOWED {
            self.unwatched_memory = true;
            // It does this once more, and stops no more.
            return self.protect(t, stopped, false);
        }
        let operation = access.operation;
        let found = self.value(&access).filter(|_| operation.is_known);
        let Some(before) = found else { return self.access_itself(t, stopped, access) };
        let mut registers = access.registers;
        let memory = match operation.used {
            Use::Loads => self.told(before),
            Use::Stores | Use::Updates | Use::Splits => access.loaded.unwrap_or(before),
        };
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
        self.own.forget();
        let before = self.value(&access).unwrap_or(0);
        let stopped = match self.protect(t, stopped, false)? {
            Made::Stands(stopped) => stopped,
            halted @ Made::Halted(_) => return Ok(halted),
        };
        self.uncover(t, &stopped)?;
        let done = match access.operation.repeats_until() {
            Some(next) => run_until(stopped, next)?,
            None => step(stopped)?,
        };
        let stopped = match done {
            Made::Stands(stopped) => stopped,
            halted @ Made::Halted(_) => return Ok(halted),
        };
        self.accesses += DONE_ITSELF;
        let after = self.value(&access).unwrap_or(0);
        self.tell_access(t, &access, (before, after));
        self.protect(t, stopped, true)
    }

    /// What a read is told that finds this value: the next event is about it.
    fn told(&self, value: u64) -> u64 {
        value.wrapping_add(u64::from(self.misread == Some(self.events.len())))
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
            Use::Updates if access.operation.is_exchange() && self.is_atomic_store(t, access) => {
                AccessKind::Store
            }
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
        let place = (access.registers.rip, access.region, access.offset);
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
        if self.tasks[t].looks.in_vain > TOLD {
            return;
        }
        // Of what a mutex does to itself, what orders others is enough.
        if self.is_in_mutex(t) && kind != AccessKind::Update {
            return;
        }
        let order = self.order_of(t, access);
        let object = self.regions[access.region].object;
        let (offset, size) = (access.offset, access.operation.size);
        let access = Access { object, offset, size, kind, before, after, order, adds: false };
        self.emit(t, EventKind::Accessed(access));
    }

    /// Whether an exchange is how the compiler writes an atomic store.
    fn is_atomic_store(&self, t: usize, access: &SharedAccess) -> bool {
        self.process(t).image == 0 && self.origin_of(t, access).stores
    }

    /// An atomic operation of a task's has changed four bytes of memory that is followed.
    pub(crate) fn updated_word(&mut self, t: usize, address: u64, (before, after): (u32, u32)) {
        let Some(&mapped) = self.process(t).shared.at(address) else { return };
        self.tasks[t].looks = Looks::default();
        if !self.is_contended(mapped.region) {
            return;
        }
        self.accesses += 1;
        let access = Access {
            object: self.regions[mapped.region].object,
            offset: address - mapped.start + mapped.offset,
            size: 4,
            kind: AccessKind::Update,
            before: before.into(),
            after: after.into(),
            order: AccessOrder::Atomic,
            adds: false,
        };
        self.emit(t, EventKind::Accessed(access));
    }

    fn order_of(&self, t: usize, access: &SharedAccess) -> AccessOrder {
        if access.operation.is_locked() || self.is_in_mutex(t) {
            return AccessOrder::Atomic;
        }
        // Others may be told by what nobody sees when they may use this.
        if self.process(t).image != 0 || self.unseen_memory {
            return AccessOrder::Unknown;
        }
        self.origin_of(t, access).order
    }

    fn origin_of(&self, t: usize, access: &SharedAccess) -> Origin {
        let (tid, set) = (self.tasks[t].tid, self.breakpoints_of(t));
        self.server.origin_of(tid, access.registers.rip, set)
    }
}

/// Lets a task perform one instruction.
fn step(stopped: Stopped) -> Result<Made> {
    let tid = stopped.tid();
    let running = match stopped.resume(Resume::Step, 0) {
        Err(error) if error.is_gone() => forklings_sys::ptrace::born(tid),
        other => other?,
    };
    Ok(match running.wait()? {
        Halt::Stopped(stopped, Reason::Signal(libc::SIGTRAP))
            if stopped.signal_info()?.is_step() =>
        {
            Made::Stands(stopped)
        }
        halt @ (Halt::Stopped(..) | Halt::Died(_)) => Made::Halted(halt),
    })
}

/// Lets a task perform an instruction that repeats itself, up to the next one at this address: a step
/// would be only one time round.
fn run_until(stopped: Stopped, next: u64) -> Result<Made> {
    let tid = stopped.tid();
    let word = memory::read_u64(tid, next)?;
    stopped.poke(next, (word & !0xff) | 0xcc)?;
    let running = match stopped.resume(Resume::Free, 0) {
        Err(error) if error.is_gone() => forklings_sys::ptrace::born(tid),
        other => other?,
    };
    let halt = running.wait()?;
    if let Halt::Stopped(stopped, reason) = &halt {
        stopped.poke(next, word)?;
        let mut registers = stopped.registers()?;
        if *reason == Reason::Signal(libc::SIGTRAP) && registers.rip == next + 1 {
            registers.rip = next;
            stopped.set_registers(&registers)?;
            let Halt::Stopped(stopped, _) = halt else { return Ok(Made::Halted(halt)) };
            return Ok(Made::Stands(stopped));
        }
    }
    Ok(Made::Halted(halt))
}
