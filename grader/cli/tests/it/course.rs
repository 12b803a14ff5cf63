//! The course proves itself.

use crate::door::run;

#[test]
fn the_course_is_sound() {
    let said = run(&["course", "check"]);
    assert_eq!(said.code, 0, "{}\n{}", said.stdout, said.stderr);
    assert!(said.stdout.ends_with("\nthe course is sound\n"), "{}", said.stdout);
}

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
