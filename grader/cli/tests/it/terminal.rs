//! The program at a real terminal.

use crate::door::{forklings, hand_in_stubs, root, run};
use nix::sys::wait::WaitStatus;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Longer than anything takes, also on a busy machine: a failing test ends some time.
const PATIENCE: Option<u64> = Some(900_000);

pub(crate) fn at_terminal(mut command: Command) -> PtySession {
    command.env("TERM", "xterm");
    let options = Options::new().timeout_ms(PATIENCE);
    spawn_with_options(command, options).unwrap()
}

#[track_caller]
#[expect(clippy::wildcard_enum_match_arm, reason = "every other end is as wrong")]
pub(crate) fn exit_code(session: &PtySession) -> i32 {
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => code,
        other => panic!("it did not exit: {other:?}"),
    }
}

/// The command in a window of so many columns.
pub(crate) fn narrow(command: &Command, columns: u16) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("stty rows 30 cols {columns}; exec \"$@\"")).arg("sh");
    shell.arg(command.get_program()).args(command.get_args()).current_dir(root());
    shell
}

pub(crate) fn without_escapes(text: &str) -> String {
    console::strip_ansi_codes(text).into_owned()
}

fn grade(class: &Path, out: &Path) -> Command {
    let (class, out) = (class.to_str().unwrap(), out.to_str().unwrap());
    forklings(&["grade", class, "--out", out, "--schedules", "1", "--jobs", "1"])
}

#[test]
fn grading_shows_progress_and_ends_with_the_table() {
    let (class, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    hand_in_stubs(class.path(), "pipes", &["ada"]);
    let mut session = at_terminal(grade(class.path(), &out.path().join("report")));
    session.exp_string("preparing").unwrap();
    session.exp_string("ada pipes: compiling").unwrap();
    session.exp_string("ada pipes: test ").unwrap();
    let rest = without_escapes(&session.exp_eof().unwrap());
    assert!(rest.contains("rejected") && rest.contains("todo-left"), "{rest}");
    assert!(rest.contains("report/index.html"), "{rest}");
    assert_eq!(exit_code(&session), 0);
    assert!(out.path().join("report/index.html").is_file());
}

#[test]
fn ctrl_c_keeps_what_is_graded_and_the_same_command_goes_on() {
    let (class, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let out = out.path().join("report");
    hand_in_stubs(class.path(), "pipes", &["ada", "bob", "cy", "dan", "eve"]);
    let mut session = at_terminal(grade(class.path(), &out));
    session.exp_string("bob pipes: ").unwrap();
    session.send_control('c').unwrap();
    let rest = without_escapes(&session.exp_eof().unwrap());
    assert!(rest.contains("stopped by Ctrl-C or SIGTERM"), "{rest}");
    assert!(rest.contains("The same command goes on from there"), "{rest}");
    assert_eq!(exit_code(&session), 130);
    let kept = fs::read_to_string(out.join("journal.jsonl")).unwrap().lines().count();
    assert!((1..5).contains(&kept), "{kept}");
    assert!(!out.join("scratch").exists(), "temporary folders are gone");

    let again = grade(class.path(), &out).output().unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains(&format!("{kept} of 5 are known from before")), "{said}");
    assert!(said.contains("[5/5] eve pipes: rejected"), "{said}");
    assert!(!said.contains('\u{1b}'), "plain lines where there is no terminal: {said}");
}

#[test]
fn a_narrow_window_is_respected() {
    for args in [&["list"][..], &["explain"], &["explain", "zombie-left"], &["doctor"], &[]] {
        let mut session = at_terminal(narrow(&forklings(args), 44));
        let text = without_escapes(&session.exp_eof().unwrap());
        assert!(text.lines().count() > 5, "{text}");
        // Code is not wrapped, as it could not be pasted any more.
        let long = text
            .lines()
            .find(|line| line.trim_end().chars().count() > 44 && !line.starts_with("    "));
        assert_eq!(long, None, "{args:?}");
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let colour = at_terminal(forklings(&["list"])).exp_eof().unwrap();
    assert!(colour.contains('\u{1b}'), "{colour}");
    let mut command = forklings(&["list"]);
    command.env("NO_COLOR", "1");
    let plain = at_terminal(command).exp_eof().unwrap();
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(!run(&["list"]).stdout.contains('\u{1b}'));
}

#[test]
fn exploring_shows_progress_and_ctrl_c_shows_what_was_found() {
    let folder = TempDir::new().unwrap();
    let script = "for n in 1 2 3 4; do (true) & done; wait";
    let options = ["--schedules", "1000000", "--seed", "1"];
    let command = [&["explore"], &options[..], &["--", "sh", "-c", script]].concat();
    let mut command = forklings(&command);
    command.current_dir(folder.path());
    let mut session = at_terminal(command);
    session.exp_string("schedules/s, ").unwrap();
    session.send_control('c').unwrap();
    let rest = without_escapes(&session.exp_eof().unwrap());
    assert!(rest.contains("stopped by Ctrl-C or SIGTERM"), "{rest}");
    assert!(rest.contains("schedules"), "{rest}");
    assert_eq!(exit_code(&session), 130);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
}

#[test]
fn a_program_that_computes_is_stopped_by_ctrl_c_at_once() {
    let spin = ["explore", "--seconds", "3000", "--", "sh", "-c", "while :; do :; done"];
    let mut session = at_terminal(forklings(&spin));
    session.exp_string("/200").unwrap();
    session.send_control('c').unwrap();
    let rest = without_escapes(&session.exp_eof().unwrap());
    assert!(rest.contains("nothing is known"), "{rest}");
    assert_eq!(exit_code(&session), 130);
}

#[test]
fn a_traced_program_reads_from_its_terminal() {
    let cat = ["trace", "--", "sh", "-c", "echo ready; exec cat"];
    let mut session = at_terminal(forklings(&cat));
    // The terminal's echo is off from here on: what is read back is what cat wrote.
    session.exp_string("ready").unwrap();
    session.send_line("a line that was typed").unwrap();
    session.exp_string("a line that was typed").unwrap();
    session.send_control('d').unwrap();
    let rest = without_escapes(&session.exp_eof().unwrap());
    assert!(rest.contains("P1 exited with status 0"), "{rest}");
    assert_eq!(exit_code(&session), 0);
}
