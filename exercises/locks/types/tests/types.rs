//! Programs that must compile, and programs that must not. Why they must not is in the README of
//! `locks`, "What must not compile".

#[test]
fn what_is_right_compiles() {
    trybuild::TestCases::new().pass("tests/use/*.rs");
}

#[test]
fn what_is_wrong_does_not() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
