//! One algorithm on one graph, measured: the own side of `benches/community.py`.
//!
//! ```text
//! community generate SCALE N_EDGES OUT    an R-MAT graph (0.57, 0.19, 0.19, 0.05), undirected and simple
//! community convert IN OUT                the undirected simple form of a graph file
//! community run FILE ALGORITHM [SEED]     one line of JSON
//! ```
//!
//! Graph files are pairs of 32-bit numbers, little endian: the number of nodes and 0, then each
//! edge once, in ascending order.

#![expect(clippy::print_stdout, reason = "the line is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod usage;

use std::time::Instant;

use graph_core::generate::{Rmat, rmat};
use graph_core::{Coo, NodeId};
use graph_etl::Control;
use graph_etl::community::{LabelPropagation, Leiden, Louvain, modularity};
use graph_etl::topology::{Merge, Undirected};
use serde_json::json;

use usage::{cpu_secs, peak_mb};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["generate", scale, n_edges, out] => {
            let (scale, n_edges) = (scale.parse().unwrap(), n_edges.parse().unwrap());
            let graph = rmat(&Rmat { scale, n_edges, seed: 1, ..Rmat::default() }).unwrap();
            write(&Undirected::new(&graph, Merge::Unit), out);
        }
        ["convert", from, out] => {
            let (graph, _) = graph_core::read(from, &graph_core::ReadOptions::default()).unwrap();
            write(&Undirected::new(&graph, Merge::Unit), out);
        }
        ["run", file, algorithm] => run(file, algorithm, 0),
        ["run", file, algorithm, seed] => run(file, algorithm, seed.parse().unwrap()),
        // What `cargo test --benches` calls.
        [] => println!("see the head of etl/benches/community.rs for arguments"),
        _ => panic!("unknown arguments {args:?}"),
    }
}

fn write(graph: &Undirected, out: &str) {
    let mut bytes = Vec::new();
    let mut put = |u: u32, v: u32| bytes.extend([u.to_le_bytes(), v.to_le_bytes()].concat());
    put(graph.n_nodes() as u32, 0);
    for u in 0..graph.n_nodes() as NodeId {
        graph.neighbors(u).iter().filter(|&&v| u < v).for_each(|&v| put(u, v));
    }
    std::fs::write(out, bytes).unwrap();
}

fn read(file: &str) -> Undirected {
    let bytes = std::fs::read(file).unwrap();
    let numbers: Vec<u32> =
        bytes.chunks_exact(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let (sources, targets) = numbers[2..].chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip();
    let coo = Coo::new(numbers[0] as usize, sources, targets, None).unwrap();
    Undirected::from_coo(&coo, Merge::Unit)
}

fn run(file: &str, algorithm: &str, seed: u64) {
    let graph = read(file);
    let control = Control::NONE;
    let (start, cpu) = (Instant::now(), cpu_secs());
    let (labels, more) = match algorithm {
        "louvain" => {
            let found = Louvain { seed, ..Louvain::default() }.run(&graph, &control).unwrap();
            let levels: Vec<_> = found
                .levels
                .iter()
                .map(|level| json!([level.n_parts, level.modularity, level.rounds, level.moves]))
                .collect();
            (found.labels, json!(levels))
        }
        "leiden" => {
            let found = Leiden { seed, ..Leiden::default() }.run(&graph, &control).unwrap();
            let levels: Vec<_> = found
                .levels
                .iter()
                .map(|level| json!([level.n_parts, level.modularity, level.rounds, level.moves]))
                .collect();
            (found.labels, json!(levels))
        }
        "label_propagation" => {
            let options = LabelPropagation { seed, ..LabelPropagation::default() };
            let found = options.run(&graph, &control).unwrap();
            (found.labels, json!(found.rounds))
        }
        _ => panic!("unknown algorithm {algorithm}"),
    };
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_secs() - cpu);
    let n_communities = labels.iter().max().map_or(0, |&label| label + 1);
    let mut sizes = vec![0_u32; n_communities as usize];
    for &label in &labels {
        sizes[label as usize] += 1;
    }
    println!(
        "{}",
        json!({
            "wall": wall,
            "cpu": cpu,
            "peak_mb": peak_mb(),
            "modularity": modularity(&graph, &labels, 1.0).unwrap(),
            "n_communities": n_communities,
            "n_with_edges": sizes.iter().filter(|&&size| size > 1).count(),
            "more": more,
        })
    );
}
