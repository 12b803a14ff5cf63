//! Sentences of the rules about signals.

use super::Explanation;
use forklings_model::{ProcId, Signal};

pub(super) fn killed_by_signal(proc: ProcId, signal: Signal, by: Option<ProcId>) -> Explanation {
    let sender = match by {
        Some(by) if by == proc => "which it sent to itself".to_owned(),
        Some(by) => format!("sent by {by}"),
        None => "sent by the kernel".to_owned(),
    };
    let (likely, experiment, man) = if signal == Signal::PIPE {
        (
            "it wrote into a pipe whose read ends were all closed. SIGPIPE kills unless the \
             program says otherwise",
            "ignore SIGPIPE and handle the error EPIPE that write then returns",
            "man 7 pipe, \"I/O on pipes and FIFOs\"",
        )
    } else {
        (
            "nobody had said what to do with this signal when it arrived, and its default is to \
             kill. Often the handler or the mask comes after the fork, and the signal before it",
            "install the handler, or block the signal, before the process is forked that sends it",
            "man 7 signal, \"Standard signals\"",
        )
    };
    Explanation {
        expected: format!("{proc} survives {signal}"),
        happened: format!("{proc} was killed by {signal}, {sender}"),
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man,
    }
}

pub(super) fn eintr_not_handled(proc: ProcId, call: &str, signal: Option<Signal>) -> Explanation {
    let call = super::name::call(call);
    let by = signal.map_or_else(|| "a signal".to_owned(), |signal| signal.to_string());
    Explanation {
        expected: format!("a {call} that a signal interrupts is made again"),
        happened: format!(
            "{by} interrupted {proc}'s {call} (EINTR), and {proc} went on as if it were done"
        ),
        likely:
            "EINTR means that nothing has happened yet. Here it was taken for an end or for an \
                 error; a handler without SA_RESTART makes any blocking call return it"
                .to_owned(),
        experiment: format!("repeat the {call} while it fails with EINTR"),
        man: "man 7 signal, \"Interruption of system calls\"",
    }
}
