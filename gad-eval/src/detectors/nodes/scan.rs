//! SCAN without a threshold: up to which one a node belongs to a cluster.

use graph_core::Control;
use rayon::prelude::*;

use super::{NodeData, NodeDetector};

use crate::{Error, Result};

/// SCAN with graded scores.
///
/// Two neighbors are as similar as the neighborhoods of both, themselves included, overlap:
/// `σ(u, v) = |Γ(u) ∩ Γ(v)| / √(|Γ(u)| |Γ(v)|)`. SCAN calls a node a core if at least `μ` of its
/// neighbors, itself included, are similar by ε or more, and puts it and these into a cluster; what
/// is in none is an outlier or a hub. Instead of an answer for one ε, the score of a node is 1 minus
/// the largest ε for which it is in a cluster, and that of an edge 1 minus the largest ε for which it
/// joins its ends: SCAN's answer for any ε is the score against `1 − ε`.
///
/// O(Σ d²) time at most, for merging the rows of both ends of each edge; 24 m bytes.
///
/// Source: Xu, Yuruk, Feng, Schweiger 2007, doi:10.1145/1281192.1281280.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Scan {
    /// Similar neighbors, itself included, that make a node a core, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().mu))]
    pub mu: usize,
}

impl Default for Scan {
    fn default() -> Self {
        Self { mu: 2 }
    }
}

/// What [`Scan::run`] finds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScanReport {
    /// Scores of nodes, shape `[n]`, from 0 to 1.
    pub nodes: Vec<f64>,
    /// Scores of the entries of [`NodeData::graph`], shape `[2 m]`, from 0 to 1, the same in both
    /// directions.
    pub edges: Vec<f64>,
}

impl Scan {
    /// Scores nodes and edges.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`]; [`Error::Stopped`].
    pub fn run(&self, data: &NodeData, control: &Control<'_>) -> Result<ScanReport> {
        if self.mu == 0 {
            let allowed = "at least 1";
            return Err(Error::BadOption { option: "mu", value: "0".into(), allowed });
        }
        control.step("nodes", 0, Some(data.n_nodes() as u64))?;
        let graph = data.graph();
        let mut similarity: Vec<f64> = Vec::with_capacity(graph.n_edges());
        let common = data.common_neighbors();
        for u in 0..data.n_nodes() as u32 {
            for (&v, &common) in graph.neighbors(u).iter().zip(&common[graph.row(u)]) {
                let sizes = (graph.degree(u) + 1) * (graph.degree(v) + 1);
                similarity.push(f64::from(common + 2) / (sizes as f64).sqrt());
            }
        }
        // The largest ε for which a node is a core; itself is similar by 1.
        let core: Vec<f64> = data
            .nodes()
            .map(|u| {
                let mut row = similarity[graph.row(u)].to_vec();
                row.push(1.0);
                if row.len() < self.mu {
                    return 0.0;
                }
                *row.select_nth_unstable_by(self.mu - 1, |a, b| b.total_cmp(a)).1
            })
            .collect();
        let joined = |u: u32, v: u32, similarity: f64| {
            similarity.min(core[u as usize].max(core[v as usize]))
        };
        let edges = data
            .nodes()
            .flat_map_iter(|u| {
                let entries = graph.neighbors(u).iter().zip(&similarity[graph.row(u)]);
                entries.map(move |(&v, &similarity)| 1.0 - joined(u, v, similarity))
            })
            .collect();
        let nodes = data
            .nodes()
            .map(|u| {
                let entries = graph.neighbors(u).iter().zip(&similarity[graph.row(u)]);
                let by_others = entries.map(|(&v, &s)| s.min(core[v as usize]));
                1.0 - by_others.fold(core[u as usize], f64::max)
            })
            .collect();
        Ok(ScanReport { nodes, edges })
    }
}

impl NodeDetector for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn needs_features(&self) -> bool {
        false
    }

    fn score(&self, data: &NodeData, control: &Control<'_>) -> Result<Vec<f64>> {
        Ok(self.run(data, control)?.nodes)
    }
}
