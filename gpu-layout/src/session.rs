//! A layout in progress: step it, look at it, change it, stop it.

use std::mem;
use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use graph_core::{Graph, NodeId};
use graph_kernels::Device;

use crate::attraction::Springs;
use crate::builder::LayoutBuilder;
use crate::cards::Cards;
use crate::host::Host;
use crate::stream::Stream;
use crate::{Config, Error, Frame, Result};

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

/// What a layout is of, and how it is made; the same for every engine.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) springs: Springs,
    pub(crate) config: Config,
    pub(crate) mass: Vec<f64>,
    pub(crate) size: Vec<f64>,
    pub(crate) mobility: Option<Vec<f64>>,
    pub(crate) fixed: Vec<bool>,
}

/// Where the steps are made.
#[derive(Debug)]
pub(crate) enum Engine {
    Host(Box<Host>),
    Cards(Box<Cards>),
}

/// A graph being laid out by ForceAtlas2, on the processor or on one or more devices.
///
/// Same graph, same start, same options, same device: same bytes, on any number of threads.
///
/// ```
/// use gpu_layout::{Config, Layout};
/// use graph_core::{Coo, Graph};
///
/// let square = Graph::from_coo(Coo::new(4, vec![0, 1, 2, 3], vec![1, 2, 3, 0], None)?, false);
/// let mut layout = Layout::builder(&square).config(Config { seed: 7, ..Config::default() }).build()?;
/// layout.run(200, |_| std::ops::ControlFlow::Continue(()))?;
/// let [x, y] = layout.positions()?;
/// let side = (x[0] - x[1]).hypot(y[0] - y[1]);
/// let diagonal = (x[0] - x[2]).hypot(y[0] - y[2]);
/// assert!(side < diagonal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Layout {
    pub(crate) scene: Scene,
    pub(crate) engine: Engine,
    pub(crate) last: StepReport,
    /// Positions copied from a device since the last step.
    pub(crate) view: OnceLock<[Vec<f32>; 2]>,
    pub(crate) stream: Option<Stream>,
}

impl Layout {
    /// Starts to describe a layout of `graph`.
    pub fn builder(graph: &Graph) -> LayoutBuilder<'_> {
        LayoutBuilder::new(graph)
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.scene.mass.len()
    }

    /// Where the steps are made; several devices share one graph.
    pub fn devices(&self) -> Vec<Device> {
        match &self.engine {
            Engine::Host(_) => vec![Device::Cpu],
            Engine::Cards(cards) => cards.devices(),
        }
    }

    /// Horizontal and vertical positions, shape `[n]` each, in layout units.
    ///
    /// On the processor they are not copied; from a device they are, once after each step that
    /// somebody looks at.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the copy fails, or a step before it did.
    pub fn positions(&self) -> Result<[&[f32]; 2]> {
        match &self.engine {
            Engine::Host(host) => Ok(host.view()),
            Engine::Cards(cards) => {
                let view = match self.view.get() {
                    Some(view) => view,
                    None => {
                        let copied = cards.positions()?;
                        self.view.get_or_init(|| copied)
                    }
                };
                Ok([&view[0], &view[1]])
            }
        }
    }

    /// Force on every node in the last step, shape `[n, 2]`; copied.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the copy fails, or a step before it did.
    pub fn forces(&self) -> Result<Vec<[f64; 2]>> {
        match &self.engine {
            Engine::Host(host) => Ok(host.forces()),
            Engine::Cards(cards) => cards.forces(),
        }
    }

    /// Mass of every node, shape `[n]`.
    pub fn masses(&self) -> &[f64] {
        &self.scene.mass
    }

    /// The options in force.
    pub fn config(&self) -> &Config {
        &self.scene.config
    }

    /// What the last step did; all zero before the first. After [`steps`](Self::steps) on a
    /// device, what it did as of the last [`report`](Self::report).
    pub fn last(&self) -> &StepReport {
        &self.last
    }

    /// Changes options from the next step on; speed and forces are kept, the seed has no effect.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`] if one is out of its range, [`Error::Device`] if the device has no
    /// memory for what they need; the old options then stay.
    pub fn set_config(&mut self, config: Config) -> Result<()> {
        config.validate()?;
        self.scene.springs.set_options(&config, &self.scene.mass);
        let old = mem::replace(&mut self.scene.config, config);
        match &mut self.engine {
            Engine::Host(host) => host.disturb(),
            Engine::Cards(cards) => {
                if let Err(error) = cards.set_options(&self.scene) {
                    self.scene.springs.set_options(&old, &self.scene.mass);
                    self.scene.config = old;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Fixes node `u` where it is, or lets it go.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device cannot be told.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn set_fixed(&mut self, u: NodeId, fixed: bool) -> Result<()> {
        self.scene.fixed[u as usize] = fixed;
        match &mut self.engine {
            Engine::Host(host) => host.disturb(),
            Engine::Cards(cards) => cards.set_fixed(&self.scene, u as usize)?,
        }
        Ok(())
    }

    /// Puts node `u` at `(x, y)`, fixed or not.
    ///
    /// # Errors
    ///
    /// [`Error::BadPosition`] if the place is not finite or too far out, [`Error::Device`] if the
    /// device cannot be told.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn move_node(&mut self, u: NodeId, x: f32, y: f32) -> Result<()> {
        let node = u as usize;
        assert!(node < self.n_nodes(), "node {node} is not one of {}", self.n_nodes());
        if !(x.abs() <= FARTHEST && y.abs() <= FARTHEST) {
            return Err(Error::BadPosition { node, x, y });
        }
        self.view.take();
        match &mut self.engine {
            Engine::Host(host) => {
                host.move_node(node, x, y);
                host.disturb();
            }
            Engine::Cards(cards) => cards.move_node(node, x, y)?,
        }
        Ok(())
    }

    /// All that is needed to go on later, in another process, on another device or with other
    /// options.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the copy fails, or a step before it did.
    pub fn state(&self) -> Result<State> {
        match &self.engine {
            Engine::Host(host) => Ok(host.state()),
            Engine::Cards(cards) => cards.state(),
        }
    }

    /// Makes up to `iterations` steps, fewer if the layout converges or `on_step` breaks.
    ///
    /// `on_step` sees the layout after each step on the processor, after each few on a device:
    /// as many as take some hundredths of a second. The layout itself does not depend on that.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if a step fails.
    pub fn run(
        &mut self,
        iterations: usize,
        mut on_step: impl FnMut(&Self) -> ControlFlow<()>,
    ) -> Result<RunReport> {
        let start = Instant::now();
        let first = self.last.iteration;
        let mut stop = Stop::Iterations;
        let mut made = 0;
        let mut batch = 1;
        let least = self.scene.config.tolerance;
        if let Engine::Cards(cards) = &mut self.engine {
            cards.stop_below(least)?;
        }
        while made < iterations {
            let begin = Instant::now();
            let count = batch.min(iterations - made);
            self.make(count)?;
            self.report()?;
            made += count;
            if on_step(self).is_break() {
                stop = Stop::Canceled;
                break;
            }
            if self.has_converged() {
                stop = Stop::Converged;
                break;
            }
            if matches!(self.engine, Engine::Cards(_)) {
                batch = next_batch(batch, begin.elapsed());
            }
        }
        let iterations = self.last.iteration - first;
        Ok(RunReport { iterations, stop, last: self.last, duration: start.elapsed() })
    }

    /// Whether the last steps moved the nodes less than [`Config::tolerance`].
    ///
    /// The way of a step is the mean over the nodes, as a share of the layout's radius, averaged
    /// over about ten steps. The first ten steps never count as converged.
    pub fn has_converged(&self) -> bool {
        self.last.iteration >= 10 && self.last.convergence < self.scene.config.tolerance
    }

    /// Makes one step and reports it.
    ///
    /// O(n² + m) time in exact mode, O(n log n + m) else.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if it fails.
    pub fn step(&mut self) -> Result<&StepReport> {
        self.steps(1)?;
        self.report()
    }

    /// Makes `count` steps. On a device this returns when they are asked for, not when they are
    /// done, and copies no positions. Before some steps, at the latest every 16, it waits for 64
    /// bytes that say how far the nodes go, to know when to sort them.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if they cannot be asked for.
    pub fn steps(&mut self, count: usize) -> Result<()> {
        if let Engine::Cards(cards) = &mut self.engine {
            cards.stop_below(0.0)?;
        }
        self.make(count)
    }

    fn make(&mut self, count: usize) -> Result<()> {
        self.view.take();
        for _ in 0..count {
            match &mut self.engine {
                Engine::Host(host) => self.last = host.step(&self.scene),
                Engine::Cards(cards) => cards.step(&self.scene)?,
            }
        }
        if let Engine::Cards(cards) = &self.engine {
            cards.flush()?;
        }
        Ok(())
    }

    /// Whether the device replays steps as one recording instead of being told of each kernel:
    /// after the first few on CUDA, never elsewhere.
    pub fn is_recorded(&self) -> bool {
        matches!(&self.engine, Engine::Cards(cards) if cards.is_recorded())
    }

    /// What the last step did; waits for it.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the copy fails, or a step before it did.
    pub fn report(&mut self) -> Result<&StepReport> {
        if let Engine::Cards(cards) = &mut self.engine {
            self.last = cards.report()?;
        }
        Ok(&self.last)
    }

    /// Positions for somebody who watches: 16 bits an axis, as changes since the last frame.
    ///
    /// The first frame, and each after the layout left its grid or shrank to a small part of it,
    /// is a key frame: its changes are from zero. O(n); from a device only 4 bytes a node are
    /// copied.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if a kernel or copy fails.
    pub fn frame(&mut self) -> Result<Frame> {
        let frame = Stream::frame(&mut self.stream, &self.engine);
        if frame.is_err() {
            // What the other end knows is no longer sure: it will get a key frame.
            self.stream = None;
        }
        frame
    }
}

/// Farthest that a node may be put from the origin.
const FARTHEST: f32 = crate::error::FARTHEST;

/// How many steps to make until somebody looks again.
fn next_batch(batch: usize, took: Duration) -> usize {
    match took.as_millis() {
        0..15 => (2 * batch).min(64),
        15..60 => batch,
        _ => (batch / 2).max(1),
    }
}
