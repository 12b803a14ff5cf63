//! expect: too-many-processes
//! A copy that is dropped elsewhere shuts the sockets down, which it shares: the workers of its original end, and
//! have to be replaced.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, socketpair};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, read, write};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::panic::catch_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, spawn};

/// What a worker does with a task.
pub type Work = fn(&[u8]) -> Vec<u8>;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this code.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
}

/// Why a task has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskError {
    /// The work panicked.
    Panicked,
    /// The worker died that had this task.
    Died(Ended),
    /// Nobody has begun it.
    NotRun,
}

type Outcome = Result<Vec<u8>, TaskError>;

/// Sends chunks of at most 60,000 bytes, each with its length before it, and an empty one at the end.
pub fn send(to: BorrowedFd<'_>, message: &[u8]) -> io::Result<()> {
    let empty: &[u8] = &[];
    for chunk in message.chunks(60_000).chain([empty]) {
        let mut rest = &[&(chunk.len() as u16).to_be_bytes(), chunk].concat()[..];
        while !rest.is_empty() {
            match write(to, rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
    Ok(())
}

/// Takes chunks until the empty one.
pub fn receive(from: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    let mut anything = false;
    let mut take = |wanted: usize| -> io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; wanted];
        let mut there = 0;
        while there < wanted {
            match read(from, &mut bytes[there..]) {
                Ok(0) if anything => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(0) => return Ok(None),
                Ok(n) => {
                    there += n;
                    anything = true;
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(Some(bytes))
    };
    loop {
        let Some(length) = take(2)? else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length == 0 {
            return Ok(Some(message));
        }
        let Some(chunk) = take(length)? else { return Ok(None) };
        message.extend(chunk);
    }
}

/// Bytes of one packet.
const PACKET: usize = 4000;
/// What a packet's first byte says.
const MORE: u8 = b'+';
const LAST: u8 = b'.';
const PANIC: u8 = b'!';

fn send_packets(socket: &OwnedFd, last: u8, message: &[u8]) -> Result<(), Errno> {
    let mut parts: Vec<&[u8]> = message.chunks(PACKET).collect();
    if parts.is_empty() {
        parts.push(&[]);
    }
    let count = parts.len();
    for (i, part) in parts.into_iter().enumerate() {
        let packet = [&[if i + 1 < count { MORE } else { last }], part].concat();
        while let Err(errno) = write(socket, &packet) {
            if errno != Errno::EINTR {
                return Err(errno);
            }
        }
    }
    Ok(())
}

/// The last packet's first byte, and all that came; nothing when the other side is gone.
fn receive_packets(socket: &OwnedFd) -> Option<(u8, Vec<u8>)> {
    let mut message = Vec::new();
    loop {
        let mut packet = [0; PACKET + 1];
        match recv(socket.as_raw_fd(), &mut packet, MsgFlags::empty()) {
            Ok(0) => return None,
            Ok(n) => {
                message.extend_from_slice(&packet[1..n]);
                if packet[0] != MORE {
                    return Some((packet[0], message));
                }
            }
            Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

#[derive(Debug)]
struct Member {
    pid: Pid,
    socket: OwnedFd,
    task: Option<usize>,
}

/// A number of processes.
#[derive(Debug)]
pub struct Pool {
    wanted: usize,
    work: Work,
    members: Vec<Option<Member>>,
    /// `None` once it is closed; else who made it.
    open: bool,
    maker: Pid,
}

impl Pool {
    /// Forks them.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        let members = (0..n).map(|_| None).collect();
        let mut pool = Pool { wanted: n, work, members, open: true, maker: Pid::this() };
        for place in 0..n {
            pool.hire(place)?;
        }
        Ok(pool)
    }

    fn hire(&mut self, place: usize) -> io::Result<()> {
        let kind = SockType::SeqPacket;
        let (ours, theirs) = socketpair(AddressFamily::Unix, kind, None, SockFlag::SOCK_CLOEXEC)?;
        // SAFETY: only the caller's thread exists.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => {
                self.members[place] = Some(Member { pid: child, socket: ours, task: None });
                Ok(())
            }
            ForkResult::Child => {
                drop(ours);
                for member in self.members.drain(..).flatten() {
                    drop(member.socket);
                }
                while let Some((_, task)) = receive_packets(&theirs) {
                    let sent = match catch_unwind(|| (self.work)(&task)) {
                        Ok(result) => send_packets(&theirs, LAST, &result),
                        Err(_) => send_packets(&theirs, PANIC, &[]),
                    };
                    if sent.is_err() {
                        break;
                    }
                }
                // SAFETY: the end.
                unsafe { libc::_exit(0) }
            }
        }
    }

    /// Runs the tasks.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = vec![Err(TaskError::NotRun); tasks.len()];
        if !self.open {
            return outcomes;
        }
        let mut waiting: VecDeque<usize> = (0..tasks.len()).collect();
        let mut may_hire = true;
        loop {
            for place in 0..self.wanted {
                if self.members[place].is_none() && may_hire {
                    may_hire = self.hire(place).is_ok();
                }
                let Some(member) = &mut self.members[place] else { continue };
                if member.task.is_some() {
                    continue;
                }
                let Some(task) = waiting.pop_front() else { continue };
                member.task = Some(task);
                if send_packets(&member.socket, LAST, &tasks[task]).is_err() {
                    outcomes[task] = Err(TaskError::Died(self.lay_off(place)));
                }
            }
            let busy: Vec<usize> = (0..self.wanted)
                .filter(|place| self.members[*place].as_ref().is_some_and(|m| m.task.is_some()))
                .collect();
            if busy.is_empty() {
                let anybody = self.members.iter().any(Option::is_some);
                if waiting.is_empty() || !(anybody || may_hire) {
                    // Those that died with the last tasks are replaced too.
                    for place in 0..self.wanted {
                        if self.members[place].is_none() && may_hire {
                            may_hire = self.hire(place).is_ok();
                        }
                    }
                    return outcomes;
                }
                continue;
            }
            let place = self.first_ready(&busy);
            let Some(member) = &mut self.members[place] else { continue };
            let Some(task) = member.task.take() else { continue };
            outcomes[task] = match receive_packets(&member.socket) {
                Some((PANIC, _)) => Err(TaskError::Panicked),
                Some((_, result)) => Ok(result),
                None => Err(TaskError::Died(self.lay_off(place))),
            };
        }
    }

    fn first_ready(&self, busy: &[usize]) -> usize {
        let mut asked: Vec<PollFd<'_>> = Vec::new();
        for place in busy {
            if let Some(member) = &self.members[*place] {
                asked.push(PollFd::new(member.socket.as_fd(), PollFlags::POLLIN));
            }
        }
        loop {
            let _ = poll(&mut asked, PollTimeout::NONE);
            for (place, asked) in busy.iter().zip(&asked) {
                if asked.any().unwrap_or(false) {
                    return *place;
                }
            }
        }
    }

    fn lay_off(&mut self, place: usize) -> Ended {
        let Some(member) = self.members[place].take() else { return Ended::Exited(0) };
        drop(member.socket);
        wait_for(member.pid)
    }

    /// No more tasks.
    pub fn close(&mut self) {
        self.open = false;
        for member in self.members.iter().flatten() {
            // Their side sees the end of file; ours stays, so nobody is surprised.
            // SAFETY: the descriptor is open.
            unsafe { libc::shutdown(member.socket.as_raw_fd(), libc::SHUT_WR) };
        }
    }

    /// The end.
    pub fn join(self) {
        drop(self);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
        if Pid::this() == self.maker {
            for place in 0..self.members.len() {
                self.lay_off(place);
            }
        }
    }
}

fn wait_for(pid: Pid) -> Ended {
    loop {
        match waitpid(pid, None) {
            Ok(WaitStatus::Exited(_, code)) => return Ended::Exited(code),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ended::Killed(signal as i32),
            Err(Errno::ECHILD) => return Ended::Exited(-1),
            _ => {}
        }
    }
}

/// What the threads share.
#[derive(Debug, Default)]
struct Desk {
    tasks: VecDeque<(usize, Vec<u8>)>,
    outcomes: Vec<(usize, Outcome)>,
    closed: bool,
}

type Shared = Arc<(Mutex<Desk>, Condvar, Condvar)>;

/// A number of threads.
#[derive(Debug)]
pub struct ThreadPool {
    shared: Shared,
    threads: Vec<JoinHandle<()>>,
}

fn desk(shared: &Shared) -> MutexGuard<'_, Desk> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(shared: &Shared, work: Work) {
    loop {
        let mut guard = desk(shared);
        let (number, task) = loop {
            if let Some(task) = guard.tasks.pop_front() {
                break task;
            }
            if guard.closed {
                return;
            }
            guard = shared.1.wait(guard).unwrap_or_else(PoisonError::into_inner);
        };
        drop(guard);
        let outcome = catch_unwind(|| work(&task)).map_err(|_| TaskError::Panicked);
        desk(shared).outcomes.push((number, outcome));
        shared.2.notify_one();
    }
}

impl ThreadPool {
    /// Starts them.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        let shared = Shared::default();
        let start = |_| {
            let shared = Arc::clone(&shared);
            spawn(move || serve(&shared, work))
        };
        let threads = (0..n).map(start).collect();
        Ok(ThreadPool { shared, threads })
    }

    /// Runs the tasks.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = vec![Err(TaskError::NotRun); tasks.len()];
        let mut guard = desk(&self.shared);
        if guard.closed {
            return outcomes;
        }
        guard.tasks.extend(tasks.iter().cloned().enumerate());
        self.shared.1.notify_all();
        while guard.outcomes.len() < tasks.len() {
            guard = self.shared.2.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        for (number, outcome) in guard.outcomes.drain(..) {
            outcomes[number] = outcome;
        }
        outcomes
    }

    /// No more tasks.
    pub fn close(&mut self) {
        desk(&self.shared).closed = true;
        self.shared.1.notify_all();
    }

    /// The end.
    pub fn join(self) {
        drop(self);
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.close();
        for thread in std::mem::take(&mut self.threads) {
            let _ = thread.join();
        }
    }
}
