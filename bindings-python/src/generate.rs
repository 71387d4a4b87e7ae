//! Random and regular graphs.

use std::sync::Arc;

use graphlume::graph::generate::{
    BarabasiAlbert, Gnm, Gnp, Lattice, PlantedPartition, Rmat, barabasi_albert, complete, cycle,
    gnm, gnp, lattice, path, planted_partition, rmat, star,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Deserialize;

use crate::graph::Graph;
use crate::values;
use crate::work::leave;

/// A kind of graph with its options.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    Rmat(Rmat),
    BarabasiAlbert(BarabasiAlbert),
    Gnp(Gnp),
    Gnm(Gnm),
    PlantedPartition(PlantedPartition),
    Lattice(Lattice),
    Star { n_nodes: usize },
    Path { n_nodes: usize },
    Cycle { n_nodes: usize },
    Complete { n_nodes: usize },
}

/// A graph of the kind that the options name.
#[pyfunction]
pub(crate) fn generate(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<Graph> {
    let kind: Kind = values::parsed(Some(options))?;
    let graph = leave(py, move || match kind {
        Kind::Rmat(options) => rmat(&options),
        Kind::BarabasiAlbert(options) => barabasi_albert(&options),
        Kind::Gnp(options) => gnp(&options),
        Kind::Gnm(options) => gnm(&options),
        Kind::PlantedPartition(options) => planted_partition(&options),
        Kind::Lattice(options) => lattice(&options),
        Kind::Star { n_nodes } => star(n_nodes),
        Kind::Path { n_nodes } => path(n_nodes),
        Kind::Cycle { n_nodes } => cycle(n_nodes),
        Kind::Complete { n_nodes } => complete(n_nodes),
    })?;
    Ok(Graph(Arc::new(graph)))
}
