//! Groups of rows, and what is computed of each.

use std::cell::RefCell;
use std::sync::Arc;

use polars::prelude as pl;
use polars::prelude::{
    ChunkedArray, DataFrame, DataType, IntoLazy, LazyFrame, OptFlags, PolarsNumericType,
    PolarsResult,
};
use rayon::prelude::*;

use super::Table;
use super::rows::no_duplicates;
use crate::expr::{Expr, column, lower_bounded_group, lower_group, lower_whole};
use crate::{Error, Result};

impl Table {
    /// One row for each different combination of values of `keys`, with the keys and then the
    /// `aggregates`, each under its name. Groups are in the order in which their first rows are; null
    /// is a value of its own.
    ///
    /// Aggregates are expressions such as `sum(amount) / count(*)`, of [`Aggregate`](crate::expr::Aggregate)s,
    /// constants and keys. Without keys there is one row, of the whole table, even of an empty one.
    ///
    /// Needs memory for the groups, not for the rows, but for medians, quantiles and lists, which need
    /// the values. Sums of fractions may differ in the last bits from run to run, as rows are added up
    /// in parallel.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a key that is not there;
    /// - [`Error::Expression`] for an aggregate that does not fit the columns;
    /// - [`Error::DuplicateColumn`] for two columns of one name;
    /// - later, [`Error::Overflow`] for a sum of integers that does not fit into 64 bits.
    pub fn group_by<K: AsRef<str>, N: AsRef<str>>(
        &self,
        keys: &[K],
        aggregates: &[(N, Expr)],
    ) -> Result<Self> {
        let keys = self.named(keys)?;
        let names = keys.iter().map(String::as_str);
        no_duplicates(names.clone().chain(aggregates.iter().map(|(name, _)| name.as_ref())))?;
        let key_names: Vec<&str> = names.collect();
        let bounded = RefCell::default();
        let mut lowered = Vec::with_capacity(aggregates.len());
        let mut unchecked = Vec::with_capacity(aggregates.len());
        for (name, aggregate) in aggregates {
            let resolved = aggregate.resolve_group(self.schema(), &key_names)?;
            let (name, schema) = (name.as_ref(), self.polars_schema());
            // Of one group all values are at hand.
            let lower = if keys.is_empty() && self.is_held { lower_whole } else { lower_group };
            lowered.push(lower(&resolved, schema)?.alias(name));
            unchecked.push(lower_bounded_group(&resolved, schema, &bounded)?.alias(name));
        }
        let summed = bounded.into_inner();
        let mut needed: Vec<String> = keys.clone();
        for (_, aggregate) in aggregates {
            for used in aggregate.columns() {
                if !needed.contains(&used.name) {
                    needed.push(used.name.clone());
                }
            }
        }
        if keys.is_empty() && lowered.is_empty() {
            return Err(Error::BadOption {
                option: "aggregates",
                value: "empty".into(),
                allowed: "one or more where there are no keys",
            });
        }
        let is_one = keys.is_empty();
        let keys: Vec<_> = keys.iter().map(|key| column(key)).collect();
        let grouped = move |lazy: LazyFrame, aggregates: &[pl::Expr]| match keys.is_empty() {
            true => lazy.select(aggregates),
            false => lazy.group_by_stable(&keys).agg(aggregates),
        };
        if summed.is_empty() || !self.is_held || self.grows || is_one {
            return Ok(self.then(move |lazy| grouped(lazy, &lowered))?.of_many());
        }
        // All rows are there before any group is: one look at them tells whether a sum can overflow.
        let needed: Vec<pl::PlSmallStr> = needed.into_iter().map(pl::PlSmallStr::from).collect();
        let whole = self.then({
            let (grouped, lowered) = (grouped.clone(), lowered.clone());
            move |lazy| grouped(lazy, &lowered)
        })?;
        let schema = Arc::clone(whole.polars_schema());
        let run = move |frame: DataFrame| {
            let aggregates = if sums_fit(&frame, &summed, frame.height() as u128)? {
                &unchecked
            } else {
                &lowered
            };
            grouped(frame.lazy(), aggregates).collect()
        };
        let run = Arc::new(run);
        let table = self.then(move |lazy| {
            let (run, schema) = (Arc::clone(&run), Arc::clone(&schema));
            let gives: Arc<dyn pl::UdfSchema> =
                Arc::new(move |_: &pl::Schema| Ok(Arc::clone(&schema)));
            lazy.select([pl::by_name(needed.iter().cloned(), true, false).as_expr()]).map(
                move |frame| run(frame),
                OptFlags::empty(),
                Some(gives),
                Some("groups"),
            )
        })?;
        Ok(table.of_many())
    }
}

/// Whether no sum of `n_rows` values of a column of `columns`, of `i64` or `u64`, leaves its type: the
/// largest magnitude, as often as that, does not.
pub(super) fn sums_fit(frame: &DataFrame, columns: &[String], n_rows: u128) -> PolarsResult<bool> {
    for name in columns {
        let series = frame.column(name)?.as_materialized_series();
        // What is under a null counts, too: at worst, sums are checked for nothing.
        let (largest, most) = match series.dtype() {
            DataType::UInt64 => (largest(series.u64()?, |value| value), u64::MAX),
            _ => (largest(series.i64()?, i64::unsigned_abs), i64::MAX.unsigned_abs()),
        };
        if u128::from(largest).saturating_mul(n_rows) > u128::from(most) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The largest `size` of any entry.
fn largest<T: PolarsNumericType>(
    values: &ChunkedArray<T>,
    size: impl Fn(T::Native) -> u64 + Sync,
) -> u64 {
    let of = |part: &[T::Native]| part.iter().map(|&value| size(value)).max().unwrap_or(0);
    let chunks = values
        .downcast_iter()
        .map(|chunk| chunk.values().as_slice().par_chunks(1 << 16).map(of).max().unwrap_or(0));
    chunks.max().unwrap_or(0)
}
