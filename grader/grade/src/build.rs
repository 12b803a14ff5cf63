//! Compiles one submission: the exercise's own sources with the submission's editable files over
//! them, the repository's driver, a pinned compiler called directly, all inside the sandbox. Cargo
//! is not involved, so no manifest or configuration of the submission can be.

use crate::error::GradeError;
use crate::options::BuildLimits;
use crate::prebuild::Prebuilt;
use crate::runner::{Ending, Finished, Job, Runner};
use crate::take_in::Work;
use crate::toolchain::Toolchain;
use forklings_model::Exercise;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Most bytes of the compiler's messages that a report repeats.
const DIAGNOSTICS: usize = 8000;

/// How a submission is compiled: with what findings need, and otherwise with the least work. One unit
/// and no bitcode save a fifth of the processor time.
const CODE: [&str; 4] = [
    "-Cdebuginfo=line-tables-only",
    "-Cforce-frame-pointers=yes",
    "-Ccodegen-units=1",
    "-Cembed-bitcode=no",
];

/// What came of compiling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Built {
    /// The program to judge, and the library that it is linked with.
    Program {
        /// The program.
        program: PathBuf,
        /// The submission's own library.
        library: PathBuf,
    },
    /// It does not compile: the messages, shortened.
    Failed(String),
    /// The grader or the machine failed.
    Unknown(String),
    /// The run was cancelled.
    Cancelled,
}

/// Everything that stays the same from one submission to the next.
pub(crate) struct Builder<'a> {
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) prebuilt: &'a Prebuilt,
    pub(crate) runner: &'a dyn Runner,
    pub(crate) limits: BuildLimits,
}

impl Builder<'_> {
    /// Compiles `work`. `home` gets the sources and then the program; strangers' code never writes
    /// there. `waste` is where the compiler writes. Both are empty.
    pub(crate) fn build(
        &self,
        work: &Work,
        exercise: &Exercise,
        home: &Path,
        waste: &Path,
        cancel: &AtomicBool,
    ) -> Result<Built, GradeError> {
        if let Some(problem) = not_text(work) {
            return Ok(Built::Failed(problem));
        }
        let Some(prepared) = self.prebuilt.exercises.get(&work.exercise) else {
            return Ok(Built::Unknown(format!("`{}` was not prepared", work.exercise)));
        };
        copy_sources(&exercise.folder.join("src"), &home.join("src"))?;
        for (path, bytes) in &work.files {
            write(&home.join(path), bytes)?;
        }
        let krate = work.exercise.replace('-', "_");
        let made = |name: &str| waste.join(name).display().to_string();
        let (library, program) = (made(&format!("lib{krate}.rlib")), made(&work.exercise));
        let uses = format!("{krate}={library}");
        let first = ["--crate-type=rlib", "src/lib.rs", "-o", &library];
        let second = ["--crate-type=bin", "src/main.rs", "-o", &program, "--extern", &uses];
        for step in [first.as_slice(), &second] {
            let mut args = self.arguments(&krate, &prepared.edition, &prepared.externs);
            args.extend(CODE.map(Into::into));
            args.extend([home, waste].map(hidden_prefix));
            args.extend(step.iter().map(ToString::to_string));
            let job = self.job(self.toolchain.rustc.clone(), args, home, waste);
            let finished = match self.runner.run(&job, cancel) {
                Ok(finished) => finished,
                Err(error) => {
                    return Ok(Built::Unknown(format!("the compiler cannot be run: {error}")));
                }
            };
            if let Some(failed) = self.explain(&finished) {
                return Ok(failed);
            }
        }
        // A linker can be made to write strange things: a link is not followed.
        let is_file = Path::new(&program).symlink_metadata().is_ok_and(|meta| meta.is_file());
        if !is_file {
            return Ok(Built::Failed("the linker left no program".to_owned()));
        }
        let place = home.join(&work.exercise);
        fs::rename(&program, &place).map_err(GradeError::write(&place))?;
        Ok(Built::Program { program: place, library: library.into() })
    }

    /// What every call of the compiler is told.
    pub(crate) fn arguments(
        &self,
        krate: &str,
        edition: &str,
        externs: &[(String, PathBuf)],
    ) -> Vec<String> {
        let Toolchain { sysroot, linker, .. } = self.toolchain;
        let mut args = vec![
            format!("--crate-name={krate}"),
            format!("--edition={edition}"),
            "--cap-lints=warn".into(),
            "--color=never".into(),
            format!("-Clinker={}", linker.display()),
            format!("--sysroot={}", sysroot.display()),
            format!("-Ldependency={}", self.prebuilt.libraries.display()),
        ];
        for (name, file) in externs {
            args.extend(["--extern".into(), format!("{name}={}", file.display())]);
        }
        args
    }

    /// A job that compiles: `program` starts in `home`, which it reads, and writes to `waste`.
    pub(crate) fn job(
        &self,
        program: PathBuf,
        args: Vec<String>,
        home: &Path,
        waste: &Path,
    ) -> Job {
        let Toolchain { sysroot, .. } = self.toolchain;
        let env = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("TMPDIR", waste.display().to_string()),
            // The sandbox shows a program under another path, from which rustc would look in vain.
            ("LD_LIBRARY_PATH", sysroot.join("lib").display().to_string()),
        ];
        Job {
            program,
            args,
            env: env.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            cwd: home.to_owned(),
            input: Vec::new(),
            read_only: vec![sysroot.clone(), self.prebuilt.libraries.clone(), home.to_owned()],
            writable: vec![waste.to_owned()],
            time: self.limits.time,
            memory_mib: self.limits.memory_mib,
            output_kib: self.limits.output_kib,
        }
    }

    /// What a compiler that did not succeed says; `None` if it did.
    fn explain(&self, finished: &Finished) -> Option<Built> {
        let said = || shorten(&String::from_utf8_lossy(&finished.stderr), finished.cut);
        let seconds = self.limits.time.as_secs();
        match finished.ending {
            Ending::Exited(0) => None,
            Ending::Cancelled => Some(Built::Cancelled),
            Ending::TimedOut => {
                let text =
                    format!("compiling took more than {seconds} s and was stopped\n{}", said());
                Some(Built::Failed(text))
            }
            Ending::OutOfMemory => {
                let limit = self.limits.memory_mib;
                let text =
                    format!("compiling took more than {limit} MiB and was stopped\n{}", said());
                Some(Built::Failed(text))
            }
            Ending::TooMuchOutput => Some(Built::Failed(format!(
                "the compiler said too much and was stopped\n{}",
                said()
            ))),
            Ending::Exited(_) => Some(Built::Failed(said())),
            Ending::Killed(signal) => Some(Built::Failed(format!(
                "the compiler was killed by signal {signal}, mostly a sign of too much memory \
                 (limit {} MiB)\n{}",
                self.limits.memory_mib,
                said()
            ))),
        }
    }
}

/// Keeps the path of a folder out of what the compiler writes.
pub(crate) fn hidden_prefix(folder: &Path) -> String {
    format!("--remap-path-prefix={}=", folder.display())
}

/// Says which file is no text, if one is not.
fn not_text(work: &Work) -> Option<String> {
    work.files.iter().find_map(|(path, bytes)| {
        let error = std::str::from_utf8(bytes).err()?;
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
        Some(format!("error: {}:{line} is not UTF-8 text; save it as UTF-8", path.display()))
    })
}

/// The messages from the first error on, without more than fits a report.
fn shorten(text: &str, cut: bool) -> String {
    let start = text.find("error").unwrap_or(0);
    let text = text[start..].trim_end();
    match text.char_indices().nth(DIAGNOSTICS) {
        Some((end, _)) => format!("{}\n(shortened: the compiler said more)", &text[..end]),
        None if cut => format!("{text}\n(shortened: the compiler said more)"),
        None => text.to_owned(),
    }
}

/// Copies a folder of sources with all that is in it.
pub(crate) fn copy_sources(from: &Path, to: &Path) -> Result<(), GradeError> {
    fs::create_dir_all(to).map_err(GradeError::write(to))?;
    for entry in fs::read_dir(from).map_err(GradeError::read(from))? {
        let entry = entry.map_err(GradeError::read(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_sources(&path, &target)?;
        } else {
            let bytes = fs::read(&path).map_err(GradeError::read(&path))?;
            write(&target, &bytes)?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), GradeError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(GradeError::write(folder))?;
    }
    fs::write(path, bytes).map_err(GradeError::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_begin_with_the_first_error_and_say_when_they_were_cut() {
        let text = format!("warning: unused\nerror[E0425]: x\n{}", "y".repeat(DIAGNOSTICS));
        let short = shorten(&text, false);
        assert!(short.starts_with("error[E0425]"));
        assert!(short.ends_with("(shortened: the compiler said more)"));
        assert_eq!(shorten("error: a\n", false), "error: a");
        assert!(shorten("error: a\n", true).contains("shortened"));
    }
}
