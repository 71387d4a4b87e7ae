//! Steps of ForceAtlas2 on a device: time, force error and memory, beside the processor's in the
//! same run.
//!
//! Usage: `cargo bench --bench gpu_layout [-- --device NAME] [--max-nodes N] [--markdown FILE]`.
//! Without a name it takes the best device that is not the processor. Graphs are Barabási–Albert
//! and R-MAT with ten edges a node and shuffled ids, up to 10 million nodes on a GPU and 100
//! thousand elsewhere.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use graphlume::graph::Coo;
use graphlume::graph::generate::{BarabasiAlbert, Rmat, barabasi_albert, rmat};
use graphlume::layout::{Config, Device, Layout};
use graphlume::{Graph, layout};

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graphlume::device::Allocator = graphlume::device::Allocator::new();

/// Steps before anything is timed: by then communities begin to show, and a step costs what most
/// of a layout's steps do.
const WARM_UP: usize = 60;

/// Rounds, of which the median counts.
const ROUNDS: usize = 5;

/// Nodes whose force is compared with a sum over all others.
const SAMPLE: usize = 500;

fn main() -> ExitCode {
    let options = Options::parse();
    let Some(device) = options.device else {
        eprintln!("there is no device to time but the processor");
        return ExitCode::from(1);
    };
    let info = device.info();
    let limit = if info.is_gpu { 10_000_000 } else { 100_000 };
    let most = options.max_nodes.unwrap_or(limit);
    let mut text = format!(
        "## ForceAtlas2 on {}\n\n{}, {}; beside the processor, {} threads, in the same run.{}\n\n\
         Milliseconds a step: median of {ROUNDS} rounds after {WARM_UP} steps, sorting and all \
         that a step does included. The error is that of repulsion, root mean square over {SAMPLE} \
         nodes, relative to each node's exact force. First step: from the graph in host memory \
         to the end of the first step on the device.\n\n\
         | graph | nodes | edges | ms a step | CPU, ms | times as fast | error | CPU's error \
         | first step, ms | bytes a node, beside 4 an edge end |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        info.model,
        info.driver,
        info.capability,
        rayon::current_num_threads(),
        if info.is_gpu { "" } else { " **Not a GPU**: these figures say nothing about one." },
    );
    print!("{text}");
    let mut profile = String::new();
    for n in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        for (name, make) in KINDS {
            if n > most {
                continue;
            }
            let graph = make(n);
            let row = row(name, &graph, device);
            print!("{row}");
            text += &row;
            if name == "R-MAT" {
                profile = profiled(&graph, device);
            }
        }
    }
    let profile = format!("\nKernels of twenty steps of the last graph:\n\n```\n{profile}\n```\n");
    print!("{profile}");
    text += &profile;
    if let Some(path) = options.markdown {
        std::fs::write(path, text).unwrap();
    }
    ExitCode::SUCCESS
}

/// What the command line says.
struct Options {
    device: Option<Device>,
    max_nodes: Option<usize>,
    markdown: Option<String>,
}

impl Options {
    fn parse() -> Self {
        let args: Vec<String> = std::env::args().collect();
        let value = |name: &str| {
            let at = args.iter().position(|arg| arg == name)?;
            Some(args.get(at + 1).unwrap_or_else(|| panic!("{name} needs a value")).clone())
        };
        let device = match value("--device") {
            Some(name) => Some(Device::parse(&name).unwrap()),
            None => Device::all().unwrap().into_iter().find(|&device| device != Device::Cpu),
        };
        let max_nodes = value("--max-nodes").map(|n| n.parse().unwrap());
        Self { device, max_nodes, markdown: value("--markdown") }
    }
}

type Kind = (&'static str, fn(usize) -> Graph);

/// Ten edges a node each.
const KINDS: [Kind; 2] = [
    ("Barabási–Albert", |n| {
        shuffled(
            &barabasi_albert(&BarabasiAlbert { n_nodes: n, n_neighbors: 10, seed: 1 }).unwrap(),
        )
    }),
    ("R-MAT", |n| {
        let scale = n.next_power_of_two().trailing_zeros();
        let options = Rmat { n_edges: 10 * n, directed: false, ..Rmat::graph500(scale, 10) };
        let graph = rmat(&options).unwrap();
        // As many nodes as asked for: what lies above is folded back.
        let fold = |ids: &[u32]| ids.iter().map(|&u| u % n as u32).collect::<Vec<_>>();
        let (sources, targets) = (fold(graph.coo().sources()), fold(graph.coo().targets()));
        Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), false)
    }),
];

/// The graph with ids that carry no order that a cache could use.
fn shuffled(graph: &Graph) -> Graph {
    let n = graph.n_nodes();
    let mut ids: Vec<u32> = (0..n as u32).collect();
    let mut state = 1_u64;
    for i in (1..n).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ids.swap(i, (state >> 33) as usize % (i + 1));
    }
    let new = |ends: &[u32]| ends.iter().map(|&u| ids[u as usize]).collect::<Vec<_>>();
    let (sources, targets) = (new(graph.coo().sources()), new(graph.coo().targets()));
    Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), false)
}

fn config() -> Config {
    Config { tolerance: 0.0, ..Config::default() }
}

fn row(name: &str, graph: &Graph, device: Device) -> String {
    let (n, m) = (graph.n_nodes(), graph.n_edges());
    let build = |device| Layout::builder(graph).config(config()).device(device).build().unwrap();

    // Once for the kernels to be built, once for the clock.
    drop(build(device));
    let begin = Instant::now();
    device.reset_peak();
    let before = device.memory().in_use;
    let mut ours = build(device);
    ours.step().unwrap();
    let first = begin.elapsed().as_secs_f64() * 1e3;
    let bytes = device.memory().peak - before;

    ours.steps(WARM_UP).unwrap();
    let ours_ms = median_step(&mut ours);
    let state = ours.state().unwrap();
    let mut theirs = Layout::builder(graph).config(config()).resume(state).build().unwrap();
    theirs.step().unwrap();
    let theirs_ms = median_step(&mut theirs);

    let [ours_error, theirs_error] = errors(&ours, [device, Device::Cpu]);
    let mut row = String::new();
    writeln!(
        row,
        "| {name} | {n} | {m} | {ours_ms:.3} | {theirs_ms:.2} | {:.2} | {:.3} % | {:.3} % | {first:.1} | {:.0} |",
        theirs_ms / ours_ms,
        ours_error * 100.0,
        theirs_error * 100.0,
        (bytes as f64 - 8.0 * m as f64) / n as f64,
    )
    .unwrap();
    row
}

/// Milliseconds of a step, over rounds of some tenths of a second at most.
fn median_step(layout: &mut Layout) -> f64 {
    let begin = Instant::now();
    layout.step().unwrap();
    let count = (0.1 / begin.elapsed().as_secs_f64()).clamp(1.0, 200.0) as usize;
    // Sorting comes every so many steps: a round should see its share.
    let count = if count > 1 { count.next_multiple_of(16) } else { 1 };
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            layout.steps(count).unwrap();
            layout.report().unwrap();
            begin.elapsed().as_secs_f64() * 1e3 / count as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

/// Root mean square of the relative error of repulsion on each device, where `layout` is now.
fn errors(layout: &Layout, devices: [Device; 2]) -> [f64; 2] {
    let [x, y] = layout.positions().unwrap();
    let mass: Vec<f32> = layout.masses().iter().map(|&mass| mass as f32).collect();
    let n = mass.len();
    let scaling = layout.config().scaling;
    let sample: Vec<usize> = (0..n).step_by((n / SAMPLE).max(1)).collect();
    let exact = sample.iter().map(|&i| {
        let mut sum = [0.0; 2];
        for j in 0..n {
            let (dx, dy) = (f64::from(x[i]) - f64::from(x[j]), f64::from(y[i]) - f64::from(y[j]));
            let d2 = dx * dx + dy * dy;
            if d2 > 0.0 {
                let k = scaling * f64::from(mass[i]) * f64::from(mass[j]) / d2;
                sum = [sum[0] + k * dx, sum[1] + k * dy];
            }
        }
        sum
    });
    let exact: Vec<[f64; 2]> = exact.collect();
    // Without edges and gravity, repulsion is all there is.
    let edgeless = Graph::from_coo(Coo::new(n, vec![], vec![], None).unwrap(), false);
    devices.map(|device| {
        let config = Config { gravity: 0.0, ..config() };
        let builder = Layout::builder(&edgeless).config(config).positions(x, y).masses(&mass);
        let mut probe: layout::Layout = builder.device(device).build().unwrap();
        probe.step().unwrap();
        let forces = probe.forces().unwrap();
        let squares = sample.iter().zip(&exact).map(|(&i, exact)| {
            let off = (forces[i][0] - exact[0]).hypot(forces[i][1] - exact[1]);
            (off / exact[0].hypot(exact[1]).max(f64::MIN_POSITIVE)).powi(2)
        });
        (squares.sum::<f64>() / sample.len() as f64).sqrt()
    })
}

/// The table of kernels.
fn profiled(graph: &Graph, device: Device) -> String {
    let mut layout = Layout::builder(graph).config(config()).device(device).build().unwrap();
    layout.steps(WARM_UP).unwrap();
    layout.report().unwrap();
    device.start_profile().unwrap();
    layout.steps(20).unwrap();
    device.take_profile().unwrap().to_string()
}
