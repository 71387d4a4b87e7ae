//! What a caller may say about a source, and how far reading it may go.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use arrow::datatypes::{DataType, TimeUnit};
use graph_core::Format;
use graph_core::words::{hint, nearest};
use serde::{Deserialize, Serialize};

use super::secrets::Secrets;

/// What is known or wanted of a source; the default lets reading find out.
///
/// Options that a kind of source has no use for are refused, not ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceOptions {
    /// File format; by default found from the suffix, the content type, or the content.
    pub format: Option<Format>,
    /// Field separator of delimited text; by default found.
    pub delimiter: Option<char>,
    /// Whether delimited text begins with column names; by default it does.
    pub header: Option<bool>,
    /// Rows of text formats that are looked at to tell the types of columns; 0 for all.
    pub inferred_rows: usize,
    /// Types of columns of CSV and JSON lines, by their names; by default what the first rows look like.
    pub types: BTreeMap<String, ColumnType>,
    /// Words of CSV that mean that there is no value, in quotes or not, such as `NA`, besides nothing at all.
    pub nulls: Vec<String>,
    /// How lines of CSV begin that are no rows, such as `#`.
    pub comment: Option<String>,
    /// Whether files of Parquet that lack a column of the first one have nulls there; by default they are refused.
    pub missing_columns: bool,
    /// A column to add with the file that a row is from.
    pub path_column: Option<String>,
    /// Which table of a graph file: its edges, or its nodes.
    pub part: GraphPart,
    /// JSON pointer (RFC 6901) to the list of records in a JSON document, such as `/data/items`;
    /// empty for the whole document.
    pub records: Option<String>,
    /// Table of a database; an address may have `?table=` instead.
    pub table: Option<String>,
    /// Query to a database; an address may have `?query=` instead.
    pub query: Option<String>,
    /// Values for the placeholders of the query, in order: `?` in SQLite, `$1` in PostgreSQL.
    /// They are bound, never written into the query.
    pub params: Vec<Parameter>,
    /// Most bytes that are read from the web, from standard input or out of a database.
    pub max_bytes: u64,
    /// Most bytes out of a database that are held in memory; more go into temporary files.
    pub max_memory: u64,
    /// Seconds after which the web or a database is given up.
    pub timeout_secs: f64,
    /// Most redirections that are followed in the web.
    pub max_redirects: u32,
    /// Headers of requests to the web, such as `Authorization`. Where there are some no redirection is followed, as it may
    /// lead to somebody else.
    pub headers: Secrets,
    /// Options of an object store, such as `aws_region`, besides those of the environment, and before them. They may say where
    /// the store is, so that there are none without [`allow_private`](Self::allow_private).
    pub store: Secrets,
    /// Whether hosts may be on this machine or in a private network. A server that reads
    /// addresses of its users must not allow it.
    pub allow_private: bool,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            format: None,
            delimiter: None,
            header: None,
            inferred_rows: 1_000,
            types: BTreeMap::new(),
            nulls: Vec::new(),
            comment: None,
            missing_columns: false,
            path_column: None,
            part: GraphPart::default(),
            records: None,
            table: None,
            query: None,
            params: Vec::new(),
            max_bytes: 4 << 30,
            max_memory: 256 << 20,
            timeout_secs: 300.0,
            max_redirects: 5,
            headers: Secrets::default(),
            store: Secrets::default(),
            allow_private: true,
        }
    }
}

impl SourceOptions {
    /// The time after which the web or a database is given up; at most a year.
    pub(crate) fn timeout(&self) -> Duration {
        const YEAR: f64 = 365.0 * 86_400.0;
        // A time that is not a number counts as none at all.
        Duration::from_secs_f64(self.timeout_secs.clamp(0.0, YEAR).max(0.0))
    }
}

/// What the text of a column is read as.
///
/// By name they are what [`type_name`](graph_core::type_name) calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ColumnType {
    /// As it is written: zip codes, telephone numbers, names.
    Text,
    /// `true` and `false`.
    Boolean,
    /// Whole numbers of 32 bits.
    Int32,
    /// Whole numbers of 64 bits.
    Int64,
    /// Whole numbers of 64 bits, none of them negative.
    UInt64,
    /// Numbers of 32 bits.
    Float32,
    /// Numbers of 64 bits.
    Float64,
    /// Days, such as `2024-02-29`.
    Date,
    /// Times of day, such as `12:30:00`.
    Time,
    /// Days and times of day, such as `2024-02-29T12:30:00`.
    Timestamp,
}

impl ColumnType {
    /// All of them, by their names.
    const NAMES: [(&str, Self); 10] = [
        ("text", Self::Text),
        ("boolean", Self::Boolean),
        ("int32", Self::Int32),
        ("int64", Self::Int64),
        ("uint64", Self::UInt64),
        ("float32", Self::Float32),
        ("float64", Self::Float64),
        ("date", Self::Date),
        ("time", Self::Time),
        ("timestamp", Self::Timestamp),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, of)| *of == self);
        named.map_or("", |(name, _)| name)
    }

    /// The type of the column.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::UInt64 => DataType::UInt64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Nanosecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }
}

impl FromStr for ColumnType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::NAMES.iter().find(|(name, _)| *name == text);
        named.map(|(_, of)| *of).ok_or_else(|| {
            let names = Self::NAMES.map(|(name, _)| name);
            let nearest = hint(nearest(text, names).as_deref());
            format!("`{text}` is none of the types {}{nearest}", names.join(", "))
        })
    }
}

impl TryFrom<String> for ColumnType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ColumnType> for String {
    fn from(of: ColumnType) -> Self {
        of.name().to_owned()
    }
}

/// Which table of a graph file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraphPart {
    /// One row for each edge: external ids of source and target, then attributes.
    #[default]
    Edges,
    /// One row for each node: the external id, then attributes.
    Nodes,
}

/// A value for a placeholder of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    /// No value.
    Null,
    /// A flag.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Text; PostgreSQL reads it as the type that the placeholder has.
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_that_they_have_everywhere() {
        for (name, of) in ColumnType::NAMES {
            assert_eq!(graph_core::type_name(&of.data_type()), name);
            assert_eq!((of.name(), name.parse()), (name, Ok(of)));
        }
        let error = "txt".parse::<ColumnType>().unwrap_err();
        assert!(error.contains("`txt`") && error.contains("did you mean `text`"), "{error}");
    }
}
