//! Adjacency as plain arrays, and its division into blocks that threads take one by one.

use std::ops::Range;

use graph_core::{Csr, Graph, NodeId};
use rayon::prelude::*;

use crate::topology::Undirected;
use crate::{Error, Result};

/// Rows of neighbors: what algorithms read, whether it comes from a [`Csr`] or an [`Undirected`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) offsets: &'a [u32],
    pub(crate) targets: &'a [NodeId],
    /// `None` if all weights are 1, or are not to be used.
    pub(crate) weights: Option<&'a [f32]>,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(csr: &'a Csr, weighted: bool) -> Self {
        let weights = csr.weights().filter(|_| weighted);
        Self { offsets: csr.offsets(), targets: csr.targets(), weights }
    }

    pub(crate) fn n_nodes(self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn row(self, u: NodeId) -> Range<usize> {
        self.offsets[u as usize] as usize..self.offsets[u as usize + 1] as usize
    }

    pub(crate) fn neighbors(self, u: NodeId) -> &'a [NodeId] {
        &self.targets[self.row(u)]
    }

    pub(crate) fn degree(self, u: NodeId) -> usize {
        self.row(u).len()
    }

    /// Neighbors of `u` with the weights of the edges to them.
    pub(crate) fn edges(self, u: NodeId) -> impl Iterator<Item = (NodeId, f32)> {
        self.row(u).map(move |entry| {
            (self.targets[entry], self.weights.map_or(1.0, |weights| weights[entry]))
        })
    }

    /// Sum of the weights of each row, shape `[n]`.
    pub(crate) fn strengths(self) -> Vec<f64> {
        let strength = |u: u32| match self.weights {
            None => self.degree(u) as f64,
            Some(weights) => weights[self.row(u)].iter().copied().map(f64::from).sum(),
        };
        (0..self.n_nodes() as u32).into_par_iter().with_min_len(256).map(strength).collect()
    }

    pub(crate) fn blocks(self) -> Blocks {
        Blocks::new(self.offsets)
    }
}

impl<'a> From<&'a Csr> for Rows<'a> {
    fn from(csr: &'a Csr) -> Self {
        Self::of(csr, true)
    }
}

impl<'a> From<&'a Undirected> for Rows<'a> {
    fn from(graph: &'a Undirected) -> Self {
        Self { offsets: graph.offsets(), targets: graph.targets(), weights: graph.weights() }
    }
}

/// Ranges of rows with about equally many entries. They depend on the rows alone, so what is
/// added up block by block, and then over blocks in order, does not depend on threads.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    /// Ascending, from 0 to n.
    bounds: Vec<usize>,
}

/// Rows and entries of one block, if there are not too many blocks.
const BLOCK: usize = 1 << 14;

/// No more blocks than this: sums over blocks are not parallel.
const MOST_BLOCKS: usize = 1 << 12;

impl Blocks {
    pub(crate) fn new(offsets: &[u32]) -> Self {
        let n = offsets.len() - 1;
        let work = |u: usize| offsets[u] as usize + u;
        let count = (work(n) / BLOCK).clamp(1, MOST_BLOCKS);
        let mut bounds = vec![0];
        for block in 1..count {
            let goal = (work(n) as u128 * block as u128 / count as u128) as usize;
            let (mut low, mut high) = (bounds[block - 1], n);
            while low < high {
                let middle = usize::midpoint(low, high);
                if work(middle) < goal { low = middle + 1 } else { high = middle }
            }
            bounds.push(low);
        }
        bounds.push(n);
        Self { bounds }
    }

    pub(crate) fn ranges(&self) -> impl IndexedParallelIterator<Item = Range<usize>> {
        self.bounds.par_windows(2).map(|pair| pair[0]..pair[1])
    }

    /// The parts of `values`, shape `[n]`, that belong to the blocks.
    pub(crate) fn parts<'v, T>(&self, mut values: &'v mut [T]) -> Vec<&'v mut [T]> {
        let mut parts = Vec::with_capacity(self.bounds.len() - 1);
        for pair in self.bounds.windows(2) {
            let part;
            (part, values) = values.split_at_mut(pair[1] - pair[0]);
            parts.push(part);
        }
        parts
    }

    /// Sets `out[u] = value(u)` and returns the sum of `term(u, old, new)` over all nodes.
    pub(crate) fn update<T: Copy + Send>(
        &self,
        out: &mut [T],
        value: impl Fn(usize) -> T + Sync,
        term: impl Fn(usize, T, T) -> f64 + Sync,
    ) -> f64 {
        let sums: Vec<f64> = self
            .parts(out)
            .into_par_iter()
            .zip(self.ranges())
            .map(|(part, nodes)| {
                let mut sum = 0.0;
                for (slot, u) in part.iter_mut().zip(nodes) {
                    let new = value(u);
                    sum += term(u, *slot, new);
                    *slot = new;
                }
                sum
            })
            .collect();
        sums.into_iter().sum()
    }
}

/// Values per block of a sum over an array.
const SUM_BLOCK: usize = 1 << 14;

/// Sum of `term(i)` for `i` in `0..n`, in parallel and in a fixed order.
pub(crate) fn sum(n: usize, term: impl Fn(usize) -> f64 + Sync) -> f64 {
    let sums: Vec<f64> = (0..n.div_ceil(SUM_BLOCK))
        .into_par_iter()
        .map(|block| (block * SUM_BLOCK..n.min((block + 1) * SUM_BLOCK)).map(&term).sum())
        .collect();
    sums.into_iter().sum()
}

/// Refuses nodes that are not there.
pub(crate) fn check_nodes(name: &'static str, nodes: &[NodeId], n_nodes: usize) -> Result<()> {
    match nodes.iter().find(|&&node| node as usize >= n_nodes) {
        Some(&node) => Err(Error::NoSuchNode { name, node, n_nodes }),
        None => Ok(()),
    }
}

/// Refuses weights that are not one finite number for each edge; they may be below 0.
pub(crate) fn check_weights(graph: &Graph, weights: &[f64]) -> Result<()> {
    let (name, found, expected) = ("weights", weights.len(), graph.n_edges());
    if found != expected {
        return Err(Error::LengthMismatch { name, found, expected });
    }
    match weights.iter().position(|weight| !weight.is_finite()) {
        Some(row) => Err(Error::NotFinite { name, row, column: 0 }),
        None => Ok(()),
    }
}

/// Refuses an option that is not as it must be.
pub(crate) fn check_option(
    option: &'static str,
    value: impl std::fmt::Display,
    fits: bool,
    allowed: &'static str,
) -> Result<()> {
    match fits {
        true => Ok(()),
        false => Err(Error::BadOption { option, value: value.to_string().into(), allowed }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_rows_and_share_the_entries() {
        // One hub among many rows of one entry.
        let mut offsets = vec![0_u32];
        for u in 0..200_000_u32 {
            offsets.push(offsets[u as usize] + if u == 77_777 { 300_000 } else { 1 });
        }
        let blocks = Blocks::new(&offsets);
        let ranges: Vec<_> = blocks.ranges().collect();
        assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, 200_000));
        assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        let largest =
            ranges.iter().filter(|r| !r.contains(&77_777)).map(|r| r.len()).max().unwrap();
        assert!(ranges.len() > 30 && largest < 10_000, "{} blocks, {largest}", ranges.len());
    }

    #[test]
    fn no_nodes_are_one_empty_block() {
        let ranges: Vec<_> = Blocks::new(&[0]).ranges().collect();
        assert_eq!((ranges.len(), &ranges[0]), (1, &(0..0)));
    }

    #[test]
    fn sums_do_not_depend_on_threads() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| sum(1_000_000, |i| 1.0 / (1.0 + i as f64)))
        };
        assert_eq!(with(1).to_bits(), with(3).to_bits());
        assert!((with(1) - 14.392_726_722_865_724).abs() < 1e-9);
    }
}
