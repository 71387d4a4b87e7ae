//! Nodes numbered anew: the same graph in another order.

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::reshaped::{GONE, Reshaped, new_numbers, select};
use crate::{Error, Result};

/// The same graph with its nodes in the order `order`: node `i` is what `order[i]` was.
///
/// External ids, attributes and edges, which keep their order, go along. O(n + m) time.
///
/// ```
/// use graph_core::generate::path;
/// use graph_etl::topology::relabel;
///
/// let turned = relabel(&path(3)?, &[2, 1, 0])?.graph;
/// assert_eq!(turned.coo().sources(), [2, 1]);
/// assert_eq!(turned.coo().targets(), [1, 0]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::LengthMismatch`] if `order` does not have as many entries as there are nodes;
/// - [`Error::NoSuchNode`] if it names a node that the graph does not have;
/// - [`Error::BadOption`] if it names a node twice.
pub fn relabel(graph: &Graph, order: &[NodeId]) -> Result<Reshaped> {
    let n = graph.n_nodes();
    if order.len() != n {
        return Err(Error::LengthMismatch { name: "order", found: order.len(), expected: n });
    }
    check_distinct("order", n, order)?;
    select(graph, order.to_vec(), (0..graph.n_edges() as u32).collect())
}

/// The nodes with the most edge ends first, those with equally many in their old order; for
/// [`relabel`]. Shape `[n]`, O(n log n) time.
///
/// Neighbors that are visited often then lie close together, which caches like.
pub fn by_degree(graph: &Graph) -> Vec<NodeId> {
    let degrees = graph.degrees();
    let mut order: Vec<NodeId> = (0..graph.n_nodes() as NodeId).collect();
    order.par_sort_by_key(|&u| std::cmp::Reverse(degrees[u as usize]));
    order
}

/// The nodes that edges name, in the order in which they are first named, source before target of
/// each edge; nodes without edges are left out.
///
/// With all other nodes behind them this is an order for [`relabel`]; [`compact`] uses it without.
/// O(n + m) time.
pub fn by_first_use(graph: &Graph) -> Vec<NodeId> {
    let mut seen = vec![false; graph.n_nodes()];
    let mut order = Vec::new();
    for (&u, &v) in graph.coo().sources().iter().zip(graph.coo().targets()) {
        for end in [u, v] {
            if !std::mem::replace(&mut seen[end as usize], true) {
                order.push(end);
            }
        }
    }
    order
}

/// The same edges over the nodes that they name alone, numbered in the order of first use.
///
/// As if the edge table had been read without a node table, but with the attributes of the nodes.
/// O(n + m) time.
///
/// # Errors
///
/// [`Error::Graph`] if Arrow cannot gather the rows.
pub fn compact(graph: &Graph) -> Result<Reshaped> {
    select(graph, by_first_use(graph), (0..graph.n_edges() as u32).collect())
}

/// Refuses a list in which a node is out of range or listed twice.
pub(super) fn check_distinct(name: &'static str, n: usize, nodes: &[NodeId]) -> Result<()> {
    if let Some(&node) = nodes.iter().find(|&&u| u as usize >= n) {
        return Err(Error::NoSuchNode { name, node, n_nodes: n });
    }
    let last = new_numbers(n, nodes);
    match nodes.iter().enumerate().find(|&(place, &u)| last[u as usize] != place as NodeId) {
        Some((place, &u)) => Err(Error::BadOption {
            option: name,
            value: format!("node {u} at place {place} and again at {}", last[u as usize]).into(),
            allowed: "a list that names each node once",
        }),
        None => {
            debug_assert!(nodes.len() <= n && !nodes.contains(&GONE));
            Ok(())
        }
    }
}
