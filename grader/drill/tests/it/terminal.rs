//! At a terminal, and what is left of runs that hang. Every process of a run inherits one end of a
//! pipe from the test, so the end of file there says that all of them are gone.

use crate::{drills, run};
use nix::fcntl::OFlag;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::WaitStatus;
use nix::unistd::pipe2;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use std::fs::File;
use std::io::Read;
use std::process::Command;

/// Longer than anything takes, also on a busy machine: a failing test ends some time.
const PATIENCE: Option<u64> = Some(300_000);

fn at_terminal(mut command: Command) -> PtySession {
    command.env("TERM", "xterm");
    spawn_with_options(command, Options::new().timeout_ms(PATIENCE)).unwrap()
}

/// Does something with programs, and returns when none of their processes is left.
fn until_all_are_gone(act: impl FnOnce()) {
    // Not close-on-exec: whoever is started has it.
    let (ours, theirs) = pipe2(OFlag::empty()).unwrap();
    act();
    drop(theirs);
    assert_eq!(File::from(ours).read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[test]
fn a_reader_is_asked_and_an_empty_line_ends_the_prediction() {
    let mut session = at_terminal(drills(&["reveal", "1"]));
    session.exp_string("your prediction.").unwrap();
    session.send_line("one").unwrap();
    session.send_line("two").unwrap();
    session.send_line("").unwrap();
    session.exp_string("It runs 200 times").unwrap();
    session.exp_string("\x1b[32mPredicted and seen").unwrap();
    session.exp_string("You predicted its one output.").unwrap();
}

#[test]
fn no_color_is_obeyed() {
    let mut command = drills(&["reveal", "1"]);
    command.env("NO_COLOR", "1");
    let mut session = at_terminal(command);
    session.exp_string("An empty line").unwrap();
    session.send_line("").unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("Seen and not predicted") && !rest.contains('\x1b'), "{rest}");
}

#[test]
fn runs_that_hang_are_told_after_a_few_and_nothing_is_left() {
    until_all_are_gone(|| {
        let (code, said, _) = run(drills(&["reveal", "2"]), "waiting\nhangs\n");
        assert_eq!(code, 0);
        assert!(said.contains("Predicted and seen (times in 3 runs)"), "{said}");
        assert!(said.contains("     3  waiting · hangs\n"), "{said}");
    });
}

/// Who runs the tests in the background may have had the shell ignore SIGINT, and programs inherit that.
#[expect(unsafe_code, reason = "dispositions belong to the process")]
fn heed_ctrl_c() {
    // SAFETY: the default action is no function of ours.
    unsafe { signal(Signal::SIGINT, SigHandler::SigDfl) }.unwrap();
}

#[test]
fn ctrl_c_leaves_nothing() {
    heed_ctrl_c();
    until_all_are_gone(|| {
        let mut session = at_terminal(drills(&["reveal", "2"]));
        session.exp_string("An empty line").unwrap();
        session.send_line("").unwrap();
        session.exp_string("It runs").unwrap();
        session.send_control('c').unwrap();
        session.exp_eof().unwrap();
        let status = session.process().wait().unwrap();
        assert!(matches!(status, WaitStatus::Signaled(_, Signal::SIGINT, _)), "{status:?}");
    });
}
