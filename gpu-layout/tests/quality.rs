//! The measures of quality against values from numpy, scipy and scikit-learn, and against
//! themselves where one has a right answer.
//!
//! `tests/data/quality.py` made the values in `tests/data/quality.csv`.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::collections::BTreeMap;
use std::path::Path;

use gpu_layout::quality::{Measure, QualityConfig, QualityReport, measure};
use graph_core::{Coo, Graph};

/// Rows of a CSV file below its header.
fn rows(path: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn graph(name: &str) -> Graph {
    let ends = rows(&format!("../tests/data/graphs/{name}.csv"));
    let column = |i: usize| ends.iter().map(|row| row[i].parse().unwrap()).collect::<Vec<u32>>();
    let (sources, targets) = (column(0), column(1));
    let n = 1 + *sources.iter().chain(&targets).max().unwrap() as usize;
    Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), false)
}

fn positions(name: &str) -> (Vec<f32>, Vec<f32>) {
    rows(&format!("tests/data/{name}-positions.csv"))
        .iter()
        .map(|row| (row[0].parse::<f32>().unwrap(), row[1].parse::<f32>().unwrap()))
        .unzip()
}

/// Value and standard error of each measure of each graph.
fn expected() -> BTreeMap<String, BTreeMap<String, (f64, f64)>> {
    let mut all: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for row in rows("tests/data/quality.csv") {
        let value = (row[2].parse().unwrap(), row[3].parse().unwrap());
        all.entry(row[0].clone()).or_default().insert(row[1].clone(), value);
    }
    all
}

fn named(report: &QualityReport) -> [(&'static str, Measure); 5] {
    [
        ("trustworthiness", report.trustworthiness.unwrap()),
        ("stress", report.stress.unwrap()),
        ("neighborhood preservation", report.neighborhood_preservation.unwrap()),
        ("edge length variation", report.edge_length_variation.unwrap()),
        ("crossing fraction", report.crossing_fraction.unwrap()),
    ]
}

#[test]
fn exact_measures_agree_with_dense_definitions() {
    let all = expected();
    assert_eq!(all.len(), 6);
    for (name, values) in all {
        let (x, y) = positions(&name);
        let report = measure(&graph(&name), &x, &y, &QualityConfig::default()).unwrap();
        for (what, found) in named(&report) {
            assert!(found.exact, "{what} of {name}");
            let (value, _) = values[what];
            let difference = (found.value - value).abs();
            assert!(difference < 1e-9, "{what} of {name} is {}, not {value}", found.value);
        }
    }
}

/// scikit-learn ranks ties as its sort leaves them; its mean over orders of the nodes is ours.
#[test]
fn trustworthiness_is_the_mean_of_scikit_learn_over_orders_of_the_nodes() {
    for (name, values) in expected() {
        let (x, y) = positions(&name);
        let report = measure(&graph(&name), &x, &y, &QualityConfig::default()).unwrap();
        let (mean, error) = values["scikit-learn trustworthiness"];
        let found = report.trustworthiness.unwrap().value;
        assert!((found - mean).abs() < 4.0 * error, "{name}: {found}, not {mean} ± {error}");
    }
}

#[test]
fn samples_err_as_much_as_they_say() {
    let graph = graph("netscience");
    let (x, y) = positions("netscience");
    let exact = named(&measure(&graph, &x, &y, &QualityConfig::default()).unwrap());
    let mut squares = BTreeMap::<_, Vec<f64>>::new();
    for seed in 0..60 {
        let config = QualityConfig { budget: 4000, n_edge_pairs: 2000, seed, ..Default::default() };
        let sampled = named(&measure(&graph, &x, &y, &config).unwrap());
        for ((what, found), (_, exact)) in sampled.into_iter().zip(exact) {
            if what == "edge length variation" {
                assert_eq!(found, exact);
                continue;
            }
            assert!(!found.exact && found.sample_size < exact.sample_size, "{what}");
            let off = (found.value - exact.value) / found.standard_error;
            squares.entry(what).or_default().push(off * off);
        }
    }
    assert_eq!(squares.len(), 4);
    for (what, squares) in squares {
        let rms = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
        assert!((0.7..1.4).contains(&rms), "{what} errs by {rms} standard errors");
    }
}

#[test]
fn the_report_does_not_depend_on_threads() {
    let graph = graph("netscience");
    let (x, y) = positions("netscience");
    for budget in [5000, 1_000_000_000] {
        let config = QualityConfig { budget, ..QualityConfig::default() };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| measure(&graph, &x, &y, &config).unwrap())
        };
        assert_eq!(run(1), run(3));
    }
}

#[test]
fn scale_place_and_order_do_not_matter() {
    let graph = graph("lesmis");
    let n = graph.n_nodes();
    let (x, y) = positions("lesmis");
    let config = QualityConfig::default();
    let report = named(&measure(&graph, &x, &y, &config).unwrap());

    // Powers of two, so that no rounding disturbs ties.
    let (far_x, far_y) = (x.iter().map(|x| 8.0 * x).collect(), y.iter().map(|y| 8.0 * y).collect());
    let far: (Vec<f32>, Vec<f32>) = (far_x, far_y);
    let scaled = named(&measure(&graph, &far.0, &far.1, &config).unwrap());

    // Node u becomes node n − 1 − u, and every edge turns around.
    let flip = |column: &[u32]| column.iter().map(|&u| (n - 1) as u32 - u).collect();
    let coo = Coo::new(n, flip(graph.coo().targets()), flip(graph.coo().sources()), None).unwrap();
    let (back_x, back_y): (Vec<_>, Vec<_>) = x.into_iter().zip(y).rev().unzip();
    let flipped = named(&measure(&Graph::from_coo(coo, true), &back_x, &back_y, &config).unwrap());
    for ((what, value), (scaled, flipped)) in
        report.into_iter().zip(scaled.into_iter().map(|s| s.1).zip(flipped.map(|f| f.1)))
    {
        assert!((value.value - scaled.value).abs() < 1e-12, "{what} changes with scale");
        assert!((value.value - flipped.value).abs() < 1e-12, "{what} changes with order");
    }
}

#[test]
fn a_perfect_drawing_is_perfect() {
    // A path along a line: distances are right, all edges equal, none cross.
    let n = 40;
    let coo = Coo::new(n, (0..39).collect(), (1..40).collect(), None).unwrap();
    let x: Vec<f32> = (0..40_u8).map(f32::from).collect();
    let path = Graph::from_coo(coo, false);
    let report = measure(&path, &x, &vec![3.0; n], &QualityConfig::default()).unwrap();
    let [_, stress, neighborhood, variation, crossings] = named(&report).map(|m| m.1.value);
    assert!(stress.abs() < 1e-12 && variation.abs() < 1e-12 && crossings.abs() < 1e-12);
    assert!((neighborhood - 1.0).abs() < 0.03, "only the two ends may choose otherwise");
}

#[test]
fn two_crossing_edges_cross_and_touching_ones_do_not() {
    let crossing = |ends: [(f32, f32); 4], edges: [(u32, u32); 2]| {
        let (x, y): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
        let (sources, targets) = edges.into_iter().unzip();
        let graph = Graph::from_coo(Coo::new(4, sources, targets, None).unwrap(), false);
        let report = measure(&graph, &x, &y, &QualityConfig::default()).unwrap();
        report.crossing_fraction.unwrap().value
    };
    let square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    // Of four ordered pairs of edges, two are different edges.
    assert!((crossing(square, [(0, 2), (1, 3)]) - 0.5).abs() < 1e-12);
    assert!(crossing(square, [(0, 1), (2, 3)]) < 1e-12);
    assert!(crossing(square, [(0, 2), (2, 3)]) < 1e-12);
    let touching = [(0.0, 0.0), (2.0, 0.0), (1.0, 0.0), (1.0, 1.0)];
    assert!(crossing(touching, [(0, 1), (2, 3)]) < 1e-12);
}

#[test]
fn what_is_undefined_is_absent_and_never_not_a_number() {
    let run = |n: usize, edges: &[(u32, u32)]| {
        let (sources, targets) = edges.iter().copied().unzip();
        let graph = Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), false);
        measure(&graph, &vec![1.0; n], &vec![2.0; n], &QualityConfig::default()).unwrap()
    };
    for (n, edges) in [(0, &[][..]), (1, &[]), (1, &[(0, 0)]), (9, &[])] {
        let report = run(n, edges);
        assert_eq!(report.trustworthiness, None);
        assert_eq!(report.stress, None);
        assert_eq!(report.neighborhood_preservation, None);
        assert_eq!(report.edge_length_variation, None);
        assert_eq!(report.crossing_fraction, None);
    }
    // All nodes in one point.
    let report = run(12, &[(0, 1), (1, 2), (1, 1), (0, 1)]);
    assert_eq!(report.edge_length_variation, None);
    assert!((report.stress.unwrap().value - 1.0).abs() < 1e-12);
    assert!(report.trustworthiness.unwrap().value.is_finite());
    assert!(report.neighborhood_preservation.unwrap().value.is_finite());
}

#[test]
fn refuses_options_and_positions_out_of_range() {
    let graph = graph("karate");
    let zeros = vec![0.0; 34];
    let none = QualityConfig { n_neighbors: 0, ..QualityConfig::default() };
    let error = measure(&graph, &zeros, &zeros, &none).unwrap_err();
    assert_eq!(error.to_string(), "n_neighbors is 0, but it must be at least 1");
    let error = measure(&graph, &zeros[1..], &zeros, &QualityConfig::default()).unwrap_err();
    assert_eq!(error.to_string(), "column x has 33 entries, but 34 were expected");
    let mut bad = zeros.clone();
    bad[7] = f32::INFINITY;
    let error = measure(&graph, &zeros, &bad, &QualityConfig::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "node 7 lies at (0, inf), but positions must be finite and within ±1e18"
    );
}
