//! fork-semantics
