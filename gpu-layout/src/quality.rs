//! Quality of a layout in numbers that do not depend on its scale, position or orientation.
//!
//! Directions, weights, parallel edges and self-loops do not count: the graph is measured as a
//! simple undirected one. Edge lengths and crossings count parallel edges as often as they occur.

use graph_core::Graph;

use crate::error::check_positions;
use crate::{Error, Result};

mod adjacency;
mod edges;
mod nearest;
mod neighborhood;
mod sample;
mod stress;
mod trustworthiness;

use adjacency::Adjacency;
use nearest::Nearest;

/// How much work the measures may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct QualityConfig {
    /// Neighborhood size `k` of trustworthiness, at least 1.
    pub n_neighbors: usize,
    /// Elementary steps (an edge followed, a pair of edges compared) that each measure may take
    /// before it turns from all nodes to a sample of them. A second of one core is roughly
    /// 300 million.
    pub budget: u64,
    /// Pairs of edges drawn for the share of crossings, if not all pairs can be compared.
    pub n_edge_pairs: usize,
    /// Seed of all samples.
    pub seed: u64,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self { n_neighbors: 5, budget: 1_000_000_000, n_edge_pairs: 1_000_000, seed: 0 }
    }
}

/// A measured value and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Measure {
    /// The value, or its estimate from a sample.
    pub value: f64,
    /// Standard error of the estimate; 0 if exact.
    pub standard_error: f64,
    /// Whether everything was measured.
    pub exact: bool,
    /// Number of nodes, edges or pairs of edges that were measured.
    pub sample_size: u64,
}

/// What [`measure`] found. A measure is `None` where it is undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QualityReport {
    /// Whether the nearest points are near in the graph, at most 1; 0.5 is chance.
    ///
    /// `T = 1 − 2 / (n k (2n − 3k − 1)) Σ max(0, r(i, j) − k)` over all nodes i and the k points j
    /// nearest to each, where r(i, j) is the rank of j among all nodes by Euclidean distance between the
    /// rows i and j of the adjacency matrix. Such distances have many ties, which other programs
    /// rank in whatever order their sort leaves them; here a tie counts as the mean over all
    /// orders, so that the value does not depend on how nodes are numbered.
    ///
    /// Undefined unless n > 2k. Sampled over nodes.
    pub trustworthiness: Option<Measure>,
    /// Normalized stress: mean of (s d − h)² / h² over pairs of nodes h ≥ 1 edges apart and drawn at
    /// distance d, for the scale s that makes it least; from 0 to 1, and 0 is perfect.
    ///
    /// Undefined without edges. Sampled over the first nodes of the pairs.
    pub stress: Option<Measure>,
    /// Mean over non-isolated nodes of the Jaccard index of their neighbors in the graph and as
    /// many nearest points, from 0 to 1.
    ///
    /// Undefined without edges. Sampled over nodes.
    pub neighborhood_preservation: Option<Measure>,
    /// Standard deviation of edge lengths over their mean; 0 if all are equal.
    ///
    /// Undefined without edges, or if all have length 0. Always exact.
    pub edge_length_variation: Option<Measure>,
    /// Probability that two edges, drawn independently, cross away from their ends.
    ///
    /// Undefined without edges. Sampled over pairs of edges.
    pub crossing_fraction: Option<Measure>,
}

/// Measures how well positions show the graph.
///
/// `x` and `y` are `[n]`, in any unit. Each measure is exact where that takes no more than
/// [`QualityConfig::budget`] steps; beyond, it is estimated from nodes drawn without replacement,
/// as many as the budget allows and at least 64, and comes with its standard error. The report is
/// a function of the arguments alone, whatever the number of threads.
///
/// Steps of an exact measure: trustworthiness Σ deg²; stress n (n + m); neighborhood preservation
/// Σ deg log n; crossings m² / 2, fewer for short edges. O(n + m) space for each thread.
///
/// Source: Venna and Kaski 2001, doi:10.1007/3-540-44668-0_68 (trustworthiness); Gansner, Koren and
/// North 2005, doi:10.1007/978-3-540-31843-9_25 (stress); Kruiger et al. 2017, doi:10.1111/cgf.13187
/// (neighborhood preservation).
///
/// ```
/// use gpu_layout::quality::{QualityConfig, measure};
/// use graph_core::{Coo, Graph};
///
/// let path = Graph::from_coo(Coo::new(3, vec![0, 1], vec![1, 2], None)?, false);
/// let report = measure(&path, &[0.0, 1.0, 2.0], &[0.0; 3], &QualityConfig::default())?;
/// assert!(report.stress.is_some_and(|stress| stress.exact && stress.value < 1e-12));
/// assert_eq!(report.trustworthiness, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// - [`Error::LengthMismatch`] if `x` or `y` is not `[n]`;
/// - [`Error::BadPosition`] if a position is not finite or too far out;
/// - [`Error::BadOption`] if `n_neighbors` or `n_edge_pairs` is 0.
pub fn measure(
    graph: &Graph,
    x: &[f32],
    y: &[f32],
    config: &QualityConfig,
) -> Result<QualityReport> {
    check_positions(graph.n_nodes(), x, y)?;
    for (option, value) in
        [("n_neighbors", config.n_neighbors), ("n_edge_pairs", config.n_edge_pairs)]
    {
        if value == 0 {
            return Err(Error::BadOption { option, value: 0.0, allowed: "at least 1".to_owned() });
        }
    }
    let adjacency = Adjacency::of(graph);
    let nearest = Nearest::new(x, y);
    let edges = edges::Edges::new(graph, x, y);
    Ok(QualityReport {
        trustworthiness: trustworthiness::measure(&adjacency, &nearest, config),
        stress: stress::measure(&adjacency, x, y, config),
        neighborhood_preservation: neighborhood::measure(&adjacency, &nearest, config),
        edge_length_variation: edges.length_variation(),
        crossing_fraction: edges.crossing_fraction(config),
    })
}

impl Measure {
    fn exact(value: f64, sample_size: usize) -> Self {
        Self { value, standard_error: 0.0, exact: true, sample_size: sample_size as u64 }
    }
}
