//! What a caller may say about an input, and what reading it found.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// File formats that can be read; most can be written too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Format {
    /// Comma-, tab-, semicolon- or whitespace-separated rows.
    Csv,
    /// One JSON object a line.
    #[serde(rename = "jsonl", alias = "json-lines")]
    JsonLines,
    /// Node-link JSON: an object with `nodes` and `links` (or `edges`).
    #[serde(rename = "json", alias = "node-link")]
    NodeLink,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file (Feather V2) or stream.
    Arrow,
    /// MatrixMarket coordinate matrix.
    #[serde(rename = "mtx", alias = "matrix-market")]
    MatrixMarket,
    /// METIS adjacency lists.
    Metis,
    /// GraphML.
    #[serde(rename = "graphml")]
    GraphMl,
    /// GEXF, Gephi's format.
    Gexf,
    /// GML.
    Gml,
}

impl Format {
    /// The format that the suffix of a file name tells, suffixes of compression aside. `.json` may
    /// be an array of objects as well as a graph: only the content tells.
    pub fn from_suffix(path: impl AsRef<Path>) -> Option<Self> {
        crate::ingest::by_suffix(path.as_ref())
    }

    /// What messages call the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::JsonLines => "JSON lines",
            Self::NodeLink => "node-link JSON",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow IPC",
            Self::MatrixMarket => "MatrixMarket",
            Self::Metis => "METIS",
            Self::GraphMl => "GraphML",
            Self::Gexf => "GEXF",
            Self::Gml => "GML",
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// In which order external ids become [`NodeId`](crate::NodeId)s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdOrder {
    /// As they first appear, reading rows from the top and each row's source before its target.
    #[default]
    FirstAppearance,
    /// Ascending: numbers by value, strings and binary by bytes.
    Sorted,
    /// In the order of the node table, and then of first appearance in the edge table.
    NodeTable,
}

/// What is known or wanted of an input; the default lets the reader find out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// File format; by default found from the suffix, then from the content.
    pub format: Option<Format>,
    /// Column of edge sources; by default found by name, then the first column.
    pub source: Option<String>,
    /// Column of edge targets; by default found by name, then the second column.
    pub target: Option<String>,
    /// Column of edge weights; by default a numeric column named `weight`, if there is one.
    pub weight: Option<String>,
    /// Take no column for weights, unless one is named: that of the name `weight` is an attribute like others.
    pub unweighted: bool,
    /// Column of node ids in the node file; by default found by name, then the first column.
    pub id: Option<String>,
    /// File of node attributes, joined by id.
    pub nodes: Option<PathBuf>,
    /// Whether edges have a direction; by default what the file says, else undirected.
    pub directed: Option<bool>,
    /// Order of the dense node ids.
    pub order: IdOrder,
    /// Drop rows whose source, target or weight is null, and count them, instead of refusing them.
    pub drop_null: bool,
    /// Field separator of delimited text; by default found from the first rows.
    pub delimiter: Option<char>,
    /// Whether delimited text begins with column names; by default found from the first rows.
    pub header: Option<bool>,
    /// Whether lines of delimited text that begin with `#` or `%` are comments; a quoted value
    /// never begins one.
    pub comments: bool,
    /// Words of delimited text that mean that there is no value, such as `NA`, besides an empty field; a quoted
    /// value is never one.
    pub nulls: Vec<String>,
    /// Largest decompressed size in bytes: a guard against decompression bombs.
    pub max_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: None,
            source: None,
            target: None,
            weight: None,
            unweighted: false,
            id: None,
            nodes: None,
            directed: None,
            order: IdOrder::default(),
            drop_null: false,
            delimiter: None,
            header: None,
            comments: true,
            nulls: Vec::new(),
            max_bytes: 64 << 30,
        }
    }
}

/// What reading an input found and chose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadReport {
    /// Format that was read.
    pub format: Format,
    /// Compression around it: `gzip`, `zstd`, or none.
    pub compression: Option<&'static str>,
    /// Column taken as edge sources.
    pub source: String,
    /// Column taken as edge targets.
    pub target: String,
    /// Column taken as edge weights, if any.
    pub weight: Option<String>,
    /// Arrow type of the external ids.
    pub id_type: String,
    /// Field separator, for delimited text.
    pub delimiter: Option<char>,
    /// Whether column names were found, for delimited text.
    pub header: Option<bool>,
    /// Rows dropped because of a null, if that was asked for.
    pub dropped_rows: usize,
    /// Nodes that only the node file names.
    pub isolated_nodes: usize,
    /// Bytes read, before decompression.
    pub bytes: u64,
    /// Wall time of reading.
    #[serde(rename = "duration_secs", serialize_with = "secs")]
    pub duration: Duration,
}

fn secs<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
