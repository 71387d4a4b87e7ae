//! One algorithm of `features`, measured: the own side of `benches/features.py`.
//!
//! ```text
//! features nearest FILE D K OUT        neighbors of each row, as numbers of rows
//! features hnsw FILE D K WIDTH OUT     the same, nearly always the nearest
//! features umap FILE D OUT             points of the plane, as 32-bit floating-point numbers
//! features walks GRAPH LENGTH          walks of that many nodes, one from each node
//! features similarity GRAPH PAIRS OUT  Jaccard coefficients, as 64-bit floating-point numbers
//! ```
//!
//! Files of rows are 32-bit floating-point numbers, D to a row; files of graphs and of pairs are
//! pairs of 32-bit numbers: all little endian. The first pair of a graph is its number of nodes
//! and 0. Prints one line of JSON.

#![expect(clippy::print_stdout, reason = "the line is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod usage;

use std::time::Instant;

use graph_core::{Coo, Csr};
use graph_etl::Control;
use graph_etl::features::{
    Features, Hnsw, NearestNeighbors, RandomWalks, Similarity, Umap, similarity,
};
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
        ["nearest", file, d, k, out] => {
            let options = NearestNeighbors { k: k.parse().unwrap(), ..NearestNeighbors::default() };
            let rows = rows(file, d);
            let found = measured(|| options.run(&rows, &Control::NONE).unwrap());
            write(out, found.neighbors.into_iter().map(u32::to_le_bytes));
        }
        ["hnsw", file, d, k, width, out] => {
            let (k, search_width) = (k.parse().unwrap(), width.parse().unwrap());
            let options = Hnsw { k, search_width, ..Hnsw::default() };
            let rows = rows(file, d);
            let found = measured(|| options.run(&rows, &Control::NONE).unwrap());
            write(out, found.neighbors.into_iter().map(u32::to_le_bytes));
        }
        ["umap", file, d, out] => {
            let rows = rows(file, d);
            let found = measured(|| Umap::default().run(&rows, &Control::NONE).unwrap());
            let points = found.x.iter().zip(&found.y);
            write(out, points.flat_map(|(x, y)| [x.to_le_bytes(), y.to_le_bytes()]));
        }
        ["walks", file, length] => {
            let (sources, targets) = pairs(file);
            let coo = Coo::new(sources[0] as usize, sources[1..].into(), targets[1..].into(), None);
            let graph = Csr::from_undirected_coo(&coo.unwrap());
            let length = length.parse().unwrap();
            let options = RandomWalks { length, walks_per_node: 1, ..RandomWalks::default() };
            measured(|| options.run(&graph, &Control::NONE).unwrap());
        }
        ["similarity", file, asked, out] => {
            let (sources, targets) = pairs(file);
            let coo = Coo::new(sources[0] as usize, sources[1..].into(), targets[1..].into(), None);
            let graph = Undirected::from_coo(&coo.unwrap(), Merge::Unit);
            let (from, to) = pairs(asked);
            let scores = measured(|| {
                similarity(&graph, Similarity::Jaccard, &from, &to, &Control::NONE).unwrap()
            });
            write(out, scores.into_iter().map(f64::to_le_bytes));
        }
        // What `cargo test --benches` calls.
        [] => println!("see the head of etl/benches/features.rs for arguments"),
        _ => panic!("unknown arguments {args:?}"),
    }
}

fn rows(file: &str, d: &str) -> Features {
    let bytes = std::fs::read(file).unwrap();
    let values = bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    Features::new(d.parse().unwrap(), values).unwrap()
}

fn pairs(file: &str) -> (Vec<u32>, Vec<u32>) {
    let bytes = std::fs::read(file).unwrap();
    let pair = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let pairs = bytes.as_chunks::<8>().0.iter().map(pair);
    pairs.map(|pair| (pair as u32, (pair >> 32) as u32)).unzip()
}

fn write<const N: usize>(out: &str, values: impl Iterator<Item = [u8; N]>) {
    std::fs::write(out, values.flatten().collect::<Vec<u8>>()).unwrap();
}

fn measured<T>(work: impl FnOnce() -> T) -> T {
    let (start, cpu) = (Instant::now(), cpu_secs());
    let found = work();
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_secs() - cpu);
    println!("{}", json!({ "wall": wall, "cpu": cpu, "peak_mb": peak_mb() }));
    found
}
