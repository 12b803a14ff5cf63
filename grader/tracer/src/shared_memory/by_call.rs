//! What a call changes of memory that others share: by a write to the file behind it, or because the
//! kernel puts an answer there. That is no access, and accuses nobody; but who sees it by an atomic load
//! has been told of what was done before.
//!
//! Source: `mmap(2)`, MAP_SHARED.

use super::Behind;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{EventKind, ObjectKind};
use forklings_sys::descriptor;
use std::os::unix::fs::MetadataExt;

impl Run<'_> {
    /// A call has returned. Tells which memory it may have changed.
    pub(crate) fn shared_by_call(&mut self, t: usize, call: &Call, result: i64) {
        if result < 0 || self.regions.is_empty() {
            return;
        }
        let written = file_written_by(call.number).and_then(|n| self.region_behind(t, call.int(n)));
        let answered = self.region_answered(t, call);
        for region in [written, answered].into_iter().flatten() {
            let object = Some(self.regions[region].object);
            let call = crate::calls::name(call.number);
            self.emit(t, EventKind::Used { call, object, errno: None });
        }
    }

    /// The memory that a task's descriptor is the file of.
    fn region_behind(&self, t: usize, fd: i32) -> Option<usize> {
        let object = self.process(t).files.get(fd)?.object;
        if !matches!(self.objects.kind(object)?, ObjectKind::File(_) | ObjectKind::Other(_)) {
            return None;
        }
        let metadata = descriptor::copy_from(&self.process(t).handle, fd).ok()?.metadata().ok()?;
        let of = (metadata.dev(), metadata.ino());
        let is_it = |behind: &Behind| matches!(behind, Behind::File { key, .. } if *key == of);
        self.regions.iter().position(|region| is_it(&region.behind))
    }

    /// The memory where a call has put an answer.
    fn region_answered(&self, t: usize, call: &Call) -> Option<usize> {
        let shared = &self.process(t).shared;
        // Only these: what a register holds that a call does not use is an address by chance.
        let answers = answers_of(call.number).iter().map(|&n| call.args[n]);
        answers.filter_map(|address| shared.at(address)).map(|mapped| mapped.region).next()
    }
}

/// Which argument of a call is the descriptor of the file that it writes.
fn file_written_by(call: i64) -> Option<usize> {
    match call {
        libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_pwrite64
        | libc::SYS_pwritev
        | libc::SYS_pwritev2
        | libc::SYS_sendfile
        | libc::SYS_ftruncate
        | libc::SYS_fallocate => Some(0),
        libc::SYS_splice | libc::SYS_copy_file_range => Some(2),
        _ => None,
    }
}

/// Which arguments of a call are addresses where the kernel puts an answer. Lists of buffers
/// (`readv(2)`) are not followed.
fn answers_of(call: i64) -> &'static [usize] {
    match call {
        libc::SYS_getrandom
        | libc::SYS_pipe
        | libc::SYS_pipe2
        | libc::SYS_poll
        | libc::SYS_ppoll
        | libc::SYS_getcwd
        | libc::SYS_gettimeofday
        | libc::SYS_time
        | libc::SYS_times
        | libc::SYS_uname
        | libc::SYS_sysinfo
        | libc::SYS_rt_sigpending => &[0],
        libc::SYS_read
        | libc::SYS_pread64
        | libc::SYS_recvfrom
        | libc::SYS_stat
        | libc::SYS_lstat
        | libc::SYS_fstat
        | libc::SYS_readlink
        | libc::SYS_getdents64
        | libc::SYS_wait4
        | libc::SYS_clock_gettime
        | libc::SYS_getrusage
        | libc::SYS_getitimer
        | libc::SYS_timerfd_gettime
        | libc::SYS_nanosleep
        | libc::SYS_rt_sigtimedwait
        | libc::SYS_epoll_wait
        | libc::SYS_epoll_pwait
        | libc::SYS_accept
        | libc::SYS_accept4
        | libc::SYS_getsockname
        | libc::SYS_getpeername
        | libc::SYS_msgrcv
        | libc::SYS_mq_timedreceive => &[1],
        libc::SYS_waitid
        | libc::SYS_newfstatat
        | libc::SYS_readlinkat
        | libc::SYS_rt_sigaction
        | libc::SYS_rt_sigprocmask
        | libc::SYS_setitimer
        | libc::SYS_ioctl
        | libc::SYS_shmctl
        | libc::SYS_msgctl => &[2],
        libc::SYS_socketpair
        | libc::SYS_clock_nanosleep
        | libc::SYS_getsockopt
        | libc::SYS_semctl
        | libc::SYS_timerfd_settime => &[3],
        libc::SYS_select | libc::SYS_pselect6 => &[1, 2, 3],
        libc::SYS_statx => &[4],
        _ => &[],
    }
}
