//! Strikes: faults that happen at one place of a run. The places are counted as the run comes to
//! them, and the schedule names one by its number, so that equal schedules strike the same place.
//! What a place is, and why it is legal there: `docs/faults.md`.
//!
//! Errors are told in the kernel's place, for calls that it did not perform. EPIPE is not: whoever
//! could read is killed, and the kernel itself does the rest.

use crate::descriptors::End;
use crate::error::Result;
use crate::maps;
use crate::run::Run;
use crate::task::{Call, State};
use forklings_model::{EventKind, Fault, Fd, ObjectId, ObjectKind, ProcId, Schedule, Strike};
use forklings_sys::{memory, ptrace};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Longest path. Source: `limits.h(0p)`, PATH_MAX of Linux.
const PATH_MAX: usize = 4096;
/// What the C library reads to find a stack, on its own account.
const MAPS: &str = "/proc/self/maps";
/// File systems on which nothing is stored.
const ROOMLESS: [&str; 3] = ["/proc/", "/sys/", "/dev/"];
/// The part of the last of them on which something is.
const SHARED_MEMORY: &str = "/dev/shm/";

/// The places that a run has come to, and those at which something strikes.
#[derive(Debug, Default)]
pub(crate) struct Strikes {
    aims: BTreeSet<(Strike, u32)>,
    seen: BTreeMap<Strike, u32>,
    /// The other end of each of a pair of sockets.
    pairs: BTreeMap<ObjectId, ObjectId>,
}

impl Strikes {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let mut strikes = Self::default();
        for fault in &schedule.faults {
            if let Fault::Strike { what, nth } = *fault {
                strikes.seen.insert(what, 0);
                strikes.aims.extend(nth.map(|nth| (what, nth)));
            }
        }
        strikes
    }

    /// How many places each strike of the schedule had so far.
    pub(crate) fn places(&self) -> BTreeMap<Strike, u32> {
        self.seen.clone()
    }

    /// Two sockets are the ends of one pair.
    pub(crate) fn paired(&mut self, ends: &[ObjectId]) {
        if let [one, other] = *ends {
            self.pairs.extend([(one, other), (other, one)]);
        }
    }

    /// Whether anybody asked for it.
    fn asked(&self, what: Strike) -> bool {
        self.seen.contains_key(&what)
    }

    /// The run has come to a place of this kind. Gives the fault if it strikes here.
    fn place(&mut self, what: Strike) -> Option<Fault> {
        let seen = self.seen.get_mut(&what)?;
        *seen += 1;
        let nth = *seen;
        let strikes = self.aims.contains(&(what, nth));
        strikes.then_some(Fault::Strike { what, nth: Some(nth) })
    }
}

impl Run<'_> {
    /// Whether a task is killed in place of the step that it stands before.
    pub(crate) fn is_struck_down(&mut self, t: usize) -> Result<bool> {
        let task = &self.tasks[t];
        let moves = matches!(task.state, State::Parked(..)) && !task.closed;
        if task.id.proc == ProcId::ROOT || !moves {
            return Ok(false);
        }
        let Some(fault) = self.strikes.place(Strike::Kill) else { return Ok(false) };
        self.strike_down(self.position(self.tasks[t].id.proc)?, fault)?;
        Ok(true)
    }

    fn strike_down(&mut self, p: usize, fault: Fault) -> Result<()> {
        self.emit_for(self.processes[p].id, EventKind::Injected { fault });
        self.news.for_all();
        self.give_back(self.processes[p].id)?;
        ptrace::kill(self.processes[p].host, libc::SIGKILL)?;
        self.killed(p)
    }

    /// A task is about to write into a pipe, a FIFO or one of a pair of sockets. Where everybody who
    /// could read it is another process, and none is the root, all of them may have died by now.
    pub(crate) fn readers_are_struck(&mut self, t: usize, object: ObjectId) -> Result<()> {
        if !self.strikes.asked(Strike::Epipe) {
            return Ok(());
        }
        let readers: BTreeSet<ProcId> = match self.objects.kind(object) {
            Some(ObjectKind::Pipe | ObjectKind::Fifo(_)) => self.processes_with(object, End::reads),
            _ => match self.strikes.pairs.get(&object) {
                Some(&other) => self.processes_with(other, |_| true),
                None => return Ok(()),
            },
        };
        let me = self.tasks[t].id.proc;
        if readers.is_empty() || readers.contains(&ProcId::ROOT) || readers.contains(&me) {
            return Ok(());
        }
        let Some(fault) = self.strikes.place(Strike::Epipe) else { return Ok(()) };
        for proc in readers {
            let p = self.position(proc)?;
            // The death of one may have been the death of another.
            if self.processes[p].is_alive() {
                self.strike_down(p, fault)?;
            }
        }
        Ok(())
    }

    fn processes_with(&self, object: ObjectId, side: fn(End) -> bool) -> BTreeSet<ProcId> {
        self.processes
            .iter()
            .filter(|p| p.is_alive())
            .filter(|p| p.files.iter().any(|(_, e)| e.object == object && side(e.end)))
            .map(|p| p.id)
            .collect()
    }

    /// Whether a wait in `futex` that is about to begin returns at once. Those of the C library are
    /// its own affair.
    pub(crate) fn wakes_for_nothing(&mut self, t: usize) -> bool {
        if self.is_in_mutex(t) {
            return false;
        }
        let fault = self.strikes.place(Strike::SpuriousWakeup);
        if let Some(fault) = fault {
            self.emit(t, EventKind::Injected { fault });
        }
        fault.is_some()
    }

    /// What a call gives that is struck by an error, in the kernel's place.
    pub(crate) fn strikes_call(&mut self, t: usize, call: &Call) -> Option<i64> {
        for (what, errno) in [(Strike::Emfile, libc::EMFILE), (Strike::Enospc, libc::ENOSPC)] {
            if !self.strikes.asked(what) || self.tasks[t].written > 0 {
                continue;
            }
            let may = match what {
                Strike::Emfile => self.makes_descriptor(t, call),
                Strike::Enospc => self.needs_room(t, call),
                Strike::Epipe | Strike::Kill | Strike::SpuriousWakeup => false,
            };
            if !may || self.is_by_loader(t, call) {
                continue;
            }
            if let Some(fault) = self.strikes.place(what) {
                self.emit(t, EventKind::Injected { fault });
                self.failed_by_strike(t, call, errno);
                return Some(-i64::from(errno));
            }
        }
        None
    }

    /// The event of the call itself, where it has one when it fails.
    fn failed_by_strike(&mut self, t: usize, call: &Call, errno: i32) {
        if let Some(place) = opened_path(call) {
            let path = memory::string(self.tasks[t].tid, place, PATH_MAX).unwrap_or_default();
            self.emit(t, EventKind::OpenFailed { path, errno });
        } else if matches!(call.number, libc::SYS_write | libc::SYS_writev) {
            self.record_io(t, call, Err(errno), false);
        } else if crate::calls::changes_files(call.number) {
            self.used(t, call, Some(errno));
        }
    }

    /// Whether a call needs a free number for a descriptor. Source: the manual page of each, EMFILE.
    fn makes_descriptor(&self, t: usize, call: &Call) -> bool {
        match call.number {
            libc::SYS_open | libc::SYS_openat | libc::SYS_openat2 | libc::SYS_creat => {
                let path = opened_path(call)
                    .and_then(|place| memory::string(self.tasks[t].tid, place, PATH_MAX).ok());
                path.is_some_and(|path| path != MAPS)
            }
            libc::SYS_fcntl => matches!(call.int(1), libc::F_DUPFD | libc::F_DUPFD_CLOEXEC),
            libc::SYS_signalfd | libc::SYS_signalfd4 => call.int(0) < 0,
            number => matches!(
                number,
                libc::SYS_pipe
                    | libc::SYS_pipe2
                    | libc::SYS_dup
                    | libc::SYS_socket
                    | libc::SYS_socketpair
                    | libc::SYS_accept
                    | libc::SYS_accept4
                    | libc::SYS_eventfd
                    | libc::SYS_eventfd2
                    | libc::SYS_timerfd_create
                    | libc::SYS_epoll_create
                    | libc::SYS_epoll_create1
                    | libc::SYS_memfd_create
                    | libc::SYS_inotify_init
                    | libc::SYS_inotify_init1
                    | libc::SYS_pidfd_open
                    | libc::SYS_mq_open
            ),
        }
    }

    /// Whether a call needs room for bytes or for a name. Source: `write(2)`, `fallocate(2)`,
    /// `open(2)`, `mkdir(2)`, ENOSPC.
    fn needs_room(&mut self, t: usize, call: &Call) -> bool {
        match call.number {
            libc::SYS_write | libc::SYS_pwrite64 => call.args[2] > 0 && self.stores(t, call),
            libc::SYS_writev
            | libc::SYS_pwritev
            | libc::SYS_pwritev2
            | libc::SYS_ftruncate
            | libc::SYS_fallocate => self.stores(t, call),
            libc::SYS_mkdir => self.would_make(t, libc::AT_FDCWD, call.args[0]),
            libc::SYS_mkdirat => self.would_make(t, call.int(0), call.args[1]),
            libc::SYS_open | libc::SYS_creat if self.open_flags(t, call) & libc::O_CREAT != 0 => {
                self.would_make(t, libc::AT_FDCWD, call.args[0])
            }
            libc::SYS_openat | libc::SYS_openat2
                if self.open_flags(t, call) & libc::O_CREAT != 0 =>
            {
                self.would_make(t, call.int(0), call.args[1])
            }
            _ => false,
        }
    }

    /// Whether a call's descriptor is one of a regular file that stores what is written; for
    /// `ftruncate`, whether the file grows.
    fn stores(&self, t: usize, call: &Call) -> bool {
        let fd: Fd = call.int(0);
        let standard = self.process(t).files.get(fd).is_some_and(|entry| {
            matches!(
                self.objects.kind(entry.object),
                Some(ObjectKind::Stdin | ObjectKind::Stdout | ObjectKind::Stderr)
            )
        });
        let link = format!("/proc/{}/fd/{fd}", self.process(t).host);
        let (Ok(file), Ok(path)) = (fs::metadata(&link), fs::read_link(&link)) else {
            return false;
        };
        let grows = call.number != libc::SYS_ftruncate || call.args[1] > file.len();
        !standard && file.is_file() && grows && has_room(&path)
    }

    /// Whether nothing has this name yet, and something could get it.
    fn would_make(&self, t: usize, folder: Fd, place: u64) -> bool {
        let Ok(path) = memory::string(self.tasks[t].tid, place, PATH_MAX) else { return false };
        let process = PathBuf::from(format!("/proc/{}", self.process(t).host));
        let full = match (Path::new(&path).strip_prefix("/"), folder) {
            (Ok(inside), _) => {
                if !has_room(Path::new(&path)) {
                    return false;
                }
                process.join("root").join(inside)
            }
            (Err(_), libc::AT_FDCWD) => process.join("cwd").join(&path),
            (Err(_), fd) => process.join("fd").join(fd.to_string()).join(&path),
        };
        let missing = fs::symlink_metadata(&full).is_err_and(|e| e.kind() == ErrorKind::NotFound);
        missing && full.parent().is_some_and(Path::is_dir)
    }

    /// Whether the dynamic loader makes a call: before `main`, in a program that is executed, or
    /// for `dlopen`.
    fn is_by_loader(&self, t: usize, call: &Call) -> bool {
        let maps = maps::of(self.process(t).host);
        let at = call.registers.rip;
        let holds = |range: &str| {
            let (from, to) = range.split_once('-')?;
            let from = u64::from_str_radix(from, 16).ok()?;
            Some((from..u64::from_str_radix(to, 16).ok()?).contains(&at))
        };
        let line = maps
            .lines()
            .find(|line| line.split_once(' ').and_then(|(range, _)| holds(range)).unwrap_or(false));
        let file = line.and_then(|line| line.rsplit('/').next()).unwrap_or_default();
        file.starts_with("ld-") || file == "ld.so"
    }
}

/// Whether a file under this name takes room when it is written.
fn has_room(path: &Path) -> bool {
    path.starts_with(SHARED_MEMORY) || !ROOMLESS.iter().any(|roomless| path.starts_with(roomless))
}

/// Where the path stands that a call opens.
fn opened_path(call: &Call) -> Option<u64> {
    match call.number {
        libc::SYS_open | libc::SYS_creat => Some(call.args[0]),
        libc::SYS_openat | libc::SYS_openat2 => Some(call.args[1]),
        _ => None,
    }
}
