//! The program around an exercise's `models.rs`: tries one model with loom. It is linked with a
//! submission, so nothing of it can be believed but what the submission cannot know: a word that the
//! grader gives on standard input, and that is read before any of the submission's functions is
//! called. Every line of the record on standard output begins with it.
//!
//! Without an argument it lists the models.

mod models;

use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::process::ExitCode;
use std::sync::Once;

/// Most preemptions in an order that is tried. Source: Musuvathi and Qadeer, "Iterative Context
/// Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007: few are enough for most.
const PREEMPTIONS: usize = 3;
/// Where loom says that an order is longer than it follows: a limit of its own, not a mistake.
const TOO_LONG: (&str, &str) = ("rt/path.rs", "Model exceeded maximum number of branches");

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        models::MODELS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    };
    let Some((_, model)) = models::MODELS.iter().find(|(other, _)| *other == name) else {
        return ExitCode::FAILURE;
    };
    let mut word = String::new();
    if io::stdin().read_line(&mut word).is_err() {
        return ExitCode::FAILURE;
    }
    let record = Record(word.trim().to_owned());
    let copy = record.clone();
    panic::set_hook(Box::new(move |info| copy.panicked(info)));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(*model);
    record.write("holds", "");
    ExitCode::SUCCESS
}

/// The record of this run, by the word that its lines begin with.
#[derive(Clone)]
struct Record(String);

impl Record {
    /// A line for what there is to say, and one for each line of `text`.
    fn write(&self, what: &str, text: &str) {
        let Self(word) = self;
        let mut lines = format!("\n{word} {what}\n");
        for line in text.lines().filter(|line| !line.is_empty()) {
            lines += &format!("{word} | {line}\n");
        }
        let mut out = io::stdout().lock();
        let _: io::Result<()> = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    }

    /// The first panic is the one that tells; others may follow from it.
    fn panicked(&self, info: &PanicHookInfo<'_>) {
        static FIRST: Once = Once::new();
        FIRST.call_once(|| {
            let payload = info.payload();
            let text = payload.downcast_ref::<&str>().copied();
            let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let message = message.unwrap_or_default();
            let file = info.location().map_or("", |location| location.file());
            let too_long = file.ends_with(TOO_LONG.0) && message.starts_with(TOO_LONG.1);
            self.write(if too_long { "too long" } else { "fails" }, message);
        });
    }
}
