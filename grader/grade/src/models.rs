//! Lets the model checker loom try models of threads that use a submission's locks. The submission's
//! unchanged file is compiled with `--cfg loom`, so that what it takes from `sync` are models, and
//! linked with the exercise's models. Each model is a process of its own in the sandbox, since loom
//! ends it at a deadlock.
//!
//! What it accuses of is orderings that are too weak. So a model that fails is tried once more with
//! all orderings as strong as can be: only one that holds then is held against the submission. What
//! fails in both is no matter of orderings, or synchronises in a way that loom does not see, or needs
//! more of `SeqCst` than loom knows; the schedules judge it.
//!
//! Here, and nowhere else, a verdict passes through a process with the submission's code in it. So
//! only its failure is evidence, and its record begins each line with a word that the process has read
//! from a pipe before that code is called. Whoever wants to can find it in the memory; to write right
//! orderings is less work.

use crate::build::hidden_prefix;
use crate::error::GradeError;
use crate::inspection::{Answer, Answered, Answers, Inspection};
use crate::prebuild::Models;
use crate::prebuild::models::MODELLED;
use crate::runner::{Ending, Finished, Job};
use forklings_model::{Detail, Inspector, Isolation};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The configuration in which every ordering is the strongest.
const STRONGEST: &str = "strongest";
/// Most preemptions that are tried; `model_checker.rs` says so to loom.
const PREEMPTIONS: u32 = 3;
/// Time for one model.
const EACH: Duration = Duration::from_secs(20);
/// Time for all models of a submission; those that come later are not judged.
const ALL: Duration = Duration::from_secs(60);
/// Memory of a model, in MiB.
const MEMORY_MIB: u32 = 1024;
/// Output of a model, in KiB.
const OUTPUT_KIB: u32 = 256;
/// Words of a program that orders accesses in ways that the model checker does not see.
const UNSEEN: [&str; 4] = ["fence", "asm!", "std::sync", "core::sync"];

/// What came of compiling the models.
enum Compiled {
    Program(PathBuf),
    /// Refused, for this reason.
    Not(String),
}

/// Why nothing can be judged now, which is not the submission's doing.
enum Stop {
    Cancelled,
    /// The machine failed.
    Failed(String),
    Grade(GradeError),
}

impl From<GradeError> for Stop {
    fn from(error: GradeError) -> Self {
        Self::Grade(error)
    }
}

/// What came of trying a model.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tried {
    /// Every order is right.
    Holds,
    /// One is not: what loom says.
    Fails(String),
    /// Nobody can tell.
    Unknown(String),
    /// It ended by itself before loom had done.
    NoEnd,
}

/// Judges the models that are `wanted`.
pub(crate) fn judge(case: &Inspection<'_>, wanted: &[String]) -> Result<Answers, GradeError> {
    let Some(models) = &case.prepared.models else {
        return Ok(Answers::Given(Vec::new(), Isolation::default()));
    };
    match judge_with(case, models, wanted) {
        Ok(answers) => Ok(answers),
        Err(Stop::Cancelled) => Ok(Answers::Cancelled),
        Err(Stop::Failed(reason)) => Ok(Answers::Failed(reason)),
        Err(Stop::Grade(error)) => Err(error),
    }
}

fn judge_with(case: &Inspection<'_>, models: &Models, wanted: &[String]) -> Result<Answers, Stop> {
    let folders = [case.scratch.folder()?, case.scratch.folder()?];
    let (written, isolation) = compile(case, models, folders[0].path(), &[])?;
    let mut strongest = None;
    let began = Instant::now();
    let mut all = Vec::new();
    for test in wanted {
        let tried = match began.elapsed() > ALL {
            true => Tried::Unknown("the models before it took all the time".to_owned()),
            false => attempt(case, &written, test)?,
        };
        let answer = match tried {
            Tried::Holds => Answer::Right,
            Tried::Unknown(reason) => Answer::Unknown(reason),
            Tried::NoEnd => Answer::Unfinished,
            Tried::Fails(said) => {
                let strongest = match &mut strongest {
                    Some(compiled) => compiled,
                    none => none.insert(compile(case, models, folders[1].path(), &[STRONGEST])?.0),
                };
                accuse(test, said, &attempt(case, strongest, test)?, unseen(case))
            }
        };
        all.push(Answered { test: test.clone(), by: Inspector::ModelChecker(PREEMPTIONS), answer });
    }
    Ok(Answers::Given(all, isolation))
}

/// What follows when a model fails as it is written, and `held` is what came of the strongest
/// orderings.
fn accuse(test: &str, said: String, held: &Tried, unseen: Option<&str>) -> Answer {
    match (held, unseen) {
        (Tried::Holds, None) => {
            let model = test.split("::").nth(1).unwrap_or(test).replace('_', " ");
            Answer::Wrong(Detail::DataRaceInModel { model, said })
        }
        (Tried::Holds, Some(word)) => Answer::Unknown(format!(
            "the model fails, but the file uses `{word}`, which orders accesses in a way that the \
             model checker does not see"
        )),
        (Tried::Unknown(reason), _) => Answer::Unknown(format!(
            "the model fails; whether because of its orderings is not known: {reason}"
        )),
        (Tried::Fails(_) | Tried::NoEnd, _) => Answer::Unknown(
            "the model fails with the strongest orderings, too, so the orderings are not the reason"
                .to_owned(),
        ),
    }
}

/// Compiles the submission and the models under `--cfg loom` and the other configurations.
fn compile(
    case: &Inspection<'_>,
    models: &Models,
    folder: &Path,
    configurations: &[&str],
) -> Result<(Compiled, Isolation), Stop> {
    let (sources, waste) = (folder.join("models"), folder.join("waste"));
    for place in [&sources, &waste] {
        fs::create_dir(place).map_err(GradeError::write(place))?;
    }
    for (from, name) in [(&models.checker, "main.rs"), (&models.file, "models.rs")] {
        let to = sources.join(name);
        fs::copy(from, &to).map_err(GradeError::write(&to))?;
    }
    let krate = case.work.exercise.replace('-', "_");
    let made = |name: &str| waste.join(name).display().to_string();
    let (library, program) = (made(&format!("lib{krate}.rlib")), made("models"));
    let uses = format!("{krate}={library}");
    let home = case.subject.parent().unwrap_or(case.subject);
    let steps = [
        (krate.as_str(), home, vec!["--crate-type=rlib", "src/lib.rs", "-o", &library]),
        ("models", sources.as_path(), vec!["main.rs", "-o", &program, "--extern", &uses]),
    ];
    let mut isolation = Isolation::default();
    for (name, place, step) in steps {
        let mut args = case.builder.arguments(name, &case.prepared.edition, &models.externs);
        for configuration in [MODELLED].iter().chain(configurations) {
            args.push(format!("--cfg={configuration}"));
        }
        args.push(hidden_prefix(home));
        args.extend(step.into_iter().map(Into::into));
        let job = case.builder.job(case.builder.toolchain.rustc.clone(), args, place, &waste);
        let finished = match case.builder.runner.run(&job, case.cancel) {
            Ok(finished) => finished,
            Err(error) => return Err(Stop::Failed(format!("the compiler cannot be run: {error}"))),
        };
        isolation = finished.isolation;
        match finished.ending {
            Ending::Exited(0) => {}
            Ending::Cancelled => return Err(Stop::Cancelled),
            Ending::Exited(_)
            | Ending::Killed(_)
            | Ending::TimedOut
            | Ending::TooMuchOutput
            | Ending::OutOfMemory => {
                let said = String::from_utf8_lossy(&finished.stderr).into_owned();
                let first = said.lines().find(|line| line.starts_with("error")).unwrap_or_default();
                let reason = format!("it does not compile as a model: {first}");
                return Ok((Compiled::Not(reason), isolation));
            }
        }
    }
    let place = folder.join("program");
    let is_file = Path::new(&program).symlink_metadata().is_ok_and(|meta| meta.is_file());
    if !is_file {
        return Ok((Compiled::Not("the linker left no model".to_owned()), isolation));
    }
    fs::rename(&program, &place).map_err(GradeError::write(&place))?;
    Ok((Compiled::Program(place), isolation))
}

/// Tries one model.
fn attempt(case: &Inspection<'_>, compiled: &Compiled, test: &str) -> Result<Tried, Stop> {
    let program = match compiled {
        Compiled::Program(program) => program,
        Compiled::Not(reason) => return Ok(Tried::Unknown(reason.clone())),
    };
    let word = word()?;
    let job = Job {
        program: program.to_owned(),
        args: vec![test.to_owned()],
        // loom names the lines.
        env: vec![("LOOM_LOCATION".to_owned(), "1".to_owned())],
        cwd: "/".into(),
        input: format!("{word}\n").into_bytes(),
        read_only: Vec::new(),
        writable: Vec::new(),
        time: EACH,
        memory_mib: MEMORY_MIB,
        output_kib: OUTPUT_KIB,
    };
    match case.builder.runner.run(&job, case.cancel) {
        Ok(finished) if finished.ending == Ending::Cancelled => Err(Stop::Cancelled),
        Ok(finished) => Ok(tried(&finished, &word)),
        Err(error) => Err(Stop::Failed(format!("a model cannot be run: {error}"))),
    }
}

/// A word that nobody can guess.
fn word() -> Result<String, GradeError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 32];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(GradeError::read(path))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

/// What a process's end and its record mean. Of the record only the lines count that begin with the
/// `word`. A failure counts however the process went on.
fn tried(finished: &Finished, word: &str) -> Tried {
    let text = String::from_utf8_lossy(&finished.stdout);
    let lines: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' ')).collect();
    let said = |what: &str| lines.contains(&what);
    if said("too long") {
        let reason = "an order has more steps than the model checker follows, as a loop has that \
                      asks again and again";
        return Tried::Unknown(reason.to_owned());
    }
    if said("fails") {
        let quoted = lines.iter().filter_map(|line| line.strip_prefix("| "));
        return Tried::Fails(quoted.collect::<Vec<_>>().join("\n"));
    }
    match finished.ending {
        Ending::Exited(0) if said("holds") => Tried::Holds,
        Ending::Exited(_) | Ending::TooMuchOutput => Tried::NoEnd,
        Ending::Killed(signal) => {
            Tried::Unknown(format!("the model was killed by signal {signal}"))
        }
        Ending::TimedOut => {
            Tried::Unknown(format!("the model checker came to no end in {} s", EACH.as_secs()))
        }
        Ending::OutOfMemory => Tried::Unknown(format!("the model took more than {MEMORY_MIB} MiB")),
        Ending::Cancelled => Tried::Unknown("the run was stopped".to_owned()),
    }
}

/// What the submission uses, outside of its comments, that the model checker does not see.
fn unseen(case: &Inspection<'_>) -> Option<&'static str> {
    case.work.files.values().find_map(|bytes| unseen_in(&String::from_utf8_lossy(bytes)))
}

fn unseen_in(text: &str) -> Option<&'static str> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code: String = code.flat_map(|line| [line, "\n"]).collect();
    // The names of the orderings are the same ones everywhere.
    let code = code.replace("std::sync::atomic::Ordering", "");
    UNSEEN.into_iter().find(|word| code.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ending: Ending, stdout: &str) -> Tried {
        let stdout = stdout.as_bytes().to_vec();
        let (stderr, isolation) = (Vec::new(), Isolation::default());
        tried(&Finished { ending, stdout, stderr, cut: false, isolation }, "word")
    }

    #[test]
    fn a_model_holds_when_its_record_says_so_with_the_word() {
        assert_eq!(check(Ending::Exited(0), "\nword holds\n"), Tried::Holds);
        assert_eq!(check(Ending::Exited(0), "\nholds\nother holds\nwordholds\n"), Tried::NoEnd);
    }

    #[test]
    fn to_exit_without_a_record_is_no_pass() {
        for ending in [Ending::Exited(0), Ending::Exited(1), Ending::TooMuchOutput] {
            assert_eq!(check(ending, "word hold"), Tried::NoEnd);
        }
        assert_eq!(check(Ending::Exited(1), "word holds"), Tried::NoEnd);
    }

    #[test]
    fn a_failure_counts_whatever_comes_after_it() {
        let record = "\nword fails\nword | a race\nnoise\nword | at src/lib.rs:3\n\nword holds\n";
        for ending in [Ending::Exited(0), Ending::Exited(101), Ending::Killed(6)] {
            assert_eq!(check(ending, record), Tried::Fails("a race\nat src/lib.rs:3".to_owned()));
        }
    }

    #[test]
    fn a_bound_is_no_failure() {
        let record = "\nword too long\nword | Model exceeded\n";
        assert!(matches!(check(Ending::Exited(101), record), Tried::Unknown(_)));
        for ending in [Ending::TimedOut, Ending::OutOfMemory, Ending::Killed(11)] {
            assert!(matches!(check(ending, ""), Tried::Unknown(_)));
        }
    }

    #[test]
    fn only_what_the_strongest_orderings_mend_is_held_against_a_lock() {
        let accuse =
            |held: &Tried, unseen| accuse("lock::two_take_turns", "a race".into(), held, unseen);
        let detail =
            Detail::DataRaceInModel { model: "two take turns".into(), said: "a race".into() };
        assert_eq!(accuse(&Tried::Holds, None), Answer::Wrong(detail));
        assert!(matches!(accuse(&Tried::Holds, Some("fence")), Answer::Unknown(_)));
        for held in [Tried::Fails("a race".into()), Tried::NoEnd, Tried::Unknown("time".into())] {
            assert!(matches!(accuse(&held, None), Answer::Unknown(_)));
        }
    }

    #[test]
    fn comments_order_nothing() {
        assert_eq!(unseen_in("// not a std::sync::Mutex\nfn f() {} // fence"), None);
        assert_eq!(unseen_in("use std::sync::atomic::fence;"), Some("fence"));
        assert_eq!(unseen_in("use std::sync::atomic::Ordering;"), None);
        assert_eq!(unseen_in("use sync::{AtomicU32, Ordering};"), None);
    }
}
