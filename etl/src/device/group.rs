//! Groups of rows: distinct rows, and one value of each group.

use std::sync::Arc;

use arrow::datatypes::DataType;
use graph_kernels::{
    Aggregation, Buffer, Factors, Groups, Indices, Key, Meaning, aggregate, at_most, factorize,
    gathered, join_keys, narrow,
};

use super::column::{Data, DeviceColumn, Keys, Kind};
use super::table::{DeviceTable, Factorized, Outcome, timed};
use crate::{Error, Result};

/// What becomes of a column in each group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupValue {
    /// How many values are there, in 32 bits.
    Count,
    /// How many rows there are, whatever the column has, in 32 bits.
    Rows,
    /// Their sum: of integers and booleans exact, in 64 bits; of floats in double precision; 0 of
    /// none.
    Sum,
    /// Their mean, in double precision.
    Mean,
    /// The least.
    Min,
    /// The most.
    Max,
    /// The value of the first row, which may be absent.
    First,
}

/// A column of the result of a [`DeviceTable::group_by`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupColumn {
    /// The column that it is of.
    pub column: String,
    /// What becomes of it.
    pub value: GroupValue,
    /// Its name in the result.
    pub name: String,
}

impl GroupColumn {
    /// Named after its column and what becomes of it, as in `amount_sum`.
    pub fn new(column: &str, value: GroupValue) -> Self {
        let name = format!("{column}_{}", value.name());
        Self { column: column.to_owned(), value, name }
    }

    /// The same under another name.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

impl GroupValue {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Rows => "rows",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::First => "first",
        }
    }
}

impl DeviceTable {
    /// Numbers the distinct rows of `columns` in the order in which they first appear. Absent values
    /// are equal.
    ///
    /// Rows are found by hashing, column by column; see [`graph_kernels::factorize`] for the cost.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if a column is not there, [`Error::BadOption`] if there are none, and
    /// [`Error::Device`].
    pub fn factorize(&self, columns: &[&str]) -> Result<Outcome<Factorized>> {
        timed(self.device, || {
            let factors = self.factors(columns)?;
            Ok(Factorized { ids: factors.ids, firsts: factors.firsts })
        })
    }

    /// The first row of each distinct one, judged by `columns`, or by all if there are none.
    ///
    /// # Errors
    ///
    /// Those of [`factorize`](Self::factorize).
    pub fn unique(&self, columns: &[&str]) -> Result<Outcome<Self>> {
        timed(self.device, || {
            let all: Vec<&str> = self.names().collect();
            let columns = if columns.is_empty() { &all } else { columns };
            self.rows(&self.factors(columns)?.firsts)
        })
    }

    /// One row for each distinct value of `keys`, in the order in which they first appear: the keys,
    /// and then the `values`.
    ///
    /// Groups are found by hashing, and their rows put together by a radix sort of the groups'
    /// numbers: one pass for each 8 bits of their count. Sums do not depend on how threads are
    /// scheduled.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if a column is not there, [`Error::BadOption`] if there is no key,
    /// [`Error::DuplicateColumn`] if two results have one name, [`Error::WrongType`] for a sum or
    /// mean of strings or times, [`Error::Overflow`] for the first sum of integers that does not fit
    /// in 64 bits, and [`Error::Device`].
    pub fn group_by(&self, keys: &[&str], values: &[GroupColumn]) -> Result<Outcome<Self>> {
        for value in values {
            check(self.column(&value.column)?, value.value)?;
        }
        timed(self.device, || {
            let factors = self.factors(keys)?;
            let groups = Groups::new(&factors.ids)?;
            let keys = self.columns(keys)?;
            let mut columns: Vec<DeviceColumn> =
                keys.iter().map(|key| key.gather(&factors.firsts)).collect::<Result<_>>()?;
            for value in values {
                let column = self.column(&value.column)?;
                let mut found = match value.value {
                    GroupValue::First => column.gather(&factors.firsts)?,
                    value => Self::aggregate(column, value, &groups)?,
                };
                found.name = Arc::from(value.name.as_str());
                columns.push(found);
            }
            Self::new(self.device, factors.len(), columns)
        })
    }

    fn aggregate(
        column: &DeviceColumn,
        value: GroupValue,
        groups: &Groups,
    ) -> Result<DeviceColumn> {
        if column.kind == Kind::Codes && matches!(value, GroupValue::Min | GroupValue::Max) {
            return extreme_string(column, value, groups);
        }
        let how = match value {
            GroupValue::Count | GroupValue::Rows => Aggregation::Count,
            GroupValue::Sum => Aggregation::Sum,
            GroupValue::Mean => Aggregation::Mean,
            GroupValue::Min => Aggregation::Min,
            GroupValue::Max | GroupValue::First => Aggregation::Max,
        };
        let meaning = column.meaning();
        let valid = column.valid().filter(|_| value != GroupValue::Rows);
        let found = match &column.data {
            Data::Narrow(numbers) => aggregate(numbers, meaning, valid, groups, how),
            Data::Wide(numbers) => aggregate(numbers, meaning, valid, groups, how),
        };
        let found = found.map_err(|error| match error {
            graph_kernels::Error::Overflow { group } => {
                let name = &column.name;
                Error::Overflow { column: format!("the sum of `{name}` in group {group}").into() }
            }
            other => other.into(),
        })?;
        let wide = |data_type: DataType, numbers: Buffer<u64>, valid| {
            DeviceColumn::of_numbers(&column.name, data_type, Data::Wide(numbers.into()), valid)
        };
        // Groups in which all values are absent; without absent values there are none.
        let present = |counts: Buffer<u32>| column.valid().map(|_| flags_of(&counts)).transpose();
        Ok(match value {
            GroupValue::Count | GroupValue::Rows => {
                let counts = Data::Narrow(found.counts.into());
                DeviceColumn::of_numbers(&column.name, DataType::UInt32, counts, None)
            }
            GroupValue::Sum => {
                let data_type = match meaning {
                    Meaning::Unsigned => DataType::UInt64,
                    Meaning::Signed => DataType::Int64,
                    Meaning::Float => DataType::Float64,
                };
                wide(data_type, found.numbers, None)
            }
            GroupValue::Mean => wide(DataType::Float64, found.numbers, present(found.counts)?),
            GroupValue::Min | GroupValue::Max | GroupValue::First => {
                let valid = present(found.counts)?.map(Arc::new);
                let data = match &column.data {
                    Data::Narrow(_) => Data::Narrow(narrow(&found.numbers)?.into()),
                    Data::Wide(_) => Data::Wide(found.numbers.into()),
                };
                DeviceColumn { data, valid, ..column.clone() }
            }
        })
    }

    /// The distinct rows of some columns.
    pub(super) fn factors(&self, names: &[&str]) -> Result<Factors> {
        let columns = self.columns(names)?;
        let mut factors: Option<Factors> = None;
        let add = |ids: Option<Factors>, keys: &Keys| -> Result<Factors> {
            Ok(match (ids, keys) {
                (None, Keys::Narrow(keys)) => factorize(keys)?,
                (None, Keys::Wide(keys)) => factorize(keys)?,
                (Some(ids), Keys::Narrow(keys)) => factorize(&join_keys(ids.ids.numbers(), keys)?)?,
                (Some(ids), Keys::Wide(keys)) => {
                    let own = factorize(keys)?;
                    factorize(&join_keys(ids.ids.numbers(), own.ids.numbers())?)?
                }
            })
        };
        for column in columns {
            factors = Some(add(factors, &column.equality_keys()?)?);
            if let Some(valid) = column.valid() {
                factors = Some(add(factors, &Keys::Narrow(copy_of(valid)?))?);
            }
        }
        factors.ok_or_else(|| Error::BadOption {
            option: "columns",
            value: "empty".into(),
            allowed: "at least one",
        })
    }
}

pub(super) fn copy_of<K: Key>(numbers: &Buffer<K>) -> Result<Buffer<K>> {
    let mut copy = Buffer::zeros(numbers.device(), numbers.len())?;
    graph_kernels::copy(numbers, &mut copy)?;
    Ok(copy)
}

/// 1 for each count that is not 0.
fn flags_of(counts: &Buffer<u32>) -> Result<Buffer<u32>> {
    let keys = graph_kernels::order_keys(counts, Meaning::Unsigned, true)?;
    // Descending keys of counts from 1 on are below that of 0.
    Ok(at_most(&keys, u32::MAX - 1)?)
}

/// The least or most string of each group, by rank.
fn extreme_string(
    column: &DeviceColumn,
    value: GroupValue,
    groups: &Groups,
) -> Result<DeviceColumn> {
    let Keys::Narrow(ranks) = column.order_keys(false)? else {
        return Err(column.wrong("ranked in 32 bits"));
    };
    let how = if value == GroupValue::Min { Aggregation::Min } else { Aggregation::Max };
    let found = aggregate(&ranks, Meaning::Unsigned, column.valid(), groups, how)?;
    let code_of_rank = column.codes_by_rank()?;
    let at = Indices::new(narrow(&found.numbers)?, code_of_rank.len() as u32)?;
    let codes = gathered(&code_of_rank, &at)?;
    let valid = column.valid().map(|_| flags_of(&found.counts)).transpose()?.map(Arc::new);
    Ok(DeviceColumn { data: Data::Narrow(codes.into()), valid, ..column.clone() })
}

fn check(column: &DeviceColumn, value: GroupValue) -> Result<()> {
    let is_number = match &column.data_type {
        DataType::Boolean => true,
        data_type => data_type.is_numeric(),
    };
    match value {
        GroupValue::Sum | GroupValue::Mean if !is_number => {
            Err(column.wrong("a number or a boolean to have a sum or a mean"))
        }
        _ => Ok(()),
    }
}
