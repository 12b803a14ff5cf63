//! Tests of the rules on hand-built traces: each fires on its mistake, and is silent on the twin
//! that does it right and on every exemption of its page.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod builder;
mod children;
mod deeds;
mod demands;
mod descriptors;
mod endings;
mod explanations;
mod innocent;
mod leaks;
mod left_behind;
mod memory;
mod order;
mod pipes;
mod pools;
mod precedence;
mod signals;
mod unwatched;

use builder::{Run, run};
use forklings_model::{
    Demand, Detail, Ending, Finding, ProcId, Rule, Signal, Stream, Trace, Waiver,
};

const P1: ProcId = ProcId(1);
const P2: ProcId = ProcId(2);
const P3: ProcId = ProcId(3);

/// The names of all findings, in the order of report.
#[track_caller]
fn names(trace: &Trace, demands: &[Demand]) -> Vec<&'static str> {
    for finding in crate::verdict(trace, demands, &[]) {
        assert!(finding.evidence.is_sorted(), "{finding:?}");
        assert!(
            finding.evidence.iter().all(|seq| trace.events.iter().any(|e| e.seq == *seq)),
            "{finding:?}"
        );
    }
    crate::verdict(trace, demands, &[]).iter().map(|finding| finding.rule().name()).collect()
}

/// The one finding of a trace under these demands.
#[track_caller]
fn only(trace: &Trace, demands: &[Demand]) -> Finding {
    let mut findings = crate::verdict(trace, demands, &[]);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

fn line(line: &str) -> Demand {
    Demand::Line { stream: Stream::Stdout, line: line.to_owned() }
}

fn is(text: &str) -> Demand {
    Demand::Is { stream: Stream::Stdout, text: text.to_owned() }
}

fn before(first: &str, second: &str) -> Demand {
    Demand::Before { first: first.to_owned(), second: second.to_owned() }
}

#[test]
fn the_table_has_every_rule_once_in_order_of_precedence() {
    let table: Vec<Rule> = crate::RULES.iter().map(|(rule, _)| *rule).collect();
    // The compiler alone judges the first two, without a run, and nobody traces the run of the third.
    let others = [Rule::BuildFailed, Rule::MisuseCompiles, Rule::DiffersUnwatched];
    let of_runs = |rule: &Rule| !others.contains(rule);
    assert_eq!(table, Rule::ALL.iter().copied().filter(of_runs).collect::<Vec<_>>());
    assert_eq!(Rule::ALL.first(), Some(&Rule::BuildFailed));
    assert_eq!(Rule::ALL.last(), Some(&Rule::DiffersUnwatched));
}
