//! Arrow columns as numbers, and which of them are names.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit};
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

/// Bounds of bins of a column of type `kind`, some of [`numbers`], as its values are printed; `inclusive` if a bound is in
/// the bin below it. Of moments that lie a minute or more apart, parts of a second say nothing.
pub(super) fn printed_bounds(kind: &DataType, bounds: &[f64], inclusive: bool) -> Vec<String> {
    // Values are whole numbers, so that this leaves each in its bin.
    let whole = |bound: f64| if inclusive { bound.floor() } else { bound.ceil() };
    let texts = bounds.iter().map(|&bound| {
        printed_time(kind, whole(bound)).unwrap_or_else(|| short(bound, kind.is_integer()))
    });
    let per_second = match kind {
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1e3,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1e6,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => 1e9,
        _ => return texts.collect(),
    };
    let are_near = |pair: &[f64]| pair[1] - pair[0] < 60.0 * per_second;
    if bounds.len() < 2 || bounds.windows(2).any(are_near) {
        return texts.collect();
    }
    let cut = |text: String| match text.split_once('.') {
        Some((whole, rest)) => {
            format!("{whole}{}", rest.trim_start_matches(|char: char| char.is_ascii_digit()))
        }
        None => text,
    };
    texts.map(cut).collect()
}

/// The date or time that is `value` in a column of type `kind`; `None` if that has none, or not this one.
fn printed_time(kind: &DataType, value: f64) -> Option<String> {
    let narrow = match kind {
        DataType::Date32 | DataType::Time32(_) => DataType::Int32,
        DataType::Date64 | DataType::Time64(_) | DataType::Timestamp(_, _) => DataType::Int64,
        _ => return None,
    };
    let value: ArrayRef = Arc::new(Int64Array::from(vec![value as i64]));
    let value = cast(&cast(&value, &narrow).ok()?, kind).ok()?;
    value.is_valid(0).then(|| printed(&value, 0).ok()).flatten()
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
        let texts = |kind: DataType, bounds: &[f64]| printed_bounds(&kind, bounds, false);
        assert_eq!(texts(DataType::Float64, &[0.25]), ["0.25"]);
        assert_eq!(texts(DataType::Int16, &[7.0]), ["7"]);
        assert_eq!(texts(DataType::Date64, &[86_400_000.0]), ["1970-01-02T00:00:00"]);
        assert_eq!(texts(DataType::Time32(TimeUnit::Second), &[43_200.0]), ["12:00:00"]);
        assert_eq!(texts(DataType::Time64(TimeUnit::Microsecond), &[1e6]), ["00:00:01"]);
        let micros =
            |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        let (early, late) = (1_577_836_800_250_000.0, 1_577_836_860_250_000.0);
        let [a, b] = ["2020-01-01T00:00:00.250", "2020-01-01T00:01:00.250"];
        assert_eq!(texts(micros(None), &[early]), [a]);
        assert_eq!(texts(micros(None), &[early, late - 1000.0]), [a, &b.replace("250", "249")]);
        assert_eq!(texts(micros(None), &[early, late]), [a, b].map(|text| &text[..19]));
        let there = texts(micros(Some("+01:00")), &[early, late]);
        assert_eq!(there, ["2020-01-01T01:00:00+01:00", "2020-01-01T01:01:00+01:00"]);
    }

    /// The first value that is not in the bin below, or the last that is.
    #[test]
    fn bounds_between_days_are_those_of_the_days_in_the_bins() {
        let text = |inclusive| printed_bounds(&DataType::Date32, &[18_263.4], inclusive);
        assert_eq!(text(false), ["2020-01-03"]);
        assert_eq!(text(true), ["2020-01-02"]);
    }

    #[test]
    fn bounds_that_are_no_times_are_numbers() {
        let text = |kind: DataType, bound| printed_bounds(&kind, &[bound], false).concat();
        assert_eq!(text(DataType::Time32(TimeUnit::Second), 86_400.0), "86400");
        assert_eq!(text(DataType::Date32, 1_577_836_800_000.0), "1577836800000");
        assert_eq!(text(DataType::Timestamp(TimeUnit::Second, None), 1e18), "1.000e18");
    }
}
