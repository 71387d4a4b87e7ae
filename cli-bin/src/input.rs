//! The arguments that say what a graph file is, for all commands that read one.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use graphlume::graph::{Error, Format, IdOrder, ReadOptions, ReadReport};
use graphlume::{Graph, read};
use serde::de::DeserializeOwned;

use crate::output::{bytes, count, secs};
use crate::progress::Messages;

/// What the user says of an input.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Input")]
#[group(id = "input")]
pub(crate) struct Args {
    /// File of edges (`-`: standard input): CSV and the like, JSON, Parquet, Arrow, MatrixMarket,
    /// METIS, GraphML, GEXF or GML, also with gzip or zstd
    pub(crate) edges: PathBuf,
    #[command(flatten)]
    reading: Reading,
}

/// How files of graphs are read.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Input")]
#[group(id = "reading")]
pub(crate) struct Reading {
    /// File of node attributes, joined by id
    #[arg(long, value_name = "FILE")]
    nodes: Option<PathBuf>,
    /// Column of edge sources [default: found by name, else the first]
    #[arg(long, value_name = "COLUMN")]
    source: Option<String>,
    /// Column of edge targets [default: found by name, else the second]
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// Column of edge weights [default: `weight`, if it is there]
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// Take no column for weights, not even one of that name: all edges count alike
    #[arg(long, conflicts_with = "weight")]
    no_weight: bool,
    /// Column of node ids in the node file [default: found by name, else the first]
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Format of the edges [default: found from the suffix, then from the content]
    #[arg(long, value_parser = formats())]
    format: Option<Format>,
    /// Edges have a direction [default: what the file says, else undirected]
    #[arg(long, conflicts_with = "undirected")]
    directed: bool,
    /// Edges have no direction
    #[arg(long)]
    undirected: bool,
    /// Order of the nodes
    #[arg(long, value_parser = choice::<IdOrder>(&["first-appearance", "sorted", "node-table"]))]
    #[arg(default_value = "first-appearance")]
    order: IdOrder,
    /// Drop rows without source, target or weight, and count them, instead of refusing them
    #[arg(long)]
    drop_null: bool,
    /// Field separator of delimited text [default: found from the first rows]
    #[arg(long, value_name = "CHAR", alias = "separator")]
    delimiter: Option<char>,
    /// Delimited text begins with column names: `true` or `false` [default: found]
    #[arg(long, value_name = "BOOL")]
    header: Option<bool>,
    /// Take lines of delimited text that begin with `#` or `%` as data
    #[arg(long)]
    no_comments: bool,
    /// Word of delimited text that means that there is no value, such as `NA`; once for each
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    null: Vec<String>,
    /// Largest size after decompression, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = ReadOptions::default().max_bytes)]
    max_bytes: u64,
}

impl Reading {
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions {
            format: self.format,
            source: self.source.clone(),
            target: self.target.clone(),
            weight: self.weight.clone(),
            unweighted: self.no_weight,
            id: self.id.clone(),
            nodes: self.nodes.clone(),
            directed: (self.directed || self.undirected).then_some(self.directed),
            order: self.order,
            drop_null: self.drop_null,
            delimiter: self.delimiter,
            header: self.header,
            comments: !self.no_comments,
            nulls: self.null.clone(),
            max_bytes: self.max_bytes,
        }
    }
}

impl Args {
    /// Files that are read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.edges), self.reading.nodes.as_ref()].into_iter().flatten().map(PathBuf::as_path)
    }

    pub(crate) fn options(&self) -> ReadOptions {
        self.reading.options()
    }

    /// Reads the graph and says what was found.
    pub(crate) fn read(&self, messages: Messages) -> anyhow::Result<(Graph, ReadReport)> {
        self.read_with(&self.options(), messages)
    }

    /// As [`read`](Self::read), but without weights where they are none that an algorithm can use, which is said.
    pub(crate) fn read_anyway(&self, messages: Messages) -> anyhow::Result<(Graph, ReadReport)> {
        let options = self.options();
        let first = self.read_with(&options, messages);
        // Who names the weights wants them; and standard input is read once.
        if options.weight.is_some() || !self.edges.is_file() {
            return first;
        }
        match first.as_ref().map_err(|error| error.downcast_ref()) {
            Err(Some(BadWeight(error))) => {
                messages.say(format!("{error}; the weights are left out"));
            }
            _ => return first,
        }
        self.read_with(&ReadOptions { weight: None, unweighted: true, ..options }, messages)
    }

    /// As [`read`](Self::read), with options that the command has changed.
    pub(crate) fn read_with(
        &self,
        options: &ReadOptions,
        messages: Messages,
    ) -> anyhow::Result<(Graph, ReadReport)> {
        let spinner = messages.spinner(format!("reading {}", self.edges.display()));
        let (graph, report) = read(&self.edges, options).map_err(with_advice)?;
        drop(spinner);
        messages.say(describe(&graph, &report));
        if report.weight.is_none()
            && !options.unweighted
            && graph.edges().column_by_name("weight").is_some()
        {
            messages.say("column `weight` holds no numbers and is not used: all weights are 1");
        }
        Ok((graph, report))
    }
}

/// A weight that no algorithm can use.
#[derive(Debug, thiserror::Error)]
#[error("{0}; --no-weight reads the edges without weights")]
struct BadWeight(String);

/// The error, and what can be done where a weight is one that no algorithm can use.
fn with_advice(error: graphlume::graph::Error) -> anyhow::Error {
    let is_weight = match &error {
        Error::InFile { source, .. } => matches!(**source, Error::BadWeight { .. }),
        error => matches!(error, Error::BadWeight { .. }),
    };
    let error = anyhow::Error::from(error);
    if is_weight { BadWeight(error.to_string()).into() } else { error }
}

/// One line on what was read.
fn describe(graph: &Graph, report: &ReadReport) -> String {
    let kind = if graph.is_directed() { "directed" } else { "undirected" };
    let weights = report.weight.as_ref().map(|name| format!(", weights from `{name}`"));
    let dropped = (report.dropped_rows > 0)
        .then(|| format!(", {} dropped", count(report.dropped_rows, "row")));
    format!(
        "read {}, {} ({kind}) from `{}` and `{}`{}{}, {} in {}",
        count(graph.n_nodes(), "node"),
        count(graph.n_edges(), "edge"),
        report.source,
        report.target,
        weights.unwrap_or_default(),
        dropped.unwrap_or_default(),
        bytes(report.bytes),
        secs(report.duration)
    )
}

/// Parses the name of a file format; help and errors list the names.
pub(crate) fn formats() -> impl TypedValueParser<Value = Format> {
    choice(&["csv", "jsonl", "json", "parquet", "arrow", "mtx", "metis", "graphml", "gexf", "gml"])
}

/// Parses one of `names` as JSON would.
fn choice<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    names: &'static [&'static str],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names).try_map(|name| serde_json::from_value(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_format_is_one() {
        for name in formats().possible_values().unwrap() {
            let format: Format = serde_json::from_value(name.get_name().into()).unwrap();
            assert_eq!(serde_json::to_value(format).unwrap(), name.get_name());
        }
    }
}
