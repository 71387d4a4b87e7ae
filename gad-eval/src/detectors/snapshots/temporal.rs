//! Edges in the order of time.

use std::ops::Range;

use graph_core::NodeId;

use crate::{Error, Result};

/// Edges with times, which never go back.
///
/// | array | shape | meaning |
/// |---|---|---|
/// | `sources`, `targets` | `[m]` | ends, in `0..n_nodes` |
/// | `times` | `[m]` | ascending |
#[derive(Debug, Clone, PartialEq)]
pub struct TemporalEdges {
    n_nodes: usize,
    sources: Vec<NodeId>,
    targets: Vec<NodeId>,
    times: Vec<i64>,
}

impl TemporalEdges {
    /// Takes three columns of one length.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`]; [`Error::Graph`] for an end that is no node;
    /// [`Error::TimeGoesBack`].
    pub fn new(
        n_nodes: usize,
        sources: Vec<NodeId>,
        targets: Vec<NodeId>,
        times: Vec<i64>,
    ) -> Result<Self> {
        let expected = sources.len();
        for (name, found) in [("targets", targets.len()), ("times", times.len())] {
            if found != expected {
                return Err(Error::LengthMismatch { name, found, of: "sources", expected });
            }
        }
        for (edge, (&u, &v)) in sources.iter().zip(&targets).enumerate() {
            let node = u.max(v);
            if node as usize >= n_nodes {
                return Err(graph_core::Error::NodeOutOfRange { edge, node, n_nodes }.into());
            }
        }
        if let Some(edge) = times.windows(2).position(|pair| pair[1] < pair[0]) {
            let (before, time) = (times[edge], times[edge + 1]);
            return Err(Error::TimeGoesBack { edge: edge as u64 + 1, time, before });
        }
        Ok(Self { n_nodes, sources, targets, times })
    }

    /// Number of nodes `n`.
    pub fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// Number of edges `m`.
    pub fn n_edges(&self) -> usize {
        self.sources.len()
    }

    /// Where edges begin, shape `[m]`.
    pub fn sources(&self) -> &[NodeId] {
        &self.sources
    }

    /// Where they end, shape `[m]`.
    pub fn targets(&self) -> &[NodeId] {
        &self.targets
    }

    /// When they come, shape `[m]`.
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// The edges of each window of `length` units of time that has any; windows begin at multiples
    /// of it.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`] if the length is 0.
    pub fn windows(&self, length: u64) -> Result<Vec<Range<usize>>> {
        if length == 0 {
            let allowed = "at least 1";
            return Err(Error::BadOption { option: "window", value: "0".into(), allowed });
        }
        let of = |time: i64| i128::from(time).div_euclid(i128::from(length));
        let mut windows = Vec::new();
        let mut start = 0;
        for part in self.times.chunk_by(|&a, &b| of(a) == of(b)) {
            windows.push(start..start + part.len());
            start += part.len();
        }
        Ok(windows)
    }

    pub(super) fn edges(&self, range: Range<usize>) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.sources[range.clone()].iter().copied().zip(self.targets[range].iter().copied())
    }
}
