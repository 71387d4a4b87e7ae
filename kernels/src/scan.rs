//! Running sums.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Device, Element, Result, cpu};

static SCAN: Family = family!(
    "scan",
    [
        "scan_sums_u32",
        "scan_sums_u64",
        "scan_sums_f32",
        "scan_tiles_u32",
        "scan_tiles_u64",
        "scan_tiles_f32",
    ]
);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &SCAN, name, group: 256 }
}
static SUMS: [Kernel; 3] =
    [kernel("scan_sums_u32"), kernel("scan_sums_u64"), kernel("scan_sums_f32")];
static TILES: [Kernel; 3] =
    [kernel("scan_tiles_u32"), kernel("scan_tiles_u64"), kernel("scan_tiles_f32")];

/// Numbers that a group scans at a time.
const TILE: u32 = 2048;

/// Groups for each unit of a device: as many as it can hold.
const GROUPS_A_UNIT: u32 = 8;

/// Most groups: few enough that each adds up the others' sums.
const GROUPS: u32 = 2048;

/// What a scan writes on the way: one sum a group, for arrays of any length.
#[derive(Debug)]
pub struct ScanScratch<T> {
    sums: Buffer<T>,
}

impl<T: Element> ScanScratch<T> {
    /// Takes [`bytes`](Self::bytes) of `device`.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfMemory`], and what opening a device can fail with.
    pub fn new(device: Device) -> Result<Self> {
        Ok(Self { sums: Buffer::uninit(device, GROUPS as usize)? })
    }

    /// Bytes that it takes of a device.
    pub fn bytes() -> u64 {
        u64::from(GROUPS) * size_of::<T>() as u64
    }
}

/// Writes in each place of `out` the sum of all numbers before it in `input`: 0 in the first.
///
/// `out` is as long as `input`, or one longer: the last entry is then the sum of all, as in the
/// offsets of a CSR. Integers wrap around. Floats are summed in an order that depends on length
/// and device alone, so that every run gives the same bits; they differ from a sum in sequence by at
/// most about 1e-6 of the sum of magnitudes for a million numbers.
///
/// O(n): the input is read twice, the output written once, in two launches (one up to 2048
/// numbers). Nothing is allocated, and the host does not wait.
///
/// ```
/// use graph_kernels::{Buffer, Device, ScanScratch, exclusive_scan};
///
/// let counts = Buffer::upload(Device::Cpu, &[2_u32, 0, 5])?;
/// let mut offsets = Buffer::zeros(Device::Cpu, 4)?;
/// exclusive_scan(&counts, &mut offsets, &mut ScanScratch::new(Device::Cpu)?)?;
/// assert_eq!(offsets.download()?, [0, 2, 2, 7]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`], [`crate::Error::TooLong`], [`crate::Error::WrongDevice`], or
/// [`crate::Error::Driver`] if a launch fails.
pub fn exclusive_scan<T: Element>(
    input: &Buffer<T>,
    out: &mut Buffer<T>,
    scratch: &mut ScanScratch<T>,
) -> Result<()> {
    if out.len() != input.len() + 1 {
        check_len("out", out.len(), input.len())?;
    }
    if out.device() == Device::Cpu {
        cpu::scan::exclusive_scan(input.host()?, out.host_mut()?);
        return Ok(());
    }
    let n = input.len_u32("input")?;
    launch(input, out, n, scratch, false)
}

/// As [`exclusive_scan`], over the numbers' own places.
///
/// # Errors
///
/// [`crate::Error::TooLong`], [`crate::Error::WrongDevice`], or [`crate::Error::Driver`] if a
/// launch fails.
pub fn exclusive_scan_in_place<T: Element>(
    numbers: &mut Buffer<T>,
    scratch: &mut ScanScratch<T>,
) -> Result<()> {
    if let Some(numbers) = numbers.as_mut_slice() {
        cpu::scan::exclusive_scan_in_place(numbers);
        return Ok(());
    }
    let n = numbers.len_u32("numbers")?;
    launch(numbers, numbers, n, scratch, false)
}

/// Writes in each place of `out` the sum of all numbers of `input` up to and with that place.
///
/// In all else as [`exclusive_scan`]; `out` is as long as `input`.
///
/// # Errors
///
/// Those of [`exclusive_scan`].
pub fn inclusive_scan<T: Element>(
    input: &Buffer<T>,
    out: &mut Buffer<T>,
    scratch: &mut ScanScratch<T>,
) -> Result<()> {
    check_len("out", out.len(), input.len())?;
    if out.device() == Device::Cpu {
        cpu::scan::inclusive_scan(input.host()?, out.host_mut()?);
        return Ok(());
    }
    let n = input.len_u32("input")?;
    launch(input, out, n, scratch, true)
}

/// Sums of `n` numbers of `input`, which may be `out` itself.
fn launch<T: Element>(
    input: &Buffer<T>,
    out: &Buffer<T>,
    n: u32,
    scratch: &mut ScanScratch<T>,
    inclusive: bool,
) -> Result<()> {
    let device = out.device();
    let n_out = out.len_u32("out")?;
    let most = (GROUPS_A_UNIT * device.units()).min(GROUPS);
    let stretch = n_out.div_ceil(TILE).div_ceil(most).max(1) * TILE;
    let groups = n_out.div_ceil(stretch);
    let size = size_of::<T>() as u64;
    if groups > 1 {
        let args = [input.into(), (&mut scratch.sums).into(), n.into(), stretch.into()];
        device.launch(&SUMS[T::TYPE], groups, u64::from(n) * size, &args)?;
    }
    let args = [
        input.into(),
        out.into(),
        (&scratch.sums).into(),
        n.into(),
        n_out.into(),
        stretch.into(),
        u32::from(inclusive).into(),
    ];
    device.launch(&TILES[T::TYPE], groups, (u64::from(n) + u64::from(n_out)) * size, &args)
}
