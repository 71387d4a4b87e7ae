//! The first rows of a delimited text, for readers of other tables.

use std::io::{self, Read};
use std::path::Path;

use crate::ingest::csv::dialect::{Dialect, SAMPLE_BYTES, value};
use crate::ingest::csv::scan::{Rows, blank, last_row_end};
use crate::ingest::input::Input;
use crate::{ReadOptions, Result};

/// The first rows of a delimited text as they are written, and how it is delimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSample {
    /// Field separator; a space for any run of blanks.
    pub delimiter: char,
    /// Whether the text begins with the names of its columns.
    pub header: bool,
    /// Names of the columns; made up where there are none.
    pub names: Vec<String>,
    /// The rows in order, with as many fields as each has; none for a field that is null.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Up to `n_rows` of the first rows of the delimited text at `path`, as many as are in its first 256 KiB.
///
/// Of `options`, those about delimited text count: `delimiter`, `header`, `comments` and `nulls`.
///
/// ```
/// use graph_core::{ReadOptions, sample_text};
///
/// let file = std::env::temp_dir().join(format!("graph-core-sample-{}.csv", std::process::id()));
/// std::fs::write(&file, "zip;town\n02139;Cambridge\n")?;
/// let sample = sample_text(&file, &ReadOptions::default(), 10)?;
/// assert_eq!((sample.delimiter, sample.rows[0][0].as_deref()), (';', Some("02139")));
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of [`read`](crate::read) that concern files, quotes and options.
pub fn sample_text(
    path: impl AsRef<Path>,
    options: &ReadOptions,
    n_rows: usize,
) -> Result<TextSample> {
    let path = path.as_ref();
    let sample = || {
        let input = Input::open(path, options.max_bytes)?;
        let dialect = Dialect::detect(&input, options)?;
        let mut stream = input.stream()?;
        io::copy(&mut stream.by_ref().take(dialect.start), &mut io::sink())
            .map_err(|error| input.explain(error))?;
        let mut text = Vec::new();
        stream
            .take(SAMPLE_BYTES as u64)
            .read_to_end(&mut text)
            .map_err(|error| input.explain(error))?;
        let end = match text.len() < SAMPLE_BYTES {
            true => text.len(),
            false => last_row_end(&text, dialect.syntax).0,
        };
        let mut rows = Rows::new(&text, end, dialect.syntax);
        let mut found = Vec::new();
        let mut fields = Vec::new();
        while found.len() < n_rows && rows.next_row(&mut fields)?.is_some() {
            blank(&mut fields, &text, &dialect.nulls);
            let values = fields.iter().map(|field| {
                let text = || String::from_utf8_lossy(&value(&text, field)).into_owned();
                (!field.is_null()).then(text)
            });
            found.push(values.collect());
        }
        let (delimiter, header) = (dialect.delimiter_char(), dialect.header);
        Ok(TextSample { delimiter, header, names: dialect.names, rows: found })
    };
    sample().map_err(|error: crate::Error| error.in_file(path))
}
