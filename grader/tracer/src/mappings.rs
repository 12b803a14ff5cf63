//! What a process has mapped, where a run follows that: a list of pieces, each with the event with
//! which it came. What is not listed is of no interest: code, stacks, and what a library maps.

use crate::maps::{self, Mapping};
use forklings_model::MemoryPart;
use std::collections::BTreeMap;

/// Bytes of a page.
pub(crate) const PAGE: u64 = 4096;

/// What a process has mapped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mappings {
    /// By their first addresses; they do not overlap.
    pieces: BTreeMap<u64, Piece>,
    /// The program break, rounded up to a page.
    pub(crate) program_break: u64,
    /// Whether the program's own code has begun.
    pub(crate) begun: bool,
}

/// One piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    end: u64,
    /// Number of the event with which it came; `None` where it was there before.
    of: Option<u32>,
    kind: Kind,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Private, without a file, and it may be written.
    Writable,
    /// As that, but it may not be written: address space put aside.
    Reserved,
    /// Shared, or with a file.
    Mapping,
}

/// A mapping that was moved, or whose length was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) kind: Kind,
    /// The event with which it came.
    pub(crate) of: Option<u32>,
    /// Bytes that it grew by.
    pub(crate) grown: u64,
    /// What went away.
    pub(crate) gone: Vec<MemoryPart>,
}

impl Mappings {
    /// What a process has by the kernel's word: the text of its `/proc/<pid>/maps`, and where its
    /// heap begins.
    pub(crate) fn read(maps: &str, heap_begins: u64) -> Self {
        let mut all = Self { program_break: round_up(heap_begins), ..Self::default() };
        for Mapping { start, end, writable, name, .. } in maps::read(maps).filter(|m| !m.shared) {
            if name == "[heap]" {
                all.program_break = end;
            }
            if name.is_empty() || name == "[heap]" || name.starts_with("[anon") {
                let kind = if writable { Kind::Writable } else { Kind::Reserved };
                all.put((start, end), kind, None);
            }
        }
        all
    }

    /// Adds a piece where nothing is.
    pub(crate) fn put(&mut self, (start, end): (u64, u64), kind: Kind, of: Option<u32>) {
        if start < end {
            self.pieces.insert(start, Piece { end, of, kind });
        }
    }

    /// Takes away whatever is between two addresses; gives it.
    pub(crate) fn cut(&mut self, (start, end): (u64, u64)) -> Vec<(u64, Piece)> {
        if end <= start {
            return Vec::new();
        }
        let touched = self.pieces.range(..end).filter(|(_, piece)| piece.end > start);
        let touched: Vec<(u64, Piece)> = touched.map(|(at, piece)| (*at, *piece)).collect();
        let mut taken = Vec::new();
        for (at, piece) in touched {
            self.pieces.remove(&at);
            if at < start {
                self.pieces.insert(at, Piece { end: start, ..piece });
            }
            if end < piece.end {
                self.pieces.insert(end, piece);
            }
            taken.push((at.max(start), Piece { end: piece.end.min(end), ..piece }));
        }
        taken
    }

    /// The last address of the piece that begins here and came by one call.
    pub(crate) fn end_of(&self, start: u64) -> Option<u64> {
        let first = self.pieces.get(&start)?;
        let same = self.pieces.range(start..).map(|(_, piece)| piece);
        same.take_while(|piece| piece.of == first.of).last().map(|piece| piece.end)
    }

    /// Sets whether private memory between two addresses may be written. Gives how many bytes can
    /// be from now on, and what can be no more.
    pub(crate) fn protect(
        &mut self,
        place: (u64, u64),
        writable: bool,
        of: Option<u32>,
    ) -> (u64, Vec<MemoryPart>) {
        let (mut more, mut less) = (0, Vec::new());
        for (at, piece) in self.cut(place) {
            let piece = match piece.kind {
                Kind::Reserved if writable => {
                    more += piece.end - at;
                    Piece { kind: Kind::Writable, of, ..piece }
                }
                Kind::Writable if !writable => {
                    less.push((at, piece));
                    Piece { kind: Kind::Reserved, of: None, ..piece }
                }
                Kind::Writable | Kind::Reserved | Kind::Mapping => piece,
            };
            self.pieces.insert(at, piece);
        }
        (more, parts(&less))
    }

    /// Moves a mapping, or changes its length; what it grows by comes with the event `of`. `None`
    /// where nothing of it is followed.
    pub(crate) fn remap(
        &mut self,
        (old, old_end): (u64, u64),
        (new, new_end): (u64, u64),
        of: Option<u32>,
    ) -> Option<Moved> {
        let (length, new_length) = (old_end - old, new_end - new);
        let moved = self.cut((old, old_end));
        let (_, last) = *moved.last()?;
        let mut gone = self.cut((new, new_end));
        for (at, piece) in moved {
            let (from, to) = (at - old, piece.end - old);
            if from >= new_length {
                gone.push((at, piece));
                continue;
            }
            let kept = to.min(new_length);
            self.put((new + from, new + kept), piece.kind, piece.of);
            if kept < to {
                gone.push((old + kept, piece));
            }
        }
        self.put((new + length, new_end), last.kind, of);
        let grown = new_length.saturating_sub(length);
        Some(Moved { kind: last.kind, of: last.of, grown, gone: parts(&gone) })
    }
}

/// Of what these pieces were parts, as far as that counts.
pub(crate) fn parts(pieces: &[(u64, Piece)]) -> Vec<MemoryPart> {
    let mut all: Vec<MemoryPart> = Vec::new();
    for (at, piece) in pieces {
        let counts = match piece.kind {
            Kind::Writable => true,
            Kind::Mapping => piece.of.is_some(),
            Kind::Reserved => false,
        };
        let bytes = piece.end - at;
        match all.iter_mut().find(|part| part.of == piece.of) {
            _ if !counts => {}
            Some(part) => part.bytes += bytes,
            None => all.push(MemoryPart { of: piece.of, bytes }),
        }
    }
    all
}

/// The address of the page's end.
pub(crate) const fn round_up(address: u64) -> u64 {
    address.saturating_add(PAGE - 1) & !(PAGE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: u64 = 1024;

    /// Bytes that a list of parts counts, by their events.
    fn counted(pieces: &[(u64, Piece)]) -> Vec<(Option<u32>, u64)> {
        parts(pieces).iter().map(|part| (part.of, part.bytes)).collect()
    }

    #[test]
    fn what_a_process_has_when_it_begins_is_read_from_the_kernel() {
        let maps = "\
            00400000-00401000 r-xp 00000000 08:01 7 /bin/x\n\
            00500000-00502000 rw-p 00000000 00:00 0 \n\
            00600000-00621000 rw-p 00000000 00:00 0          [heap]\n\
            7f0000000000-7f0000001000 ---p 00000000 00:00 0 \n\
            7f0000002000-7f0000003000 rw-s 00000000 00:01 9 /dev/zero (deleted)\n\
            7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0  [stack]\n";
        let mut all = Mappings::read(maps, 0x60_0000);
        assert_eq!(all.program_break, 0x62_1000);
        let taken = all.cut((0, u64::MAX));
        assert_eq!(counted(&taken), [(None, 0x2000 + 0x2_1000)]);
        assert_eq!(taken.len(), 3);
    }

    #[test]
    fn without_a_heap_it_begins_where_the_kernel_says() {
        assert_eq!(Mappings::read("", 0x60_0123).program_break, 0x60_1000);
    }

    #[test]
    fn a_cut_in_the_middle_leaves_both_ends() {
        let mut all = Mappings::default();
        all.put((0, 100 * K), Kind::Writable, Some(1));
        assert_eq!(counted(&all.cut((40 * K, 60 * K))), [(Some(1), 20 * K)]);
        assert_eq!(counted(&all.cut((0, 50 * K))), [(Some(1), 40 * K)]);
        assert_eq!(counted(&all.cut((0, 200 * K))), [(Some(1), 40 * K)]);
        assert_eq!(all.cut((0, 200 * K)), []);
    }

    #[test]
    fn memory_that_becomes_writable_comes_with_that_call() {
        let mut all = Mappings::default();
        all.put((0, 100 * K), Kind::Reserved, None);
        assert_eq!(all.protect((0, 10 * K), true, Some(5)).0, 10 * K);
        assert_eq!(all.protect((0, 20 * K), true, Some(6)).0, 10 * K);
        let (more, less) = all.protect((0, 100 * K), false, Some(7));
        assert_eq!(more, 0);
        assert_eq!(less.iter().map(|part| part.of).collect::<Vec<_>>(), [Some(5), Some(6)]);
        assert_eq!(counted(&all.cut((0, 100 * K))), []);
    }

    #[test]
    fn a_mapping_that_grows_is_the_one_that_it_was_and_the_rest_is_new() {
        let mut all = Mappings::default();
        all.put((0, 10 * K), Kind::Writable, Some(1));
        let grown = all.remap((0, 10 * K), (100 * K, 130 * K), Some(2));
        let (kind, of, grown_by) = (Kind::Writable, Some(1), 20 * K);
        assert_eq!(grown, Some(Moved { kind, of, grown: grown_by, gone: Vec::new() }));
        assert_eq!(counted(&all.cut((0, 10 * K))), []);
        assert_eq!(all.end_of(100 * K), Some(110 * K));
        let shrunk = all.remap((100 * K, 130 * K), (100 * K, 105 * K), Some(3));
        let Moved { grown, gone, .. } = shrunk.expect("it is known");
        assert_eq!(grown, 0);
        let less: Vec<_> = gone.iter().map(|part| (part.of, part.bytes)).collect();
        assert_eq!(less, [(Some(1), 5 * K), (Some(2), 20 * K)]);
        assert_eq!(counted(&all.cut((0, 200 * K))), [(Some(1), 5 * K)]);
    }

    #[test]
    fn what_is_not_followed_is_not_moved() {
        assert_eq!(Mappings::default().remap((0, K), (4 * K, 8 * K), Some(1)), None);
    }
}
