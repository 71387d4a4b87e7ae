#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod control;
mod coo;
mod csr;
mod disjoint;
mod error;
pub mod export;
mod gather;
pub mod generate;
mod graph;
mod ids;
pub mod ingest;
#[cfg(feature = "petgraph")]
pub mod interop;
mod parallel;
pub mod room;
mod staged;
mod type_name;
mod units;
pub mod words;

pub use control::{Control, Progress, Stopped};
pub use coo::Coo;
pub use csr::Csr;
pub use disjoint::DisjointSets;
pub use error::{Error, Place, Result};
pub use export::{
    Compression, WriteOptions, WriteReport, write, write_batches, write_table, write_table_with,
    write_to, write_with,
};
pub use gather::{gather, repeat, stack, with_keys};
pub use graph::Graph;
pub use ids::{Factorized, factorize};
pub use ingest::{
    Format, IdOrder, ReadOptions, ReadReport, decompressed, read, read_from, read_table,
    read_table_with,
};
pub use staged::Staged;
pub use type_name::type_name;
pub use units::{parse_bytes, parse_duration};

/// A node of one graph: a dense number in `0..n_nodes`.
pub type NodeId = u32;
