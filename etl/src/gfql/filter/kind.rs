//! Columns by what can be asked of them; nothing is converted that can be read as it is.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Float64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

use super::super::set::Set;
use super::super::temporal::{DAY, Moment, Zone};
use super::range::Range;
use crate::Result;

const UTC: Zone = Zone::Fixed(0);

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Ints,
    Floats,
    Bools,
    Texts,
    /// Counts of a unit, in nanoseconds, since 1970, and the zone that days are of.
    Moments(Moment, Zone),
    /// What only its nulls can be asked of.
    Other,
}

impl Kind {
    pub(super) fn of(data_type: &DataType) -> Self {
        match data_type {
            kind if kind.is_integer() => Self::Ints,
            kind if kind.is_floating() || kind.is_decimal() => Self::Floats,
            DataType::Boolean => Self::Bools,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Texts,
            DataType::Timestamp(unit, zone) => {
                let scale = match unit {
                    TimeUnit::Second => 1_000_000_000,
                    TimeUnit::Millisecond => 1_000_000,
                    TimeUnit::Microsecond => 1_000,
                    TimeUnit::Nanosecond => 1,
                };
                Self::Moments(scale, zone.as_deref().and_then(Zone::of).unwrap_or(UTC))
            }
            DataType::Date32 => Self::Moments(DAY, UTC),
            DataType::Date64 => Self::Moments(1_000_000, UTC),
            _ => Self::Other,
        }
    }
}

/// `$body` with the values of an integer column, whose type it may call `$int`.
macro_rules! with_ints {
    ($column:expr, |$ints:ident: &[$int:ident]| $body:expr) => {{
        use arrow::datatypes as types;
        macro_rules! of {
            ($native:ty, $kind:ty) => {{
                type $int = $native;
                let $ints = arrow::array::AsArray::as_primitive::<$kind>($column).values();
                $body
            }};
        }
        match $column.data_type() {
            DataType::Int8 => of!(i8, types::Int8Type),
            DataType::Int16 => of!(i16, types::Int16Type),
            DataType::Int32 => of!(i32, types::Int32Type),
            DataType::Int64 => of!(i64, types::Int64Type),
            DataType::UInt8 => of!(u8, types::UInt8Type),
            DataType::UInt16 => of!(u16, types::UInt16Type),
            DataType::UInt32 => of!(u32, types::UInt32Type),
            DataType::UInt64 => of!(u64, types::UInt64Type),
            other => unreachable!("{other} should not be taken for integers"),
        }
    }};
}
pub(super) use with_ints;

/// The rows of a column of integers or times whose value is in `range`; what is below a null may be
/// among them.
pub(super) fn ints_in(column: &ArrayRef, range: Range, rows: &Set) -> Set {
    if column.data_type().is_integer() {
        return with_ints!(column, |ints: &[Int]| {
            let (least, most) = (i128::from(Int::MIN), i128::from(Int::MAX));
            let Range { low, high, inside } = range;
            if low > most || high < least || low > high {
                return if inside { Set::empty(rows.len()) } else { rows.clone() };
            }
            let (low, high) = (low.max(least) as Int, high.min(most) as Int);
            rows.filter_values(ints, |value| (low <= value && value <= high) == inside)
        });
    }
    let Range { low, high, inside } = range;
    let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
    if low > most || high < least || low > high {
        return if inside { Set::empty(rows.len()) } else { rows.clone() };
    }
    let (low, high) = (low.max(least) as i64, high.min(most) as i64);
    units(column, |units| {
        rows.filter_values(units, |value| (low <= value && value <= high) == inside)
    })
}

/// `body` of the counts that a column of times is made of.
pub(super) fn units<R>(column: &ArrayRef, body: impl FnOnce(&[i64]) -> R) -> R {
    let units: Cow<[i64]> = match column.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            Cow::Borrowed(column.as_primitive::<TimestampSecondType>().values())
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            Cow::Borrowed(column.as_primitive::<TimestampMillisecondType>().values())
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Cow::Borrowed(column.as_primitive::<TimestampMicrosecondType>().values())
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Cow::Borrowed(column.as_primitive::<TimestampNanosecondType>().values())
        }
        DataType::Date64 => Cow::Borrowed(column.as_primitive::<Date64Type>().values()),
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().values();
            Cow::Owned(days.iter().map(|&day| i64::from(day)).collect())
        }
        other => unreachable!("{other} should not be taken for times"),
    };
    body(&units)
}

/// The column as floats of 64 bits.
pub(super) fn floats(column: &ArrayRef) -> Result<arrow::array::PrimitiveArray<Float64Type>> {
    let floats = cast(column, &DataType::Float64).map_err(graph_core::Error::from)?;
    Ok(floats.as_primitive().clone())
}
