//! Time to draw a picture of 1,000,000 nodes and 5,000,000 edges, in wall and processor seconds.
//!
//! The layout is made up: 200 round clusters, four fifths of the edges inside one, the others
//! anywhere, which makes long edges the bulk of the work, as in a real layout of a social network.
//! Run with `cargo bench --bench picture`; a first argument changes the number of nodes.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench reports, and may stop")]

use std::time::Instant;

use graph_core::{Coo, Graph};
use graph_viewer::{ImageConfig, Picture};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graphlume::device::Allocator = graphlume::device::Allocator::new();

fn main() {
    let n = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(1_000_000);
    let (graph, x, y) = clusters(n, 5 * n);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{n} nodes, {} edges, {threads} threads", graph.n_edges());
    println!("picture      stage     wall s   cpu s");
    for (width, height) in [(1920, 1440), (3840, 2160)] {
        let config = ImageConfig { width, height, ..ImageConfig::default() };
        let size = format!("{width}x{height}");
        let whole = Clock::start();
        let picture = time(&size, "decide", || Picture::new(&graph, &x, &y, &config).unwrap());
        let pixels = time(&size, "draw", || picture.pixels());
        time(&size, "encode", || pixels.png_bytes().unwrap());
        whole.report(&size, "all");
    }
}

fn time<T>(size: &str, stage: &str, work: impl FnOnce() -> T) -> T {
    let clock = Clock::start();
    let result = work();
    clock.report(size, stage);
    result
}

struct Clock {
    wall: Instant,
    cpu: Option<f64>,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_secs() }
    }

    fn report(&self, size: &str, stage: &str) {
        let wall = self.wall.elapsed().as_secs_f64();
        let cpu = self.cpu.zip(cpu_secs()).map_or("-".to_owned(), |(a, b)| format!("{:.2}", b - a));
        println!("{size:<12} {stage:<8} {wall:>7.2} {cpu:>7}");
    }
}

/// Processor time of all threads of this process so far; known on Linux only.
fn cpu_secs() -> Option<f64> {
    // Kernel ticks are 1/100 s for user space on every Linux platform Rust supports.
    const TICKS_PER_SEC: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command name is in parentheses and may itself hold spaces.
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SEC)
}

const CLUSTERS: usize = 200;

/// Node `u` is in cluster `u % CLUSTERS`.
fn clusters(n: usize, m: usize) -> (Graph, Vec<f32>, Vec<f32>) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let centers: Vec<_> =
        (0..CLUSTERS).map(|_| (random.normal(10.0), random.normal(10.0))).collect();
    let (x, y) = (0..n)
        .map(|u| {
            let (cx, cy) = centers[u % CLUSTERS];
            (cx + random.normal(0.8), cy + random.normal(0.8))
        })
        .unzip();
    let (sources, targets) = (0..m)
        .map(|_| {
            let u = random.below(n);
            let near = random.below(5) < 4;
            let v = if near {
                random.below(n) / CLUSTERS * CLUSTERS + u % CLUSTERS
            } else {
                random.below(n)
            };
            (u as u32, v.min(n - 1) as u32)
        })
        .unzip();
    (Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), false), x, y)
}

/// The xorshift generator: enough for a made-up layout.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Near enough to normal: the sum of twelve uniform numbers.
    fn normal(&mut self, deviation: f32) -> f32 {
        let unit = |bits: u64| (bits >> 40) as f32 / (1 << 24) as f32;
        let sum: f32 = (0..12).map(|_| unit(self.next())).sum();
        (sum - 6.0) * deviation
    }
}
