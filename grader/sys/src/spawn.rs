//! The two processes between a tracer and its subject.
//!
//! ```text
//! tracer thread
//! └─ init      a copy of this program that sets up the namespaces, then only answers requests;
//!    │         it ignores SIGCHLD, so the kernel reaps every orphan at once
//!    └─ second performs its own steps and executes the subject
//! ```
//!
//! Both exist with and without namespaces, so that everything above sees one shape: in a pid
//! namespace init is pid 1, elsewhere it is a subreaper. Neither executes code of the subject
//! before its own list has ended.

use crate::descriptor;
use crate::error::{Result, SysError, check};
use crate::filter::Filter;
use crate::ptrace::{self, Halt, Resume};
use crate::step::{self, Step};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// What init does once the second process exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ignores its children's deaths and answers requests until its control descriptor closes.
    Serve,
    /// Waits for the second process, tells how it ended ([`Init::last_word`]), and ends as it did:
    /// with its status, or with 128 and the number of the signal that killed it.
    Relay,
}

/// What to start.
#[derive(Debug)]
pub struct Plan {
    /// What init does afterwards.
    pub role: Role,
    /// `CLONE_NEW…` bits for init. 0 for none.
    pub namespaces: i32,
    /// What init does before it makes the second process.
    pub init: Vec<Step>,
    /// What the second process does; the last step is [`Step::Execute`].
    pub second: Vec<Step>,
}

/// Descriptors that a plan's steps may name. They are open in both processes from the start.
#[derive(Debug)]
pub struct Channels {
    control: (OwnedFd, OwnedFd),
    gate: (OwnedFd, OwnedFd),
    failure: (OwnedFd, OwnedFd),
}

impl Channels {
    /// Makes them. Do this before the plan, whose steps name them.
    ///
    /// # Errors
    /// EMFILE and ENFILE, when there are no descriptors left.
    pub fn new() -> Result<Self> {
        let control = descriptor::socket_pair()?;
        descriptor::pass_credentials(&control.0)?;
        Ok(Self { control, gate: descriptor::pipe()?, failure: descriptor::pipe()? })
    }

    /// Where a process says that it is ready ([`Step::Say`]), and where init is told to go on
    /// ([`Step::Await`], [`Init::go`]).
    #[must_use]
    pub fn control(&self) -> RawFd {
        self.control.1.as_raw_fd()
    }

    /// Where the second process is told to go on ([`Step::Await`], [`Init::release`]).
    #[must_use]
    pub fn gate(&self) -> RawFd {
        self.gate.0.as_raw_fd()
    }
}

/// A step that failed in one of the two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepFailed {
    /// 0 for init, 1 for the second process.
    pub process: u8,
    /// Position in its list; one past the end means the second process could not be made.
    pub position: usize,
    /// Why.
    pub errno: i32,
}

/// Init, from the outside. Dropping it kills init; in a pid namespace everybody in it dies too, and
/// what this thread traces there is reaped.
#[derive(Debug)]
pub struct Init {
    pid: i32,
    control: OwnedFd,
    gate: OwnedFd,
    failure: File,
    ended: bool,
}

/// What init is asked for, one byte each.
const NEXT_PID: u8 = b'p';

/// Starts both processes. Init waits at its first [`Step::Await`] if the plan has one: write its
/// id maps meanwhile, then call [`Init::go`].
///
/// # Errors
/// EPERM when the namespaces are not permitted, EAGAIN when there are too many processes, ENOSPC
/// when there are too many namespaces.
pub fn start(plan: &Plan, channels: Channels) -> Result<Init> {
    let all = !0u64;
    let mut before = 0u64;
    // Signals are blocked around the clone, so that none of ours is handled in the copy.
    // SAFETY: both masks are eight bytes.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const all,
            &raw mut before,
            8usize,
        )
    };
    let alone = crate::copies::alone();
    // SAFETY: without CLONE_VM and a new stack this is fork; the child only runs `init_main`,
    // which is restricted to system calls.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone,
            libc::c_long::from(plan.namespaces | libc::SIGCHLD),
            0usize,
            0usize,
            0usize,
            0usize,
        )
    };
    if pid == 0 {
        init_main(plan, channels.control.1.as_raw_fd(), channels.failure.1.as_raw_fd());
    }
    let result = check(pid, "clone", None);
    drop(alone);
    // The mask was read by the kernel just before, so it is valid to restore.
    let _restored = step::set_mask(before);
    let pid = i32::try_from(result?).unwrap_or(-1);
    let Channels { control: (control, _), gate: (_, gate), failure: (failure, _) } = channels;
    Ok(Init { pid, control, gate, failure: File::from(failure), ended: false })
}

impl Init {
    /// The host's pid of init.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Lets init go on, which stands at a [`Step::Await`] of its control descriptor.
    ///
    /// # Errors
    /// EPIPE when it is gone.
    pub fn go(&self) -> Result<()> {
        self.send(b"g")
    }

    /// Lets the second process go on, which stands at a [`Step::Await`] of its gate.
    ///
    /// # Errors
    /// EPIPE when it is gone.
    pub fn release(&self) -> Result<()> {
        // SAFETY: one byte is read from a live place.
        let result = unsafe { libc::write(self.gate.as_raw_fd(), c"g".as_ptr().cast(), 1) };
        check(result, "write", None).map(|_| ())
    }

    /// Waits for a [`Step::Say`] and gives the host's pid of who said it; `None` when a step
    /// failed before (see [`Init::failure`]).
    ///
    /// # Errors
    /// Those of `recvmsg(2)`.
    pub fn next_word(&self) -> Result<Option<i32>> {
        let (bytes, sender) = descriptor::receive_with_sender(&self.control)?;
        Ok((!bytes.is_empty()).then_some(sender))
    }

    /// The first step that failed, if one did. Waits until both processes have succeeded or one
    /// failed, so call it only when one of them is known to have ended or executed its program.
    pub fn failure(&mut self) -> Option<StepFailed> {
        let mut report = [0u8; 9];
        self.failure.read_exact(&mut report).ok()?;
        let [process, position @ .., a, b, c, d] = report;
        Some(StepFailed {
            process,
            position: usize::try_from(u32::from_le_bytes(position)).unwrap_or(0),
            errno: i32::from_le_bytes([a, b, c, d]),
        })
    }

    /// Makes the kernel give `pid` to the next process of the namespace. Source:
    /// `pid_namespaces(7)`, `/proc/sys/kernel/ns_last_pid`.
    ///
    /// # Errors
    /// EPIPE when init is gone, EPERM when the kernel refuses.
    pub fn set_next_pid(&self, pid: i32) -> Result<()> {
        let mut request = [NEXT_PID, 0, 0, 0, 0];
        request[1..].copy_from_slice(&(pid - 1).to_le_bytes());
        self.send(&request)?;
        let (answer, _) = descriptor::receive_with_sender(&self.control)?;
        match answer.as_slice() {
            [0] => Ok(()),
            [errno] => Err(SysError {
                operation: "write(/proc/sys/kernel/ns_last_pid)",
                pid: None,
                errno: i32::from(*errno),
            }),
            _ => Err(SysError { operation: "init", pid: Some(self.pid), errno: libc::EPIPE }),
        }
    }

    /// How the second process ended, as `wait4` words it; `None` when init has ended without a word.
    /// For [`Role::Relay`], whose init says it before it ends; waits until then.
    ///
    /// # Errors
    /// Those of `recvmsg(2)`.
    pub fn last_word(&self) -> Result<Option<i32>> {
        let (bytes, _) = descriptor::receive_with_sender(&self.control)?;
        Ok(<[u8; 4]>::try_from(bytes.as_slice()).ok().map(i32::from_le_bytes))
    }

    /// Waits until init has ended by itself or was killed.
    ///
    /// # Errors
    /// ECHILD when it was reaped before.
    pub fn wait(&mut self) -> Result<i32> {
        let status = ptrace::wait_child(self.pid)?;
        self.ended = true;
        Ok(status)
    }

    /// Reaps tracees until init, which was killed, has ended: its namespace does not end before its
    /// last tracee, and nobody may know that one. A process that is killed while it forks has no
    /// time to tell of its child.
    fn reap_tracees(&self) {
        let Ok(init) = descriptor::of_process(self.pid) else { return };
        let ended = || descriptor::poll(&[(init.as_raw_fd(), libc::POLLIN)], 50);
        while !ended().is_ok_and(|events| events[0] != 0) {
            for tracee in ptrace::tracees_inside() {
                // Past its exit stop, if it is in one; the next round reaps it.
                if let Ok(Ok(Halt::Stopped(stopped, _))) = tracee.try_wait() {
                    drop(stopped.resume(Resume::Free, 0));
                }
            }
        }
    }

    fn send(&self, bytes: &[u8]) -> Result<()> {
        // SAFETY: `bytes` is valid for its length.
        let result = unsafe {
            libc::send(
                self.control.as_raw_fd(),
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL,
            )
        };
        check(result, "send", Some(self.pid)).map(|_| ())
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        if !self.ended {
            // It may be dead already; then there is only the wait left.
            let _gone = ptrace::kill(self.pid, libc::SIGKILL);
            self.reap_tracees();
            let _reaped = self.wait();
        }
    }
}

/// Init's whole life. Only system calls from here on (see [`step`]).
fn init_main(plan: &Plan, control: RawFd, failure: RawFd) -> ! {
    if let Err((position, errno)) = step::run(&plan.init) {
        report(failure, 0, position, errno);
    }
    // SAFETY: as in `start`; the child only runs `second_main`.
    let child = unsafe {
        libc::syscall(
            libc::SYS_clone,
            libc::c_long::from(libc::SIGCHLD),
            0usize,
            0usize,
            0usize,
            0usize,
        )
    };
    if child == 0 {
        if let Err((position, errno)) = step::run(&plan.second) {
            report(failure, 1, position, errno);
        }
        leave(127);
    }
    if child < 0 {
        report(failure, 0, plan.init.len(), last_errno());
    }
    // From here on only the second process can report a failure, and its copy closes on exec.
    // What this process inherited of its maker's descriptors must not keep pipes alive.
    if step::close_all_but(control).is_err() {
        leave(126);
    }
    match plan.role {
        Role::Serve => serve(control),
        Role::Relay => relay(child, control),
    }
}

/// Reaps whatever ends until it is the second process, and ends as that did.
fn relay(second: libc::c_long, control: RawFd) -> ! {
    loop {
        let mut status = 0;
        // SAFETY: `status` is a valid place for a status word.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL) };
        if libc::c_long::from(pid) == second {
            let word = status.to_le_bytes();
            // SAFETY: four bytes are read from a live place. Nobody need listen.
            unsafe { libc::send(control, word.as_ptr().cast(), word.len(), libc::MSG_NOSIGNAL) };
            leave(if libc::WIFEXITED(status) {
                libc::WEXITSTATUS(status)
            } else {
                128 + libc::WTERMSIG(status)
            });
        }
        if pid < 0 && last_errno() != libc::EINTR {
            leave(125);
        }
    }
}

/// Answers requests until the tracer closes its end.
fn serve(control: RawFd) -> ! {
    loop {
        let mut request = [0u8; 8];
        // SAFETY: the buffer is valid for its length.
        let count = unsafe { libc::read(control, request.as_mut_ptr().cast(), request.len()) };
        if count <= 0 {
            leave(0);
        }
        if count == 5 && request[0] == NEXT_PID {
            let last = i32::from_le_bytes([request[1], request[2], request[3], request[4]]);
            let answer = [set_last_pid(last)];
            // SAFETY: one byte is read from a live place.
            unsafe { libc::write(control, answer.as_ptr().cast(), 1) };
        }
    }
}

/// Writes the number in decimal; returns 0 or an errno.
fn set_last_pid(last: i32) -> u8 {
    let path = c"/proc/sys/kernel/ns_last_pid";
    let mut digits = [0u8; 12];
    let mut at = digits.len();
    let mut rest = last.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    // SAFETY: the string ends with a zero byte.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return small_errno();
    }
    let count = digits.len() - at;
    // SAFETY: `at` lies within the buffer.
    let text = unsafe { digits.as_ptr().add(at) };
    // SAFETY: `count` bytes follow `text` in the buffer.
    let written = unsafe { libc::write(fd, text.cast(), count) };
    let answer = if written < 0 { small_errno() } else { 0 };
    // SAFETY: takes a number.
    unsafe { libc::close(fd) };
    answer
}

/// Says which step failed, and ends.
fn report(failure: RawFd, process: u8, position: usize, errno: i32) -> ! {
    let mut bytes = [0u8; 9];
    bytes[0] = process;
    bytes[1..5].copy_from_slice(&u32::try_from(position).unwrap_or(u32::MAX).to_le_bytes());
    bytes[5..9].copy_from_slice(&errno.to_le_bytes());
    // SAFETY: the buffer is valid for its length.
    unsafe { libc::write(failure, bytes.as_ptr().cast(), bytes.len()) };
    leave(127)
}

fn small_errno() -> u8 {
    u8::try_from(last_errno()).unwrap_or(u8::MAX)
}

fn last_errno() -> i32 {
    // SAFETY: takes nothing.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: the address of errno is always valid.
    unsafe { *place }
}

fn leave(code: i32) -> ! {
    // SAFETY: _exit runs no handlers and does not return.
    unsafe { libc::_exit(code) }
}

/// Has the calling process killed when the thread that started it ends. Source: `prctl(2)`,
/// PR_SET_PDEATHSIG.
///
/// # Errors
/// None is expected.
pub fn die_with_parent() -> Result<()> {
    // SAFETY: takes numbers.
    let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
    check(result, "prctl(PR_SET_PDEATHSIG)", None).map(|_| ())
}

/// Whether this kernel lets this user install a filter, by trying it in a child.
#[must_use]
pub fn can_filter(filter: Filter) -> bool {
    succeeds(&[Step::NoNewPrivileges, Step::Filter(filter)], 0)
}

/// Whether a process made with these namespaces can perform these steps.
#[must_use]
pub fn succeeds(steps: &[Step], namespaces: i32) -> bool {
    // SAFETY: as in `start`; the child runs only the steps.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone,
            libc::c_long::from(namespaces | libc::SIGCHLD),
            0usize,
            0usize,
            0usize,
            0usize,
        )
    };
    if pid == 0 {
        leave(i32::from(step::run(steps).is_err()));
    }
    let Ok(pid) = i32::try_from(pid) else { return false };
    pid > 0 && ptrace::wait_child(pid) == Ok(0)
}
