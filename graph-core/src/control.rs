//! How a long computation tells how far it is, and learns that it should stop.

use std::sync::atomic::{AtomicBool, Ordering};

/// How far a computation is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is being done, such as `"iterations"`; counts of one stage are comparable.
    pub stage: &'static str,
    /// How many of these are done.
    pub done: u64,
    /// How many there are; `None` if that is not known before the end.
    pub total: Option<u64>,
}

/// The caller stopped the computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped after {done} {stage}")]
pub struct Stopped {
    /// What was being counted.
    pub stage: &'static str,
    /// How many of these were done.
    pub done: u64,
}

/// The caller's side of a long computation: where progress goes, and whether to stop.
///
/// ```
/// use std::sync::atomic::AtomicBool;
/// use graph_core::Control;
///
/// let stop = AtomicBool::new(true);
/// let control = Control::default().stopped_by(&stop);
/// assert!(control.step("rows", 1, Some(2)).is_err());
/// ```
#[derive(Clone, Copy, Default)]
pub struct Control<'a> {
    report: Option<&'a (dyn Fn(Progress) + Sync)>,
    stop: Option<&'a AtomicBool>,
}

impl<'a> Control<'a> {
    /// Neither reports nor stops.
    pub const NONE: Self = Self { report: None, stop: None };

    /// Reports to `report`, which is called from any thread, at most once for each step.
    pub fn reporting(self, report: &'a (dyn Fn(Progress) + Sync)) -> Self {
        Self { report: Some(report), ..self }
    }

    /// Stops soon after `stop` has become true.
    pub fn stopped_by(self, stop: &'a AtomicBool) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// Whether the caller neither wants reports nor can stop it.
    pub fn is_idle(&self) -> bool {
        self.report.is_none() && self.stop.is_none()
    }

    /// Whether the caller wants the computation to stop; cheap enough for inner loops over blocks.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Reports that `done` of `total` are done.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the caller wants the computation to stop.
    pub fn step(&self, stage: &'static str, done: u64, total: Option<u64>) -> Result<(), Stopped> {
        if let Some(report) = self.report {
            report(Progress { stage, done, total });
        }
        match self.is_stopped() {
            true => Err(Stopped { stage, done }),
            false => Ok(()),
        }
    }
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("reports", &self.report.is_some())
            .field("stopped", &self.is_stopped())
            .finish()
    }
}
