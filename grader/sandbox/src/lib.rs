//! forklings-sandbox
