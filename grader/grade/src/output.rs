//! Writes the reports. Each file is written beside its place and then moved there, so that a full
//! disk never leaves half a report where a whole one was.

use crate::error::GradeError;
use forklings_model::{Course, Report};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Renders every report into `out`.
pub(crate) fn write(report: &Report, _course: &Course, out: &Path) -> Result<(), GradeError> {
    let mut json = serde_json::to_vec(report)
        .map_err(|error| GradeError::Render { reason: error.to_string() })?;
    json.push(b'\n');
    replace(&out.join("report.json"), &json)
}

/// Puts `bytes` in the place of a file.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), GradeError> {
    let beside = path.with_extension("new");
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        drop(fs::remove_file(&beside));
        GradeError::write(path)(error)
    })
}
