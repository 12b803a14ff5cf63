//! The failure message: six parts, one screen.

use super::layout::{command, part, small};
use crate::escape::line;
use crate::message::{Message, shown_in, tool};
use crate::place::place;
use crate::sentence;
use crate::style::{Ink, Style, columns};
use crate::timeline::{Room, of_finding, text};
use forklings_model::{Detail, Failure, Judgement, Outcome};

/// Lines that a message should fit into: those of a window that nobody has made larger.
const SCREEN: usize = 30;

/// What a judgement has to say to the student.
#[must_use]
pub fn judgement(judgement: &Judgement, style: &Style) -> String {
    match &judgement.outcome {
        Outcome::Passed => format!(
            "{}\n{}",
            headline(&judgement.test, &style.paint(Ink::Good, "passed"), 6, style),
            part("", &passed(judgement), style)
        ),
        Outcome::GraderError { reason } => grader_error(judgement, reason, style),
        Outcome::Failed { failures } => match failures.as_slice() {
            [] => grader_error(judgement, "a failure without a finding was recorded", style),
            [first, others @ ..] => {
                if let Detail::TodoLeft { todo } = &first.finding.detail {
                    todo_left(judgement, first, todo, style)
                } else {
                    six_parts(judgement, first, others, style)
                }
            }
        },
    }
}

/// What was tried without a failure, in a sentence.
#[must_use]
pub fn passed(judgement: &Judgement) -> String {
    match &judgement.inspected {
        Some(inspected) => sentence::inspected::passed(inspected),
        None => super::explored(&judgement.explored).trim_end().to_owned(),
    }
}

fn six_parts(
    judgement: &Judgement,
    failure: &Failure,
    others: &[Failure],
    style: &Style,
) -> String {
    let message = Message::new(judgement, failure);
    let before = before_the_picture(&message, style);
    let after = after_the_picture(&message, style) + &also(judgement, failure, others, style);
    // The picture has a head and a line before and after it.
    let used = before.lines().count() + after.lines().count() + 3;
    let room = Room::on_terminal(style.width, SCREEN.saturating_sub(used));
    let timeline = of_finding(&failure.trace, &failure.finding, room);
    let mut picture = String::new();
    if !timeline.is_empty() {
        picture = format!("\n{}\n", text::draw(&timeline, style));
        if !timeline.left_out.is_empty() {
            let who = sentence::name::list(&timeline.left_out, 6);
            picture += &part("", &format!("(not shown: {who})"), style);
        }
    }
    format!("{before}{picture}\n{after}")
}

fn before_the_picture(message: &Message, style: &Style) -> String {
    let rule = small(format!("{} {}", message.rule, message.shown), &message.small, style);
    let mut out = headline(&message.test, &style.paint(Ink::Bad, &rule), columns(&rule), style);
    out.push('\n');
    out += &part("expected", &message.expected, style);
    out += &part("happened", &message.happened, style);
    out += &places(message, style);
    for remark in &message.remarks {
        out += &part("note", remark, style);
    }
    out
}

fn after_the_picture(message: &Message, style: &Style) -> String {
    let mut out = part("likely", &message.likely, style);
    out += &part("try", &message.experiment, style);
    out += &command("", &message.command, style);
    out += &command("read", message.man, style);
    if let Some(replay) = &message.replay {
        out += &command("replay", replay, style);
    }
    out
}

fn places(message: &Message, style: &Style) -> String {
    super::layout::places(&message.places, style)
}

/// Further rules that the same test broke, a line each.
fn also(judgement: &Judgement, first: &Failure, others: &[Failure], style: &Style) -> String {
    let mut out = String::new();
    for failure in others {
        let happened = sentence::brief(&failure.finding, &failure.trace);
        // As often as the first: then it says nothing of its own.
        let shown = match failure.shown_in == first.shown_in {
            true => String::new(),
            false => format!(" {}", shown_in(failure.shown_in, judgement.explored.schedules)),
        };
        let text = format!("{}{shown}: {happened}", failure.rule());
        let room = style.width.saturating_sub(13).max(40);
        out += &part("also", &crate::escape::cut(&text, room), style);
    }
    out
}

/// Another TODO, in two lines: the first one has said all that there is to say.
#[must_use]
pub fn todo_again(judgement: &Judgement, style: &Style) -> String {
    let Outcome::Failed { failures } = &judgement.outcome else { return String::new() };
    let Some(failure) = failures.first() else { return String::new() };
    let Detail::TodoLeft { todo } = &failure.finding.detail else { return String::new() };
    let state = "not written yet";
    let place = place(&failure.trace, failure.finding.site)
        .map_or_else(String::new, |place| format!("{place}   "));
    headline(&judgement.test, &style.paint(Ink::Accent, state), columns(state), style)
        + &part("later", &format!("{place}{}", line(todo)), style)
}

/// Nothing is wrong yet: it is only not written. Short, and an invitation.
fn todo_left(judgement: &Judgement, failure: &Failure, todo: &str, style: &Style) -> String {
    let state = "not written yet";
    let mut out =
        headline(&judgement.test, &style.paint(Ink::Accent, state), columns(state), style);
    out.push('\n');
    let todo = line(todo.trim_start_matches("not yet implemented").trim_start_matches([':', ' ']));
    let what = if todo.is_empty() { line(&judgement.task) } else { crate::escape::cut(&todo, 300) };
    out += &part("your turn", &what, style);
    let place = place(&failure.trace, failure.finding.site);
    let file = format!("exercises/{}/", line(&judgement.exercise));
    out += &part(
        "where",
        &place.map_or_else(|| format!("{file}src/lib.rs"), |place| format!("{file}{place}")),
        style,
    );
    out += &part("contract", &format!("the comment above it, and {file}README.md"), style);
    let scenario = crate::message::command(&judgement.exercise, &judgement.scenario);
    out += &command("run it", &scenario, style);
    let hint = format!(
        "{} hint {} {}",
        tool(judgement),
        crate::escape::shell_word(&judgement.exercise),
        crate::escape::shell_word(&judgement.task)
    );
    out += &command("stuck?", &hint, style);
    out
}

fn grader_error(judgement: &Judgement, reason: &str, style: &Style) -> String {
    let state = "could not be judged";
    let mut out =
        headline(&judgement.test, &style.paint(Ink::Accent, state), columns(state), style);
    out.push('\n');
    out +=
        &part("", "This is not your program's fault: the grader, or this machine, failed.", style);
    out += &part("reason", &reason.lines().map(line).collect::<Vec<_>>().join("\n"), style);
    out += &part("try", "see what this machine offers, then run the test again:", style);
    out += &command("", &format!("{} doctor", tool(judgement)), style);
    out
}

/// The test's name and what came of it, in one line where it fits.
fn headline(test: &str, painted: &str, width: usize, style: &Style) -> String {
    let test = line(test);
    let name = style.paint(Ink::Strong, &test);
    if columns(&test) + 4 + width <= style.width {
        format!("{name}    {painted}\n")
    } else {
        format!("{name}\n  {painted}\n")
    }
}
