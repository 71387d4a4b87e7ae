//! Seconds, CPU seconds and memory of a hypergraph of one file of events.
//!
//! ```text
//! cargo bench -p graphlume-etl --no-default-features --bench hypergraph -- EVENTS.arrow [OPTIONS]
//!   --direct             joins entities with one another
//!   --drop-edge-attrs    edges without the columns of their events
//!   --graph              the graph instead of the tables
//!   --skip COLUMN        that is no entity column; may be given more than once
//!   --threads N          as many as there are cores
//! ```
//!
//! The file is read before the clock starts. Prints one JSON object. `benches/hypergraph.py`
//! compares with `PyGraphistry`.

#![expect(clippy::print_stdout, reason = "the result is for a program")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::fs::{self, File};
use std::io::BufReader;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::ipc::reader::FileReader;
use graph_etl::Control;
use graph_etl::hypergraph::HypergraphConfig;

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();

fn main() {
    let mut file = None;
    let mut config = HypergraphConfig::default();
    let mut as_graph = false;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--direct" => config.direct = true,
            "--drop-edge-attrs" => config.drop_edge_attrs = true,
            "--skip" => config.opts.skip.extend(args.next()),
            "--graph" => as_graph = true,
            "--threads" => {
                let threads = args.next().unwrap().parse().unwrap();
                rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().unwrap();
            }
            // Cargo says so to every bench.
            "--bench" => {}
            _ => file = Some(arg),
        }
    }
    // Without a file there is nothing to measure, as when all benches are run.
    let Some(file) = file else { return };
    let reader = FileReader::try_new(BufReader::new(File::open(file).unwrap()), None).unwrap();
    let schema = reader.schema();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let events = concat_batches(&schema, &batches).unwrap();
    drop(batches);

    reset_peak();
    let (before, cpu, start) = (peak_bytes(), cpu_secs(), Instant::now());
    let hypergraph = config.run(&events, &Control::NONE).unwrap();
    let numbers_secs = start.elapsed().as_secs_f64();
    let counts = if as_graph {
        let graph = hypergraph.graph().unwrap();
        [graph.n_nodes(), graph.n_edges()]
    } else {
        let [_entities, _events] = [hypergraph.entities().unwrap(), hypergraph.events().unwrap()];
        let tables = [hypergraph.node_batches().unwrap(), hypergraph.edge_batches().unwrap()];
        tables.map(|batches| batches.iter().map(RecordBatch::num_rows).sum())
    };
    println!(
        "{}",
        serde_json::json!({
            "wall": start.elapsed().as_secs_f64(),
            "numbers": numbers_secs,
            "cpu": cpu_secs() - cpu,
            "peak": peak_bytes() - before,
            "nodes": counts[0],
            "edges": counts[1],
        })
    );
}

/// Seconds that all threads of this process have worked.
fn cpu_secs() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |i: usize| fields[i].parse::<f64>().unwrap();
    // Linux counts in hundredths, whatever the machine.
    (ticks(11) + ticks(12)) / 100.0
}

/// Most memory that was resident since [`reset_peak`].
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

fn reset_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}
