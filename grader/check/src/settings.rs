//! What the environment says to a suite: the grader and `forklings replay` drive the very program
//! that a student's `cargo test` runs.

use forklings_report::Style;
use forklings_sandbox::Wanted;
use std::env;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::PathBuf;

/// Path of the program to judge instead of the package's own driver.
pub(crate) const SUBJECT: &str = "FORKLINGS_SUBJECT";
/// Path of the file to append records to.
const RECORD: &str = "FORKLINGS_RECORD";
/// Schedules for each scenario.
const SCHEDULES: &str = "FORKLINGS_SCHEDULES";
/// The class's seed: what hidden tests draw their inputs from.
const SEED: &str = "FORKLINGS_SEED";
/// `no` to leave failing runs as they were found.
const SMALL: &str = "FORKLINGS_SMALL";
/// Path of a schedule file: only that schedule runs.
const REPLAY: &str = "FORKLINGS_REPLAY";
/// Folder to save failing schedules in.
const SCHEDULE_DIR: &str = "FORKLINGS_SCHEDULE_DIR";
/// `none` for no namespaces and control groups.
const ISOLATION: &str = "FORKLINGS_ISOLATION";

/// Schedules for each scenario when nobody says otherwise.
const DEFAULT_SCHEDULES: u32 = 200;

/// Columns where nobody says how many there are, and the most that are easy to read.
const WIDTH: usize = 100;
const WIDEST: usize = 140;

/// The program to judge, if it is not the package's own.
pub(crate) fn subject() -> Option<PathBuf> {
    path(SUBJECT)
}

/// Where to write records.
pub(crate) fn record() -> Option<PathBuf> {
    path(RECORD)
}

/// Where to save failing schedules, if not beside the suite.
pub(crate) fn schedule_folder() -> Option<PathBuf> {
    path(SCHEDULE_DIR)
}

/// The one schedule to run.
pub(crate) fn replay() -> Option<PathBuf> {
    path(REPLAY)
}

/// How many schedules to try.
pub(crate) fn schedules() -> Result<u32, String> {
    match env::var(SCHEDULES) {
        Err(_) => Ok(DEFAULT_SCHEDULES),
        Ok(text) => text
            .parse()
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(|| format!("{SCHEDULES} must be a number above 0, not `{text}`")),
    }
}

/// What hidden tests draw their inputs from.
pub(crate) fn seed() -> Result<u64, String> {
    match env::var(SEED) {
        Err(_) => Ok(0),
        Ok(text) => text.parse().map_err(|_| format!("{SEED} must be a number, not `{text}`")),
    }
}

/// Whether a run that shows a failure is made small. Whoever only wants the verdict saves the time.
pub(crate) fn small_runs() -> bool {
    env::var(SMALL).as_deref() != Ok("no")
}

/// How much isolation to use.
pub(crate) fn isolation() -> Result<Wanted, String> {
    match env::var(ISOLATION).as_deref() {
        Err(_) | Ok("auto") => Ok(Wanted::All),
        Ok("none") => Ok(Wanted::None),
        Ok(other) => Err(format!("{ISOLATION} must be `auto` or `none`, not `{other}`")),
    }
}

/// How to draw: as wide as the terminal that the tests run in, with colours where a person reads along and has not said `NO_COLOR`.
pub(crate) fn style() -> Style {
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = !plain && std::io::stderr().is_terminal();
    let seen = forklings_sandbox::columns(std::io::stderr().as_fd()).map(usize::from);
    let said = || env::var("COLUMNS").ok()?.parse().ok();
    let width = seen.or_else(said).unwrap_or(WIDTH).min(WIDEST);
    Style { colour, width, ..Style::default() }
}

fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
