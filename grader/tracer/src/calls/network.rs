//! TCP on the loopback interface. What is sent arrives before the call returns, but for what the
//! kernel holds back for its own timers: that takes real time.

use crate::error::Result;
use crate::run::Run;
use crate::task::{Point, State};
use forklings_model::{Fd, ObjectId, WaitsFor};
use forklings_sys::Copied;
use forklings_sys::{descriptor, socket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// How long the kernel may take to deliver: several times its longest delay of an acknowledgement.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two looks, in milliseconds.
const LOOK: i32 = 2;

impl Run<'_> {
    /// A socket was made. One that leads to a network shall not depend on speed.
    pub(super) fn made_socket(&mut self, t: usize, fd: Fd) -> Result<()> {
        let Some(copy) = self.copy(t, fd) else { return Ok(()) };
        let family = socket::family(copy.as_raw_fd());
        let stream = socket::kind(copy.as_raw_fd()) == Ok(libc::SOCK_STREAM);
        if stream && matches!(family, Ok(libc::AF_INET | libc::AF_INET6)) {
            socket::settle(copy.as_raw_fd())?;
            let object = self.object_of(t, fd);
            self.network.insert(object);
        }
        Ok(())
    }

    /// A connection was accepted: it leads to a network if its listener does.
    pub(super) fn accepted(&mut self, t: usize, listener: Fd, fd: Fd) {
        let (listener, object) = (self.object_of(t, listener), self.object_of(t, fd));
        if self.network.contains(&listener) {
            self.network.insert(object);
        }
    }

    /// Nobody can go on, but bytes are on their way: gives them real time. Gives whether something
    /// has arrived; such a run need not repeat.
    pub(crate) fn await_network(&mut self, waits: &[(usize, WaitsFor)]) -> Result<bool> {
        let waiting: Vec<usize> =
            waits.iter().filter(|(t, on)| self.on_network(*t, on)).map(|&(t, _)| t).collect();
        let Some(&first) = waiting.first() else { return Ok(false) };
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE && self.is_on_its_way() {
            descriptor::poll(&[], LOOK)?;
            for &t in &waiting {
                if !matches!(self.ready(t)?, crate::ready::Ready::Blocked(_)) {
                    if let State::Parked(_, Point::Call(call)) = self.tasks[first].state {
                        self.unmodelled(first, call.number);
                    }
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn on_network(&self, t: usize, on: &WaitsFor) -> bool {
        let leads = |object: &ObjectId| self.network.contains(object);
        match on {
            WaitsFor::Readable { object, .. } | WaitsFor::Writable { object, .. } => leads(object),
            WaitsFor::AnyOf { .. } => {
                self.process(t).files.iter().any(|(_, entry)| leads(&entry.object))
            }
            WaitsFor::Child { .. }
            | WaitsFor::Signal
            | WaitsFor::Futex { .. }
            | WaitsFor::VforkChild { .. }
            | WaitsFor::Memory
            | WaitsFor::FifoPeer { .. }
            | WaitsFor::Lock { .. }
            | WaitsFor::Semaphore { .. }
            | WaitsFor::Message { .. }
            | WaitsFor::Connection { .. }
            | WaitsFor::Continue
            | WaitsFor::Unmodelled { .. } => false,
        }
    }

    /// Whether a socket of the run has sent what was not acknowledged.
    fn is_on_its_way(&self) -> bool {
        let copies: Vec<Copied> =
            self.network.iter().filter_map(|&object| self.copy_of_object(object)).collect();
        copies
            .iter()
            .any(|copy| socket::unacknowledged(copy.as_raw_fd()).is_ok_and(|bytes| bytes > 0))
    }
}
