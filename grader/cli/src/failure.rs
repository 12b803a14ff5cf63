//! What keeps a command from doing its work, and the exit code that says so. What is wrong with a
//! program under check is a finding and never comes here.

use crate::screen::Screen;
use anyhow::Error;
use forklings_course::CourseError;
use forklings_grade::{GradeError, exit_codes};
use std::io;
use thiserror::Error;

/// A failure that is not the machine's.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The command line names something that does not exist.
    #[error("{0}")]
    Usage(String),
    /// A path, file, manifest or course cannot be used.
    #[error("{0}")]
    BadInput(String),
    /// The program under check does not compile, and the compiler has said why.
    #[error("{0}")]
    DoesNotBuild(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// Says what went wrong, and gives the exit code.
pub(crate) fn tell(error: &Error, screen: &Screen) -> u8 {
    // A reader that has seen enough (`| head`) is no error worth a word.
    if let Some(error) = error.downcast_ref::<io::Error>()
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        return exit_codes::OK;
    }
    screen.error(&said(error));
    exit_code(error)
}

fn exit_code(error: &Error) -> u8 {
    let code = error.chain().find_map(|cause| {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return Some(match failure {
                Failure::Usage(_) => exit_codes::USAGE,
                Failure::BadInput(_) => exit_codes::BAD_INPUT,
                Failure::DoesNotBuild(_) => exit_codes::FINDINGS,
                Failure::Interrupted => exit_codes::INTERRUPTED,
            });
        }
        if let Some(error) = cause.downcast_ref::<GradeError>() {
            return Some(error.exit_code());
        }
        cause.is::<CourseError>().then_some(exit_codes::BAD_INPUT)
    });
    code.unwrap_or(exit_codes::GRADER_ERROR)
}

/// The error with its causes, those left out that its own words name already.
fn said(error: &Error) -> String {
    error.chain().skip(1).fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}
