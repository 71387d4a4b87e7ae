//! Numbers taken from, or put to, the places that a list names; and copies.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Device, Element, Indices, Result, cpu};

static GATHER: Family = family!(
    "gather",
    ["gather_u32", "gather_u64", "scatter_u32", "scatter_u64", "copy_u32", "copy_u64"]
);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &GATHER, name, group: 256 }
}
// By type: floats are moved as integers of their size.
static GATHERS: [Kernel; 3] = [kernel("gather_u32"), kernel("gather_u64"), kernel("gather_u32")];
static SCATTERS: [Kernel; 3] =
    [kernel("scatter_u32"), kernel("scatter_u64"), kernel("scatter_u32")];
static COPIES: [Kernel; 3] = [kernel("copy_u32"), kernel("copy_u64"), kernel("copy_u32")];

/// Writes `values[at[i]]` in place `i` of `out`.
///
/// `out` is as long as `at`, and `values` at least as long as `at` may name. O(n): reads the list
/// and writes the output in order; what is read from `values` costs a piece of 32 bytes a number
/// where neighbors in the list are not neighbors in the array.
///
/// ```
/// use graph_kernels::{Buffer, Device, Indices, gather};
///
/// let values = Buffer::upload(Device::Cpu, &[0.5_f32, 1.5, 2.5])?;
/// let at = Indices::upload(Device::Cpu, &[2, 0, 2, 1], 3)?;
/// let mut out = Buffer::zeros(Device::Cpu, 4)?;
/// gather(&values, &at, &mut out)?;
/// assert_eq!(out.download()?, [2.5, 0.5, 2.5, 1.5]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`], [`crate::Error::TooLong`], [`crate::Error::WrongDevice`], or
/// [`crate::Error::Driver`] if the launch fails.
pub fn gather<T: Element>(values: &Buffer<T>, at: &Indices, out: &mut Buffer<T>) -> Result<()> {
    check_len("out", out.len(), at.len())?;
    check_holds("values", values.len(), at)?;
    if out.device() == Device::Cpu {
        cpu::gather::gather(values.host()?, at.numbers().host()?, out.host_mut()?);
        return Ok(());
    }
    let (device, n, kernel) = (out.device(), out.len_u32("out")?, &GATHERS[T::TYPE]);
    let bytes = u64::from(n) * (4 + 2 * size_of::<T>() as u64);
    let args = [values.into(), at.numbers().into(), out.into(), n.into()];
    device.launch(kernel, kernel.groups_for(at.len()), bytes, &args)
}

/// As [`gather`], to a new array.
///
/// # Errors
///
/// Those of [`gather`], and [`crate::Error::OutOfMemory`].
pub fn gathered<T: Element>(values: &Buffer<T>, at: &Indices) -> Result<Buffer<T>> {
    let mut out = Buffer::uninit(at.device(), at.len())?;
    gather(values, at, &mut out)?;
    Ok(out)
}

/// Writes `values[i]` in place `at[i]` of `out`; other places keep what they have.
///
/// `values` is as long as `at`, and `out` at least as long as `at` may name. Where `at` names a
/// place more than once, one of the values lands there, on the CPU the last. O(n), and as costly
/// as [`gather`].
///
/// # Errors
///
/// Those of [`gather`].
pub fn scatter<T: Element>(values: &Buffer<T>, at: &Indices, out: &mut Buffer<T>) -> Result<()> {
    check_len("values", values.len(), at.len())?;
    check_holds("out", out.len(), at)?;
    if out.device() == Device::Cpu {
        cpu::gather::scatter(values.host()?, at.numbers().host()?, out.host_mut()?);
        return Ok(());
    }
    let (device, n, kernel) = (out.device(), values.len_u32("values")?, &SCATTERS[T::TYPE]);
    let bytes = u64::from(n) * (4 + 2 * size_of::<T>() as u64);
    let args = [values.into(), at.numbers().into(), out.into(), n.into()];
    device.launch(kernel, kernel.groups_for(at.len()), bytes, &args)
}

/// Writes all `values` in `out`, an array of the same length on the same device. O(n).
///
/// # Errors
///
/// Those of [`gather`].
pub fn copy<T: Element>(values: &Buffer<T>, out: &mut Buffer<T>) -> Result<()> {
    check_len("out", out.len(), values.len())?;
    if out.device() == Device::Cpu {
        out.host_mut()?.copy_from_slice(values.host()?);
        return Ok(());
    }
    let (device, n, kernel) = (out.device(), out.len_u32("out")?, &COPIES[T::TYPE]);
    let groups = kernel.groups_for(out.len().div_ceil(4));
    let bytes = 2 * u64::from(n) * size_of::<T>() as u64;
    device.launch(kernel, groups, bytes, &[values.into(), out.into(), n.into()])
}

/// Checks that an array has all places that `at` may name.
fn check_holds(name: &'static str, found: usize, at: &Indices) -> Result<()> {
    if found >= at.below() as usize { Ok(()) } else { check_len(name, found, at.below() as usize) }
}
