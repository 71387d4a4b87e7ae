//! Verbs of more rows than a memory budget holds.

use std::path::Path;

use graph_etl::Control;
use graph_etl::expr::Expr;
use graph_etl::table::{JoinOptions, ScanOptions, SortKey, Spill, Table, WriteOptions};

use crate::meter::{Clock, memory_mb, peak_mb, reset_peak};
use crate::rows;

/// Rows of one of the files.
const FILE_ROWS: u64 = 1 << 22;

/// Sorts, joins and groups `n_rows` of a key and two numbers, in files, within `megabytes`.
pub(crate) fn run(n_rows: u64, megabytes: u64, folder: &Path, asked: &dyn Fn(&str) -> bool) {
    let files = folder.join(format!("graphlume-bench-{n_rows}"));
    write(&files, n_rows);
    let table = Table::scan(files.to_str().unwrap(), &ScanOptions::default()).unwrap();
    let spill = Spill { memory: megabytes << 20, folder: Some(folder.to_owned()) };
    println!("{n_rows} rows of 24 bytes, {megabytes} MiB\n");
    println!("| verb | rows out | s | CPU s | peak MB | of it before |");
    println!("|---|--:|--:|--:|--:|--:|");
    let measure = |name: &str, verb: &dyn Fn() -> Table| {
        if !asked(name) {
            return;
        }
        reset_peak();
        let (before, mut clock) = (memory_mb(), Clock::default());
        let rows = clock.time(|| {
            let mut rows = 0;
            let take = |batch: arrow::array::RecordBatch| {
                rows += batch.num_rows();
                Ok(())
            };
            verb().for_each_batch(&Control::NONE, take).unwrap();
            rows
        });
        let peak = peak_mb();
        println!(
            "| {name} | {rows} | {:.1} | {:.1} | {peak:.0} | {before:.0} |",
            clock.wall, clock.cpu
        );
    };
    let keys = [SortKey::ascending("k"), SortKey::descending("x")];
    let totals: [(&str, Expr); 2] = [("n", expr("count(*)")), ("s", expr("sum(v)"))];
    let on = JoinOptions { limit: None, ..JoinOptions::on(&["k"]) };
    let other = || table.filter(&expr("v = 7")).unwrap().select(&["k", "x"]).unwrap();
    measure("sort", &|| table.sort_spilling(&keys, &spill, &Control::NONE).unwrap());
    measure("join", &|| table.join_spilling(&other(), &on, &spill, &Control::NONE).unwrap());
    measure("group_by", &|| {
        table.group_by_spilling(&["k"], &totals, &spill, &Control::NONE).unwrap()
    });
    measure("sort in memory", &|| table.sort(&keys).unwrap());
    measure("join in memory", &|| table.join(&other(), &on, &Control::NONE).unwrap());
    measure("group_by in memory", &|| table.group_by(&["k"], &totals).unwrap());
}

fn write(files: &Path, n_rows: u64) {
    std::fs::create_dir_all(files).unwrap();
    for begin in (0..n_rows).step_by(FILE_ROWS as usize) {
        let path = files.join(format!("{:04}.parquet", begin / FILE_ROWS));
        if !path.exists() {
            let end = (begin + FILE_ROWS).min(n_rows);
            let part = Table::from_batch(rows::numbers(begin..end, rows::n_keys(n_rows))).unwrap();
            part.write(path.to_str().unwrap(), &WriteOptions::default(), &Control::NONE).unwrap();
        }
    }
}

fn expr(text: &str) -> Expr {
    text.parse().unwrap()
}
