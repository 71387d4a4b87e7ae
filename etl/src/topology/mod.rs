//! Shapes of graphs: make them undirected, simple, smaller, or part of what they were.

mod undirected;

pub use undirected::{Merge, Undirected};
