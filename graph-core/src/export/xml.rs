//! How XML spells text and numbers, and what it cannot hold.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use rayon::prelude::*;

use super::cells::{Cells, Spelling};
use crate::{Error, Result};

/// Text between tags and in attributes: both are escaped alike, line breaks and tabs included,
/// since readers turn those in attributes into spaces.
pub(super) struct Xml;

impl Spelling for Xml {
    fn text(&self, text: &str, out: &mut Vec<u8>) {
        escape(text, out);
    }

    fn not_finite(&self, value: f64, out: &mut Vec<u8>) {
        out.extend_from_slice(match value {
            f64::INFINITY => b"INF",
            f64::NEG_INFINITY => b"-INF",
            _ => b"NaN",
        });
    }
}

/// Appends `text` with every special character as an entity.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let entity: &[u8] = match byte {
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'&' => b"&amp;",
            b'"' => b"&quot;",
            b'\t' => b"&#9;",
            b'\n' => b"&#10;",
            b'\r' => b"&#13;",
            _ => continue,
        };
        out.extend_from_slice(&bytes[done..at]);
        out.extend_from_slice(entity);
        done = at + 1;
    }
    out.extend_from_slice(&bytes[done..]);
}

/// A column with what its elements need.
#[derive(Debug)]
pub(super) struct Attribute {
    /// Name, escaped.
    pub name: String,
    pub data_type: DataType,
    pub cells: Cells,
}

/// Columns `columns` of `table`.
///
/// # Errors
///
/// [`Error::Unwritable`] if a name or a text holds a character that XML cannot.
pub(super) fn attributes(
    table: &RecordBatch,
    columns: impl IntoIterator<Item = usize>,
    format: &'static str,
) -> Result<Vec<Attribute>> {
    let schema = table.schema();
    let attribute = |column: usize| {
        let field = schema.field(column);
        check_name(field.name(), format)?;
        let mut name = Vec::new();
        escape(field.name(), &mut name);
        let cells = checked_cells(table.column(column), field.name(), format)?;
        let name = String::from_utf8_lossy(&name).into_owned();
        Ok(Attribute { name, data_type: field.data_type().clone(), cells })
    };
    columns.into_iter().map(attribute).collect()
}

fn check_name(name: &str, format: &'static str) -> Result<()> {
    match name.chars().find(|&char| !is_xml(char)) {
        Some(char) => {
            let what = format!("the character {char:?} in the column name {name:?}");
            Err(Error::Unwritable { format, what })
        }
        None => Ok(()),
    }
}

/// The cells of `array`, whose texts hold no character that XML cannot.
pub(super) fn checked_cells(array: &ArrayRef, name: &str, format: &'static str) -> Result<Cells> {
    let cells = Cells::new(array)?;
    if let Cells::Text(texts) | Cells::Json(texts) = &cells {
        let bad = (0..texts.len()).into_par_iter().find_map_first(|row| {
            let text = if texts.is_null(row) { "" } else { texts.value(row) };
            text.chars().find(|&char| !is_xml(char)).map(|char| (row, char))
        });
        if let Some((row, char)) = bad {
            let what = format!("the character {char:?} in row {row} of column `{name}`");
            return Err(Error::Unwritable { format, what });
        }
    }
    Ok(cells)
}

/// Whether XML 1.0 can hold `char`, escaped or not.
fn is_xml(char: char) -> bool {
    !matches!(char, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;

    use super::*;

    #[test]
    fn escaped_text_reads_back_through_quick_xml() {
        let text = "a<b>&\"'\t\r\n ü😀";
        let mut out = Vec::new();
        escape(text, &mut out);
        let escaped = String::from_utf8(out).unwrap();
        assert_eq!(quick_xml::escape::unescape(&escaped).unwrap(), text);
        assert!(!escaped.contains(['<', '>', '"', '\t', '\n', '\r']));
    }

    #[test]
    fn characters_that_xml_cannot_hold_are_refused_with_their_place() {
        let array: ArrayRef = Arc::new(StringArray::from(vec!["fine", "bell \u{7}"]));
        let error = checked_cells(&array, "sound", "GEXF").unwrap_err().to_string();
        assert_eq!(error, "GEXF cannot hold the character '\\u{7}' in row 1 of column `sound`");
    }
}
