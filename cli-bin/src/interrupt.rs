//! Ctrl-C: at once while nothing is at stake, at the next step while a layout runs.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

static DEFERRED: AtomicBool = AtomicBool::new(false);
static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Takes over Ctrl-C and termination.
pub(crate) fn install() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        let again = REQUESTED.swap(true, Ordering::SeqCst);
        if again || !DEFERRED.load(Ordering::SeqCst) {
            process::exit(1);
        }
    })?;
    Ok(())
}

/// While this lives, Ctrl-C is only noted; a second one ends the process all the same.
#[derive(Debug)]
pub(crate) struct Deferred;

impl Deferred {
    pub(crate) fn begin() -> Self {
        DEFERRED.store(true, Ordering::SeqCst);
        Self
    }

    /// What becomes true when Ctrl-C is pressed.
    #[expect(clippy::unused_self, reason = "only a deferred interrupt can be asked for")]
    pub(crate) fn flag(&self) -> &'static AtomicBool {
        &REQUESTED
    }

    /// Whether Ctrl-C was pressed.
    #[expect(clippy::unused_self, reason = "only a deferred interrupt can be asked for")]
    pub(crate) fn requested(&self) -> bool {
        REQUESTED.load(Ordering::SeqCst)
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        DEFERRED.store(false, Ordering::SeqCst);
    }
}
