//! Leiden: Louvain whose communities are refined before they are contracted, so that they are
//! connected.

use graph_core::NodeId;

use super::level::Level;
use super::multilevel::Search;
use super::refine::Refinement;
use super::report::Communities;
use super::{check_at_least, labels};
use crate::tally::PerThread;
use crate::topology::Undirected;
use crate::{Control, Result};

/// Communities by Leiden: like [`Louvain`](super::Louvain), but nodes of a contracted graph are
/// connected parts of communities, not whole ones, and can leave a community again.
///
/// Every community is connected. Parts are made by merging single nodes into well-connected parts
/// of their community, where the parts with the larger gain are likelier by
/// `exp(gain / (randomness · strength))`; communities are refined in parallel, each by one thread.
/// If more than one iteration may be made, the first one contracts whole communities, as Louvain
/// does: it is only the start of the next, and that reached the same modularity in less time
/// wherever it was measured. The result is the same for any number of threads; see
/// [`Louvain`](super::Louvain) for how nodes move, and for cost.
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
        let rooms = PerThread::new();
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
                let refinement = Refinement {
                    level: settled.level,
                    communities: settled.labels,
                    n_communities: settled.n_communities,
                    resolution: self.resolution,
                    randomness: self.randomness,
                    seed: settled.seed.wrapping_add(1),
                };
                let mut parts = refinement.run(&rooms, control)?;
                let n_parts = labels::number_by_appearance(settled.level, &mut parts);
                if n_parts < n {
                    return Ok((parts, n_parts));
                }
            }
            Ok(connected_parts(settled.level, settled.labels))
        })
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
