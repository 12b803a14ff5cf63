//! `forklings grade`: a folder of submissions in, reports out.

use crate::args::EXIT_CODES;
use crate::failure::Failure;
use crate::interrupt;
use crate::progress;
use crate::repository::{self, Repository};
use crate::screen::Screen;
use anyhow::{Result, bail};
use clap::{ValueEnum, value_parser};
use forklings_grade::{GradeError, Options, exit_codes};
use forklings_report::style::Ink;
use forklings_report::terminal;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// The folder of submissions: each a folder, a .zip or a .tar.gz in it
    folder: PathBuf,
    /// Where the reports go, and what is needed to go on after an interruption
    #[arg(long, value_name = "DIR", default_value = "forklings-report")]
    out: PathBuf,
    /// How many submissions are graded at once [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// The reports to write [default: all]
    #[arg(long, value_name = "FORMATS", value_enum, value_delimiter = ',')]
    format: Vec<Format>,
    /// Only this exercise
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Schedules for each scenario [default: 200]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    schedules: Option<u32>,
    /// The class's seed: another one, other inputs in the hidden tests
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// `any` grades also where the machine cannot keep submissions apart from your files
    #[arg(long, value_enum, default_value_t = Isolation::Auto)]
    isolation: Isolation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Isolation {
    /// All that the machine offers; refuses to grade where that is nothing
    Auto,
    /// Whatever the machine offers, and be it nothing
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// index.html, to read
    Html,
    /// report.json, with its schema
    Json,
    /// gradebook.csv
    Csv,
}

impl From<Format> for forklings_grade::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Html => Self::Html,
            Format::Json => Self::Json,
            Format::Csv => Self::Csv,
        }
    }
}

pub(crate) fn run(args: Args, repository: &Repository, screen: &Screen) -> Result<u8> {
    let mut options = Options::new(&repository.root, &args.folder, &args.out);
    if let Some(jobs) = args.jobs {
        options.jobs = usize::try_from(jobs)?;
    }
    options.schedules = args.schedules;
    options.seed = args.seed;
    if let Some(id) = args.only {
        options.only = Some(repository::exercise(&repository.course()?, &id)?.id.clone());
    }
    if !args.format.is_empty() {
        options.formats = args.format.into_iter().map(Into::into).collect();
    }
    options.any_isolation = args.isolation == Isolation::Any;
    let cancel = interrupt::flag()?;
    let mut progress = progress::grading(screen);
    let result = forklings_grade::grade(&options, progress.as_mut(), &cancel);
    drop(progress);
    let interrupted = cancel.load(Ordering::Relaxed);
    if interrupted {
        screen.remark(&format!(
            "stopped by Ctrl-C or SIGTERM; what was graded is kept in {}. The same command goes on from there.",
            args.out.display()
        ));
    }
    let report = match result {
        Err(GradeError::Interrupted) => return Ok(exit_codes::INTERRUPTED),
        result => result?,
    };
    if report.graded.is_empty() && report.refused.is_empty() {
        let id = options.only.as_deref().unwrap_or("an exercise");
        bail!(Failure::BadInput(format!("no submission holds `{id}`")));
    }
    let mut out = terminal::summary(&report, &screen.style);
    out += &format!("\nreport: {}\n", screen.style.paint(Ink::Accent, &place(&options)));
    screen.print(&out)?;
    Ok(if interrupted { exit_codes::INTERRUPTED } else { exit_codes::OK })
}

/// What to look at first.
fn place(options: &Options) -> String {
    let folder = options.out.canonicalize().unwrap_or_else(|_| options.out.clone());
    let page = options.formats.contains(&forklings_grade::Format::Html);
    if page { folder.join("index.html") } else { folder }.display().to_string()
}
