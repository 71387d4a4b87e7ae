//! From a file, a stream or Arrow tables to a [`Graph`](crate::Graph).

mod options;

pub use options::{Format, IdOrder, ReadOptions, ReadReport};

use arrow::array::RecordBatch;

/// What a reader of a format that is held in memory as a whole hands on.
///
/// Both tables keep every attribute; ids are external ids, not yet mapped to nodes.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Edge rows in file order, all of one schema, with the end columns `source` and `target`.
    pub edges: Vec<RecordBatch>,
    /// Node rows in file order with the ids in column 0, if the format lists nodes.
    pub nodes: Option<RecordBatch>,
    /// Whether the file says that its edges have a direction.
    pub directed: Option<bool>,
}
