//! OddBall: neighborhoods that have too many or too few edges for their size.

use graph_core::Control;
use rayon::prelude::*;

use super::{NodeData, NodeDetector};

use crate::Result;

/// OddBall: how far a node is from the power law between the nodes and the edges of egonets.
///
/// With `N` neighbors and `E` edges between the node, its neighbors and each other, a line
/// `ln E = a ln N + b` is fitted by least squares, and the score is
/// `max(E, Ê) / min(E, Ê) · ln(|E − Ê| + 1)` for the fitted `Ê`. Nodes without edges count as if `N`
/// and `E` were 1.
///
/// O(Σ d²) time at most, for merging the rows of both ends of each edge; 8 m bytes.
///
/// Source: Akoglu, McGlohon, Faloutsos 2010, doi:10.1007/978-3-642-13672-6_40, equation 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct OddBall {}

impl NodeDetector for OddBall {
    fn name(&self) -> &'static str {
        "oddball"
    }

    fn needs_features(&self) -> bool {
        false
    }

    fn score(&self, data: &NodeData, control: &Control<'_>) -> Result<Vec<f64>> {
        let n = data.n_nodes() as f64;
        control.step("nodes", 0, Some(data.n_nodes() as u64))?;
        let common = data.common_neighbors();
        let graph = data.graph();
        let egonets: Vec<(f64, f64)> = data
            .nodes()
            .map(|u| {
                let row = graph.row(u);
                // An edge between two neighbors is seen from both of them.
                let between: u64 = common[row.clone()].iter().map(|&count| u64::from(count)).sum();
                let edges = row.len() as f64 + between as f64 / 2.0;
                ((row.len().max(1) as f64).ln(), edges.max(1.0))
            })
            .collect();
        let mean = |of: fn(&(f64, f64)) -> f64| egonets.iter().map(of).sum::<f64>() / n;
        let (x, y) = (mean(|ego| ego.0), mean(|ego| ego.1.ln()));
        let spread: f64 = egonets.iter().map(|ego| (ego.0 - x).powi(2)).sum();
        let slope = match spread > 0.0 {
            true => egonets.iter().map(|ego| (ego.0 - x) * (ego.1.ln() - y)).sum::<f64>() / spread,
            // All have as many neighbors: the fit is their mean.
            false => 0.0,
        };
        let score = |&(size, edges): &(f64, f64)| {
            let fitted = (y + slope * (size - x)).exp();
            edges.max(fitted) / edges.min(fitted) * ((edges - fitted).abs() + 1.0).ln()
        };
        Ok(egonets.iter().map(score).collect())
    }
}
