//! What is selected, side by side and in order.

use crate::Element;

/// Writes what comes, and counts it.
fn write<T>(out: &mut [T], selected: impl Iterator<Item = T>) -> usize {
    out.iter_mut().zip(selected).map(|(out, value)| *out = value).count()
}

pub(crate) fn compact_indices(flags: &[u32], out: &mut [u32]) -> usize {
    write(out, (0..).zip(flags).filter(|&(_, &flag)| flag != 0).map(|(place, _)| place))
}

pub(crate) fn compact<T: Element>(values: &[T], flags: &[u32], out: &mut [T]) -> usize {
    write(out, values.iter().zip(flags).filter(|&(_, &flag)| flag != 0).map(|(&value, _)| value))
}

pub(crate) fn unique<K: Element + Ord>(keys: &[K], out: &mut [K]) -> usize {
    write(out, keys.chunk_by(K::eq).map(|run| run[0]))
}

pub(crate) fn run_length_encode<K: Element + Ord>(
    keys: &[K],
    out: &mut [K],
    offsets: &mut [u32],
) -> usize {
    let mut begin = 0;
    let n = write(
        offsets,
        keys.chunk_by(K::eq).map(|run| {
            begin += run.len() as u32;
            begin - run.len() as u32
        }),
    );
    offsets[n] = keys.len() as u32;
    unique(keys, out)
}
