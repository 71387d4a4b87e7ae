//! Groups of rows, and one row for each.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, LargeListArray, RecordBatch, UInt32Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use graph_core::gather;

use super::{Aggregate, AggregateFunction, Asked, batch, column, keys, value, wrap};
use crate::Result;

/// Groups by first appearance; without keys all rows are one group, even if there are none.
pub(super) fn group_by(
    rows: &RecordBatch,
    names: &[String],
    prefixes: &[String],
    aggregates: &[Aggregate],
    path: &str,
) -> Result<RecordBatch> {
    let mut key_names = names.to_vec();
    for prefix in prefixes {
        for field in rows.schema().fields() {
            if field.name().starts_with(prefix) && !key_names.contains(field.name()) {
                key_names.push(field.name().clone());
            }
        }
    }
    let key_columns: Vec<ArrayRef> =
        key_names.iter().map(|name| column(rows, name, path)).collect::<Result<_>>()?;
    let groups = Groups::of(&key_columns, rows.num_rows())?;
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (name, column) in key_names.into_iter().zip(&key_columns) {
        columns.push((name, gather(column, &groups.firsts)?));
    }
    for aggregate in aggregates {
        columns.push((aggregate.name.clone(), groups.aggregate(aggregate, rows, path)?));
    }
    batch(columns, groups.n)
}

/// The group of every row, numbered by first appearance.
struct Groups {
    of_row: Vec<u32>,
    /// First row of each group; empty if there are no keys.
    firsts: Vec<u32>,
    n: usize,
}

impl Groups {
    fn of(key_columns: &[ArrayRef], n_rows: usize) -> Result<Self> {
        if key_columns.is_empty() {
            return Ok(Self { of_row: vec![0; n_rows], firsts: Vec::new(), n: 1 });
        }
        let keys = keys(key_columns)?;
        let mut known = HashMap::new();
        let mut firsts = Vec::new();
        let of_row = (0..n_rows)
            .map(|row| {
                *known.entry(keys.row(row)).or_insert_with(|| {
                    firsts.push(row as u32);
                    firsts.len() as u32 - 1
                })
            })
            .collect();
        let n = firsts.len();
        Ok(Self { of_row, firsts, n })
    }

    fn aggregate(&self, asked: &Aggregate, rows: &RecordBatch, path: &str) -> Result<ArrayRef> {
        let Some(of) = &asked.of else {
            let mut counts = vec![0_i64; self.n];
            self.of_row.iter().for_each(|&group| counts[group as usize] += 1);
            return Ok(Arc::new(Int64Array::from(counts)));
        };
        let values = value(of, rows, path)?;
        let values = match values.data_type() {
            DataType::Dictionary(_, plain) => cast(&values, plain).map_err(wrap)?,
            _ => values,
        };
        // Rows with a value, in their order.
        let present: Vec<u32> = match values.logical_nulls() {
            Some(nulls) => nulls.valid_indices().map(|row| row as u32).collect(),
            None => (0..values.len() as u32).collect(),
        };
        match asked.function {
            AggregateFunction::Count => Ok(self.count(&present)),
            AggregateFunction::CountDistinct => Ok(self.count(&self.distinct(&values, present)?)),
            AggregateFunction::Collect => self.collect(&values, &present),
            AggregateFunction::CollectDistinct => {
                self.collect(&values, &self.distinct(&values, present)?)
            }
            AggregateFunction::Min => self.extreme(&values, &present, false),
            AggregateFunction::Max => self.extreme(&values, &present, true),
            AggregateFunction::Sum => self.sum(&values, &present, of, path),
            AggregateFunction::Mean => self.mean(&values, &present, of, path),
        }
    }

    fn count(&self, rows: &[u32]) -> ArrayRef {
        let mut counts = vec![0_i64; self.n];
        for &row in rows {
            counts[self.of_row[row as usize] as usize] += 1;
        }
        Arc::new(Int64Array::from(counts))
    }

    /// The first of the rows of each group with the same value.
    fn distinct(&self, values: &ArrayRef, mut rows: Vec<u32>) -> Result<Vec<u32>> {
        let keys = keys(std::slice::from_ref(values))?;
        let mut seen = std::collections::HashSet::new();
        rows.retain(|&row| seen.insert((self.of_row[row as usize], keys.row(row as usize))));
        Ok(rows)
    }

    /// A list for each group of the values of its rows, in their order.
    fn collect(&self, values: &ArrayRef, rows: &[u32]) -> Result<ArrayRef> {
        let mut lengths = vec![0; self.n];
        for &row in rows {
            lengths[self.of_row[row as usize] as usize] += 1;
        }
        let mut ordered = rows.to_vec();
        // Sorting is stable.
        ordered.sort_by_key(|&row| self.of_row[row as usize]);
        let entries = gather(values, &ordered)?;
        let field = Arc::new(Field::new_list_field(entries.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let lists = LargeListArray::try_new(field, offsets, entries, None).map_err(wrap)?;
        Ok(Arc::new(lists))
    }

    /// The least or largest value of each group, null if it has none.
    fn extreme(&self, values: &ArrayRef, rows: &[u32], largest: bool) -> Result<ArrayRef> {
        let keys = keys(std::slice::from_ref(values))?;
        let mut best: Vec<Option<u32>> = vec![None; self.n];
        for &row in rows {
            let best = &mut best[self.of_row[row as usize] as usize];
            let is_better = best.is_none_or(|known| {
                let (new, old) = (keys.row(row as usize), keys.row(known as usize));
                if largest { new > old } else { new < old }
            });
            if is_better {
                *best = Some(row);
            }
        }
        take(values, &UInt32Array::from(best), None).map_err(wrap)
    }

    /// The sum of each group, 0 of no values; of integers exactly.
    fn sum(&self, values: &ArrayRef, rows: &[u32], of: &Asked, path: &str) -> Result<ArrayRef> {
        let group = |row: u32| self.of_row[row as usize] as usize;
        if values.data_type().is_integer() || *values.data_type() == DataType::Boolean {
            let ints = cast(values, &DataType::Int64).map_err(wrap)?;
            let ints = ints.as_primitive::<Int64Type>().values();
            let mut sums = vec![0_i64; self.n];
            for &row in rows {
                let sum = &mut sums[group(row)];
                *sum = sum.checked_add(ints[row as usize]).ok_or_else(|| {
                    of.error(path, "its sum is too large for an integer of 64 bits".to_owned())
                })?;
            }
            return Ok(Arc::new(Int64Array::from(sums)));
        }
        let floats = floats(values, rows, of, path)?;
        let mut sums = vec![0.0; self.n];
        for &row in rows {
            sums[group(row)] += floats.value(row as usize);
        }
        Ok(Arc::new(Float64Array::from(sums)))
    }

    /// The mean of each group, null of no values.
    fn mean(&self, values: &ArrayRef, rows: &[u32], of: &Asked, path: &str) -> Result<ArrayRef> {
        let floats = floats(values, rows, of, path)?;
        let mut sums = vec![(0.0, 0_u32); self.n];
        for &row in rows {
            let (sum, count) = &mut sums[self.of_row[row as usize] as usize];
            *sum += floats.value(row as usize);
            *count += 1;
        }
        let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        Ok(Arc::new(sums.into_iter().map(mean).collect::<Float64Array>()))
    }
}

/// Numbers as floats; a column without any value has none of the wrong type.
fn floats(values: &ArrayRef, rows: &[u32], of: &Asked, path: &str) -> Result<Float64Array> {
    let kind = values.data_type();
    if !kind.is_numeric() && *kind != DataType::Boolean && !rows.is_empty() {
        return Err(of.error(path, format!("it is {kind}, and only numbers have a sum")));
    }
    if rows.is_empty() {
        return Ok(Float64Array::from(vec![None; values.len()]));
    }
    let floats = match kind {
        DataType::Boolean => {
            cast(values, &DataType::UInt8).and_then(|v| cast(&v, &DataType::Float64))
        }
        _ => cast(values, &DataType::Float64),
    };
    Ok(floats.map_err(wrap)?.as_primitive::<Float64Type>().clone())
}
