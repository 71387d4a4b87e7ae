//! Calls of the safelist, done on views.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::Encoding;
use super::error::{QueryError, QueryProblem};
use super::filter::{select, values_among};
use super::hop::{Input, Spec, hop};
use super::query::Call;
use super::rows;
use super::run::Run;
use super::set::Set;
use super::view::{GraphOf, Table, View, counts, set_column};
use crate::topology::{TopologicalLevels, filter_edges, induced_by_mask};
use crate::{Error, Result};

pub(super) fn call(call: &Call, path: &str, view: &mut View, run: &mut Run) -> Result<()> {
    let graph = view.graph.clone();
    let coo = graph.coo();
    if view.rows.is_some() && !matches!(call, Call::Rows(_) | Call::Name(_) | Call::Description(_))
    {
        return Err(of_graphs_alone(path));
    }
    match call {
        Call::Degrees { all, into, out } => {
            let [into_counts, out_counts, sums] = degrees(view);
            for (name, degrees) in [(into, into_counts), (out, out_counts), (all, sums)] {
                if let Some(name) = name {
                    set_node_column(view, path, name, counts(degrees))?;
                }
            }
        }
        Call::FilterNodes(filter) => {
            view.nodes = select(view.node_table(), filter, &view.nodes, &mut run.context)?;
        }
        Call::FilterEdges(filter) => {
            view.edges = select(view.edge_table(), filter, &view.edges, &mut run.context)?;
        }
        Call::MaterializeNodes { reuse: true } => {}
        Call::MaterializeNodes { reuse: false } => {
            view.nodes = view.both_ends(&view.edges);
            view.node_columns.clear();
            view.ids_alone = true;
        }
        Call::Hop(call) => {
            let input = Input { nodes: &view.nodes, edges: &view.edges, seeds: None, target: None };
            let found = hop(view, &Spec::call(call), input, &mut run.context, run.control)?;
            if let (Some(name), Some(hops)) = (&call.edge.label_nodes, &found.node_hops) {
                set_node_column(view, path, name, hop_column(hops))?;
            }
            if let (Some(name), Some(hops)) = (&call.edge.label_edges, &found.edge_hops) {
                if graph.end_names().contains(&name.as_str()) {
                    return Err(taken(path, name));
                }
                set_column(&mut view.edge_columns, name, hop_column(hops));
            }
            (view.nodes, view.edges) = (found.nodes, found.edges);
        }
        Call::KeepNodes(wanted) => {
            let mut nodes = view.nodes.clone();
            for (column, values) in wanted {
                let name = match column {
                    Some(name) => name.clone(),
                    None => graph.nodes().schema().field(0).name().clone(),
                };
                let Some(column) = view.node_table().column(&name)? else {
                    return Err(no_column(&view.node_table(), path, &name));
                };
                nodes = values_among(&column, values, &nodes)?;
            }
            keep(view, nodes);
        }
        Call::DropNodes(values) => {
            let ids = Arc::clone(graph.ids());
            let dropped = values_among(&ids, values, &Set::full(view.nodes.len()))?;
            let (sources, targets) = (coo.sources(), coo.targets());
            view.nodes = view.nodes.without(&dropped);
            view.edges = view.edges.filter(|e| {
                !dropped.contains(sources[e as usize]) && !dropped.contains(targets[e as usize])
            });
        }
        Call::PruneSelfEdges => {
            let (sources, targets) = (coo.sources(), coo.targets());
            view.edges = view.edges.filter(|e| sources[e as usize] != targets[e as usize]);
        }
        Call::Collapse(collapse) => collapse.run(view, path, run.control)?,
        Call::Umap(umap) => umap.run(view, path, run.control)?,
        // Without nodes there is no column either, as at the client.
        Call::Levels { .. } if view.nodes.is_empty() => {}
        Call::Levels { column, allow_cycles, remove_self_loops } => {
            let options = TopologicalLevels {
                allow_cycles: *allow_cycles,
                remove_self_loops: *remove_self_loops,
            };
            let levels = levels(view, options, path, run)?;
            set_node_column(view, path, column, levels)?;
        }
        Call::Name(name) => run.name = Some(name.clone()),
        Call::Description(text) => run.description = Some(text.clone()),
        Call::Rows(call) => rows::run(call, path, view, &mut run.context, run.control)?,
        #[cfg(feature = "serde")]
        Call::Compute(call) => super::measure::run(call, path, view, run)?,
        #[cfg(not(feature = "serde"))]
        Call::Compute(call) => {
            let (name, reason) = (call.algorithm.clone(), "this build has no measures".to_owned());
            return Err(QueryError::at(path, QueryProblem::Measure { name, reason }));
        }
        Call::Hypergraph { config, from_edges } => {
            let (nodes, edges) = view.collect()?;
            let events = if *from_edges { edges } else { nodes };
            let made = config.run(&events, run.control)?.graph()?;
            *view = View::new(GraphOf::Made(Arc::new(made)));
        }
        Call::Encode { function, params } => {
            run.encodings.push(encoding(function, params, view, path)?);
        }
    }
    Ok(())
}

/// Edges that end, that start, and that do either at each node.
fn degrees(view: &View) -> [Vec<u32>; 3] {
    let all_edges = view.edges.is_full();
    let count = |ends: &[u32]| {
        let mut degrees = vec![0_u32; view.nodes.len()];
        match all_edges {
            true => ends.iter().for_each(|&u| degrees[u as usize] += 1),
            false => view.edges.each(|e| degrees[ends[e as usize] as usize] += 1),
        }
        degrees
    };
    let coo = view.graph.coo();
    let (ins, outs) = rayon::join(|| count(coo.targets()), || count(coo.sources()));
    let sums = ins.iter().zip(&outs).map(|(a, b)| a + b).collect();
    [ins, outs, sums]
}

/// What a call `encode_…` asks to be seen, of a column that is there.
fn encoding(
    function: &str,
    params: &serde_json::Value,
    view: &View,
    path: &str,
) -> Result<Encoding> {
    let of_edges = function.starts_with("encode_edge");
    let table = if of_edges { view.edge_table() } else { view.node_table() };
    // Axes are of no column.
    if let Some(name) = params.get("column").and_then(serde_json::Value::as_str)
        && !table.names().iter().any(|known| known == name)
    {
        return Err(no_column(&table, path, name));
    }
    Ok(Encoding { function: function.to_owned(), params: params.clone() })
}

/// The error of a call on a graph of which only rows are left.
pub(super) fn of_graphs_alone(path: &str) -> Error {
    let what = "a step or call on a graph behind rows of a table".to_owned();
    let reason = "rows have no edges; put it before, or give it a name in a `Let`";
    QueryError::at(path, QueryProblem::Unsupported { what, reason })
}

/// Keeps `nodes` and the edges between them.
fn keep(view: &mut View, nodes: Set) {
    let coo = view.graph.coo();
    let (sources, targets) = (coo.sources(), coo.targets());
    view.edges = view
        .edges
        .filter(|e| nodes.contains(sources[e as usize]) && nodes.contains(targets[e as usize]));
    view.nodes = nodes;
}

fn levels(view: &View, options: TopologicalLevels, path: &str, run: &Run) -> Result<ArrayRef> {
    let whole = filter_edges(&view.graph, &view.edges.to_mask(), true)?.graph;
    let part = induced_by_mask(&whole, &view.nodes.to_mask())?;
    let report = options.run(&part.graph, run.control).map_err(|error| match error {
        Error::Cycle { id, .. } => {
            let value = format!("a graph with a cycle at node `{id}`");
            let allowed = "one that has levels; set allow_cycles";
            QueryError::at(path, QueryProblem::BadValue { value, allowed })
        }
        error => error,
    })?;
    let mut levels = vec![None; view.nodes.len()];
    for (&u, level) in part.nodes.iter().zip(report.levels) {
        levels[u as usize] = Some(i64::from(level));
    }
    Ok(Arc::new(Int64Array::from(levels)))
}

fn hop_column(hops: &[u32]) -> ArrayRef {
    let hops = hops.iter().map(|&hop| (hop != super::hop::NO_HOP).then_some(i64::from(hop)));
    Arc::new(hops.collect::<Int64Array>())
}

/// Sets a column of the nodes, but for that of their ids.
pub(super) fn set_node_column(
    view: &mut View,
    path: &str,
    name: &str,
    values: ArrayRef,
) -> Result<()> {
    if view.graph.nodes().schema().field(0).name() == name {
        return Err(taken(path, name));
    }
    set_column(&mut view.node_columns, name, values);
    Ok(())
}

/// The same of the edges.
#[cfg(feature = "serde")]
pub(super) fn set_edge_column(
    view: &mut View,
    path: &str,
    name: &str,
    values: ArrayRef,
) -> Result<()> {
    if view.graph.end_names().contains(&name) {
        return Err(taken(path, name));
    }
    set_column(&mut view.edge_columns, name, values);
    Ok(())
}

fn taken(path: &str, name: &str) -> Error {
    let value = format!("`{name}`, a column of ids,");
    let allowed = "a column that may be replaced";
    QueryError::at(path, QueryProblem::BadValue { value, allowed })
}

fn no_column(table: &Table, path: &str, name: &str) -> Error {
    let names = table.names();
    let nearest = crate::error::nearest(name, names.iter().map(String::as_str)).map(String::from);
    let problem = QueryProblem::Unknown { kind: "column", name: name.to_owned(), nearest };
    QueryError::at(path, problem)
}
