//! Runs the shell transcripts of a page. A block marked `console` holds commands after `$ `, each with
//! what it prints; `> ` goes on with a command, and `? N` after it says that it exits with N. `[..]`
//! stands for anything within a line, and a line `...` for any lines.
//!
//! All blocks of a page are one session of one shell, in a folder of their own that holds the files of
//! `docs/programs`. The environment is the same everywhere; standard error is part of what is printed.

use crate::fault::{Fault, Kind};
use anyhow::{Context, Result};
use snapbox::Data;
use snapbox::filter::NormalizeToExpected;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

/// The kind of a block that is run.
const KIND: &str = "console";
/// Seconds for the session of one page.
const SECONDS: &str = "120";
/// What stands between the outputs of two commands, before the exit status: a record separator.
const MARK: char = '\u{1e}';

/// Runs the transcripts of one page. `programs` are the files that they find in their folder, `path`
/// is where a shell looks for programs.
pub(crate) fn check(page: &Path, text: &str, programs: &Path, path: &str) -> Result<Vec<Fault>> {
    let steps = read(text);
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let printed = run(&steps, programs, path)?;
    let mut results = printed.split(MARK);
    let mut faults = Vec::new();
    // The first piece is what the first command prints; each later one begins with a status.
    let mut output = results.next().unwrap_or_default();
    for step in &steps {
        let fault = |came| Fault {
            page: page.to_owned(),
            kind: Kind::OtherOutput { line: step.line, command: step.command.clone(), came },
        };
        let Some((status, next)) = results.next().and_then(|rest| rest.split_once('\n')) else {
            faults.push(fault(format!("{output}(the session ended here)\n")));
            break;
        };
        if status != step.status {
            faults.push(fault(format!("{output}? {status}\n")));
        } else if let Some(came) = differs(output, &step.output) {
            faults.push(fault(came));
        }
        output = next;
    }
    Ok(faults)
}

/// A command of a transcript.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    /// Its line in the page, from 1.
    line: usize,
    command: String,
    /// What it prints, with placeholders.
    output: String,
    status: String,
}

/// The commands of all transcripts in a page.
fn read(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (n, line) in text.lines().enumerate() {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            inside = !inside && kind == KIND;
        } else if !inside {
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                line: n + 1,
                command: command.to_owned(),
                output: String::new(),
                status: "0".to_owned(),
            });
        } else if let Some(step) = steps.last_mut() {
            if let (Some(more), "") = (line.strip_prefix("> "), step.output.as_str()) {
                step.command = format!("{}\n{more}", step.command);
            } else if let (Some(status), "") = (line.strip_prefix("? "), step.output.as_str()) {
                step.status = status.to_owned();
            } else {
                step.output += &format!("{line}\n");
            }
        }
    }
    steps
}

/// Runs a session; gives what it printed.
fn run(steps: &[Step], programs: &Path, path: &str) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (home, beside) = (folder.path().join("home"), folder.path().join("beside"));
    fs::create_dir(&home).and_then(|()| fs::create_dir(&beside)).context("cannot make a folder")?;
    if programs.is_dir() {
        for entry in fs::read_dir(programs).context("cannot list the programs")? {
            let entry = entry?;
            fs::copy(entry.path(), home.join(entry.file_name()))
                .context("cannot copy a program")?;
        }
    }
    let script: String =
        steps.iter().map(|step| format!("{}\nprintf '{MARK}%s\\n' $?\n", step.command)).collect();
    fs::write(beside.join("script"), script).context("cannot write the session")?;
    // A file and not a pipe: what a session leaves running does not keep us waiting.
    let printed = File::create(beside.join("printed")).context("cannot write the session")?;
    Command::new("timeout")
        .args(["--kill-after=1", SECONDS, "sh"])
        .arg(beside.join("script"))
        .env_clear()
        .envs([("PATH", path), ("LANG", "C.UTF-8"), ("TERM", "dumb"), ("COLUMNS", "100")])
        .env("HOME", &home)
        .current_dir(&home)
        .stdin(Stdio::null())
        .stdout(printed.try_clone().context("cannot write the session")?)
        .stderr(printed)
        .status()
        .context("cannot start a shell")?;
    let printed = fs::read(beside.join("printed")).context("cannot read the session")?;
    let home = home.display().to_string();
    Ok(String::from_utf8_lossy(&printed).replace(&home, "~"))
}

/// What came, if it is not what the page says.
fn differs(came: &str, expected: &str) -> Option<String> {
    let expected = Data::text(expected);
    let came = NormalizeToExpected::new().redact().normalize(Data::text(came), &expected);
    (came != expected).then(|| came.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The faults of a page, as they are shown.
    fn faults(text: &str) -> Vec<String> {
        let path = "/usr/bin:/bin";
        let faults = check(Path::new("a.md"), text, Path::new("/none"), path).expect("a shell");
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_session_that_goes_as_the_page_says_has_no_faults() {
        let text = "```console\n$ x=1; echo a b\na [..]\n$ false\n? 1\n```\n\n\
                    ```console\n$ echo $x\n1\n$ for i in 1 2 3\n> do echo $i\n> done\n...\n3\n```\n\n\
                    ```text\n$ echo never\n```\n";
        assert_eq!(faults(text), [""; 0]);
    }

    #[test]
    fn another_output_or_status_is_named_with_its_line() {
        let text = "# A\n\n```console\n$ echo b\na\n$ false\n$ pwd\n~\n$ exit 3\n```\n";
        let expected = [
            "a.md:4: `echo b` prints\nb\n",
            "a.md:6: `false` prints\n? 1\n",
            "a.md:9: `exit 3` prints\n(the session ended here)\n",
        ];
        assert_eq!(faults(text), expected);
    }
}
