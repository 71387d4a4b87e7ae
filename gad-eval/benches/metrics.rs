//! All ranking metrics of many scores, timed: `metrics [N] [DISTINCT]` prints a line of JSON.
//!
//! `benches/gad_metrics.py` runs it beside scikit-learn on the same numbers.

#![expect(clippy::print_stdout, reason = "the result of a bench is what it prints")]
#![expect(clippy::unwrap_used, reason = "a panic ends the bench, as it should")]

use std::fs;
use std::time::Instant;

use gad_eval::metrics::{Ranking, RankingConfig};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();

/// Seconds of the processor that this process has used, from the kernel's clock ticks of 10 ms.
fn cpu_secs() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let Some(folder) = args.next() else {
        println!("usage: metrics FOLDER, with y_true.bin (bytes) and y_score.bin (f64) in it");
        return;
    };
    let read = |name: &str| fs::read(format!("{folder}/{name}")).unwrap();
    let y_true: Vec<bool> = read("y_true.bin").into_iter().map(|label| label == 1).collect();
    let y_score: Vec<f64> = read("y_score.bin")
        .chunks_exact(8)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    let config = RankingConfig { k: vec![10, 100, 1000], ..RankingConfig::default() };
    // The best of five, as the other side.
    let (mut wall, mut cpu) = (f64::INFINITY, f64::INFINITY);
    let mut report = None;
    for _ in 0..5 {
        let (start, before) = (Instant::now(), cpu_secs());
        report = Some(Ranking::new(&y_true, &y_score).unwrap().report(&config).unwrap());
        wall = wall.min(start.elapsed().as_secs_f64());
        cpu = cpu.min(cpu_secs() - before);
    }
    let report = report.unwrap();
    println!(
        "{{\"wall\": {wall}, \"cpu\": {cpu}, \"roc_auc\": {}, \"average_precision\": {}}}",
        report.roc_auc, report.average_precision
    );
}
