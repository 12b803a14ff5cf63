//! Pictures of real runs. Alone on its line, `{{#timeline ID/PROGRAM SCENARIO ARGS…}}` becomes the
//! timeline of a run: of the exercise's solution, or of the run by which the tests catch a mutant.
//! `{{#timelines ID/MUTANT SCENARIO ARGS…}}` becomes two, side by side: the solution's run of that
//! scenario, drawn as far as it matters for the mistake, and the mutant's. `--strategy NAME` and
//! `--seed N` choose the solution's schedule. A block of the kind
//! `failure ID/MUTANT SCENARIO ARGS…` holds what a student is told of a mistake; it stands there for who
//! reads the page unbuilt, and must be what is said today.
//!
//! The runs are made by `forklings course trace`; what to draw of them is `report`'s.

use crate::runs::{Run, Runs};
use anyhow::{Context, Result, ensure};
use forklings_model::{Finding, Outcome, Trace};
use forklings_report::place::place;
use forklings_report::sentence::{self, name::list};
use forklings_report::timeline::{Room, Row, Timeline, of_finding, of_trace};
use forklings_report::{Style, svg, terminal};
use mdbook_driver::book;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::mem::discriminant;
use std::path::Path;

/// The program that is right.
const SOLUTION: &str = "solution";
/// What directives begin and end with.
const ONE: &str = "{{#timeline ";
const TWO: &str = "{{#timelines ";
const CLOSE: &str = "}}";
/// What a block with a message begins with.
const MESSAGE: &str = "```failure ";

/// How much of a run that breaks a rule is shown, so that it fits beside another one.
const ROOM: Room = Room { columns: 5, rows: 18 };
/// How much of the right run beside it, which mostly does more, and is shorter than that.
const MORE: Room = Room { columns: 5, rows: 60 };

/// Replaces every directive in the book.
///
/// # Errors
/// Names the page and the line of the first directive for which there is no picture.
pub(crate) fn draw(book: &mut book::Book, root: &Path) -> Result<()> {
    let runs = Runs::new(root);
    let mut result = Ok(());
    book.for_each_chapter_mut(|chapter| {
        if result.is_err() {
            return;
        }
        let page = chapter.source_path.as_deref().unwrap_or(Path::new(&chapter.name));
        // The way from the page to the book's root.
        let up = "../".repeat(page.components().count() - 1);
        let name = page.with_extension("").display().to_string().replace('/', "-");
        match draw_page(&chapter.content, &Around { runs: &runs, up, name }) {
            Ok(content) => chapter.content = content,
            Err((line, error)) => {
                result =
                    Err(error.context(format!("{}:{line}: no picture of the run", page.display())));
            }
        }
    });
    result
}

/// What is around a page.
struct Around<'a> {
    runs: &'a Runs,
    up: String,
    /// Its path as a word: all pages stand in one when the book is printed.
    name: String,
}

/// The page with its pictures, or the line (from 1) of what failed and why.
fn draw_page(text: &str, around: &Around<'_>) -> Result<String, (usize, anyhow::Error)> {
    let mut page = String::new();
    let mut lines = text.lines().enumerate();
    while let Some((n, line)) = lines.next() {
        let drawn = if let Some(rest) = line.strip_prefix(ONE) {
            Wanted::directive(rest).and_then(|wanted| one(&wanted, around, n))
        } else if let Some(rest) = line.strip_prefix(TWO) {
            Wanted::directive(rest).and_then(|wanted| two(&wanted, around, n))
        } else if let Some(words) = line.strip_prefix(MESSAGE) {
            let block = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            let block: String = block.map(|line| format!("{line}\n")).collect();
            Wanted::read(words).and_then(|wanted| message(&wanted, &block, around.runs))
        } else {
            Ok(line.to_owned())
        };
        page.push_str(&drawn.map_err(|error| (n + 1, error))?);
        page.push('\n');
    }
    Ok(page)
}

/// What a directive asks for.
struct Wanted {
    id: String,
    program: String,
    /// The scenario and its arguments.
    scenario: Vec<String>,
    /// Options for the solution's schedule.
    schedule: Vec<String>,
}

impl Wanted {
    /// Reads what stands between the name of a directive and the end of its line.
    fn directive(rest: &str) -> Result<Self> {
        Self::read(rest.trim_end().strip_suffix(CLOSE).context("the line must end with `}}`")?)
    }

    fn read(words: &str) -> Result<Self> {
        let words = shlex::split(words).context("a quotation has no end")?;
        let mut words = words.into_iter();
        let program = words.next().unwrap_or_default();
        let (id, program) = program.split_once('/').context("it begins with ID/PROGRAM")?;
        let mut wanted = Self {
            id: id.to_owned(),
            program: program.to_owned(),
            scenario: Vec::new(),
            schedule: Vec::new(),
        };
        while let Some(word) = words.next() {
            if matches!(word.as_str(), "--strategy" | "--seed") {
                wanted.schedule.extend([word, words.next().unwrap_or_default()]);
            } else {
                wanted.scenario.push(word);
            }
        }
        ensure!(!wanted.scenario.is_empty(), "it names no scenario");
        Ok(wanted)
    }

    /// The run that one program of the exercise makes of it.
    fn run(&self, program: &str, runs: &Runs) -> Result<Run> {
        let mut words = self.schedule.clone();
        words.extend(["--".to_owned(), format!("{}/{program}", self.id)]);
        words.extend(self.scenario.iter().cloned());
        runs.get(&words)
    }

    /// The scenario as a person types it.
    fn command(&self) -> Result<String> {
        let words = std::iter::once(&self.id).chain(&self.scenario).map(String::as_str);
        Ok(shlex::try_join(words)?)
    }
}

/// One picture.
fn one(wanted: &Wanted, around: &Around<'_>, place: usize) -> Result<String> {
    let Run { trace, finding, .. } = wanted.run(&wanted.program, around.runs)?;
    match finding {
        Some(finding) => mistake(wanted, &trace, &finding, around, place),
        None => solution(wanted, &whole(&trace), around, place),
    }
}

/// The solution's picture and a mutant's.
fn two(wanted: &Wanted, around: &Around<'_>, place: usize) -> Result<String> {
    let Run { trace, finding, .. } = wanted.run(&wanted.program, around.runs)?;
    let finding = finding.context("beside a solution stands a mutant")?;
    let right = wanted.run(SOLUTION, around.runs)?.trace;
    let first = solution(wanted, &alike(&right, &trace, &finding), around, place)?;
    let second = mistake(wanted, &trace, &finding, around, place)?;
    Ok(format!("<div class=\"runs\">\n\n{first}\n\n{second}\n\n</div>"))
}

/// The block of a message, if it is what a student reads in the terminal today.
fn message(wanted: &Wanted, block: &str, runs: &Runs) -> Result<String> {
    let judgement = wanted.run(&wanted.program, runs)?.judgement;
    let mut judgement = judgement.context("only of a mutant there is something to say")?;
    if let Outcome::Failed { failures } = &mut judgement.outcome {
        for failure in failures {
            // A student's file is called the same and lies nearer.
            let name = failure.replay.as_ref().and_then(|path| path.file_name());
            failure.replay = name.map(|name| Path::new("target/forklings").join(name));
        }
    }
    let said = terminal::judgement(&judgement, &Style::default());
    ensure!(said == block, "the message is this today:\n{said}");
    Ok(format!("```text\n{said}```"))
}

fn solution(
    wanted: &Wanted,
    timeline: &Timeline,
    around: &Around<'_>,
    place: usize,
) -> Result<String> {
    let command = wanted.command()?;
    let title = format!("A run of {command}: what the processes of the solution do");
    let caption = format!("**The solution**: `{command}`");
    figure(timeline, &title, &caption, &format!("{}-solution-{place}", around.name))
}

fn mistake(
    wanted: &Wanted,
    trace: &Trace,
    finding: &Finding,
    around: &Around<'_>,
    place: usize,
) -> Result<String> {
    let command = wanted.command()?;
    let rule = finding.rule();
    let happened = sentence::explain(finding, trace).happened;
    let happened = happened.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = format!("A run of {command} with a mistake, {rule}: {happened}");
    let said = around.runs.mistake(&wanted.id, &wanted.program)?;
    let timeline = without_prelude(of_finding(trace, finding, ROOM), trace);
    let mut caption = format!("**A mistake**, [{rule}]({}rules/{rule}.md): {said}", around.up);
    if !timeline.left_out.is_empty() {
        write!(caption, " (Not shown: {}.)", list(&timeline.left_out, ROOM.columns))?;
    }
    figure(&timeline, &title, &caption, &format!("{}-mistake-{place}", around.name))
}

/// A whole run, without what the language's runtime did before the program's own code began.
fn whole(trace: &Trace) -> Timeline {
    without_prelude(of_trace(trace, false), trace)
}

fn without_prelude(mut timeline: Timeline, trace: &Trace) -> Timeline {
    let own = trace.events.iter().find(|event| place(trace, event.site).is_some());
    let first = own.map_or(0, |event| event.seq);
    timeline.rows.retain(|row| match row {
        Row::Gap => true,
        Row::Step { seq, .. } => *seq >= first,
    });
    timeline
}

/// Of a right run what matters for the mistake of another one: what would be shown of it for that
/// mistake, and events of the kinds that prove it there.
fn alike(right: &Trace, wrong: &Trace, finding: &Finding) -> Timeline {
    let proof = wrong.events.iter().filter(|event| finding.evidence.contains(&event.seq));
    let kinds: Vec<_> = proof.map(|event| discriminant(&event.kind)).collect();
    let unproved = Finding { evidence: Vec::new(), ..finding.clone() };
    let matters = of_finding(right, &unproved, MORE).rows.into_iter().filter_map(|row| match row {
        Row::Gap => None,
        Row::Step { seq, .. } => Some(seq),
    });
    let matters: BTreeSet<u32> =
        matters
            .chain(right.events.iter().filter_map(|event| {
                kinds.contains(&discriminant(&event.kind)).then_some(event.seq)
            }))
            .collect();
    let mut timeline = whole(right);
    timeline.rows.retain(|row| match row {
        Row::Gap => false,
        Row::Step { seq, .. } => matters.contains(seq),
    });
    timeline
}

/// A picture in a box that can be scrolled, with its caption. `title` says what it shows to who
/// cannot see it; `name` is unique on the page.
fn figure(timeline: &Timeline, title: &str, caption: &str, name: &str) -> Result<String> {
    let picture = svg::timeline(timeline, title, name)?;
    let mut figure =
        String::from("<figure class=\"run\">\n<div class=\"scroll\" tabindex=\"0\">\n");
    // An empty line would end the HTML.
    for line in picture.lines().filter(|line| !line.trim().is_empty()) {
        writeln!(figure, "{line}")?;
    }
    write!(figure, "</div>\n<figcaption>\n\n{caption}\n\n</figcaption>\n</figure>")?;
    Ok(figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_is_a_program_a_scenario_and_perhaps_a_schedule() {
        let wanted =
            Wanted::directive("zombies/solution reap_ends 'k 9' 0 --seed 3}}").expect("one");
        assert_eq!((wanted.id.as_str(), wanted.program.as_str()), ("zombies", "solution"));
        assert_eq!(wanted.scenario, ["reap_ends", "k 9", "0"]);
        assert_eq!(wanted.schedule, ["--seed", "3"]);
        assert_eq!(wanted.command().expect("words"), "zombies reap_ends 'k 9' 0");
        assert!(Wanted::directive("zombies/solution}}").is_err());
        assert!(Wanted::directive("zombies reap_all}}").is_err());
        assert!(Wanted::directive("zombies/solution reap_all").is_err());
    }

    #[test]
    fn what_has_no_picture_is_named_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = Runs::new(folder.path());
        let page = "# A\n\n{{#timeline zombies/solution}}\n";
        let around = Around { runs: &runs, up: String::new(), name: String::new() };
        let (line, error) = draw_page(page, &around).expect_err("there is no scenario");
        assert_eq!((line, error.to_string().as_str()), (3, "it names no scenario"));
    }
}
