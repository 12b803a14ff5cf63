//! forklings-tracer
