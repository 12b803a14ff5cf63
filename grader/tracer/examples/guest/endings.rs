//! How a program can end.

use crate::kernel::*;

/// The guests of this family.
pub(crate) const GUESTS: &[Guest] = &[
    ("returns", returns),
    ("exits", exits),
    ("aborts", aborts),
    ("segfaults", segfaults),
    ("kills-itself", kills_itself),
];

fn returns() {}

fn exits() {
    unsafe { libc::exit(7) };
}

fn aborts() {
    process::abort();
}

fn segfaults() {
    unsafe { ptr::null_mut::<u8>().write_volatile(1) }
}

fn kills_itself() {
    unsafe {
        libc::raise(SIGKILL);
    }
}
