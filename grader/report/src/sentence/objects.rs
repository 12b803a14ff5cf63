//! Sentences of the rules about things with a name that outlive the program.

use super::Explanation;
use super::name::{count, list};
use crate::escape::line;
use forklings_model::Rule;

pub(super) fn left(rule: Rule, paths: &[String]) -> Explanation {
    let words = words(rule);
    let names: Vec<String> = paths.iter().map(|path| line(path)).collect();
    let verb = if paths.len() == 1 { "was" } else { "were" };
    Explanation {
        expected: format!("the program removes {}", words.made),
        happened: format!(
            "{} {verb} left when the program had ended: {}",
            count(paths.len() as u64, words.one, words.many),
            list(&names, 4)
        ),
        likely: words.likely.to_owned(),
        experiment: words.experiment.to_owned(),
        man: words.man,
    }
}

/// What is said of one kind of thing.
struct Words {
    one: &'static str,
    many: &'static str,
    made: &'static str,
    likely: &'static str,
    experiment: &'static str,
    man: &'static str,
}

fn words(rule: Rule) -> Words {
    if rule == Rule::ShmLeft {
        Words {
            one: "piece of shared memory",
            many: "pieces of shared memory",
            made: "the shared memory that it named",
            likely: "closing or unmapping it does not take its name away, and it lives as long as \
                     its name",
            experiment: "call shm_unlink as soon as everybody has opened it",
            man: "man 7 shm_overview, \"Persistence\"",
        }
    } else if rule == Rule::SemLeft {
        Words {
            one: "named semaphore",
            many: "named semaphores",
            made: "the semaphores that it named",
            likely: "sem_close does not take the name away, and the value stays with the name: the \
                     next run finds it",
            experiment: "call sem_unlink right after sem_open",
            man: "man 7 sem_overview, \"Persistence\"",
        }
    } else if rule == Rule::QueueLeft {
        Words {
            one: "message queue",
            many: "message queues",
            made: "the message queues that it made",
            likely: "mq_close does not take the name away, and unread messages stay with the name",
            experiment: "call mq_unlink when everybody has opened it, on every path",
            man: "man 7 mq_overview",
        }
    } else if rule == Rule::FifoLeft {
        Words {
            one: "FIFO",
            many: "FIFOs",
            made: "the FIFOs that it made",
            likely: "a FIFO is an entry of the file system: it stays until somebody removes it",
            experiment: "call unlink when both sides have opened it, or use a pipe",
            man: "man 7 fifo",
        }
    } else if rule == Rule::SocketLeft {
        Words {
            one: "socket",
            many: "sockets",
            made: "the names that it bound sockets to",
            likely: "closing a socket does not remove the name that it was bound to",
            experiment: "call unlink for its path at the end, or use socketpair",
            man: "man 7 unix",
        }
    } else {
        Words {
            one: "temporary file",
            many: "temporary files",
            made: "the temporary files that it made",
            likely: "nobody removes it on this path: an early return, an error, or an exit that \
                     skips the clean-up",
            experiment: "call unlink right after open: the file lives until its last descriptor is \
                         closed",
            man: "man 2 unlink; man 2 open, O_TMPFILE",
        }
    }
}
