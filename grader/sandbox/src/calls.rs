//! Calls that no exercise needs and that could do harm, or hide something from the tracer. A
//! subject gets EPERM for those that need rights it does not have anyway, and ENOSYS for those
//! that programs probe for and do without.

use forklings_sys::filter::{Filter, Verdict};
use std::collections::BTreeMap;

/// Calls that change who a process is. The kernel lets the user's own programs do what they may,
/// which is to stay who they are; they are told that this worked. A stranger's gets EPERM.
pub const IDENTITY: &[i64] = &[
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
];

/// The calls that a subject is refused, with the errno it gets.
#[must_use]
pub fn denied() -> BTreeMap<i64, i32> {
    let forbidden = [
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_fsopen,
        libc::SYS_fsmount,
        libc::SYS_fsconfig,
        libc::SYS_fspick,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_mount_setattr,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_reboot,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_adjtimex,
        libc::SYS_clock_adjtime,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_kexec_file_load,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_lookup_dcookie,
        libc::SYS_fanotify_init,
        libc::SYS_syslog,
        libc::SYS_vhangup,
        libc::SYS_iopl,
        libc::SYS_ioperm,
        libc::SYS_modify_ldt,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setreuid,
        libc::SYS_setregid,
        libc::SYS_setresuid,
        libc::SYS_setresgid,
        libc::SYS_setfsuid,
        libc::SYS_setfsgid,
        libc::SYS_setgroups,
        libc::SYS_capset,
        libc::SYS_mknod,
        libc::SYS_personality,
        // Who changes its processor or class leaves the one-at-a-time regime of the tracer.
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
        libc::SYS_migrate_pages,
        libc::SYS_move_pages,
        libc::SYS_mbind,
        libc::SYS_set_mempolicy,
    ];
    let absent = [
        // Work that goes on behind the tracer's back.
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_io_setup,
        libc::SYS_io_submit,
        libc::SYS_userfaultfd,
        libc::SYS_memfd_secret,
    ];
    let forbidden = forbidden.into_iter().map(|call| (call, libc::EPERM));
    let absent = absent.into_iter().map(|call| (call, libc::ENOSYS));
    forbidden.chain(absent).collect()
}

/// A filter for a subject that runs without its tracer, which then gets the answers that it gets
/// with it; `own` where it is a program of the user's own, which may stay who it is.
pub(crate) fn unwatched(own: bool) -> Filter {
    let mut denied = denied();
    // FIFOs are made with it, and only who has the right makes devices.
    denied.remove(&libc::SYS_mknod);
    if own {
        denied.retain(|call, _| !IDENTITY.contains(call));
    }
    let calls = denied.into_iter().map(|(call, errno)| (call, Verdict::Fail(errno))).collect();
    Filter::new(&calls, Verdict::Allow)
}

/// A filter for programs that run untraced: all but the [`denied`] calls, and `clone3`, whose flags
/// lie in memory, where a filter cannot see them. A compiler does without.
#[must_use]
pub fn without_tracer() -> Filter {
    let denied = denied().into_iter().chain([(libc::SYS_clone3, libc::ENOSYS)]);
    let calls = denied.map(|(call, errno)| (call, Verdict::Fail(errno))).collect();
    Filter::new(&calls, Verdict::Allow)
}
