//! The tests of the crate from outside.
//!
//! One program: each more would be linked with all that the crate depends on once more.

mod analytics;
mod case_graphs;
mod case_places;
mod case_values;
mod cases;
#[cfg(feature = "expressions")]
mod common;
mod device_expressions;
mod device_tables;
mod expressions;
mod gfql;
mod gfql_paths;
mod gfql_rows;
mod hypergraph;
mod kept;
mod pipeline;
mod placed;
mod sources;
