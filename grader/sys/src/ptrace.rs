//! A traced thread. It is either [`Stopped`], and then it can be looked at, changed and resumed,
//! or [`Running`], and then it can be waited for. Resuming consumes the one and gives the other,
//! so asking a running thread for its registers does not compile.
//!
//! Every wait names its thread and uses `__WALL | __WNOTHREAD`: several tracers live in one test
//! process, and a plain wait would steal their events. Source: `ptrace(2)`, `waitpid(2)`.

use crate::error::{Result, SysError, check};
use std::cell::{Cell, RefCell};
use std::fs;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

/// Registers of a stopped thread.
pub type Registers = libc::user_regs_struct;

/// The flags for every wait of a tracer.
const WAIT: i32 = libc::__WALL | libc::__WNOTHREAD;

/// Options of every tracee: all events, its death with ours, and system-call stops that cannot be
/// taken for a SIGTRAP.
const OPTIONS: i32 = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEVFORKDONE
    | libc::PTRACE_O_TRACEEXIT
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_EXITKILL;

/// A thread that is in a ptrace-stop. Not `Send`: only the thread that attached may use it.
#[must_use = "a stopped thread that is forgotten stays stopped"]
#[derive(Debug)]
pub struct Stopped {
    tid: i32,
    /// Its registers, once somebody has asked: nobody but the tracer changes them while it is stopped.
    registers: RefCell<Option<Box<Registers>>>,
    /// Whether they were changed and the thread was not told yet.
    changed: Cell<bool>,
    owner: PhantomData<*mut ()>,
}

/// A thread that runs, sleeps in the kernel, or is dying. Not `Send`.
#[must_use = "a running thread must be waited for"]
#[derive(Debug)]
pub struct Running {
    tid: i32,
    owner: PhantomData<*mut ()>,
}

/// Why a thread stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The filter asks what to do with a call, which has not begun.
    Seccomp,
    /// A call returned; asked for by [`Resume::ToExit`].
    SyscallExit,
    /// A signal is about to be delivered; resuming with it delivers it.
    Signal(i32),
    /// `fork`: the new process is the event message.
    Fork,
    /// `vfork`, or `clone` with `CLONE_VFORK`.
    Vfork,
    /// `clone` otherwise.
    Clone,
    /// The child of a `vfork` executed a program or ended.
    VforkDone,
    /// A program was executed.
    Exec,
    /// The thread begins to exit; the status word is the event message.
    Exit,
    /// The process is stopped by this signal (group-stop), or it is a new thread's first stop
    /// (SIGTRAP).
    Group(i32),
}

/// What a wait found.
#[derive(Debug)]
pub enum Halt {
    /// The thread stopped.
    Stopped(Stopped, Reason),
    /// The thread ended with this status word, and is reaped as far as its tracer is concerned.
    Died(i32),
}

/// How to let a thread go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// Until the next traced call, signal or event.
    Free,
    /// Until the current call returns.
    ToExit,
    /// One instruction.
    Step,
}

/// Attaches to the process `pid` without stopping it.
///
/// # Errors
/// EPERM when the process may not be traced (another user, Yama, already traced), ESRCH when it
/// is gone.
pub fn seize(pid: i32) -> Result<Running> {
    // SAFETY: PTRACE_SEIZE reads no memory of ours; its data is the option bits.
    let result = unsafe {
        libc::ptrace(libc::PTRACE_SEIZE, pid, ptr::null_mut::<libc::c_void>(), OPTIONS as usize)
    };
    check(result, "ptrace(PTRACE_SEIZE)", Some(pid))?;
    Ok(Running { tid: pid, owner: PhantomData })
}

/// A thread that the kernel attached by itself because its creator is traced.
pub fn born(tid: i32) -> Running {
    Running { tid, owner: PhantomData }
}

impl Running {
    /// The host's number of the thread.
    #[must_use]
    pub fn tid(&self) -> i32 {
        self.tid
    }

    /// Waits until the thread stops or ends.
    ///
    /// # Errors
    /// ECHILD when it is not traced by this thread.
    pub fn wait(self) -> Result<Halt> {
        loop {
            let mut status = 0;
            // SAFETY: `status` is a valid place for a status word.
            let result = unsafe { libc::waitpid(self.tid, &raw mut status, WAIT) };
            match check(result, "waitpid", Some(self.tid)) {
                Ok(_) => return Ok(self.read(status)),
                Err(error) if error.errno == libc::EINTR => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Looks whether the thread has stopped or ended, without waiting.
    ///
    /// # Errors
    /// ECHILD when it is not traced by this thread.
    pub fn try_wait(self) -> Result<std::result::Result<Halt, Running>> {
        let mut status = 0;
        // SAFETY: `status` is a valid place for a status word.
        let result = unsafe { libc::waitpid(self.tid, &raw mut status, WAIT | libc::WNOHANG) };
        match check(result, "waitpid", Some(self.tid))? {
            0 => Ok(Err(self)),
            _ => Ok(Ok(self.read(status))),
        }
    }

    /// Waits until the dying thread is dead, and leaves it unreaped: its parent does not know yet.
    /// Returns `false` if it stopped once more instead of dying.
    ///
    /// # Errors
    /// ECHILD when it is not traced by this thread.
    pub fn wait_dead(&self) -> Result<bool> {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        loop {
            // SAFETY: `info` is a valid place for a siginfo. WNOWAIT leaves the thread waitable.
            let result = unsafe {
                libc::waitid(
                    libc::P_PID,
                    self.tid.unsigned_abs(),
                    info.as_mut_ptr(),
                    libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | WAIT,
                )
            };
            match check(result, "waitid", Some(self.tid)) {
                Ok(_) => break,
                Err(error) if error.errno == libc::EINTR => {}
                Err(error) => return Err(error),
            }
        }
        // SAFETY: it was zeroed, and waitid filled it in.
        let info = unsafe { info.assume_init() };
        Ok(matches!(info.si_code, libc::CLD_EXITED | libc::CLD_KILLED | libc::CLD_DUMPED))
    }

    fn read(self, status: i32) -> Halt {
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            return Halt::Died(status);
        }
        let signal = libc::WSTOPSIG(status);
        let reason = match status >> 16 {
            0 if signal == libc::SIGTRAP | 0x80 => Reason::SyscallExit,
            0 => Reason::Signal(signal),
            libc::PTRACE_EVENT_FORK => Reason::Fork,
            libc::PTRACE_EVENT_VFORK => Reason::Vfork,
            libc::PTRACE_EVENT_CLONE => Reason::Clone,
            libc::PTRACE_EVENT_EXEC => Reason::Exec,
            libc::PTRACE_EVENT_VFORK_DONE => Reason::VforkDone,
            libc::PTRACE_EVENT_EXIT => Reason::Exit,
            libc::PTRACE_EVENT_SECCOMP => Reason::Seccomp,
            _ => Reason::Group(signal),
        };
        let registers = RefCell::new(None);
        let changed = Cell::new(false);
        Halt::Stopped(Stopped { tid: self.tid, registers, changed, owner: PhantomData }, reason)
    }
}

impl Stopped {
    /// The host's number of the thread.
    #[must_use]
    pub fn tid(&self) -> i32 {
        self.tid
    }

    /// Lets the thread go on, delivering `signal` unless it is 0.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile; wait for its death then with [`born`].
    pub fn resume(self, how: Resume, signal: i32) -> Result<Running> {
        let request = match how {
            Resume::Free => libc::PTRACE_CONT,
            Resume::ToExit => libc::PTRACE_SYSCALL,
            Resume::Step => libc::PTRACE_SINGLESTEP,
        };
        self.settle_registers()?;
        self.request(request, 0, signal.unsigned_abs() as usize, "ptrace(PTRACE_CONT)")?;
        Ok(Running { tid: self.tid, owner: PhantomData })
    }

    /// Keeps a process in its group-stop while events are still reported.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile.
    pub fn listen(self) -> Result<Running> {
        self.settle_registers()?;
        self.request(libc::PTRACE_LISTEN, 0, 0, "ptrace(PTRACE_LISTEN)")?;
        Ok(Running { tid: self.tid, owner: PhantomData })
    }

    /// Its registers.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile.
    pub fn registers(&self) -> Result<Registers> {
        if let Some(known) = self.registers.borrow().as_deref() {
            return Ok(*known);
        }
        let mut registers = MaybeUninit::<Registers>::zeroed();
        self.request(
            libc::PTRACE_GETREGS,
            0,
            registers.as_mut_ptr() as usize,
            "ptrace(PTRACE_GETREGS)",
        )?;
        // SAFETY: all bit patterns are valid registers, and the kernel filled them in.
        let registers = unsafe { registers.assume_init() };
        self.registers.replace(Some(Box::new(registers)));
        Ok(registers)
    }

    /// Changes its registers. Where that can be, the thread is told when it is let go, and what is wrong
    /// with them is an error then.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile, EIO for values that no thread may have.
    pub fn set_registers(&self, registers: &Registers) -> Result<()> {
        /// Flags that are taken as they are given: the results of arithmetic. Of the others the kernel
        /// keeps some. Source: Linux, arch/x86/kernel/ptrace.c, `FLAG_MASK`.
        const TAKEN: u64 = 0x8d5;
        if let Some(known) = self.registers.borrow_mut().as_deref_mut()
            && (known.eflags ^ registers.eflags) & !TAKEN == 0
        {
            *known = *registers;
            self.changed.set(true);
            return Ok(());
        }
        self.registers.replace(None);
        self.changed.set(false);
        self.tell_registers(registers)
    }

    fn tell_registers(&self, registers: &Registers) -> Result<()> {
        let data = ptr::from_ref(registers) as usize;
        self.request(libc::PTRACE_SETREGS, 0, data, "ptrace(PTRACE_SETREGS)")
    }

    /// Tells the thread of registers that were changed: it is about to be let go.
    fn settle_registers(&self) -> Result<()> {
        if self.changed.take()
            && let Some(known) = self.registers.borrow().as_deref()
        {
            self.tell_registers(known)?;
        }
        Ok(())
    }

    /// The registers for floating point and vectors, as far as `xsave` keeps them.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile.
    pub fn vector_registers(&self) -> Result<Vec<u8>> {
        /// Room for all that a processor has, the tiles of AMX included.
        const MOST: usize = 16 * 1024;
        const NT_X86_XSTATE: usize = 0x202;
        let mut bytes = vec![0u8; MOST];
        let mut place = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: MOST };
        let data = &raw mut place as usize;
        self.request(libc::PTRACE_GETREGSET, NT_X86_XSTATE, data, "ptrace(PTRACE_GETREGSET)")?;
        bytes.truncate(place.iov_len);
        Ok(bytes)
    }

    /// The number that belongs to an event: a new thread's id, or an exit status word.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile.
    pub fn event_message(&self) -> Result<u64> {
        let mut message: libc::c_ulong = 0;
        let data = &raw mut message as usize;
        self.request(libc::PTRACE_GETEVENTMSG, 0, data, "ptrace(PTRACE_GETEVENTMSG)")?;
        Ok(message)
    }

    /// Why the pending signal of a signal stop was sent.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile, EINVAL in a group-stop.
    pub fn signal_info(&self) -> Result<SignalInfo> {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let data = info.as_mut_ptr() as usize;
        self.request(libc::PTRACE_GETSIGINFO, 0, data, "ptrace(PTRACE_GETSIGINFO)")?;
        // SAFETY: zeroed first, then filled in by the kernel.
        Ok(SignalInfo::of(&unsafe { info.assume_init() }))
    }

    /// Signals that were generated and not delivered yet: the thread's own, then those of its
    /// process, each at most 32.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile.
    pub fn pending(&self) -> Result<Vec<SignalInfo>> {
        const PEEK: usize = 32;
        let mut found = Vec::new();
        for flags in [0, libc::PTRACE_PEEKSIGINFO_SHARED] {
            let args = libc::ptrace_peeksiginfo_args { off: 0, flags, nr: 32 };
            let mut infos = [const { MaybeUninit::<libc::siginfo_t>::zeroed() }; PEEK];
            // SAFETY: the kernel reads `args` and writes at most `nr` elements of `infos`.
            let result = unsafe {
                libc::ptrace(
                    libc::PTRACE_PEEKSIGINFO,
                    self.tid,
                    &raw const args,
                    infos.as_mut_ptr(),
                )
            };
            let count = check(result, "ptrace(PTRACE_PEEKSIGINFO)", Some(self.tid))?;
            for info in infos.iter().take(usize::try_from(count).unwrap_or(0)) {
                // SAFETY: zeroed first, then filled in by the kernel.
                found.push(SignalInfo::of(unsafe { info.assume_init_ref() }));
            }
        }
        Ok(found)
    }

    /// The signals it blocks: bit n-1 for signal n.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile.
    pub fn signal_mask(&self) -> Result<u64> {
        let mut mask = 0u64;
        let data = &raw mut mask as usize;
        self.request(libc::PTRACE_GETSIGMASK as _, 8, data, "ptrace(PTRACE_GETSIGMASK)")?;
        Ok(mask)
    }

    /// Changes the signals it blocks.
    ///
    /// # Errors
    /// ESRCH when it was killed meanwhile.
    pub fn set_signal_mask(&self, mask: u64) -> Result<()> {
        let data = &raw const mask as usize;
        self.request(libc::PTRACE_SETSIGMASK as _, 8, data, "ptrace(PTRACE_SETSIGMASK)")
    }

    /// Writes a word into its memory, even where that is read-only to it (its own private copy).
    ///
    /// # Errors
    /// EIO or EFAULT when nothing is mapped at `address`.
    pub fn poke(&self, address: u64, word: u64) -> Result<()> {
        let address = usize::try_from(address).unwrap_or(usize::MAX);
        let word = usize::try_from(word).unwrap_or(usize::MAX);
        self.request(libc::PTRACE_POKEDATA, address, word, "ptrace(PTRACE_POKEDATA)")
    }

    fn request(&self, what: u32, address: usize, data: usize, name: &'static str) -> Result<()> {
        // SAFETY: `data` is a number or points to a live place of the size that the request
        // needs: each caller passes one of its own locals.
        let result = unsafe { libc::ptrace(what, self.tid, address, data) };
        check(result, name, Some(self.tid)).map(|_| ())
    }
}

/// What is known about a signal. Source: `sigaction(2)`, "The siginfo_t argument".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalInfo {
    /// The signal.
    pub signal: i32,
    /// `si_code`: positive from the kernel, 0 or negative from a process.
    pub code: i32,
    /// Who sent it, as the tracer's pid namespace numbers it, where a process did.
    pub sender: i32,
    /// The address that could not be used, where a wrong one was.
    pub address: u64,
}

impl SignalInfo {
    fn of(info: &libc::siginfo_t) -> Self {
        // SAFETY: si_pid lies within the structure; for codes without a sender it is some other
        // number that nobody reads.
        let sender = unsafe { info.si_pid() };
        // SAFETY: likewise of si_addr.
        let address = unsafe { info.si_addr() } as u64;
        Self { signal: info.si_signo, code: info.si_code, sender, address }
    }

    /// Whether it says that one instruction was done, as [`Resume::Step`] asked: `TRAP_TRACE`, or
    /// `TRAP_BRKPT` if that was a system call. A breakpoint in the code has `SI_KERNEL`. Source:
    /// `sigaction(2)`; Linux, arch/x86/kernel/ptrace.c, `user_single_step_report`.
    #[must_use]
    pub fn is_step(&self) -> bool {
        const TRAP_BRKPT: i32 = 1;
        const TRAP_TRACE: i32 = 2;
        self.signal == libc::SIGTRAP && matches!(self.code, TRAP_BRKPT | TRAP_TRACE)
    }

    /// Whether it says that memory was used which is mapped, but not for that: `SEGV_ACCERR`.
    #[must_use]
    pub fn is_protection(&self) -> bool {
        const SEGV_ACCERR: i32 = 2;
        self.signal == libc::SIGSEGV && self.code == SEGV_ACCERR
    }

    /// Whether a process sent it with `kill`, `tgkill` or `sigqueue`.
    #[must_use]
    pub fn is_from_process(&self) -> bool {
        matches!(self.code, libc::SI_USER | libc::SI_TKILL | libc::SI_QUEUE)
    }
}

/// Kills a thread's whole process.
///
/// # Errors
/// ESRCH when it is gone already, EPERM when it is not ours.
pub fn kill(pid: i32, signal: i32) -> Result<()> {
    // SAFETY: kill touches no memory of ours.
    let result = unsafe { libc::kill(pid, signal) };
    check(result, "kill", Some(pid)).map(|_| ())
}

/// Sends a signal to one thread.
///
/// # Errors
/// ESRCH when it is gone already, EPERM when it is not ours.
pub fn kill_thread(pid: i32, tid: i32, signal: i32) -> Result<()> {
    // SAFETY: tgkill touches no memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, signal) };
    check(result, "tgkill", Some(tid)).map(|_| ())
}

/// Waits for a child of ours that is not traced.
///
/// # Errors
/// ECHILD when it is no child of this thread.
pub fn wait_child(pid: i32) -> Result<i32> {
    match born(pid).wait()? {
        Halt::Died(status) => Ok(status),
        Halt::Stopped(..) => Err(SysError { operation: "waitpid", pid: Some(pid), errno: 0 }),
    }
}

/// Threads that this one traces inside a namespace of processes below its own, whoever made them.
/// Source: `proc(5)`, `TracerPid` and `NSpid`.
pub(crate) fn tracees_inside() -> Vec<Running> {
    // SAFETY: gettid takes nothing.
    let own = unsafe { libc::gettid() };
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<i32>().ok();
    let numbers = |folder: &str| {
        fs::read_dir(folder).into_iter().flatten().flatten().filter_map(number).collect::<Vec<_>>()
    };
    let traced = |tid: &i32| {
        let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
        let of = |key| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        of("TracerPid:").trim() == own.to_string() && of("NSpid:").split_whitespace().count() > 1
    };
    let threads = |pid: i32| numbers(&format!("/proc/{pid}/task"));
    numbers("/proc").into_iter().flat_map(threads).filter(traced).map(born).collect()
}
