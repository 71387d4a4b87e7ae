//! Connected components of a graph, by its list of edges.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Indices, Result, cpu, iota};

static COMPONENTS: Family = family!("components", ["components_unite", "components_flatten"]);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &COMPONENTS, name, group: 256 }
}
static UNITE: Kernel = kernel("components_unite");
static FLATTEN: Kernel = kernel("components_flatten");

/// Of so many blocks of edges one is united before the others, which then find short paths.
const SAMPLE: u32 = 8;

/// Edges of a block, as the kernel has it.
const BLOCK: u32 = 1024;

/// The smallest node that each node is connected to, shape `[n]`, if edges go both ways: equal for
/// nodes of one component.
///
/// `sources` and `targets` have the ends of each edge, below `n`. A part of the edges is united
/// first, and paths are made short; then all. O(m α(n)) for edges that are not adversarial:
/// reads each edge once and for it two nodes' parents, a piece of 32 bytes each. Takes 4 n bytes;
/// the host does not wait. The result does not depend on how threads are scheduled.
///
/// ```
/// use graph_kernels::{Device, Indices, smallest_connected};
///
/// let sources = Indices::upload(Device::Cpu, &[4, 3, 2], 5)?;
/// let targets = Indices::upload(Device::Cpu, &[3, 1, 2], 5)?;
/// assert_eq!(smallest_connected(&sources, &targets)?.download()?, [0, 1, 2, 1, 1]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// Source: Sutton, Ben-Nun, Barak 2018, doi:10.1109/IPDPS.2018.00012, with a sample of edges in
/// place of neighbors.
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`] if the lists differ in length or in the number of nodes,
/// [`crate::Error::TooLong`], [`crate::Error::WrongDevice`], [`crate::Error::OutOfMemory`], or
/// [`crate::Error::Driver`].
pub fn smallest_connected(sources: &Indices, targets: &Indices) -> Result<Buffer<u32>> {
    check_len("targets", targets.len(), sources.len())?;
    check_len("the nodes of targets", targets.below() as usize, sources.below() as usize)?;
    let (device, n) = (sources.device(), sources.below());
    let mut parents = iota(device, 0, n as usize)?;
    if let Some(host) = parents.as_mut_slice() {
        let (sources, targets) = (sources.numbers().host()?, targets.numbers().host()?);
        cpu::components::smallest_connected(sources, targets, host);
        return Ok(parents);
    }
    let m = sources.numbers().len_u32("edges")?;
    for step in [SAMPLE, 1] {
        let count = m.div_ceil(BLOCK).div_ceil(step) * BLOCK;
        let args = [
            sources.numbers().into(),
            targets.numbers().into(),
            (&mut parents).into(),
            m.into(),
            count.into(),
            step.into(),
        ];
        let bytes = (8 + 64) * u64::from(count.min(m));
        device.launch(&UNITE, UNITE.groups_for(count as usize), bytes, &args)?;
        let args = [(&mut parents).into(), n.into()];
        device.launch(&FLATTEN, FLATTEN.groups_for(n as usize), 36 * u64::from(n), &args)?;
    }
    Ok(parents)
}
