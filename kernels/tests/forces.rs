//! The parts of ForceAtlas2 on every device found: the order along the curve, forces through the
//! tree and over all pairs, springs, and rounded positions; each against plain loops.

mod common;

use common::{Random, is_small};
use graph_kernels::{
    Bodies, Buffer, Device, Field, Grid, Order, Springs, Tree, bounds, quantize, repel_exact,
};

/// Devices with kernels.
fn devices() -> Vec<Device> {
    common::devices().into_iter().filter(|&device| device != Device::Cpu).collect()
}

/// Clustered places, shape `[n, 2]`.
fn places(n: usize, random: &mut Random) -> Vec<f32> {
    let mut unit = || (random.next() >> 40) as f32 / (1 << 24) as f32;
    (0..n)
        .flat_map(|u| {
            let (cx, cy) = ((u % 7) as f32 * 150.0, (u % 5) as f32 * 90.0);
            [cx + unit() * unit() * 40.0, cy + unit() * unit() * 40.0]
        })
        .collect()
}

/// Root mean square of the difference over that of the expected.
fn rms_error(found: &[f32], expected: &[f64]) -> f64 {
    let difference: f64 =
        found.iter().zip(expected).map(|(&a, &b)| (f64::from(a) - b).powi(2)).sum();
    (difference / expected.iter().map(|b| b * b).sum::<f64>()).sqrt()
}

#[test]
fn the_order_is_a_walk_along_the_curve() {
    for device in devices() {
        // On a grid with a place a cell, each step of the curve goes to a neighbor.
        let side = if is_small() { 8 } else { 64 };
        let at: Vec<f32> =
            (0..side * side).flat_map(|i| [(i % side) as f32, (i / side) as f32]).collect();
        let mut order = Order::new(device, side * side).unwrap();
        order.sort(&Buffer::upload(device, &at).unwrap()).unwrap();
        let nodes = order.nodes().download().unwrap();
        let mut sorted = nodes.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().enumerate().all(|(i, &node)| i == node as usize), "{device}");
        for pair in nodes.windows(2) {
            let [a, b] = [pair[0] as usize, pair[1] as usize];
            let step = (a % side).abs_diff(b % side) + (a / side).abs_diff(b / side);
            assert_eq!(step, 1, "{device}: from {a} to {b}");
        }
    }
}

#[test]
fn an_order_is_taken_only_if_it_is_one() {
    for device in devices() {
        let mut order = Order::new(device, 3).unwrap();
        order.set_nodes(&[2, 0, 1]).unwrap();
        assert_eq!(order.nodes().download().unwrap(), [2, 0, 1]);
        for (bad, what) in
            [(&[0, 1, 1][..], "entry 2"), (&[0, 3, 1], "is 3"), (&[0, 1], "2 entries")]
        {
            let error = order.set_nodes(bad).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}

#[test]
fn vectors_go_to_ranks_and_back() {
    for device in devices() {
        let n = 1000;
        let mut random = Random::new(4);
        let at = places(n, &mut random);
        let buffer = Buffer::upload(device, &at).unwrap();
        let mut order = Order::new(device, n).unwrap();
        order.sort(&buffer).unwrap();
        let nodes = order.nodes().download().unwrap();
        let mut of_ranks = Buffer::zeros(device, 2 * 300).unwrap();
        order.pack(200..500, &buffer, &mut of_ranks).unwrap();
        let packed = of_ranks.download().unwrap();
        for (i, &node) in nodes[200..500].iter().enumerate() {
            assert_eq!(packed[2 * i..2 * i + 2], at[2 * node as usize..2 * node as usize + 2]);
        }
        let mut back = Buffer::zeros(device, 2 * n).unwrap();
        order.unpack(200..500, &of_ranks, &mut back).unwrap();
        let back = back.download().unwrap();
        for (rank, &node) in nodes.iter().enumerate() {
            let expected = if (200..500).contains(&rank) { at[2 * node as usize] } else { 0.0 };
            assert_eq!(back[2 * node as usize], expected, "{device}");
        }
        assert!(order.pack(900..1001, &buffer, &mut of_ranks).is_err());
    }
}

/// Repulsion, overlaps and gravity, written out.
fn forces(at: &[f32], mass: &[f32], size: Option<&[f32]>, field: Field) -> Vec<f64> {
    let n = mass.len();
    let place = |u: usize| [f64::from(at[2 * u]), f64::from(at[2 * u + 1])];
    let mut all = Vec::new();
    for u in 0..n {
        let [x, y] = place(u);
        let mut sum = [0.0; 2];
        for v in 0..n {
            let [dx, dy] = [x - place(v)[0], y - place(v)[1]];
            let d = dx.hypot(dy);
            let gap = d - size.map_or(0.0, |size| f64::from(size[u]) + f64::from(size[v]));
            let factor = match (size, gap) {
                _ if d == 0.0 => 0.0,
                (_, gap) if gap > 0.0 => 1.0 / (gap * gap),
                (Some(_), gap) if gap < 0.0 => 100.0,
                _ => 0.0,
            };
            sum[0] += f64::from(mass[v]) * factor * dx;
            sum[1] += f64::from(mass[v]) * factor * dy;
        }
        let pull = match (field.strong_gravity, x.hypot(y)) {
            (true, _) => f64::from(field.gravity),
            (false, d) if d > 0.0 => f64::from(field.gravity) / d,
            _ => 0.0,
        };
        let scale =
            |push: f64, p: f64| f64::from(mass[u]) * (f64::from(field.scaling) * push - pull * p);
        all.extend([scale(sum[0], x), scale(sum[1], y)]);
    }
    all
}

#[test]
fn repulsion_and_gravity_agree_with_loops() {
    let lengths: &[usize] =
        if is_small() { &[1, 9, 100] } else { &[0, 1, 7, 8, 9, 32, 33, 64, 65, 129, 1000, 5003] };
    for device in devices() {
        for &n in lengths {
            let mut random = Random::new(n as u64);
            let at = places(n, &mut random);
            let mass: Vec<f32> = (0..n).map(|u| 1.0 + (u % 9) as f32).collect();
            let size: Vec<f32> = (0..n).map(|u| 0.01 * (1 + u % 3) as f32).collect();
            let upload = |values: &[f32]| Buffer::upload(device, values).unwrap();
            let (at_there, mass_there, size_there) = (upload(&at), upload(&mass), upload(&size));
            for (sized, strong_gravity) in [(false, false), (true, false), (false, true)] {
                if is_small() && strong_gravity {
                    continue;
                }
                let field = Field { scaling: 2.0, gravity: 0.5, strong_gravity };
                let bodies =
                    Bodies { at: &at_there, mass: &mass_there, size: sized.then_some(&size_there) };
                let expected = forces(&at, &mass, sized.then_some(&size[..]), field);
                let mut force = Buffer::zeros(device, 2 * n).unwrap();
                repel_exact(bodies, 0..n, field, &mut force).unwrap();
                let check = |force: &Buffer<f32>, tolerance: f64| {
                    let error = rms_error(&force.download().unwrap(), &expected);
                    assert!(
                        n == 0 || error < tolerance,
                        "{device}, {n} nodes, radii {sized}: {error}"
                    );
                };
                check(&force, 1e-4);

                let mut order = Order::new(device, n).unwrap();
                order.sort(&at_there).unwrap();
                let mut tree = Tree::new(device, n).unwrap();
                tree.build(&order, bodies).unwrap();
                for (theta, tolerance) in [(0.0, 1e-4), (0.6, 3e-3)] {
                    let mut force = Buffer::zeros(device, 2 * n).unwrap();
                    tree.repel(&order, 0..n, bodies, theta, field, &mut force).unwrap();
                    check(&force, tolerance);
                    // In two parts it is the same, bit for bit, if they begin with a group.
                    let mut parts = Buffer::zeros(device, 2 * n).unwrap();
                    let middle = (n / 2).next_multiple_of(32).min(n);
                    for ranks in [middle..n, 0..middle] {
                        tree.repel(&order, ranks, bodies, theta, field, &mut parts).unwrap();
                    }
                    assert_eq!(parts.download().unwrap(), force.download().unwrap(), "{device}");
                }
            }
        }
    }
}

#[test]
fn springs_of_short_medium_and_long_rows_agree_with_loops() {
    for device in devices() {
        // Row lengths on both sides of 32 and 4096, and none.
        let lengths: &[u32] =
            if is_small() { &[0, 2, 33, 4097] } else { &[3, 0, 1, 32, 33, 4096, 4097, 20_000, 5] };
        let n_nodes = lengths.len() + 40;
        let first = 11;
        let mut random = Random::new(1);
        let at = places(n_nodes, &mut random);
        let size: Vec<f32> = (0..n_nodes).map(|u| (u % 5) as f32).collect();
        let mut offsets = vec![0];
        for length in lengths {
            offsets.push(offsets.last().unwrap() + length);
        }
        let n_ends = *offsets.last().unwrap() as usize;
        let others: Vec<u32> =
            (0..n_ends).map(|_| (random.next() % n_nodes as u64) as u32).collect();
        let pulls: Vec<f32> = (0..n_ends).map(|e| 0.1 + (e % 4) as f32).collect();
        let mut springs = Springs::upload(device, n_nodes, first, &offsets, &others).unwrap();
        let at_there = Buffer::upload(device, &at).unwrap();
        let size_there = Buffer::upload(device, &size).unwrap();
        for weighted in [false, true] {
            match weighted {
                true => springs.set_pulls(&pulls).unwrap(),
                false => springs.set_strength(1.5),
            }
            for (lin_log, sized) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut expected = vec![1.0; 2 * n_nodes];
                for row in 0..lengths.len() {
                    let u = first + row;
                    for e in offsets[row] as usize..offsets[row + 1] as usize {
                        let v = others[e] as usize;
                        let delta =
                            [0, 1].map(|k| f64::from(at[2 * v + k]) - f64::from(at[2 * u + k]));
                        let radii = if sized { f64::from(size[u] + size[v]) } else { 0.0 };
                        let gap = delta[0].hypot(delta[1]) - radii;
                        let factor = match (lin_log, sized) {
                            (false, false) => 1.0,
                            _ if gap <= 0.0 => 0.0,
                            (true, _) => gap.ln_1p() / gap,
                            (false, true) => 1.0,
                        };
                        let pull = if weighted { f64::from(pulls[e]) } else { 1.5 };
                        expected[2 * u] += pull * factor * delta[0];
                        expected[2 * u + 1] += pull * factor * delta[1];
                    }
                }
                let mut force = Buffer::upload(device, &vec![1.0; 2 * n_nodes]).unwrap();
                let size = sized.then_some(&size_there);
                springs.pull(&at_there, size, lin_log, &mut force).unwrap();
                let error = rms_error(&force.download().unwrap(), &expected);
                assert!(error < 1e-5, "{device}, {weighted} {lin_log} {sized}: {error}");
            }
        }
    }
}

#[test]
fn springs_that_point_nowhere_are_refused() {
    for device in Device::all().unwrap() {
        for (offsets, others, what) in [
            (&[0, 2][..], &[1, 5][..], "entry 1 of others is 5"),
            (&[0, 3, 2], &[0, 1], "entry 2 of offsets is 2"),
            (&[0, 1], &[0, 1], "others has 2 entries"),
            (&[0, 0, 0, 0, 0, 0, 0], &[], "offsets has 7 entries"),
        ] {
            let error = Springs::upload(device, 5, 0, offsets, others).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}

#[test]
fn boxes_and_rounded_places_agree_with_the_cpu() {
    for device in devices() {
        for n in [1, 255, 257, if is_small() { 300 } else { 70_001 }] {
            let mut random = Random::new(n as u64);
            let (before, after) = (places(n, &mut random), places(n, &mut random));
            let mut results = Vec::new();
            for device in [Device::Cpu, device] {
                let upload = |values: &[f32]| Buffer::upload(device, values).unwrap();
                let grid = Grid { low: [-10.0, 20.0], scale: 71.3 };
                let mut last = Buffer::zeros(device, n).unwrap();
                let mut change = Buffer::zeros(device, n).unwrap();
                quantize(&upload(&before), grid, &mut last, &mut change).unwrap();
                let first = change.download().unwrap();
                quantize(&upload(&after), grid, &mut last, &mut change).unwrap();
                let places = [first, change.download().unwrap(), last.download().unwrap()];
                results.push((bounds(&upload(&after)).unwrap(), places));
            }
            assert_eq!(results[0], results[1], "{device}, {n} nodes");
        }
    }
}
