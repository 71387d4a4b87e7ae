//! Detectors of nodes and of changing graphs against scikit-learn and against their definitions, and
//! all of them by name.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::collections::BTreeSet;

use arrow::array::Array;
use gad_eval::Error;
use gad_eval::detectors::nodes::{
    Features, IsolationForest, Lof, NeighborCosine, NeighborResidual, NodeData, NodeDetector,
    OddBall, Scan, View,
};
use gad_eval::detectors::snapshots::{
    AnomRank, LinkSurprise, Proximity, TemporalDetector, TemporalEdges,
};
use gad_eval::detectors::{Dataset, all, configure};
use gad_eval::metrics::roc_auc_score;
use gad_eval::results::{Level, Timing};
use graph_core::{Control, Coo};
use proptest::prelude::*;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn data(n: usize, edges: &[(u32, u32)], features: Option<Features>) -> NodeData {
    let (sources, targets) = edges.iter().copied().unzip();
    NodeData::new(&Coo::new(n, sources, targets, None).unwrap(), features).unwrap()
}

/// The points of the golden file, as nodes without edges.
fn points() -> (NodeData, Value) {
    let golden: Value = serde_json::from_str(include_str!("../golden/detectors.json")).unwrap();
    let points = golden["points"].as_array().unwrap();
    let values = points.iter().flat_map(numbers).collect();
    let features = Features::new(4, values).unwrap();
    (data(points.len(), &[], Some(features)), golden)
}

#[test]
fn outlier_factors_are_those_of_scikit_learn() {
    let (points, golden) = points();
    for (k, expected) in golden["lof"].as_object().unwrap() {
        let lof = Lof { k: k.parse().unwrap(), view: View::Own };
        let found = lof.score(&points, &Control::NONE).unwrap();
        for (point, (found, expected)) in found.iter().zip(numbers(expected)).enumerate() {
            let near = (found - expected).abs() <= 1e-9 * expected;
            assert!(near, "k {k}, point {point}: {found} instead of {expected}");
        }
    }
}

/// Another generator draws other trees, but the mean depth over many is the same.
#[test]
fn forests_of_many_trees_are_those_of_scikit_learn() {
    let (points, golden) = points();
    let forest = IsolationForest { trees: 4000, sample: 64, view: View::Own, seed: 1 };
    let found = forest.score(&points, &Control::NONE).unwrap();
    for (point, (found, expected)) in found.iter().zip(numbers(&golden["forest"])).enumerate() {
        assert!((found - expected).abs() < 0.01, "point {point}: {found} instead of {expected}");
    }
}

#[test]
fn a_forest_is_a_function_of_its_seed() {
    let (points, _) = points();
    let score = |seed, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let forest = IsolationForest { seed, view: View::Own, ..IsolationForest::default() };
        pool.install(|| forest.score(&points, &Control::NONE).unwrap())
    };
    assert_eq!(score(1, 1), score(1, 3));
    assert_ne!(score(1, 1), score(2, 1));
}

proptest! {
    /// Oracle: sets of neighbors, and every ε that is a similarity tried by SCAN's own definition.
    #[test]
    fn scan_is_the_largest_threshold_with_a_cluster(
        edges in prop::collection::vec((0..8_u32, 0..8_u32), 0..24),
        mu in 1..5_usize,
    ) {
        let n = 8;
        let data = data(n, &edges, None);
        let report = Scan { mu }.run(&data, &Control::NONE).unwrap();
        let mut around: Vec<BTreeSet<u32>> = (0..n as u32).map(|u| BTreeSet::from([u])).collect();
        for &(u, v) in &edges {
            around[u as usize].insert(v);
            around[v as usize].insert(u);
        }
        let similar = |u: usize, v: usize| {
            let shared = around[u].intersection(&around[v]).count();
            shared as f64 / ((around[u].len() * around[v].len()) as f64).sqrt()
        };
        let is_core = |u: usize, e: f64| {
            around[u].iter().filter(|&&v| similar(u, v as usize) >= e).count() >= mu
        };
        let in_cluster = |u: usize, e: f64| {
            around[u].iter().any(|&v| is_core(v as usize, e) && similar(u, v as usize) >= e)
        };
        let mut thresholds = vec![0.0];
        thresholds.extend((0..n).flat_map(|u| (0..n).map(move |v| (u, v))).map(|(u, v)| similar(u, v)));
        let largest = |holds: &dyn Fn(f64) -> bool| {
            thresholds.iter().copied().filter(|&e| e == 0.0 || holds(e)).fold(0.0, f64::max)
        };
        for u in 0..n {
            prop_assert!((report.nodes[u] - (1.0 - largest(&|e| in_cluster(u, e)))).abs() < 1e-12);
            for (&v, &found) in data.graph().neighbors(u as u32).iter().zip(&report.edges[data.graph().row(u as u32)]) {
                let v = v as usize;
                let joined = largest(&|e| similar(u, v) >= e && (is_core(u, e) || is_core(v, e)));
                prop_assert!((found - (1.0 - joined)).abs() < 1e-12);
            }
        }
    }

    /// Oracle: egonets counted edge by edge, and the line from the normal equations.
    #[test]
    fn odd_ball_is_its_formula(edges in prop::collection::vec((0..9_u32, 0..9_u32), 1..30)) {
        let found = OddBall {}.score(&data(9, &edges, None), &Control::NONE).unwrap();
        let simple: BTreeSet<(u32, u32)> =
            edges.iter().filter(|(u, v)| u != v).map(|&(u, v)| (u.min(v), u.max(v))).collect();
        let linked = |u: u32, v: u32| simple.contains(&(u.min(v), u.max(v)));
        let egonets: Vec<(f64, f64)> = (0..9)
            .map(|u| {
                let own = (0..9).filter(|&v| linked(u, v)).count();
                let inside = simple.iter().filter(|&&(v, w)| {
                    let member = |v| v == u || linked(u, v);
                    member(v) && member(w)
                });
                ((own.max(1) as f64), (inside.count().max(1) as f64))
            })
            .collect();
        let logs: Vec<(f64, f64)> = egonets.iter().map(|ego| (ego.0.ln(), ego.1.ln())).collect();
        let sum = |of: &dyn Fn(f64, f64) -> f64| logs.iter().map(|&(x, y)| of(x, y)).sum::<f64>();
        let (sx, sy, sxx, sxy) = (sum(&|x, _| x), sum(&|_, y| y), sum(&|x, _| x * x), sum(&|x, y| x * y));
        let spread = 9.0 * sxx - sx * sx;
        let slope = if spread < 1e-9 { 0.0 } else { (9.0 * sxy - sx * sy) / spread };
        let offset = (sy - slope * sx) / 9.0;
        for (u, (&(size, edges), found)) in egonets.iter().zip(found).enumerate() {
            let fitted = (offset + slope * size.ln()).exp();
            let expected = edges.max(fitted) / edges.min(fitted) * ((edges - fitted).abs() + 1.0).ln();
            prop_assert!((found - expected).abs() < 1e-9, "{u}: {found} {expected}");
        }
    }
}

#[test]
fn residual_and_cosine_are_against_the_mean_of_neighbors() {
    let features = Features::new(2, vec![1.0, 0.0, 0.0, 2.0, 2.0, 0.0, 3.0, 4.0]).unwrap();
    // Directions, self-loops and parallel edges do not count; node 3 has no neighbors.
    let data = data(4, &[(0, 1), (1, 0), (2, 0), (2, 2)], Some(features));
    let residual = NeighborResidual {}.score(&data, &Control::NONE).unwrap();
    assert_eq!(residual, [1.0, 5.0_f64.sqrt(), 1.0, 5.0]);
    let cosine = NeighborCosine {}.score(&data, &Control::NONE).unwrap();
    let expected = [1.0 - 0.5_f64.sqrt(), 1.0, 0.0, 1.0];
    assert!(cosine.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{cosine:?}");
}

/// Two communities whose members meet in each window, and late edges across.
fn communities() -> (TemporalEdges, Vec<bool>) {
    let (mut sources, mut targets, mut times, mut labels) = (vec![], vec![], vec![], vec![]);
    for time in 0..12 {
        for step in 0..60_u32 {
            let side = step % 2 * 20;
            let u = (step * 7 + time * 3) % 20;
            sources.push(side + u);
            targets.push(side + (u + 1 + step * 5 % 7) % 20);
            times.push(i64::from(time));
            labels.push(false);
        }
        if time > 5 {
            sources.push(time);
            targets.push(20 + (time * 7) % 20);
            times.push(i64::from(time));
            labels.push(true);
        }
    }
    (TemporalEdges::new(41, sources, targets, times).unwrap(), labels)
}

#[test]
fn edges_between_communities_are_surprising() {
    let (edges, labels) = communities();
    let late = edges.times().iter().position(|&time| time == 6).unwrap();
    let area = |detector: &dyn TemporalDetector, least: f64| {
        let scores = detector.score(&edges, &Control::NONE).unwrap();
        assert_eq!(scores.len(), edges.n_edges());
        assert_eq!(scores, detector.score(&edges, &Control::NONE).unwrap());
        let found = roc_auc_score(&labels[late..], &scores[late..]).unwrap();
        assert!(found > least, "{} {found}", detector.name());
    };
    for proximity in
        [Proximity::CommonNeighbors, Proximity::AdamicAdar, Proximity::PersonalizedPageRank]
    {
        area(&LinkSurprise { proximity, ..LinkSurprise::default() }, 0.95);
    }
}

#[test]
fn a_node_that_jumps_stands_out_in_its_window() {
    let (edges, _) = communities();
    let (mut sources, mut targets) = (edges.sources().to_vec(), edges.targets().to_vec());
    let mut times = edges.times().to_vec();
    let at = times.iter().position(|&time| time == 9).unwrap();
    for u in 0..40 {
        sources.insert(at, u);
        targets.insert(at, 40);
        times.insert(at, 9);
    }
    let edges = TemporalEdges::new(41, sources, targets, times).unwrap();
    let report = AnomRank::default().run(&edges, &Control::NONE).unwrap();
    assert_eq!((report.nodes.len(), report.windows.len()), (12 * 41, 12));
    let window = &report.nodes[9 * 41..10 * 41];
    let most = (0..41).max_by(|&a, &b| window[a].total_cmp(&window[b])).unwrap();
    assert_eq!(most, 40);
    let most = (0..12).max_by(|&a, &b| report.windows[a].total_cmp(&report.windows[b])).unwrap();
    assert_eq!(most, 9);
}

#[test]
fn every_detector_runs_by_its_name() {
    let (edges, _) = communities();
    let wide = |ids: &[u32]| ids.iter().map(|&id| id.into()).collect();
    let n = edges.n_nodes();
    let dataset = Dataset {
        n_nodes: n,
        sources: wide(edges.sources()),
        targets: wide(edges.targets()),
        times: Some(edges.times().to_vec().into()),
        features: Some(
            Features::new(2, (0..2 * n).map(|i| (i * i % 17) as f64).collect()).unwrap(),
        ),
        labels: None,
    };
    let names: BTreeSet<&str> = all().iter().map(|info| info.name).collect();
    assert_eq!(names.len(), all().len());
    for info in all() {
        let detector = configure(info.name, []).unwrap();
        assert_eq!(detector.options(), &info.defaults(), "{}", info.name);
        let results = detector.run(&dataset, &Control::NONE).unwrap();
        assert_eq!(results.result_type, info.result_type);
        let expected = match (info.result_type.level, info.result_type.timing) {
            (Level::Node, Timing::Static) => n,
            (Level::Node, _) => 12 * n,
            (Level::Edge, _) => edges.n_edges(),
            (Level::Graph, _) => 1,
        };
        assert_eq!(results.scores.len(), expected, "{}", info.name);
        assert_eq!(results.scores.null_count(), 0);
        assert!(results.scores.values().iter().all(|score| score.is_finite()), "{}", info.name);
        assert_eq!(results.metadata["method_name"], info.name);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        results.write(&path).unwrap();
        assert!(!info.doc.is_empty() && !info.source.is_empty());
        let streams = [
            "midas",
            "midas-r",
            "midas-f",
            "anoedge-l",
            "anoedge-g",
            "anograph",
            "anograph-k",
            "sedanspot",
        ];
        assert_eq!(detector.start().unwrap().is_some(), streams.contains(&info.name));
        // What it needs is said, and missed.
        let bare = Dataset { features: None, ..dataset.clone() };
        assert_eq!(detector.run(&bare, &Control::NONE).is_err(), info.needs_features);
        let timeless = Dataset { times: None, ..dataset.clone() };
        assert_eq!(
            detector.run(&timeless, &Control::NONE).is_err(),
            info.needs_times,
            "{}",
            info.name
        );
    }
}

#[test]
fn parameters_are_read_from_texts() {
    let detector = configure("lof", [("k", "7"), ("view", "own")]).unwrap();
    assert_eq!(detector.options()["k"], 7);
    assert_eq!(detector.options()["view"], "own");
    let error = |name: &str, key: &str, value: &str| {
        configure(name, [(key, value)]).unwrap_err().to_string()
    };
    assert_eq!(
        configure("midaz", []).unwrap_err().to_string(),
        "there is no detector `midaz`, did you mean `midas`?"
    );
    assert_eq!(
        error("midas", "colums", "1"),
        "there is no parameter `colums`, did you mean `columns`?"
    );
    assert_eq!(
        error("midas", "columns", "many"),
        "parameter `columns`: it should be a whole number, 0 or more, not \"many\""
    );
    let error = error("lof", "view", "all");
    assert!(error.starts_with("parameter `view`: there is no `all`; there are `"), "{error}");
    assert!(matches!(
        configure("midas", [("tick", "0")]),
        Err(Error::BadOption { option: "tick", .. })
    ));
}

#[test]
fn labels_and_ends_that_do_not_fit_are_refused() {
    let dataset = Dataset {
        n_nodes: 3,
        sources: vec![0, 3].into(),
        targets: vec![1, 2].into(),
        ..Dataset::default()
    };
    let degree = configure("degree", []).unwrap();
    let message = degree.run(&dataset, &Control::NONE).unwrap_err().to_string();
    assert!(message.contains("edge 1 names node 3"), "{message}");
    let dataset = Dataset { sources: vec![0, 1].into(), labels: Some(vec![true]), ..dataset };
    let error = degree.run(&dataset, &Control::NONE).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { name: "labels", found: 1, expected: 3, .. }));
    assert!(Features::new(2, vec![1.0, f64::NAN]).is_err());
    assert!(Features::new(2, vec![1.0]).is_err());
    assert!(TemporalEdges::new(2, vec![0, 0], vec![1, 1], vec![5, 4]).is_err());
}
