//! What can go wrong between a file and a [`Graph`](crate::Graph).

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
    /// A column has a type that cannot serve.
    #[error("column `{column}` has type {found}, but {expected}")]
    ColumnType {
        /// Name of the column.
        column: String,
        /// Its Arrow type.
        found: String,
        /// What is needed, as the end of a sentence: `node ids must be integers, strings or binary`.
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
    #[error("row {row} has no value in id column `{column}`; drop such rows or fill them")]
    NullId {
        /// Name of the column.
        column: String,
        /// Row, from 0, over the whole table.
        row: usize,
    },
    /// A weight that no algorithm can use.
    #[error(
        "row {row} has weight {value} in column `{column}`; weights must be finite and at least 0"
    )]
    BadWeight {
        /// Name of the column.
        column: String,
        /// Row, from 0, over the whole table.
        row: usize,
        /// The value found.
        value: f64,
    },
    /// Two rows of a node table have the same id.
    #[error("node id {id} appears in rows {first} and {second} of the node table")]
    DuplicateNode {
        /// The id, printed.
        id: String,
        /// Row of its first appearance, from 0.
        first: usize,
        /// Row of its second appearance, from 0.
        second: usize,
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

impl Error {
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
