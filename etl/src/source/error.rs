//! What can be wrong with a place that a table is read from.

use std::time::Duration;

use arrow::error::ArrowError;

use crate::error::hint;

/// A fault of one source, with the name of the source; passwords do not show in it.
#[derive(Debug, thiserror::Error)]
#[error("{source_name}: {fault}")]
pub struct SourceError {
    /// The source as [`Source`](super::Source) displays it.
    pub source_name: Box<str>,
    /// What is wrong.
    #[source]
    pub fault: Fault,
}

/// What is wrong with a source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The address begins with a scheme that is not known.
    #[error("there is no kind of source `{scheme}:`{}", hint(nearest.as_deref()))]
    UnknownScheme {
        /// The scheme.
        scheme: Box<str>,
        /// The scheme that is most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// The address cannot be read.
    #[error("{part} {reason}")]
    BadAddress {
        /// Which part of it, such as `"the host"`.
        part: &'static str,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// An option is given that this kind of source has no use for.
    #[error("option `{option}` is not one of {kind}")]
    NotForThis {
        /// The option.
        option: Box<str>,
        /// The kind of the source.
        kind: &'static str,
    },
    /// Something has to be said that was not.
    #[error("{what} is missing: {advice}")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// What to write.
        advice: Box<str>,
    },
    /// No file is at this place.
    #[error("no file matches")]
    NoFiles,
    /// The format could not be told.
    #[error("the format cannot be told from `{name}`; say it")]
    UnknownFormat {
        /// File name or content type.
        name: Box<str>,
    },
    /// A folder or pattern has files of several formats.
    #[error("`{first}` and `{second}` are of different formats; say which is meant")]
    MixedFormats {
        /// A file.
        first: Box<str>,
        /// A file of another format.
        second: Box<str>,
    },
    /// A table is named that the database does not have.
    #[error("there is no table `{table}`{}", hint(nearest.as_deref()))]
    NoTable {
        /// The table asked for.
        table: Box<str>,
        /// The table that is most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// The text is no query, or one that would change something.
    #[error("a source only reads: {reason}")]
    NotAQuery {
        /// Why it is none.
        reason: &'static str,
    },
    /// The database refused or failed.
    #[error("{message}{}", place.map_or_else(String::new, |at| format!(" (at character {at} of the query)")))]
    Database {
        /// What it said.
        message: Box<str>,
        /// Its code, such as an SQLSTATE.
        code: Box<str>,
        /// Where in the query, counted from 1.
        place: Option<u32>,
    },
    /// The query has more or fewer placeholders than there are values.
    #[error("the query has {expected} placeholders, but {found} parameters were given")]
    Parameters {
        /// Number of values.
        found: usize,
        /// Number of placeholders.
        expected: usize,
    },
    /// Two columns of the result have one name.
    #[error("there are two columns `{column}`; name them with AS")]
    ColumnTwice {
        /// The name.
        column: Box<str>,
    },
    /// Values of one column do not fit together.
    #[error(
        "row {row} of column `{column}` holds {found}, but it holds {before} before; \
         cast it in the query"
    )]
    MixedTypes {
        /// The column.
        column: Box<str>,
        /// The row, counted from 1.
        row: u64,
        /// What it holds.
        found: &'static str,
        /// What the rows before hold.
        before: &'static str,
    },
    /// A column has a type that tables do not have.
    #[error("column `{column}` is of type `{found}`, which is not read; cast it in the query")]
    ColumnType {
        /// The column.
        column: Box<str>,
        /// Its type.
        found: Box<str>,
    },
    /// A value cannot be held by the type of its column.
    #[error("row {row} of column `{column}`: {reason}")]
    Value {
        /// The row, counted from 1.
        row: u64,
        /// The column.
        column: Box<str>,
        /// What is wrong.
        reason: Box<str>,
    },
    /// The host is on this machine or in a private network, which the options do not allow.
    #[error("{address} is not a public address, and those are not allowed")]
    Private {
        /// The address.
        address: Box<str>,
    },
    /// The server answered with something else than data.
    #[error("the server answered {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// There are more bytes than allowed.
    #[error("there are more than {limit} bytes; raise `max_bytes` to read them")]
    TooManyBytes {
        /// The limit.
        limit: u64,
    },
    /// It took longer than allowed.
    #[error("it took longer than {:?}; raise `timeout_secs` to wait", limit)]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// There were more redirections than allowed.
    #[error("there were more than {limit} redirections")]
    Redirects {
        /// The limit.
        limit: u32,
    },
    /// The server sent something that holds no table.
    #[error("the server sent `{found}`, which holds no table")]
    ContentType {
        /// The content type.
        found: Box<str>,
    },
    /// The connection failed.
    #[error("{message}")]
    Connection {
        /// What happened.
        message: Box<str>,
    },
    /// The path to the records leads nowhere, or to something that is not a list of records.
    #[error("`{path}` leads to {found}, not to a list of records")]
    NoRecords {
        /// The JSON pointer.
        path: Box<str>,
        /// What is there.
        found: Box<str>,
    },
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The file is no graph of its format.
    #[error(transparent)]
    Graph(Box<graph_core::Error>),
    /// The table could not be made of what was read.
    #[error(transparent)]
    Table(Box<crate::Error>),
    /// Rows could not be made into columns.
    #[error(transparent)]
    Arrow(ArrowError),
    /// Files could not be read or written.
    #[error(transparent)]
    Io(std::io::Error),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}
