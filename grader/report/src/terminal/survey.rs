//! What exploring a program without a suite found out: each broken rule, results that differ, what
//! is only listed, and what was tried.

use super::layout::{command, part, places, small};
use crate::escape::{block, cut, line, shell_word};
use crate::message;
use crate::sentence::name::{count, ended, list};
use crate::sentence::{self, event};
use crate::style::{Ink, Style};
use crate::timeline::{Room, of_finding, text};
use forklings_model::{
    Command, Failure, Finding, Output, Remark, Rule, Shows, Stopped, Survey, Trace,
};

/// Lines that a finding's picture may fill.
const PICTURE: usize = 12;
/// Different results that are shown; the others are only counted.
const RESULTS: usize = 6;
/// Lines of a stream that are shown of a result that every schedule had.
const SHOWN: usize = 4;
/// Lines of a stream that are shown of each.
const LINES: usize = 8;

/// All that an exploration has to say. `replay` is how the program for replaying is called.
#[must_use]
pub fn survey(survey: &Survey, replay: &str, style: &Style) -> String {
    let mut out = headline(&survey.command, style);
    let all = survey.explored.schedules;
    for (number, failure) in survey.failures.iter().enumerate() {
        let shown = message::shown(failure, all);
        let rule = failure.rule().name();
        let head = small(format!("{rule} {shown}"), &message::small(&failure.trace), style);
        let shown = head.split_at(rule.len() + 1).1;
        out += &format!("\n{} {}\n", style.paint(Ink::Bad, rule), style.paint(Ink::Bad, shown));
        // The first is the cause of others more often than not, and gets the picture.
        out += &finding(&failure.finding, &failure.trace, number == 0, style);
        if let Some(path) = &failure.replay {
            let path = shell_word(&path.to_string_lossy());
            out += &command("replay", &format!("{replay} {path}"), style);
        } else if failure.rule() == Rule::DiffersUnwatched {
            out += &command("run", &words(&survey.command), style);
        }
    }
    if survey.differs() {
        out += &results(survey, replay, style);
    }
    out.push('\n');
    out += &only_result(survey, style);
    out += &listed(survey, style);
    out += &remarks(survey, style);
    out += &part("tried", &tried(survey), style);
    out + &verdict(survey, style)
}

/// One run, shown again: what it printed, and what is wrong with it. `shown` is whether it shows
/// what its file says.
#[must_use]
pub fn replayed(
    command: &Command,
    shows: &Shows,
    (findings, trace): (&[Finding], &Trace),
    shown: bool,
    style: &Style,
) -> String {
    let mut out = headline(command, style);
    for (number, found) in findings.iter().enumerate() {
        out += &format!("\n{}\n", style.paint(Ink::Bad, found.rule().name()));
        out += &finding(found, trace, number == 0, style);
    }
    if findings.is_empty() {
        out.push('\n');
        out += &text::draw(&crate::timeline::of_trace(trace, false), style);
        out += "\n\n";
        out += &part("happened", &crate::sentence::end::end(trace), style);
    }
    for (name, bytes) in [("stdout", &trace.stdout), ("stderr", &trace.stderr)] {
        if !bytes.is_empty() {
            let lines = block(&String::from_utf8_lossy(bytes), 40).join("\n");
            out += &part(name, &lines, style);
        }
    }
    out.push('\n');
    let what = match shows {
        Shows::Rule(rule) => rule.name().to_owned(),
        Shows::Result(_) => "this result".to_owned(),
    };
    let said = if shown {
        style.paint(Ink::Bad, &format!("the same schedule shows {what} again"))
    } else {
        style.paint(Ink::Accent, &format!("this run does not show {what} any more"))
    };
    out + &said + "\n"
}

fn headline(command: &Command, style: &Style) -> String {
    style.paint(Ink::Strong, &cut(&words(command), style.width)) + "\n"
}

/// What was run, as a shell reads it.
fn words(command: &Command) -> String {
    let mut words = vec![shell_word(&command.program.to_string_lossy())];
    words.extend(command.args.iter().map(|arg| shell_word(arg)));
    line(&words.join(" "))
}

/// One finding, with its picture or without.
fn finding(finding: &Finding, trace: &Trace, picture: bool, style: &Style) -> String {
    let said = sentence::explain(finding, trace);
    let mut out = part("expected", &said.expected, style);
    out += &part("happened", &said.happened, style);
    out += &places(&message::places(finding, trace), style);
    let timeline = of_finding(trace, finding, Room::on_terminal(style.width, PICTURE));
    if picture && !timeline.is_empty() {
        out.push('\n');
        out += &text::draw(&timeline, style);
        out.push('\n');
        if !timeline.left_out.is_empty() {
            out += &part("", &format!("(not shown: {})", list(&timeline.left_out, 6)), style);
        }
        out.push('\n');
    }
    out += &part("likely", &said.likely, style);
    out += &part("try", &said.experiment, style);
    out + &part("read", &format!("{}; forklings explain {}", said.man, finding.rule()), style)
}

/// Results that differ although no rule was broken.
fn results(survey: &Survey, replay: &str, style: &Style) -> String {
    let clean: Vec<&Output> = survey.clean_outputs().collect();
    let runs: u32 = clean.iter().map(|output| output.clean).sum();
    let title = format!(
        "{} among {} that broke no rule",
        count(clean.len() as u64, "result", "different results"),
        count(runs.into(), "schedule", "schedules")
    );
    let title = textwrap::fill(&title, style.width.max(20));
    let mut out = format!("\n{}\n", style.paint(Ink::Accent, &title));
    for output in clean.iter().take(RESULTS) {
        let ending = output.ending.map_or_else(|| "was cut short".to_owned(), ended);
        let failed = output
            .failed_fork
            .map_or_else(String::new, |nth| format!("with fork no. {nth} failing, "));
        let struck = output.struck.map_or_else(String::new, |what| format!("with {what} once, "));
        let mut text = format!("{failed}{struck}the program {ending}");
        for (name, bytes) in [("", &output.stdout), ("on standard error:", &output.stderr)] {
            if !bytes.is_empty() {
                let lines = block(&String::from_utf8_lossy(bytes), LINES).join("\n");
                let name = if name.is_empty() { String::new() } else { format!("{name}\n") };
                text += &format!("\n{name}{lines}");
            }
        }
        out += &part(&format!("in {}", output.clean), &text, style);
        if let Some(path) = &output.replay {
            let path = shell_word(&path.to_string_lossy());
            out += &command("replay", &format!("{replay} {path}"), style);
        }
    }
    if clean.len() > RESULTS {
        out += &part("", &format!("and {} more", clean.len() - RESULTS), style);
    }
    out
}

/// What the program printed and returned, where that was the same in every schedule: whoever sees
/// "nothing found" shall see of what.
fn only_result(survey: &Survey, style: &Style) -> String {
    let [only] = survey.outputs.as_slice() else { return String::new() };
    let Some(ending) = only.ending else { return String::new() };
    let mut text = format!("in every schedule the program {}", ended(ending));
    for (name, bytes) in [("", &only.stdout), (" on standard error", &only.stderr)] {
        let lines = String::from_utf8_lossy(bytes).lines().count();
        if lines > 0 {
            let lines = count(lines as u64, "line", "lines");
            let shown = block(&String::from_utf8_lossy(bytes), SHOWN).join("\n");
            text += &format!("; {lines}{name}:\n{shown}");
        }
    }
    part("result", &text, style)
}

/// What accuses nobody.
fn listed(survey: &Survey, style: &Style) -> String {
    let mut out = String::new();
    for (finding, times) in &survey.listed {
        let happened = sentence::without_trace(finding);
        let shown = message::shown_in(*times, survey.explored.schedules);
        let text = format!("{} {shown}: {happened}", finding.rule());
        let room = style.width.saturating_sub(13).max(40) * 3;
        out += &part("listed", &cut(&text, room), style);
    }
    out
}

fn remarks(survey: &Survey, style: &Style) -> String {
    let mut all: Vec<String> = survey.remarks.iter().map(remark).collect();
    for rule in &survey.unconfirmed {
        all.push(format!(
            "{rule} was seen in a run that need not be the same when repeated, and was not seen \
             again under the same schedule: nothing is claimed"
        ));
    }
    let mut out = String::new();
    for text in all {
        out += &part("note", &text, style);
    }
    out
}

/// What could not be controlled or told, as a sentence without its full stop.
#[must_use]
pub(crate) fn remark(remark: &Remark) -> String {
    match remark {
        Remark::NotKeptApart => "this machine offers no namespaces: files were really changed, from \
            one run to the next, and nothing is said of what was left behind; see `forklings doctor`"
            .to_owned(),
        Remark::SetId => "the program's set-user-id or set-group-id bit has no effect here: it ran \
            as you"
            .to_owned(),
        Remark::LooksForTracer(path) => format!(
            "the program looked at {}, where it can see that it is traced: what it does untraced \
             may be something else",
            line(path)
        ),
        Remark::Computes => "it computed for so long without a call that the clock interrupted it: \
            when exactly cannot be repeated"
            .to_owned(),
        Remark::ManyOutputs => {
            "more different results were seen than are told apart here".to_owned()
        }
    }
}

/// What was tried, and how far that reaches.
fn tried(survey: &Survey) -> String {
    let explored = &survey.explored;
    let text = match survey.failures.is_empty() {
        true => super::explored(explored),
        false => super::explored::attempted(explored),
    };
    let mut text = text.trim_end().to_owned();
    let faults: Vec<String> = survey.faults.iter().flatten().map(event::fault).collect();
    let mut different: Vec<String> = Vec::new();
    for fault in faults {
        if !different.contains(&fault) {
            different.push(fault);
        }
    }
    if !different.is_empty() {
        text += &format!("\nfaults: {}", different.join("; "));
    }
    if survey.given_up > 0 && survey.stopped != Stopped::Interrupted {
        let runs = count(survey.given_up.into(), "run", "runs");
        text +=
            &format!("\nbeside them {runs} had to be given up, which is no fault of the program");
    }
    match &survey.stopped {
        Stopped::Done => {}
        Stopped::Enough => text += "\nstopped early: more such runs would only take as long again",
        Stopped::Interrupted => text += "\nstopped by Ctrl-C or SIGTERM",
        Stopped::Failed(reason) => {
            text += &format!("\nstopped, which is no fault of the program: {}", line(reason));
        }
    }
    text
}

fn verdict(survey: &Survey, style: &Style) -> String {
    let found: Vec<&str> =
        survey.failures.iter().map(Failure::rule).map(forklings_model::Rule::name).collect();
    let (ink, text) = if !found.is_empty() {
        (Ink::Bad, format!("found: {}", found.join(", ")))
    } else if survey.differs() {
        (Ink::Accent, "no rule was broken; the order decides the result".to_owned())
    } else if survey.explored.schedules == 0 {
        (Ink::Accent, "nothing is known".to_owned())
    } else {
        (Ink::Good, "nothing found".to_owned())
    };
    let text = textwrap::fill(&text, style.width.max(20));
    format!("\n{}\n", style.paint(ink, &text))
}
