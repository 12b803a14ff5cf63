//! The reference solution of `fork-semantics`.
