//! Measures of graphs on every device found, against those of the processor.

use std::sync::atomic::AtomicBool;

use graph_core::{Coo, Graph};
use graph_kernels::Device;
use proptest::prelude::*;

use super::DeviceGraph;
use super::tests::devices;
use crate::Control;
use crate::analytics::{
    Bfs, Clustering, Direction, PageRank, Precision, Sssp, core_numbers, degrees, triangles,
    weak_components,
};
use crate::topology::{Merge, Undirected};

fn graphs() -> impl Strategy<Value = Graph> {
    let edges = prop::collection::vec((0..40_u32, 0..40_u32, 0..5_u8), 0..160);
    (edges, any::<bool>(), any::<bool>()).prop_map(|(edges, weighted, directed)| {
        let weights: Vec<f32> = edges.iter().map(|&(_, _, w)| f32::from(w) / 2.0).collect();
        let (sources, targets) = edges.iter().map(|&(u, v, _)| (u, v)).unzip();
        let coo = Coo::new(40, sources, targets, weighted.then_some(weights)).unwrap();
        Graph::from_coo(coo, directed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn measures_of_graphs_agree_with_those_of_the_processor(
        graph in graphs(),
        sources in prop::collection::vec(0..40_u32, 0..4),
        direction in prop::sample::select(vec![Direction::Forward, Direction::Backward, Direction::Both]),
        max_distance in prop::option::of(0..5_u32),
        weighted: bool,
        is_personal: bool,
    ) {
        let control = Control::NONE;
        let personalization = if is_personal { vec![(3, 1.0), (7, 2.0)] } else { vec![] };
        let ranks = PageRank { weighted, personalization, tolerance: 1e-5, ..PageRank::default() };
        let search = Bfs { sources, direction, max_distance };
        let expected = ranks.run(&graph, &control).unwrap();
        for device in devices() {
            let on_device = DeviceGraph::new(&graph, device);
            let found = on_device.page_rank(&ranks, &control).unwrap();
            prop_assert_eq!(&found.ran.device, &device.to_string());
            for (found, expected) in found.result.rank.iter().zip(&expected.rank) {
                // Both stop by a change that each knows a little differently: at most a step apart.
                prop_assert!((found - expected).abs() < 2e-5, "{} for {} on {}", found, expected, device);
            }
            prop_assert!(found.result.converged && found.result.change < 1e-5);
            prop_assert!(found.result.iterations.abs_diff(expected.iterations) <= 1);
            let found = on_device.components(&control).unwrap().result;
            prop_assert_eq!(found, weak_components(&graph, &control).unwrap());
            let found = on_device.core_numbers(&control).unwrap().result;
            let simple = Undirected::new(&graph, Merge::Unit);
            prop_assert_eq!(found, core_numbers(&simple, &control).unwrap());
            let found = on_device.bfs(&search, &control).unwrap().result;
            prop_assert_eq!(found, search.run(&graph, &control).unwrap());
            let paths = Sssp { sources: search.sources.clone(), direction, delta: None };
            let found = on_device.sssp(&paths, &control).unwrap().result;
            prop_assert_eq!(found, paths.run(&graph, &control).unwrap());
            let found = on_device.triangles(&control).unwrap().result;
            prop_assert_eq!(found, triangles(&simple, &control).unwrap());
            let shares = Clustering::default();
            let found = on_device.clustering(&shares, &control).unwrap();
            prop_assert_eq!(&found.ran.device, &device.to_string());
            prop_assert_eq!(found.result, shares.run(&simple, &control).unwrap());
            // Halves sum without rounding, in whatever order.
            let found = on_device.degrees(&control).unwrap().result;
            prop_assert_eq!(found, degrees(&graph));
        }
    }
}

/// A graph with hubs, rows of all lengths and weights that round.
#[test]
fn triangles_and_paths_of_a_skewed_graph_agree() {
    use graph_core::generate::{Random, Rmat, rmat};
    let shape = rmat(&Rmat { scale: 10, n_edges: 12_000, ..Rmat::default() }).unwrap();
    let mut random = Random::new(1, 1);
    let weights: Vec<f32> = (0..12_000).map(|_| random.unit() as f32).collect();
    let (sources, targets) = (shape.coo().sources().to_vec(), shape.coo().targets().to_vec());
    let start = sources[0];
    let graph = Graph::from_coo(Coo::new(1 << 10, sources, targets, Some(weights)).unwrap(), true);
    let control = Control::NONE;
    let of_simple = triangles(&Undirected::new(&graph, Merge::Unit), &control).unwrap();
    assert!(of_simple.total > 10_000);
    let paths = Sssp { sources: vec![start], ..Sssp::default() };
    let expected = paths.run(&graph, &control).unwrap();
    let counted = degrees(&graph);
    for device in devices() {
        let on_device = DeviceGraph::new(&graph, device);
        assert_eq!(on_device.triangles(&control).unwrap().result, of_simple, "{device}");
        assert_eq!(on_device.sssp(&paths, &control).unwrap().result, expected, "{device}");
        let found = on_device.degrees(&control).unwrap().result;
        assert_eq!((&found.out, &found.r#in), (&counted.out, &counted.r#in), "{device}");
        let sums = (found.weighted.unwrap().total, counted.weighted.clone().unwrap().total);
        let is_near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b;
        assert!(sums.0.iter().zip(&sums.1).all(is_near), "{device}");
    }
}

#[test]
fn what_devices_cannot_rank_is_refused() {
    let graph = Graph::from_coo(Coo::new(2, vec![0], vec![1], None).unwrap(), true);
    let on_device = DeviceGraph::new(&graph, Device::Cpu);
    let error =
        |options: PageRank| on_device.page_rank(&options, &Control::NONE).unwrap_err().to_string();
    let double = PageRank { precision: Precision::Double, ..PageRank::default() };
    assert_eq!(error(double), "precision is double, but it must be single on a device");
    let small = PageRank { tolerance: 1e-7, ..PageRank::default() };
    assert!(error(small).starts_with("tolerance is 0.0000001, but it must be at least 1e-6"));
    assert!(error(PageRank { damping: 1.0, ..PageRank::default() }).starts_with("damping is 1"));
    let search = Bfs { sources: vec![2], ..Bfs::default() };
    assert!(on_device.bfs(&search, &Control::NONE).is_err());
    let paths = Sssp { sources: vec![2], ..Sssp::default() };
    assert!(on_device.sssp(&paths, &Control::NONE).is_err());
    let paths = Sssp { delta: Some(0.0), ..Sssp::default() };
    assert!(on_device.sssp(&paths, &Control::NONE).is_err());
    let heavy = Graph::from_coo(Coo::new(2, vec![0], vec![1], Some(vec![2.0])).unwrap(), true);
    let error = DeviceGraph::new(&heavy, Device::Cpu)
        .clustering(&Clustering { weighted: true }, &Control::NONE)
        .unwrap_err()
        .to_string();
    assert!(error.contains("counts triangles alone"), "{error}");
    let stop = AtomicBool::new(true);
    let control = Control::default().stopped_by(&stop);
    assert!(on_device.components(&control).is_err());
    assert!(on_device.page_rank(&PageRank::default(), &control).is_err());
    let empty = Graph::from_coo(Coo::new(0, vec![], vec![], None).unwrap(), true);
    for device in devices() {
        let empty = DeviceGraph::new(&empty, device);
        let ranks = empty.page_rank(&PageRank::default(), &Control::NONE).unwrap().result;
        assert!(ranks.rank.is_empty() && ranks.converged);
        assert_eq!(empty.components(&Control::NONE).unwrap().result.n_components(), 0);
        assert_eq!(empty.bfs(&Bfs::default(), &Control::NONE).unwrap().result.n_reached, 0);
        assert_eq!(empty.sssp(&Sssp::default(), &Control::NONE).unwrap().result.n_reached, 0);
        assert_eq!(empty.triangles(&Control::NONE).unwrap().result.total, 0);
        assert!(empty.degrees(&Control::NONE).unwrap().result.total.is_empty());
    }
}
