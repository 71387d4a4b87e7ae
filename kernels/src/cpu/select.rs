//! How keys are spread.

use crate::Key;

/// The keys of these ascending ranks.
pub(crate) fn of_ranks<K: Key>(keys: &[K], ranks: &[usize]) -> Vec<K> {
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    ranks.iter().map(|&rank| sorted[rank]).collect()
}

pub(crate) fn bins<K: Key>(keys: &[K], valid: Option<&[u32]>, edges: &[K], counts: &mut [u32]) {
    counts.fill(0);
    for (row, key) in keys.iter().enumerate() {
        let is_in = *key >= edges[0] && *key <= edges[edges.len() - 1];
        if is_in && valid.is_none_or(|valid| valid[row] != 0) {
            // A key on the last edge is in the last bin.
            let bin = edges[1..edges.len() - 1].partition_point(|edge| edge <= key);
            counts[bin] += 1;
        }
    }
}

pub(crate) fn random(keys: &mut [u64], seed: u64) {
    for (row, key) in (1_u64..).zip(keys) {
        let mut x = seed.wrapping_add(row.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        *key = x ^ (x >> 31);
    }
}
