//! Verbs of tables beside polars alone, in one run; and verbs of more rows than a memory budget holds.
//!
//! ```text
//! cargo bench -p graphlume-etl --bench tables -- [OPTIONS] [VERB]…
//!   --rows N      rows of the table, 5 million
//!   --repeats N   runs of each verb by each side, in turn, 5
//!   --spill MB    instead: sort, join and group N rows of a Parquet file within so much memory
//!   --folder DIR  where that file, and what is spilled, goes; the system's temporary folder
//! ```

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use graph_etl::Control;
use graph_etl::expr::Expr;
use graph_etl::table::{Bins, JoinOptions, Keep, ScanOptions, SortKey, Spill, Table, WriteOptions};
use polars::prelude::{
    DataFrame, Engine, IntoColumn, IntoLazy, JoinArgs, JoinType, LazyFrame, NamedFrom, Series,
    SortMultipleOptions, UniqueKeepStrategy, by_name, col, lit, when,
};

/// Our verb and the same in polars, each over the table and a smaller one to join with.
type Verb = (&'static str, fn(&Table, &Table) -> Table, fn(LazyFrame, LazyFrame) -> LazyFrame);

const VERBS: &[Verb] = &[
    (
        "filter",
        |t, _| t.filter(&expr("x > 0.5 AND k % 2 = 0")).unwrap(),
        |t, _| t.filter(col("x").gt(lit(0.5)).and((col("k") % lit(2i64)).eq(lit(0i64)))),
    ),
    (
        "filter text",
        |t, _| t.filter(&expr("lower(s) LIKE '%7%'")).unwrap(),
        |t, _| t.filter(col("s").str().to_lowercase().str().contains_literal(lit("7"))),
    ),
    (
        "with_column",
        |t, _| t.with_column("y", &expr("k * 3 + k")).unwrap(),
        |t, _| t.with_column((col("k") * lit(3i64) + col("k")).alias("y")),
    ),
    (
        "case",
        |t, _| t.with_column("y", &expr("CASE WHEN x > 0.5 THEN x / k ELSE 0.0 END")).unwrap(),
        |t, _| {
            let of = col("x")
                / when(col("k").neq(lit(0i64)))
                    .then(col("k"))
                    .otherwise(lit(polars::prelude::NULL));
            t.with_column(when(col("x").gt(lit(0.5))).then(of).otherwise(lit(0.0)).alias("y"))
        },
    ),
    (
        "sort",
        |t, _| t.sort(&[SortKey::ascending("k"), SortKey::descending("x")]).unwrap(),
        |t, _| {
            let options = SortMultipleOptions::default()
                .with_order_descending_multi([false, true])
                .with_nulls_last(true)
                .with_maintain_order(true);
            t.sort(["k", "x"], options)
        },
    ),
    (
        "top_k",
        |t, _| t.top_k(100, &[SortKey::descending("x")]).unwrap(),
        |t, _| {
            let options =
                SortMultipleOptions::default().with_order_descending(true).with_nulls_last(true);
            t.sort(["x"], options.with_maintain_order(true)).limit(100)
        },
    ),
    (
        "unique",
        |t, _| t.unique(&["k"], Keep::Any).unwrap(),
        |t, _| t.unique(Some(by_name(["k"], true, false)), UniqueKeepStrategy::Any),
    ),
    (
        "group_by",
        |t, _| {
            let totals =
                [("n", "count(*)"), ("s", "sum(v)"), ("m", "mean(x)"), ("least", "min(x)")];
            t.group_by(&["k"], &totals.map(|(name, text)| (name, expr(text)))).unwrap()
        },
        |t, _| {
            t.group_by_stable([col("k")]).agg([
                polars::prelude::len().alias("n"),
                col("v").sum().alias("s"),
                col("x").mean().alias("m"),
                col("x").min().alias("least"),
            ])
        },
    ),
    (
        "join",
        |t, other| {
            let on = JoinOptions { limit: None, ..JoinOptions::on(&["k"]) };
            t.join(other, &on, &Control::NONE).unwrap()
        },
        |t, other| {
            let mut how = JoinArgs::new(JoinType::Inner);
            how.maintain_order = polars::prelude::MaintainOrderJoin::LeftRight;
            t.join(other, [col("k")], [col("k")], how)
        },
    ),
    (
        "histogram",
        |t, _| t.bin("x", &Bins::Linear(32), "b", &Control::NONE).unwrap().table,
        |t, _| {
            let width = col("x").max() - col("x").min();
            let scaled = (col("x") - col("x").min()) / width * lit(32.0);
            t.with_column(scaled.cast(polars::prelude::DataType::UInt32).alias("b"))
        },
    ),
    (
        "sql",
        |t, _| {
            graph_etl::table::sql("SELECT k, SUM(x) AS s FROM t GROUP BY k", &[("t", t.clone())])
                .unwrap()
        },
        |t, _| {
            let mut context = polars::sql::SQLContext::new();
            context.register("t", t);
            context.execute("SELECT k, SUM(x) AS s FROM t GROUP BY k").unwrap()
        },
    ),
];

fn expr(text: &str) -> Expr {
    text.parse().unwrap()
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut n_rows, mut repeats, mut spill) = (5_000_000, 5, None);
    let mut folder = std::env::temp_dir();
    let mut names = Vec::new();
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("an option should have a value");
        match arg.as_str() {
            "--rows" => n_rows = value().parse().unwrap(),
            "--repeats" => repeats = value().parse().unwrap(),
            "--spill" => spill = Some(value().parse::<u64>().unwrap()),
            "--folder" => folder = PathBuf::from(value()),
            // Cargo says so to every bench.
            "--bench" => {}
            name => names.push(name.to_owned()),
        }
    }
    let asked = |name: &str| names.is_empty() || names.iter().any(|asked| asked == name);
    if let Some(megabytes) = spill {
        return spilled(n_rows, megabytes, &folder, &asked);
    }
    let (keys, values, fractions, texts) = columns(0..n_rows as u64);
    let small: Vec<i64> = (0..(n_rows as i64 / 20)).step_by(2).collect();
    let ours = Table::from_batch(batch(&keys, &values, &fractions, &texts)).unwrap();
    let ours_small = Table::from_batch(
        RecordBatch::try_from_iter([("k", Arc::new(Int64Array::from(small.clone())) as ArrayRef)])
            .unwrap(),
    )
    .unwrap();
    let theirs = DataFrame::new(
        n_rows,
        vec![
            Series::new("k".into(), &keys).into_column(),
            Series::new("v".into(), &values).into_column(),
            Series::new("x".into(), &fractions).into_column(),
            Series::new("s".into(), &texts).into_column(),
        ],
    )
    .unwrap();
    let theirs_small =
        DataFrame::new(small.len(), vec![Series::new("k".into(), &small).into_column()]).unwrap();
    println!("{n_rows} rows; the least of {repeats} runs\n");
    println!(
        "| verb | rows out | ours s | CPU s | polars streaming s | CPU s | in memory s | CPU s | ours / best CPU |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (name, our, their) in VERBS {
        if !asked(name) {
            continue;
        }
        let mut clocks = [Clock::default(), Clock::default(), Clock::default()];
        let mut heights = [0; 3];
        for _ in 0..repeats {
            heights[0] = clocks[0].time(|| {
                let batches = our(&ours, &ours_small).collect_batches(&Control::NONE).unwrap();
                batches.iter().map(RecordBatch::num_rows).sum()
            });
            for (index, engine) in [(1, Engine::Streaming), (2, Engine::InMemory)] {
                heights[index] = clocks[index].time(|| {
                    let plan = their(theirs.clone().lazy(), theirs_small.clone().lazy());
                    plan.collect_with_engine(engine).unwrap().unwrap_single().height()
                });
            }
        }
        assert!(heights[0] == heights[1] && heights[1] == heights[2], "{name}: {heights:?}");
        let best = clocks[1].cpu.min(clocks[2].cpu);
        print!("| {name} | {} |", heights[0]);
        for clock in &clocks {
            print!(" {:.3} | {:.3} |", clock.wall, clock.cpu);
        }
        println!(" {:.2} |", clocks[0].cpu / best);
    }
}

/// Keys of which about 20 rows each have one, numbers, fractions and text, of rows `rows`.
fn columns(rows: std::ops::Range<u64>) -> (Vec<i64>, Vec<i64>, Vec<f64>, Vec<String>) {
    let mixed = |row: u64, salt: u64| {
        let bits = (row ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (bits ^ (bits >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 11
    };
    let n_keys = (rows.end / 20).max(1);
    (
        rows.clone().map(|row| (mixed(row, 1) % n_keys) as i64).collect(),
        rows.clone().map(|row| (mixed(row, 2) % 1_000) as i64).collect(),
        rows.clone().map(|row| mixed(row, 3) as f64 / (1u64 << 53) as f64).collect(),
        rows.map(|row| format!("User {}", mixed(row, 4) % 10_000)).collect(),
    )
}

fn batch(keys: &[i64], values: &[i64], fractions: &[f64], texts: &[String]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 4] = [
        ("k", Arc::new(Int64Array::from(keys.to_vec()))),
        ("v", Arc::new(Int64Array::from(values.to_vec()))),
        ("x", Arc::new(Float64Array::from(fractions.to_vec()))),
        ("s", Arc::new(StringArray::from_iter_values(texts))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Sorts, joins and groups the rows of a file, of a key and two numbers, within `megabytes`.
fn spilled(n_rows: usize, megabytes: u64, folder: &std::path::Path, asked: &dyn Fn(&str) -> bool) {
    let path = folder.join(format!("graphlume-bench-{n_rows}.parquet"));
    let path = path.to_str().unwrap();
    if !std::path::Path::new(path).exists() {
        let parts: Vec<Table> = (0..n_rows as u64)
            .step_by(1 << 20)
            .map(|begin| {
                let (keys, values, fractions, texts) =
                    columns(begin..(begin + (1 << 20)).min(n_rows as u64));
                let part = batch(&keys, &values, &fractions, &texts).project(&[0, 1, 2]).unwrap();
                Table::from_batch(part).unwrap()
            })
            .collect();
        let all: Vec<&Table> = parts.iter().collect();
        let whole = Table::concat(&all, false).unwrap();
        // Keys of parts are of different ranges; these are of one.
        let keys = expr(&format!("(k * 7919 + v) % {}", (n_rows / 20).max(1)));
        let whole = whole.with_column("k", &keys).unwrap();
        whole.write(path, &WriteOptions::default(), &Control::NONE).unwrap();
        println!("wrote {path}; run again, so that its memory is not counted");
        return;
    }
    let table = Table::scan(path, &ScanOptions::default()).unwrap();
    let spill = Spill { memory: megabytes << 20, folder: Some(folder.to_owned()) };
    println!(
        "{n_rows} rows, {megabytes} MB\n\n| verb | rows out | s | CPU s | peak MB |\n|---|--:|--:|--:|--:|"
    );
    let measure = |name: &str, verb: &dyn Fn() -> Table| {
        if !asked(name) {
            return;
        }
        reset_peak();
        let mut clock = Clock::default();
        let rows = clock.time(|| {
            let mut rows = 0;
            let take = |batch: RecordBatch| {
                rows += batch.num_rows();
                Ok(())
            };
            verb().for_each_batch(&Control::NONE, take).unwrap();
            rows
        });
        println!("| {name} | {rows} | {:.1} | {:.1} | {:.0} |", clock.wall, clock.cpu, peak_mb());
    };
    let keys = [SortKey::ascending("k"), SortKey::descending("x")];
    let totals = [("n", expr("count(*)")), ("s", expr("sum(v)"))];
    measure("sort", &|| table.sort_spilling(&keys, &spill, &Control::NONE).unwrap());
    measure("join", &|| {
        let other = table.filter(&expr("v = 7")).unwrap().select(&["k", "x"]).unwrap();
        let on = JoinOptions { limit: None, ..JoinOptions::on(&["k"]) };
        table.join_spilling(&other, &on, &spill, &Control::NONE).unwrap()
    });
    measure("group_by", &|| {
        table.group_by_spilling(&["k"], &totals, &spill, &Control::NONE).unwrap()
    });
    measure("polars sort", &|| table.sort(&keys).unwrap());
    measure("polars group_by", &|| table.group_by(&["k"], &totals).unwrap());
}

struct Clock {
    wall: f64,
    cpu: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { wall: f64::INFINITY, cpu: f64::INFINITY }
    }
}

impl Clock {
    fn time<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let (start, before) = (Instant::now(), cpu_secs());
        let result = run();
        self.wall = self.wall.min(start.elapsed().as_secs_f64());
        self.cpu = self.cpu.min(cpu_secs() - before);
        result
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

fn reset_peak() {
    // Where it cannot be reset, peaks are those of all verbs so far.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Most memory that this process had at once; 0 where Linux is not there to tell.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1000.0
}
