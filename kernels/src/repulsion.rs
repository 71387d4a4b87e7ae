//! Repulsion and gravity: all pairs, or a tree over nodes in the order of a curve.

use std::ops::Range;

use crate::buffer::check_len;
use crate::launch::{Arg, Family, Kernel, family};
use crate::{Buffer, Device, Order, Result};

static REPULSION: Family =
    family!("repulsion", ["tree_leaves", "tree_level", "tree_top", "repulse_exact", "repulse"]);
static TREE_LEAVES: Kernel = Kernel { family: &REPULSION, name: "tree_leaves", group: 32 };
static TREE_LEVEL: Kernel = Kernel { family: &REPULSION, name: "tree_level", group: 64 };
static TREE_TOP: Kernel = Kernel { family: &REPULSION, name: "tree_top", group: 64 };
static REPULSE_EXACT: Kernel = Kernel { family: &REPULSION, name: "repulse_exact", group: 64 };
static REPULSE: Kernel = Kernel { family: &REPULSION, name: "repulse", group: 32 };

/// Bodies of a leaf.
const LEAF: usize = 8;

/// Targets of a group, and bodies of the leaves that one group makes.
const GROUP: usize = 32;

/// Cells that one cell of the next level joins.
const ARITY: usize = 4;

/// Numbers that describe a cell.
const CELL: usize = 20;

/// Levels of at most this many cells are joined by one group in one launch.
const TOP: usize = 1024;

/// What nodes are to one another: the strengths of repulsion and gravity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Strength of repulsion: two nodes push with `scaling·mᵢ·mⱼ/d`.
    pub scaling: f32,
    /// Strength of the pull towards the origin: `gravity·mᵢ`, or times the distance.
    pub gravity: f32,
    /// Whether gravity grows with distance.
    pub strong_gravity: bool,
}

/// Where `n` bodies are and what they weigh.
#[derive(Debug, Clone, Copy)]
pub struct Bodies<'a> {
    /// Positions, shape `[n, 2]`.
    pub at: &'a Buffer<f32>,
    /// Masses, shape `[n]`.
    pub mass: &'a Buffer<f32>,
    /// Radii, shape `[n]`, if they count.
    pub size: Option<&'a Buffer<f32>>,
}

impl<'a> Bodies<'a> {
    /// Number of bodies, if all columns agree and kernels can count them.
    fn len(&self) -> Result<usize> {
        let n = self.mass.len();
        self.mass.len_u32("mass")?;
        check_len("at", self.at.len(), 2 * n)?;
        if let Some(size) = self.size {
            check_len("size", size.len(), n)?;
        }
        Ok(n)
    }

    /// Radii, or any other array where they do not count, and whether they do.
    fn size(&self) -> (&'a Buffer<f32>, u32) {
        (self.size.unwrap_or(self.mass), u32::from(self.size.is_some()))
    }
}

/// Writes the repulsion and gravity on the nodes `targets` into `force`, shape `[n, 2]`, summing
/// over all pairs.
///
/// Nodes that coincide do not push one another, unless radii count: then what overlaps is pushed
/// with 100 times the masses' product, whatever the distance, and the gap counts else. In `f32`:
/// relative error about 1e-6 of the largest term. O(n·targets).
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`] if columns differ in length or `targets` end behind them.
pub fn repel_exact(
    bodies: Bodies<'_>,
    targets: Range<usize>,
    field: Field,
    force: &mut Buffer<f32>,
) -> Result<()> {
    let n = bodies.len()?;
    check_len("force", force.len(), 2 * n)?;
    if targets.end > n {
        check_len("targets", targets.end, n)?;
    }
    let (size, sized) = bodies.size();
    let count = targets.len();
    bodies.at.device().launch(
        &REPULSE_EXACT,
        count.div_ceil(64) as u32,
        16 * (n + count) as u64,
        &[
            bodies.at.into(),
            bodies.mass.into(),
            size.into(),
            sized.into(),
            (n as u32).into(),
            (targets.start as u32).into(),
            (count as u32).into(),
            field.scaling.into(),
            field.gravity.into(),
            u32::from(field.strong_gravity).into(),
            force.into(),
        ],
    )
}

/// A tree over bodies in the order of a curve.
///
/// A leaf is 8 bodies that follow one another, a cell of a higher level four cells that do: the
/// shape of the tree depends on the number of bodies alone. Boxes, radii and moments are those
/// of the bodies where they are now, so an order that has grown old costs time, not accuracy.
///
/// | array    | shape         | meaning                                                    |
/// |----------|---------------|------------------------------------------------------------|
/// | `bodies` | `[n, 4]`      | x, y, mass and radius by rank                              |
/// | `cells`  | `[cells, 20]` | heads, then tails (see the kernels); leaves first, then level by level |
/// | `levels` | `[levels + 1]`| cells of level `l` sit at `levels[l]..levels[l + 1]`        |
#[derive(Debug)]
pub struct Tree {
    n: usize,
    bodies: Buffer<f32>,
    cells: Buffer<f32>,
    levels: Buffer<u32>,
    offsets: Vec<u32>,
}

impl Tree {
    /// Makes room for `n` bodies.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfMemory`].
    pub fn new(device: Device, n: usize) -> Result<Self> {
        let offsets = level_offsets(n);
        let n_cells = offsets.last().map_or(0, |&end| end as usize);
        Ok(Self {
            n,
            bodies: Buffer::uninit(device, 4 * n)?,
            cells: Buffer::uninit(device, CELL * n_cells)?,
            levels: Buffer::upload(device, &offsets)?,
            offsets,
        })
    }

    /// Bytes on the device for `n` bodies.
    pub fn bytes(n: u64) -> u64 {
        let offsets = level_offsets(n as usize);
        let n_cells = offsets.last().map_or(0, |&end| u64::from(end));
        16 * n + 4 * CELL as u64 * n_cells + 4 * offsets.len() as u64
    }

    fn n_cells(&self) -> u32 {
        self.offsets[self.offsets.len() - 1]
    }

    /// Takes the bodies where they are now, in this order. O(n); nothing is allocated and nobody
    /// waits.
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`] if there are not as many as room was made for.
    pub fn build(&mut self, order: &Order, bodies: Bodies<'_>) -> Result<()> {
        check_len("mass", bodies.len()?, self.n)?;
        check_len("order", order.nodes().len(), self.n)?;
        if self.n == 0 {
            return Ok(());
        }
        let device = self.bodies.device();
        let (size, sized) = bodies.size();
        let (n_leaves, n_cells) = (self.offsets[1], self.n_cells());
        let bytes = (4 + 12 + 16) * self.n as u64 + 80 * u64::from(n_leaves);
        device.launch(
            &TREE_LEAVES,
            self.n.div_ceil(GROUP) as u32,
            bytes,
            &[
                order.nodes().into(),
                bodies.at.into(),
                bodies.mass.into(),
                size.into(),
                sized.into(),
                (&mut self.bodies).into(),
                (&mut self.cells).into(),
                n_cells.into(),
                (self.n as u32).into(),
            ],
        )?;
        let top = self.offsets.len() - 2;
        for level in 0..top {
            let (from, to) = (self.offsets[level], self.offsets[level + 1]);
            let below = to - from;
            if below as usize <= TOP {
                return device.launch(
                    &TREE_TOP,
                    1,
                    80 * u64::from(below + below.div_ceil(ARITY as u32)),
                    &[
                        (&mut self.cells).into(),
                        n_cells.into(),
                        (&self.levels).into(),
                        (level as u32).into(),
                        (top as u32).into(),
                    ],
                );
            }
            let parents = below.div_ceil(ARITY as u32);
            device.launch(
                &TREE_LEVEL,
                parents.div_ceil(64),
                80 * u64::from(below + parents),
                &[(&mut self.cells).into(), n_cells.into(), from.into(), below.into(), to.into()],
            )?;
        }
        Ok(())
    }

    /// Writes the repulsion and gravity on the nodes of some `ranks` into `force`, shape `[n, 2]`,
    /// through the tree as it was last built.
    ///
    /// A group of 32 targets takes a cell as a whole when the sum of their radii is below
    /// `theta` times their distance, through moments and a local expansion of order 5; near
    /// leaves act body by body. `theta = 0` sums all pairs. Radii are part of the cells', so a
    /// cell is only far when none of its bodies is near an overlap. O(n log n) for fixed
    /// `theta > 0`; each sum has one order, so a device repeats its own result bit for bit.
    ///
    /// Source: Greengard, Rokhlin 1987, doi:10.1016/0021-9991(87)90140-9.
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`] if columns differ in length from the tree's.
    pub fn repel(
        &self,
        order: &Order,
        ranks: Range<usize>,
        bodies: Bodies<'_>,
        theta: f32,
        field: Field,
        force: &mut Buffer<f32>,
    ) -> Result<()> {
        check_len("mass", bodies.len()?, self.n)?;
        check_len("force", force.len(), 2 * self.n)?;
        check_len("order", order.nodes().len(), self.n)?;
        if ranks.end > self.n {
            check_len("ranks", ranks.end, self.n)?;
        }
        let count = ranks.len();
        let (size, sized) = bodies.size();
        let args: [Arg<'_>; 18] = [
            order.nodes().into(),
            (ranks.start as u32).into(),
            (count as u32).into(),
            bodies.at.into(),
            bodies.mass.into(),
            size.into(),
            sized.into(),
            (&self.bodies).into(),
            (self.n as u32).into(),
            (&self.cells).into(),
            self.n_cells().into(),
            (&self.levels).into(),
            ((self.offsets.len() - 2) as u32).into(),
            theta.into(),
            field.scaling.into(),
            field.gravity.into(),
            u32::from(field.strong_gravity).into(),
            force.into(),
        ];
        // What must be read at least: each target and body once.
        let bytes = (4 + 12 + 8) * count as u64 + 16 * self.n as u64;
        self.bodies.device().launch(&REPULSE, count.div_ceil(GROUP) as u32, bytes, &args)
    }
}

/// Where the cells of each level begin, and where the last ends.
fn level_offsets(n: usize) -> Vec<u32> {
    let mut count = n.div_ceil(LEAF);
    let mut offsets = vec![0, count as u32];
    while count > 1 {
        count = count.div_ceil(ARITY);
        offsets.push(offsets[offsets.len() - 1] + count as u32);
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_end_in_one_root() {
        assert_eq!(level_offsets(0), [0, 0]);
        assert_eq!(level_offsets(8), [0, 1]);
        assert_eq!(level_offsets(9), [0, 2, 3]);
        assert_eq!(level_offsets(8 * 17), [0, 17, 22, 24, 25]);
        // The stack of the walk has room for 14 levels between leaves and root.
        assert!(level_offsets(u32::MAX as usize).len() <= 17);
    }

    #[test]
    fn lengths_are_checked() {
        let zeros = |n| Buffer::zeros(Device::Cpu, n).unwrap();
        let (at, mass, mut force) = (zeros(6), zeros(4), zeros(6));
        let bodies = Bodies { at: &at, mass: &mass, size: None };
        let field = Field { scaling: 1.0, gravity: 0.0, strong_gravity: false };
        let error = repel_exact(bodies, 0..3, field, &mut force).unwrap_err();
        assert!(matches!(
            error,
            crate::Error::LengthMismatch { name: "at", found: 6, expected: 8 }
        ));
    }
}
