//! The walk through a saved run, from a pipe and at a terminal.

use super::door::finds;
use super::programs::c;
use crate::door::{Said, forklings};
use crate::terminal::{at_terminal, exit_code, narrow, without_escapes};
use std::io::Write;
use std::process::{Output, Stdio};

const RULE: &str = "signal-lost";

/// The walk with these lines on its standard input.
#[track_caller]
fn walk(file: &str, keys: &str) -> Said {
    let mut command = forklings(&["replay", file, "--step"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(keys.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

/// What each screen says is next.
fn next(said: &Said) -> Vec<&str> {
    said.stdout.lines().filter_map(|line| line.strip_prefix("  next       ")).collect()
}

#[test]
fn keys_of_a_pipe_walk_through_the_run_that_was_saved() {
    let found = finds(&[], &[&c("checkpause")], &[RULE]);
    let file = found.replay(RULE);
    let all = walk(&file, &"\n".repeat(500));
    assert_eq!((all.code, all.stderr.as_str()), (1, ""), "{all:?}");
    let events = next(&all);
    assert!(events.iter().any(|next| next.contains("fork → P2")), "{events:?}");
    assert!(all.stdout.contains("the run is over"), "{all:?}");
    assert!(all.stdout.contains("blocked: for a signal"), "{all:?}");
    assert!(all.stdout.contains("fd 0 = stdin, 1 = stdout, 2 = stderr"), "{all:?}");
    // The line of the code, between its neighbours.
    assert!(all.stdout.lines().any(|line| line.trim_start().starts_with("│ > ")), "{all:?}");
    assert!(!all.stdout.contains('\u{1b}') && !all.stdout.contains("step ("), "{all:?}");

    assert_eq!(next(&walk(&file, "3\n")), [events[0], events[3]]);
    assert_eq!(next(&walk(&file, "")), [events[0]], "the end of the input is the end");
    assert_eq!(next(&walk(&file, "q\n\n\n")), [events[0]]);
    let own = walk(&file, "\nc\nc\n");
    let [_, own @ ..] = &next(&own)[..] else { panic!("{own:?}") };
    assert!(own.iter().all(|next| next.starts_with(&own[0][..2])), "{own:?}");
    let help = walk(&file, "?\n");
    assert!(help.stdout.contains("one event further"), "{help:?}");
    let far = walk(&file, "999999\n");
    assert!(far.stdout.contains("the run is over"), "{far:?}");
}

#[test]
fn at_a_terminal_it_asks_for_each_step_and_keeps_to_the_window() {
    let found = finds(&[], &[&c("checkpause")], &[RULE]);
    let command = forklings(&["replay", &found.replay(RULE), "--step"]);
    let mut session = at_terminal(narrow(&command, 44));
    session.exp_string("step (? for help) > ").unwrap();
    session.send_line("2").unwrap();
    session.exp_string("running").unwrap();
    session.exp_string("step (? for help) > ").unwrap();
    session.send_line("999").unwrap();
    let rest = without_escapes(&session.exp_eof().unwrap());
    assert!(rest.contains("the run is over"), "{rest}");
    let long = rest.lines().find(|line| line.trim_end().chars().count() > 44);
    assert_eq!(long, None, "{rest}");
    assert_eq!(exit_code(&session), 1);
}

#[test]
fn no_colour_is_no_colour() {
    let found = finds(&[], &[&c("checkpause")], &[RULE]);
    for (plain, coloured) in [("", true), ("1", false)] {
        let mut command = forklings(&["replay", &found.replay(RULE), "--step"]);
        command.env("NO_COLOR", plain);
        let mut session = at_terminal(command);
        session.send_line("q").unwrap();
        let text = session.exp_eof().unwrap();
        assert_eq!(text.contains('\u{1b}'), coloured, "{text}");
    }
}
