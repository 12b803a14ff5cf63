//! An exploration: a bar at a terminal; elsewhere a line when something is found for the first time,
//! and one now and then.

use super::bars::{TICK, style};
use crate::screen::Screen;
use forklings_model::Explored;
use indicatif::ProgressBar;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Time between two lines that only say how far it is.
const LINES: Duration = Duration::from_secs(5);

/// Watches an exploration.
pub(crate) trait Schedules {
    /// So much was tried, and this was found by then.
    fn tried(&mut self, explored: &Explored, found: &[String]);
}

/// For an exploration of at most so many schedules. Who asked for `json` gets no lines.
pub(crate) fn schedules(screen: &Screen, budget: u32, json: bool) -> Box<dyn Schedules> {
    if screen.is_lively() {
        let bar = ProgressBar::new(budget.into());
        bar.set_style(style("{spinner} {bar:20} {pos}/{len} {wide_msg}"));
        bar.enable_steady_tick(TICK);
        Box::new(Bar { bar, began: Instant::now() })
    } else if json {
        Box::new(Nothing)
    } else {
        let now = Instant::now();
        Box::new(Lines { budget, began: now, last: now, found: Vec::new() })
    }
}

struct Bar {
    bar: ProgressBar,
    began: Instant,
}

impl Schedules for Bar {
    fn tried(&mut self, explored: &Explored, found: &[String]) {
        self.bar.set_position(explored.schedules.into());
        let mut message =
            format!("{}, {} orders", speed(explored, self.began), explored.distinct_orders);
        if !found.is_empty() {
            message += &format!(", {}", found.join(", "));
        }
        self.bar.set_message(message);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

struct Lines {
    budget: u32,
    began: Instant,
    last: Instant,
    found: Vec<String>,
}

impl Schedules for Lines {
    fn tried(&mut self, explored: &Explored, found: &[String]) {
        let new: Vec<&str> =
            found.iter().filter(|word| !self.found.contains(word)).map(String::as_str).collect();
        let due = self.last.elapsed() > LINES;
        if new.is_empty() && !due {
            return;
        }
        let news = if new.is_empty() { String::new() } else { format!(": {}", new.join(", ")) };
        // Progress that nobody can see is no reason to stop.
        drop(writeln!(
            io::stderr(),
            "[{}/{}] {}, {} orders{news}",
            explored.schedules,
            self.budget,
            speed(explored, self.began),
            explored.distinct_orders
        ));
        self.last = Instant::now();
        self.found = found.to_vec();
    }
}

struct Nothing;

impl Schedules for Nothing {
    fn tried(&mut self, _: &Explored, _: &[String]) {}
}

/// Schedules a second so far.
fn speed(explored: &Explored, began: Instant) -> String {
    let speed = f64::from(explored.schedules) / began.elapsed().as_secs_f64().max(0.001);
    format!("{speed:.0} schedules/s")
}
