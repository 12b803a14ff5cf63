//! Draws a timeline with characters: columns where there is room, else a list.

use super::{Cell, Mark, Row, Timeline};
use crate::escape::cut;
use crate::style::{Ink, Style, columns, fit};

/// Characters left of the first column: margin, event number, gap.
pub const LEFT: usize = 8;
/// Characters that a column should have at least, gap included.
pub const COLUMN: usize = 17;
const GAP: usize = 2;

/// The timeline as lines of text.
#[must_use]
pub fn draw(timeline: &Timeline, style: &Style) -> String {
    let roomy = timeline.columns.len() <= Timeline::columns_in(style.width);
    let as_list = style.is_narrow() || !roomy;
    let lines = if as_list { list(timeline, style) } else { table(timeline, style) };
    lines.join("\n")
}

fn table(timeline: &Timeline, style: &Style) -> Vec<String> {
    let widths = widths(timeline, style);
    let heads = timeline
        .columns
        .iter()
        .zip(&widths)
        .map(|(proc, width)| style.paint(Ink::Strong, &fit(&proc.to_string(), *width)));
    let mut lines = vec![join(" ".repeat(LEFT), heads)];
    for (number, cells) in steps(timeline, style) {
        let number = style.paint(Ink::Faint, &number);
        lines.push(join(number, cells.iter().zip(&widths).map(|(cell, w)| paint(cell, *w, style))));
    }
    lines
}

/// One line for each event: number, process, phrase.
fn list(timeline: &Timeline, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    for (mut number, cells) in steps(timeline, style) {
        for (cell, proc) in cells.iter().zip(&timeline.columns) {
            let Cell::Says { text, mark } = cell else { continue };
            if *mark == Mark::Echo {
                continue;
            }
            let room = style.width.saturating_sub(LEFT + 6);
            let text = cut(&style.glyphs(text), room.max(12));
            let head = style.paint(Ink::Faint, &number);
            lines.push(format!("{head}{:<5} {}", proc.to_string(), inked(&text, *mark, style)));
            number = " ".repeat(LEFT);
        }
    }
    lines
}

/// Every event, with its number as the left column has it. A gap takes no line of its own: a mark
/// before the number says that something was left out here. Nothing follows a last gap.
fn steps<'t>(timeline: &'t Timeline, style: &Style) -> Vec<(String, &'t [Cell])> {
    let mut gap = false;
    let mut steps = Vec::new();
    for row in &timeline.rows {
        match row {
            Row::Gap => gap = true,
            Row::Step { seq, cells, .. } => {
                let mark = if std::mem::take(&mut gap) { "⋮" } else { "" };
                let mark = style.glyphs(mark);
                let number = format!("{mark}{seq:>width$}  ", width = LEFT - 2 - columns(&mark));
                steps.push((number, cells.as_slice()));
            }
        }
    }
    if gap {
        let mark = style.glyphs("⋮");
        steps.push((format!("{mark:<LEFT$}"), &[][..]));
    }
    steps
}

fn join(left: String, cells: impl Iterator<Item = String>) -> String {
    let gap = " ".repeat(GAP);
    let line = left + &cells.collect::<Vec<_>>().join(&gap);
    line.trim_end().to_owned()
}

fn paint(cell: &Cell, width: usize, style: &Style) -> String {
    let quiet = |c: &str| style.paint(Ink::Faint, &fit(&style.glyphs(c), width));
    match cell {
        Cell::Unborn => quiet("·"),
        Cell::Alive => quiet("│"),
        Cell::Zombie => quiet("┆"),
        Cell::Gone => " ".repeat(width),
        Cell::Says { text, mark } => inked(&fit(&style.glyphs(text), width), *mark, style),
    }
}

fn inked(text: &str, mark: Mark, style: &Style) -> String {
    match mark {
        Mark::Evidence => style.paint(Ink::Strong, text),
        Mark::Left => style.paint(Ink::Bad, text),
        Mark::Context | Mark::Echo => text.to_owned(),
    }
}

/// As wide as the longest phrase; where that is too much, all the wide ones give way.
fn widths(timeline: &Timeline, style: &Style) -> Vec<usize> {
    let n = timeline.columns.len().max(1);
    let room = style.width.saturating_sub(LEFT + GAP * (n - 1));
    let mut natural = vec![COLUMN - GAP; n];
    for row in &timeline.rows {
        let Row::Step { cells, .. } = row else { continue };
        for (widest, cell) in natural.iter_mut().zip(cells) {
            if let Cell::Says { text, .. } = cell {
                *widest = (*widest).max(columns(&style.glyphs(text)));
            }
        }
    }
    let mut most = natural.iter().copied().max().unwrap_or(room);
    while natural.iter().map(|w| (*w).min(most)).sum::<usize>() > room && most > 1 {
        most -= 1;
    }
    natural.into_iter().map(|w| w.min(most)).collect()
}
