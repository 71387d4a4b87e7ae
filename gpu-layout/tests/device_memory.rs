//! What a layout takes of a device. Alone in its program: what is counted is the whole process's.

#![expect(clippy::print_stdout, reason = "who reads the tests should see on what they ran")]

use gpu_layout::{Config, Device, DeviceNeeds, Layout, Repulsion, device_bytes};
use graph_core::generate::{BarabasiAlbert, barabasi_albert};
use graph_core::{Coo, Graph};

/// What is estimated before anything is copied is what is then taken: never less, little more.
#[test]
fn the_estimate_of_memory_is_what_is_taken() {
    let devices = Device::all().unwrap().into_iter().filter(|&device| device != Device::Cpu);
    for device in devices {
        for (n, weighted) in [(1000, true), (20_000, false), (20_000, true)] {
            let n = if std::env::var_os("GRAPHLUME_TEST_SMALL").is_some() { n / 20 } else { n };
            let options = BarabasiAlbert { n_nodes: n, n_neighbors: 5, seed: 3 };
            let mut graph = barabasi_albert(&options).unwrap();
            if weighted {
                let coo = graph.coo();
                let (sources, targets) = (coo.sources().to_vec(), coo.targets().to_vec());
                let weights = (0..sources.len()).map(|e| 1.0 + (e % 3) as f32).collect();
                let coo = Coo::new(n, sources, targets, Some(weights)).unwrap();
                graph = Graph::from_coo(coo, true);
            }
            for (adjust_sizes, shares) in [(false, 1), (true, 1), (false, 2), (true, 3)] {
                let config =
                    Config { repulsion: Repulsion::Approximate, adjust_sizes, ..Config::default() };
                let estimate = device_bytes(DeviceNeeds {
                    n_nodes: n as u64,
                    n_ends: 2 * graph.n_edges() as u64,
                    weighted,
                    sized: adjust_sizes,
                    exact: false,
                    n_devices: shares,
                });
                let estimate = shares * estimate;
                let team = vec![device; shares as usize];
                let before = device.memory().in_use;
                device.reset_peak();
                let mut layout =
                    Layout::builder(&graph).config(config).devices(&team).build().unwrap();
                layout.steps(3).unwrap();
                let taken = device.memory().peak - before;
                println!(
                    "{device}: {n} nodes, {shares} shares: {estimate} bytes estimated, {taken} taken"
                );
                assert!(taken <= estimate, "{taken} taken, {estimate} estimated");
                // Shares are estimated as if each had the largest.
                let least = if shares == 1 { 0.8 } else { 0.5 };
                let least = least * estimate as f64 - 25_000.0 * shares as f64;
                assert!(taken as f64 > least, "{taken} of {estimate}");
            }
        }
    }
}
