//! Preferential attachment: who has, gets.

use foldhash::fast::FixedState;
use hashbrown::HashSet;
use rayon::prelude::*;

use super::random::Random;
use super::{check_edges, check_nodes, graph_of};
use crate::{Error, Graph, NodeId, Result};

/// Options of [`barabasi_albert`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BarabasiAlbert {
    /// Number of nodes, more than `n_neighbors`.
    pub n_nodes: usize,
    /// Earlier nodes that each new node is joined to, at least 1.
    pub n_neighbors: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for BarabasiAlbert {
    fn default() -> Self {
        Self { n_nodes: 10_000, n_neighbors: 4, seed: 0 }
    }
}

/// An undirected graph that grows from a star of `d + 1` nodes: each later node joins `d`
/// different earlier nodes, drawn in proportion to their degree.
///
/// Connected and simple, `d · (n - d)` edges; the degrees follow a power law of exponent 3. The
/// edge ends are drawn in parallel by tracing each draw back through the edges it depends on; a
/// target drawn twice for one node is drawn anew from the same ends. O(m log n) time expected.
///
/// Source: Barabási, Albert 1999, doi:10.1126/science.286.5439.509; Sanders, Schulz 2016,
/// doi:10.1016/j.ipl.2016.02.004, for the parallel draw.
///
/// ```
/// use graph_core::generate::{BarabasiAlbert, barabasi_albert};
///
/// let graph = barabasi_albert(&BarabasiAlbert { n_nodes: 100, n_neighbors: 2, seed: 1 })?;
/// assert_eq!(graph.n_edges(), 2 * 98);
/// assert_eq!(graph.components().1, 1);
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::OptionOutOfRange`] if `n_neighbors` is not in `1..n_nodes`;
/// - [`Error::TooManyNodes`] or [`Error::TooManyEdges`] if `n` or `m` does not fit in `u32`.
pub fn barabasi_albert(options: &BarabasiAlbert) -> Result<Graph> {
    let &BarabasiAlbert { n_nodes, n_neighbors: d, seed } = options;
    check_nodes(n_nodes)?;
    if d == 0 || d >= n_nodes {
        return Err(Error::OptionOutOfRange {
            option: "n_neighbors",
            found: d.to_string(),
            allowed: "at least 1 and less than the number of nodes",
        });
    }
    check_edges(d as f64 * (n_nodes - d) as f64)?;
    let n_edges = d * (n_nodes - d);
    let draw = Draw { d: d as u64, seed };
    let drawn: Vec<NodeId> =
        (0..n_edges as u64).into_par_iter().map(|edge| draw.target(edge)).collect();
    let mut targets = drawn.clone();
    targets
        .par_chunks_mut(d)
        .enumerate()
        .skip(1)
        .for_each(|(row, targets)| make_distinct(row, targets, &drawn, seed));
    let source = |edge: usize| (d + edge / d) as NodeId;
    let edges =
        targets.into_par_iter().enumerate().map(|(edge, target)| (source(edge), target)).collect();
    graph_of(n_nodes, edges, false)
}

/// Edge `e` belongs to the new node `d + e / d`. Ends are numbered through: end `2e` is the source
/// of edge `e`, end `2e + 1` its target.
struct Draw {
    d: u64,
    seed: u64,
}

impl Draw {
    /// Target of `edge`: the node at an end drawn among those of all earlier nodes' edges, so that
    /// a node is drawn as often as it has edges.
    fn target(&self, mut edge: u64) -> NodeId {
        loop {
            let row = edge / self.d;
            if row == 0 {
                return edge as NodeId;
            }
            let end = Random::new(self.seed, edge).below(2 * row * self.d);
            edge = end / 2;
            if end.is_multiple_of(2) {
                return (self.d + edge / self.d) as NodeId;
            }
        }
    }
}

/// Draws repeated targets of one new node again until all differ. All `d + row` earlier nodes have
/// an end, so there are enough.
fn make_distinct(row: usize, targets: &mut [NodeId], drawn: &[NodeId], seed: u64) {
    let d = targets.len();
    let mut random = Random::new(!seed, row as u64);
    let mut seen = HashSet::with_capacity_and_hasher(d, FixedState::default());
    for target in targets {
        while !seen.insert(*target) {
            let end = random.below(2 * (row * d) as u64) as usize;
            *target =
                if end.is_multiple_of(2) { (d + end / 2 / d) as NodeId } else { drawn[end / 2] };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(n_nodes: usize, n_neighbors: usize) -> Graph {
        barabasi_albert(&BarabasiAlbert { n_nodes, n_neighbors, seed: 11 }).unwrap()
    }

    #[test]
    fn the_graph_is_simple_connected_and_each_new_node_brings_d_edges() {
        for (n, d) in [(2, 1), (5, 4), (500, 1), (500, 3), (60, 50)] {
            let graph = graph(n, d);
            assert_eq!(graph.n_edges(), d * (n - d));
            assert_eq!(graph.components().1, 1);
            for u in 0..n as u32 {
                let neighbors = graph.out_edges().neighbors(u);
                assert!(neighbors.windows(2).all(|pair| pair[0] < pair[1]), "multi-edge at {u}");
                assert!(!neighbors.contains(&u), "self-loop at {u}");
                assert!(neighbors.len() >= if (u as usize) < d { 1 } else { d });
            }
        }
    }

    /// For p(k) ~ k^-3 the share of nodes with degree at least k is d(d+1)/(k(k+1)) in the limit.
    #[test]
    fn degrees_have_the_tail_of_a_power_law_of_exponent_3() {
        let (n, d) = (100_000, 3);
        let degrees = graph(n, d).degrees();
        for k in [6, 12, 24, 48] {
            let share = degrees.iter().filter(|&&degree| degree >= k).count() as f64 / n as f64;
            let k = f64::from(k);
            let limit = (d * (d + 1)) as f64 / (k * (k + 1.0));
            assert!((share / limit - 1.0).abs() < 0.15, "k = {k}: {share} for {limit}");
        }
    }

    #[test]
    fn bad_options_are_refused() {
        for (n_nodes, n_neighbors) in [(5, 0), (5, 5), (0, 1)] {
            let options = BarabasiAlbert { n_nodes, n_neighbors, seed: 0 };
            let error = barabasi_albert(&options).unwrap_err().to_string();
            assert!(error.starts_with("option `n_neighbors` is "), "{error}");
        }
        let options = BarabasiAlbert { n_nodes: 1 << 31, n_neighbors: 9, seed: 0 };
        assert!(matches!(barabasi_albert(&options), Err(Error::TooManyEdges { .. })));
    }
}
