//! ForceAtlas2 on the processor: positions and sums in `f64`, all cores.

use std::mem;
use std::ops::Range;

use graph_kernels::Locks;
use rayon::prelude::*;

use crate::complex::Complex;
use crate::repulsion::{self, Approximate};
use crate::session::{Scene, State, StepReport};
use crate::speed::Speed;

/// Nodes that one task handles; sums run over such blocks in order, whatever the threads.
const BLOCK: usize = 4096;

/// What changes from step to step.
#[derive(Debug)]
pub(crate) struct Host {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Positions as callers and pictures want them.
    view: [Vec<f32>; 2],
    /// Positions interleaved, for attraction in approximate mode.
    pairs: Vec<[f32; 2]>,
    force: Vec<Complex>,
    old_force: Vec<Complex>,
    speed: Speed,
    approximate: Approximate,
    last: StepReport,
    /// Steps since the start or the last change from outside.
    undisturbed: usize,
}

impl Host {
    /// Goes on from a state whose columns are checked.
    pub(crate) fn new(state: State) -> Self {
        let view =
            [&state.x, &state.y].map(|column| column.iter().map(|&v| v as f32).collect::<Vec<_>>());
        let force = state.force_x.iter().zip(&state.force_y);
        Self {
            view,
            pairs: Vec::new(),
            old_force: Vec::new(),
            force: force.map(|(&x, &y)| Complex::new(x, y)).collect(),
            speed: Speed { speed: state.speed, efficiency: state.efficiency },
            approximate: Approximate::default(),
            last: StepReport::default(),
            undisturbed: 0,
            x: state.x,
            y: state.y,
        }
    }

    pub(crate) fn view(&self) -> [&[f32]; 2] {
        [&self.view[0], &self.view[1]]
    }

    pub(crate) fn forces(&self) -> Vec<[f64; 2]> {
        self.force.iter().map(|force| [force.re, force.im]).collect()
    }

    pub(crate) fn state(&self) -> State {
        State {
            x: self.x.clone(),
            y: self.y.clone(),
            force_x: self.force.iter().map(|force| force.re).collect(),
            force_y: self.force.iter().map(|force| force.im).collect(),
            speed: self.speed.speed,
            efficiency: self.speed.efficiency,
        }
    }

    pub(crate) fn move_node(&mut self, node: usize, x: f32, y: f32) {
        (self.x[node], self.y[node]) = (x.into(), y.into());
        (self.view[0][node], self.view[1][node]) = (x, y);
    }

    /// Begins a new average of how far nodes go.
    pub(crate) fn disturb(&mut self) {
        self.undisturbed = 0;
    }

    /// Makes one step. O(n² + m) time in exact mode, O(n log n + m) else.
    pub(crate) fn step(&mut self, scene: &Scene) -> StepReport {
        mem::swap(&mut self.force, &mut self.old_force);
        self.old_force.resize(self.x.len(), Complex::default());
        self.sum_forces(scene);
        let (energy, swinging, traction) = self.measure_forces(scene);
        let n = self.x.len();
        self.speed.adapt(n, swinging, traction, scene.config.jitter_tolerance);
        let (way, max_displacement) = self.move_nodes(scene);

        let mean_displacement = way / n.max(1) as f64;
        let radius = self.radius();
        let share = if radius > 0.0 { mean_displacement / radius } else { 0.0 };
        let convergence = match (self.undisturbed, self.last.convergence) {
            (0, _) => share,
            (_, before) => before + (share - before) / 10.0,
        };
        self.undisturbed += 1;
        self.last = StepReport {
            iteration: self.last.iteration + 1,
            energy,
            swinging,
            traction,
            speed: self.speed.speed,
            max_displacement,
            mean_displacement,
            radius,
            convergence,
        };
        self.last
    }

    /// Repulsion, gravity and attraction at the current positions, into `force`.
    fn sum_forces(&mut self, scene: &Scene) {
        let config = &scene.config;
        let size = config.adjust_sizes.then_some(&scene.size[..]);
        let exact = config.is_exact(self.x.len());
        let (x, y, mass) = (&self.x[..], &self.y[..], &scene.mass[..]);
        if exact {
            repulsion::exact(x, y, mass, size, &mut self.force);
        } else {
            self.approximate.run(x, y, mass, size, config.theta, &mut self.force);
        }
        self.force.par_iter_mut().enumerate().with_min_len(BLOCK).for_each(|(u, force)| {
            let at = Complex::new(x[u], y[u]);
            let gravity = match (config.strong_gravity, at.norm()) {
                (true, _) => config.gravity,
                (false, d) if d > 0.0 => config.gravity / d,
                _ => 0.0,
            };
            *force = force.scale(config.scaling * mass[u]) - at.scale(mass[u] * gravity);
        });
        if exact {
            scene.springs.add([x, y], size, config.lin_log, &mut self.force);
        } else {
            let [x, y] = &self.view;
            x.par_iter().zip(y).map(|(&x, &y)| [x, y]).collect_into_vec(&mut self.pairs);
            scene.springs.add(&self.pairs[..], size, config.lin_log, &mut self.force);
        }
        let locks = config.locks();
        if locks.any() {
            let forces = self.force.par_iter_mut().enumerate().with_min_len(BLOCK);
            forces.for_each(|(u, force)| *force = locked(*force, Complex::new(x[u], y[u]), locks));
        }
    }

    /// Energy, swinging and traction.
    fn measure_forces(&self, scene: &Scene) -> (f64, f64, f64) {
        let block = |nodes: Range<usize>| {
            let mut sums = [0.0; 3];
            for u in nodes.filter(|&u| !scene.fixed[u]) {
                let (new, old) = (self.force[u], self.old_force[u]);
                sums[0] += new.norm_squared();
                sums[1] += scene.mass[u] * (old - new).norm();
                sums[2] += scene.mass[u] * 0.5 * (old + new).norm();
            }
            sums
        };
        let [energy, swinging, traction] = self.sum_blocks(block);
        (energy, swinging, traction)
    }

    /// Moves the free nodes along their forces; total and largest way.
    fn move_nodes(&mut self, scene: &Scene) -> (f64, f64) {
        let (speed, resize) = (self.speed.speed, scene.config.adjust_sizes);
        let (force, old_force, mass) = (&self.force, &self.old_force, &scene.mass);
        let (fixed, mobility) = (&scene.fixed, &scene.mobility);
        let keeps_radius = scene.config.locks().radius;
        let displacement = |u: usize| {
            if fixed[u] {
                return Complex::default();
            }
            let swinging = mass[u] * (old_force[u] - force[u]).norm();
            let mut factor = speed / (1.0 + (speed * swinging).sqrt());
            if resize {
                let length = force[u].norm();
                factor *= 0.1;
                factor = if length > 0.0 { (factor * length).min(10.0) / length } else { 0.0 };
            }
            let way =
                force[u].scale(factor * mobility.as_ref().map_or(1.0, |mobility| mobility[u]));
            // Weights near the end of f32 can overflow a force: such a node waits a step.
            if way.norm_squared().is_finite() { way } else { Complex::default() }
        };
        let [view_x, view_y] = &mut self.view;
        let ways: Vec<(f64, f64)> = self
            .x
            .par_chunks_mut(BLOCK)
            .zip(self.y.par_chunks_mut(BLOCK))
            .zip(view_x.par_chunks_mut(BLOCK).zip(view_y.par_chunks_mut(BLOCK)))
            .enumerate()
            .map(|(block, ((x, y), (view_x, view_y)))| {
                let (mut total, mut max) = (0.0, 0.0_f64);
                for i in 0..x.len() {
                    let way = displacement(block * BLOCK + i);
                    let length = way.norm();
                    total += length;
                    max = max.max(length);
                    let radius = x[i].hypot(y[i]);
                    x[i] += way.re;
                    y[i] += way.im;
                    if keeps_radius && length > 0.0 {
                        // Straight on is outward, by little.
                        let back = radius / x[i].hypot(y[i]);
                        (x[i], y[i]) = (x[i] * back, y[i] * back);
                    }
                    view_x[i] = x[i] as f32;
                    view_y[i] = y[i] as f32;
                }
                (total, max)
            })
            .collect();
        ways.iter().fold((0.0, 0.0_f64), |(total, max), &(t, m)| (total + t, max.max(m)))
    }

    /// Root mean square distance from the centroid.
    fn radius(&self) -> f64 {
        let n = self.x.len().max(1) as f64;
        let [x, y] = self.sum_blocks(|nodes| {
            [&self.x, &self.y].map(|column| column[nodes.clone()].iter().sum())
        });
        let center = Complex::new(x / n, y / n);
        let [squares] = self.sum_blocks(|nodes| {
            [nodes.map(|u| (Complex::new(self.x[u], self.y[u]) - center).norm_squared()).sum()]
        });
        (squares / n).sqrt()
    }

    /// Sums over blocks of nodes, block by block in order: the threads do not change a bit.
    fn sum_blocks<const K: usize>(
        &self,
        block: impl Fn(Range<usize>) -> [f64; K] + Sync,
    ) -> [f64; K] {
        let n = self.x.len();
        let parts: Vec<[f64; K]> = (0..n.div_ceil(BLOCK))
            .into_par_iter()
            .map(|i| block(i * BLOCK..n.min((i + 1) * BLOCK)))
            .collect();
        parts.iter().fold([0.0; K], |mut sums, part| {
            for (sum, part) in sums.iter_mut().zip(part) {
                *sum += part;
            }
            sums
        })
    }
}

/// A force on the node `at` without what would move it off what it keeps.
fn locked(force: Complex, at: Complex, locks: Locks) -> Complex {
    let mut force = force;
    if locks.radius {
        let square = at.norm_squared();
        // At the origin, and where x or y is kept too, there is nowhere to go.
        let can_turn = square > 0.0 && !locks.x && !locks.y;
        let across = if can_turn { (force.im * at.re - force.re * at.im) / square } else { 0.0 };
        force = Complex::new(-across * at.im, across * at.re);
    }
    Complex::new(if locks.x { 0.0 } else { force.re }, if locks.y { 0.0 } else { force.im })
}
