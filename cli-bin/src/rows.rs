//! Rows of tables as text for people.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graphlume::graph::type_name;

/// Characters of a value that are shown.
const WIDTH: usize = 40;

/// The batch with instants as Arrow can print them: those of named zones in UTC.
pub(crate) fn in_utc(batch: &RecordBatch) -> anyhow::Result<RecordBatch> {
    let schema = batch.schema();
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let column = match column.data_type() {
            DataType::Timestamp(_, Some(_)) => {
                let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
                let naive = cast(&column_without_zone(column), &micros)?;
                let naive = naive.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
                Arc::new(naive.clone().with_timezone("+00:00")) as ArrayRef
            }
            _ => Arc::clone(column),
        };
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    Ok(RecordBatch::try_new_with_options(
        Arc::new(Schema::new(fields)),
        columns,
        &arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
    )?)
}

/// The same instants, as if they were of UTC and did not say so.
fn column_without_zone(column: &ArrayRef) -> ArrayRef {
    use arrow::datatypes::{
        TimestampMicrosecondType as Micros, TimestampMillisecondType as Millis,
        TimestampNanosecondType as Nanos, TimestampSecondType as Secs,
    };
    macro_rules! naive {
        ($($kind:ty),*) => {
            $(if let Some(instants) = column.as_primitive_opt::<$kind>() {
                return Arc::new(instants.clone().with_timezone_opt(None::<Arc<str>>));
            })*
        };
    }
    naive!(Micros, Millis, Nanos, Secs);
    Arc::clone(column)
}

/// Names, types and rows in columns as wide as they need to be.
pub(crate) fn table(rows: &RecordBatch) -> anyhow::Result<String> {
    let rows = in_utc(rows)?;
    let options = FormatOptions::default().with_null("");
    let schema = rows.schema();
    let mut columns = Vec::new();
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        let values = ArrayFormatter::try_new(column.as_ref(), &options)?;
        let mut cells = vec![field.name().clone(), type_name(field.data_type())];
        for row in 0..column.len() {
            cells.push(clip(&values.value(row).try_to_string()?));
        }
        let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
        columns.push((cells, width, field.data_type().is_numeric()));
    }
    let mut text = String::new();
    for line in 0..rows.num_rows() + 2 {
        let mut cells = String::new();
        for (i, (column, width, right)) in columns.iter().enumerate() {
            let gap = if i == 0 { "" } else { "  " };
            let cell = &column[line];
            match right {
                true => write!(cells, "{gap}{cell:>width$}")?,
                false => write!(cells, "{gap}{cell:<width$}")?,
            }
        }
        writeln!(text, "{}", cells.trim_end())?;
    }
    Ok(text)
}

/// One line, not too long.
fn clip(value: &str) -> String {
    let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= WIDTH {
        return line;
    }
    line.chars().take(WIDTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray, TimestampMillisecondArray};

    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = RecordBatch::try_from_iter([
            ("n", Arc::new(Int64Array::from(vec![Some(7), None, Some(1234)])) as ArrayRef),
            ("name", Arc::new(StringArray::from(vec!["a\nb", "é", &"x".repeat(50)])) as ArrayRef),
        ])
        .unwrap();
        let expected =
            format!("    n  name\nint64  text\n    7  a b\n       é\n 1234  {}…\n", "x".repeat(39));
        assert_eq!(table(&rows).unwrap(), expected);
    }

    #[test]
    fn instants_are_shown_in_utc() {
        let instants = TimestampMillisecondArray::from(vec![1_000]).with_timezone("Europe/Berlin");
        let rows = RecordBatch::try_from_iter([("at", Arc::new(instants) as ArrayRef)]).unwrap();
        let text = table(&rows).unwrap();
        assert!(text.contains("1970-01-01T00:00:01Z"), "{text}");
    }
}
