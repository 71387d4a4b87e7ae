//! Arrow columns as text, one cell at a time and fast.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, LargeStringArray,
    UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::json::writer::{EncoderOptions, make_encoder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rayon::prelude::*;

use crate::{NodeId, Result};

/// A column in one of the few shapes that text formats tell apart.
///
/// Dates, times, decimals and binary become text as Arrow prints them; lists, structs and maps
/// become JSON.
#[derive(Debug)]
pub(crate) enum Cells {
    Null(usize),
    Bool(BooleanArray),
    Int(Int64Array),
    UInt(UInt64Array),
    Single(Float32Array),
    Double(Float64Array),
    Text(LargeStringArray),
    Json(LargeStringArray),
}

/// How a format spells what is not a number.
pub(crate) trait Spelling: Sync {
    /// Appends `text`, quoted or escaped as the format needs it.
    fn text(&self, text: &str, out: &mut Vec<u8>);
    /// Appends a nested value, given as JSON.
    fn json(&self, json: &str, out: &mut Vec<u8>) {
        self.text(json, out);
    }
    /// Appends a missing value.
    fn null(&self, _out: &mut Vec<u8>) {}
    /// Appends a number that is not finite.
    fn not_finite(&self, value: f64, out: &mut Vec<u8>) {
        out.extend_from_slice(match value {
            f64::INFINITY => b"inf",
            f64::NEG_INFINITY => b"-inf",
            _ => b"NaN",
        });
    }
}

impl Cells {
    /// Prepares a column; numbers and text are not copied where their type allows it.
    pub(crate) fn new(array: &ArrayRef) -> Result<Self> {
        use DataType as T;
        let typed = |to: &DataType| cast(array, to);
        Ok(match array.data_type() {
            T::Null => Self::Null(array.len()),
            T::Boolean => Self::Bool(typed(&T::Boolean)?.into_data().into()),
            T::Int8 | T::Int16 | T::Int32 | T::Int64 => {
                Self::Int(typed(&T::Int64)?.into_data().into())
            }
            T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => {
                Self::UInt(typed(&T::UInt64)?.into_data().into())
            }
            T::Float16 | T::Float32 => Self::Single(typed(&T::Float32)?.into_data().into()),
            T::Float64 => Self::Double(typed(&T::Float64)?.into_data().into()),
            T::Utf8 | T::LargeUtf8 | T::Utf8View => {
                Self::Text(typed(&T::LargeUtf8)?.into_data().into())
            }
            T::Dictionary(_, values) => return Self::new(&typed(values)?),
            // Whoever reads a file need not know the rules of a named zone: the instant is written in UTC.
            T::Timestamp(unit, Some(zone))
                if !(zone.starts_with(['+', '-']) && zone.parse::<Tz>().is_ok()) =>
            {
                Self::Text(as_text(&typed(&T::Timestamp(*unit, Some("+00:00".into())))?)?)
            }
            nested if nested.is_nested() => Self::Json(as_json(array)?),
            _ => Self::Text(as_text(array)?),
        })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Null(len) => *len,
            _ => self.array().map_or(0, Array::len),
        }
    }

    fn array(&self) -> Option<&dyn Array> {
        Some(match self {
            Self::Null(_) => return None,
            Self::Bool(array) => array,
            Self::Int(array) => array,
            Self::UInt(array) => array,
            Self::Single(array) => array,
            Self::Double(array) => array,
            Self::Text(array) | Self::Json(array) => array,
        })
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.array().is_none_or(|array| array.is_null(row))
    }

    /// Appends the cell of `row`.
    pub(crate) fn push(&self, row: usize, spelling: &impl Spelling, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return spelling.null(out);
        }
        match self {
            Self::Null(_) => spelling.null(out),
            Self::Bool(array) => {
                out.extend_from_slice(if array.value(row) { b"true" } else { b"false" });
            }
            Self::Int(array) => push_int(array.value(row), out),
            Self::UInt(array) => push_int(array.value(row), out),
            Self::Single(array) => {
                let value = array.value(row);
                if value.is_finite() {
                    push_float(value, out);
                } else {
                    spelling.not_finite(value.into(), out);
                }
            }
            Self::Double(array) => {
                let value = array.value(row);
                if value.is_finite() {
                    push_float(value, out);
                } else {
                    spelling.not_finite(value, out);
                }
            }
            Self::Text(array) => spelling.text(array.value(row), out),
            Self::Json(array) => spelling.json(array.value(row), out),
        }
    }
}

/// Appends an integer.
pub(crate) fn push_int(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends the shortest digits that read back as the same float; `value` is finite.
pub(crate) fn push_float(value: impl zmij::Float, out: &mut Vec<u8>) {
    out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
}

/// Each value of a nested column as JSON.
fn as_json(array: &ArrayRef) -> Result<LargeStringArray> {
    let field = Arc::new(Field::new("value", array.data_type().clone(), true));
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let mut encoder = make_encoder(&field, array, &options)?;
    let mut json = Vec::new();
    (0..array.len())
        .map(|row| {
            if array.is_null(row) {
                return Ok(None);
            }
            json.clear();
            encoder.encode(row, &mut json);
            Ok(Some(String::from_utf8_lossy(&json).into_owned()))
        })
        .collect()
}

/// Each value of a column as Arrow prints it.
fn as_text(array: &ArrayRef) -> Result<LargeStringArray> {
    let options = FormatOptions::new().with_display_error(false);
    let formatter = ArrayFormatter::try_new(array, &options)?;
    (0..array.len())
        .map(|row| {
            let text = || formatter.value(row).try_to_string();
            Ok((!array.is_null(row)).then(text).transpose()?)
        })
        .collect()
}

/// External ids as a format spells them: other ids than integers once for each node, to be copied
/// once for each edge end. Integers are quicker to spell than to look up.
#[derive(Debug)]
pub(crate) enum SpelledIds {
    Ints(Int64Array),
    Naturals(UInt64Array),
    Texts { offsets: Vec<usize>, bytes: Vec<u8> },
}

impl SpelledIds {
    /// Spells the ids in `ids`, shape `[n]`.
    pub(crate) fn new(ids: &ArrayRef, spelling: &impl Spelling) -> Result<Self> {
        let cells = match Cells::new(ids)? {
            Cells::Int(ids) => return Ok(Self::Ints(ids)),
            Cells::UInt(ids) => return Ok(Self::Naturals(ids)),
            other => other,
        };
        let blocks: Vec<_> = blocks(cells.len())
            .into_par_iter()
            .map(|rows| {
                let mut bytes = Vec::new();
                let mut ends = Vec::with_capacity(rows.len());
                for row in rows {
                    cells.push(row, spelling, &mut bytes);
                    ends.push(bytes.len());
                }
                (bytes, ends)
            })
            .collect();
        let (mut offsets, mut bytes) = (vec![0], Vec::new());
        for (block, ends) in blocks {
            let start = bytes.len();
            offsets.extend(ends.iter().map(|end| start + end));
            bytes.extend_from_slice(&block);
        }
        Ok(Self::Texts { offsets, bytes })
    }

    /// Appends the id of node `u`.
    pub(crate) fn push(&self, u: NodeId, out: &mut Vec<u8>) {
        let u = u as usize;
        match self {
            Self::Ints(ids) => push_int(ids.value(u), out),
            Self::Naturals(ids) => push_int(ids.value(u), out),
            Self::Texts { offsets, bytes } => {
                out.extend_from_slice(&bytes[offsets[u]..offsets[u + 1]]);
            }
        }
    }
}

/// Rows of one block of text: enough to keep a thread busy, few enough to stay in cache.
const BLOCK: usize = 1 << 14;

fn blocks(rows: usize) -> Vec<Range<usize>> {
    (0..rows).step_by(BLOCK).map(|start| start..rows.min(start + BLOCK)).collect()
}

/// Writes `rows` rows in order: blocks of rows are formatted in parallel while the blocks before
/// them are written.
pub(crate) fn write_rows(
    out: &mut (dyn std::io::Write + Send),
    rows: usize,
    format: impl Fn(Range<usize>, &mut Vec<u8>) -> Result<()> + Sync,
) -> Result<()> {
    let blocks = blocks(rows);
    let mut ready: Vec<Vec<u8>> = Vec::new();
    for group in blocks.chunks(rayon::current_num_threads() * 4).chain([&[][..]]) {
        let (written, next) = rayon::join(
            || ready.iter().try_for_each(|bytes| out.write_all(bytes)),
            || {
                let formatted = group.par_iter().map(|rows| {
                    let mut bytes = Vec::with_capacity(rows.len() * 16);
                    format(rows.clone(), &mut bytes)?;
                    Ok(bytes)
                });
                formatted.collect::<Result<Vec<_>>>()
            },
        );
        written?;
        ready = next?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use arrow::array::TimestampMicrosecondArray;

    use super::*;

    #[test]
    fn instants_of_named_zones_are_written_in_utc() {
        let text = |zone: &str| {
            let instants = TimestampMicrosecondArray::from(vec![Some(1_500_000), None]);
            let cells = Cells::new(&(Arc::new(instants.with_timezone(zone)) as ArrayRef)).unwrap();
            let Cells::Text(text) = cells else { panic!("{cells:?}") };
            assert!(text.is_null(1));
            text.value(0).to_owned()
        };
        assert_eq!(text("UTC"), "1970-01-01T00:00:01.500Z");
        assert_eq!(text("America/New_York"), "1970-01-01T00:00:01.500Z");
        assert_eq!(text("+01:00"), "1970-01-01T01:00:01.500+01:00");
    }
}
