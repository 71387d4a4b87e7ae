//! Verbs that choose rows or put them in order, and columns computed of others.

use std::sync::Arc;

use arrow::datatypes::DataType;
use graph_kernels::{
    Buffer, Column, Indices, Key, Meaning, SortScratch, ValueType, at_most, differing_bits,
    evaluate, evaluate_flags, gathered, keys_of_ranks, narrow, order_keys, random_keys, selected,
    sort_pairs,
};

use super::column::{Data, DeviceColumn, Keys};
use super::formula::Formula;
use super::table::{DeviceTable, Outcome, timed};
use crate::Result;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SortKey<'a> {
    /// The column.
    pub column: &'a str,
    /// Whether the greatest come first.
    pub descending: bool,
    /// Whether absent values come last, whatever the direction; else they come first.
    pub nulls_last: bool,
}

impl<'a> SortKey<'a> {
    /// The least first, absent values last.
    pub fn ascending(column: &'a str) -> Self {
        Self { column, descending: false, nulls_last: true }
    }

    /// The greatest first, absent values last.
    pub fn descending(column: &'a str) -> Self {
        Self { column, descending: true, nulls_last: true }
    }
}

impl DeviceTable {
    /// The rows for which `condition` is true, in their order.
    ///
    /// One launch computes the condition, two find the rows' places, and one a column gathers them;
    /// the host waits for their number.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Unknown`] if a column is not there, [`crate::Error::WrongType`] or
    /// [`crate::Error::Device`] if types do not fit, if an integer does not fit in 64 bits (with
    /// the first such row), if the condition is too long (16 arrays, 12 values at a time), or if
    /// memory does not suffice.
    pub fn filter(&self, condition: &Formula) -> Result<Outcome<Self>> {
        timed(self.device, || {
            let condition = condition.lower(self)?;
            let columns = self.for_expressions();
            let flags = evaluate_flags(self.device, &condition, &columns, self.n_rows)?;
            self.rows(&selected(&flags)?)
        })
    }

    fn for_expressions(&self) -> Vec<Column<'_>> {
        self.columns.iter().map(DeviceColumn::for_expressions).collect()
    }

    /// The table with the values of `formula` as column `name`, in place of one of that name or
    /// behind all others: booleans, integers of 64 bits or floats of 64.
    ///
    /// # Errors
    ///
    /// Those of [`filter`](Self::filter).
    pub fn with_column(&self, name: &str, formula: &Formula) -> Result<Outcome<Self>> {
        timed(self.device, || self.with(self.computed(name, formula)?))
    }

    /// The values of `formula` as a column.
    pub(super) fn computed(&self, name: &str, formula: &Formula) -> Result<DeviceColumn> {
        let expression = formula.lower(self)?;
        let columns = self.for_expressions();
        let found = evaluate(self.device, &expression, &columns, self.n_rows)?;
        let (data_type, data) = match found.value_type {
            ValueType::Boolean => (DataType::Boolean, Data::Narrow(narrow(&found.bits)?.into())),
            ValueType::Integer => (DataType::Int64, Data::Wide(found.bits.into())),
            ValueType::Float => (DataType::Float64, Data::Wide(found.bits.into())),
        };
        Ok(DeviceColumn::of_numbers(name, data_type, data, Some(found.valid)))
    }

    /// The rows that `at` names, in its order; a row may be named more than once.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Device`] if `at` names rows that are not there, or lies on another device.
    pub fn gather(&self, at: &Indices) -> Result<Outcome<Self>> {
        if self.columns.is_empty() && at.below() as usize > self.n_rows {
            let (found, expected) = (at.below() as usize, self.n_rows);
            return Err(crate::Error::LengthMismatch { name: "at", found, expected });
        }
        timed(self.device, || self.rows(at))
    }

    /// `k` rows from row `offset` on, in their order; fewer where the table ends.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Device`].
    pub fn slice(&self, offset: usize, k: usize) -> Result<Outcome<Self>> {
        timed(self.device, || {
            let first = offset.min(self.n_rows);
            let k = k.min(self.n_rows - first);
            // Tables are no longer than numbers of rows.
            let (first, end) = (first as u32, (first + k) as u32);
            let at = match first {
                0 => Indices::all(self.device, k)?,
                _ => {
                    let rows: Vec<u32> = (first..end).collect();
                    Indices::upload(self.device, &rows, self.n_rows as u32)?
                }
            };
            self.rows(&at)
        })
    }

    /// The rows that have a value in all of the columns `names`, or in all columns if there are none.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Unknown`] if a column is not there, and [`crate::Error::Device`].
    pub fn drop_nulls(&self, names: &[&str]) -> Result<Outcome<Self>> {
        let all: Vec<&str> = self.names().collect();
        let names = if names.is_empty() { &all } else { names };
        self.columns(names)?;
        timed(self.device, || {
            names.iter().try_fold(self.clone(), |rest, name| match rest.column(name)?.valid() {
                Some(valid) => rest.rows(&selected(valid)?),
                None => Ok(rest),
            })
        })
    }

    /// All rows, by the first key, rows that are equal in it by the second, and so on; rows equal
    /// in all keep their order.
    ///
    /// A key costs a pass of a radix sort for each 8 bits in which its values differ: 28 bytes a
    /// row of a column of 64 bits, 20 of others, and one more if some are absent. The host waits
    /// once a key.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Unknown`] if a column is not there, [`crate::Error::BadOption`] if there is
    /// no key, and [`crate::Error::Device`].
    pub fn sort(&self, keys: &[SortKey<'_>]) -> Result<Outcome<Self>> {
        timed(self.device, || self.rows(&self.order(keys)?))
    }

    /// The first `k` rows of a [`sort`](Self::sort).
    ///
    /// With a single key without absent values only those rows are sorted that can be among them:
    /// the rest is read about four times.
    ///
    /// # Errors
    ///
    /// Those of [`sort`](Self::sort).
    pub fn top_k(&self, k: usize, keys: &[SortKey<'_>]) -> Result<Outcome<Self>> {
        timed(self.device, || {
            let k = k.min(self.n_rows);
            let Some(last) = k.checked_sub(1) else {
                self.check_keys(keys)?;
                return self.rows(&Indices::all(self.device, 0)?);
            };
            let mut candidates = None;
            if let [key] = keys
                && let column = self.column(key.column)?
                && column.valid().is_none()
            {
                let flags = match column.order_keys(key.descending)? {
                    Keys::Narrow(keys) => at_most(&keys, keys_of_ranks(&keys, &[last])?[0])?,
                    Keys::Wide(keys) => at_most(&keys, keys_of_ranks(&keys, &[last])?[0])?,
                };
                candidates = Some(self.rows(&selected(&flags)?)?);
            }
            let table = candidates.as_ref().unwrap_or(self);
            let mut order = table.order(keys)?.into_numbers();
            order.truncate(k);
            table.rows(&Indices::new(order, table.n_rows as u32)?)
        })
    }

    /// `k` rows taken at random without repetition, in their order; all if there are fewer. The
    /// same for a `seed` on every device.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Device`].
    pub fn sample(&self, k: usize, seed: u64) -> Result<Outcome<Self>> {
        timed(self.device, || {
            let k = k.min(self.n_rows);
            let Some(last) = k.checked_sub(1) else {
                return self.rows(&Indices::all(self.device, 0)?);
            };
            // Mixing is a bijection of the row, so no two rows have the same number.
            let keys = random_keys(self.device, self.n_rows, seed)?;
            let most = keys_of_ranks(&keys, &[last])?[0];
            self.rows(&selected(&at_most(&keys, most)?)?)
        })
    }

    fn check_keys(&self, keys: &[SortKey<'_>]) -> Result<()> {
        if keys.is_empty() {
            return Err(crate::Error::BadOption {
                option: "keys",
                value: "empty".into(),
                allowed: "at least one column",
            });
        }
        keys.iter().try_for_each(|key| self.column(key.column).map(drop))
    }

    /// The rows in order of the keys.
    fn order(&self, keys: &[SortKey<'_>]) -> Result<Indices> {
        self.check_keys(keys)?;
        let mut order = Indices::all(self.device, self.n_rows)?;
        // From the last key to the first: sorting is stable.
        for key in keys.iter().rev() {
            let column = self.column(key.column)?;
            order = match column.order_keys(key.descending)? {
                Keys::Narrow(keys) => sort_by(&keys, order)?,
                Keys::Wide(keys) => sort_by(&keys, order)?,
            };
            if let Some(valid) = column.valid() {
                order = sort_by(&order_keys(valid, Meaning::Unsigned, key.nulls_last)?, order)?;
            }
        }
        Ok(order)
    }
}

/// The rows of `order`, sorted by their keys.
fn sort_by<K: Key>(keys: &Buffer<K>, order: Indices) -> Result<Indices> {
    let bits = differing_bits(keys)?;
    if bits.is_empty() {
        return Ok(order);
    }
    let below = order.below();
    let mut sorted = gathered(keys, &order)?;
    let mut rows = order.into_numbers();
    let mut scratch = SortScratch::new(sorted.device(), sorted.len())?;
    sort_pairs(&mut sorted, &mut rows, bits, &mut scratch)?;
    Ok(Indices::new(rows, below)?)
}

impl DeviceTable {
    /// The table without those columns, or with the columns of `other` too, which has as many rows.
    pub(super) fn beside(&self, others: Vec<DeviceColumn>, suffix: &str) -> Result<Self> {
        let mut columns = self.columns.clone();
        for mut other in others {
            if columns.iter().any(|column| column.name == other.name) {
                other.name = Arc::from(format!("{}{suffix}", other.name));
            }
            columns.push(other);
        }
        Self::new(self.device, self.n_rows, columns)
    }
}
