//! Tasks inside calls that the tracer has no model of: when they sleep there, and when they come back.

use crate::calls;
use crate::error::Result;
use crate::run::Run;
use crate::task::{Call, Inside, State};
use crate::watchdog::PATIENCE;
use forklings_model::Stuck;
use forklings_sys::ptrace::{Halt, Running};
use std::fs;
use std::time::Instant;

/// Time between two looks at a task in a call without a model.
const LOOK: std::time::Duration = std::time::Duration::from_micros(50);

impl Run<'_> {
    /// Waits for a task inside a call that the tracer has no model of, and tells by the kernel's
    /// own accounts when it sleeps. Source: `proc(5)`, `/proc/<pid>/stat` and `status`.
    pub(crate) fn wait_or_asleep(
        &mut self,
        t: usize,
        mut running: Running,
        call: Call,
    ) -> Result<Option<Halt>> {
        let tid = running.tid();
        let since = Instant::now();
        let mut before = None;
        let mut same = 0;
        loop {
            match running.try_wait()? {
                Ok(halt) => return Ok(Some(halt)),
                Err(still) => running = still,
            }
            if since.elapsed() > PATIENCE {
                let stuck = self.stuck(t, Some(call.number));
                self.abandon("a call neither returned nor slept for half a minute", [stuck]);
                self.tasks[t].state = State::InKernel(running, call, Inside::Unmodelled);
                return Ok(None);
            }
            let now = asleep(tid);
            same = if now.is_some() && now == before { same + 1 } else { 0 };
            before = now;
            if same >= 5 {
                self.unmodelled(t, call.number);
                self.tasks[t].state = State::InKernel(running, call, Inside::Unmodelled);
                return Ok(None);
            }
            // Really asleep: a tracer of higher priority that only yields would never let it run.
            std::thread::sleep(LOOK);
        }
    }

    /// Looks whether tasks inside unmodelled calls have returned.
    pub(crate) fn look_into_kernel(&mut self) -> Result<()> {
        for t in 0..self.tasks.len() {
            if !matches!(self.tasks[t].state, State::InKernel(_, _, Inside::Unmodelled)) {
                continue;
            }
            let moving = std::mem::replace(&mut self.tasks[t].state, State::Moving);
            let State::InKernel(running, call, why) = moving else { continue };
            match running.try_wait()? {
                Ok(halt) => self.follow_from(t, halt, Some(call))?,
                Err(running) => self.tasks[t].state = State::InKernel(running, call, why),
            }
        }
        Ok(())
    }

    /// Only tasks inside unmodelled calls are left: gives them some real time.
    pub(crate) fn wait_for_kernel(&mut self) -> Result<()> {
        let events = self.events.len();
        for _ in 0..2000 {
            self.look_into_kernel()?;
            if self.events.len() != events || self.end.is_some() {
                return Ok(());
            }
            let ready =
                self.tasks.iter().any(|t| matches!(t.state, State::Parked(..)) && !t.announced);
            if ready {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let mut stuck = Vec::new();
        for (t, task) in self.tasks.iter().enumerate() {
            if let State::InKernel(_, call, Inside::Unmodelled) = task.state {
                stuck.push(self.stuck(t, Some(call.number)));
            }
        }
        self.abandon("everybody waits, and some in calls without a model", stuck);
        Ok(())
    }

    /// A task that does not come back from where it stands.
    pub(crate) fn stuck(&self, t: usize, call: Option<i64>) -> Stuck {
        Stuck {
            task: self.tasks[t].id,
            call: call.map(calls::name),
            modelled: call.is_none_or(|call| calls::is_modelled(call) && !self.tasks[t].may_block),
        }
    }
}

/// A mark that stays the same as long as a thread sleeps: its voluntary switches.
fn asleep(tid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{tid}/stat")).ok()?;
    let state = stat.rsplit(") ").next()?.chars().next()?;
    if !matches!(state, 'S' | 'D') {
        return None;
    }
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
        .and_then(|count| count.trim().parse().ok())
}
