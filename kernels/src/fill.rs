//! The same value, or a range of numbers, in every place.

use crate::launch::{Arg, Family, Kernel, family};
use crate::{Buffer, Device, Element, Result, cpu};

static FILL: Family = family!("fill", ["fill_u32", "fill_u64", "fill_f32", "iota"]);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &FILL, name, group: 256 }
}
static FILLS: [Kernel; 3] = [kernel("fill_u32"), kernel("fill_u64"), kernel("fill_f32")];
static IOTA: Kernel = kernel("iota");

/// Writes `value` in every place of `out`. O(n): writes each number once.
///
/// # Errors
///
/// [`crate::Error::TooLong`], or [`crate::Error::Driver`] if the launch fails.
pub fn fill<T: Element>(out: &mut Buffer<T>, value: T) -> Result<()> {
    let device = out.device();
    if let Some(out) = out.as_mut_slice() {
        cpu::fill::fill(out, value);
        return Ok(());
    }
    let (n, kernel) = (out.len_u32("out")?, &FILLS[T::TYPE]);
    let bytes = size_of::<T>() as u64 * u64::from(n);
    let groups = kernel.groups_for(out.len());
    device.launch(kernel, groups, bytes, &[out.into(), Arg::number(value), n.into()])
}

/// The numbers `first`, `first + 1`, …, `n` of them. O(n): writes each number once.
///
/// # Errors
///
/// [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`] if the launch fails.
pub fn iota(device: Device, first: u32, n: usize) -> Result<Buffer<u32>> {
    let mut out = Buffer::uninit(device, n)?;
    if let Some(numbers) = out.as_mut_slice() {
        cpu::fill::iota(numbers, first);
        return Ok(out);
    }
    let len = out.len_u32("out")?;
    let args = [(&mut out).into(), first.into(), len.into()];
    device.launch(&IOTA, IOTA.groups_for(n), 4 * u64::from(len), &args)?;
    Ok(out)
}
