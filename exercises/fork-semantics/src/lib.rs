//! `fork` returns twice. This is the file that you edit.
//!
//! `fork` copies the process that calls it; both copies go on from the same place, and only the
//! value that it returned tells them which one they are. Each TODO asks for one function;
//! `README.md` says more, and `cargo test -p fork-semantics` judges them. Use `nix`, or `libc`
//! directly: only what the kernel sees counts.
//!
//! For all of them:
//! - A child ends by `_exit` and never returns into its caller's code.
//! - Every child is reaped by its parent, and its parent reads its status.
//! - Parents sleep in the kernel while they wait; they do not poll: no loop of WNOHANG and naps. A
//!   signal may arrive meanwhile, and its handler may run; that does not end the wait.
//! - When `fork` fails, give that error back, after you have reaped those that were started. Do not
//!   try again, and start no more. (The grader lets one call fail.)

use std::io::{self, Write};

/// TODO 1. Forks once. The child writes the line `child` to `out`, the parent the line `parent`.
///
/// - The child's line comes first, under every schedule: the parent writes when it has reaped the
///   child. A sleep orders nothing.
/// - Only the parent returns.
///
/// # Errors
/// EAGAIN (or whatever `fork` says) when there can be no child: nothing is written then. Some error
/// when a line cannot be written, whether it is the parent's or the child's.
pub fn role(out: &mut dyn Write) -> io::Result<()> {
    todo!("fork, and let each of the two write its line")
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

/// TODO 2. Shows that a child's memory is its own: gives the parent's values and the child's.
///
/// - Before the fork the three variables have their start values, at every call.
/// - The child multiplies each of them by `factor`, and sends what it sees then to the parent. An
///   exit code has only eight bits, so use a pipe (`std::io::pipe`). The products fit an `i32`.
/// - The parent looks at its own variables when the child has ended. It does not touch them.
/// - The first of the pair is what the parent sees, the second what the child saw.
/// - No descriptor stays open.
///
/// # Errors
/// EAGAIN (or whatever `fork` says) when there can be no child.
pub fn experiment(factor: i32) -> io::Result<(Vals, Vals)> {
    todo!("change three variables in a child and look at them in both processes")
}

/// TODO 3. Asks a child of its own each of `questions`, and gives the answers in the `order` asked.
///
/// - Child `i` computes `think(questions[i])`, which does not panic. Its exit code is the answer:
///   there is no pipe.
/// - All children are started before any is waited for. They may end in any order.
/// - Entry `j` of the result is the answer to `questions[order[j]]`. `order` may name a question
///   twice, or not at all; every child is reaped nevertheless.
///
/// # Errors
/// - EAGAIN (or whatever `fork` says) when a child cannot be started; those that were are reaped.
/// - Some error when a child was killed by a signal, whether `order` names it or not: then there is
///   no answer. All are reaped.
pub fn answers(questions: &[u8], order: &[usize], think: &dyn Fn(u8) -> u8) -> io::Result<Vec<u8>> {
    todo!("a child for each question; its exit code is the answer")
}

/// TODO 4. Makes a fan of `n` processes: the caller is node 0, and nodes 1 to `n` are its children.
///
/// ```text
///     0
///   / | \
///  1  2  3
/// ```
/// - In process `i`, and only there, `node(i)` is called, once. The caller is not counted: it
///   calls nothing.
/// - All children are started before any is waited for.
/// - When `node` panics, unwinding must not carry the child into the caller's code, whose values
///   would be dropped twice: it ends there, with a code that is not 0.
///
/// # Errors
/// - EAGAIN (or whatever `fork` says) when a child cannot be started; those that were are reaped.
/// - Some error when a child did not end with code 0. All are reaped.
pub fn fan(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    todo!("n children of one parent")
}

/// TODO 5. Makes a chain of `n` processes: the caller is node 0, and node `i` is the child of
/// node `i - 1`.
///
/// ```text
/// 0 ── 1 ── 2 ── 3
/// ```
/// - In process `i`, and only there, `node(i)` is called, once, before or after the next process is
///   started. The caller calls nothing.
/// - Each process reaps its own child before it ends, so the caller returns when all have ended.
/// - A process whose `node` panics ends there, as in [`fan`]; those below it need not come to be.
///
/// # Errors
/// EAGAIN (or whatever `fork` says) when the caller cannot fork; some error when a fork further
/// down fails, or a process does not end with code 0. Every process that was started is reaped by
/// its parent.
pub fn chain(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    todo!("each process is the parent of the next")
}

/// TODO 6. Makes a binary tree of `n` processes: the caller is node 0, and the children of node `i`
/// are nodes `2i + 1` and `2i + 2`, as far as these are not above `n`.
///
/// ```text
///        0
///      /   \
///     1     2
///    / \   /
///   3   4 5
/// ```
/// - In process `i`, and only there, `node(i)` is called, once, at whatever moment of its life. The
///   caller calls nothing.
/// - Each process starts both of its children before it waits for either, and reaps them before it
///   ends.
/// - A process whose `node` panics ends there, as in [`fan`]; those below it need not come to be.
///
/// # Errors
/// As for [`chain`].
pub fn tree(n: usize, node: &dyn Fn(usize)) -> io::Result<()> {
    todo!("each process is the parent of two")
}
