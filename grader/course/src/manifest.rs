//! The two manifests as they are written. serde refuses unknown and missing keys, hints that are
//! not three and points that are 0, with their line; what needs the file system is in `check`.

use forklings_model::Limits;
use serde::Deserialize;
use std::num::NonZeroU32;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CourseManifest {
    pub(crate) title: String,
    pub(crate) parts: Vec<PartManifest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartManifest {
    pub(crate) title: String,
    pub(crate) exercises: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExerciseManifest {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) edit: Vec<PathBuf>,
    #[serde(default)]
    pub(crate) concepts: Vec<String>,
    pub(crate) man: Vec<String>,
    pub(crate) tasks: Vec<TaskManifest>,
    #[serde(default)]
    pub(crate) limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskManifest {
    pub(crate) id: String,
    pub(crate) points: NonZeroU32,
    pub(crate) hints: [String; 3],
}
