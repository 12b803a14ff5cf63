//! The drills of `pipes`: `cargo run -p pipes -- reveal`. Here stand the answers.

mod nobody_reads;
mod one_read;
mod own_write_end;
mod torn_lines;

use forklings_drill::{Drill, Drills, program};

pub(crate) const DRILLS: Drills = Drills {
    exercise: "pipes",
    all: &[
        Drill {
            title: "a pipe, and one process",
            program: program!(own_write_end),
            possible: &["hangs"],
            never: &[("5", "there is no end of file as long as a write end is open")],
            because: "`read_to_string` reads until the end of file, and that comes when the last \
                      write end is closed. The last one is `writer`, which this very process holds \
                      until the end of `main`: it waits for itself. With `drop(writer)` before the \
                      read it prints 5.",
        },
        Drill {
            title: "two writes, one read",
            program: program!(one_read),
            possible: &["one", "onetwo"],
            never: &[
                ("two", "bytes come out in the order in which they went in"),
                ("one\ntwo", "there is one read, and one line"),
            ],
            because: "A pipe is a queue of bytes, and has no notion of a message. A read gives what \
                      is there at that moment: it waits only while there is nothing. Whoever wants \
                      all of it reads until the end of file.",
        },
        Drill {
            title: "two writers, a line each",
            program: program!(torn_lines),
            possible: &[r#""A\nB\n""#, r#""B\nA\n""#, r#""AB\n\n""#, r#""BA\n\n""#],
            never: &[
                (r#""A\n\nB""#, "B stands before its own newline, which would be the second one"),
                (r#""A\n""#, "the parent reads until both have closed their write ends"),
            ],
            because: "A `File` has no buffer, and `writeln!` makes a write for each piece: the name, \
                      then the newline. A write of at most PIPE_BUF bytes is never torn apart; \
                      between two writes anything may come. `write_all(format!(\"{name}\\n\")\
                      .as_bytes())` is one write.",
        },
        Drill {
            title: "nobody reads",
            program: program!(nobody_reads),
            possible: &["BrokenPipe"],
            never: &[
                (
                    "killed by SIGPIPE",
                    "a Rust program starts with SIGPIPE ignored; a C program would be killed",
                ),
                ("5 bytes", "bytes that nobody can ever read are not taken"),
            ],
            because: "The kernel sends SIGPIPE to whoever writes when the last read end is closed. \
                      Who ignores it gets the error EPIPE from the write instead, in Rust \
                      `BrokenPipe`. (`println!` panics at that error: status 101.)",
        },
    ],
};
