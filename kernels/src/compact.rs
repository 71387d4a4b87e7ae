//! What is selected, side by side and in order.

use crate::buffer::check_len;
use crate::launch::{Arg, Family, Kernel, family};
use crate::{Buffer, Device, Element, Error, Result, cpu};

static COMPACT: Family = family!(
    "compact",
    [
        "count_flags",
        "count_heads_u32",
        "count_heads_u64",
        "compact_places",
        "compact_values_u32",
        "compact_values_u64",
        "compact_heads_u32",
        "compact_heads_u64",
        "compact_runs_u32",
        "compact_runs_u64",
    ]
);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &COMPACT, name, group: 256 }
}
static COUNT_FLAGS: Kernel = kernel("count_flags");
static COUNT_HEADS: [Kernel; 2] = [kernel("count_heads_u32"), kernel("count_heads_u64")];
static PLACES: Kernel = kernel("compact_places");
// By type: floats are moved as integers of their size.
static VALUES: [Kernel; 3] =
    [kernel("compact_values_u32"), kernel("compact_values_u64"), kernel("compact_values_u32")];
static HEADS: [Kernel; 2] = [kernel("compact_heads_u32"), kernel("compact_heads_u64")];
static RUNS: [Kernel; 2] = [kernel("compact_runs_u32"), kernel("compact_runs_u64")];

/// Places that a group goes through at a time.
const TILE: u32 = 2048;

/// Groups for each unit of a device: as many as it can hold.
const GROUPS_A_UNIT: u32 = 8;

/// Most groups: few enough that each adds up the others' counts.
const GROUPS: u32 = 2048;

/// What a compaction writes on the way: one count a group, for arrays of any length.
#[derive(Debug)]
pub struct CompactScratch {
    counts: Buffer<u32>,
}

impl CompactScratch {
    /// Takes [`bytes`](Self::bytes) of `device`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], and what opening a device can fail with.
    pub fn new(device: Device) -> Result<Self> {
        Ok(Self { counts: Buffer::uninit(device, GROUPS as usize)? })
    }

    /// Bytes that it takes of a device.
    pub fn bytes() -> u64 {
        4 * u64::from(GROUPS)
    }
}

/// A number that runs are made of: `u32` or `u64`.
pub trait Key: Element + Ord {}
impl Key for u32 {}
impl Key for u64 {}

/// Writes the places of all `flags` that are not 0 to `out`, ascending, and how many there are in
/// the only place of `count`.
///
/// `out` has room for all: it is at least as long as `flags`; what is behind the places written
/// stays as it was. Read the count, and [`truncate`](Buffer::truncate) it where the host should
/// know. O(n): reads the flags twice and writes the places once, in two launches. Nothing is
/// allocated, and the host does not wait.
///
/// ```
/// use graph_kernels::{Buffer, CompactScratch, Device, compact_indices};
///
/// let flags = Buffer::upload(Device::Cpu, &[0, 1, 1, 0, 7])?;
/// let (mut out, mut count) = (Buffer::zeros(Device::Cpu, 5)?, Buffer::zeros(Device::Cpu, 1)?);
/// compact_indices(&flags, &mut out, &mut count, &mut CompactScratch::new(Device::Cpu)?)?;
/// out.truncate(count.download()?[0] as usize);
/// assert_eq!(out.download()?, [1, 2, 4]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`], [`Error::TooLong`], [`Error::WrongDevice`], or [`Error::Driver`] if
/// a launch fails.
pub fn compact_indices(
    flags: &Buffer<u32>,
    out: &mut Buffer<u32>,
    count: &mut Buffer<u32>,
    scratch: &mut CompactScratch,
) -> Result<()> {
    check_room("out", out.len(), flags.len())?;
    check_len("count", count.len(), 1)?;
    if out.device() == Device::Cpu {
        let n = cpu::compact::compact_indices(flags.host()?, out.host_mut()?);
        count.host_mut()?[0] = n as u32;
        return Ok(());
    }
    let kernels = (&COUNT_FLAGS, &PLACES);
    launch(kernels, flags, count, scratch, 4, &[out.into()])
}

/// Writes those `values` to `out`, in order, whose flag is not 0, and how many there are in the
/// only place of `count`.
///
/// There is a flag for each value. In all else as [`compact_indices`].
///
/// # Errors
///
/// Those of [`compact_indices`].
pub fn compact<T: Element>(
    values: &Buffer<T>,
    flags: &Buffer<u32>,
    out: &mut Buffer<T>,
    count: &mut Buffer<u32>,
    scratch: &mut CompactScratch,
) -> Result<()> {
    check_len("values", values.len(), flags.len())?;
    check_room("out", out.len(), flags.len())?;
    check_len("count", count.len(), 1)?;
    if out.device() == Device::Cpu {
        let n = cpu::compact::compact(values.host()?, flags.host()?, out.host_mut()?);
        count.host_mut()?[0] = n as u32;
        return Ok(());
    }
    let kernels = (&COUNT_FLAGS, &VALUES[T::TYPE]);
    let bytes = 2 * size_of::<T>() as u64;
    launch(kernels, flags, count, scratch, bytes, &[values.into(), out.into()])
}

/// Writes the first key of each run of equal `keys` to `out`, in order, and how many runs there
/// are in the only place of `count`: each key once if the keys are sorted.
///
/// In all else as [`compact_indices`].
///
/// # Errors
///
/// Those of [`compact_indices`].
pub fn unique<K: Key>(
    keys: &Buffer<K>,
    out: &mut Buffer<K>,
    count: &mut Buffer<u32>,
    scratch: &mut CompactScratch,
) -> Result<()> {
    check_room("out", out.len(), keys.len())?;
    check_len("count", count.len(), 1)?;
    if out.device() == Device::Cpu {
        let n = cpu::compact::unique(keys.host()?, out.host_mut()?);
        count.host_mut()?[0] = n as u32;
        return Ok(());
    }
    let kernels = (&COUNT_HEADS[K::TYPE], &HEADS[K::TYPE]);
    launch(kernels, keys, count, scratch, size_of::<K>() as u64, &[out.into()])
}

/// Writes the runs of equal `keys`, in order: their keys to `out`, their first places to
/// `offsets`, and how many there are in the only place of `count`.
///
/// Run `r` is made of the keys `offsets[r]..offsets[r + 1]`, as the rows of a CSR are: behind the
/// last run stands `n`, so `offsets` has room for `n + 1`. In all else as [`compact_indices`].
///
/// # Errors
///
/// Those of [`compact_indices`].
pub fn run_length_encode<K: Key>(
    keys: &Buffer<K>,
    out: &mut Buffer<K>,
    offsets: &mut Buffer<u32>,
    count: &mut Buffer<u32>,
    scratch: &mut CompactScratch,
) -> Result<()> {
    check_room("out", out.len(), keys.len())?;
    check_room("offsets", offsets.len(), keys.len() + 1)?;
    check_len("count", count.len(), 1)?;
    if out.device() == Device::Cpu {
        let (out, offsets) = (out.host_mut()?, offsets.host_mut()?);
        count.host_mut()?[0] = cpu::compact::run_length_encode(keys.host()?, out, offsets) as u32;
        return Ok(());
    }
    let kernels = (&COUNT_HEADS[K::TYPE], &RUNS[K::TYPE]);
    let bytes = 4 + size_of::<K>() as u64;
    launch(kernels, keys, count, scratch, bytes, &[out.into(), offsets.into()])
}

/// Counts what is selected of `input`, and then writes it: at most `bytes` for each.
fn launch<T: Element>(
    (counting, writing): (&'static Kernel, &'static Kernel),
    input: &Buffer<T>,
    count: &mut Buffer<u32>,
    scratch: &mut CompactScratch,
    bytes: u64,
    more: &[Arg<'_>],
) -> Result<()> {
    let device = input.device();
    let n = input.len_u32("input")?;
    let most = (GROUPS_A_UNIT * device.units()).min(GROUPS);
    let stretch = n.div_ceil(TILE).div_ceil(most).max(1) * TILE;
    // One group says that there is nothing.
    let groups = n.div_ceil(stretch).max(1);
    let read = u64::from(n) * size_of::<T>() as u64;
    if groups > 1 {
        let args = [input.into(), (&mut scratch.counts).into(), n.into(), stretch.into()];
        device.launch(counting, groups, read, &args)?;
    }
    let mut args =
        vec![input.into(), (&scratch.counts).into(), count.into(), n.into(), stretch.into()];
    args.extend_from_slice(more);
    device.launch(writing, groups, read + u64::from(n) * bytes, &args)
}

/// Checks that an array has at least `least` entries.
fn check_room(name: &'static str, found: usize, least: usize) -> Result<(), Error> {
    if found >= least { Ok(()) } else { check_len(name, found, least) }
}
