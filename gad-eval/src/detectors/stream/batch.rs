//! Edges of a stream from Arrow columns.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};

use super::super::random::Random;
use super::StreamEdges;

use crate::{Error, Result};

/// The edges of one Arrow batch.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamBatch {
    sources: Vec<u64>,
    targets: Vec<u64>,
    times: Vec<i64>,
}

impl StreamBatch {
    /// Reads three columns of `batch` by their names.
    ///
    /// Ids are integers, of which negative ones keep their bits, or strings, which become a 64-bit
    /// hash of their bytes. Times are integers, dates or timestamps, in the unit they have, or
    /// finite floating point numbers, which are rounded down.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no such column; [`Error::BadColumn`] if it has another type, or
    /// no value somewhere; [`Error::NotFinite`] for a time that is not.
    pub fn new(batch: &RecordBatch, source: &str, target: &str, time: &str) -> Result<Self> {
        let sources = ids(column(batch, source)?, source)?;
        let targets = ids(column(batch, target)?, target)?;
        let times = column_times(column(batch, time)?, time)?;
        Ok(Self { sources, targets, times })
    }

    /// The edges of three columns of one length.
    pub(super) fn of_columns(sources: Vec<u64>, targets: Vec<u64>, times: Vec<i64>) -> Self {
        Self { sources, targets, times }
    }

    /// Its edges.
    pub fn edges(&self) -> StreamEdges<'_> {
        StreamEdges { sources: &self.sources, targets: &self.targets, times: &self.times }
    }
}

/// A column that has a value everywhere.
fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    let schema = batch.schema_ref();
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    let column =
        batch.column_by_name(name).ok_or_else(|| Error::unknown("column", name, names()))?;
    if column.null_count() > 0 {
        let row = (0..column.len()).position(|row| column.is_null(row)).unwrap_or(0);
        return Err(Error::BadColumn {
            name: name.into(),
            problem: format!("has no value in row {row}").into(),
        });
    }
    Ok(column)
}

fn bad_type(name: &str, found: &DataType, expected: &str) -> Error {
    let problem = format!("has the type {found}, but {expected} are needed").into();
    Error::BadColumn { name: name.into(), problem }
}

/// Ids as 64 bits.
fn ids(column: &ArrayRef, name: &str) -> Result<Vec<u64>> {
    match column.data_type() {
        DataType::UInt64 => Ok(column.as_primitive::<UInt64Type>().values().to_vec()),
        kind if kind.is_integer() => {
            let wide = cast(column, &DataType::Int64)?;
            Ok(wide.as_primitive::<Int64Type>().values().iter().map(|&id| id as u64).collect())
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            let text = cast(column, &DataType::LargeUtf8)
                .map_err(|_| bad_type(name, column.data_type(), "integers or strings"))?;
            Ok(text.as_string::<i64>().iter().map(|id| id.map_or(0, of_text)).collect())
        }
        kind => Err(bad_type(name, kind, "integers or strings")),
    }
}

/// A 64-bit hash of a string, the same on every machine.
pub(super) fn of_text(text: &str) -> u64 {
    let mut state = text.len() as u64;
    for chunk in text.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state ^= u64::from_le_bytes(word);
        state = Random::new(state).word();
    }
    state
}

/// Times as integers.
pub(crate) fn column_times(column: &ArrayRef, name: &str) -> Result<Vec<i64>> {
    let kind = column.data_type();
    if kind.is_floating() {
        let wide = cast(column, &DataType::Float64)?;
        let values = wide.as_primitive::<Float64Type>().values();
        return match values.iter().position(|time| !time.is_finite()) {
            Some(index) => Err(Error::NotFinite { name: "time", index, value: values[index] }),
            None => Ok(values.iter().map(|time| time.floor() as i64).collect()),
        };
    }
    if kind.is_integer()
        || matches!(kind, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
    {
        // Unsigned 64-bit times beyond the signed ones have no place.
        let strict = arrow::compute::CastOptions { safe: false, ..Default::default() };
        let wide = match kind {
            DataType::Date32 => cast(&cast(column, &DataType::Int32)?, &DataType::Int64)?,
            _ => arrow::compute::cast_with_options(column, &DataType::Int64, &strict)?,
        };
        return Ok(wide.as_primitive::<Int64Type>().values().to_vec());
    }
    Err(bad_type(name, kind, "numbers or timestamps"))
}
