//! Starts a program and holds it at the gate: everything is set up, and it executes its program
//! only when it is released, so that a tracer can attach first.

use crate::cgroup::Cgroup;
use crate::error::{Result, SandboxError};
use crate::machine::{Changes, Machine};
use crate::probe::{NAMESPACES, Wanted, probe};
use crate::scratch;
use crate::steps::{self, INSIDE_USER, NOBODY, describe};
use crate::view::View;
use forklings_model::{Isolation, Limits};
use forklings_sys::cpu;
use forklings_sys::filter::Filter;
use forklings_sys::spawn::{self, Channels, Init, Plan, Role, StepFailed};
use forklings_sys::step::{Program, Step};
use std::fs;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// A program to start.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The executable, on the host; absolute.
    pub program: &'a Path,
    /// Arguments, without the program's name.
    pub args: &'a [String],
    /// The whole environment: name and value.
    pub env: &'a [(String, String)],
    /// Working directory inside; `/tmp` of a view, or any folder without namespaces.
    pub folder: &'a Path,
    /// Standard input, output and error.
    pub stdio: [BorrowedFd<'a>; 3],
    /// What it may use. Time is the caller's business.
    pub limits: Limits,
    /// How much isolation to use.
    pub wanted: Wanted,
    /// What it sees of the file system beside the system, where namespaces are to be had.
    pub view: View,
    /// The filter that is installed just before the program is executed; `None` where the host
    /// does not offer seccomp.
    pub filter: Option<Filter>,
}

/// A process that waits at the gate.
#[derive(Debug)]
pub struct Held {
    /// Its pid on the host. It is a child of init.
    pub pid: i32,
    /// What stands between it and the machine.
    pub isolation: Isolation,
    /// Its parent.
    pub init: Init,
    second: Vec<String>,
    first: Vec<String>,
    program: PathBuf,
    inside: PathBuf,
    machine: Option<Machine>,
    cgroup: Option<Cgroup>,
}

/// Where a program stands inside a view.
const PLACE: &str = "/subject";

impl Launch<'_> {
    /// Starts the program's process and holds it.
    ///
    /// # Errors
    /// What the machine refuses, by step; nothing is left behind then.
    pub fn start(self) -> Result<Held> {
        let prepared = self.prepare(Role::Serve)?;
        prepared.start()
    }

    /// Works out both lists of steps.
    pub(crate) fn prepare(self, role: Role) -> Result<Prepared> {
        let host = probe();
        let namespaces = self.wanted != Wanted::None && host.namespaces;
        let same_user = self.wanted == Wanted::SameUser;
        let channels = Channels::new()?;

        let mut init = vec![Step::DieWithParent];
        if namespaces {
            init.push(Step::Await(channels.control()));
        }
        if role == Role::Serve {
            init.push(Step::LetKernelReap);
        }
        let program = if namespaces {
            let inside = self.inside();
            if self.view.is_machine() {
                init.extend(steps::enter_view(&self.view)?);
            } else {
                let view = self.view.clone().read_only(self.program, &inside);
                init.extend(steps::enter_view(&view)?);
                init.push(Step::HostName(steps::text("forklings")?));
            }
            init.push(Step::LoopbackUp);
            inside
        } else {
            init.push(Step::AdoptOrphans);
            self.program.to_path_buf()
        };
        init.push(Step::Dumpable(false));

        let name = program.display().to_string();
        let argv = [name].iter().chain(self.args).map(|s| steps::text(s)).collect::<Result<_>>()?;
        let envp = self
            .env
            .iter()
            .map(|(name, value)| steps::text(&format!("{name}={value}")))
            .collect::<Result<_>>()?;
        let mut second = vec![Step::DieWithParent, Step::NewSession];
        for (target, fd) in (0..).zip(&self.stdio) {
            second.push(Step::Redirect(fd.as_raw_fd(), target));
        }
        second.push(Step::CloseOnExecFrom(3));
        second.extend(limits(&self.limits, namespaces && !host.root));
        if namespaces {
            second.push(Step::DropCapabilities);
            if !same_user {
                second.push(Step::BecomeUser(INSIDE_USER, INSIDE_USER));
            }
        }
        second.extend([
            Step::ChangeDirectory(steps::c(self.folder)?),
            Step::FileModeMask(0o022),
            Step::Dumpable(true),
            Step::FixedAddresses,
            Step::NoNewPrivileges,
            Step::DefaultSignals,
        ]);
        if role == Role::Serve {
            second.extend([Step::Say(channels.control(), b'r'), Step::Await(channels.gate())]);
        }
        let seccomp = self.filter.is_some();
        second.extend(self.filter.map(Step::Filter));
        second.push(Step::Execute(Program::new(steps::c(&program)?, argv, envp)));

        let cgroup = (self.wanted != Wanted::None)
            .then(|| Cgroup::new(self.limits.processes + 8, self.limits.memory_mib));
        Ok(Prepared {
            plan: Plan { role, namespaces: if namespaces { NAMESPACES } else { 0 }, init, second },
            channels,
            program: self.program.to_path_buf(),
            inside: program,
            machine: self.view.machine().filter(|_| namespaces).cloned(),
            same_user,
            isolation: Isolation {
                namespaces,
                seccomp,
                cgroup_pids: cgroup.is_some() && host.cgroup_pids,
                cgroup_memory: cgroup.is_some() && host.cgroup_memory,
                other_user: namespaces && host.root && !same_user,
            },
            cgroup,
        })
    }

    fn inside(&self) -> PathBuf {
        if self.view.is_machine() {
            return self.program.to_path_buf();
        }
        Path::new(PLACE).join(self.program.file_name().unwrap_or_else(|| "program".as_ref()))
    }
}

/// Both lists, ready to start.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    channels: Channels,
    program: PathBuf,
    inside: PathBuf,
    machine: Option<Machine>,
    same_user: bool,
    pub(crate) isolation: Isolation,
    cgroup: Option<Cgroup>,
}

impl Prepared {
    /// Starts init and waits until the second process stands at the gate.
    fn start(self) -> Result<Held> {
        let mut held = self.start_init()?;
        match held.init.next_word()? {
            Some(pid) => {
                held.pid = pid;
                Ok(held)
            }
            None => Err(held.failure()),
        }
    }

    /// Starts init and gives it its id maps and groups.
    pub(crate) fn start_init(self) -> Result<Held> {
        let names = |steps: &[Step]| steps.iter().map(|s| describe(Some(s))).collect();
        let (first, second) = (names(&self.plan.init), names(&self.plan.second));
        let init = spawn::start(&self.plan, self.channels)?;
        let held = Held {
            pid: 0,
            isolation: self.isolation,
            first,
            second,
            program: self.program,
            inside: self.inside,
            machine: self.machine,
            cgroup: self.cgroup,
            init,
        };
        if let Some(cgroup) = &held.cgroup {
            cgroup.admit(held.init.pid())?;
        }
        if self.isolation.namespaces {
            map_ids(held.init.pid(), self.same_user)?;
            held.init.go()?;
        }
        Ok(held)
    }
}

impl Held {
    /// Why a step failed, once a process is known to have ended before it executed its program.
    #[must_use]
    pub fn failure(&mut self) -> SandboxError {
        match self.init.failure() {
            Some(failed) => self.explain(failed),
            None => SandboxError::Step { step: "init".to_owned(), errno: libc::EPIPE },
        }
    }

    pub(crate) fn explain(&self, failed: StepFailed) -> SandboxError {
        match failed {
            StepFailed { process: 1, position, errno } if position + 1 == self.second.len() => {
                SandboxError::Program { program: self.program.clone(), errno }
            }
            StepFailed { process, position, errno } => {
                let list = if process == 0 { &self.first } else { &self.second };
                let step = list.get(position).cloned().unwrap_or_else(|| describe(None));
                SandboxError::Step { step, errno }
            }
        }
    }

    /// How many processes of this sandbox the kernel killed because memory was used up.
    #[must_use]
    pub fn out_of_memory_kills(&self) -> u64 {
        self.cgroup.as_ref().map_or(0, Cgroup::out_of_memory_kills)
    }

    /// Path under which the subject sees its own program.
    #[must_use]
    pub fn program_inside(&self) -> PathBuf {
        self.inside.clone()
    }

    /// What differs now from what was there when the sandbox was made; `None` without a file system
    /// of its own. Outside of a view of the whole machine what was made can be removed again.
    #[must_use]
    pub fn changes(&self) -> Option<Changes> {
        let root = PathBuf::from(format!("/proc/{}/root", self.pid));
        match &self.machine {
            Some(machine) => Some(machine.changes(&root)),
            None => self.isolation.namespaces.then(|| scratch::left(&root)),
        }
    }
}

/// Root maps itself for the set-up and an unprivileged user for the subject: root inside a user
/// namespace escapes RLIMIT_NPROC. Anybody else can map only itself.
/// The same user keeps all of root's ids, or its own one.
fn map_ids(pid: i32, same_user: bool) -> Result<()> {
    let (user, group) = cpu::user_and_group();
    let map = |own: u32| {
        if same_user && user == 0 {
            format!("0 0 {}\n", u32::MAX)
        } else if same_user {
            format!("{own} {own} 1\n")
        } else if user == 0 {
            format!("0 0 1\n{INSIDE_USER} {NOBODY} 1\n")
        } else {
            format!("{INSIDE_USER} {own} 1\n")
        }
    };
    let write = |name: &str, content: &str| {
        let path = PathBuf::from(format!("/proc/{pid}/{name}"));
        fs::write(&path, content).map_err(|error| SandboxError::File { path, error })
    };
    write("uid_map", &map(user))?;
    if user != 0 {
        write("setgroups", "deny")?;
    }
    write("gid_map", &map(group))
}

/// Bytes that a file may grow to, the standard streams included: who goes on writing is killed by
/// SIGXFSZ.
#[must_use]
pub fn longest_file(limits: &Limits) -> u64 {
    u64::from(limits.output_kib.max(16 * 1024)) * 1024
}

/// Resource limits. Counting processes by user only makes sense where the user has no others.
fn limits(limits: &Limits, count_processes: bool) -> Vec<Step> {
    const MIB: u64 = 1024 * 1024;
    let mut steps = vec![
        Step::Limit(libc::RLIMIT_CORE, 0),
        Step::Limit(libc::RLIMIT_DATA, u64::from(limits.memory_mib) * MIB),
        Step::Limit(libc::RLIMIT_FSIZE, longest_file(limits)),
        Step::Limit(libc::RLIMIT_CPU, u64::from(limits.seconds) + 5),
        Step::Limit(libc::RLIMIT_NOFILE, 256),
        Step::Limit(libc::RLIMIT_MEMLOCK, 0),
        Step::Limit(libc::RLIMIT_MSGQUEUE, MIB),
    ];
    if count_processes {
        steps.push(Step::Limit(libc::RLIMIT_NPROC, u64::from(limits.processes) + 8));
    }
    steps
}
