//! Which edges leave each node: adjacency that knows the numbers of edges.

use std::ops::Range;

use graph_core::{Coo, NodeId};
use rayon::prelude::*;

/// Which way edges are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Direction {
    /// From source to target.
    #[default]
    Forward,
    /// From target to source.
    Reverse,
    /// Both ways.
    Both,
}

/// The edges at each node, in input order.
///
/// A [`Csr`](graph_core::Csr) tells where edges lead and what they weigh; this tells which edges
/// they are, so that their attributes can be looked at and subgraphs keep their rows.
///
/// | array     | shape     | meaning                                                   |
/// |-----------|-----------|-----------------------------------------------------------|
/// | `offsets` | `[n + 1]` | edges at `u` sit at `offsets[u]..offsets[u + 1]`          |
/// | `ends`    | `[k]`     | the node that the edge leads to                           |
/// | `edges`   | `[k]`     | the number of the edge; ascending in each row             |
///
/// `k` is `m`, or for [`Direction::Both`] twice that less the number of self-loops, which are in
/// their row once.
#[derive(Debug, Clone)]
pub(crate) struct Incidence {
    offsets: Vec<usize>,
    ends: Vec<NodeId>,
    edges: Vec<u32>,
}

/// Rows are filled in this many pieces at most: each piece reads all edges.
const MOST_PIECES: usize = 8;

impl Incidence {
    /// O(n + m) time, in parallel; the result does not depend on the number of threads.
    pub(crate) fn new(coo: &Coo, direction: Direction) -> Self {
        let (from, to) = match direction {
            Direction::Forward | Direction::Both => (coo.sources(), coo.targets()),
            Direction::Reverse => (coo.targets(), coo.sources()),
        };
        Self::of_ends(coo.n_nodes(), from, to, direction == Direction::Both)
    }

    /// Edges `from[e] → to[e]`, and back where `both`.
    pub(crate) fn of_ends(n: usize, from: &[NodeId], to: &[NodeId], both: bool) -> Self {
        let mut offsets = vec![0_usize; n + 1];
        for (&u, &v) in from.iter().zip(to) {
            offsets[u as usize + 1] += 1;
            if both && u != v {
                offsets[v as usize + 1] += 1;
            }
        }
        for u in 0..n {
            offsets[u + 1] += offsets[u];
        }
        let mut ends = vec![0; offsets[n]];
        let mut edges = vec![0; offsets[n]];
        let mut parts = Vec::new();
        let (mut rest_ends, mut rest_edges) = (&mut ends[..], &mut edges[..]);
        for nodes in even_blocks(&offsets, rayon::current_num_threads().min(MOST_PIECES)) {
            let size = offsets[nodes.end] - offsets[nodes.start];
            let (part_ends, part_edges);
            (part_ends, rest_ends) = rest_ends.split_at_mut(size);
            (part_edges, rest_edges) = rest_edges.split_at_mut(size);
            parts.push((nodes, part_ends, part_edges));
        }
        parts.into_par_iter().for_each(|(nodes, ends, edges)| {
            let start = offsets[nodes.start];
            let mut next: Vec<usize> =
                offsets[nodes.clone()].iter().map(|offset| offset - start).collect();
            let mut put = |u: NodeId, v: NodeId, e: usize| {
                if let Some(next) =
                    (u as usize).checked_sub(nodes.start).and_then(|row| next.get_mut(row))
                {
                    ends[*next] = v;
                    edges[*next] = e as u32;
                    *next += 1;
                }
            };
            for (e, (&u, &v)) in from.iter().zip(to).enumerate() {
                put(u, v, e);
                if both && u != v {
                    put(v, u, e);
                }
            }
        });
        Self { offsets, ends, edges }
    }

    /// Row boundaries, shape `[n + 1]`.
    pub(crate) fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Number of edges at `u`.
    pub(crate) fn degree(&self, u: NodeId) -> usize {
        self.offsets[u as usize + 1] - self.offsets[u as usize]
    }

    /// Where the edges at `u` lead, and which they are.
    pub(crate) fn row(&self, u: NodeId) -> (&[NodeId], &[u32]) {
        let row = self.offsets[u as usize]..self.offsets[u as usize + 1];
        (&self.ends[row.clone()], &self.edges[row])
    }

    /// The same, edge by edge.
    pub(crate) fn at(&self, u: NodeId) -> impl Iterator<Item = (NodeId, u32)> {
        let (ends, edges) = self.row(u);
        ends.iter().copied().zip(edges.iter().copied())
    }
}

/// At most `pieces` ranges of nodes that together are all of them, with about equally many entries.
pub(crate) fn even_blocks(offsets: &[usize], pieces: usize) -> Vec<Range<usize>> {
    let n = offsets.len() - 1;
    let mut bounds = vec![0];
    for piece in 1..pieces {
        let goal = (offsets[n] as u128 * piece as u128 / pieces as u128) as usize;
        bounds.push(offsets.partition_point(|&offset| offset < goal).min(n));
    }
    bounds.push(n);
    bounds.windows(2).map(|pair| pair[0]..pair[1].max(pair[0])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: all edges, looked through for each node.
        #[test]
        fn rows_are_the_edges_at_each_node(
            edges in prop::collection::vec((0..9_u32, 0..9_u32), 0..60),
            direction in prop::sample::select(vec![
                Direction::Forward, Direction::Reverse, Direction::Both,
            ]),
        ) {
            let (sources, targets) = edges.iter().copied().unzip();
            let coo = Coo::new(9, sources, targets, None).unwrap();
            let incidence = Incidence::new(&coo, direction);
            for u in 0..9 {
                let mut expected = Vec::new();
                for (e, &(s, t)) in edges.iter().enumerate() {
                    if s == u && direction != Direction::Reverse {
                        expected.push((t, e as u32));
                    }
                    if t == u && (direction == Direction::Reverse || direction == Direction::Both && s != t) {
                        expected.push((s, e as u32));
                    }
                }
                prop_assert_eq!(incidence.at(u).collect::<Vec<_>>(), expected);
                prop_assert_eq!(incidence.degree(u), incidence.row(u).0.len());
            }
        }
    }
}
