//! A folder of hand-ins becomes work: for each submission and exercise, the bytes of the editable
//! files and nothing else. Archives are never unpacked to disk and links are never followed.
//! It does not compile or judge anything.
//!
//! What a submission holds is found by paths; see `assign`. What cannot be used is named, with
//! the reason: a file in [`Work::left_out`], a whole submission or exercise in
//! [`TakenIn::refused`].

mod archive;
mod assign;
mod collect;
mod folder;
mod names;

use crate::error::GradeError;
use collect::Collector;
use forklings_model::{Course, Submission};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything that a folder of hand-ins holds.
#[derive(Debug, Default)]
pub struct TakenIn {
    /// What can be graded, ordered by submission and then by the course.
    pub work: Vec<Work>,
    /// What cannot, with the reason.
    pub refused: Vec<(Submission, String)>,
}

/// One exercise of one submission, in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Whose.
    pub submission: Submission,
    /// The exercise's id.
    pub exercise: String,
    /// The editable files that were handed in, relative to the exercise's folder.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// What was left out, by its path in the submission, with the reason.
    pub left_out: Vec<(PathBuf, String)>,
}

impl Work {
    /// BLAKE3 of everything that the result depends on, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            // Lengths keep "ab" + "c" apart from "a" + "bc".
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        for (path, bytes) in &self.files {
            add(path.as_os_str().as_encoded_bytes());
            add(bytes);
        }
        for (path, reason) in &self.left_out {
            add(path.as_os_str().as_encoded_bytes());
            add(reason.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// How a hand-in is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Folder,
    Zip,
    TarGz,
}

/// Takes in every submission of a folder.
///
/// # Errors
/// When the folder itself cannot be read. What is wrong with one submission is in `refused`.
pub fn take_in(folder: &Path, course: &Course) -> Result<TakenIn, GradeError> {
    let failed = |source| GradeError::Submissions { folder: folder.to_owned(), source };
    let mut entries = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    let mut taken = TakenIn::default();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for path in entries {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Hidden files are the file manager's, not a student's.
        if file_name.starts_with('.') || file_name == "__MACOSX" {
            continue;
        }
        let (name, packing) = describe(&path, &file_name);
        let submission = Submission { name: name.to_owned() };
        let result = match packing {
            Err(reason) => Err(reason),
            Ok(_) if names.contains_key(name) => Err(format!(
                "`{file_name}` has the same name as `{}`; only that one was graded",
                names[name]
            )),
            Ok(packing) => {
                names.insert(name.to_owned(), file_name.clone());
                read(&path, packing, course)
            }
        };
        match result {
            Ok(collected) => assign::assign(&submission, collected, course, &mut taken),
            Err(reason) => taken.refused.push((submission, reason)),
        }
    }
    if taken.work.is_empty() && taken.refused.is_empty() {
        return Err(GradeError::NoSubmissions { folder: folder.to_owned() });
    }
    Ok(taken)
}

/// The submission's name, and how it is packed or why it is not taken.
fn describe<'a>(path: &Path, file_name: &'a str) -> (&'a str, Result<Packing, String>) {
    let meta = match path.symlink_metadata() {
        Ok(meta) => meta,
        Err(error) => return (file_name, Err(format!("cannot be read: {error}"))),
    };
    if meta.is_dir() {
        return (file_name, Ok(Packing::Folder));
    }
    if !meta.is_file() {
        let reason =
            "is a symbolic link or special file, which is not followed; put the files here";
        return (file_name, Err(reason.to_owned()));
    }
    let endings = [(".zip", Packing::Zip), (".tar.gz", Packing::TarGz), (".tgz", Packing::TarGz)];
    for (ending, packing) in endings {
        let cut = file_name.len().checked_sub(ending.len()).filter(|&at| at > 0);
        if let Some(at) = cut.filter(|&at| file_name.is_char_boundary(at)) {
            let (name, rest) = file_name.split_at(at);
            if rest.eq_ignore_ascii_case(ending) {
                return (name, Ok(packing));
            }
        }
    }
    (file_name, Err("is neither a folder nor a .zip, .tar.gz or .tgz archive".to_owned()))
}

fn read(path: &Path, packing: Packing, course: &Course) -> Result<Collector, String> {
    let mut collector = Collector::new(course);
    match packing {
        Packing::Folder => folder::read(path, &mut collector)?,
        Packing::Zip => archive::read_zip(path, &mut collector)?,
        Packing::TarGz => archive::read_tar_gz(path, &mut collector)?,
    }
    Ok(collector)
}
