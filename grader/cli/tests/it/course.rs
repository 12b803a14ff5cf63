//! The course proves itself.

use crate::door::run;

#[test]
fn the_course_is_sound() {
    let said = run(&["course", "check"]);
    assert_eq!(said.code, 0, "{}\n{}", said.stdout, said.stderr);
    assert!(said.stdout.ends_with("\nthe course is sound\n"), "{}", said.stdout);
}
