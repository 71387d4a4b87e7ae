//! Pairs of rows whose keys are equal.

use crate::NONE;

/// The rows of the other side that the key of number `id` has there.
fn rows<'a>(id: u32, order: &'a [u32], offsets: &[u32]) -> &'a [u32] {
    match id {
        NONE => &[],
        id => &order[offsets[id as usize] as usize..offsets[id as usize + 1] as usize],
    }
}

pub(crate) fn count(found: &[u32], order: &[u32], offsets: &[u32], outer: bool) -> u64 {
    let least = usize::from(outer);
    found.iter().map(|&id| rows(id, order, offsets).len().max(least) as u64).sum()
}

pub(crate) fn pairs(
    found: &[u32],
    (order, offsets): (&[u32], &[u32]),
    outer: bool,
    left: &mut [u32],
    right: &mut [u32],
) {
    let mut places = left.iter_mut().zip(right);
    let mut put = |row: usize, other: u32| {
        if let Some((left, right)) = places.next() {
            (*left, *right) = (row as u32, other);
        }
    };
    for (row, &id) in found.iter().enumerate() {
        let others = rows(id, order, offsets);
        for &other in others {
            put(row, other);
        }
        if others.is_empty() && outer {
            put(row, NONE);
        }
    }
}

pub(crate) fn flags(
    found: &[u32],
    (order, offsets): (&[u32], &[u32]),
    want: bool,
    out: &mut [u32],
) {
    for (out, &id) in out.iter_mut().zip(found) {
        *out = u32::from(rows(id, order, offsets).is_empty() != want);
    }
}
