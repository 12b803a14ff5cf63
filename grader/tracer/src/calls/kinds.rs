//! Which calls are decisions, and which have a model.

use super::preparations::is_preparation;
use crate::common_files::is_common;
use crate::filter::is_answering;
use crate::run::Run;
use crate::task::Call;
use forklings_sys::memory;

/// Commands of `fcntl` that change locks.
pub(super) const LOCKING: [i32; 4] =
    [libc::F_SETLK, libc::F_SETLKW, libc::F_OFD_SETLK, libc::F_OFD_SETLKW];

/// Longest path. Source: `limits.h(0p)`, PATH_MAX of Linux.
const PATH_MAX: usize = 4096;

/// Flags of an `open` that changes what others find.
const CHANGING: i32 = libc::O_CREAT | libc::O_TRUNC;

/// Calls that change files or their names. Calls that only look at a name (`stat`, `access`) are no
/// decisions: whoever changes what was looked at goes before the look, or after it and before what
/// is done next.
pub(crate) fn changes_files(call: i64) -> bool {
    matches!(
        call,
        libc::SYS_link
            | libc::SYS_linkat
            | libc::SYS_mkdir
            | libc::SYS_mkdirat
            | libc::SYS_rename
            | libc::SYS_renameat
            | libc::SYS_renameat2
            | libc::SYS_rmdir
            | libc::SYS_symlink
            | libc::SYS_symlinkat
            | libc::SYS_unlink
            | libc::SYS_unlinkat
            | libc::SYS_truncate
            | libc::SYS_ftruncate
            | libc::SYS_fallocate
            | libc::SYS_pwrite64
            | libc::SYS_pwritev
            | libc::SYS_pwritev2
    )
}

impl Run<'_> {
    /// Whether others may go first when a task stands before this call.
    pub(crate) fn is_decision(&mut self, t: usize, call: &Call) -> bool {
        match call.number {
            // Between the making of a descriptor and this call another thread may fork and execute.
            libc::SYS_fcntl if call.int(1) == libc::F_SETFD => self.process(t).threads > 1,
            libc::SYS_fcntl => LOCKING.contains(&call.int(1)),
            libc::SYS_open | libc::SYS_openat | libc::SYS_openat2 | libc::SYS_creat => {
                self.opens_fifo(t, call)
                    || self.open_flags(t, call) & CHANGING != 0
                    || self.opens_common_file(t, call)
            }
            preparation if is_preparation(preparation) => self.may_be_unprepared(t, call),
            other => !is_quiet(other),
        }
    }

    /// Whether this `open` is one of a file that another process may change.
    fn opens_common_file(&self, t: usize, call: &Call) -> bool {
        let place = match call.number {
            libc::SYS_open | libc::SYS_creat => call.args[0],
            _ => call.args[1],
        };
        // Where it cannot be read, the kernel will say so.
        memory::string(self.tasks[t].tid, place, PATH_MAX).is_ok_and(|path| is_common(&path))
    }
}

/// Calls that only concern the caller's own descriptors, clocks and dispositions; they are followed
/// without a decision, but for what [`super::preparations`] says.
fn is_quiet(call: i64) -> bool {
    is_answering(call)
        || matches!(
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
                | libc::SYS_mknod
                | libc::SYS_mknodat
                | libc::SYS_mq_open
                | libc::SYS_mq_getsetattr
                | libc::SYS_socket
                | libc::SYS_socketpair
                | libc::SYS_bind
                | libc::SYS_eventfd
                | libc::SYS_eventfd2
                | libc::SYS_signalfd
                | libc::SYS_signalfd4
                | libc::SYS_timerfd_create
                | libc::SYS_timerfd_settime
                | libc::SYS_timerfd_gettime
                | libc::SYS_epoll_create
                | libc::SYS_epoll_create1
                | libc::SYS_epoll_ctl
                | libc::SYS_memfd_create
                | libc::SYS_brk
                | libc::SYS_mprotect
                | libc::SYS_munmap
                | libc::SYS_shmdt
                | libc::SYS_mmap
                | libc::SYS_mremap
                | libc::SYS_pread64
                | libc::SYS_preadv
                | libc::SYS_preadv2
                | libc::SYS_shmget
                | libc::SYS_shmat
                | libc::SYS_inotify_init
                | libc::SYS_inotify_init1
                | libc::SYS_inotify_add_watch
                | libc::SYS_inotify_rm_watch
                | libc::SYS_pidfd_open
                | libc::SYS_rt_sigaction
                | libc::SYS_rt_sigprocmask
                | libc::SYS_rt_sigreturn
                | libc::SYS_set_tid_address
                | libc::SYS_clock_gettime
                | libc::SYS_gettimeofday
                | libc::SYS_time
                | libc::SYS_times
                | libc::SYS_getrandom
                | libc::SYS_setsid
                | libc::SYS_setpgid
                | libc::SYS_prctl
                | libc::SYS_alarm
                | libc::SYS_setitimer
                | libc::SYS_getitimer
                | libc::SYS_timer_create
                | libc::SYS_timer_settime
                | libc::SYS_timer_gettime
                | libc::SYS_timer_getoverrun
                | libc::SYS_timer_delete
                | libc::SYS_semget
                | libc::SYS_msgget
        )
}

/// Whether the tracer knows when this call waits. The rest may sleep in the kernel in a way that no
/// oracle foresees.
pub(crate) fn is_modelled(call: i64) -> bool {
    is_quiet(call)
        || changes_files(call)
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
                | libc::SYS_shutdown
                | libc::SYS_connect
                | libc::SYS_open
                | libc::SYS_openat
                | libc::SYS_openat2
                | libc::SYS_creat
                | libc::SYS_sendmmsg
                | libc::SYS_splice
                | libc::SYS_tee
                | libc::SYS_vmsplice
                | libc::SYS_sendfile
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
                | libc::SYS_epoll_pwait2
                | libc::SYS_futex
                | libc::SYS_pause
                | libc::SYS_rt_sigsuspend
                | libc::SYS_rt_sigtimedwait
                | libc::SYS_nanosleep
                | libc::SYS_clock_nanosleep
                | libc::SYS_flock
                | libc::SYS_semop
                | libc::SYS_semtimedop
                | libc::SYS_semctl
                | libc::SYS_msgsnd
                | libc::SYS_msgrcv
                | libc::SYS_msgctl
                | libc::SYS_shmctl
                | libc::SYS_mq_timedsend
                | libc::SYS_mq_timedreceive
                | libc::SYS_mq_notify
                | libc::SYS_mq_unlink
        )
}
