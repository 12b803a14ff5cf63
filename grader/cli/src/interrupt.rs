//! Ctrl-C: noted in a flag, so that whoever works can stop cleanly.

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A flag that becomes true at SIGINT or SIGTERM, which no longer end this program then.
pub(crate) fn flag() -> Result<Arc<AtomicBool>> {
    let raised = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&raised)).context("cannot catch Ctrl-C")?;
    }
    Ok(raised)
}
