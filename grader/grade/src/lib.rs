//! forklings-grade
