//! The program `forklings`. Here the command line is read, a command is run, and what came of it
//! becomes an exit code (the table is in `forklings_grade::exit_codes`). Each command has a file
//! of its own under `command/`; none of them builds a sentence about a student's program.

mod args;
mod cargo;
mod command;
mod failure;
mod interrupt;
mod markdown;
mod progress;
mod repository;
mod screen;
mod suite;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let screen = screen::Screen::new();
    let code = command::run(args, &screen).unwrap_or_else(|error| failure::tell(&error, &screen));
    ExitCode::from(code)
}
