//! `forklings course check`: the course proves itself. Stubs stop at their TODO, solutions and
//! other right programs pass, every mutant is caught under its own rule, drills come to what they say, and what
//! people read leads somewhere. Programs are graded like submissions; what was found out is kept beside the build, so
//! that only what changed is graded again. `forklings course trace` shows a run of one of them.

mod drills;
mod expect;
mod pages;
mod specimen;
mod table;
pub(crate) mod trace;

use crate::cargo;
use crate::interrupt;
use crate::progress;
use crate::repository::{self, Repository};
use crate::screen::Screen;
use anyhow::{Context, Result, bail};
use clap::value_parser;
use forklings_grade::journal::Journal;
use forklings_grade::{GradeError, Options, exit_codes};
use forklings_model::{Course, Exercise, Graded, Report};
use forklings_report::style::Ink;
use specimen::{Kind, Specimen};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Time between two tries when another self-check is at work.
const LOOK: Duration = Duration::from_millis(200);
/// Schedules for each scenario of a mutant, one after the other. Most are caught by far fewer than a
/// student's program is tried with; who is not caught, or not as it must be, is tried with more, and
/// in the end with all.
const MUTANT: [u32; 2] = [8, 40];
/// What stands for a program's name where only the drills are meant.
const DRILLS: &str = "drills";
/// The same for anchors and links.
const PAGES: &str = "pages";
/// Bytes of results that are kept from check to check.
const KEPT: u64 = 512 << 20;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check that stubs fail at their TODO, solutions pass, every mutant is caught, and links lead somewhere
    Check(Args),
    /// Show a run of a solution, or the run of a mutant that breaks its rule
    Trace(trace::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Schedules for each scenario [default: 200; 8 or 40 for mutants that are caught by so many]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    schedules: Option<u32>,
    /// The class's seed: another one, other inputs in the hidden tests
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Only this exercise, or only its programs whose names begin like this, or only its `drills`, or
    /// the anchors and links of its `pages`; `drills` or `pages` alone means those of all exercises
    #[arg(long, value_name = "ID[/PROGRAM]")]
    only: Option<String>,
    /// How many programs are judged at once [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
}

/// Something that is not as it must be.
struct Deviation {
    /// The file, relative to the repository.
    file: String,
    /// What was expected, and what came instead.
    what: String,
}

pub(crate) fn run(args: &Args, repository: &Repository, screen: &Screen) -> Result<u8> {
    let course = repository.course()?;
    let only = args.only.as_deref();
    let (id, program) = match only.and_then(|only| only.split_once('/')) {
        Some((id, program)) => (Some(id), Some(program)),
        None if only.is_some_and(|only| [DRILLS, PAGES].contains(&only)) => (None, only),
        None => (only, None),
    };
    let exercises: Vec<&Exercise> = match id {
        Some(id) => vec![repository::exercise(&course, id)?],
        None => course.exercises().collect(),
    };
    let cancel = interrupt::flag()?;
    let mut deviations = Vec::new();
    if program.is_none_or(|program| program == PAGES) {
        deviations.extend(pages::check(&repository.root, &exercises, id.is_none())?);
    }
    if program == Some(DRILLS) {
        drills::check(&repository.root, &exercises, &cancel, &mut deviations)?;
    }
    if program.is_some_and(|program| [DRILLS, PAGES].contains(&program)) {
        return conclude(String::new(), &deviations, &cancel, screen);
    }
    let mut specimens = Vec::new();
    for exercise in &exercises {
        specimens.extend(specimen::collect(&repository.root, exercise, &mut deviations)?);
    }
    if let Some(program) = program {
        let all = specimens.iter().map(Specimen::program).collect::<Vec<_>>().join(", ");
        specimens.retain(|specimen| specimen.program().starts_with(program));
        if specimens.is_empty() {
            bail!("no program's name begins with `{program}`; there are: {all}");
        }
    }
    let kept = cargo::target(&repository.root).join("forklings/course-check");
    let bench = Bench { args, repository, course: &course, out: &kept, small_runs: false, screen };
    let Some(report) = bench.judge(&specimens)? else {
        return Ok(interrupted(screen));
    };
    for specimen in &specimens {
        let found = expect::judge(specimen, &report, &course);
        if found.is_empty() {
            // The program of a deviation is needed to replay it; the others only take room.
            drop(fs::remove_dir_all(kept.join("subjects").join(&specimen.name)));
        }
        deviations.extend(found);
    }
    deviations.extend(warnings(repository, &exercises)?);
    if program.is_none() {
        drills::check(&repository.root, &exercises, &cancel, &mut deviations)?;
    }
    let table = table::draw(&exercises, &specimens, &report, &screen.style);
    conclude(table + "\n", &deviations, &cancel, screen)
}

/// Tells what was found.
fn conclude(
    table: String,
    deviations: &[Deviation],
    cancel: &AtomicBool,
    screen: &Screen,
) -> Result<u8> {
    if cancel.load(Ordering::Relaxed) {
        return Ok(interrupted(screen));
    }
    let mut out = table;
    for Deviation { file, what } in deviations {
        let file = screen.style.paint(Ink::Strong, file);
        // A sentence; what may follow it are lines of others, which are left as they are.
        let (sentence, rest) = what.split_once('\n').unwrap_or((what, ""));
        let room = textwrap::Options::new(screen.style.width.saturating_sub(2)).break_words(false);
        let what = textwrap::fill(sentence, room) + "\n" + rest;
        out += &format!("{file}\n  {}\n\n", what.trim_end().replace('\n', "\n  "));
    }
    out += &match deviations.len() {
        0 => format!("{}\n", screen.style.paint(Ink::Good, "the course is sound")),
        1 => "1 deviation\n".to_owned(),
        n => format!("{n} deviations\n"),
    };
    screen.print(&out)?;
    Ok(if deviations.is_empty() { exit_codes::OK } else { exit_codes::FINDINGS })
}

fn interrupted(screen: &Screen) -> u8 {
    screen.remark("stopped by Ctrl-C or SIGTERM; the same command goes on from there");
    exit_codes::INTERRUPTED
}

/// With what specimens are judged.
struct Bench<'a> {
    args: &'a Args,
    repository: &'a Repository,
    course: &'a Course,
    /// Where results are kept.
    out: &'a Path,
    /// Whether somebody will look at the runs of what failed as it should.
    small_runs: bool,
    screen: &'a Screen,
}

impl Bench<'_> {
    /// Grades all specimens; `None` when it was interrupted.
    fn judge(&self, specimens: &[Specimen]) -> Result<Option<Report>> {
        forget(self.out)?;
        let mut left: Vec<&Specimen> = specimens.iter().collect();
        let (mut graded, mut refused) = (Vec::new(), Vec::new());
        let mut round = 0;
        loop {
            let Some(mut report) = self.grade(&left, round)? else { return Ok(None) };
            let is_over = |specimen: &&Specimen| {
                self.fewer(specimen).get(round).is_none()
                    || expect::judge(specimen, &report, self.course).is_empty()
            };
            let (over, again): (Vec<_>, Vec<_>) = left.into_iter().partition(is_over);
            let is_told = |name: &str| over.iter().any(|specimen| specimen.name == name);
            graded.extend(report.graded.extract_if(.., |g| is_told(&g.submission.name)));
            refused.extend(report.refused.extract_if(.., |(who, _)| is_told(&who.name)));
            if again.is_empty() {
                return Ok(Some(Report { graded, refused, ..report }));
            }
            left = again;
            round += 1;
        }
    }

    /// With how many schedules a program is tried, round by round, before all of them.
    fn fewer(&self, specimen: &Specimen) -> &'static [u32] {
        match specimen.kind {
            _ if self.args.schedules.is_some() => &[],
            // A run that somebody looks at says in how many schedules the same comes.
            Kind::Mutant(_) if self.small_runs => &MUTANT[1..],
            Kind::Mutant(_) => &MUTANT,
            Kind::Stub | Kind::Solution | Kind::Variant => &[],
        }
    }

    /// Grades specimens as one class; `None` when it was interrupted.
    fn grade(&self, specimens: &[&Specimen], round: usize) -> Result<Option<Report>> {
        let class = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut options = Options::new(&self.repository.root, class.path(), self.out);
        options.schedules = self.args.schedules;
        for specimen in specimens {
            let exercise = repository::exercise(self.course, &specimen.exercise)?;
            specimen.hand_in(class.path(), exercise)?;
            if let Some(task) = specimen.task(exercise) {
                options.only_task.insert(specimen.name.clone(), task.to_owned());
            }
            if let Some(&few) = self.fewer(specimen).get(round) {
                options.fewer_schedules.insert(specimen.name.clone(), few);
            }
        }
        options.seed = self.args.seed;
        options.small_runs = self.small_runs;
        // All of this is the course's own code.
        options.any_isolation = true;
        options.formats = Vec::new();
        if let Some(jobs) = self.args.jobs {
            options.jobs = usize::try_from(jobs)?;
        }
        let cancel = interrupt::flag()?;
        let mut told = false;
        loop {
            let mut progress = progress::grading(self.screen);
            let result = forklings_grade::grade(&options, progress.as_mut(), &cancel);
            drop(progress);
            match result {
                Err(GradeError::Interrupted) => return Ok(None),
                _ if cancel.load(Ordering::Relaxed) => return Ok(None),
                Err(GradeError::Busy { .. }) => {
                    if !std::mem::replace(&mut told, true) {
                        let busy = "another self-check of this course is at work; waiting for it";
                        self.screen.remark(busy);
                    }
                    thread::sleep(LOOK);
                }
                result => return Ok(Some(result?)),
            }
        }
    }
}

/// Throws away what earlier checks found out, once it takes more room than it saves time.
fn forget(out: &Path) -> Result<()> {
    let path = out.join("journal.jsonl");
    if path.metadata().is_ok_and(|meta| meta.len() > KEPT) {
        // Emptied only while nobody else works with it.
        match Journal::open(out) {
            Err(GradeError::Busy { .. }) => {}
            held => held?.clear()?,
        }
    }
    Ok(())
}

/// A student who has done nothing wrong yet shall see no warning.
fn warnings(repository: &Repository, exercises: &[&Exercise]) -> Result<Vec<Deviation>> {
    let ids: Vec<&str> = exercises.iter().map(|exercise| exercise.id.as_str()).collect();
    let warnings = cargo::warnings(&repository.root, &ids)?;
    let deviation = |(id, text): (String, String)| Deviation {
        file: format!("exercises/{id}"),
        what: format!("the compiler has something to say:\n{}", text.trim_end()),
    };
    Ok(warnings.into_iter().map(deviation).collect())
}

/// What was found out about a specimen.
fn result<'a>(specimen: &Specimen, report: &'a Report) -> Option<&'a Graded> {
    report.graded.iter().find(|graded| graded.submission.name == specimen.name)
}
