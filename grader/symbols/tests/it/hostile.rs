//! Files made to mislead, or damaged: an answer less, never a panic, and always an end.

use crate::guest::{C, DYNAMIC, Guest};
use crate::tracee::trace;
use forklings_model::Frame;
use forklings_symbols::{Mapping, Memory, Registers, Symbols, Unwinder, callable, entry_points};
use std::fs;
use std::path::PathBuf;

/// Numbers that look random and are the same in every run. Source: Marsaglia, Xorshift RNGs.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// Memory in which every word is itself a plausible address.
struct Maze;

impl Memory for Maze {
    fn read_u64(&mut self, address: u64) -> Option<u64> {
        Some(0x1000 + (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40))
    }
}

fn maze_registers(ip: u64) -> Registers {
    Registers { ip, sp: 0x7000_0000, bp: 0x7000_0040, ..Registers::default() }
}

/// The first 16 MB of the file, at an address where its offsets are its addresses.
fn whole(path: PathBuf) -> Vec<Mapping> {
    vec![Mapping { start: 0, end: 1 << 24, file_offset: 0, path, executable: true }]
}

/// Asks everything about a file that can be asked.
fn interrogate(path: PathBuf, numbers: &mut Numbers) {
    let maps = whole(path.clone());
    let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    drop(callable(&maps, &["main", "malloc"]));
    drop(entry_points(&maps, |name| name.contains("main").then(String::new)));
    let mut unwinder = Unwinder::new();
    let mut symbols = Symbols::new(Vec::new());
    for _ in 0..20 {
        let ip = numbers.below(length + 1) as u64;
        unwinder.unwind(&maps, maze_registers(ip), &mut Maze, 64);
        symbols.resolve(&Frame { module: path.clone(), offset: ip, line: None });
    }
}

fn damaged(guest: &Guest, copies: usize, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let sound = fs::read(&guest.program).unwrap();
    let mut numbers = Numbers(seed);
    for copy in 0..copies {
        let mut bytes = sound.clone();
        for _ in 0..numbers.below(128) {
            // Runs of equal bytes make sizes and counts huge.
            let (at, value) = (numbers.below(bytes.len() - 8), numbers.below(256));
            let value = [0, 0x7f, 0x80, 0xff, u8::try_from(value).unwrap()][numbers.below(5)];
            let run = [1, 1, 4, 8][numbers.below(4)];
            bytes[at..at + run].fill(value);
        }
        if numbers.below(16) == 0 {
            bytes.truncate(numbers.below(sound.len()));
        }
        let path = folder.path().join(copy.to_string());
        fs::write(&path, bytes).unwrap();
        interrogate(path, &mut numbers);
    }
}

#[test]
fn damaged_files_never_panic() {
    damaged(&C, 500, 0x5eed);
    damaged(&DYNAMIC, 5, 0x5eed);
}

#[test]
fn files_that_are_no_programs_have_no_lines() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    for path in [fifo, empty, folder.path().to_owned(), PathBuf::from("/nonexistent")] {
        let frames = Unwinder::new().unwind(&whole(path.clone()), maze_registers(64), &mut Maze, 8);
        assert_eq!(frames.first().map(|frame| frame.offset), Some(64));
        let frame = Frame { module: path, offset: 64, line: None };
        assert!(Symbols::new(Vec::new()).resolve(&frame).is_empty());
    }
}

#[test]
fn registers_of_any_value_end_the_walk() {
    trace(&DYNAMIC.program, "handler", |tracee, _| {
        let (registers, ..) = tracee.registers();
        let maps = tracee.maps();
        let mut unwinder = Unwinder::new();
        for wrong in [0, 1, 7, registers.ip, registers.sp - 8, 1 << 47, u64::MAX - 7, u64::MAX] {
            for registers in [
                Registers { ip: wrong, ..registers },
                Registers { sp: wrong, ..registers },
                Registers { bp: wrong, ..registers },
                Registers { sp: wrong, bp: wrong, ..registers },
            ] {
                assert!(unwinder.unwind(&maps, registers, tracee, 1000).len() < 1000);
            }
        }
    });
}
