//! Stable sorting of keys with values.

use rayon::prelude::*;

use crate::Element;

/// Sorts pairs by a digit of their keys.
pub(crate) fn sort_pairs<K: Element + Ord, D: Ord>(
    keys: &mut [K],
    values: &mut [u32],
    digit: impl Fn(K) -> D + Sync,
) {
    let mut pairs: Vec<(K, u32)> = keys.iter().copied().zip(values.iter().copied()).collect();
    pairs.par_sort_by_key(|&(key, _)| digit(key));
    for ((key, value), pair) in keys.iter_mut().zip(values).zip(pairs) {
        (*key, *value) = pair;
    }
}
