//! Where many numbers would stand in a sorted array.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{Buffer, Device, Element, Result, cpu};

static SEARCH: Family = family!("search", ["search_u32", "search_u64", "search_f32"]);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &SEARCH, name, group: 256 }
}
static KERNELS: [Kernel; 3] = [kernel("search_u32"), kernel("search_u64"), kernel("search_f32")];

/// Which of equal numbers a search stops at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The first that is not less.
    Lower,
    /// The first that is greater.
    Upper,
}

/// Writes in `out` for each of `queries` how many of the ascending numbers `sorted` are less
/// ([`Bound::Lower`]), or not greater ([`Bound::Upper`]).
///
/// If the numbers do not ascend, or there is a NaN, results are some counts of at most `n`. `out`
/// is as long as `queries`. O(q log n); sorted queries read neighboring places and are the
/// faster.
///
/// ```
/// use graph_kernels::{Bound, Buffer, Device, search};
///
/// let sorted = Buffer::upload(Device::Cpu, &[1_u32, 3, 3, 8])?;
/// let queries = Buffer::upload(Device::Cpu, &[0, 3, 9])?;
/// let mut out = Buffer::zeros(Device::Cpu, 3)?;
/// search(&sorted, &queries, Bound::Lower, &mut out)?;
/// assert_eq!(out.download()?, [0, 1, 4]);
/// search(&sorted, &queries, Bound::Upper, &mut out)?;
/// assert_eq!(out.download()?, [0, 3, 4]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`], [`crate::Error::TooLong`], [`crate::Error::WrongDevice`], or
/// [`crate::Error::Driver`] if the launch fails.
pub fn search<T: Element>(
    sorted: &Buffer<T>,
    queries: &Buffer<T>,
    bound: Bound,
    out: &mut Buffer<u32>,
) -> Result<()> {
    check_len("out", out.len(), queries.len())?;
    if out.device() == Device::Cpu {
        cpu::search::search(sorted.host()?, queries.host()?, bound, out.host_mut()?);
        return Ok(());
    }
    let (device, kernel) = (out.device(), &KERNELS[T::TYPE]);
    let n = sorted.len_u32("sorted")?;
    let n_queries = queries.len_u32("queries")?;
    // Each number of a path is read; the first ones of all paths are the same.
    let steps = u64::from(n.checked_ilog2().map_or(0, |log| log + 1));
    let size = size_of::<T>() as u64;
    let bytes = u64::from(n_queries) * (4 + size + steps * size);
    let upper = u32::from(bound == Bound::Upper);
    let args =
        [sorted.into(), queries.into(), out.into(), n.into(), n_queries.into(), upper.into()];
    device.launch(kernel, kernel.groups_for(queries.len()), bytes, &args)
}
