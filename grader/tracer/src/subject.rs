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
        }
    }
}
