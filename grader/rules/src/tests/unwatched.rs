//! Runs that nobody traced, judged by what they printed and how they ended.

use super::{before, is, line, run};
use crate::unwatched;
use forklings_model::{Deed, Demand, Detail, End, Ending, ProcId, Signal, Stream, Trace};

/// A run without events that printed this and ended like this.
fn printed(text: &str, end: End) -> Trace {
    let mut trace = run().cut(end);
    trace.events.clear();
    trace.stdout = text.as_bytes().to_vec();
    trace
}

fn exited(code: u8) -> End {
    End::Root { ending: Ending::Exited(code), alive: Vec::new() }
}

fn late() -> End {
    End::TimeLimit { seconds: 10, proc: ProcId::ROOT, computing: false, site: None }
}

fn broken(trace: &Trace, demands: &[Demand]) -> Option<(Demand, String)> {
    match unwatched(trace, demands)?.detail {
        Detail::DiffersUnwatched { demand, actual } => Some((demand, actual)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_demand_that_is_not_met_is_named_with_what_was_there() {
    let trace = printed("a\nb\n", exited(1));
    let ends = Demand::Ends(Ending::Exited(0));
    let all = [line("a"), line("c")];
    assert_eq!(broken(&trace, &all), Some((line("c"), "a\nb\n".to_owned())));
    assert_eq!(broken(&trace, &[line("a"), before("a", "b"), is("a\nb\n")]), None);
    assert_eq!(broken(&trace, &[ends]).map(|(_, actual)| actual), Some("exit(1)".to_owned()));
    assert_eq!(broken(&trace, &[before("b", "a")]), Some((before("b", "a"), "a\nb\n".to_owned())));
    let lines = |lines: &[&str]| Demand::LinesInAnyOrder {
        stream: Stream::Stdout,
        lines: lines.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(broken(&trace, &[lines(&["b", "a"])]), None);
    assert!(broken(&trace, &[lines(&["b"])]).is_some());
}

#[test]
fn what_only_events_tell_is_not_asked() {
    let trace = printed("", exited(0));
    let demands = [
        Demand::Forks(3),
        Demand::StatusesTaken,
        Demand::Tree { parents: vec![0, 0], shape: "fan".to_owned() },
        Demand::Done(Deed::BytesPass(8)),
        Demand::Done(Deed::ZombieSignalled(Signal::CHLD)),
        Demand::MaskRestored { from: "a".to_owned(), to: "b".to_owned() },
    ];
    assert_eq!(broken(&trace, &demands), None);
}

#[test]
fn a_run_that_was_cut_short_is_asked_only_for_what_nothing_can_mend() {
    let no = |line: &str| Demand::NoLine { stream: Stream::Stdout, line: line.to_owned() };
    let half = printed("a\nb\nc", late());
    let unmet = [line("z"), Demand::Ends(Ending::Exited(0)), is("a\nb\ncdef\n"), no("c")];
    assert_eq!(broken(&half, &unmet), None);
    assert!(broken(&half, &[no("b")]).is_some());
    assert!(broken(&half, &[is("a\nx\n")]).is_some());
}

#[test]
fn of_endless_output_little_is_kept() {
    let trace = printed(&"ä".repeat(100_000), exited(0));
    let (_, actual) = broken(&trace, &[is("")]).unwrap();
    assert_eq!(actual, "ä".repeat(4096));
}
