//! The exit codes of the program `forklings`, in one table.
//!
//! | code | name | meaning |
//! |---|---|---|
//! | 0 | [`OK`] | it did what was asked; for `grade`: grading completed, whatever the verdicts |
//! | 1 | [`FINDINGS`] | `check`, `trace`, `explore`, `replay`, `course check`: something is wrong with the program |
//! | 2 | [`USAGE`] | the command line is wrong |
//! | 3 | [`BAD_INPUT`] | a path, archive, manifest or course cannot be used |
//! | 4 | [`GRADER_ERROR`] | the grader or the machine failed: full disk, no compiler, no permission |
//! | 5 | [`DIFFERS`] | `explore`: no rule was broken, but outputs or exit statuses differ between schedules |
//! | 130 | [`INTERRUPTED`] | Ctrl-C or SIGTERM; what was graded or found until then is kept or shown (128 + SIGINT, as shells say it) |

/// It did what was asked.
pub const OK: u8 = 0;
/// The program under check broke a rule.
pub const FINDINGS: u8 = 1;
/// The command line is wrong. The same code that clap uses.
pub const USAGE: u8 = 2;
/// What was given cannot be used.
pub const BAD_INPUT: u8 = 3;
/// The grader or the machine failed.
pub const GRADER_ERROR: u8 = 4;
/// No rule was broken, but outputs or exit statuses differ between schedules.
pub const DIFFERS: u8 = 5;
/// Stopped by Ctrl-C.
pub const INTERRUPTED: u8 = 130;
