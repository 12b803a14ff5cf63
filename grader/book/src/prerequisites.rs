//! The picture of which exercise builds on which. Alone on its line, `{{#exercises}}` becomes it. What
//! it shows is the table of `start.md` whose last column is called `needs`.

use anyhow::{Context, Result, ensure};
use mdbook_driver::book::Book;
use std::fmt::Write;

const DIRECTIVE: &str = "{{#exercises}}";
/// The page with the table.
const TABLE: &str = "start.md";

/// Places and sizes, in pixels. A column is as wide as the longest name and its arrow.
const CHAR: usize = 8;
const PAD: usize = 12;
const ARROW: usize = 60;
const BOX: usize = 34;
const ROW: usize = 54;

/// Replaces the directive in the book.
///
/// # Errors
/// The table is missing, or names an exercise that stands in no row above.
pub(crate) fn draw(book: &mut Book) -> Result<()> {
    let is_wanted = |text: &str| text.lines().any(|line| line == DIRECTIVE);
    if !book.chapters().any(|chapter| is_wanted(&chapter.content)) {
        return Ok(());
    }
    let table = book
        .chapters()
        .find(|page| page.source_path.as_deref().is_some_and(|path| path.ends_with(TABLE)));
    let table = table.with_context(|| format!("the book has no {TABLE}"))?;
    let picture = picture(&read(&table.content).with_context(|| TABLE.to_owned())?)?;
    book.for_each_chapter_mut(|chapter| {
        if is_wanted(&chapter.content) {
            chapter.content = chapter.content.replace(DIRECTIVE, &picture);
        }
    });
    Ok(())
}

/// An exercise in the picture.
#[derive(Debug, PartialEq, Eq)]
struct Exercise {
    name: String,
    page: String,
    /// Places, in the list of all, of those that it builds on.
    needs: Vec<usize>,
    /// How many exercises lie before it on the longest way.
    depth: usize,
}

/// The rows of the table.
fn read(text: &str) -> Result<Vec<Exercise>> {
    let mut all: Vec<Exercise> = Vec::new();
    let rows = text.lines().skip_while(|line| !line.ends_with("| needs |")).skip(2);
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [first, .., last] = cells[..] else { continue };
        let (name, page) = first
            .strip_prefix('[')
            .and_then(|link| link.strip_suffix(".md)")?.split_once("]("))
            .with_context(|| format!("`{first}` is no link to an exercise"))?;
        let mut needs = Vec::new();
        for need in last.split(", ").filter(|need| *need != "nothing") {
            let at = all.iter().position(|exercise| exercise.name == need);
            needs.push(at.with_context(|| format!("`{name}` needs `{need}`, which is not above"))?);
        }
        let depth = needs.iter().map(|&need| all[need].depth + 1).max().unwrap_or(0);
        all.push(Exercise { name: name.to_owned(), page: format!("{page}.html"), needs, depth });
    }
    ensure!(!all.is_empty(), "there is no table with a column `needs`");
    Ok(all)
}

/// The picture, as an `<svg>` element in a figure.
fn picture(all: &[Exercise]) -> Result<String> {
    let longest = all.iter().map(|exercise| exercise.name.len()).max().unwrap_or(0);
    let wide = longest * CHAR + 2 * PAD;
    let column = wide + ARROW;
    // Upper left corners: a column for each depth, in it one below the other.
    let mut corners: Vec<(usize, usize)> = Vec::new();
    for (n, exercise) in all.iter().enumerate() {
        let above = all[..n].iter().filter(|other| other.depth == exercise.depth).count();
        corners.push((1 + exercise.depth * column, 1 + above * ROW));
    }
    let width = corners.iter().map(|(x, _)| x + wide + 1).max().unwrap_or(0);
    let height = corners.iter().map(|(_, y)| y + BOX + 1).max().unwrap_or(0);
    let said: Vec<String> = all.iter().map(|exercise| sentence(exercise, all)).collect();
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\">\n<svg class=\"exercises\" role=\"img\" \
         aria-labelledby=\"exercises-title\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <title id=\"exercises-title\">{}</title>\n\
         <defs><marker id=\"exercises-tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path class=\"tip\" d=\"M0 0.5 L7 4 L0 7.5 Z\"/></marker>\
         </defs>\n",
        said.join(" ")
    );
    for (exercise, &(x, y)) in all.iter().zip(&corners) {
        for &need in &exercise.needs {
            let (from, above) = corners[need];
            let (from, to, above, below) = (from + wide, x - 2, above + BOX / 2, y + BOX / 2);
            let bend = (from + to) / 2;
            writeln!(
                out,
                "<path class=\"arrow\" marker-end=\"url(#exercises-tip)\" \
                 d=\"M{from} {above} C{bend} {above} {bend} {below} {to} {below}\"/>"
            )?;
        }
    }
    for (Exercise { name, page, .. }, (x, y)) in all.iter().zip(&corners) {
        let (middle, base) = (x + wide / 2, y + BOX / 2 + 5);
        writeln!(
            out,
            "<a href=\"{page}\"><rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{BOX}\" rx=\"6\"/>\
             <text x=\"{middle}\" y=\"{base}\">{name}</text></a>"
        )?;
    }
    out.push_str("</svg>\n</div>");
    Ok(out)
}

/// What the picture says of an exercise, for who cannot see it.
fn sentence(exercise: &Exercise, all: &[Exercise]) -> String {
    let needs: Vec<&str> = exercise.needs.iter().map(|&need| all[need].name.as_str()).collect();
    match needs[..] {
        [] => format!("{} needs nothing.", exercise.name),
        _ => format!("{} needs {}.", exercise.name, needs.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "| exercise | after it | needs |\n|---|---|---|\n\
                        | [a](e/a.md) | x | nothing |\n| [b](e/b.md) | x | a |\n\
                        | [c](e/c.md) | x | a, b |\n\ntext\n";

    #[test]
    fn an_exercise_stands_behind_everything_that_it_needs() {
        let all = read(PAGE).expect("a table");
        let depths: Vec<usize> = all.iter().map(|exercise| exercise.depth).collect();
        assert_eq!(depths, [0, 1, 2]);
        assert_eq!(all[2].needs, [0, 1]);
        assert_eq!(picture(&all).expect("it is drawn").matches("class=\"arrow\"").count(), 3);
    }

    #[test]
    fn a_need_that_is_no_exercise_is_named() {
        let error = read(&PAGE.replace("a, b", "z")).expect_err("there is no z");
        assert_eq!(error.to_string(), "`c` needs `z`, which is not above");
    }
}
