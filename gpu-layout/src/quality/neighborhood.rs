//! Neighborhood preservation: do the neighbors in the graph lie nearest?

use std::collections::BinaryHeap;

use graph_core::NodeId;
use rayon::prelude::*;

use super::adjacency::Adjacency;
use super::nearest::Nearest;
use super::sample::Sample;
use super::{Measure, QualityConfig};

/// See [`neighborhood_preservation`](super::QualityReport::neighborhood_preservation).
pub(super) fn measure(
    adjacency: &Adjacency,
    nearest: &Nearest,
    config: &QualityConfig,
) -> Option<Measure> {
    let linked: Vec<NodeId> =
        nearest.order().iter().copied().filter(|&u| adjacency.degree(u) > 0).collect();
    if linked.is_empty() {
        return None;
    }
    let depth = u64::from(adjacency.n_nodes().ilog2()) + 1;
    let sample = Sample::within_budget(linked, adjacency.n_ends() as u64 * depth, config, 1);
    let overlaps: Vec<f64> = sample
        .nodes
        .par_iter()
        .map_init(BinaryHeap::new, |found, &u| {
            let neighbors = adjacency.neighbors(u);
            nearest.find(u, neighbors.len(), found);
            let shared = found.iter().filter(|(_, v)| neighbors.binary_search(v).is_ok()).count();
            shared as f64 / (2 * neighbors.len() - shared) as f64
        })
        .collect();
    Some(Measure {
        value: overlaps.iter().sum::<f64>() / overlaps.len() as f64,
        standard_error: sample.standard_error(overlaps.iter().copied()),
        exact: sample.is_all(),
        sample_size: overlaps.len() as u64,
    })
}
