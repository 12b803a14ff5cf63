//! The rules about pools of workers and their tasks.

use super::builder::{child, readable, writable};
use super::*;
use forklings_model::{End, EventKind, Fault, Strike, TaskId};

fn once(tasks: u32) -> Demand {
    Demand::TasksOnce(tasks)
}

fn answers(answers: &[&str]) -> Demand {
    Demand::Answers(answers.iter().map(|answer| (*answer).to_owned()).collect())
}

fn workers(workers: u32) -> Demand {
    Demand::Workers(workers)
}

/// A pool of two.
fn two() -> Run {
    let mut run = run();
    run.fork(P1);
    run.fork(P1);
    run
}

fn begins(run: &mut Run, who: ProcId, task: u32) {
    run.prints(who, &format!("task {task} begins\n"));
}

fn ends(run: &mut Run, who: ProcId, task: u32) {
    run.prints(who, &format!("task {task} ends\n"));
}

fn runs(run: &mut Run, who: ProcId, task: u32) {
    begins(run, who, task);
    ends(run, who, task);
}

fn tells(run: &mut Run, task: u32, answer: &str) {
    run.prints(P1, &format!("answer {task}: {answer}\n"));
}

/// The workers end, and the program after them.
fn over(mut run: Run, workers: &[ProcId]) -> Trace {
    for worker in workers {
        run.dies(*worker, 0);
        run.reaps(P1, *worker);
    }
    run.done()
}

/// Nobody goes on: these wait to read, each from a pipe that nobody will write to.
fn stuck(mut run: Run, who: &[ProcId]) -> Trace {
    let pipe = run.pipe(P1, 3, 4);
    let waits = who.iter().map(|proc| (*proc, readable(3, pipe, &[(P1, 4)])));
    let waits = waits.collect();
    let trace = run.stuck(waits);
    // The pipe's own affair is tested elsewhere.
    Trace { objects: trace.objects.iter().take(3).cloned().collect(), ..trace }
}

#[test]
fn a_pool_that_does_all_tasks_breaks_nothing() {
    let mut run = two();
    runs(&mut run, P3, 1);
    runs(&mut run, P2, 0);
    runs(&mut run, P3, 2);
    for task in 0..3 {
        tells(&mut run, task, "x");
    }
    let trace = over(run, &[P2, P3]);
    assert_eq!(names(&trace, &[once(3), answers(&["x", "x", "x"]), workers(2)]), [""; 0]);
}

#[test]
fn a_third_worker_of_two_is_too_many_unless_one_has_died() {
    let p4 = ProcId(4);
    let mut run = two();
    run.fork(P1);
    assert_eq!(names(&over(run, &[P2, P3, p4]), &[workers(2)]), ["too-many-workers"]);
    let mut run = two();
    begins(&mut run, P2, 0);
    run.dies(P2, 3);
    run.reaps(P1, P2);
    run.fork(P1);
    assert_eq!(names(&over(run, &[P3, p4]), &[workers(2)]), [""; 0]);
}

#[test]
fn threads_are_counted_where_nobody_forks() {
    let with = |threads: u32| {
        let mut run = run();
        for thread in 2..2 + threads {
            let thread = TaskId { proc: P1, thread };
            run.event(P1, EventKind::ThreadStarted { thread });
        }
        names(&run.done(), &[workers(2)])
    };
    assert_eq!(with(2), [""; 0]);
    assert_eq!(with(3), ["too-many-workers"]);
}

#[test]
fn threads_that_serve_processes_are_no_workers() {
    let mut run = two();
    for thread in 2..5 {
        let thread = TaskId { proc: P1, thread };
        run.event(P1, EventKind::ThreadStarted { thread });
    }
    assert_eq!(names(&over(run, &[P2, P3]), &[workers(2)]), [""; 0]);
}

#[test]
fn a_task_that_begins_a_second_time_is_run_twice() {
    let mut run = two();
    begins(&mut run, P2, 0);
    run.dies(P2, 3);
    run.reaps(P1, P2);
    runs(&mut run, P3, 0);
    let finding = only(&over(run, &[P3]), &[once(1)]);
    let (first, second) = (TaskId::main(P2), TaskId::main(P3));
    assert_eq!(finding.detail, Detail::TaskRunTwice { number: 0, first, second });
}

#[test]
fn a_task_that_kills_all_its_workers_is_named_before_the_limit_that_ends_it() {
    let mut run = two();
    for who in [P2, P3] {
        begins(&mut run, who, 0);
        run.killed(who, Signal(9));
        run.reaps(P1, who);
    }
    let trace = run.cut(End::ProcessLimit { processes: 2, proc: P1 });
    assert_eq!(names(&trace, &[once(1)]), ["task-run-twice"]);
}

#[test]
fn a_death_that_everybody_waits_for_was_ignored() {
    let mut run = two();
    begins(&mut run, P2, 0);
    run.dies(P2, 3);
    let trace = stuck(run.clone(), &[P1, P3]);
    let finding = only(&trace, &[once(2), answers(&["died: exit status 3", "x"]), workers(2)]);
    let Detail::WorkerDeathIgnored { worker, number, told, .. } = finding.detail else {
        panic!("{finding:?}")
    };
    assert_eq!((worker, number, told), (TaskId::main(P2), Some(0), false));
    assert_eq!(names(&stuck(run, &[P1, P3]), &[]), ["deadlock"], "nobody speaks of tasks");
}

#[test]
fn a_death_after_which_the_program_only_goes_round_was_ignored() {
    let mut run = two();
    begins(&mut run, P2, 0);
    run.dies(P2, 3);
    let end = End::TimeLimit { seconds: 5, proc: P1, computing: true, site: None };
    assert_eq!(names(&run.cut(end), &[once(2)]), ["worker-death-ignored"]);
}

#[test]
fn who_is_struck_down_before_its_task_begins_has_died_too() {
    let mut run = two();
    let fault = Fault::Strike { what: Strike::Kill, nth: Some(1) };
    run.event(P2, EventKind::Injected { fault });
    run.killed(P2, Signal(9));
    assert_eq!(names(&stuck(run.clone(), &[P1, P3]), &[once(1)]), ["worker-death-ignored"]);
    run.reaps(P1, P2);
    assert_eq!(names(&over(run, &[P3]), &[once(1)]), [""; 0], "it may have had the task");
}

#[test]
fn a_death_that_is_told_was_ignored_where_nobody_took_the_place() {
    let one_is_left = |replaced: bool| {
        let mut run = two();
        begins(&mut run, P2, 0);
        run.dies(P2, 3);
        run.reaps(P1, P2);
        tells(&mut run, 0, "died: exit status 3");
        if replaced {
            run.fork(P1);
        }
        begins(&mut run, P3, 1);
        names(&stuck(run, &[P1, P3]), &[workers(2)])
    };
    assert_eq!(one_is_left(false), ["worker-death-ignored"]);
    assert_eq!(one_is_left(true), ["not-parallel"], "there are two again");
}

#[test]
fn a_death_after_which_tasks_are_given_back_was_ignored_unless_no_fork_succeeded() {
    let given_back = |tried: bool| {
        let mut run = two();
        begins(&mut run, P2, 0);
        run.dies(P2, 3);
        run.reaps(P1, P2);
        if tried {
            run.event(P1, EventKind::ForkFailed { errno: 11, injected: true });
        }
        tells(&mut run, 0, "died: exit status 3");
        tells(&mut run, 1, "not run");
        let told = answers(&["died: exit status 3", "not run"]);
        names(&over(run, &[P3]), &[told, workers(2)])
    };
    assert_eq!(given_back(false), ["worker-death-ignored"]);
    assert_eq!(given_back(true), [""; 0]);
}

#[test]
fn an_answer_that_is_missing_is_a_lost_task_not_another_answer() {
    let mut run = two();
    begins(&mut run, P2, 0);
    run.dies(P2, 3);
    run.reaps(P1, P2);
    runs(&mut run, P3, 1);
    tells(&mut run, 0, "b");
    let wanted = [answers(&["died: exit status 3", "b"])];
    assert_eq!(names(&over(run, &[P3]), &wanted), ["task-lost"]);
}

#[test]
fn a_death_that_is_told_as_something_else_was_ignored() {
    let told = |answer: &str| {
        let mut run = two();
        begins(&mut run, P2, 0);
        run.dies(P2, 3);
        run.reaps(P1, P2);
        tells(&mut run, 0, answer);
        names(&over(run, &[P3]), &[answers(&["died: exit status 3"])])
    };
    assert_eq!(told("\"\""), ["worker-death-ignored", "output-wrong"]);
    assert_eq!(told("died: signal 9"), ["output-wrong"]);
    assert_eq!(told("died: exit status 3"), [""; 0]);
}

#[test]
fn a_task_that_nobody_begins_is_lost() {
    let mut run = two();
    runs(&mut run, P2, 0);
    let trace = over(run.clone(), &[P2, P3]);
    let finding = only(&trace, &[once(2)]);
    assert_eq!(finding.detail, Detail::TaskLost { number: 1, begun: false, waits: Vec::new() });
    assert_eq!(names(&stuck(run.clone(), &[P1, P2, P3]), &[once(2)]), ["task-lost"]);
    assert_eq!(names(&stuck(run, &[P1, P2, P3]), &[once(1)]), ["deadlock"], "all were begun");
}

#[test]
fn a_task_that_waits_behind_a_full_pipe_is_not_lost() {
    let mut run = two();
    runs(&mut run, P2, 0);
    let pipe = run.pipe(P1, 3, 4);
    let trace = run.stuck(vec![(P1, writable(4, pipe, &[(P2, 3)])), (P2, child(&[]))]);
    let trace = Trace { objects: trace.objects.iter().take(3).cloned().collect(), ..trace };
    assert_eq!(names(&trace, &[once(2)]), ["deadlock"]);
}

#[test]
fn a_task_without_an_answer_is_lost() {
    let mut run = two();
    for task in 0..3 {
        runs(&mut run, P2, task);
    }
    tells(&mut run, 0, "a");
    tells(&mut run, 1, "c");
    let finding = only(&over(run, &[P2, P3]), &[answers(&["a", "b", "c"])]);
    assert_eq!(finding.detail, Detail::TaskLost { number: 1, begun: true, waits: Vec::new() });
}

#[test]
fn one_that_waits_for_a_second_is_not_parallel() {
    let mut run = two();
    begins(&mut run, P2, 0);
    let finding = only(&stuck(run.clone(), &[P1, P2, P3]), &[once(2), workers(2)]);
    let Detail::NotParallel { at_work, .. } = finding.detail else { panic!("{finding:?}") };
    assert_eq!(at_work, [0]);
    let mut both = run.clone();
    begins(&mut both, P3, 1);
    assert_eq!(names(&stuck(both, &[P1, P2, P3]), &[workers(2)]), ["deadlock"], "two are there");
    ends(&mut run, P2, 0);
    assert_eq!(names(&stuck(run, &[P1, P2, P3]), &[workers(2)]), ["deadlock"], "nobody is");
}

#[test]
fn answers_in_another_order_are_told_from_wrong_ones() {
    let told = |texts: [&str; 2]| {
        let mut run = two();
        for (task, text) in (0..).zip(texts) {
            tells(&mut run, task, text);
        }
        names(&over(run, &[P2, P3]), &[answers(&["a", "b"])])
    };
    assert_eq!(told(["a", "b"]), [""; 0]);
    assert_eq!(told(["b", "a"]), ["result-order"]);
    assert_eq!(told(["b", "b"]), ["output-wrong"]);
}
