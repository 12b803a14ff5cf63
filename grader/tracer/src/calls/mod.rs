//! What the tracer does with each call: before it runs, and when it has returned. One file for
//! each family of calls.

mod descriptors;
mod futex;
mod io;
mod masks;
mod names;
mod poll;
mod processes;
pub(crate) mod signals;
pub(crate) mod time;

use crate::error::Result;
use crate::follow::After;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{EventKind, Signal};
use forklings_sys::ptrace::{Resume, Stopped};
pub(crate) use names::name;
pub(crate) use signals::Handler;

/// What happens to a call that a task stands before.
pub(crate) enum Before {
    /// The kernel performs it; the registers may have been changed.
    Run(Stopped),
    /// The kernel does not perform it; the program sees this result.
    Skip(Stopped, i64),
    /// The run is over, or the task was dealt with.
    Stop,
}

/// Whether others may go first when a task stands before this call. The rest only concerns the
/// caller's own descriptors, clocks and dispositions, and is followed without a decision.
pub(crate) fn is_decision(call: i64) -> bool {
    !matches!(
        call,
        libc::SYS_pipe
            | libc::SYS_pipe2
            | libc::SYS_dup
            | libc::SYS_dup2
            | libc::SYS_dup3
            | libc::SYS_fcntl
            | libc::SYS_open
            | libc::SYS_openat
            | libc::SYS_openat2
            | libc::SYS_creat
            | libc::SYS_socket
            | libc::SYS_socketpair
            | libc::SYS_bind
            | libc::SYS_eventfd
            | libc::SYS_eventfd2
            | libc::SYS_signalfd
            | libc::SYS_signalfd4
            | libc::SYS_timerfd_create
            | libc::SYS_epoll_create
            | libc::SYS_epoll_create1
            | libc::SYS_epoll_ctl
            | libc::SYS_memfd_create
            | libc::SYS_inotify_init
            | libc::SYS_inotify_init1
            | libc::SYS_pidfd_open
            | libc::SYS_rt_sigaction
            | libc::SYS_rt_sigprocmask
            | libc::SYS_rt_sigreturn
            | libc::SYS_set_tid_address
            | libc::SYS_clock_gettime
            | libc::SYS_gettimeofday
            | libc::SYS_time
            | libc::SYS_getrandom
            | libc::SYS_setsid
            | libc::SYS_setpgid
            | libc::SYS_prctl
            | libc::SYS_alarm
            | libc::SYS_setitimer
            | libc::SYS_getitimer
    )
}

/// Whether a call may sleep in the kernel in a way that no oracle foresees.
pub(crate) fn may_block_unmodelled(call: i64) -> bool {
    !is_modelled(call)
}

fn is_modelled(call: i64) -> bool {
    !is_decision(call)
        || matches!(
            call,
            libc::SYS_read
                | libc::SYS_readv
                | libc::SYS_write
                | libc::SYS_writev
                | libc::SYS_recvfrom
                | libc::SYS_recvmsg
                | libc::SYS_sendto
                | libc::SYS_sendmsg
                | libc::SYS_accept
                | libc::SYS_accept4
                | libc::SYS_close
                | libc::SYS_close_range
                | libc::SYS_fork
                | libc::SYS_vfork
                | libc::SYS_clone
                | libc::SYS_clone3
                | libc::SYS_execve
                | libc::SYS_execveat
                | libc::SYS_exit
                | libc::SYS_exit_group
                | libc::SYS_wait4
                | libc::SYS_waitid
                | libc::SYS_kill
                | libc::SYS_tkill
                | libc::SYS_tgkill
                | libc::SYS_rt_sigqueueinfo
                | libc::SYS_rt_tgsigqueueinfo
                | libc::SYS_pidfd_send_signal
                | libc::SYS_getppid
                | libc::SYS_sched_yield
                | libc::SYS_poll
                | libc::SYS_ppoll
                | libc::SYS_select
                | libc::SYS_pselect6
                | libc::SYS_epoll_wait
                | libc::SYS_epoll_pwait
                | libc::SYS_futex
                | libc::SYS_pause
                | libc::SYS_rt_sigsuspend
                | libc::SYS_rt_sigtimedwait
                | libc::SYS_nanosleep
                | libc::SYS_clock_nanosleep
        )
}

impl Run<'_> {
    /// Performs the call that a parked task stands before.
    pub(crate) fn execute(&mut self, t: usize, stopped: Stopped, call: Call) -> Result<()> {
        match self.before(t, stopped, &call)? {
            Before::Stop => Ok(()),
            Before::Run(stopped) => {
                self.resume_and_follow(t, stopped, Some(call), Resume::ToExit, 0)
            }
            Before::Skip(stopped, result) => {
                skip(&stopped, &call, result)?;
                self.tasks[t].call_done();
                self.resume_and_follow(t, stopped, None, Resume::Free, 0)
            }
        }
    }

    fn before(&mut self, t: usize, stopped: Stopped, call: &Call) -> Result<Before> {
        match call.number {
            libc::SYS_fork | libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3 => {
                self.before_fork(t, stopped, call)
            }
            libc::SYS_exit | libc::SYS_exit_group => {
                self.tasks[t].leaving = call.number == libc::SYS_exit;
                Ok(Before::Run(stopped))
            }
            libc::SYS_kill | libc::SYS_tkill | libc::SYS_tgkill | libc::SYS_rt_sigqueueinfo => {
                self.before_kill(t, stopped, call)
            }
            libc::SYS_read => self.before_read(t, stopped, call),
            libc::SYS_write => self.before_write(t, stopped, call),
            libc::SYS_writev | libc::SYS_sendto | libc::SYS_sendmsg => {
                self.before_vector_write(t, call)?;
                Ok(Before::Run(stopped))
            }
            libc::SYS_nanosleep | libc::SYS_clock_nanosleep => self.before_sleep(t, stopped, call),
            libc::SYS_futex => self.before_futex(t, stopped, call),
            libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait => self.before_poll(t, stopped, call),
            libc::SYS_rt_sigtimedwait if self.tasks[t].expired => {
                self.in_vain(t, call.number);
                Ok(Before::Skip(stopped, -i64::from(libc::EAGAIN)))
            }
            other if is_modelled(other) => Ok(Before::Run(stopped)),
            other => {
                self.unmodelled(t, other);
                Ok(Before::Run(stopped))
            }
        }
    }

    /// A call that needs no decision: what it does before it runs. Gives whether its result is
    /// of interest; if not, it may have been answered already.
    pub(crate) fn before_quiet(
        &mut self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
    ) -> Result<bool> {
        let answer = match call.number {
            libc::SYS_rt_sigprocmask => {
                self.before_sigprocmask(t, stopped, call)?;
                return Ok(false);
            }
            libc::SYS_rt_sigreturn => {
                self.before_sigreturn(t, call);
                return Ok(false);
            }
            libc::SYS_clock_gettime | libc::SYS_gettimeofday | libc::SYS_time => {
                self.tell_time(t, call)?
            }
            libc::SYS_getrandom => self.give_random(t, call)?,
            libc::SYS_alarm | libc::SYS_setitimer | libc::SYS_getitimer => {
                self.set_alarm(t, call)?
            }
            _ => None,
        };
        match answer {
            Some(result) => {
                skip(stopped, call, result)?;
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// A call has returned with this result.
    pub(crate) fn after(
        &mut self,
        t: usize,
        stopped: &Stopped,
        call: &Call,
        result: i64,
    ) -> Result<After> {
        let mut then = After::GoOn;
        match call.number {
            libc::SYS_fork | libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3 => {
                then = self.after_fork(t, result);
            }
            libc::SYS_execve | libc::SYS_execveat => self.after_exec(t, call, result),
            libc::SYS_wait4 => self.after_wait(t, call, result)?,
            libc::SYS_waitid => self.after_waitid(t, call, result)?,
            libc::SYS_kill | libc::SYS_tkill | libc::SYS_tgkill | libc::SYS_rt_sigqueueinfo => {
                self.after_kill(t, call, result)?;
            }
            libc::SYS_rt_sigaction => self.after_sigaction(t, call, result)?,
            libc::SYS_rt_sigtimedwait => {
                if let Some(signal) = i32::try_from(result).ok().filter(|&signal| signal > 0) {
                    self.emit(t, EventKind::SignalTaken { signal: Signal(signal) });
                }
            }
            libc::SYS_read
            | libc::SYS_write
            | libc::SYS_readv
            | libc::SYS_writev
            | libc::SYS_recvfrom
            | libc::SYS_sendto => {
                return self.after_io(t, stopped, call, result);
            }
            libc::SYS_getppid => self.after_getppid(t, result)?,
            libc::SYS_sched_yield => self.in_vain(t, call.number),
            libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait => {
                if result == 0 && !self.tasks[t].expired {
                    self.in_vain(t, call.number);
                }
            }
            libc::SYS_setsid | libc::SYS_setpgid => self.after_group(t, call, result),
            libc::SYS_prctl => {
                if call.int(0) == libc::PR_SET_CHILD_SUBREAPER && result == 0 {
                    self.process_mut(t).subreaper = call.args[1] != 0;
                    self.emit(t, EventKind::BecameSubreaper);
                }
            }
            _ => self.after_descriptor_call(t, call, result)?,
        }
        self.tasks[t].call_done();
        Ok(then)
    }
}

/// Makes the kernel skip a call; the program sees `result`.
pub(crate) fn skip(stopped: &Stopped, call: &Call, result: i64) -> Result<()> {
    let mut registers = call.registers;
    registers.orig_rax = u64::MAX;
    registers.rax = result.cast_unsigned();
    stopped.set_registers(&registers)?;
    Ok(())
}
