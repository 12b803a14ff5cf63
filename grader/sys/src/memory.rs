//! Another process's memory. Source: `process_vm_readv(2)`.

use crate::error::{Result, SysError};

/// Reads up to `buffer.len()` bytes at `address` of process `pid`; returns how many could be read.
///
/// # Errors
/// EFAULT when nothing is mapped there, ESRCH when the process is gone.
pub fn read(pid: i32, address: u64, buffer: &mut [u8]) -> Result<usize> {
    if buffer.is_empty() {
        return Ok(0);
    }
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: address as *mut _, iov_len: buffer.len() };
    // SAFETY: `local` describes a live buffer of ours; the remote side is checked by the kernel.
    let result =
        unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(result).map_err(|_| SysError::last("process_vm_readv", Some(pid)))
}

/// Writes `bytes` at `address` of process `pid`.
///
/// # Errors
/// EFAULT when the memory is not writable, ESRCH when the process is gone.
pub fn write(pid: i32, address: u64, bytes: &[u8]) -> Result<()> {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: address as *mut _, iov_len: bytes.len() };
    // SAFETY: `local` describes a live buffer that is only read; the remote side is checked by
    // the kernel.
    let result =
        unsafe { libc::process_vm_writev(pid, &raw const local, 1, &raw const remote, 1, 0) };
    match usize::try_from(result) {
        Ok(count) if count == bytes.len() => Ok(()),
        Ok(_) => {
            Err(SysError { operation: "process_vm_writev", pid: Some(pid), errno: libc::EFAULT })
        }
        Err(_) => Err(SysError::last("process_vm_writev", Some(pid))),
    }
}

/// Reads one little-endian word of eight bytes.
///
/// # Errors
/// As [`read`]; EFAULT when only a part could be read.
pub fn read_u64(pid: i32, address: u64) -> Result<u64> {
    let mut bytes = [0; 8];
    exact(pid, address, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads one little-endian word of four bytes.
///
/// # Errors
/// As [`read_u64`].
pub fn read_u32(pid: i32, address: u64) -> Result<u32> {
    let mut bytes = [0; 4];
    exact(pid, address, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Fills `buffer`, or fails.
///
/// # Errors
/// As [`read_u64`].
pub fn exact(pid: i32, address: u64, buffer: &mut [u8]) -> Result<()> {
    if read(pid, address, buffer)? == buffer.len() {
        Ok(())
    } else {
        Err(SysError { operation: "process_vm_readv", pid: Some(pid), errno: libc::EFAULT })
    }
}

/// Reads a string that ends with a zero byte, at most `limit` bytes of it. Invalid UTF-8 is
/// replaced.
///
/// # Errors
/// As [`read`].
pub fn string(pid: i32, address: u64, limit: usize) -> Result<String> {
    const PAGE: u64 = 4096;
    let mut bytes = Vec::new();
    let mut at = address;
    while bytes.len() < limit {
        // Up to the end of the page: the next one may not be mapped.
        let room = usize::try_from(PAGE - at % PAGE).unwrap_or(0).min(limit - bytes.len());
        let mut piece = vec![0; room];
        let count = read(pid, at, &mut piece)?;
        piece.truncate(count);
        if let Some(end) = piece.iter().position(|&byte| byte == 0) {
            bytes.extend_from_slice(&piece[..end]);
            break;
        }
        bytes.extend_from_slice(&piece);
        if count < room {
            break;
        }
        at += count as u64;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
