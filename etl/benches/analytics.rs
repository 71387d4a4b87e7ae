//! Seconds, CPU seconds and memory of each measure on one graph.
//!
//! ```text
//! cargo bench -p graphlume-etl --no-default-features --bench analytics -- [OPTIONS] [MEASURE]…
//!   --scale S      log2 of the nodes of an R-MAT graph (0.57, 0.19, 0.19, 0.05), 20
//!   --edges M      its edges, 10 million; nodes without edges are left out
//!   --load FILE    a graph in place of it: sources, then targets, each as u32, little endian
//!   --save FILE    writes the graph so, and measures nothing
//!   --repeats N    runs of each measure, 3
//!   --json         one JSON object a measure instead of a table
//! ```
//!
//! Adjacency is built before the clock starts, as it is for the libraries that
//! `benches/analytics.py` compares with.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod usage;

use std::path::Path;
use std::time::Instant;

use graph_core::generate::{Rmat, rmat};
use graph_core::{Coo, Graph};
use graph_etl::Control;
use graph_etl::analytics::{self, Bfs, PageRank, UNREACHED};
use graph_etl::topology::{Merge, Undirected};

use usage::{cpu_secs, peak_mb};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();

/// A measure by name: what it needs is built first, then it runs as often as asked, and gives a
/// number that other libraries can be compared in.
type Measure = (&'static str, fn(&Graph, &mut Clock) -> f64);

const MEASURES: &[Measure] = &[
    ("page_rank", |graph, clock| {
        let options = PageRank { tolerance: 1e-300, max_iterations: 20, ..PageRank::default() };
        let options = PageRank { precision: analytics::Precision::Single, ..options };
        graph.in_edges();
        graph.out_edges();
        let report = clock.time(|| options.run(graph, &Control::NONE).unwrap());
        report.rank.iter().copied().fold(0.0, f64::max)
    }),
    ("page_rank_f64", |graph, clock| {
        let options = PageRank { tolerance: 1e-300, max_iterations: 20, ..PageRank::default() };
        graph.in_edges();
        graph.out_edges();
        let report = clock.time(|| options.run(graph, &Control::NONE).unwrap());
        report.rank.iter().copied().fold(0.0, f64::max)
    }),
    ("weak_components", |graph, clock| {
        let report = clock.time(|| analytics::weak_components(graph, &Control::NONE).unwrap());
        report.n_components() as f64
    }),
    ("strong_components", |graph, clock| {
        graph.in_edges();
        graph.out_edges();
        let report = clock.time(|| analytics::strong_components(graph, &Control::NONE).unwrap());
        report.n_components() as f64
    }),
    ("bfs", |graph, clock| {
        graph.in_edges();
        let hub = (0..graph.n_nodes() as u32).max_by_key(|&u| graph.out_edges().degree(u)).unwrap();
        let options = Bfs { sources: vec![hub], ..Bfs::default() };
        let report = clock.time(|| options.run(graph, &Control::NONE).unwrap());
        report.distance.iter().filter(|&&d| d != UNREACHED).count() as f64
    }),
    ("core_number", |graph, clock| {
        let graph = Undirected::new(graph, Merge::Unit);
        let report = clock.time(|| analytics::core_numbers(&graph, &Control::NONE).unwrap());
        report.largest.into()
    }),
    ("triangles", |graph, clock| {
        let graph = Undirected::new(graph, Merge::Unit);
        let report = clock.time(|| analytics::triangles(&graph, &Control::NONE).unwrap());
        report.total as f64
    }),
];

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut scale, mut n_edges, mut repeats) = (20, 10_000_000, 3);
    let (mut load, mut save, mut json) = (None, None, false);
    let mut names = Vec::new();
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("an option should have a value");
        match arg.as_str() {
            "--scale" => scale = value().parse().unwrap(),
            "--edges" => n_edges = value().parse().unwrap(),
            "--repeats" => repeats = value().parse().unwrap(),
            "--load" => load = Some(value()),
            "--save" => save = Some(value()),
            "--json" => json = true,
            // Cargo says so to every bench.
            "--bench" => {}
            name => names.push(name.to_owned()),
        }
    }
    let graph = load.map_or_else(|| made(scale, n_edges), |path| loaded(path.as_ref()));
    if let Some(path) = save {
        let columns = [graph.coo().sources(), graph.coo().targets()];
        let bytes: Vec<u8> =
            columns.into_iter().flatten().flat_map(|node| node.to_le_bytes()).collect();
        return std::fs::write(path, bytes).unwrap();
    }
    if !json {
        println!("{} nodes, {} edges\n", graph.n_nodes(), graph.n_edges());
        println!("| measure | answer | s | CPU s | peak MB |\n|---|--:|--:|--:|--:|");
    }
    for (name, measure) in MEASURES {
        if !names.is_empty() && !names.iter().any(|asked| asked == name) {
            continue;
        }
        let mut clock = Clock { repeats, wall: f64::INFINITY, cpu: f64::INFINITY };
        let answer = measure(&graph, &mut clock);
        let (wall, cpu, peak) = (clock.wall, clock.cpu, peak_mb());
        match json {
            true => println!(
                "{{\"measure\": \"{name}\", \"answer\": {answer}, \"wall\": {wall}, \"cpu\": {cpu}, \
                 \"n_nodes\": {}, \"n_edges\": {}}}",
                graph.n_nodes(),
                graph.n_edges()
            ),
            false => println!("| {name} | {answer} | {wall:.4} | {cpu:.4} | {peak:.0} |"),
        }
    }
}

/// An R-MAT graph without isolated nodes; ids carry no order that a cache could use.
fn made(scale: u32, n_edges: usize) -> Graph {
    let graph = rmat(&Rmat { scale, n_edges, seed: 1, ..Rmat::default() }).unwrap();
    let mut number = graph.degrees();
    let mut n = 0;
    for slot in &mut number {
        let used = *slot > 0;
        *slot = n;
        n += u32::from(used);
    }
    let renumbered = |ends: &[u32]| ends.iter().map(|&u| number[u as usize]).collect();
    let coo = graph.coo();
    let (sources, targets) = (renumbered(coo.sources()), renumbered(coo.targets()));
    Graph::from_coo(Coo::new(n as usize, sources, targets, None).unwrap(), true)
}

fn loaded(path: &Path) -> Graph {
    let bytes = std::fs::read(path).unwrap();
    let nodes: Vec<u32> =
        bytes.as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
    let (sources, targets) = nodes.split_at(nodes.len() / 2);
    let n = nodes.iter().max().map_or(0, |&last| last as usize + 1);
    Graph::from_coo(Coo::new(n, sources.to_vec(), targets.to_vec(), None).unwrap(), true)
}

/// Takes the time of what is measured: the least of all runs.
struct Clock {
    repeats: usize,
    wall: f64,
    cpu: f64,
}

impl Clock {
    fn time<T>(&mut self, run: impl Fn() -> T) -> T {
        let mut result = None;
        for _ in 0..self.repeats.max(1) {
            let (start, before) = (Instant::now(), cpu_secs());
            result = Some(run());
            self.wall = self.wall.min(start.elapsed().as_secs_f64());
            self.cpu = self.cpu.min(cpu_secs() - before);
        }
        result.unwrap()
    }
}
