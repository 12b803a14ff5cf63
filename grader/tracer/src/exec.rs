//! Executing a program: what does not survive it; and in a process with several threads all others
//! end first, and whoever calls becomes the first thread. Source: `ptrace(2)`, "execve(2) under ptrace".

use crate::error::Result;
use crate::image;
use crate::run::Run;
use crate::server::lost;
use crate::shared_memory::Shared;
use crate::task::{Call, State};
use forklings_model::{EventKind, ProcId};
use forklings_sys::ptrace::{self, Halt, Reason, Resume, Running, Stopped};
use std::fs;
use std::time::{Duration, Instant};

/// Time between two looks at threads that end.
const LOOK: Duration = Duration::from_micros(50);
/// Time after which the kernel is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(10);

impl Run<'_> {
    /// Whether a task's process has other living threads.
    pub(crate) fn has_other_threads(&self, t: usize) -> bool {
        !self.others(t).is_empty()
    }

    /// Lets a thread execute a program and sees the others off.
    pub(crate) fn execute_alone(&mut self, t: usize, stopped: Stopped, call: Call) -> Result<()> {
        let p = self.position(self.tasks[t].id.proc)?;
        let leader = self.processes[p].host;
        let mut caller = Some(stopped.resume(Resume::ToExit, 0)?);
        let mut others: Vec<(usize, Running)> = self
            .others(t)
            .into_iter()
            .map(|other| (other, ptrace::born(self.tasks[other].tid)))
            .collect();
        // The first thread may have ended before, and become a zombie that is not waited for.
        if self.tasks[t].tid != leader && !others.iter().any(|(o, _)| self.tasks[*o].tid == leader)
        {
            let first = self.tasks.iter().position(|task| task.tid == leader).unwrap_or(t);
            others.push((first, ptrace::born(leader)));
        }
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let mut left = Vec::new();
            for (other, running) in std::mem::take(&mut others) {
                match running.try_wait()? {
                    Err(running) => left.push((other, running)),
                    Ok(Halt::Stopped(stopped, Reason::Exec)) => {
                        return self.executed_by(t, other, stopped, call);
                    }
                    Ok(Halt::Stopped(stopped, Reason::Exit)) => {
                        left.push((other, stopped.resume(Resume::Free, 0)?));
                    }
                    Ok(Halt::Stopped(stopped, _)) => {
                        left.push((other, stopped.resume(Resume::Free, 0)?));
                    }
                    Ok(Halt::Died(_)) => {}
                }
            }
            others = left;
            if let Some(running) = caller.take() {
                match running.try_wait() {
                    Ok(Err(running)) => caller = Some(running),
                    Ok(Ok(Halt::Stopped(stopped, Reason::Exec))) => {
                        return self.executed_by(t, t, stopped, call);
                    }
                    // It failed, or a signal came first: the others stand where they stood.
                    Ok(Ok(halt)) => return self.follow_from(t, halt, Some(call)),
                    // Its number is the first thread's now.
                    Err(error) if error.errno == libc::ECHILD => {}
                    Err(error) => return Err(error.into()),
                }
            }
            std::thread::sleep(LOOK);
        }
        Err(lost("a thread that executes a program did not get through"))
    }

    /// The program was executed; `first` is the task that had the first thread's number.
    fn executed_by(&mut self, t: usize, first: usize, stopped: Stopped, call: Call) -> Result<()> {
        let id = self.tasks[t].id.proc;
        for other in 0..self.tasks.len() {
            let task = &mut self.tasks[other];
            if task.id.proc == id && other != first && !matches!(task.state, State::Gone) {
                task.state = State::Gone;
                self.emit(other, EventKind::ThreadEnded);
            }
        }
        self.tasks[first].state = State::Moving;
        self.tasks[first].site = self.tasks[t].site;
        self.tasks[first].call_done();
        image::prepare(&stopped)?;
        self.forget_stacks(&stopped);
        self.executed(first)?;
        self.resume_and_follow(first, stopped, Some(call), Resume::ToExit, 0)
    }

    /// A program was executed: what does not survive that is forgotten.
    pub(crate) fn executed(&mut self, t: usize) -> Result<()> {
        let (program, argv) = self.exec_arguments(t);
        self.images += 1;
        self.tasks[t].handling.clear();
        self.tasks[t].within = None;
        let images = self.images;
        self.leave_memory(self.process(t).id);
        let process = self.process_mut(t);
        process.files.exec();
        process.dispositions.exec();
        let proc = process.id;
        process.image = images;
        process.memory_of = proc;
        process.shares_memory = false;
        process.shared = Shared::default();
        let host = process.host;
        let inherited = process
            .files
            .iter()
            .filter(|&(fd, entry)| fd > 2 && entry.object.0 > 2)
            .map(|(fd, entry)| (fd, entry.object))
            .collect();
        let parent = process.vfork_parent.take();
        self.process_mut(t).mappings = self.mappings_of(host);
        self.emit(t, EventKind::Exec { program, argv, inherited });
        // Alarms survive; timers do not. Source: execve(2).
        self.timers.retain(|&(owner, _), _| owner != proc);
        self.forget_pages(proc);
        self.something_closed();
        if let Some(parent) = parent {
            self.release_vfork(parent)?;
        }
        Ok(())
    }

    /// A process gets memory of its own. What else has the memory that it had goes by another name then.
    fn leave_memory(&mut self, proc: ProcId) {
        let set = self.breakpoints.remove(&proc);
        let mut others = self.processes.iter_mut().filter(|p| p.id != proc && p.memory_of == proc);
        let Some(first) = others.next() else { return };
        let name = first.id;
        first.memory_of = name;
        others.for_each(|process| process.memory_of = name);
        if let Some(set) = set {
            self.breakpoints.insert(name, set);
        }
    }

    /// Program and arguments of the image that a task executes now.
    fn exec_arguments(&self, t: usize) -> (String, Vec<String>) {
        let host = self.process(t).host;
        let argv = fs::read(format!("/proc/{host}/cmdline")).unwrap_or_default();
        let argv: Vec<String> = argv
            .split(|&byte| byte == 0)
            .map(|arg| String::from_utf8_lossy(arg).into_owned())
            .collect();
        let argv = argv[..argv.len().saturating_sub(1)].to_vec();
        let program = fs::read_link(format!("/proc/{host}/exe")).map_or_else(
            |_| argv.first().cloned().unwrap_or_default(),
            |path| path.display().to_string(),
        );
        (program, argv)
    }
}
