//! Failures of runs without the tracer, of which only what they printed is known.

use crate::build::Run;
use forklings_model::{Demand, Detail, Failure, Stream};

/// Every case, named by its rule and what is special about it.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    vec![
        ("differs-unwatched", printed_otherwise()),
        ("differs-unwatched-order", in_another_order()),
    ]
}

fn failure(demand: Demand, printed: &str) -> Failure {
    let mut run = Run::new(&["reap_all", "2"]);
    run.trace.events.clear();
    run.trace.stdout = printed.as_bytes().to_vec();
    let detail = Detail::DiffersUnwatched { demand, actual: printed.to_owned() };
    Failure { replay: None, ..run.failure(detail, &[], None, None) }
}

fn printed_otherwise() -> Failure {
    let line = "2 children, 2 reaped".to_owned();
    failure(Demand::Line { stream: Stream::Stdout, line }, "nobody looks\n")
}

fn in_another_order() -> Failure {
    let (first, second) = ("child 0: done".to_owned(), "all reaped".to_owned());
    failure(Demand::Before { first, second }, "all reaped\nchild 0: done\n")
}
