//! ForceAtlas2 against a second, plain implementation of its definition in `f64`: every option,
//! ten steps, forces, speed and positions.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::ops::ControlFlow;

use common::variants;
use gpu_layout::{Config, Layout, Repulsion};
use graph_core::{Coo, Graph};

/// The algorithm as the paper and Gephi define it, one loop per formula and nothing clever.
struct Reference {
    config: Config,
    edges: Vec<(usize, usize, f64)>,
    mass: Vec<f64>,
    size: Vec<f64>,
    fixed: Vec<bool>,
    at: Vec<[f64; 2]>,
    force: Vec<[f64; 2]>,
    speed: f64,
    efficiency: f64,
}

impl Reference {
    #[expect(clippy::too_many_lines, reason = "the whole definition, from top to bottom")]
    fn step(&mut self) {
        let n = self.at.len();
        let config = self.config.clone();
        let old = std::mem::replace(&mut self.force, vec![[0.0; 2]; n]);
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                let (dx, dy, d) = self.between(i, j);
                let push = config.scaling * self.mass[i] * self.mass[j];
                let factor = if config.adjust_sizes {
                    let gap = d - self.size[i] - self.size[j];
                    if gap > 0.0 {
                        push / (gap * gap)
                    } else if gap < 0.0 {
                        100.0 * push
                    } else {
                        0.0
                    }
                } else if d > 0.0 {
                    push / (d * d)
                } else {
                    0.0
                };
                self.force[i][0] += factor * dx;
                self.force[i][1] += factor * dy;
            }
            let [x, y] = self.at[i];
            let d = x.hypot(y);
            let pull = self.mass[i] * config.gravity;
            let factor = match config.strong_gravity {
                true => pull,
                false if d > 0.0 => pull / d,
                false => 0.0,
            };
            self.force[i][0] -= factor * x;
            self.force[i][1] -= factor * y;
        }
        let compensation = match config.dissuade_hubs {
            true => self.mass.iter().sum::<f64>() / n as f64,
            false => 1.0,
        };
        let (low, high) = self
            .edges
            .iter()
            .map(|&(_, _, w)| self.inverted(w))
            .fold((f64::MAX, f64::MIN), |(low, high), w| (low.min(w), high.max(w)));
        for &(source, target, weight) in &self.edges {
            if source == target {
                continue;
            }
            let mut w = self.inverted(weight);
            if config.normalize_weights {
                w = if low < high { (w - low) / (high - low) } else { 1.0 };
            }
            let (dx, dy, d) = self.between(source, target);
            let gap =
                if config.adjust_sizes { d - self.size[source] - self.size[target] } else { d };
            let mut factor = compensation * w.powf(config.edge_weight_influence);
            factor *= match (gap > 0.0, config.lin_log) {
                (false, _) => 0.0,
                (true, true) => (1.0 + gap).ln() / gap,
                (true, false) => 1.0,
            };
            if config.dissuade_hubs {
                factor /= self.mass[source];
            }
            for (node, sign) in [(source, -1.0), (target, 1.0)] {
                self.force[node][0] += sign * factor * dx;
                self.force[node][1] += sign * factor * dy;
            }
        }

        let change = |i: usize, f: &[[f64; 2]]| (old[i][0] - f[i][0]).hypot(old[i][1] - f[i][1]);
        let (mut swinging, mut traction) = (0.0, 0.0);
        for i in (0..n).filter(|&i| !self.fixed[i]) {
            swinging += self.mass[i] * change(i, &self.force);
            traction += self.mass[i]
                * 0.5
                * (old[i][0] + self.force[i][0]).hypot(old[i][1] + self.force[i][1]);
        }
        let count = n as f64;
        let estimate = 0.05 * count.sqrt();
        let mut jitter = config.jitter_tolerance
            * estimate.sqrt().max(10.0_f64.min(estimate * traction / (count * count)));
        if swinging / traction > 2.0 {
            if self.efficiency > 0.05 {
                self.efficiency *= 0.5;
            }
            jitter = jitter.max(config.jitter_tolerance);
        }
        let target = jitter * self.efficiency * traction / swinging;
        if swinging > jitter * traction {
            if self.efficiency > 0.05 {
                self.efficiency *= 0.7;
            }
        } else if self.speed < 1000.0 {
            self.efficiency *= 1.3;
        }
        self.speed += (target - self.speed).min(0.5 * self.speed);

        for i in (0..n).filter(|&i| !self.fixed[i]) {
            let swing = self.mass[i] * change(i, &self.force);
            let mut factor = self.speed / (1.0 + (self.speed * swing).sqrt());
            if config.adjust_sizes {
                let length = self.force[i][0].hypot(self.force[i][1]);
                factor = (0.1 * factor * length).min(10.0) / length;
            }
            self.at[i][0] += factor * self.force[i][0];
            self.at[i][1] += factor * self.force[i][1];
        }
    }

    fn between(&self, i: usize, j: usize) -> (f64, f64, f64) {
        let (dx, dy) = (self.at[i][0] - self.at[j][0], self.at[i][1] - self.at[j][1]);
        (dx, dy, dx.hypot(dy))
    }

    fn inverted(&self, weight: f64) -> f64 {
        match self.config.invert_weights {
            true if weight != 0.0 => 1.0 / weight,
            _ => weight,
        }
    }
}

/// Pseudo-random numbers in 0..1, enough to shake a graph.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    }
}

/// A graph with hubs, weights, a self-loop, a parallel edge and an isolated node.
fn graph(n: u32) -> Graph {
    let mut random = random(5);
    let (mut sources, mut targets) = (vec![0, 1, 1], vec![0, 2, 2]);
    for u in 1..n - 1 {
        for _ in 0..3 {
            sources.push(u);
            targets.push((random() * random() * f64::from(u)) as u32);
        }
    }
    let weights = sources.iter().map(|_| (random() * 4.0) as f32).collect();
    Graph::from_coo(Coo::new(n as usize, sources, targets, Some(weights)).unwrap(), false)
}

/// Runs both for some steps and compares everything after each one.
fn agree(config: &Config, steps: usize, tolerance: f64) {
    const N: u32 = 150;
    let graph = graph(N);
    let mut random = random(9);
    let mut columns = || (0..N).map(|_| (random() * 200.0 - 100.0) as f32).collect::<Vec<_>>();
    let (x, y) = (columns(), columns());
    let size: Vec<f32> = columns().iter().map(|v| v.abs() / 20.0).collect();
    let fixed: Vec<bool> = (0..N).map(|u| u % 40 == 7).collect();
    let coo = graph.coo();
    let edges: Vec<_> = (0..coo.n_edges())
        .map(|e| {
            (
                coo.sources()[e] as usize,
                coo.targets()[e] as usize,
                f64::from(coo.weights().unwrap()[e]),
            )
        })
        .collect();
    let mut mass = vec![1.0; N as usize];
    for &(u, v, _) in edges.iter().filter(|(u, v, _)| u != v) {
        mass[u] += 1.0;
        mass[v] += 1.0;
    }
    let mut reference = Reference {
        config: config.clone(),
        edges,
        mass,
        size: size.iter().map(|&s| s.into()).collect(),
        fixed: fixed.clone(),
        at: x.iter().zip(&y).map(|(&x, &y)| [x.into(), y.into()]).collect(),
        force: vec![[0.0; 2]; N as usize],
        speed: 1.0,
        efficiency: 1.0,
    };
    let mut layout = Layout::builder(&graph)
        .config(config.clone())
        .positions(&x, &y)
        .sizes(&size)
        .fixed(&fixed)
        .build()
        .unwrap();
    for step in 1..=steps {
        reference.step();
        let report = *layout.step().unwrap();
        assert_eq!(report.iteration, step);
        let state = layout.state().unwrap();
        let rms = |a: &dyn Fn(usize) -> [f64; 2], b: &[[f64; 2]]| {
            let (mut error, mut norm) = (0.0, 0.0);
            for (i, b) in b.iter().enumerate() {
                error += (a(i)[0] - b[0]).powi(2) + (a(i)[1] - b[1]).powi(2);
                norm += b[0].powi(2) + b[1].powi(2);
            }
            (error / norm).sqrt()
        };
        let forces = rms(&|i| [state.force_x[i], state.force_y[i]], &reference.force);
        let positions = rms(&|i| [state.x[i], state.y[i]], &reference.at);
        let speed = (report.speed / reference.speed - 1.0).abs();
        for (what, error) in [("forces", forces), ("positions", positions), ("speed", speed)] {
            assert!(error < tolerance, "{what} after step {step}: {error} with {config:?}");
        }
    }
    for u in (0..N as usize).filter(|&u| fixed[u]) {
        assert_eq!(
            (layout.positions().unwrap()[0][u], layout.positions().unwrap()[1][u]),
            (x[u], y[u])
        );
    }
}

#[test]
fn exact_mode_is_the_definition_to_1e_5_over_ten_steps() {
    for config in variants() {
        agree(&Config { repulsion: Repulsion::Exact, ..config }, 10, 1e-5);
    }
}

/// One step each: near pairs are summed in single precision, and many steps are chaotic.
#[test]
fn approximate_mode_at_theta_0_is_the_definition() {
    for config in variants() {
        agree(&Config { repulsion: Repulsion::Approximate, theta: 0.0, ..config }, 1, 1e-5);
    }
}

/// Large enough for many leaves.
#[test]
fn approximate_forces_at_theta_0_are_exact_to_1e_5() {
    let graph = graph(3000);
    let forces = |repulsion, theta| {
        let config = Config { repulsion, theta, ..Config::default() };
        let mut layout = Layout::builder(&graph).config(config).build().unwrap();
        layout.step().unwrap();
        layout.forces().unwrap()
    };
    let exact = forces(Repulsion::Exact, 0.0);
    let near = forces(Repulsion::Approximate, 0.0);
    let norm = |f: &dyn Fn(usize) -> (f64, f64)| {
        (0..exact.len()).map(|i| f(i).0.powi(2) + f(i).1.powi(2)).sum::<f64>().sqrt()
    };
    let error = norm(&|i| (near[i][0] - exact[i][0], near[i][1] - exact[i][1]))
        / norm(&|i| exact[i].into());
    assert!(error < 1e-5, "{error}");
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let graph = graph(5000);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut layout = Layout::builder(&graph).build().unwrap();
            layout.run(20, |_| ControlFlow::Continue(())).unwrap();
            (layout.state().unwrap(), *layout.last())
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

/// Stopping, saving the state and going on changes nothing.
#[test]
fn a_resumed_layout_goes_on_as_if_it_had_not_stopped() {
    let graph = graph(1500);
    let mut whole = Layout::builder(&graph).build().unwrap();
    for _ in 0..15 {
        whole.step().unwrap();
    }
    let state = whole.state().unwrap();
    for _ in 0..10 {
        whole.step().unwrap();
    }
    let mut resumed = Layout::builder(&graph).resume(state).build().unwrap();
    for _ in 0..10 {
        resumed.step().unwrap();
    }
    assert_eq!(resumed.state().unwrap(), whole.state().unwrap());
}
