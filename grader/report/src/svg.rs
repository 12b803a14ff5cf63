//! A timeline as SVG: a life line for each process, arrows for forks, signals and reaping. The
//! places are computed here; the drawing is a template, which escapes every text.

use crate::style::columns;
use crate::timeline::{Cell, LinkKind, Mark, Row, Timeline};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

const ROW: usize = 26;
const LEFT: usize = 52;
const TOP: usize = 30;
/// Width of a character of the small monospaced font, in tenths of a pixel.
const CHAR: usize = 73;

#[derive(Serialize)]
struct Drawing<'t> {
    title: &'t str,
    name: &'t str,
    width: usize,
    height: usize,
    texts: Vec<Text>,
    strokes: Vec<Stroke>,
    dots: Vec<Text>,
}

#[derive(Serialize)]
struct Text {
    x: usize,
    y: usize,
    class: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Stroke {
    x1: usize,
    y1: usize,
    x2: usize,
    y2: usize,
    class: &'static str,
}

/// The timeline as an `<svg>` element. `title` says what it shows to who cannot see it. `name` is
/// unique on the page.
///
/// # Errors
/// Fails when the template does, which is a mistake of this crate.
pub fn timeline(timeline: &Timeline, title: &str, name: &str) -> Result<String, minijinja::Error> {
    let lines = life_lines(timeline);
    let heads = timeline.columns.iter().zip(&lines);
    let mut texts: Vec<Text> = heads
        .map(|(proc, &x)| Text { x: x + 10, y: 18, class: "head", text: proc.to_string() })
        .collect();
    let mut strokes = Vec::new();
    let mut dots = Vec::new();
    for (n, row) in timeline.rows.iter().enumerate() {
        let y = TOP + ROW * n + ROW / 2;
        let Row::Step { seq, cells, after, links } = row else {
            texts.push(Text { x: LEFT - 24, y, class: "seq", text: "⋮".to_owned() });
            go_on(&mut strokes, life(&still(timeline, n), &lines, y));
            continue;
        };
        texts.push(Text { x: 8, y, class: "seq", text: seq.to_string() });
        for (cell, &x) in cells.iter().zip(&lines) {
            if let Cell::Says { text, mark } = cell {
                dots.push(Text { x, y: y - 4, class: class(*mark), text: String::new() });
                texts.push(Text { x: x + 10, y, class: class(*mark), text: text.clone() });
            }
        }
        if n + 1 < timeline.rows.len() {
            go_on(&mut strokes, life(after, &lines, y));
        }
        for link in links {
            if let (Some(&from), Some(&to)) = (lines.get(link.from), lines.get(link.to)) {
                let y = y + 7;
                strokes.push(Stroke { x1: from, y1: y, x2: to, y2: y, class: kind(link.kind) });
            }
        }
    }
    let width = lines.last().map_or(LEFT, |&x| x + widths(timeline).last().copied().unwrap_or(0));
    let height = TOP + ROW * timeline.rows.len() + 6;
    let mut page = Environment::new();
    page.set_auto_escape_callback(|_| AutoEscape::Html);
    page.add_template("timeline", include_str!("html/timeline.svg"))?;
    let drawing = Drawing { title, name, width, height, texts, strokes, dots };
    page.get_template("timeline")?.render(Serde(drawing))
}

/// What the processes were before row `n`, which is a gap.
fn still(timeline: &Timeline, n: usize) -> Vec<Cell> {
    let before = timeline.rows.iter().take(n).rev();
    let step = before.filter_map(|row| match row {
        Row::Step { after, .. } => Some(after.clone()),
        Row::Gap => None,
    });
    step.into_iter().next().unwrap_or_default()
}

/// The life lines from a row to the next.
fn life(after: &[Cell], lines: &[usize], y: usize) -> Vec<Stroke> {
    let stroke = |(cell, &x): (&Cell, &usize)| {
        let class = match cell {
            Cell::Alive => "alive",
            Cell::Zombie => "dead",
            Cell::Unborn | Cell::Gone | Cell::Says { .. } => return None,
        };
        Some(Stroke { x1: x, y1: y - 4, x2: x, y2: y - 4 + ROW, class })
    };
    after.iter().zip(lines).filter_map(stroke).collect()
}

/// Adds strokes. One that goes on where an earlier one of its kind ended makes that one longer: a
/// page may hold hundreds of timelines.
fn go_on(strokes: &mut Vec<Stroke>, more: Vec<Stroke>) {
    for new in more {
        let before = strokes
            .iter_mut()
            .find(|old| old.class == new.class && (old.x2, old.y2) == (new.x1, new.y1));
        match before {
            Some(old) => old.y2 = new.y2,
            None => strokes.push(new),
        }
    }
}

/// Where each process's line stands.
fn life_lines(timeline: &Timeline) -> Vec<usize> {
    let mut x = LEFT;
    widths(timeline)
        .into_iter()
        .map(|width| {
            let here = x;
            x += width;
            here
        })
        .collect()
}

fn widths(timeline: &Timeline) -> Vec<usize> {
    (0..timeline.columns.len())
        .map(|n| {
            let texts = timeline.rows.iter().filter_map(|row| match row {
                Row::Step { cells, .. } => cells.get(n),
                Row::Gap => None,
            });
            let widest = texts.map(|cell| match cell {
                Cell::Says { text, .. } => columns(text),
                Cell::Unborn | Cell::Alive | Cell::Zombie | Cell::Gone => 0,
            });
            30 + widest.max().unwrap_or(0).max(12) * CHAR / 10
        })
        .collect()
}

const fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Evidence => "proof",
        Mark::Context => "context",
        Mark::Echo => "echo",
        Mark::Left => "left",
    }
}

const fn kind(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Fork => "arrow fork",
        LinkKind::Signal => "arrow signal",
        LinkKind::Reap => "arrow reap",
    }
}
