//! Shapes of graphs: make them undirected, simple, smaller, or part of what they were.
//!
//! Every function takes a [`Graph`](graph_core::Graph) and makes a new one; external ids and
//! attributes go along with their nodes and edges, and [`Reshaped`] says where each came from.

mod contract;
mod hops;
mod incidence;
mod levels;
mod relabel;
mod reshaped;
mod sample;
mod simplify;
mod subgraph;
#[cfg(test)]
mod tests;
mod undirected;

pub use contract::{Contract, ContractReport};
pub use hops::{HopReport, Hops};
pub use incidence::Direction;
pub(crate) use incidence::Incidence;
pub use levels::{LevelReport, TopologicalLevels};
pub use relabel::{by_degree, by_first_use, compact, relabel};
pub use reshaped::Reshaped;
pub(crate) use reshaped::{of_tables, table_of};
pub use sample::{ForestFire, UniformSample};
pub use simplify::{Combine, deduplicate, drop_self_loops, reverse, symmetrize, undirected};
pub use subgraph::{
    drop_nodes, filter_edges, induced_by_edges, induced_by_mask, induced_by_nodes, keep_nodes,
    largest_component, matching, materialize_nodes, prune_orphans,
};
pub use undirected::{Merge, Undirected};
