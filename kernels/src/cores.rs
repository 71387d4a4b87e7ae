//! Core numbers: how deep in the dense part of a graph each node is.

use crate::buffer::check_len;
use crate::hops::row_starts;
use crate::launch::{Family, Kernel, family};
use crate::reduce::{Reduction, reduce_to_host};
use crate::{Buffer, Device, DeviceCsr, Indices, NONE, Result, ScanScratch, cpu, fill};

static CORES: Family = family!("cores", ["cores_begin", "cores_peel", "cores_left"]);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &CORES, name, group: 256 }
}
static BEGIN: Kernel = kernel("cores_begin");
static PEEL: Kernel = kernel("cores_peel");
static LEFT: Kernel = kernel("cores_left");

/// The core number of each node, shape `[n]`: the largest `k` so that it is in a part of the graph
/// in which all nodes have `k` neighbors or more.
///
/// `graph` has each edge in the rows of both its ends, once, and no loops. Nodes are peeled by rising
/// degree, all of one degree at a time, and then those that have become as low, until none has.
/// O(m + n · core numbers that occur): an edge is followed twice, from either end, at 40 bytes; all
/// nodes are looked through once for each number, at 24. The host waits for two numbers a round.
/// Takes 20 n bytes. The result does not depend on how threads are scheduled.
///
/// ```
/// use graph_kernels::{Device, DeviceCsr, core_numbers};
///
/// // A triangle with a tail.
/// let targets = [1, 2, 0, 2, 0, 1, 3, 2];
/// let graph = DeviceCsr::upload(Device::Cpu, 4, &[0, 2, 4, 7, 8], &targets)?;
/// assert_eq!(core_numbers(&graph)?.download()?, [2, 2, 2, 1]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// Source: Kabir, Madduri 2017, doi:10.1109/IPDPSW.2017.151.
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`] if there are not as many columns as rows,
/// [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`].
pub fn core_numbers(graph: &DeviceCsr) -> Result<Buffer<u32>> {
    let (device, n) = (graph.device(), graph.n_rows());
    check_len("the columns of the graph", graph.n_columns() as usize, n as usize)?;
    let mut cores = Buffer::uninit(device, n as usize)?;
    if let Some(cores) = cores.as_mut_slice() {
        let (offsets, targets) = (graph.offsets().host()?, graph.columns().numbers().host()?);
        cpu::cores::core_numbers(offsets, targets, cores);
    } else if n > 0 {
        fill(&mut cores, NONE)?;
        peel(device, graph, &mut cores)?;
    }
    Ok(cores)
}

fn peel(device: Device, graph: &DeviceCsr, cores: &mut Buffer<u32>) -> Result<()> {
    let (n, nodes) = (graph.n_rows(), graph.n_rows() as usize);
    let all = Indices::all(device, nodes)?;
    let mut scratch = ScanScratch::new(device)?;
    let mut degrees = row_starts(graph, all.numbers(), nodes, &mut scratch)?.sizes;
    drop(all);
    let mut left: Buffer<u32> = Buffer::uninit(device, nodes)?;
    let mut frontier: Buffer<u32> = Buffer::uninit(device, nodes)?;
    let mut next: Buffer<u32> = Buffer::uninit(device, nodes)?;
    let mut done = 0;
    while done < nodes {
        let args = [(&degrees).into(), (&*cores).into(), (&mut left).into(), n.into()];
        let bytes = u64::from(n);
        device.launch(&LEFT, LEFT.groups_for(nodes), 12 * bytes, &args)?;
        let k = reduce_to_host(&left, Reduction::Min)?;
        let mut count: Buffer<u32> = Buffer::zeros(device, 1)?;
        let args = [
            (&degrees).into(),
            (&mut *cores).into(),
            (&mut frontier).into(),
            (&mut count).into(),
            n.into(),
            k.into(),
        ];
        device.launch(&BEGIN, BEGIN.groups_for(nodes), 12 * bytes, &args)?;
        let mut len = count.download()?[0] as usize;
        while len > 0 {
            done += len;
            let rows = row_starts(graph, &frontier, len, &mut scratch)?;
            let mut count: Buffer<u32> = Buffer::zeros(device, 1)?;
            let args = [
                graph.offsets().into(),
                graph.columns().numbers().into(),
                (&frontier).into(),
                (&rows.starts).into(),
                (&mut degrees).into(),
                (&mut *cores).into(),
                (&mut next).into(),
                (&mut count).into(),
                (len as u32).into(),
                rows.total.into(),
                k.into(),
            ];
            let bytes = 40 * u64::from(rows.total) + 8 * len as u64;
            device.launch(&PEEL, PEEL.groups_for(rows.total as usize), bytes, &args)?;
            len = count.download()?[0] as usize;
            std::mem::swap(&mut frontier, &mut next);
        }
    }
    Ok(())
}
