//! Louvain: local moving and contraction by turns.

use super::level::Level;
use super::moving::{Moving, Partition};
use super::report::{Communities, Hierarchy};
use super::tally::Tallies;
use super::{check_at_least, labels};
use crate::topology::Undirected;
use crate::{Control, Result};

/// Communities by Louvain: nodes move to the neighboring community that raises
/// [`modularity`](super::modularity()) most, then communities become the nodes of a smaller graph,
/// until nothing is gained.
///
/// Nodes move in batches that depend on the graph and the seed alone: those of a batch decide in
/// parallel, then move one after another, each only if that is still a gain. The result is the
/// same for any number of threads. A batch is a 256th of the graph or 262,144 entries, whichever
/// is less: small graphs are worked on one node at a time. O(m) time for a round, of which most
/// graphs need 5 to 20 on the first level and few after it; memory for 12 bytes an entry of the
/// first contracted graph.
///
/// A community need not be connected: [`Leiden`](super::Leiden)'s are.
///
/// Sources: Blondel, Guillaume, Lambiotte, Lefebvre 2008, doi:10.1088/1742-5468/2008/10/P10008;
/// nodes are looked at again only if a neighbor has moved: Ozaki, Tezuka, Inaba 2016,
/// doi:10.7763/IJCEE.2016.V8.927.
///
/// ```
/// use graph_core::Coo;
/// use graph_etl::Control;
/// use graph_etl::community::Louvain;
/// use graph_etl::topology::{Merge, Undirected};
///
/// // Two triangles and an edge between them.
/// let coo = Coo::new(6, vec![0, 1, 2, 3, 4, 5, 2], vec![1, 2, 0, 4, 5, 3, 3], None)?;
/// let graph = Undirected::from_coo(&coo, Merge::Unit);
/// let found = Louvain::default().run(&graph, &Control::NONE)?;
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
pub struct Louvain {
    /// Above 1 there are more and smaller communities, below 1 fewer and larger ones.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().resolution))]
    pub resolution: f64,
    /// A level ends after a round that has raised modularity by less than this.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Graph is contracted at most this many times.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_levels))]
    pub max_levels: u32,
    /// Rounds over the nodes of a level, at most.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_rounds))]
    pub max_rounds: u32,
    /// Seed of the order in which nodes are looked at.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for Louvain {
    fn default() -> Self {
        Self { resolution: 1.0, tolerance: 1e-4, max_levels: 32, max_rounds: 32, seed: 0 }
    }
}

impl Louvain {
    /// The communities of `graph`, with the levels of contraction.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`](crate::Error::BadOption) if `resolution` or `tolerance` is not a number of at least 0;
    /// - [`Error::Stopped`](crate::Error::Stopped) if the caller wants to stop.
    pub fn run(&self, graph: &Undirected, control: &Control) -> Result<Communities> {
        check_at_least("resolution", self.resolution, 0.0)?;
        check_at_least("tolerance", self.tolerance, 0.0)?;
        let tallies = Tallies::new();
        let mut level = Level::new(graph);
        let mut hierarchy = Hierarchy::new(&level, self.resolution);
        if level.total == 0.0 {
            return Ok(hierarchy.finish());
        }
        for depth in 0..self.max_levels {
            let mut partition = Partition::singletons(&level);
            let moving = Moving {
                resolution: self.resolution,
                tolerance: self.tolerance,
                max_rounds: self.max_rounds,
                seed: self.seed.wrapping_add(depth.into()),
            };
            let moved = moving.run(&level, &mut partition, &tallies, control)?;
            if moved.moves == 0 {
                hierarchy.converged = true;
                break;
            }
            let mut labels = partition.labels;
            let k = labels::number_by_appearance(&level, &mut labels);
            level = level.contract(&labels, k, &tallies, control)?;
            hierarchy.push(labels, &level, moved);
            control.step("levels", u64::from(depth) + 1, None)?;
        }
        Ok(hierarchy.finish())
    }
}
