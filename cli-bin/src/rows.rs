//! Rows of tables as text for people.

use std::fmt::Write;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graphlume::graph::type_name;

/// Characters of a value that are shown.
const WIDTH: usize = 40;

/// Names, types and rows in columns as wide as they need to be.
pub(crate) fn table(rows: &RecordBatch) -> anyhow::Result<String> {
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
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMillisecondArray};

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
    fn instants_are_shown_in_their_zone() {
        // Half a year later clocks are an hour ahead.
        let instants = TimestampMillisecondArray::from(vec![1_000, 1_593_561_600_000]);
        let instants = instants.with_timezone("Europe/Berlin");
        let rows = RecordBatch::try_from_iter([("at", Arc::new(instants) as ArrayRef)]).unwrap();
        let text = table(&rows).unwrap();
        for shown in ["1970-01-01T01:00:01+01:00", "2020-07-01T02:00:00+02:00"] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
    }
}
