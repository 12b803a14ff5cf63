//! `forklings` without a command: what to do next, for whoever is here.

use crate::repository::Repository;
use crate::screen::Screen;
use anyhow::Result;
use forklings_grade::exit_codes;
use forklings_report::Style;
use forklings_report::style::Ink;
use textwrap::Options;

pub(crate) fn run(repository: Option<&Repository>, screen: &Screen) -> Result<u8> {
    let course = repository.and_then(|repository| repository.course().ok());
    let first = course.as_ref().and_then(|course| course.exercises().next());
    screen.print(&draw(first.map_or("zombies", |exercise| &exercise.id), &screen.style))?;
    Ok(exit_codes::OK)
}

fn draw(first: &str, style: &Style) -> String {
    let test = format!("cargo test -p {first}");
    let check = format!("forklings check {first}");
    let readme = format!("exercises/{first}/README.md");
    let parts: [(&str, &[(&str, &str)]); 3] = [
        (
            "You want to learn",
            &[
                (&readme, "read what the first exercise asks for"),
                (&test, "see what is missing; write it in src/lib.rs; again"),
                (&check, "all its tests at a glance, the first failure in full"),
                ("forklings hint", "a hint, when you are stuck"),
                ("forklings explain", "what a rule means"),
                ("forklings trace -- ls", "watch the processes of any program"),
            ],
        ),
        (
            "You teach",
            &[
                ("forklings list", "what the course has, with points"),
                ("forklings grade DIR", "grade a folder of submissions"),
                ("forklings course check", "prove that the course itself is sound"),
            ],
        ),
        ("Something does not work", &[("forklings doctor", "what this machine offers and lacks")]),
    ];
    let wrapped = |text: &str, indent: &'static str| {
        let options = Options::new(style.width).initial_indent(indent).subsequent_indent(indent);
        textwrap::fill(text, options)
    };
    let title = wrapped("Forklings: processes, signals and pipes, with proof", "");
    let mut out = format!("{}\n", style.paint(Ink::Strong, &title));
    for (title, lines) in parts {
        out += &format!("\n{}\n", style.paint(Ink::Strong, title));
        for (command, meaning) in lines {
            if style.is_narrow() {
                let meaning = wrapped(meaning, "      ");
                out += &format!("  {}\n{meaning}\n", style.paint(Ink::Accent, command));
            } else {
                let command = style.paint(Ink::Accent, &format!("{command:<36}"));
                out += &format!("  {command}  {meaning}\n");
            }
        }
    }
    let end = "`forklings` stands for `cargo run -q -p forklings --`. More: forklings --help";
    out + &format!("\n{}\n", wrapped(end, ""))
}
