//! ForceAtlas2 on every device found, against the processor: forces, single steps, options, and
//! the mistakes that others made.
//!
//! The devices are named in the output, and a backend without one is printed as skipped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "who reads the tests should see on what they ran")]

mod common;

use std::ops::ControlFlow;

use common::variants;
use gpu_layout::quality::{QualityConfig, measure};
use gpu_layout::{
    Config, Device, DeviceNeeds, Layout, LayoutBuilder, Repulsion, State, device_bytes,
};
use graph_core::generate::{BarabasiAlbert, barabasi_albert, star};
use graph_core::{Coo, Graph, ReadOptions, read_from};

/// All devices but the processor; as many as `GRAPHLUME_TEST_DEVICES` says there are.
fn devices() -> Vec<Device> {
    let devices = Device::all().unwrap();
    let devices: Vec<_> = devices.into_iter().filter(|&device| device != Device::Cpu).collect();
    let least = std::env::var("GRAPHLUME_TEST_DEVICES").map_or(0, |n| n.parse().unwrap());
    assert!(devices.len() >= least, "{devices:?} are not {least} devices");
    devices
}

#[test]
fn the_devices_are_named() {
    for device in devices() {
        let info = device.info();
        println!("device {}: {} by {}", info.name, info.model, info.driver);
    }
    for (backend, reason) in Device::absent() {
        println!("skipped: no {backend:?} device: {reason}");
    }
}

/// Whether to keep to sizes that a simulator can bear.
fn is_small() -> bool {
    std::env::var_os("GRAPHLUME_TEST_SMALL").is_some_and(|value| value == "1")
}

/// Whether a simulator, which looks for races, is spared this test: its kernels are all in
/// others.
fn is_skipped(test: &str) -> bool {
    if is_small() {
        println!("skipped: {test} in the small mode");
    }
    is_small()
}

/// A graph with hubs, and weights from 0.5 to 3.
fn graph(n: usize) -> Graph {
    let options = BarabasiAlbert { n_nodes: n, n_neighbors: 5, seed: 3 };
    let graph = barabasi_albert(&options).unwrap();
    let coo = graph.coo();
    let weights = (0..coo.n_edges()).map(|e| 0.5 + (e % 6) as f32 * 0.5).collect();
    let coo = Coo::new(n, coo.sources().to_vec(), coo.targets().to_vec(), Some(weights)).unwrap();
    Graph::from_coo(coo, true)
}

/// Root mean square of the difference over that of the expected, if that is not nothing.
fn rms_error(found: &[[f64; 2]], expected: &[[f64; 2]]) -> f64 {
    let square = |f: [f64; 2]| f[0] * f[0] + f[1] * f[1];
    let difference: f64 =
        found.iter().zip(expected).map(|(a, b)| square([a[0] - b[0], a[1] - b[1]])).sum();
    let whole: f64 = expected.iter().map(|&f| square(f)).sum();
    (if whole > 0.0 { difference / whole } else { difference }).sqrt()
}

/// The state with positions that single precision can hold: what is rounded on the way to a
/// device counts where nodes almost touch, and is not what is looked at here.
fn rounded(mut state: State) -> State {
    for value in state.x.iter_mut().chain(&mut state.y) {
        *value = f64::from(*value as f32);
    }
    state
}

/// A layout with all columns given.
fn builder(graph: &Graph, config: Config) -> LayoutBuilder<'_> {
    let n = graph.n_nodes();
    let column = |f: fn(usize) -> f32| (0..n).map(f).collect::<Vec<_>>();
    Layout::builder(graph)
        .config(config)
        .sizes(&column(|u| 0.5 + (u % 4) as f32 * 0.3))
        .mobilities(&column(|u| [1.0, 0.5, 0.0, 2.0][u % 4]))
        .fixed(&(0..n).map(|u| u % 50 == 7).collect::<Vec<_>>())
}

/// Steps one at a time, each from the same state on both sides: a layout is chaotic.
fn agree_step_by_step(graph: &Graph, config: &Config, steps: usize, tolerance: f64) {
    for device in devices() {
        let mut theirs = builder(graph, config.clone()).build().unwrap();
        for step in 0..steps {
            let before = rounded(theirs.state().unwrap());
            let build = |device| {
                builder(graph, config.clone()).resume(before.clone()).device(device).build()
            };
            let (mut ours, mut same) = (build(device).unwrap(), build(Device::Cpu).unwrap());
            let (found, expected) = (*ours.step().unwrap(), *same.step().unwrap());
            theirs.step().unwrap();
            let error = rms_error(&ours.forces().unwrap(), &same.forces().unwrap());
            assert!(error < tolerance, "{device}, step {step}, {config:?}: forces {error}");
            for (name, a, b) in [
                ("energy", found.energy, expected.energy),
                ("swinging", found.swinging, expected.swinging),
                ("traction", found.traction, expected.traction),
                ("speed", found.speed, expected.speed),
                ("max", found.max_displacement, expected.max_displacement),
                ("mean", found.mean_displacement, expected.mean_displacement),
                ("radius", found.radius, expected.radius),
            ] {
                assert!(
                    (a - b).abs() <= 20.0 * tolerance * (b.abs() + 1e-9),
                    "{device}, step {step}, {config:?}: {name} {a} instead of {b}"
                );
            }
            let places = |layout: &Layout| {
                let [x, y] = layout.positions().unwrap();
                x.iter().zip(y).map(|(&x, &y)| [x.into(), y.into()]).collect::<Vec<[f64; 2]>>()
            };
            let error = rms_error(&places(&ours), &places(&same));
            assert!(error < tolerance, "{device}, step {step}, {config:?}: places {error}");
        }
    }
}

#[test]
fn exact_steps_agree_with_the_cpu_for_every_option() {
    let graph = graph(if is_small() { 70 } else { 400 });
    for config in variants().into_iter().step_by(if is_small() { 12 } else { 1 }) {
        // Two rims that almost touch push with the inverse square of what is left between them:
        // there single precision shows.
        let tolerance = if config.adjust_sizes { 2e-3 } else { 1e-4 };
        let steps = if is_small() { 1 } else { 3 };
        agree_step_by_step(
            &graph,
            &Config { repulsion: Repulsion::Exact, ..config },
            steps,
            tolerance,
        );
    }
}

#[test]
fn locked_steps_agree_with_the_cpu() {
    let graph = graph(if is_small() { 70 } else { 400 });
    for (lock_x, lock_y, lock_r) in
        [(true, false, false), (false, true, false), (false, false, true), (true, false, true)]
    {
        let config =
            Config { repulsion: Repulsion::Exact, lock_x, lock_y, lock_r, ..Config::default() };
        agree_step_by_step(&graph, &config, if is_small() { 1 } else { 3 }, 1e-4);
    }
}

#[test]
fn approximate_steps_agree_with_the_cpu_for_every_option() {
    let graph = graph(if is_small() { 150 } else { 2500 });
    for config in variants().into_iter().step_by(if is_small() { 12 } else { 1 }) {
        let config = Config { repulsion: Repulsion::Approximate, ..config };
        agree_step_by_step(&graph, &config, if is_small() { 1 } else { 2 }, 3e-3);
    }
}

/// Forces on `device` against exact ones, from a layout after `steps` steps.
fn error_of(graph: &Graph, device: Device, theta: f64, steps: usize) -> f64 {
    let config = Config { repulsion: Repulsion::Approximate, theta, ..Config::default() };
    let exact = Config { repulsion: Repulsion::Exact, ..Config::default() };
    let mut begin = Layout::builder(graph).build().unwrap();
    begin.steps(steps).unwrap();
    let forces = |config: Config, device| {
        let state = rounded(begin.state().unwrap());
        let mut layout =
            Layout::builder(graph).config(config).device(device).resume(state).build().unwrap();
        layout.step().unwrap();
        layout.forces().unwrap()
    };
    rms_error(&forces(config, device), &forces(exact, Device::Cpu))
}

/// Others' trees lose mass or count it twice: they do not become exact.
#[test]
fn theta_0_is_exact() {
    if is_skipped("θ of 0") {
        return;
    }
    let graph = graph(3000);
    for device in devices() {
        let error = error_of(&graph, device, 0.0, 5);
        assert!(error < 1e-5, "{device}: {error}");
    }
}

/// Others' first iteration knows no bounding box.
#[test]
fn the_first_iteration_is_as_accurate_as_the_tenth() {
    if is_skipped("ten iterations") {
        return;
    }
    let graph = graph(3000);
    for device in devices() {
        let [first, tenth] = [0, 9].map(|steps| error_of(&graph, device, 0.6, steps));
        println!("{device}: rms force error {first:.1e} at once, {tenth:.1e} after nine steps");
        assert!(first < 3e-3 && tenth < 3e-3, "{device}: {first} {tenth}");
    }
}

/// Others square the number of nodes in 32 bits: from 46,341 on the speed is arbitrary.
#[test]
fn the_speed_does_not_overflow_above_46340_nodes() {
    if is_skipped("50,000 nodes") {
        return;
    }
    let graph = graph(50_000);
    for device in devices() {
        // One body a look: the speed law is what counts here.
        let build = |device| Layout::builder(&graph).device(device).build().unwrap();
        let (mut ours, mut theirs) = (build(device), build(Device::Cpu));
        for _ in 0..2 {
            let (found, expected) = (ours.step().unwrap().speed, theirs.step().unwrap().speed);
            assert!((found / expected - 1.0).abs() < 1e-2, "{device}: {found}, not {expected}");
        }
    }
}

/// Others count an edge from both of its directions.
#[test]
fn attraction_is_counted_once() {
    if is_skipped("one edge") {
        return;
    }
    for device in devices() {
        let pair = Graph::from_coo(Coo::new(2, vec![0], vec![1], None).unwrap(), false);
        let config = Config { gravity: 0.0, scaling: 1e-9, ..Config::default() };
        let mut layout = Layout::builder(&pair)
            .config(config)
            .positions(&[0.0, 3.0], &[0.0, 4.0])
            .device(device)
            .build()
            .unwrap();
        layout.step().unwrap();
        let forces = layout.forces().unwrap();
        for (found, expected) in forces.iter().flatten().zip([3.0, 4.0, -3.0, -4.0]) {
            assert!((found - expected).abs() < 1e-5, "{device}: {forces:?}");
        }
    }
}

/// Others look at radii in the exact mode only.
#[test]
fn radii_count_in_the_approximate_mode() {
    if is_skipped("radii") {
        return;
    }
    let graph = graph(1500);
    for device in devices() {
        let run = |repulsion, adjust_sizes| {
            let config = Config { repulsion, adjust_sizes, ..Config::default() };
            let sizes = vec![20.0; graph.n_nodes()];
            let mut layout = Layout::builder(&graph)
                .config(config)
                .sizes(&sizes)
                .device(device)
                .build()
                .unwrap();
            layout.step().unwrap();
            layout.forces().unwrap()
        };
        let exact = run(Repulsion::Exact, true);
        assert!(rms_error(&run(Repulsion::Approximate, true), &exact) < 3e-3, "{device}");
        assert!(rms_error(&run(Repulsion::Approximate, false), &exact) > 0.1, "{device}");
    }
}

/// Others forget speed and forces between calls.
#[test]
fn state_survives_between_calls() {
    if is_skipped("saved states") {
        return;
    }
    let graph = graph(600);
    for device in devices() {
        let build = || Layout::builder(&graph).device(device).build().unwrap();
        let (mut at_once, mut in_parts) = (build(), build());
        at_once.steps(12).unwrap();
        for count in [1, 4, 0, 7] {
            in_parts.steps(count).unwrap();
        }
        assert_eq!(at_once.state().unwrap(), in_parts.state().unwrap(), "{device}");

        // Saved and loaded it goes on, too.
        let mut resumed = Layout::builder(&graph)
            .resume(at_once.state().unwrap())
            .device(device)
            .build()
            .unwrap();
        let (found, expected) = (*resumed.step().unwrap(), *at_once.step().unwrap());
        assert!((found.speed / expected.speed - 1.0).abs() < 1e-3, "{device}");
        assert!((found.traction / expected.traction - 1.0).abs() < 1e-3, "{device}");
    }
}

/// No sum is added to by two threads at once.
#[test]
fn the_same_bytes_again() {
    if is_skipped("repeated runs") {
        return;
    }
    let graph = graph(4000);
    for device in devices() {
        let run = || {
            let config = Config { repulsion: Repulsion::Approximate, ..Config::default() };
            let mut layout = Layout::builder(&graph).config(config).device(device).build().unwrap();
            layout.steps(20).unwrap();
            layout.state().unwrap()
        };
        assert!(run() == run(), "{device}");
    }
}

/// On CUDA steps are replayed from a recording, which while kernels are timed they are not; both
/// give the same bytes.
#[test]
fn recorded_steps_are_the_same() {
    if is_skipped("recordings") {
        return;
    }
    let graph = graph(1500);
    for device in devices() {
        let build = || Layout::builder(&graph).device(device).build().unwrap();
        device.start_profile().unwrap();
        let mut timed = build();
        timed.steps(40).unwrap();
        let expected = timed.state().unwrap();
        assert!(!timed.is_recorded());
        assert!(!device.take_profile().unwrap().kernels.is_empty(), "{device}");

        let mut layout = build();
        layout.steps(40).unwrap();
        assert!(layout.state().unwrap() == expected, "{device}");
        match device {
            Device::Cuda(_) => assert!(layout.is_recorded(), "{device}"),
            _ => println!("skipped: {device} records no steps"),
        }
    }
}

/// Rows are cut at 32 and at 4096 ends; a hub of 20,000 has chunks.
#[test]
fn hubs_are_pulled_like_the_rest() {
    let n = if is_small() { 300 } else { 20_001 };
    let graph = star(n).unwrap();
    for device in devices() {
        let forces = |device| {
            let config =
                Config { scaling: 1e-6, repulsion: Repulsion::Approximate, ..Config::default() };
            let mut layout = Layout::builder(&graph).config(config).device(device).build().unwrap();
            layout.step().unwrap();
            layout.forces().unwrap()
        };
        let (found, expected) = (forces(device), forces(Device::Cpu));
        assert!(rms_error(&found, &expected) < 1e-4, "{device}");
        let hub = |forces: &[[f64; 2]]| forces[0];
        let (a, b) = (hub(&found), hub(&expected));
        let error = (a[0] - b[0]).hypot(a[1] - b[1]) / b[0].hypot(b[1]);
        assert!(error < 1e-3, "{device}: {a:?}, not {b:?}");
    }
}

#[test]
fn empty_tiny_and_coincident_graphs() {
    if is_skipped("coincident nodes") {
        return;
    }
    for device in devices() {
        for n in [0, 1, 2, 31, 32, 33] {
            for repulsion in [Repulsion::Exact, Repulsion::Approximate] {
                let graph = Graph::from_coo(Coo::new(n, vec![], vec![], None).unwrap(), false);
                let config = Config { repulsion, ..Config::default() };
                let same = vec![1.0; n];
                let mut layout = Layout::builder(&graph)
                    .config(config)
                    .positions(&same, &same)
                    .device(device)
                    .build()
                    .unwrap();
                layout.run(20, |_| ControlFlow::Continue(())).unwrap();
                let [x, y] = layout.positions().unwrap();
                assert!(x.iter().chain(y).all(|v| v.is_finite()), "{device}, {n} nodes");
            }
        }
    }
}

#[test]
fn pins_moves_and_options_count_from_the_next_step_on() {
    if is_skipped("changes between steps") {
        return;
    }
    let graph = graph(80);
    for device in devices() {
        let mut layout = Layout::builder(&graph).device(device).build().unwrap();
        layout.steps(3).unwrap();
        layout.move_node(5, -70.0, 30.0).unwrap();
        layout.set_fixed(5, true).unwrap();
        layout.steps(3).unwrap();
        let [x, y] = layout.positions().unwrap();
        assert_eq!((x[5], y[5]), (-70.0, 30.0), "{device}");
        layout.set_fixed(5, false).unwrap();
        layout
            .set_config(Config { gravity: 1e4, strong_gravity: true, ..Config::default() })
            .unwrap();
        let before = layout.report().unwrap().radius;
        layout.steps(30).unwrap();
        assert_ne!(layout.positions().unwrap()[0][5], -70.0);
        assert!(layout.report().unwrap().radius < before, "{device}");
        // What was exact becomes approximate, with radii: what that needs is made.
        let config = Config {
            repulsion: Repulsion::Approximate,
            adjust_sizes: true,
            dissuade_hubs: true,
            ..Config::default()
        };
        layout.set_config(config).unwrap();
        layout.step().unwrap();
        assert!(layout.set_config(Config { theta: 2.0, ..Config::default() }).is_err());
    }
}

/// A run stops at the same step however often somebody looks.
#[test]
fn a_run_stops_by_itself() {
    if is_skipped("settling") {
        return;
    }
    let graph = graph(60);
    for device in devices() {
        let config = Config { tolerance: 5e-3, ..Config::default() };
        let build =
            || Layout::builder(&graph).config(config.clone()).device(device).build().unwrap();
        let mut run = build();
        let report = run.run(2000, |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(report.stop, gpu_layout::Stop::Converged, "{device}: {report:?}");
        let mut steps = build();
        while !steps.has_converged() {
            steps.step().unwrap();
        }
        assert_eq!(report.iterations, steps.last().iteration, "{device}");
        assert_eq!(run.state().unwrap(), steps.state().unwrap(), "{device}");
        let canceled = run.run(50, |_| ControlFlow::Break(())).unwrap();
        assert_eq!(canceled.stop, gpu_layout::Stop::Canceled);
    }
}

/// Teams of devices to split a graph over: each device with itself, and all together.
fn teams() -> Vec<Vec<Device>> {
    let devices = devices();
    let mut teams: Vec<Vec<Device>> = devices.iter().map(|&d| vec![d, d]).collect();
    if !is_small() {
        teams.extend(devices.iter().take(1).map(|&d| vec![d; 3]));
    }
    if devices.len() > 1 {
        teams.push(devices);
    }
    teams
}

/// What several devices do together is what one does: forces, speed and places.
#[test]
fn devices_share_a_graph() {
    let graph = graph(if is_small() { 70 } else { 3000 });
    for team in teams() {
        println!("split over {team:?}");
        for repulsion in [Repulsion::Exact, Repulsion::Approximate] {
            for adjust_sizes in [false, true] {
                if is_small() && adjust_sizes {
                    continue;
                }
                let config = Config { repulsion, adjust_sizes, ..Config::default() };
                let build = |devices: &[Device]| {
                    builder(&graph, config.clone()).devices(devices).build().unwrap()
                };
                let (mut split, mut whole) = (build(&team), build(&team[..1]));
                assert_eq!(split.devices(), team);
                let (a, b) = (*split.step().unwrap(), *whole.step().unwrap());
                assert!((a.traction / b.traction - 1.0).abs() < 1e-4, "{a:?} {b:?}");
                assert!((a.speed / b.speed - 1.0).abs() < 1e-4, "{a:?} {b:?}");
                assert!((a.radius / b.radius - 1.0).abs() < 1e-4, "{a:?} {b:?}");
                let error = rms_error(&split.forces().unwrap(), &whole.forces().unwrap());
                assert!(error < 1e-4, "{config:?}: {error}");
                // Pins and moves reach every device.
                split.move_node(2, 40.0, 4.0).unwrap();
                split.set_fixed(2, true).unwrap();
                split.steps(if is_small() { 1 } else { 5 }).unwrap();
                let [x, y] = split.positions().unwrap();
                assert_eq!((x[2], y[2]), (40.0, 4.0));
            }
        }
    }
}

/// After it has settled, a layout goes on in the same way however often somebody looked: in
/// approximate mode also the order of the nodes counts.
#[test]
fn what_follows_a_settled_run_does_not_depend_on_the_clock() {
    if is_skipped("settled runs") {
        return;
    }
    let graph = graph(1200);
    for device in devices() {
        let config = Config { tolerance: 2e-2, ..Config::default() };
        let build =
            || Layout::builder(&graph).config(config.clone()).device(device).build().unwrap();
        let go_on = |mut layout: Layout| {
            layout.move_node(3, 500.0, 10.0).unwrap();
            layout.steps(7).unwrap();
            layout.state().unwrap()
        };
        let mut run = build();
        let report = run.run(2000, |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(report.stop, gpu_layout::Stop::Converged, "{device}: {report:?}");
        // One look at each step instead of one at each few.
        let mut looked = build();
        while looked.run(1, |_| ControlFlow::Continue(())).unwrap().stop
            != gpu_layout::Stop::Converged
        {}
        assert_eq!(looked.last().iteration, run.last().iteration, "{device}");
        assert!(go_on(run) == go_on(looked), "{device}");
    }
}

/// In a process of its own, whose devices may give only little more than exact mode needs.
#[test]
fn a_change_of_options_that_finds_no_memory_changes_nothing() {
    if is_skipped("a small pool") {
        return;
    }
    let graph = graph(3000);
    if std::env::var_os("GRAPHLUME_POOL_MAX").is_none() {
        if devices().is_empty() {
            println!("skipped: there is no device with a pool");
            return;
        }
        let exact = device_bytes(DeviceNeeds {
            n_nodes: 3000,
            n_ends: 2 * graph.n_edges() as u64,
            weighted: true,
            sized: false,
            exact: true,
            n_devices: 1,
        });
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["a_change_of_options_that_finds_no_memory_changes_nothing", "--exact"])
            .env("GRAPHLUME_POOL_MAX", (exact + 40_000).to_string())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let device = devices()[0];
    let exact = Config { repulsion: Repulsion::Exact, ..Config::default() };
    let build = || Layout::builder(&graph).config(exact.clone()).device(device).build().unwrap();
    let mut layout = build();
    layout.step().unwrap();
    let config = Config { repulsion: Repulsion::Approximate, scaling: 9.0, ..Config::default() };
    let error = layout.set_config(config).unwrap_err().to_string();
    assert!(error.contains("out of memory") && error.contains("estimated"), "{error}");
    assert_eq!(*layout.config(), exact);
    layout.step().unwrap();
    let changed = layout.state().unwrap();
    drop(layout);
    let mut unchanged = build();
    unchanged.steps(2).unwrap();
    assert!(changed == unchanged.state().unwrap());
}

/// Concurrent layouts on one device do not disturb one another.
#[test]
fn several_layouts_share_a_device() {
    if is_skipped("threads") {
        return;
    }
    let graph = graph(900);
    for device in devices() {
        let run = || {
            let config = Config { repulsion: Repulsion::Approximate, ..Config::default() };
            let mut layout = Layout::builder(&graph).config(config).device(device).build().unwrap();
            layout.steps(25).unwrap();
            layout.state().unwrap()
        };
        let alone = run();
        let together: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(together.iter().all(|state| *state == alone), "{device}");
    }
}

#[test]
fn a_split_graph_is_laid_out_as_well() {
    if is_skipped("whole layouts of split graphs") {
        return;
    }
    let graph = real_graph("netscience");
    for team in teams() {
        let mut layout = Layout::builder(&graph).devices(&team).build().unwrap();
        layout.run(300, |_| ControlFlow::Continue(())).unwrap();
        let value = trustworthiness(&graph, &layout);
        assert!(value > 0.81, "{team:?}: {value}");
    }
}

#[test]
fn the_cpu_does_not_share_with_devices() {
    for device in devices() {
        let graph = graph(20);
        let error = Layout::builder(&graph).devices(&[Device::Cpu, device]).build().unwrap_err();
        assert!(error.to_string().contains("cpu"), "{error}");
    }
}

/// A graph that is in the program: it also runs on machines that have nothing else.
fn real_graph(name: &str) -> Graph {
    let bytes: &[u8] = match name {
        "karate" => include_bytes!("../../tests/data/graphs/karate.csv"),
        "dolphins" => include_bytes!("../../tests/data/graphs/dolphins.csv"),
        "polbooks" => include_bytes!("../../tests/data/graphs/polbooks.csv"),
        "netscience" => include_bytes!("../../tests/data/graphs/netscience.csv"),
        _ => panic!("there is no graph {name}"),
    };
    read_from(bytes, "edges.csv", &ReadOptions::default()).unwrap().0
}

fn trustworthiness(graph: &Graph, layout: &Layout) -> f64 {
    let [x, y] = layout.positions().unwrap();
    let report = measure(graph, x, y, &QualityConfig::default()).unwrap();
    report.trustworthiness.unwrap().value
}

/// The same bounds as for the processor's layouts.
#[test]
fn trustworthiness_of_real_graphs() {
    if is_skipped("whole layouts") {
        return;
    }
    for device in devices() {
        for (name, least) in
            [("karate", 0.71), ("dolphins", 0.68), ("polbooks", 0.76), ("netscience", 0.83)]
        {
            let graph = real_graph(name);
            for repulsion in [Repulsion::Exact, Repulsion::Approximate] {
                let mut values: Vec<f64> = (0..10)
                    .map(|seed| {
                        let config = Config { seed, repulsion, ..Config::default() };
                        let mut layout =
                            Layout::builder(&graph).config(config).device(device).build().unwrap();
                        layout.run(500, |_| ControlFlow::Continue(())).unwrap();
                        trustworthiness(&graph, &layout)
                    })
                    .collect();
                values.sort_by(f64::total_cmp);
                let median = f64::midpoint(values[4], values[5]);
                println!("{device}, {name}, {repulsion:?}: median trustworthiness {median:.3}");
                assert!(median >= least, "{device}, {name}, {repulsion:?}: {median} < {least}");
            }
        }
    }
}

/// A frame is where the nodes are, to a place of the grid; most are small changes.
#[test]
fn frames_follow_the_layout() {
    if is_skipped("forty frames") {
        return;
    }
    let graph = graph(120);
    for device in Device::all().unwrap() {
        let mut layout = Layout::builder(&graph).device(device).build().unwrap();
        let (mut places, mut keys) = (Vec::new(), 0);
        for _ in 0..40 {
            layout.steps(2).unwrap();
            let frame = layout.frame().unwrap();
            keys += usize::from(frame.is_key);
            frame.apply(&mut places);
            let [x, y] = layout.positions().unwrap();
            for (u, &place) in places.iter().enumerate() {
                let [px, py] = frame.position(place);
                let off = (px - x[u]).abs().max((py - y[u]).abs()) * frame.grid.scale;
                assert!(off < 0.6, "{device}: node {u} is {off} places off");
            }
        }
        assert!((1..30).contains(&keys), "{device}: {keys} of 40 frames are keys");
        layout.move_node(0, 1e6, 0.0).unwrap();
        assert!(layout.frame().unwrap().is_key, "{device}: a node left the grid");
    }
}

#[test]
fn a_graph_too_large_for_the_pool_is_refused_with_numbers() {
    for device in devices() {
        let total = device.info().memory;
        let error = device.reserve(2 * total).unwrap_err().to_string();
        assert!(error.contains(&(2 * total).to_string()), "{error}");
    }
}
