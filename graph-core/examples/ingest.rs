//! Reads a graph file and builds its CSR; prints what that took, in seconds, as JSON.
//!
//! `cargo run --release --example ingest -- FILE`

use std::process::ExitCode;
use std::time::Instant;

use graph_core::{ReadOptions, read};

#[expect(clippy::print_stdout, reason = "the result of a program is its output")]
fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: ingest FILE");
        return ExitCode::from(2);
    };
    let options = ReadOptions { directed: Some(true), ..ReadOptions::default() };
    let started = Instant::now();
    let (graph, report) = match read(&path, &options) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let read_secs = started.elapsed().as_secs_f64();
    let csr = graph.out_edges();
    let total_secs = started.elapsed().as_secs_f64();
    // A checksum that any other program can compute: it ties the rows to the external ids.
    let longest = (0..graph.n_nodes() as u32).map(|u| csr.degree(u)).max().unwrap_or(0);
    println!(
        "{{\"n_nodes\": {}, \"n_edges\": {}, \"largest_degree\": {longest}, \"id_type\": \"{}\", \
         \"read_secs\": {read_secs:.4}, \"csr_secs\": {:.4}}}",
        graph.n_nodes(),
        csr.n_edges(),
        report.id_type,
        total_secs - read_secs,
    );
    ExitCode::SUCCESS
}
