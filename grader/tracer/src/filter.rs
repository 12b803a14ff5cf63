//! Which calls a tracee stops at. Calls that only concern the caller run untraced; calls that
//! another process can notice, that make descriptors, that answer into memory, or that read a clock
//! stop; whatever this file does not know stops too, and is then reported as unmodelled.

use crate::calls::memory;
use forklings_sandbox::{IDENTITY, denied};
use forklings_sys::filter::{Filter, Verdict};
use std::collections::BTreeMap;

/// Calls that concern nobody but the caller and cannot block for long.
const PRIVATE: &[i64] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_brk,
    libc::SYS_capget,
    libc::SYS_chdir,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fchdir,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_fdatasync,
    libc::SYS_fgetxattr,
    libc::SYS_fsync,
    libc::SYS_get_mempolicy,
    libc::SYS_get_robust_list,
    libc::SYS_getcpu,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpgid,
    libc::SYS_getpgrp,
    libc::SYS_getpid,
    libc::SYS_getpriority,
    libc::SYS_getsid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_getxattr,
    libc::SYS_lchown,
    libc::SYS_lgetxattr,
    libc::SYS_listen,
    libc::SYS_listxattr,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mincore,
    libc::SYS_mlock,
    libc::SYS_mprotect,
    libc::SYS_msync,
    libc::SYS_munlock,
    libc::SYS_munmap,
    libc::SYS_pkey_alloc,
    libc::SYS_pkey_free,
    libc::SYS_pkey_mprotect,
    libc::SYS_readahead,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_sched_getattr,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_set_robust_list,
    libc::SYS_setsockopt,
    libc::SYS_sigaltstack,
    libc::SYS_umask,
    libc::SYS_utimensat,
    libc::SYS_setrlimit,
    libc::SYS_setpriority,
    libc::SYS_copy_file_range,
    libc::SYS_fremovexattr,
    libc::SYS_fsetxattr,
    libc::SYS_ioprio_get,
    libc::SYS_ioprio_set,
    libc::SYS_lremovexattr,
    libc::SYS_lsetxattr,
    libc::SYS_mlock2,
    libc::SYS_mlockall,
    libc::SYS_munlockall,
    libc::SYS_name_to_handle_at,
    libc::SYS_removexattr,
    libc::SYS_sched_rr_get_interval,
    libc::SYS_setxattr,
    libc::SYS_sync,
    libc::SYS_sync_file_range,
    libc::SYS_syncfs,
    libc::SYS_flistxattr,
    libc::SYS_llistxattr,
];

/// Calls like these, but that put an answer where they are told to: that may be memory which the
/// tracer has to give back for the time of the call.
const ANSWERING: &[i64] = &[
    libc::SYS_clock_getres,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_getcwd,
    libc::SYS_getdents,
    libc::SYS_getdents64,
    libc::SYS_getgroups,
    libc::SYS_getpeername,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_getrlimit,
    libc::SYS_getrusage,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_ioctl,
    libc::SYS_lstat,
    libc::SYS_newfstatat,
    libc::SYS_readlink,
    libc::SYS_readlinkat,
    libc::SYS_rt_sigpending,
    libc::SYS_sched_getaffinity,
    libc::SYS_stat,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_prlimit64,
];

/// Whether a call only puts an answer into memory.
pub(crate) fn is_answering(call: i64) -> bool {
    ANSWERING.contains(&call)
}

/// The filter for a traced subject; `own` where it is a program of the user's own, `memory` where
/// calls about memory are followed.
pub(crate) fn traced(own: bool, memory: bool) -> Filter {
    let mut calls: BTreeMap<i64, Verdict> =
        PRIVATE.iter().map(|&call| (call, Verdict::Allow)).collect();
    calls.extend(denied().into_iter().map(|(call, errno)| (call, Verdict::Fail(errno))));
    // FIFOs are made with it; the tracer refuses devices.
    calls.insert(libc::SYS_mknod, Verdict::Trace);
    // Memory that others may share is where futexes of several processes stand.
    let shared = u32::try_from(libc::MAP_SHARED).unwrap_or(1);
    calls.insert(libc::SYS_mmap, Verdict::TraceIf { argument: 3, bits: shared });
    // Rust asks before each close whether there is something to close, unless it was told to trust.
    let flags = libc::F_GETFD.unsigned_abs();
    calls.insert(libc::SYS_fcntl, Verdict::TraceUnless { argument: 1, value: flags });
    if memory {
        calls.insert(libc::SYS_mmap, Verdict::Trace);
        calls.extend(memory::PRIVATE.iter().map(|&call| (call, Verdict::Trace)));
    }
    if own {
        calls.extend(IDENTITY.iter().map(|&call| (call, Verdict::Allow)));
    }
    Filter::new(&calls, Verdict::Trace)
}
