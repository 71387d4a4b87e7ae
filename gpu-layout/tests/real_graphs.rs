//! Layouts of real graphs are as good as the algorithm allows, and the approximation does not
//! show.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;
use std::path::Path;

use gpu_layout::quality::{QualityConfig, measure};
use gpu_layout::{Config, Layout, Repulsion};
use graph_core::generate::{BarabasiAlbert, barabasi_albert};
use graph_core::{Graph, ReadOptions, read};

fn graph(name: &str) -> Graph {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/graphs");
    read(folder.join(name).with_extension("csv"), &ReadOptions::default()).unwrap().0
}

/// Median trustworthiness of layouts of 500 steps from ten seeds.
fn median_trustworthiness(graph: &Graph, repulsion: Repulsion) -> f64 {
    let mut values: Vec<f64> = (0..10)
        .map(|seed| {
            let config = Config { seed, repulsion, ..Config::default() };
            let mut layout = Layout::builder(graph).config(config).build().unwrap();
            layout.run(500, |_| ControlFlow::Continue(())).unwrap();
            let [x, y] = layout.positions().unwrap();
            let report = measure(graph, x, y, &QualityConfig::default()).unwrap();
            report.trustworthiness.unwrap().value
        })
        .collect();
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[4], values[5])
}

/// Each bound is what every honest implementation reaches; a wrong force does not.
#[test]
fn trustworthiness_of_real_graphs() {
    for (name, least) in
        [("karate", 0.71), ("dolphins", 0.68), ("polbooks", 0.76), ("netscience", 0.83)]
    {
        let graph = graph(name);
        for repulsion in [Repulsion::Exact, Repulsion::Approximate] {
            let median = median_trustworthiness(&graph, repulsion);
            assert!(median >= least, "{name}, {repulsion:?}: {median} < {least}");
        }
    }
}

/// Root mean square over nodes of the error of a node's repulsion, relative to that repulsion.
///
/// A star-like probe of the approximation alone: gravity is off and edges are cut.
fn force_error(graph: &Graph, steps: usize) -> f64 {
    let config = Config { repulsion: Repulsion::Approximate, gravity: 0.0, ..Config::default() };
    let mut layout =
        Layout::builder(graph).config(Config { gravity: 1.0, ..config.clone() }).build().unwrap();
    for _ in 0..steps {
        layout.step().unwrap();
    }
    let mass: Vec<f32> = layout.masses().iter().map(|&mass| mass as f32).collect();
    let edgeless = graph_core::Coo::new(graph.n_nodes(), vec![], vec![], None).unwrap();
    let edgeless = Graph::from_coo(edgeless, false);
    let [x, y] = layout.positions().unwrap();
    let forces = |repulsion| {
        let config = Config { repulsion, ..config.clone() };
        let builder = Layout::builder(&edgeless).config(config).masses(&mass).positions(x, y);
        let mut layout = builder.build().unwrap();
        layout.step().unwrap();
        layout.forces().unwrap()
    };
    let (found, exact) = (forces(Repulsion::Approximate), forces(Repulsion::Exact));
    let square = |[x, y]: [f64; 2]| x * x + y * y;
    let sum: f64 = found
        .iter()
        .zip(&exact)
        .map(|(a, b)| square([a[0] - b[0], a[1] - b[1]]) / square(*b))
        .sum();
    (sum / found.len() as f64).sqrt()
}

#[test]
fn the_default_force_error_is_below_0_3_percent() {
    let power_law = barabasi_albert(&BarabasiAlbert { n_nodes: 10_000, n_neighbors: 5, seed: 3 });
    for (name, graph, steps) in [
        ("polblogs", graph("polblogs"), 120),
        ("netscience", graph("netscience"), 120),
        ("power", graph("power"), 120),
        ("Barabási–Albert", power_law.unwrap(), 40),
    ] {
        let error = force_error(&graph, steps);
        assert!(error <= 0.003, "{name}: {error}");
    }
}

/// The tree is as good in the first step as in the tenth: nothing of it is left over from before.
#[test]
fn the_first_step_is_as_accurate_as_the_tenth() {
    let graph = graph("power");
    for steps in [0, 1, 10] {
        let error = force_error(&graph, steps);
        assert!(error <= 0.003, "after {steps} steps: {error}");
    }
}

/// Numbers near the square root of 2³¹ nodes overflow a 32-bit square elsewhere.
#[test]
fn the_speed_law_does_not_overflow() {
    let graph = barabasi_albert(&BarabasiAlbert { n_nodes: 70_000, n_neighbors: 2, seed: 0 });
    let mut layout = Layout::builder(&graph.unwrap()).build().unwrap();
    for _ in 0..30 {
        let last = *layout.step().unwrap();
        assert!(last.speed > 0.01 && last.speed < 1e6, "{last:?}");
    }
}
