//! A table that changes all the time. Given; not to be edited.

use std::cell::Cell;

/// Numbers in a row.
const WORDS: usize = 512;

/// Bytes of a row, as [`Table::row`] gives them.
pub const ROW: usize = WORDS * size_of::<u64>();

/// Accounts, a row for each: its balance, over and over, to the end of the row.
///
/// Whoever has the table may change it, also through `&Table`. All rows together always hold the same
/// amount: what is taken from one is given to another.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Cell<[u64; WORDS]>>,
    /// How many rows this process has read.
    reads: Cell<usize>,
}

impl Table {
    /// So many accounts, each with a balance of its own.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        let rows = (0..rows).map(|row| Cell::new([1_000 + row as u64; WORDS])).collect();
        Self { rows, reads: Cell::new(0) }
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// What stands in a row now: [`ROW`] bytes.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<u8> {
        self.reads.set(self.reads.get() + 1);
        self.rows[row].get().map(u64::to_ne_bytes).as_flattened().to_vec()
    }

    /// Moves an amount from one account to another.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn transfer(&self, from: usize, to: usize, amount: u64) {
        let [balance, ..] = self.rows[from].get();
        self.rows[from].set([balance.wrapping_sub(amount); WORDS]);
        let [balance, ..] = self.rows[to].get();
        self.rows[to].set([balance.wrapping_add(amount); WORDS]);
    }

    /// How often this process has read a row, or the processes that it was forked from.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.reads.get()
    }
}
