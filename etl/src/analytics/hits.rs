//! Hubs and authorities: pages that name good pages, and pages that good pages name.

use graph_core::Graph;

use super::iterate::{Ended, iterate, scale};
use super::pull::gather;
use super::rows::{Rows, check_option, sum};
use crate::{Control, Result};

/// Hubs and authorities, by power iteration from all nodes alike.
///
/// `authority = Aᵀ hub` and `hub = A authority`, each scaled to add up to 1, as networkx and igraph
/// (with `scale=False`) have it: the leading singular vectors of the adjacency matrix. Where its
/// leading singular value is not the only one of its size, as with two equal components, these
/// vectors are not unique: this gives the one that the start leads to, a solver any.
///
/// O(n + m) time an iteration, 24 n bytes besides both adjacencies.
///
/// Source: Kleinberg 1999, doi:10.1145/324133.324140.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Hits {
    /// Stop when the hub scores of all nodes together change by less, above 0; they add up to 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Stop after this many iterations.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_iterations))]
    pub max_iterations: usize,
    /// Whether edges count by their weight, if the graph has weights.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().weighted, action = clap::ArgAction::Set))]
    pub weighted: bool,
}

impl Default for Hits {
    fn default() -> Self {
        Self { tolerance: 1e-8, max_iterations: 1000, weighted: true }
    }
}

/// What [`Hits::run`] found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct HitsReport {
    /// Hub score of each node, shape `[n]`, together 1, or all 0 if the graph has no edges.
    pub hub: Vec<f64>,
    /// Authority score of each node, shape `[n]`, together 1, or all 0 if the graph has no edges.
    pub authority: Vec<f64>,
    /// Number of iterations.
    pub iterations: usize,
    /// Sum over nodes of how much hub scores changed in the last iteration.
    pub change: f64,
    /// Whether that is below the tolerance.
    pub converged: bool,
}

impl Hits {
    /// Scores the nodes of `graph`.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`](crate::Error::BadOption) if an option is out of its range;
    /// - [`Error::Stopped`](crate::Error::Stopped).
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<HitsReport> {
        check_option("tolerance", self.tolerance, self.tolerance > 0.0, "above 0")?;
        let n = graph.n_nodes();
        let out = Rows::of(graph.out_edges(), self.weighted);
        let r#in = Rows::of(graph.in_edges(), self.weighted);
        let (out_blocks, in_blocks) = (out.blocks(), r#in.blocks());
        let mut hub = vec![1.0 / n as f64; n];
        let (mut authority, mut next) = (vec![0.0; n], vec![0.0; n]);
        let ended = iterate(self.tolerance, self.max_iterations, control, |_| {
            let total =
                in_blocks.update(&mut authority, |u| gather(r#in, u as u32, &hub), |_, _, new| new);
            scale(&mut authority, total);
            let total = out_blocks.update(
                &mut next,
                |u| gather(out, u as u32, &authority),
                |_, _, new| new,
            );
            scale(&mut next, total);
            let change = sum(n, |u| (next[u] - hub[u]).abs());
            std::mem::swap(&mut hub, &mut next);
            Ok(change)
        })?;
        let Ended { iterations, change, converged } = ended;
        Ok(HitsReport { hub, authority, iterations, change, converged })
    }
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;

    use super::*;

    #[test]
    fn a_star_has_one_hub_and_alike_authorities() {
        let graph = Graph::from_coo(Coo::new(4, vec![0; 3], vec![1, 2, 3], None).unwrap(), true);
        let report = Hits::default().run(&graph, &Control::NONE).unwrap();
        assert_eq!(report.hub, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(report.authority, [0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]);
        assert!(report.converged);
    }

    #[test]
    fn no_edges_mean_no_scores() {
        let graph = Graph::from_coo(Coo::new(2, vec![], vec![], None).unwrap(), true);
        let report = Hits::default().run(&graph, &Control::NONE).unwrap();
        assert_eq!((report.hub, report.authority), (vec![0.0; 2], vec![0.0; 2]));
    }
}
