//! From features to graphs and back: similarity, nearest neighbors, projections and random walks.
//!
//! All give the same result for the same seed on any number of threads.

mod eigen;
mod fuzzy;
mod hnsw;
mod matrix;
mod nearest;
mod pca;
mod similarity;
#[cfg(test)]
mod tests;
mod umap;
mod walks;

pub use hnsw::Hnsw;
pub use matrix::Features;
pub use nearest::{Distance, NearestNeighbors, Neighbors};
pub use pca::{PrincipalComponents, Projection};
pub use similarity::{MostSimilar, SimilarNodes, Similarity, similarity};
pub use umap::{PlaneProjection, Umap, UmapStart};
pub use walks::{NO_NODE, RandomWalks, Walks};
