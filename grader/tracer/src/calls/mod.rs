//! What the tracer does with each call: before it runs, and when it has returned. One file for
//! each family of calls.

mod alarms;
mod certain;
mod children;
mod descriptors;
pub(crate) mod fifos;
pub(crate) mod futex;
mod io;
mod kinds;
pub(crate) mod locks;
mod masks;
pub(crate) mod memory;
mod names;
mod naming;
mod network;
mod pidfds;
mod poll;
pub(crate) mod preparations;
mod proc_files;
mod processes;
mod queues;
pub(crate) mod signals;
mod sockets;
mod streams;
pub(crate) mod sysv;
pub(crate) mod time;
mod timerfd;

use crate::attempt::Class;
use crate::error::Result;
use crate::filter::is_answering;
use crate::follow::After;
use crate::run::Run;
use crate::shared_memory::{Made, is_shared};
use crate::task::Call;
use forklings_model::{EventKind, Signal};
use forklings_sys::ptrace::{Resume, Stopped};
pub(crate) use kinds::{changes_files, is_modelled};
pub(crate) use names::name;
use preparations::is_preparation;
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

impl Run<'_> {
    /// Performs the call that a parked task stands before.
    pub(crate) fn execute(&mut self, t: usize, stopped: Stopped, call: Call) -> Result<()> {
        let stopped = match self.lend_pages(t, stopped, &call)? {
            Made::Stands(stopped) => stopped,
            Made::Halted(halt) => return self.follow_halt(t, halt, None),
        };
        if is_preparation(call.number) {
            return self.prepare(t, stopped, call);
        }
        match self.before(t, stopped, &call)? {
            Before::Stop => Ok(()),
            Before::Run(stopped) => match self.certain_result(t, &call)? {
                Some(result) => {
                    self.note_call(t, &call);
                    self.after(t, &stopped, &call, result)?;
                    self.resume_and_follow(t, stopped, None, Resume::Free, 0)
                }
                None => self.resume_and_follow(t, stopped, Some(call), Resume::ToExit, 0),
            },
            Before::Skip(stopped, result) => {
                skip(&stopped, &call, result)?;
                self.news.for_all();
                self.tasks[t].call_done();
                self.resume_and_follow(t, stopped, None, Resume::Free, 0)
            }
        }
    }

    fn before(&mut self, t: usize, stopped: Stopped, call: &Call) -> Result<Before> {
        if let Some(result) = self.strikes_call(t, call) {
            return Ok(Before::Skip(stopped, result));
        }
        match call.number {
            libc::SYS_fork | libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3 => {
                self.before_fork(t, stopped, call)
            }
            libc::SYS_exit | libc::SYS_exit_group => {
                self.tasks[t].leaving = call.number == libc::SYS_exit;
                Ok(Before::Run(stopped))
            }
            libc::SYS_execve | libc::SYS_execveat if self.has_other_threads(t) => {
                self.execute_alone(t, stopped, *call)?;
                Ok(Before::Stop)
            }
            libc::SYS_kill
            | libc::SYS_tkill
            | libc::SYS_tgkill
            | libc::SYS_rt_sigqueueinfo
            | libc::SYS_rt_tgsigqueueinfo
            | libc::SYS_pidfd_send_signal => self.before_kill(t, stopped, call),
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_recvfrom
            | libc::SYS_recvmsg
            | libc::SYS_accept
            | libc::SYS_accept4 => self.before_read(t, stopped, call),
            libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_sendto
            | libc::SYS_sendmsg
            | libc::SYS_sendmmsg => self.before_write(t, stopped, call),
            libc::SYS_connect => self.before_connect(t, stopped, call),
            libc::SYS_splice | libc::SYS_tee | libc::SYS_vmsplice | libc::SYS_sendfile => {
                self.before_splice(t, stopped, call)
            }
            libc::SYS_nanosleep | libc::SYS_clock_nanosleep => self.before_sleep(t, stopped, call),
            libc::SYS_futex => self.before_futex(t, stopped, call),
            libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait
            | libc::SYS_epoll_pwait2 => self.before_poll(t, stopped, call),
            libc::SYS_open | libc::SYS_openat | libc::SYS_openat2 | libc::SYS_creat => {
                self.before_open(t, stopped, call)
            }
            libc::SYS_flock | libc::SYS_fcntl => self.before_lock(t, stopped, call),
            libc::SYS_semop | libc::SYS_semtimedop | libc::SYS_msgsnd | libc::SYS_msgrcv => {
                self.before_sysv(t, stopped, call)
            }
            libc::SYS_shmctl => {
                self.let_go_of_segment(call.int(0))?;
                Ok(Before::Run(stopped))
            }
            libc::SYS_mq_timedsend | libc::SYS_mq_timedreceive => {
                Ok(self.before_queue(t, stopped, call))
            }
            libc::SYS_rt_sigtimedwait if self.tasks[t].expired => {
                self.timed_out(t, call.number);
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
        if let Some(result) = self.strikes_call(t, call) {
            skip(stopped, call, result)?;
            return Ok(false);
        }
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
            libc::SYS_times => self.tell_ticks(t, call),
            libc::SYS_alarm | libc::SYS_setitimer | libc::SYS_getitimer => {
                self.set_alarm(t, call)?
            }
            libc::SYS_timer_settime
            | libc::SYS_timer_gettime
            | libc::SYS_timer_getoverrun
            | libc::SYS_timer_delete => self.use_timer(t, call),
            libc::SYS_timerfd_settime | libc::SYS_timerfd_gettime => {
                self.use_file_timer(t, call)?
            }
            libc::SYS_mknod | libc::SYS_mknodat => self.refuse_device(t, call),
            libc::SYS_shmat => {
                self.before_shmat(t, call)?;
                None
            }
            // Of interest only where pages were lent for it, to take them back.
            call if is_answering(call) => return Ok(self.has_lent_pages(t)),
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
        if result == 0 {
            self.named(t, call);
        }
        self.after_memory(t, call, result);
        self.shared_by_call(t, call, result);
        match call.number {
            libc::SYS_fork | libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3 => {
                self.made_pidfd_by_clone(t, call, result)?;
                then = self.after_fork(t, result);
            }
            libc::SYS_execve | libc::SYS_execveat => self.after_exec(t, call, result),
            libc::SYS_wait4 => self.after_wait(t, call, result)?,
            libc::SYS_waitid => self.after_waitid(t, call, result)?,
            libc::SYS_kill
            | libc::SYS_tkill
            | libc::SYS_tgkill
            | libc::SYS_rt_sigqueueinfo
            | libc::SYS_rt_tgsigqueueinfo
            | libc::SYS_pidfd_send_signal => self.after_kill(t, call, result)?,
            libc::SYS_rt_sigaction => self.after_sigaction(t, call, result)?,
            libc::SYS_rt_sigtimedwait => {
                if let Some(signal) = i32::try_from(result).ok().filter(|&signal| signal > 0) {
                    self.emit(t, EventKind::SignalTaken { signal: Signal(signal) });
                } else if processes::errno_of(result) == Some(libc::EAGAIN) {
                    self.in_vain(t, call.number);
                }
            }
            libc::SYS_read
            | libc::SYS_write
            | libc::SYS_readv
            | libc::SYS_writev
            | libc::SYS_recvfrom
            | libc::SYS_sendto
            | libc::SYS_recvmsg
            | libc::SYS_sendmsg => return self.after_io(t, stopped, call, result),
            libc::SYS_splice | libc::SYS_tee | libc::SYS_vmsplice
                if processes::errno_of(result) == Some(libc::EAGAIN) =>
            {
                self.in_vain(t, call.number);
            }
            libc::SYS_getppid => self.after_getppid(t, result)?,
            libc::SYS_sched_yield => self.in_vain(t, call.number),
            libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait
            | libc::SYS_epoll_pwait2 => self.after_poll(t, call, result),
            libc::SYS_flock => self.after_flock(t, call, result),
            libc::SYS_semop
            | libc::SYS_semtimedop
            | libc::SYS_semctl
            | libc::SYS_semget
            | libc::SYS_msgsnd
            | libc::SYS_msgrcv
            | libc::SYS_msgctl
            | libc::SYS_msgget
            | libc::SYS_shmget
            | libc::SYS_shmctl => self.after_sysv(t, call, result),
            libc::SYS_mq_timedsend | libc::SYS_mq_timedreceive => self.after_queue(t, call, result),
            libc::SYS_mq_open => self.opened_queue(t, call, result),
            libc::SYS_mq_unlink => self.unlinked_queue(t, call, result),
            libc::SYS_timer_create => self.after_timer_create(t, call, result)?,
            libc::SYS_epoll_ctl => self.after_epoll_ctl(t, call, result),
            libc::SYS_connect | libc::SYS_shutdown => {
                self.changes.note(Class::Connections);
                self.used(t, call, processes::errno_of(result));
            }
            other if changes_files(other) => self.used(t, call, processes::errno_of(result)),
            libc::SYS_mmap if is_shared(call) => {
                self.begins_to_share(t);
                self.mapped(t, call, result);
            }
            libc::SYS_shmat => {
                self.begins_to_share(t);
                self.after_shmat(t, call, result);
            }
            libc::SYS_shmdt if result == 0 => self.after_shmdt(t, call),
            libc::SYS_mremap => self.remapped(t, call, result),
            libc::SYS_setsid | libc::SYS_setpgid => self.after_group(t, call, result),
            libc::SYS_prctl if result == 0 => match call.int(0) {
                libc::PR_SET_CHILD_SUBREAPER => {
                    self.process_mut(t).subreaper = call.args[1] != 0;
                    self.emit(t, EventKind::BecameSubreaper);
                }
                libc::PR_SET_PDEATHSIG => self.process_mut(t).dies_with_parent = call.int(1),
                _ => {}
            },
            _ => self.after_descriptor_call(t, call, result)?,
        }
        self.tasks[t].call_done();
        Ok(then)
    }

    /// A task has mapped memory that others may have too.
    fn begins_to_share(&mut self, t: usize) {
        self.process_mut(t).shares_memory = true;
        self.forget_pages(self.tasks[t].id.proc);
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
