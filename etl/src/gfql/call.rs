//! Calls of the safelist, done on views.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::Encoding;
use super::error::{QueryError, QueryProblem};
use super::filter::{select, values_among};
use super::hop::{Input, Spec, hop};
use super::query::Call;
use super::run::Run;
use super::set::Set;
use super::view::{View, counts, set_column};
use crate::topology::{TopologicalLevels, filter_edges, induced_by_mask};
use crate::{Error, Result};

pub(super) fn call(call: &Call, path: &str, view: &mut View, run: &mut Run) -> Result<()> {
    let graph = view.graph;
    let coo = graph.coo();
    match call {
        Call::Degrees { all, into, out } => {
            let count = |ends: &[u32]| {
                let mut degrees = vec![0_u32; view.nodes.len()];
                for e in view.edges.members() {
                    degrees[ends[e as usize] as usize] += 1;
                }
                degrees
            };
            let (ins, outs) = (count(coo.targets()), count(coo.sources()));
            let sum = ins.iter().zip(&outs).map(|(a, b)| a + b).collect();
            for (name, degrees) in [(into, ins), (out, outs), (all, sum)] {
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
            view.nodes = view.edges.ends(coo.sources(), view.nodes.len());
            view.nodes |= &view.edges.ends(coo.targets(), view.nodes.len());
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
                let Some(column) = view.node_table().column(&name, &view.nodes)? else {
                    return Err(no_column(view, path, &name));
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
        Call::Encode { function, params } => {
            run.encodings.push(Encoding { function: function.clone(), params: params.clone() });
        }
    }
    Ok(())
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
    let whole = filter_edges(view.graph, &view.edges.to_mask(), true)?.graph;
    let part = induced_by_mask(&whole, &view.nodes.to_mask())?;
    let report = options.run(&part.graph, run.control).map_err(|error| match error {
        Error::Cycle { node } => {
            let value = format!("a graph with a cycle at node {}", part.nodes[node as usize]);
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
fn set_node_column(view: &mut View, path: &str, name: &str, values: ArrayRef) -> Result<()> {
    if view.graph.nodes().schema().field(0).name() == name {
        return Err(taken(path, name));
    }
    set_column(&mut view.node_columns, name, values);
    Ok(())
}

fn taken(path: &str, name: &str) -> Error {
    let value = format!("`{name}`, a column of ids,");
    let allowed = "a column that may be replaced";
    QueryError::at(path, QueryProblem::BadValue { value, allowed })
}

fn no_column(view: &View, path: &str, name: &str) -> Error {
    let names = view.node_table().names();
    let nearest = crate::error::nearest(name, names.iter().map(String::as_str)).map(String::from);
    let problem = QueryProblem::Unknown { kind: "column", name: name.to_owned(), nearest };
    QueryError::at(path, problem)
}
