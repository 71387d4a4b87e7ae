//! Nodes along a Hilbert curve.

use std::ops::Range;

use crate::buffer::check_len;
use crate::launch::{Arg, Family, Kernel, family};
use crate::sort::{SortScratch, sort_pairs_u32};
use crate::{Buffer, Device, Error, Result, iota};

static ORDER: Family = family!(
    "order",
    ["bounds_of_groups", "bounds_of_all", "hilbert_keys", "pack_ranks", "unpack_ranks"]
);
static BOUNDS_OF_GROUPS: Kernel = Kernel { family: &ORDER, name: "bounds_of_groups", group: 256 };
static BOUNDS_OF_ALL: Kernel = Kernel { family: &ORDER, name: "bounds_of_all", group: 256 };
static HILBERT_KEYS: Kernel = Kernel { family: &ORDER, name: "hilbert_keys", group: 256 };
static PACK_RANKS: Kernel = Kernel { family: &ORDER, name: "pack_ranks", group: 256 };
static UNPACK_RANKS: Kernel = Kernel { family: &ORDER, name: "unpack_ranks", group: 256 };

/// Groups that find the box around all positions.
const BOUNDS: u32 = 256;

/// All nodes sorted along a Hilbert curve over the box of their positions.
///
/// Neighbors in this order are neighbors in the plane, and the curve has no jumps: any run of
/// ranks covers one compact patch. The grid has 2¹⁶ cells an axis; nodes in one cell keep the
/// order of their numbers, so the result is a function of the positions alone.
#[derive(Debug)]
pub struct Order {
    nodes: Buffer<u32>,
    keys: Buffer<u32>,
    boxes: Buffer<f32>,
    scratch: SortScratch<u32>,
}

impl Order {
    /// Makes room for `n` nodes, in the order of their numbers for now.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], or [`Error::TooLong`].
    pub fn new(device: Device, n: usize) -> Result<Self> {
        Ok(Self {
            nodes: iota(device, 0, n)?,
            keys: Buffer::zeros(device, n)?,
            boxes: Buffer::zeros(device, 4 * BOUNDS as usize)?,
            scratch: SortScratch::<u32>::new(device, n)?,
        })
    }

    /// Bytes on the device for `n` nodes.
    pub fn bytes(n: u64) -> u64 {
        8 * n + 16 * u64::from(BOUNDS) + SortScratch::<u32>::bytes(n as usize)
    }

    /// Sorts the nodes by where they are: `at`, shape `[n, 2]`. O(n); nothing is allocated and
    /// nobody waits.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if `at` is not of that shape, [`Error::Driver`] if a launch
    /// fails.
    pub fn sort(&mut self, at: &Buffer<f32>) -> Result<()> {
        let (device, n) = (self.nodes.device(), self.nodes.len());
        check_len("at", at.len(), 2 * n)?;
        find_bounds(at, &mut self.boxes)?;
        device.launch(
            &HILBERT_KEYS,
            HILBERT_KEYS.groups_for(n),
            16 * n as u64,
            &[
                at.into(),
                (&self.boxes).into(),
                (&mut self.keys).into(),
                (&mut self.nodes).into(),
                (n as u32).into(),
            ],
        )?;
        sort_pairs_u32(&mut self.keys, &mut self.nodes, 0..32, &mut self.scratch)
    }

    /// The nodes by rank, shape `[n]`: each of `0..n` once.
    pub fn nodes(&self) -> &Buffer<u32> {
        &self.nodes
    }

    /// Takes an order found elsewhere. O(n) on the host.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] or [`Error::BadEntry`] if `nodes` is not each of `0..n` once.
    pub fn set_nodes(&mut self, nodes: &[u32]) -> Result<()> {
        check_len("nodes", nodes.len(), self.nodes.len())?;
        let mut seen = vec![false; nodes.len()];
        for (index, &node) in nodes.iter().enumerate() {
            let is_new =
                seen.get_mut(node as usize).is_some_and(|seen| !std::mem::replace(seen, true));
            if !is_new {
                let allowed = format!("below {}, and there only once", nodes.len()).into();
                return Err(Error::BadEntry { name: "nodes", index, value: node.into(), allowed });
            }
        }
        self.nodes.write(0, nodes)
    }

    /// Vectors of the nodes of some ranks, by rank: from `of_nodes`, shape `[n, 2]`, to the
    /// beginning of `of_ranks`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if the ranks or vectors are not there.
    pub fn pack(
        &self,
        ranks: Range<usize>,
        of_nodes: &Buffer<f32>,
        of_ranks: &mut Buffer<f32>,
    ) -> Result<()> {
        self.check(&ranks, of_nodes.len(), of_ranks.len())?;
        self.move_ranks(&PACK_RANKS, &ranks, of_nodes.into(), of_ranks.into())
    }

    /// The way back of [`pack`](Self::pack).
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if the ranks or vectors are not there.
    pub fn unpack(
        &self,
        ranks: Range<usize>,
        of_ranks: &Buffer<f32>,
        of_nodes: &mut Buffer<f32>,
    ) -> Result<()> {
        self.check(&ranks, of_nodes.len(), of_ranks.len())?;
        self.move_ranks(&UNPACK_RANKS, &ranks, of_ranks.into(), of_nodes.into())
    }

    fn check(&self, ranks: &Range<usize>, of_nodes: usize, of_ranks: usize) -> Result<()> {
        let n = self.nodes.len();
        check_len("vectors of nodes", of_nodes, 2 * n)?;
        if ranks.end > n {
            check_len("ranks", ranks.end, n)?;
        }
        if of_ranks < 2 * ranks.len() {
            check_len("vectors of ranks", of_ranks, 2 * ranks.len())?;
        }
        Ok(())
    }

    fn move_ranks(
        &self,
        kernel: &'static Kernel,
        ranks: &Range<usize>,
        from: Arg<'_>,
        to: Arg<'_>,
    ) -> Result<()> {
        let count = ranks.len();
        self.nodes.device().launch(
            kernel,
            kernel.groups_for(count),
            20 * count as u64,
            &[(&self.nodes).into(), (ranks.start as u32).into(), (count as u32).into(), from, to],
        )
    }
}

/// Corners of the smallest box around the positions `at`, shape `[n, 2]`: low x, low y, high x,
/// high y. Waits for the work before it. O(n).
///
/// # Errors
///
/// [`Error::OutOfMemory`], or [`Error::Driver`] if a kernel or copy fails.
pub fn bounds(at: &Buffer<f32>) -> Result<[f32; 4]> {
    let mut corners = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    if let Some(at) = at.as_slice() {
        for p in at.chunks_exact(2) {
            for k in 0..2 {
                corners[k] = corners[k].min(p[k]);
                corners[k + 2] = corners[k + 2].max(p[k]);
            }
        }
        return Ok(corners);
    }
    let mut boxes = Buffer::uninit(at.device(), 4 * BOUNDS as usize)?;
    find_bounds(at, &mut boxes)?;
    boxes.read(0, &mut corners)?;
    Ok(corners)
}

/// Leaves the corners in the first place of `boxes`.
fn find_bounds(at: &Buffer<f32>, boxes: &mut Buffer<f32>) -> Result<()> {
    let (device, n) = (at.device(), at.len() / 2);
    let groups = BOUNDS_OF_GROUPS.groups_for(n).min(BOUNDS);
    device.launch(
        &BOUNDS_OF_GROUPS,
        groups,
        8 * n as u64,
        &[at.into(), (&mut *boxes).into(), (n as u32).into()],
    )?;
    device.launch(&BOUNDS_OF_ALL, 1, 16 * u64::from(groups), &[boxes.into(), groups.into()])
}
