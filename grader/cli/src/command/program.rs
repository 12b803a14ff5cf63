//! A program that somebody named on the command line: found as a shell finds it, and told early and
//! clearly when it cannot be run.

use crate::failure::Failure;
use anyhow::{Context, Result, bail};
use forklings_report::escape;
use std::env;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{self, Path, PathBuf};

/// What every ELF file begins with, then 2 for 64 bits and 1 for the lower byte first. Source:
/// `elf(5)`.
const ELF: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
/// Where an ELF file names its machine, and the only machine that the tracer knows (x86-64).
const MACHINE: (usize, [u8; 2]) = (18, [62, 0]);

/// Refuses the path of a program where an exercise is named.
pub(super) fn refuse(name: &str) -> Result<()> {
    if name.contains('/') {
        let name = escape::line(name);
        bail!(Failure::Usage(format!("a program is named behind `--`, as in `-- {name}`")));
    }
    Ok(())
}

/// Finds a program as a shell does, and looks whether it can be run. The path is absolute and not
/// resolved further: programs such as busybox act by the name that they are called by.
pub(super) fn find(name: &str) -> Result<PathBuf> {
    let shown = escape::line(name);
    let found = if name.contains('/') {
        PathBuf::from(name)
    } else {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut places = env::split_paths(&path).map(|folder| folder.join(name));
        match places.find(|path| path.metadata().is_ok_and(|meta| is_runnable(&meta))) {
            Some(found) => found,
            None if Path::new(name).exists() => bail!(Failure::BadInput(format!(
                "no program `{shown}` is in PATH; for the one in this folder write ./{shown}"
            ))),
            None => bail!(Failure::BadInput(format!(
                "no program `{shown}` is in PATH; a file is named by its path, as in ./a.out"
            ))),
        }
    };
    look(&found)?;
    path::absolute(&found).with_context(|| format!("cannot use {}", found.display()))
}

fn is_runnable(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
}

/// Says what is wrong with a path, if it is no program.
fn look(path: &Path) -> Result<()> {
    let shown = escape::line(&path.to_string_lossy());
    let bad = |why: String| -> anyhow::Error { Failure::BadInput(why).into() };
    let metadata = fs::metadata(path).map_err(|error| {
        bad(if error.kind() == ErrorKind::NotFound {
            format!("there is no program {shown}; is it built?")
        } else {
            format!("{shown} cannot be run: {error}")
        })
    })?;
    if metadata.is_dir() {
        return Err(bad(format!("{shown} is a folder, not a program")));
    }
    if !metadata.is_file() {
        return Err(bad(format!("{shown} is no ordinary file, so it is no program")));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(bad(format!(
            "{shown} is not executable; if it is a program: chmod +x {}",
            escape::shell_word(&path.to_string_lossy())
        )));
    }
    let mut head = Vec::new();
    match File::open(path) {
        Ok(file) => drop(file.take(256).read_to_end(&mut head)),
        // Executable and not readable is possible; the kernel will tell.
        Err(_) => return Ok(()),
    }
    match &head[..] {
        [b'#', b'!', rest @ ..] => interpreter(&shown, rest),
        elf if elf.starts_with(&ELF) && elf.get(MACHINE.0..MACHINE.0 + 2) == Some(&MACHINE.1) => {
            Ok(())
        }
        elf if elf.starts_with(&ELF[..4]) => Err(bad(format!(
            "{shown} is a program for another kind of machine; only 64-bit x86 can be traced"
        ))),
        [] => Err(bad(format!("{shown} is empty"))),
        _ => Err(bad(format!(
            "{shown} is no program that the kernel can start: it begins neither as an ELF file nor \
             with `#!`; if it is a script, name what runs it: -- sh {shown}"
        ))),
    }
}

/// Whether the interpreter that a script names is there. Source: `execve(2)`, "Interpreter
/// scripts".
fn interpreter(shown: &str, line: &[u8]) -> Result<()> {
    let line = line.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut words =
        line.split(|&byte| byte == b' ' || byte == b'\t').filter(|word| !word.is_empty());
    let named = words.next().unwrap_or_default();
    let path = Path::new(std::ffi::OsStr::from_bytes(named));
    if named.is_empty() || !path.metadata().is_ok_and(|meta| is_runnable(&meta)) {
        let path = escape::line(&path.to_string_lossy());
        bail!(Failure::BadInput(format!(
            "{shown} is a script for `{path}`, which cannot be run here"
        )));
    }
    Ok(())
}
