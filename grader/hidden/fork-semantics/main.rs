//! The hidden tests of `fork-semantics`.
