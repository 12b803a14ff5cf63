//! A driver with drills and nothing else, for the tests.
#![expect(unsafe_code, reason = "fork is unsafe")]
#![expect(clippy::print_stdout, reason = "a drill prints")]

use forklings_drill::{Drill, Drills, Program};
use nix::unistd::{ForkResult, fork, pause};
use std::io::{self, Read, pipe};
use std::process::ExitCode;

const DRILLS: Drills = Drills {
    exercise: "examples",
    all: &[
        Drill {
            title: "two lines",
            program: Program { source: "println!(\"one\\ntwo\");\n", main: two_lines },
            possible: &["one\ntwo"],
            never: &[("two\none", "one statement after the other")],
            because: "There is one process, and it prints one line after the other.",
        },
        Drill {
            title: "everybody waits",
            program: Program { source: "", main: everybody_waits },
            possible: &["waiting\nhangs"],
            never: &[],
            because: "",
        },
        Drill {
            title: "an orphan prints",
            program: Program { source: "", main: orphan },
            possible: &["orphan", "never seen"],
            never: &[],
            because: "",
        },
        Drill {
            title: "an error",
            program: Program { source: "", main: error },
            possible: &["another one"],
            never: &[],
            because: "",
        },
    ],
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    DRILLS.answer(&words).unwrap_or(ExitCode::FAILURE)
}

fn two_lines() -> io::Result<()> {
    println!("one\ntwo");
    Ok(())
}

fn everybody_waits() -> io::Result<()> {
    println!("waiting");
    // SAFETY: there is one thread.
    unsafe { fork() }?;
    pause();
    Ok(())
}

/// The child prints when its parent is gone.
fn orphan() -> io::Result<()> {
    let (mut alive, parent) = pipe()?;
    // SAFETY: there is one thread.
    if let ForkResult::Child = unsafe { fork() }? {
        drop(parent);
        alive.read_to_end(&mut Vec::new())?;
        println!("orphan");
    }
    Ok(())
}

fn error() -> io::Result<()> {
    Err(io::ErrorKind::NotFound.into())
}
