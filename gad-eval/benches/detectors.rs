//! AUROC, CPU time and memory of the detectors on data that others have measured.
//!
//! ```text
//! cargo bench -p graphlume-gad --bench detectors -- FOLDER [PART]… [--repeats N]
//!   FOLDER  with darpa_midas/edges.parquet and <set>/{nodes,edges}.parquet
//!   PART    streams (default: all)
//! ```
//!
//! A stream is read into Arrow batches of 65,536 edges before the clock starts; what is timed is from
//! there to the scores, in one thread. The least of all runs counts.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use gad_eval::detectors::stream::{
    AnoEdgeG, AnoEdgeL, AnoGraph, AnoGraphK, Hash, Midas, MidasF, MidasR, StreamBatch,
    StreamDetector, StreamScores,
};
use gad_eval::metrics::{average_precision_score, roc_auc_score};
use gad_eval::results::Level;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

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
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    if wants("streams") {
        streams(&Path::new(&folder).join("darpa_midas/edges.parquet"), repeats);
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
}

/// A file as batches.
fn read(path: &Path) -> Vec<RecordBatch> {
    let start = Instant::now();
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches =
        reader.with_batch_size(1 << 16).build().unwrap().collect::<Result<_, _>>().unwrap();
    println!("{} read in {:.1} s\n", path.display(), start.elapsed().as_secs_f64());
    batches
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
