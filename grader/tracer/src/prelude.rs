//! What a program does before anything that another process can notice: its language's runtime
//! prepares itself, and it computes. That is the same in every run, so it is done once, in the fork
//! server, and each run begins at the first call that is not listed here. Where the copies' own
//! number is known beforehand, the server is told that one.

use crate::calls::{self, signals::disposition_at};
use crate::error::Result;
use crate::process::Dispositions;
use crate::task::Call;
use crate::watchdog::Watchdog;
use forklings_model::Action;
use forklings_sys::memory;
use forklings_sys::ptrace::{Halt, Reason, Resume, Stopped};

/// Calls after which a prelude ends even if it would go on: it may be a loop that asks for memory.
const MOST: u32 = 2_000;
/// Random bytes for the allocator.
const KEY: &[u8] = b"forkling";
/// What Rust's runtime reads to find the end of its stack.
const MAPS: &str = "/proc/self/maps";

/// How a prelude ended.
#[expect(clippy::large_enum_variant, reason = "there is one, for a moment")]
pub(crate) enum Prelude {
    /// The program stands at a point from which it can be cloned.
    Over {
        /// The program.
        stopped: Stopped,
        /// Its next call, as it stands at its entry. It has not begun.
        next: Call,
        /// What the program does with signals by now.
        dispositions: Dispositions,
    },
    /// It was hit by a signal, computed for too long, or died: it is of no more use. Here it is,
    /// unless it is dead.
    Lost(Option<Stopped>),
}

/// A tracee at the stop that was asked for, or whatever is left of it.
type Reached = std::result::Result<Stopped, Option<Stopped>>;

/// Lets a program that stands at its entry point run to the first call that matters. `pid` is the
/// one of every copy; `is_own` says of a thread's call whether it matters although it is the same in
/// every run.
pub(crate) fn run(
    stopped: Stopped,
    watchdog: &Watchdog,
    pid: i32,
    mut dispositions: Dispositions,
    is_own: &dyn Fn(i32, &Call) -> bool,
) -> Result<Prelude> {
    let mut maps = None;
    let mut stopped = stopped;
    let mut count = 0;
    loop {
        stopped = match to_call(stopped, watchdog)? {
            Ok(stopped) => stopped,
            Err(left) => return Ok(Prelude::Lost(left)),
        };
        let call = Call::of(stopped.registers()?);
        let answer = answered(&stopped, &call, pid);
        let matters = count == MOST
            || !repeats(&stopped, &call, maps, &dispositions)
            || is_own(stopped.tid(), &call);
        if answer.is_some() || matters {
            // Out of the call again, before it began.
            let mut registers = call.registers;
            registers.orig_rax = u64::MAX;
            stopped.set_registers(&registers)?;
        }
        stopped = match to_call(stopped, watchdog)? {
            Ok(stopped) => stopped,
            Err(left) => return Ok(Prelude::Lost(left)),
        };
        count += 1;
        if let Some(answer) = answer {
            calls::skip(&stopped, &call, answer)?;
            continue;
        }
        if matters {
            return Ok(Prelude::Over { stopped, next: call, dispositions });
        }
        let result = stopped.registers()?.rax.cast_signed();
        match call.number {
            libc::SYS_openat => maps = i32::try_from(result).ok().filter(|&fd| fd >= 0),
            libc::SYS_close => maps = None,
            libc::SYS_rt_sigaction if result == 0 && call.args[1] != 0 => {
                dispositions.set(call.int(0), disposition_at(stopped.tid(), call.args[1])?);
            }
            _ => {}
        }
    }
}

/// To the next entry into a call or return from one; past the stop that the filter makes between
/// the two.
fn to_call(mut stopped: Stopped, watchdog: &Watchdog) -> Result<Reached> {
    loop {
        let running = stopped.resume(Resume::ToExit, 0)?;
        watchdog.begin(running.tid(), running.tid(), true);
        let halt = running.wait();
        // Whether it was given up shows in how it stopped.
        let _ = watchdog.end();
        match halt? {
            Halt::Stopped(at, Reason::SyscallExit) => return Ok(Ok(at)),
            Halt::Stopped(at, Reason::Seccomp) => stopped = at,
            Halt::Stopped(at, _) => return Ok(Err(Some(at))),
            Halt::Died(_) => return Ok(Err(None)),
        }
    }
}

/// The result of a call that is answered in the kernel's place.
fn answered(stopped: &Stopped, call: &Call, pid: i32) -> Option<i64> {
    match call.number {
        libc::SYS_getpid | libc::SYS_gettid => Some(pid.into()),
        // The key that malloc marks freed memory with. What a program itself draws varies from
        // schedule to schedule, and ends the prelude.
        libc::SYS_getrandom
            if call.args[1] == KEY.len() as u64
                && call.args[2] == u64::from(libc::GRND_NONBLOCK) =>
        {
            memory::write(stopped.tid(), call.args[0], KEY).ok()?;
            i64::try_from(KEY.len()).ok()
        }
        _ => None,
    }
}

/// Whether a call does the same to every copy as it does to the server, leaves nothing open and is
/// no news to anybody.
fn repeats(stopped: &Stopped, call: &Call, maps: Option<i32>, known: &Dispositions) -> bool {
    match call.number {
        libc::SYS_arch_prctl
        | libc::SYS_brk
        | libc::SYS_madvise
        | libc::SYS_mprotect
        | libc::SYS_mremap
        | libc::SYS_munmap
        | libc::SYS_sched_getaffinity
        | libc::SYS_sigaltstack => true,
        // A shared mapping would be shared with every run.
        libc::SYS_mmap => call.int(3) & libc::MAP_SHARED == 0,
        libc::SYS_prlimit64 => call.args[2] == 0,
        libc::SYS_poll => call.int(2) == 0,
        libc::SYS_openat => {
            maps.is_none()
                && call.int(2) & libc::O_ACCMODE == libc::O_RDONLY
                && memory::string(stopped.tid(), call.args[1], MAPS.len() + 1)
                    .is_ok_and(|path| path == MAPS)
        }
        libc::SYS_read | libc::SYS_close | libc::SYS_fstat | libc::SYS_newfstatat => {
            maps == Some(call.int(0))
        }
        // What the runtime does, not what a program decides: that belongs into the trace.
        libc::SYS_rt_sigaction => match call.int(0) {
            libc::SIGSEGV | libc::SIGBUS => true,
            libc::SIGPIPE => {
                known.of(libc::SIGPIPE).action == Action::Default
                    && (call.args[1] == 0
                        || disposition_at(stopped.tid(), call.args[1])
                            .is_ok_and(|new| new.action == Action::Ignore))
            }
            _ => false,
        },
        _ => false,
    }
}
