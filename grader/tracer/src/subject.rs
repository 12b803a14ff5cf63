//! What to run.

use forklings_model::Limits;
use forklings_sandbox::{View, Wanted};
use std::path::PathBuf;

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
            wanted: Wanted::All,
            view: View::new(),
            sources: Vec::new(),
            terminal: false,
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
}
