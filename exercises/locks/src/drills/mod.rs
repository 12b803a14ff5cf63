//! The drills of `locks`: `cargo run -p locks -- reveal`. Here stand the answers.

mod fork_inside;
mod lock_per_process;
mod two_atomics;

use forklings_drill::{Drill, Drills, program};

pub(crate) const DRILLS: Drills = Drills {
    exercise: "locks",
    all: &[
        Drill {
            title: "two atomic operations",
            program: program!(two_atomics),
            possible: &["1", "2"],
            never: &[
                ("0", "whoever writes last writes at least 1"),
                ("3", "each of the two adds 1 to what it has seen, once"),
            ],
            because: "`load` is one step, and `store` is one step. Both together are two, and the \
                      other process may come between them. Then both have seen 0, both write 1, and \
                      one of the two additions is lost. `fetch_add(1, …)` is one step; for anything \
                      larger one needs a lock.",
        },
        Drill {
            title: "a mutex, and a fork",
            program: program!(lock_per_process),
            possible: &["1"],
            never: &[(
                "2",
                "`static` memory is copied by `fork`: the child adds to its own number, under its \
                 own lock",
            )],
            because: "No lock makes memory shared. There are two numbers and two mutexes, each in \
                      its own process, and nobody ever waits. What two processes share stands in \
                      shared memory, the lock as well as what it guards.",
        },
        Drill {
            title: "a fork inside of a section",
            program: program!(fork_inside),
            possible: &["parent: outside\nhangs"],
            never: &[
                (
                    "parent: outside\nchild: inside\nparent: end",
                    "the parent unlocks its own mutex; the child's copy stays locked",
                ),
                ("child: inside\nparent: outside\nparent: end", "the same"),
            ],
            because: "`fork` copies the mutex as it is, and it is locked. In the child nobody is \
                      inside, and nobody will ever unlock it. So the child waits for ever, and the \
                      parent for the child. That is why a process with threads must be careful \
                      after `fork`: any thread may have held any lock at that moment.",
        },
    ],
};
