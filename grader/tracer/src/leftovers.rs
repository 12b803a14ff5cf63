//! Objects that outlive the processes that made them: System V semaphores, queues and memory, and
//! POSIX message queues. They are removed before the next run, which would find them otherwise.
//! Whatever another program of the machine may have made is left alone.

use crate::calls::sysv::{Made, SysV};
use crate::error::Result;
use crate::run::Run;
use crate::server::Server;

/// What one run left.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    sysv: Vec<(SysV, i32, Made)>,
    queues: Vec<String>,
    /// Where the fork server has attached System V memory.
    attached: Vec<u64>,
}

impl Leftovers {
    /// System V objects, with how they were made.
    pub(crate) fn system_v(&self) -> impl Iterator<Item = (SysV, Made)> {
        self.sysv.iter().map(|&(kind, _, made)| (kind, made))
    }

    /// POSIX message queues, by their names.
    pub(crate) fn queues(&self) -> impl Iterator<Item = &str> {
        self.queues.iter().map(String::as_str)
    }
}

impl Run<'_> {
    /// What is left now. Without a namespace of its own only what the run certainly made itself.
    pub(crate) fn leftovers(&self) -> Leftovers {
        let isolated = self.server.isolation().namespaces;
        Leftovers {
            sysv: self
                .sysv
                .iter()
                .filter(|(object, _)| isolated || self.own_sysv.contains(object))
                .map(|(&(kind, id), &made)| (kind, id, made))
                .collect(),
            queues: self
                .queues
                .keys()
                .filter(|&name| isolated || self.own_queues.contains(name))
                .cloned()
                .collect(),
            attached: self.attached_to_server().collect(),
        }
    }
}

impl Server {
    /// Removes what a run left, from inside the sandbox.
    pub(crate) fn remove(&self, leftovers: &Leftovers) -> Result<()> {
        for &at in &leftovers.attached {
            self.order(libc::SYS_shmdt, [at, 0, 0, 0])?;
        }
        let remove = u64::from(libc::IPC_RMID.unsigned_abs());
        for &(kind, id, _) in &leftovers.sysv {
            let id = u64::from(id.unsigned_abs());
            match kind {
                SysV::Semaphores => self.order(libc::SYS_semctl, [id, 0, remove, 0])?,
                SysV::Messages => self.order(libc::SYS_msgctl, [id, remove, 0, 0])?,
                SysV::Memory => self.order(libc::SYS_shmctl, [id, remove, 0, 0])?,
            };
        }
        for name in &leftovers.queues {
            self.order_on(libc::SYS_mq_unlink, name.as_bytes())?;
        }
        Ok(())
    }
}
