//! The failure message of every rule, wide and narrow, with and without colour.

use crate::build::{P1, P2, P3, Run, judgement, wait_for};
use crate::cases;
use forklings_model::{
    Fault, Inspected, Inspector, Judgement, ObjectId, Outcome, Rule, Signal, Strategy, WaitsFor,
};
use forklings_report::{Style, sentence, terminal};

const WIDE: Style = Style { colour: false, width: 100, unicode: true };
const NARROW: Style = Style { colour: false, width: 50, unicode: false };

#[test]
fn every_rule_has_a_message() {
    for (name, failure) in cases::all() {
        let message = terminal::judgement(&judgement(vec![failure]), &WIDE);
        assert!(message.lines().count() <= 30, "{name} does not fit one screen:\n{message}");
        insta::assert_snapshot!(name, message);
    }
}

#[test]
fn every_rule_has_a_case() {
    let cases: Vec<Rule> = cases::all().iter().map(|(_, failure)| failure.rule()).collect();
    for rule in Rule::ALL {
        assert!(cases.contains(rule), "no case for {rule}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal_but_commands() {
    for width in [40, 60, 80, 100, 140] {
        let style = Style { width, ..WIDE };
        for (name, failure) in cases::all() {
            let message = terminal::judgement(&judgement(vec![failure]), &style);
            for line in message.lines().filter(|line| !line.contains("cargo run")) {
                let columns = forklings_report::style::columns(line);
                let name_line = line.starts_with("reap_all::") || line.contains("rustc --explain");
                assert!(columns <= width.max(60) || name_line, "{name} at {width}: {line}");
            }
        }
    }
}

#[test]
fn a_run_that_was_made_small_says_what_was_left_of_it() {
    let with = |preemptions, width| {
        let mut failure = cases::zombie_left();
        failure.trace.schedule.strategy = Strategy::Minimised { preemptions };
        terminal::judgement(&judgement(vec![failure]), &Style { width, ..WIDE })
    };
    assert!(with(0, 140).contains("in 3 of 200 schedules; here without a preemption\n"));
    assert!(with(1, 100).contains("in 3 of 200 schedules; here with 1 preemption\n"));
    let narrow = with(12, 40);
    assert!(narrow.contains("in 3 of 200 schedules;\n  here with 12 preemptions\n"), "{narrow}");
}

#[test]
fn a_narrow_terminal_gets_a_list() {
    let message = terminal::judgement(&judgement(vec![cases::zombie_left()]), &NARROW);
    insta::assert_snapshot!("narrow", message);
}

#[test]
fn colours_only_underline_what_the_text_says() {
    let coloured = Style { colour: true, ..WIDE };
    let message = terminal::judgement(&judgement(vec![cases::zombie_left()]), &coloured);
    insta::assert_snapshot!("colour", message.replace('\u{1b}', "␛"));
    let plain = terminal::judgement(&judgement(vec![cases::zombie_left()]), &WIDE);
    assert_eq!(without_colour(&message), plain);
}

#[test]
fn of_thirty_processes_only_those_concerned_are_shown() {
    let message = terminal::judgement(&judgement(vec![cases::thirty()]), &WIDE);
    insta::assert_snapshot!("thirty", message);
}

#[test]
fn further_failures_take_a_line_each() {
    let failures = vec![cases::zombie_left(), cases::thirty(), cases::thirty()];
    let mut judgement = judgement(failures);
    judgement.faults = vec![Fault::Eintr(Signal(14))];
    insta::assert_snapshot!("further", terminal::judgement(&judgement, &WIDE));
}

#[test]
fn a_grader_error_is_not_the_students_fault() {
    let mut judgement = judgement(Vec::new());
    judgement.outcome =
        Outcome::GraderError { reason: "ptrace is forbidden here (EPERM)".to_owned() };
    insta::assert_snapshot!("grader-error", terminal::judgement(&judgement, &WIDE));
}

#[test]
fn what_passed_says_how_much_that_proves() {
    insta::assert_snapshot!("passed", terminal::judgement(&judgement(Vec::new()), &WIDE));
}

#[test]
fn what_passed_without_a_run_says_who_judged_it_or_that_nobody_can() {
    let said = |by, unknown: Option<&str>| {
        let inspected = Some(Inspected { by, unknown: unknown.map(str::to_owned) });
        terminal::passed(&Judgement { inspected, ..judgement(Vec::new()) })
    };
    let (codes, bound) = (vec!["E0277".to_owned()], Inspector::ModelChecker(3));
    assert_eq!(said(Inspector::Compiler(codes), None), "the compiler refuses it: E0277");
    let holds =
        "holds in every order of accesses with at most 3 preemptions (model-checked with loom)";
    assert_eq!(said(bound.clone(), None), holds);
    assert_eq!(said(bound, Some("no\ntime")), "not judged: no\\ntime");
}

#[test]
fn a_wait_says_what_is_missing_and_who_has_it() {
    let (object, path) = (ObjectId(3), "/tmp/requests".to_owned());
    let waits = [
        WaitsFor::FifoPeer { path: path.clone(), writes: true },
        WaitsFor::FifoPeer { path, writes: false },
        WaitsFor::Lock { fd: 3, object, holders: vec![P2, P3] },
        WaitsFor::Lock { fd: 3, object, holders: vec![P1] },
        WaitsFor::Lock { fd: 3, object, holders: Vec::new() },
        WaitsFor::Semaphore { object },
        WaitsFor::Message { object, sends: true },
        WaitsFor::Message { object, sends: false },
        WaitsFor::Connection { fd: 4 },
    ];
    let trace = Run::new(&[]).trace;
    let lines = waits.map(|on| {
        let short = sentence::wait::short(&on);
        format!("{short:<18} {}\n", sentence::wait::sentence(&wait_for(P1, on), &trace))
    });
    insta::assert_snapshot!("waits", lines.concat());
}

/// The text without escape sequences for colours.
fn without_colour(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    out + rest
}

#[test]
fn of_a_transfer_in_many_pieces_the_first_and_the_last_are_shown() {
    let message = terminal::judgement(&judgement(vec![cases::reads_for_ever(20)]), &WIDE);
    let reads: Vec<&str> = message.lines().filter(|line| line.contains("read fd 3: ")).collect();
    assert_eq!(reads.len(), 2, "{message}");
    assert!(reads[0].contains("12 bytes") && reads[1].contains("31 bytes"), "{message}");
    assert!(reads[1].starts_with('⋮'), "{message}");
}

#[test]
fn commands_of_a_test_in_another_workspace_name_the_course() {
    let mut judgement = judgement(vec![cases::zombie_left()]);
    judgement.manifest = Some("/the course/Cargo.toml".into());
    let message = terminal::judgement(&judgement, &WIDE);
    let tool = "cargo run -q --manifest-path '/the course/Cargo.toml' -p forklings --";
    assert!(message.contains(&format!("{tool} replay /course/target/")), "{message}");
    judgement.outcome = Outcome::GraderError { reason: "x".to_owned() };
    let message = terminal::judgement(&judgement, &WIDE);
    assert!(message.contains(&format!("{tool} doctor")), "{message}");
}
