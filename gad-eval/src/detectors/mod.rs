//! Detectors: what gives edges, nodes and graphs a score, higher for what is more anomalous.
//!
//! | folder | what a detector sees |
//! |---|---|
//! | [`stream`] | edges one after another, of which it remembers a bounded amount |
//! | [`nodes`] | a graph that stands still, and the features of its nodes |
//! | [`snapshots`] | all edges and their times |
//!
//! [`all`] lists them, and [`configure`] makes one of a name and texts.

pub mod nodes;
mod random;
mod registry;
pub mod snapshots;
pub mod stream;

pub use registry::{Configured, Dataset, DetectorInfo, all, configure};
