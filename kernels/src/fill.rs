//! The same value, or a range of numbers, in every place.

use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Device, Result};

static FILL: Family = family!("fill", ["fill_u32", "fill_u64", "iota"]);
static FILL_U32: Kernel = Kernel { family: &FILL, name: "fill_u32", group: 256 };
static IOTA: Kernel = Kernel { family: &FILL, name: "iota", group: 256 };

/// Writes `value` in every place of `out`. O(n).
///
/// # Errors
///
/// [`crate::Error::Driver`] if the launch fails.
pub fn fill_u32(out: &mut Buffer<u32>, value: u32) -> Result<()> {
    let device = out.device();
    if let Some(out) = out.as_mut_slice() {
        out.fill(value);
        return Ok(());
    }
    let n = out.len_u32("out")?;
    let bytes = 4 * u64::from(n);
    device.launch(
        &FILL_U32,
        FILL_U32.groups_for(out.len()),
        bytes,
        &[out.into(), value.into(), n.into()],
    )
}

/// The numbers `first`, `first + 1`, …, `n` of them. O(n).
///
/// # Errors
///
/// [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`] if the launch fails.
pub fn iota(device: Device, first: u32, n: usize) -> Result<Buffer<u32>> {
    let mut out = Buffer::uninit(device, n)?;
    if let Some(values) = out.as_mut_slice() {
        for (i, value) in values.iter_mut().enumerate() {
            *value = first.wrapping_add(i as u32);
        }
        return Ok(out);
    }
    let len = out.len_u32("out")?;
    device.launch(
        &IOTA,
        IOTA.groups_for(n),
        4 * u64::from(len),
        &[(&mut out).into(), first.into(), len.into()],
    )?;
    Ok(out)
}
