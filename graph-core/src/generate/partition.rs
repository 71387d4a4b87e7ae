//! Communities by design: the planted partition.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};

use super::random::choose;
use super::{check_edges, check_nodes, check_probability, graph_of, pair, pairs};
use crate::{Error, Graph, NodeId, Result};

/// Options of [`planted_partition`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlantedPartition {
    /// Number of nodes.
    pub n_nodes: usize,
    /// Number of blocks, at least 1; their sizes differ by at most one node.
    pub n_blocks: usize,
    /// Probability of an edge between two nodes of one block.
    pub p_in: f64,
    /// Probability of an edge between nodes of different blocks.
    pub p_out: f64,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for PlantedPartition {
    fn default() -> Self {
        Self { n_nodes: 1000, n_blocks: 10, p_in: 0.2, p_out: 0.005, seed: 0 }
    }
}

/// An undirected graph of equal blocks: pairs within a block are edges with probability `p_in`,
/// pairs across blocks with probability `p_out`.
///
/// The node column `block` says which block a node belongs to; blocks are runs of nodes. Edges
/// within blocks come first. O(n + m) time.
///
/// Source: Condon, Karp 2001, `doi:10.1002/1098-2418(200103)18:2<116::AID-RSA1001>3.0.CO;2-2`.
///
/// ```
/// use graph_core::generate::{PlantedPartition, planted_partition};
///
/// let graph = planted_partition(&PlantedPartition::default())?;
/// assert_eq!(graph.node_column("block")?.len(), 1000);
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::OptionOutOfRange`] if a probability is none or there are no blocks;
/// - [`Error::TooManyNodes`] or [`Error::TooManyEdges`] if `n` or the expected `m` does not fit in
///   `u32`.
pub fn planted_partition(options: &PlantedPartition) -> Result<Graph> {
    let &PlantedPartition { n_nodes, n_blocks, p_in, p_out, seed } = options;
    check_nodes(n_nodes)?;
    check_probability("p_in", p_in)?;
    check_probability("p_out", p_out)?;
    if n_blocks == 0 {
        let found = "0".to_owned();
        return Err(Error::OptionOutOfRange { option: "n_blocks", found, allowed: "at least 1" });
    }
    let blocks = Blocks::new(n_nodes as u64, n_blocks as u64);
    let within = blocks.pairs_within();
    let all = pairs(n_nodes as u64);
    check_edges(within as f64 * p_in + (all - within) as f64 * p_out)?;
    let ends = |(larger, smaller): (u64, u64)| (smaller as NodeId, larger as NodeId);
    let mut edges = choose(within, p_in, seed, |index| Some(ends(blocks.pair_within(index))));
    edges.extend(choose(all, p_out, !seed, |index| {
        let (u, v) = pair(index);
        (blocks.block(u) != blocks.block(v)).then(|| ends((u, v)))
    }));
    let column = UInt32Array::from_iter_values((0..n_nodes as u64).map(|u| blocks.block(u) as u32));
    graph_of(n_nodes, edges, false)?
        .with_node_columns([("block".to_owned(), Arc::new(column) as ArrayRef)])
}

/// `n` nodes in `large` blocks of `size + 1` nodes, followed by others of `size` nodes.
struct Blocks {
    size: u64,
    large: u64,
    count: u64,
}

impl Blocks {
    fn new(n: u64, n_blocks: u64) -> Self {
        // More blocks than nodes would be empty ones.
        let n_blocks = n_blocks.min(n.max(1));
        Self { size: n / n_blocks, large: n % n_blocks, count: n_blocks }
    }

    fn block(&self, u: u64) -> u64 {
        let in_large = self.large * (self.size + 1);
        if u < in_large { u / (self.size + 1) } else { self.large + (u - in_large) / self.size }
    }

    fn pairs_within(&self) -> u64 {
        self.large * pairs(self.size + 1) + (self.count - self.large) * pairs(self.size)
    }

    /// Pair number `index`, counted block by block; the larger node first.
    fn pair_within(&self, index: u64) -> (u64, u64) {
        let in_large = self.large * pairs(self.size + 1);
        let (first, (u, v)) = if index < in_large {
            let per_block = pairs(self.size + 1);
            (index / per_block * (self.size + 1), pair(index % per_block))
        } else {
            let (per_block, index) = (pairs(self.size), index - in_large);
            let first = self.large * (self.size + 1) + index / per_block * self.size;
            (first, pair(index % per_block))
        };
        (first + u, first + v)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::UInt32Type;

    use super::*;

    #[test]
    fn pairs_within_blocks_are_all_of_them_and_no_other() {
        for (n, n_blocks) in [(10, 3), (12, 4), (7, 7), (5, 9), (9, 1), (0, 2)] {
            let blocks = Blocks::new(n, n_blocks);
            let mut expected = Vec::new();
            for u in 0..n {
                expected.extend((0..u).map(|v| (u, v)));
            }
            expected.retain(|&(u, v)| blocks.block(u) == blocks.block(v));
            let mut found: Vec<_> =
                (0..blocks.pairs_within()).map(|index| blocks.pair_within(index)).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{n} nodes in {n_blocks} blocks");
        }
    }

    #[test]
    fn edges_mix_as_the_probabilities_say() {
        let options =
            PlantedPartition { n_nodes: 1003, n_blocks: 7, p_in: 0.3, p_out: 0.02, seed: 9 };
        let graph = planted_partition(&options).unwrap();
        let block = graph.node_column("block").unwrap().as_primitive::<UInt32Type>().values();
        let coo = graph.coo();
        let ends = || coo.sources().iter().zip(coo.targets());
        let within = ends().filter(|&(&u, &v)| block[u as usize] == block[v as usize]).count();
        let sizes: Vec<u64> =
            (0..7).map(|b| block.iter().filter(|&&c| c == b).count() as u64).collect();
        assert!(sizes.iter().all(|size| [143, 144].contains(size)), "{sizes:?}");
        let pairs_within: u64 = sizes.iter().map(|&size| pairs(size)).sum();
        let pairs_across = pairs(1003) - pairs_within;
        let cases = [(within, pairs_within, 0.3), (graph.n_edges() - within, pairs_across, 0.02)];
        for (found, pairs, p) in cases {
            let (mean, deviation) = (pairs as f64 * p, (pairs as f64 * p * (1.0 - p)).sqrt());
            assert!((found as f64 - mean).abs() < 5.0 * deviation, "{found} for {mean}");
        }
        for u in 0..1003 {
            assert!(graph.out_edges().neighbors(u).windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn bad_options_are_refused() {
        let none = PlantedPartition { n_blocks: 0, ..Default::default() };
        let high = PlantedPartition { p_in: 2.0, ..Default::default() };
        for bad in [none, high] {
            assert!(matches!(planted_partition(&bad), Err(Error::OptionOutOfRange { .. })));
        }
    }
}
