//! correct: raw libc calls; one pipe for the answers of all, in parts that no other write can tear
//!
//! Since an answer's end is not its worker's, each worker has one more pipe, in which nothing is ever
//! written: its end of file says that the worker is dead. By then all that it has written is in the
//! pipe of answers, which is emptied first.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex};

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

fn close(fd: i32) {
    // SAFETY: the descriptor is ours, and is not used after this.
    unsafe { libc::close(fd) };
}

fn pipe() -> io::Result<[i32; 2]> {
    let mut ends = [0; 2];
    // SAFETY: there is room for two.
    match unsafe { libc::pipe(ends.as_mut_ptr()) } {
        0 => Ok(ends),
        _ => Err(io::Error::last_os_error()),
    }
}

fn interrupted(result: isize) -> bool {
    result == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::EINTR)
}

fn put(fd: i32, bytes: &[u8]) -> io::Result<()> {
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        // SAFETY: the bytes are there.
        let n = unsafe { libc::write(fd, rest.as_ptr().cast(), rest.len()) };
        if n >= 0 {
            at += n as usize;
        } else if !interrupted(n) {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// How many bytes were there before the end of file.
fn get(fd: i32, bytes: &mut [u8]) -> io::Result<usize> {
    let mut at = 0;
    while at < bytes.len() {
        let rest = &mut bytes[at..];
        // SAFETY: there is room for them.
        let n = unsafe { libc::read(fd, rest.as_mut_ptr().cast(), rest.len()) };
        if n == 0 {
            break;
        } else if n > 0 {
            at += n as usize;
        } else if !interrupted(n) {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(at)
}

/// Four bytes of length, the message.
pub fn send(to: BorrowedFd<'_>, message: &[u8]) -> io::Result<()> {
    let mut all = (message.len() as u32).to_ne_bytes().to_vec();
    all.extend_from_slice(message);
    put(to.as_raw_fd(), &all)
}

/// As it was sent.
pub fn receive(from: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match get(from.as_raw_fd(), &mut length)? {
        4 => {}
        0 => return Ok(None),
        _ => return Err(io::ErrorKind::UnexpectedEof.into()),
    }
    let mut message = vec![0; u32::from_ne_bytes(length) as usize];
    match get(from.as_raw_fd(), &mut message)? {
        n if n == message.len() => Ok(Some(message)),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// A part of an answer: whose, how it ends, how many bytes, and these.
const HEAD: usize = 12;
const PART: usize = libc::PIPE_BUF - HEAD;

const MORE: u32 = 0;
const DONE: u32 = 1;
const PANIC: u32 = 2;

#[derive(Debug)]
struct Worker {
    pid: i32,
    tasks: i32,
    life: i32,
    has: Option<usize>,
    heard: Vec<u8>,
}

/// A number of processes.
#[derive(Debug)]
pub struct Pool {
    n: usize,
    work: Work,
    workers: Vec<Option<Worker>>,
    answers: [i32; 2],
    closed: bool,
    me: u32,
}

impl Pool {
    /// Forks them.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        let answers = pipe()?;
        let me = std::process::id();
        let workers = (0..n).map(|_| None).collect();
        let mut pool = Pool { n, work, workers, answers, closed: false, me };
        for i in 0..n {
            pool.start(i)?;
        }
        Ok(pool)
    }

    fn start(&mut self, i: usize) -> io::Result<()> {
        let tasks = pipe()?;
        let life = match pipe() {
            Ok(life) => life,
            Err(error) => {
                close(tasks[0]);
                close(tasks[1]);
                return Err(error);
            }
        };
        // SAFETY: one thread.
        let pid = unsafe { libc::fork() };
        if pid == -1 {
            let error = io::Error::last_os_error();
            for fd in [tasks[0], tasks[1], life[0], life[1]] {
                close(fd);
            }
            return Err(error);
        }
        if pid == 0 {
            close(tasks[1]);
            close(life[0]);
            close(self.answers[0]);
            for other in self.workers.iter().flatten() {
                close(other.tasks);
                close(other.life);
            }
            self.serve(i as u32, tasks[0]);
        }
        close(tasks[0]);
        close(life[1]);
        let (tasks, life) = (tasks[1], life[0]);
        self.workers[i] = Some(Worker { pid, tasks, life, has: None, heard: Vec::new() });
        Ok(())
    }

    fn serve(&self, i: u32, tasks: i32) -> ! {
        // SAFETY: the descriptor stays open until the end.
        let tasks = unsafe { BorrowedFd::borrow_raw(tasks) };
        while let Ok(Some(task)) = receive(tasks) {
            let work = self.work;
            let (kind, result) = match std::panic::catch_unwind(|| work(&task)) {
                Ok(result) => (DONE, result),
                Err(_) => (PANIC, Vec::new()),
            };
            let mut rest = &result[..];
            loop {
                let (part, after) = rest.split_at(rest.len().min(PART));
                let kind = if after.is_empty() { kind } else { MORE };
                let mut record = Vec::new();
                for number in [i, kind, part.len() as u32] {
                    record.extend(number.to_ne_bytes());
                }
                record.extend(part);
                // At most PIPE_BUF bytes: all or nothing.
                if put(self.answers[1], &record).is_err() {
                    break;
                }
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
        }
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) }
    }

    /// Runs the tasks.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Result<Vec<u8>, TaskError>> {
        let mut results = vec![Err(TaskError::NotRun); tasks.len()];
        if self.closed {
            return results;
        }
        let mut next = 0;
        loop {
            for i in 0..self.n {
                if let Some(worker) = &mut self.workers[i]
                    && worker.has.is_none()
                    && next < tasks.len()
                {
                    worker.has = Some(next);
                    next += 1;
                    // SAFETY: open as long as the worker is known.
                    let to = unsafe { BorrowedFd::borrow_raw(worker.tasks) };
                    let sent = send(to, &tasks[worker.has.unwrap_or(0)]);
                    if sent.is_err() {
                        self.bury(i, &mut results);
                    }
                }
            }
            let busy = |worker: &Option<Worker>| worker.as_ref().is_some_and(|w| w.has.is_some());
            if !self.workers.iter().any(busy) {
                let stuck = self.workers.iter().all(Option::is_none);
                if next == tasks.len() || stuck {
                    return results;
                }
                continue;
            }
            self.listen(&mut results);
        }
    }

    /// Waits until there is a part of an answer, or somebody is dead.
    fn listen(&mut self, results: &mut [Result<Vec<u8>, TaskError>]) {
        let ask = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut asked = vec![ask(self.answers[0])];
        let busy: Vec<usize> = (0..self.n)
            .filter(|i| self.workers[*i].as_ref().is_some_and(|w| w.has.is_some()))
            .collect();
        for i in &busy {
            asked.push(ask(self.workers[*i].as_ref().map_or(-1, |w| w.life)));
        }
        // SAFETY: the array is there.
        while unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, -1) } == -1 {}
        let dead: Vec<usize> =
            busy.iter().zip(&asked[1..]).filter(|(_, a)| a.revents != 0).map(|(i, _)| *i).collect();
        if asked[0].revents != 0 || !dead.is_empty() {
            self.empty(results);
        }
        for i in dead {
            if self.workers[i].as_ref().is_some_and(|w| w.has.is_some()) {
                self.bury(i, results);
            }
        }
    }

    /// Takes all parts that are there.
    fn empty(&mut self, results: &mut [Result<Vec<u8>, TaskError>]) {
        loop {
            let mut there =
                libc::pollfd { fd: self.answers[0], events: libc::POLLIN, revents: 0 };
            // SAFETY: one of them.
            if unsafe { libc::poll(&mut there, 1, 0) } < 1 {
                return;
            }
            let mut head = [0; HEAD];
            if get(self.answers[0], &mut head).is_err() {
                return;
            }
            let number = |at: usize| {
                u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
            };
            let mut part = vec![0; number(8) as usize];
            let _ = get(self.answers[0], &mut part);
            let Some(worker) = &mut self.workers[number(0) as usize] else { continue };
            worker.heard.extend(part);
            let heard = std::mem::take(&mut worker.heard);
            match number(4) {
                MORE => worker.heard = heard,
                DONE => {
                    if let Some(task) = worker.has.take() {
                        results[task] = Ok(heard);
                    }
                }
                _ => {
                    if let Some(task) = worker.has.take() {
                        results[task] = Err(TaskError::Panicked);
                    }
                }
            }
        }
    }

    fn bury(&mut self, i: usize, results: &mut [Result<Vec<u8>, TaskError>]) {
        let Some(worker) = self.workers[i].take() else { return };
        close(worker.tasks);
        close(worker.life);
        let ended = wait(worker.pid);
        if let Some(task) = worker.has {
            results[task] = Err(TaskError::Died(ended));
        }
        let _ = self.start(i);
    }

    /// No more tasks.
    pub fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            for worker in self.workers.iter().flatten() {
                close(worker.tasks);
            }
        }
    }

    /// The end.
    pub fn join(self) {}
}

fn wait(pid: i32) -> Ended {
    let mut status = 0;
    // SAFETY: the status has room.
    while interrupted(unsafe { libc::waitpid(pid, &mut status, 0) } as isize) {}
    if libc::WIFSIGNALED(status) {
        Ended::Killed(libc::WTERMSIG(status))
    } else {
        Ended::Exited(libc::WEXITSTATUS(status))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
        for worker in self.workers.drain(..).flatten() {
            close(worker.life);
            if self.me == std::process::id() {
                wait(worker.pid);
            }
        }
        close(self.answers[0]);
        close(self.answers[1]);
    }
}

#[derive(Debug, Default)]
struct Board {
    tasks: Vec<Vec<u8>>,
    next: usize,
    results: Vec<Option<Result<Vec<u8>, TaskError>>>,
    closed: bool,
}

/// A number of threads, who take their tasks from a board.
#[derive(Debug)]
pub struct ThreadPool {
    board: Arc<(Mutex<Board>, Condvar)>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl ThreadPool {
    /// Starts them.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        let board: Arc<(Mutex<Board>, Condvar)> = Arc::default();
        let mut pool = ThreadPool { board, threads: Vec::new() };
        for _ in 0..n {
            let board = Arc::clone(&pool.board);
            let serve = move || {
                let (mutex, changed) = &*board;
                let Ok(mut guard) = mutex.lock() else { return };
                loop {
                    if guard.next < guard.tasks.len() {
                        let number = guard.next;
                        guard.next += 1;
                        let task = std::mem::take(&mut guard.tasks[number]);
                        drop(guard);
                        let result = std::panic::catch_unwind(|| work(&task));
                        let Ok(again) = mutex.lock() else { return };
                        guard = again;
                        guard.results[number] = Some(result.map_err(|_| TaskError::Panicked));
                        changed.notify_all();
                    } else if guard.closed {
                        return;
                    } else {
                        let Ok(again) = changed.wait(guard) else { return };
                        guard = again;
                    }
                }
            };
            pool.threads.push(std::thread::Builder::new().spawn(serve)?);
        }
        Ok(pool)
    }

    /// Pins the tasks to the board and waits until all are done.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Result<Vec<u8>, TaskError>> {
        let (mutex, changed) = &*self.board;
        let refused = || vec![Err(TaskError::NotRun); tasks.len()];
        let Ok(mut guard) = mutex.lock() else { return refused() };
        if guard.closed {
            return refused();
        }
        guard.tasks = tasks.to_vec();
        guard.next = 0;
        guard.results = vec![None; tasks.len()];
        changed.notify_all();
        let done = |board: &mut Board| board.results.iter().any(Option::is_none);
        let Ok(mut guard) = changed.wait_while(guard, done) else { return refused() };
        guard.tasks.clear();
        guard.results.drain(..).map(|result| result.unwrap_or(Err(TaskError::NotRun))).collect()
    }

    /// No more tasks.
    pub fn close(&mut self) {
        if let Ok(mut guard) = self.board.0.lock() {
            guard.closed = true;
        }
        self.board.1.notify_all();
    }

    /// The end.
    pub fn join(self) {}
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
