//! The drills of `fork-semantics`: `cargo run -p fork-semantics -- reveal`. Here stand the answers.

mod child_that_returns;
mod half_a_line;
mod large_answer;
mod loop_that_forks;

use forklings_drill::{Drill, Drills, program};

pub(crate) const DRILLS: Drills = Drills {
    exercise: "fork-semantics",
    all: &[
        Drill {
            title: "a loop that forks",
            program: program!(loop_that_forks),
            possible: &["0\n0\n1\n1\n1\n1", "0\n1\n0\n1\n1\n1", "0\n1\n1\n0\n1\n1"],
            never: &[
                ("0\n0\n1\n1", "the child goes on in the loop, and forks as well"),
                (
                    "0\n1\n1\n1\n0\n1",
                    "each 0 comes before the two 1 of the process that printed it and of that \
                     process's child, so the second 0 comes before two of the four 1",
                ),
            ],
            because: "The first `fork` makes two processes; both print 0. Then both fork, and each \
                      of the four prints 1. Who goes first is open, but nobody forks for the second \
                      time before it has printed its 0.",
        },
        Drill {
            title: "half a line before the fork",
            program: program!(half_a_line),
            possible: &["before child\nbefore parent"],
            never: &[
                ("before child\nparent", "the text was not written yet when `fork` copied it"),
                ("before parent\nbefore child", "the parent waits for the end of the child"),
            ],
            because: "`print!` puts text into a buffer, which is memory of the process, and writes \
                      it when the line is complete. `fork` copies the buffer with the rest, so both \
                      processes have the half line, and both write it. A `println!` before the fork \
                      is written at once, and never doubles.",
        },
        Drill {
            title: "a child that returns",
            program: program!(child_that_returns),
            possible: &[
                "child\nend\nparent\nend",
                "child\nparent\nend\nend",
                "parent\nchild\nend\nend",
                "parent\nend\nchild\nend",
            ],
            never: &[
                ("child\nparent\nend", "both processes return from `greet`, and both go on"),
                ("parent\nchild\nend", "the same"),
            ],
            because: "The child is a copy of the whole process, with all the calls that it is in the \
                      midst of. When it returns from `greet`, it returns into its own copy of \
                      `main`. A child that shall only greet has to end there, by `_exit`.",
        },
        Drill {
            title: "an answer of 301",
            program: program!(large_answer),
            possible: &["300 45"],
            never: &[
                ("301 45", "what the child changes is its own copy"),
                ("300 301", "an exit code has 8 bits: 301 - 256 = 45 are left of it"),
            ],
            because: "After `fork` the two share no variable. The only thing that comes back here is \
                      the exit code, a number from 0 to 255. Whatever is larger is cut off without a \
                      word.",
        },
    ],
};
