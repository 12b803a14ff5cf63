//! Programs that must not compile with a submission's library, `grader/hidden/<id>/misuse/*.rs`, and
//! some that must, `use/*.rs`. The file's name is the task and what cannot or can be done; the first
//! line has the compiler's codes for a refusal, the second the reason.

use crate::error::GradeError;
use forklings_model::Exercise;
use std::fs;
use std::path::{Path, PathBuf};

/// The programs of an exercise.
#[derive(Clone, Debug)]
pub struct Misuses {
    /// What must not compile, by name; then what must, with the right types.
    pub programs: Vec<Misuse>,
    /// What compiles with any types.
    pub control: PathBuf,
}

/// A program that must not compile, or must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse {
    /// The file.
    pub file: PathBuf,
    /// Its name as a test, `task::sentence`.
    pub test: String,
    /// Whether it is a right use: it must compile.
    pub right: bool,
    /// The compiler's codes, of which every error must have one: `E0277`. A right use that is refused
    /// for anything else has shown nothing.
    pub codes: Vec<String>,
    /// Why it must not compile, or must.
    pub reason: String,
    /// The program without these two lines.
    pub text: String,
}

impl Misuses {
    /// Reads those of an exercise, if it has any.
    pub(super) fn read(hidden: &Path, exercise: &Exercise) -> Result<Option<Self>, GradeError> {
        let (folder, control) = (hidden.join("misuse"), hidden.join("use.rs"));
        if !folder.is_dir() {
            return Ok(None);
        }
        let (mut files, right) = (Vec::new(), hidden.join("use"));
        super::sources(&folder, &mut files)?;
        if right.is_dir() {
            super::sources(&right, &mut files)?;
        }
        files.retain(|file| file.extension().is_some_and(|ending| ending == "rs"));
        if !control.is_file() {
            let reason = format!("{} is missing: right uses of the types", control.display());
            return Err(GradeError::Prebuild { reason });
        }
        let read = |file: PathBuf| {
            let text = fs::read_to_string(&file).map_err(GradeError::read(&file))?;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            parse(&stem, &text, exercise)
                .filter(|misuse| misuse.right == file.starts_with(&right))
                .map(|misuse| Misuse { file: file.clone(), ..misuse })
                .ok_or_else(|| GradeError::Prebuild {
                    reason: format!(
                        "{}: its name must be a task and what cannot or can be done, its first line \
                         `//! refuse: <codes>` in `misuse` and `//! accept: <codes>` in `use`, its \
                         second one a reason",
                        file.display()
                    ),
                })
        };
        let programs = files.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Some(Self { programs, control }))
    }
}

/// What a file's name and text say; without the file.
fn parse(stem: &str, text: &str, exercise: &Exercise) -> Option<Misuse> {
    let of = |task: &&str| stem.strip_prefix(*task).is_some_and(|rest| rest.starts_with('_'));
    let tasks = exercise.tasks.iter().map(|task| task.id.as_str());
    let task = tasks.filter(of).max_by_key(|task| task.len())?;
    let mut lines = text.lines();
    let (must, codes) = lines.next()?.strip_prefix("//! ")?.split_once(": ")?;
    let right = match must {
        "refuse" => false,
        "accept" => true,
        _ => return None,
    };
    let reason = lines.next()?.strip_prefix("//! ")?;
    Some(Misuse {
        file: PathBuf::new(),
        test: format!("{task}::{}", stem.get(task.len() + 1..)?),
        right,
        codes: codes.split(',').map(|code| code.trim().to_owned()).collect(),
        reason: reason.to_owned(),
        text: lines.collect::<Vec<_>>().join("\n").trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use forklings_model::{Hints, Limits, Task};

    fn exercise() -> Exercise {
        let task = |id: &str| Task {
            id: id.into(),
            points: 1,
            hints: Hints([String::new(), String::new(), String::new()]),
        };
        Exercise {
            id: "locks".into(),
            title: String::new(),
            folder: "locks".into(),
            edit: vec![],
            concepts: vec![],
            man: vec![],
            tasks: vec![task("try"), task("try_lock"), task("lock")],
            limits: Limits::default(),
        }
    }

    #[test]
    fn the_longest_task_that_a_name_begins_with_is_its_task() {
        let text = "//! refuse: E0277, E0505\n//! Because.\n\nfn main() {}\n";
        let misuse = parse("try_lock_data_cannot_stay", text, &exercise()).unwrap_or_else(|| {
            panic!("it is a misuse");
        });
        assert_eq!(misuse.test, "try_lock::data_cannot_stay");
        assert_eq!(misuse.codes, ["E0277", "E0505"]);
        assert_eq!((&*misuse.reason, &*misuse.text), ("Because.", "fn main() {}"));
    }

    #[test]
    fn a_right_use_says_so() {
        let text = "//! accept: E0277\n//! Because.\n\nfn main() {}\n";
        let accepted = parse("lock_is_shared", text, &exercise());
        assert_eq!(
            accepted.map(|program| (program.right, program.codes[0].clone())),
            Some((true, "E0277".to_owned()))
        );
        assert_eq!(parse("lock_is_shared", &text.replace("accept", "take"), &exercise()), None);
    }

    #[test]
    fn a_file_without_task_codes_or_reason_is_none() {
        let text = "//! refuse: E0277\n//! Because.\n";
        assert_eq!(parse("locked_data", text, &exercise()), None);
        assert_eq!(parse("lock_data", "//! Because.\n//! refuse: E0277\n", &exercise()), None);
        assert_eq!(parse("lock_data", "//! refuse: E0277\n", &exercise()), None);
    }
}
