//! What an instructor gets: the table, the page, CSV and JSON, for one small class.

use crate::build::{isolation, judgement};
use crate::schema::violations;
use crate::{cases, hostile};
use forklings_model::{Failure, Graded, Judgement, Report, Rule, Submission, TaskScore, Verdict};
use forklings_report::timeline::Room;
use forklings_report::{Style, html, machine, svg, terminal, timeline};
use serde_json::Value;

fn graded(name: &str, exercise: &str, verdict: Verdict, failures: Vec<Failure>) -> Graded {
    let rule = failures.first().map(Failure::rule);
    let mut judgements: Vec<Judgement> =
        failures.into_iter().map(|failure| judgement(vec![failure])).collect();
    if verdict == Verdict::Accepted {
        judgements.push(judgement(Vec::new()));
    }
    let points = if verdict == Verdict::Accepted { 15 } else { 0 };
    let passed = if verdict == Verdict::Accepted { 4 } else { 3 };
    let task = |task: &str, points, max_points, passed| TaskScore {
        task: task.to_owned(),
        points,
        max_points,
        passed,
        tests: 4,
    };
    Graded {
        submission: Submission { name: name.to_owned() },
        exercise: exercise.to_owned(),
        verdict,
        rule,
        tasks: vec![task("reap_one", 10, 10, 4), task("reap_all", points, 15, passed)],
        left_out: Vec::new(),
        diagnostics: None,
        judgements,
        unfinished: Vec::new(),
        grader_error: None,
    }
}

/// A class with one submission for each thing that a page must be able to show.
fn class() -> Report {
    let mut all = vec![
        graded("ada", "zombies", Verdict::Accepted, Vec::new()),
        graded("ada", "pipes", Verdict::Rejected, vec![cases::pipe_end_open()]),
        graded("ben", "zombies", Verdict::Rejected, vec![cases::zombie_left(), cases::thirty()]),
        graded("cem", "zombies", Verdict::Rejected, vec![cases::order_by_sleep()]),
        graded("=cmd|' /C calc'!A0", "zombies", Verdict::Rejected, vec![hostile::evil()]),
        graded("dora", "zombies", Verdict::BuildFailed, Vec::new()),
        graded("eva", "pipes", Verdict::LimitExceeded, vec![cases::process_limit()]),
        graded("finn", "zombies", Verdict::GraderError, Vec::new()),
    ];
    for graded in &mut all {
        match graded.submission.name.as_str() {
            "ben" => {
                graded.left_out = vec![
                    ("Cargo.toml".into(), "not a file that this exercise lets you edit".to_owned()),
                    ("<b>x</b>.rs".into(), "not a file of the exercise".to_owned()),
                ];
                graded.unfinished = vec!["reap_one::a_pid_that_is_no_child_is_an_error".to_owned()];
            }
            "dora" => {
                graded.rule = Some(Rule::BuildFailed);
                graded.diagnostics =
                    Some("error[E0308]: mismatched types\n --> src/lib.rs:4:5\n".to_owned());
            }
            "finn" => graded.grader_error = Some("ptrace is forbidden here (EPERM)".to_owned()),
            _ => {}
        }
    }
    Report {
        version: 1,
        compiler: "rustc 1.95.0 (f2d3ce0bd 2026-03-21)\nbinary: rustc".to_owned(),
        seed: 7,
        isolation: isolation(),
        graded: all,
        refused: vec![(
            Submission { name: "gil".to_owned() },
            "the archive holds no exercise of this course".to_owned(),
        )],
    }
}

#[test]
fn a_class_is_a_table_in_the_terminal() {
    let wide = Style { colour: false, width: 100, unicode: true };
    insta::assert_snapshot!("class", terminal::summary(&class(), &wide));
    let narrow = Style { width: 50, unicode: false, ..wide };
    let table = terminal::summary(&class(), &narrow);
    assert!(table.lines().take(30).all(|line| line.len() <= 50), "{table}");
    insta::assert_snapshot!("class-narrow", table);
    let colour = Style { colour: true, ..wide };
    assert!(terminal::summary(&class(), &colour).contains("\u{1b}["));
}

#[test]
fn the_page_is_self_contained_and_inert() {
    let page = html::report(&class()).unwrap();
    for forbidden in ["<script", "http:", "https:", " style=", " onload", "<b>x</b>", "javascript:"]
    {
        let own = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src &#x27;none&#x27;") || page.contains("default-src 'none'"));
    assert!(page.contains("&lt;script&gt;alert(1)"), "the hostile text is shown");
    assert!(!page.contains('\u{1b}') && !page.contains('\0'));
    assert!(page.contains("what was tried without a failure"));
    insta::assert_snapshot!("page", page);
}

#[test]
fn a_timeline_is_drawn_as_svg() {
    let failure = cases::zombie_left();
    let room = Room { columns: 8, rows: 12 };
    let timeline = timeline::of_finding(&failure.trace, &failure.finding, room);
    insta::assert_snapshot!("svg", svg::timeline(&timeline, "a <run>", "r1").unwrap());
}

#[test]
fn the_gradebook_is_inert_in_a_spreadsheet() {
    insta::assert_snapshot!("gradebook", machine::gradebook(&class()).unwrap());
}

#[test]
fn the_report_can_be_read_back() {
    let report = class();
    let json = machine::report(&report).unwrap();
    let again: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(again, report);
}

#[test]
fn the_report_is_what_its_schema_says() {
    let schema: Value = serde_json::from_str(machine::SCHEMA).unwrap();
    let mut report = class();
    let all = cases::all().into_iter().map(|(_, failure)| judgement(vec![failure]));
    report.graded[0].judgements = all.chain([judgement(Vec::new())]).collect();
    let json: Value = serde_json::from_str(&machine::report(&report).unwrap()).unwrap();
    assert_eq!(violations(&schema, &json), Vec::<String>::new());

    let mut wrong = json;
    wrong["graded"][0]["verdict"] = "excellent".into();
    wrong["graded"][1]["tasks"][0]["points"] = (-1).into();
    wrong["graded"][2]["secret"] = true.into();
    assert_eq!(violations(&schema, &wrong).len(), 3);
}

#[test]
fn the_schema_knows_every_rule() {
    let schema: Value = serde_json::from_str(machine::SCHEMA).unwrap();
    let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(schema["$defs"]["rule"]["enum"], Value::from(names));
}
