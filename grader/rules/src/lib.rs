//! forklings-rules
