//! Attribute columns of delimited text, built field by field.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, BooleanBufferBuilder, Date32Array, Float64Array, Int64Array,
    NullBufferBuilder, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, TimeUnit};

use crate::Result;
use crate::ingest::csv::class::{Kind, float, integer, natural, whole};
use crate::ingest::csv::scan::{FieldAt, Quote, undouble};
use crate::ingest::moment::{Moment, UTC, midnight, moment};

/// A column in the making.
#[derive(Debug)]
pub(crate) struct Column {
    values: Values,
    valid: NullBufferBuilder,
}

#[derive(Debug)]
enum Values {
    Null(usize),
    Bool(BooleanBufferBuilder),
    /// Also whether `3.0` is one of them.
    Int(Vec<i64>, bool),
    UInt(Vec<u64>),
    Float(Vec<f64>),
    Day(Vec<i32>),
    /// Microseconds, and whether they are of UTC.
    Time(Vec<i64>, bool),
    /// A block is far below 2 GiB, so its text is too.
    Text {
        ends: Vec<i32>,
        bytes: Vec<u8>,
    },
}

impl Kind {
    /// Arrow type of a column of this kind; text where no value was seen.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Null | Self::Text => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Int | Self::Whole => DataType::Int64,
            Self::UInt => DataType::UInt64,
            Self::Float => DataType::Float64,
            Self::Day => DataType::Date32,
            Self::Local => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        }
    }
}

impl Column {
    /// An empty column with room for `rows` values.
    pub(crate) fn new(kind: Kind, rows: usize) -> Self {
        let values = match kind {
            Kind::Null => Values::Null(0),
            Kind::Bool => Values::Bool(BooleanBufferBuilder::new(rows)),
            Kind::Int => Values::Int(Vec::with_capacity(rows), false),
            Kind::Whole => Values::Int(Vec::with_capacity(rows), true),
            Kind::UInt => Values::UInt(Vec::with_capacity(rows)),
            Kind::Float => Values::Float(Vec::with_capacity(rows)),
            Kind::Day => Values::Day(Vec::with_capacity(rows)),
            Kind::Local => Values::Time(Vec::with_capacity(rows), false),
            Kind::Instant => Values::Time(Vec::with_capacity(rows), true),
            Kind::Text => {
                let mut ends = Vec::with_capacity(rows + 1);
                ends.push(0);
                Values::Text { ends, bytes: Vec::new() }
            }
        };
        Self { values, valid: NullBufferBuilder::new(rows) }
    }

    /// Appends a field; false, and nothing appended, if it does not fit the type.
    #[inline]
    pub(crate) fn push(&mut self, text: &[u8], field: &FieldAt) -> bool {
        if field.is_null()
            || (field.start == field.end && !matches!(self.values, Values::Text { .. }))
        {
            self.push_null();
            return true;
        }
        let (start, end) = (field.start as usize, field.end as usize);
        match &mut self.values {
            Values::Null(_) => return false,
            Values::Bool(values) => {
                let value = field.of(text);
                if value.eq_ignore_ascii_case(b"true") {
                    values.append(true);
                } else if value.eq_ignore_ascii_case(b"false") {
                    values.append(false);
                } else {
                    return false;
                }
            }
            Values::Int(values, may_have_point) => match integer(text, start, end) {
                Some(value) => values.push(value),
                None => match whole(text, start, end).filter(|_| *may_have_point) {
                    Some(value) => values.push(value),
                    None => return false,
                },
            },
            Values::UInt(values) => match natural(text, start, end) {
                Some(value) => values.push(value),
                None => return false,
            },
            Values::Float(values) => match float(text, start, end) {
                Some(value) => values.push(value),
                None => return false,
            },
            Values::Day(values) => match moment(field.of(text)) {
                Some(Moment::Day(day)) => values.push(day),
                _ => return false,
            },
            Values::Time(values, is_utc) => match (moment(field.of(text)), *is_utc) {
                (Some(Moment::Instant(time)), true) | (Some(Moment::Local(time)), false) => {
                    values.push(time);
                }
                (Some(Moment::Day(day)), false) => values.push(midnight(day)),
                _ => return false,
            },
            Values::Text { ends, bytes } => {
                if field.quote == Quote::Doubled {
                    bytes.extend_from_slice(&undouble(field.of(text)));
                } else {
                    bytes.extend_from_slice(field.of(text));
                }
                ends.push(bytes.len() as i32);
            }
        }
        self.valid.append_non_null();
        true
    }

    #[cold]
    fn push_null(&mut self) {
        self.valid.append_null();
        match &mut self.values {
            Values::Null(rows) => *rows += 1,
            Values::Bool(values) => values.append(false),
            Values::Int(values, _) => values.push(0),
            Values::UInt(values) => values.push(0),
            Values::Float(values) => values.push(0.0),
            Values::Day(values) => values.push(0),
            Values::Time(values, _) => values.push(0),
            Values::Text { ends, bytes } => ends.push(bytes.len() as i32),
        }
    }

    /// The last value as a weight.
    #[inline]
    pub(crate) fn last_number(&self) -> f64 {
        match &self.values {
            Values::Int(values, _) => values.last().map_or(0.0, |&value| value as f64),
            Values::UInt(values) => values.last().map_or(0.0, |&value| value as f64),
            Values::Float(values) => values.last().copied().unwrap_or_default(),
            Values::Null(_)
            | Values::Bool(_)
            | Values::Day(_)
            | Values::Time(..)
            | Values::Text { .. } => 0.0,
        }
    }

    /// The column as an Arrow array.
    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
        let valid = self.valid.finish();
        Ok(match self.values {
            Values::Null(rows) => arrow::array::new_null_array(&DataType::Utf8, rows),
            Values::Bool(mut values) => Arc::new(BooleanArray::new(values.finish(), valid)),
            Values::Int(values, _) => Arc::new(Int64Array::new(values.into(), valid)),
            Values::UInt(values) => Arc::new(UInt64Array::new(values.into(), valid)),
            Values::Float(values) => Arc::new(Float64Array::new(values.into(), valid)),
            Values::Day(values) => Arc::new(Date32Array::new(values.into(), valid)),
            Values::Time(values, is_utc) => {
                let times = TimestampMicrosecondArray::new(values.into(), valid);
                Arc::new(times.with_timezone_opt(is_utc.then_some(UTC)))
            }
            Values::Text { ends, bytes } => {
                let ends = OffsetBuffer::new(ends.into());
                Arc::new(StringArray::try_new(ends, bytes.into(), valid)?)
            }
        })
    }
}
