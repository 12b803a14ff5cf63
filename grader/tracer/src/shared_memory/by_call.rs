//! What a call changes of memory that others share: by a write to the file behind it, or because the
//! kernel puts an answer there. That is no access, and accuses nobody; but who sees it by an atomic load
//! has been told of what was done before.
//!
//! Source: `mmap(2)`, MAP_SHARED.

use super::Behind;
use crate::run::Run;
use crate::task::Call;
use forklings_model::{EventKind, ObjectKind};
use forklings_sys::descriptor;
use std::os::unix::fs::MetadataExt;

impl Run<'_> {
    /// A call has returned. Tells which memory it may have changed.
    pub(crate) fn shared_by_call(&mut self, t: usize, call: &Call, result: i64) {
        if result < 0 || self.regions.is_empty() {
            return;
        }
        let written = file_written_by(call.number).and_then(|n| self.region_behind(t, call.int(n)));
        let answered = answers_into_memory(call.number).then(|| self.region_in(t, call)).flatten();
        for region in [written, answered].into_iter().flatten() {
            let object = Some(self.regions[region].object);
            let call = crate::calls::name(call.number);
            self.emit(t, EventKind::Used { call, object, errno: None });
        }
    }

    /// The memory that a task's descriptor is the file of.
    fn region_behind(&self, t: usize, fd: i32) -> Option<usize> {
        let object = self.process(t).files.get(fd)?.object;
        if !matches!(self.objects.kind(object)?, ObjectKind::File(_) | ObjectKind::Other(_)) {
            return None;
        }
        let metadata = descriptor::copy_from(&self.process(t).handle, fd).ok()?.metadata().ok()?;
        let of = (metadata.dev(), metadata.ino());
        let is_it = |behind: &Behind| matches!(behind, Behind::File { key, .. } if *key == of);
        self.regions.iter().position(|region| is_it(&region.behind))
    }

    /// The memory that an argument of a call lies in.
    fn region_in(&self, t: usize, call: &Call) -> Option<usize> {
        let shared = &self.process(t).shared;
        call.args.iter().find_map(|&address| shared.at(address)).map(|mapped| mapped.region)
    }
}

/// Which argument of a call is the descriptor of the file that it writes.
fn file_written_by(call: i64) -> Option<usize> {
    match call {
        libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_pwrite64
        | libc::SYS_pwritev
        | libc::SYS_pwritev2
        | libc::SYS_sendfile
        | libc::SYS_ftruncate
        | libc::SYS_fallocate => Some(0),
        libc::SYS_splice | libc::SYS_copy_file_range => Some(2),
        _ => None,
    }
}

/// Whether a call with an address in such memory may have put something there. Those that wait for a
/// word there, or look at what lies there, do not.
fn answers_into_memory(call: i64) -> bool {
    !matches!(
        call,
        libc::SYS_futex
            | libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_pwrite64
            | libc::SYS_sendto
            | libc::SYS_sendmsg
            | libc::SYS_mmap
            | libc::SYS_mremap
            | libc::SYS_munmap
            | libc::SYS_mprotect
            | libc::SYS_shmat
            | libc::SYS_shmdt
    )
}
