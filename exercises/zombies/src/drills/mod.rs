//! The drills of `zombies`: `cargo run -p zombies -- reveal`. Here stand the answers.

mod any_child;
mod late_kill;
mod nobody_asks;

use forklings_drill::{Drill, Drills, program};

pub(crate) const DRILLS: Drills = Drills {
    exercise: "zombies",
    all: &[
        Drill {
            title: "a kill that may come too late",
            program: program!(late_kill),
            possible: &[
                "child\nparent\nexited with 7\nErr(ECHILD)",
                "parent\nchild\nexited with 7\nErr(ECHILD)",
                "child\nparent\nkilled\nErr(ECHILD)",
                "parent\nchild\nkilled\nErr(ECHILD)",
                "parent\nkilled\nErr(ECHILD)",
            ],
            never: &[
                ("parent\nexited with 7\nErr(ECHILD)", "who has ended with 7 has printed before"),
                (
                    "child\nparent\nexit status 1",
                    "a zombie still has its entry and its pid, so `kill` finds it, and does not fail",
                ),
            ],
            because: "If the child has ended before `kill`, it is a zombie by then: the signal \
                      changes nothing, and the status is its own. Otherwise it is killed, before \
                      its line or after it. The second `waitpid` fails in every case: a child is \
                      reaped once, then its pid means nobody.",
        },
        Drill {
            title: "a wait for anybody, then a wait for one",
            program: program!(any_child),
            possible: &[
                "exited with 1\nErr(ECHILD)\nexited with 2",
                "exited with 2\nexited with 1\nErr(ECHILD)",
            ],
            never: &[
                (
                    "exited with 1\nexited with 2\nErr(ECHILD)",
                    "the second wait names the first child, and takes no other",
                ),
                ("exited with 1\nexited with 1\nexited with 2", "a status is told once"),
            ],
            because: "`waitpid` with `None` (-1) takes whichever child has ended; nothing says which. \
                      If it takes the first one, whoever waits for that one by name gets ECHILD: \
                      there is no such child any more. So a part of a program that waits for \
                      anybody takes statuses from all the others.",
        },
        Drill {
            title: "a parent that does not want to know",
            program: program!(nobody_asks),
            possible: &["child\nErr(ECHILD)"],
            never: &[
                ("child\nOk(Exited(Pid(4711), 7))", "nobody has kept the status"),
                (
                    "Err(ECHILD)\nchild",
                    "`waitpid` sleeps until the child has ended, and only then says that there is \
                     no status to be had",
                ),
            ],
            because: "Who ignores SIGCHLD says: I shall never ask. So the kernel makes no zombies, \
                      and throws the statuses away. It is a way not to leave zombies behind, and a \
                      way never to learn how anybody ended.",
        },
    ],
};
