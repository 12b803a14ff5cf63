//! Stops by signal, which are a matter of the whole process: `SIGSTOP` and its like stop all of its
//! threads, `SIGCONT` lets all go on. Source: `signal(7)`, `ptrace(2)`, "Group-stop".

use crate::error::Result;
use crate::process::Life;
use crate::run::Run;
use crate::task::{Point, State};
use forklings_model::{EventKind, Signal};
use forklings_sys::ptrace::{Halt, Reason, Resume, Stopped};

impl Run<'_> {
    /// A thread has stopped by a signal. The parent is told only when all threads have, so the
    /// others are brought to their stop now; a call that one of them stands before begins when it
    /// goes on.
    pub(crate) fn group_stops(&mut self, t: usize, stopped: Stopped, signal: i32) -> Result<()> {
        let proc = self.tasks[t].id.proc;
        self.tasks[t].state = State::GroupStopped(stopped.listen()?);
        let p = self.position(proc)?;
        if std::mem::replace(&mut self.processes[p].stopping, true) {
            return Ok(());
        }
        for other in self.others(t) {
            let state = std::mem::replace(&mut self.tasks[other].state, State::Moving);
            let State::Parked(stopped, point) = state else {
                self.tasks[other].state = state;
                continue;
            };
            if let Point::Call(call) = point {
                // Skipped, and back before it.
                stopped.set_registers(&call.again())?;
                // It compares its word again when it goes on.
                self.tasks[other].sleeper = None;
            }
            self.resume_and_follow(other, stopped, None, Resume::Free, 0)?;
        }
        self.processes[p].stopping = false;
        if matches!(self.processes[p].life, Life::Alive) && self.processes[p].ending.is_none() {
            self.emit_for(proc, EventKind::Stopped { signal: Signal(signal) });
            self.processes[p].unreported_stop = true;
            self.processes[p].unreported_continue = false;
        }
        Ok(())
    }

    /// A stopped process was told to go on.
    pub(crate) fn continued(&mut self, p: usize) -> Result<()> {
        let id = self.processes[p].id;
        let mut told = false;
        for t in 0..self.tasks.len() {
            if self.tasks[t].id.proc != id || !matches!(self.tasks[t].state, State::GroupStopped(_))
            {
                continue;
            }
            let moving = std::mem::replace(&mut self.tasks[t].state, State::Moving);
            let State::GroupStopped(running) = moving else { continue };
            if !std::mem::replace(&mut told, true) {
                self.emit_for(id, EventKind::Continued);
                self.processes[p].unreported_stop = false;
                self.processes[p].unreported_continue = true;
            }
            match running.wait()? {
                Halt::Stopped(stopped, Reason::Exit) => self.dies(t, stopped)?,
                Halt::Stopped(stopped, _) => self.park(t, stopped, Point::Return),
                Halt::Died(status) => self.died_at_once(t, status)?,
            }
        }
        Ok(())
    }
}
