//! What to run.

use forklings_model::Limits;
use forklings_sandbox::{View, Wanted};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What glibc's allocator is told where memory is followed: a block of 128 KiB or more is always a
/// mapping of its own, all threads share one heap, what is freed joins its neighbours at once, and
/// the heap's free end goes back to the kernel. Source: the GNU C Library, "Memory Allocation
/// Tunables".
const KEEP_LITTLE: &str = "glibc.malloc.mmap_threshold=131072:glibc.malloc.trim_threshold=32768:\
    glibc.malloc.top_pad=32768:glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0:\
    glibc.malloc.mxfast=0";

/// A program with everything that its runs have in common.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The executable, absolute.
    pub program: PathBuf,
    /// Arguments, without the program's name.
    pub args: Vec<String>,
    /// What it finds on standard input: an ordinary file with these bytes.
    pub stdin: Vec<u8>,
    /// The whole environment; see [`Subject::new`] for the usual one.
    pub env: Vec<(String, String)>,
    /// Working directory: inside the view, or on the host where there are no namespaces.
    pub folder: PathBuf,
    /// What one run may use.
    pub limits: Limits,
    /// CPU seconds that a run may use, where that is not the limit on virtual time too: a program
    /// may sleep for an hour at no cost.
    pub cpu_seconds: Option<u32>,
    /// What the wall clock shows when a run begins, in nanoseconds since the Epoch; without it, the
    /// beginning of 2026.
    pub start: Option<u64>,
    /// Seed of what `getrandom` gives in every run; without one it follows the schedule's.
    pub random: Option<u64>,
    /// How much isolation to use.
    pub wanted: Wanted,
    /// What it sees beside the system.
    pub view: View,
    /// Folders of source code: lines of files below them are shown with their text, and relative
    /// to them.
    pub sources: Vec<PathBuf>,
    /// Whether it reads from this program's own standard input, and what it prints is shown as it
    /// comes (and captured all the same). [`Subject::stdin`] is not used then, and a run need not
    /// repeat.
    pub terminal: bool,
    /// Whether it is followed what memory its processes get from the kernel and give back; see
    /// [`Subject::follow_memory`].
    pub follows_memory: bool,
    /// Set from elsewhere to stop a run before its end.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl Subject {
    /// A program in an environment that is the same everywhere, in `/tmp`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, args: Vec<String>, limits: Limits) -> Self {
        let env = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("HOME", "/tmp"),
            ("RUST_BACKTRACE", "0"),
            // Its registration would show which processor it runs on.
            ("GLIBC_TUNABLES", "glibc.pthread.rseq=0"),
        ];
        Self {
            program: program.into(),
            args,
            stdin: Vec::new(),
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            folder: PathBuf::from("/tmp"),
            limits,
            cpu_seconds: None,
            random: None,
            start: None,
            wanted: Wanted::All,
            view: View::new(),
            sources: Vec::new(),
            terminal: false,
            follows_memory: false,
            cancel: None,
        }
    }

    /// Follows what memory its processes get from the kernel and give back. That costs two stops for
    /// each such call. glibc's allocator is told to keep as little as it can of what is freed.
    pub fn follow_memory(&mut self) {
        self.follows_memory = true;
        let name = "GLIBC_TUNABLES";
        match self.env.iter_mut().find(|(variable, _)| variable == name) {
            Some((_, tunables)) => *tunables = format!("{tunables}:{KEEP_LITTLE}"),
            None => self.env.push((name.to_owned(), KEEP_LITTLE.to_owned())),
        }
    }

    /// Any program of this machine, as its user would start it: in the current folder, with the
    /// current environment, without namespaces, with room enough for ordinary work.
    ///
    /// # Errors
    /// When the current folder is gone.
    pub fn command(program: impl Into<PathBuf>, args: Vec<String>) -> std::io::Result<Self> {
        let limits = Limits { seconds: 60, processes: 256, memory_mib: 8192, output_kib: 4096 };
        // What is not UTF-8 cannot be told in a trace, and is left out.
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name != "GLIBC_TUNABLES");
        let mut subject = Self::new(program, args, limits);
        subject.env.retain(|(name, _)| name == "GLIBC_TUNABLES");
        subject.env.extend(env);
        subject.folder = std::env::current_dir()?;
        subject.wanted = Wanted::None;
        subject.sources = vec![subject.folder.clone()];
        Ok(subject)
    }

    /// Any program of this machine, to be run many times in this folder: as [`Subject::command`],
    /// but where the machine offers namespaces each run finds the same machine, whatever the one
    /// before it did: files are really changed nowhere, and processes, shared memory, message
    /// queues, the network and pids are its own. Random bytes from the kernel are those of this
    /// seed in every run, so that runs differ in their order alone.
    ///
    /// # Errors
    /// When the current folder is gone.
    pub fn repeated(
        program: impl Into<PathBuf>,
        args: Vec<String>,
        folder: &Path,
        seed: u64,
    ) -> std::io::Result<Self> {
        let mut subject = Self::command(program, args)?;
        subject.folder = folder.to_path_buf();
        subject.sources = vec![folder.to_path_buf()];
        subject.wanted = Wanted::SameUser;
        subject.view = View::of_machine(folder);
        subject.random = Some(seed);
        Ok(subject)
    }
}
