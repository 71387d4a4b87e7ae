//! How much a plan may make of its tables on the way to its result.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::{DataFrame, PolarsError, PolarsResult};

use super::joins::{around_joins, has_joins, holds_joins};
use super::{Fit, Table};
use crate::Result;

/// What plans may still make. Clones are the same budget.
///
/// Joins are what makes much of little: two tables of a million rows have a million million pairs. What they make, and
/// what tables put after one another are, is counted while it flows, whether it is kept or only counted; all else makes
/// about as many rows as it takes. So a plan never holds much more than the budget and its tables, but for texts that its
/// expressions make longer.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: u64,
    taken: AtomicU64,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(Inner { bytes, taken: AtomicU64::new(0) }))
    }

    /// How many bytes there were.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Whether a plan wanted more than there was.
    pub fn is_spent(&self) -> bool {
        self.0.taken.load(Ordering::Relaxed) > self.0.bytes
    }

    fn take(&self, frame: Option<&DataFrame>) -> PolarsResult<()> {
        let Some(frame) = frame else { return Ok(()) };
        let bytes = frame.estimated_size() as u64;
        let before = self.0.taken.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.0.bytes {
            return Err(PolarsError::ComputeError("over budget".into()));
        }
        Ok(())
    }
}

impl Table {
    /// The same table, whose joins make no more than what is left of `budget` whenever its rows are computed;
    /// [`Error::OverBudget`](crate::Error::OverBudget) comes then.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`](crate::Error::Engine) if there is no way to plan it.
    pub fn within(&self, budget: &Budget) -> Result<Self> {
        if !has_joins(&self.lazy().logical_plan) {
            return Ok(self.clone());
        }
        let budget = budget.clone();
        let budgets = self.budgets.iter().chain([&budget]).cloned().collect();
        let counted = self.then(move |lazy| {
            let budget = budget.clone();
            around_joins(lazy, move |frame| budget.take(frame))
        })?;
        // All at once, it would be there before it is counted.
        Ok(Self { budgets, ..counted.best(Fit::BestPieces) })
    }

    /// As [`within`](Self::within), if what joins make does not leave as it comes: if rows are sorted afterwards, for one.
    /// For a table that is written, however large it is.
    ///
    /// # Errors
    ///
    /// Those of [`within`](Self::within).
    pub fn holding_within(&self, budget: &Budget) -> Result<Self> {
        match holds_joins(&self.lazy().logical_plan) {
            true => self.within(budget),
            false => Ok(self.clone()),
        }
    }
}
