//! forklings-check
