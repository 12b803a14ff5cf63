//! What is reported of several findings, and in which order.

use super::*;

fn waive(rule: Rule) -> Waiver {
    Waiver { rule, reason: "the test is about it".to_owned() }
}

#[test]
fn a_waived_rule_is_not_reported() {
    let mut run = run();
    run.fork(P1);
    let trace = run.done();
    assert_eq!(crate::verdict(&trace, &[], &[waive(Rule::OrphanLeft)]), []);
    assert_eq!(crate::verdict(&trace, &[], &[waive(Rule::ZombieLeft)]).len(), 1);
}

#[test]
fn what_a_waived_rule_would_have_hidden_is_reported() {
    let mut run = run();
    run.panics(P1, "oh");
    let trace = run.over();
    let findings = crate::verdict(&trace, &[line("x")], &[waive(Rule::Crashed)]);
    assert_eq!(findings.iter().map(Finding::rule).collect::<Vec<_>>(), [Rule::OutputWrong]);
}

#[test]
fn a_missing_line_is_the_zombie_s_or_the_orphan_s_but_a_tree_is_not() {
    let mut run = run();
    run.fork(P1);
    run.fork(P1);
    run.dies(P2, 0);
    let trace = run.done();
    let tree = Demand::Tree { parents: vec![0, 1], shape: "chain".to_owned() };
    assert_eq!(names(&trace, &[line("2 reaped")]), ["zombie-left", "orphan-left"]);
    let late = [line("2 reaped"), tree.clone()];
    assert_eq!(names(&trace, &late), ["output-wrong", "zombie-left", "orphan-left"]);
    assert_eq!(names(&trace, &[tree]), ["output-wrong", "zombie-left", "orphan-left"]);
}

#[test]
fn a_leak_alone_is_explained_by_nothing() {
    let mut run = run();
    let pipe = run.pipe(P1, 3, 4);
    run.reads(P1, (3, pipe), 10, Err(4));
    run.ends(P1, Ending::Exited(0));
    let trace = Trace { left_open: vec![super::builder::left(3, Some(pipe))], ..run.over() };
    assert_eq!(names(&trace, &[]), ["fd-leaked"]);
}

#[test]
fn a_line_that_is_late_is_the_zombie_s() {
    let mut run = run();
    run.fork(P1);
    run.prints(P1, "all reaped\n");
    run.prints(P2, "child: done\n");
    run.dies(P2, 0);
    assert_eq!(names(&run.done(), &[before("child: done", "all reaped")]), ["zombie-left"]);
}
