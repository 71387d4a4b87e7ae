//! Eigenvector and Katz centrality: who is pointed at by those that are.

use graph_core::Graph;

use super::iterate::{Ended, iterate, scale};
use super::pull::gather;
use super::rows::{Rows, check_option, sum};
use crate::{Control, Error, Result};

/// Eigenvector centrality, by power iteration from all nodes alike.
///
/// The `x` of length 1 with `Aᵀ x = λ x` for the largest `λ`, as networkx has it: a node counts as
/// much as those whose edges end at it. igraph scales the largest entry to 1 instead. Iterated is
/// `x + Aᵀ x`, which has the same vectors and converges on bipartite graphs too. A directed graph
/// without cycles has none; and of several components with the same `λ`, the start decides.
///
/// O(n + m) time an iteration, 16 n bytes besides the in-edges.
///
/// Source: Bonacich 1987, doi:10.1086/228631.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Eigenvector {
    /// Stop when the entries of `x` together change by less, above 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Stop after this many iterations.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_iterations))]
    pub max_iterations: usize,
    /// Whether edges count by their weight, if the graph has weights.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().weighted, action = clap::ArgAction::Set))]
    pub weighted: bool,
}

impl Default for Eigenvector {
    fn default() -> Self {
        Self { tolerance: 1e-6, max_iterations: 1000, weighted: true }
    }
}

/// Katz centrality: `x = α Aᵀ x + β`, scaled to length 1 as networkx does unless told not to.
///
/// Walks that end at a node count, those of `k` edges by `αᵏ`. There is an answer if `α` is below
/// 1 over the largest eigenvalue of `A`; above it, the sums grow without end, which is an error.
///
/// O(n + m) time an iteration, 16 n bytes besides the in-edges.
///
/// Source: Katz 1953, doi:10.1007/BF02289026.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Katz {
    /// What an edge more in a walk costs, above 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().alpha))]
    pub alpha: f64,
    /// What every node has of its own, above 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().beta))]
    pub beta: f64,
    /// Stop when the entries of `x` together change by less than this share of their sum, above 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Stop after this many iterations.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_iterations))]
    pub max_iterations: usize,
    /// Whether to scale the result to length 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().normalized, action = clap::ArgAction::Set))]
    pub normalized: bool,
    /// Whether edges count by their weight, if the graph has weights.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().weighted, action = clap::ArgAction::Set))]
    pub weighted: bool,
}

impl Default for Katz {
    fn default() -> Self {
        Self {
            alpha: 0.1,
            beta: 1.0,
            tolerance: 1e-9,
            max_iterations: 1000,
            normalized: true,
            weighted: true,
        }
    }
}

/// What [`Eigenvector::run`] or [`Katz::run`] found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CentralityReport {
    /// Centrality of each node, shape `[n]`.
    pub centrality: Vec<f64>,
    /// Number of iterations.
    pub iterations: usize,
    /// How much the last iteration changed, in the measure of the tolerance.
    pub change: f64,
    /// Whether that is below the tolerance.
    pub converged: bool,
}

impl Eigenvector {
    /// Scores the nodes of `graph`.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if an option is out of its range;
    /// - [`Error::Stopped`].
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<CentralityReport> {
        check_option("tolerance", self.tolerance, self.tolerance > 0.0, "above 0")?;
        let n = graph.n_nodes();
        let mut x = vec![1.0 / (n as f64).sqrt(); n];
        let rows = Rows::of(graph.in_edges(), self.weighted);
        let blocks = rows.blocks();
        let mut next = vec![0.0; n];
        let ended = iterate(self.tolerance, self.max_iterations, control, |_| {
            let squares = blocks.update(
                &mut next,
                |u| x[u] + gather(rows, u as u32, &x),
                |_, _, new| new * new,
            );
            scale(&mut next, squares.sqrt());
            let change = sum(n, |u| (next[u] - x[u]).abs());
            std::mem::swap(&mut x, &mut next);
            Ok(change)
        })?;
        let Ended { iterations, change, converged } = ended;
        Ok(CentralityReport { centrality: x, iterations, change, converged })
    }
}

impl Katz {
    /// Scores the nodes of `graph`.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if an option is out of its range;
    /// - [`Error::Diverged`] if `alpha` is too large for this graph, which shows when scores are no
    ///   longer finite, or still grow in the last iteration;
    /// - [`Error::Stopped`].
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<CentralityReport> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        check_option("alpha", self.alpha, positive(self.alpha), "finite and above 0")?;
        check_option("beta", self.beta, positive(self.beta), "finite and above 0")?;
        check_option("tolerance", self.tolerance, self.tolerance > 0.0, "above 0")?;
        let n = graph.n_nodes();
        let rows = Rows::of(graph.in_edges(), self.weighted);
        let blocks = rows.blocks();
        let (mut x, mut next) = (vec![0.0; n], vec![0.0; n]);
        let mut last = f64::INFINITY;
        let ended = iterate(self.tolerance, self.max_iterations, control, |iterations| {
            let total = blocks.update(
                &mut next,
                |u| self.alpha * gather(rows, u as u32, &x) + self.beta,
                |_, _, new| new,
            );
            let difference = sum(n, |u| (next[u] - x[u]).abs());
            std::mem::swap(&mut x, &mut next);
            let grows = iterations == self.max_iterations && difference > last;
            if !total.is_finite() || grows {
                return Err(Error::Diverged {
                    measure: "Katz centrality, of an `alpha` too large for this graph,",
                    iterations,
                });
            }
            last = difference;
            Ok(if total > 0.0 { difference / total } else { 0.0 })
        })?;
        if self.normalized {
            let squares = sum(n, |u| x[u] * x[u]);
            scale(&mut x, squares.sqrt());
        }
        let Ended { iterations, change, converged } = ended;
        Ok(CentralityReport { centrality: x, iterations, change, converged })
    }
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;

    use super::*;

    fn graph(n: usize, edges: &[(u32, u32)], directed: bool) -> Graph {
        let (sources, targets) = edges.iter().copied().unzip();
        Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), directed)
    }

    #[test]
    fn the_middle_of_a_path_is_the_square_root_of_two_ends() {
        let path = graph(3, &[(0, 1), (1, 2)], false);
        let report = Eigenvector { tolerance: 1e-12, ..Eigenvector::default() };
        let report = report.run(&path, &Control::NONE).unwrap();
        for (found, expected) in report.centrality.iter().zip([0.5, 0.5_f64.sqrt(), 0.5]) {
            assert!((found - expected).abs() < 1e-11, "{found} {expected}");
        }
        assert!(report.converged);
    }

    #[test]
    fn walks_along_a_path_are_counted() {
        let path = graph(3, &[(0, 1), (1, 2)], true);
        let katz = Katz { alpha: 0.5, normalized: false, ..Katz::default() };
        assert_eq!(katz.run(&path, &Control::NONE).unwrap().centrality, [1.0, 1.5, 1.75]);
    }

    #[test]
    fn too_large_an_alpha_is_an_error() {
        let triangle = graph(3, &[(0, 1), (1, 2), (2, 0)], false);
        for (alpha, max_iterations) in [(0.6, 20), (3.0, 100_000)] {
            let katz = Katz { alpha, max_iterations, ..Katz::default() };
            let error = katz.run(&triangle, &Control::NONE).unwrap_err();
            assert!(matches!(error, Error::Diverged { .. }), "{error}");
        }
        let katz = Katz { alpha: 0.4, ..Katz::default() };
        assert!(katz.run(&triangle, &Control::NONE).unwrap().converged);
    }
}
