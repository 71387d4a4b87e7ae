//! Attraction: springs along the edges.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::rows::Rows;
use crate::segments::check_offsets;
use crate::{Buffer, Device, Error, Result};

static ATTRACTION: Family =
    family!("attraction", ["pull_short", "pull_medium", "pull_chunk", "pull_long"]);
static PULL_SHORT: Kernel = Kernel { family: &ATTRACTION, name: "pull_short", group: 256 };
static PULL_MEDIUM: Kernel = Kernel { family: &ATTRACTION, name: "pull_medium", group: 32 };
static PULL_CHUNK: Kernel = Kernel { family: &ATTRACTION, name: "pull_chunk", group: 256 };
static PULL_LONG: Kernel = Kernel { family: &ATTRACTION, name: "pull_long", group: 32 };

/// Edge ends of a run of nodes, each with the node at the other end.
///
/// | array     | shape        | meaning                                             |
/// |-----------|--------------|-----------------------------------------------------|
/// | `offsets` | `[rows + 1]` | ends at node `first + r` sit at `offsets[r]..offsets[r + 1]` |
/// | `others`  | `[ends]`     | node at the other end                               |
/// | `pulls`   | `[ends]`     | coefficient of each end, if they differ             |
#[derive(Debug)]
pub struct Springs {
    n_nodes: usize,
    first: usize,
    offsets: Buffer<u32>,
    others: Buffer<u32>,
    pulls: Option<Buffer<f32>>,
    /// Room for coefficients that is not used yet.
    spare: Option<Buffer<f32>>,
    strength: f32,
    rows: Rows,
    sums: Buffer<f32>,
}

impl Springs {
    /// Takes the edge ends of the nodes from `first` on, of `n_nodes` in all. O(rows + ends).
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if the offsets do not end where `others` does or there are more
    /// rows than nodes, [`Error::BadEntry`] if offsets fall or `others` names no node,
    /// [`Error::TooLong`] if kernels cannot count the ends, and [`Error::OutOfMemory`].
    pub fn upload(
        device: Device,
        n_nodes: usize,
        first: usize,
        offsets: &[u32],
        others: &[u32],
    ) -> Result<Self> {
        let n_rows = offsets.len().saturating_sub(1);
        if first + n_rows > n_nodes {
            check_len("offsets", offsets.len(), n_nodes - first.min(n_nodes) + 1)?;
        }
        check_offsets(offsets)?;
        check_len("others", others.len(), offsets[offsets.len() - 1] as usize)?;
        if let Some(index) = others.iter().position(|&other| other as usize >= n_nodes) {
            let value = u64::from(others[index]);
            let allowed = format!("below {n_nodes}").into();
            return Err(Error::BadEntry { name: "others", index, value, allowed });
        }
        let rows = Rows::split(device, offsets)?;
        Ok(Self {
            n_nodes,
            first,
            offsets: Buffer::upload(device, offsets)?,
            others: Buffer::upload(device, others)?,
            pulls: None,
            spare: None,
            strength: 1.0,
            sums: Buffer::uninit(device, 2 * rows.cut.len())?,
            rows,
        })
    }

    /// Most bytes on the device for `rows` nodes and `ends` edge ends.
    pub fn bytes(rows: u64, ends: u64, weighted: bool) -> u64 {
        let long = ends / 2048;
        4 * (rows + 1) + (4 + 4 * u64::from(weighted)) * ends + Rows::bytes(rows, ends) + 8 * long
    }

    /// Lets all ends pull with the same coefficient.
    pub fn set_strength(&mut self, strength: f32) {
        self.pulls = None;
        self.strength = strength;
    }

    /// Gives each end a coefficient of its own, shape `[ends]`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if there is not one for each, and [`Error::OutOfMemory`].
    pub fn set_pulls(&mut self, pulls: &[f32]) -> Result<()> {
        check_len("pulls", pulls.len(), self.others.len())?;
        let mut buffer = match self.pulls.take().or_else(|| self.spare.take()) {
            Some(buffer) => buffer,
            None => Buffer::uninit(self.others.device(), pulls.len())?,
        };
        buffer.write(0, pulls)?;
        self.strength = 1.0;
        self.pulls = Some(buffer);
        Ok(())
    }

    /// Makes room for [`set_pulls`](Self::set_pulls), which then cannot fail for want of memory.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn reserve_pulls(&mut self) -> Result<()> {
        if self.pulls.is_none() && self.spare.is_none() {
            self.spare = Some(Buffer::uninit(self.others.device(), self.others.len())?);
        }
        Ok(())
    }

    /// Adds to `force`, shape `[n, 2]`, what the ends pull their nodes with.
    ///
    /// A linear spring pulls with coefficient times length, a logarithmic one (`lin_log`) with
    /// coefficient times ln(1 + length). Where radii count (`size`, shape `[n]`), ends that
    /// overlap do not pull and logarithms are of the gap. O(ends); each sum has one order.
    ///
    /// Source: Jacomy et al. 2014, doi:10.1371/journal.pone.0098679, attraction force.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if an array is not of that shape.
    pub fn pull(
        &self,
        at: &Buffer<f32>,
        size: Option<&Buffer<f32>>,
        lin_log: bool,
        force: &mut Buffer<f32>,
    ) -> Result<()> {
        check_len("at", at.len(), 2 * self.n_nodes)?;
        check_len("force", force.len(), 2 * self.n_nodes)?;
        if let Some(size) = size {
            check_len("size", size.len(), self.n_nodes)?;
        }
        let mode = u32::from(lin_log)
            | u32::from(size.is_some()) << 1
            | u32::from(self.pulls.is_some()) << 2;
        let (size, pulls) = (size.unwrap_or(at), self.pulls.as_ref().unwrap_or(at));
        let (device, rows, first) = (self.others.device(), &self.rows, self.first as u32);
        // An end: its number, its coefficient and the position of the other node.
        let per_end = 12 + 4 * u64::from(self.pulls.is_some());
        let bytes = |list: &Buffer<u32>, kind: usize| {
            (4 + 8 + 8 + 16) * list.len() as u64 + per_end * rows.n_edges[kind]
        };
        if !rows.short.is_empty() {
            device.launch(
                &PULL_SHORT,
                rows.short.len().div_ceil(256) as u32,
                bytes(&rows.short, 0),
                &[
                    (&rows.short).into(),
                    (rows.short.len() as u32).into(),
                    first.into(),
                    (&self.offsets).into(),
                    (&self.others).into(),
                    pulls.into(),
                    at.into(),
                    size.into(),
                    mode.into(),
                    self.strength.into(),
                    (&mut *force).into(),
                ],
            )?;
        }
        device.launch(
            &PULL_MEDIUM,
            rows.medium.len() as u32,
            bytes(&rows.medium, 1),
            &[
                (&rows.medium).into(),
                first.into(),
                (&self.offsets).into(),
                (&self.others).into(),
                pulls.into(),
                at.into(),
                size.into(),
                mode.into(),
                self.strength.into(),
                (&mut *force).into(),
            ],
        )?;
        device.launch(
            &PULL_CHUNK,
            rows.cut.len() as u32,
            bytes(&rows.cut, 2),
            &[
                (&rows.cut).into(),
                first.into(),
                (&rows.begins).into(),
                (&rows.ends).into(),
                (&self.others).into(),
                pulls.into(),
                at.into(),
                size.into(),
                mode.into(),
                (&self.sums).into(),
            ],
        )?;
        device.launch(
            &PULL_LONG,
            rows.long.len() as u32,
            8 * rows.cut.len() as u64,
            &[
                (&rows.long).into(),
                first.into(),
                (&rows.firsts).into(),
                (&self.sums).into(),
                self.strength.into(),
                force.into(),
            ],
        )
    }
}
