//! `forklings replay --step`: walks through the trace of a saved run. Nothing runs meanwhile: what is
//! shown was recorded, so it is the same however slowly one reads.

use crate::screen::Screen;
use anyhow::Result;
use forklings_model::{SourceLine, Trace};
use forklings_report::terminal;
use std::fs;
use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

/// Lines of code before and after the one that is next.
const AROUND: u32 = 1;

/// Walks until the end of the run, of the input, or until somebody has seen enough. Keys are lines of
/// standard input, so that a pipe can press them too. Sources are looked for here and in `folders`.
pub(super) fn walk(trace: &Trace, folders: &[PathBuf], screen: &Screen) -> Result<()> {
    let asks = io::stdin().is_terminal();
    let mut done = 0;
    let before = trace.before_main.len();
    while is_before_main(trace, done) {
        done += 1;
    }
    if before > 0 {
        screen.print(&(terminal::step_left_out(before, &screen.style) + "\n"))?;
    }
    show(trace, done, folders, screen)?;
    let mut keys = io::stdin().lock().lines();
    while done < trace.events.len() {
        if asks {
            screen.print("\nstep (? for help) > ")?;
        }
        // A line that is no text is no key.
        let Some(line) = keys.next() else { break };
        match key(&line.unwrap_or_else(|_| "?".to_owned())) {
            Key::Forward(events) => {
                done = forward(trace, done, events);
                show(trace, done, folders, screen)?;
            }
            Key::OwnNext => {
                done = own_next(trace, done);
                show(trace, done, folders, screen)?;
            }
            Key::Quit => break,
            Key::Help => screen.print(&terminal::step_keys(&screen.style))?,
        }
    }
    Ok(())
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Forward(usize),
    OwnNext,
    Quit,
    Help,
}

fn key(line: &str) -> Key {
    match line.trim() {
        "" => Key::Forward(1),
        "c" => Key::OwnNext,
        "q" => Key::Quit,
        number => match number.parse() {
            Ok(events) if events > 0 => Key::Forward(events),
            // Whoever types something else wants to know what there is.
            Ok(_) | Err(_) => Key::Help,
        },
    }
}

/// The number of events that have happened so many further; those before main are passed over.
fn forward(trace: &Trace, done: usize, events: usize) -> usize {
    let mut done = done;
    for _ in 0..events {
        if done >= trace.events.len() {
            break;
        }
        done += 1;
        while is_before_main(trace, done) {
            done += 1;
        }
    }
    done
}

/// The number of events that have happened before the next one of whoever does the one after `done`.
fn own_next(trace: &Trace, done: usize) -> usize {
    let Some(now) = trace.events.get(done) else { return done };
    let later = trace.events.iter().enumerate().skip(done + 1);
    let own = later.filter(|(n, event)| event.task == now.task && !is_before_main(trace, *n));
    own.map(|(n, _)| n).next().unwrap_or(trace.events.len())
}

fn is_before_main(trace: &Trace, n: usize) -> bool {
    trace.events.get(n).is_some_and(|event| trace.before_main.binary_search(&event.seq).is_ok())
}

fn show(trace: &Trace, done: usize, folders: &[PathBuf], screen: &Screen) -> Result<()> {
    let text = terminal::step(trace, done, &excerpt(trace, done, folders), &screen.style);
    screen.print(&format!("{text}\n"))?;
    Ok(())
}

/// The lines around the place of the next event, each with its number. Empty where the source cannot
/// be read, or is not what it was when the program was built.
fn excerpt(trace: &Trace, done: usize, folders: &[PathBuf]) -> Vec<(u32, String)> {
    let site = trace.events.get(done).and_then(|event| event.site);
    let Some(place) = site.and_then(|site| trace.line(site)) else { return Vec::new() };
    let here = [PathBuf::new()];
    let mut paths = here.iter().chain(folders).map(|folder| folder.join(&place.file));
    paths.find_map(|path| around(&path, place)).unwrap_or_default()
}

/// The lines around a place in this file; `None` where it is not the file that was compiled.
fn around(path: &Path, place: &SourceLine) -> Option<Vec<(u32, String)>> {
    let source = fs::read_to_string(path).ok()?;
    let range = place.line.saturating_sub(AROUND)..=place.line.saturating_add(AROUND);
    let lines: Vec<(u32, String)> = (1..)
        .zip(source.lines())
        .filter(|(number, _)| range.contains(number))
        .map(|(number, text)| (number, text.to_owned()))
        .collect();
    let (_, line) = lines.iter().find(|(number, _)| *number == place.line)?;
    let same = match &place.text {
        Some(text) => text.trim() == line.trim(),
        // Nothing to compare with: then only the very path that the compiler saw.
        None => place.file.is_absolute(),
    };
    same.then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_key_and_what_is_none_asks_for_help() {
        let all = ["", " ", "12", "c", "q", "?", "0", "-1", "next"].map(key);
        let (one, twelve) = (Key::Forward(1), Key::Forward(12));
        let (own, quit, help) = (Key::OwnNext, Key::Quit, Key::Help);
        assert_eq!(all, [one, one, twelve, own, quit, help, help, help, help]);
    }
}
