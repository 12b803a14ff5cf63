//! The hidden tests of `pipes`.
