//! Arrow columns as numbers, and which of them are names.

use arrow::array::{Array, ArrayRef, AsArray};
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
                found: other.to_string(),
                expected: "a number, a date or a time was needed",
            });
        }
    };
    Ok(as_number.as_primitive::<Float64Type>().iter().map(|v| v.unwrap_or(f64::NAN)).collect())
}

/// The value of `row` as text.
pub(crate) fn printed(column: &ArrayRef, row: usize) -> Result<String> {
    let options = FormatOptions::default();
    Ok(ArrayFormatter::try_new(column.as_ref(), &options)?.value(row).try_to_string()?)
}

/// Whether values are names rather than measures.
pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}
