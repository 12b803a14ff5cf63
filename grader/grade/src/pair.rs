//! Grades one exercise of one submission: build, run the suites, inspect, score. Temporary folders live as
//! long as the call; a subject that failed is kept, because its replay needs it.

use crate::build::{Builder, Built};
use crate::error::GradeError;
use crate::inspection::{self, Inspection, Kind};
use crate::options::Options;
use crate::prebuild::Prepared;
use crate::progress::Step;
use crate::schedules;
use crate::score::{self, Results, Score};
use crate::scratch::Scratch;
use crate::suite::{Bench, Found, Suite};
use crate::take_in::Work;
use forklings_model::{Course, Exercise, Graded, Judgement, Verdict};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Where the subjects of failures are kept, in the output folder.
const SUBJECTS: &str = "subjects";

/// What came of a pair.
pub(crate) enum Outcome {
    Graded(Box<Graded>),
    Cancelled,
}

/// What was built of a submission.
struct Subject<'a> {
    /// The program.
    program: &'a Path,
    /// The library that it is linked with.
    library: &'a Path,
    /// What it is judged with.
    prepared: &'a Prepared,
}

/// Everything that all pairs share.
pub(crate) struct Grader<'a> {
    pub(crate) course: &'a Course,
    pub(crate) options: &'a Options,
    pub(crate) builder: Builder<'a>,
    pub(crate) scratch: &'a Scratch,
    /// Suites by exercise, public before hidden.
    pub(crate) suites: &'a BTreeMap<String, Vec<Suite>>,
}

impl Grader<'_> {
    /// Grades a pair.
    pub(crate) fn grade(
        &self,
        work: &Work,
        cancel: &AtomicBool,
        step: &dyn Fn(Step),
    ) -> Result<Outcome, GradeError> {
        let exercise = self.exercise(work)?;
        let home = Home::new(&self.options.out, work)?;
        let waste = self.scratch.folder()?;
        step(Step::Building);
        match self.builder.build(work, exercise, &home.path, waste.path(), cancel)? {
            Built::Cancelled => Ok(Outcome::Cancelled),
            Built::Unknown(reason) => self.failed(work, reason),
            Built::Failed(diagnostics) => {
                let score = score::without_tests(exercise, Verdict::BuildFailed);
                let mut graded = graded(work, score, Vec::new());
                graded.diagnostics = Some(diagnostics);
                Ok(Outcome::Graded(Box::new(graded)))
            }
            Built::Program { program, library } => {
                let prepared = &self.builder.prebuilt.exercises[&work.exercise];
                let subject = Subject { program: &program, library: &library, prepared };
                self.test(work, exercise, &subject, home, cancel, step)
            }
        }
    }

    /// The verdict for a pair that the grader could not judge.
    pub(crate) fn failed(&self, work: &Work, reason: String) -> Result<Outcome, GradeError> {
        let mut score = score::without_tests(self.exercise(work)?, Verdict::GraderError);
        score.grader_error = Some(reason);
        Ok(Outcome::Graded(Box::new(graded(work, score, Vec::new()))))
    }

    fn exercise(&self, work: &Work) -> Result<&Exercise, GradeError> {
        self.course.exercise(&work.exercise).ok_or_else(|| GradeError::Prebuild {
            reason: format!("the course has no exercise `{}`", work.exercise),
        })
    }

    fn test(
        &self,
        work: &Work,
        exercise: &Exercise,
        subject: &Subject<'_>,
        home: Home,
        cancel: &AtomicBool,
        step: &dyn Fn(Step),
    ) -> Result<Outcome, GradeError> {
        let Subject { program: subject, library, prepared } = *subject;
        let bytes = fs::read(subject).map_err(GradeError::read(subject))?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        let suites = self.suites.get(&work.exercise).map_or(&[][..], Vec::as_slice);
        let runs = suites.iter().map(|suite| (None, suite.clone()));
        let inspected = inspection::suites(prepared);
        let suites = runs.chain(inspected.into_iter().map(|(kind, suite)| (Some(kind), suite)));
        let task = self.options.only_task.get(&work.submission.name);
        let suites: Vec<(Option<Kind>, Suite)> = suites
            .map(|(kind, suite)| (kind, task.map_or(suite.clone(), |task| suite.of_task(task))))
            .filter(|(_, suite)| !suite.tests.is_empty())
            .collect();
        let of = suites.iter().map(|(_, suite)| suite.tests.len()).sum();
        let (builder, scratch) = (&self.builder, self.scratch);
        let inspection = Inspection { builder, work, prepared, subject, library, scratch, cancel };
        let mut before = 0;
        let mut found: Vec<Found> = Vec::new();
        for (kind, suite) in &suites {
            let begun = |place, name: &str| {
                step(Step::Testing { test: before + place + 1, of, name: name.to_owned() });
            };
            let result = match kind {
                Some(kind) => {
                    begun(0, &suite.tests[0]);
                    let earlier: Vec<_> =
                        found.iter().flat_map(|found| &found.judgements).collect();
                    inspection.run(*kind, suite, &earlier)?
                }
                None => {
                    let waste = self.scratch.folder()?;
                    let bench = Bench {
                        subject,
                        folder: waste.path(),
                        schedules: self.options.schedules_of(&work.submission),
                        seed: self.options.seed,
                        small_runs: self.options.small_runs,
                        patience: self.options.patience,
                        cancel,
                    };
                    suite.run(&bench, begun)?
                }
            };
            if result.cancelled {
                return Ok(Outcome::Cancelled);
            }
            if let Some(reason) = &result.broken {
                let name = suite.program.file_name().unwrap_or_default().to_string_lossy();
                let reason = match kind {
                    Some(_) => reason.clone(),
                    None => format!("the suite {name} {reason}"),
                };
                return self.failed(work, reason);
            }
            if let Some(other) = result.subjects.iter().find(|seen| **seen != hash) {
                let reason = format!("the suite judged another program ({other}, not {hash})");
                return self.failed(work, reason);
            }
            before += suite.tests.len();
            found.push(result);
        }
        let results: Vec<Results<'_>> = suites
            .iter()
            .zip(&found)
            .map(|((_, suite), found)| Results {
                suite,
                judgements: &found.judgements,
                finished: &found.finished,
            })
            .collect();
        let mut judged = exercise.clone();
        if let Some(task) = task {
            judged.tasks.retain(|other| other.id == *task);
        }
        let score = score::score(&judged, &results);
        let mut judgements: Vec<Judgement> =
            found.into_iter().flat_map(|found| found.judgements).collect();
        schedules::collect(&mut judgements, subject, &home.path);
        if score.rule.is_some() {
            home.keep();
        }
        Ok(Outcome::Graded(Box::new(graded(work, score, judgements))))
    }
}

fn graded(work: &Work, score: Score, judgements: Vec<Judgement>) -> Graded {
    Graded {
        submission: work.submission.clone(),
        exercise: work.exercise.clone(),
        verdict: score.verdict,
        rule: score.rule,
        tasks: score.tasks,
        left_out: work.left_out.clone(),
        diagnostics: None,
        judgements,
        unfinished: score.unfinished,
        grader_error: score.grader_error,
    }
}

/// The folder of a subject: sources, program, and the schedules that show its failures. Its path
/// is in the traces, so it is the same in every run. Removed when dropped, unless kept.
struct Home {
    path: PathBuf,
    kept: bool,
}

impl Home {
    fn new(out: &Path, work: &Work) -> Result<Self, GradeError> {
        let path = out.join(SUBJECTS).join(&work.submission.name).join(&work.exercise);
        if path.symlink_metadata().is_ok() {
            fs::remove_dir_all(&path).map_err(GradeError::write(&path))?;
        }
        fs::create_dir_all(&path).map_err(GradeError::write(&path))?;
        Ok(Self { path, kept: false })
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.kept {
            // Should this fail, the next run of the same pair clears it.
            drop(fs::remove_dir_all(&self.path));
            // Empty parents go too; one that still holds something says no.
            for parent in self.path.ancestors().skip(1).take(2) {
                drop(fs::remove_dir(parent));
            }
        }
    }
}
