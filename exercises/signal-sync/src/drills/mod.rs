//! The drills of `signal-sync`: `cargo run -p signal-sync -- reveal`. Here stand the answers.

mod blocked_too_late;
mod look_then_pause;
mod three_signals;

use forklings_drill::{Drill, Drills, program};

pub(crate) const DRILLS: Drills = Drills {
    exercise: "signal-sync",
    all: &[
        Drill {
            title: "three signals",
            program: program!(three_signals),
            possible: &["1", "2", "3"],
            never: &[
                (
                    "0",
                    "`waitpid` returns after all three were sent, and what is pending is handled \
                     before the parent goes on",
                ),
                ("4", "signals merge, but none is made up"),
            ],
            because: "While one SIGUSR1 is pending, another one changes nothing: pending is a yes or \
                      a no. If the parent comes to run between two sends, each of them is handled; \
                      if it does not, they are one. Your machine shows nearly always the same \
                      number, which is no promise.",
        },
        Drill {
            title: "a child that blocks the signal itself",
            program: program!(blocked_too_late),
            possible: &[
                "parent: go\nkilled",
                "parent: go\nchild: ready\nchild: told\nexited",
                "child: ready\nparent: go\nchild: told\nexited",
            ],
            never: &[
                (
                    "child: ready\nparent: go\nkilled",
                    "who is ready has blocked the signal, and a blocked signal does not kill",
                ),
                ("child: ready\nchild: told\nparent: go\nexited", "nobody has told it before"),
            ],
            because: "Between `fork` and the child's `thread_block` SIGUSR1 does what it does by \
                      default: it kills. The cure is one line further up. Who blocks before the fork \
                      has a child that is born prepared.",
        },
        Drill {
            title: "a look, then a sleep",
            program: program!(look_then_pause),
            possible: &["told", "hangs"],
            never: &[(
                "told\nhangs",
                "whoever is past the `pause` only waits for the child, and that one ends",
            )],
            because: "The handler may run after the look and before the sleep. Then `pause` waits \
                      for a second signal, and nobody sends one. The window is a few instructions \
                      wide: on your machine it may never show, and in a server it shows once a month. \
                      To look and to sleep must be one step: `sigsuspend`.",
        },
    ],
};
