//! A layout in progress: step it, look at it, change it, stop it.

use std::mem;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use crate::attraction::Springs;
use crate::builder::LayoutBuilder;
use crate::complex::Complex;
use crate::repulsion::{self, Approximate};
use crate::speed::Speed;
use crate::{Config, Error, Result};

/// Nodes that one task handles; sums run over such blocks in order, whatever the threads.
const BLOCK: usize = 4096;

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct StepReport {
    /// Steps since the start, this one included.
    pub iteration: usize,
    /// Σ‖force‖² over the free nodes, the energy of Hu 2005 (The Mathematica Journal 10:1).
    pub energy: f64,
    /// Σ mass·‖change of force‖ over the free nodes.
    pub swinging: f64,
    /// Σ mass·½‖force + previous force‖ over the free nodes.
    pub traction: f64,
    /// Global speed after the step.
    pub speed: f64,
    /// Farthest that a node moved, in layout units.
    pub max_displacement: f64,
    /// Mean way of all nodes, in layout units.
    pub mean_displacement: f64,
    /// Root mean square distance of the nodes from their centroid, in layout units.
    pub radius: f64,
    /// `mean_displacement / radius`, averaged over about the last ten steps: what auto-stop
    /// compares with [`Config::tolerance`].
    pub convergence: f64,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Stop {
    /// Nodes moved less than [`Config::tolerance`].
    Converged,
    /// As many steps as were asked for were made.
    Iterations,
    /// The callback said so.
    Canceled,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RunReport {
    /// Steps made in this run.
    pub iterations: usize,
    /// Why it ended.
    pub stop: Stop,
    /// The last step.
    pub last: StepReport,
    /// Wall time.
    pub duration: Duration,
}

/// All that a layout needs to go on as if it had never stopped.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct State {
    /// Positions, shape `[n]` each, in layout units.
    pub x: Vec<f64>,
    /// See `x`.
    pub y: Vec<f64>,
    /// Forces of the last step, shape `[n]` each.
    pub force_x: Vec<f64>,
    /// See `force_x`.
    pub force_y: Vec<f64>,
    /// Global speed.
    pub speed: f64,
    /// Efficiency factor of the speed law.
    pub efficiency: f64,
}

/// A graph being laid out by ForceAtlas2.
///
/// Same graph, same start, same options: same bytes, on any number of threads.
///
/// ```
/// use gpu_layout::{Config, Layout};
/// use graph_core::{Coo, Graph};
///
/// let square = Graph::from_coo(Coo::new(4, vec![0, 1, 2, 3], vec![1, 2, 3, 0], None)?, false);
/// let mut layout = Layout::builder(&square).config(Config { seed: 7, ..Config::default() }).build()?;
/// layout.run(200, |_| std::ops::ControlFlow::Continue(()));
/// let (x, y) = (layout.x(), layout.y());
/// let side = (x[0] - x[1]).hypot(y[0] - y[1]);
/// let diagonal = (x[0] - x[2]).hypot(y[0] - y[2]);
/// assert!(side < diagonal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Layout {
    pub(crate) springs: Springs,
    pub(crate) config: Config,
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    /// Positions as callers and pictures want them.
    pub(crate) view: [Vec<f32>; 2],
    /// Positions interleaved, for attraction in approximate mode.
    pub(crate) pairs: Vec<[f32; 2]>,
    pub(crate) force: Vec<Complex>,
    pub(crate) old_force: Vec<Complex>,
    pub(crate) mass: Vec<f64>,
    pub(crate) size: Vec<f64>,
    pub(crate) mobility: Option<Vec<f64>>,
    pub(crate) fixed: Vec<bool>,
    pub(crate) speed: Speed,
    pub(crate) approximate: Approximate,
    pub(crate) last: StepReport,
    /// Steps since the start or the last change from outside.
    pub(crate) undisturbed: usize,
}

impl Layout {
    /// Starts to describe a layout of `graph`.
    pub fn builder(graph: &Graph) -> LayoutBuilder<'_> {
        LayoutBuilder::new(graph)
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.x.len()
    }

    /// Horizontal positions, shape `[n]`, in layout units; not copied.
    pub fn x(&self) -> &[f32] {
        &self.view[0]
    }

    /// Vertical positions, shape `[n]`, in layout units; not copied.
    pub fn y(&self) -> &[f32] {
        &self.view[1]
    }

    /// Force on every node in the last step.
    pub fn forces(&self) -> impl ExactSizeIterator<Item = (f64, f64)> + '_ {
        self.force.iter().map(|force| (force.re, force.im))
    }

    /// Mass of every node, shape `[n]`.
    pub fn masses(&self) -> &[f64] {
        &self.mass
    }

    /// The options in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the last step did; all zero before the first.
    pub fn last(&self) -> &StepReport {
        &self.last
    }

    /// Changes options from the next step on; speed and forces are kept, the seed has no effect.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`] if one is out of its range; the old options then stay.
    pub fn set_config(&mut self, config: Config) -> Result<()> {
        config.validate()?;
        self.springs.set_options(&config, &self.mass);
        self.config = config;
        self.undisturbed = 0;
        Ok(())
    }

    /// Fixes node `u` where it is, or lets it go.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn set_fixed(&mut self, u: NodeId, fixed: bool) {
        self.fixed[u as usize] = fixed;
        self.undisturbed = 0;
    }

    /// Puts node `u` at `(x, y)`, fixed or not.
    ///
    /// # Errors
    ///
    /// [`Error::BadPosition`] if the place is not finite.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn move_node(&mut self, u: NodeId, x: f32, y: f32) -> Result<()> {
        let node = u as usize;
        if !(x.is_finite() && y.is_finite()) {
            return Err(Error::BadPosition { node, x, y });
        }
        (self.x[node], self.y[node]) = (x.into(), y.into());
        (self.view[0][node], self.view[1][node]) = (x, y);
        self.undisturbed = 0;
        Ok(())
    }

    /// All that is needed to go on later, in another process or with other options.
    pub fn state(&self) -> State {
        State {
            x: self.x.clone(),
            y: self.y.clone(),
            force_x: self.force.iter().map(|force| force.re).collect(),
            force_y: self.force.iter().map(|force| force.im).collect(),
            speed: self.speed.speed,
            efficiency: self.speed.efficiency,
        }
    }

    /// Makes up to `iterations` steps, fewer if the layout converges or `on_step` breaks.
    ///
    /// `on_step` sees the layout after each step; it may read positions but not change them.
    pub fn run(
        &mut self,
        iterations: usize,
        mut on_step: impl FnMut(&Self) -> ControlFlow<()>,
    ) -> RunReport {
        let start = Instant::now();
        let first = self.last.iteration;
        let mut stop = Stop::Iterations;
        for _ in 0..iterations {
            self.step();
            if on_step(self).is_break() {
                stop = Stop::Canceled;
                break;
            }
            if self.has_converged() {
                stop = Stop::Converged;
                break;
            }
        }
        let iterations = self.last.iteration - first;
        RunReport { iterations, stop, last: self.last, duration: start.elapsed() }
    }

    /// Whether the last steps moved the nodes less than [`Config::tolerance`].
    ///
    /// The way of a step is the mean over the nodes, as a share of the layout's radius, averaged
    /// over about ten steps. The first ten steps never count as converged.
    pub fn has_converged(&self) -> bool {
        self.last.iteration >= 10 && self.last.convergence < self.config.tolerance
    }

    /// Makes one step.
    ///
    /// O(n² + m) time in exact mode, O(n log n + m) else.
    pub fn step(&mut self) -> &StepReport {
        mem::swap(&mut self.force, &mut self.old_force);
        self.old_force.resize(self.x.len(), Complex::default());
        self.sum_forces();
        let (energy, swinging, traction) = self.measure_forces();
        let n = self.x.len();
        self.speed.adapt(n, swinging, traction, self.config.jitter_tolerance);
        let (way, max_displacement) = self.move_nodes();

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
        &self.last
    }

    /// Repulsion, gravity and attraction at the current positions, into `force`.
    fn sum_forces(&mut self) {
        let config = &self.config;
        let size = config.adjust_sizes.then_some(&self.size[..]);
        let exact = config.is_exact(self.x.len());
        let (x, y, mass) = (&self.x[..], &self.y[..], &self.mass[..]);
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
            self.springs.add([x, y], size, config.lin_log, &mut self.force);
        } else {
            let [x, y] = &self.view;
            x.par_iter().zip(y).map(|(&x, &y)| [x, y]).collect_into_vec(&mut self.pairs);
            self.springs.add(&self.pairs[..], size, config.lin_log, &mut self.force);
        }
    }

    /// Energy, swinging and traction.
    fn measure_forces(&self) -> (f64, f64, f64) {
        let block = |nodes: std::ops::Range<usize>| {
            let mut sums = [0.0; 3];
            for u in nodes.filter(|&u| !self.fixed[u]) {
                let (new, old) = (self.force[u], self.old_force[u]);
                sums[0] += new.norm_squared();
                sums[1] += self.mass[u] * (old - new).norm();
                sums[2] += self.mass[u] * 0.5 * (old + new).norm();
            }
            sums
        };
        let [energy, swinging, traction] = self.sum_blocks(block);
        (energy, swinging, traction)
    }

    /// Moves the free nodes along their forces; total and largest way.
    fn move_nodes(&mut self) -> (f64, f64) {
        let (speed, resize) = (self.speed.speed, self.config.adjust_sizes);
        let (force, old_force, mass) = (&self.force, &self.old_force, &self.mass);
        let (fixed, mobility) = (&self.fixed, &self.mobility);
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
                    x[i] += way.re;
                    y[i] += way.im;
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
        block: impl Fn(std::ops::Range<usize>) -> [f64; K] + Sync,
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
