//! Articulation points and bridges: nodes and edges without which the graph falls apart.

use graph_core::{Graph, NodeId};

use crate::topology::{Merge, Undirected};
use crate::{Control, Result};

/// What [`cut_points`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CutPoints {
    /// Whether taking the node away would leave more components of the others, shape `[n]`.
    pub is_articulation: Vec<bool>,
    /// Whether taking the edge away would leave more components, shape `[m]`, in the order of the
    /// edge list. Of parallel edges none is a bridge.
    pub is_bridge: Vec<bool>,
    /// Number of articulation points.
    pub n_articulations: usize,
    /// Number of bridges.
    pub n_bridges: usize,
}

/// Nodes between two looks at whether to stop.
const LOOK: usize = 1 << 16;

/// No node.
const NONE: u32 = u32::MAX;

/// The articulation points and bridges of `graph`; directions do not count, so that edges in both
/// directions are parallel.
///
/// One depth-first search, on one thread: O(n + m log d) time for largest degree d, 24 n + 8 m
/// bytes.
///
/// Source: Hopcroft, Tarjan 1973, doi:10.1145/362248.362272.
///
/// # Errors
///
/// [`Error::Stopped`](crate::Error::Stopped).
pub fn cut_points(graph: &Graph, control: &Control) -> Result<CutPoints> {
    let simple = Undirected::new(graph, Merge::Unit);
    let n = graph.n_nodes();
    // Order in which the search met a node, from 1 on; 0 for not yet.
    let mut met = vec![0_u32; n];
    // The first node, in that order, that a node and those after it have an edge to.
    let mut low = vec![0_u32; n];
    let mut above = vec![NONE; n];
    let mut next: Vec<u32> = simple.offsets()[..n].to_vec();
    let mut is_articulation = vec![false; n];
    // Whether the edge to the node above is the only way there.
    let mut is_alone = vec![false; n];
    let mut count = 0;
    for start in 0..n as u32 {
        if met[start as usize] != 0 {
            continue;
        }
        let mut u = start;
        let mut n_children = 0;
        count += 1;
        (met[u as usize], low[u as usize]) = (count, count);
        loop {
            let at = u as usize;
            if next[at] < simple.offsets()[at + 1] {
                let v = simple.targets()[next[at] as usize];
                next[at] += 1;
                if met[v as usize] == 0 {
                    count += 1;
                    (met[v as usize], low[v as usize]) = (count, count);
                    above[v as usize] = u;
                    n_children += usize::from(u == start);
                    u = v;
                    if (count as usize).is_multiple_of(LOOK) {
                        control.step("nodes", count.into(), Some(n as u64))?;
                    }
                } else if v != above[at] {
                    low[at] = low[at].min(met[v as usize]);
                }
                continue;
            }
            let parent = above[at];
            if parent == NONE {
                break;
            }
            let over = parent as usize;
            low[over] = low[over].min(low[at]);
            is_alone[at] = low[at] > met[over];
            is_articulation[over] |= parent != start && low[at] >= met[over];
            u = parent;
        }
        is_articulation[start as usize] = n_children > 1;
    }
    let is_bridge = bridges(graph, &above, &is_alone);
    Ok(CutPoints {
        n_articulations: is_articulation.iter().filter(|&&is| is).count(),
        n_bridges: is_bridge.iter().filter(|&&is| is).count(),
        is_articulation,
        is_bridge,
    })
}

/// Edges, in the order of the edge list, that are the only ones between a node and the one above.
fn bridges(graph: &Graph, above: &[NodeId], is_alone: &[bool]) -> Vec<bool> {
    let pairs = || graph.coo().sources().iter().zip(graph.coo().targets());
    let below = |u: NodeId, v: NodeId| {
        let is_below = |u: NodeId, v: NodeId| above[u as usize] == v && is_alone[u as usize];
        if is_below(u, v) { Some(u) } else { is_below(v, u).then_some(v) }
    };
    let mut parallel = vec![0_u32; above.len()];
    for (&u, &v) in pairs() {
        if let Some(node) = below(u, v) {
            parallel[node as usize] += 1;
        }
    }
    pairs().map(|(&u, &v)| below(u, v).is_some_and(|node| parallel[node as usize] == 1)).collect()
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use proptest::prelude::*;

    use super::*;

    fn graph(n: usize, edges: &[(u32, u32)]) -> Graph {
        let (sources, targets) = edges.iter().copied().unzip();
        Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), true)
    }

    proptest! {
        /// Oracle: components after each removal.
        #[test]
        fn what_is_taken_away_leaves_more_components(
            edges in prop::collection::vec((0..10_u32, 0..10_u32), 0..20)
        ) {
            let whole = graph(10, &edges);
            let found = cut_points(&whole, &Control::NONE).unwrap();
            let count = whole.components().1;
            for e in 0..edges.len() {
                let mut others = edges.clone();
                others.remove(e);
                prop_assert_eq!(found.is_bridge[e], graph(10, &others).components().1 > count);
            }
            for u in 0..10 {
                let others: Vec<_> = edges.iter().copied().filter(|e| e.0 != u && e.1 != u).collect();
                // Without its edges, the node is a component of its own.
                let left = graph(10, &others).components().1 - 1;
                prop_assert_eq!(found.is_articulation[u as usize], left > count);
            }
            prop_assert_eq!(found.n_bridges, found.is_bridge.iter().filter(|&&is| is).count());
        }
    }

    #[test]
    fn a_long_path_is_all_bridges() {
        let n = 200_000;
        let edges: Vec<_> = (1..n).map(|v| (v - 1, v)).collect();
        let found = cut_points(&graph(n as usize, &edges), &Control::NONE).unwrap();
        assert_eq!((found.n_bridges, found.n_articulations), (n as usize - 1, n as usize - 2));
    }
}
