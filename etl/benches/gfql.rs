//! Seconds and CPU seconds of GFQL queries over a graph in two Parquet files.
//!
//! ```text
//! cargo bench -p graphlume-etl --no-default-features --bench gfql -- EDGES NODES QUERIES [REPEATS]
//! ```
//!
//! `QUERIES` is a JSON object of queries by name. Edges have columns `src` and `dst`, nodes `id`.
//! Prints one JSON object a query: the least times of all runs, from the text of the query to the
//! tables of the answer, and the size of the answer. The graph is read before the clock starts.
//! `benches/gfql.py` makes the files and compares with the client of Graphistry.

#![expect(clippy::print_stdout, reason = "the numbers are the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::time::Instant;

use graph_core::ReadOptions;
use graph_etl::Control;
use graph_etl::gfql::{Absent, Gfql, Limits};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [edges, nodes, queries, ..] = &args[..] else {
        println!("give EDGES NODES QUERIES; benches/gfql.py makes them");
        return;
    };
    let repeats: usize = args.get(3).map_or(3, |text| text.parse().unwrap());
    let options = ReadOptions {
        source: Some("src".into()),
        target: Some("dst".into()),
        id: Some("id".into()),
        nodes: Some(nodes.into()),
        directed: Some(true),
        ..ReadOptions::default()
    };
    let start = Instant::now();
    let (graph, _) = graph_core::read(edges, &options).unwrap();
    println!("{{\"query\": \"read\", \"wall\": {}}}", start.elapsed().as_secs_f64());
    let queries: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(queries).unwrap()).unwrap();
    for (name, query) in queries.as_object().unwrap() {
        let text = query.to_string();
        let (mut wall, mut cpu) = (f64::INFINITY, f64::INFINITY);
        let mut size = (0, 0);
        for _ in 0..repeats {
            let (start, before) = (Instant::now(), cpu_secs());
            let query = Gfql::parse(&text, &Limits::default()).unwrap();
            let report = query.run(&graph, Absent::Refuse, &Control::NONE).unwrap();
            wall = wall.min(start.elapsed().as_secs_f64());
            cpu = cpu.min(cpu_secs() - before);
            size = (report.nodes.num_rows(), report.edges.num_rows());
        }
        println!(
            "{{\"query\": \"{name}\", \"wall\": {wall}, \"cpu\": {cpu}, \"nodes\": {}, \
             \"edges\": {}}}",
            size.0, size.1
        );
    }
}

/// Seconds that all threads of this process have run; 0 where Linux is not there to tell.
fn cpu_secs() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let run = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.flatten().filter_map(run).sum::<f64>() / 1e9
}
