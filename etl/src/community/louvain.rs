//! Louvain: local moving and contraction by turns.

use super::multilevel::Search;
use super::report::Communities;
use crate::topology::Undirected;
use crate::{Control, Result};

/// Communities by Louvain: nodes move to the neighboring community that raises
/// [`modularity`](super::modularity()) most, then communities become the nodes of a smaller graph,
/// until nothing is gained; then nodes move again, out of the communities found.
///
/// Where rows are many, nodes move in batches that depend on the graph and the seed alone: those of
/// a batch decide in parallel, then move one after another, each only if that is still a gain. A
/// batch is a 64th of the entries that are looked at, 65,536 at most; below 4,096 nodes take turns
/// instead, on one thread. The result is the same for any number of threads. Of several iterations
/// the first is only a start: its nodes move until a round gains less than 100 times the tolerance.
/// O(m) time for a round, of which most graphs need 5 to 20 on the first level and few after it;
/// memory for 12 bytes an entry of the first contracted graph.
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
    /// A level ends after a round that has raised modularity by less than this, all after an
    /// iteration that has.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// How often it starts again at the nodes with the communities it has found, at most: 1 is
    /// the original method.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_iterations))]
    pub max_iterations: u32,
    /// Graph is contracted at most this many times in an iteration.
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
        Self {
            resolution: 1.0,
            tolerance: 1e-4,
            max_iterations: 2,
            max_levels: 32,
            max_rounds: 32,
            seed: 0,
        }
    }
}

impl Louvain {
    /// The communities of `graph`, with the levels of contraction of the last iteration.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`](crate::Error::BadOption) if `resolution` or `tolerance` is not a number of at least 0;
    /// - [`Error::Stopped`](crate::Error::Stopped) if the caller wants to stop.
    pub fn run(&self, graph: &Undirected, control: &Control) -> Result<Communities> {
        let search = Search {
            resolution: self.resolution,
            tolerance: self.tolerance,
            max_iterations: self.max_iterations,
            max_levels: self.max_levels,
            max_rounds: self.max_rounds,
            seed: self.seed,
        };
        search.run(graph, control, |settled| Ok((settled.labels.to_vec(), settled.n_communities)))
    }
}
