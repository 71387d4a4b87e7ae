//! The extension module of the Python package `graphlume`.
//!
//! It converts, calls and converts back: what a call does is written in the crates below. The package's
//! Python files give it the form that Python programmers expect, see `python/graphlume`.
#![deny(unsafe_code)]
#![expect(clippy::needless_pass_by_value, reason = "arguments from Python are made for the call")]

mod arrays;
mod command;
mod describe;
mod detect;
mod devices;
mod error;
mod evaluate;
mod generate;
mod graph;
mod layout;
#[expect(unsafe_code, reason = "Python and we share memory by raw structs and addresses")]
mod memory;
mod metrics;
mod objects;
mod reshape;
mod tables;
mod transform;
mod values;
mod work;

use pyo3::prelude::*;

/// Large pages for large memory.
#[global_allocator]
static ALLOCATOR: graphlume::device::Allocator = graphlume::device::Allocator::new();

/// What `graphlume` is made of.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<arrays::Array>()?;
    module.add_class::<tables::Table>()?;
    module.add_class::<graph::Graph>()?;
    module.add_class::<layout::Session>()?;
    module.add_class::<detect::Stream>()?;
    module.add_class::<evaluate::Evaluation>()?;
    module.add_class::<evaluate::Leaderboard>()?;
    for function in [
        wrap_pyfunction!(command::main, module)?,
        wrap_pyfunction!(describe::describe, module)?,
        wrap_pyfunction!(detect::detect, module)?,
        wrap_pyfunction!(devices::devices, module)?,
        wrap_pyfunction!(generate::generate, module)?,
        wrap_pyfunction!(graph::read, module)?,
        wrap_pyfunction!(graph::html, module)?,
        wrap_pyfunction!(graph::bundle, module)?,
        wrap_pyfunction!(reshape::reshape, module)?,
        wrap_pyfunction!(reshape::filter, module)?,
        wrap_pyfunction!(reshape::part, module)?,
        wrap_pyfunction!(reshape::neighborhood, module)?,
        wrap_pyfunction!(reshape::hypergraph, module)?,
        wrap_pyfunction!(evaluate::evaluate_path, module)?,
        wrap_pyfunction!(evaluate::evaluate_columns, module)?,
        wrap_pyfunction!(evaluate::evaluation_folder, module)?,
        wrap_pyfunction!(evaluate::run, module)?,
        wrap_pyfunction!(evaluate::sweep, module)?,
        wrap_pyfunction!(evaluate::leaderboard, module)?,
        wrap_pyfunction!(transform::transform, module)?,
        wrap_pyfunction!(transform::scan, module)?,
        wrap_pyfunction!(transform::plan, module)?,
        wrap_pyfunction!(transform::pipeline, module)?,
        wrap_pyfunction!(transform::write_table, module)?,
        wrap_pyfunction!(metrics::ranking, module)?,
        wrap_pyfunction!(metrics::curve, module)?,
        wrap_pyfunction!(metrics::calibration, module)?,
        wrap_pyfunction!(metrics::brier, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}
