//! A run as rows and columns: a column for each process, a row for each event that matters. This
//! is the picture before it is drawn; [`text`] draws it for a terminal, `svg` for a page.

mod build;
mod choose;
pub mod text;

pub use build::{of_finding, of_trace};

use forklings_model::ProcId;

/// A run, or what matters of it, as rows and columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The processes shown, in the order of their creation.
    pub columns: Vec<ProcId>,
    /// The rows, in the order of events.
    pub rows: Vec<Row>,
    /// Processes that belong to the matter and found no room.
    pub left_out: Vec<ProcId>,
    /// Events that share a row with an earlier one of their kind.
    pub folded: usize,
}

/// How much of a run there is room for.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Processes at most.
    pub columns: usize,
    /// Events at most; gaps and heads are not counted.
    pub rows: usize,
}

impl Room {
    /// Events that a picture has at least, however little room there is, and at most: more are not
    /// read.
    const ROWS: [usize; 2] = [7, 12];

    /// The room on a terminal of `width` characters of which the picture may fill so many lines.
    #[must_use]
    pub fn on_terminal(width: usize, lines: usize) -> Self {
        let [least, most] = Self::ROWS;
        Self { columns: Timeline::columns_in(width), rows: lines.clamp(least, most) }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Events that would belong here were left out.
    Gap,
    /// An event.
    Step {
        /// Its number in the trace.
        seq: u32,
        /// A cell for each column.
        cells: Vec<Cell>,
        /// What each process is after the event, as a cell that says nothing.
        after: Vec<Cell>,
        /// Arrows between columns.
        links: Vec<Link>,
    },
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The process does not exist yet.
    Unborn,
    /// It is alive and does nothing here.
    Alive,
    /// It is dead and not reaped.
    Zombie,
    /// It is gone.
    Gone,
    /// It does something, or something happens to it.
    Says {
        /// A short phrase.
        text: String,
        /// What the phrase is there for.
        mark: Mark,
    },
}

/// What a phrase is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It proves the finding.
    Evidence,
    /// It makes the proof understood.
    Context,
    /// The other side of an event that stands in another column of the row.
    Echo,
    /// What came of the process in the end, and should not have.
    Left,
}

/// An arrow from one column to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Index of the column where it begins.
    pub from: usize,
    /// Index of the column where it points.
    pub to: usize,
    /// What it stands for.
    pub kind: LinkKind,
}

/// What an arrow stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// A process was made.
    Fork,
    /// A signal was sent, or a death was told.
    Signal,
    /// A status was taken.
    Reap,
}

impl Timeline {
    /// How many processes there is room for on a terminal of `width` characters. Where it is too
    /// narrow for columns, a list takes their place, which has room for some.
    #[must_use]
    pub const fn columns_in(width: usize) -> usize {
        if width < crate::Style::NARROW {
            return 4;
        }
        let room = width.saturating_sub(text::LEFT);
        let n = room / text::COLUMN;
        if n == 0 { 1 } else { n }
    }

    /// Whether there is nothing to draw.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
