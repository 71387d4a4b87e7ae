//! Label propagation: each node takes the label that most of its neighbors have.

use graph_core::NodeId;
use graph_core::generate::Random;

use super::level::Level;
use super::rounds::{Outcome, Rounds};
use super::{check_at_least, labels};
use crate::tally::{Tallies, Tally};
use crate::topology::Undirected;
use crate::{Control, Result};

/// A round has at least about this many batches.
const LEAST_BATCHES: usize = 32;

/// Communities by label propagation: all nodes start with a label of their own and take, in turn,
/// the one with the largest weight among their neighbors.
///
/// A node keeps its label if that is one of the heaviest; otherwise ties are drawn from the seed.
/// Nodes decide in batches that depend on the graph and the seed alone, or one after another where
/// few are left, and only those whose neighbors have changed are looked at again; the result is
/// the same for any number of threads. O(m) time for a round.
///
/// It is fast and knows no resolution: on graphs without clear communities nearly all nodes end
/// with one label.
///
/// Source: Raghavan, Albert, Kumara 2007, doi:10.1103/PhysRevE.76.036106.
///
/// ```
/// use graph_core::Coo;
/// use graph_etl::Control;
/// use graph_etl::community::LabelPropagation;
/// use graph_etl::topology::{Merge, Undirected};
///
/// let coo = Coo::new(6, vec![0, 1, 2, 3, 4, 5, 2], vec![1, 2, 0, 4, 5, 3, 3], None)?;
/// let graph = Undirected::from_coo(&coo, Merge::Unit);
/// let found = LabelPropagation::default().run(&graph, &Control::NONE)?;
/// assert!(found.converged);
/// assert_eq!(found.labels[0], found.labels[1]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct LabelPropagation {
    /// Ends after a round in which no more than this share of the nodes has changed.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Rounds over the nodes, at most.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_rounds))]
    pub max_rounds: u32,
    /// Seed of the order of nodes and of ties.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for LabelPropagation {
    fn default() -> Self {
        Self { tolerance: 1e-5, max_rounds: 100, seed: 0 }
    }
}

/// What label propagation found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PropagatedLabels {
    /// Community of each node, shape `[n]`, numbered by size: 0 is the largest; equal ones by
    /// their smallest node.
    pub labels: Vec<u32>,
    /// Number of nodes in each community, shape `[n_communities]`, descending.
    pub sizes: Vec<u32>,
    /// Rounds over the nodes.
    pub rounds: u32,
    /// Whether it ended because hardly a label changed.
    pub converged: bool,
}

impl LabelPropagation {
    /// The communities of `graph`. Self-loops do not count.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`](crate::Error::BadOption) if `tolerance` is not a finite number of at least 0;
    /// - [`Error::Stopped`](crate::Error::Stopped) if the caller wants to stop.
    pub fn run(&self, graph: &Undirected, control: &Control) -> Result<PropagatedLabels> {
        check_at_least("tolerance", self.tolerance, 0.0)?;
        // From outside of its threads each of many small tasks would wait for one to wake.
        rayon::scope(|_| self.propagate(graph, control))
    }

    fn propagate(&self, graph: &Undirected, control: &Control) -> Result<PropagatedLabels> {
        let n = graph.n_nodes();
        let level = Level::new(graph);
        let tallies = Tallies::new();
        let mut rounds = Rounds::new(&level, &tallies, self.seed, LEAST_BATCHES);
        let mut labels: Vec<u32> = (0..n as u32).collect();
        let few = (self.tolerance * n as f64) as usize;
        let mut n_rounds = 0;
        let mut converged = rounds.is_done();
        while !converged && n_rounds < self.max_rounds {
            let moved = rounds.round(
                &mut labels,
                control,
                |labels, tally, u| heaviest(&level, labels, tally, self.seed, u),
                |labels, u, label| {
                    labels[u as usize] = label;
                    Outcome::Moved
                },
                |labels, u, v| labels[v as usize] != labels[u as usize],
            )?;
            n_rounds += 1;
            control.step("rounds", n_rounds.into(), None)?;
            converged = moved <= few;
        }
        let k = labels::number_by_appearance(&level, &mut labels);
        let sizes = labels::number_by_size(&mut labels, k);
        Ok(PropagatedLabels { labels, sizes, rounds: n_rounds, converged })
    }
}

/// The label that is heaviest among the neighbors of `u`, unless its own is.
fn heaviest(level: &Level, labels: &[u32], tally: &mut Tally, seed: u64, u: NodeId) -> Option<u32> {
    let own = labels[u as usize];
    tally.reset(level.degree(u), level.n_nodes());
    let mut own_weight = 0.0;
    level.for_each(u, |v, weight| match labels[v as usize] {
        label if label == own => own_weight += weight,
        label => tally.add(label, weight),
    });
    let mut random = Random::new(seed, u.into());
    let (mut best, mut to, mut n_best) = (own_weight, None, 0);
    for (label, weight) in tally.iter() {
        if weight > best {
            (best, to, n_best) = (weight, Some(label), 1);
        } else if weight == best && to.is_some() {
            // The last of them is chosen with a probability of 1 in their number.
            n_best += 1;
            if random.below(n_best) == 0 {
                to = Some(label);
            }
        }
    }
    to
}
