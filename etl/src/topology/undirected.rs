//! Undirected simple adjacency: what most measures of structure are defined on.

use std::ops::Range;

use graph_core::{Coo, Csr, Graph, NodeId};
use rayon::prelude::*;

use crate::analytics::rows::Blocks;

/// What becomes of the weights of edges between the same two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Merge {
    /// Weights are forgotten: every pair of connected nodes counts as one edge of weight 1.
    #[default]
    Unit,
    /// The sum; an edge without a weight counts 1, so that multiplicities become weights.
    Sum,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// Symmetric adjacency without parallel edges; self-loops are kept aside.
///
/// Directions are forgotten: edges `u → v` and `v → u` are one edge, whose weight is that of both
/// merged.
///
/// | array     | shape     | meaning                                                       |
/// |-----------|-----------|---------------------------------------------------------------|
/// | `offsets` | `[n + 1]` | neighbors of `u` sit at `offsets[u]..offsets[u+1]`            |
/// | `targets` | `[2 m]`   | each edge in the rows of both its ends; rows strictly ascend  |
/// | `weights` | `[2 m]`   | weight of each entry; absent means all are 1                  |
/// | `loops`   | `[n]`     | weight of the self-loop of each node, 0 for none; absent means no node has one |
#[derive(Debug, Clone, PartialEq)]
pub struct Undirected {
    offsets: Vec<u32>,
    targets: Vec<NodeId>,
    weights: Option<Vec<f32>>,
    loops: Option<Vec<f32>>,
}

impl Undirected {
    /// The undirected simple form of `graph`. See [`from_coo`](Self::from_coo).
    pub fn new(graph: &Graph, merge: Merge) -> Self {
        match graph.is_directed() {
            true => Self::from_coo(graph.coo(), merge),
            false => Self::simplify(graph.out_edges(), merge),
        }
    }

    /// The undirected simple form of `coo`: O(n + m log d) time for largest degree d, in parallel;
    /// the result depends on the edges alone, not on their order.
    ///
    /// ```
    /// use graph_core::Coo;
    /// use graph_etl::topology::{Merge, Undirected};
    ///
    /// let coo = Coo::new(3, vec![0, 1, 1, 2], vec![1, 0, 2, 2], None)?;
    /// let graph = Undirected::from_coo(&coo, Merge::Sum);
    /// assert_eq!(graph.neighbors(1), [0, 2]);
    /// assert_eq!(graph.weights(), Some(&[2.0, 2.0, 1.0, 1.0][..]));
    /// assert_eq!(graph.loops(), Some(&[0.0, 0.0, 1.0][..]));
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If both directions of all edges are more than `u32::MAX`;
    /// [`Graph::from_parts`] and the readers refuse such graphs with an error.
    pub fn from_coo(coo: &Coo, merge: Merge) -> Self {
        Self::simplify(&Csr::from_undirected_coo(coo), merge)
    }

    /// Merges parallel entries of symmetric rows that ascend.
    fn simplify(both: &Csr, merge: Merge) -> Self {
        let n = both.n_nodes();
        let weighted = merge != Merge::Unit && (both.weights().is_some() || merge == Merge::Sum);
        let parts: Vec<Part> = Blocks::new(both.offsets())
            .ranges()
            .map(|nodes| Part::new(both, nodes, merge, weighted))
            .collect();
        let mut offsets = Vec::with_capacity(n + 1);
        offsets.push(0);
        let m = parts.iter().map(|part| part.targets.len()).sum();
        let (mut targets, mut weights) = (Vec::with_capacity(m), Vec::new());
        let mut loops = None;
        for part in parts {
            let before = targets.len() as u32;
            offsets.extend(part.ends.iter().map(|end| before + end));
            targets.extend_from_slice(&part.targets);
            weights.extend_from_slice(&part.weights);
            for (u, weight) in part.loops {
                loops.get_or_insert_with(|| vec![0.0; n])[u as usize] = weight;
            }
        }
        // Multiplicities of a simple graph are all 1.
        let weights = (weighted && weights.iter().any(|&w| w != 1.0)).then_some(weights);
        Self { offsets, targets, weights, loops }
    }

    /// Number of nodes `n`.
    pub fn n_nodes(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of edges `m`, each counted once, self-loops not at all.
    pub fn n_edges(&self) -> usize {
        self.targets.len() / 2
    }

    /// Row boundaries, shape `[n + 1]`.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// Neighbors of all nodes, shape `[2 m]`.
    pub fn targets(&self) -> &[NodeId] {
        &self.targets
    }

    /// Weights of all entries, shape `[2 m]`; `None` means that all are 1.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// Weights of the self-loops, shape `[n]`; `None` means that there are none.
    pub fn loops(&self) -> Option<&[f32]> {
        self.loops.as_deref()
    }

    /// Where the neighbors of `u` sit in [`targets`](Self::targets).
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn row(&self, u: NodeId) -> Range<usize> {
        self.offsets[u as usize] as usize..self.offsets[u as usize + 1] as usize
    }

    /// Neighbors of `u`, strictly ascending, without `u`.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn neighbors(&self, u: NodeId) -> &[NodeId] {
        &self.targets[self.row(u)]
    }

    /// Number of neighbors of `u`.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn degree(&self, u: NodeId) -> usize {
        self.row(u).len()
    }
}

/// Simple rows of a range of nodes.
#[derive(Default)]
struct Part {
    /// Where each row ends in `targets`.
    ends: Vec<u32>,
    targets: Vec<NodeId>,
    /// As long as `targets`, or empty.
    weights: Vec<f32>,
    loops: Vec<(NodeId, f32)>,
}

impl Part {
    fn new(both: &Csr, nodes: Range<usize>, merge: Merge, weighted: bool) -> Self {
        let mut part = Self::default();
        let entries = (both.offsets()[nodes.end] - both.offsets()[nodes.start]) as usize;
        part.ends.reserve(nodes.len());
        part.targets.reserve(entries);
        part.weights.reserve(if weighted { entries } else { 0 });
        for u in nodes.start as NodeId..nodes.end as NodeId {
            let row = both.row(u);
            let mut entry = row.start;
            while entry < row.end {
                let v = both.targets()[entry];
                let mut weight = 1.0;
                let first = entry;
                while entry < row.end && both.targets()[entry] == v {
                    if weighted {
                        let other = both.weights().map_or(1.0, |weights| weights[entry]);
                        weight = match merge {
                            _ if entry == first => other,
                            Merge::Unit => 1.0,
                            Merge::Sum => weight + other,
                            Merge::Max => other.max(weight),
                            Merge::Min => other.min(weight),
                        };
                    }
                    entry += 1;
                }
                if v == u {
                    part.loops.push((u, weight));
                    continue;
                }
                part.targets.push(v);
                if weighted {
                    part.weights.push(weight);
                }
            }
            part.ends.push(part.targets.len() as u32);
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: a map from unordered pairs to their weights.
        #[test]
        fn edges_are_those_of_a_map(
            edges in prop::collection::vec((0..9_u32, 0..9_u32, 1..4_u8), 0..99),
            merge in prop::sample::select(vec![Merge::Unit, Merge::Sum, Merge::Max, Merge::Min]),
            weighted: bool,
        ) {
            let (sources, targets) = edges.iter().map(|&(u, v, _)| (u, v)).unzip();
            let weights: Vec<f32> = edges.iter().map(|&(_, _, w)| f32::from(w)).collect();
            let coo = Coo::new(9, sources, targets, weighted.then_some(weights)).unwrap();
            let graph = Undirected::from_coo(&coo, merge);
            let mut map = BTreeMap::new();
            for &(u, v, w) in &edges {
                let w = if weighted { f32::from(w) } else { 1.0 };
                map.entry((u.min(v), u.max(v))).and_modify(|sum: &mut f32| match merge {
                    Merge::Unit => {}
                    Merge::Sum => *sum += w,
                    Merge::Max => *sum = sum.max(w),
                    Merge::Min => *sum = sum.min(w),
                }).or_insert(if merge == Merge::Unit { 1.0 } else { w });
            }
            let mut found = BTreeMap::new();
            for u in 0..9 {
                prop_assert!(graph.neighbors(u).is_sorted_by(|a, b| a < b));
                for entry in graph.row(u) {
                    let v = graph.targets()[entry];
                    let w = graph.weights().map_or(1.0, |weights| weights[entry]);
                    let known = found.insert((u.min(v), u.max(v)), w);
                    prop_assert!(known.is_none_or(|known| known == w));
                }
                if let Some(&w) = graph.loops().and_then(|loops| loops.get(u as usize)).filter(|&&w| w > 0.0) {
                    found.insert((u, u), w);
                }
            }
            prop_assert_eq!(found, map);
        }
    }
}
