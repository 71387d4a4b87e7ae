//! The rows that verbs work on.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use polars::prelude as pl;
use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

/// A number as if by chance, of 53 bits.
fn mixed(row: u64, salt: u64) -> u64 {
    let bits = (row ^ (salt << 56)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (bits ^ (bits >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 11
}

/// Of rows `rows`: keys `k`, of which there are `n_keys`; whole numbers `v` below 1,000; fractions `x`.
pub(crate) fn numbers(rows: std::ops::Range<u64>, n_keys: u64) -> RecordBatch {
    let keys: Int64Array = rows.clone().map(|row| Some((mixed(row, 1) % n_keys) as i64)).collect();
    let values: Int64Array = rows.clone().map(|row| Some((mixed(row, 2) % 1_000) as i64)).collect();
    let fractions: Float64Array =
        rows.map(|row| Some(mixed(row, 3) as f64 / (1u64 << 53) as f64)).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("k", Arc::new(keys)), ("v", Arc::new(values)), ("x", Arc::new(fractions))];
    batch(columns)
}

/// These, and text `s` of 10,000 kinds and `d` of 8, times `at` of a year, and numbers `m` of which
/// each tenth is missing.
pub(crate) fn all(n_rows: u64) -> RecordBatch {
    let numbers = numbers(0..n_rows, n_keys(n_rows));
    let texts = (0..n_rows).map(|row| format!("User {}", mixed(row, 4) % 10_000));
    let digits = (0..n_rows)
        .map(|row| ["0", "1", "2", "3", "4", "5", "6", "7"][(mixed(row, 5) % 8) as usize]);
    let times: TimestampMicrosecondArray = (0..n_rows)
        .map(|row| Some(1_700_000_000_000_000 + (mixed(row, 6) % 31_536_000_000_000) as i64))
        .collect();
    let missing: Int64Array = (0..n_rows)
        .map(|row| (!mixed(row, 7).is_multiple_of(10)).then(|| (mixed(row, 8) % 100) as i64))
        .collect();
    let names = ["k", "v", "x"].into_iter().zip(numbers.columns().iter().cloned());
    let more: [(&str, ArrayRef); 4] = [
        ("s", Arc::new(StringArray::from_iter_values(texts))),
        ("d", Arc::new(StringArray::from_iter_values(digits))),
        ("at", Arc::new(times)),
        ("m", Arc::new(missing)),
    ];
    batch(names.chain(more))
}

/// Half of the keys of so many rows, once each.
pub(crate) fn keys(n_rows: u64) -> RecordBatch {
    let keys: Int64Array = (0..n_keys(n_rows) as i64).step_by(2).map(Some).collect();
    batch([("k", Arc::new(keys) as ArrayRef)])
}

/// About 20 rows have the same key.
pub(crate) fn n_keys(n_rows: u64) -> u64 {
    (n_rows / 20).max(1)
}

fn batch<'a>(columns: impl IntoIterator<Item = (&'a str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns should be of one length")
}

/// The same rows as polars has them.
pub(crate) fn frame(batch: &RecordBatch) -> DataFrame {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
        let name = field.name().as_str().into();
        let series = match array.data_type() {
            DataType::Int64 if array.null_count() == 0 => {
                Series::new(name, &array.as_primitive::<Int64Type>().values()[..])
            }
            DataType::Int64 => {
                let values: pl::Int64Chunked = array.as_primitive::<Int64Type>().iter().collect();
                Series::from(values.with_name(name))
            }
            DataType::Float64 => {
                Series::new(name, &array.as_primitive::<Float64Type>().values()[..])
            }
            DataType::Timestamp(..) => {
                let micros = &array.as_primitive::<TimestampMicrosecondType>().values()[..];
                let times = pl::DataType::Datetime(pl::TimeUnit::Microseconds, None);
                Series::new(name, micros).cast(&times).expect("times should be numbers")
            }
            DataType::Utf8 => {
                Series::new(name, array.as_string::<i32>().iter().collect::<Vec<_>>())
            }
            other => unreachable!("there should be no column of {other}"),
        };
        series.into_column()
    });
    DataFrame::new(batch.num_rows(), columns.collect()).expect("columns should be of one length")
}
