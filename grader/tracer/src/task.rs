//! A thread of the run, and where it stands.

use crate::attempt::{Attempt, Refusal};
use crate::calls::fifos::FifoOpen;
use crate::calls::futex::Sleeper;
use crate::mutexes::MutexCall;
use crate::news::KnownWait;
use crate::shared_memory::{Looks, SharedAccess};
use crate::spin::Spin;
use forklings_model::{ObjectId, ProcId, SiteId, TaskId};
use forklings_sys::ptrace::{Registers, Running, Stopped};
use std::cell::Cell;
use std::collections::BTreeSet;

/// One thread of the run.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    /// The host's number of the thread.
    pub(crate) tid: i32,
    pub(crate) state: State,
    /// Where its current call was made from, if stacks are recorded.
    pub(crate) site: Option<SiteId>,
    /// Whether its wait was already reported.
    pub(crate) announced: bool,
    /// Virtual time at which its wait ends by itself.
    pub(crate) deadline: Option<u64>,
    /// Whether that time has come.
    pub(crate) expired: bool,
    /// Whether it is certain that it was inside its call when a signal came, not just before it.
    pub(crate) inside: bool,
    /// How often in a row a signal came just before its call.
    pub(crate) forestalled: u32,
    /// Asleep on a futex.
    pub(crate) sleeper: Option<Sleeper>,
    /// Woken from a futex.
    pub(crate) woken: bool,
    /// The form in which its call is being tried.
    pub(crate) attempt: Option<Attempt>,
    /// Its call was tried and would have waited.
    pub(crate) refusal: Option<Refusal>,
    /// The `open` of a FIFO that it stands before.
    pub(crate) fifo: Option<FifoOpen>,
    /// A large write that is being done in pieces: bytes written so far.
    pub(crate) written: u64,
    /// The kernel was shown another count than the program gave.
    pub(crate) piece: Option<Piece>,
    /// Whether its call may block in the kernel half way, which no oracle foresees.
    pub(crate) may_block: bool,
    /// A call that returned to be restarted, until the signal says whether it will be.
    pub(crate) interrupted: Option<(i64, i64)>,
    /// Calls in a row that only asked.
    pub(crate) polls: u32,
    /// Mutexes and the like that it used since it last did anything else, and how often it used one
    /// of them again.
    pub(crate) used_in_a_row: BTreeSet<ObjectId>,
    pub(crate) spins: u32,
    /// Steps that it made since anybody else did any.
    pub(crate) in_a_row: u32,
    /// Whether it must let others go first.
    pub(crate) held_back: bool,
    /// The moment at which no signal was pending for it.
    pub(crate) no_signal_at: Cell<Option<u64>>,
    /// What was found out about the call that it stands before.
    pub(crate) known_wait: Option<KnownWait>,
    /// Sleeps that ended early since somebody else went on.
    pub(crate) naps: u32,
    /// Whether its process has let go of its descriptors on the way to its end.
    pub(crate) closed: bool,
    /// Handlers that it is inside of, the innermost last.
    pub(crate) handling: Vec<crate::watch::Handling>,
    /// The function of a mutex or the like that it is inside of.
    pub(crate) within: Option<crate::mutexes::Within>,
    /// What it has seen of shared memory without effect.
    pub(crate) looks: Looks,
    /// A descriptor that it has for the time of its call, without knowing.
    pub(crate) lent: Option<u64>,
    /// Processes for which the signal that it sends merges with a pending one.
    pub(crate) merges: Vec<ProcId>,
    /// Whether others may have learnt of something by what it did last.
    pub(crate) has_told: bool,
    /// Whether it was seen to compute, and not to turn in a loop, since it was last parked.
    pub(crate) computes: bool,
    /// Whether it turns in a loop that nobody can end, and computes until its time is over.
    pub(crate) endless: bool,
    /// Whether the call it is inside of ends only this thread (`exit`, not `exit_group`).
    pub(crate) leaving: bool,
}

/// Why the kernel sees another count than the program gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    /// A fault of the schedule, which the program sees; otherwise a part of a large write, which
    /// it does not.
    pub(crate) short: bool,
    /// Bytes of the whole write.
    pub(crate) whole: u64,
}

/// Where a thread stands.
#[derive(Debug)]
pub(crate) enum State {
    /// Before something that others can notice.
    Parked(Stopped, Point),
    /// Inside the kernel, in this call.
    InKernel(Running, Call, Inside),
    /// Its process is stopped by a signal.
    GroupStopped(Running),
    /// Being moved by the tracer at this moment.
    Moving,
    /// Ended.
    Gone,
}

/// What a thread stands before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Point {
    /// Its first instruction.
    Start,
    /// The return from `fork`, or wherever it was interrupted.
    Return,
    /// This call.
    Call(Call),
    /// This call of a function that uses a mutex or the like.
    Mutex(MutexCall),
    /// A round of this loop, which only looks at memory.
    Spin(Spin),
    /// This access to memory that others share.
    Access(SharedAccess),
}

/// Why a thread is inside the kernel while others run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// `vfork`: until the child executes or ends.
    Vfork,
    /// A call without a model blocks.
    Unmodelled,
}

/// A system call at its entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) number: i64,
    pub(crate) args: [u64; 6],
    pub(crate) registers: Registers,
}

impl Call {
    pub(crate) fn of(registers: Registers) -> Self {
        let r = &registers;
        Self {
            number: r.orig_rax.cast_signed(),
            args: [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9],
            registers,
        }
    }

    /// The registers of a task that makes this call again: before the `syscall` instruction, which is
    /// two bytes long.
    pub(crate) fn again(&self) -> Registers {
        let mut registers = self.registers;
        registers.orig_rax = u64::MAX;
        registers.rax = self.number.cast_unsigned();
        registers.rip -= 2;
        registers
    }

    /// An argument as the `int` that the kernel takes it for.
    #[expect(clippy::cast_possible_truncation, reason = "the kernel drops the upper half too")]
    pub(crate) fn int(&self, n: usize) -> i32 {
        self.args[n] as i32
    }
}

impl Task {
    pub(crate) fn new(id: TaskId, tid: i32, stopped: Stopped) -> Self {
        Self {
            id,
            tid,
            state: State::Parked(stopped, Point::Start),
            site: None,
            announced: false,
            deadline: None,
            expired: false,
            inside: false,
            forestalled: 0,
            sleeper: None,
            woken: false,
            attempt: None,
            refusal: None,
            fifo: None,
            written: 0,
            piece: None,
            may_block: false,
            interrupted: None,
            polls: 0,
            used_in_a_row: BTreeSet::new(),
            spins: 0,
            in_a_row: 0,
            held_back: false,
            no_signal_at: Cell::new(None),
            known_wait: None,
            naps: 0,
            closed: false,
            handling: Vec::new(),
            within: None,
            looks: Looks::default(),
            lent: None,
            merges: Vec::new(),
            has_told: false,
            computes: false,
            endless: false,
            leaving: false,
        }
    }

    /// Whether it stands before a call that only a signal ends. Source: `pause(2)`,
    /// `sigsuspend(2)`.
    pub(crate) fn waits_for_signals_alone(&self) -> bool {
        let State::Parked(_, Point::Call(call)) = &self.state else { return false };
        matches!(call.number, libc::SYS_pause | libc::SYS_rt_sigsuspend)
    }

    /// Whether a task stands before a futex call, which a library restarts when a signal ends it.
    pub(crate) fn is_before_futex(&self) -> bool {
        matches!(&self.state, State::Parked(_, Point::Call(call)) if call.number == libc::SYS_futex)
    }

    /// Forgets what belonged to the call that just ended.
    pub(crate) fn call_done(&mut self) {
        self.announced = false;
        self.deadline = None;
        self.known_wait = None;
        self.expired = false;
        self.inside = false;
        self.forestalled = 0;
        self.sleeper = None;
        self.woken = false;
        self.refusal = None;
        self.fifo = None;
        self.written = 0;
        self.may_block = false;
    }
}
