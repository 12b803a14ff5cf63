//! Follows one task from being let go to its next stop that others can notice.

use crate::attempt::Class;
use crate::error::Result;
use crate::process::Life;
use crate::run::Run;
use crate::server::lost;
use crate::shared_memory::Made;
use crate::spin::Led;
use crate::task::{Call, Inside, Point, State};
use crate::{calls, image};
use forklings_model::{Action, End, EventKind, Signal, SignalSource};
use forklings_sys::ptrace::{Halt, Reason, Resume, Running, SignalInfo, Stopped};
use forklings_sys::{SysError, cpu, ptrace};
use std::thread;
use std::time::{Duration, Instant};

/// Results below zero by which a call asks to be restarted; never seen by a program.
const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;

/// Stops that stand for a second of CPU time: a loop of calls never ends by itself, and a count is
/// the same in every run.
const STOPS_A_SECOND: u32 = 20_000;

/// What to do with a call that has returned.
pub(crate) enum After {
    /// The task goes on to its next call.
    GoOn,
    /// Others may go first.
    Park,
}

impl Run<'_> {
    /// Lets a task go and follows it until it is parked, blocked in the kernel, or dead.
    pub(crate) fn resume_and_follow(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: Option<Call>,
        how: Resume,
        signal: i32,
    ) -> Result<()> {
        match self.let_go(t, stopped, call, (how, signal))? {
            Some(halt) => self.follow_halt(t, halt, call),
            None => Ok(()),
        }
    }

    /// A tracee that is gone while it was stopped was killed; anything else is an error.
    fn survive(&mut self, t: usize, error: SysError) -> Result<()> {
        if error.is_gone() { self.was_killed(t) } else { Err(error.into()) }
    }

    /// Follows a running task. `call` is the call it is inside of.
    pub(crate) fn follow(&mut self, t: usize, running: Running, call: Option<Call>) -> Result<()> {
        match self.wait_for(t, running, call)? {
            Some(halt) => self.follow_halt(t, halt, call),
            None => Ok(()),
        }
    }

    /// Follows a task on from where it has halted.
    pub(crate) fn follow_halt(
        &mut self,
        t: usize,
        mut halt: Halt,
        mut call: Option<Call>,
    ) -> Result<()> {
        loop {
            let (mut stopped, reason) = match halt {
                Halt::Stopped(stopped, reason) => (stopped, reason),
                Halt::Died(status) => {
                    self.news.for_all();
                    return self.died_at_once(t, status);
                }
            };
            self.stops += 1;
            if self.stops > STOPS_A_SECOND * self.cpu_seconds {
                return self.computes_without_end(t, &stopped);
            }
            let access = if reason == Reason::Signal(libc::SIGSEGV) {
                self.shared_access(t, &stopped)?
            } else {
                None
            };
            if let Some(access) = access.filter(|access| !self.is_decision_access(t, access)) {
                self.note_site(t, &stopped, &access.registers);
                self.own.forget();
                halt = match self.access(t, stopped, access)? {
                    Made::Stands(stopped) => match stopped.resume(Resume::Free, 0) {
                        Ok(running) => match self.wait_for(t, running, call)? {
                            Some(halt) => halt,
                            None => return Ok(()),
                        },
                        Err(error) => return self.survive(t, error),
                    },
                    Made::Halted(halt) => halt,
                };
                continue;
            }
            let hit = self.met(t, &stopped, reason);
            if access.is_none() && hit.is_none() {
                self.note_halt(t, &stopped, reason, call.as_ref())?;
            }
            if let Some(access) = access {
                return self.stands_before_access(t, stopped, access);
            }
            if reason == Reason::Signal(libc::SIGSTOP) && is_from_tracer(&stopped.signal_info()?) {
                match self.interrupted(t, stopped)? {
                    Some(next) => {
                        halt = next;
                        continue;
                    }
                    None => return Ok(()),
                }
            }
            let (mut how, mut deliver) = (Resume::Free, 0);
            match reason {
                Reason::Seccomp => {
                    let mut next = Call::of(stopped.registers()?);
                    if self.wants_file(&next) {
                        stopped = match self.give_file(t, stopped, &next)? {
                            Made::Stands(stopped) => stopped,
                            Made::Halted(other) => {
                                halt = other;
                                continue;
                            }
                        };
                        next = Call::of(stopped.registers()?);
                    }
                    if self.is_decision(t, &next) {
                        self.park(t, stopped, Point::Call(next));
                        return Ok(());
                    }
                    self.note_call(t, &next);
                    self.note_site(t, &stopped, &next.registers);
                    stopped = match self.lend_pages(t, stopped, &next)? {
                        Made::Stands(stopped) => stopped,
                        Made::Halted(other) => {
                            halt = other;
                            continue;
                        }
                    };
                    call = Some(next);
                    how = match self.before_quiet(t, &stopped, &next)? {
                        true => Resume::ToExit,
                        false => Resume::Free,
                    };
                }
                Reason::SyscallExit => {
                    if let Some(done) = call.take()
                        && let Some(result) = self.returned(t, &stopped, &done)?
                    {
                        if RESTARTS.contains(&result) {
                            self.tasks[t].interrupted = Some((done.number, result));
                        } else if let After::Park = self.after(t, &stopped, &done, result)? {
                            self.park(t, stopped, Point::Return);
                            return Ok(());
                        }
                        // Also before a handler: it, and what comes after it, touches memory again.
                        stopped = match self.after_call(t, stopped)? {
                            Made::Stands(stopped) => stopped,
                            Made::Halted(other) => {
                                halt = other;
                                continue;
                            }
                        };
                    }
                }
                Reason::Signal(_) if hit.is_some() => {
                    let at = hit.unwrap_or_default();
                    if let Some(point) = self.at_breakpoint(t, &stopped, at)? {
                        self.park(t, stopped, point);
                        return Ok(());
                    }
                }
                Reason::Signal(signal) => {
                    deliver = self.signal_stop(t, &stopped, signal)?;
                    stopped = match self.leave_locks_if_fatal(t, stopped, deliver)? {
                        Made::Stands(stopped) => stopped,
                        Made::Halted(other) => {
                            halt = other;
                            continue;
                        }
                    };
                }
                Reason::Fork | Reason::Clone => {
                    let tid = i32::try_from(stopped.event_message()?).unwrap_or(0);
                    self.born(t, tid, reason, call)?;
                    how = Resume::ToExit;
                }
                Reason::Vfork => {
                    let tid = i32::try_from(stopped.event_message()?).unwrap_or(0);
                    self.born(t, tid, reason, call)?;
                    let call = call.ok_or_else(|| lost("vfork without a call"))?;
                    match stopped.resume(Resume::ToExit, 0) {
                        Ok(running) => {
                            self.tasks[t].state = State::InKernel(running, call, Inside::Vfork);
                            return Ok(());
                        }
                        Err(error) => return self.survive(t, error),
                    }
                }
                Reason::VforkDone => how = Resume::ToExit,
                Reason::Exec => {
                    image::prepare(&stopped)?;
                    self.forget_stacks(&stopped);
                    self.executed(t)?;
                    how = Resume::ToExit;
                }
                Reason::Exit => return self.dies(t, stopped),
                Reason::Group(libc::SIGTRAP) => {}
                Reason::Group(signal) => return self.group_stops(t, stopped, signal),
            }
            halt = match self.let_go(t, stopped, call, (how, deliver))? {
                Some(halt) => halt,
                None => return Ok(()),
            };
        }
    }

    /// Lets a task go on, with a signal unless it is 0, to its next stop. `None` when it was killed,
    /// or blocks in a call without a model.
    fn let_go(
        &mut self,
        t: usize,
        stopped: Stopped,
        call: Option<Call>,
        (how, signal): (Resume, i32),
    ) -> Result<Option<Halt>> {
        self.watch(t, &stopped, how)?;
        self.own.forget();
        match stopped.resume(how, signal) {
            Ok(running) => self.wait_for(t, running, call),
            Err(error) => self.survive(t, error).map(|()| None),
        }
    }

    /// What a task does without knowing when a call of its own has returned.
    fn after_call(&mut self, t: usize, stopped: Stopped) -> Result<Made> {
        match self.take_file(t, stopped)? {
            Made::Stands(stopped) => self.trap(t, stopped),
            halted @ Made::Halted(_) => Ok(halted),
        }
    }

    /// Waits for a running task's next stop. `None` when it blocks in a call without a model: its
    /// state is set then.
    fn wait_for(&mut self, t: usize, running: Running, call: Option<Call>) -> Result<Option<Halt>> {
        let host = self.process(t).host;
        if let Some(call) = call
            && (self.tasks[t].may_block || !calls::is_modelled(call.number))
        {
            return self.wait_or_asleep(t, running, call);
        }
        let computes = self.tasks[t].computes || self.tasks[t].endless;
        self.watchdog.begin(host, running.tid(), computes);
        let halt = running.wait();
        if let Some(given_up) = self.watchdog.end() {
            if self.is_cancelled() {
                self.abandon("it was stopped from outside", []);
            } else {
                // What the kernel says of the moment; the call that is followed may have returned.
                let stuck = self.stuck(t, given_up.call);
                let reason = "a process did not stop for half a minute and used no CPU time";
                self.abandon(reason, [stuck]);
            }
        }
        Ok(Some(halt?))
    }

    /// Goes on from a stop that was found without following.
    pub(crate) fn follow_from(&mut self, t: usize, halt: Halt, call: Option<Call>) -> Result<()> {
        self.news.for_all();
        match halt {
            Halt::Died(status) => self.died_at_once(t, status),
            Halt::Stopped(stopped, Reason::SyscallExit) => {
                if let Some(call) = call
                    && let Some(result) = self.returned(t, &stopped, &call)?
                {
                    if RESTARTS.contains(&result) {
                        self.tasks[t].interrupted = Some((call.number, result));
                    } else {
                        self.after(t, &stopped, &call, result)?;
                    }
                }
                self.park(t, stopped, Point::Return);
                Ok(())
            }
            Halt::Stopped(stopped, Reason::Exit) => self.dies(t, stopped),
            halted @ Halt::Stopped(_, Reason::Signal(_)) => self.follow_halt(t, halted, None),
            Halt::Stopped(stopped, _) => {
                self.resume_and_follow(t, stopped, call, Resume::ToExit, 0)
            }
        }
    }

    /// A signal is about to be delivered. Gives the signal to deliver.
    fn signal_stop(&mut self, t: usize, stopped: &Stopped, signal: i32) -> Result<i32> {
        let info = stopped.signal_info()?;
        let disposition = self.process(t).dispositions.of(signal);
        let source = if is_from_tracer(&info) {
            SignalSource::Fault
        } else if signal == libc::SIGPIPE && self.wrote_to_nobody(t) {
            SignalSource::Kernel
        } else if info.is_from_process() {
            self.processes
                .iter()
                .find(|p| p.pid.0 == info.sender)
                .map_or(SignalSource::Kernel, |p| SignalSource::Process(p.id))
        } else {
            SignalSource::Kernel
        };
        let action = disposition.action;
        if self.process(t).dispositions.has_effect(signal) {
            self.emit(t, EventKind::SignalDelivered { signal: Signal(signal), source, action });
        }
        if action == Action::Handler {
            self.begins_handler(t, stopped, signal, disposition)?;
        }
        if let Some((call, result)) = self.tasks[t].interrupted.take() {
            let handled = action == Action::Handler;
            // Source: signal(7), "Interruption of system calls and library functions by signal
            // handlers". -512 restarts with SA_RESTART, -513 always.
            let restarts = result == -513 || (result == -512 && disposition.restart);
            if handled && !restarts {
                self.tasks[t].call_done();
                let call = calls::name(call);
                self.emit(t, EventKind::Interrupted { call, signal: Some(Signal(signal)) });
            }
        }
        Ok(signal)
    }

    /// Whether the last that a task did was a write that failed with EPIPE. The kernel signs the
    /// SIGPIPE that comes with it with the writer's own pid. Source: `pipe_write` in the kernel.
    fn wrote_to_nobody(&self, t: usize) -> bool {
        let id = self.tasks[t].id;
        let last = self.events.iter().rfind(|event| event.task == id);
        last.is_some_and(
            |event| matches!(&event.kind, EventKind::Write(io) if io.result == Err(libc::EPIPE)),
        )
    }

    /// The watchdog interrupted a task that computes without a call. Where it turns in a loop that
    /// only looks at memory, it waits for that. Gives what happened instead, if anything did, while
    /// that was found out; `None` when others may go first.
    fn interrupted(&mut self, t: usize, stopped: Stopped) -> Result<Option<Halt>> {
        let stopped = if self.tasks[t].endless {
            stopped
        } else {
            match self.look_for_spin(t, stopped)? {
                (Led::Halted(halt), _) => return Ok(Some(halt)),
                (Led::On(stopped) | Led::Round(stopped, _), Some(spin)) => {
                    self.note_site(t, &stopped, &stopped.registers()?);
                    self.park(t, stopped, Point::Spin(spin));
                    self.refuse(t, Class::Steps);
                    return Ok(None);
                }
                (Led::On(stopped) | Led::Round(stopped, _), None) if self.tasks[t].computes => {
                    stopped
                }
                (led, _) => {
                    self.tasks[t].computes = true;
                    return self.go_on_from(t, led).map(|()| None);
                }
            }
        };
        self.preempted(t, &stopped)?;
        self.park(t, stopped, Point::Return);
        // It may still wait for others, in a way that changes its own memory.
        self.tasks[t].held_back = true;
        Ok(None)
    }

    /// A task that really computes has had its time.
    fn preempted(&mut self, t: usize, stopped: &Stopped) -> Result<()> {
        self.replayable = false;
        let known = self.endless_after.is_some_and(|events| self.events.len() >= events);
        let limit = u64::from(self.cpu_seconds) * 1_000_000_000;
        if known || cpu::time_of(self.process(t).host)? > limit {
            self.computes_without_end(t, stopped)?;
        }
        Ok(())
    }

    /// The run ends because a task has used up its processor time.
    fn computes_without_end(&mut self, t: usize, stopped: &Stopped) -> Result<()> {
        self.note_site(t, stopped, &stopped.registers()?);
        let site = self.tasks[t].site;
        let (seconds, proc) = (self.cpu_seconds, self.tasks[t].id.proc);
        self.end = Some(End::TimeLimit { seconds, proc, computing: true, site });
        Ok(())
    }

    /// The child of a `vfork` has executed a program or ended: its parent goes on.
    pub(crate) fn release_vfork(&mut self, parent: usize) -> Result<()> {
        match std::mem::replace(&mut self.tasks[parent].state, State::Moving) {
            State::InKernel(running, call, Inside::Vfork) => {
                self.follow(parent, running, Some(call))
            }
            other @ (State::Parked(..)
            | State::InKernel(..)
            | State::GroupStopped(_)
            | State::Moving
            | State::Gone) => {
                self.tasks[parent].state = other;
                Ok(())
            }
        }
    }

    /// Kills and reaps everybody who is left.
    pub(crate) fn end_everybody(&mut self) {
        for process in &self.processes {
            if matches!(process.life, Life::Alive) {
                drop(ptrace::kill(process.host, libc::SIGKILL));
            }
        }
        // Threads first: the first thread of a process is waitable only after the others.
        let mut order: Vec<usize> = (0..self.tasks.len()).collect();
        order.sort_by_key(|&t| self.tasks[t].id.thread == 1);
        for t in order {
            let gone = matches!(self.tasks[t].state, State::Gone);
            if !gone {
                self.tasks[t].state = State::Gone;
                crate::server::reap(ptrace::born(self.tasks[t].tid));
            }
        }
        for process in &mut self.processes {
            if let Life::Unseen(running) = std::mem::replace(&mut process.life, Life::Gone) {
                crate::server::reap(running);
            }
        }
        for process in &self.processes {
            await_release(process.host);
        }
    }
}

/// Waits until a reaped process has given back its number. A parent that ends lets go of the children
/// that it has not reaped a moment after its own death is seen, and the next run shall find their
/// numbers free. On a loaded machine whoever has to reap them may wait long for a processor. Source:
/// `exit_notify` in the kernel.
pub(crate) fn await_release(pid: i32) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while ptrace::kill(pid, 0).is_ok() && Instant::now() < deadline {
        thread::sleep(Duration::from_micros(20));
    }
}

/// Whether the tracer sent a signal, or somebody else outside the receiver's pid namespace, who has
/// pid 0 in it.
pub(crate) fn is_from_tracer(info: &SignalInfo) -> bool {
    info.is_from_process() && (info.sender == 0 || info.sender.unsigned_abs() == std::process::id())
}
