//! Time and memory traffic of the primitives, on each device found or the one named.
//!
//! A primitive's bytes are what its algorithm reads and writes, as its documentation says; they
//! are set against a copy from one array to another on the same device. The device is waited for
//! inside the timing.
//!
//! Usage: `primitives [--device NAME] [--size N] [--markdown FILE]`. Prints Markdown. N is 1
//! million on what is no GPU, which takes half a minute, and 100 million on one, unless it is given.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::fmt::Write as _;
use std::time::Instant;

use graph_kernels::{
    Aggregation, Arithmetic, Bound, Buffer, Column, CompactScratch, Comparison, Device, DeviceCsr,
    DeviceStrings, Expression, Groups, Indices, Lookup, Meaning, Numbers, Ranks, ReduceScratch,
    Reduction, Result, ScanScratch, SegmentScratch, Segments, SortScratch, SplitCsr, Traffic,
    aggregate, compact, compact_indices, copy, count_bins, differing_bits, evaluate,
    evaluate_flags, exclusive_scan, factorize, factorize_strings, fill, gather, histogram, hops,
    iota, keys_of_ranks, order_keys, pairs, path_lengths, reduce, run_length_encode, scatter,
    search, segmented_reduce, smallest_connected, sort_pairs_u32, sort_pairs_u64, spmv,
    triangle_counts, unique,
};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();

/// Most timed calls of each primitive; the middle one counts.
const ROUNDS: usize = 7;

/// No more calls are made after so many seconds, but for three.
const ENOUGH: f64 = 1.0;

/// Entries of a row of the matrix, on average.
const ROW: usize = 10;

struct Options {
    device: Option<String>,
    size: Option<usize>,
    markdown: Option<String>,
}

fn main() {
    let options = options();
    let devices = match &options.device {
        Some(name) => vec![Device::parse(name).unwrap()],
        None => Device::all().unwrap(),
    };
    let mut text = String::from("## Primitives\n");
    for (backend, reason) in Device::absent() {
        writeln!(text, "\nskipped: no {backend:?} device: {reason}").unwrap();
    }
    print!("{text}");
    for device in devices {
        let table = bench(device, options.size);
        print!("{table}");
        text += &table;
    }
    if let Some(file) = options.markdown {
        std::fs::write(file, text).unwrap();
    }
}

fn options() -> Options {
    let mut options = Options { device: None, size: None, markdown: None };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{arg} wants a value"));
        match arg.as_str() {
            "--device" => options.device = Some(value()),
            "--size" => options.size = Some(value().parse().unwrap()),
            "--markdown" => options.markdown = Some(value()),
            // What `cargo bench` adds.
            "--bench" => {}
            _ => panic!("unknown option {arg}: use --device, --size or --markdown"),
        }
    }
    options
}

/// One device's rows.
struct Table {
    device: Device,
    copy: Option<f64>,
    rows: String,
}

impl Table {
    /// Times `work`, whose kernels say themselves what they move; nothing is said on the processor.
    fn counted<T>(&mut self, name: &str, mut work: impl FnMut() -> Result<T>) {
        let before = Traffic::of_thread();
        work().unwrap();
        let moved = Traffic::of_thread().since(before).on_device as usize;
        self.row(name, moved, || work().map(drop));
    }

    /// Times `work`, which moves `bytes` bytes; the first row is the copy.
    fn row(&mut self, name: &str, bytes: usize, mut work: impl FnMut() -> Result<()>) {
        let mut time = || {
            self.device.synchronize().unwrap();
            let start = Instant::now();
            work().unwrap();
            self.device.synchronize().unwrap();
            start.elapsed().as_secs_f64()
        };
        // The first call builds kernels, and does not count.
        time();
        let (mut times, mut taken) = (Vec::new(), 0.0);
        while times.len() < 3 || (times.len() < ROUNDS && taken < ENOUGH) {
            times.push(time());
            taken += times[times.len() - 1];
        }
        times.sort_by(f64::total_cmp);
        let secs = times[times.len() / 2];
        let millis = secs * 1e3;
        if bytes == 0 {
            // The processor does not count what it moves.
            writeln!(self.rows, "| {name} | {millis:.3} | | | |").unwrap();
            return;
        }
        let (moved, rate) = (bytes as f64 / 1e6, bytes as f64 / secs / 1e9);
        let share = 100.0 * rate / *self.copy.get_or_insert(rate);
        writeln!(self.rows, "| {name} | {millis:.3} | {moved:.1} | {rate:.1} | {share:.0} % |")
            .unwrap();
    }
}

fn bench(device: Device, size: Option<usize>) -> String {
    let info = device.info();
    let n = size.unwrap_or(if info.is_gpu { 100_000_000 } else { 1_000_000 });
    let mut table = Table { device, copy: None, rows: String::new() };
    move_numbers(&mut table, n);
    sum_numbers(&mut table, n);
    sort_numbers(&mut table, n);
    select_numbers(&mut table, n);
    multiply(&mut table, n);
    compute(&mut table, n);
    group(&mut table, n);
    select_keys(&mut table, n);
    walk(&mut table, n);
    format!(
        "\n### {} ({}, {}), n = {n}\n\nMiddle of 3 to {ROUNDS} calls; bytes are those that the \
         algorithm reads and writes.\n\n\
         | primitive | ms | MB | GB/s | of a copy |\n|---|--:|--:|--:|--:|\n{}",
        info.model, info.name, info.driver, table.rows
    )
}

/// Numbers that look random, the same each time.
fn random(n: usize) -> impl Iterator<Item = u64> {
    let mut state = 1_u64;
    (0..n).map(move |_| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    })
}

fn random_u32(device: Device, n: usize) -> Buffer<u32> {
    let numbers: Vec<u32> = random(n).map(|bits| (bits >> 32) as u32).collect();
    Buffer::upload(device, &numbers).unwrap()
}

/// Below n.
fn random_indices(device: Device, n: usize) -> Indices {
    let below = n as u64;
    let numbers: Vec<u32> = random(n).map(|bits| (((bits >> 32) * below) >> 32) as u32).collect();
    Indices::upload(device, &numbers, n as u32).unwrap()
}

fn move_numbers(table: &mut Table, n: usize) {
    let device = table.device;
    let values = random_u32(device, n);
    let mut out = Buffer::zeros(device, n).unwrap();
    table.row("copy", 8 * n, || copy(&values, &mut out));
    table.row("fill", 4 * n, || fill(&mut out, 7));
    table.row("iota, with its array", 4 * n, || iota(device, 0, n).map(drop));
    let ordered = Indices::new(iota(device, 0, n).unwrap(), n as u32).unwrap();
    table.row("gather, in order", 12 * n, || gather(&values, &ordered, &mut out));
    table.row("scatter, in order", 12 * n, || scatter(&values, &ordered, &mut out));
    drop(ordered);
    let shuffled = random_indices(device, n);
    table.row("gather, at random", 12 * n, || gather(&values, &shuffled, &mut out));
    table.row("scatter, at random", 12 * n, || scatter(&values, &shuffled, &mut out));
    let mut counts = Buffer::zeros(device, n).unwrap();
    table.row("histogram, n bins", 12 * n, || histogram(&shuffled, &mut counts));
    drop((shuffled, counts));
    let few: Vec<u32> = random(n).map(|bits| (bits >> 56) as u32).collect();
    let few = Indices::upload(device, &few, 256).unwrap();
    let mut counts = Buffer::zeros(device, 256).unwrap();
    table.row("histogram, 256 bins", 4 * n, || histogram(&few, &mut counts));
}

fn sum_numbers(table: &mut Table, n: usize) {
    let device = table.device;
    let (values, mut out) = (random_u32(device, n), Buffer::zeros(device, n).unwrap());
    let mut scratch = ScanScratch::new(device).unwrap();
    table.row("scan, u32", 12 * n, || exclusive_scan(&values, &mut out, &mut scratch));
    let (mut sum, mut scratch) =
        (Buffer::zeros(device, 1).unwrap(), ReduceScratch::new(device).unwrap());
    table.row("sum, u32", 4 * n, || reduce(&values, Reduction::Sum, &mut sum, &mut scratch));
    let floats = vec![0.5_f32; n];
    let (values, mut out) = (Buffer::upload(device, &floats).unwrap(), floats);
    out.truncate(1);
    let mut out = Buffer::upload(device, &out).unwrap();
    let mut scratch = ReduceScratch::new(device).unwrap();
    table.row("sum, f32", 4 * n, || reduce(&values, Reduction::Sum, &mut out, &mut scratch));
    table.row("most, f32", 4 * n, || reduce(&values, Reduction::Max, &mut out, &mut scratch));
    let mut out = Buffer::zeros(device, n).unwrap();
    let mut scratch = ScanScratch::new(device).unwrap();
    table.row("scan, f32", 12 * n, || exclusive_scan(&values, &mut out, &mut scratch));
    drop((values, out));
    let wide = Buffer::upload(device, &random(n).collect::<Vec<_>>()).unwrap();
    let mut out = Buffer::zeros(device, n).unwrap();
    let mut scratch = ScanScratch::new(device).unwrap();
    table.row("scan, u64", 24 * n, || exclusive_scan(&wide, &mut out, &mut scratch));
}

fn sort_numbers(table: &mut Table, n: usize) {
    let device = table.device;
    // Sorting what is sorted moves the same bytes, but from one place to one: so keys are put
    // back each time, and that copy is in the bytes.
    let unsorted = random_u32(device, n);
    let mut keys = Buffer::zeros(device, n).unwrap();
    let mut values = iota(device, 0, n).unwrap();
    let mut scratch = SortScratch::new(device, n).unwrap();
    table.row("sort, u32 and value", (4 * 20 + 8) * n, || {
        copy(&unsorted, &mut keys)?;
        sort_pairs_u32(&mut keys, &mut values, 0..32, &mut scratch)
    });
    table.row("sort, u32 by 16 bits", (2 * 20 + 8) * n, || {
        copy(&unsorted, &mut keys)?;
        sort_pairs_u32(&mut keys, &mut values, 0..16, &mut scratch)
    });
    let queries = unsorted;
    sort_pairs_u32(&mut keys, &mut values, 0..32, &mut scratch).unwrap();
    drop(scratch);
    let steps = n.ilog2() as usize + 1;
    table.row("search, at random", (8 + 4 * steps) * n, || {
        search(&keys, &queries, Bound::Lower, &mut values)
    });
    drop((queries, keys));
    let unsorted = Buffer::upload(device, &random(n).collect::<Vec<_>>()).unwrap();
    let mut keys = Buffer::zeros(device, n).unwrap();
    let mut scratch = SortScratch::new(device, n).unwrap();
    table.row("sort, u64 and value", (8 * 32 + 16) * n, || {
        copy(&unsorted, &mut keys)?;
        sort_pairs_u64(&mut keys, &mut values, 0..64, &mut scratch)
    });
}

fn select_numbers(table: &mut Table, n: usize) {
    let device = table.device;
    let values = random_u32(device, n);
    // Half of them.
    let flags: Vec<u32> = random(n).map(|bits| (bits >> 63) as u32).collect();
    let selected = flags.iter().filter(|&&flag| flag != 0).count();
    let flags = Buffer::upload(device, &flags).unwrap();
    let (mut out, mut count) =
        (Buffer::zeros(device, n).unwrap(), Buffer::zeros(device, 1).unwrap());
    let mut scratch = CompactScratch::new(device).unwrap();
    table.row("compact, half of the places", 8 * n + 4 * selected, || {
        compact_indices(&flags, &mut out, &mut count, &mut scratch)
    });
    table.row("compact, half of the values", 8 * n + 8 * selected, || {
        compact(&values, &flags, &mut out, &mut count, &mut scratch)
    });
    // Runs of two on average.
    table.row("unique", 8 * n + 4 * (n / 2), || unique(&flags, &mut out, &mut count, &mut scratch));
    let mut offsets = Buffer::zeros(device, n + 1).unwrap();
    table.row("run-length encode", 8 * n + 8 * (n / 2), || {
        run_length_encode(&flags, &mut out, &mut offsets, &mut count, &mut scratch)
    });
}

/// A matrix of n entries; one row has a tenth of them.
fn multiply(table: &mut Table, n: usize) {
    let device = table.device;
    let side = (n / ROW).max(1) as u64;
    let pick = |bits: u64| (((bits >> 32) * side) >> 32) as u32;
    let rows: Vec<u32> =
        random(n).enumerate().map(|(i, bits)| if i % 10 == 0 { 0 } else { pick(bits) }).collect();
    let columns: Vec<u32> = random(n + 1).skip(1).map(|bits| pick(bits.rotate_left(17))).collect();
    let rows = Indices::upload(device, &rows, side as u32).unwrap();
    let columns = Indices::upload(device, &columns, side as u32).unwrap();
    let bits = 64 - (side - 1).leading_zeros() as usize;
    let sort = |bits: usize, key: usize| {
        let passes = bits.div_ceil(8);
        passes * (3 * key + 8) + passes % 2 * 2 * (key + 4)
    };
    table.row("CSR from COO", (32 + sort(2 * bits, 8)) * n, || {
        DeviceCsr::from_coo(&rows, &columns).map(drop)
    });
    let (csr, _) = DeviceCsr::from_coo(&rows, &columns).unwrap();
    drop((rows, columns));
    table.row("transpose", (20 + sort(bits, 4)) * n, || csr.transpose().map(drop));
    let matrix = SplitCsr::new(csr).unwrap();
    let side = side as usize;
    let x = Buffer::upload(device, &vec![0.5; side]).unwrap();
    let weights = Buffer::upload(device, &vec![0.25; n]).unwrap();
    let mut y = Buffer::zeros(device, side).unwrap();
    let mut scratch = SegmentScratch::new(matrix.rows()).unwrap();
    table.row("segmented sum", 4 * n + 12 * side, || {
        segmented_reduce(&weights, matrix.rows(), Reduction::Sum, &mut y, &mut scratch)
    });
    table.row("SpMV", 8 * n + 12 * side, || spmv(&matrix, None, &x, &mut y, &mut scratch));
    table.row("SpMV, weighted", 12 * n + 12 * side, || {
        spmv(&matrix, Some(&weights), &x, &mut y, &mut scratch)
    });
}

/// Conditions and arithmetic over columns of 64 and 32 bits.
fn compute(table: &mut Table, n: usize) {
    let device = table.device;
    let floats: Vec<u64> = random(n).map(|bits| ((bits >> 11) as f64 / 1e9).to_bits()).collect();
    let floats = Buffer::upload(device, &floats).unwrap();
    let whole = random_u32(device, n);
    let columns = [
        Column { numbers: Numbers::Wide(&floats, Meaning::Float), valid: None },
        Column { numbers: Numbers::Narrow(&whole, Meaning::Unsigned), valid: None },
    ];
    let column = |number| Box::new(Expression::Column(number));
    let is_large =
        Expression::Compare(Comparison::Greater, column(0), Expression::Float(4e6).into());
    table.counted("condition, f64 > number", || evaluate_flags(device, &is_large, &columns, n));
    let is_small =
        Expression::Compare(Comparison::Less, column(1), Expression::Integer(1 << 30).into());
    let both = Expression::And(is_large.into(), is_small.into());
    table.counted("condition, two joined by and", || evaluate_flags(device, &both, &columns, n));
    let sum = Expression::Compute(Arithmetic::Add, column(0), column(1));
    table.counted("f64 + u32", || evaluate(device, &sum, &columns, n));
    let ratio = Expression::Compute(Arithmetic::Divide, column(0), column(1));
    table.counted("f64 / u32", || evaluate(device, &ratio, &columns, n));
}

/// Distinct keys, groups, their aggregates, and joins.
fn group(table: &mut Table, n: usize) {
    let device = table.device;
    let below = |below: usize| -> Vec<u64> {
        let below = below.max(1) as u64;
        random(n).map(|bits| (((bits >> 32) * below) >> 32) << 20).collect()
    };
    for (name, distinct) in [("1000", 1000), ("n / 10", n / 10)] {
        let keys = Buffer::upload(device, &below(distinct)).unwrap();
        table.counted(&format!("factorize, {name} distinct u64"), || factorize(&keys));
        let factors = factorize(&keys).unwrap();
        table.counted(&format!("rows by {name} groups"), || Groups::new(&factors.ids));
        let groups = Groups::new(&factors.ids).unwrap();
        let values: Vec<u64> = random(n).map(|bits| bits >> 40).collect();
        let values = Buffer::upload(device, &values).unwrap();
        // The same bits as a float are a number too.
        for (kind, meaning, how) in [
            ("sum, f64", Meaning::Float, Aggregation::Sum),
            ("sum, i64", Meaning::Signed, Aggregation::Sum),
            ("least, f64", Meaning::Float, Aggregation::Min),
        ] {
            table.counted(&format!("{kind}, of {name} groups"), || {
                aggregate(&values, meaning, None, &groups, how)
            });
        }
    }
    // Each row of one side has a pair on the other, on average.
    let (left, right) = (below(n), below(n));
    let left = Buffer::upload(device, &left).unwrap();
    let right = Buffer::upload(device, &right[..n / 2]).unwrap();
    let lookup = Lookup::new(right).unwrap();
    let groups = Groups::new(&lookup.factors().ids).unwrap();
    table.counted("join, look up", || lookup.find(&left, None));
    let found = lookup.find(&left, None).unwrap();
    table.counted("join, pairs", || pairs(&found, &groups, false, usize::MAX));
    drop((left, lookup, groups, found));
    let mut offsets = vec![0_u32];
    let mut bytes = Vec::new();
    for key in below((n / 10).max(1)).into_iter().take(n / 4) {
        bytes.extend_from_slice((key >> 20).to_string().as_bytes());
        offsets.push(bytes.len() as u32);
    }
    let strings = DeviceStrings::upload(device, &offsets, &bytes).unwrap();
    table.counted("factorize, n / 4 strings", || factorize_strings(&strings));
}

/// Keys of ranks, bins, and keys themselves.
fn select_keys(table: &mut Table, n: usize) {
    let device = table.device;
    let floats: Vec<u64> =
        random(n).map(|bits| ((bits >> 11) as f64 / 1e15 - 4.0).to_bits()).collect();
    let floats = Buffer::upload(device, &floats).unwrap();
    table.counted("keys of f64", || order_keys(&floats, Meaning::Float, false));
    let keys = order_keys(&floats, Meaning::Float, false).unwrap();
    drop(floats);
    table.counted("bits that differ", || differing_bits(&keys));
    // Once through the keys is what a selection needs at least.
    table.row("median", 8 * n, || keys_of_ranks(&keys, &[n / 2]).map(drop));
    let ranks: Vec<usize> = (0..100).map(|i| i * (n - 1) / 99).collect();
    table.row("100 quantiles", 8 * n, || keys_of_ranks(&keys, &ranks).map(drop));
    for bins in [64, 4096] {
        let edges: Vec<u64> = (0..=bins).map(|i| u64::MAX / bins * i).collect();
        let mut counts = Buffer::zeros(device, bins as usize).unwrap();
        table.row(&format!("{bins} bins"), 8 * n, || count_bins(&keys, None, &edges, &mut counts));
    }
}

/// A graph of n edges.
fn walk(table: &mut Table, n: usize) {
    let device = table.device;
    let side = (n / ROW).max(1);
    let pick = |bits: u64| (((bits >> 32) * side as u64) >> 32) as u32;
    let ends = |skip: usize, turn: u32| -> Indices {
        let nodes: Vec<u32> =
            random(n + skip).skip(skip).map(|bits| pick(bits.rotate_left(turn))).collect();
        Indices::upload(device, &nodes, side as u32).unwrap()
    };
    let (sources, targets) = (ends(0, 0), ends(1, 17));
    table.row("components", 8 * n, || smallest_connected(&sources, &targets).map(drop));
    let (outs, _) = DeviceCsr::from_coo(&sources, &targets).unwrap();
    drop((sources, targets));
    let (ins, _) = outs.transpose().unwrap();
    let start = Indices::upload(device, &[0], side as u32).unwrap();
    table.row("breadth-first search", 4 * n, || hops(&outs, &ins, &start, u32::MAX).map(drop));
    drop(outs);
    let weights = Buffer::upload(device, &vec![0.5_f32; ins.len()]).unwrap();
    let go = |_| Ok::<(), graph_kernels::Error>(());
    table.counted("shortest paths, weighted", || path_lengths(&ins, Some(&weights), &start, go));
    drop(weights);
    close(table, n / 10);
    let matrix = SplitCsr::new(ins).unwrap();
    let mut scratch = SegmentScratch::new(matrix.rows()).unwrap();
    let mut ranks = Ranks::new(device, &vec![0.1; side], None).unwrap();
    let mut gathered = Buffer::zeros(device, side).unwrap();
    table.row("PageRank, an iteration", 8 * n + 32 * side, || {
        spmv(&matrix, None, ranks.given(), &mut gathered, &mut scratch)?;
        ranks.step(&gathered, 0.85).map(drop)
    });
}

/// Triangles of a graph of about m edges, each node with those to some of the 100 before it.
fn close(table: &mut Table, m: usize) {
    let (device, side) = (table.device, (m / ROW).max(1));
    let (mut offsets, mut sources, mut targets) = (vec![0_u32], Vec::new(), Vec::new());
    let mut bits = random(m + side);
    for u in 0..side {
        let mut row: Vec<u32> = (0..ROW.min(u))
            .map(|_| (u - 1 - (bits.next().unwrap() % u.min(100) as u64) as usize) as u32)
            .collect();
        row.sort_unstable();
        row.dedup();
        sources.extend(std::iter::repeat_n(u as u32, row.len()));
        targets.extend(row);
        offsets.push(targets.len() as u32);
    }
    let rows = Segments::new(Buffer::upload(device, &offsets).unwrap()).unwrap();
    let nodes = |nodes: &[u32]| Indices::upload(device, nodes, side as u32).unwrap();
    let (sources, targets) = (nodes(&sources), nodes(&targets));
    table.counted("triangles, n / 10 edges", || triangle_counts(&rows, &sources, &targets));
}
