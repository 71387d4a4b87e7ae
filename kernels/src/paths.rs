//! Lengths of shortest paths by weight.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, DeviceCsr, Indices, Result, cpu};

static PATHS: Family = family!("paths", ["paths_round"]);
static ROUND: Kernel = Kernel { family: &PATHS, name: "paths_round", group: 256 };

/// Length of the shortest path to each node from the nearest of `starts`, shape `[n]`; infinite if
/// there is none.
///
/// `ins` has the in-edges of each node and `weights` theirs, of shape `[m]`, finite and not negative;
/// all are 1 if there are none. Lengths are summed in double precision along each path from its
/// start, in integers, so that all devices give the same bits. A round for each edge of the shortest
/// path that has most of them, and one more, each of O(n + m): it reads 8 bytes an edge, 12 more
/// where its source has changed in the round before, and moves 28 a node; the host waits for one
/// number a round, and `stop` is asked then: what it gives ends the search. Takes 24 n bytes.
///
/// ```
/// use graph_kernels::{Buffer, Device, DeviceCsr, Indices, path_lengths};
///
/// let ins = DeviceCsr::upload(Device::Cpu, 3, &[0, 0, 1, 3], &[0, 0, 1])?;
/// let weights = Buffer::upload(Device::Cpu, &[1.0_f32, 5.0, 2.0])?;
/// let starts = Indices::upload(Device::Cpu, &[0], 3)?;
/// let found = path_lengths(&ins, Some(&weights), &starts, |_| Ok::<(), graph_kernels::Error>(()))?;
/// assert_eq!(found, [0.0, 1.0, 3.0]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// Source: Bellman 1958, doi:10.1090/qam/102435, of what has changed alone.
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`], [`crate::Error::WrongDevice`], [`crate::Error::OutOfMemory`],
/// or [`crate::Error::Driver`]; and those of `stop`, which takes the number of rounds.
pub fn path_lengths<E: From<crate::Error>>(
    ins: &DeviceCsr,
    weights: Option<&Buffer<f32>>,
    starts: &Indices,
    mut stop: impl FnMut(u64) -> Result<(), E>,
) -> Result<Vec<f64>, E> {
    let (device, n) = (ins.device(), ins.n_rows());
    check_len("the columns of ins", ins.n_columns() as usize, n as usize)?;
    check_len("the nodes of starts", starts.below() as usize, n as usize)?;
    check_len("weights", weights.map_or(ins.len(), Buffer::len), ins.len())?;
    let (offsets, sources) = (ins.offsets(), ins.columns().numbers());
    if let (Some(offsets), Some(sources)) = (offsets.as_slice(), sources.as_slice()) {
        let weights = weights.map(Buffer::host).transpose()?;
        let starts = starts.numbers().host()?;
        return cpu::paths::lengths(offsets, sources, weights, starts, stop);
    }
    let at = starts.numbers().download()?;
    let (mut first, mut is_start) =
        (vec![f64::INFINITY.to_bits(); n as usize], vec![0; n as usize]);
    for &u in &at {
        (first[u as usize], is_start[u as usize]) = (0, 1);
    }
    let mut lengths: Buffer<u64> = Buffer::upload(device, &first)?;
    let mut changed: Buffer<u32> = Buffer::upload(device, &is_start)?;
    let mut next_lengths: Buffer<u64> = Buffer::uninit(device, n as usize)?;
    let mut next_changed: Buffer<u32> = Buffer::uninit(device, n as usize)?;
    let mut rounds = 0;
    let mut has_changed = !at.is_empty();
    while has_changed {
        stop(rounds)?;
        let mut count: Buffer<u32> = Buffer::zeros(device, 1)?;
        let args = [
            offsets.into(),
            sources.into(),
            // Something must stand for weights that are not there.
            weights.map_or_else(|| sources.into(), Into::into),
            (&lengths).into(),
            (&changed).into(),
            (&mut next_lengths).into(),
            (&mut next_changed).into(),
            (&mut count).into(),
            n.into(),
            u32::from(weights.is_some()).into(),
        ];
        let bytes = 28 * u64::from(n) + 8 * ins.len() as u64;
        device.launch(&ROUND, ROUND.groups_for(n as usize), bytes, &args)?;
        std::mem::swap(&mut lengths, &mut next_lengths);
        std::mem::swap(&mut changed, &mut next_changed);
        has_changed = count.download()?[0] != 0;
        rounds += 1;
    }
    Ok(lengths.download()?.into_iter().map(f64::from_bits).collect())
}
