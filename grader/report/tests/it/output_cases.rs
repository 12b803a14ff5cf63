//! Failures of what a program prints, makes or ends with: a function each.

use crate::build::{P1, P2, P3, Run, io};
use forklings_model::{
    Deed, Demand, Detail, Ending, EventKind, Failure, Signal, Stream, WaitOutcome,
};

/// Every case, named by its rule and what is special about it.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    vec![
        ("output-wrong-line", output_wrong_line()),
        ("output-wrong-text", output_wrong_text()),
        ("output-wrong-times", output_wrong_times()),
        ("output-wrong-torn", output_wrong_torn()),
        ("output-wrong-panic", output_wrong_panic()),
        ("output-wrong-after-failure", output_wrong_after_failure()),
        ("output-wrong-forks", output_wrong_forks()),
        ("output-wrong-ending", output_wrong_ending()),
        ("output-wrong-tree", output_wrong_tree()),
        ("output-wrong-tree-small", output_wrong_tree_small()),
        ("output-wrong-deed", output_wrong_deed()),
    ]
}

fn output_wrong_line() -> Failure {
    let mut run = Run::new(&["reap_all", "5"]);
    run.fork(P1);
    run.print(P2, "child 0: done\n");
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    run.print(P1, "all reaped\n5 children, 1 reaped\n");
    run.exit(P1, 0);
    let detail = Detail::OutputWrong {
        demand: Demand::Line { stream: Stream::Stdout, line: "5 children, 5 reaped".to_owned() },
        actual: "5 children, 1 reaped".to_owned(),
    };
    run.failure(detail, &[], None, None)
}

fn output_wrong_text() -> Failure {
    let mut run = Run::new(&["new_parent"]);
    run.print(P1, "adopter: init\n");
    run.complain(P1, "error: ECHILD\n");
    run.exit(P1, 1);
    let detail = Detail::OutputWrong {
        demand: Demand::Is {
            stream: Stream::Stdout,
            text: "adopter: another process\n".to_owned(),
        },
        actual: "adopter: init\n".to_owned(),
    };
    run.failure(detail, &[], None, None)
}

fn output_wrong_times() -> Failure {
    let mut run = Run::new(&["role"]);
    run.fork(P1);
    run.print(P2, "ready\n");
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    let again = run.print(P1, "ready\n");
    run.exit(P1, 0);
    let demand = Demand::LineTimes { stream: Stream::Stdout, line: "ready".to_owned(), times: 1 };
    let detail = Detail::OutputWrong { demand, actual: "2 times".to_owned() };
    run.failure(detail, &[again], None, None)
}

fn output_wrong_torn() -> Failure {
    let mut run = Run::new(&["gather", "2", "2"]);
    let pipe = run.pipe(P1, 3, 4, 31);
    run.fork(P1);
    run.fork(P1);
    for (proc, bytes) in [(P2, b"a"), (P3, b"x"), (P2, b"b"), (P3, b"y")] {
        run.event(proc, EventKind::Write(io(4, pipe, bytes)));
    }
    run.exit(P2, 0);
    run.exit(P3, 0);
    run.event(P1, EventKind::Read(io(3, pipe, b"axby")));
    run.print(P1, "ax by\n");
    run.exit(P1, 0);
    let demand = Demand::Is { stream: Stream::Stdout, text: "ab xy\n".to_owned() };
    run.failure(Detail::OutputWrong { demand, actual: "ax by\n".to_owned() }, &[], None, None)
}

fn output_wrong_panic() -> Failure {
    let mut run = Run::new(&["robust_death", "2"]);
    run.fork(P1);
    let report = "thread 'main' (101) panicked at exercises/locks/src/lib.rs:253:27:\n\
                  the mutex is unusable: ENOTRECOVERABLE\nnote: run with `RUST_BACKTRACE=1`\n";
    run.complain(P2, report);
    run.exit(P2, 101);
    run.reap(P1, P2, 101);
    run.complain(P1, "error: a child ended with 101\n");
    run.exit(P1, 1);
    let demand = Demand::Line { stream: Stream::Stdout, line: "after a death: 2".to_owned() };
    run.failure(Detail::OutputWrong { demand, actual: String::new() }, &[], None, None)
}

/// The answer had come, and its sender was killed then.
fn output_wrong_after_failure() -> Failure {
    let mut run = Run::new(&["contain_or_error", "4"]);
    run.fork(P1);
    run.end(P2, Ending::Killed(Signal::KILL));
    let ending = Ending::Killed(Signal::KILL);
    run.wait(P1, WaitOutcome::Reaped { child: P2, ending, status_taken: true });
    run.print(P1, "right answer or error\ngave an answer\n");
    let end = run.exit(P1, 0);
    let demand = Demand::NoLineAfterFailure { line: "gave an answer".to_owned() };
    let detail = Detail::OutputWrong { demand, actual: "P2 killed by SIGKILL".to_owned() };
    run.failure(detail, &[end], None, None)
}

fn output_wrong_forks() -> Failure {
    let mut run = Run::new(&["fan", "2"]);
    run.fork(P1);
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    let end = run.exit(P1, 0);
    let detail = Detail::OutputWrong { demand: Demand::Forks(2), actual: "1 processes".to_owned() };
    run.failure(detail, &[end], None, None)
}

fn output_wrong_ending() -> Failure {
    let mut run = Run::new(&["reap_one_stranger"]);
    run.wait(P1, WaitOutcome::Failed(10));
    run.complain(P1, "error: ECHILD\n");
    let end = run.exit(P1, 1);
    let detail = Detail::OutputWrong {
        demand: Demand::Ends(Ending::Exited(0)),
        actual: "exit(1)".to_owned(),
    };
    run.failure(detail, &[end], None, None)
}

fn output_wrong_tree() -> Failure {
    let mut run = Run::new(&["chain", "2"]);
    run.fork(P1);
    let second = run.seq_of_fork(P1);
    run.exit(P2, 0);
    run.exit(P3, 0);
    run.reap(P1, P2, 0);
    run.reap(P1, P3, 0);
    run.exit(P1, 0);
    let detail = Detail::OutputWrong {
        demand: Demand::Tree { parents: vec![0, 1], shape: "chain".to_owned() },
        actual: "P1 forked P2 and P3".to_owned(),
    };
    let site = run.site(60, "unsafe { fork() }?");
    run.failure(detail, &[1, second], Some(site), None)
}

/// The second process was never forked.
fn output_wrong_tree_small() -> Failure {
    let mut run = Run::new(&["fan", "2"]);
    let fork = run.seq_of_fork(P1);
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    run.complain(P1, "error: no place\n");
    run.complain(P1, "\n");
    run.exit(P1, 1);
    let detail = Detail::OutputWrong {
        demand: Demand::Tree { parents: vec![0, 0], shape: "fan".to_owned() },
        actual: "P1 forked P2".to_owned(),
    };
    let site = run.site(60, "unsafe { fork() }?");
    run.failure(detail, &[fork], Some(site), None)
}

fn output_wrong_deed() -> Failure {
    let mut run = Run::new(&["to_child", "hello"]);
    run.fork(P1);
    run.print(P2, "child: \"hello\", right\n");
    run.exit(P2, 0);
    run.reap(P1, P2, 0);
    let end = run.exit(P1, 0);
    let demand = Demand::Done(Deed::BytesPass(5));
    let detail = Detail::OutputWrong { demand, actual: "0 bytes".to_owned() };
    run.failure(detail, &[end], None, None)
}
