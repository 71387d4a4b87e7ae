//! One number of many.

use rayon::prelude::*;

use crate::{Element, Reduction};

/// Numbers that one thread joins at a time: their order, and so the bits, do not depend on how
/// many threads there are.
const CHUNK: usize = 1 << 14;

pub(crate) fn reduce<T: Element>(numbers: &[T], reduction: Reduction) -> T {
    let join = |a, b| reduction.join(a, b);
    let all = |numbers: &[T]| numbers.iter().copied().fold(reduction.start(), join);
    let chunks: Vec<T> = numbers.par_chunks(CHUNK).map(all).collect();
    all(&chunks)
}

pub(crate) fn segmented_reduce<T: Element>(
    numbers: &[T],
    offsets: &[u32],
    reduction: Reduction,
    out: &mut [T],
) {
    out.par_iter_mut().zip(offsets.par_windows(2)).for_each(|(out, ends)| {
        let segment = &numbers[ends[0] as usize..ends[1] as usize];
        *out = segment.iter().fold(reduction.start(), |a, &b| reduction.join(a, b));
    });
}
