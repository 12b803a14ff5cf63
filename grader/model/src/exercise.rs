//! What a course is made of.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The course: `exercises/course.yaml`, with the manifests it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The course's title.
    pub title: String,
    /// Its parts, in learning order.
    pub parts: Vec<Part>,
}

impl Course {
    /// Every exercise, in learning order.
    pub fn exercises(&self) -> impl Iterator<Item = &Exercise> {
        self.parts.iter().flat_map(|part| &part.exercises)
    }

    /// The exercise with this id.
    #[must_use]
    pub fn exercise(&self, id: &str) -> Option<&Exercise> {
        self.exercises().find(|exercise| exercise.id == id)
    }
}

/// A part of the course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its title.
    pub title: String,
    /// Its exercises, in learning order.
    pub exercises: Vec<Exercise>,
}

/// One exercise: the content of its `exercise.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exercise {
    /// Its id: folder, package and first column of every report.
    pub id: String,
    /// One line that says what it is about.
    pub title: String,
    /// The folder it was read from.
    pub folder: PathBuf,
    /// The only files that a student edits and a submission may bring, relative to the folder.
    pub edit: Vec<PathBuf>,
    /// Words for the index of the book.
    pub concepts: Vec<String>,
    /// Manual pages, as `wait(2)`.
    pub man: Vec<String>,
    /// The tasks, in order of difficulty.
    pub tasks: Vec<Task>,
    /// What a run may use.
    pub limits: Limits,
}

impl Exercise {
    /// The sum of the tasks' points.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.tasks.iter().map(|task| task.points).sum()
    }

    /// The task with this id.
    #[must_use]
    pub fn task(&self, id: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }
}

/// One task: a function to write. Tests belong to it by the module that they stand in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id, a Rust identifier.
    pub id: String,
    /// What it is worth. All its tests must pass.
    pub points: u32,
    /// Help in three steps.
    pub hints: Hints,
}

/// Help in three steps: a question, a direction, nearly the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints(pub [String; 3]);

/// What one run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// CPU and virtual time together, in seconds.
    pub seconds: u32,
    /// Processes and threads alive at once, the root included.
    pub processes: u32,
    /// Private memory of one process, in MiB.
    pub memory_mib: u32,
    /// Both output streams together, in KiB.
    pub output_kib: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 5, processes: 32, memory_mib: 256, output_kib: 64 }
    }
}
