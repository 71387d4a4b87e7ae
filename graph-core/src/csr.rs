//! Compressed sparse row (CSR) adjacency: the one layout every algorithm reads.

use rayon::prelude::*;

use crate::{Coo, NodeId};

/// Out-edges of `n` nodes in three arrays, immutable once built.
///
/// | array     | shape     | meaning                                            |
/// |-----------|-----------|----------------------------------------------------|
/// | `offsets` | `[n + 1]` | out-edges of `u` sit at `offsets[u]..offsets[u+1]` |
/// | `targets` | `[m]`     | target of each edge, ascending within a source     |
/// | `weights` | `[m]`     | weight of each edge; absent means all are 1        |
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Csr {
    offsets: Vec<u32>,
    targets: Vec<NodeId>,
    weights: Option<Vec<f32>>,
}

impl Csr {
    /// Sorts the edges of `coo` by source, then target, then weight. Cannot fail: `coo` is checked.
    ///
    /// Self-loops and parallel edges stay. The result depends on the edges alone, not on their
    /// order or on the number of threads. O(n + m log d) time for largest degree d.
    ///
    /// ```
    /// use graph_core::{Coo, Csr};
    ///
    /// let coo = Coo::new(3, vec![2, 0, 0], vec![0, 2, 1], None)?;
    /// let csr = Csr::from_coo(&coo);
    /// assert_eq!(csr.offsets(), [0, 2, 2, 3]);
    /// assert_eq!(csr.neighbors(0), [1, 2]);
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    pub fn from_coo(coo: &Coo) -> Self {
        Self::build(&Ends { sources: coo.sources(), targets: coo.targets(), both: false }, coo)
    }

    /// In-edges of `coo`: the CSR of its reversed graph.
    pub fn from_reversed_coo(coo: &Coo) -> Self {
        Self::build(&Ends { sources: coo.targets(), targets: coo.sources(), both: false }, coo)
    }

    /// Both directions of every edge; a self-loop appears once.
    ///
    /// # Panics
    ///
    /// If these are more than `u32::MAX`. [`Graph::from_parts`](crate::Graph::from_parts) and the
    /// readers refuse such graphs with an error.
    pub fn from_undirected_coo(coo: &Coo) -> Self {
        coo.check_directions(u32::MAX).expect("both directions of all edges should fit in u32");
        Self::build(&Ends { sources: coo.sources(), targets: coo.targets(), both: true }, coo)
    }

    fn build(ends: &Ends, coo: &Coo) -> Self {
        let offsets = ends.offsets(coo.n_nodes());
        let m = offsets.last().map_or(0, |&end| end as usize);
        let Some(weights) = coo.weights() else {
            let mut targets = vec![0_u32; m];
            ends.fill_rows(&offsets, &mut targets, |_, v| v);
            return Self { offsets, targets, weights: None };
        };
        // Target above, bits of the weight below: weights are not negative, so their bits sort
        // as they do, and one integer sort orders a row.
        let mut rows = vec![0_u64; m];
        ends.fill_rows(&offsets, &mut rows, |edge, v| {
            u64::from(v) << 32 | u64::from((weights[edge] + 0.0).to_bits())
        });
        let targets = rows.par_iter().map(|&entry| (entry >> 32) as u32).collect();
        let weights = rows.par_iter().map(|&entry| f32::from_bits(entry as u32)).collect();
        Self { offsets, targets, weights: Some(weights) }
    }

    /// Number of nodes `n`.
    pub fn n_nodes(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Number of stored edges `m`; an undirected edge is stored in both directions.
    pub fn n_edges(&self) -> usize {
        self.targets.len()
    }

    /// Row boundaries, shape `[n + 1]`.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// Targets of all edges, shape `[m]`, ascending within a row.
    pub fn targets(&self) -> &[NodeId] {
        &self.targets
    }

    /// Weights of all edges, shape `[m]`; `None` means that all are 1.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// Where the out-edges of `u` sit in [`targets`](Self::targets).
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn row(&self, u: NodeId) -> std::ops::Range<usize> {
        self.offsets[u as usize] as usize..self.offsets[u as usize + 1] as usize
    }

    /// Targets of the out-edges of `u`, ascending.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn neighbors(&self, u: NodeId) -> &[NodeId] {
        &self.targets[self.row(u)]
    }

    /// Number of out-edges of `u`.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn degree(&self, u: NodeId) -> usize {
        self.row(u).len()
    }
}

/// The ends that rows are made from.
struct Ends<'a> {
    sources: &'a [NodeId],
    targets: &'a [NodeId],
    /// Whether an edge is put into the rows of both its ends; a self-loop into one only.
    both: bool,
}

/// Rows are filled in this many pieces at most: each piece reads all edges.
const MOST_PIECES: usize = 8;

/// Fewer edges than this are not worth a second thread.
const SERIAL_EDGES: usize = 1 << 15;

impl Ends<'_> {
    /// Row boundaries, shape `[n + 1]`. Threads count ranges of edges, then their counts are added.
    fn offsets(&self, n: usize) -> Vec<u32> {
        let m = self.sources.len();
        let pieces = if m < SERIAL_EDGES.max(n) { 1 } else { pieces() };
        let size = m.div_ceil(pieces).max(1);
        let counts: Vec<Vec<u32>> = self
            .sources
            .par_chunks(size)
            .zip(self.targets.par_chunks(size))
            .map(|(sources, targets)| {
                let mut counts = vec![0_u32; n + 1];
                for (&u, &v) in sources.iter().zip(targets) {
                    counts[u as usize + 1] += 1;
                    if self.both && u != v {
                        counts[v as usize + 1] += 1;
                    }
                }
                counts
            })
            .collect();
        let mut counts = counts.into_iter();
        let mut offsets = counts.next().unwrap_or_else(|| vec![0; n + 1]);
        for more in counts {
            offsets.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        let mut above = 0;
        for offset in &mut offsets {
            above += *offset;
            *offset = above;
        }
        offsets
    }

    /// Puts `entry(edge, target)` into the row of each edge's source, and sorts every row.
    fn fill_rows<E: Copy + Ord + Send>(
        &self,
        offsets: &[u32],
        rows: &mut [E],
        entry: impl Fn(usize, NodeId) -> E + Sync,
    ) {
        let pieces = if rows.len() < SERIAL_EDGES { 1 } else { pieces() };
        // Every piece owns the rows of a range of nodes and takes their edges out of all: a few
        // more sequential reads, but no two threads write to the same place.
        let mut parts = Vec::with_capacity(pieces);
        let (mut first, mut rest) = (0, rows);
        for piece in 1..=pieces {
            let start = offsets[first] as usize;
            let goal = offsets[offsets.len() - 1] as u64 * piece as u64 / pieces as u64;
            let mut end = offsets.partition_point(|&offset| u64::from(offset) < goal).max(first);
            if piece == pieces {
                end = offsets.len() - 1;
            }
            let part;
            (part, rest) = rest.split_at_mut(offsets[end] as usize - start);
            parts.push((first..end, part));
            first = end;
        }
        parts.into_par_iter().for_each(|(nodes, part)| {
            let offsets = &offsets[nodes.start..=nodes.end];
            let start = offsets[0];
            let mut next: Vec<u32> = offsets.iter().map(|offset| offset - start).collect();
            let (low, count) = (nodes.start as u32, (nodes.end - nodes.start) as u32);
            let mut put = |edge: usize, u: NodeId, v: NodeId| {
                // Below `low` wraps around, so one comparison checks both bounds.
                let at = u.wrapping_sub(low);
                if at < count {
                    let slot = &mut next[at as usize];
                    part[*slot as usize] = entry(edge, v);
                    *slot += 1;
                }
            };
            for (edge, (&u, &v)) in self.sources.iter().zip(self.targets).enumerate() {
                put(edge, u, v);
                if self.both && u != v {
                    put(edge, v, u);
                }
            }
            sort_rows(offsets, part);
        });
    }
}

/// Number of pieces that work on all edges is cut into.
fn pieces() -> usize {
    rayon::current_num_threads().clamp(1, MOST_PIECES)
}

/// Sorts each row of `rows`, in parallel over blocks of rows of about equal size.
fn sort_rows<E: Ord + Send>(offsets: &[u32], rows: &mut [E]) {
    let n = offsets.len() - 1;
    let first = offsets[0] as usize;
    if rows.len() <= SERIAL_EDGES || n == 1 {
        for pair in offsets.windows(2) {
            rows[pair[0] as usize - first..pair[1] as usize - first].sort_unstable();
        }
        return;
    }
    let half = first + rows.len() / 2;
    let cut = offsets.partition_point(|&offset| (offset as usize) < half).clamp(1, n - 1);
    let (low, high) = rows.split_at_mut(offsets[cut] as usize - first);
    rayon::join(|| sort_rows(&offsets[..=cut], low), || sort_rows(&offsets[cut..], high));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn coo(n: usize, edges: &[(u32, u32)]) -> Coo {
        let (sources, targets) = edges.iter().copied().unzip();
        Coo::new(n, sources, targets, None).unwrap()
    }

    proptest! {
        /// Oracle: the rows, read in order, are the sorted edge list.
        #[test]
        fn rows_are_the_sorted_edges(mut edges in prop::collection::vec((0..9u32, 0..9u32), 0..99)) {
            let csr = Csr::from_coo(&coo(9, &edges));
            edges.sort_unstable();
            let rows = (0..9).flat_map(|u| csr.neighbors(u).iter().map(move |&v| (u, v)));
            prop_assert_eq!(rows.collect::<Vec<_>>(), edges);
        }

        #[test]
        fn reversed_rows_are_the_sorted_swapped_edges(edges in prop::collection::vec((0..9u32, 0..9u32), 0..99)) {
            let mut swapped: Vec<_> = edges.iter().map(|&(u, v)| (v, u)).collect();
            let csr = Csr::from_reversed_coo(&coo(9, &edges));
            swapped.sort_unstable();
            let rows = (0..9).flat_map(|u| csr.neighbors(u).iter().map(move |&v| (u, v)));
            prop_assert_eq!(rows.collect::<Vec<_>>(), swapped);
        }

        #[test]
        fn undirected_rows_are_symmetric(edges in prop::collection::vec((0..9u32, 0..9u32), 0..99)) {
            let csr = Csr::from_undirected_coo(&coo(9, &edges));
            for u in 0..9 {
                for v in 0..9 {
                    let count = |a: u32, b: u32| csr.neighbors(a).iter().filter(|&&t| t == b).count();
                    prop_assert_eq!(count(u, v), count(v, u));
                }
            }
        }

        /// Weights travel with their edges and order parallel ones.
        #[test]
        fn weights_follow_their_edges(edges in prop::collection::vec((0..4u32, 0..4u32, 0..5u8), 0..60)) {
            let weights = edges.iter().map(|&(.., w)| f32::from(w)).collect();
            let coo = Coo::new(
                4,
                edges.iter().map(|&(u, ..)| u).collect(),
                edges.iter().map(|&(_, v, _)| v).collect(),
                Some(weights),
            ).unwrap();
            let csr = Csr::from_coo(&coo);
            let mut sorted = edges.clone();
            sorted.sort_unstable();
            let weights: Vec<f32> = sorted.iter().map(|&(.., w)| f32::from(w)).collect();
            prop_assert_eq!(csr.weights().unwrap(), &weights[..]);
        }
    }

    /// Enough edges that rows are filled in pieces; a hub spans more than one piece's share.
    #[test]
    fn any_number_of_threads_builds_the_same_rows() {
        let m = 3 * SERIAL_EDGES as u32;
        let edges: Vec<(u32, u32)> = (0..m)
            .map(|i| {
                let scattered = i.wrapping_mul(2_654_435_761) >> 20;
                (if i % 3 == 0 { 7 } else { scattered % 1000 }, scattered % 997)
            })
            .collect();
        let weights = (0..m).map(|i| (i % 11) as f32).collect();
        let (sources, targets) = edges.iter().copied().unzip();
        let coo = Coo::new(1000, sources, targets, Some(weights)).unwrap();
        let build = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (Csr::from_coo(&coo), Csr::from_undirected_coo(&coo)))
        };
        let (alone, alone_both) = build(1);
        let mut sorted = edges.clone();
        sorted.sort_unstable();
        let rows = (0..1000).flat_map(|u| alone.neighbors(u).iter().map(move |&v| (u, v)));
        assert!(rows.eq(sorted));
        for threads in [2, 5] {
            let (csr, both) = build(threads);
            assert_eq!(csr, alone);
            assert_eq!(both, alone_both);
        }
    }

    #[test]
    fn an_empty_graph_has_one_offset() {
        let csr = Csr::from_coo(&coo(0, &[]));
        assert_eq!((csr.n_nodes(), csr.n_edges()), (0, 0));
        assert_eq!(csr.offsets(), [0]);
    }
}
