//! The driver of `fork-semantics`: turns a scenario's name and arguments into calls of the
//! student's functions, and prints what came of them. Given; not to be edited.
//!
//! `cargo run -p fork-semantics -- fan 3` runs one scenario. Add `strace -f` to see its calls.

use fork_semantics::{answers, chain, experiment, fan, role, tree};
use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

#[expect(clippy::undocumented_unsafe_blocks, reason = "a drill is read as it stands")]
mod drills;

const USAGE: &str = "\
usage: cargo run -p fork-semantics -- reveal [N]
       cargo run -p fork-semantics -- SCENARIO ARGUMENTS
  role                      a parent and its child, each with its line
  role_on_stderr            the same, on standard error
  role_refused WHO          the same, but WHO, child or parent, cannot write
  experiment FACTOR...      private memory, once for each factor
  answers QUESTIONS ORDER   questions and order are lists: 3,5,9 2,0,1; the answers are squares
  answers_together N        N questions, but no child ends before all have begun
  answers_unlucky QUESTIONS ORDER
                            the child that is asked 13 kills itself
  fan N                     N processes, all children of one
  fan_together N            the same, but no child ends before all have begun
  fan_panics N I            the same, but process I panics
  fan_killed N I            the same, but process I kills itself
  chain N                   N processes, each the child of the one before
  chain_panics N I          the same, but process I panics
  chain_killed N I          the same, but process I kills itself
  tree N                    N processes, each the parent of two
  tree_together N           the same, but no child ends before its sibling has begun
  tree_panics N I           the same as tree N, but process I panics
  tree_killed N I           the same, but process I kills itself";

/// A function of the student's that makes processes which run a given function.
type Shape = fn(usize, &dyn Fn(usize)) -> io::Result<()>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(code) = drills::DRILLS.answer(&words) {
        return code;
    }
    tell_of_exits();
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
        ["role"] => roles(&mut io::stdout()),
        ["role_on_stderr"] => roles(&mut io::stderr()),
        ["role_refused", who @ ("child" | "parent")] => {
            roles(&mut Refusing { caller: std::process::id(), caller_only: *who == "parent" })
        }
        ["experiment", factors @ ..] => experiments(&numbers(factors.iter().copied())?),
        ["answers", questions, order] => {
            ask(&numbers(questions.split(','))?, &numbers(order.split(','))?)
        }
        ["answers_together", n] => ask_together(n.parse().ok()?),
        ["answers_unlucky", questions, order] => {
            ask_unlucky(&numbers(questions.split(','))?, &numbers(order.split(','))?)
        }
        ["fan", n] => shape("fan", fan, n.parse().ok()?, |_| 0),
        ["fan_together", n] => fan_together(n.parse().ok()?),
        ["fan_panics", n, i] => panics("fan", fan, n.parse().ok()?, i.parse().ok()?),
        ["fan_killed", n, i] => killed("fan", fan, n.parse().ok()?, i.parse().ok()?),
        ["chain", n] => shape("chain", chain, n.parse().ok()?, |i| i - 1),
        ["chain_panics", n, i] => panics("chain", chain, n.parse().ok()?, i.parse().ok()?),
        ["chain_killed", n, i] => killed("chain", chain, n.parse().ok()?, i.parse().ok()?),
        ["tree", n] => shape("tree", tree, n.parse().ok()?, |i| (i - 1) / 2),
        ["tree_together", n] => tree_together(n.parse().ok()?),
        ["tree_panics", n, i] => panics("tree", tree, n.parse().ok()?, i.parse().ok()?),
        ["tree_killed", n, i] => killed("tree", tree, n.parse().ok()?, i.parse().ok()?),
        _ => return None,
    })
}

fn roles(out: &mut dyn Write) -> io::Result<()> {
    catch_alarms()?;
    let result = role(out);
    settle_one()?;
    result?;
    println!("role returned");
    Ok(())
}

/// Takes nothing from one of the two: from the caller, or from everybody else.
struct Refusing {
    caller: u32,
    caller_only: bool,
}

impl Write for Refusing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (std::process::id() == self.caller) == self.caller_only {
            return Err(io::ErrorKind::StorageFull.into());
        }
        io::stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

fn experiments(factors: &[i32]) -> io::Result<()> {
    catch_alarms()?;
    for factor in factors {
        let result = experiment(*factor);
        settle_one()?;
        let (parent, child) = result?;
        for (who, vals) in [("parent", parent), ("child", child)] {
            println!("{who}: {} {} {}", vals.in_static, vals.on_stack, vals.on_heap);
        }
    }
    Ok(())
}

fn ask(questions: &[u8], order: &[usize]) -> io::Result<()> {
    catch_alarms()?;
    let think = |question: u8| {
        println!("asked: {question}");
        question.wrapping_mul(question)
    };
    let result = answers(questions, order, &think);
    settle_one()?;
    let words: Vec<String> = result?.iter().map(u8::to_string).collect();
    println!("answers: {}", words.join(" "));
    Ok(())
}

fn ask_together(n: u8) -> io::Result<()> {
    catch_alarms()?;
    let gate = Gate::new()?;
    let questions: Vec<u8> = (1..=n).collect();
    let think = |question: u8| {
        gate.pass(question.into(), n.into());
        question.wrapping_mul(question)
    };
    let order: Vec<usize> = (0..questions.len()).collect();
    let result = answers(&questions, &order, &think);
    settle_one()?;
    let words: Vec<String> = result?.iter().map(u8::to_string).collect();
    println!("answers: {}", words.join(" "));
    Ok(())
}

fn ask_unlucky(questions: &[u8], order: &[usize]) -> io::Result<()> {
    catch_alarms()?;
    let think = |question: u8| {
        if question == 13 {
            // It does not return: SIGKILL cannot be caught.
            let _ = raise(Signal::SIGKILL);
        }
        question
    };
    let result = answers(questions, order, &think);
    settle_one()?;
    match &result {
        Ok(answers) => {
            for (i, answer) in order.iter().zip(answers) {
                println!("question {}: answered {answer}", questions[*i]);
            }
        }
        // What is wrong with an answer, set against what there was in its place.
        Err(_) => println!("question 13: killed by {}", Signal::SIGKILL as i32),
    }
    result.map(drop)
}

/// Something that the caller has to give back once. A child that comes back into the caller's
/// code, by return or by unwinding, gives it back a second time.
struct Loan;

impl Drop for Loan {
    fn drop(&mut self) {
        println!("the caller's loan is given back");
    }
}

/// `parent` gives the number of each process's parent.
fn shape(name: &str, make: Shape, n: usize, parent: fn(usize) -> usize) -> io::Result<()> {
    catch_alarms()?;
    let _loan = Loan;
    let caller = std::process::id();
    let (mut all_gone, alive) = io::pipe()?;
    // Every process says who it is and who its parent is, which is alive: it reaps its children
    // before it ends.
    call(name, make, n, &|i| {
        let (me, parent) = (std::process::id(), std::os::unix::process::parent_id());
        let _ = (&alive).write_all(format!("{i} {me} {parent}\n").as_bytes());
    })?;
    // Whoever should have ended by now and has not shows itself after that line: every process
    // holds the pipe's write end as long as it lives, and the end of file comes with the last.
    drop(alive);
    if std::process::id() == caller {
        let mut said = String::new();
        all_gone.read_to_string(&mut said)?;
        tell_wrong_parents(&said, caller, parent);
    }
    Ok(())
}

/// Compares the pid of each process's parent with that of the process that should be it.
fn tell_wrong_parents(said: &str, caller: u32, parent: fn(usize) -> usize) {
    let words = said.lines().filter_map(|line| numbers::<usize>(line.split(' ')));
    let mut pids = HashMap::from([(0, caller as usize)]);
    let mut parents = Vec::new();
    for words in words {
        if let [i, pid, parent] = words[..] {
            pids.insert(i, pid);
            parents.push((i, parent));
        }
    }
    for (i, is) in parents {
        let should_be = parent(i);
        if pids.get(&should_be) != Some(&is) {
            println!("node {i}: not a child of node {should_be}");
        }
    }
}

fn fan_together(n: usize) -> io::Result<()> {
    catch_alarms()?;
    let gate = Gate::new()?;
    call("fan", fan, n, &|i| gate.pass(i, n))
}

fn tree_together(n: usize) -> io::Result<()> {
    catch_alarms()?;
    // One for each pair of siblings: 1 and 2, 3 and 4, and so on.
    let gates: Vec<Gate> = (0..n / 2).map(|_| Gate::new()).collect::<io::Result<_>>()?;
    call("tree", tree, n, &|i| {
        if let Some(gate) = gates.get((i - 1) / 2) {
            gate.pass(2 - i % 2, 2);
        }
    })
}

fn panics(name: &str, make: Shape, n: usize, unlucky: usize) -> io::Result<()> {
    catch_alarms()?;
    let _loan = Loan;
    call(name, make, n, &|i| assert!(i != unlucky, "node {i} panics, as the scenario asks"))
}

fn killed(name: &str, make: Shape, n: usize, unlucky: usize) -> io::Result<()> {
    catch_alarms()?;
    call(name, make, n, &|i| {
        if i == unlucky {
            // It does not return: SIGKILL cannot be caught.
            let _ = raise(Signal::SIGKILL);
        }
    })
}

/// Makes the shape. Each process prints its line after `work`, and the caller prints another one
/// when all went well.
fn call(name: &str, make: Shape, n: usize, work: &dyn Fn(usize)) -> io::Result<()> {
    // The process that was a node last. Every process has its own copy.
    let last = Cell::new(std::process::id());
    let result = make(n, &|i| {
        let me = std::process::id();
        if last.replace(me) == me {
            println!("node {i}: not in a process of its own");
            return;
        }
        work(i);
        println!("node {i}");
    });
    settle_one()?;
    result?;
    println!("{name} of {n}: done");
    Ok(())
}

// ---- what all scenarios use --------------------------------------------------------------------

fn numbers<'a, N: std::str::FromStr>(words: impl Iterator<Item = &'a str>) -> Option<Vec<N>> {
    words.filter(|word| !word.is_empty()).map(|word| word.parse().ok()).collect()
}

/// Has a line printed when a child ends by `exit`: that runs what the program has registered for
/// its own end, once more, in the child. `_exit` does not.
fn tell_of_exits() {
    static CALLER: AtomicU32 = AtomicU32::new(0);
    extern "C" fn at_exit() {
        if std::process::id() != CALLER.load(Ordering::SeqCst) {
            println!("a child ended by exit, not by _exit");
        }
    }
    CALLER.store(std::process::id(), Ordering::SeqCst);
    // SAFETY: the function may be called at any time after this.
    unsafe { libc::atexit(at_exit) };
}

/// Where processes 1 to `n` wait until the first and the last of them have come. A parent that waits
/// for one of them before it has started all, from either end, waits for ever.
struct Gate {
    first: EventFd,
    last: EventFd,
}

impl Gate {
    fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_SEMAPHORE;
        Ok(Self { first: EventFd::from_flags(flags)?, last: EventFd::from_flags(flags)? })
    }

    /// Each that comes takes one of the `n` that the first and the last give out.
    fn pass(&self, i: usize, n: usize) {
        for (who, door) in [(1, &self.first), (n, &self.last)] {
            if i == who {
                let _ = door.write(n as u64);
            }
        }
        for door in [&self.first, &self.last] {
            let _ = door.read();
        }
    }
}

/// Waits until one child has ended and reaps nobody; returns at once when there is none. Whom the
/// student's function has not reaped by then is a zombie when the program ends.
fn settle_one() -> io::Result<()> {
    loop {
        match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Err(Errno::EINTR) => {}
            Ok(_) | Err(Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// From here on SIGALRM runs a handler and interrupts the call that it meets: no SA_RESTART.
fn catch_alarms() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, so it is safe wherever the signal arrives.
    unsafe { sigaction(Signal::SIGALRM, &action) }?;
    Ok(())
}

/// The name of the error in `errno(3)`; other errors are the student's own words.
fn errno(error: &io::Error) -> String {
    error.raw_os_error().map_or(error.to_string(), |raw| format!("{:?}", Errno::from_raw(raw)))
}
