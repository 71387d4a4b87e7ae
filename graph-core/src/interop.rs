//! To and from the crate petgraph.
//!
//! The other crate's graphs are handy to look things up in and for its algorithms; storage here is
//! [`Coo`] and [`Csr`](crate::Csr).

use petgraph::graph::{DiGraph, IndexType, NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;
use petgraph::{EdgeType, Graph as Petgraph};

use crate::{Coo, Graph, NodeId, Result};

/// The edges of `graph` with their direction, as petgraph's directed graph.
///
/// Node and edge weights are what they are here: the [`NodeId`], which is also the node's index,
/// and the edge's weight, 1 if there are none. Edges keep their order, so edge `e` is petgraph's
/// edge index `e`; of an undirected graph each edge comes once, from source to target. O(n + m).
///
/// ```
/// use graph_core::generate::cycle;
/// use graph_core::interop::to_digraph;
///
/// let graph = to_digraph(&cycle(4)?);
/// assert_eq!(petgraph::algo::kosaraju_scc(&graph).len(), 1);
/// # Ok::<(), graph_core::Error>(())
/// ```
pub fn to_digraph(graph: &Graph) -> DiGraph<NodeId, f32> {
    to_petgraph(graph)
}

/// The edges of `graph` without their direction, as petgraph's undirected graph; otherwise as
/// [`to_digraph`].
pub fn to_ungraph(graph: &Graph) -> UnGraph<NodeId, f32> {
    to_petgraph(graph)
}

fn to_petgraph<Ty: EdgeType>(graph: &Graph) -> Petgraph<NodeId, f32, Ty> {
    let coo = graph.coo();
    let mut other = Petgraph::with_capacity(coo.n_nodes(), coo.n_edges());
    for u in 0..coo.n_nodes() as NodeId {
        other.add_node(u);
    }
    for (edge, (&u, &v)) in coo.sources().iter().zip(coo.targets()).enumerate() {
        let weight = coo.weights().map_or(1.0, |weights| weights[edge]);
        other.add_edge(NodeIndex::new(u as usize), NodeIndex::new(v as usize), weight);
    }
    other
}

/// The nodes and edges of petgraph's `other`, whose direction is that of its type.
///
/// The node of index `i` becomes [`NodeId`] `i` with the external id `i`; edges keep their order.
/// `weight` gives the weight of an edge; with `|_| None` for every edge the graph has no weights.
/// An edge without a weight beside others that have one weighs 1.
///
/// ```
/// use graph_core::interop::from_petgraph;
/// use petgraph::graph::UnGraph;
///
/// let other = UnGraph::<(), f32>::from_edges([(0, 1, 0.5), (1, 2, 2.0)]);
/// let graph = from_petgraph(&other, |&weight| Some(weight))?;
/// assert_eq!((graph.n_nodes(), graph.is_directed()), (3, false));
/// assert_eq!(graph.coo().weights(), Some(&[0.5, 2.0][..]));
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::TooManyNodes`](crate::Error::TooManyNodes) or
///   [`Error::TooManyEdges`](crate::Error::TooManyEdges) if `n` or `m` does not fit in `u32`;
/// - [`Error::BadWeight`](crate::Error::BadWeight) if a weight is not finite or is negative.
pub fn from_petgraph<N, E, Ty: EdgeType, Ix: IndexType>(
    other: &Petgraph<N, E, Ty, Ix>,
    weight: impl Fn(&E) -> Option<f32>,
) -> Result<Graph> {
    let ends = other.edge_references().map(|edge| {
        // Indices that do not fit are refused below: then there are too many nodes.
        (edge.source().index() as NodeId, edge.target().index() as NodeId)
    });
    let (sources, targets) = ends.unzip();
    let weights: Vec<Option<f32>> =
        other.edge_references().map(|edge| weight(edge.weight())).collect();
    let weights = weights
        .iter()
        .any(Option::is_some)
        .then(|| weights.into_iter().map(|weight| weight.unwrap_or(1.0)).collect());
    let coo = Coo::new(other.node_count(), sources, targets, weights)?;
    Ok(Graph::from_coo(coo, other.is_directed()))
}

#[cfg(test)]
mod tests {
    use petgraph::algo::{connected_components, dijkstra};
    use petgraph::unionfind::UnionFind;
    use proptest::prelude::*;

    use super::*;

    fn graph(n: usize, edges: &[(u32, u32, u8)], directed: bool) -> Graph {
        let weights = edges.iter().map(|&(.., weight)| f32::from(weight)).collect();
        let coo = Coo::new(
            n,
            edges.iter().map(|&(u, ..)| u).collect(),
            edges.iter().map(|&(_, v, _)| v).collect(),
            Some(weights),
        );
        Graph::from_coo(coo.unwrap(), directed)
    }

    fn edges() -> impl Strategy<Value = Vec<(u32, u32, u8)>> {
        prop::collection::vec((0..20_u32, 0..20_u32, 0..9_u8), 1..60)
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_graph(edges in edges(), directed: bool) {
            let graph = graph(20, &edges, directed);
            let back = if directed {
                from_petgraph(&to_digraph(&graph), |&weight| Some(weight)).unwrap()
            } else {
                from_petgraph(&to_ungraph(&graph), |&weight| Some(weight)).unwrap()
            };
            prop_assert_eq!(back.coo(), graph.coo());
            prop_assert_eq!(back.is_directed(), directed);
        }

        /// Oracle: petgraph's components and union-find.
        #[test]
        fn components_are_those_of_petgraph(edges in edges(), directed: bool) {
            let graph = graph(20, &edges, directed);
            let (component, count) = graph.components();
            prop_assert_eq!(count, connected_components(&to_digraph(&graph)));
            let mut sets = UnionFind::new(20);
            for &(u, v, _) in &edges {
                sets.union(u as usize, v as usize);
            }
            for u in 0..20 {
                for v in 0..20 {
                    prop_assert_eq!(component[u] == component[v], sets.equiv(u, v));
                }
            }
        }

        /// Oracle: what petgraph reaches from node 0 along out-edges.
        #[test]
        fn out_edges_reach_what_petgraph_reaches(edges in edges(), directed: bool) {
            let graph = graph(20, &edges, directed);
            let mut reached = vec![0];
            let mut next = 0;
            while next < reached.len() {
                for &v in graph.out_edges().neighbors(reached[next]) {
                    if !reached.contains(&v) {
                        reached.push(v);
                    }
                }
                next += 1;
            }
            let start = NodeIndex::new(0);
            let expected = if directed {
                dijkstra(&to_digraph(&graph), start, None, |_| 1)
            } else {
                dijkstra(&to_ungraph(&graph), start, None, |_| 1)
            };
            prop_assert_eq!(reached.len(), expected.len());
            prop_assert!(reached.iter().all(|&u| expected.contains_key(&NodeIndex::new(u as usize))));
        }
    }

    #[test]
    fn edges_without_weights_have_none_here() {
        let other = DiGraph::<(), &str>::from_edges([(0, 1, "a"), (1, 0, "b")]);
        assert_eq!(from_petgraph(&other, |_| None).unwrap().coo().weights(), None);
        let some = from_petgraph(&other, |name| (*name == "a").then_some(3.0)).unwrap();
        assert_eq!(some.coo().weights(), Some(&[3.0, 1.0][..]));
    }
}
