//! Writes the reports. Each file is written beside its place and then moved there, so that a full
//! disk never leaves half a report where a whole one was.

use crate::error::GradeError;
use crate::options::Format;
use forklings_model::Report;
use forklings_report::{html, machine};
use std::fmt::Display;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Renders the reports into `out`.
pub(crate) fn write(report: &Report, formats: &[Format], out: &Path) -> Result<(), GradeError> {
    for format in formats {
        match format {
            Format::Html => {
                replace(&out.join("index.html"), &html::report(report).map_err(render)?)?;
            }
            Format::Json => {
                replace(&out.join("report.json"), &machine::report(report).map_err(render)?)?;
                replace(&out.join("report.schema.json"), machine::SCHEMA)?;
            }
            Format::Csv => {
                replace(&out.join("gradebook.csv"), &machine::gradebook(report).map_err(render)?)?;
            }
        }
    }
    Ok(())
}

fn render(error: impl Display) -> GradeError {
    GradeError::Render { reason: error.to_string() }
}

/// Puts `text` in the place of a file.
fn replace(path: &Path, text: &str) -> Result<(), GradeError> {
    let beside = path.with_extension("new");
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        drop(fs::remove_file(&beside));
        GradeError::write(path)(error)
    })
}
