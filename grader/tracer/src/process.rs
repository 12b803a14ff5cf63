//! What the tracer knows of each process: its place in the family, its descriptors, what it does
//! with signals, and how far its death has got.

use crate::descriptors::Files;
use crate::futexes::Key;
use crate::mappings::Mappings;
use crate::shared_memory::Shared;
use forklings_model::{Action, Ending, Pid, ProcId};
use forklings_sys::ptrace::Running;
use std::os::fd::OwnedFd;

/// One process of a run.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) id: ProcId,
    /// The host's pid.
    pub(crate) host: i32,
    /// Its pid as it sees it.
    pub(crate) pid: Pid,
    /// Its parent now; `None` is init.
    pub(crate) parent: Option<ProcId>,
    pub(crate) life: Life,
    pub(crate) ending: Option<Ending>,
    pub(crate) handle: OwnedFd,
    pub(crate) files: Files,
    pub(crate) dispositions: Dispositions,
    pub(crate) group: i32,
    pub(crate) subreaper: bool,
    /// The signal that it gets when its parent dies, or 0. Source: `PR_SET_PDEATHSIG(2const)`.
    pub(crate) dies_with_parent: i32,
    /// Threads made so far: the next one's number, less one.
    pub(crate) threads: u32,
    /// Whose memory it uses: its own, but for the child of a `vfork` until it executes a program, and
    /// for what `clone` makes with `CLONE_VM`. When its owner executes a program, the memory is that of
    /// the first other who has it.
    pub(crate) memory_of: ProcId,
    /// Whether other processes may see what it writes to some of its memory.
    pub(crate) shares_memory: bool,
    /// Which memory that is, where it is followed.
    pub(crate) shared: Shared,
    /// The robust lock that it was taking or giving back when it was killed.
    pub(crate) pending_lock: Option<Key>,
    /// What it has mapped, where that is followed.
    pub(crate) mappings: Mappings,
    /// Who waits in `vfork` for this process to execute a program or end.
    pub(crate) vfork_parent: Option<usize>,
    /// A stop that its parent has not been told of yet.
    pub(crate) unreported_stop: bool,
    /// Whether its threads are being brought to a stop.
    pub(crate) stopping: bool,
    /// That it has gone on, which its parent has not been told either.
    pub(crate) unreported_continue: bool,
    /// Programs that the run had executed when this one began: 0 is the run's first image.
    pub(crate) image: u32,
    /// What it was told when it last asked for its parent, or whether another process is there.
    pub(crate) last_answer: Option<(i64, u64, i64)>,
}

/// How far a death has got.
#[derive(Debug)]
pub(crate) enum Life {
    /// Not dead.
    Alive,
    /// Dead, and its descriptors are closed, but nobody can see it: the tracer holds it back.
    Unseen(Running),
    /// Its parent can reap it.
    Zombie,
    /// Reaped, or nobody wanted its status.
    Gone,
}

/// What a process does with each signal.
#[derive(Clone, Debug)]
pub(crate) struct Dispositions([Disposition; 65]);

/// What a process does with one signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disposition {
    pub(crate) action: Action,
    pub(crate) restart: bool,
    pub(crate) no_child_wait: bool,
    /// Whether the first delivery makes it the default again (`SA_RESETHAND`).
    pub(crate) once: bool,
    /// Whether the handler runs on a stack of its own (`SA_ONSTACK`).
    pub(crate) other_stack: bool,
    /// Which handler.
    pub(crate) handler: Option<crate::calls::Handler>,
}

impl Disposition {
    pub(crate) const DEFAULT: Self = Self {
        action: Action::Default,
        restart: false,
        no_child_wait: false,
        once: false,
        other_stack: false,
        handler: None,
    };
}

impl Dispositions {
    pub(crate) fn new() -> Self {
        Self([Disposition::DEFAULT; 65])
    }

    pub(crate) fn of(&self, signal: i32) -> Disposition {
        usize::try_from(signal)
            .ok()
            .and_then(|n| self.0.get(n).copied())
            .unwrap_or(Disposition::DEFAULT)
    }

    /// Those that are not the default, with their signals, ascending.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (i32, Disposition)> {
        let all = (0..).zip(self.0);
        all.filter(|(_, disposition)| disposition.action != Action::Default)
    }

    pub(crate) fn set(&mut self, signal: i32, disposition: Disposition) {
        if let Some(place) = usize::try_from(signal).ok().and_then(|n| self.0.get_mut(n)) {
            *place = disposition;
        }
    }

    /// Handlers do not survive `execve`; ignored signals do. Source: `execve(2)`.
    pub(crate) fn exec(&mut self) {
        for disposition in &mut self.0 {
            if disposition.action == Action::Handler {
                *disposition = Disposition::DEFAULT;
            }
        }
    }

    /// Whether a signal, once it is let through, does anything at all: runs a handler, ends or
    /// stops the process.
    pub(crate) fn has_effect(&self, signal: i32) -> bool {
        match self.of(signal).action {
            Action::Handler => true,
            Action::Ignore => signal == libc::SIGKILL || signal == libc::SIGSTOP,
            Action::Default => {
                !matches!(signal, libc::SIGCHLD | libc::SIGURG | libc::SIGWINCH | libc::SIGCONT)
            }
        }
    }
}

impl Process {
    /// Whether it has not begun to die.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.life, Life::Alive) && self.ending.is_none()
    }

    /// Whether its parent throws statuses away. Source: `wait(2)`, NOTES.
    pub(crate) fn discards_children(&self) -> bool {
        let disposition = self.dispositions.of(libc::SIGCHLD);
        disposition.action == Action::Ignore || disposition.no_child_wait
    }
}
