//! A table of rows by their keys, with open addressing.

use rayon::prelude::*;

use crate::hash::NONE;

pub(crate) fn mix(mut x: u64) -> u64 {
    x ^= x >> 32;
    x = x.wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^= x >> 32;
    x = x.wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^ x >> 32
}

pub(crate) fn mix_bytes(bytes: &[u8]) -> u64 {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0, |word, &b| word << 8 | u64::from(b));
    mix(bytes.chunks(4).fold(bytes.len() as u64, |hash, chunk| mix(hash ^ word(chunk))))
}

/// The place where a search from that of `hash` ends: the row there is `same`, or none.
fn probe(table: &[u32], hash: u64, same: impl Fn(usize) -> bool) -> usize {
    let mut place = (((hash >> 32) * table.len() as u64) >> 32) as usize;
    while table[place] != NONE && !same(table[place] as usize) {
        place = if place + 1 == table.len() { 0 } else { place + 1 };
    }
    place
}

/// Fills the table, and writes the first row of each row's key to `firsts`.
pub(crate) fn insert(
    table: &mut [u32],
    firsts: &mut [u32],
    hash: impl Fn(usize) -> u64,
    same: impl Fn(usize, usize) -> bool,
) {
    for (row, first) in firsts.iter_mut().enumerate() {
        let place = probe(table, hash(row), |other| same(other, row));
        if table[place] == NONE {
            table[place] = row as u32;
        }
        *first = table[place];
    }
}

/// Writes the row of the table whose key is that of each query, or [`NONE`].
pub(crate) fn find(
    table: &[u32],
    found: &mut [u32],
    hash: impl Fn(usize) -> u64 + Sync,
    same: impl Fn(usize, usize) -> bool + Sync,
) {
    found.par_iter_mut().enumerate().for_each(|(query, found)| {
        *found = table[probe(table, hash(query), |row| same(row, query))];
    });
}
