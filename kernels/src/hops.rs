//! Breadth-first search: how many hops each node is from the nearest of some.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{
    Buffer, Device, DeviceCsr, Indices, NONE, Result, ScanScratch, at_most, cpu, exclusive_scan,
    fill, scatter, selected,
};

static HOPS: Family = family!("hops", ["hops_sizes", "hops_push", "hops_pull", "hops_parents"]);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &HOPS, name, group: 256 }
}
static SIZES: Kernel = kernel("hops_sizes");
static PUSH: Kernel = kernel("hops_push");
static PULL: Kernel = kernel("hops_pull");
static PARENTS: Kernel = kernel("hops_parents");

/// The frontier's edges are followed while they are fewer than this share of all; else all nodes
/// that are left look for it.
const SHARE: u64 = 20;

/// What a [`hops`] found.
#[derive(Debug)]
pub struct Hops {
    /// Hops from the nearest start, shape `[n]`; [`NONE`] if there is no path.
    pub distances: Buffer<u32>,
    /// The first in-neighbor of each node that is a hop nearer, which is the smallest if rows
    /// ascend, shape `[n]`; [`NONE`] for starts and where there is no path.
    pub parents: Buffer<u32>,
}

/// Searches from `starts` along the edges of `outs`, up to `most` hops; `ins` is its transpose.
///
/// Follows the edges of the frontier, one a thread, or where these are many, looks from each node
/// that is left for one in the frontier. O(n + m) in all, and the host waits for two numbers a
/// level. Takes 20 n bytes. The result does not depend on how threads are scheduled.
///
/// ```
/// use graph_kernels::{Device, DeviceCsr, Indices, hops};
///
/// let outs = DeviceCsr::upload(Device::Cpu, 3, &[0, 1, 2, 2], &[1, 2])?;
/// let (ins, _) = outs.transpose()?;
/// let found = hops(&outs, &ins, &Indices::upload(Device::Cpu, &[0], 3)?, u32::MAX)?;
/// assert_eq!(found.distances.download()?, [0, 1, 2]);
/// assert_eq!(found.parents.download()?, [u32::MAX, 0, 1]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// Source: Beamer, Asanović, Patterson 2012, doi:10.1109/SC.2012.50, for both ways of a level.
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`] if numbers of nodes or of edges differ,
/// [`crate::Error::WrongDevice`], [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`].
pub fn hops(outs: &DeviceCsr, ins: &DeviceCsr, starts: &Indices, most: u32) -> Result<Hops> {
    let (device, n) = (outs.device(), outs.n_rows());
    check_len("the columns of outs", outs.n_columns() as usize, n as usize)?;
    check_len("the rows of ins", ins.n_rows() as usize, n as usize)?;
    check_len("the columns of ins", ins.n_columns() as usize, n as usize)?;
    check_len("the entries of ins", ins.len(), outs.len())?;
    check_len("the nodes of starts", starts.below() as usize, n as usize)?;
    let mut distances = Buffer::uninit(device, n as usize)?;
    let mut parents = Buffer::uninit(device, n as usize)?;
    fill(&mut distances, NONE)?;
    if let (Some(distances), Some(parents)) = (distances.as_mut_slice(), parents.as_mut_slice()) {
        let (offsets, targets) = (outs.offsets().host()?, outs.columns().numbers().host()?);
        cpu::hops::distances(offsets, targets, starts.numbers().host()?, most, distances);
        let (offsets, sources) = (ins.offsets().host()?, ins.columns().numbers().host()?);
        cpu::hops::parents(offsets, sources, distances, parents);
    } else if n > 0 {
        search(device, outs, ins, starts, most, &mut distances)?;
        let args = [
            ins.offsets().into(),
            ins.columns().numbers().into(),
            (&distances).into(),
            (&mut parents).into(),
            n.into(),
        ];
        let bytes = 12 * u64::from(n) + 8 * ins.len() as u64;
        device.launch(&PARENTS, PARENTS.groups_for(n as usize), bytes, &args)?;
    }
    Ok(Hops { distances, parents })
}

/// Where the edges of some nodes begin if they stand one after the other.
#[derive(Debug)]
pub(crate) struct RowStarts {
    /// Edges of each node, shape `[nodes]`.
    pub(crate) sizes: Buffer<u32>,
    /// Sums of these, with the total behind, shape `[nodes + 1]`.
    pub(crate) starts: Buffer<u32>,
    pub(crate) total: u32,
}

/// The edges of the first `len` nodes of `nodes`, each at most once, so that they are no more than
/// all there are. O(len): moves 52 bytes a node; the host waits for the total.
pub(crate) fn row_starts(
    graph: &DeviceCsr,
    nodes: &Buffer<u32>,
    len: usize,
    scratch: &mut ScanScratch<u32>,
) -> Result<RowStarts> {
    let (device, count) = (graph.device(), len as u32);
    let mut sizes: Buffer<u32> = Buffer::uninit(device, len)?;
    let mut starts: Buffer<u32> = Buffer::uninit(device, len + 1)?;
    let args = [graph.offsets().into(), nodes.into(), (&mut sizes).into(), count.into()];
    device.launch(&SIZES, SIZES.groups_for(len), 40 * u64::from(count), &args)?;
    exclusive_scan(&sizes, &mut starts, scratch)?;
    let mut total = [0];
    starts.read(len, &mut total)?;
    Ok(RowStarts { sizes, starts, total: total[0] })
}

fn search(
    device: Device,
    outs: &DeviceCsr,
    ins: &DeviceCsr,
    starts: &Indices,
    most: u32,
    distances: &mut Buffer<u32>,
) -> Result<()> {
    let n = outs.n_rows();
    let nodes = n as usize;
    let zeros = Buffer::zeros(device, starts.len())?;
    scatter(&zeros, starts, distances)?;
    // Each start once, even if it is named twice.
    let first = selected(&at_most(distances, 0)?)?.into_numbers();
    let mut len = first.len();
    let mut frontier: Buffer<u32> = Buffer::uninit(device, nodes)?;
    scatter(&first, &Indices::all(device, len)?, &mut frontier)?;
    let mut next: Buffer<u32> = Buffer::uninit(device, nodes)?;
    let mut scratch = ScanScratch::new(device)?;
    for level in 1..=most {
        if len == 0 {
            break;
        }
        let count = len as u32;
        let rows = row_starts(outs, &frontier, len, &mut scratch)?;
        let mut found: Buffer<u32> = Buffer::zeros(device, 1)?;
        if u64::from(rows.total) * SHARE < outs.len() as u64 {
            let args = [
                outs.offsets().into(),
                outs.columns().numbers().into(),
                (&frontier).into(),
                (&rows.starts).into(),
                (&mut *distances).into(),
                (&mut next).into(),
                (&mut found).into(),
                count.into(),
                rows.total.into(),
                level.into(),
            ];
            let bytes = 36 * u64::from(rows.total) + 8 * u64::from(count);
            device.launch(&PUSH, PUSH.groups_for(rows.total as usize), bytes, &args)?;
        } else {
            let args = [
                ins.offsets().into(),
                ins.columns().numbers().into(),
                (&mut *distances).into(),
                (&mut next).into(),
                (&mut found).into(),
                n.into(),
                level.into(),
            ];
            // At most: who finds the frontier reads no further.
            let bytes = 12 * u64::from(n) + 36 * ins.len() as u64;
            device.launch(&PULL, PULL.groups_for(nodes), bytes, &args)?;
        }
        len = found.download()?[0] as usize;
        std::mem::swap(&mut frontier, &mut next);
    }
    Ok(())
}
