//! Memory for big columns.
//!
//! A column of many megabytes is written once, and half of what that takes is the system's, which
//! hands memory out 4 KiB at a time. Linux can do so 2 MiB at a time, if it is asked.

use arrow::buffer::{Buffer, MutableBuffer, ScalarBuffer};
use arrow::datatypes::ArrowNativeType;
use bytemuck::Pod;
use rayon::prelude::*;

/// From so many bytes on the system is asked for large pages.
#[cfg(target_os = "linux")]
const LARGE: usize = 1 << 22;

/// A column of `len` values that `fill` writes, over zeros.
pub fn filled<T: ArrowNativeType + Pod>(
    len: usize,
    fill: impl FnOnce(&mut [T]),
) -> ScalarBuffer<T> {
    ScalarBuffer::new(filled_buffer(len, fill), 0, len)
}

/// [`filled`], as a buffer without a type.
pub fn filled_buffer<T: ArrowNativeType + Pod>(len: usize, fill: impl FnOnce(&mut [T])) -> Buffer {
    #[cfg(target_os = "linux")]
    if let Some(size) = len.checked_mul(size_of::<T>()).filter(|&size| size >= LARGE)
        && let Ok(mut pages) = memmap2::MmapMut::map_anon(size)
    {
        // A kernel without large pages gives small ones, which are as good, but slower.
        let _ = pages.advise(memmap2::Advice::HugePage);
        fill(bytemuck::cast_slice_mut(&mut pages));
        return Buffer::from(bytes::Bytes::from_owner(pages));
    }
    // Aligned for values of any type, as pages are.
    let mut values = MutableBuffer::from_len_zeroed(len * size_of::<T>());
    fill(values.typed_data_mut());
    values.into()
}

/// A column of `values`, without a type, each written once: not over zeros where memory may have been used before.
pub fn collected_buffer<T: ArrowNativeType + Pod>(
    values: impl IndexedParallelIterator<Item = T>,
) -> Buffer {
    #[cfg(target_os = "linux")]
    if values.len().saturating_mul(size_of::<T>()) >= LARGE {
        // Zeros of new pages cost nothing.
        return filled_buffer(values.len(), |out: &mut [T]| {
            out.par_iter_mut().zip(values).for_each(|(out, value)| *out = value);
        });
    }
    Buffer::from_vec(values.collect::<Vec<T>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_small_columns_hold_what_was_written() {
        for len in [0, 1, 1000, 3_000_001] {
            let column = filled(len, |values: &mut [u32]| {
                assert!(values.iter().all(|&value| value == 0));
                for (value, i) in values.iter_mut().zip(0..) {
                    *value = i;
                }
            });
            assert_eq!(column.len(), len);
            assert!(column.iter().copied().eq(0..len as u32));
            assert_eq!(column.inner().as_ptr().align_offset(align_of::<u128>()), 0);
            let collected = collected_buffer((0..len as u32).into_par_iter());
            assert_eq!(&collected, column.inner());
        }
    }
}
