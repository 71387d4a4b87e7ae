//! Graphs of other shapes: parts, neighborhoods, simpler ones; and graphs of events.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::UInt32Type;
use graphlume::etl::expr::Expr;
use graphlume::etl::hypergraph::{HypergraphConfig, HypergraphOpts};
use graphlume::etl::table::{ContractAggregates, rows_where, truth};
use graphlume::etl::topology::{
    Combine, Contract, Direction, ForestFire, Hops, UniformSample, deduplicate, drop_self_loops,
    filter_edges, induced_by_mask, induced_by_nodes, largest_component, prune_orphans, reverse,
    symmetrize,
};
use graphlume::etl::{Control, Error, Result};
use graphlume::graph::type_name;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Deserialize;

use crate::arrays::Array;
use crate::error::Failure;
use crate::graph::Graph;
use crate::tables;
use crate::values;
use crate::work::{leave, work_apart};

/// A verb with its options.
#[derive(Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
enum Verb {
    Reverse,
    DropSelfLoops,
    DropIsolated,
    LargestComponent,
    Deduplicate {
        combine: Combine,
    },
    Symmetrize {
        combine: Combine,
    },
    Contract {
        column: String,
        combine: Combine,
        self_loops: bool,
        node_aggregates: Vec<(String, String)>,
        edge_aggregates: Vec<(String, String)>,
    },
    SampleNodes {
        count: usize,
        seed: u64,
    },
    SampleEdges {
        count: usize,
        seed: u64,
    },
    ForestFire {
        count: usize,
        forward: f64,
        backward: f64,
        seed: u64,
    },
}

impl Verb {
    fn run(self, graph: &graphlume::Graph, control: &Control) -> Result<graphlume::Graph> {
        Ok(match self {
            Self::Reverse => reverse(graph)?,
            Self::DropSelfLoops => drop_self_loops(graph)?.graph,
            Self::DropIsolated => prune_orphans(graph)?.graph,
            Self::LargestComponent => largest_component(graph)?.graph,
            Self::Deduplicate { combine } => deduplicate(graph, combine)?.graph,
            Self::Symmetrize { combine } => symmetrize(graph, combine)?.graph,
            Self::Contract { column, combine, self_loops, node_aggregates, edge_aggregates } => {
                let aggregates = ContractAggregates {
                    nodes: expressions(node_aggregates)?,
                    edges: expressions(edge_aggregates)?,
                };
                let contract = Contract { combine, self_loops };
                contract.by_column_with(graph, &column, &aggregates, control)?.graph
            }
            Self::SampleNodes { count, seed } => UniformSample { count, seed }.nodes(graph)?.graph,
            Self::SampleEdges { count, seed } => UniformSample { count, seed }.edges(graph)?.graph,
            Self::ForestFire { count, forward, backward, seed } => {
                ForestFire { count, forward, backward, seed }.run(graph, control)?.graph
            }
        })
    }
}

/// Expressions by name, read.
fn expressions(texts: Vec<(String, String)>) -> Result<Vec<(String, Expr)>> {
    texts.into_iter().map(|(name, text)| Ok((name, text.parse()?))).collect()
}

/// What to keep: an expression, or a column of truth values.
#[derive(FromPyObject)]
pub(crate) enum Condition<'py> {
    Text(String),
    Mask(Bound<'py, Array>),
}

/// The same, read.
enum Keep {
    Where(Expr),
    Mask(BooleanBuffer),
}

impl Condition<'_> {
    fn read(&self, py: Python<'_>, of: &str) -> PyResult<Keep> {
        let bad = |text: String| Failure::Input(text).raise(py);
        match self {
            Self::Text(text) => text
                .parse()
                .map(Keep::Where)
                .map_err(|error: graphlume::etl::expr::ExpressionError| bad(error.to_string())),
            Self::Mask(values) => {
                let values = &values.get().0;
                let Some(values) = values.as_boolean_opt() else {
                    let kind = type_name(values.data_type());
                    return Err(bad(format!(
                        "{of} are kept by truth values, but these are of type {kind}"
                    )));
                };
                Ok(Keep::Mask(truth(values)))
            }
        }
    }
}

impl Keep {
    fn of(
        self,
        rows: impl FnOnce() -> Result<RecordBatch>,
        control: &Control,
    ) -> Result<BooleanBuffer> {
        match self {
            Self::Where(expression) => rows_where(rows()?, &expression, control),
            Self::Mask(mask) => Ok(mask),
        }
    }
}

/// Rows of nodes, in a column of 32 bits.
pub(crate) fn rows_in(py: Python<'_>, rows: &Array) -> PyResult<Vec<u32>> {
    let column = rows.0.as_primitive_opt::<UInt32Type>();
    column.map(|rows| rows.values().to_vec()).ok_or_else(|| {
        let kind = type_name(rows.0.data_type());
        Failure::Input(format!("rows are of type {kind}, but uint32 is needed")).raise(py)
    })
}

/// The graph after a verb: `reverse`, `drop_self_loops`, `drop_isolated`, `largest_component`, `deduplicate`,
/// `symmetrize`, `contract`, `sample_nodes`, `sample_edges`, `forest_fire`.
#[pyfunction]
pub(crate) fn reshape(
    graph: &Graph,
    py: Python<'_>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Graph> {
    let verb: Verb = values::parsed(Some(options))?;
    let graph = Arc::clone(&graph.0);
    let reshaped = work_apart(py, "graph", move |control| verb.run(&graph, control))?;
    Ok(Graph(Arc::new(reshaped)))
}

/// The nodes and edges that conditions are true of.
#[pyfunction]
pub(crate) fn filter(
    graph: &Graph,
    py: Python<'_>,
    nodes: Option<Condition<'_>>,
    edges: Option<Condition<'_>>,
    keep_isolated: bool,
) -> PyResult<Graph> {
    let nodes = nodes.map(|nodes| nodes.read(py, "nodes")).transpose()?;
    let edges = edges.map(|edges| edges.read(py, "edges")).transpose()?;
    let mut graph = graphlume::Graph::clone(&graph.0);
    let filtered = work_apart(py, "filter", move |control| {
        // Both are asked of the graph as it is, so that masks fit.
        let edges = match edges {
            Some(edges) => Some(edges.of(|| Ok(graph.edge_table()?), control)?),
            None => None,
        };
        let nodes = match nodes {
            Some(nodes) => Some(nodes.of(|| Ok(graph.nodes().clone()), control)?),
            None => None,
        };
        let lost = edges.is_some() && !keep_isolated;
        if let Some(edges) = edges {
            graph = filter_edges(&graph, &edges, true)?.graph;
        }
        if let Some(nodes) = nodes {
            graph = induced_by_mask(&graph, &nodes)?.graph;
        }
        if lost {
            graph = prune_orphans(&graph)?.graph;
        }
        Ok::<_, Error>(graph)
    })?;
    Ok(Graph(Arc::new(filtered)))
}

/// The nodes in `rows`, in this order, and all edges between them.
#[pyfunction]
pub(crate) fn part(graph: &Graph, py: Python<'_>, rows: &Array) -> PyResult<Graph> {
    let rows = rows_in(py, rows)?;
    let graph = Arc::clone(&graph.0);
    let part = leave(py, move || induced_by_nodes(&graph, &rows))?;
    Ok(Graph(Arc::new(part.graph)))
}

/// What can be reached from the nodes in `rows` in some number of hops.
#[pyfunction]
pub(crate) fn neighborhood(
    graph: &Graph,
    py: Python<'_>,
    rows: &Array,
    hops: Option<u32>,
    direction: &Bound<'_, PyDict>,
) -> PyResult<Graph> {
    #[derive(Deserialize)]
    struct Way {
        direction: Direction,
    }
    let Way { direction } = values::parsed(Some(direction))?;
    let rows = rows_in(py, rows)?;
    let graph = Arc::clone(&graph.0);
    let found = work_apart(py, "neighborhood", move |control| {
        let hops = Hops { direction, min_hops: 0, max_hops: hops, ..Hops::default() };
        let found = hops.run(&graph, &rows, control)?;
        Ok::<_, Error>(found.subgraph(&graph)?.graph)
    })?;
    Ok(Graph(Arc::new(found)))
}

/// The graph of the things that the rows of a table name, and what was odd in it.
#[pyfunction]
pub(crate) fn hypergraph(
    events: &Bound<'_, PyAny>,
    options: &Bound<'_, PyDict>,
    names: &Bound<'_, PyDict>,
) -> PyResult<(Graph, Vec<String>)> {
    let py = events.py();
    let opts: HypergraphOpts = values::parsed(Some(names))?;
    let config: HypergraphConfig = values::parsed(Some(options))?;
    let config = HypergraphConfig { opts, ..config };
    let events = tables::batch(events)?;
    let (graph, warnings) = work_apart(py, "hypergraph", move |control| {
        let found = config.run(&events, control)?;
        let warnings: Vec<String> = found.warnings().iter().map(ToString::to_string).collect();
        Ok::<_, Error>((found.graph()?, warnings))
    })?;
    Ok((Graph(Arc::new(graph)), warnings))
}
