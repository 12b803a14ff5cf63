//! What exploring a program without a suite says.

use crate::build::isolation;
use crate::cases;
use crate::schema::violations;
use forklings_model::{
    Command, Demand, Ending, Explored, Failure, Fault, Limits, Output, Place, Remark, Rule, Shows,
    Stopped, Strike, Survey, Waiver,
};
use forklings_report::{Style, machine, terminal};
use serde_json::Value;

const WIDE: Style = Style { colour: false, width: 100, unicode: true };
const NARROW: Style = Style { colour: false, width: 50, unicode: false };
const REPLAY: &str = "forklings replay";

fn command() -> Command {
    Command {
        program: "/home/ada/race".into(),
        args: vec!["2".to_owned(), "a word".to_owned()],
        stdin: Vec::new(),
        place: Place::Machine("/home/ada".into()),
        limits: Limits::default(),
        cpu_seconds: 10,
        start: 0,
        random: 0,
        demands: vec![Demand::Before { first: "child".to_owned(), second: "parent".to_owned() }],
        waivers: vec![Waiver { rule: Rule::OrphanLeft, reason: "a daemon".to_owned() }],
    }
}

fn output(stdout: &str, status: u8, schedules: u32) -> Output {
    Output {
        stdout: stdout.as_bytes().to_vec(),
        stderr: Vec::new(),
        shortened: false,
        ending: Some(Ending::Exited(status)),
        failed_fork: None,
        struck: None,
        schedules,
        clean: schedules,
        replay: None,
    }
}

/// Nothing wrong, everything tried.
fn clean() -> Survey {
    Survey {
        command: command(),
        faults: vec![Vec::new()],
        explored: Explored {
            schedules: 12,
            drawn: 8,
            distinct_orders: 3,
            exhausted: true,
            preemptions: None,
            saturated: None,
            not_replayable: 0,
            isolation: isolation(),
            unmodelled: Vec::new(),
            late_timeouts: false,
            unwatched_memory: false,
            natural: None,
        },
        given_up: 0,
        stopped: Stopped::Done,
        failures: Vec::new(),
        unconfirmed: Vec::new(),
        outputs: vec![output("child\nparent\n", 0, 12)],
        listed: Vec::new(),
        remarks: Vec::new(),
    }
}

/// Everything that there is to say.
fn full() -> Survey {
    let mut second = output("parent\nchild\n", 1, 4);
    second.stderr = b"too early\x1b[2J\n".to_vec();
    second.replay = Some("/home/ada/forklings-schedules/race-result-2.schedule".into());
    let mut failing = output("no child\n", 3, 2);
    failing.failed_fork = Some(1);
    Survey {
        faults: vec![vec![Fault::ShortRead], vec![Fault::ShortRead, Fault::ForkEagain { nth: 1 }]],
        explored: Explored { schedules: 200, exhausted: false, ..clean().explored },
        given_up: 1,
        failures: vec![named(cases::zombie_left(), "zombie-left"), cases::todo_left()],
        unconfirmed: vec![Rule::Deadlock],
        outputs: vec![output("child\nparent\n", 0, 190), second, failing],
        listed: vec![(fd_leaked(), 200)],
        remarks: vec![
            Remark::NotKeptApart,
            Remark::SetId,
            Remark::LooksForTracer("/proc/self/status".to_owned()),
            Remark::Computes,
            Remark::ManyOutputs,
        ],
        ..clean()
    }
}

fn named(mut failure: Failure, name: &str) -> Failure {
    let file = format!("/home/ada/forklings-schedules/race-{name}.schedule");
    failure.replay = Some(file.into());
    failure
}

fn fd_leaked() -> forklings_model::Finding {
    let all = cases::all();
    let (_, failure) = all.into_iter().find(|(name, _)| *name == "fd-leaked").unwrap();
    failure.finding
}

#[test]
fn a_clean_program_and_everything_that_can_be_said_of_another() {
    insta::assert_snapshot!("survey-clean", terminal::survey(&clean(), REPLAY, &WIDE));
    let text = terminal::survey(&full(), REPLAY, &WIDE);
    assert!(!text.contains('\u{1b}'), "{text}");
    insta::assert_snapshot!("survey", text);
}

#[test]
fn a_narrow_window_is_respected_but_for_commands() {
    let text = terminal::survey(&full(), REPLAY, &NARROW);
    let long = text.lines().find(|line| line.len() > 50 && !line.contains("forklings"));
    assert_eq!(long, None, "{text}");
}

#[test]
fn an_interrupted_and_a_failed_exploration_say_so() {
    let interrupted = Survey { stopped: Stopped::Interrupted, ..clean() };
    let text = terminal::survey(&interrupted, REPLAY, &WIDE);
    assert!(text.contains("stopped by Ctrl-C or SIGTERM"), "{text}");
    let stopped = Stopped::Failed("the tracer lost track".to_owned());
    let explored = Explored { schedules: 0, exhausted: false, ..clean().explored };
    let failed = Survey { stopped, explored, outputs: Vec::new(), ..clean() };
    let text = terminal::survey(&failed, REPLAY, &WIDE);
    assert!(text.contains("no fault of the program: the tracer lost track"), "{text}");
    assert!(text.ends_with("\nnothing is known\n"), "{text}");
}

#[test]
fn a_result_that_every_schedule_had_is_shown() {
    let mut all = clean();
    all.outputs = vec![Output { stderr: b"usage: race N\n".to_vec(), ..output("", 2, 12) }];
    let text = terminal::survey(&all, REPLAY, &WIDE);
    assert!(text.contains("in every schedule the program exited with status 2"), "{text}");
    assert!(text.contains("usage: race N"), "{text}");
}

#[test]
fn results_differ_only_where_nobody_made_them_differ() {
    assert!(!clean().differs());
    let mut failing = output("no child\n", 3, 2);
    failing.failed_fork = Some(1);
    let with_failing_fork = Survey { outputs: vec![output("x", 0, 2), failing], ..clean() };
    assert!(!with_failing_fork.differs());
    let broken = Output { clean: 0, ..output("y", 1, 1) };
    let with_broken = Survey { outputs: vec![output("x", 0, 2), broken], ..clean() };
    assert!(!with_broken.differs(), "what a rule explains is not told twice");
    assert!(full().differs());
}

#[test]
fn a_replayed_run_says_whether_it_shows_the_same() {
    let failure = cases::zombie_left();
    let run = (std::slice::from_ref(&failure.finding), &failure.trace);
    let shows = Shows::Rule(Rule::ZombieLeft);
    let text = terminal::replayed(&command(), &shows, run, true, &WIDE);
    assert!(text.ends_with("\nthe same schedule shows zombie-left again\n"), "{text}");
    let shows = Shows::Result("ab".to_owned());
    let text = terminal::replayed(&command(), &shows, (&[], &failure.trace), false, &WIDE);
    assert!(text.ends_with("\nthis run does not show this result any more\n"), "{text}");
}

#[test]
fn the_json_is_what_its_schema_says() {
    let schema: Value = serde_json::from_str(machine::SURVEY_SCHEMA).unwrap();
    for all in [clean(), full()] {
        let json: Value = serde_json::from_str(&machine::survey(&all).unwrap()).unwrap();
        assert_eq!(violations(&schema, &json), Vec::<String>::new());
    }
    let mut wrong: Value = serde_json::from_str(&machine::survey(&full()).unwrap()).unwrap();
    wrong["findings"][0]["rule"] = "zombie".into();
    wrong["outputs"][0]["schedules"] = (-1).into();
    wrong["secret"] = true.into();
    assert_eq!(violations(&schema, &wrong).len(), 3);
}

#[test]
fn the_schema_knows_every_rule() {
    let schema: Value = serde_json::from_str(machine::SURVEY_SCHEMA).unwrap();
    let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(schema["$defs"]["rule"]["enum"], Value::from(names));
}

#[test]
fn what_struck_once_is_told_beside_its_results_and_they_are_no_difference() {
    let mut struck = output("no room\n", 1, 3);
    struck.struck = Some(Strike::Enospc);
    let strike = |what, nth| Fault::Strike { what, nth };
    let survey = Survey {
        faults: vec![vec![
            strike(Strike::Epipe, None),
            strike(Strike::Enospc, Some(2)),
            strike(Strike::Emfile, None),
            strike(Strike::Kill, Some(7)),
        ]],
        outputs: vec![output("stored\n", 0, 17), struck],
        ..clean()
    };
    assert!(!survey.differs());
    insta::assert_snapshot!("survey-struck", terminal::survey(&survey, REPLAY, &WIDE));
    let json: Value = serde_json::from_str(&machine::survey(&survey).unwrap()).unwrap();
    let schema: Value = serde_json::from_str(machine::SURVEY_SCHEMA).unwrap();
    assert_eq!(violations(&schema, &json), Vec::<String>::new());
    assert_eq!(json["outputs"][1]["struck"], "enospc");
}
