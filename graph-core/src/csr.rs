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
        Self::build(coo.n_nodes(), coo.sources(), coo.targets(), coo.weights())
    }

    /// In-edges of `coo`: the CSR of its reversed graph.
    pub fn from_reversed_coo(coo: &Coo) -> Self {
        Self::build(coo.n_nodes(), coo.targets(), coo.sources(), coo.weights())
    }

    /// Both directions of every edge; a self-loop appears once.
    pub fn from_undirected_coo(coo: &Coo) -> Self {
        let mut sources = coo.sources().to_vec();
        let mut targets = coo.targets().to_vec();
        let mut weights = coo.weights().map(<[f32]>::to_vec);
        for edge in 0..coo.n_edges() {
            let (u, v) = (coo.sources()[edge], coo.targets()[edge]);
            if u != v {
                sources.push(v);
                targets.push(u);
                if let (Some(to), Some(from)) = (&mut weights, coo.weights()) {
                    to.push(from[edge]);
                }
            }
        }
        Self::build(coo.n_nodes(), &sources, &targets, weights.as_deref())
    }

    fn build(n: usize, sources: &[NodeId], targets: &[NodeId], weights: Option<&[f32]>) -> Self {
        let mut offsets = vec![0_u32; n + 1];
        for &u in sources {
            offsets[u as usize + 1] += 1;
        }
        for u in 0..n {
            offsets[u + 1] += offsets[u];
        }
        let mut next = offsets.clone();
        // Target above, bits of the weight below: weights are not negative, so their bits sort
        // as they do, and one integer sort orders a row.
        let mut rows = vec![0_u64; sources.len()];
        for (edge, (&u, &v)) in sources.iter().zip(targets).enumerate() {
            let slot = &mut next[u as usize];
            let low = weights.map_or(0, |weights| (weights[edge] + 0.0).to_bits());
            rows[*slot as usize] = u64::from(v) << 32 | u64::from(low);
            *slot += 1;
        }
        sort_rows(&offsets, &mut rows);
        let targets = rows.par_iter().map(|&entry| (entry >> 32) as u32).collect();
        let weights =
            weights.map(|_| rows.par_iter().map(|&entry| f32::from_bits(entry as u32)).collect());
        Self { offsets, targets, weights }
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

/// Sorts each row of `rows`, in parallel over blocks of rows of about equal size.
fn sort_rows(offsets: &[u32], rows: &mut [u64]) {
    fn sort(offsets: &[u32], rows: &mut [u64]) {
        const SERIAL: usize = 1 << 15;
        let n = offsets.len() - 1;
        let first = offsets[0] as usize;
        if rows.len() <= SERIAL || n == 1 {
            for pair in offsets.windows(2) {
                rows[pair[0] as usize - first..pair[1] as usize - first].sort_unstable();
            }
            return;
        }
        let half = first + rows.len() / 2;
        let cut = offsets.partition_point(|&o| (o as usize) < half).clamp(1, n - 1);
        let (low, high) = rows.split_at_mut(offsets[cut] as usize - first);
        rayon::join(|| sort(&offsets[..=cut], low), || sort(&offsets[cut..], high));
    }
    if offsets.len() > 1 {
        sort(offsets, rows);
    }
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

    #[test]
    fn an_empty_graph_has_one_offset() {
        let csr = Csr::from_coo(&coo(0, &[]));
        assert_eq!((csr.n_nodes(), csr.n_edges()), (0, 0));
        assert_eq!(csr.offsets(), [0]);
    }
}
