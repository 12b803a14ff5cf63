//! Gives the compiler programs that misuse a submission's types. It must refuse each of them, for a
//! reason that belongs to the misuse. Judged by the codes of its errors, never by their words. Other
//! programs use the types rightly, and it must accept them.
//!
//! One program must compile whatever was promised of the types: else nothing follows from what is
//! refused, and the grader says that it failed. A program that is refused for another reason than
//! those that are named has shown nothing either way, and the submission has the benefit of the doubt.
//!
//! All programs are compiled by one shell in one sandbox: to start a sandbox costs as much as to
//! compile one of them.

use crate::child;
use crate::error::GradeError;
use crate::inspection::{Answer, Answered, Answers, Inspection};
use crate::prebuild::Misuse;
use crate::runner::{Ending, Job};
use forklings_model::{Detail, Inspector, Isolation};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Compiles each program; its messages and the compiler's exit status go to files beside the
/// arguments, by the program's name.
const SCRIPT: &str = "rustc=$1; shift; for file; do name=${file##*/}; \
                      \"$rustc\" @arguments \"$file\" 2> \"$name.messages\"; \
                      echo $? > \"$name.status\"; done";
/// Most bytes of messages about one program.
const MESSAGES: u64 = 1 << 20;

/// What the compiler made of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Compiled {
    /// It compiles.
    Yes,
    /// It is refused, and every error has one of these codes. Beside them what the compiler said.
    No(Vec<String>, String),
    /// Nobody can tell.
    Unknown(String),
}

/// Judges the misuses that are `wanted`, by their names as tests.
pub(crate) fn judge(case: &Inspection<'_>, wanted: &[String]) -> Result<Answers, GradeError> {
    let Some(misuses) = &case.prepared.misuses else {
        return Ok(Answers::Given(Vec::new(), Isolation::default()));
    };
    let waste = case.scratch.folder()?;
    let programs: Vec<&Misuse> =
        misuses.programs.iter().filter(|misuse| wanted.contains(&misuse.test)).collect();
    let job = job(case, &misuses.control, &programs, waste.path())?;
    let finished = match case.builder.runner.run(&job, case.cancel) {
        Ok(finished) => finished,
        Err(error) => return Ok(Answers::Failed(format!("the compiler cannot be run: {error}"))),
    };
    if finished.ending == Ending::Cancelled {
        return Ok(Answers::Cancelled);
    }
    let compiled = |file: &Path, codes: &[String]| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let result = |what: &str| waste.path().join(format!("{name}.{what}"));
        let status = fs::read_to_string(result("status")).unwrap_or_default();
        // Where there are none, nothing is concluded.
        let messages = child::head(&result("messages"), MESSAGES).unwrap_or_default();
        compiled(status.trim().parse().ok(), &messages, codes)
    };
    // Nothing is expected of the control, so whatever it is refused for is another reason.
    let control = compiled(&misuses.control, &[]);
    if let (Compiled::Unknown(reason), Ending::Exited(_)) = (&control, finished.ending) {
        let file = misuses.control.display();
        let reason = format!("right uses of the types do not compile: {reason} ({file})");
        return Ok(Answers::Failed(reason));
    }
    let answered = |misuse: &&Misuse| {
        let (codes, answer) = match (&control, compiled(&misuse.file, &misuse.codes)) {
            // The compiler was stopped before it had done the first.
            (Compiled::Unknown(reason), _) => (Vec::new(), Answer::Unknown(reason.clone())),
            (_, Compiled::Unknown(reason)) => (Vec::new(), Answer::Unknown(reason)),
            (_, Compiled::Yes) if misuse.right => (Vec::new(), Answer::Right),
            (_, Compiled::No(codes, said)) if misuse.right => {
                let (reason, program) = (misuse.reason.clone(), misuse.text.clone());
                (codes, Answer::Wrong(Detail::UseRefused { reason, program, said }))
            }
            (_, Compiled::No(codes, _)) => (codes, Answer::Right),
            (_, Compiled::Yes) => {
                let (reason, program) = (misuse.reason.clone(), misuse.text.clone());
                (Vec::new(), Answer::Wrong(Detail::MisuseCompiles { reason, program }))
            }
        };
        Answered { test: misuse.test.clone(), by: Inspector::Compiler(codes), answer }
    };
    Ok(Answers::Given(programs.iter().map(answered).collect(), finished.isolation))
}

/// The shell that compiles the control and then each program, in `waste`.
fn job(
    case: &Inspection<'_>,
    control: &Path,
    programs: &[&Misuse],
    waste: &Path,
) -> Result<Job, GradeError> {
    let Inspection { builder, prepared, library, .. } = case;
    let mut externs = prepared.externs.clone();
    externs.push((case.work.exercise.replace('-', "_"), library.to_path_buf()));
    let mut args = builder.arguments("misuse", &prepared.edition, &externs);
    args.extend(["--emit=metadata", "--error-format=json", "--out-dir=."].map(Into::into));
    // rustc reads them from a file, one a line.
    let file = waste.join("arguments");
    fs::write(&file, args.join("\n")).map_err(GradeError::write(&file))?;

    let files: Vec<&Path> =
        [control].into_iter().chain(programs.iter().map(|misuse| misuse.file.as_path())).collect();
    let words = [SCRIPT.to_owned(), "sh".to_owned(), builder.toolchain.rustc.display().to_string()];
    let words = ["-c".to_owned()].into_iter().chain(words);
    let words = words.chain(files.iter().map(|file| file.display().to_string()));
    let mut job = builder.job("/bin/sh".into(), words.collect(), waste, waste);
    job.read_only.retain(|path| path != waste);
    job.read_only.push(library.parent().unwrap_or(library).to_owned());
    job.read_only.extend(files.iter().map(|file| file.to_path_buf()));
    job.time = job.time.saturating_mul(2);
    Ok(job)
}

/// One of the compiler's messages. Source: the rustc book, "JSON Output", diagnostics.
#[derive(Deserialize)]
struct Message {
    level: String,
    code: Option<Code>,
    message: String,
    #[serde(default)]
    spans: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// What an exit status and the messages mean; no status: the compiler came to no end.
fn compiled(status: Option<i32>, messages: &[u8], expected: &[String]) -> Compiled {
    match status {
        Some(0) => return Compiled::Yes,
        Some(1) => {}
        Some(status) => {
            return Compiled::Unknown(format!("the compiler ended with status {status}"));
        }
        None => return Compiled::Unknown("the compiler came to no end in time".to_owned()),
    }
    let lines = messages.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    let messages = lines.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    let (mut codes, mut said) = (BTreeSet::new(), Vec::new());
    for message in messages.filter(|message| message.level.starts_with("error")) {
        match message.code {
            Some(Code { code }) if expected.contains(&code) => {
                said.push(format!("{code}: {}", message.message));
                codes.insert(code);
            }
            Some(Code { code }) => {
                let what = format!("refused for another reason, {code}: {}", message.message);
                return Compiled::Unknown(what);
            }
            // The last one only counts the others.
            None if message.spans.is_empty() && !codes.is_empty() => {}
            None => {
                return Compiled::Unknown(format!(
                    "refused for another reason: {}",
                    message.message
                ));
            }
        }
    }
    match codes.is_empty() {
        true => Compiled::Unknown("the compiler gave no reason".to_owned()),
        false => Compiled::No(codes.into_iter().collect(), said.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with this level and code, as the compiler writes it.
    fn message(level: &str, code: Option<&str>, spans: usize) -> String {
        let code = code
            .map_or("null".to_owned(), |code| format!(r#"{{"code":"{code}","explanation":null}}"#));
        let spans = vec!["{}"; spans].join(",");
        format!(
            r#"{{"$message_type":"diagnostic","message":"m","code":{code},"level":"{level}","spans":[{spans}],"children":[],"rendered":"r"}}"#
        )
    }

    #[track_caller]
    fn check(status: i32, messages: &[String]) -> Compiled {
        let expected = ["E0277".to_owned(), "E0505".to_owned()];
        compiled(Some(status), messages.join("\n").as_bytes(), &expected)
    }

    fn no(codes: &[&str], said: &str) -> Compiled {
        Compiled::No(codes.iter().map(ToString::to_string).collect(), said.to_owned())
    }

    #[test]
    fn a_program_with_warnings_only_compiles() {
        assert_eq!(check(0, &[message("warning", Some("unused_variables"), 1)]), Compiled::Yes);
        assert_eq!(check(0, &[]), Compiled::Yes);
    }

    #[test]
    fn a_program_is_refused_when_every_error_has_a_code_that_is_named() {
        let end = message("error", None, 0);
        let warning = message("warning", Some("dead_code"), 1);
        let two = [warning, message("error", Some("E0505"), 1), message("error", Some("E0277"), 1)];
        assert_eq!(
            check(1, &[two.as_slice(), &[end]].concat()),
            no(&["E0277", "E0505"], "E0505: m\nE0277: m")
        );
    }

    #[test]
    fn another_error_says_nothing_about_the_misuse() {
        let named = message("error", Some("E0277"), 1);
        for other in [message("error", Some("E0432"), 1), message("error", None, 1)] {
            for both in [[named.clone(), other.clone()], [other.clone(), named.clone()]] {
                assert!(matches!(check(1, &both), Compiled::Unknown(_)));
            }
        }
        assert!(matches!(check(1, &[message("error", None, 0)]), Compiled::Unknown(_)));
        assert!(matches!(check(1, &["no JSON".to_owned()]), Compiled::Unknown(_)));
    }

    #[test]
    fn a_compiler_that_breaks_down_says_nothing() {
        let crash = message("error: internal compiler error", None, 1);
        assert!(matches!(check(101, &[message("error", Some("E0277"), 1)]), Compiled::Unknown(_)));
        assert!(matches!(check(1, &[crash]), Compiled::Unknown(_)));
        assert!(matches!(compiled(None, b"", &[]), Compiled::Unknown(_)));
    }
}
