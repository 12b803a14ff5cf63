//! Typical deadlocks over mutexes and conditions: a function each.

use crate::build::{P1, P2, Run};
use forklings_model::{Detail, End, Failure, ProcId, TaskId, Wait, WaitsFor};

/// Every case, named by its rule and what is special about it.
pub(crate) fn all() -> Vec<(&'static str, Failure)> {
    let mutex = |run: &mut Run, who, holder, line| {
        waits(run, who, "pthread_mutex_lock", Some(holder), line, "pthread_mutex_lock(other);")
    };
    vec![
        ("deadlock-of-mutexes", {
            let mut run = Run::new(&["transfer"]);
            run.fork(P1);
            let both = vec![
                mutex(&mut run, P1, TaskId::main(P2), 12),
                mutex(&mut run, P2, TaskId::main(P1), 18),
            ];
            deadlock(run, both)
        }),
        ("deadlock-of-its-own-mutex", {
            let mut run = Run::new(&["transfer"]);
            let own = vec![mutex(&mut run, P1, TaskId::main(P1), 12)];
            deadlock(run, own)
        }),
        ("deadlock-of-a-condition", {
            let mut run = Run::new(&["take"]);
            let wait = "pthread_cond_wait(&filled, &mutex);";
            let wait = waits(&mut run, P1, "pthread_cond_wait", None, 22, wait);
            deadlock(run, vec![wait])
        }),
        ("deadlock-of-own-locks", {
            let mut run = Run::new(&["both"]);
            run.fork(P1);
            let of = |run: &mut Run, who, line| Wait {
                task: TaskId::main(who),
                on: WaitsFor::Futex {
                    address: 0x1000,
                    function: None,
                    holder: None,
                    word: None,
                    changed: false,
                },
                site: Some(run.site(line, "wait(&self.word, 2);")),
            };
            let both = vec![of(&mut run, P1, 43), of(&mut run, P2, 43)];
            deadlock(run, both)
        }),
        ("deadlock-of-a-join", {
            let mut run = Run::new(&["threads"]);
            let join = waits(&mut run, P1, "pthread_join", None, 55, "thread.join();");
            deadlock(run, vec![join])
        }),
        ("deadlock-of-a-flag", {
            let mut run = Run::new(&["take"]);
            let site = Some(run.site(22, "while (!filled);"));
            let wait = Wait { task: TaskId::main(P1), on: WaitsFor::Memory, site };
            deadlock(run, vec![wait])
        }),
    ]
}

fn waits(
    run: &mut Run,
    who: ProcId,
    function: &str,
    holder: Option<TaskId>,
    line: u32,
    text: &str,
) -> Wait {
    let on = WaitsFor::Futex {
        address: 0x1000,
        function: Some(function.to_owned()),
        holder,
        word: None,
        changed: false,
    };
    Wait { task: TaskId::main(who), on, site: Some(run.site(line, text)) }
}

fn deadlock(mut run: Run, waits: Vec<Wait>) -> Failure {
    let evidence: Vec<u32> = waits.iter().map(|wait| run.blocked(wait)).collect();
    run.trace.end = End::Deadlock { waits: waits.clone() };
    let site = waits.first().and_then(|wait| wait.site);
    run.failure(Detail::Deadlock { waits }, &evidence, site, None)
}
