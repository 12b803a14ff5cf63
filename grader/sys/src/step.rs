//! What a new process does between `clone` and `execve`: one flat list of steps, prepared by safe
//! code before the clone and executed here.
//!
//! The new process is a copy of a program with several threads, so another thread may have held
//! the allocator's lock at the moment of the copy. Hence nothing here allocates, locks, panics or
//! calls anything but system calls (Source: `signal-safety(7)`). A step that fails ends the list;
//! its position and errno go back to the parent over a pipe.

use crate::filter::Filter;
use std::ffi::{CStr, CString, c_char};
use std::os::fd::RawFd;
use std::ptr;

/// One step.
#[derive(Debug)]
pub enum Step {
    /// `mount(source, target, type, flags, data)`.
    Mount {
        /// What to mount.
        source: Option<CString>,
        /// Where.
        target: CString,
        /// Type of file system.
        kind: Option<CString>,
        /// `MS_…` bits.
        flags: u64,
        /// Options of the file system.
        data: Option<CString>,
    },
    /// Makes everything mounted at and under a path read-only, without set-user-id programs and
    /// device files.
    MakeReadOnly(CString),
    /// `umount2(path, MNT_DETACH)`.
    Unmount(CString),
    /// `mkdir`; an existing directory is fine.
    MakeDirectory(CString, u32),
    /// Creates an empty file, to mount another one over it.
    MakeFile(CString),
    /// `symlink(target, path)`.
    Link(CString, CString),
    /// `pivot_root(new, old)`.
    PivotRoot(CString, CString),
    /// `chdir`.
    ChangeDirectory(CString),
    /// `chmod`.
    ChangeMode(CString, u32),
    /// Writes a short text to a file that exists.
    WriteFile(CString, CString),
    /// Brings the loopback interface up.
    LoopbackUp,
    /// `sethostname`.
    HostName(CString),
    /// Gives up all supplementary groups, then takes this group and user for good.
    BecomeUser(u32, u32),
    /// Drops every capability from the bounding set.
    DropCapabilities,
    /// `setrlimit`: resource, limit (soft and hard); a hard limit that is lower already stays.
    Limit(u32, u64),
    /// `umask`.
    FileModeMask(u32),
    /// `setsid`.
    NewSession,
    /// `prctl(PR_SET_NO_NEW_PRIVS)`.
    NoNewPrivileges,
    /// `prctl(PR_SET_DUMPABLE)`: whether others of the same user may trace it and read its memory.
    Dumpable(bool),
    /// `prctl(PR_SET_PDEATHSIG, SIGKILL)`: dies with the thread that made it.
    DieWithParent,
    /// `prctl(PR_SET_CHILD_SUBREAPER)`.
    AdoptOrphans,
    /// Ignores SIGCHLD, so that the kernel reaps every child at once.
    LetKernelReap,
    /// All signals to their defaults, none blocked.
    DefaultSignals,
    /// `personality(ADDR_NO_RANDOMIZE)`; where that is refused addresses vary, and no more.
    FixedAddresses,
    /// `dup2(from, to)`.
    Redirect(RawFd, RawFd),
    /// Marks every descriptor from this number on as close-on-exec.
    CloseOnExecFrom(RawFd),
    /// Writes one byte.
    Say(RawFd, u8),
    /// Reads one byte and fails with EPIPE at end of file.
    Await(RawFd),
    /// Installs a seccomp filter.
    Filter(Filter),
    /// `execve`. The last step.
    Execute(Program),
}

/// What to execute.
#[derive(Debug)]
pub struct Program {
    path: CString,
    argv: Vec<CString>,
    envp: Vec<CString>,
    argv_pointers: Vec<*const c_char>,
    envp_pointers: Vec<*const c_char>,
}

// SAFETY: the pointers point into the strings of the same value, which nobody changes.
unsafe impl Send for Program {}

impl Program {
    /// A program with its arguments (its name first) and environment (`NAME=value`).
    #[must_use]
    pub fn new(path: CString, argv: Vec<CString>, envp: Vec<CString>) -> Self {
        let pointers = |list: &[CString]| {
            list.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect::<Vec<_>>()
        };
        // The heap blocks of the strings stay where they are when the vectors move.
        let (argv_pointers, envp_pointers) = (pointers(&argv), pointers(&envp));
        Self { path, argv, envp, argv_pointers, envp_pointers }
    }

    /// The arguments, the program's name first.
    #[must_use]
    pub fn argv(&self) -> &[CString] {
        &self.argv
    }

    /// The environment.
    #[must_use]
    pub fn envp(&self) -> &[CString] {
        &self.envp
    }
}

/// Runs the steps in order; gives the position and errno of the one that failed.
pub(crate) fn run(steps: &[Step]) -> Result<(), (usize, i32)> {
    for (position, step) in steps.iter().enumerate() {
        perform(step).map_err(|errno| (position, errno))?;
    }
    Ok(())
}

fn errno() -> i32 {
    // SAFETY: takes nothing.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: the address of errno is always valid.
    unsafe { *place }
}

fn done(result: libc::c_long) -> Result<(), i32> {
    if result < 0 { Err(errno()) } else { Ok(()) }
}

fn text(string: Option<&CString>) -> *const c_char {
    string.map_or(ptr::null(), |s| s.as_ptr())
}

#[expect(clippy::too_many_lines, reason = "one flat list is the point: each arm is one call")]
fn perform(step: &Step) -> Result<(), i32> {
    match step {
        Step::Mount { source, target, kind, flags, data } => {
            // SAFETY: all strings end with a zero byte or are null.
            done(libc::c_long::from(unsafe {
                libc::mount(
                    text(source.as_ref()),
                    target.as_ptr(),
                    text(kind.as_ref()),
                    *flags,
                    text(data.as_ref()).cast(),
                )
            }))
        }
        Step::MakeReadOnly(path) => make_read_only(path),
        Step::Unmount(path) => {
            // SAFETY: the string ends with a zero byte.
            done(libc::c_long::from(unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) }))
        }
        Step::MakeDirectory(path, mode) => {
            // SAFETY: the string ends with a zero byte.
            match done(libc::c_long::from(unsafe { libc::mkdir(path.as_ptr(), *mode) })) {
                Err(libc::EEXIST) => Ok(()),
                other => other,
            }
        }
        Step::MakeFile(path) => {
            let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_CLOEXEC;
            // SAFETY: the string ends with a zero byte.
            let fd = unsafe { libc::open(path.as_ptr(), flags, 0o644) };
            done(libc::c_long::from(fd))?;
            close(fd);
            Ok(())
        }
        Step::Link(target, path) => {
            // SAFETY: both strings end with a zero byte.
            done(libc::c_long::from(unsafe { libc::symlink(target.as_ptr(), path.as_ptr()) }))
        }
        Step::PivotRoot(new, old) => {
            // SAFETY: both strings end with a zero byte.
            done(unsafe { libc::syscall(libc::SYS_pivot_root, new.as_ptr(), old.as_ptr()) })
        }
        Step::ChangeDirectory(path) => {
            // SAFETY: the string ends with a zero byte.
            done(libc::c_long::from(unsafe { libc::chdir(path.as_ptr()) }))
        }
        Step::ChangeMode(path, mode) => {
            // SAFETY: the string ends with a zero byte.
            done(libc::c_long::from(unsafe { libc::chmod(path.as_ptr(), *mode) }))
        }
        Step::WriteFile(path, content) => write_file(path, content),
        Step::LoopbackUp => loopback_up(),
        Step::HostName(name) => {
            // SAFETY: the length is that of the string.
            let result = unsafe { libc::sethostname(name.as_ptr(), name.count_bytes()) };
            done(libc::c_long::from(result))
        }
        Step::BecomeUser(user, group) => become_user(*user, *group),
        Step::DropCapabilities => {
            for capability in 0..64 {
                // SAFETY: takes numbers; EINVAL beyond the last capability is expected.
                let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
                if result < 0 {
                    break;
                }
            }
            Ok(())
        }
        Step::Limit(resource, limit) => {
            let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            // SAFETY: `now` is a valid place.
            done(libc::c_long::from(unsafe { libc::getrlimit(*resource, &raw mut now) }))?;
            // A hard limit can only be lowered.
            let limit = (*limit).min(now.rlim_max);
            let wanted = libc::rlimit { rlim_cur: limit, rlim_max: limit };
            // SAFETY: `wanted` is a valid place.
            done(libc::c_long::from(unsafe { libc::setrlimit(*resource, &raw const wanted) }))
        }
        Step::FileModeMask(mask) => {
            // SAFETY: umask cannot fail.
            unsafe { libc::umask(*mask) };
            Ok(())
        }
        // SAFETY: setsid takes nothing.
        Step::NewSession => done(libc::c_long::from(unsafe { libc::setsid() })),
        Step::NoNewPrivileges => control(libc::PR_SET_NO_NEW_PRIVS, 1),
        Step::Dumpable(on) => control(libc::PR_SET_DUMPABLE, u64::from(*on)),
        Step::DieWithParent => control(libc::PR_SET_PDEATHSIG, libc::SIGKILL.unsigned_abs().into()),
        Step::AdoptOrphans => control(libc::PR_SET_CHILD_SUBREAPER, 1),
        Step::LetKernelReap => dispose(libc::SIGCHLD, libc::SIG_IGN),
        Step::DefaultSignals => {
            for signal in 1..=64 {
                // SIGKILL, SIGSTOP and glibc's own two refuse, rightly.
                let _refused = dispose(signal, libc::SIG_DFL);
            }
            set_mask(0)
        }
        Step::FixedAddresses => {
            // SAFETY: personality takes a number.
            unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) };
            Ok(())
        }
        // SAFETY: dup2 takes numbers.
        Step::Redirect(from, to) => done(libc::c_long::from(unsafe { libc::dup2(*from, *to) })),
        Step::CloseOnExecFrom(first) => close_range(*first, RawFd::MAX, libc::CLOSE_RANGE_CLOEXEC),
        Step::Say(fd, byte) => {
            // SAFETY: one byte is read from a live place.
            done(unsafe { libc::write(*fd, ptr::from_ref(byte).cast(), 1) } as libc::c_long)
        }
        Step::Await(fd) => {
            let mut byte = 0u8;
            // SAFETY: one byte is written to a live place.
            match unsafe { libc::read(*fd, (&raw mut byte).cast(), 1) } {
                1 => Ok(()),
                0 => Err(libc::EPIPE),
                _ => Err(errno()),
            }
        }
        Step::Filter(filter) => {
            let program = filter.program();
            let program = libc::sock_fprog {
                len: u16::try_from(program.len()).unwrap_or(u16::MAX),
                filter: program.as_ptr().cast_mut(),
            };
            // SAFETY: the kernel copies the program, which is valid for its length.
            done(unsafe {
                libc::syscall(
                    libc::SYS_seccomp,
                    libc::SECCOMP_SET_MODE_FILTER,
                    0,
                    &raw const program,
                )
            })
        }
        Step::Execute(program) => {
            // SAFETY: the lists are null-terminated and point to strings that live on.
            let result = unsafe {
                libc::execve(
                    program.path.as_ptr(),
                    program.argv_pointers.as_ptr(),
                    program.envp_pointers.as_ptr(),
                )
            };
            done(libc::c_long::from(result))
        }
    }
}

fn control(option: i32, value: u64) -> Result<(), i32> {
    // SAFETY: the options used here take numbers.
    done(libc::c_long::from(unsafe { libc::prctl(option, value, 0, 0, 0) }))
}

fn close(fd: RawFd) {
    // SAFETY: close takes a number; the caller owns it.
    unsafe { libc::close(fd) };
}

/// Signals with the kernel's own structure: glibc's refuses its internal two.
fn dispose(signal: i32, handler: usize) -> Result<(), i32> {
    let action = [handler as u64, 0, 0, 0];
    // SAFETY: the kernel's sigaction is four words: handler, flags, restorer, mask.
    done(unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, action.as_ptr(), 0usize, 8usize) })
}

pub(crate) fn set_mask(mask: u64) -> Result<(), i32> {
    // SAFETY: the mask is eight bytes, as the kernel wants.
    done(unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const mask, 0usize, 8usize)
    })
}

fn become_user(user: u32, group: u32) -> Result<(), i32> {
    // glibc's setgroups and setresuid synchronise with other threads by a signal: raw calls here.
    // SAFETY: no list is read when its length is 0. Without the right it fails, harmlessly: an
    // ordinary user has only its own groups.
    unsafe { libc::syscall(libc::SYS_setgroups, 0, 0usize) };
    // SAFETY: takes numbers.
    done(unsafe { libc::syscall(libc::SYS_setresgid, group, group, group) })?;
    // SAFETY: takes numbers.
    done(unsafe { libc::syscall(libc::SYS_setresuid, user, user, user) })
}

/// Closes every descriptor except one.
pub(crate) fn close_all_but(kept: RawFd) -> Result<(), i32> {
    if kept > 0 {
        close_range(0, kept - 1, 0)?;
    }
    close_range(kept + 1, RawFd::MAX, 0)
}

fn close_range(first: RawFd, last: RawFd, flags: u32) -> Result<(), i32> {
    // SAFETY: takes numbers.
    done(unsafe {
        libc::syscall(libc::SYS_close_range, first.unsigned_abs(), last.unsigned_abs(), flags)
    })
}

fn write_file(path: &CStr, content: &CStr) -> Result<(), i32> {
    // SAFETY: the string ends with a zero byte.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
    done(libc::c_long::from(fd))?;
    // SAFETY: the length is that of the string.
    let result = unsafe { libc::write(fd, content.as_ptr().cast(), content.count_bytes()) };
    let outcome = done(result as libc::c_long);
    close(fd);
    outcome
}

fn make_read_only(path: &CStr) -> Result<(), i32> {
    // struct mount_attr { attr_set, attr_clr, propagation, userns_fd }. Source: mount_setattr(2).
    const RDONLY: u64 = 1;
    const NOSUID: u64 = 2;
    const NODEV: u64 = 4;
    const AT_RECURSIVE: u32 = 0x8000;
    let attributes = [RDONLY | NOSUID | NODEV, 0, 0, 0];
    // SAFETY: the structure is four words, and its size is passed.
    done(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            AT_RECURSIVE,
            attributes.as_ptr(),
            32usize,
        )
    })
}

fn loopback_up() -> Result<(), i32> {
    // SAFETY: takes numbers.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    done(libc::c_long::from(socket))?;
    // struct ifreq: 16 bytes of name, then the flags.
    let mut request = [0u8; 40];
    request[0] = b'l';
    request[1] = b'o';
    let [low, high, _, _] = libc::IFF_UP.to_le_bytes();
    request[16] = low;
    request[17] = high;
    // SAFETY: `request` is as large as struct ifreq.
    let result = unsafe { libc::ioctl(socket, libc::SIOCSIFFLAGS, request.as_ptr()) };
    let outcome = done(libc::c_long::from(result));
    close(socket);
    outcome
}
