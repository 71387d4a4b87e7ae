//! What types of columns are called.

use arrow::datatypes::{DataType, TimeUnit};

/// What this project calls a type, wherever it says one: in messages, tables, summaries and JSON.
///
/// Numbers have the names that NumPy and polars give them (`int64`, `float32`), texts are `text` in each of Arrow's
/// three layouts, and a dictionary of texts is a `category`.
///
/// # Examples
///
/// ```
/// use arrow::datatypes::{DataType, TimeUnit};
/// use graph_core::type_name;
///
/// assert_eq!(type_name(&DataType::Int64), "int64");
/// assert_eq!(type_name(&DataType::Utf8View), "text");
/// assert_eq!(type_name(&DataType::Timestamp(TimeUnit::Second, Some("UTC".into()))), "timestamp UTC");
/// assert_eq!(type_name(&DataType::new_list(DataType::Float64, true)), "list of float64");
/// ```
pub fn type_name(data_type: &DataType) -> String {
    use DataType as T;
    match data_type {
        T::Utf8 | T::LargeUtf8 | T::Utf8View => "text".to_owned(),
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => "binary".to_owned(),
        T::Date32 | T::Date64 => "date".to_owned(),
        T::Time32(_) | T::Time64(_) => "time".to_owned(),
        T::Timestamp(_, None) => "timestamp".to_owned(),
        T::Timestamp(_, Some(zone)) => format!("timestamp {zone}"),
        T::Duration(TimeUnit::Second) => "duration in s".to_owned(),
        T::Duration(TimeUnit::Millisecond) => "duration in ms".to_owned(),
        T::Duration(TimeUnit::Microsecond) => "duration in us".to_owned(),
        T::Duration(TimeUnit::Nanosecond) => "duration in ns".to_owned(),
        T::Decimal32(digits, scale)
        | T::Decimal64(digits, scale)
        | T::Decimal128(digits, scale)
        | T::Decimal256(digits, scale) => format!("decimal({digits}, {scale})"),
        T::Dictionary(_, values) => match values.is_string() {
            true => "category".to_owned(),
            false => type_name(values),
        },
        T::RunEndEncoded(_, values) => type_name(values.data_type()),
        T::List(entry) | T::LargeList(entry) | T::ListView(entry) | T::LargeListView(entry) => {
            format!("list of {}", type_name(entry.data_type()))
        }
        T::FixedSizeList(entry, size) => format!("list of {size} {}", type_name(entry.data_type())),
        T::Struct(fields) => {
            let field = |field: &arrow::datatypes::FieldRef| {
                format!("{} {}", field.name(), type_name(field.data_type()))
            };
            format!("struct of {}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn types_have_one_name() {
        let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let cases = [
            (DataType::Boolean, "boolean"),
            (DataType::UInt8, "uint8"),
            (DataType::Float16, "float16"),
            (DataType::Null, "null"),
            (DataType::LargeUtf8, "text"),
            (text.clone(), "category"),
            (DataType::new_large_list(text, true), "list of category"),
            (DataType::new_fixed_size_list(DataType::Int8, 3, true), "list of 3 int8"),
            (DataType::Decimal128(10, 2), "decimal(10, 2)"),
            (DataType::Time64(TimeUnit::Nanosecond), "time"),
            (DataType::Duration(TimeUnit::Millisecond), "duration in ms"),
            (
                DataType::Struct(
                    vec![
                        Field::new("a", DataType::Int64, true),
                        Field::new("b", DataType::Date32, true),
                    ]
                    .into(),
                ),
                "struct of a int64, b date",
            ),
        ];
        for (data_type, expected) in cases {
            assert_eq!(type_name(&data_type), expected, "{data_type:?}");
        }
    }
}
