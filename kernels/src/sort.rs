//! Stable sorting of keys with values, by digits.

use std::ops::Range;

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Device, Element, Key, Result, cpu};

static SORT: Family = family!(
    "sort",
    [
        "sort_count_u32",
        "sort_count_u64",
        "sort_offsets",
        "sort_scatter_u32",
        "sort_scatter_u64",
        "sort_copy_u32",
        "sort_copy_u64",
    ]
);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &SORT, name, group: 256 }
}
static COUNT: [Kernel; 2] = [kernel("sort_count_u32"), kernel("sort_count_u64")];
static OFFSETS: Kernel = kernel("sort_offsets");
static SCATTER: [Kernel; 2] = [kernel("sort_scatter_u32"), kernel("sort_scatter_u64")];
static COPY: [Kernel; 2] = [kernel("sort_copy_u32"), kernel("sort_copy_u64")];

/// Keys that a group sorts at a time, by type of key.
const TILE: [u32; 2] = [4096, 2048];

/// Groups for each unit of a device, by type of key: it holds half as many at a time.
const GROUPS_A_UNIT: [u32; 2] = [6, 8];

/// Most groups of a pass: as the kernels have it.
const GROUPS: u32 = 1024;

/// Bits of a pass.
const BITS: u32 = 8;

/// Digits of a pass.
const DIGITS: u32 = 1 << BITS;

/// What a sort writes on the way: a second place for keys and values, and counts.
#[derive(Debug)]
pub struct SortScratch<K> {
    keys: Buffer<K>,
    values: Buffer<u32>,
    counts: Buffer<u32>,
    totals: Buffer<u32>,
}

impl<K: Element> SortScratch<K> {
    /// Takes [`bytes`](Self::bytes) of `device`, for arrays of up to `n` keys.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfMemory`], and what opening a device can fail with.
    pub fn new(device: Device, n: usize) -> Result<Self> {
        // The CPU's sort needs none of it.
        let n = if device == Device::Cpu { 0 } else { n };
        let allocate = || {
            Ok(Self {
                keys: Buffer::uninit(device, n)?,
                values: Buffer::uninit(device, n)?,
                counts: Buffer::uninit(device, counts(n, TILE[K::TYPE.min(1)]))?,
                totals: Buffer::uninit(device, DIGITS as usize)?,
            })
        };
        allocate().map_err(|error: crate::Error| error.with_estimate(Self::bytes(n)))
    }

    /// Bytes that it takes of a device for arrays of up to `n` keys.
    pub fn bytes(n: usize) -> u64 {
        let words = n + counts(n, TILE[K::TYPE.min(1)]) + DIGITS as usize;
        (n * size_of::<K>()) as u64 + 4 * words as u64
    }
}

/// Counters that a sort of `n` keys needs.
fn counts(n: usize, tile: u32) -> usize {
    n.div_ceil(tile as usize).min(GROUPS as usize) * DIGITS as usize
}

/// Sorts `keys` by the bits in the range `bits`, and moves `values` alike; keys that are equal in
/// these bits keep their order.
///
/// O(n) for each 8 bits, and the fewer `bits` the fewer passes: `0..20` sorts numbers below 2²⁰
/// in three. A pass reads the keys twice and all else once: 20 n bytes and three launches; after
/// an odd number of passes a copy of 16 n bytes brings the result back. Nothing is allocated, and
/// the host does not wait.
///
/// ```
/// use graph_kernels::{Buffer, Device, SortScratch, sort_pairs_u32};
///
/// let mut keys = Buffer::upload(Device::Cpu, &[3_u32, 1, 3, 2])?;
/// let mut values = Buffer::upload(Device::Cpu, &[0_u32, 1, 2, 3])?;
/// let mut scratch = SortScratch::new(Device::Cpu, 4)?;
/// sort_pairs_u32(&mut keys, &mut values, 0..2, &mut scratch)?;
/// assert_eq!(keys.download()?, [1, 2, 3, 3]);
/// assert_eq!(values.download()?, [1, 3, 0, 2]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`] if there are not as many values as keys, or the scratch is
/// for fewer; [`crate::Error::TooLong`], [`crate::Error::WrongDevice`], or
/// [`crate::Error::Driver`] if a launch fails.
///
/// # Panics
///
/// If `bits` ends beyond the key's 32.
pub fn sort_pairs_u32(
    keys: &mut Buffer<u32>,
    values: &mut Buffer<u32>,
    bits: Range<u32>,
    scratch: &mut SortScratch<u32>,
) -> Result<()> {
    sort_pairs(keys, values, bits, scratch)
}

/// As [`sort_pairs_u32`], for keys of 64 bits: 28 n bytes a pass, and 24 n for the last copy.
///
/// # Errors
///
/// Those of [`sort_pairs_u32`].
///
/// # Panics
///
/// If `bits` ends beyond the key's 64.
pub fn sort_pairs_u64(
    keys: &mut Buffer<u64>,
    values: &mut Buffer<u32>,
    bits: Range<u32>,
    scratch: &mut SortScratch<u64>,
) -> Result<()> {
    sort_pairs(keys, values, bits, scratch)
}

/// As [`sort_pairs_u32`] or [`sort_pairs_u64`], by the type of the keys.
///
/// # Errors
///
/// Those of [`sort_pairs_u32`].
///
/// # Panics
///
/// If `bits` ends beyond the key's.
pub fn sort_pairs<K: Key>(
    keys: &mut Buffer<K>,
    values: &mut Buffer<u32>,
    bits: Range<u32>,
    scratch: &mut SortScratch<K>,
) -> Result<()> {
    let width = 8 * size_of::<K>() as u32;
    assert!(bits.end <= width, "bits {bits:?} of a key of {width}");
    if keys.device() == Device::Cpu {
        check_len("values", values.len(), keys.len())?;
        let mask = 1_u64.checked_shl(bits.len() as u32).unwrap_or(0).wrapping_sub(1);
        let digit = |key: K| key.bits().checked_shr(bits.start).unwrap_or(0) & mask;
        cpu::sort::sort_pairs(keys.host_mut()?, values.host_mut()?, digit);
        return Ok(());
    }
    launch(keys, values, bits, scratch)
}

/// Sorts on a device; `K` is `u32` or `u64`.
fn launch<K: Element>(
    keys: &mut Buffer<K>,
    values: &mut Buffer<u32>,
    bits: Range<u32>,
    scratch: &mut SortScratch<K>,
) -> Result<()> {
    let device = keys.device();
    let n = keys.len_u32("keys")?;
    check_len("values", values.len(), keys.len())?;
    if scratch.keys.len() < keys.len() {
        check_len("the scratch of the sort", scratch.keys.len(), keys.len())?;
    }
    let tile = TILE[K::TYPE];
    let most = (GROUPS_A_UNIT[K::TYPE] * device.units()).min(GROUPS);
    let stretch = n.div_ceil(tile).div_ceil(most) * tile;
    if n == 0 {
        return Ok(());
    }
    let groups = n.div_ceil(stretch);
    let (key, pair) =
        (u64::from(n) * size_of::<K>() as u64, u64::from(n) * (size_of::<K>() as u64 + 4));
    let scratch_counts = u64::from(groups) * u64::from(DIGITS) * 4;
    let SortScratch { keys: other_keys, values: other_values, counts, totals } = scratch;
    let (mut from, mut to) = ((&mut *keys, &mut *values), (other_keys, other_values));
    let mut passes = 0;
    for shift in bits.clone().step_by(BITS as usize) {
        let width = BITS.min(bits.end - shift);
        let mask = (1_u32 << width) - 1;
        let args = [
            (&*from.0).into(),
            (&mut *counts).into(),
            n.into(),
            stretch.into(),
            shift.into(),
            mask.into(),
        ];
        device.launch(&COUNT[K::TYPE], groups, key, &args)?;
        let args = [(&mut *counts).into(), (&mut *totals).into(), groups.into()];
        device.launch(&OFFSETS, DIGITS, 2 * scratch_counts, &args)?;
        let args = [
            (&*from.0).into(),
            (&*from.1).into(),
            (&mut *to.0).into(),
            (&mut *to.1).into(),
            (&*counts).into(),
            (&*totals).into(),
            n.into(),
            stretch.into(),
            shift.into(),
            width.into(),
        ];
        device.launch(&SCATTER[K::TYPE], groups, 2 * pair, &args)?;
        std::mem::swap(&mut from, &mut to);
        passes += 1;
    }
    if passes % 2 == 1 {
        // The host must not swap the arrays instead: launches may be recorded and run again.
        let args = [
            (&*from.0).into(),
            (&*from.1).into(),
            (&mut *to.0).into(),
            (&mut *to.1).into(),
            n.into(),
        ];
        let kernel = &COPY[K::TYPE];
        device.launch(kernel, kernel.groups_for(n as usize), 2 * pair, &args)?;
    }
    Ok(())
}
