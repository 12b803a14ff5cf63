//! The driver of `pools`: turns a scenario's name and arguments into tasks for the student's pools,
//! and prints what came of them. Given; not to be edited.
//!
//! `cargo run -p pools -- pool 2 shout:a panic shout:b` runs one scenario. Add `strace -f` to see
//! its calls.

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe};
use pools::{Ended, Pool, TaskError, ThreadPool, receive, send};
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::ExitCode;
use std::sync::OnceLock;

#[expect(clippy::undocumented_unsafe_blocks, reason = "a drill is read as it stands")]
mod drills;

const USAGE: &str = "\
usage: cargo run -p pools -- reveal [N]
       cargo run -p pools -- SCENARIO ARGUMENTS
  messages LENGTH...       a child sends messages of these lengths, and closes
  messages_back LENGTH...  the same, and the child receives
  messages_cut LENGTH [N]  of a message only the first N bytes arrive; without N all but the last
  messages_alone           nobody is there to read

  pool N TASK...           a pool of N processes; / between tasks begins another map
  pool_dropped N TASK...   the same, without join
  pool_closed N TASK...    closed, and used once more, and waited for before it is joined
  pool_copied N TASK...    before each map but the first, a child drops its copy of the pool
  pool_held N TASK...      closed while a child has a copy of the pool
  pool_killed N TASK...    says only whether every answer is right, or tells of SIGKILL
  threads N TASK...        a pool of N threads, and so on
  threads_dropped N TASK...
  threads_closed N TASK...

tasks
  shout:WORD     answers WORD in capital letters
  where          answers in which process it is run
  large:N        a task of N bytes; answers how many
  many:N         answers N bytes
  mirror:N       a task of N bytes; answers them in reverse
  empty          a task of no bytes
  nothing        answers no bytes
  panic          panics
  exit:CODE      ends its worker by _exit
  kill:SIGNAL    sends its worker this signal
  meet           waits until all tasks of this map that meet have begun
  wait, tell     the first waits until the other has begun
  stay           meets as well, and when its thread ends, that is printed";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(code) = drills::DRILLS.answer(&words) {
        return code;
    }
    match run(&words) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("error: {}", errno(&error));
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Runs the scenario that the words name; `None` when they name none.
fn run(words: &[&str]) -> Option<io::Result<()>> {
    Some(match words {
        ["messages", lengths @ ..] => messages(&numbers(lengths)?, Child::Sends),
        ["messages_back", lengths @ ..] => messages(&numbers(lengths)?, Child::Receives),
        ["messages_cut", length] => messages_cut(length.parse().ok()?, usize::MAX),
        ["messages_cut", length, kept] => messages_cut(length.parse().ok()?, kept.parse().ok()?),
        ["messages_alone"] => messages_alone(),
        [name, n, tasks @ ..] => {
            let (kind, finish) = name.split_once('_').unwrap_or((name, "joined"));
            let finish = Finish::read(finish)?;
            let maps = read_maps(tasks)?;
            let n = n.parse().ok()?;
            match kind {
                "pool" => pool(n, &maps, finish),
                "threads" => threads(n, &maps, finish),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn numbers(words: &[&str]) -> Option<Vec<usize>> {
    words.iter().map(|word| word.parse().ok()).collect()
}

// ---- messages ----------------------------------------------------------------------------------

/// What the driver's child does; its parent does the other.
enum Child {
    Sends,
    Receives,
}

fn messages(lengths: &[usize], child: Child) -> io::Result<()> {
    catch_alarms()?;
    let (from, to) = pipe()?;
    match child {
        Child::Sends => {
            let child = start(|| {
                close_copy(&from);
                send_all(&to, lengths);
            })?;
            drop(to);
            receive_all(&from, lengths);
            drop(from);
            reap(child)
        }
        Child::Receives => {
            let child = start(|| {
                close_copy(&to);
                receive_all(&from, lengths);
            })?;
            drop(from);
            send_all(&to, lengths);
            drop(to);
            reap(child)
        }
    }
}

fn send_all(to: &OwnedFd, lengths: &[usize]) {
    for (i, &length) in lengths.iter().enumerate() {
        if let Err(error) = send(to.as_fd(), &pattern(length, i)) {
            say(&format!("message {i}: {}", errno(&error)));
            break;
        }
    }
}

fn receive_all(from: &OwnedFd, lengths: &[usize]) {
    for i in 0.. {
        match receive(from.as_fd()) {
            Ok(Some(bytes)) => {
                let right = lengths.get(i).is_some_and(|length| bytes == pattern(*length, i));
                println!("message {i}: {} bytes, {}", bytes.len(), right_or_wrong(right));
            }
            Ok(None) => {
                println!("no more messages");
                break;
            }
            Err(error) => {
                println!("message {i}: {}", errno(&error));
                break;
            }
        }
        if i > lengths.len() {
            println!("more messages than were sent");
            break;
        }
    }
}

/// Whatever a message looks like: its first bytes are passed on, so many, and never all.
fn messages_cut(length: usize, kept: usize) -> io::Result<()> {
    let (from, to) = pipe()?;
    let child = start(|| {
        close_copy(&from);
        let _ = send(to.as_fd(), &pattern(length, 0));
    })?;
    drop(to);
    let (cut_from, cut_to) = pipe()?;
    let mut sent = Vec::new();
    let mut part = vec![0; 4096];
    loop {
        match nix::unistd::read(&from, &mut part) {
            Ok(0) => break,
            Ok(n) => sent.extend_from_slice(&part[..n]),
            Err(error) => return Err(error.into()),
        }
    }
    reap(child)?;
    if sent.is_empty() {
        println!("nothing was sent");
        return Ok(());
    }
    nix::unistd::write(&cut_to, &sent[..kept.min(sent.len() - 1)])?;
    drop(cut_to);
    match receive(cut_from.as_fd()) {
        Ok(Some(bytes)) => println!("a message of {} bytes", bytes.len()),
        Ok(None) => println!("no more messages"),
        Err(error) => println!("{:?}", error.kind()),
    }
    Ok(())
}

fn messages_alone() -> io::Result<()> {
    let (from, to) = pipe()?;
    drop(from);
    match send(to.as_fd(), b"hello") {
        Ok(()) => println!("sent to nobody"),
        Err(error) => println!("{}", errno(&error)),
    }
    Ok(())
}

// ---- pools -------------------------------------------------------------------------------------

/// How a pool comes to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finish {
    Joined,
    Dropped,
    Closed,
    Copied,
    Held,
    Killed,
}

impl Finish {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "joined" => Self::Joined,
            "dropped" => Self::Dropped,
            "closed" => Self::Closed,
            "copied" => Self::Copied,
            "held" => Self::Held,
            "killed" => Self::Killed,
            _ => return None,
        })
    }
}

fn pool(n: usize, maps: &[Vec<Task>], finish: Finish) -> io::Result<()> {
    catch_alarms()?;
    let meetings = Meetings::prepare(maps)?;
    // Closed in every worker when it ends, and by nothing else.
    let (watch, life) = (finish == Finish::Closed).then(life_line).transpose()?.unzip();
    let mut pool = match Pool::new(n, work) {
        Ok(pool) => pool,
        Err(error) => {
            println!("new: {}", errno(&error));
            return Ok(());
        }
    };
    drop(life);
    let mut killed = Killed::default();
    for (i, tasks) in maps.iter().enumerate() {
        if finish == Finish::Copied && i > 0 {
            // SAFETY: the driver has one thread.
            match unsafe { fork() }? {
                ForkResult::Child => {
                    out_of_scope(pool);
                    end()
                }
                ForkResult::Parent { child } => reap(child)?,
            }
        }
        let answers = pool.map(&inputs(tasks));
        match finish {
            Finish::Killed => killed.note(tasks, &answers),
            _ => tell(tasks, &answers),
        }
    }
    match finish {
        Finish::Joined | Finish::Copied => pool.join(),
        Finish::Dropped => out_of_scope(pool),
        Finish::Closed => {
            pool.close();
            if let Some(watch) = watch {
                until_the_end(&watch)?;
                println!("all workers have ended");
            }
            tell_late(pool.map(&late_tasks()));
            pool.close();
            pool.join();
        }
        Finish::Held => {
            let (closed, say_so) = pipe()?;
            // SAFETY: the driver has one thread.
            match unsafe { fork() }? {
                ForkResult::Child => {
                    close_copy(&say_so);
                    let _ = until_the_end(&closed);
                    end()
                }
                ForkResult::Parent { child } => {
                    drop(closed);
                    pool.close();
                    println!("the pool is closed");
                    drop(say_so);
                    reap(child)?;
                }
            }
            pool.join();
        }
        Finish::Killed => {
            pool.join();
            killed.tell();
        }
    }
    println!("the pool is gone");
    meetings.end();
    Ok(())
}

fn threads(n: usize, maps: &[Vec<Task>], finish: Finish) -> io::Result<()> {
    catch_alarms()?;
    let meetings = Meetings::prepare(maps)?;
    let mut pool = ThreadPool::new(n, work)?;
    for tasks in maps {
        tell(tasks, &pool.map(&inputs(tasks)));
    }
    match finish {
        Finish::Dropped => out_of_scope(pool),
        Finish::Closed => {
            pool.close();
            tell_late(pool.map(&late_tasks()));
            pool.close();
            pool.join();
        }
        Finish::Joined | Finish::Copied | Finish::Held | Finish::Killed => pool.join(),
    }
    println!("the pool is gone");
    meetings.end();
    Ok(())
}

/// The end of a pool's scope. By another name than `drop`, which is for what has a `Drop` already.
fn out_of_scope<P>(pool: P) {
    let _pool = pool;
}

fn inputs(tasks: &[Task]) -> Vec<Vec<u8>> {
    tasks.iter().map(Task::input).collect()
}

fn tell(tasks: &[Task], answers: &[Answer]) {
    let first = tasks.first().map_or(0, |task| task.number);
    for (i, answer) in answers.iter().enumerate() {
        let right = tasks.get(i).map_or_else(Vec::new, Task::answer);
        println!("answer {}: {}", first + i, said(answer, &right));
    }
}

/// What a closed pool is asked for.
fn late_tasks() -> Vec<Vec<u8>> {
    vec![b"too late".to_vec(); 2]
}

fn tell_late(answers: Vec<Answer>) {
    let refused = answers.iter().filter(|answer| **answer == Err(TaskError::NotRun)).count();
    println!("after close: {refused} of {} tasks not run", answers.len());
}

type Answer = Result<Vec<u8>, TaskError>;

fn said(answer: &Answer, right: &[u8]) -> String {
    match answer {
        Ok(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if bytes.len() < 40 => format!("{text:?}"),
            _ => format!("{} bytes, {}", bytes.len(), right_or_wrong(bytes == right)),
        },
        Err(TaskError::Panicked) => "panicked".to_owned(),
        Err(TaskError::Died(Ended::Exited(code))) => format!("died: exit status {code}"),
        Err(TaskError::Died(Ended::Killed(signal))) => format!("died: signal {signal}"),
        Err(TaskError::NotRun) => "not run".to_owned(),
    }
}

/// What came of tasks while somebody may have killed a worker.
#[derive(Default)]
struct Killed {
    wrong: usize,
    deaths: usize,
}

impl Killed {
    fn note(&mut self, tasks: &[Task], answers: &[Answer]) {
        self.wrong += tasks.len().abs_diff(answers.len());
        for (task, answer) in tasks.iter().zip(answers) {
            match answer {
                Ok(bytes) => self.wrong += usize::from(*bytes != task.answer()),
                Err(TaskError::Died(Ended::Killed(9))) => self.deaths += 1,
                Err(_) => self.wrong += 1,
            }
        }
    }

    fn tell(&self) {
        match self.deaths {
            0 | 1 if self.wrong == 0 => println!("every answer is right, or tells of SIGKILL"),
            _ => println!("{} answers are wrong, {} tell of SIGKILL", self.wrong, self.deaths),
        }
    }
}

// ---- tasks -------------------------------------------------------------------------------------

/// A task, by its number in the whole run and its words.
#[derive(Debug)]
struct Task {
    number: usize,
    word: String,
    rest: String,
}

/// The tasks of each call of `map`.
fn read_maps(words: &[&str]) -> Option<Vec<Vec<Task>>> {
    let mut maps = vec![Vec::new()];
    let mut number = 0;
    for word in words {
        if *word == "/" {
            maps.push(Vec::new());
            continue;
        }
        let (word, rest) = word.split_once(':').unwrap_or((word, ""));
        let (word, rest) = (word.to_owned(), rest.to_owned());
        maps.last_mut()?.push(Task { number, word, rest });
        number += 1;
    }
    Some(maps)
}

impl Task {
    /// What the worker is given: the task's words, and after a zero byte its load.
    fn input(&self) -> Vec<u8> {
        if self.word == "empty" {
            return Vec::new();
        }
        let mut input = format!("{} {} {}\0", self.number, self.word, self.rest).into_bytes();
        input.extend(self.load());
        input
    }

    /// Bytes that belong to the task.
    fn load(&self) -> Vec<u8> {
        match self.word.as_str() {
            "large" | "mirror" => pattern(self.rest.parse().unwrap_or(0), self.number),
            _ => Vec::new(),
        }
    }

    /// What it ought to answer.
    fn answer(&self) -> Vec<u8> {
        match self.word.as_str() {
            "shout" => self.rest.to_uppercase().into_bytes(),
            "large" => self.rest.clone().into_bytes(),
            "many" => pattern(self.rest.parse().unwrap_or(0), self.number),
            "mirror" => self.load().into_iter().rev().collect(),
            _ => Vec::new(),
        }
    }
}

/// The work of every pool. It says when it begins and ends, each by one write.
fn work(input: &[u8]) -> Vec<u8> {
    if input.is_empty() {
        return b"nothing to do".to_vec();
    }
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let head = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let load = parts.next().unwrap_or_default();
    let words: Vec<&str> = head.split(' ').collect();
    let [number, word, rest] = words[..] else { return b"no task of the driver".to_vec() };
    let Ok(number) = number.parse() else { return b"no number".to_vec() };
    say(&format!("task {number} begins"));
    let answer = perform(number, word, rest, load);
    say(&format!("task {number} ends"));
    answer
}

fn perform(number: usize, word: &str, rest: &str, load: &[u8]) -> Vec<u8> {
    let value = rest.parse().unwrap_or(0);
    match word {
        "shout" => rest.to_uppercase().into_bytes(),
        "where" => {
            let here = CALLER.get() == Some(&Pid::this());
            if here { "the caller's process" } else { "another process" }.into()
        }
        "large" => load.len().to_string().into_bytes(),
        "many" => pattern(value, number),
        "mirror" => load.iter().rev().copied().collect(),
        "panic" => panic!("task {number} panics"),
        "exit" => {
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(i32::try_from(value).unwrap_or(1)) }
        }
        "kill" => {
            let signal = i32::try_from(value).ok().and_then(|n| Signal::try_from(n).ok());
            let _ = signal.map(raise);
            Vec::new()
        }
        "meet" | "wait" | "tell" => {
            Meetings::take_part(number);
            b"met".to_vec()
        }
        "stay" => {
            GOES.with(|goes| goes.0.set(Some(number)));
            Meetings::take_part(number);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Says that a thread has ended, when it does: the one that has run this task.
struct Goes(Cell<Option<usize>>);

thread_local! {
    static GOES: Goes = const { Goes(Cell::new(None)) };
}

impl Drop for Goes {
    fn drop(&mut self) {
        if let Some(number) = self.0.get() {
            say(&format!("the worker of task {number} is gone"));
        }
    }
}

/// The process that calls the student's functions.
static CALLER: OnceLock<Pid> = OnceLock::new();

/// What a task gives to others, and what it takes for itself, by number. The descriptors are those of
/// `Meetings`.
static PARTS: OnceLock<Vec<Part>> = OnceLock::new();

#[derive(Debug)]
struct Part {
    number: usize,
    /// Each of these counts one up.
    gives: Vec<RawFd>,
    /// Here it waits so many times.
    takes: (RawFd, usize),
}

/// Counters in the kernel by which tasks meet, made before the pool: a task tells all others that it
/// has begun, and waits until all others have told it.
struct Meetings(Vec<EventFd>);

impl Meetings {
    fn prepare(maps: &[Vec<Task>]) -> io::Result<Self> {
        let _ = CALLER.set(Pid::this());
        let (mut counters, mut parts) = (Vec::new(), Vec::new());
        for tasks in maps {
            let of = |words: &[&str]| -> Vec<usize> {
                let such = tasks.iter().filter(|task| words.contains(&task.word.as_str()));
                such.map(|task| task.number).collect()
            };
            let mut own = Vec::new();
            for _ in of(&["meet", "stay", "wait"]) {
                let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_SEMAPHORE;
                own.push(EventFd::from_value_and_flags(0, flags)?);
            }
            let fds: Vec<RawFd> = own.iter().map(AsRawFd::as_raw_fd).collect();
            let (meet, wait) = (of(&["meet", "stay"]), of(&["wait"]));
            for (i, number) in meet.iter().enumerate() {
                let others = fds.iter().take(meet.len()).enumerate();
                let gives = others.filter(|(j, _)| *j != i).map(|(_, fd)| *fd).collect();
                parts.push(Part { number: *number, gives, takes: (fds[i], meet.len() - 1) });
            }
            let waiting = &fds[meet.len()..];
            for (number, fd) in wait.iter().zip(waiting) {
                parts.push(Part { number: *number, gives: Vec::new(), takes: (*fd, 1) });
            }
            for number in of(&["tell"]) {
                parts.push(Part { number, gives: waiting.to_vec(), takes: (-1, 0) });
            }
            counters.extend(own);
        }
        let _ = PARTS.set(parts);
        Ok(Self(counters))
    }

    /// No more tasks come.
    fn end(self) {
        drop(self.0);
    }

    fn take_part(number: usize) {
        let part = PARTS.get().and_then(|all| all.iter().find(|part| part.number == number));
        let Some(part) = part else { return };
        for fd in &part.gives {
            let _ = nix::unistd::write(counter(*fd), &1_u64.to_ne_bytes());
        }
        for _ in 0..part.takes.1 {
            while nix::unistd::read(counter(part.takes.0), &mut [0; 8]) == Err(Errno::EINTR) {}
        }
    }
}

fn counter(fd: RawFd) -> BorrowedFd<'static> {
    // SAFETY: `Meetings` keeps the counters open while there are tasks.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

// ---- what all scenarios use --------------------------------------------------------------------

/// A line by one write, also from a thread: no lock is taken.
fn say(line: &str) {
    let _ = nix::unistd::write(io::stdout(), format!("{line}\n").as_bytes());
}

/// Bytes in which a wrong place shows: rows of all 256, other ones for each `number`, and behind each row
/// its place.
fn pattern(length: usize, number: usize) -> Vec<u8> {
    let row: Vec<u8> = (0..256).map(|i| (i * 7 + number).to_le_bytes()[0]).collect();
    let mut bytes = Vec::with_capacity(length + row.len() + size_of::<usize>());
    while bytes.len() < length {
        let place = bytes.len();
        bytes.extend_from_slice(&row);
        bytes.extend_from_slice(&place.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Two ends of which one is read and never written: who reads sees when all have closed the other.
fn life_line() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?)
}

fn until_the_end(watch: &OwnedFd) -> io::Result<()> {
    loop {
        match nix::unistd::read(watch, &mut [0]) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
}

/// From here on SIGALRM runs a handler and interrupts the call that it meets: no SA_RESTART.
fn catch_alarms() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler = SigHandler::Handler(nothing);
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing.
    unsafe { sigaction(Signal::SIGALRM, &action) }?;
    Ok(())
}

/// Forks a child that runs `body` and ends.
fn start(body: impl FnOnce()) -> io::Result<Pid> {
    // SAFETY: the driver has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            body();
            end()
        }
    }
}

/// Ends a child at once: nothing is dropped.
fn end() -> ! {
    // SAFETY: `_exit` takes any code and does not return.
    unsafe { libc::_exit(0) }
}

/// Closes a child's copy of what only its parent uses.
fn close_copy(fd: &OwnedFd) {
    // SAFETY: the child does not use it, and ends without dropping it.
    unsafe { libc::close(fd.as_raw_fd()) };
}

/// Waits for a child of the driver.
fn reap(child: Pid) -> io::Result<()> {
    while let Err(error) = waitpid(child, None) {
        if error != Errno::EINTR {
            return Err(error.into());
        }
    }
    Ok(())
}

fn right_or_wrong(right: bool) -> &'static str {
    if right { "right" } else { "wrong" }
}

/// The name of the error in `errno(3)`, or its kind when it came from elsewhere.
fn errno(error: &io::Error) -> String {
    let name = |raw| format!("{:?}", Errno::from_raw(raw));
    error.raw_os_error().map_or_else(|| format!("{:?}", error.kind()), name)
}
