//! System V semaphores and message queues. Source: `semop(2)`, `msgop(2)`.

use super::Before;
use super::processes::errno_of;
use crate::attempt::{Attempt, Class};
use crate::error::Result;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{EventKind, ObjectId, ObjectKind, WaitsFor};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

/// Operations in one `semop`; the kernel's own limit. Source: `semop(2)`, SEMOPM.
const OPERATIONS: u64 = 500;
/// Bytes of a `struct sembuf`: number, operation, flags, two bytes each.
const SEMBUF: usize = 6;

/// What kind of object a System V number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SysV {
    /// A set of semaphores.
    Semaphores,
    /// A message queue.
    Messages,
    /// Shared memory.
    Memory,
}

/// An object, as its `get` made or found it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    /// Its number among the objects of the run.
    pub(crate) object: ObjectId,
    /// By which others find it; IPC_PRIVATE where nobody does.
    pub(crate) key: i32,
}

impl Run<'_> {
    /// What an operation on semaphores or queues waits for, once it was refused.
    pub(crate) fn waits_for_sysv(&mut self, t: usize, call: &Call) -> Option<WaitsFor> {
        if !self.still_refused(t) {
            return None;
        }
        let object = self.sysv_object(call)?;
        if call.number == libc::SYS_semtimedop
            && call.args[3] != 0
            && self.tasks[t].deadline.is_none()
        {
            let length = self.read_timespec(t, call.args[3]).ok()?;
            if length == 0 {
                self.tasks[t].expired = true;
                return None;
            }
            self.tasks[t].deadline = Some(self.clock.now() + length);
        }
        Some(match call.number {
            libc::SYS_msgsnd => WaitsFor::Message { object, sends: true },
            libc::SYS_msgrcv => WaitsFor::Message { object, sends: false },
            _ => WaitsFor::Semaphore { object },
        })
    }

    pub(super) fn before_sysv(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        if self.tasks[t].expired {
            self.timed_out(t, call.number);
            self.used(t, call, Some(libc::EAGAIN));
            return Ok(Before::Skip(stopped, -i64::from(libc::EAGAIN)));
        }
        if self.is_interrupted(t, &stopped, call)? {
            return Ok(Before::Run(stopped));
        }
        let mut registers = call.registers;
        let no_wait = u64::from(libc::IPC_NOWAIT.unsigned_abs());
        let attempt = match call.number {
            libc::SYS_msgsnd if call.args[3] & no_wait == 0 => {
                registers.r10 |= no_wait;
                Attempt::new(libc::EAGAIN, Class::Messages)
            }
            libc::SYS_msgrcv if call.args[4] & no_wait == 0 => {
                registers.r8 |= no_wait;
                Attempt::new(libc::ENOMSG, Class::Messages)
            }
            libc::SYS_semop | libc::SYS_semtimedop => {
                let Some(operations) = self.without_waiting(t, call) else {
                    return Ok(Before::Run(stopped));
                };
                let Some(place) = self.scratch(t, call, &operations) else {
                    self.tasks[t].may_block = true;
                    return Ok(Before::Run(stopped));
                };
                registers.rsi = place;
                Attempt::new(libc::EAGAIN, Class::Semaphores)
            }
            _ => return Ok(Before::Run(stopped)),
        };
        self.attempt(t, &stopped, &registers, attempt)?;
        Ok(Before::Run(stopped))
    }

    /// The operations of a call, each marked so that it does not wait. `None` when they cannot be
    /// read, or none of them would wait anyway.
    fn without_waiting(&mut self, t: usize, call: &Call) -> Option<Vec<u8>> {
        let count = usize::try_from(call.args[2].min(OPERATIONS)).ok()?;
        let mut bytes = vec![0; count * SEMBUF];
        memory::exact(self.tasks[t].tid, call.args[1], &mut bytes).ok()?;
        let [low, high, ..] = libc::IPC_NOWAIT.to_le_bytes();
        let mut waiting = 0;
        for operation in bytes.chunks_exact_mut(SEMBUF) {
            if operation[4] & low == 0 && operation[5] & high == 0 {
                waiting += 1;
            }
            operation[4] |= low;
            operation[5] |= high;
        }
        if waiting > 0 && waiting < count {
            // Which of them the kernel stumbles over decides whether the call waits.
            self.tasks[t].may_block = true;
            return None;
        }
        (waiting > 0).then_some(bytes)
    }

    pub(super) fn after_sysv(&mut self, t: usize, call: &Call, result: i64) {
        let errno = errno_of(result);
        match call.number {
            libc::SYS_semget => self.made_sysv(t, (SysV::Semaphores, call.int(2)), call, result),
            libc::SYS_msgget => self.made_sysv(t, (SysV::Messages, call.int(1)), call, result),
            libc::SYS_shmget => self.made_sysv(t, (SysV::Memory, call.int(2)), call, result),
            libc::SYS_shmctl => self.after_shmctl(t, call, result),
            libc::SYS_semop | libc::SYS_semtimedop | libc::SYS_semctl => {
                self.changes.note(Class::Semaphores);
                self.used(t, call, errno);
            }
            _ => {
                self.changes.note(Class::Messages);
                self.used(t, call, errno);
            }
        }
        let command = match call.number {
            libc::SYS_semctl => call.int(2),
            libc::SYS_msgctl | libc::SYS_shmctl => call.int(1),
            _ => return,
        };
        // The version bit that 32-bit callers set aside. Source: linux/ipc.h, IPC_64.
        if command & !0x100 == libc::IPC_RMID && errno.is_none() {
            self.sysv.remove(&(kind_of(call.number), call.int(0)));
        }
    }

    fn made_sysv(&mut self, t: usize, (kind, flags): (SysV, i32), call: &Call, result: i64) {
        let Ok(id) = i32::try_from(result) else { return };
        if id < 0 || self.sysv.contains_key(&(kind, id)) {
            return;
        }
        let name = match kind {
            SysV::Semaphores => "semget",
            SysV::Messages => "msgget",
            SysV::Memory => "shmget",
        };
        let object = self.objects.add(ObjectKind::Other(name.to_owned()), self.tasks[t].site);
        let key = call.int(0);
        self.sysv.insert((kind, id), Made { object, key });
        let call_name = super::name(call.number);
        self.emit(t, EventKind::Used { call: call_name, object: Some(object), errno: None });
        let exclusive = libc::IPC_CREAT | libc::IPC_EXCL;
        if key == libc::IPC_PRIVATE || flags & exclusive == exclusive {
            self.own_sysv.insert((kind, id));
        }
    }

    /// The object that a System V call is about.
    pub(crate) fn sysv_object(&self, call: &Call) -> Option<ObjectId> {
        self.sysv.get(&(kind_of(call.number), call.int(0))).map(|made| made.object)
    }
}

fn kind_of(call: i64) -> SysV {
    match call {
        libc::SYS_semget | libc::SYS_semop | libc::SYS_semtimedop | libc::SYS_semctl => {
            SysV::Semaphores
        }
        libc::SYS_shmget | libc::SYS_shmctl => SysV::Memory,
        _ => SysV::Messages,
    }
}
