//! A whole run.

use crate::escape::{line, shell_word};
use crate::sentence::end::end;
use crate::sentence::name::count;
use crate::style::{Ink, Style};
use crate::timeline::{of_trace, text};
use forklings_model::Trace;

/// Draws a run: what ran, its events, how it ended, who the processes were. Without `all` what
/// came before the programs' own code is left out, and said to be.
#[must_use]
pub fn trace(trace: &Trace, all: bool, style: &Style) -> String {
    let program = trace.program.file_name().unwrap_or(trace.program.as_os_str());
    let mut words = vec![shell_word(&program.to_string_lossy())];
    words.extend(trace.args.iter().map(|arg| shell_word(arg)));
    let mut out =
        style.paint(Ink::Strong, &crate::escape::cut(&line(&words.join(" ")), style.width));
    out.push_str("\n\n");
    let timeline = of_trace(trace, all);
    out += &text::draw(&timeline, style);
    out.push_str("\n\n");
    if let Some(left_out) = left_out(trace, timeline.folded, all) {
        out += &(textwrap::fill(&left_out, style.width.max(20)) + "\n\n");
    }
    for line in style.glyphs(&end(trace)).lines() {
        out += &(textwrap::fill(line, style.width.max(20)) + "\n");
    }
    if !trace.replayable {
        out.push_str("This run is not exactly replayable");
        let calls: Vec<String> = trace.unmodelled.iter().take(6).map(|call| line(call)).collect();
        if !calls.is_empty() {
            out += &format!(": {}", calls.join(", "));
        }
        out.push_str(".\n");
    }
    if trace.processes.len() > 1 {
        out.push('\n');
        out += &super::tree(trace, style);
    }
    out
}

/// What the picture does not show.
fn left_out(trace: &Trace, folded: usize, all: bool) -> Option<String> {
    let before = if all { 0 } else { trace.before_main.len() };
    let mut parts = Vec::new();
    if before > 0 {
        let events = count(before as u64, "event", "events");
        parts.push(format!("{events} of the dynamic linker and the runtime before main"));
    }
    if folded > 0 {
        let events = count(folded as u64, "event", "events");
        parts.push(format!("{events} that did the same as the one shown"));
    }
    (!parts.is_empty()).then(|| format!("left out: {} (--all shows them)", parts.join("; ")))
}
