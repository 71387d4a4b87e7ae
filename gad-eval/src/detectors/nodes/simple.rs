//! Baselines of one line each, which others should beat.

use graph_core::Control;
use rayon::prelude::*;

use super::{NodeData, NodeDetector};

use crate::Result;

/// Defines a detector without options.
macro_rules! baseline {
    ($(#[$doc:meta])* $method:ident, $name:literal, $needs:literal, $score:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[cfg_attr(feature = "clap", derive(clap::Args))]
        pub struct $method {}

        impl NodeDetector for $method {
            fn name(&self) -> &'static str {
                $name
            }

            fn needs_features(&self) -> bool {
                $needs
            }

            fn score(&self, data: &NodeData, control: &Control<'_>) -> Result<Vec<f64>> {
                control.step("nodes", 0, Some(data.n_nodes() as u64))?;
                let score: fn(&NodeData) -> Result<Vec<f64>> = $score;
                score(data)
            }
        }
    };
}

baseline!(
    /// The number of neighbors.
    ///
    /// O(n) time.
    Degree,
    "degree",
    false,
    |data| Ok(data.nodes().map(|u| data.graph().degree(u) as f64).collect())
);

baseline!(
    /// The distance of the features from their mean over all nodes, `‖x − x̄‖`.
    ///
    /// O(n f) time.
    FeatureNorm,
    "feature-norm",
    true,
    |data| {
        let features = data.need_features()?;
        let mean = features.mean();
        Ok(data.nodes().map(|u| distance(features.row(u as usize), &mean)).collect())
    }
);

baseline!(
    /// The distance of the features from their mean over the neighbors, which is 0 without any.
    ///
    /// O(m f) time, 8 n f bytes.
    NeighborResidual,
    "neighbor-residual",
    true,
    |data| {
        let features = data.need_features()?;
        let means = data.mean_of_neighbors(features);
        let residual = |u| distance(features.row(u as usize), means.row(u as usize));
        Ok(data.nodes().map(residual).collect())
    }
);

baseline!(
    /// 1 minus the cosine between the features and their mean over the neighbors; 1 where one of
    /// them is zero.
    ///
    /// O(m f) time, 8 n f bytes.
    NeighborCosine,
    "neighbor-cosine",
    true,
    |data| {
        let features = data.need_features()?;
        let means = data.mean_of_neighbors(features);
        let cosine = |u| 1.0 - cosine(features.row(u as usize), means.row(u as usize));
        Ok(data.nodes().map(cosine).collect())
    }
);

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let norms = dot(a, a).sqrt() * dot(b, b).sqrt();
    if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
}
