//! Builds the book from `docs/` into `docs/book/`, and checks that everything in it leads somewhere.
//! With `--check` it also does what the pages say: it compiles their programs and runs their
//! transcripts.
//!
//! `cargo run --manifest-path grader/book/Cargo.toml [-- --check]`. Exit codes: 0 built and sound, 1
//! built with faults (each on a line of standard error), 2 not built.

mod fault;
mod forklings;
mod links;
mod prerequisites;
mod programs;
mod provoke;
mod rules;
mod runs;
mod sources;
mod timelines;
mod transcripts;

use anyhow::{Context, Result, bail};
use fault::Fault;
use mdbook_driver::MDBook;
use std::env;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    match run() {
        Ok((book, faults)) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            println!("the book is {}", book.join("index.html").display());
            if faults.is_empty() {
                return ExitCode::SUCCESS;
            }
            eprintln!("{} faults", faults.len());
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("the book was not built: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(PathBuf, Vec<Fault>)> {
    let words: Vec<String> = env::args().skip(1).collect();
    let thorough = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => bail!("the only option is --check"),
    };
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let docs = docs
        .canonicalize()
        .with_context(|| format!("the folder {} cannot be read", docs.display()))?;
    if !thorough {
        return build(&docs, None);
    }
    // Most of either is a single program that runs: together they keep two processors busy.
    thread::scope(|scope| {
        let done = scope.spawn(|| do_as_it_says(&docs));
        let (book, mut faults) = build(&docs, None)?;
        faults.extend(done.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        Ok((book, faults))
    })
}

/// Builds the book of the folder `docs` into `to`, or else where its `book.toml` says. Gives the
/// folder of the pages, and what is wrong with them.
fn build(docs: &Path, to: Option<PathBuf>) -> Result<(PathBuf, Vec<Fault>)> {
    let mut book = MDBook::load(docs).context("book.toml, SUMMARY.md or a page is unsound")?;
    if let Some(folder) = to {
        book.config.build.build_dir = folder;
    }
    // A README is rendered as the index of its folder, but mdBook leads links to it elsewhere.
    book.book.for_each_chapter_mut(|chapter| {
        chapter.content = chapter.content.replace("/README.md)", "/index.html)");
    });
    prerequisites::draw(&mut book.book)?;
    timelines::draw(&mut book.book, &docs.join(".."))?;
    book.build().context("a page could not be rendered")?;
    let pages = book.build_dir_for("html");
    let mut faults = sources::check(docs)?;
    // What is wrong in the sources is wrong in the pages, too; once is enough.
    if faults.is_empty() {
        faults = links::check(&pages)?;
    }
    Ok((pages, faults))
}

/// Compiles the programs of all pages, explores those that provoke a rule, and runs the transcripts, with `forklings` among the programs
/// of the shell.
fn do_as_it_says(docs: &Path) -> Result<Vec<Fault>> {
    let forklings = forklings::build(&docs.join(".."))?;
    let beside = forklings.parent().unwrap_or(Path::new("/")).display();
    let path = format!("/usr/local/bin:/usr/bin:/bin:{beside}");
    let pages = sources::pages(docs)?;
    let mut faults = programs::check(docs, &pages)?;
    faults.extend(provoke::check(docs, &pages, &forklings)?);
    for page in &pages {
        let text = sources::read(&docs.join(page))?;
        faults.extend(transcripts::check(page, &text, &docs.join("programs"), &path)?);
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_include_and_page_of_the_book_leads_somewhere() -> Result<()> {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").canonicalize()?;
        let folder = tempfile::tempdir()?;
        let (_, faults) = build(&docs, Some(folder.path().join("book")))?;
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
        Ok(())
    }

    #[test]
    fn what_leads_nowhere_is_named() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let docs = folder.path().canonicalize()?;
        let write = |name: &str, text: &str| std::fs::write(docs.join(name), text);
        write("book.toml", "[book]\ntitle = \"t\"\nsrc = \".\"\n")?;
        write("SUMMARY.md", "# Summary\n\n[Start](start.md)\n\n- [One](one.md)\n")?;
        write("start.md", "# Start\n")?;
        write("code.rs", "// ANCHOR: here\n// ANCHOR_END: here\n")?;
        write("forgotten.md", "# Forgotten\n")?;
        write(
            "one.md",
            "# One\n\n[a](#one) [b](#two) [c](three.md) [d](https://example.org/)\n\n\
             {{#include code.rs:here}}\n{{#include code.rs:there}}\n{{#include none.rs}}\n",
        )?;
        let (_, faults) = build(&docs, None)?;
        let mut faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        faults.sort();
        let expected = [
            "forgotten.md: no line of SUMMARY.md leads here",
            "one.md:3: the link `#two` names no heading there",
            "one.md:3: the link `three.md` leads to no file",
            "one.md:6: `code.rs` has no anchor `there`",
            "one.md:7: the included file `none.rs` does not exist",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.starts_with(&format!("{expected};")), "{fault}");
        }
        Ok(())
    }

    #[test]
    fn a_link_that_the_sources_do_not_show_is_named_in_the_rendered_page() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let docs = folder.path().canonicalize()?;
        let write = |name: &str, text: &str| std::fs::write(docs.join(name), text);
        write("book.toml", "[book]\ntitle = \"t\"\nsrc = \".\"\n")?;
        write("SUMMARY.md", "# Summary\n\n[Start](start.md)\n\n- [One](one.md)\n")?;
        write("start.md", "# Start\n")?;
        write("one.md", "# One\n\n<a href=\"two.html\">two</a>\n")?;
        let (_, faults) = build(&docs, None)?;
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults, ["one.html: `two.html` leads nowhere"]);
        Ok(())
    }
}
