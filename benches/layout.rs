//! One step of ForceAtlas2 against the fastest peer on a CPU, the crate `fa2` 0.3, in one run.
//!
//! Both get the same Barabási–Albert graphs, start positions and options (scaling 2, gravity 1);
//! `fa2` runs its Barnes–Hut with θ = 1.2, Gephi's default. First the force error of both on one
//! layout, then the time of a step, by one thread and by two.
//!
//! Usage: `cargo bench --bench layout [-- MAX_NODES]`. Prints Markdown.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::time::Instant;

use fa2::{FA2Data, FA2Layout, FA2Settings};
use graphlume::graph::generate::{BarabasiAlbert, barabasi_albert};
use graphlume::layout::{Config, Repulsion};
use graphlume::{Graph, Layout};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graphlume::device::Allocator = graphlume::device::Allocator::new();

const THETA: f64 = 1.2;
const ROUNDS: usize = 5;

fn main() {
    let most = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    println!("## ForceAtlas2 on the CPU against `fa2` 0.3\n\n{}\n", cpu_name());
    errors();
    println!(
        "\nMilliseconds a step (least of {ROUNDS} rounds, both in turn), CPU milliseconds in \
         brackets:\n\n\
         | nodes | edges | threads | fa2, θ = {THETA} | graphlume | times as fast |\n\
         |--:|--:|--:|--:|--:|--:|"
    );
    for n in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|&n| n <= most) {
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| steps(n, threads));
        }
    }
}

/// Five edges a node; ids carry no order that a cache could use.
fn graph(n: usize) -> Graph {
    barabasi_albert(&BarabasiAlbert { n_nodes: n, n_neighbors: 5, seed: 1 }).unwrap()
}

fn config() -> Config {
    Config { repulsion: Repulsion::Approximate, tolerance: 0.0, ..Config::default() }
}

fn peer(graph: &Graph, x: &[f32], y: &[f32], settings: FA2Settings<f64>) -> FA2Layout<f64> {
    let mut data = FA2Data::with_capacity(graph.n_nodes(), graph.n_edges());
    for (&x, &y) in x.iter().zip(y) {
        data.add_node_with_position(x.into(), y.into());
    }
    for (&u, &v) in graph.coo().sources().iter().zip(graph.coo().targets()) {
        data.add_edge(u as usize, v as usize);
    }
    settings.build(data)
}

fn settings() -> FA2Settings<f64> {
    FA2Settings::default().scaling_ratio(2.0).gravity(1.0)
}

fn steps(n: usize, threads: usize) {
    let graph = graph(n);
    let mut ours = Layout::builder(&graph).config(config()).build().unwrap();
    let settings = settings().with_barnes_hut_theta(THETA).parallel(threads > 1);
    let mut theirs =
        peer(&graph, ours.positions().unwrap()[0], ours.positions().unwrap()[1], settings);
    let repeat = (100_000 / n).clamp(1, 50);
    let mut best = [(f64::MAX, 0.0); 2];
    ours.step().unwrap();
    theirs.epoch();
    for _ in 0..ROUNDS {
        let mut time = |side: usize, step: &mut dyn FnMut()| {
            let (wall, cpu) = (Instant::now(), cpu_secs());
            for _ in 0..repeat {
                step();
            }
            let per_step = |secs: f64| secs * 1e3 / repeat as f64;
            let round = (per_step(wall.elapsed().as_secs_f64()), per_step(cpu_secs() - cpu));
            if round.0 < best[side].0 {
                best[side] = round;
            }
        };
        time(0, &mut || {
            theirs.epoch();
        });
        time(1, &mut || {
            ours.step().unwrap();
        });
    }
    let [(theirs, theirs_cpu), (ours, ours_cpu)] = best;
    println!(
        "| {n} | {} | {threads} | {theirs:.2} ({theirs_cpu:.1}) | {ours:.2} ({ours_cpu:.1}) | {:.1} |",
        graph.n_edges(),
        theirs / ours
    );
}

/// Root mean square error of the repulsive force of both, on the same half-way layouts.
fn errors() {
    println!(
        "Root mean square error of the repulsive force, over nodes and relative to each node's \
         exact force, after 40 steps:\n\n\
         | nodes | fa2, θ = {THETA} | graphlume | ratio |\n|--:|--:|--:|--:|"
    );
    for n in [1_000, 10_000] {
        let graph = graph(n);
        let mut layout = Layout::builder(&graph).config(config()).build().unwrap();
        for _ in 0..40 {
            layout.step().unwrap();
        }
        let [x, y] = layout.positions().unwrap().map(<[f32]>::to_vec);
        let mass: Vec<f64> = layout.masses().to_vec();
        let exact = repulsion(&x, &y, &mass);

        // The pull of edges and gravity is the same in both modes of one program, so the
        // difference of two modes is the error of repulsion.
        let forces = |repulsion| {
            let config = Config { repulsion, ..config() };
            let builder = Layout::builder(&graph).config(config).positions(&x, &y);
            let mut layout = builder.build().unwrap();
            layout.step().unwrap();
            layout.forces().unwrap().into_iter().map(Into::into).collect::<Vec<_>>()
        };
        let ours = error(&forces(Repulsion::Approximate), &forces(Repulsion::Exact), &exact);
        let forces = |settings| peer_forces(&graph, &x, &y, &mass, settings);
        let theirs = error(
            &forces(settings().with_barnes_hut_theta(THETA)),
            &forces(settings().with_pairwise_repulsion()),
            &exact,
        );
        println!(
            "| {n} | {:.3} % | {:.4} % | {:.0} |",
            theirs * 100.0,
            ours * 100.0,
            theirs / ours
        );
    }
}

/// All pairs, written out.
fn repulsion(x: &[f32], y: &[f32], mass: &[f64]) -> Vec<(f64, f64)> {
    let force = |i: usize| {
        let mut sum = (0.0, 0.0);
        for j in 0..x.len() {
            let (dx, dy) = (f64::from(x[i]) - f64::from(x[j]), f64::from(y[i]) - f64::from(y[j]));
            let d2 = dx * dx + dy * dy;
            if d2 > 0.0 {
                let factor = 2.0 * mass[i] * mass[j] / d2;
                sum = (sum.0 + factor * dx, sum.1 + factor * dy);
            }
        }
        sum
    };
    (0..x.len()).map(force).collect()
}

fn error(found: &[(f64, f64)], right: &[(f64, f64)], scale: &[(f64, f64)]) -> f64 {
    let square = |v: (f64, f64)| v.0 * v.0 + v.1 * v.1;
    let sum: f64 = (0..found.len())
        .map(|i| {
            let difference = (found[i].0 - right[i].0, found[i].1 - right[i].1);
            square(difference) / square(scale[i])
        })
        .sum();
    (sum / found.len() as f64).sqrt()
}

/// The forces behind the peer's first step, which it does not show: in a first step a node moves
/// along its force d by |d|·ln(1 + |d|/2)/(1 + √(m·|d|)), which grows with |d| and so can be
/// turned around.
fn peer_forces(
    graph: &Graph,
    x: &[f32],
    y: &[f32],
    mass: &[f64],
    settings: FA2Settings<f64>,
) -> Vec<(f64, f64)> {
    let mut layout = peer(graph, x, y, settings);
    layout.epoch();
    let moved = layout.data().positions().zip(x.iter().zip(y));
    moved
        .zip(mass)
        .map(|(((x1, y1), (&x0, &y0)), &mass)| {
            let (dx, dy) = (x1 - f64::from(x0), y1 - f64::from(y0));
            let way = dx.hypot(dy);
            let length = |d: f64| d * (d / 2.0).ln_1p() / (1.0 + (mass * d).sqrt());
            let (mut low, mut high) = (0.0, 1e18);
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                if length(middle) < way { low = middle } else { high = middle }
            }
            (low * dx / way, low * dy / way)
        })
        .collect()
}

/// User and system time of this process in seconds; wall time where there is no `/proc`.
fn cpu_secs() -> f64 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    // Fields 14 and 15 of the line, counted behind the name in brackets, in hundredths.
    let stat = std::fs::read_to_string("/proc/self/stat").ok();
    let fields = stat.as_deref().and_then(|stat| stat.rsplit_once(')')).map(|(_, rest)| rest);
    match fields {
        Some(fields) => {
            let mut ticks = fields.split_whitespace().skip(11).flat_map(str::parse::<f64>);
            (ticks.next().unwrap_or(0.0) + ticks.next().unwrap_or(0.0)) / 100.0
        }
        None => START.elapsed().as_secs_f64(),
    }
}

fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = name.map_or("an unnamed CPU", |(_, name)| name.trim());
    format!(
        "Measured on {name}, {} cores.",
        std::thread::available_parallelism().map_or(1, usize::from)
    )
}
