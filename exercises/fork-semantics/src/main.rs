//! The driver of `fork-semantics`: turns a scenario's name and arguments into calls of the
//! student's functions, and prints what came of them. Given; not to be edited.
//!
//! `cargo run -p fork-semantics -- fan 3` runs one scenario. Add `strace -f` to see its calls.

use fork_semantics::{answers, chain, experiment, fan, role, tree};
use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use std::io::{self, Read};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo run -p fork-semantics -- SCENARIO ARGUMENTS
  role                      a parent and its child, each with its line
  experiment FACTOR...      private memory, once for each factor
  answers QUESTIONS ORDER   questions and order are lists: 3,5,9 2,0,1; the answers are squares
  answers_unlucky QUESTIONS the child that is asked 13 kills itself
  fan N                     N processes, all children of one
  fan_together N            the same, but the first ends only when the last has begun
  fan_panics N I            the same, but process I panics
  chain N                   N processes, each the child of the one before
  tree N                    N processes, each the parent of two";

/// A function of the student's that makes processes which run a given function.
type Shape = fn(usize, &dyn Fn(usize)) -> io::Result<()>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
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
        ["role"] => roles(),
        ["experiment", factors @ ..] => experiments(&numbers(factors.iter().copied())?),
        ["answers", questions, order] => {
            ask(&numbers(questions.split(','))?, &numbers(order.split(','))?)
        }
        ["answers_unlucky", questions] => ask_unlucky(&numbers(questions.split(','))?),
        ["fan", n] => shape("fan", fan, n.parse().ok()?),
        ["fan_together", n] => fan_together(n.parse().ok()?),
        ["fan_panics", n, i] => fan_panics(n.parse().ok()?, i.parse().ok()?),
        ["chain", n] => shape("chain", chain, n.parse().ok()?),
        ["tree", n] => shape("tree", tree, n.parse().ok()?),
        _ => return None,
    })
}

fn roles() -> io::Result<()> {
    catch_alarms()?;
    let result = role(&mut io::stdout());
    settle_one()?;
    result?;
    println!("role returned");
    Ok(())
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

fn ask_unlucky(questions: &[u8]) -> io::Result<()> {
    catch_alarms()?;
    let think = |question: u8| {
        if question == 13 {
            // It does not return: SIGKILL cannot be caught.
            let _ = raise(Signal::SIGKILL);
        }
        question
    };
    let order: Vec<usize> = (0..questions.len()).collect();
    let result = answers(questions, &order, &think);
    settle_one()?;
    println!("answers: {:?}", result?);
    Ok(())
}

/// Something that the caller has to give back once. A child that comes back into the caller's
/// code, by return or by unwinding, gives it back a second time.
struct Loan;

impl Drop for Loan {
    fn drop(&mut self) {
        println!("the caller's loan is given back");
    }
}

fn shape(name: &str, make: Shape, n: usize) -> io::Result<()> {
    catch_alarms()?;
    let _loan = Loan;
    let caller = std::process::id();
    let (mut all_gone, alive) = io::pipe()?;
    let result = make(n, &|i| println!("node {i}"));
    settle_one()?;
    result?;
    println!("{name} of {n}: done");
    // Whoever should have ended by now and has not shows itself after that line: every process
    // holds the pipe's write end as long as it lives, and the end of file comes with the last.
    drop(alive);
    if std::process::id() == caller {
        all_gone.read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

fn fan_together(n: usize) -> io::Result<()> {
    catch_alarms()?;
    let last_has_begun = EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?;
    let result = fan(n, &|i| {
        if i == n {
            let _ = last_has_begun.write(1);
        } else if i == 1 {
            let _ = last_has_begun.read();
        }
        println!("node {i}");
    });
    settle_one()?;
    result?;
    println!("fan of {n}: done");
    Ok(())
}

fn fan_panics(n: usize, unlucky: usize) -> io::Result<()> {
    catch_alarms()?;
    let _loan = Loan;
    let result = fan(n, &|i| {
        assert!(i != unlucky, "node {i} panics, as the scenario asks");
        println!("node {i}");
    });
    settle_one()?;
    result?;
    println!("fan of {n}: done");
    Ok(())
}

// ---- what all scenarios use --------------------------------------------------------------------

fn numbers<'a, N: std::str::FromStr>(words: impl Iterator<Item = &'a str>) -> Option<Vec<N>> {
    words.filter(|word| !word.is_empty()).map(|word| word.parse().ok()).collect()
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
