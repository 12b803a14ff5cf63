//! Takes the schedule files of a pair's failures to the pair's own folder. Suites write them to one
//! folder for all, under names that another submission's failure may have too.

use forklings_model::{Judgement, Outcome, ReplayFile};
use std::fs;
use std::path::{Path, PathBuf};

/// Moves every schedule file into `home` and names its new place. One that is gone, or belongs to
/// another subject by now, is not named.
pub(crate) fn collect(judgements: &mut [Judgement], subject: &Path, home: &Path) {
    for judgement in judgements {
        if let Outcome::Failed { failures } = &mut judgement.outcome {
            for failure in failures {
                failure.replay = failure.replay.take().and_then(|from| take(from, subject, home));
            }
        }
    }
}

fn take(from: PathBuf, subject: &Path, home: &Path) -> Option<PathBuf> {
    if from.parent() == Some(home) {
        return Some(from);
    }
    let text = fs::read(&from).ok()?;
    let file: ReplayFile = serde_json::from_slice(&text).ok()?;
    if file.subject != subject {
        return None;
    }
    let to = home.join(from.file_name()?);
    fs::write(&to, text).ok()?;
    drop(fs::remove_file(from));
    Some(to)
}
