//! Calls that make, replace and reap processes.

use super::Before;
use crate::error::Result;
use crate::follow::After;
use crate::process::Life;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{End, EventKind, Fault, Pid, ProcId, WaitOptions, WaitOutcome, WaitTarget};
use forklings_sys::memory;
use forklings_sys::ptrace::Stopped;

/// `CLONE_INTO_CGROUP`, which only `clone3` knows. Source: linux/sched.h.
const INTO_CGROUP: u64 = 0x2_0000_0000;
/// Longest path or argument that is read from a subject.
const PATH_LIMIT: usize = 4096;

impl Run<'_> {
    pub(super) fn before_fork(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: &Call,
    ) -> Result<Before> {
        let flags = self.clone_flags(t, call);
        let forbidden = libc::CLONE_UNTRACED
            | libc::CLONE_NEWUSER
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWNS
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWNET
            | libc::CLONE_NEWUTS
            | libc::CLONE_NEWCGROUP;
        if flags & u64::from(forbidden.cast_unsigned()) != 0 || flags & INTO_CGROUP != 0 {
            self.emit(t, EventKind::Refused { call: "clone".to_owned() });
            return Ok(Before::Skip(stopped, -i64::from(libc::EPERM)));
        }
        if self.alive() >= usize::try_from(self.limits.processes).unwrap_or(usize::MAX) {
            let (processes, proc) = (self.limits.processes, self.tasks[t].id.proc);
            self.end = Some(End::ProcessLimit { processes, proc });
            return Ok(Before::Stop);
        }
        if flags & u64::from(libc::CLONE_THREAD.cast_unsigned()) == 0 {
            // Counted where a process is born, since the kernel may restart the call.
            let fault = Fault::ForkEagain { nth: self.forks + 1 };
            if self.schedule.faults.contains(&fault) {
                self.forks += 1;
                self.emit(t, EventKind::Injected { fault });
                self.emit(t, EventKind::ForkFailed { errno: libc::EAGAIN, injected: true });
                return Ok(Before::Skip(stopped, -i64::from(libc::EAGAIN)));
            }
        }
        Ok(Before::Run(stopped))
    }

    /// What a call of the fork family asks for. The flags of `clone3` lie in memory; nobody can
    /// change them between this look and the call, since nobody else runs.
    pub(crate) fn clone_flags(&self, t: usize, call: &Call) -> u64 {
        match call.number {
            libc::SYS_clone => call.args[0],
            libc::SYS_clone3 => memory::read_u64(self.tasks[t].tid, call.args[0]).unwrap_or(0),
            _ => 0,
        }
    }

    /// Whether a call makes a process that has all its memory in common with its maker, who goes on.
    pub(crate) fn makes_one_memory(&self, t: usize, call: &Call) -> bool {
        let flags = self.clone_flags(t, call);
        let asked = |flag: i32| flags & u64::from(flag.cast_unsigned()) != 0;
        asked(libc::CLONE_VM) && !asked(libc::CLONE_VFORK) && !asked(libc::CLONE_THREAD)
    }

    pub(super) fn after_fork(&mut self, t: usize, result: i64) -> After {
        if let Some(errno) = errno_of(result) {
            self.emit(t, EventKind::ForkFailed { errno, injected: false });
        }
        After::Park
    }

    /// A successful exec is told by its own stop; only failures are left here.
    pub(super) fn after_exec(&mut self, t: usize, call: &Call, result: i64) {
        if let Some(errno) = errno_of(result) {
            let path = if call.number == libc::SYS_execve { call.args[0] } else { call.args[1] };
            let program = memory::string(self.tasks[t].tid, path, PATH_LIMIT).unwrap_or_default();
            self.emit(t, EventKind::ExecFailed { program, errno });
        }
    }

    pub(super) fn after_wait(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        let bits = call.int(2);
        let options = WaitOptions {
            no_hang: bits & libc::WNOHANG != 0,
            stopped: bits & libc::WUNTRACED != 0,
            continued: bits & libc::WCONTINUED != 0,
            keep: false,
        };
        let target = self.wait_target(t, call.int(0));
        self.waited(t, call, target, options, result, call.args[1] != 0)
    }

    pub(super) fn after_waitid(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        let bits = call.int(3);
        let options = WaitOptions {
            no_hang: bits & libc::WNOHANG != 0,
            stopped: bits & libc::WSTOPPED != 0,
            continued: bits & libc::WCONTINUED != 0,
            keep: bits & libc::WNOWAIT != 0,
        };
        let target = self.wait_target(t, self.waitid_pid(t, call));
        // `waitid` gives 0; the child stands in the structure, at offset 16, or 0 for none.
        let child = match (result, call.args[2]) {
            (0, 0) => return self.waited_blindly(t, call, target, options),
            (0, info) => i64::from(memory::read_u32(self.tasks[t].tid, info + 16)?.cast_signed()),
            (error, _) => error,
        };
        self.waited(t, call, target, options, child, true)
    }

    /// A `waitid` without a place for its answer: whoever is gone from the table was reaped.
    fn waited_blindly(
        &mut self,
        t: usize,
        call: &Call,
        target: WaitTarget,
        options: WaitOptions,
    ) -> Result<()> {
        let pid = self.waitid_pid(t, call);
        let zombie = self
            .candidates(t, pid)
            .into_iter()
            .find(|p| matches!(p.life, Life::Zombie))
            .map_or(0, |p| i64::from(p.pid.0));
        self.waited(t, call, target, options, zombie, false)
    }

    fn waited(
        &mut self,
        t: usize,
        call: &Call,
        target: WaitTarget,
        options: WaitOptions,
        result: i64,
        status_taken: bool,
    ) -> Result<()> {
        let outcome = match errno_of(result) {
            Some(errno) => WaitOutcome::Failed(errno),
            None if result == 0 => WaitOutcome::NothingYet,
            None => {
                let me = self.tasks[t].id.proc;
                let pid = i32::try_from(result).unwrap_or(0);
                // Pids repeat within a long run: the child that is there is meant.
                let child = self
                    .processes
                    .iter_mut()
                    .find(|p| {
                        p.pid.0 == pid && p.parent == Some(me) && !matches!(p.life, Life::Gone)
                    })
                    .ok_or_else(|| {
                        crate::server::lost(format!("{me} reaped {pid}, which nobody knows"))
                    })?;
                match (&child.life, child.ending) {
                    (Life::Zombie, Some(ending)) if !options.keep => {
                        child.life = Life::Gone;
                        WaitOutcome::Reaped { child: child.id, ending, status_taken }
                    }
                    (Life::Zombie, _) => WaitOutcome::Seen(child.id),
                    (Life::Alive | Life::Unseen(_) | Life::Gone, _) => {
                        // Which of the two it was told of: a stop comes first.
                        if options.stopped && child.unreported_stop {
                            child.unreported_stop = false;
                        } else {
                            child.unreported_continue = false;
                        }
                        WaitOutcome::Job(child.id)
                    }
                }
            }
        };
        self.emit(t, EventKind::Waited { target, options, outcome });
        match outcome {
            WaitOutcome::NothingYet => self.in_vain(t, call.number),
            // Nobody to wait for, and still nobody.
            WaitOutcome::Failed(_) if options.no_hang => {
                self.same_answer_again(t, (call.number, call.args[0], result));
            }
            WaitOutcome::Reaped { .. }
            | WaitOutcome::Seen(_)
            | WaitOutcome::Job(_)
            | WaitOutcome::Failed(_) => {}
        }
        Ok(())
    }

    fn wait_target(&self, t: usize, pid: i32) -> WaitTarget {
        match pid {
            -1 => WaitTarget::Any,
            pid if pid <= 0 => WaitTarget::Group,
            pid => {
                let me = self.tasks[t].id.proc;
                // The newest of that pid, also when it is gone: that is what the program means.
                self.processes
                    .iter()
                    .rev()
                    .find(|p| p.pid.0 == pid && self.was_child_of(p.id, me))
                    .map_or(WaitTarget::Stranger(Pid(pid)), |p| WaitTarget::Child(p.id))
            }
        }
    }

    /// Whether a process is or was a child of another, by the record of its birth.
    fn was_child_of(&self, child: ProcId, parent: ProcId) -> bool {
        self.events.iter().any(|event| {
            event.task.proc == child
                && matches!(event.kind, EventKind::Started { parent: Some(p), .. } if p == parent)
        }) || self.processes.iter().any(|p| p.id == child && p.parent == Some(parent))
    }

    pub(super) fn after_getppid(&mut self, t: usize, result: i64) -> Result<()> {
        let answer = Pid(i32::try_from(result).unwrap_or(0));
        self.emit(t, EventKind::AskedParent { answer });
        self.same_answer_again(t, (libc::SYS_getppid, 0, result));
        Ok(())
    }

    /// Counts a question whose answer has not changed since it was asked last as a poll.
    pub(super) fn same_answer_again(&mut self, t: usize, answer: (i64, u64, i64)) {
        if self.process_mut(t).last_answer.replace(answer) == Some(answer) {
            self.in_vain(t, answer.0);
        }
    }

    pub(super) fn after_group(&mut self, t: usize, call: &Call, result: i64) {
        if result < 0 {
            return;
        }
        if call.number == libc::SYS_setsid {
            let process = self.process_mut(t);
            process.group = process.pid.0;
        } else {
            let me = self.process(t).pid.0;
            let whose = if call.int(0) == 0 { me } else { call.int(0) };
            let group = if call.int(1) == 0 { whose } else { call.int(1) };
            if let Some(process) = self.processes.iter_mut().find(|p| p.pid.0 == whose) {
                process.group = group;
            }
        }
        self.emit(t, EventKind::SessionOrGroup { call: super::name(call.number) });
    }
}

/// The error that a call's result stands for.
pub(super) fn errno_of(result: i64) -> Option<i32> {
    (-4095..0).contains(&result).then(|| i32::try_from(-result).unwrap_or(0))
}
