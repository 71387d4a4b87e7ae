//! The program `graphlume`.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

/// Large pages for large memory.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graphlume::device::Allocator = graphlume::device::Allocator::new();

fn main() -> ExitCode {
    // The name alone is found again by the path, if at all.
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("graphlume"));
    ExitCode::from(graphlume_cli::main(&program, std::env::args_os().skip(1)))
}
