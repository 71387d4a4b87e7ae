//! AUROC, CPU time and memory of the detectors on data that others have measured.
//!
//! ```text
//! cargo bench -p graphlume-gad --bench detectors -- FOLDER [PART]… [--repeats N]
//!   FOLDER  with darpa_midas/edges.parquet, <set>/{nodes,edges}.parquet and taddy_protocol/
//!   PART    streams, nodes, links (default: all)
//! ```
//!
//! A stream is read into Arrow batches of 65,536 edges before the clock starts; what is timed is from
//! there to the scores, in one thread. The least of all runs counts.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use gad_eval::detectors::nodes::Features;
use gad_eval::detectors::stream::{
    AnoEdgeG, AnoEdgeL, AnoGraph, AnoGraphK, Hash, Midas, MidasF, MidasR, StreamBatch,
    StreamDetector, StreamScores,
};
use gad_eval::detectors::{Dataset, configure};
use gad_eval::metrics::{average_precision_score, roc_auc_score};
use gad_eval::results::Level;
use graph_core::{Control, read_table};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut folder, mut parts, mut repeats) = (None, Vec::new(), 3);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--repeats" => repeats = args.next().unwrap().parse().unwrap(),
            _ if folder.is_none() => folder = Some(arg),
            _ => parts.push(arg),
        }
    }
    let Some(folder) = folder else {
        println!("detectors: no folder of data given, nothing to measure");
        return;
    };
    let folder = Path::new(&folder);
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    if wants("streams") {
        streams(&folder.join("darpa_midas/edges.parquet"), repeats);
    }
    if wants("nodes") {
        nodes(folder);
    }
    if wants("links") {
        links(folder);
    }
}

/// A detector by name, what its authors' program reaches on DARPA, and in how many CPU seconds.
type Case = (&'static str, fn(Hash) -> Box<dyn StreamDetector>, f64, f64);

const STREAMS: &[Case] = &[
    (
        "MIDAS",
        |hash| {
            Box::new(Midas { hash, seed: 2, start: Some(1), ..Midas::default() }.start().unwrap())
        },
        0.894,
        0.075,
    ),
    (
        "MIDAS-R",
        |hash| {
            Box::new(MidasR { hash, seed: 2, start: Some(1), ..MidasR::default() }.start().unwrap())
        },
        0.950,
        0.330,
    ),
    (
        "MIDAS-F",
        |hash| {
            Box::new(MidasF { hash, seed: 2, start: Some(1), ..MidasF::default() }.start().unwrap())
        },
        0.985,
        0.725,
    ),
    (
        "AnoEdge-L",
        |hash| Box::new(AnoEdgeL { hash, ..AnoEdgeL::default() }.start().unwrap()),
        0.963,
        0.57,
    ),
    (
        "AnoEdge-G",
        |hash| Box::new(AnoEdgeG { hash, ..AnoEdgeG::default() }.start().unwrap()),
        0.971,
        36.0,
    ),
    (
        "AnoGraph",
        |hash| Box::new(AnoGraph { hash, ..AnoGraph::default() }.start().unwrap()),
        0.837,
        0.35,
    ),
    (
        "AnoGraph-K",
        |hash| Box::new(AnoGraphK { hash, ..AnoGraphK::default() }.start().unwrap()),
        0.8405,
        0.35,
    ),
];

fn streams(path: &Path, repeats: usize) {
    let batches = read(path);
    let labels: Vec<bool> = column(&batches, "label").iter().map(|&label| label == 1).collect();
    let times = column(&batches, "ts");
    let mut windows: Vec<(i64, u64)> = Vec::new();
    for (time, &label) in times.iter().zip(&labels) {
        let window = time.div_euclid(30) * 30;
        match windows.last_mut().filter(|last| last.0 == window) {
            Some(last) => last.1 += u64::from(label),
            None => windows.push((window, label.into())),
        }
    }
    let graph_labels: Vec<bool> = windows.iter().map(|&(_, anomalous)| anomalous >= 50).collect();
    println!(
        "| detector | hash | AUROC | its AUROC | AP | distinct | CPU s | its CPU s | M edges/s | kB |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for &(name, start, expected, seconds) in STREAMS {
        for hash in [Hash::Reference, Hash::Mixed] {
            let mut best = f64::INFINITY;
            let mut found = StreamScores::default();
            let mut n_bytes = 0;
            let mut level = Level::Edge;
            for _ in 0..repeats.max(1) {
                let mut detector = start(hash);
                let mut scores = StreamScores::default();
                let before = cpu_secs();
                for batch in &batches {
                    let batch = StreamBatch::new(batch, "src", "dst", "ts").unwrap();
                    detector.push(&batch.edges(), &mut scores).unwrap();
                }
                detector.finish(&mut scores);
                best = best.min(cpu_secs() - before);
                (found, n_bytes, level) = (scores, detector.n_bytes(), detector.level());
            }
            let y_true = match level {
                Level::Edge => &labels,
                _ => &graph_labels,
            };
            let auroc = roc_auc_score(y_true, &found.scores).unwrap();
            let ap = average_precision_score(y_true, &found.scores).unwrap();
            let mut distinct = found.scores.clone();
            distinct.sort_unstable_by(f64::total_cmp);
            distinct.dedup();
            println!(
                "| {name} | {hash:?} | {auroc:.4} | {expected:.3} | {ap:.4} | {} | {best:.3} | {seconds:.3} | {:.1} | {} |",
                distinct.len(),
                labels.len() as f64 / best / 1e6,
                n_bytes / 1000,
            );
        }
    }
    println!();
}

const SETS: [&str; 4] = ["disney", "books", "enron", "inj_cora"];

/// A static detector by a name, what it is configured by, and its AUROC on each of [`SETS`] by peers
/// in scikit-learn and numpy.
type NodeCase = (&'static str, &'static str, &'static [(&'static str, &'static str)], [f64; 4]);

const NODES: &[NodeCase] = &[
    ("degree", "degree", &[], [0.259, 0.437, 0.546, 0.731]),
    ("centred feature norm", "feature-norm", &[], [0.516, 0.305, 0.441, 0.711]),
    ("neighbour residual", "neighbor-residual", &[], [0.569, 0.368, 0.313, 0.634]),
    ("neighbour cosine", "neighbor-cosine", &[], [0.578, 0.446, 0.327, 0.760]),
    ("OddBall", "oddball", &[], [0.336, 0.525, 0.543, 0.736]),
    ("LOF", "lof", &[("view", "own")], [0.524, 0.354, 0.312, 0.699]),
    ("LOF + 2-hop mean", "lof", &[], [0.445, 0.440, 0.482, 0.584]),
    ("IF", "isolation-forest", &[("view", "own")], [0.408, 0.544, 0.316, 0.371]),
    ("IF + 2-hop mean", "isolation-forest", &[], [0.638, 0.582, 0.561, 0.516]),
    ("SCAN, graded", "scan", &[], [f64::NAN; 4]),
];

fn nodes(folder: &Path) {
    let sets: Vec<(Dataset, Vec<bool>)> =
        SETS.iter().map(|set| static_set(&folder.join(set))).collect();
    println!("| detector | {} | its | CPU s |", SETS.join(" | its | "));
    println!("|---|{}--:|", "--:|--:|".repeat(SETS.len()));
    for &(label, name, parameters, expected) in NODES {
        let seeds = if name == "isolation-forest" { 5 } else { 1 };
        let before = cpu_secs();
        let mut row = String::new();
        for ((data, labels), expected) in sets.iter().zip(expected) {
            let found: Vec<f64> = (0..seeds)
                .map(|seed| {
                    let seed = seed.to_string();
                    let seed = (seeds > 1).then_some(("seed", seed.as_str()));
                    let detector = configure(name, parameters.iter().copied().chain(seed)).unwrap();
                    let scores = detector.run(data, &Control::NONE).unwrap().scores;
                    roc_auc_score(labels, scores.values()).unwrap()
                })
                .collect();
            let mean = found.iter().sum::<f64>() / found.len() as f64;
            let spread = found.iter().map(|found| (found - mean).powi(2)).sum::<f64>();
            let spread = (spread / (found.len() - 1).max(1) as f64).sqrt();
            let text = match seeds {
                1 => format!("{mean:.3}"),
                _ => format!("{mean:.3} ± {spread:.3}"),
            };
            let its =
                if expected.is_nan() { String::from("–") } else { format!("{expected:.3}") };
            write!(row, " {text} | {its} |").unwrap();
        }
        println!("| {label} |{row} {:.2} |", (cpu_secs() - before) / f64::from(seeds));
    }
    println!();
}

/// Nodes with features and labels, and edges.
fn static_set(folder: &Path) -> (Dataset, Vec<bool>) {
    let nodes = read(&folder.join("nodes.parquet"));
    let edges = read(&folder.join("edges.parquet"));
    let (mut values, mut n_columns) = (Vec::new(), 0);
    for batch in &nodes {
        let lists = batch.column_by_name("features").unwrap().as_fixed_size_list();
        n_columns = lists.value_length() as usize;
        let wide = cast(lists.values(), &DataType::Float64).unwrap();
        values.extend_from_slice(wide.as_primitive::<Float64Type>().values());
    }
    let labels: Vec<bool> = column(&nodes, "label").iter().map(|&label| label == 1).collect();
    let ids = |name: &str| column(&edges, name).iter().map(|&id| id as u64).collect();
    let data = Dataset {
        n_nodes: labels.len(),
        sources: ids("src"),
        targets: ids("dst"),
        features: Some(Features::new(n_columns, values).unwrap()),
        ..Dataset::default()
    };
    (data, labels)
}

/// A detector of links by a name and what it is configured by.
type LinkCase = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Edges injected at random into later snapshots: AUROC over all edges of these.
fn links(folder: &Path) {
    let cases: [LinkCase; 4] = [
        ("common neighbours", "link-surprise", &[("proximity", "common-neighbors")]),
        ("Adamic–Adar", "link-surprise", &[]),
        ("personalised PageRank", "link-surprise", &[("proximity", "personalized-page-rank")]),
        ("SedanSpot", "sedanspot", &[]),
    ];
    println!("| detector | edges | test edges | AUROC | CPU s |");
    println!("|---|---|--:|--:|--:|");
    for set in ["uci_random_0.1", "uci_spectral42_0.1", "btc_alpha_random_0.1"] {
        let batches = read(&folder.join(format!("taddy_protocol/{set}.parquet")));
        let ids = |name: &str| -> Vec<u64> {
            column(&batches, name).iter().map(|&id| id as u64).collect()
        };
        let (sources, targets) = (ids("src"), ids("dst"));
        let n_nodes = sources.iter().chain(&targets).max().map_or(0, |&id| id as usize + 1);
        let times = Some(column(&batches, "snapshot").into());
        let (sources, targets) = (sources.into(), targets.into());
        let data = Dataset { n_nodes, sources, targets, times, ..Dataset::default() };
        let is_test: Vec<bool> = batches
            .iter()
            .flat_map(|batch| {
                let column = batch.column_by_name("is_test").unwrap().as_boolean().clone();
                column.values().iter().collect::<Vec<_>>()
            })
            .collect();
        let labels = column(&batches, "label");
        for (label, name, parameters) in cases {
            let before = cpu_secs();
            let detector = configure(name, parameters.iter().copied()).unwrap();
            let scores = detector.run(&data, &Control::NONE).unwrap().scores;
            let seconds = cpu_secs() - before;
            let tested = (0..scores.len()).filter(|&edge| is_test[edge]);
            let (y_true, y_score): (Vec<bool>, Vec<f64>) =
                tested.map(|edge| (labels[edge] == 1, scores.value(edge))).unzip();
            let auroc = roc_auc_score(&y_true, &y_score).unwrap();
            println!("| {label} | {set} | {} | {auroc:.4} | {seconds:.2} |", y_true.len());
        }
    }
    println!();
}

/// A file as batches.
fn read(path: &Path) -> Vec<RecordBatch> {
    let whole = read_table(path).unwrap();
    let size = 1 << 16;
    let starts = (0..whole.num_rows()).step_by(size);
    starts.map(|start| whole.slice(start, size.min(whole.num_rows() - start))).collect()
}

/// A column of integers.
fn column(batches: &[RecordBatch], name: &str) -> Vec<i64> {
    let mut values = Vec::new();
    for batch in batches {
        let wide = cast(batch.column_by_name(name).unwrap(), &DataType::Int64).unwrap();
        values.extend_from_slice(wide.as_primitive::<Int64Type>().values());
    }
    values
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
