//! How good communities are: modularity, coverage and conductance.

use super::level::Level;
use super::{check_at_least, labels};
use crate::tally::Tallies;
use crate::topology::Undirected;
use crate::{Control, Error, Result};

/// How good communities are.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Quality {
    /// Number of communities `k`.
    pub n_communities: usize,
    /// Number of nodes of each community in ascending order of their labels, shape `[k]`.
    pub sizes: Vec<u32>,
    /// Modularity with the resolution asked for.
    pub modularity: Option<f64>,
    /// Share of the weight of all edges that is inside communities.
    pub coverage: Option<f64>,
    /// Conductance of each community, shape `[k]`: the weight of the edges that leave it over the
    /// strengths of its nodes or of all others, whichever is less. 0 if nothing leaves it.
    pub conductance: Vec<f64>,
    /// Mean conductance of the communities that have edges, weighted by the strength of their
    /// nodes.
    pub mean_conductance: Option<f64>,
    /// Largest conductance of any community.
    pub worst_conductance: Option<f64>,
}

/// The modularity of communities,
///
/// ```text
/// Q = Σ_c [ L_c / m − γ (K_c / 2m)² ]
/// ```
///
/// where `m` is the weight of all edges, `L_c` that of the edges inside community `c`, `K_c` the
/// sum of the strengths of its nodes, and γ the `resolution`. A self-loop counts once in `m` and
/// in `L_c`, and twice in a strength: as in networkx and igraph. `None` if the graph has no edge of
/// positive weight (networkx fails with a division by zero).
///
/// `labels` has shape `[n]`; any numbers will do. O(n + m) time, in parallel; sums are `f64`, and
/// the result does not depend on the number of threads.
///
/// Sources: Newman, Girvan 2004, doi:10.1103/PhysRevE.69.026113; the resolution: Reichardt,
/// Bornholdt 2006, doi:10.1103/PhysRevE.74.016110.
///
/// ```
/// use graph_core::Coo;
/// use graph_etl::community::modularity;
/// use graph_etl::topology::{Merge, Undirected};
///
/// let coo = Coo::new(4, vec![0, 2], vec![1, 3], None)?;
/// let graph = Undirected::from_coo(&coo, Merge::Unit);
/// assert_eq!(modularity(&graph, &[7, 7, 9, 9], 1.0)?, Some(0.5));
/// # Ok::<(), graph_etl::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::LengthMismatch`] if `labels` is not `[n]`;
/// - [`Error::BadOption`] if `resolution` is not a finite number of at least 0.
pub fn modularity(graph: &Undirected, labels: &[u32], resolution: f64) -> Result<Option<f64>> {
    let (communities, _) = communities(graph, labels, resolution)?;
    Ok((communities.total > 0.0).then(|| communities.modularity(resolution)))
}

/// Measures of communities; see [`Quality`] and [`modularity`].
///
/// # Errors
///
/// Those of [`modularity`].
pub fn quality(graph: &Undirected, labels: &[u32], resolution: f64) -> Result<Quality> {
    let (communities, sizes) = communities(graph, labels, resolution)?;
    let total = communities.total;
    let mut conductance = Vec::with_capacity(sizes.len());
    let (mut inside, mut weighted) = (0.0, 0.0);
    for (&strength, &edges) in communities.strengths.iter().zip(communities.loops()) {
        let leaving = strength - 2.0 * edges;
        let smaller = strength.min(total - strength);
        inside += edges;
        // What rounding leaves of a community that takes all is no cut.
        let share = if leaving > 0.0 && smaller > 0.0 { leaving / smaller } else { 0.0 };
        weighted += share * strength;
        conductance.push(share);
    }
    let defined = total > 0.0;
    Ok(Quality {
        n_communities: sizes.len(),
        modularity: defined.then(|| communities.modularity(resolution)),
        coverage: defined.then_some(2.0 * inside / total),
        mean_conductance: defined.then_some(weighted / total),
        worst_conductance: conductance.iter().copied().reduce(f64::max),
        conductance,
        sizes,
    })
}

/// The graph of communities, and their sizes.
fn communities(
    graph: &Undirected,
    labels: &[u32],
    resolution: f64,
) -> Result<(Level<'static>, Vec<u32>)> {
    check_at_least("resolution", resolution, 0.0)?;
    let (found, expected) = (labels.len(), graph.n_nodes());
    if found != expected {
        return Err(Error::LengthMismatch { name: "labels", found, expected });
    }
    let (labels, k) = labels::dense(labels);
    let mut sizes = vec![0; k];
    for &label in &labels {
        sizes[label as usize] += 1;
    }
    let level = Level::new(graph).contract(&labels, k, &Tallies::new(), &Control::NONE)?;
    Ok((level, sizes))
}
