//! The hidden suites: one test target per exercise, in the shape of its `tests/public.rs`. They
//! try other inputs and faults, and run only when the grader names a subject. This library is
//! empty; it exists because a package needs a target of its own.
