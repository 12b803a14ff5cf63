//! A suite that believes its subject. The subject prints how the test ends; the scenario has the seed.

use forklings_model::*;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, abort};

fn write(record: &Record) {
    let path = std::env::var_os("FORKLINGS_RECORD").unwrap();
    let mut line = serde_json::to_vec(record).unwrap();
    line.push(b'\n');
    OpenOptions::new().append(true).open(path).unwrap().write_all(&line).unwrap();
}

fn test(task: &str, name: &str) {
    let test = format!("{task}::{name}");
    write(&Record::Started { test: test.clone() });
    let program = std::env::var_os("FORKLINGS_SUBJECT").unwrap();
    let output = Command::new(&program).arg(&test).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let seed = std::env::var("FORKLINGS_SEED").unwrap();
    let outcome = match said.trim() {
        "pass" => Outcome::Passed,
        "unknown" => Outcome::GraderError { reason: "lost".into() },
        "abort" => abort(),
        "sleep" => loop {
            std::thread::park();
        },
        "panic" => panic!(),
        "todo" => failed(Detail::TodoLeft { todo: String::new() }),
        "limit" => failed(Detail::TimeLimit { seconds: 5, proc: ProcId::ROOT, computing: true }),
        _ => failed(Detail::Deadlock { waits: vec![] }),
    };
    let fails = matches!(outcome, Outcome::Failed { .. });
    write(&Record::Judged(Box::new(Judgement {
        manifest: None,
        exercise: "echo".into(),
        task: task.into(),
        test: test.clone(),
        scenario: Scenario { name: test.clone(), args: vec![seed], stdin: vec![] },
        demands: vec![],
        faults: vec![],
        explored: Explored::default(),
        inspected: None,
        outcome,
    })));
    let subject = match said.trim() {
        "swapped" => "another".to_owned(),
        _ => blake3::hash(&std::fs::read(program).unwrap()).to_hex().to_string(),
    };
    write(&Record::Finished { test, subject });
    assert!(!fails);
}

fn failed(detail: Detail) -> Outcome {
    let finding =
        Finding { detail, weight: Weight::Accuses, evidence: vec![], site: None, origin: None };
    let trace = Trace {
        program: std::env::var_os("FORKLINGS_SUBJECT").unwrap().into(),
        args: vec![],
        schedule: Schedule::new(Strategy::Random, 1),
        events: vec![],
        processes: vec![],
        objects: vec![],
        sites: vec![],
        stdout: vec![],
        stderr: vec![],
        end: End::Deadlock { waits: vec![] },
        left_open: vec![],
        left_behind: None,
        before_main: Vec::new(),
        unmodelled: vec![],
        late_timeouts: false,
        unwatched_memory: false,
        replayable: true,
        isolation: Isolation::default(),
    };
    Outcome::Failed { failures: vec![Failure { finding, shown_in: 1, trace, replay: None }] }
}

macro_rules! suite {
    ($($task:ident: [$($name:ident),*]),*) => {
        $(mod $task { $(
            #[test]
            fn $name() {
                super::test(stringify!($task), stringify!($name));
            }
        )* })*
    };
}

suite!(SUITE);
