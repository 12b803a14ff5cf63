//! Sentences of the rules about signals.

use super::Explanation;
use super::demand::demand;
use super::name;
use forklings_model::{Action, Demand, LostIn, ProcId, Signal, SignalSet};

/// SIGXFSZ. Source: `signal(7)`.
const FILE_TOO_LARGE: Signal = Signal(25);

pub(super) fn killed_by_signal(proc: ProcId, signal: Signal, by: Option<ProcId>) -> Explanation {
    let sender = match by {
        Some(by) if by == proc => "which it sent to itself".to_owned(),
        Some(by) => format!("sent by {by}"),
        None if signal == Signal::PIPE => "as its write had no reader any more".to_owned(),
        None => "sent by the kernel".to_owned(),
    };
    let (likely, experiment, man) = if signal == Signal::PIPE {
        (
            "it wrote into a pipe whose read ends were all closed. SIGPIPE kills unless the \
             program says otherwise",
            "ignore SIGPIPE and handle the error EPIPE that write then returns",
            "man 7 pipe, \"I/O on pipes and FIFOs\"",
        )
    } else if signal == FILE_TOO_LARGE {
        (
            "it made a file, or its output, larger than one run may: a loop that writes without \
             end, or a length that is wrong",
            "look at the length that it asks for, and at the condition that ends its writing",
            "man 2 getrlimit, RLIMIT_FSIZE",
        )
    } else {
        (
            "nobody had said what to do with this signal when it arrived, and its default is to \
             kill. Often the handler or the mask comes after the fork, and the signal before it",
            "install the handler, or block the signal, before the fork: the child inherits both, \
             and neither of the two can be too fast then",
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

pub(super) fn unsafe_in_handler(proc: ProcId, signal: Signal, function: &str) -> Explanation {
    let function = name::function(function);
    Explanation {
        expected: "a handler calls only what is async-signal-safe".to_owned(),
        happened: format!("{proc}'s handler of {signal} called {function}"),
        likely: format!(
            "a handler may interrupt the program in the middle of {function} itself, or while it \
             holds the same lock: then it waits for itself, or destroys what it finds half done. \
             println!, format!, Box, Vec and Mutex all lock or allocate"
        ),
        experiment:
            "let the handler store into an atomic or write one byte into a pipe, and do the \
                     rest where the program looks at it"
                .to_owned(),
        man: "man 7 signal-safety",
    }
}

pub(super) fn mask_not_restored(
    proc: ProcId,
    demanded: &Demand,
    was: SignalSet,
    blocked: SignalSet,
) -> Explanation {
    let (more, less) = (blocked.without(was), was.without(blocked));
    let more = (!more.is_empty())
        .then(|| format!("{proc} still blocks {}, which it did not before", name::signals(more)));
    let less = (!less.is_empty())
        .then(|| format!("{proc} no longer blocks {}, as it did before", name::signals(less)));
    let happened: Vec<String> = more.into_iter().chain(less).collect();
    Explanation {
        expected: demand(demanded),
        happened: happened.join("; "),
        likely:
            "the mask was changed and not put back on this way out. To unblock what was blocked \
                 is not the same: the caller may have blocked it already"
                .to_owned(),
        experiment:
            "keep the old mask that sigprocmask gives, and set it again with SIG_SETMASK on \
                     every way out"
                .to_owned(),
        man: "man 2 sigprocmask",
    }
}

pub(super) fn handler_not_restored(
    proc: ProcId,
    demanded: &Demand,
    changed: &[(Signal, Action, Action)],
) -> Explanation {
    let one = |(signal, was, now): &(Signal, Action, Action)| match (was, now) {
        (Action::Handler, Action::Handler) => {
            format!("{signal} has another handler, or other flags or another mask for it")
        }
        (was, now) => format!("{signal} was {} and is {}", disposed(*was), disposed(*now)),
    };
    let all: Vec<String> = changed.iter().map(one).collect();
    Explanation {
        expected: demand(demanded),
        happened: format!("for {proc}, {}", name::list(&all, 3)),
        likely:
            "a disposition was changed and not put back on this way out, or put to the default \
                 although the caller had another"
                .to_owned(),
        experiment: "keep what sigaction gives as the old disposition, and set exactly that again \
                     on every way out"
            .to_owned(),
        man: "man 2 sigaction",
    }
}

const fn disposed(action: Action) -> &'static str {
    match action {
        Action::Default => "at its default",
        Action::Ignore => "ignored",
        Action::Handler => "handled",
    }
}

pub(super) fn signal_lost(proc: ProcId, signal: Signal, window: LostIn) -> Explanation {
    let (how, likely, experiment) = match window {
        LostIn::BeforeTheWait if signal == Signal::ALRM => (
            "its handler ran before the wait began",
            "an alarm may ring before the call that it is to end has begun, however long its time: \
             then nothing ends the call",
            "give the wait a time-out of its own (poll before a read, sigtimedwait), or block the \
             signal and let it through in the wait alone (sigsuspend, ppoll)",
        ),
        LostIn::BeforeTheWait => (
            "its handler ran before the wait began",
            "between the look and the wait is a gap: a signal that comes then wakes nobody, and \
             none will come after it",
            "block the signal before the process that sends it is forked; then look, and wait with \
             sigsuspend, which unblocks and waits in one step; or take it by sigwait",
        ),
        LostIn::Merged => (
            "it came while one of its kind was pending, and the two became one",
            "standard signals do not queue: one delivery may stand for many, so they cannot be \
             counted",
            "let each signal be answered before the next one is sent, or pass a token; for dead \
             children, call waitpid with WNOHANG until nobody is left",
        ),
        LostIn::Ignored => (
            "it came before anything was prepared for it, and was thrown away",
            "what is ignored when it comes leaves no trace: the handler or the mask came too late",
            "install the handler and block the signal before the process that sends it is forked",
        ),
        LostIn::Blocked => (
            "it has come and is pending, but the wait itself keeps it blocked",
            "the mask of the wait, or the thread's own if the wait has none, has the signal in it",
            "give sigsuspend the mask without this signal; pause has none and needs sigsuspend",
        ),
    };
    Explanation {
        expected: format!("{proc} hears of every {signal} that it waits for"),
        happened: format!("{proc} waits for {signal} for ever: {how}"),
        likely: likely.to_owned(),
        experiment: experiment.to_owned(),
        man: "man 2 sigsuspend; man 7 signal",
    }
}
