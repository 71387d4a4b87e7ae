//! How much a query may make of its tables on the way to its result.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use polars::prelude::{DataFrame, DslPlan, LazyFrame, OptFlags, PolarsError};

use super::sql_plan::inputs_of;

/// What a query may still make, and whether it should stop. Clones are the same budget.
///
/// Joins are what makes much of little: two tables of a million rows have a million million pairs. What they give is
/// counted while it flows, whether it is kept or only counted; all else gives about as many rows as it takes. So a
/// query never holds much more than the budget and its tables, and it stops soon after it is told to.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: u64,
    taken: AtomicU64,
    stop: AtomicBool,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(Inner { bytes, taken: AtomicU64::new(0), stop: AtomicBool::new(false) }))
    }

    /// Lets the query end with an error at its next piece of a join.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the query wanted more than there was.
    pub fn is_spent(&self) -> bool {
        self.0.taken.load(Ordering::Relaxed) > self.0.bytes
    }

    fn take(&self, frame: DataFrame) -> Result<DataFrame, PolarsError> {
        let bytes = frame.estimated_size() as u64;
        let before = self.0.taken.fetch_add(bytes, Ordering::Relaxed);
        if self.0.stop.load(Ordering::Relaxed) {
            return Err(PolarsError::ComputeError("stopped".into()));
        }
        if before.saturating_add(bytes) > self.0.bytes {
            let text = format!("its joins make more than {} bytes", self.0.bytes);
            return Err(PolarsError::ComputeError(text.into()));
        }
        Ok(frame)
    }

    /// The same query with its joins counted.
    pub(super) fn around(&self, lazy: LazyFrame) -> LazyFrame {
        let mut plan = lazy.logical_plan;
        self.count(&mut plan);
        LazyFrame::from(plan)
    }

    fn count(&self, plan: &mut DslPlan) {
        for input in inputs_of(plan) {
            self.count(input);
        }
        if matches!(plan, DslPlan::Join { .. }) {
            let budget = self.clone();
            *plan = LazyFrame::from(plan.clone())
                .map(
                    move |frame| budget.take(frame),
                    OptFlags::PREDICATE_PUSHDOWN
                        | OptFlags::PROJECTION_PUSHDOWN
                        | OptFlags::STREAMING,
                    None,
                    Some("budget"),
                )
                .logical_plan;
        }
    }
}
