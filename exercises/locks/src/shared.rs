//! Memory that a process shares with the children that it forks. Given; not to be edited.

use std::io;
use std::ops::Deref;
use std::ptr::{self, NonNull};

/// Plain values: what one process has written means the same in every other.
///
/// # Safety
/// The type has no pointer, reference or descriptor inside, nor anything else that is only good in
/// the process that made it.
pub unsafe trait Shareable: Copy + 'static {}

macro_rules! shareable {
    ($($plain:ty)*) => {
        $(
            // SAFETY: a number, a truth value or a character is all in its own bytes.
            unsafe impl Shareable for $plain {}
        )*
    };
}

shareable!(() bool char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

// SAFETY: there is nothing in an array but its elements.
unsafe impl<T: Shareable, const N: usize> Shareable for [T; N] {}

/// A value in a mapping of its own, `MAP_SHARED | MAP_ANONYMOUS`: after a fork parent and child see
/// the same bytes. The value is never dropped, for who could tell whether it is the last to use it?
#[derive(Debug)]
pub struct Shared<T> {
    place: NonNull<T>,
}

impl<T> Shared<T> {
    /// Moves a value into shared memory.
    ///
    /// # Errors
    /// Those of `mmap`.
    pub fn new(value: T) -> io::Result<Self> {
        // SAFETY: a new mapping, at a place of the kernel's choice.
        let place = unsafe {
            libc::mmap(
                ptr::null_mut(),
                Self::LENGTH,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        match NonNull::new(place.cast::<T>()) {
            Some(place) if place.as_ptr().cast() != libc::MAP_FAILED => {
                // SAFETY: a mapping begins at a page, which is alignment enough, and is long enough.
                unsafe { place.write(value) };
                Ok(Self { place })
            }
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Bytes of the mapping; it cannot be empty.
    const LENGTH: usize = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the value was written by `new`, and is mapped until `drop`.
        unsafe { self.place.as_ref() }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, with this length. The other processes keep their own mapping.
        unsafe { libc::munmap(self.place.as_ptr().cast(), Self::LENGTH) };
    }
}
