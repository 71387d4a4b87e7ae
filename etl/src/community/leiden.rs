//! Leiden: Louvain whose communities are refined before they are contracted, so that they are
//! connected.

use graph_core::NodeId;
use graph_core::generate::Random;
use rayon::prelude::*;

use super::level::Level;
use super::moving::Partition;
use super::multilevel::{Search, Settled};
use super::report::Communities;
use super::rounds::{Outcome, Rounds};
use super::{check_at_least, labels};
use crate::tally::Tally;
use crate::topology::Undirected;
use crate::{Control, Result};

/// A node whose part has no members any more when its turn comes is looked at again so often.
const MOST_REFINING: usize = 4;

/// Communities by Leiden: like [`Louvain`](super::Louvain), but nodes of a contracted graph are
/// connected parts of communities, not whole ones, and can leave a community again.
///
/// Every community is connected. Parts are made by merging single nodes into well-connected parts
/// of their community, where the parts with the larger gain are likelier by
/// `exp(gain / (randomness · strength))`. If more than one iteration may be made, the first one
/// contracts whole communities, as Louvain does: it is only the start of the next, and that
/// reached the same modularity in less time wherever it was measured. Nodes decide in batches that depend on the graph and the
/// seed alone, so the result is the same for any number of threads; see
/// [`Louvain`](super::Louvain) for batches and cost.
///
/// Source: Traag, Waltman, van Eck 2019, doi:10.1038/s41598-019-41695-z.
///
/// ```
/// use graph_core::Coo;
/// use graph_etl::Control;
/// use graph_etl::community::Leiden;
/// use graph_etl::topology::{Merge, Undirected};
///
/// // Two triangles and an edge between them.
/// let coo = Coo::new(6, vec![0, 1, 2, 3, 4, 5, 2], vec![1, 2, 0, 4, 5, 3, 3], None)?;
/// let graph = Undirected::from_coo(&coo, Merge::Unit);
/// let found = Leiden::default().run(&graph, &Control::NONE)?;
/// assert_eq!(found.labels, [0, 0, 0, 1, 1, 1]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Leiden {
    /// Above 1 there are more and smaller communities, below 1 fewer and larger ones.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().resolution))]
    pub resolution: f64,
    /// How readily a node merges into a part that is not the best, as a share of its strength;
    /// 0 always takes the best.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().randomness))]
    pub randomness: f64,
    /// A level ends after a round that has raised modularity by less than this, all after an
    /// iteration that has.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// How often it starts again at the nodes with the communities it has found, at most.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_iterations))]
    pub max_iterations: u32,
    /// Graph is contracted at most this many times in an iteration.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_levels))]
    pub max_levels: u32,
    /// Rounds over the nodes of a level, at most.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_rounds))]
    pub max_rounds: u32,
    /// Seed of the order in which nodes are looked at, and of merges.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for Leiden {
    fn default() -> Self {
        Self {
            resolution: 1.0,
            randomness: 0.01,
            tolerance: 1e-4,
            max_iterations: 3,
            max_levels: 32,
            max_rounds: 32,
            seed: 0,
        }
    }
}

impl Leiden {
    /// The communities of `graph`, with the levels of contraction of the last iteration: their
    /// parts, too, are connected.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`](crate::Error::BadOption) if `resolution`, `randomness` or `tolerance` is not a finite number
    ///   of at least 0;
    /// - [`Error::Stopped`](crate::Error::Stopped) if the caller wants to stop.
    pub fn run(&self, graph: &Undirected, control: &Control) -> Result<Communities> {
        check_at_least("randomness", self.randomness, 0.0)?;
        let search = Search {
            resolution: self.resolution,
            tolerance: self.tolerance,
            max_iterations: self.max_iterations,
            max_levels: self.max_levels,
            max_rounds: self.max_rounds,
            seed: self.seed,
        };
        search.run(graph, control, |settled| {
            if settled.iteration == 0 && self.max_iterations > 1 {
                return Ok((settled.labels.to_vec(), settled.n_communities));
            }
            let n = settled.level.n_nodes();
            if settled.goes_on {
                let mut parts = self.refine(&settled, control)?;
                let n_parts = labels::number_by_appearance(settled.level, &mut parts);
                if n_parts < n {
                    return Ok((parts, n_parts));
                }
            }
            Ok(connected_parts(settled.level, settled.labels))
        })
    }

    /// Connected, well-connected parts of communities: labels in `0..n_nodes`.
    fn refine(&self, settled: &Settled, control: &Control) -> Result<Vec<u32>> {
        let &Settled { level, labels: parents, seed, tallies, .. } = settled;
        let mut totals = vec![0.0; settled.n_communities];
        for (&parent, &strength) in parents.iter().zip(&level.strengths) {
            totals[parent as usize] += strength;
        }
        let outside = (0..level.n_nodes() as NodeId)
            .into_par_iter()
            .map(|u| {
                let mut sum = 0.0;
                level.for_each(u, |v, weight| {
                    if parents[u as usize] == parents[v as usize] {
                        sum += weight;
                    }
                });
                sum
            })
            .collect();
        let refinement = Refinement {
            level,
            parents,
            totals,
            scale: self.resolution / level.total,
            randomness: self.randomness,
            seed,
        };
        let mut state = Growing { partition: Partition::singletons(level), outside };
        let mut rounds = Rounds::new(level, tallies, seed.wrapping_add(1));
        for _ in 0..MOST_REFINING {
            if rounds.is_done() {
                break;
            }
            rounds.round(
                &mut state,
                control,
                |state, tally, u| refinement.wish(state, tally, u),
                |state, u, wish| refinement.grant(state, u, &wish),
                |_, _, _| false,
            )?;
        }
        Ok(state.partition.labels)
    }
}

/// Parts of communities in the making.
struct Growing {
    partition: Partition,
    /// Weight between each part and the rest of its community, shape `[n_nodes]`.
    outside: Vec<f64>,
}

struct Refinement<'a> {
    level: &'a Level<'a>,
    /// Community of each node.
    parents: &'a [u32],
    /// Strengths of the nodes of each community together.
    totals: Vec<f64>,
    scale: f64,
    randomness: f64,
    seed: u64,
}

/// A part that a node would merge into, as it was when the node looked.
struct Merge {
    to: u32,
    weight: f64,
    size: u32,
}

impl Refinement<'_> {
    /// Whether a part of strength `total` has as much weight to the rest of its community as is
    /// to be expected at least.
    fn is_well_connected(&self, parent: u32, outside: f64, total: f64) -> bool {
        outside >= self.scale * total * (self.totals[parent as usize] - total)
    }

    /// The part that `u` merges into, if it is still alone.
    fn wish(&self, state: &Growing, tally: &mut Tally, u: NodeId) -> Option<Merge> {
        let Growing { partition, outside } = state;
        let parent = self.parents[u as usize];
        let strength = self.level.strengths[u as usize];
        let own = partition.labels[u as usize];
        if partition.size(own) > 1
            || outside[own as usize] == 0.0
            || !self.is_well_connected(parent, outside[own as usize], strength)
        {
            return None;
        }
        tally.reset(self.level.degree(u));
        self.level.for_each(u, |v, weight| {
            if self.parents[v as usize] == parent {
                tally.add(partition.labels[v as usize], weight);
            }
        });
        let (mut best, mut merge) = (f64::NEG_INFINITY, None);
        for (to, weight) in tally.iter() {
            let total = partition.total(to);
            let gain = weight - self.scale * strength * total;
            if gain <= 0.0 || !self.is_well_connected(parent, outside[to as usize], total) {
                continue;
            }
            let score = gain + self.noise(u, to) * strength;
            if score > best {
                (best, merge) = (score, Some(Merge { to, weight, size: partition.size(to) }));
            }
        }
        merge
    }

    /// Gumbel noise: the largest sum of gain and noise is at each part with a probability in
    /// proportion to `exp(gain / randomness)`.
    fn noise(&self, u: NodeId, to: u32) -> f64 {
        if self.randomness == 0.0 {
            return 0.0;
        }
        // Never 0, so its logarithm is finite; at 1 the noise is as large as it gets.
        let unit = Random::new(self.seed ^ u64::from(u), to.into()).unit();
        -self.randomness * (-unit.ln()).max(f64::MIN_POSITIVE).ln()
    }

    /// Merges `u`, unless others have joined it or its part has gone.
    fn grant(&self, state: &mut Growing, u: NodeId, merge: &Merge) -> Outcome {
        let &Merge { to, size, .. } = merge;
        let own = state.partition.labels[u as usize];
        let now = state.partition.size(to);
        if state.partition.size(own) > 1 || now == 0 {
            return Outcome::Refused;
        }
        // Parts only grow: one of the same size has the same members.
        let weight = match now == size {
            true => merge.weight,
            false => {
                let mut sum = 0.0;
                self.level.for_each(u, |v, weight| {
                    if state.partition.labels[v as usize] == to {
                        sum += weight;
                    }
                });
                sum
            }
        };
        let strength = self.level.strengths[u as usize];
        if weight <= self.scale * strength * state.partition.total(to) {
            return Outcome::Refused;
        }
        let joined = state.outside[own as usize] - 2.0 * weight;
        state.outside[to as usize] += joined;
        state.partition.put(u, strength, to);
        Outcome::Moved
    }
}

/// Splits communities into their connected parts, numbered by appearance, and tells how many these
/// are.
fn connected_parts(level: &Level, communities: &[u32]) -> (Vec<u32>, usize) {
    const NONE: u32 = u32::MAX;
    let mut parts = vec![NONE; level.n_nodes()];
    let mut n_parts = 0;
    let mut stack = Vec::new();
    for start in 0..level.n_nodes() as NodeId {
        if parts[start as usize] != NONE {
            continue;
        }
        parts[start as usize] = n_parts;
        stack.push(start);
        while let Some(u) = stack.pop() {
            level.for_each(u, |v, weight| {
                let same = communities[v as usize] == communities[u as usize];
                if parts[v as usize] == NONE && same && weight > 0.0 {
                    parts[v as usize] = n_parts;
                    stack.push(v);
                }
            });
        }
        n_parts += 1;
    }
    (parts, n_parts as usize)
}
