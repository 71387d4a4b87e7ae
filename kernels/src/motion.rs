//! How far nodes go: the adaptive speed law, without asking the host.

use std::ops::Range;

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Device, Result};

static MOTION: Family = family!(
    "motion",
    ["lock_forces", "measure", "adapt_speed", "move_nodes", "report_step", "quantize"]
);
static LOCK_FORCES: Kernel = Kernel { family: &MOTION, name: "lock_forces", group: 256 };
static MEASURE: Kernel = Kernel { family: &MOTION, name: "measure", group: 256 };
static ADAPT_SPEED: Kernel = Kernel { family: &MOTION, name: "adapt_speed", group: 256 };
static MOVE_NODES: Kernel = Kernel { family: &MOTION, name: "move_nodes", group: 256 };
static REPORT_STEP: Kernel = Kernel { family: &MOTION, name: "report_step", group: 256 };
static QUANTIZE: Kernel = Kernel { family: &MOTION, name: "quantize", group: 256 };

/// Most groups that sum over nodes: their sums are added by one group.
const GROUPS: usize = 1024;

/// Numbers of the state on the device.
const STATE: usize = 16;

/// Places in it that the host changes by themselves.
const FRESH: usize = 10;
const STOPPED: usize = 11;

/// Sums of a group over forces, and over ways.
const SUMS: usize = 3;
const WAYS: usize = 6;

/// What the last step did, and what the next one needs of it. All totals are over free nodes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MotionState {
    /// Global speed.
    pub speed: f32,
    /// Efficiency factor of the speed law.
    pub efficiency: f32,
    /// Σ‖force‖².
    pub energy: f32,
    /// Σ mass·‖change of force‖.
    pub swinging: f32,
    /// Σ mass·½‖force + previous force‖.
    pub traction: f32,
    /// Longest way of a node.
    pub max_way: f32,
    /// Mean way of the nodes.
    pub mean_way: f32,
    /// Root mean square distance from the centroid.
    pub radius: f32,
    /// Mean way over radius, averaged over about ten steps.
    pub convergence: f32,
    /// Steps made.
    pub iteration: u32,
    /// Whether the next step begins a new average.
    pub is_fresh: bool,
    /// Whether the layout has settled, so that steps change nothing.
    pub is_stopped: bool,
    /// The centroid.
    pub center: [f32; 2],
}

impl MotionState {
    fn to_numbers(self) -> [f32; STATE] {
        let flag = |value: bool| f32::from(u8::from(value));
        [
            self.speed,
            self.efficiency,
            self.energy,
            self.swinging,
            self.traction,
            self.max_way,
            self.mean_way,
            self.radius,
            self.convergence,
            self.iteration as f32,
            flag(self.is_fresh),
            flag(self.is_stopped),
            self.center[0],
            self.center[1],
            0.0,
            0.0,
        ]
    }

    fn from_numbers(numbers: &[f32; STATE]) -> Self {
        Self {
            speed: numbers[0],
            efficiency: numbers[1],
            energy: numbers[2],
            swinging: numbers[3],
            traction: numbers[4],
            max_way: numbers[5],
            mean_way: numbers[6],
            radius: numbers[7],
            convergence: numbers[8],
            iteration: numbers[9] as u32,
            is_fresh: numbers[10] != 0.0,
            is_stopped: numbers[11] != 0.0,
            center: [numbers[12], numbers[13]],
        }
    }
}

/// Forces on `n` nodes, now and a step before, shape `[n, 2]` each, and what the nodes make of
/// them.
#[derive(Debug, Clone, Copy)]
pub struct Inertia<'a> {
    /// Masses, shape `[n]`.
    pub mass: &'a Buffer<f32>,
    /// Factors on the way of each node, shape `[n]`; below 0 for one that is fixed.
    pub mobility: &'a Buffer<f32>,
}

/// What all nodes keep of where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Locks {
    /// Their x.
    pub x: bool,
    /// Their y.
    pub y: bool,
    /// Their distance from the origin.
    pub radius: bool,
}

impl Locks {
    /// Whether anything is kept.
    pub fn any(self) -> bool {
        self != Self::default()
    }

    fn bits(self) -> u32 {
        u32::from(self.x) | u32::from(self.y) << 1 | u32::from(self.radius) << 2
    }
}

/// The speed law for a run of the `n` nodes of a layout; on several devices, each has one, and
/// sums are exchanged by [`sums`](Self::sums) and [`set_sums`](Self::set_sums).
#[derive(Debug)]
pub struct Motion {
    n_nodes: usize,
    nodes: Range<usize>,
    state: Buffer<f32>,
    sums: Buffer<f32>,
    ways: Buffer<f32>,
    /// Groups whose sums are in `sums` and `ways`: all devices' together.
    total_groups: u32,
}

impl Motion {
    /// For the nodes `nodes` of `n_nodes`; `total_groups` is the sum of [`groups`](Self::groups)
    /// over all devices, or `None` if there is one.
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`] if `nodes` end behind the last node, [`crate::Error::OutOfMemory`].
    pub fn new(
        device: Device,
        n_nodes: usize,
        nodes: Range<usize>,
        total_groups: Option<usize>,
        state: &MotionState,
    ) -> Result<Self> {
        if nodes.end > n_nodes {
            check_len("nodes", nodes.end, n_nodes)?;
        }
        let groups = total_groups.unwrap_or_else(|| Self::groups(nodes.len()));
        Ok(Self {
            n_nodes,
            state: Buffer::upload(device, &state.to_numbers())?,
            sums: Buffer::zeros(device, SUMS * groups)?,
            ways: Buffer::zeros(device, WAYS * groups)?,
            total_groups: groups as u32,
            nodes,
        })
    }

    /// Groups that sum over `count` nodes.
    pub fn groups(count: usize) -> usize {
        count.div_ceil(256).clamp(1, GROUPS)
    }

    /// Bytes on the device where `total_groups` groups sum.
    pub fn bytes(total_groups: u64) -> u64 {
        4 * (STATE as u64 + (SUMS + WAYS) as u64 * total_groups)
    }

    fn check(&self, inertia: Inertia<'_>, columns: [&Buffer<f32>; 2]) -> Result<()> {
        check_len("mass", inertia.mass.len(), self.n_nodes)?;
        check_len("mobility", inertia.mobility.len(), self.n_nodes)?;
        for column in columns {
            check_len("force", column.len(), 2 * self.n_nodes)?;
        }
        Ok(())
    }

    /// Takes from the forces what would move nodes off what they keep. O(nodes).
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`] if an array is not of `[n, 2]`.
    pub fn lock_forces(
        &self,
        at: &Buffer<f32>,
        force: &mut Buffer<f32>,
        locks: Locks,
    ) -> Result<()> {
        check_len("at", at.len(), 2 * self.n_nodes)?;
        check_len("force", force.len(), 2 * self.n_nodes)?;
        let count = self.nodes.len();
        self.state.device().launch(
            &LOCK_FORCES,
            Self::groups(count) as u32,
            24 * count as u64,
            &[
                at.into(),
                force.into(),
                locks.bits().into(),
                (self.nodes.start as u32).into(),
                (count as u32).into(),
            ],
        )
    }

    /// Sums energy, swinging and traction; `old` holds the forces a step before. O(nodes).
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`] if an array is not of that shape.
    pub fn measure(
        &mut self,
        force: &Buffer<f32>,
        old: &Buffer<f32>,
        inertia: Inertia<'_>,
    ) -> Result<()> {
        self.check(inertia, [force, old])?;
        let count = self.nodes.len();
        self.state.device().launch(
            &MEASURE,
            Self::groups(count) as u32,
            24 * count as u64,
            &[
                force.into(),
                old.into(),
                inertia.mass.into(),
                inertia.mobility.into(),
                (self.nodes.start as u32).into(),
                (count as u32).into(),
                (&mut self.sums).into(),
            ],
        )
    }

    /// Takes the sums of all groups to the next speed.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Driver`] if the launch fails.
    pub fn adapt(&mut self, jitter_tolerance: f32) -> Result<()> {
        self.state.device().launch(
            &ADAPT_SPEED,
            1,
            4 * self.sums.len() as u64,
            &[
                (&self.sums).into(),
                self.total_groups.into(),
                (self.n_nodes as u32).into(),
                jitter_tolerance.into(),
                (&mut self.state).into(),
            ],
        )
    }

    /// Moves the nodes along their forces and copies these to `old`. Where radii count (`sized`)
    /// nodes move a tenth as far, and at most 10 units. Of `locks` the distance from the origin is kept here; the rest
    /// is for [`lock_forces`](Self::lock_forces). O(nodes).
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`] if an array is not of that shape.
    pub fn move_nodes(
        &mut self,
        at: &mut Buffer<f32>,
        force: &Buffer<f32>,
        old: &mut Buffer<f32>,
        inertia: Inertia<'_>,
        sized: bool,
        locks: Locks,
    ) -> Result<()> {
        self.check(inertia, [force, old])?;
        check_len("at", at.len(), 2 * self.n_nodes)?;
        let count = self.nodes.len();
        self.state.device().launch(
            &MOVE_NODES,
            Self::groups(count) as u32,
            48 * count as u64,
            &[
                at.into(),
                force.into(),
                old.into(),
                inertia.mass.into(),
                inertia.mobility.into(),
                (&self.state).into(),
                u32::from(sized).into(),
                locks.bits().into(),
                (self.nodes.start as u32).into(),
                (count as u32).into(),
                (&mut self.ways).into(),
            ],
        )
    }

    /// Takes the ways of all groups into the state. Steps stop to change anything once the
    /// nodes' mean way, averaged, is below `least` radii.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Driver`] if the launch fails.
    pub fn report(&mut self, least: f32) -> Result<()> {
        self.state.device().launch(
            &REPORT_STEP,
            1,
            4 * self.ways.len() as u64,
            &[
                (&self.ways).into(),
                self.total_groups.into(),
                (self.n_nodes as u32).into(),
                least.into(),
                (&mut self.state).into(),
            ],
        )
    }

    /// The state; waits for the steps before.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Driver`] if the copy fails, or a kernel before it did.
    pub fn state(&self) -> Result<MotionState> {
        let mut numbers = [0.0; STATE];
        self.state.read(0, &mut numbers)?;
        Ok(MotionState::from_numbers(&numbers))
    }

    /// Replaces the state.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Driver`] if the copy fails.
    pub fn set_state(&mut self, state: &MotionState) -> Result<()> {
        self.state.write(0, &state.to_numbers())
    }

    /// Lets the next step begin a new average of how far nodes go.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Driver`] if the copy fails.
    pub fn begin_average(&mut self) -> Result<()> {
        self.state.write(FRESH, &[1.0])
    }

    /// Lets steps change something again after the layout had settled.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Driver`] if the copy fails.
    pub fn go_on(&mut self) -> Result<()> {
        self.state.write(STOPPED, &[0.0])
    }

    /// The sums over this device's nodes: those of [`measure`](Self::measure), then those of
    /// [`move_nodes`](Self::move_nodes).
    ///
    /// # Errors
    ///
    /// [`crate::Error::Driver`] if the copy fails, or a kernel before it did.
    pub fn sums(&self, of: Sums) -> Result<Vec<f32>> {
        let groups = Self::groups(self.nodes.len());
        let (buffer, width) = match of {
            Sums::Forces => (&self.sums, SUMS),
            Sums::Ways => (&self.ways, WAYS),
        };
        let mut values = vec![0.0; width * groups];
        buffer.read(0, &mut values)?;
        Ok(values)
    }

    /// Replaces the sums by those of all devices, one behind the other.
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`] if they are not of all groups.
    pub fn set_sums(&mut self, of: Sums, values: &[f32]) -> Result<()> {
        let buffer = match of {
            Sums::Forces => &mut self.sums,
            Sums::Ways => &mut self.ways,
        };
        check_len("sums", values.len(), buffer.len())?;
        buffer.write(0, values)
    }
}

/// Which sums of a [`Motion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sums {
    /// Energy, swinging and traction.
    Forces,
    /// How far the nodes went, and where they are.
    Ways,
}

/// A square of the plane, cut into 65536 × 65536 places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Position of place (0, 0).
    pub low: [f32; 2],
    /// Places a unit.
    pub scale: f32,
}

/// Rounds positions to places of a grid, and says how each differs from the last time.
///
/// `last` holds the places of the last time, x in the low 16 bits and y in the high ones, and
/// then those of this time; `change` is their difference, half by half, modulo 65536. Positions
/// outside the grid go to its rim. All arrays are of `n` nodes. O(n).
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`] if an array is not of that shape.
pub fn quantize(
    at: &Buffer<f32>,
    grid: Grid,
    last: &mut Buffer<u32>,
    change: &mut Buffer<u32>,
) -> Result<()> {
    let n = last.len();
    check_len("at", at.len(), 2 * n)?;
    check_len("change", change.len(), n)?;
    if let (Some(at), Some(last), Some(change)) =
        (at.as_slice(), last.as_mut_slice(), change.as_mut_slice())
    {
        for ((p, last), change) in at.chunks_exact(2).zip(last).zip(change) {
            let place = |k: usize| {
                let place = (p[k] - grid.low[k]).mul_add(grid.scale, 0.5);
                place.clamp(0.0, 65535.0) as u32
            };
            let (x, y) = (place(0), place(1));
            let half = |new: u32, old: u32| new.wrapping_sub(old) & 0xffff;
            *change = half(x, *last) | half(y, *last >> 16) << 16;
            *last = x | y << 16;
        }
        return Ok(());
    }
    let count = last.len_u32("last")?;
    last.device().launch(
        &QUANTIZE,
        QUANTIZE.groups_for(n),
        20 * n as u64,
        &[
            at.into(),
            grid.low[0].into(),
            grid.low[1].into(),
            grid.scale.into(),
            last.into(),
            change.into(),
            count.into(),
        ],
    )
}
