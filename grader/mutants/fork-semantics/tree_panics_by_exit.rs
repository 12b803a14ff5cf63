//! expect: output-wrong
//! A child that panics ends by `exit`, which runs what the caller has registered for its own end.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, Ordering};

/// Forks a child that does `work` and ends with the code that it returns.
fn start(work: impl FnOnce() -> i32) -> nix::Result<Pid> {
    // SAFETY: the program has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            // A panic ends here too: it must not unwind into the caller's code.
            let code = catch_unwind(AssertUnwindSafe(work))
                .unwrap_or_else(|_| std::process::exit(101));
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(code) }
        }
    }
}

/// Reaps one child and gives its exit code; a child that was killed has none.
fn reap(child: Pid) -> io::Result<u8> {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return u8::try_from(code).map_err(io::Error::other),
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                return Err(io::Error::other(format!("a child was killed by {signal}")));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reaps every child, also when one of them has failed, and gives the codes in the same order.
fn reap_all(children: &[Pid]) -> io::Result<Vec<u8>> {
    let codes: Vec<io::Result<u8>> = children.iter().map(|child| reap(*child)).collect();
    codes.into_iter().collect()
}

/// Reaps every child; each must have ended with code 0.
fn reap_the_successful(children: &[Pid]) -> io::Result<()> {
    match reap_all(children)?.iter().find(|code| **code != 0) {
        None => Ok(()),
        Some(code) => Err(io::Error::other(format!("a child ended with code {code}"))),
    }
}

/// Forks once. The child writes the line `child` to `out`, the parent the line `parent`.
///
/// # Errors
/// Those of `fork` and of `out`.
pub fn role(out: &mut dyn Write) -> io::Result<()> {
    let child = start(|| match writeln!(out, "child").and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(_) => 1,
    })?;
    // The child's line is out when the child is dead.
    reap_the_successful(&[child])?;
    writeln!(out, "parent")?;
    out.flush()
}

/// The values of three variables that live in different places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vals {
    /// A `static` of this file. It starts as 111.
    pub in_static: i32,
    /// A local variable. It starts as 222.
    pub on_stack: i32,
    /// What a `Box` holds. It starts as 444.
    pub on_heap: i32,
}

static IN_STATIC: AtomicI32 = AtomicI32::new(111);

/// Shows that a child's memory is its own: gives the parent's values and the child's.
///
/// # Errors
/// Those of `pipe` and `fork`.
pub fn experiment(factor: i32) -> io::Result<(Vals, Vals)> {
    let mut on_stack = 222;
    let mut on_heap = Box::new(444);
    let (mut receiver, mut sender) = io::pipe()?;

    let child = start(|| {
        IN_STATIC.store(IN_STATIC.load(Ordering::Relaxed) * factor, Ordering::Relaxed);
        on_stack *= factor;
        *on_heap *= factor;
        let seen = [IN_STATIC.load(Ordering::Relaxed), on_stack, *on_heap];
        let bytes: Vec<u8> = seen.iter().flat_map(|value| value.to_ne_bytes()).collect();
        match sender.write_all(&bytes) {
            Ok(()) => 0,
            Err(_) => 1,
        }
    })?;

    drop(sender);
    let mut bytes = [0; 12];
    let read = receiver.read_exact(&mut bytes);
    drop(receiver);
    reap_the_successful(&[child])?;
    read?;

    let value = |i: usize| i32::from_ne_bytes([0, 1, 2, 3].map(|byte| bytes[4 * i + byte]));
    let parents =
        Vals { in_static: IN_STATIC.load(Ordering::Relaxed), on_stack, on_heap: *on_heap };
    let childs = Vals { in_static: value(0), on_stack: value(1), on_heap: value(2) };
    Ok((parents, childs))
}

/// Asks a child of its own each of `questions`, and gives the answers in the `order` asked.
///
/// # Errors
/// Those of `fork`, and one of our own when a child was killed. All children are reaped even then.
pub fn answers(questions: &[u8], order: &[usize], think: &dyn Fn(u8) -> u8) -> io::Result<Vec<u8>> {
    let mut children = Vec::new();
    let mut failed = Ok(());
    for &question in questions {
        match start(|| i32::from(think(question))) {
            Ok(child) => children.push(child),
            Err(error) => {
                failed = Err(error);
                break;
            }
        }
    }
    let answers = reap_all(&children);
    failed?;
    let answers = answers?;
    Ok(order.iter().map(|question| answers[*question]).collect())
}

/// Makes a fan of `n` processes: the caller is node 0, and nodes 1 to `n` are its children.
///
/// # Errors
/// Those of `fork`, and one of our own when a child failed. All children are reaped even then.
pub fn fan(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    let mut children = Vec::new();
    let mut failed = Ok(());
    for i in 1..=n {
        let work = || {
            node(i);
            0
        };
        match start(work) {
            Ok(child) => children.push(child),
            Err(error) => {
                failed = Err(error);
                break;
            }
        }
    }
    let reaped = reap_the_successful(&children);
    failed?;
    reaped
}

/// Makes a chain of `n` processes: the caller is node 0, node `i` is the child of node `i - 1`.
///
/// # Errors
/// Those of `fork`, and one of our own when a process further down failed.
pub fn chain(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    below_in_chain(0, n, node)
}

/// What process `i` does for the rest of the chain: it starts the next process and reaps it.
fn below_in_chain(i: usize, n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    if i == n {
        return Ok(());
    }
    let next = start(|| {
        node(i + 1);
        match below_in_chain(i + 1, n, node) {
            Ok(()) => 0,
            Err(_) => 1,
        }
    })?;
    reap_the_successful(&[next])
}

/// Makes a binary tree of `n` processes: the children of node `i` are `2i + 1` and `2i + 2`.
///
/// # Errors
/// Those of `fork`, and one of our own when a process further down failed.
pub fn tree(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    below_in_tree(0, n, node)
}

/// What process `i` does for the rest of the tree: it starts its children and reaps them.
fn below_in_tree(i: usize, n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    let mut children = Vec::new();
    let mut failed = Ok(());
    for next in [2 * i + 1, 2 * i + 2] {
        if next > n {
            break;
        }
        let work = || {
            node(next);
            match below_in_tree(next, n, node) {
                Ok(()) => 0,
                Err(_) => 1,
            }
        };
        match start(work) {
            Ok(child) => children.push(child),
            Err(error) => {
                failed = Err(error);
                break;
            }
        }
    }
    let reaped = reap_the_successful(&children);
    failed?;
    reaped
}
