//! Timers that are read from a descriptor, in virtual time. The kernel's timer behind it is never
//! set by the program; it is made to look expired when virtual time says so, so that the kernel's
//! own `poll`, `epoll` and `read` agree. Source: `timerfd_create(2)`.

use super::alarms::{countdown, is_valid, read_setting, write_setting};
use crate::error::Result;
use crate::run::Run;
use crate::special::{FileTimer, Special};
use crate::task::Call;
use crate::timers::Countdown;
use forklings_model::{Fd, ObjectId};
use forklings_sys::Copied;
use forklings_sys::{descriptor, memory, timer};

impl Run<'_> {
    pub(super) fn made_timer(&mut self, t: usize, call: &Call, fd: Fd) {
        let object = self.object_of(t, fd);
        let timer = FileTimer { clock: call.int(0), countdown: Countdown::default(), expiries: 0 };
        self.special.insert(object, Special::Timer(timer));
    }

    /// `timerfd_settime` and `timerfd_gettime`. `None`: the kernel shall say what is wrong.
    pub(super) fn use_file_timer(&mut self, t: usize, call: &Call) -> Result<Option<i64>> {
        let (tid, now) = (self.tasks[t].tid, self.clock.now());
        let Some(entry) = self.process(t).files.get(call.int(0)) else { return Ok(None) };
        let object = entry.object;
        let Some(Special::Timer(timer)) = self.special.get_mut(&object) else { return Ok(None) };
        if call.number == libc::SYS_timerfd_gettime {
            return Ok(write_setting(tid, call.args[1], timer.countdown.left(now), 1));
        }
        if !is_valid(tid, call.args[2]) {
            return Ok(None);
        }
        let Some(setting) = read_setting(tid, call.args[2], 1) else { return Ok(None) };
        let absolute = call.int(1) & libc::TFD_TIMER_ABSTIME != 0;
        let old = timer.countdown.left(now);
        timer.countdown = countdown(setting, absolute, timer.clock, &self.clock);
        let was_readable = timer.expiries > 0;
        timer.expiries = 0;
        if was_readable && let Some(copy) = self.copy(t, call.int(0)) {
            timer::silence(&copy)?;
        }
        Ok(write_setting(tid, call.args[3], old, 1))
    }

    /// A timer was read: the program gets the number of expiries in virtual time.
    pub(super) fn read_timer(&mut self, t: usize, call: &Call, result: i64) -> Result<()> {
        if result != 8 || !matches!(call.number, libc::SYS_read) {
            return Ok(());
        }
        let Some(entry) = self.process(t).files.get(call.int(0)) else { return Ok(()) };
        let object = entry.object;
        if let Some(Special::Timer(timer)) = self.special.get_mut(&object) {
            let expiries = std::mem::take(&mut timer.expiries);
            memory::write(self.tasks[t].tid, call.args[1], &expiries.to_le_bytes())?;
        }
        Ok(())
    }

    /// A copy of a descriptor of this object, from whoever has one.
    pub(crate) fn copy_of_object(&self, object: ObjectId) -> Option<Copied> {
        self.processes.iter().filter(|p| p.is_alive()).find_map(|p| {
            let (fd, _) = p.files.iter().find(|(_, entry)| entry.object == object)?;
            descriptor::copy_from(&p.handle, fd).ok()
        })
    }
}
