//! The files that show a run again: one for each broken rule, and one for each result where there
//! are several.

use crate::failure::Failure;
use anyhow::{Context, Result, bail};
use forklings_model::{
    Command, CommandReplay, Failure as Failed, Place, Rule, Schedule, Shows, Survey,
};
use forklings_report::escape;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Results that get a file each.
const RESULTS: usize = 20;
/// Larger files among the arguments are data, and hashing them would take long.
const HASHED: u64 = 64 << 20;

/// Saves what shows something, and notes where. The folder is only made when there is something to
/// save.
pub(super) fn save(survey: &mut Survey, results: &[(String, Schedule)], out: &Path) -> Result<()> {
    let differs = survey.differs();
    // What shows without the tracer has no schedule.
    let has_schedule = |failure: &Failed| failure.rule() != Rule::DiffersUnwatched;
    if !survey.failures.iter().any(has_schedule) && !differs {
        return Ok(());
    }
    let cannot = |error: std::io::Error| {
        Failure::BadInput(format!("cannot write to {}: {error}", out.display()))
    };
    fs::create_dir_all(out).map_err(cannot)?;
    let out = out.canonicalize().map_err(cannot)?;
    let hashes = hashes(&survey.command)?;
    let name = survey.command.program.file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let command = survey.command.clone();
    let write = |what: &str, shows: Shows, schedule: &Schedule| -> Result<PathBuf> {
        let file = CommandReplay {
            version: CommandReplay::VERSION,
            command: command.clone(),
            hashes: hashes.clone(),
            shows,
            schedule: schedule.clone(),
        };
        let path = out.join(format!("{name}-{what}.schedule"));
        let text = serde_json::to_string_pretty(&file)? + "\n";
        fs::write(&path, text).map_err(cannot)?;
        Ok(path)
    };
    for failure in survey.failures.iter_mut().filter(|failure| has_schedule(failure)) {
        let rule = failure.finding.rule();
        failure.replay = Some(write(rule.name(), Shows::Rule(rule), &failure.trace.schedule)?);
    }
    if differs {
        let clean = survey.outputs.iter_mut().zip(results).filter(|(output, _)| output.clean > 0);
        for (number, (output, (result, schedule))) in clean.take(RESULTS).enumerate() {
            let what = format!("result-{}", number + 1);
            output.replay = Some(write(&what, Shows::Result(result.clone()), schedule)?);
        }
    }
    Ok(())
}

/// BLAKE3 of the program, and of each file that its arguments name: a script, an input.
fn hashes(command: &Command) -> Result<Vec<(PathBuf, String)>> {
    let folder = match &command.place {
        Place::Exercise(folder) | Place::Machine(folder) | Place::Bare(folder) => folder,
    };
    let named = command.args.iter().map(|arg| folder.join(arg));
    let files = named
        .filter(|path| fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= HASHED));
    let mut hashes = vec![(command.program.clone(), hash(&command.program)?)];
    for path in files {
        if let Ok(hash) = hash(&path) {
            hashes.push((path, hash));
        }
    }
    Ok(hashes)
}

fn hash(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

/// Whether the program and the files that it was given are those that the schedule was found with.
pub(crate) fn unchanged(file: &CommandReplay) -> Result<()> {
    for (path, before) in &file.hashes {
        let shown = path.display();
        if !path.is_file() {
            bail!(Failure::BadInput(format!("{shown} is gone; explore it again")));
        }
        if hash(path)? != *before {
            bail!(Failure::BadInput(format!(
                "{shown} has changed since this schedule was found, so the schedule may not fit it \
                 any more; explore it again"
            )));
        }
    }
    Ok(())
}

/// The words that start this program again: as cargo does, or as it was called.
pub(crate) fn replay_words() -> String {
    if env::var_os("CARGO").is_some() {
        return "cargo run -q -p forklings -- replay".to_owned();
    }
    let called = env::args().next().unwrap_or_default();
    let own = if called.contains('/') { env::current_exe().ok() } else { None };
    let own = own.map_or(called, |path| path.display().to_string());
    format!("{} replay", escape::shell_word(&own))
}
