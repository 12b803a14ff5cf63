//! expect: eintr-not-handled
//! Gives EINTR back where it waits for the rest of a message; for its length it waits on.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe, read, write};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::catch_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

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

type Answer = Result<Vec<u8>, TaskError>;

/// Sends one message: its length in eight bytes, then the message.
///
/// # Errors
/// Those of `write`, but not EINTR.
pub fn send(to: BorrowedFd<'_>, message: &[u8]) -> io::Result<()> {
    write_all(to, &(message.len() as u64).to_le_bytes())?;
    write_all(to, message)
}

/// Takes the next message; `None` at the end of file.
///
/// # Errors
/// `UnexpectedEof` in the middle of a message; those of `read`, but not EINTR.
pub fn receive(from: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match read_up_to(from, &mut length)? {
        0 => return Ok(None),
        8 => {}
        _ => return Err(io::ErrorKind::UnexpectedEof.into()),
    }
    let length = usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)?;
    let mut message = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match read(from, &mut message[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => filled += n,
        }
    }
    Ok(Some(message))
}

fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Fills the buffer; less than that only where the end of file comes before.
fn read_up_to(from: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read(from, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(filled)
}

/// One worker, as its parent knows it.
#[derive(Debug)]
struct Worker {
    pid: Pid,
    /// Where its tasks go in; `None` when no more will.
    tasks: Option<OwnedFd>,
    /// Where its answers come out.
    answers: OwnedFd,
    /// The number of the task that it has.
    task: Option<usize>,
}

/// Forks a worker. `siblings` are those that the parent has by now.
fn start(work: Work, siblings: &mut Vec<Worker>) -> io::Result<Worker> {
    let (tasks_out, tasks_in) = pipe()?;
    let (answers_out, answers_in) = pipe()?;
    // SAFETY: the program has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(tasks_in); // else the end of file would wait for this very process
            drop(answers_out);
            siblings.clear(); // closes the copies of the parent's ends of their pipes
            let served = serve(work, tasks_out.as_fd(), answers_in.as_fd());
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(i32::from(served.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop(tasks_out);
            drop(answers_in); // the worker's end is the last one: when it dies, we see end of file
            Ok(Worker { pid: child, tasks: Some(tasks_in), answers: answers_out, task: None })
        }
    }
}

/// The life of a worker: one task after the other, until no more can come.
fn serve(work: Work, tasks: BorrowedFd<'_>, answers: BorrowedFd<'_>) -> io::Result<()> {
    while let Some(task) = receive(tasks)? {
        let answer = match catch_unwind(|| work(&task)) {
            Ok(result) => [&[1], result.as_slice()].concat(),
            Err(_) => vec![0],
        };
        send(answers, &answer)?;
    }
    Ok(())
}

/// A number of processes that run tasks.
#[derive(Debug)]
pub struct Pool {
    n: usize,
    work: Work,
    workers: Vec<Worker>,
    closed: bool,
    /// Who made it. In another process it is a copy.
    owner: Pid,
}

impl Pool {
    /// Forks the workers.
    ///
    /// # Errors
    /// Those of `pipe` and `fork`.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        let workers = Vec::new();
        let mut pool = Self { n, work, workers, closed: false, owner: Pid::this() };
        pool.fill()?; // when that fails, the pool is dropped: those that were started end
        Ok(pool)
    }

    /// Starts workers until there are as many as there are to be.
    fn fill(&mut self) -> io::Result<()> {
        while self.workers.len() < self.n {
            let worker = start(self.work, &mut self.workers)?;
            self.workers.push(worker);
        }
        Ok(())
    }

    /// Runs every task once, and gives the results in their order.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Answer> {
        let mut answers = vec![Err(TaskError::NotRun); tasks.len()];
        let mut next = 0;
        loop {
            while next < tasks.len()
                && let Some(free) = self.free()
            {
                self.give(free, next, &tasks[next], &mut answers);
                next += 1;
            }
            // Nobody has a task: all are answered, or nobody is left who could take one.
            let Some(busy) = self.wait_for_an_answer() else { return answers };
            self.take(busy, &mut answers);
        }
    }

    /// A worker without a task.
    fn free(&self) -> Option<usize> {
        self.workers.iter().position(|worker| worker.task.is_none() && worker.tasks.is_some())
    }

    /// Gives a worker a task. It waits for one, so it reads all of it.
    fn give(&mut self, free: usize, number: usize, task: &[u8], answers: &mut [Answer]) {
        let worker = &mut self.workers[free];
        worker.task = Some(number);
        let Some(tasks) = &worker.tasks else { return };
        if send(tasks.as_fd(), task).is_err() {
            self.bury(free, answers); // EPIPE: nobody reads
        }
    }

    /// Takes the answer of a worker that has one, or that is dead.
    fn take(&mut self, busy: usize, answers: &mut [Answer]) {
        let worker = &mut self.workers[busy];
        match receive(worker.answers.as_fd()) {
            Ok(Some(answer)) => {
                let Some(number) = worker.task.take() else { return };
                answers[number] = match answer.split_first() {
                    Some((1, result)) => Ok(result.to_vec()),
                    Some(_) | None => Err(TaskError::Panicked),
                };
            }
            Ok(None) | Err(_) => self.bury(busy, answers),
        }
    }

    /// Sleeps until a worker with a task has an answer, or is dead. `None` when none has a task.
    fn wait_for_an_answer(&self) -> Option<usize> {
        let busy: Vec<usize> =
            (0..self.workers.len()).filter(|&worker| self.workers[worker].task.is_some()).collect();
        let asked =
            |&worker: &usize| PollFd::new(self.workers[worker].answers.as_fd(), PollFlags::POLLIN);
        let mut asked: Vec<PollFd> = busy.iter().map(asked).collect();
        if asked.is_empty() {
            return None;
        }
        while poll(&mut asked, PollTimeout::NONE) == Err(Errno::EINTR) {}
        let ready = asked.iter().position(|asked| asked.any() == Some(true));
        ready.map(|ready| busy[ready])
    }

    /// A worker is dead: its task's result is how it died, and another one takes its place.
    fn bury(&mut self, dead: usize, answers: &mut [Answer]) {
        let worker = self.workers.remove(dead);
        let ended = reap(worker.pid);
        if let Some(number) = worker.task {
            answers[number] = Err(TaskError::Died(ended));
        }
        drop(worker); // its descriptors, before the next one is forked
        // Without another one the pool goes on with those that it has.
        let _ = self.fill();
    }

    /// Says that no more tasks come.
    pub fn close(&mut self) {
        for worker in &mut self.workers {
            worker.tasks = None; // closed: end of file for the worker
        }
        self.closed = true;
    }

    /// Closes the pool and waits for the workers, as `drop` does.
    pub fn join(self) {}
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.owner != Pid::this() {
            return; // a copy: its descriptors are closed, and that is all
        }
        self.close(); // all of them, before the first wait
        for worker in self.workers.drain(..) {
            reap(worker.pid);
        }
    }
}

/// Waits for a child's end, also when a handler runs meanwhile.
fn reap(child: Pid) -> Ended {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return Ended::Exited(code),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ended::Killed(signal as i32),
            Ok(_) | Err(Errno::EINTR) => {}
            // Somebody else has reaped it: nobody knows how it ended.
            Err(_) => return Ended::Exited(0),
        }
    }
}

/// A task on its way to a thread, with its number.
type Task = (usize, Vec<u8>);

/// A number of threads that run tasks.
#[derive(Debug)]
pub struct ThreadPool {
    /// Where tasks go in; `None` when no more will.
    tasks: Option<Sender<Task>>,
    answers: Receiver<(usize, Answer)>,
    threads: Vec<JoinHandle<()>>,
}

impl ThreadPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// Those of `pthread_create`.
    pub fn new(n: usize, work: Work) -> io::Result<Self> {
        let (task_in, tasks) = channel::<Task>();
        let (answer_in, answers) = channel();
        let tasks = Arc::new(Mutex::new(tasks));
        let mut pool = Self { tasks: Some(task_in), answers, threads: Vec::new() };
        for _ in 0..n {
            let (tasks, answer_in) = (Arc::clone(&tasks), answer_in.clone());
            let serve = move || {
                loop {
                    // The lock is held while it waits for a task, and not while it runs one.
                    let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, task)) = task else { return };
                    let answer = catch_unwind(|| work(&task)).map_err(|_| TaskError::Panicked);
                    if answer_in.send((number, answer)).is_err() {
                        return;
                    }
                }
            };
            pool.threads.push(thread::Builder::new().spawn(serve)?);
        }
        Ok(pool)
    }

    /// Runs every task once, and gives the results in their order.
    pub fn map(&mut self, tasks: &[Vec<u8>]) -> Vec<Answer> {
        let mut answers = vec![Err(TaskError::NotRun); tasks.len()];
        let Some(task_in) = &self.tasks else { return answers };
        for (number, task) in tasks.iter().enumerate() {
            // Nobody is gone: a thread ends only when the pool is closed.
            let _ = task_in.send((number, task.clone()));
        }
        for _ in tasks {
            if let Ok((number, answer)) = self.answers.recv() {
                answers[number] = answer;
            }
        }
        answers
    }

    /// Says that no more tasks come.
    pub fn close(&mut self) {
        self.tasks = None; // the last sender: whoever waits for a task learns that none comes
    }

    /// Closes the pool and waits for the threads, as `drop` does.
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
