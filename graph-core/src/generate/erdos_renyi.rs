//! Uniform random graphs: every pair of nodes is as likely as any other.

use rayon::prelude::*;

use super::random::{Random, choose};
use super::{check_edges, check_nodes, check_probability, graph_of, pair, pairs};
use crate::{Error, Graph, NodeId, Result};

/// Options of [`gnp`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gnp {
    /// Number of nodes.
    pub n_nodes: usize,
    /// Probability of each pair of nodes to be an edge.
    pub p: f64,
    /// Whether edges have a direction; then each ordered pair may be an edge.
    pub directed: bool,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for Gnp {
    fn default() -> Self {
        Self { n_nodes: 10_000, p: 0.001, directed: false, seed: 0 }
    }
}

/// Options of [`gnm`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gnm {
    /// Number of nodes.
    pub n_nodes: usize,
    /// Number of edges, at most the number of pairs.
    pub n_edges: usize,
    /// Whether edges have a direction; then each ordered pair may be an edge.
    pub directed: bool,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for Gnm {
    fn default() -> Self {
        Self { n_nodes: 10_000, n_edges: 50_000, directed: false, seed: 0 }
    }
}

/// The random graph G(n, p): each pair of different nodes is an edge with probability `p`.
///
/// O(n + m) time, since the gaps between edges are drawn. Edges are sorted.
///
/// Source: Gilbert 1959, doi:10.1214/aoms/1177706098.
///
/// ```
/// use graph_core::generate::{Gnp, gnp};
///
/// let graph = gnp(&Gnp { n_nodes: 5, p: 1.0, ..Gnp::default() })?;
/// assert_eq!(graph.n_edges(), 10);
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::OptionOutOfRange`] if `p` is not a probability;
/// - [`Error::TooManyNodes`] or [`Error::TooManyEdges`] if `n` or the expected `m` does not fit in
///   `u32`.
pub fn gnp(options: &Gnp) -> Result<Graph> {
    let &Gnp { n_nodes, p, directed, seed } = options;
    check_nodes(n_nodes)?;
    check_probability("p", p)?;
    let space = space(n_nodes, directed);
    check_edges(space as f64 * p)?;
    let edges = choose(space, p, seed, |index| Some(ends(index, n_nodes, directed)));
    graph_of(n_nodes, edges, directed)
}

/// The random graph G(n, m): `m` different pairs of nodes, every such set equally likely.
///
/// O(n + m log m) time. Edges are sorted.
///
/// Source: Erdős, Rényi 1959, doi:10.5486/PMD.1959.6.3-4.12.
///
/// ```
/// use graph_core::generate::{Gnm, gnm};
///
/// let graph = gnm(&Gnm { n_nodes: 100, n_edges: 250, ..Gnm::default() })?;
/// assert_eq!(graph.n_edges(), 250);
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::OptionOutOfRange`] if there are fewer than `n_edges` pairs;
/// - [`Error::TooManyNodes`] or [`Error::TooManyEdges`] if `n` or `m` does not fit in `u32`.
pub fn gnm(options: &Gnm) -> Result<Graph> {
    let &Gnm { n_nodes, n_edges, directed, seed } = options;
    check_nodes(n_nodes)?;
    check_edges(n_edges as f64)?;
    let space = space(n_nodes, directed);
    let n_edges = n_edges as u64;
    if n_edges > space {
        return Err(Error::OptionOutOfRange {
            option: "n_edges",
            found: n_edges.to_string(),
            allowed: "at most the number of pairs of nodes",
        });
    }
    let indices = if n_edges <= space / 2 {
        distinct(space, n_edges, seed)
    } else {
        // In a dense graph the pairs that are not edges are fewer and quicker to draw.
        let absent = distinct(space, space - n_edges, seed);
        let mut absent = absent.into_iter().peekable();
        (0..space).filter(|index| absent.next_if_eq(index).is_none()).collect()
    };
    let edges = indices.into_par_iter().map(|index| ends(index, n_nodes, directed)).collect();
    graph_of(n_nodes, edges, directed)
}

/// Number of pairs that may be edges.
fn space(n_nodes: usize, directed: bool) -> u64 {
    let n = n_nodes as u64;
    if directed { n * n.saturating_sub(1) } else { pairs(n) }
}

/// Pair number `index` of `n` nodes.
fn ends(index: u64, n: usize, directed: bool) -> (NodeId, NodeId) {
    let (u, v) = if directed {
        let (u, v) = (index / (n as u64 - 1), index % (n as u64 - 1));
        (u, v + u64::from(v >= u))
    } else {
        let (larger, smaller) = pair(index);
        (smaller, larger)
    };
    (u as NodeId, v as NodeId)
}

/// The first `count` different values of a sequence of draws from `0..space`, sorted.
fn distinct(space: u64, count: u64, seed: u64) -> Vec<u64> {
    let mut values = Vec::new();
    let mut drawn = 0;
    while (values.len() as u64) < count {
        // As many draws as are missing: never more than `count` different values come together.
        let missing = count - values.len() as u64;
        values.par_extend(
            (drawn..drawn + missing)
                .into_par_iter()
                .map(|draw| Random::new(seed, draw).below(space)),
        );
        drawn += missing;
        values.par_sort_unstable();
        values.dedup();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_simple(graph: &Graph) -> bool {
        (0..graph.n_nodes() as u32).all(|u| {
            let neighbors = graph.out_edges().neighbors(u);
            neighbors.windows(2).all(|pair| pair[0] < pair[1]) && !neighbors.contains(&u)
        })
    }

    #[test]
    fn gnp_is_simple_and_has_as_many_edges_as_expected() {
        for directed in [false, true] {
            let graph = gnp(&Gnp { n_nodes: 2000, p: 0.01, directed, seed: 3 }).unwrap();
            assert!(is_simple(&graph));
            let pairs = if directed { 2000.0 * 1999.0 } else { 1000.0 * 1999.0 };
            let off = graph.n_edges() as f64 - pairs * 0.01;
            assert!(off.abs() < 5.0 * (pairs * 0.01 * 0.99_f64).sqrt(), "{off}");
            let degrees = graph.degrees();
            assert_eq!(degrees.iter().sum::<u32>() as usize, 2 * graph.n_edges());
            // Binomial degrees: the variance is close to the mean, unlike with skewed degrees.
            let mean = 2.0 * graph.n_edges() as f64 / 2000.0;
            let square = |&degree: &u32| (f64::from(degree) - mean).powi(2);
            let variance = degrees.iter().map(square).sum::<f64>() / 2000.0;
            assert!((variance / mean - 1.0).abs() < 0.2, "{variance} for {mean}");
        }
    }

    #[test]
    fn gnm_has_exactly_m_different_edges() {
        for (n_nodes, n_edges) in [(100, 0), (100, 300), (100, 4800), (100, 4950), (2, 1), (0, 0)] {
            for directed in [false, true] {
                let graph = gnm(&Gnm { n_nodes, n_edges, directed, seed: 3 }).unwrap();
                assert_eq!(graph.n_edges(), n_edges);
                assert!(is_simple(&graph));
            }
        }
    }

    /// Over many seeds each of the 10 pairs of 5 nodes is chosen equally often.
    #[test]
    fn gnm_prefers_no_pair() {
        for n_edges in [3, 7] {
            let mut counts = [[0_u32; 5]; 5];
            for seed in 0..5000 {
                let graph = gnm(&Gnm { n_nodes: 5, n_edges, directed: false, seed }).unwrap();
                for (&u, &v) in graph.coo().sources().iter().zip(graph.coo().targets()) {
                    counts[u as usize][v as usize] += 1;
                }
            }
            for (u, row) in counts.iter().enumerate() {
                for &count in &row[u + 1..] {
                    let expected = 500.0 * n_edges as f64;
                    let off = f64::from(count) - expected;
                    assert!(off.abs() < 5.0 * expected.sqrt(), "{counts:?}");
                }
            }
        }
    }

    #[test]
    fn bad_options_are_refused() {
        for p in [-0.1, 1.1, f64::NAN] {
            let error = gnp(&Gnp { p, ..Gnp::default() }).unwrap_err().to_string();
            assert_eq!(error, format!("option `p` is {p}, but it must be between 0 and 1"));
        }
        let error = gnm(&Gnm { n_nodes: 3, n_edges: 4, ..Gnm::default() }).unwrap_err();
        assert!(matches!(error, Error::OptionOutOfRange { option: "n_edges", .. }));
        let error = gnp(&Gnp { n_nodes: 1 << 30, p: 0.5, ..Gnp::default() }).unwrap_err();
        assert!(matches!(error, Error::TooManyEdges { .. }));
    }
}
