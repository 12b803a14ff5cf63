//! What an operation touches before it happens: by that two operations of different tasks are told
//! to be in conflict, so that their order may matter. A guide for sampling, not a proof: where a
//! call is not known here it is taken to touch everything.

use crate::calls::changes_files;
use crate::common_files::is_common_file;
use crate::futexes::Key;
use crate::run::Run;
use crate::strategy::{Choice, What};
use crate::task::{Call, Point, State};
use forklings_model::{ObjectId, ProcId};

/// Something that operations have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// What a descriptor refers to.
    Object(ObjectId),
    /// A process: whether it lives, and which of its children can be waited for.
    Process(ProcId),
    /// The signals that a process gets: every step of it may come before or after one.
    Signals(ProcId),
    /// A futex.
    Futex(Key),
    /// Eight bytes of shared memory: the region, and which of its words.
    Memory(usize, u64),
    /// Files and their names.
    Files,
    /// Locks on files. Descriptors do not tell whether two open files are one file.
    Locks,
    /// Anything at all.
    Everything,
}

/// How an operation touches a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    place: Place,
    changes: bool,
}

impl Touch {
    pub(crate) fn changes(place: Place) -> Self {
        Self { place, changes: true }
    }

    pub(crate) fn looks_at(place: Place) -> Self {
        Self { place, changes: false }
    }

    fn meets(&self, other: &Self) -> bool {
        let same = self.place == other.place
            || self.place == Place::Everything
            || other.place == Place::Everything;
        same && (self.changes || other.changes)
    }
}

/// Whether the order of two operations of different tasks may matter.
pub(crate) fn conflict(one: &[Touch], other: &[Touch]) -> bool {
    one.iter().any(|touch| other.iter().any(|there| touch.meets(there)))
}

impl Run<'_> {
    /// What a choice touches.
    pub(crate) fn touches(&self, choice: &Choice) -> Vec<Touch> {
        if choice.what == What::Reveal {
            let parent = self.processes.iter().find(|p| p.id == choice.who.proc);
            return match parent.and_then(|p| p.parent) {
                Some(parent) => {
                    [Place::Process(parent), Place::Signals(parent)].map(Touch::changes).to_vec()
                }
                None => Vec::new(),
            };
        }
        if choice.what == What::Ring {
            return vec![Touch::changes(Place::Everything)];
        }
        let mut touches = vec![Touch::looks_at(Place::Signals(choice.who.proc))];
        let task = self.tasks.iter().position(|task| task.id == choice.who);
        if choice.what != What::Wake
            && let Some(t) = task
            && let State::Parked(_, Point::Call(call)) = &self.tasks[t].state
        {
            self.call_touches(t, call, &mut touches);
        }
        if let Some(t) = task
            && let State::Parked(_, Point::Mutex(call)) = &self.tasks[t].state
        {
            let key = self.known_key(choice.who.proc, call.address, true);
            touches.push(Touch::changes(Place::Futex(key)));
        }
        if let Some(t) = task
            && let State::Parked(_, Point::Access(access)) = &self.tasks[t].state
        {
            let place = Place::Memory(access.region, access.offset / 8);
            touches.push(match access.changes() {
                true => Touch::changes(place),
                false => Touch::looks_at(place),
            });
        }
        if let Some(t) = task
            && matches!(self.tasks[t].state, State::Parked(_, Point::Spin(_)))
        {
            touches.push(Touch::looks_at(Place::Everything));
        }
        touches
    }

    /// A file that others may have opened too is more than one object.
    fn place_of(&self, object: ObjectId) -> Place {
        let common = self.objects.kind(object).is_some_and(is_common_file);
        if common { Place::Files } else { Place::Object(object) }
    }

    fn call_touches(&self, t: usize, call: &Call, touches: &mut Vec<Touch>) {
        let process = self.process(t);
        let own = process.id;
        let object = |fd| process.files.get(fd).map(|entry| self.place_of(entry.object));
        match call.number {
            // Whoever looks below /proc sees what all processes are doing.
            libc::SYS_read | libc::SYS_readv if self.is_proc_file(t, call.int(0)) => {
                touches.push(Touch::changes(Place::Everything));
            }
            libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_recvfrom
            | libc::SYS_recvmsg
            | libc::SYS_accept
            | libc::SYS_accept4
            | libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_sendto
            | libc::SYS_sendmsg
            | libc::SYS_shutdown
            | libc::SYS_mq_timedsend
            | libc::SYS_mq_timedreceive => touches.extend(object(call.int(0)).map(Touch::changes)),
            libc::SYS_close => {
                touches.extend(object(call.int(0)).map(Touch::changes));
                touches.push(Touch::changes(Place::Locks));
            }
            libc::SYS_open | libc::SYS_openat | libc::SYS_openat2 | libc::SYS_creat
                if self.tasks[t].fifo.is_none() =>
            {
                touches.push(Touch::changes(Place::Files));
            }
            other if changes_files(other) => touches.push(Touch::changes(Place::Files)),
            libc::SYS_fcntl if call.int(1) == libc::F_SETFD => {
                touches.push(Touch::changes(Place::Everything));
            }
            libc::SYS_flock | libc::SYS_fcntl => touches.push(Touch::changes(Place::Locks)),
            libc::SYS_semop
            | libc::SYS_semtimedop
            | libc::SYS_semctl
            | libc::SYS_msgsnd
            | libc::SYS_msgrcv
            | libc::SYS_msgctl
            | libc::SYS_shmctl => {
                touches.extend(self.sysv_object(call).map(Place::Object).map(Touch::changes));
            }
            libc::SYS_exit | libc::SYS_exit_group => {
                touches.push(Touch::changes(Place::Process(own)));
                touches.push(Touch::changes(Place::Locks));
                let files = process.files.iter().map(|(_, entry)| Place::Object(entry.object));
                touches.extend(files.map(Touch::changes));
            }
            libc::SYS_execve | libc::SYS_execveat => {
                let closed = process.files.iter().filter(|(_, entry)| entry.close_on_exec);
                touches.extend(closed.map(|(_, e)| Touch::changes(Place::Object(e.object))));
            }
            libc::SYS_wait4 | libc::SYS_waitid => {
                touches.push(Touch::changes(Place::Process(own)));
            }
            libc::SYS_getppid => {
                touches.extend(process.parent.map(|p| Touch::looks_at(Place::Process(p))));
            }
            libc::SYS_kill
            | libc::SYS_tkill
            | libc::SYS_tgkill
            | libc::SYS_rt_sigqueueinfo
            | libc::SYS_rt_tgsigqueueinfo => match self.by_pid(call.int(0)).map(|p| p.id) {
                Some(target) => touches.extend([
                    Touch::changes(Place::Signals(target)),
                    Touch::looks_at(Place::Process(target)),
                ]),
                None => touches.push(Touch::changes(Place::Everything)),
            },
            libc::SYS_futex => {
                // FUTEX_PRIVATE_FLAG. Source: futex(2).
                let private = call.int(1) & 128 != 0;
                let key = self.known_key(own, call.args[0], !private);
                touches.push(Touch::changes(Place::Futex(key)));
            }
            // These ask and change nothing; what they ask about lies in memory.
            libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait
            | libc::SYS_epoll_pwait2 => touches.push(Touch::looks_at(Place::Everything)),
            // Only the task itself, and who sends it signals.
            libc::SYS_fork
            | libc::SYS_vfork
            | libc::SYS_clone
            | libc::SYS_clone3
            | libc::SYS_pause
            | libc::SYS_rt_sigsuspend
            | libc::SYS_rt_sigtimedwait
            | libc::SYS_nanosleep
            | libc::SYS_clock_nanosleep
            | libc::SYS_sched_yield => {}
            _ => touches.push(Touch::changes(Place::Everything)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_meet_where_one_of_them_changes_what_both_touch() {
        let object = |n| Place::Object(ObjectId(n));
        let write = [Touch::changes(object(3))];
        assert!(conflict(&write, &[Touch::looks_at(object(3))]));
        assert!(!conflict(&write, &[Touch::changes(object(4))]));
        let look = [Touch::looks_at(object(3))];
        assert!(!conflict(&look, &look));
        assert!(conflict(&[Touch::looks_at(Place::Everything)], &write));
        assert!(!conflict(&[Touch::looks_at(Place::Everything)], &look));
        assert!(!conflict(&[], &write));
    }

    #[test]
    fn a_signal_meets_every_step_of_its_target_and_nothing_of_others() {
        let (target, other) = (ProcId(2), ProcId(3));
        let kill = [Touch::changes(Place::Signals(target))];
        assert!(conflict(&kill, &[Touch::looks_at(Place::Signals(target))]));
        assert!(!conflict(&kill, &[Touch::looks_at(Place::Signals(other))]));
    }
}
