//! Triangles of a graph whose nodes are ranked.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Indices, Result, Segments, cpu};

static TRIANGLES: Family = family!("triangles", ["triangles_count"]);
static COUNT: Kernel = Kernel { family: &TRIANGLES, name: "triangles_count", group: 256 };

/// Number of triangles that each node is a corner of, shape `[n]`.
///
/// Row `u` of `rows` has the neighbors of `u` below `u`, ascending, each once; `sources` has the row
/// and `targets` the neighbor of each entry, both of shape `[m]` and below `n`. Where nodes are
/// numbered by falling degree no row is longer than √(2 m). An edge a thread looks for each entry of
/// the shorter row of its ends in the longer one: O(m^1.5 log m) at most. Takes 8 n bytes, and the
/// host waits for as much. Integers are added alone, so the result does not depend on threads.
///
/// ```
/// use graph_kernels::{Buffer, Device, Indices, Segments, triangle_counts};
///
/// let device = Device::Cpu;
/// let rows = Segments::new(Buffer::upload(device, &[0, 0, 1, 3, 4])?)?;
/// let sources = Indices::upload(device, &[1, 2, 2, 3], 4)?;
/// let targets = Indices::upload(device, &[0, 0, 1, 2], 4)?;
/// assert_eq!(triangle_counts(&rows, &sources, &targets)?, [1, 1, 1, 0]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// Source: Latapy 2008, doi:10.1016/j.tcs.2008.07.017, "compact-forward", an edge a thread.
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`] if lengths or numbers of nodes differ,
/// [`crate::Error::WrongDevice`], [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`].
pub fn triangle_counts(rows: &Segments, sources: &Indices, targets: &Indices) -> Result<Vec<u64>> {
    let (device, n) = (rows.device(), rows.len());
    check_len("sources", sources.len(), rows.n_items())?;
    check_len("targets", targets.len(), rows.n_items())?;
    check_len("the nodes of sources", sources.below() as usize, n)?;
    check_len("the nodes of targets", targets.below() as usize, n)?;
    let (offsets, targets) = (rows.offsets(), targets.numbers());
    if let (Some(offsets), Some(targets)) = (offsets.as_slice(), targets.as_slice()) {
        return Ok(cpu::triangles::counts(offsets, targets));
    }
    let m = targets.len_u32("edges")?;
    let (mut low, mut high): (Buffer<u32>, Buffer<u32>) =
        (Buffer::zeros(device, n)?, Buffer::zeros(device, n)?);
    let args = [
        offsets.into(),
        sources.numbers().into(),
        targets.into(),
        (&mut low).into(),
        (&mut high).into(),
        m.into(),
    ];
    // At least: an edge, where the rows of its ends begin and end, and the counts.
    let bytes = 24 * u64::from(m) + 16 * n as u64;
    device.launch(&COUNT, COUNT.groups_for(m as usize), bytes, &args)?;
    let halves = low.download()?.into_iter().zip(high.download()?);
    Ok(halves.map(|(low, high)| u64::from(high) << 32 | u64::from(low)).collect())
}
