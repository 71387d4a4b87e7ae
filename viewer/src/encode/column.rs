//! Arrow columns: which encoding a type gets, and its values as text or numbers.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::encode::{Colors, categorical, continuous};
use crate::{ColorScale, Error, Result};

/// An integer column with more different values than this is a measure, not a set of categories.
const MOST_INTEGER_CATEGORIES: usize = 12;

/// Colors the nodes by `column`, shape `[n]`.
///
/// Strings, booleans, dictionaries and integers with at most 12 different values are
/// [`categorical`]; other numbers, dates and times are [`continuous`]; nulls are gray.
///
/// # Errors
///
/// [`Error::ColumnType`] if the type is none of these; `name` is for the message.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{ArrayRef, StringArray};
/// use graph_viewer::ColorScale;
/// use graph_viewer::encode::{PALETTE, colors};
///
/// let column: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a"]));
/// let encoded = colors("kind", &column, ColorScale::Auto)?;
/// assert_eq!(encoded.colors, [PALETTE[0], PALETTE[1], PALETTE[0]]);
/// # Ok::<(), graph_viewer::Error>(())
/// ```
pub fn colors(name: &str, column: &ArrayRef, scale: ColorScale) -> Result<Colors> {
    if is_text(column.data_type()) {
        let texts = texts(name, column)?;
        let values: Vec<_> = texts.iter().map(Option::as_deref).collect();
        return Ok(categorical(&values));
    }
    let values = numbers(name, column)?;
    if column.data_type().is_integer() {
        let mut different = HashSet::new();
        let few = values.iter().all(|value| {
            different.insert(value.to_bits());
            different.len() <= MOST_INTEGER_CATEGORIES + usize::from(column.null_count() > 0)
        });
        if few {
            let texts = texts(name, column)?;
            return Ok(categorical(&texts.iter().map(Option::as_deref).collect::<Vec<_>>()));
        }
    }
    Ok(continuous(&values, scale))
}

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

/// Values as text, nulls as `None`.
fn texts(name: &str, column: &ArrayRef) -> Result<Vec<Option<String>>> {
    if column.data_type().is_nested() && !matches!(column.data_type(), DataType::Dictionary(_, _)) {
        return Err(Error::ColumnType {
            column: name.to_owned(),
            found: column.data_type().to_string(),
            expected: "a plain value was needed",
        });
    }
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    (0..column.len())
        .map(|row| {
            if column.is_null(row) {
                return Ok(None);
            }
            Ok(Some(formatter.value(row).try_to_string()?))
        })
        .collect()
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
    use std::sync::Arc;

    use arrow::array::{BooleanArray, DictionaryArray, Float32Array, Int32Array, ListArray};
    use arrow::array::{StringArray, TimestampSecondArray};
    use arrow::datatypes::Int8Type;

    use super::*;
    use crate::encode::{Key, MISSING, PALETTE, viridis};

    fn encode(column: impl Array + 'static) -> Colors {
        colors("c", &(Arc::new(column) as ArrayRef), ColorScale::Auto).unwrap()
    }

    #[test]
    fn strings_booleans_dictionaries_and_few_integers_are_categories() {
        let expected = vec![PALETTE[0], PALETTE[1], PALETTE[0], MISSING];
        let text = vec![Some("a"), Some("b"), Some("a"), None];
        assert_eq!(encode(StringArray::from(text.clone())).colors, expected);
        let dictionary: DictionaryArray<Int8Type> = text.into_iter().collect();
        assert_eq!(encode(dictionary).colors, expected);
        let flags = vec![Some(true), Some(false), Some(true), None];
        assert_eq!(encode(BooleanArray::from(flags)).colors, expected);
        let numbers = vec![Some(7), Some(-1), Some(7), None];
        assert_eq!(encode(Int32Array::from(numbers)).colors, expected);
    }

    #[test]
    fn floats_many_integers_and_times_are_a_scale() {
        assert_eq!(
            encode(Float32Array::from(vec![Some(0.0), None, Some(2.0)])).colors,
            [viridis(0.0), MISSING, viridis(1.0)]
        );
        let many: Vec<i32> = (0..=MOST_INTEGER_CATEGORIES as i32).collect();
        assert!(matches!(encode(Int32Array::from(many)).key, Some(Key::Scale { .. })));
        let times = encode(TimestampSecondArray::from(vec![0, 86_400]));
        assert_eq!(times.colors, [viridis(0.0), viridis(1.0)]);
    }

    #[test]
    fn a_list_is_refused_by_name_and_type() {
        let list =
            ListArray::from_iter_primitive::<arrow::datatypes::Int32Type, _, _>([Some([Some(1)])]);
        let error = colors("tags", &(Arc::new(list) as ArrayRef), ColorScale::Auto).unwrap_err();
        assert!(error.to_string().starts_with("column `tags` has type List"), "{error}");
    }
}
