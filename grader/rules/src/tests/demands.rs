//! output-wrong and what `demand` says about single demands.

use super::*;

/// A run that prints this.
fn printing(text: &str) -> Trace {
    let mut run = run();
    run.prints(P1, text);
    run.done()
}

fn times(line: &str, times: u32) -> Demand {
    Demand::LineTimes { stream: Stream::Stdout, line: line.to_owned(), times }
}

fn any_order(lines: &[&str]) -> Demand {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Demand::LinesInAnyOrder { stream: Stream::Stdout, lines }
}

fn none(line: &str) -> Demand {
    Demand::NoLine { stream: Stream::Stdout, line: line.to_owned() }
}

#[test]
fn demands_that_are_met_give_nothing() {
    let trace = printing("a\nb\na\n");
    let met = [
        is("a\nb\na\n"),
        line("b"),
        times("a", 2),
        times("c", 0),
        none("c"),
        any_order(&["b", "a", "a"]),
        before("a", "b"),
        Demand::Ends(Ending::Exited(0)),
        Demand::Forks(0),
        Demand::AtMostAlive(0),
        Demand::StatusesTaken,
        Demand::NobodyWaits,
    ];
    assert_eq!(names(&trace, &met), [""; 0]);
    for demand in &met {
        assert_eq!(crate::demand(&trace, demand), None, "{demand:?}");
    }
}

#[test]
fn each_unmet_demand_tells_what_was_there_instead() {
    let trace = printing("child 0: exited with 0\nb\nb\n");
    let unmet = [
        (is("b\n"), "child 0: exited with 0\nb\nb\n"),
        (line("child 0: exited with 7"), "child 0: exited with 0"),
        (line("nothing like it"), "child 0: exited with 0\nb\nb\n"),
        (times("b", 1), "2 times"),
        (times("c", 1), "0 times"),
        (none("b"), "b"),
        (any_order(&["b"]), "child 0: exited with 0\nb\nb\n"),
        (before("b", "c"), "child 0: exited with 0\nb\nb\n"),
        (Demand::Ends(Ending::Exited(3)), "exit(0)"),
        (Demand::Forks(2), "0 processes"),
        (Demand::Tree { parents: vec![0], shape: "fan".to_owned() }, "nobody forked"),
    ];
    for (demand, there) in unmet {
        let finding = crate::demand(&trace, &demand).unwrap();
        assert_eq!(finding.detail, Detail::OutputWrong { demand, actual: there.to_owned() });
    }
}

#[test]
fn a_line_of_success_is_wrong_only_after_a_failure() {
    let demand = Demand::NoLineAfterFailure { line: "answered".to_owned() };
    let ended = |ending: Ending, said: &str| {
        let mut run = run();
        run.fork(P1);
        match ending {
            Ending::Exited(code) => run.dies(P2, code),
            Ending::Killed(signal) => run.killed(P2, signal),
        }
        run.reaps(P1, P2);
        run.prints(P1, said);
        run.done()
    };
    assert_eq!(
        names(&ended(Ending::Exited(0), "answered\n"), std::slice::from_ref(&demand)),
        [""; 0]
    );
    for ending in [Ending::Exited(3), Ending::Killed(Signal::KILL)] {
        assert_eq!(crate::demand(&ended(ending, "failed\n"), &demand), None);
        let trace = ended(ending, "answered\n");
        let finding = crate::demand(&trace, &demand).unwrap();
        let actual = format!("P2 {ending}");
        assert_eq!(finding.detail, Detail::OutputWrong { demand: demand.clone(), actual });
        // The death, the line, and the end.
        assert_eq!(finding.evidence.len(), 3);
    }
}

#[test]
fn standard_error_is_a_stream_of_its_own() {
    let mut run = run();
    run.complains(P1, "error: ECHILD\n");
    let trace = run.exits(1);
    let stderr = |line: &str| Demand::Line { stream: Stream::Stderr, line: line.to_owned() };
    let ends = Demand::Ends(Ending::Exited(1));
    assert_eq!(names(&trace, &[stderr("error: ECHILD"), ends]), [""; 0]);
    assert_eq!(names(&trace, &[line("error: ECHILD")]), ["output-wrong"]);
}

#[test]
fn a_last_line_counts_without_its_newline() {
    assert_eq!(names(&printing("a\nb"), &[line("b")]), [""; 0]);
    assert_eq!(names(&printing("a\nb"), &[is("a\nb\n")]), ["output-wrong"]);
}
