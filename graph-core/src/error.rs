//! What can go wrong between a file and a [`Graph`](crate::Graph).

use std::fmt;
use std::path::PathBuf;

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A situation that a caller can tell apart and act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Parallel columns differ in length.
    #[error("column {column} has {found} entries, but {expected} were expected")]
    LengthMismatch {
        /// Name of the column that differs.
        column: String,
        /// Its length.
        found: usize,
        /// The length of its siblings.
        expected: usize,
    },
    /// An edge names a node that does not exist.
    #[error("edge {edge} names node {node}, but there are only {n_nodes} nodes")]
    NodeOutOfRange {
        /// Position of the edge, from 0.
        edge: usize,
        /// The node it names.
        node: u32,
        /// Number of nodes.
        n_nodes: usize,
    },
    /// More nodes than a [`NodeId`](crate::NodeId) can name.
    #[error("{n_nodes} nodes are more than the {} that 32-bit node ids can name", u32::MAX)]
    TooManyNodes {
        /// Number of nodes found.
        n_nodes: usize,
    },
    /// More edges than 32-bit offsets can address.
    #[error("{n_edges} edges are more than the {} that 32-bit offsets can address", u32::MAX)]
    TooManyEdges {
        /// Number of edges found.
        n_edges: usize,
    },
    /// Undirected edges that, stored in both directions, are more than 32-bit offsets can address.
    #[error(
        "{n_edges} undirected edges have {n_directions} directions, more than the {} that 32-bit offsets can address; as directed edges they may fit",
        u32::MAX
    )]
    TooManyDirections {
        /// Number of edges found.
        n_edges: usize,
        /// Their directions: two of each edge, one of a self-loop.
        n_directions: usize,
    },
    /// A column that was asked for is absent.
    #[error("there is no column `{column}`; the columns are {}", list(available))]
    MissingColumn {
        /// The name asked for.
        column: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// A table has too few columns to hold edges.
    #[error(
        "an edge table needs a source and a target column, but the columns are {}",
        list(available)
    )]
    NoEdgeColumns {
        /// The names there are.
        available: Vec<String>,
    },
    /// A column that was given two roles.
    #[error("column `{column}` cannot serve as two of source, target and weight")]
    ColumnTwice {
        /// Name of the column.
        column: String,
    },
    /// A column of attributes has the name of the ids.
    #[error("column `{column}` holds the ids of nodes, and cannot be replaced")]
    IdColumn {
        /// Name of the column.
        column: String,
    },
    /// A column has a type that cannot serve.
    #[error("column `{column}` has type {found}, but {expected}")]
    ColumnType {
        /// Name of the column.
        column: String,
        /// Its Arrow type.
        found: String,
        /// What is needed, as the end of a sentence: `weights must be numbers`.
        expected: &'static str,
    },
    /// Source and target ids cannot be compared with one another.
    #[error(
        "columns `{source_column}` ({source_type}) and `{target_column}` ({target_type}) hold ids of different kinds"
    )]
    IdTypesDiffer {
        /// Name of the source column.
        source_column: String,
        /// Its Arrow type.
        source_type: String,
        /// Name of the target (or node id) column.
        target_column: String,
        /// Its Arrow type.
        target_type: String,
    },
    /// A null where a node id is required.
    #[error("{place} has no value in id column `{column}`; drop such rows or fill them")]
    NullId {
        /// Name of the column.
        column: String,
        /// Where.
        place: Place,
    },
    /// A null where a weight is required.
    #[error("{place} has no value in weight column `{column}`; drop such rows or fill them")]
    NullWeight {
        /// Name of the column.
        column: String,
        /// Where.
        place: Place,
    },
    /// A weight that no algorithm can use.
    #[error(
        "{place} has weight {value} in column `{column}`; weights must be at least 0 and finite as f32"
    )]
    BadWeight {
        /// Name of the column.
        column: String,
        /// Where.
        place: Place,
        /// The value found.
        value: f64,
    },
    /// Text where a weight is required.
    #[error("{place} has `{value}` in weight column `{column}`, which is not a number")]
    WeightNotNumeric {
        /// Name of the column.
        column: String,
        /// Where.
        place: Place,
        /// The text found, shortened.
        value: String,
    },
    /// An integer id that no 64-bit type of its column can hold.
    #[error(
        "{place} has id {value} in column `{column}`, which overflows the column's 64-bit integers"
    )]
    IdOverflow {
        /// Name of the column.
        column: String,
        /// Where.
        place: Place,
        /// The id found, printed.
        value: String,
    },
    /// A float that is no integer where a node id is required.
    #[error(
        "{place} has id {value} in column `{column}`; ids are integers or texts, and floats up to 2^53 that are whole"
    )]
    IdNotWhole {
        /// Name of the column.
        column: String,
        /// Where.
        place: Place,
        /// The value found.
        value: f64,
        /// The largest of such floats that stands for one integer alone.
        most: f64,
    },
    /// Two rows of a node table have the same id.
    #[error(
        "node id {id} appears twice in column `{column}` of the node table: {first} and {second}"
    )]
    DuplicateNode {
        /// Name of the id column.
        column: String,
        /// The id, printed.
        id: String,
        /// Its first appearance.
        first: Place,
        /// Its second appearance.
        second: Place,
    },
    /// A row of delimited text has another number of fields than the rows above it.
    #[error("line {line} has {found} fields, but the rows above have {expected}")]
    RaggedRow {
        /// Line of the file, from 1.
        line: usize,
        /// Fields in it.
        found: usize,
        /// Fields in the rows above.
        expected: usize,
    },
    /// A quoted field that never ends.
    #[error("line {line} opens a quoted field that the file never closes")]
    UnclosedQuote {
        /// Line of the opening quote, from 1.
        line: usize,
    },
    /// A row that is too long to be one.
    #[error("line {line} begins a row of more than {longest} bytes")]
    LongRow {
        /// Line of the file, from 1.
        line: usize,
        /// Longest row that is read.
        longest: usize,
    },
    /// Something follows the closing quote of a quoted field.
    #[error(
        "line {line} has text after the closing quote of field {field}; double a quote to write it inside a quoted field"
    )]
    TextAfterQuote {
        /// Line of the file, from 1.
        line: usize,
        /// Field, from 1.
        field: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("line {line}, field {field} has byte 0x{byte:02x}, which is not UTF-8 text")]
    NotUtf8 {
        /// Line of the file, from 1.
        line: usize,
        /// Field, from 1.
        field: usize,
        /// The first byte that is wrong.
        byte: u8,
    },
    /// An option that delimited text cannot be read with.
    #[error(
        "`{delimiter}` cannot separate fields; choose a single ASCII character that is no quote or line break"
    )]
    BadDelimiter {
        /// The character given.
        delimiter: char,
    },
    /// Nothing to read.
    #[error("the file is empty")]
    EmptyFile,
    /// Neither the suffix nor the content tells the format.
    #[error(
        "the format is unknown: the suffix says nothing and the content looks like none of {}",
        crate::ingest::KNOWN_FORMATS
    )]
    UnknownFormat,
    /// A table of nodes was asked of a file that has none.
    #[error("{format} lists no nodes with attributes")]
    NoNodeTable {
        /// Format of the file.
        format: &'static str,
    },
    /// Compressed data that ends early or is damaged.
    #[error("the {compression} data is damaged or ends early: {source}")]
    Compressed {
        /// `gzip` or `zstd`.
        compression: &'static str,
        /// What the decompressor says.
        source: std::io::Error,
    },
    /// An Arrow file without a whole footer, or with batches beyond its end.
    #[error("the Arrow file is damaged or ends early")]
    TruncatedArrow,
    /// More data than the caller allows.
    #[error("the data is larger than the limit of {max_bytes} bytes; raise `max_bytes` to read it")]
    TooManyBytes {
        /// The limit.
        max_bytes: u64,
    },
    /// Another error, with the file in which it happened.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file, `-` for standard input.
        path: PathBuf,
        /// What happened in it.
        source: Box<Error>,
    },
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// Parquet refused.
    #[error(transparent)]
    Parquet(#[from] parquet::errors::ParquetError),

    // Formats and generators.
    /// A file breaks the rules of its format.
    #[error("line {line} is not {format}: {problem}")]
    Malformed {
        /// Name of the format.
        format: &'static str,
        /// Line of the offending text, from 1.
        line: usize,
        /// What was found there and what was expected.
        problem: String,
    },
    /// A graph holds something that an output format cannot carry.
    #[error("{format} cannot hold {what}")]
    Unwritable {
        /// Name of the format.
        format: &'static str,
        /// What does not fit, with its place.
        what: String,
    },
    /// The suffix of an output file names no format.
    #[error(
        "the name `{}` does not say which format to write; known suffixes are {suffixes}",
        path.display()
    )]
    UnknownOutput {
        /// The file that was to be written.
        path: PathBuf,
        /// The suffixes there are.
        suffixes: &'static str,
    },
    /// An option is outside its range.
    #[error("option `{option}` is {found}, but it must be {allowed}")]
    OptionOutOfRange {
        /// Name of the option.
        option: &'static str,
        /// The value given, printed.
        found: String,
        /// The range, as the end of a sentence: `between 0 and 1`.
        allowed: &'static str,
    },
}

/// Where in an input something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Row of a table, from 0, over the whole table.
    Row(usize),
    /// Line of a text file, from 1.
    Line(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "row {row}"),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}

impl Place {
    fn moved(self, by: usize) -> Self {
        match self {
            Self::Row(row) => Self::Row(row + by),
            Self::Line(line) => Self::Line(line + by),
        }
    }
}

impl Error {
    /// The row at fault, if a row of a table is.
    pub(crate) fn row(&self) -> Option<usize> {
        match self {
            Self::NullId { place: Place::Row(row), .. }
            | Self::NullWeight { place: Place::Row(row), .. }
            | Self::BadWeight { place: Place::Row(row), .. }
            | Self::IdNotWhole { place: Place::Row(row), .. }
            | Self::IdOverflow { place: Place::Row(row), .. } => Some(*row),
            _ => None,
        }
    }

    /// The same error with its place moved by the rows or lines that lie above its chunk.
    pub(crate) fn moved(mut self, by: usize) -> Self {
        match &mut self {
            Self::NullId { place, .. }
            | Self::NullWeight { place, .. }
            | Self::BadWeight { place, .. }
            | Self::WeightNotNumeric { place, .. }
            | Self::IdNotWhole { place, .. }
            | Self::IdOverflow { place, .. } => *place = place.moved(by),
            Self::RaggedRow { line, .. }
            | Self::UnclosedQuote { line }
            | Self::LongRow { line, .. }
            | Self::TextAfterQuote { line, .. }
            | Self::NotUtf8 { line, .. } => *line += by,
            _ => {}
        }
        self
    }

    /// Names the file in which `self` happened; once is enough.
    #[must_use]
    pub fn in_file(self, path: impl Into<PathBuf>) -> Self {
        match self {
            Self::InFile { .. } => self,
            other => Self::InFile { path: path.into(), source: Box::new(other) },
        }
    }
}

/// Names as a reader expects them in a sentence: `` `a`, `b` ``.
fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
