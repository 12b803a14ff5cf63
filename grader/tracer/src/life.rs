//! Birth and death. A death has two steps that the schedule can put apart: the process ends and
//! its descriptors close, and then its parent can see it. The kernel shows the second only once
//! the tracer has reaped its tracee. Source: `ptrace(2)`, "Death under ptrace".

use crate::attempt::Class;
use crate::descriptors::Entry;
use crate::error::Result;
use crate::process::{Life, Process};
use crate::ready::signal_bit;
use crate::run::Run;
use crate::server::lost;
use crate::task::{Call, Point, State, Task};
use crate::watchdog::PATIENCE;
use forklings_model::{
    Action, Descriptor, Ending, EventKind, ForkKind, Pid, ProcId, Signal, SiteId, TaskId,
};
use forklings_sys::descriptor;
use forklings_sys::ptrace::{self, Halt, Reason, Resume, Stopped};
use std::fs;
use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

impl Run<'_> {
    /// A task made a process or a thread.
    pub(crate) fn born(
        &mut self,
        t: usize,
        tid: i32,
        reason: Reason,
        call: Option<Call>,
    ) -> Result<()> {
        let Halt::Stopped(stopped, _) = ptrace::born(tid).wait()? else {
            return Err(lost("a process died at its birth"));
        };
        let flags = call.map_or(0, |call| self.clone_flags(t, &call));
        let asked = |flag: i32| flags & u64::from(flag.cast_unsigned()) != 0;
        if asked(libc::CLONE_THREAD) {
            let process = self.process_mut(t);
            process.threads += 1;
            let id = TaskId { proc: process.id, thread: process.threads };
            self.tasks.push(Task::new(id, tid, stopped));
            self.emit(t, EventKind::ThreadStarted { thread: id });
            return Ok(());
        }
        self.forks += 1;
        let id = ProcId(u32::try_from(self.processes.len()).unwrap_or(u32::MAX) + 1);
        let pid = self.pid_inside(tid);
        let maker = self.process(t);
        let parent = if asked(libc::CLONE_PARENT) { maker.parent } else { Some(maker.id) };
        let memory = maker.memory_of;
        let borrows = asked(libc::CLONE_VM) || call.is_some_and(|c| c.number == libc::SYS_vfork);
        // A vfork parent waits until its memory is its own again.
        let one_memory = call.is_some_and(|call| self.makes_one_memory(t, &call));
        let process = Process {
            id,
            host: tid,
            pid,
            parent,
            life: Life::Alive,
            ending: None,
            handle: descriptor::of_process(tid)?,
            files: maker.files.clone(),
            dispositions: maker.dispositions.clone(),
            group: maker.group,
            subreaper: false,
            dies_with_parent: 0,
            threads: 1,
            memory_of: if borrows { memory } else { id },
            shares_memory: maker.shares_memory || one_memory,
            shared: maker.shared.clone(),
            pending_lock: None,
            mappings: maker.mappings.clone(),
            vfork_parent: (reason == Reason::Vfork).then_some(t),
            unreported_stop: false,
            unreported_continue: false,
            stopping: false,
            image: maker.image,
            last_answer: None,
        };
        self.process_mut(t).shares_memory |= one_memory;
        if one_memory {
            self.has_one_memory();
        }
        self.processes.push(process);
        if !borrows && let Some(set) = self.breakpoints.get(&memory) {
            self.breakpoints.insert(id, set.clone());
        }
        self.tasks.push(Task::new(TaskId::main(id), tid, stopped));
        let how = match reason {
            Reason::Vfork => ForkKind::Vfork,
            Reason::Fork => ForkKind::Fork,
            Reason::Seccomp
            | Reason::SyscallExit
            | Reason::Signal(_)
            | Reason::Clone
            | Reason::VforkDone
            | Reason::Exec
            | Reason::Exit
            | Reason::Group(_) => ForkKind::Clone,
        };
        self.emit(t, EventKind::Forked { child: id, how });
        self.emit_for(id, EventKind::Started { parent, pid });
        Ok(())
    }

    /// The pid that a new process has in its own namespace. Source: `proc(5)`, `NSpid`.
    pub(crate) fn pid_inside(&self, host: i32) -> Pid {
        if !self.server.isolation().namespaces {
            return Pid(host);
        }
        /// It stands near the beginning. One read is enough, and cheaper than finding the end.
        const LENGTH: usize = 4096;
        let mut bytes = [0; LENGTH];
        let file = fs::File::open(format!("/proc/{host}/status"));
        let read = file.and_then(|mut file| file.read(&mut bytes)).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..read])
            .lines()
            .find_map(|line| line.strip_prefix("NSpid:")?.split_whitespace().last()?.parse().ok())
            .map_or(Pid(host), Pid)
    }

    /// Whether a task stands before the end of its process and has children who could tell its
    /// closed descriptors from its death: one reads an end of file, and asks who its parent is.
    pub(crate) fn may_close_first(&self, t: usize) -> bool {
        let task = &self.tasks[t];
        let State::Parked(_, Point::Call(call)) = &task.state else { return false };
        let me = self.process(t);
        call.number == libc::SYS_exit_group
            && !task.closed
            && me.vfork_parent.is_none()
            && self.others(t).is_empty()
            && self.processes.iter().any(|p| p.parent == Some(me.id) && p.is_alive())
    }

    /// The kernel closes the descriptors of a process that ends, and only then gives its children
    /// away. Nothing stops between the two, so the first half is done by a call of our own.
    /// Source: Linux, kernel/exit.c, `do_exit`: `exit_files` before `exit_notify`.
    pub(crate) fn close_first(&mut self, t: usize) -> Result<()> {
        let p = self.position(self.tasks[t].id.proc)?;
        let state = std::mem::replace(&mut self.tasks[t].state, State::Moving);
        let State::Parked(stopped, Point::Call(call)) = state else {
            self.tasks[t].state = state;
            return Err(lost(format!("{} is not before its end", self.tasks[t].id)));
        };
        if self.processes[p].id == ProcId::ROOT {
            self.left_open = self.open_descriptors(p);
        }
        let mut registers = call.registers;
        registers.orig_rax = libc::SYS_close_range.cast_unsigned();
        (registers.rdi, registers.rsi, registers.rdx) = (0, u64::from(u32::MAX), 0);
        stopped.set_registers(&registers)?;
        let stopped = match stopped.resume(Resume::ToExit, 0)?.wait()? {
            Halt::Stopped(stopped, Reason::SyscallExit) => stopped,
            Halt::Stopped(..) => return Err(lost("a closing process stopped elsewhere")),
            Halt::Died(status) => return self.died_at_once(t, status),
        };
        self.tasks[t].closed = true;
        self.processes[p].files.clear();
        self.something_closed();
        self.emit(t, EventKind::Exiting);
        // On to the stop before the end.
        stopped.set_registers(&call.again())?;
        self.resume_and_follow(t, stopped, None, Resume::Free, 0)
    }

    /// A task stands at its exit stop.
    pub(crate) fn dies(&mut self, t: usize, stopped: Stopped) -> Result<()> {
        let word = i32::try_from(stopped.event_message()?).unwrap_or(0);
        let p = self.position(self.tasks[t].id.proc)?;
        let others = self.others(t);
        if !others.is_empty() && self.tasks[t].leaving {
            return self.thread_ends(t, stopped);
        }
        let ending = Ending::from_status_word(word).unwrap_or(Ending::Exited(0));
        self.process_ends(p, ending)?;
        if self.processes[p].id == ProcId::ROOT && !self.tasks[t].closed {
            self.left_open = self.open_descriptors(p);
        }
        // The other threads were killed by the exit and stand at their own exit stops.
        let leader = self.processes[p].host;
        let mut last = None;
        if stopped.tid() == leader {
            last = Some(stopped);
        } else {
            self.tasks[t].state = State::Gone;
            crate::server::reap(stopped.resume(Resume::Free, 0)?);
        }
        for other in others {
            if self.tasks[other].tid != leader {
                self.tasks[other].state = State::Gone;
                crate::server::reap(ptrace::born(self.tasks[other].tid));
            }
        }
        self.leader_dies(p, last)
    }

    /// A thread ends while its process goes on.
    fn thread_ends(&mut self, t: usize, stopped: Stopped) -> Result<()> {
        self.emit(t, EventKind::ThreadEnded);
        let leader = self.process(t).host == stopped.tid();
        let ended = self.pid_inside(stopped.tid());
        let running = stopped.resume(Resume::Free, 0)?;
        self.tasks[t].state = State::Gone;
        if !leader {
            crate::server::reap(running);
        }
        self.wake_heirs(ended);
        // A first thread that ends early stays a zombie of the kernel until the others have ended.
        Ok(())
    }

    /// The first thread, and with it the process, dies; it is held back as unseen.
    fn leader_dies(&mut self, p: usize, at_exit: Option<Stopped>) -> Result<()> {
        let host = self.processes[p].host;
        if let Some(t) = self.tasks.iter().position(|t| t.tid == host) {
            self.tasks[t].state = State::Gone;
        }
        let mut running = match at_exit {
            Some(stopped) => match stopped.resume(Resume::Free, 0) {
                Ok(running) => running,
                Err(_) => ptrace::born(host),
            },
            None => ptrace::born(host),
        };
        while !running.wait_dead()? {
            running = match running.wait()? {
                Halt::Stopped(stopped, _) => stopped.resume(Resume::Free, 0)?,
                Halt::Died(_) => return self.seen(p),
            };
        }
        self.processes[p].life = Life::Unseen(running);
        self.after_death(p)
    }

    /// What follows from the end of a process at once, before anybody sees it.
    fn after_death(&mut self, p: usize) -> Result<()> {
        let id = self.processes[p].id;
        self.processes[p].files.clear();
        self.something_closed();
        // Operations that were to be undone have been. Source: semop(2), SEM_UNDO.
        self.changes.note(Class::Semaphores);
        if self.tasks.iter().any(|task| task.sleeper.is_some()) {
            self.wake_heirs(self.pid_inside(self.processes[p].host));
        }
        self.orphan_children_of(p)?;
        if let Some(parent) = self.processes[p].vfork_parent.take() {
            self.release_vfork(parent)?;
        }
        if id == ProcId::ROOT {
            let ending = self.processes[p].ending.unwrap_or(Ending::Exited(0));
            self.root_ended(ending);
        } else if self.processes[p].parent.is_none() {
            // Init reaps at once, and nobody else can tell.
            self.reveal(p)?;
        }
        Ok(())
    }

    /// Records the end of a process. Deaths among its children become visible first: a parent
    /// that ends without looking has had its chance.
    fn process_ends(&mut self, p: usize, ending: Ending) -> Result<()> {
        let id = self.processes[p].id;
        for child in 0..self.processes.len() {
            let child_of_it = self.processes[child].parent == Some(id);
            if child_of_it && matches!(self.processes[child].life, Life::Unseen(_)) {
                self.reveal(child)?;
            }
        }
        self.processes[p].ending = Some(ending);
        // Nobody is told any more that it had stopped.
        self.processes[p].unreported_stop = false;
        self.alarms.remove(&id);
        self.timers.retain(|&(owner, _), _| owner != id);
        self.forget_pages(id);
        match self.tasks.iter().position(|t| t.id == TaskId::main(id)) {
            Some(t) => self.emit(t, EventKind::Ended { ending }),
            None => self.emit_for(id, EventKind::Ended { ending }),
        }
        Ok(())
    }

    /// Children of a dead process get a new parent: the nearest living subreaper above, or init.
    /// Source: `prctl(2)`, `PR_SET_CHILD_SUBREAPER`.
    fn orphan_children_of(&mut self, p: usize) -> Result<()> {
        let dead = self.processes[p].id;
        let mut to = self.processes[p].parent;
        while let Some(above) = to {
            let above = &self.processes[self.position(above)?];
            if above.subreaper && above.is_alive() {
                break;
            }
            to = above.parent;
        }
        for child in 0..self.processes.len() {
            if self.processes[child].parent != Some(dead) {
                continue;
            }
            self.processes[child].parent = to;
            let id = self.processes[child].id;
            match self.processes[child].life {
                Life::Alive => {
                    self.emit_for(id, EventKind::Orphaned { to });
                    // The kernel has sent what the child asked for, and SIGKILL waits for nobody.
                    if self.processes[child].dies_with_parent == libc::SIGKILL {
                        self.killed(child)?;
                    }
                }
                Life::Zombie if to.is_none() => {
                    self.processes[child].life = Life::Gone;
                    self.await_release(child)?;
                }
                Life::Unseen(_) if to.is_none() => self.reveal(child)?,
                Life::Zombie | Life::Unseen(_) | Life::Gone => {}
            }
        }
        Ok(())
    }

    /// Waits until the kernel has let go of a dead process that init reaps. Its parent's exit does
    /// that last, when the parent can be waited for already; until then its pid is taken.
    /// Source: Linux, kernel/exit.c, `exit_notify`.
    pub(crate) fn await_release(&self, p: usize) -> Result<()> {
        let began = Instant::now();
        while descriptor::is_kept(&self.processes[p].handle) {
            if began.elapsed() > PATIENCE {
                return Err(lost(format!("{} is dead and stays", self.processes[p].id)));
            }
            // Whoever exits may run at a lower priority, on the same processor.
            thread::sleep(Duration::from_micros(10));
        }
        Ok(())
    }

    /// Lets the parent see a death.
    pub(crate) fn reveal(&mut self, p: usize) -> Result<()> {
        let life = std::mem::replace(&mut self.processes[p].life, Life::Zombie);
        let Life::Unseen(running) = life else {
            self.processes[p].life = life;
            return Ok(());
        };
        self.note_merged_signal(p);
        match running.wait()? {
            Halt::Died(_) => self.seen(p),
            Halt::Stopped(..) => Err(lost("a dead process stopped")),
        }
    }

    /// The tracer has reaped a process, so its parent can.
    fn seen(&mut self, p: usize) -> Result<()> {
        let (id, parent) = (self.processes[p].id, self.processes[p].parent);
        let discarded = match parent {
            None => true,
            Some(parent) => self.processes[self.position(parent)?].discards_children(),
        };
        if discarded {
            self.processes[p].life = Life::Gone;
            self.emit_for(id, EventKind::Discarded { parent });
        } else {
            self.processes[p].life = Life::Zombie;
            self.emit_for(id, EventKind::Zombie { parent });
        }
        Ok(())
    }

    /// SIGCHLD does not queue: a second death merges with a first that was not handled yet.
    fn note_merged_signal(&mut self, p: usize) {
        let Some(parent) = self.processes[p].parent else { return };
        let Some(t) = self.tasks.iter().position(|t| t.id == TaskId::main(parent)) else { return };
        let State::Parked(stopped, _) = &self.tasks[t].state else { return };
        let handled = self.process(t).dispositions.of(libc::SIGCHLD).action == Action::Handler;
        let blocked = stopped.signal_mask().is_ok_and(|mask| mask & signal_bit(libc::SIGCHLD) != 0);
        if !handled && !blocked {
            // Pending without anybody who waits for it: nothing is lost by the merge.
            return;
        }
        let waiting =
            stopped.pending().is_ok_and(|all| all.iter().any(|i| i.signal == libc::SIGCHLD));
        if waiting {
            self.emit_for(parent, EventKind::SignalMerged { signal: Signal::CHLD });
        }
    }

    /// A task that was stopped turns out to be dead: SIGKILL does not wait for a tracer.
    pub(crate) fn was_killed(&mut self, t: usize) -> Result<()> {
        let p = self.position(self.tasks[t].id.proc)?;
        self.killed(p)
    }

    /// A task was reaped without an exit stop.
    pub(crate) fn died_at_once(&mut self, t: usize, status: i32) -> Result<()> {
        let p = self.position(self.tasks[t].id.proc)?;
        let first = self.tasks[t].tid == self.processes[p].host;
        self.tasks[t].state = State::Gone;
        if !first {
            return Ok(());
        }
        let ending = Ending::from_status_word(status).unwrap_or(Ending::Killed(Signal::KILL));
        self.process_ends(p, ending)?;
        self.processes[p].life = Life::Zombie;
        self.after_death(p)?;
        self.seen(p)
    }

    /// SIGKILL was sent to a process whose tasks stand still: follows it to its death.
    pub(crate) fn killed(&mut self, p: usize) -> Result<()> {
        if !self.processes[p].is_alive() {
            return Ok(());
        }
        let (id, host) = (self.processes[p].id, self.processes[p].host);
        self.process_ends(p, Ending::Killed(Signal::KILL))?;
        for t in 0..self.tasks.len() {
            let task = &mut self.tasks[t];
            if task.id.proc == id && task.tid != host && !matches!(task.state, State::Gone) {
                task.state = State::Gone;
                crate::server::reap(ptrace::born(task.tid));
            }
        }
        self.leader_dies(p, None)
    }

    /// Other living threads of a task's process.
    pub(crate) fn others(&self, t: usize) -> Vec<usize> {
        let proc = self.tasks[t].id.proc;
        (0..self.tasks.len())
            .filter(|&o| o != t && self.tasks[o].id.proc == proc)
            .filter(|&o| !matches!(self.tasks[o].state, State::Gone))
            .collect()
    }

    /// Descriptors above 2 that a process has open now, by the kernel's word.
    fn open_descriptors(&self, p: usize) -> Vec<Descriptor> {
        let process = &self.processes[p];
        let folder = format!("/proc/{}/fd", process.host);
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let mut open: Vec<Descriptor> = entries
            .flatten()
            .filter_map(|entry| {
                let fd = entry.file_name().to_str()?.parse().ok().filter(|&fd| fd > 2)?;
                let target = fs::read_link(entry.path()).ok()?;
                let what = target.display().to_string();
                // `pipe:[4711]` and `socket:[4712]`: the number differs from run to run.
                let what = what.split(":[").next().unwrap_or("").to_owned();
                let known = process.files.get(fd);
                let object = known.map(|entry: &Entry| entry.object);
                let made_at: Option<SiteId> = known.and_then(|entry| entry.made_at);
                Some(Descriptor { fd, what, object, made_at })
            })
            .collect();
        open.sort_by_key(|descriptor| descriptor.fd);
        open
    }
}
