//! The drills of `pools`: `cargo run -p pools -- reveal`. Here stand the answers.

mod killed_at_work;
mod told_to_end;
mod two_at_work;

use forklings_drill::{Drill, Drills, program};

pub(crate) const DRILLS: Drills = Drills {
    exercise: "pools",
    all: &[
        Drill {
            title: "three tasks, two at work",
            program: program!(two_at_work),
            possible: &[
                "task 1\ntask 2\ntask 3",
                "task 1\ntask 3\ntask 2",
                "task 2\ntask 1\ntask 3",
                "task 2\ntask 3\ntask 1",
            ],
            never: &[
                (
                    "task 3\ntask 1\ntask 2",
                    "who takes task 3 has printed another one before, for two cannot have taken three",
                ),
                (
                    "task 1\ntask 1\ntask 2\ntask 2\ntask 3\ntask 3",
                    "what one has read from the pipe is not there for the other",
                ),
            ],
            because: "The tasks are taken in their order, but a line is printed some time later, and the \
                      other one may come in between. Somebody can even run two tasks before the other \
                      has printed its first. Task 3 is taken when one of the others is done: it is \
                      never the first. Workers can share a pipe where a task is one byte; of longer \
                      messages each could get a piece.",
        },
        Drill {
            title: "two workers are told to end",
            program: program!(told_to_end),
            possible: &["second: Ok(0)\nfirst: Ok(0)"],
            never: &[
                (
                    "first: Ok(0)\nsecond: Ok(0)",
                    "when the second worker was forked, the pipe to the first one was open: it has a \
                     copy of that end, and keeps it until it ends",
                ),
                (
                    "hangs",
                    "the second worker's pipe has no other copy: it ends, and frees the first",
                ),
            ],
            because: "End of file comes when nobody holds the end to write any more, and a fork copies \
                      that too. The parent has let go of both; the second worker has not let go of the \
                      first one's. So it ends first, in every run. Had the parent waited for the \
                      first before it closed the second, all three would wait for ever.",
        },
        Drill {
            title: "a worker is killed at work",
            program: program!(killed_at_work),
            possible: &[
                "\"\", killed",
                "a mail is sent\n\"\", killed",
                "a mail is sent\n\"done\", killed",
                "a mail is sent\n\"done\", exited",
            ],
            never: &[
                ("\"done\", killed", "it says that it is done after it has sent the mail"),
                ("hangs", "when the worker is dead nobody holds the end to write: end of file"),
            ],
            because: "The kill comes before the task, in its midst, or after it. Where there is no answer \
                      the parent knows that the worker is dead, and not whether the mail is sent: the \
                      first two look the same from there. Who runs the task again may send it twice. \
                      And a worker that was killed may have answered: its task is done.",
        },
    ],
};
