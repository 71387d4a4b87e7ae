//! Detectors of graphs that change: edges with times, between a known number of nodes.

mod anom_rank;
mod surprise;
mod temporal;

use graph_core::Control;

pub use anom_rank::{AnomRank, AnomRankReport};
pub use surprise::{LinkSurprise, Proximity};
pub use temporal::TemporalEdges;

use crate::Result;
use crate::results::Level;

/// A detector that scores edges, or nodes in each window of time.
pub trait TemporalDetector: Send + Sync {
    /// The name of the method.
    fn name(&self) -> &'static str;

    /// Whether edges are scored, or nodes.
    fn level(&self) -> Level;

    /// Units of time in a window.
    fn window(&self) -> u64;

    /// Scores: of edges in their order, shape `[m]`, or of all nodes in each window that has edges,
    /// shape `[windows, n]`. Higher is more anomalous.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`](crate::Error::BadOption); [`Error::Stopped`](crate::Error::Stopped).
    fn score(&self, edges: &TemporalEdges, control: &Control<'_>) -> Result<Vec<f64>>;
}
