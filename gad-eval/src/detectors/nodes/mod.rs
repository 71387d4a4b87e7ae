//! Detectors of nodes in a graph that stands still, by its structure, its features, or both.

mod data;
mod forest;
mod lof;
mod odd_ball;
mod scan;
mod simple;

use graph_core::Control;

pub use data::{Features, NodeData};
pub use forest::IsolationForest;
pub use lof::Lof;
pub use odd_ball::OddBall;
pub use scan::{Scan, ScanReport};
pub use simple::{Degree, FeatureNorm, NeighborCosine, NeighborResidual};

use crate::{Error, Result};

/// A detector that gives each node of a graph a score.
pub trait NodeDetector: Send + Sync {
    /// The name of the method.
    fn name(&self) -> &'static str;

    /// Whether features are needed.
    fn needs_features(&self) -> bool;

    /// Scores, shape `[n]`: higher is more anomalous.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if features are needed and absent; [`Error::BadOption`]; [`Error::Stopped`].
    fn score(&self, data: &NodeData, control: &Control<'_>) -> Result<Vec<f64>>;
}

/// What features a detector of points sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum View {
    /// Those of the node alone.
    Own,
    /// `[x, mean₁, mean₂, ln(1 + degree)]`: those of the node, their mean over its neighbors, the
    /// mean of these means over its neighbors, and its degree; means over no neighbors are 0.
    ///
    /// Source: Tang, Hua, Gao, Zhao, Li 2023, GADBench, arXiv:2306.12251, where trees see the like.
    #[default]
    Neighborhood,
}

impl View {
    /// The features seen, shape `[n, columns]`; for [`View::Neighborhood`] of a graph without
    /// features, the degree alone.
    fn of(self, data: &NodeData) -> Result<Features> {
        let own = data.features();
        match self {
            Self::Own => own.cloned().ok_or(Error::Empty { name: "features" }),
            Self::Neighborhood => data.neighborhood(own),
        }
    }
}
