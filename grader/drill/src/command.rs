//! The words of the command line: `reveal` for readers, `drill` for what runs a drill alone: this
//! program itself, `forklings explore` and `forklings course check`.

use crate::comparison::compare;
use crate::terminal::Style;
use crate::{Drill, Drills, Outcome, sentence, trial};
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

/// Runs of a drill that are compared with a prediction.
const RUNS: u32 = 200;
/// Bytes of a prediction that are read: nobody has to wait for the end of an endless one.
const LONGEST: u64 = 64 * 1024;
/// Exit status: there is no drill of this number.
pub const NO_SUCH_DRILL: u8 = 2;

impl Drills {
    /// Does what the words of a command line ask for, if they are about drills:
    ///
    /// - `reveal` lists the drills;
    /// - `reveal N` shows a drill, reads a prediction, runs the drill and compares;
    /// - `drill N` runs a drill, and nothing else;
    /// - `drill N possible`, `never` or `source` prints what the table says; outputs as
    ///   [`Outcome::read_all`] reads them.
    ///
    /// Whatever was foretold, the status is 0; 2 for a number that there is not, 1 when a system
    /// call failed.
    #[must_use]
    pub fn answer(&self, words: &[&str]) -> Option<ExitCode> {
        let (verb, rest) = words.split_first()?;
        if !["reveal", "drill"].contains(verb) {
            return None;
        }
        let done = match (*verb, rest) {
            ("reveal", []) => print(&sentence::list(self, &Style::of_stdout())),
            (_, [number, rest @ ..]) => match (self.numbered(number), *verb, rest) {
                (Some((number, drill)), "reveal", []) => self.reveal(number, drill),
                (Some((_, drill)), "drill", []) => (drill.program.main)(),
                (Some((_, drill)), "drill", ["possible"]) => print(&between(drill.possible)),
                (Some((_, drill)), "drill", ["never"]) => {
                    let never: Vec<&str> = drill.never.iter().map(|(never, _)| *never).collect();
                    print(&between(&never))
                }
                (Some((_, drill)), "drill", ["source"]) => print(drill.program.source),
                _ => return Some(self.misused(number)),
            },
            _ => return Some(self.misused("")),
        };
        match done {
            // Nobody reads on: no reason to complain.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                complain(&format!("error: {error}\n"));
                Some(ExitCode::FAILURE)
            }
            Ok(()) | Err(_) => Some(ExitCode::SUCCESS),
        }
    }

    /// The drill of a number.
    fn numbered(&self, number: &str) -> Option<(usize, &Drill)> {
        let number: usize = number.parse().ok()?;
        Some((number, self.all.get(number.checked_sub(1)?)?))
    }

    fn misused(&self, number: &str) -> ExitCode {
        complain(&sentence::unknown(self, number));
        ExitCode::from(NO_SUCH_DRILL)
    }

    fn reveal(&self, number: usize, drill: &Drill) -> io::Result<()> {
        let style = Style::of_stdout();
        print(&sentence::show(self, number, drill, &style))?;
        if io::stdin().is_terminal() {
            print(&sentence::ask(&style))?;
        }
        let predicted = Outcome::read_all(io::stdin().lock().take(LONGEST))?;
        if io::stdout().is_terminal() {
            print(&sentence::running(RUNS))?;
        }
        let tally = trial::observe(number, RUNS)?;
        let comparison = compare(drill, &predicted, &tally);
        print(&sentence::compared(&comparison, !predicted.is_empty(), tally.runs, &style))?;
        print(&sentence::explain(self.exercise, number, drill, &style))
    }
}

fn between(outputs: &[&str]) -> String {
    outputs.join("\n--\n") + "\n"
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn complain(text: &str) {
    // There is nowhere to say that this failed.
    drop(io::stderr().write_all(text.as_bytes()));
}
