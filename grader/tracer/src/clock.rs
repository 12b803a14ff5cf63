//! Virtual time. It stands still while a subject runs, and passes when a sleep ends; reading it
//! moves it a little, so that a loop that waits for the time ends.

/// Nanoseconds since the Epoch at which a run begins where nobody says otherwise: 2026-01-01
/// 00:00:00 UTC.
const START: u64 = 1_767_225_600_000_000_000;
/// What the monotonic clocks show at the beginning of a run.
const UPTIME: u64 = 1_000_000_000_000;
/// How much the first look at a clock costs.
const LOOK: u64 = 1_000;
/// The most that one look costs, however often the clock is looked at in a row.
const LONGEST_LOOK: u64 = 10_000_000;

/// A run's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    now: u64,
    look: u64,
    start: u64,
    told: bool,
    passed: u64,
}

impl Clock {
    /// `start` is what the wall clock shows at first, in nanoseconds since the Epoch.
    pub(crate) fn new(start: Option<u64>) -> Self {
        Self { now: 0, look: LOOK, start: start.unwrap_or(START), told: false, passed: 0 }
    }

    /// Nanoseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Time passes until `then`, unless it is later already.
    pub(crate) fn advance_to(&mut self, then: u64) {
        self.passed += then.saturating_sub(self.now);
        self.now = self.now.max(then);
    }

    /// Whether anybody looked at a clock.
    pub(crate) fn told(&self) -> bool {
        self.told
    }

    /// Nanoseconds for which everything waited until a sleep, a time-out or a timer was over.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Something other than a look at the clock happened.
    pub(crate) fn busy(&mut self) {
        self.look = LOOK;
    }

    /// Time passes because somebody polls in vain: twice as much each time in a row.
    pub(crate) fn pass(&mut self) {
        self.now += self.look;
        self.look = (self.look * 2).min(LONGEST_LOOK);
    }

    /// What a clock shows, in nanoseconds, after the look has taken its time.
    pub(crate) fn read(&mut self, clock: i32) -> u64 {
        self.told = true;
        self.pass();
        self.now + self.origin(clock)
    }

    /// What a clock showed when the run began.
    pub(crate) fn origin(&self, clock: i32) -> u64 {
        match clock {
            libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => self.start,
            // CPU-time clocks are negative or one of these two: they began with the process.
            libc::CLOCK_PROCESS_CPUTIME_ID | libc::CLOCK_THREAD_CPUTIME_ID => 0,
            other if other < 0 => 0,
            _ => UPTIME,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_waits_for_the_time_ends_soon() {
        let mut clock = Clock::new(None);
        let begin = clock.read(libc::CLOCK_MONOTONIC);
        let mut looks = 0;
        while clock.read(libc::CLOCK_MONOTONIC) < begin + 1_000_000_000 {
            looks += 1;
        }
        assert!(looks < 200, "{looks}");
    }
}
