//! Tables whose columns lie on a device, and the verbs that run there.
//!
//! The device is whatever [`graph_kernels::Device`] names: a GPU through CUDA or OpenCL, or the
//! processor, with the same results. Verbs are methods of [`DeviceTable`]; each says in a [`Ran`]
//! where it ran, what it moved and how long it took. Nothing goes from one device to another, or
//! back to the processor, unless a verb's documentation says so: what a device cannot do is an
//! error. Conditions and new columns are built as [`Formula`]s or, with the feature `expressions`,
//! written in the expression language that tables on the processor have.
//!
//! ```
//! use std::sync::Arc;
//! use arrow::array::{Float64Array, RecordBatch, StringArray};
//! use graph_etl::device::{DeviceTable, Formula, GroupColumn, GroupValue};
//! use graph_kernels::Device;
//!
//! let batch = RecordBatch::try_from_iter([
//!     ("city", Arc::new(StringArray::from(vec!["Oslo", "Bonn", "Oslo"])) as _),
//!     ("amount", Arc::new(Float64Array::from(vec![5.0, 7.5, 1.5])) as _),
//! ])?;
//! let table = DeviceTable::upload(&batch, Device::parse("auto")?)?;
//! let large = table.filter(&Formula::column("amount").greater(Formula::Float(1.0)))?.result;
//! let sums = large.group_by(&["city"], &[GroupColumn::new("amount", GroupValue::Sum)])?;
//! println!("ran on {} in {:?}", sums.ran.device, sums.ran.duration);
//! assert_eq!(sums.result.download()?.num_rows(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "expressions")]
mod calendar;
mod column;
mod formula;
mod graph;
#[cfg(test)]
mod graph_tests;
mod group;
mod join;
#[cfg(feature = "expressions")]
mod lower;
mod measures;
mod rows;
mod summary;
mod table;
#[cfg(test)]
mod tests;

pub use formula::{Formula, TextTest};
pub use graph::DeviceGraph;
pub use group::{GroupColumn, GroupValue};
pub use join::{Join, JoinKind};
pub use rows::SortKey;
pub use summary::{Bins, Histogram};
#[cfg(feature = "tables")]
pub(crate) use table::timed;
pub use table::{DeviceTable, Factorized, Outcome, Ran};
