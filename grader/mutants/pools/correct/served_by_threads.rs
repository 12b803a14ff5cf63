//! correct: a thread of the caller for each worker, which gives it tasks and waits for it alone
//!
//! Nobody polls. Pipes are made and workers forked under a lock, so that no worker is born with an end
//! that another thread is about to close.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

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

/// The file of a descriptor that somebody else will close.
fn file(fd: BorrowedFd<'_>) -> ManuallyDrop<File> {
    // SAFETY: the descriptor is open while it is borrowed, and is not closed here.
    ManuallyDrop::new(unsafe { File::from_raw_fd(fd.as_raw_fd()) })
}

/// The length in decimal, a newline, the message.
pub fn send(to: BorrowedFd<'_>, message: &[u8]) -> io::Result<()> {
    let mut to = file(to);
    to.write_all(format!("{}\n", message.len()).as_bytes())?;
    to.write_all(message)
}

/// As it was sent.
pub fn receive(from: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut from = file(from);
    let mut digits = String::new();
    loop {
        let mut byte = [0];
        match from.read_exact(&mut byte) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && digits.is_empty() => {
                return Ok(None);
            }
            other => other?,
        }
        if byte[0] == b'\n' {
            break;
        }
        digits.push(char::from(byte[0]));
    }
    let length = digits.parse().map_err(io::Error::other)?;
    let mut message = vec![0; length];
    from.read_exact(&mut message)?;
    Ok(Some(message))
}

#[derive(Debug)]
struct Process {
    pid: libc::pid_t,
    tasks: File,
    answers: File,
}

/// Pipes are made, a worker is forked and the ends are closed by one thread at a time.
static FORKING: Mutex<()> = Mutex::new(());

fn new_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: two numbers have room in the array.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptors are new.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

impl Process {
    fn start(work: Work) -> io::Result<Self> {
        let _alone = FORKING.lock();
        let (to_do, tasks) = new_pipe()?;
        let (answers, done) = new_pipe()?;
        // SAFETY: the child uses only what a fork leaves intact: memory, and its two pipes.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                drop((tasks, answers));
                let (mut to_do, mut done) = (File::from(to_do), File::from(done));
                let _ = live(work, &mut to_do, &mut done);
                // SAFETY: ends the child.
                unsafe { libc::_exit(0) }
            }
            pid => Ok(Self { pid, tasks: tasks.into(), answers: answers.into() }),
        }
    }

    /// Has it run one task; `None` when it is dead.
    fn run(&mut self, task: &[u8]) -> Option<Result<Vec<u8>, TaskError>> {
        self.tasks.write_all(&u64::to_ne_bytes(task.len() as u64)).ok()?;
        self.tasks.write_all(task).ok()?;
        let mut head = [0; 9];
        self.answers.read_exact(&mut head).ok()?;
        let mut length = [0; 8];
        length.copy_from_slice(&head[1..]);
        let mut result = vec![0; u64::from_ne_bytes(length) as usize];
        self.answers.read_exact(&mut result).ok()?;
        Some(if head[0] == 0 { Ok(result) } else { Err(TaskError::Panicked) })
    }

    fn wait(pid: libc::pid_t) -> Ended {
        let mut status = 0;
        // SAFETY: the status has room for one.
        while unsafe { libc::waitpid(pid, &mut status, 0) } == -1 {
            if io::Error::last_os_error().kind() != ErrorKind::Interrupted {
                break;
            }
        }
        match libc::WIFSIGNALED(status) {
            true => Ended::Killed(libc::WTERMSIG(status)),
            false => Ended::Exited(libc::WEXITSTATUS(status)),
        }
    }
}

fn live(work: Work, to_do: &mut File, done: &mut File) -> io::Result<()> {
    loop {
        let mut length = [0; 8];
        to_do.read_exact(&mut length)?;
        let mut task = vec![0; u64::from_ne_bytes(length) as usize];
        to_do.read_exact(&mut task)?;
        let (panicked, result) = match catch_unwind(|| work(&task)) {
            Ok(result) => (0_u8, result),
            Err(_) => (1, Vec::new()),
        };
        let mut answer = vec![panicked];
        answer.extend((result.len() as u64).to_ne_bytes());
        answer.extend(result);
        done.write_all(&answer)?;
    }
}

/// A number of processes.
#[derive(Debug)]
pub struct Pool {
    places: Vec<Option<Process>>,
    work: Work,
    closed: bool,
    born: u32,
}

impl Pool {
    /// Forks them.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        let born = std::process::id();
        let mut pool = Self { places: Vec::new(), work, closed: false, born };
        while pool.places.len() < n {
            pool.places.push(Some(Process::start(work)?));
        }
        Ok(pool)
    }

    /// Each place takes the next task that nobody has.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Result<Vec<u8>, TaskError>> {
        let slots: Vec<Mutex<Result<Vec<u8>, TaskError>>> =
            tasks.iter().map(|_| Mutex::new(Err(TaskError::NotRun))).collect();
        if !self.closed {
            let (next, work) = (AtomicUsize::new(0), self.work);
            let (next, slots) = (&next, &slots);
            thread::scope(|scope| {
                for place in &mut self.places {
                    scope.spawn(move || {
                        if place.is_none() {
                            *place = Process::start(work).ok();
                        }
                        while let Some(process) = place.as_mut() {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            let Some(task) = tasks.get(number) else { return };
                            let answer = match process.run(task) {
                                Some(answer) => answer,
                                None => {
                                    let pid = process.pid;
                                    drop(place.take());
                                    let ended = Process::wait(pid);
                                    *place = Process::start(work).ok();
                                    Err(TaskError::Died(ended))
                                }
                            };
                            if let Ok(mut slot) = slots[number].lock() {
                                *slot = answer;
                            }
                        }
                    });
                }
            });
        }
        let taken = slots.into_iter().map(|slot| slot.into_inner());
        taken.map(|slot| slot.unwrap_or(Err(TaskError::NotRun))).collect()
    }

    /// No more tasks. The workers' numbers are kept.
    pub fn close(&mut self) {
        self.closed = true;
        for process in self.places.iter_mut().flatten() {
            // A descriptor that is replaced is closed.
            if let Ok(nowhere) = File::open("/dev/null") {
                process.tasks = nowhere;
            }
        }
    }

    /// The end.
    pub fn join(self) {}
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.born != std::process::id() {
            return;
        }
        let pids: Vec<libc::pid_t> = self.places.drain(..).flatten().map(|p| p.pid).collect();
        for pid in pids {
            Process::wait(pid);
        }
    }
}

type Letter = (usize, Vec<u8>);
type Reply = (usize, usize, Result<Vec<u8>, TaskError>);

/// A number of threads, each with a letter box of its own.
#[derive(Debug)]
pub struct ThreadPool {
    boxes: Vec<mpsc::SyncSender<Letter>>,
    replies: mpsc::Receiver<Reply>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl ThreadPool {
    /// Starts them.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        let (reply, replies) = mpsc::channel();
        let (mut boxes, mut threads) = (Vec::new(), Vec::new());
        for own in 0..n {
            let (letters, letter_box) = mpsc::sync_channel::<Letter>(1);
            let reply = reply.clone();
            boxes.push(letters);
            threads.push(thread::spawn(move || {
                for (number, task) in letter_box {
                    let run = AssertUnwindSafe(|| work(&task));
                    let answer = catch_unwind(run).or(Err(TaskError::Panicked));
                    let _ = reply.send((own, number, answer));
                }
            }));
        }
        Ok(Self { boxes, replies, threads })
    }

    /// Whoever has replied gets the next letter.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Result<Vec<u8>, TaskError>> {
        let mut answers = vec![Err(TaskError::NotRun); tasks.len()];
        if self.boxes.is_empty() {
            return answers;
        }
        let mut next = tasks.iter().cloned().enumerate();
        let mut under_way = 0;
        for letters in &self.boxes {
            if let Some(letter) = next.next() {
                under_way += usize::from(letters.send(letter).is_ok());
            }
        }
        while under_way > 0 {
            let Ok((who, number, answer)) = self.replies.recv() else { break };
            under_way -= 1;
            answers[number] = answer;
            if let Some(letter) = next.next() {
                under_way += usize::from(self.boxes[who].send(letter).is_ok());
            }
        }
        answers
    }

    /// No more letters.
    pub fn close(&mut self) {
        self.boxes.clear();
    }

    /// The end.
    pub fn join(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.boxes.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.end();
    }
}
