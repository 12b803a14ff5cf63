//! A whole grading run, from a folder of submissions to the reports.

use crate::build::Builder;
use crate::engine;
use crate::error::GradeError;
use crate::journal::{Journal, Key};
use crate::options::Options;
use crate::output;
use crate::pair::Grader;
use crate::prebuild::{Heard, Prebuilt, prebuild};
use crate::progress::Progress;
use crate::runner::Runner;
use crate::sandboxed::Sandboxed;
use crate::scratch::Scratch;
use crate::suite::Suite;
use crate::take_in::{TakenIn, Work, take_in};
use crate::toolchain::Toolchain;
use crate::unsandboxed::Unsandboxed;
use forklings_model::{Course, Graded, Isolation, Report, Verdict};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Version of `report.json`.
const VERSION: u32 = 1;

/// Grades a folder of submissions and writes the reports into the output folder.
///
/// What an earlier run on the same folder found out is used again, unless the submission, the
/// course, the compiler, the seed or the number of schedules changed, or it was the grader's own error. When
/// `cancel` becomes true the run stops within a moment, keeps what is graded and renders the
/// reports of that; the caller knows from its own flag that they are not complete.
///
/// # Errors
/// The course, the folder, the compiler or the output folder cannot be used, or the isolation is
/// weaker than the options ask for. Results written before stay.
pub fn grade(
    options: &Options,
    progress: &mut dyn Progress,
    cancel: &AtomicBool,
) -> Result<Report, GradeError> {
    let course = forklings_course::load(&options.repository.join("exercises"))?;
    let mut taken = take_in(&options.submissions, &course)?;
    taken.work.retain(|work| options.only.as_ref().is_none_or(|only| work.exercise == *only));
    if is_below(&options.out, &options.submissions) {
        return Err(GradeError::OutAmongSubmissions { folder: options.out.clone() });
    }
    let mut options = options.clone();
    let mut journal = Journal::open(&options.out)?;
    // Absolute paths: suites and compilers start in other folders.
    options.out = fs::canonicalize(&options.out).map_err(GradeError::read(&options.out))?;
    let scratch = Scratch::new(&options.out)?;
    let (compiler, keys) = if taken.work.is_empty() {
        (String::new(), Vec::new())
    } else {
        grade_work(&options, &course, &taken, &scratch, &mut journal, progress, cancel)?
    };
    let graded: Vec<Graded> = keys.iter().filter_map(|key| journal.get(key)).collect();
    if graded.is_empty() && cancel.load(Ordering::Relaxed) {
        return Err(GradeError::Interrupted);
    }
    let isolation = weakest(&graded);
    let (seed, refused) = (options.seed, taken.refused);
    let report = Report { version: VERSION, compiler, seed, isolation, graded, refused };
    output::write(&report, &options.formats, &options.out)?;
    Ok(report)
}

/// Whether one folder, which need not exist, is the other or lies in it.
fn is_below(inner: &Path, outer: &Path) -> bool {
    let absolute = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    matches!((absolute(inner), absolute(outer)), (Ok(inner), Ok(outer)) if inner.starts_with(&outer))
}

/// Grades what is not known yet; gives the compiler's version and the key of every pair.
fn grade_work(
    options: &Options,
    course: &Course,
    taken: &TakenIn,
    scratch: &Scratch,
    journal: &mut Journal,
    progress: &mut dyn Progress,
    cancel: &AtomicBool,
) -> Result<(String, Vec<Key>), GradeError> {
    let runner = runner(options)?;
    let toolchain = Toolchain::find(&options.repository)?;
    let ids: BTreeSet<&str> = taken.work.iter().map(|work| work.exercise.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    progress.preparing(ids.len());
    let libraries = scratch.folder()?;
    let salt = format!("{VERSION} {} {}", toolchain.version, options.seed);
    let place = libraries.path().join("libraries");
    let mut heard = |name: &str| {
        progress.prepared(name);
        if cancel.load(Ordering::Relaxed) { Heard::Stop } else { Heard::GoOn }
    };
    let prebuilt = prebuild(&options.repository, course, &ids, place, &salt, &mut heard)
        // Ctrl-C reaches cargo too, and its failure is then no failure.
        .map_err(|e| if cancel.load(Ordering::Relaxed) { GradeError::Interrupted } else { e })?;
    let suites = list_suites(&prebuilt)?;
    let keys: Vec<Key> = taken.work.iter().map(|work| key(work, &prebuilt, options)).collect();
    // The grader's own errors are tried again: the machine may have been mended.
    let known = |key: &Key| journal.get(key).is_some_and(|g| g.verdict != Verdict::GraderError);
    let mut todo: Vec<&Work> =
        taken.work.iter().zip(&keys).filter(|(_, key)| !known(key)).map(|(work, _)| work).collect();
    // What takes longest comes first: at the end no worker is idle for long.
    todo.sort_by_key(|work| Reverse(options.schedules_of(&work.submission).unwrap_or(u32::MAX)));
    progress.starting(taken.work.len(), taken.work.len() - todo.len());
    let builder = Builder {
        toolchain: &toolchain,
        prebuilt: &prebuilt,
        runner: runner.as_ref(),
        limits: options.build,
    };
    let grader = Grader { course, options, builder, scratch, suites: &suites };
    let done = |work: &Work, graded: Graded, progress: &mut dyn Progress| {
        journal.append(key(work, &prebuilt, options), &graded)?;
        progress.graded(&graded);
        Ok(())
    };
    engine::run(&grader, &todo, options.jobs, cancel, progress, done)?;
    Ok((toolchain.version.clone(), keys))
}

/// The sandbox, or nothing where the instructor says so. Strangers' code is not run on a machine
/// that offers no namespaces, unless asked for.
fn runner(options: &Options) -> Result<Box<dyn Runner>, GradeError> {
    match (forklings_sandbox::probe().namespaces, options.any_isolation) {
        (true, _) => Ok(Box::new(Sandboxed)),
        (false, true) => Ok(Box::new(Unsandboxed)),
        (false, false) => Err(GradeError::NoIsolation),
    }
}

fn list_suites(prebuilt: &Prebuilt) -> Result<BTreeMap<String, Vec<Suite>>, GradeError> {
    let each = prebuilt.exercises.iter().map(|(id, prepared)| {
        let suites = prepared.suites.iter().cloned().map(Suite::list);
        Ok((id.clone(), suites.collect::<Result<Vec<_>, _>>()?))
    });
    each.collect()
}

fn key(work: &Work, prebuilt: &Prebuilt, options: &Options) -> Key {
    let prepared = prebuilt.exercises.get(&work.exercise);
    let schedules = options.schedules_of(&work.submission).map_or("all".into(), |n| n.to_string());
    Key {
        submission: work.submission.name.clone(),
        exercise: work.exercise.clone(),
        content: work.hash(),
        recipe: prepared.map(|p| format!("{} {schedules}", p.recipe)).unwrap_or_default(),
    }
}

/// What stood between every subject and the machine.
fn weakest(graded: &[Graded]) -> Isolation {
    let levels = graded.iter().flat_map(|g| &g.judgements).map(|j| j.explored.isolation);
    let both = |a: Isolation, b: Isolation| Isolation {
        namespaces: a.namespaces && b.namespaces,
        seccomp: a.seccomp && b.seccomp,
        cgroup_pids: a.cgroup_pids && b.cgroup_pids,
        cgroup_memory: a.cgroup_memory && b.cgroup_memory,
        other_user: a.other_user && b.other_user,
    };
    levels.reduce(both).unwrap_or_default()
}
