//! ForceAtlas2 on one or more devices. On one, all of a step is made there; the host only reads,
//! every so many steps, how far nodes go, to say when to sort them.
//!
//! On several, each has all positions and the whole tree. A device finds repulsion for its run of
//! ranks in the order of the curve, attraction and motion for its run of nodes; between these the
//! parts are exchanged through the host.

use std::ops::Range;

use graph_kernels::{
    Bodies, Buffer, Device, Field, Inertia, MOST, Motion, MotionState, Order, Recording, Springs,
    Sums, Tree, repel_exact,
};

use crate::attraction::Pull;
use crate::session::{Scene, State, StepReport};
use crate::{Error, Result};

/// Most steps after which the nodes are sorted again; an old order costs time, not accuracy.
const SORT_EVERY: usize = 16;

/// Steps after which the host looks how far nodes go, to say how soon to sort again.
const LOOK_EVERY: usize = 16;

/// Nodes are sorted again when they have gone on average this share of the radius of a group of 32.
const DRIFT: f64 = 0.5;

/// What decides how much memory a layout takes on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceNeeds {
    /// Nodes.
    pub n_nodes: u64,
    /// Edge ends: twice the number of edges, without self-loops.
    pub n_ends: u64,
    /// Whether edges differ in what they pull with: by weights, or to dissuade hubs.
    pub weighted: bool,
    /// Whether radii count.
    pub sized: bool,
    /// Whether repulsion is exact, which needs no tree.
    pub exact: bool,
    /// Devices that share the graph.
    pub n_devices: u64,
}

/// Most bytes that a layout takes on each of its devices.
pub fn device_bytes(needs: DeviceNeeds) -> u64 {
    let DeviceNeeds { n_nodes: n, n_ends, weighted, sized, exact, n_devices } = needs;
    let devices = n_devices.max(1);
    // Positions, forces now and before, masses and mobilities.
    let columns = (8 + 8 + 8 + 4 + 4 + 4 * u64::from(sized)) * n;
    let tree = if exact { 0 } else { Order::bytes(n) + Tree::bytes(n) };
    let exchange =
        if devices > 1 && !exact { 8 * n.div_ceil(devices).next_multiple_of(32) } else { 0 };
    let groups = devices * Motion::groups(n.div_ceil(devices) as usize) as u64;
    // A run of nodes has its share of ends, and at most one hub's more.
    let (rows, ends) = match devices {
        1 => (n, n_ends),
        _ => (n, n_ends.min(n_ends / devices + n)),
    };
    let springs = Springs::bytes(rows, ends, weighted);
    // Each of about forty arrays begins at a multiple of 512 bytes.
    columns + tree + exchange + springs + Motion::bytes(groups) + 40 * 512
}

/// What one device holds.
#[derive(Debug)]
struct Part {
    device: Device,
    /// Nodes whose edges and motion are this device's.
    nodes: Range<usize>,
    /// Ranks whose repulsion is.
    ranks: Range<usize>,
    at: Buffer<f32>,
    force: Buffer<f32>,
    old: Buffer<f32>,
    mass: Buffer<f32>,
    mobility: Buffer<f32>,
    size: Option<Buffer<f32>>,
    tree: Option<(Order, Tree)>,
    /// Forces on their way between devices, by rank.
    packed: Option<Buffer<f32>>,
    springs: Springs,
    motion: Motion,
}

/// A layout on devices.
#[derive(Debug)]
pub(crate) struct Cards {
    n: usize,
    parts: Vec<Part>,
    iteration: usize,
    /// The step before which the nodes are sorted next, and how many after that again.
    next_sort: usize,
    sort_every: usize,
    /// The step before which the host looks next.
    next_look: usize,
    /// Share of the radius below which a run stops; 0 never does.
    least: f32,
    /// Whether the devices may have stopped since they were told to go on.
    may_have_stopped: bool,
    /// A step as it was recorded, without and with sorting the nodes.
    recordings: [Recorded; 2],
}

/// What is known of a step that could be recorded.
#[derive(Debug, Default)]
enum Recorded {
    /// Its kernels may not all be loaded.
    #[default]
    New,
    /// It ran once.
    Ran,
    /// It can be run again.
    Ready(Recording),
    /// The device cannot record.
    Never,
}

impl Cards {
    pub(crate) fn new(devices: &[Device], scene: &Scene, state: &State) -> Result<Self> {
        let n = scene.mass.len();
        let n_ends = scene.springs.n_ends();
        if devices.contains(&Device::Cpu) {
            let names: Vec<String> = devices.iter().map(ToString::to_string).collect();
            return Err(Error::SharedWithCpu { devices: names.join(", ").into() });
        }
        if n_ends > MOST {
            return Err(Error::TooManyEnds { n_ends, limit: MOST });
        }
        let bytes = device_bytes(needs(scene, devices.len()));
        for &device in devices {
            // A device may have several shares.
            let shares = devices.iter().filter(|&&other| other == device).count() as u64;
            device.reserve(shares * bytes)?;
        }
        let nodes = split_nodes(scene, devices.len());
        let total_groups = nodes.iter().map(|nodes| Motion::groups(nodes.len())).sum();
        let parts = devices.iter().zip(&nodes).enumerate().map(|(i, (&device, nodes))| {
            let ranks = split_ranks(n, devices.len(), i);
            Part::new(device, nodes.clone(), ranks, total_groups, scene, state)
        });
        let parts: Result<Vec<Part>> = parts.collect();
        let parts = parts.map_err(|error| with_estimate(error, bytes))?;
        Ok(Self {
            n,
            parts,
            iteration: 0,
            next_sort: 0,
            sort_every: 1,
            next_look: 1,
            least: 0.0,
            may_have_stopped: false,
            recordings: Default::default(),
        })
    }

    pub(crate) fn devices(&self) -> Vec<Device> {
        self.parts.iter().map(|part| part.device).collect()
    }

    pub(crate) fn positions(&self) -> Result<[Vec<f32>; 2]> {
        Ok(unzip(&self.parts[0].at.download()?))
    }

    /// Positions side by side on the first device, shape `[n, 2]`.
    pub(crate) fn at(&self) -> &Buffer<f32> {
        &self.parts[0].at
    }

    pub(crate) fn forces(&self) -> Result<Vec<[f64; 2]>> {
        // Steps after the layout has settled still sum forces, but remember none.
        let mut forces = vec![0.0; 2 * self.n];
        for part in &self.parts {
            let nodes = 2 * part.nodes.start..2 * part.nodes.end;
            part.old.read(nodes.start, &mut forces[nodes])?;
        }
        Ok(forces.chunks_exact(2).map(|f| [f[0].into(), f[1].into()]).collect())
    }

    pub(crate) fn state(&self) -> Result<State> {
        let motion = self.parts[0].motion.state()?;
        let wide = |column: Vec<f32>| column.into_iter().map(f64::from).collect();
        let [x, y] = self.positions()?.map(wide);
        let forces = self.forces()?;
        Ok(State {
            x,
            y,
            force_x: forces.iter().map(|f| f[0]).collect(),
            force_y: forces.iter().map(|f| f[1]).collect(),
            speed: motion.speed.into(),
            efficiency: motion.efficiency.into(),
        })
    }

    pub(crate) fn report(&mut self) -> Result<StepReport> {
        let motion = self.parts[0].motion.state()?;
        if motion.is_stopped {
            // How many steps were asked for after that depends on the clock; what comes next
            // must not.
            self.iteration = motion.iteration as usize;
            self.next_sort = self.iteration;
            self.next_look = self.iteration;
        }
        Ok(StepReport {
            iteration: motion.iteration as usize,
            energy: motion.energy.into(),
            swinging: motion.swinging.into(),
            traction: motion.traction.into(),
            speed: motion.speed.into(),
            max_displacement: motion.max_way.into(),
            mean_displacement: motion.mean_way.into(),
            radius: motion.radius.into(),
            convergence: motion.convergence.into(),
        })
    }

    /// Lets the steps from now on change nothing once the layout has settled; 0 never does.
    pub(crate) fn stop_below(&mut self, least: f64) -> Result<()> {
        let least = least as f32;
        if least != self.least {
            self.least = least;
            self.recordings = Default::default();
        }
        if self.may_have_stopped {
            for part in &mut self.parts {
                part.motion.go_on()?;
            }
        }
        self.may_have_stopped = least > 0.0;
        Ok(())
    }

    /// Takes the options of `scene`, or none of them.
    pub(crate) fn set_options(&mut self, scene: &Scene) -> Result<()> {
        let estimate = device_bytes(self.needs(scene));
        for part in &mut self.parts {
            part.make_room(scene).map_err(|error| with_estimate(error, estimate))?;
        }
        self.recordings = Default::default();
        for part in &mut self.parts {
            part.set_pulls(scene)?;
            part.motion.begin_average()?;
        }
        Ok(())
    }

    fn needs(&self, scene: &Scene) -> DeviceNeeds {
        needs(scene, self.parts.len())
    }

    pub(crate) fn set_fixed(&mut self, scene: &Scene, node: usize) -> Result<()> {
        for part in &mut self.parts {
            part.mobility.write(node, &[mobility(scene, node)])?;
            part.motion.begin_average()?;
        }
        Ok(())
    }

    pub(crate) fn move_node(&mut self, node: usize, x: f32, y: f32) -> Result<()> {
        for part in &mut self.parts {
            part.at.write(2 * node, &[x, y])?;
            part.motion.begin_average()?;
        }
        Ok(())
    }

    /// Asks for one step; on one device it waits for nothing but what [`sort_is_due`] reads.
    ///
    /// [`sort_is_due`]: Self::sort_is_due
    pub(crate) fn step(&mut self, scene: &Scene) -> Result<()> {
        let sort = !scene.config.is_exact(self.n) && self.sort_is_due()?;
        self.iteration += 1;
        let least = self.least;
        let [part] = &mut self.parts[..] else { return self.step_together(scene, sort) };
        let recorded = &mut self.recordings[usize::from(sort)];
        if let Recorded::Ran = recorded {
            let device = part.device;
            let recording = device.record(|| {
                part.step(scene, sort, least).map_err(|error| match error {
                    Error::Device(error) => error,
                    // No other error has a way into a step.
                    other => graph_kernels::Error::Driver {
                        device: device.to_string().into(),
                        action: "record a step",
                        reason: other.to_string().into(),
                    },
                })
            });
            *recorded = match recording {
                Ok(Some(recording)) => Recorded::Ready(recording),
                // Kernels are being timed one by one: perhaps not for long.
                Ok(None) if matches!(device, Device::Cuda(_)) => Recorded::Ran,
                // A step that cannot be recorded can still be made, kernel by kernel.
                Ok(None) | Err(_) => Recorded::Never,
            };
        }
        match recorded {
            Recorded::Ready(recording) => {
                if recording.replay()? {
                    return Ok(());
                }
            }
            Recorded::New => *recorded = Recorded::Ran,
            Recorded::Ran | Recorded::Never => {}
        }
        part.step(scene, sort, least)
    }

    /// Whether the order of the nodes has grown too old.
    ///
    /// What is decided depends on the number of the step and on the layout alone, so that it
    /// does not matter how often somebody looks. The one wait in many steps is short.
    fn sort_is_due(&mut self) -> Result<bool> {
        if self.iteration >= self.next_look {
            self.next_look = self.iteration + self.iteration.clamp(1, LOOK_EVERY);
            let motion = self.parts[0].motion.state()?;
            // A group of 32 nodes covers 32/n of the layout.
            let group = f64::from(motion.radius) * (32.0 / self.n as f64).sqrt();
            let way = f64::from(motion.mean_way);
            // Where nothing moves the quotient is infinite, and the cast takes the most.
            self.sort_every = ((DRIFT * group / way) as usize).clamp(1, SORT_EVERY);
            self.next_sort = self.next_sort.min(self.iteration + self.sort_every);
        }
        let is_due = self.iteration >= self.next_sort;
        if is_due {
            self.next_sort = self.iteration + self.sort_every;
        }
        Ok(is_due)
    }

    /// A step of several devices. What each needs of the others goes through the host.
    fn step_together(&mut self, scene: &Scene, sort: bool) -> Result<()> {
        let exact = scene.config.is_exact(self.n);
        if sort {
            // The first device sorts for all: rounding must not put a node in two shares.
            let (first, rest) = self.parts.split_first_mut().expect("there are several");
            if let Some((order, _)) = &mut first.tree {
                order.sort(&first.at)?;
                let nodes = order.nodes().download()?;
                for part in rest {
                    if let Some((order, _)) = &mut part.tree {
                        order.set_nodes(&nodes)?;
                    }
                }
            }
        }
        for part in &mut self.parts {
            part.repel(scene)?;
        }
        if !exact {
            self.exchange_forces()?;
        }
        for part in &mut self.parts {
            part.pull(scene)?;
            part.measure()?;
        }
        self.exchange_sums(Sums::Forces)?;
        for part in &mut self.parts {
            part.advance(scene)?;
        }
        self.exchange_sums(Sums::Ways)?;
        let mut at = Vec::new();
        for from in 0..self.parts.len() {
            let nodes = self.parts[from].nodes.clone();
            at.resize(2 * nodes.len(), 0.0);
            self.parts[from].at.read(2 * nodes.start, &mut at)?;
            for to in (0..self.parts.len()).filter(|&to| to != from) {
                self.parts[to].at.write(2 * nodes.start, &at)?;
            }
        }
        for part in &mut self.parts {
            part.motion.report(self.least)?;
        }
        // Devices of different makers round differently, but there is one speed, and one end.
        let (first, rest) = self.parts.split_first_mut().expect("there are several");
        let state = first.motion.state()?;
        for part in rest {
            part.motion.set_state(&state)?;
        }
        Ok(())
    }

    /// Lets the devices begin what was asked of them.
    pub(crate) fn flush(&self) -> Result<()> {
        for part in &self.parts {
            part.device.flush()?;
        }
        Ok(())
    }

    /// Whether steps are replayed from a recording instead of kernel by kernel.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(self.recordings, [Recorded::Ready(_), _] | [_, Recorded::Ready(_)])
    }

    /// Gives every device the repulsion that the others found.
    fn exchange_forces(&mut self) -> Result<()> {
        for part in &mut self.parts {
            if let (Some((order, _)), Some(packed)) = (&part.tree, &mut part.packed) {
                order.pack(part.ranks.clone(), &part.force, packed)?;
            }
        }
        let mut forces = Vec::new();
        for from in 0..self.parts.len() {
            let ranks = self.parts[from].ranks.clone();
            let Some(packed) = &self.parts[from].packed else { continue };
            forces.resize(2 * ranks.len(), 0.0);
            packed.read(0, &mut forces)?;
            // A device's own share may be overwritten only once it has been read.
            for to in (0..self.parts.len()).filter(|&to| to != from) {
                let part = &mut self.parts[to];
                let spare = Buffer::upload(part.device, &forces)?;
                if let Some((order, _)) = &part.tree {
                    order.unpack(ranks.clone(), &spare, &mut part.force)?;
                }
            }
        }
        Ok(())
    }

    fn exchange_sums(&mut self, of: Sums) -> Result<()> {
        let mut all = Vec::new();
        for part in &self.parts {
            all.extend(part.motion.sums(of)?);
        }
        for part in &mut self.parts {
            part.motion.set_sums(of, &all)?;
        }
        Ok(())
    }
}

impl Part {
    fn new(
        device: Device,
        nodes: Range<usize>,
        ranks: Range<usize>,
        total_groups: usize,
        scene: &Scene,
        state: &State,
    ) -> Result<Self> {
        let n = scene.mass.len();
        let column = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
        let at = Buffer::upload(device, &zip(&state.x, &state.y))?;
        let forces = zip(&state.force_x, &state.force_y);
        let mobilities: Vec<f32> = (0..n).map(|u| mobility(scene, u)).collect();
        let (offsets, others) = scene.springs.rows(nodes.clone());
        let offsets: Vec<u32> = offsets.map(|offset| offset as u32).collect();
        let motion = MotionState {
            speed: state.speed as f32,
            efficiency: state.efficiency as f32,
            is_fresh: true,
            ..MotionState::default()
        };
        let is_shared = nodes.len() < n;
        let mut part = Self {
            device,
            at,
            // Until the first step these are the forces of the state.
            force: Buffer::upload(device, &forces)?,
            old: Buffer::upload(device, &forces)?,
            mass: Buffer::upload(device, &column(&scene.mass))?,
            mobility: Buffer::upload(device, &mobilities)?,
            size: None,
            tree: None,
            packed: match is_shared {
                true => Some(Buffer::zeros(device, 2 * ranks.len())?),
                false => None,
            },
            springs: Springs::upload(device, n, nodes.start, &offsets, others)?,
            motion: Motion::new(device, n, nodes.clone(), Some(total_groups), &motion)?,
            nodes,
            ranks,
        };
        part.make_room(scene)?;
        part.set_pulls(scene)?;
        Ok(part)
    }

    /// Takes the coefficients of edge ends.
    fn set_pulls(&mut self, scene: &Scene) -> Result<()> {
        match scene.springs.pulls(self.nodes.clone()) {
            Pull::Same(strength) => self.springs.set_strength(strength as f32),
            Pull::Each(pulls) => {
                let pulls: Vec<f32> = pulls.iter().map(|&pull| pull as f32).collect();
                self.springs.set_pulls(&pulls)?;
            }
        }
        Ok(())
    }

    /// Makes what the options need and is not there yet; what was there stays as it is.
    fn make_room(&mut self, scene: &Scene) -> Result<()> {
        let n = scene.mass.len();
        if let Pull::Each(_) = scene.springs.pulls(self.nodes.clone()) {
            self.springs.reserve_pulls()?;
        }
        if scene.config.adjust_sizes && self.size.is_none() {
            let size: Vec<f32> = scene.size.iter().map(|&v| v as f32).collect();
            self.size = Some(Buffer::upload(self.device, &size)?);
        }
        if !scene.config.is_exact(n) && self.tree.is_none() {
            self.tree = Some((Order::new(self.device, n)?, Tree::new(self.device, n)?));
        }
        Ok(())
    }

    /// One step of a device that has the graph to itself.
    fn step(&mut self, scene: &Scene, sort: bool, least: f32) -> Result<()> {
        if let (true, Some((order, _))) = (sort, &mut self.tree) {
            order.sort(&self.at)?;
        }
        self.repel(scene)?;
        self.pull(scene)?;
        self.measure()?;
        self.advance(scene)?;
        Ok(self.motion.report(least)?)
    }

    /// Repulsion and gravity.
    fn repel(&mut self, scene: &Scene) -> Result<()> {
        let config = &scene.config;
        let size = self.size.as_ref().filter(|_| config.adjust_sizes);
        let bodies = Bodies { at: &self.at, mass: &self.mass, size };
        let field = Field {
            scaling: config.scaling as f32,
            gravity: config.gravity as f32,
            strong_gravity: config.strong_gravity,
        };
        if config.is_exact(scene.mass.len()) {
            return Ok(repel_exact(bodies, self.nodes.clone(), field, &mut self.force)?);
        }
        let (order, tree) = self.tree.as_mut().expect("options that need a tree should make it");
        tree.build(order, bodies)?;
        let (ranks, theta) = (self.ranks.clone(), config.theta as f32);
        Ok(tree.repel(order, ranks, bodies, theta, field, &mut self.force)?)
    }

    /// Attraction, after which the forces are whole, but for what locks take from them.
    fn pull(&mut self, scene: &Scene) -> Result<()> {
        let size = self.size.as_ref().filter(|_| scene.config.adjust_sizes);
        self.springs.pull(&self.at, size, scene.config.lin_log, &mut self.force)?;
        let locks = scene.config.locks();
        if locks.any() {
            self.motion.lock_forces(&self.at, &mut self.force, locks)?;
        }
        Ok(())
    }

    fn measure(&mut self) -> Result<()> {
        let inertia = Inertia { mass: &self.mass, mobility: &self.mobility };
        Ok(self.motion.measure(&self.force, &self.old, inertia)?)
    }

    fn advance(&mut self, scene: &Scene) -> Result<()> {
        let inertia = Inertia { mass: &self.mass, mobility: &self.mobility };
        self.motion.adapt(scene.config.jitter_tolerance as f32)?;
        let (sized, locks) = (scene.config.adjust_sizes, scene.config.locks());
        let (at, old) = (&mut self.at, &mut self.old);
        Ok(self.motion.move_nodes(at, &self.force, old, inertia, sized, locks)?)
    }
}

/// What a layout needs of each of several devices.
fn needs(scene: &Scene, n_devices: usize) -> DeviceNeeds {
    let n = scene.mass.len();
    DeviceNeeds {
        n_nodes: n as u64,
        n_ends: scene.springs.n_ends() as u64,
        weighted: scene.springs.is_weighted(&scene.config),
        sized: scene.config.adjust_sizes,
        exact: scene.config.is_exact(n),
        n_devices: n_devices as u64,
    }
}

/// The error, with what the whole layout needs if it was for want of memory.
fn with_estimate(error: Error, bytes: u64) -> Error {
    match error {
        Error::Device(error) => Error::Device(error.with_estimate(bytes)),
        other => other,
    }
}

/// Factor on the way of a node; below 0 if it is fixed.
fn mobility(scene: &Scene, node: usize) -> f32 {
    match (scene.fixed[node], &scene.mobility) {
        (true, _) => -1.0,
        (false, Some(mobility)) => mobility[node] as f32,
        (false, None) => 1.0,
    }
}

/// Runs of nodes with about equal work: a node counts as one, and each of its edge ends.
fn split_nodes(scene: &Scene, n_parts: usize) -> Vec<Range<usize>> {
    let n = scene.mass.len();
    let (offsets, _) = scene.springs.rows(0..n);
    let work: Vec<u64> = offsets.enumerate().map(|(u, ends)| u as u64 + ends).collect();
    let total = work[n];
    let bound = |part: usize| work.partition_point(|&w| w < total * part as u64 / n_parts as u64);
    let bounds: Vec<usize> =
        (0..=n_parts).map(|part| if part == n_parts { n } else { bound(part) }).collect();
    bounds.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Runs of ranks of about equal length, in whole groups of 32.
fn split_ranks(n: usize, n_parts: usize, part: usize) -> Range<usize> {
    let groups = n.div_ceil(32);
    let bound = |part: usize| (groups * part / n_parts * 32).min(n);
    bound(part)..bound(part + 1)
}

/// Two columns side by side.
fn zip(x: &[f64], y: &[f64]) -> Vec<f32> {
    x.iter().zip(y).flat_map(|(&x, &y)| [x as f32, y as f32]).collect()
}

/// The way back.
fn unzip(pairs: &[f32]) -> [Vec<f32>; 2] {
    [0, 1].map(|k| pairs.iter().skip(k).step_by(2).copied().collect())
}
