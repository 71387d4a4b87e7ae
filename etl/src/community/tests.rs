//! What holds for all algorithms of this module, on small graphs and on any number of threads.

use std::sync::atomic::AtomicBool;

use graph_core::generate::{PlantedPartition, Rmat, planted_partition, rmat};
use graph_core::{Coo, NodeId};
use proptest::prelude::*;

use super::*;
use crate::topology::{Merge, Undirected};
use crate::{Control, Error};

/// Edges `(u, v, weight)` among `n` nodes, self-loops included.
fn undirected(n: usize, edges: &[(u32, u32, u8)], weighted: bool) -> Undirected {
    let sources = edges.iter().map(|&(u, ..)| u).collect();
    let targets = edges.iter().map(|&(_, v, _)| v).collect();
    let weights = weighted.then(|| edges.iter().map(|&(.., w)| f32::from(w) / 4.0).collect());
    let coo = Coo::new(n, sources, targets, weights).unwrap();
    Undirected::from_coo(&coo, if weighted { Merge::Sum } else { Merge::Unit })
}

fn edges() -> impl Strategy<Value = Vec<(u32, u32, u8)>> {
    prop::collection::vec((0..30_u32, 0..30_u32, 0..9_u8), 0..120)
}

/// `Σ_uv [A_uv − γ k_u k_v / 2m] δ(c_u, c_v) / 2m` over all ordered pairs, `A_uu` twice the loop.
fn modularity_by_pairs(graph: &Undirected, labels: &[u32], resolution: f64) -> Option<f64> {
    let n = graph.n_nodes();
    let mut a = vec![vec![0.0; n]; n];
    for u in 0..n {
        for entry in graph.row(u as NodeId) {
            a[u][graph.targets()[entry] as usize] =
                graph.weights().map_or(1.0, |weights| weights[entry].into());
        }
        a[u][u] = 2.0 * graph.loops().map_or(0.0, |loops| f64::from(loops[u]));
    }
    let k: Vec<f64> = a.iter().map(|row| row.iter().sum()).collect();
    let total: f64 = k.iter().sum();
    let mut sum = 0.0;
    for u in 0..n {
        for v in (0..n).filter(|&v| labels[u] == labels[v]) {
            sum += a[u][v] - resolution * k[u] * k[v] / total;
        }
    }
    (total > 0.0).then_some(sum / total)
}

fn is_close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    }
}

/// Whether all nodes of each community reach one another without leaving it.
fn are_connected(graph: &Undirected, labels: &[u32], n_communities: usize) -> bool {
    let n = graph.n_nodes();
    let mut seen = vec![false; n];
    let mut n_parts = 0;
    for start in 0..n {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        n_parts += 1;
        let mut stack = vec![start];
        while let Some(u) = stack.pop() {
            for entry in graph.row(u as NodeId) {
                let v = graph.targets()[entry] as usize;
                let weighs = graph.weights().is_none_or(|weights| weights[entry] > 0.0);
                if weighs && labels[u] == labels[v] && !std::mem::replace(&mut seen[v], true) {
                    stack.push(v);
                }
            }
        }
    }
    n_parts == n_communities
}

fn check_report(graph: &Undirected, found: &Communities, resolution: f64) {
    assert_eq!(found.labels.len(), graph.n_nodes());
    let mut sizes = vec![0; found.n_communities()];
    for &label in &found.labels {
        sizes[label as usize] += 1;
    }
    assert_eq!(sizes, found.sizes);
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.iter().all(|&size| size > 0));
    let expected = modularity_by_pairs(graph, &found.labels, resolution);
    assert!(is_close(found.modularity, expected), "{:?} {expected:?}", found.modularity);
    for (depth, level) in found.levels.iter().enumerate() {
        let labels = found.labels_at(depth).unwrap();
        let expected = modularity_by_pairs(graph, &labels, resolution);
        assert!(is_close(Some(level.modularity), expected), "level {depth}");
        assert_eq!(labels.iter().max().map(|&most| most as usize + 1), Some(level.n_parts));
    }
    assert_eq!(found.labels_at(found.levels.len()), None);
    if let Some(last) = found.levels.len().checked_sub(1) {
        // The last level and the labels are the same communities under other numbers.
        let mut pairs: Vec<_> =
            found.labels_at(last).unwrap().into_iter().zip(found.labels.iter().copied()).collect();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), found.n_communities());
    }
}

proptest! {
    #[test]
    fn modularity_is_the_sum_over_pairs(
        edges in edges(),
        weighted: bool,
        labels in prop::collection::vec(prop::sample::select(vec![0, 1, 2, 9, 4_000_000_000]), 30),
        resolution in 0.0..3.0,
    ) {
        let graph = undirected(30, &edges, weighted);
        let found = modularity(&graph, &labels, resolution).unwrap();
        let expected = modularity_by_pairs(&graph, &labels, resolution);
        prop_assert!(is_close(found, expected), "{:?} {:?}", found, expected);
        let quality = quality(&graph, &labels, resolution).unwrap();
        prop_assert!(is_close(quality.modularity, expected));
        prop_assert!(quality.conductance.iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)));
    }

    #[test]
    fn louvain_tells_what_it_found(
        edges in edges(), weighted: bool, resolution in 0.1..3.0, seed: u64, max_levels in 0..4_u32,
    ) {
        let graph = undirected(30, &edges, weighted);
        let options = Louvain { resolution, max_levels, seed, ..Louvain::default() };
        let found = options.run(&graph, &Control::NONE).unwrap();
        check_report(&graph, &found, resolution);
    }

    /// Also if it may not go on to the end, when communities are not nodes of a level yet.
    #[test]
    fn communities_of_leiden_are_connected(
        edges in edges(), weighted: bool, resolution in 0.1..3.0, seed: u64,
        max_levels in prop::sample::select(vec![0, 1, 2, 32_u32]),
        max_rounds in prop::sample::select(vec![1, 32_u32]),
        max_iterations in 0..4_u32,
        randomness in prop::sample::select(vec![0.0, 0.01, 1.0]),
    ) {
        let graph = undirected(30, &edges, weighted);
        let options = Leiden {
            resolution, randomness, max_iterations, max_levels, max_rounds, seed,
            ..Leiden::default()
        };
        let found = options.run(&graph, &Control::NONE).unwrap();
        check_report(&graph, &found, resolution);
        prop_assert!(are_connected(&graph, &found.labels, found.n_communities()));
        for (depth, level) in found.levels.iter().enumerate() {
            let labels = found.labels_at(depth).unwrap();
            prop_assert!(are_connected(&graph, &labels, level.n_parts), "level {}", depth);
        }
    }

    /// No node can raise modularity by going to another community alone.
    #[test]
    fn leiden_ends_where_no_move_is_a_gain(edges in edges(), weighted: bool, seed: u64) {
        let graph = undirected(30, &edges, weighted);
        let options =
            Leiden { seed, tolerance: 0.0, max_iterations: 100, ..Leiden::default() };
        let found = options.run(&graph, &Control::NONE).unwrap();
        prop_assert!(found.converged);
        let Some(best) = modularity_by_pairs(&graph, &found.labels, 1.0) else { return Ok(()) };
        for u in 0..30 {
            for label in 0..=found.n_communities() as u32 {
                let mut labels = found.labels.clone();
                labels[u] = label;
                let other = modularity_by_pairs(&graph, &labels, 1.0).unwrap();
                prop_assert!(other <= best + 1e-9, "node {} to {}: {} > {}", u, label, other, best);
            }
        }
    }

    /// Every node has the heaviest label of its neighborhood once nothing changes.
    #[test]
    fn labels_have_spread_to_the_end(edges in edges(), weighted: bool, seed: u64) {
        let graph = undirected(30, &edges, weighted);
        let options = LabelPropagation { tolerance: 0.0, seed, ..LabelPropagation::default() };
        let found = options.run(&graph, &Control::NONE).unwrap();
        prop_assert!(found.converged);
        for u in 0..30 {
            let mut sums = [0.0; 30];
            for entry in graph.row(u) {
                let weight = graph.weights().map_or(1.0, |weights| weights[entry]);
                sums[found.labels[graph.targets()[entry] as usize] as usize] += weight;
            }
            let own = sums[found.labels[u as usize] as usize];
            prop_assert!(sums.iter().all(|&sum| sum <= own), "node {}: {:?}", u, sums);
        }
    }
}

/// 16 groups of 64 with many edges inside and few between.
fn planted() -> (Undirected, Vec<u32>) {
    let options =
        PlantedPartition { n_nodes: 16 * 64, n_blocks: 16, p_in: 0.4, p_out: 0.004, seed: 3 };
    let graph = planted_partition(&options).unwrap();
    (Undirected::new(&graph, Merge::Unit), (0..16 * 64).map(|u| u / 64).collect())
}

#[test]
fn planted_groups_are_found() {
    let (graph, truth) = planted();
    for seed in 0..3 {
        let louvain = Louvain { seed, ..Louvain::default() }.run(&graph, &Control::NONE).unwrap();
        let leiden = Leiden { seed, ..Leiden::default() }.run(&graph, &Control::NONE).unwrap();
        let options = LabelPropagation { seed, ..LabelPropagation::default() };
        let propagated = options.run(&graph, &Control::NONE).unwrap();
        for labels in [&louvain.labels, &leiden.labels, &propagated.labels] {
            assert_eq!(labels, &truth);
        }
    }
}

#[test]
fn resolution_splits_and_joins() {
    let (graph, _) = planted();
    let count = |resolution| {
        let leiden = Leiden { resolution, ..Leiden::default() };
        leiden.run(&graph, &Control::NONE).unwrap().n_communities()
    };
    let counts = [0.0, 0.5, 1.0, 50.0].map(count);
    assert_eq!(counts[..3], [1, 16, 16]);
    assert!(counts[3] > 100, "{counts:?}");
}

/// Zachary's karate club, whose best modularity is known: 0.41979.
/// Source of the bound: Brandes et al. 2008, doi:10.1109/TKDE.2007.190689.
#[test]
fn the_karate_club_is_split_as_well_as_can_be() {
    let text = include_str!("../../../tests/data/graphs/karate.csv");
    let edges: Vec<(u32, u32, u8)> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.split(',').map(|cell| cell.trim().parse::<u32>());
            Some((cells.next()?.ok()?, cells.next()?.ok()?, 1))
        })
        .collect();
    assert_eq!(edges.len(), 78);
    let graph = undirected(34, &edges, false);
    let best = |found: &dyn Fn(u64) -> Communities| {
        (0..10).filter_map(|seed| found(seed).modularity).fold(0.0, f64::max)
    };
    let leiden =
        best(&|seed| Leiden { seed, ..Leiden::default() }.run(&graph, &Control::NONE).unwrap());
    let louvain =
        best(&|seed| Louvain { seed, ..Louvain::default() }.run(&graph, &Control::NONE).unwrap());
    assert!((leiden - 0.419_79).abs() < 1e-5, "{leiden}");
    assert!(louvain > 0.4155 && louvain < 0.4198, "{louvain}");
}

#[derive(serde::Deserialize)]
struct Golden {
    n: usize,
    sources: Vec<u32>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    labels: Vec<u32>,
    modularity: f64,
    modularity_2: f64,
    coverage: f64,
    conductance: Vec<f64>,
}

#[test]
fn measures_are_those_of_networkx() {
    let cases: Vec<Golden> =
        serde_json::from_str(include_str!("../../tests/golden/community.json")).unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let coo = Coo::new(case.n, case.sources, case.targets, Some(case.weights)).unwrap();
        let graph = Undirected::from_coo(&coo, Merge::Sum);
        let found = quality(&graph, &case.labels, 1.0).unwrap();
        let at_2 = modularity(&graph, &case.labels, 2.0).unwrap();
        assert!(is_close(found.modularity, Some(case.modularity)));
        assert!(is_close(at_2, Some(case.modularity_2)));
        assert!(is_close(found.coverage, Some(case.coverage)));
        assert_eq!(found.conductance.len(), case.conductance.len());
        for (found, expected) in found.conductance.iter().zip(&case.conductance) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }
}

/// Large enough that batches and contracted blocks are shared among threads.
#[test]
fn any_number_of_threads_finds_the_same() {
    let graph = rmat(&Rmat { seed: 5, ..Rmat::graph500(15, 64) }).unwrap();
    let graph = Undirected::new(&graph, Merge::Sum);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            (
                Louvain::default().run(&graph, &Control::NONE).unwrap(),
                Leiden { max_iterations: 2, ..Leiden::default() }
                    .run(&graph, &Control::NONE)
                    .unwrap(),
                LabelPropagation::default().run(&graph, &Control::NONE).unwrap(),
            )
        })
    };
    let alone = run(1);
    assert!(alone.0.modularity > Some(0.01), "{:?}", alone.0.modularity);
    for threads in [2, 5] {
        assert!(run(threads) == alone, "{threads} threads");
    }
}

#[test]
fn graphs_without_edges_are_all_singletons() {
    for (n, edges) in [(0, &[][..]), (3, &[]), (3, &[(1, 2, 0_u8)])] {
        let graph = undirected(n, edges, true);
        let louvain = Louvain::default().run(&graph, &Control::NONE).unwrap();
        let leiden = Leiden::default().run(&graph, &Control::NONE).unwrap();
        assert_eq!(louvain, leiden);
        assert_eq!(louvain.labels, (0..n as u32).collect::<Vec<_>>());
        assert_eq!((louvain.modularity, louvain.converged), (None, true));
        let labels = LabelPropagation::default().run(&graph, &Control::NONE).unwrap();
        assert_eq!(labels.labels, louvain.labels);
    }
}

#[test]
fn bad_input_is_refused_before_work() {
    let graph = undirected(3, &[(0, 1, 1)], false);
    let refused = |result: Result<Communities, Error>, name: &str| match result {
        Err(Error::BadOption { option, .. }) => assert_eq!(option, name),
        other => panic!("{other:?}"),
    };
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let louvain = Louvain { resolution: bad, ..Louvain::default() };
        refused(louvain.run(&graph, &Control::NONE), "resolution");
        let leiden = Leiden { randomness: bad, ..Leiden::default() };
        refused(leiden.run(&graph, &Control::NONE), "randomness");
        let leiden = Leiden { tolerance: bad, ..Leiden::default() };
        refused(leiden.run(&graph, &Control::NONE), "tolerance");
        assert!(matches!(modularity(&graph, &[0; 3], bad), Err(Error::BadOption { .. })));
    }
    let short = modularity(&graph, &[0; 2], 1.0).unwrap_err();
    assert_eq!(short.to_string(), "labels has 2 entries, but 3 were expected");
}

#[test]
fn work_stops_when_asked() {
    let (graph, _) = planted();
    let stop = AtomicBool::new(true);
    let control = Control::default().stopped_by(&stop);
    assert!(matches!(Louvain::default().run(&graph, &control), Err(Error::Stopped { .. })));
    assert!(matches!(Leiden::default().run(&graph, &control), Err(Error::Stopped { .. })));
    let labels = LabelPropagation::default().run(&graph, &control);
    assert!(matches!(labels, Err(Error::Stopped { .. })));
}
