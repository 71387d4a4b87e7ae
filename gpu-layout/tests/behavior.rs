//! Graphs that break layouts elsewhere, and what a live session promises.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;

use gpu_layout::{Config, Layout, Repulsion, Stop};
use graph_core::generate::{PlantedPartition, planted_partition};
use graph_core::{Coo, Graph};

fn graph(n: usize, edges: &[(u32, u32)]) -> Graph {
    let (sources, targets) = edges.iter().copied().unzip();
    Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), false)
}

/// Runs and checks that every position is finite and within `reach` of the origin.
fn stays_within(graph: &Graph, config: Config, iterations: usize, reach: f32) -> Layout {
    let mut layout = Layout::builder(graph).config(config).build().unwrap();
    layout.run(iterations, |_| ControlFlow::Continue(())).unwrap();
    for (u, (x, y)) in
        layout.positions().unwrap()[0].iter().zip(layout.positions().unwrap()[1]).enumerate()
    {
        assert!(x.hypot(*y) < reach, "node {u} is at ({x}, {y})");
    }
    layout
}

fn both() -> [Config; 2] {
    [Repulsion::Exact, Repulsion::Approximate]
        .map(|repulsion| Config { repulsion, ..Config::default() })
}

#[test]
fn no_node_and_one_node() {
    for config in both() {
        assert_eq!(stays_within(&graph(0, &[]), config.clone(), 50, 1.0).n_nodes(), 0);
        stays_within(&graph(1, &[]), config.clone(), 50, 100.0);
        stays_within(&graph(1, &[(0, 0)]), config, 50, 100.0);
    }
}

#[test]
fn isolated_nodes_spread_out_and_stay_near() {
    for config in both() {
        let layout = stays_within(&graph(500, &[]), config, 300, 1000.0);
        let (x, y) = layout.positions().unwrap().into();
        let mut nearest = f32::MAX;
        for u in 0..500 {
            for v in 0..u {
                nearest = nearest.min((x[u] - x[v]).hypot(y[u] - y[v]));
            }
        }
        assert!(nearest > 0.1, "{nearest}");
    }
}

#[test]
fn nodes_that_start_at_one_place_come_apart() {
    for config in both() {
        let pair = graph(2, &[(0, 1)]);
        for start in [[0.0, 0.0], [3.0, 3.0]] {
            let mut layout = Layout::builder(&pair)
                .config(config.clone())
                .positions(&start, &start)
                .build()
                .unwrap();
            layout.run(100, |_| ControlFlow::Continue(())).unwrap();
            let distance = (layout.positions().unwrap()[0][0] - layout.positions().unwrap()[0][1])
                .hypot(layout.positions().unwrap()[1][0] - layout.positions().unwrap()[1][1]);
            assert!((0.5..50.0).contains(&distance), "{distance}");
        }
    }
}

/// A hub whose row holds every other node, and a force that is the sum of as many.
#[test]
fn a_star_of_a_million_leaves() {
    let n = 1_000_001;
    let edges: Vec<_> = (1..n as u32).map(|leaf| (0, leaf)).collect();
    let layout = stays_within(&graph(n, &edges), Config::default(), 3, 1e6);
    assert!(layout.last().swinging.is_finite() && layout.last().speed > 0.0);
}

#[test]
fn ten_thousand_components_stay_together() {
    let edges: Vec<_> = (0..10_000).map(|c| (3 * c, 3 * c + 1)).collect();
    let layout = stays_within(&graph(30_000, &edges), Config::default(), 60, 1e5);
    let last = layout.last();
    let farthest = layout.positions().unwrap()[0]
        .iter()
        .zip(layout.positions().unwrap()[1])
        .map(|(x, y)| x.hypot(*y))
        .fold(0.0, f32::max);
    assert!(f64::from(farthest) < 10.0 * last.radius, "{farthest} of {}", last.radius);
}

#[test]
fn enormous_weights_and_places_do_not_make_nan() {
    let coo = Coo::new(3, vec![0, 1], vec![1, 2], Some(vec![f32::MAX, 1e-30])).unwrap();
    let graph = Graph::from_coo(coo, true);
    for config in both() {
        let mut layout = Layout::builder(&graph)
            .config(config)
            .positions(&[1e18, -1e18, 0.0], &[0.0, 1.0, f32::MIN_POSITIVE])
            .build()
            .unwrap();
        layout.run(50, |_| ControlFlow::Continue(())).unwrap();
        assert!(
            layout.positions().unwrap()[0]
                .iter()
                .chain(layout.positions().unwrap()[1])
                .all(|v| !v.is_nan())
        );
    }
}

#[test]
fn sizes_keep_nodes_apart_in_both_modes() {
    let edges: Vec<_> = (0..200).flat_map(|u| [(u, (u + 1) % 200), (u, (u * 7) % 200)]).collect();
    let graph = graph(200, &edges);
    for config in both() {
        let config = Config { adjust_sizes: true, tolerance: 0.0, ..config };
        let mut layout = Layout::builder(&graph).config(config).sizes(&[3.0; 200]).build().unwrap();
        layout.run(1000, |_| ControlFlow::Continue(())).unwrap();
        let (x, y) = layout.positions().unwrap().into();
        let overlaps = (0..200)
            .flat_map(|u| (0..u).map(move |v| (u, v)))
            .filter(|&(u, v)| (x[u] - x[v]).hypot(y[u] - y[v]) < 5.9)
            .count();
        assert_eq!(overlaps, 0);
    }
}

#[test]
fn pinned_and_immobile_nodes_do_not_move_and_moved_ones_are_there() {
    let graph = graph(4, &[(0, 1), (1, 2), (2, 3)]);
    let (x, y) = ([0.0, 5.0, 9.0, 20.0], [1.0, -4.0, 2.0, 3.0]);
    let mut layout = Layout::builder(&graph)
        .positions(&x, &y)
        .fixed(&[true, false, false, false])
        .mobilities(&[1.0, 0.0, 1.0, 1.0])
        .build()
        .unwrap();
    layout.move_node(3, -7.0, 7.0).unwrap();
    layout.set_fixed(3, true).unwrap();
    for _ in 0..20 {
        layout.step().unwrap();
    }
    assert_eq!((layout.positions().unwrap()[0][0], layout.positions().unwrap()[1][0]), (0.0, 1.0));
    assert_eq!((layout.positions().unwrap()[0][1], layout.positions().unwrap()[1][1]), (5.0, -4.0));
    assert_eq!((layout.positions().unwrap()[0][3], layout.positions().unwrap()[1][3]), (-7.0, 7.0));
    assert_ne!(layout.positions().unwrap()[0][2], 9.0);
    layout.set_fixed(3, false).unwrap();
    layout.step().unwrap();
    assert_ne!(layout.positions().unwrap()[0][3], -7.0);
}

#[test]
fn options_change_while_it_runs_and_bad_ones_leave_the_old() {
    let graph = graph(50, &(0..49).map(|u| (u, u + 1)).collect::<Vec<_>>());
    let mut layout = Layout::builder(&graph).build().unwrap();
    layout.run(500, |_| ControlFlow::Continue(())).unwrap();
    let before = layout.last().radius;
    layout.set_config(Config { scaling: 50.0, ..Config::default() }).unwrap();
    assert!(!layout.has_converged());
    layout.run(500, |_| ControlFlow::Continue(())).unwrap();
    assert!(layout.last().radius > 2.0 * before);
    let error = layout.set_config(Config { theta: 3.0, ..Config::default() }).unwrap_err();
    assert_eq!(error.to_string(), "theta is 3, but it must be from 0 to 0.9");
    assert_eq!(layout.config().scaling, 50.0);
}

#[test]
fn a_run_ends_for_one_of_three_reasons() {
    let graph = graph(30, &(0..29).map(|u| (u, u + 1)).collect::<Vec<_>>());
    let mut layout = Layout::builder(&graph).build().unwrap();
    let report = layout.run(3, |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((report.iterations, report.stop), (3, Stop::Iterations));
    let report = layout
        .run(9, |layout| match layout.last().iteration {
            5.. => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .unwrap();
    assert_eq!((report.iterations, report.stop), (2, Stop::Canceled));
    let report = layout.run(100_000, |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.stop, Stop::Converged);
}

#[test]
fn bad_columns_are_refused_by_name_node_and_value() {
    let graph = graph(2, &[(0, 1)]);
    let message = |builder: gpu_layout::LayoutBuilder| builder.build().unwrap_err().to_string();
    let start = || Layout::builder(&graph);
    assert_eq!(
        message(start().masses(&[1.0, 0.0])),
        "node 1 has mass 0, but it must be finite and above 0"
    );
    assert_eq!(
        message(start().sizes(&[-1.0, 0.0])),
        "node 0 has size -1, but it must be finite and at least 0"
    );
    assert_eq!(
        message(start().mobilities(&[1.0, f32::NAN])),
        "node 1 has mobility NaN, but it must be finite and at least 0"
    );
    assert_eq!(message(start().fixed(&[true])), "column fixed has 1 entries, but 2 were expected");
    assert_eq!(
        message(start().positions(&[0.0], &[0.0, 1.0])),
        "column x has 1 entries, but 2 were expected"
    );
    assert_eq!(
        message(start().positions(&[0.0, f32::INFINITY], &[0.0, 1.0])),
        "node 1 lies at (inf, 1), but positions must be finite and within ±1e18"
    );
}

#[test]
fn what_is_locked_stays_and_the_rest_moves() {
    let groups = PlantedPartition { n_nodes: 120, n_blocks: 4, p_in: 0.3, p_out: 0.02, seed: 1 };
    let graph = planted_partition(&groups).unwrap();
    for repulsion in [Repulsion::Exact, Repulsion::Approximate] {
        check_locks(&graph, repulsion);
    }
}

fn check_locks(graph: &Graph, repulsion: Repulsion) {
    let free = Config { repulsion, tolerance: 0.0, ..Config::default() };
    let mut begin = Layout::builder(graph).config(free.clone()).build().unwrap();
    begin.steps(20).unwrap();
    let [x, y] = begin.positions().unwrap().map(<[f32]>::to_vec);
    let after = |config: Config| {
        let mut layout = Layout::builder(graph).positions(&x, &y).build().unwrap();
        // They hold from when they are set.
        layout.set_config(config).unwrap();
        layout.steps(100).unwrap();
        layout.positions().unwrap().map(<[f32]>::to_vec)
    };
    let n = x.len();
    let moved = |a: &[f32], b: &[f32]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    let [new_x, new_y] = after(Config { lock_x: true, ..free.clone() });
    assert_eq!((moved(&x, &new_x), moved(&y, &new_y)), (0, n));
    let [new_x, new_y] = after(Config { lock_y: true, ..free.clone() });
    assert_eq!((moved(&x, &new_x), moved(&y, &new_y)), (n, 0));
    let [new_x, new_y] = after(Config { lock_r: true, ..free.clone() });
    assert_eq!(moved(&x, &new_x), n);
    for u in 0..n {
        let [old, new] = [x[u].hypot(y[u]), new_x[u].hypot(new_y[u])];
        assert!((old - new).abs() < 1e-5 * old, "{u}: {old} became {new}");
    }
    for two in [
        Config { lock_x: true, lock_y: true, ..free.clone() },
        Config { lock_x: true, lock_r: true, ..free.clone() },
    ] {
        assert_eq!(after(two), [x.clone(), y.clone()]);
    }
}
