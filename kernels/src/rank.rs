//! PageRank's step: what gathered ranks become.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Device, Result, cpu};

static RANK: Family = family!("rank", ["rank_step"]);
static STEP: Kernel = Kernel { family: &RANK, name: "rank_step", group: 256 };

/// Groups for each unit of a device: as many as it can hold.
const GROUPS_A_UNIT: u32 = 8;

/// Most groups: the host adds up one number of each.
const GROUPS: u32 = 2048;

/// Ranks of nodes, with what a step needs beside them.
///
/// | array        | shape | meaning                                                           |
/// |--------------|-------|-------------------------------------------------------------------|
/// | `rank`       | `[n]` | together 1                                                        |
/// | `given`      | `[n]` | what the node gives along a unit of weight: rank · `per_weight`   |
/// | `per_weight` | `[n]` | 1 / weight of all its out-edges; 0 if it has none                 |
/// | `start`      | `[n]` | share of walks that start there, together 1; absent if all alike  |
#[derive(Debug)]
pub struct Ranks {
    rank: Buffer<f32>,
    given: Buffer<f32>,
    per_weight: Buffer<f32>,
    start: Option<Buffer<f32>>,
    moved: Buffer<f32>,
    stuck: Buffer<f32>,
    stuck_sum: f64,
}

impl Ranks {
    /// Ranks that are as walks start, on `device`. Takes 16 n bytes, 4 n less if `start` is absent.
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`], [`crate::Error::OutOfMemory`], and what opening a device
    /// can fail with.
    pub fn new(device: Device, per_weight: &[f32], start: Option<&[f32]>) -> Result<Self> {
        let n = per_weight.len();
        check_len("start", start.map_or(n, <[f32]>::len), n)?;
        let alike = if n == 0 { 0.0 } else { 1.0 / n as f32 };
        let rank = start.map_or_else(|| vec![alike; n], <[f32]>::to_vec);
        let given: Vec<f32> = rank.iter().zip(per_weight).map(|(r, p)| r * p).collect();
        let is_stuck = rank.iter().zip(per_weight).filter(|(_, p)| **p == 0.0);
        let stuck_sum = is_stuck.map(|(&rank, _)| f64::from(rank)).sum();
        let groups = (GROUPS_A_UNIT * device.units()).min(GROUPS) as usize;
        Ok(Self {
            rank: Buffer::upload(device, &rank)?,
            given: Buffer::upload(device, &given)?,
            per_weight: Buffer::upload(device, per_weight)?,
            start: start.map(|start| Buffer::upload(device, start)).transpose()?,
            moved: Buffer::uninit(device, groups)?,
            stuck: Buffer::uninit(device, groups)?,
            stuck_sum,
        })
    }

    /// The ranks.
    pub fn rank(&self) -> &Buffer<f32> {
        &self.rank
    }

    /// What each node gives along a unit of weight: what a step's `gathered` is gathered from.
    pub fn given(&self) -> &Buffer<f32> {
        &self.given
    }

    /// Makes of what each node `gathered` its next rank, and says how much all ranks changed:
    ///
    /// ```text
    /// rank(u) = damping · gathered(u) + (damping · stuck + 1 - damping) · start(u)
    /// ```
    ///
    /// where `stuck` are the ranks of the nodes that give nothing. Sums over all nodes are of 32 bits
    /// in each group, in an order that depends on n and the device alone, and of 64 between groups,
    /// on the host, which waits for them. O(n): moves 24 n bytes.
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`], [`crate::Error::WrongDevice`], or
    /// [`crate::Error::Driver`].
    pub fn step(&mut self, gathered: &Buffer<f32>, damping: f64) -> Result<f64> {
        check_len("gathered", gathered.len(), self.rank.len())?;
        let (device, n) = (self.rank.device(), self.rank.len_u32("nodes")?);
        let anew = damping * self.stuck_sum + 1.0 - damping;
        let anew = if self.start.is_some() { anew } else { anew / f64::from(n.max(1)) };
        let (damping, anew) = (damping as f32, anew as f32);
        if device == Device::Cpu {
            let start = self.start.as_ref().map(Buffer::host).transpose()?;
            let known = (gathered.host()?, self.per_weight.host()?, start);
            let (rank, given) = (self.rank.host_mut()?, self.given.host_mut()?);
            let (change, stuck) = cpu::rank::step(known, (damping, anew), rank, given);
            self.stuck_sum = stuck;
            return Ok(change);
        }
        let groups = self.moved.len() as u32;
        let args = [
            gathered.into(),
            (&self.per_weight).into(),
            // Any array, where there is none.
            self.start.as_ref().unwrap_or(&self.per_weight).into(),
            (&mut self.rank).into(),
            (&mut self.given).into(),
            (&mut self.moved).into(),
            (&mut self.stuck).into(),
            n.into(),
            damping.into(),
            anew.into(),
            u32::from(self.start.is_some()).into(),
        ];
        let bytes = if self.start.is_some() { 24 } else { 20 } * u64::from(n);
        device.launch(&STEP, groups, bytes, &args)?;
        let sum = |parts: &Buffer<f32>| -> Result<f64> {
            Ok(parts.download()?.into_iter().map(f64::from).sum())
        };
        self.stuck_sum = sum(&self.stuck)?;
        sum(&self.moved)
    }
}
