//! Verbs of tables beside polars alone, in one run; and verbs of more rows than a memory budget holds.
//!
//! ```text
//! cargo bench -p graphlume-etl --bench tables -- [OPTIONS] [VERB]…
//!   --rows N      rows of the table, 1 million
//!   --repeats N   runs of each verb by each side, in turn, 5
//!   --peaks       instead of times: memory that a verb takes, each alone in a process
//!   --spill MiB   instead: sort, join and group N rows of Parquet files within so much memory
//!   --folder DIR  where those files, and what is spilled, go; the system's temporary folder
//! ```

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod meter;
mod rows;
mod spill;
mod verbs;

use std::path::PathBuf;

use graph_etl::Control;
use graph_etl::table::Table;
use polars::prelude::{DataFrame, Engine, IntoLazy};

use self::meter::{Clock, memory_mb, peak_mb, reset_peak};
use self::verbs::{Theirs, VERBS, Verb};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();

/// Who computes a verb.
#[derive(Clone, Copy)]
enum Side {
    Ours,
    Streaming,
    InMemory,
}

const SIDES: [(&str, Side); 3] =
    [("ours", Side::Ours), ("streaming", Side::Streaming), ("memory", Side::InMemory)];

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut n_rows, mut repeats, mut spill) = (1_000_000, 5, None);
    let (mut peaks, mut peak_of) = (false, None);
    let mut folder = std::env::temp_dir();
    let mut names = Vec::new();
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("an option should have a value");
        match arg.as_str() {
            "--rows" => n_rows = value().parse().unwrap(),
            "--repeats" => repeats = value().parse().unwrap(),
            "--peaks" => peaks = true,
            // What `--peaks` starts.
            "--peak-of" => peak_of = Some(value()),
            "--spill" => spill = Some(value().parse::<u64>().unwrap()),
            "--folder" => folder = PathBuf::from(value()),
            // Cargo says so to every bench.
            "--bench" => {}
            name => names.push(name.to_owned()),
        }
    }
    let asked = |name: &str| names.is_empty() || names.iter().any(|asked| asked == name);
    if let Some(megabytes) = spill {
        return spill::run(n_rows, megabytes, &folder, &asked);
    }
    let verbs = VERBS.iter().filter(|verb| asked(verb.name));
    if peaks {
        return print_peaks(n_rows, verbs);
    }
    let tables = Tables::new(n_rows);
    if let Some(side) = peak_of {
        let (_, side) = SIDES.iter().find(|(name, _)| *name == side).unwrap();
        for verb in verbs {
            reset_peak();
            let before = memory_mb();
            tables.run(verb, *side);
            println!("{}", peak_mb() - before);
        }
        return;
    }
    println!("{n_rows} rows; the least of {repeats} runs, in milliseconds\n");
    println!(
        "| verb | rows out | ours | CPU | polars streaming | CPU | polars in memory | CPU | ours / best | CPU |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for verb in verbs {
        let mut clocks = [Clock::default(), Clock::default(), Clock::default()];
        let mut heights = [0; 3];
        for repeat in 0..repeats {
            // In turn also within a round: what one side frees is what the next one gets.
            for turn in 0..SIDES.len() {
                let index = (repeat + turn) % SIDES.len();
                heights[index] = clocks[index].time(|| tables.run(verb, SIDES[index].1));
            }
        }
        let [ours, streaming, in_memory] = &clocks;
        assert!(heights.iter().all(|height| *height == heights[0]), "{}: {heights:?}", verb.name);
        print!("| {} | {} |", verb.name, heights[0]);
        for clock in &clocks {
            print!(" {:.1} | {:.1} |", 1e3 * clock.wall, 1e3 * clock.cpu);
        }
        let wall = ours.wall / streaming.wall.min(in_memory.wall);
        let cpu = ours.cpu / streaming.cpu.min(in_memory.cpu);
        println!(" {wall:.2} | {cpu:.2} |");
    }
}

/// The same rows as either side has them.
struct Tables {
    ours: Table,
    ours_small: Table,
    theirs: DataFrame,
    theirs_small: DataFrame,
}

impl Tables {
    fn new(n_rows: u64) -> Self {
        let (whole, small) = (rows::all(n_rows), rows::keys(n_rows));
        Self {
            theirs: rows::frame(&whole),
            theirs_small: rows::frame(&small),
            ours: Table::from_batch(whole).unwrap(),
            ours_small: Table::from_batch(small).unwrap(),
        }
    }

    /// The number of rows that came out.
    fn run(&self, verb: &Verb, side: Side) -> usize {
        let engine = match side {
            Side::Ours => {
                let table = (verb.ours)(&self.ours, &self.ours_small);
                let batches = table.collect_batches(&Control::NONE).unwrap();
                return batches.iter().map(|batch| batch.num_rows()).sum();
            }
            Side::Streaming => Engine::Streaming,
            Side::InMemory => Engine::InMemory,
        };
        match verb.theirs {
            Theirs::Eager(run) => run(&self.theirs).height(),
            Theirs::Planned(plan) => {
                let plan = plan(self.theirs.clone().lazy(), self.theirs_small.clone().lazy());
                plan.collect_with_engine(engine).unwrap().unwrap_single().height()
            }
        }
    }
}

fn print_peaks<'a>(n_rows: u64, verbs: impl Iterator<Item = &'a Verb>) {
    let program = std::env::current_exe().unwrap();
    println!("{n_rows} rows; megabytes beside the table itself\n");
    println!("| verb | ours | polars streaming | polars in memory |");
    println!("|---|--:|--:|--:|");
    for verb in verbs {
        print!("| {} |", verb.name);
        for (side, _) in SIDES {
            let run = || {
                let mut command = std::process::Command::new(&program);
                command.args(["--rows", &n_rows.to_string(), "--peak-of", side, verb.name]);
                let output = command.output().unwrap();
                assert!(output.status.success(), "{} of {side}", verb.name);
                String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().unwrap()
            };
            print!(" {:.0} |", run());
        }
        println!();
    }
}
