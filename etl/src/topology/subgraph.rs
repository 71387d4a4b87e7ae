//! Parts of a graph: some of its nodes, some of its edges.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{cast, filter};
use arrow::row::{RowConverter, SortField};
use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::relabel::check_distinct;
use super::reshaped::{GONE, Reshaped, join, new_numbers, select};
use crate::error::nearest;
use crate::{Error, Result};

/// The nodes of `nodes`, in this order, and all edges between two of them, in input order.
///
/// O(n + m) time.
///
/// ```
/// use graph_core::generate::path;
/// use graph_etl::topology::induced_by_nodes;
///
/// let part = induced_by_nodes(&path(4)?, &[3, 2, 0])?;
/// assert_eq!((part.graph.coo().sources(), part.graph.coo().targets()), (&[1][..], &[0][..]));
/// # Ok::<(), graph_etl::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::NoSuchNode`] if the graph does not have one of them;
/// - [`Error::BadOption`] if one is listed twice.
pub fn induced_by_nodes(graph: &Graph, nodes: &[NodeId]) -> Result<Reshaped> {
    check_distinct("nodes", graph.n_nodes(), nodes)?;
    let new = new_numbers(graph.n_nodes(), nodes);
    let kept = |u: NodeId| new[u as usize] != GONE;
    select(graph, nodes.to_vec(), edges_where(graph, |_, u, v| kept(u) && kept(v)))
}

/// The nodes whose bit in `keep` is set, and all edges between two of them; input order stays.
///
/// `keep` has shape `[n]`. O(n + m) time.
///
/// # Errors
///
/// [`Error::LengthMismatch`] if it has another.
pub fn induced_by_mask(graph: &Graph, keep: &BooleanBuffer) -> Result<Reshaped> {
    check_mask("node mask", keep, graph.n_nodes())?;
    let nodes = keep.set_indices().map(|u| u as NodeId).collect();
    let kept = |u: NodeId| keep.value(u as usize);
    select(graph, nodes, edges_where(graph, |_, u, v| kept(u) && kept(v)))
}

/// The edges of `edges`, in this order, and the nodes that they name, in input order.
///
/// O(n + m') time.
///
/// # Errors
///
/// [`Error::BadOption`] if an edge is not in `0..m`. An edge listed twice becomes two.
pub fn induced_by_edges(graph: &Graph, edges: &[u32]) -> Result<Reshaped> {
    let m = graph.n_edges();
    if let Some(&edge) = edges.iter().find(|&&e| e as usize >= m) {
        return Err(Error::BadOption {
            option: "edges",
            value: format!("{edge} of {m}").into(),
            allowed: "numbers of edges of the graph",
        });
    }
    let nodes = named_by(graph, edges);
    select(graph, nodes, edges.to_vec())
}

/// The edges whose bit in `keep` is set and, unless `orphans`, only the nodes that these name.
///
/// `keep` has shape `[m]`; input order stays. O(n + m) time.
///
/// # Errors
///
/// [`Error::LengthMismatch`] if it has another.
pub fn filter_edges(graph: &Graph, keep: &BooleanBuffer, orphans: bool) -> Result<Reshaped> {
    check_mask("edge mask", keep, graph.n_edges())?;
    let edges: Vec<u32> = keep.set_indices().map(|e| e as u32).collect();
    let nodes = match orphans {
        true => (0..graph.n_nodes() as NodeId).collect(),
        false => named_by(graph, &edges),
    };
    select(graph, nodes, edges)
}

/// All edges, and only the nodes that one of them names, in input order. O(n + m) time.
///
/// # Errors
///
/// [`Error::Graph`] if Arrow cannot gather the rows.
pub fn prune_orphans(graph: &Graph) -> Result<Reshaped> {
    let edges: Vec<u32> = (0..graph.n_edges() as u32).collect();
    let nodes = named_by(graph, &edges);
    select(graph, nodes, edges)
}

/// The weakly connected component with the most nodes; of several, the one with the smallest node.
///
/// Input order stays. O(n + m α(n)) time.
///
/// ```
/// use graph_core::{Coo, Graph};
/// use graph_etl::topology::largest_component;
///
/// let graph = Graph::from_coo(Coo::new(5, vec![1, 3], vec![2, 4], None)?, true);
/// assert_eq!(largest_component(&graph)?.nodes, [1, 2]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Graph`] if Arrow cannot gather the rows.
pub fn largest_component(graph: &Graph) -> Result<Reshaped> {
    let (component, count) = graph.components();
    let mut sizes = vec![0_u32; count];
    for &c in &component {
        sizes[c as usize] += 1;
    }
    let largest = (0..count).rev().max_by_key(|&c| sizes[c]);
    let keep = component.iter().map(|&c| Some(c as usize) == largest).collect();
    induced_by_mask(graph, &keep)
}

/// The node table that the edges alone imply: the ids of all sources, then of all targets that are
/// no source, each once, in the order of the edges; attributes are left out.
///
/// Edges are the same, over these nodes. O(n + m) time.
///
/// # Errors
///
/// [`Error::Graph`] if Arrow cannot gather the rows.
pub fn materialize_nodes(graph: &Graph) -> Result<Reshaped> {
    let mut seen = vec![false; graph.n_nodes()];
    let ends = graph.coo().sources().iter().chain(graph.coo().targets());
    let nodes =
        ends.filter(|&&u| !std::mem::replace(&mut seen[u as usize], true)).copied().collect();
    let all = select(graph, nodes, (0..graph.n_edges() as u32).collect())?;
    let ids = all.graph.nodes().project(&[0]).map_err(graph_core::Error::from)?;
    let graph =
        join(graph, ids, all.graph.edges().clone(), all.graph.coo().clone(), graph.is_directed())?;
    Ok(Reshaped { graph, ..all })
}

/// The nodes for which every listed column has one of the values listed for it, and the edges
/// between them.
///
/// `wanted` pairs names of node columns (the id's included) with values, whose type need only be
/// one that Arrow casts to the column's and back; an empty list of pairs keeps all. Null is a
/// value: it is wanted where it is listed. O(n + m) time for each column.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::Int64Array;
/// use graph_core::generate::path;
/// use graph_etl::topology::keep_nodes;
///
/// let kept = keep_nodes(&path(4)?, &[("id", Arc::new(Int64Array::from(vec![1, 2, 9])))])?;
/// assert_eq!(kept.nodes, [1, 2]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::Unknown`] if there is no such column, with the most similar name;
/// - [`Error::Graph`] if the values cannot be cast to its type.
pub fn keep_nodes(graph: &Graph, wanted: &[(&str, ArrayRef)]) -> Result<Reshaped> {
    induced_by_mask(graph, &matching(graph.nodes(), wanted)?)
}

/// All nodes but those that [`keep_nodes`] would keep, and the edges between them.
///
/// # Errors
///
/// Those of [`keep_nodes`].
pub fn drop_nodes(graph: &Graph, unwanted: &[(&str, ArrayRef)]) -> Result<Reshaped> {
    induced_by_mask(graph, &!&matching(graph.nodes(), unwanted)?)
}

/// The rows of `table` for which every listed column has one of the values listed for it; see
/// [`keep_nodes`]. Shape `[rows]`.
///
/// # Errors
///
/// Those of [`keep_nodes`].
pub fn matching(table: &RecordBatch, wanted: &[(&str, ArrayRef)]) -> Result<BooleanBuffer> {
    let mut hits = BooleanBuffer::new_set(table.num_rows());
    for (name, values) in wanted {
        let Some(column) = table.column_by_name(name) else {
            let schema = table.schema();
            let names = schema.fields().iter().map(|field| field.name().as_str());
            let nearest = nearest(name, names);
            return Err(Error::Unknown { kind: "column", name: (*name).into(), nearest });
        };
        hits = &hits & &members(column, values)?;
    }
    Ok(hits)
}

/// Which entries of `column` are among `values`.
fn members(column: &ArrayRef, values: &ArrayRef) -> Result<BooleanBuffer> {
    let wrap = |error| Error::from(graph_core::Error::from(error));
    let as_column = cast(values, column.data_type()).map_err(wrap)?;
    // A value that the column cannot hold is in no row; rounded or nulled it might be in some.
    let back = cast(&as_column, values.data_type()).map_err(wrap)?;
    let exact = not_distinct(&back, values).map_err(wrap)?;
    let values = filter(&as_column, &exact).map_err(wrap)?;
    let field = SortField::new(column.data_type().clone());
    let converter = RowConverter::new(vec![field]).map_err(wrap)?;
    let wanted = converter.convert_columns(&[values]).map_err(wrap)?;
    let wanted: HashSet<&[u8]> = wanted.iter().map(|row| row.data()).collect();
    let n = column.len();
    let size = n.div_ceil(rayon::current_num_threads() * 4).max(1024);
    let blocks: Vec<Vec<bool>> = (0..n.div_ceil(size))
        .into_par_iter()
        .map(|block| {
            let start = block * size;
            let slice = column.slice(start, size.min(n - start));
            let rows = converter.convert_columns(&[slice]).map_err(wrap)?;
            Ok(rows.iter().map(|row| wanted.contains(row.data())).collect())
        })
        .collect::<Result<_>>()?;
    Ok(blocks.into_iter().flatten().collect())
}

/// The nodes that `edges` name, ascending.
pub(super) fn named_by(graph: &Graph, edges: &[u32]) -> Vec<NodeId> {
    let mut named = vec![false; graph.n_nodes()];
    for &e in edges {
        named[graph.coo().sources()[e as usize] as usize] = true;
        named[graph.coo().targets()[e as usize] as usize] = true;
    }
    let nodes = named.into_iter().enumerate();
    nodes.filter(|&(_, named)| named).map(|(u, _)| u as NodeId).collect()
}

/// The edges that `keep(edge, source, target)` says yes to, ascending.
pub(super) fn edges_where(
    graph: &Graph,
    keep: impl Fn(usize, NodeId, NodeId) -> bool + Sync,
) -> Vec<u32> {
    let ends = graph.coo().sources().par_iter().zip(graph.coo().targets()).enumerate();
    ends.filter(|&(e, (&u, &v))| keep(e, u, v)).map(|(e, _)| e as u32).collect()
}

pub(super) fn check_mask(name: &'static str, mask: &BooleanBuffer, expected: usize) -> Result<()> {
    match mask.len() == expected {
        true => Ok(()),
        false => Err(Error::LengthMismatch { name, found: mask.len(), expected }),
    }
}
