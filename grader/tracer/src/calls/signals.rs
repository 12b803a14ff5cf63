//! Calls that send signals and say what they do.

use super::Before;
use super::processes::errno_of;
use crate::error::Result;
use crate::process::Disposition;
use crate::ready::signal_bit;
use crate::run::Run;
use crate::task::{Call, State};
use forklings_model::{Action, EventKind, Pid, ProcId, Signal, SignalTarget, TaskId, WaitsFor};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

/// The kernel's flag values. Source: asm/signal.h.
const SA_NOCLDWAIT: u64 = 2;
const SA_RESTORER: u64 = 0x0400_0000;
const SA_ONSTACK: u64 = 0x0800_0000;
const SA_RESTART: u64 = 0x1000_0000;
const SA_RESETHAND: u64 = 0x8000_0000;

/// A `sigaction` structure with a handler, as far as two of them can differ: function, flags, mask.
pub(crate) type Handler = (u64, u64, u64);

impl Run<'_> {
    pub(super) fn before_kill(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let signal = signal_of(call);
        let target = self.target(t, call);
        let isolated = self.server.isolation().namespaces;
        let outside = match target {
            SignalTarget::Process(_) | SignalTarget::Task(_) => false,
            SignalTarget::Nobody(_) | SignalTarget::Everybody => true,
            SignalTarget::Group(group) => {
                let group = group.map_or(self.process(t).group, |pid| pid.0);
                !self.processes.iter().any(|p| p.group == group)
            }
        };
        if outside && !isolated {
            // Without a pid namespace such a signal would leave the run.
            let errno = libc::ESRCH;
            self.emit(t, EventKind::SignalSent { signal, target, errno: Some(errno) });
            return Ok(Before::Skip(stopped, -i64::from(errno)));
        }
        let own = self.tasks[t].id.proc;
        let suicide = matches!(target, SignalTarget::Process(p) if p == own)
            || matches!(target, SignalTarget::Task(task) if task.proc == own)
            || matches!(target, SignalTarget::Group(None));
        if suicide && signal == Signal::KILL {
            // The call will not return.
            self.emit(t, EventKind::SignalSent { signal, target, errno: None });
        }
        self.tasks[t].merges = self.merges_with(t, &stopped, signal, target);
        if signal == Signal::KILL {
            for proc in self.reached(target) {
                self.give_back(proc)?;
            }
        }
        Ok(Before::Run(stopped))
    }

    /// The living processes that a signal to this target reaches.
    fn reached(&self, target: SignalTarget) -> Vec<ProcId> {
        let is = |p: &&crate::process::Process| match target {
            SignalTarget::Process(proc) => p.id == proc,
            SignalTarget::Task(task) => p.id == task.proc,
            SignalTarget::Group(group) => group.is_none_or(|group| p.group == group.0),
            SignalTarget::Everybody => true,
            SignalTarget::Nobody(_) => false,
        };
        self.processes.iter().filter(is).filter(|p| p.is_alive()).map(|p| p.id).collect()
    }

    /// The processes that a signal would reach while one of its kind is pending for them: they get
    /// only one of the two. Source: `signal(7)`, "Queueing and delivery semantics for standard
    /// signals".
    fn merges_with(
        &self,
        t: usize,
        sender: &Stopped,
        signal: Signal,
        target: SignalTarget,
    ) -> Vec<ProcId> {
        if signal.0 == 0 || signal.is_real_time() {
            return Vec::new();
        }
        let pending = |p: &usize| {
            let id = self.processes[*p].id;
            let first = self.tasks.iter().position(|task| task.id == TaskId::main(id));
            let stopped = match first {
                Some(own) if own == t => sender,
                Some(other) => match &self.tasks[other].state {
                    State::Parked(stopped, _) => stopped,
                    State::InKernel(..) | State::GroupStopped(_) | State::Moving | State::Gone => {
                        return false;
                    }
                },
                None => return false,
            };
            stopped.pending().is_ok_and(|all| all.iter().any(|i| i.signal == signal.0))
        };
        let hit = self.hit_by(t, target).into_iter().filter(pending);
        hit.map(|p| self.processes[p].id).collect()
    }

    pub(super) fn after_kill(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        let signal = signal_of(call);
        let target = self.target(t, call);
        let errno = errno_of(result);
        if signal.0 == 0 {
            let answer = (call.number, call.args[0], result);
            self.same_answer_again(t, answer);
            return Ok(());
        }
        self.emit(t, EventKind::SignalSent { signal, target, errno });
        if errno.is_some() {
            return Ok(());
        }
        for proc in std::mem::take(&mut self.tasks[t].merges) {
            self.emit_for(proc, EventKind::SignalMerged { signal });
        }
        for p in self.hit_by(t, target) {
            if signal == Signal::KILL {
                self.killed(p)?;
            } else if signal == Signal::CONT {
                self.continued(p)?;
            }
        }
        Ok(())
    }

    /// Positions of the processes that a signal of this task to this target reaches.
    fn hit_by(&self, t: usize, target: SignalTarget) -> Vec<usize> {
        let own = self.tasks[t].id.proc;
        let group = self.process(t).group;
        (0..self.processes.len())
            .filter(|&p| {
                let process = &self.processes[p];
                match target {
                    SignalTarget::Process(id) => process.id == id,
                    SignalTarget::Task(task) => process.id == task.proc,
                    SignalTarget::Nobody(_) => false,
                    SignalTarget::Group(given) => process.group == given.map_or(group, |g| g.0),
                    SignalTarget::Everybody => process.id != own,
                }
            })
            .collect()
    }

    fn target(&self, t: usize, call: &Call) -> SignalTarget {
        let process = |pid: i32| {
            self.by_pid(pid).map_or(SignalTarget::Nobody(Pid(pid)), |p| SignalTarget::Process(p.id))
        };
        match (call.number, call.int(0)) {
            (libc::SYS_pidfd_send_signal, fd) => self.pidfd_target(t, fd),
            (libc::SYS_kill, 0) => SignalTarget::Group(None),
            (libc::SYS_kill, -1) => SignalTarget::Everybody,
            (libc::SYS_kill, pid) if pid < 0 => SignalTarget::Group(Some(Pid(-pid))),
            (libc::SYS_tgkill | libc::SYS_rt_tgsigqueueinfo, pid)
                if pid == self.process(t).pid.0 =>
            {
                // Threads of the own process; `raise` means the caller.
                SignalTarget::Task(TaskId { ..self.tasks[t].id })
            }
            (_, pid) => process(pid),
        }
    }

    pub(super) fn after_sigaction(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        if result != 0 || call.args[1] == 0 {
            return Ok(());
        }
        let disposition = disposition_at(self.tasks[t].tid, call.args[1])?;
        self.disposes(t, Signal(call.int(0)), disposition);
        Ok(())
    }

    /// From now on the process does this with a signal.
    pub(crate) fn disposes(&mut self, t: usize, signal: Signal, disposition: Disposition) {
        self.process_mut(t).dispositions.set(signal.0, disposition);
        self.tell_disposition(t, signal, disposition);
    }

    /// Adds the event that says what the process does with a signal.
    pub(crate) fn tell_disposition(&mut self, t: usize, signal: Signal, disposition: Disposition) {
        let Disposition { action, restart, no_child_wait, handler, .. } = disposition;
        let handler = handler.map(|handler| self.number_of(handler));
        let kind = EventKind::Disposition { signal, action, restart, no_child_wait, handler };
        self.emit(t, kind);
    }

    /// The same number for the same handler, in the order of their first appearance: addresses
    /// need not repeat from run to run.
    fn number_of(&mut self, handler: Handler) -> u32 {
        let known = self.handlers.iter().position(|known| *known == handler);
        let number = known.unwrap_or_else(|| {
            self.handlers.push(handler);
            self.handlers.len() - 1
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// What `sigtimedwait` and its relatives wait for: one of a set that is blocked.
    pub(crate) fn waits_for_signals(&mut self, t: usize, call: &Call) -> Result<Option<WaitsFor>> {
        let State::Parked(stopped, _) = &self.tasks[t].state else { return Ok(None) };
        let Ok(set) = memory::read_u64(self.tasks[t].tid, call.args[0]) else { return Ok(None) };
        if stopped.pending()?.iter().any(|i| set & signal_bit(i.signal) != 0) {
            return Ok(None);
        }
        if call.args[2] != 0 && self.tasks[t].deadline.is_none() {
            let Ok(length) = self.read_timespec(t, call.args[2]) else { return Ok(None) };
            if length == 0 {
                return Ok(None);
            }
            self.tasks[t].deadline = Some(self.clock.now() + length);
        }
        Ok(Some(WaitsFor::Signal))
    }
}

/// What the `struct sigaction` at an address asks for. Source: `rt_sigaction(2)`.
pub(crate) fn disposition_at(tid: i32, address: u64) -> Result<Disposition> {
    let function = memory::read_u64(tid, address)?;
    let action = match function {
        0 => Action::Default,
        1 => Action::Ignore,
        _ => Action::Handler,
    };
    let flags = memory::read_u64(tid, address + 8)?;
    // The restorer, which is libc's own, stands between flags and mask.
    let mask = memory::read_u64(tid, address + 24)?;
    Ok(Disposition {
        action,
        restart: flags & SA_RESTART != 0,
        no_child_wait: flags & SA_NOCLDWAIT != 0,
        once: flags & SA_RESETHAND != 0,
        other_stack: flags & SA_ONSTACK != 0,
        handler: (action == Action::Handler).then_some((function, flags & !SA_RESTORER, mask)),
    })
}

fn signal_of(call: &Call) -> Signal {
    let third = matches!(call.number, libc::SYS_tgkill | libc::SYS_rt_tgsigqueueinfo);
    Signal(call.int(if third { 2 } else { 1 }))
}
