//! The words of a contract: expectations and faults.

use forklings_model::{Deed, Demand, Ending, Fault, Signal, Span, Stream, Strike};

/// One of the two output streams, about to be spoken of.
#[derive(Clone, Copy, Debug)]
pub struct Output(Stream);

/// What is demanded of standard output.
#[must_use]
pub fn stdout() -> Output {
    Output(Stream::Stdout)
}

/// What is demanded of standard error.
#[must_use]
pub fn stderr() -> Output {
    Output(Stream::Stderr)
}

impl Output {
    /// It is exactly this text.
    #[must_use]
    pub fn is(self, text: impl Into<String>) -> Demand {
        Demand::Is { stream: self.0, text: text.into() }
    }

    /// It has this line.
    #[must_use]
    pub fn line(self, line: impl Into<String>) -> Demand {
        Demand::Line { stream: self.0, line: line.into() }
    }

    /// It has this line so many times.
    #[must_use]
    pub fn line_times(self, line: impl Into<String>, times: u32) -> Demand {
        Demand::LineTimes { stream: self.0, line: line.into(), times }
    }

    /// It does not have this line.
    #[must_use]
    pub fn no_line(self, line: impl Into<String>) -> Demand {
        Demand::NoLine { stream: self.0, line: line.into() }
    }

    /// Its lines are these, in any order.
    #[must_use]
    pub fn lines_in_any_order<L: Into<String>>(self, lines: impl IntoIterator<Item = L>) -> Demand {
        let lines = lines.into_iter().map(Into::into).collect();
        Demand::LinesInAnyOrder { stream: self.0, lines }
    }
}

/// Standard output does not have this line where a process other than the first one ended
/// otherwise than with status 0.
#[must_use]
pub fn no_line_after_failure(line: impl Into<String>) -> Demand {
    Demand::NoLineAfterFailure { line: line.into() }
}

/// Both lines are on standard output, the first before the second.
#[must_use]
pub fn before(first: impl Into<String>, second: impl Into<String>) -> Demand {
    Demand::Before { first: first.into(), second: second.into() }
}

/// When this line comes on standard output for the first time, its writer has reaped all children
/// that it made before.
#[must_use]
pub fn reaped_before(line: impl Into<String>) -> Demand {
    Demand::ReapedBefore { line: line.into() }
}

/// The program exits with this status. Without this or [`killed_by`], 0 is demanded.
#[must_use]
pub fn exit_status(status: u8) -> Demand {
    Demand::Ends(Ending::Exited(status))
}

/// The program is killed by this signal.
#[must_use]
pub fn killed_by(signal: Signal) -> Demand {
    Demand::Ends(Ending::Killed(signal))
}

/// So many processes are made, the first not counted.
#[must_use]
pub fn forks(processes: u32) -> Demand {
    Demand::Forks(processes)
}

/// Never more children at once, from their fork to their reaping.
#[must_use]
pub fn at_most_alive(children: u32) -> Demand {
    Demand::AtMostAlive(children)
}

/// The processes form this tree: entry `i` is the parent of node `i + 1`, and node 0 is the root.
/// `shape` is what the tree is called.
#[must_use]
pub fn tree(shape: impl Into<String>, parents: impl IntoIterator<Item = u32>) -> Demand {
    Demand::Tree { shape: shape.into(), parents: parents.into_iter().collect() }
}

/// Every child's status is taken by a wait.
#[must_use]
pub fn statuses_taken() -> Demand {
    Demand::StatusesTaken
}

/// Nobody sleeps for a time, not even between two looks.
#[must_use]
pub fn never_sleeps() -> Demand {
    Demand::NeverSleeps
}

/// Who writes the line `to` blocks the same signals as when it wrote the line `from`. The driver
/// writes both, one before it calls the student's function and one after it.
#[must_use]
pub fn mask_restored(from: impl Into<String>, to: impl Into<String>) -> Demand {
    Demand::MaskRestored { from: from.into(), to: to.into() }
}

/// Every signal does to who writes the line `to` what it did when it wrote the line `from`. The
/// driver writes both, one before it calls the student's function and one after it.
#[must_use]
pub fn handlers_restored(from: impl Into<String>, to: impl Into<String>) -> Demand {
    Demand::HandlersRestored { from: from.into(), to: to.into() }
}

/// Whoever waits sleeps in the kernel until it is time: it does not ask again after each nap.
#[must_use]
pub fn waits_asleep() -> Demand {
    Demand::WaitsAsleep
}

/// Nobody waits for anything, nor sleeps.
#[must_use]
pub fn nobody_waits() -> Demand {
    Demand::NobodyWaits
}

/// From when a process writes the line `enter` until it writes the line `leave`, no other process
/// writes the line `enter`.
#[must_use]
pub fn one_at_a_time(enter: impl Into<String>, leave: impl Into<String>) -> Demand {
    Demand::OneAtATime { enter: enter.into(), leave: leave.into() }
}

/// When the program ends it has unmapped every mapping of shared memory or of a file that it made.
#[must_use]
pub fn unmapped() -> Demand {
    Demand::Unmapped { during: None }
}

/// When the driver writes the line `to`, every mapping of shared memory or of a file that was made
/// since it wrote the line `from` is unmapped.
#[must_use]
pub fn unmapped_between(from: impl Into<String>, to: impl Into<String>) -> Demand {
    Demand::Unmapped { during: Some(Span { from: from.into(), to: to.into() }) }
}

/// The program's private memory grows by so many KiB at most, from when its own code begins to its
/// end. Below 256 the allocator's own share may decide; what is freed counts as given back only where
/// nothing that is still in use lies above it in the heap.
#[must_use]
pub fn heap_grows_at_most(kib: u32) -> Demand {
    Demand::GrowsAtMost { kib, during: None }
}

/// As [`heap_grows_at_most`], from when the driver writes the line `from` to when it writes the line
/// `to`.
#[must_use]
pub fn heap_grows_at_most_between(
    kib: u32,
    from: impl Into<String>,
    to: impl Into<String>,
) -> Demand {
    Demand::GrowsAtMost { kib, during: Some(Span { from: from.into(), to: to.into() }) }
}

/// Each of so many tasks is run once: it says so itself by the lines `task 0 begins` and `task 0
/// ends`, which the driver has whoever runs it write.
#[must_use]
pub fn each_task_once(tasks: u32) -> Demand {
    Demand::TasksOnce(tasks)
}

/// These are the tasks' answers, in their order, as the driver tells them: `answer 0: …`.
#[must_use]
pub fn answers<L: Into<String>>(answers: impl IntoIterator<Item = L>) -> Demand {
    Demand::Answers(answers.into_iter().map(Into::into).collect())
}

/// So many workers run the tasks: never more, but for one in the place of each that has died, and as
/// many tasks are at work at once.
#[must_use]
pub fn workers(workers: u32) -> Demand {
    Demand::Workers(workers)
}

/// A child ends with this code.
#[must_use]
pub fn child_exits(code: u8) -> Demand {
    Demand::Done(Deed::ChildEnds(Ending::Exited(code)))
}

/// So many bytes pass from one process to another, through pipes or sockets.
#[must_use]
pub fn bytes_pass(bytes: u32) -> Demand {
    Demand::Done(Deed::BytesPass(bytes))
}

/// A child reads from a pipe until end of file.
#[must_use]
pub fn child_reads_to_the_end() -> Demand {
    Demand::Done(Deed::ChildReadsToTheEnd)
}

/// The files in `/proc` of a child that is a zombie are looked at.
#[must_use]
pub fn zombie_inspected() -> Demand {
    Demand::Done(Deed::ZombieInspected)
}

/// This signal is sent to a child that is a zombie.
#[must_use]
pub fn zombie_signalled(signal: Signal) -> Demand {
    Demand::Done(Deed::ZombieSignalled(signal))
}

/// Blocking calls of the root may be interrupted by this signal. The driver installs a handler
/// without `SA_RESTART` for it.
#[must_use]
pub fn eintr(signal: Signal) -> Fault {
    Fault::Eintr(signal)
}

/// Time may pass while others could go on: a wait with a time-out ends although what it waits for is
/// on its way.
#[must_use]
pub fn early_timeouts() -> Fault {
    Fault::EarlyTimeout
}

/// The n-th fork, from 1, fails with EAGAIN.
#[must_use]
pub fn fork_eagain(nth: u32) -> Fault {
    Fault::ForkEagain { nth }
}

/// Reads from pipes and sockets may give less than there is.
#[must_use]
pub fn short_reads() -> Fault {
    Fault::ShortRead
}

/// Whoever reads a pipe or a pair of sockets may die before something is written into it, so that the
/// write fails with EPIPE, and SIGPIPE comes.
#[must_use]
pub fn epipe() -> Fault {
    Fault::Strike { what: Strike::Epipe, nth: None }
}

/// The disk may be full: one call of a run that needs room fails with ENOSPC.
#[must_use]
pub fn enospc() -> Fault {
    Fault::Strike { what: Strike::Enospc, nth: None }
}

/// No descriptor may be left: one call of a run that makes one fails with EMFILE.
#[must_use]
pub fn emfile() -> Fault {
    Fault::Strike { what: Strike::Emfile, nth: None }
}

/// One process of a run, and not the first, may be killed by SIGKILL at any moment.
#[must_use]
pub fn kill() -> Fault {
    Fault::Strike { what: Strike::Kill, nth: None }
}

/// A wait in `futex` may return although nobody has woken it.
#[must_use]
pub fn spurious_wakeup() -> Fault {
    Fault::Strike { what: Strike::SpuriousWakeup, nth: None }
}

/// Writes to pipes and sockets may take less than they are given.
#[must_use]
pub fn short_writes() -> Fault {
    Fault::ShortWrite
}
