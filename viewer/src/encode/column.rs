//! Arrow columns as numbers, and which of them are names.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::{Error, Result};

/// Values as numbers, nulls as NaN.
pub(crate) fn numbers(name: &str, column: &ArrayRef) -> Result<Vec<f64>> {
    let as_number = match column.data_type() {
        kind if kind.is_numeric() => cast(column, &DataType::Float64)?,
        // A time casts to a number only by way of its own integer.
        DataType::Date32 | DataType::Time32(_) => {
            cast(&cast(column, &DataType::Int32)?, &DataType::Float64)?
        }
        DataType::Date64
        | DataType::Time64(_)
        | DataType::Timestamp(_, _)
        | DataType::Duration(_) => cast(&cast(column, &DataType::Int64)?, &DataType::Float64)?,
        DataType::Dictionary(_, values) if values.is_numeric() => cast(column, &DataType::Float64)?,
        other => {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                found: graph_core::type_name(other),
                expected: "a number, a date or a time was needed",
            });
        }
    };
    Ok(as_number.as_primitive::<Float64Type>().iter().map(|v| v.unwrap_or(f64::NAN)).collect())
}

/// The value of `row` as text; a number that is not whole by its type in few digits.
pub(crate) fn printed(column: &ArrayRef, row: usize) -> Result<String> {
    if column.data_type().is_floating() && column.is_valid(row) {
        let value = cast(&column.slice(row, 1), &DataType::Float64)?;
        return Ok(short(value.as_primitive::<Float64Type>().value(0), false));
    }
    let options = FormatOptions::default();
    Ok(ArrayFormatter::try_new(column.as_ref(), &options)?.value(row).try_to_string()?)
}

/// A number in few digits.
fn short(value: f64, is_integer: bool) -> String {
    if value == 0.0 || !value.is_finite() || (is_integer && value.fract() == 0.0) {
        return value.to_string();
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 17) as usize;
    let text = format!("{value:.digits$}");
    match value.abs() {
        1e-4..1e15 if text.contains('.') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        1e-4..1e15 => text,
        _ => format!("{value:.3e}"),
    }
}

/// A bound of bins of a column of type `kind`, one of [`numbers`], as its values are printed. Of the moments that bins
/// begin at, parts of a second say nothing.
pub(super) fn printed_bound(kind: &DataType, bound: f64) -> Result<String> {
    let narrow = match kind {
        DataType::Date32 | DataType::Time32(_) => DataType::Int32,
        DataType::Date64 | DataType::Time64(_) | DataType::Timestamp(_, _) => DataType::Int64,
        kind => return Ok(short(bound, kind.is_integer())),
    };
    let bound: ArrayRef = Arc::new(Int64Array::from(vec![bound.round() as i64]));
    let text = printed(&cast(&cast(&bound, &narrow)?, kind)?, 0)?;
    let Some((whole, rest)) = text.split_once('.') else { return Ok(text) };
    Ok(format!("{whole}{}", rest.trim_start_matches(|char: char| char.is_ascii_digit())))
}

/// Whether values are names rather than measures.
pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float32Array, Float64Array};
    use arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn fractions_are_printed_in_few_digits() {
        let text = |column: ArrayRef| printed(&column, 0).unwrap();
        assert_eq!(text(Arc::new(Float64Array::from(vec![0.051_287_483_777_594]))), "0.05129");
        assert_eq!(text(Arc::new(Float32Array::from(vec![0.1]))), "0.1");
        assert_eq!(text(Arc::new(Float64Array::from(vec![123_456.789]))), "123457");
        assert_eq!(text(Arc::new(Float64Array::from(vec![1.5e-9]))), "1.500e-9");
        assert_eq!(text(Arc::new(Int64Array::from(vec![123_456_789]))), "123456789");
    }

    #[test]
    fn bounds_of_times_are_times() {
        let text = |kind: DataType, bound| printed_bound(&kind, bound).unwrap();
        assert_eq!(text(DataType::Float64, 0.25), "0.25");
        assert_eq!(text(DataType::Int16, 7.0), "7");
        assert_eq!(text(DataType::Date32, 18_262.0), "2020-01-01");
        let micros =
            |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        assert_eq!(text(micros(None), 1_577_836_800_250_000.5), "2020-01-01T00:00:00");
        assert_eq!(
            text(micros(Some("+01:00")), 1_577_836_800_250_000.5),
            "2020-01-01T01:00:00+01:00"
        );
    }
}
