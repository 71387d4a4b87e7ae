//! The arguments that say what a graph file is, for all commands that read one.

use std::path::PathBuf;

use anyhow::Context;
use graphlume::graph::{Format, IdOrder, ReadOptions, ReadReport};
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
    /// Column of node ids in the node file [default: found by name, else the first]
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Format of the edges [default: found from the suffix, then from the content]
    #[arg(long, value_parser = name::<Format>)]
    format: Option<Format>,
    /// Edges have a direction [default: what the file says, else undirected]
    #[arg(long, overrides_with = "undirected")]
    directed: bool,
    /// Edges have no direction
    #[arg(long)]
    undirected: bool,
    /// Order of the nodes: `first-appearance` or `sorted`
    #[arg(long, value_parser = name::<IdOrder>, default_value = "first-appearance")]
    order: IdOrder,
    /// Drop rows without source, target or weight, and count them, instead of refusing them
    #[arg(long)]
    drop_null: bool,
    /// Field separator of delimited text [default: found from the first rows]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<char>,
    /// Delimited text begins with column names: `true` or `false` [default: found]
    #[arg(long, value_name = "BOOL")]
    header: Option<bool>,
    /// Take lines of delimited text that begin with `#` or `%` as data
    #[arg(long)]
    no_comments: bool,
    /// Largest size after decompression, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = ReadOptions::default().max_bytes)]
    max_bytes: u64,
}

impl Args {
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions {
            format: self.format,
            source: self.source.clone(),
            target: self.target.clone(),
            weight: self.weight.clone(),
            id: self.id.clone(),
            nodes: self.nodes.clone(),
            directed: match (self.directed, self.undirected) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            order: self.order,
            drop_null: self.drop_null,
            delimiter: self.delimiter,
            header: self.header,
            comments: !self.no_comments,
            max_bytes: self.max_bytes,
        }
    }

    /// Reads the graph and says what was found.
    pub(crate) fn read(&self, messages: Messages) -> anyhow::Result<(Graph, ReadReport)> {
        self.read_with(&self.options(), messages)
    }

    /// As [`read`](Self::read), with options that the command has changed.
    pub(crate) fn read_with(
        &self,
        options: &ReadOptions,
        messages: Messages,
    ) -> anyhow::Result<(Graph, ReadReport)> {
        let spinner = messages.spinner(format!("reading {}", self.edges.display()));
        let (graph, report) = read(&self.edges, options)?;
        drop(spinner);
        messages.say(describe(&graph, &report));
        Ok((graph, report))
    }
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

/// Parses the name of a choice as JSON spells it; the error lists the choices.
pub(crate) fn name<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    serde_json::from_value(text.into()).context("not one of the choices")
}
