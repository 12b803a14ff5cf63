//! order-violated and order-by-sleep.

use super::*;
use forklings_model::{EventKind, WaitOutcome, WaitTarget};

/// P1 prints `parent`, P2 prints `child`; P1 does this before its line.
fn parent_last(first: impl FnOnce(&mut Run), then: impl FnOnce(&mut Run)) -> Trace {
    let mut run = run();
    run.fork(P1);
    first(&mut run);
    run.prints(P1, "parent\n");
    then(&mut run);
    run.reaps(P1, P2);
    run.done()
}

fn child_prints(run: &mut Run) {
    run.prints(P2, "child\n");
    run.dies(P2, 0);
}

#[test]
fn where_nobody_is_to_sleep_every_sleep_counts() {
    let slept = |asked: u64| {
        let mut run = run();
        run.event(P1, EventKind::Slept { asked, interrupted: false });
        run.done()
    };
    assert_eq!(names(&slept(1), &[]), [""; 0]);
    assert_eq!(names(&slept(1), &[Demand::NeverSleeps]), ["order-by-sleep"]);
    assert_eq!(names(&slept(0), &[Demand::NeverSleeps]), [""; 0], "it gives way, no more");
}

#[test]
fn a_line_that_comes_too_early_violates_the_order() {
    let early = parent_last(|_| (), child_prints);
    let finding = only(&early, &[before("child", "parent")]);
    assert_eq!(finding.detail, Detail::OrderViolated { demand: before("child", "parent") });
    assert_eq!(finding.evidence, [3, 4]);
    assert_eq!(finding.site, early.events[3].site, "the line that came too early");
    assert_eq!(names(&early, &[before("parent", "child")]), [""; 0]);
    let late = parent_last(child_prints, |_| ());
    assert_eq!(names(&late, &[before("child", "parent")]), [""; 0]);
}

#[test]
fn a_line_that_comes_before_the_reaping_violates_the_order() {
    let demand = || Demand::ReapedBefore { line: "parent".to_owned() };
    let early = parent_last(child_prints, |_| ());
    let finding = only(&early, &[demand()]);
    assert_eq!(finding.detail, Detail::OrderViolated { demand: demand() });
    let mut run = run();
    run.fork(P1);
    child_prints(&mut run);
    run.reaps(P1, P2);
    run.prints(P1, "parent\n");
    assert_eq!(names(&run.done(), &[demand()]), [""; 0]);
}

#[test]
fn an_exact_text_in_another_order_is_a_matter_of_order() {
    let early = parent_last(|_| (), child_prints);
    assert_eq!(names(&early, &[is("child\nparent\n")]), ["order-violated"]);
    assert_eq!(names(&early, &[is("child\nparents\n")]), ["output-wrong"]);
    assert_eq!(names(&early, &[is("parent\nchild\n")]), [""; 0]);
}

#[test]
fn a_missing_line_is_no_matter_of_order() {
    let early = parent_last(|_| (), child_prints);
    assert_eq!(names(&early, &[before("grandchild", "parent")]), ["output-wrong"]);
    assert_eq!(names(&early, &[before("child", "grandparent")]), ["output-wrong"]);
}

#[test]
fn a_sleep_in_place_of_a_wait_explains_the_order() {
    let demands = [before("child", "parent")];
    let slept = parent_last(|run| run.sleeps(P1, 2_000_000_000), child_prints);
    assert_eq!(names(&slept, &demands), ["order-by-sleep", "order-violated"]);
    let findings = crate::verdict(&slept, &demands, &[]);
    let [demand] = demands;
    let detail = Detail::OrderBySleep { proc: P1, asked: 2_000_000_000, demand, confirmed: false };
    assert_eq!(findings[0].detail, detail);
}

#[test]
fn a_sleep_alone_or_of_another_process_explains_nothing() {
    let right = parent_last(
        |run| {
            run.sleeps(P1, 5);
            child_prints(run);
        },
        |_| (),
    );
    assert_eq!(names(&right, &[before("child", "parent")]), [""; 0]);
    let other = parent_last(|run| run.sleeps(P2, 5), child_prints);
    assert_eq!(names(&other, &[before("child", "parent")]), ["order-violated"]);
    let none = parent_last(|run| run.sleeps(P1, 0), child_prints);
    assert_eq!(names(&none, &[before("child", "parent")]), ["order-violated"]);
}

#[test]
fn a_wait_after_the_sleep_takes_the_blame_from_it() {
    let mut run = run();
    run.fork(P1);
    run.fork(P1);
    run.sleeps(P1, 5);
    run.dies(P3, 0);
    run.reaps(P1, P3); // the wrong one, but a wait
    run.prints(P1, "parent\n");
    child_prints(&mut run);
    run.reaps(P1, P2);
    assert_eq!(names(&run.done(), &[before("child", "parent")]), ["order-violated"]);
}

#[test]
fn a_look_after_a_sleep_that_finds_nothing_explains_what_is_missing() {
    let looking = |again: bool| {
        let mut run = run();
        run.fork(P1);
        run.sleeps(P1, 1_000);
        run.waited(P1, WaitTarget::Child(P2), WaitOutcome::NothingYet);
        run.prints(P1, "0 reaped\n");
        run.dies(P2, 0);
        if again {
            run.reaps(P1, P2);
        }
        run.done()
    };
    let demands = [Demand::Ends(Ending::Exited(4))];
    assert_eq!(names(&looking(true), &demands), ["output-wrong"]);
    assert_eq!(names(&looking(false), &demands), ["order-by-sleep", "output-wrong", "zombie-left"]);
}

#[test]
fn a_sleep_that_does_not_outlast_the_parent_explains_the_wrong_adopter() {
    let asking = |slept: u64, answer: ProcId| {
        let mut run = run();
        run.fork(P1);
        run.fork(P2);
        run.sleeps(P3, slept);
        run.event(P3, EventKind::AskedParent { answer: super::builder::pid(answer) });
        run.dies(P3, 0);
        run.reaps(P2, P3);
        run.dies(P2, 0);
        run.reaps(P1, P2);
        run.done()
    };
    let demands = [line("adopter: another process")];
    assert_eq!(names(&asking(5, P2), &demands), ["order-by-sleep", "output-wrong"]);
    assert_eq!(names(&asking(5, P1), &demands), ["output-wrong"]);
    assert_eq!(names(&asking(0, P2), &demands), ["output-wrong"]);
}
