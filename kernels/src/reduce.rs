//! One number of many: the sum, the least or the most.

use crate::buffer::check_len;
use crate::launch::{Arg, Family, Kernel, family};
use crate::{Buffer, Device, Element, Result, cpu};

static REDUCE: Family = family!("reduce", ["reduce_u32", "reduce_u64", "reduce_f32"]);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &REDUCE, name, group: 256 }
}
static KERNELS: [Kernel; 3] = [kernel("reduce_u32"), kernel("reduce_u64"), kernel("reduce_f32")];

/// Numbers that a group takes at a time.
const TILE: u32 = 1024;

/// Groups for each unit of a device: as many as it can hold.
const GROUPS_A_UNIT: u32 = 8;

/// Most groups: what a single group goes through at once in the end.
const GROUPS: u32 = TILE;

/// What becomes of many numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their sum; 0 of none. Integers wrap around.
    Sum,
    /// The least; of none the largest number of the type, of floats +∞.
    Min,
    /// The most; of none the smallest number of the type, of floats -∞.
    Max,
}

impl Reduction {
    /// How kernels know it.
    pub(crate) fn code(self) -> u32 {
        self as u32
    }

    /// What the reduction of no number is.
    pub(crate) fn start<T: Element>(self) -> T {
        match self {
            Self::Sum => T::zeroed(),
            Self::Min => T::HIGHEST,
            Self::Max => T::LOWEST,
        }
    }

    /// The reduction of two; what is not a number loses against the least and the most.
    pub(crate) fn join<T: Element>(self, a: T, b: T) -> T {
        match self {
            Self::Sum => a.plus(b),
            Self::Min if b < a || !a.is_number() => b,
            Self::Max if b > a || !a.is_number() => b,
            Self::Min | Self::Max => a,
        }
    }
}

/// What a reduction writes on the way: one number a group, for arrays of any length.
#[derive(Debug)]
pub struct ReduceScratch<T> {
    joined: Buffer<T>,
}

impl<T: Element> ReduceScratch<T> {
    /// Takes [`bytes`](Self::bytes) of `device`.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfMemory`], and what opening a device can fail with.
    pub fn new(device: Device) -> Result<Self> {
        Ok(Self { joined: Buffer::uninit(device, GROUPS as usize)? })
    }

    /// Bytes that it takes of a device.
    pub fn bytes() -> u64 {
        u64::from(GROUPS) * size_of::<T>() as u64
    }
}

/// Writes the sum, least or most of all `numbers` in the only place of `out`.
///
/// Floats are summed in an order that depends on count and device alone, so that every run gives
/// the same bits, within about 1e-6 of the sum of magnitudes for a million numbers; NaN is passed
/// over by the least and the most. O(n): reads each number once, in two launches (one up to 1024
/// numbers). Nothing is allocated, and the host does not wait.
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`], [`crate::Error::TooLong`], [`crate::Error::WrongDevice`], or
/// [`crate::Error::Driver`] if a launch fails.
pub fn reduce<T: Element>(
    numbers: &Buffer<T>,
    reduction: Reduction,
    out: &mut Buffer<T>,
    scratch: &mut ReduceScratch<T>,
) -> Result<()> {
    check_len("out", out.len(), 1)?;
    if out.device() == Device::Cpu {
        out.host_mut()?[0] = cpu::reduce::reduce(numbers.host()?, reduction);
        return Ok(());
    }
    let (device, kernel) = (out.device(), &KERNELS[T::TYPE]);
    let n = numbers.len_u32("numbers")?;
    let most = (GROUPS_A_UNIT * device.units()).min(GROUPS);
    let stretch = n.div_ceil(TILE).div_ceil(most).max(1) * TILE;
    let groups = n.div_ceil(stretch);
    let (kind, start) = (reduction.code(), reduction.start::<T>());
    let size = size_of::<T>() as u64;
    let all = |numbers: &Buffer<T>, out: &mut Buffer<T>, n: u32, stretch: u32, groups: u32| {
        let args =
            [numbers.into(), out.into(), n.into(), stretch.into(), kind.into(), Arg::number(start)];
        device.launch(kernel, groups, size * (u64::from(n) + u64::from(groups)), &args)
    };
    if groups <= 1 {
        return all(numbers, out, n, stretch, 1);
    }
    all(numbers, &mut scratch.joined, n, stretch, groups)?;
    all(&scratch.joined, out, groups, GROUPS, 1)
}

/// As [`reduce`], with the result on the host, which waits for it.
///
/// ```
/// use graph_kernels::{Buffer, Device, Reduction, reduce_to_host};
///
/// let numbers = Buffer::upload(Device::Cpu, &[3_u32, 9, 4])?;
/// assert_eq!(reduce_to_host(&numbers, Reduction::Sum)?, 16);
/// assert_eq!(reduce_to_host(&numbers, Reduction::Max)?, 9);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`reduce`], and [`crate::Error::OutOfMemory`] for want of a few kilobytes.
pub fn reduce_to_host<T: Element>(numbers: &Buffer<T>, reduction: Reduction) -> Result<T> {
    let device = numbers.device();
    let mut out = Buffer::uninit(device, 1)?;
    reduce(numbers, reduction, &mut out, &mut ReduceScratch::new(device)?)?;
    Ok(out.download()?[0])
}
