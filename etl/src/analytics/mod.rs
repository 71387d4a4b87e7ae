//! Measures of nodes, of edges and of the whole graph.
//!
//! Each measure is a function, or a struct of options with a `run` method; what it finds is a
//! struct of named arrays. All run on all threads of the current rayon pool, and give the same
//! result on any number of them.

mod bfs;
mod components;
mod core_number;
mod degree;
mod eigenvector;
mod hits;
mod page_rank;
mod pull;
mod rows;
mod strong;
mod triangles;

pub use bfs::{Bfs, BfsReport, Direction, UNREACHED};
pub use components::{Components, weak_components};
pub use core_number::{CoreNumbers, core_numbers};
pub use degree::{Degrees, Strengths, degrees};
pub use eigenvector::{CentralityReport, Eigenvector, Katz};
pub use hits::{Hits, HitsReport};
pub use page_rank::{PageRank, PageRankReport, Precision};
pub use strong::strong_components;
pub use triangles::{Triangles, triangles};
