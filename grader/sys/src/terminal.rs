//! What a terminal says of itself.

use std::os::fd::{AsRawFd, BorrowedFd};

/// Columns of the terminal behind a descriptor. `None` where it is no terminal, or one that does
/// not know its size. Source: `ioctl_tty(2)`, `TIOCGWINSZ`.
#[must_use]
pub fn columns(fd: BorrowedFd<'_>) -> Option<u16> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes a winsize to `size`.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) };
    (result == 0 && size.ws_col > 0).then_some(size.ws_col)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsFd;

    #[test]
    fn what_is_no_terminal_has_no_columns() -> std::io::Result<()> {
        let file = File::open("/dev/null")?;
        assert_eq!(columns(file.as_fd()), None);
        Ok(())
    }
}
