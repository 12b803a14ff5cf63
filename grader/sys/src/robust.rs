//! Locks that the kernel hands on when their holder dies. Source: `get_robust_list(2)`.

use crate::error::{Result, SysError};
use crate::memory;

/// The bit of a pointer in the list that says that a lock passes on priorities.
const INHERITS: u64 = 1;

/// The address of the lock word that a thread is taking or giving back at this moment, as far as it
/// has told the kernel.
///
/// # Errors
/// ESRCH when the thread is gone, EFAULT when its list lies nowhere.
pub fn pending_lock(tid: i32) -> Result<Option<u64>> {
    let head = list(tid)?;
    if head == 0 {
        return Ok(None);
    }
    // `struct robust_list_head`: the list, how far a lock's word is from its entry, the pending entry.
    let offset = memory::read_u64(tid, head + 8)?;
    let pending = memory::read_u64(tid, head + 16)?;
    let is_plain = pending != 0 && pending & INHERITS == 0;
    Ok(is_plain.then(|| pending.wrapping_add(offset)))
}

/// Whether a thread has locks that the kernel gives back when it ends, or is taking one.
///
/// # Errors
/// ESRCH when the thread is gone, EFAULT when its list lies nowhere.
pub fn has_locks(tid: i32) -> Result<bool> {
    let head = list(tid)?;
    // An empty list leads back to its head.
    Ok(head != 0
        && (memory::read_u64(tid, head)? != head || memory::read_u64(tid, head + 16)? != 0))
}

/// Where a thread has told the kernel that its list begins; 0 if it has not.
fn list(tid: i32) -> Result<u64> {
    let (mut head, mut length) = (0_u64, 0_usize);
    // SAFETY: the kernel writes a pointer and a size to these two places.
    let result =
        unsafe { libc::syscall(libc::SYS_get_robust_list, tid, &raw mut head, &raw mut length) };
    if result < 0 {
        return Err(SysError::last("get_robust_list", Some(tid)));
    }
    Ok(head)
}
