//! Calls that send signals and say what they do.

use super::Before;
use super::processes::errno_of;
use crate::error::Result;
use crate::process::Disposition;
use crate::ready::signal_bit;
use crate::run::Run;
use crate::task::{Call, State};
use forklings_model::{Action, EventKind, Pid, Signal, SignalTarget, TaskId, WaitsFor};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

/// The kernel's flag values. Source: asm/signal.h.
const SA_NOCLDWAIT: u64 = 2;
const SA_RESTART: u64 = 0x1000_0000;

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
        Ok(Before::Run(stopped))
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
        let own = self.tasks[t].id.proc;
        let group = self.process(t).group;
        let hit: Vec<usize> = (0..self.processes.len())
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
            .collect();
        for p in hit {
            if signal == Signal::KILL {
                self.killed(p)?;
            } else if signal == Signal::CONT {
                self.continued(p)?;
            }
        }
        Ok(())
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
        let signal = Signal(call.int(0));
        self.process_mut(t).dispositions.set(signal.0, disposition);
        let Disposition { action, restart, no_child_wait } = disposition;
        self.emit(t, EventKind::Disposition { signal, action, restart, no_child_wait });
        Ok(())
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
    let action = match memory::read_u64(tid, address)? {
        0 => Action::Default,
        1 => Action::Ignore,
        _ => Action::Handler,
    };
    let flags = memory::read_u64(tid, address + 8)?;
    Ok(Disposition {
        action,
        restart: flags & SA_RESTART != 0,
        no_child_wait: flags & SA_NOCLDWAIT != 0,
    })
}

fn signal_of(call: &Call) -> Signal {
    let third = matches!(call.number, libc::SYS_tgkill | libc::SYS_rt_tgsigqueueinfo);
    Signal(call.int(if third { 2 } else { 1 }))
}
