//! How much memory rows take.

use arrow::datatypes::{DataType, Schema};

/// Bytes that a value of text, binary or a list is taken to have beside its fixed part.
const VARIABLE: u64 = 16;

/// Bytes of a row in memory, about: texts and lists are taken to be short.
///
/// | type                     | bytes             |
/// |--------------------------|-------------------|
/// | numbers, times, decimals | their width       |
/// | flags                    | 1                 |
/// | text, binary             | 16 + 16           |
/// | categories               | 4                 |
/// | lists                    | 8 + 16            |
/// | structs                  | sum of the fields |
pub(super) fn row_bytes(schema: &Schema) -> u64 {
    schema.fields().iter().map(|field| value_bytes(field.data_type())).sum()
}

fn value_bytes(kind: &DataType) -> u64 {
    match kind {
        DataType::Null => 0,
        DataType::Boolean => 1,
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => 16 + VARIABLE,
        DataType::List(_) | DataType::LargeList(_) => 8 + VARIABLE,
        DataType::FixedSizeList(entry, n) => *n as u64 * value_bytes(entry.data_type()),
        DataType::FixedSizeBinary(n) => *n as u64,
        DataType::Struct(fields) => fields.iter().map(|field| value_bytes(field.data_type())).sum(),
        DataType::Dictionary(key, _) => value_bytes(key),
        other => other.primitive_width().map_or(8 + VARIABLE, |bytes| bytes as u64),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn widths_are_those_of_the_columns() {
        let fields = [DataType::Int64, DataType::Boolean, DataType::Utf8View, DataType::Float32];
        let fields = fields.map(|kind| Field::new("x", kind, true));
        let nested = Field::new("s", DataType::Struct(fields.to_vec().into()), true);
        assert_eq!(row_bytes(&Schema::new(fields.to_vec())), 8 + 1 + 32 + 4);
        assert_eq!(row_bytes(&Schema::new(vec![nested])), 45);
    }
}
