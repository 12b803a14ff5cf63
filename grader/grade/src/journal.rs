//! What is known, on disk, the moment it is known: one JSON line for each graded pair, appended
//! and synchronised before anybody is told. Every report is rendered from it, so a killed run goes
//! on where it was.
//!
//! One grader at a time holds the journal, by a record lock: it ends with the process that took it,
//! while one of `flock(2)` would last until the last child of a killed grader has died. Source:
//! fcntl(2). A line that a kill or a full disk cut short is removed when the journal is opened.

use crate::error::GradeError;
use forklings_model::Graded;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const FILE: &str = "journal.jsonl";

/// What a result is known by. A changed submission, suite or compiler gives another key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The submission's name.
    pub submission: String,
    /// The exercise's id.
    pub exercise: String,
    /// Hash of what was handed in.
    pub content: String,
    /// Hash of what it was graded with.
    pub recipe: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: Key,
    graded: Box<RawValue>,
}

/// The journal of one output folder, held by this process alone.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// Never opened elsewhere in this process: to close it anywhere gives the lock up.
    file: File,
    /// Length of the whole lines, in bytes.
    length: u64,
    /// Results as they are written, since an old journal holds many that nobody asks for again.
    known: HashMap<Key, Box<RawValue>>,
}

impl Journal {
    /// Opens or makes the journal of `out`, and makes `out` itself. A process must not open one
    /// twice at a time: the lock keeps out other processes only.
    ///
    /// # Errors
    /// `Busy` while another process holds it (EAGAIN, EACCES); otherwise what the file system says.
    pub fn open(out: &Path) -> Result<Self, GradeError> {
        fs::create_dir_all(out).map_err(GradeError::write(out))?;
        let path = out.join(FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(GradeError::write(&path))?;
        lock(&file).map_err(|errno| {
            if matches!(errno, Errno::EAGAIN | Errno::EACCES) {
                GradeError::Busy { folder: out.to_owned() }
            } else {
                GradeError::Write { path: path.clone(), source: errno.into() }
            }
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(GradeError::read(&path))?;
        let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        // A line that cannot be read is passed over: its pair is graded again.
        let lines = bytes[..whole].split(|&b| b == b'\n');
        let known = lines
            .filter_map(|line| serde_json::from_slice::<Line>(line).ok())
            .map(|line| (line.key, line.graded))
            .collect();
        let mut journal = Self { path, file, length: whole as u64, known };
        journal.cut()?;
        Ok(journal)
    }

    /// What is known under a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Graded> {
        self.known.get(key).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// Writes a result down. When this returns it survives a crash of the machine.
    ///
    /// # Errors
    /// No room or no permission. The journal then holds what it held before.
    pub fn append(&mut self, key: Key, graded: &Graded) -> Result<(), GradeError> {
        let failed = GradeError::write(self.path.clone());
        let written = to_raw_value(graded).and_then(|graded| {
            let line = Line { key, graded };
            Ok((serde_json::to_vec(&line)?, line))
        });
        let (mut bytes, line) = match written {
            Ok(written) => written,
            Err(error) => return Err(failed(error.into())),
        };
        bytes.push(b'\n');
        if let Err(error) = self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            // Half a line must not stay in front of the next one. Should this fail too, the next
            // run removes it.
            drop(self.cut());
            return Err(failed(error));
        }
        self.length += bytes.len() as u64;
        self.known.insert(line.key, line.graded);
        Ok(())
    }

    /// Throws away every result.
    ///
    /// # Errors
    /// What the file system says.
    pub fn clear(&mut self) -> Result<(), GradeError> {
        self.known.clear();
        self.length = 0;
        self.cut()
    }

    /// Removes what follows the last whole line.
    fn cut(&mut self) -> Result<(), GradeError> {
        let failed = GradeError::write(&self.path);
        let end = SeekFrom::Start(self.length);
        self.file.set_len(self.length).and_then(|()| self.file.seek(end)).map_err(failed)?;
        Ok(())
    }
}

/// Takes the lock on the whole file, without waiting for it.
#[expect(clippy::cast_possible_truncation, reason = "both constants are below 8")]
fn lock(file: &File) -> Result<(), Errno> {
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_SETLK(&whole)).map(drop)
}
