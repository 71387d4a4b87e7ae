//! What a layout starts from, checked once.

use std::sync::OnceLock;

use graph_core::Graph;
use graph_kernels::Device;
use rayon::prelude::*;

use crate::attraction::Springs;
use crate::cards::Cards;
use crate::error::check_positions;
use crate::host::Host;
use crate::session::{Engine, Layout, Scene, State, StepReport};
use crate::speed::Speed;
use crate::{Config, Error, Result, initial};

/// Collects what a [`Layout`] starts from.
///
/// Every column has shape `[n]`.
#[derive(Debug)]
pub struct LayoutBuilder<'a> {
    graph: &'a Graph,
    config: Config,
    start: Option<[Vec<f64>; 2]>,
    state: Option<State>,
    mass: Option<Vec<f64>>,
    size: Option<Vec<f64>>,
    mobility: Option<Vec<f64>>,
    fixed: Option<Vec<bool>>,
    devices: Vec<Device>,
}

impl<'a> LayoutBuilder<'a> {
    pub(crate) fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            config: Config::default(),
            start: None,
            state: None,
            mass: None,
            size: None,
            mobility: None,
            fixed: None,
            devices: vec![Device::Cpu],
        }
    }

    /// Where to make the steps; by default on the processor.
    pub fn device(mut self, device: Device) -> Self {
        self.devices = vec![device];
        self
    }

    /// Splits the graph over several devices, one of which may be named more than once: each
    /// holds all positions, a share of the edges, and finds the forces on a share of the nodes.
    /// 16 bytes a node travel to the host and to each device in every step, and 4 more when the
    /// nodes are sorted.
    pub fn devices(mut self, devices: &[Device]) -> Self {
        self.devices = devices.to_vec();
        self
    }

    /// Options; by default [`Config::default`].
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Start positions in layout units; by default random over a disc. Nodes at the very same
    /// place are moved apart a little.
    pub fn positions(mut self, x: &[f32], y: &[f32]) -> Self {
        self.start = Some([x, y].map(|column| column.iter().map(|&v| v.into()).collect()));
        self
    }

    /// Goes on from the state of an earlier layout: positions, forces and speed.
    pub fn resume(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// Masses, above 0; by default degree + 1.
    pub fn masses(mut self, mass: &[f32]) -> Self {
        self.mass = Some(mass.iter().map(|&v| v.into()).collect());
        self
    }

    /// Radii in layout units, at least 0, for [`Config::adjust_sizes`]; by default 1.
    pub fn sizes(mut self, size: &[f32]) -> Self {
        self.size = Some(size.iter().map(|&v| v.into()).collect());
        self
    }

    /// Factors on the way of each node per step, at least 0; by default 1. A node of mobility 0
    /// stays, but unlike a fixed one it still counts in the speed law.
    pub fn mobilities(mut self, mobility: &[f32]) -> Self {
        self.mobility = Some(mobility.iter().map(|&v| v.into()).collect());
        self
    }

    /// Nodes that stay where they start.
    pub fn fixed(mut self, fixed: &[bool]) -> Self {
        self.fixed = Some(fixed.to_vec());
        self
    }

    /// Checks everything and makes the layout. O(n + m) time; on the host about 150 bytes a node
    /// and 8 bytes an edge end, 4 more with weights and 8 more when they or `dissuade_hubs` count;
    /// on a device [`device_bytes`](crate::device_bytes).
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if an option is out of its range;
    /// - [`Error::LengthMismatch`] if a column does not have one entry a node;
    /// - [`Error::BadPosition`] if a position is not finite;
    /// - [`Error::BadValue`] if a mass, size or mobility is out of its range;
    /// - [`Error::Device`] if the device has not enough memory, which is found out before anything
    ///   is copied; [`Error::TooManyEnds`] if it cannot count the edges; [`Error::SharedWithCpu`]
    ///   if the processor is one of several devices.
    pub fn build(self) -> Result<Layout> {
        let n = self.graph.n_nodes();
        self.config.validate()?;
        let mut springs = Springs::new(self.graph);
        let mass = match self.mass {
            Some(mass) => column("mass", mass, n, |v| v > 0.0, "finite and above 0")?,
            None => (0..n).into_par_iter().map(|u| 1.0 + springs.degree(u) as f64).collect(),
        };
        let checked = |name, values: Option<Vec<f64>>| {
            let at_least_0 = "finite and at least 0";
            values.map(|values| column(name, values, n, |v| v >= 0.0, at_least_0)).transpose()
        };
        let size = checked("size", self.size)?.unwrap_or_else(|| vec![1.0; n]);
        let mobility = checked("mobility", self.mobility)?;
        let fixed = self.fixed.unwrap_or_else(|| vec![false; n]);
        if fixed.len() != n {
            return Err(Error::LengthMismatch { column: "fixed", found: fixed.len(), expected: n });
        }
        let start = Speed::default();
        let state = if let Some(state) = self.state {
            for (name, values) in [("force_x", &state.force_x), ("force_y", &state.force_y)] {
                column(name, values.clone(), n, |_| true, "finite")?;
            }
            for (option, value) in [("speed", state.speed), ("efficiency", state.efficiency)] {
                if !(value > 0.0 && value.is_finite()) {
                    let allowed = "finite and above 0".to_owned();
                    return Err(Error::BadOption { option, value, allowed });
                }
            }
            state
        } else {
            let [x, y] = if let Some(mut start) = self.start {
                if start.iter().all(|column| column.len() == n) {
                    initial::separate(&mut start, &fixed, self.config.seed);
                }
                start
            } else {
                initial::random(n, self.config.seed)
            };
            let force = vec![0.0; n];
            let (speed, efficiency) = (start.speed, start.efficiency);
            State { x, y, force_x: force.clone(), force_y: force, speed, efficiency }
        };
        let [x, y] =
            [&state.x, &state.y].map(|column| column.iter().map(|&v| v as f32).collect::<Vec<_>>());
        check_positions(n, &x, &y)?;
        springs.set_options(&self.config, &mass);
        let scene = Scene { springs, config: self.config, mass, size, mobility, fixed };
        let engine = match self.devices[..] {
            [] | [Device::Cpu] => Engine::Host(Box::new(Host::new(state))),
            _ => Engine::Cards(Box::new(Cards::new(&self.devices, &scene, &state)?)),
        };
        let (last, view) = (StepReport::default(), OnceLock::new());
        Ok(Layout { scene, engine, last, view, stream: None })
    }
}

/// A column of one checked number a node.
fn column(
    name: &'static str,
    values: Vec<f64>,
    n: usize,
    ok: impl Fn(f64) -> bool,
    allowed: &'static str,
) -> Result<Vec<f64>> {
    if values.len() != n {
        return Err(Error::LengthMismatch { column: name, found: values.len(), expected: n });
    }
    match values.iter().position(|&value| !(value.is_finite() && ok(value))) {
        Some(node) => Err(Error::BadValue { column: name, node, value: values[node], allowed }),
        None => Ok(values),
    }
}
