//! `forklings list`: the course as its manifests say it. What a student has done already is not
//! known here, so nothing is said of it.

use crate::repository::Repository;
use crate::screen::Screen;
use anyhow::Result;
use forklings_grade::exit_codes;
use forklings_model::Course;
use forklings_report::Style;
use forklings_report::style::Ink;

pub(crate) fn run(repository: &Repository, screen: &Screen) -> Result<u8> {
    screen.print(&draw(&repository.course()?, &screen.style))?;
    Ok(exit_codes::OK)
}

fn draw(course: &Course, style: &Style) -> String {
    let mut out = format!("{}\n", style.paint(Ink::Strong, &course.title));
    for part in &course.parts {
        out += &format!("\n{}\n", style.paint(Ink::Strong, &part.title));
        for exercise in &part.exercises {
            let id = style.paint(Ink::Accent, &format!("{:<16}", exercise.id));
            let gap = if style.is_narrow() { "\n  " } else { "  " };
            out += &format!("\n  {id}{gap}{} ({} points)\n", exercise.title, exercise.points());
            for task in &exercise.tasks {
                out += &format!("    {:<20}  {:>3}\n", task.id, task.points);
            }
        }
    }
    out
}
