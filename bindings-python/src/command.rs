//! The command `graphlume`, as the binary of this name is.

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::prelude::*;

/// Runs the command that `program` starts with `arguments`; its exit code.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, program: PathBuf, arguments: Vec<OsString>) -> u8 {
    py.detach(|| graphlume_cli::main(&program, arguments))
}
