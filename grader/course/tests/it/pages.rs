//! A repository with a book, an exercise and its solution. Every test goes through [`faults`].

use forklings_course::load_exercise;
use forklings_course::pages::Pages;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const FILES: [(&str, &str); 7] = [
    ("docs/SUMMARY.md", "# Summary\n\n[Start](start.md)\n\n- [zombies](exercises/zombies.md)\n"),
    (
        "docs/start.md",
        "# Start here\n\n[zombies](exercises/zombies.md#the-dead-must-be-buried)\n\
         [top](#start-here) [elsewhere](https://example.org/#a) `man 2 wait`\n",
    ),
    (
        "docs/exercises/zombies.md",
        "{{#include ../../exercises/zombies/README.md}}\n\n## One way\n\n\
         ```rust,ignore\n{{#include ../../solutions/zombies/src/lib.rs:reap_one}}\n```\n\n\
         [up](../start.md)\n",
    ),
    (
        "exercises/zombies/README.md",
        "# The dead must be buried\n\nText.\n\n[up](#the-dead-must-be-buried)\n",
    ),
    (
        "exercises/zombies/exercise.yaml",
        "id: zombies\ntitle: t\nedit: [src/lib.rs]\nman: [wait(2)]\ntasks:\n  - id: reap_one\n    \
         points: 5\n    hints: [who, how, waitpid]\n",
    ),
    ("exercises/zombies/src/lib.rs", ""),
    (
        "solutions/zombies/src/lib.rs",
        "// ANCHOR: reap_one\nfn reap_one() {}\n// ANCHOR_END: reap_one\n",
    ),
];

/// Everything that is wrong with the repository when these texts in its files are replaced by others.
#[track_caller]
fn faults(changes: &[(&str, &str, &str)]) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (path, text) in FILES {
        write(path, text);
    }
    for (path, from, to) in changes {
        let text = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(text.contains(from), "{path} has no `{from}`");
        write(path, &text.replacen(from, to, 1));
    }
    let mut pages = Pages::read(&root.join("docs")).unwrap();
    pages.add(&root.join("exercises/zombies/README.md")).unwrap();
    let exercise = load_exercise(&root.join("exercises/zombies")).unwrap();
    let mut faults = pages.faults_of(&exercise, &root.join("solutions/zombies")).unwrap();
    faults.extend(pages.faults());
    let home = format!("{}/", root.display());
    faults.iter().map(|fault| fault.to_string().replace(&home, "")).collect()
}

/// One change, and the one fault that it brings.
#[track_caller]
fn refused(path: &str, from: &str, to: &str, expected: &str) {
    assert_eq!(faults(&[(path, from, to)]), [expected]);
}

const CHAPTER: &str = "docs/exercises/zombies.md";
const README: &str = "exercises/zombies/README.md";
const MANIFEST: &str = "exercises/zombies/exercise.yaml";
const SOLUTION: &str = "solutions/zombies/src/lib.rs";
const START: &str = "docs/start.md";

#[test]
fn a_sound_repository_has_no_faults() {
    assert_eq!(faults(&[]), [""; 0]);
}

#[test]
fn an_included_anchor_must_be_in_the_solution() {
    assert_eq!(
        faults(&[(CHAPTER, "rs:reap_one", "rs:reap_two")]),
        [
            "docs/exercises/zombies.md:6: `../../solutions/zombies/src/lib.rs` has no anchor \
             `reap_two`; name one that it has (reap_one), or begin the part with `ANCHOR: reap_two`",
            "solutions/zombies/src/lib.rs:1: no page of the book includes the part `reap_one`; \
             include it, or remove its anchors"
        ]
    );
}

#[test]
fn an_anchor_of_a_solution_is_closed_and_there_once() {
    refused(
        SOLUTION,
        "// ANCHOR_END: reap_one\n",
        "",
        "solutions/zombies/src/lib.rs:1: the anchor `reap_one` is not closed; write \
         `ANCHOR_END: reap_one` behind the part",
    );
    refused(
        SOLUTION,
        "fn",
        "// ANCHOR_END: reap_all\nfn",
        "solutions/zombies/src/lib.rs:2: the anchor `reap_all` is closed and was not open; write \
         `ANCHOR: reap_all` before the part",
    );
    let twice = "// ANCHOR_END: reap_one\n// ANCHOR: reap_one\n// ANCHOR_END: reap_one\n";
    refused(
        SOLUTION,
        "// ANCHOR_END: reap_one\n",
        twice,
        "solutions/zombies/src/lib.rs:4: the anchor `reap_one` is there twice, and a page gets the \
         first; rename one of them",
    );
}

#[test]
fn every_part_of_a_solution_is_shown() {
    refused(
        SOLUTION,
        "// ANCHOR: reap_one",
        "// ANCHOR: other\n// ANCHOR_END: other\n// ANCHOR: reap_one",
        "solutions/zombies/src/lib.rs:1: no page of the book includes the part `other`; include it, \
         or remove its anchors",
    );
}

#[test]
fn included_files_and_lines_are_there() {
    refused(
        START,
        "`man 2 wait`",
        "\n{{#include none.rs}}",
        "docs/start.md:5: the included file `none.rs` does not exist; correct the path",
    );
    let include = |lines| format!("\n{{{{#include ../solutions/zombies/src/lib.rs:{lines}}}}}");
    assert_eq!(faults(&[(START, "`man 2 wait`", &include("2:3"))]), [""; 0]);
    refused(
        START,
        "`man 2 wait`",
        &include("3:4"),
        "docs/start.md:5: `../solutions/zombies/src/lib.rs` has 3 lines, so not those that are \
         included; correct the numbers",
    );
    refused(
        START,
        "`man 2 wait`",
        "{{#include start.md}}",
        "docs/start.md:4: `start.md` includes itself; remove one of the includes",
    );
}

#[test]
fn a_link_leads_to_a_file() {
    refused(
        START,
        "(exercises/zombies.md#",
        "(exercises/undead.md#",
        "docs/start.md:3: the link `exercises/undead.md#the-dead-must-be-buried` leads to no file; \
         correct the path, which is relative to this file",
    );
    refused(
        README,
        "Text.",
        "[code](src/main.rs)",
        "exercises/zombies/README.md:3: the link `src/main.rs` leads to no file; correct the path, \
         which is relative to this file",
    );
    refused(
        MANIFEST,
        "waitpid",
        "\"[waitpid](wait.md)\"",
        "exercises/zombies/exercise.yaml:8: the link `wait.md` leads to no file; correct the path, \
         which is relative to this file",
    );
}

#[test]
fn a_fragment_is_a_heading() {
    refused(
        START,
        "#the-dead-must-be-buried",
        "#the-dead",
        "docs/start.md:3: the link `exercises/zombies.md#the-dead` names no heading there; correct \
         what follows `#`",
    );
    refused(
        README,
        "(#the-dead",
        "(#dead",
        "exercises/zombies/README.md:5: the link `#dead-must-be-buried` names no heading there; \
         correct what follows `#`",
    );
}

#[test]
fn a_readme_is_read_alone_and_as_a_part_of_its_chapter() {
    refused(
        README,
        "Text.",
        "[code](src/lib.rs)",
        "exercises/zombies/README.md:3: the link `src/lib.rs` leads nowhere from \
         docs/exercises/zombies.md, which includes it; link to an address, or name the page without \
         a link",
    );
}

#[test]
fn a_link_stays_in_the_book() {
    refused(
        START,
        "(exercises/zombies.md#the-dead-must-be-buried)",
        "(../exercises/zombies/README.md)",
        "docs/start.md:3: the link `../exercises/zombies/README.md` leads out of the book or the \
         repository, which a reader may have alone; link to a page inside, or to an address",
    );
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    refused(
        "docs/forgotten.md",
        "",
        "# Forgotten\n",
        "docs/forgotten.md: no line of SUMMARY.md leads here; add one, or remove the page",
    );
}

#[test]
fn a_page_of_the_manual_is_named_with_its_section() {
    refused(
        START,
        "`man 2 wait`",
        "`man wait`",
        "docs/start.md:4: `man wait` opens no page of the manual; write `man SECTION NAME`, as in \
         `man 2 wait`",
    );
}

#[test]
fn the_pages_of_this_repository_are_sound() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let pages = Pages::read(&root.join("docs")).unwrap();
    assert_eq!(pages.faults(), BTreeSet::new());
}
