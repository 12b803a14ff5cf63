//! forklings-hidden
