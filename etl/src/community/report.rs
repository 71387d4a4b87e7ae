//! What was found: communities, and the levels that led to them.

use super::labels::number_by_size;
use super::level::Level;
use super::moving::Moved;

/// Communities of a graph, and how they came about.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Communities {
    /// Community of each node, shape `[n]`, numbered by size: 0 is the largest; equal ones by
    /// their smallest node.
    pub labels: Vec<u32>,
    /// Number of nodes in each community, shape `[n_communities]`, descending.
    pub sizes: Vec<u32>,
    /// Modularity; absent if the graph has no edge of positive weight.
    pub modularity: Option<f64>,
    /// The dendrogram, from the nodes up. Empty if no nodes were put together.
    pub levels: Vec<CommunityLevel>,
    /// Whether it ended because nothing was to be gained, not because of a limit.
    pub converged: bool,
}

/// One level of a dendrogram of communities.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CommunityLevel {
    /// Part of this level that each part of the level below is in: shape `[n]` on the first level,
    /// then the `n_parts` of the level below.
    pub parents: Vec<u32>,
    /// Number of parts.
    pub n_parts: usize,
    /// Modularity of the parts.
    pub modularity: f64,
    /// Rounds of local moving.
    pub rounds: u32,
    /// Moves of nodes in these rounds.
    pub moves: u64,
}

impl Communities {
    /// Number of communities.
    pub fn n_communities(&self) -> usize {
        self.sizes.len()
    }

    /// Part of each node at `level` of the dendrogram, shape `[n]`; `None` if there is no such
    /// level. O(n · level) time.
    pub fn labels_at(&self, level: usize) -> Option<Vec<u32>> {
        let (first, above) = self.levels.get(..=level)?.split_first()?;
        let mut labels = first.parents.clone();
        for level in above {
            labels = labels.iter().map(|&label| level.parents[label as usize]).collect();
        }
        Some(labels)
    }
}

/// Communities in the making.
pub(super) struct Hierarchy {
    /// Node of the present level that each node is in, shape `[n]`.
    nodes: Vec<u32>,
    levels: Vec<CommunityLevel>,
    resolution: f64,
    modularity: Option<f64>,
    pub(super) converged: bool,
}

impl Hierarchy {
    pub(super) fn new(level: &Level, resolution: f64) -> Self {
        Self {
            nodes: (0..level.n_nodes() as u32).collect(),
            levels: Vec::new(),
            resolution,
            modularity: (level.total > 0.0).then(|| level.modularity(resolution)),
            converged: level.total == 0.0,
        }
    }

    /// The nodes of the present level have become those of `next`.
    pub(super) fn push(&mut self, parents: Vec<u32>, next: &Level, moved: Moved) {
        for label in &mut self.nodes {
            *label = parents[*label as usize];
        }
        let modularity = next.modularity(self.resolution);
        self.modularity = Some(modularity);
        self.levels.push(CommunityLevel {
            parents,
            n_parts: next.n_nodes(),
            modularity,
            rounds: moved.rounds,
            moves: moved.moves,
        });
    }

    /// Node of the present level that each node is in, shape `[n]`.
    pub(super) fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// Modularity if the nodes of the present level are the communities.
    pub(super) fn modularity(&self) -> Option<f64> {
        self.modularity
    }

    /// The nodes of the present level are the communities.
    pub(super) fn finish(self) -> Communities {
        let n_parts = self.levels.last().map_or(self.nodes.len(), |level| level.n_parts);
        let mut labels = self.nodes;
        let sizes = number_by_size(&mut labels, n_parts);
        Communities {
            labels,
            sizes,
            modularity: self.modularity,
            levels: self.levels,
            converged: self.converged,
        }
    }
}
