//! What is said of the course's own programs.

use crate::door::run;
use std::fs;

#[test]
fn a_mutant_is_shown_by_the_run_that_catches_it_and_a_solution_by_any() {
    let mutant = "zombies/reaper_one_wait_per_signal";
    let said = run(&["course", "trace", mutant, "reaper_burst", "3"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.contains("zombie-left in "), "{}", said.stdout);
    assert!(said.stdout.contains("never reaped"), "{}", said.stdout);
    let said = run(&["course", "trace", "zombies/solution", "reaper_burst", "3"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.contains("P1 exited with status 0."), "{}", said.stdout);
    let said = run(&["course", "trace", mutant, "reap_all", "3"]);
    assert_eq!(said.code, 3, "{}", said.stdout);
    assert!(said.stderr.contains("it is caught in: reaper_burst 3; "), "{}", said.stderr);
    let said = run(&["course", "trace", "zombies/stub", "reap_all", "3"]);
    assert_eq!(said.code, 2, "{}", said.stdout);
}

#[test]
fn a_broken_anchor_link_and_fragment_are_named_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let manifest = "id: nap\ntitle: t\nedit: [src/lib.rs]\nman: [pause(2)]\ntasks:\n  - id: nap\n    \
                    points: 1\n    hints: [a, b, c]\n";
    write("grader/README.md", "");
    write("README.md", "# Start\n\n[the book](docs/start.md#none)\n");
    for empty in ["Cargo.toml", "CHANGELOG.md", "exercises/nap/Cargo.toml"] {
        write(empty, "");
    }
    write("exercises/course.yaml", "title: t\nparts:\n  - title: p\n    exercises: [nap]\n");
    write("exercises/nap/exercise.yaml", manifest);
    write("exercises/nap/README.md", "# Nap\n\n[code](none.rs)\n");
    for source in ["src/lib.rs", "src/main.rs", "tests/public.rs"] {
        write(&format!("exercises/nap/{source}"), "");
    }
    write("solutions/nap/src/lib.rs", "// ANCHOR: nap\n// ANCHOR_END: nap\n");
    write("docs/SUMMARY.md", "# Summary\n\n[Start](start.md)\n\n- [nap](exercises/nap.md)\n");
    write("docs/start.md", "# Start\n");
    write("docs/exercises/nap.md", "# Nap\n\n{{#include ../../solutions/nap/src/lib.rs:map}}\n");
    let course = folder.path().to_str().unwrap();
    let check = || run(&["--course", course, "course", "check", "--only", "pages"]);
    let said = check();
    assert_eq!(said.code, 1, "{}\n{}", said.stdout, said.stderr);
    let named: Vec<&str> =
        said.stdout.lines().filter(|line| !line.starts_with(' ') && line.contains(':')).collect();
    let expected = [
        "README.md:3",
        "docs/exercises/nap.md:3",
        "exercises/nap/README.md:3",
        "solutions/nap/src/lib.rs:1",
    ];
    assert_eq!(named, expected, "{}", said.stdout);
    write("README.md", "# Start\n\n[the book](docs/start.md#start)\n");
    write("exercises/nap/README.md", "# Nap\n\n[code](src/lib.rs)\n");
    write("docs/exercises/nap.md", "# Nap\n\n{{#include ../../solutions/nap/src/lib.rs:nap}}\n");
    let said = check();
    assert_eq!((said.code, said.stdout.as_str()), (0, "the course is sound\n"));
}
