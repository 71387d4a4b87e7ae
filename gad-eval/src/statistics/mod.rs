//! How sure a metric is, and whether one method is better than another.

mod bootstrap;
mod comparison;
mod delong;
mod distributions;
mod wilcoxon;

pub use bootstrap::{Bootstrap, BootstrapReport, Difference, Interval, MethodIntervals};
pub use comparison::{ComparisonReport, MIN_DATASETS, Pair, Table, compare};
pub use delong::{DelongReport, delong};
pub use wilcoxon::Wilcoxon;
