//! Sums by key that cost as little as there are keys, such as what is between a node and each community.

use std::sync::{Mutex, MutexGuard};

const EMPTY: u32 = u32::MAX;

/// Stands for no sum: sums are not negative.
const NO_SUM: f64 = -1.0;

/// If all keys are below this, each may have a place for its sum: these fit into a near cache.
const MOST_DENSE: usize = 1 << 17;

/// A row has a place for each key if there are no more than so many of them for each of its own:
/// the sums of a short row are sooner found in a small table.
const PLACES_PER_KEY: usize = 1 << 12;

/// Sums of weights by key, in the order in which keys were first met.
///
/// If there are few keys each has its place, and adding takes no decision. Otherwise it is an open
/// hash table as large as the row being summed asks for, so that the rows of most nodes fit into
/// the nearest cache. Neither changes sums or order.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Sum of each key, `NO_SUM` for those not met.
    sums: Vec<f64>,
    slots: Vec<(u32, f64)>,
    /// Keys, or slots, in use, in the order of their first use, and room for one more.
    used: Vec<u32>,
    n_used: usize,
    is_dense: bool,
    shift: u32,
}

impl Tally {
    /// Makes room for at most `n_keys` different keys below `bound`, and forgets all there were.
    pub(crate) fn reset(&mut self, n_keys: usize, bound: usize) {
        let used = &self.used[..self.n_used];
        match self.is_dense {
            true => used.iter().for_each(|&key| self.sums[key as usize] = NO_SUM),
            false => used.iter().for_each(|&slot| self.slots[slot as usize].0 = EMPTY),
        }
        self.n_used = 0;
        if self.used.len() <= n_keys {
            self.used.resize(n_keys + 1, 0);
        }
        self.is_dense = bound <= MOST_DENSE.min(n_keys.saturating_mul(PLACES_PER_KEY));
        if self.is_dense {
            if self.sums.len() < bound {
                self.sums.resize(bound, NO_SUM);
            }
            return;
        }
        let size = (2 * n_keys).next_power_of_two().max(16);
        if self.slots.len() < size {
            self.slots.resize(size, (EMPTY, 0.0));
        }
        self.shift = 32 - size.trailing_zeros();
    }

    /// Adds `weight`, which is not negative, to the sum of `key`.
    #[inline(always)]
    pub(crate) fn add(&mut self, key: u32, weight: f64) {
        if self.is_dense {
            let sum = &mut self.sums[key as usize];
            self.used[self.n_used] = key;
            self.n_used += usize::from(*sum < 0.0);
            *sum = sum.max(0.0) + weight;
        } else {
            let mask = (u32::MAX >> self.shift) as usize;
            let mut at = (key.wrapping_mul(0x9e37_79b1) >> self.shift) as usize;
            loop {
                let slot = &mut self.slots[at];
                if slot.0 == key {
                    slot.1 += weight;
                    return;
                }
                if slot.0 == EMPTY {
                    *slot = (key, weight);
                    self.used[self.n_used] = at as u32;
                    self.n_used += 1;
                    return;
                }
                at = (at + 1) & mask;
            }
        }
    }

    /// Keys and sums, in the order in which keys were first met.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.used[..self.n_used].iter().map(|&at| match self.is_dense {
            true => (at, self.sums[at as usize]),
            false => self.slots[at as usize],
        })
    }
}

/// One tally for each thread.
pub(crate) type Tallies = PerThread<Tally>;

/// Room to work in for each thread of the current pool.
#[derive(Debug)]
pub(crate) struct PerThread<T>(Vec<Mutex<T>>);

impl<T: Default> PerThread<T> {
    pub(crate) fn new() -> Self {
        Self((0..rayon::current_num_threads()).map(|_| Mutex::default()).collect())
    }

    /// The room of this thread. Whoever holds it must not wait for other tasks of the pool: this
    /// thread could be given one that asks for it again.
    pub(crate) fn mine(&self) -> MutexGuard<'_, T> {
        let thread = rayon::current_thread_index().unwrap_or(0) % self.0.len();
        // Each use starts anew, so what a panic left does no harm.
        self.0[thread].lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: a list that is searched for each key. Reuse with other sizes leaves nothing behind.
        #[test]
        fn sums_are_those_of_a_list(
            rows in prop::collection::vec(
                (any::<bool>(), prop::collection::vec((0..40_u32, 0..9_u8), 0..80)),
                0..9,
            )
        ) {
            let mut tally = Tally::default();
            for (is_dense, row) in rows {
                let factor = if is_dense { 1 } else { 0x0100_0100 };
                tally.reset(row.len(), 40 * factor as usize);
                let mut list: Vec<(u32, f64)> = Vec::new();
                for (key, weight) in row {
                    let key = key * factor;
                    tally.add(key, weight.into());
                    match list.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, sum)) => *sum += f64::from(weight),
                        None => list.push((key, weight.into())),
                    }
                }
                prop_assert_eq!(tally.iter().collect::<Vec<_>>(), list);
            }
        }
    }
}
