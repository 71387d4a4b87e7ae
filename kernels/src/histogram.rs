//! How often each number occurs.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Device, Indices, Result, cpu, fill};

static HISTOGRAM: Family = family!("histogram", ["histogram_few", "histogram_many"]);
static FEW: Kernel = Kernel { family: &HISTOGRAM, name: "histogram_few", group: 256 };
static MANY: Kernel = Kernel { family: &HISTOGRAM, name: "histogram_many", group: 256 };

/// Counters that a group has for itself.
const LOCAL: u32 = 2048;

/// Groups for each unit of a device that count with counters of their own: as many as it can
/// hold, since each has to add them up in the end.
const GROUPS_A_UNIT: u32 = 8;

/// Writes in place `b` of `counts` how often `numbers` has `b`.
///
/// There is a count for each number that `numbers` may have: as many as
/// [`below`](Indices::below) says. O(n + counts); up to 2048 counts the numbers are read once and
/// that is all, beyond that each is also an addition in memory, slow where many are equal.
///
/// ```
/// use graph_kernels::{Buffer, Device, Indices, histogram};
///
/// let numbers = Indices::upload(Device::Cpu, &[2, 0, 2, 2], 4)?;
/// let mut counts = Buffer::zeros(Device::Cpu, 4)?;
/// histogram(&numbers, &mut counts)?;
/// assert_eq!(counts.download()?, [1, 0, 3, 0]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`], [`crate::Error::TooLong`], [`crate::Error::WrongDevice`], or
/// [`crate::Error::Driver`] if a launch fails.
pub fn histogram(numbers: &Indices, counts: &mut Buffer<u32>) -> Result<()> {
    check_len("counts", counts.len(), numbers.below() as usize)?;
    if counts.device() == Device::Cpu {
        cpu::histogram::histogram(numbers.numbers().host()?, counts.host_mut()?);
        return Ok(());
    }
    let (device, bins) = (counts.device(), numbers.below());
    let n = numbers.numbers().len_u32("numbers")?;
    fill(counts, 0)?;
    if n == 0 {
        return Ok(());
    }
    let bytes = 4 * u64::from(n);
    if bins <= LOCAL {
        // A power of two, at most 8.
        let copies = 1_u32 << (LOCAL / bins).ilog2().min(3);
        let groups = FEW.groups_for(numbers.len()).min(GROUPS_A_UNIT * device.units());
        let args = [numbers.numbers().into(), counts.into(), n.into(), bins.into(), copies.into()];
        return device.launch(&FEW, groups, bytes + 4 * u64::from(bins), &args);
    }
    let args = [numbers.numbers().into(), counts.into(), n.into()];
    device.launch(&MANY, MANY.groups_for(numbers.len()), 3 * bytes, &args)
}
