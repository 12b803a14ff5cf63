//! forklings-sys
