//! The distinct values of a column.

use arrow::array::{Array, ArrayRef, AsArray, GenericByteArray};
use arrow::compute::{cast, filter, is_not_null};
use arrow::datatypes::{ArrowNativeType, ByteArrayType, DataType, UInt64Type};

use crate::ids::{BytesKey, BytesKeys, IntKeys, Seed, Table};
use crate::{Error, Result, type_name};

/// The values of a column as codes in order of first appearance.
///
/// | array    | shape    | meaning                                                     |
/// |----------|----------|-------------------------------------------------------------|
/// | `codes`  | `[rows]` | code of the value, [`Factorized::NULL`] where there is none |
/// | `firsts` | `[k]`    | row of the first appearance of each code, ascending         |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factorized {
    /// Code of each row's value.
    pub codes: Vec<u32>,
    /// Row of each code's first appearance.
    pub firsts: Vec<u32>,
}

impl Factorized {
    /// The code of a null.
    pub const NULL: u32 = u32::MAX;
}

/// Codes of the values of column `name` of strings, binary or unsigned 64-bit integers.
///
/// O(rows) time on average, on all threads where values are often alike; tables of distinct values, one for
/// each thread, are all that is held beside the result, and a copy of the column without its nulls if there are any.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{ArrayRef, StringArray};
/// use graph_core::{Factorized, factorize};
///
/// let column: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), None, Some("a"), Some("b")]));
/// let values = factorize("c", &column)?;
/// assert_eq!(values.codes, [0, Factorized::NULL, 1, 0]);
/// assert_eq!(values.firsts, [0, 2]);
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ColumnType`] if the column has another type;
/// - [`Error::TooManyNodes`] if it has more than `u32::MAX - 1` rows.
pub fn factorize(name: &str, column: &ArrayRef) -> Result<Factorized> {
    let rows = column.len();
    if rows >= u32::MAX as usize {
        return Err(Error::TooManyNodes { n_nodes: rows });
    }
    let nulls = column.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    let valid = match &nulls {
        Some(_) => filter(column, &is_not_null(column)?)?,
        None => column.clone(),
    };
    let rows = 0..valid.len();
    let dense = match column.data_type() {
        DataType::UInt64 => {
            let values = valid.as_primitive::<UInt64Type>().values();
            Table::new(IntKeys::default(), Seed::random(), u32::MAX)
                .intern_rows_in_parallel(rows, |row| values[row])
        }
        DataType::Utf8 => packed(valid.as_string::<i32>()),
        DataType::LargeUtf8 => packed(valid.as_string::<i64>()),
        DataType::Binary => packed(valid.as_binary::<i32>()),
        DataType::LargeBinary => packed(valid.as_binary::<i64>()),
        DataType::Utf8View | DataType::BinaryView => {
            let views = cast(&valid, &DataType::BinaryView)?;
            let views = views.as_binary_view();
            bytes_table().intern_rows_in_parallel(rows, |row| BytesKey::in_views(views, row))
        }
        other => {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                found: type_name(other),
                expected: "strings, binary or unsigned 64-bit integers were needed",
            });
        }
    };
    let codes = match nulls {
        None => dense,
        Some(nulls) => {
            let mut dense = dense.into_iter();
            let code = |valid| if valid { dense.next() } else { None };
            nulls.iter().map(code).map(|code| code.unwrap_or(Factorized::NULL)).collect()
        }
    };
    let mut firsts = Vec::new();
    for (row, &code) in codes.iter().enumerate() {
        if code as usize == firsts.len() {
            firsts.push(row as u32);
        }
    }
    Ok(Factorized { codes, firsts })
}

fn bytes_table() -> Table<BytesKeys> {
    Table::new(BytesKeys::default(), Seed::random(), u32::MAX)
}

/// Codes of strings or binary that lie end to end, read where they are.
fn packed<T: ByteArrayType>(values: &GenericByteArray<T>) -> Vec<u32> {
    let (bytes, offsets) = (values.value_data(), values.value_offsets());
    let key =
        |row: usize| BytesKey::in_text(bytes, offsets[row].as_usize(), offsets[row + 1].as_usize());
    bytes_table().intern_rows_in_parallel(0..values.len(), key)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow::array::{Int32Array, LargeStringArray, UInt64Array};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: a standard hash map that hands out the next number.
        #[test]
        fn codes_are_in_order_of_first_appearance(values in prop::collection::vec(prop::option::of("[ab]{0,14}"), 0..300)) {
            let (mut codes, mut firsts) = (HashMap::new(), vec![]);
            let expected: Vec<u32> = values.iter().enumerate().map(|(row, value)| {
                let Some(value) = value else { return Factorized::NULL };
                let next = codes.len() as u32;
                *codes.entry(value).or_insert_with(|| {
                    firsts.push(row as u32);
                    next
                })
            }).collect();
            let expected = Factorized { codes: expected, firsts };
            // Part of a longer column, which begins with a text and a null that are none of these.
            let longer = [Some("before".to_owned()), None].into_iter().chain(values.clone());
            let texts: ArrayRef = Arc::new(longer.collect::<LargeStringArray>());
            for data_type in [
                DataType::LargeUtf8,
                DataType::Utf8,
                DataType::Utf8View,
                DataType::LargeBinary,
                DataType::Binary,
                DataType::BinaryView,
            ] {
                let column = cast(&texts, &data_type).unwrap().slice(2, values.len());
                prop_assert_eq!(factorize("c", &column).unwrap(), expected.clone());
            }
            let numbers = expected.codes.iter().map(|&code| (code != Factorized::NULL).then_some(u64::from(code) << 40));
            let numbers: ArrayRef = Arc::new(numbers.collect::<UInt64Array>());
            prop_assert_eq!(factorize("c", &numbers).unwrap(), expected);
        }
    }

    #[test]
    fn many_rows_have_the_codes_that_one_thread_gives() {
        let n = 700_000_u64;
        for n_distinct in [3, 5_000, 600_000] {
            // Values that are new late, too.
            let value =
                |row: u64| (row * row).wrapping_mul(0x9e37_79b9) % n_distinct.min(row / 3 + 1);
            let numbers: ArrayRef = Arc::new((0..n).map(value).collect::<UInt64Array>());
            let texts: ArrayRef = Arc::new(
                (0..n)
                    .map(|row| Some(format!("a longer text {}", value(row))))
                    .collect::<LargeStringArray>(),
            );
            let with = |threads: usize, column: &ArrayRef| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| factorize("c", column).unwrap())
            };
            let expected = with(1, &numbers);
            assert_eq!(with(3, &numbers), expected);
            assert_eq!(with(3, &texts), expected);
        }
    }

    #[test]
    fn other_types_are_refused() {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        assert!(matches!(factorize("c", &column), Err(Error::ColumnType { .. })));
    }
}
