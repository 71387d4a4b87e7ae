//! `graphlume info`: what is in a graph file.

use std::collections::HashSet;
use std::fmt::Write;

use graphlume::Graph;
use graphlume::graph::ReadReport;
use serde::Serialize;

use crate::input;
use crate::outcome::Outcome;
use crate::output::{bytes, grouped, print, print_json};
use crate::progress::Messages;

/// Arguments of `graphlume info`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: input::Args,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `graphlume info` finds.
#[derive(Debug, Serialize)]
struct Info {
    n_nodes: usize,
    n_edges: usize,
    directed: bool,
    n_self_loops: usize,
    n_parallel_edges: usize,
    n_isolated_nodes: usize,
    n_components: usize,
    largest_component: usize,
    degree: Option<Degrees>,
    node_columns: Vec<Column>,
    edge_columns: Vec<Column>,
    memory: Memory,
    read: ReadReport,
}

#[derive(Debug, Serialize)]
struct Column {
    name: String,
    r#type: String,
    n_nulls: usize,
}

/// Degrees in short. A self-loop counts twice.
#[derive(Debug, Serialize)]
struct Degrees {
    min: u32,
    median: f64,
    mean: f64,
    max: u32,
    /// Nodes of degree 0, 1, 2–3, 4–7, 8–15 and so on.
    histogram: Vec<Bin>,
}

#[derive(Debug, Serialize)]
struct Bin {
    from: u32,
    to: u32,
    n_nodes: usize,
}

/// Bytes that the graph takes.
#[derive(Debug, Serialize)]
struct Memory {
    tables: u64,
    edges: u64,
    csr: u64,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let (graph, read) = args.input.read_anyway(messages)?;
    let info = Info::of(&graph, read);
    if args.json {
        print_json(&info)?;
    } else {
        print(info.text().as_bytes())?;
    }
    Ok(Outcome::Done)
}

impl Info {
    fn of(graph: &Graph, read: ReadReport) -> Self {
        let degrees = graph.degrees();
        let (component, n_components) = graph.components();
        let mut sizes = vec![0; n_components];
        for &c in &component {
            sizes[c as usize] += 1;
        }
        let coo = graph.coo();
        let ends = || coo.sources().iter().zip(coo.targets());
        let distinct: HashSet<(u32, u32)> = ends()
            .map(|(&u, &v)| if graph.is_directed() { (u, v) } else { (u.min(v), u.max(v)) })
            .collect();
        let columns = |table: &arrow::array::RecordBatch| {
            let schema = table.schema();
            let fields = schema.fields().iter().zip(table.columns());
            fields
                .map(|(field, column)| Column {
                    name: field.name().clone(),
                    r#type: graphlume::graph::type_name(column.data_type()),
                    n_nulls: column.null_count(),
                })
                .collect()
        };
        let adjacency = graph.out_edges();
        let weight = |present: bool, entries: usize| if present { 4 * entries as u64 } else { 0 };
        Self {
            n_nodes: graph.n_nodes(),
            n_edges: graph.n_edges(),
            directed: graph.is_directed(),
            n_self_loops: ends().filter(|(u, v)| u == v).count(),
            n_parallel_edges: graph.n_edges() - distinct.len(),
            n_isolated_nodes: degrees.iter().filter(|&&degree| degree == 0).count(),
            n_components,
            largest_component: sizes.iter().copied().max().unwrap_or(0),
            degree: Degrees::of(degrees),
            node_columns: columns(graph.nodes()),
            edge_columns: columns(graph.edges()),
            memory: Memory {
                tables: (graph.nodes().get_array_memory_size()
                    + graph.edges().get_array_memory_size()) as u64,
                edges: 8 * graph.n_edges() as u64
                    + weight(coo.weights().is_some(), graph.n_edges()),
                csr: 4 * (adjacency.offsets().len() + adjacency.n_edges()) as u64
                    + weight(adjacency.weights().is_some(), adjacency.n_edges()),
            },
            read,
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut row = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<20} {value}");
        };
        let number = |n: usize| grouped(n as u64);
        let read = &self.read;
        let around = read.compression.map(|c| format!(" in {c}")).unwrap_or_default();
        row("format", format!("{}{around}, {}", read.format, bytes(read.bytes)));
        let weight = read.weight.as_ref().map(|w| format!(", weights `{w}`")).unwrap_or_default();
        row("ends", format!("`{}` to `{}`{weight}", read.source, read.target));
        row("ids", read.id_type.clone());
        row("nodes", number(self.n_nodes));
        let kind = if self.directed { "directed" } else { "undirected" };
        row("edges", format!("{}, {kind}", number(self.n_edges)));
        row("self-loops", number(self.n_self_loops));
        row("parallel edges", number(self.n_parallel_edges));
        row("isolated nodes", number(self.n_isolated_nodes));
        let largest = number(self.largest_component);
        row("components", format!("{}, the largest of {largest} nodes", number(self.n_components)));
        if let Some(degree) = &self.degree {
            let Degrees { min, median, mean, max, .. } = degree;
            row("degree", format!("min {min}, median {median}, mean {mean:.2}, max {max}"));
            let most = degree.histogram.iter().map(|bin| bin.n_nodes).max().unwrap_or(1);
            for bin in degree.histogram.iter().filter(|bin| bin.n_nodes > 0 || bin.from > 0) {
                let range = match (bin.from, bin.to) {
                    (from, to) if from == to => from.to_string(),
                    (from, to) => format!("{from}–{to}"),
                };
                let bar = bar(bin.n_nodes as f64 / most as f64);
                row("", format!("{range:>13}  {:>11}  {bar}", number(bin.n_nodes)));
            }
        }
        for (what, columns) in
            [("node columns", &self.node_columns), ("edge columns", &self.edge_columns)]
        {
            for (i, column) in columns.iter().enumerate() {
                let nulls = match column.n_nulls {
                    0 => String::new(),
                    n => format!(", {} nulls", number(n)),
                };
                let name = if i == 0 { what } else { "" };
                row(name, format!("{}: {}{nulls}", column.name, column.r#type));
            }
        }
        let Memory { tables, edges, csr } = self.memory;
        row(
            "memory",
            format!(
                "{} (tables {}, edges {}, CSR {})",
                bytes(tables + edges + csr),
                bytes(tables),
                bytes(edges),
                bytes(csr)
            ),
        );
        text
    }
}

impl Degrees {
    /// `None` without nodes.
    fn of(mut degrees: Vec<u32>) -> Option<Self> {
        degrees.sort_unstable();
        let (&min, &max) = (degrees.first()?, degrees.last()?);
        let mean = degrees.iter().map(|&d| f64::from(d)).sum::<f64>() / degrees.len() as f64;
        let mut histogram = Vec::new();
        let mut rest = &degrees[..];
        let (mut from, mut to) = (0, 0);
        while !rest.is_empty() {
            let n_nodes = rest.partition_point(|&degree| degree <= to);
            histogram.push(Bin { from, to, n_nodes });
            rest = &rest[n_nodes..];
            from = to + 1;
            to = to.saturating_mul(2).saturating_add(1);
        }
        Some(Self {
            min,
            median: f64::midpoint(
                f64::from(degrees[(degrees.len() - 1) / 2]),
                f64::from(degrees[degrees.len() / 2]),
            ),
            mean,
            max,
            histogram,
        })
    }
}

/// A bar of up to 30 characters, in eighths.
fn bar(share: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share * 240.0).round() as usize;
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_fall_into_doubling_bins() {
        let degrees = Degrees::of(vec![9, 0, 3, 1, 2, 4]).unwrap();
        let bins: Vec<_> =
            degrees.histogram.iter().map(|bin| (bin.from, bin.to, bin.n_nodes)).collect();
        assert_eq!(bins, [(0, 0, 1), (1, 1, 1), (2, 3, 2), (4, 7, 1), (8, 15, 1)]);
        assert_eq!((degrees.min, degrees.median, degrees.max), (0, 2.5, 9));
        assert!(Degrees::of(vec![]).is_none());
    }

    #[test]
    fn bars_grow_by_eighths() {
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(1.0), "█".repeat(30));
        assert_eq!(bar(1.5 / 30.0), "█▌");
    }
}
