//! A whole run, every event.

use crate::escape::{line, shell_word};
use crate::sentence::end::end;
use crate::style::{Ink, Style};
use crate::timeline::{of_trace, text};
use forklings_model::Trace;

/// Draws a run: what ran, all events, how it ended, who the processes were.
#[must_use]
pub fn trace(trace: &Trace, style: &Style) -> String {
    let program = trace.program.file_name().unwrap_or(trace.program.as_os_str());
    let mut words = vec![shell_word(&program.to_string_lossy())];
    words.extend(trace.args.iter().map(|arg| shell_word(arg)));
    let mut out =
        style.paint(Ink::Strong, &crate::escape::cut(&line(&words.join(" ")), style.width));
    out.push_str("\n\n");
    out += &text::draw(&of_trace(trace), style);
    out.push_str("\n\n");
    out += &style.glyphs(&end(trace));
    out.push('\n');
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
