//! The processes of a run as a tree of forks.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "few of the many kinds of events say what became of a process"
)]

use crate::style::Style;
use forklings_model::{Ending, EventKind, ProcId, Trace, WaitOutcome};
use std::collections::BTreeMap;

/// The tree, a line for each process: number, pid, how it ended, and what became of it.
#[must_use]
pub fn tree(trace: &Trace, style: &Style) -> String {
    let fates = fates(trace);
    let mut out = String::new();
    let roots = trace.processes.iter().filter(|process| process.parent.is_none());
    for root in roots {
        out += &line(trace, root.proc, &fates);
        below(trace, root.proc, "", &fates, &mut out);
    }
    style.glyphs(&out)
}

fn below(trace: &Trace, parent: ProcId, margin: &str, fates: &Fates, out: &mut String) {
    let children: Vec<ProcId> =
        trace.processes.iter().filter(|p| p.parent == Some(parent)).map(|p| p.proc).collect();
    for (n, child) in children.iter().enumerate() {
        let last = n + 1 == children.len();
        out.push_str(margin);
        out.push_str(if last { "└─ " } else { "├─ " });
        out.push_str(&line(trace, *child, fates));
        let deeper = format!("{margin}{}", if last { "   " } else { "│  " });
        // A chain of thousands must not overflow the stack, nor the reader.
        if deeper.chars().count() < 150 {
            below(trace, *child, &deeper, fates, out);
        } else {
            out.push_str(&format!("{deeper}…\n"));
        }
    }
}

type Fates = BTreeMap<ProcId, Fate>;

#[derive(Default)]
struct Fate {
    ending: Option<Ending>,
    zombie: bool,
    reaped: bool,
    discarded: bool,
}

fn line(trace: &Trace, proc: ProcId, fates: &Fates) -> String {
    let pid = trace.process(proc).map_or(String::new(), |p| format!(" (pid {})", p.pid.0));
    let fate = fates.get(&proc);
    let ending = match fate.and_then(|fate| fate.ending) {
        Some(ending) => ending.to_string(),
        None => "still alive at the end".to_owned(),
    };
    let after = match fate {
        Some(Fate { reaped: true, .. }) => ", reaped",
        Some(Fate { discarded: true, .. }) => ", status discarded",
        Some(Fate { zombie: true, .. }) if proc != ProcId::ROOT => ", never reaped",
        _ => "",
    };
    format!("{proc}{pid}  {ending}{after}\n")
}

fn fates(trace: &Trace) -> Fates {
    let mut fates = Fates::new();
    for event in &trace.events {
        let proc = event.task.proc;
        match &event.kind {
            EventKind::Ended { ending } => fates.entry(proc).or_default().ending = Some(*ending),
            EventKind::Zombie { parent: Some(_) } => fates.entry(proc).or_default().zombie = true,
            EventKind::Discarded { .. } => fates.entry(proc).or_default().discarded = true,
            EventKind::Waited { outcome: WaitOutcome::Reaped { child, .. }, .. } => {
                fates.entry(*child).or_default().reaped = true;
            }
            _ => {}
        }
    }
    fates
}
