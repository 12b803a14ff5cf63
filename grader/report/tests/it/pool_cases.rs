//! Typical failures of pools of workers: a function each.

use crate::build::{P1, P2, P3, Run, wait_for};
use forklings_model::{
    Demand, Detail, End, Ending, Failure, ObjectId, ProcId, Signal, TaskId, Wait, WaitsFor,
};

/// Every case, named by its rule and what is special about it.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    vec![
        ("too-many-workers", too_many_workers()),
        ("task-run-twice", task_run_twice()),
        ("task-run-twice-handed-out", task_handed_out_twice()),
        ("worker-death-ignored", worker_death_ignored()),
        ("worker-death-ignored-replaced-by-nobody", worker_not_replaced()),
        ("worker-death-ignored-other-answer", death_taken_for_an_answer()),
        ("task-lost", task_lost()),
        ("task-lost-no-answer", task_without_an_answer()),
        ("task-lost-waited-for", task_waited_for()),
        ("not-parallel", not_parallel()),
        ("result-order", result_order()),
    ]
}

/// A pool of two.
fn two() -> Run {
    let mut run = Run::new(&["pool", "2", "shout:a", "shout:b"]);
    run.fork(P1);
    run.fork(P1);
    run
}

fn begins(run: &mut Run, who: ProcId, task: u32) -> u32 {
    run.print(who, &format!("task {task} begins\n"))
}

/// Waits to read what nobody will write.
fn waits(run: &mut Run, who: ProcId, line: u32, text: &str) -> Wait {
    let site = Some(run.site(line, text));
    let on = WaitsFor::Readable { fd: 5, object: ObjectId(3), writers: Vec::new() };
    let wait = Wait { site, ..wait_for(who, on) };
    run.blocked(&wait);
    wait
}

fn too_many_workers() -> Failure {
    let mut run = two();
    let third = run.seq_of_fork(P1);
    let at = run.site(61, "match unsafe { fork() }? {");
    let detail = Detail::TooManyWorkers { demand: Demand::Workers(2), seen: 3, died: 0 };
    run.failure(detail, &[third], Some(at), None)
}

fn task_run_twice() -> Failure {
    let mut run = two();
    let first = begins(&mut run, P2, 0);
    let died = run.end(P2, Ending::Killed(Signal(9)));
    let again = begins(&mut run, P3, 0);
    let at = run.site(61, "match unsafe { fork() }? {");
    let (first_by, second) = (TaskId::main(P2), TaskId::main(P3));
    let detail = Detail::TaskRunTwice { number: 0, first: first_by, second };
    run.failure(detail, &[first, died, again], None, Some(at))
}

fn task_handed_out_twice() -> Failure {
    let mut run = two();
    let first = begins(&mut run, P2, 0);
    let again = begins(&mut run, P3, 0);
    let (first_by, second) = (TaskId::main(P2), TaskId::main(P3));
    let detail = Detail::TaskRunTwice { number: 0, first: first_by, second };
    run.failure(detail, &[first, again], None, None)
}

/// P2 has died at task 0, and P1 waits.
fn death(told: bool) -> Failure {
    let mut run = two();
    let began = begins(&mut run, P2, 0);
    let died = run.end(P2, Ending::Exited(3));
    if told {
        run.print(P1, "answer 0: died: exit status 3\n");
    }
    let wait = waits(&mut run, P1, 88, "receive(self.answers.as_fd())");
    let (site, waits) = (wait.site, vec![wait]);
    run.trace.end = End::Deadlock { waits: waits.clone() };
    let (worker, number) = (TaskId::main(P2), Some(0));
    let detail = Detail::WorkerDeathIgnored { worker, number, answer: None, told, waits };
    run.failure(detail, &[began, died], site, None)
}

fn worker_death_ignored() -> Failure {
    death(false)
}

fn worker_not_replaced() -> Failure {
    death(true)
}

fn death_taken_for_an_answer() -> Failure {
    let mut run = two();
    let began = begins(&mut run, P2, 0);
    let died = run.end(P2, Ending::Exited(3));
    let reaped = run.reap(P1, P2, 3);
    run.print(P1, "answer 0: \"\"\n");
    let at = run.site(92, "waitpid(worker.pid, None)");
    let detail = Detail::WorkerDeathIgnored {
        worker: TaskId::main(P2),
        number: Some(0),
        answer: Some("\"\"".to_owned()),
        told: true,
        waits: Vec::new(),
    };
    run.failure(detail, &[began, died, reaped], Some(at), None)
}

fn task_lost() -> Failure {
    let mut run = two();
    begins(&mut run, P2, 0);
    let detail = Detail::TaskLost { number: 1, begun: false, waits: Vec::new() };
    run.failure(detail, &[], None, None)
}

fn task_without_an_answer() -> Failure {
    let mut run = two();
    let began = begins(&mut run, P2, 1);
    let died = run.end(P2, Ending::Exited(3));
    let detail = Detail::TaskLost { number: 1, begun: true, waits: Vec::new() };
    run.failure(detail, &[began, died], None, None)
}

fn task_waited_for() -> Failure {
    let mut run = two();
    let wait = waits(&mut run, P1, 88, "receive(self.answers.as_fd())");
    let (site, waits) = (wait.site, vec![wait]);
    run.trace.end = End::Deadlock { waits: waits.clone() };
    run.failure(Detail::TaskLost { number: 1, begun: false, waits }, &[], site, None)
}

fn not_parallel() -> Failure {
    let mut run = two();
    let began = begins(&mut run, P2, 0);
    let root = waits(&mut run, P1, 88, "receive(self.answers.as_fd())");
    let idle = waits(&mut run, P3, 70, "while let Some(task) = receive(tasks)? {");
    let (site, waits) = (root.site, vec![root, idle]);
    run.trace.end = End::Deadlock { waits: waits.clone() };
    let demand = Demand::Workers(2);
    run.failure(Detail::NotParallel { demand, at_work: vec![0], waits }, &[began], site, None)
}

fn result_order() -> Failure {
    let mut run = two();
    begins(&mut run, P3, 1);
    begins(&mut run, P2, 0);
    let told = run.print(P1, "answer 0: \"B\"\n");
    run.print(P1, "answer 1: \"A\"\n");
    let wanted = ["\"A\"", "\"B\""].map(str::to_owned).to_vec();
    let actual = ["\"B\"", "\"A\""].map(str::to_owned).to_vec();
    let detail = Detail::ResultOrder { demand: Demand::Answers(wanted), actual };
    run.failure(detail, &[told], None, None)
}
