//! Measures of nodes, of edges and of the whole graph.
//!
//! Each measure is a function, or a struct of options with a `run` method; what it finds is a
//! struct of named arrays. All run on all threads of the current rayon pool, and give the same
//! result on any number of them.

mod assortativity;
mod betweenness;
mod bfs;
mod biconnected;
mod closeness;
mod clustering;
mod components;
mod core_number;
mod degree;
mod diameter;
mod eigenvector;
mod hits;
mod iterate;
mod levels;
#[cfg(feature = "serde")]
pub mod measures;
mod page_rank;
mod paths;
mod pull;
pub(crate) mod rows;
mod spanning_forest;
mod sssp;
mod strong;
mod structure;
mod triangles;

pub use assortativity::{
    AssortativityReport, categorical_assortativity, degree_assortativity, numeric_assortativity,
};
pub use betweenness::{Betweenness, BetweennessReport};
pub use bfs::{Bfs, BfsReport, Direction, UNREACHED};
pub use biconnected::{CutPoints, cut_points};
pub use closeness::{Closeness, ClosenessReport};
pub use clustering::{Clustering, ClusteringReport};
pub use components::{Components, weak_components};
pub use core_number::{CoreNumbers, core_numbers};
pub use degree::{Degrees, Strengths, degrees, degrees_by};
pub use diameter::{Diameter, DiameterReport};
pub use eigenvector::{CentralityReport, Eigenvector, Katz};
pub use hits::{Hits, HitsReport};
pub use levels::{Cycles, Levels, LevelsReport};
pub use page_rank::{PageRank, PageRankReport, Precision};
pub use spanning_forest::{SpanningForest, SpanningForestReport};
pub use sssp::{Sssp, SsspReport};
pub use strong::strong_components;
pub use structure::{density, reciprocity};
pub(crate) use triangles::Ranked;
pub use triangles::{Triangles, triangles};
