//! forklings-report
