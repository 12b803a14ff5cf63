//! The drills of `copy-on-write`: `cargo run -p copy-on-write -- reveal`. Here stand the answers.

mod late_child;
mod panic_in_the_child;
mod two_mappings;

use forklings_drill::{Drill, Drills, program};

pub(crate) const DRILLS: Drills = Drills {
    exercise: "copy-on-write",
    all: &[
        Drill {
            title: "a child that comes late",
            program: program!(late_child),
            possible: &["child: 1\nparent: 2\nparent: 2", "parent: 2\nchild: 1\nparent: 2"],
            never: &[
                (
                    "parent: 2\nchild: 2\nparent: 2",
                    "the page with `n` was copied when the parent wrote to it: the child has the one \
                     from before",
                ),
                ("parent: 2\nparent: 2\nchild: 1", "the parent waits for the child in between"),
            ],
            because: "The child has `n` as it was at the fork, however late it runs. Nothing was \
                      copied then; but whoever of the two writes first, here the parent, gets a copy \
                      of that page, and the other one keeps what was there. With a thread in the \
                      child's place there would be one `n` for both.",
        },
        Drill {
            title: "a private and a shared page",
            program: program!(two_mappings),
            possible: &[
                "private 0, shared 0\nprivate 0, shared 1",
                "private 0, shared 1\nprivate 0, shared 1",
            ],
            never: &[
                (
                    "private 0, shared 0\nprivate 1, shared 1",
                    "the child has written to a copy of the private page, and nothing brings that \
                     back",
                ),
                (
                    "private 0, shared 0\nprivate 0, shared 0",
                    "a page that is mapped with MAP_SHARED is the same one after the fork, and the \
                     child has written to it before the wait is over",
                ),
            ],
            because: "The child writes to both. The private page is copied for it, and its parent sees \
                      0 for ever. The shared page is not: the parent sees 1 as soon as it was written, \
                      which may be before the first line or after it. Only the wait makes it \
                      certain.",
        },
        Drill {
            title: "a panic in the child",
            program: program!(panic_in_the_child),
            possible: &["no answer\nanswer: Ok(7)"],
            never: &[
                (
                    "answer: Ok(7)",
                    "the panic ends neither the child nor what the child prints: `main` catches it",
                ),
                (
                    "no answer",
                    "the parent has not panicked: it has waited for the child and goes on",
                ),
            ],
            because: "The child has a copy of everything, the stack with its callers included. So its \
                      panic goes back through a copy of `main`, is caught there, and the child goes on \
                      as if it were the program: two processes come out of a function that one has \
                      called. Whoever forks in a function catches in the child, and ends it there.",
        },
    ],
};
