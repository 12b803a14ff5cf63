//! forklings-course
