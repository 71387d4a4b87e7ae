//! Sums by key that cost as little as there are keys, such as what is between a node and each community.

use std::sync::{Mutex, MutexGuard};

const EMPTY: u32 = u32::MAX;

/// Sums of weights by label, in the order in which labels were first met.
///
/// An open hash table that is as large as the row being summed asks for, so that the rows of most
/// nodes fit into the nearest cache; its size changes neither the sums nor their order.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    slots: Vec<(u32, f64)>,
    /// Slots in use, in the order of their first use.
    used: Vec<u32>,
    shift: u32,
}

impl Tally {
    /// Makes room for at most `n_keys` different keys, and forgets all sums.
    pub(crate) fn reset(&mut self, n_keys: usize) {
        for &slot in &self.used {
            self.slots[slot as usize].0 = EMPTY;
        }
        self.used.clear();
        let size = (2 * n_keys).next_power_of_two().max(16);
        if self.slots.len() < size {
            self.slots.resize(size, (EMPTY, 0.0));
        }
        self.shift = 32 - size.trailing_zeros();
    }

    /// Adds `weight` to the sum of `key`, which is less than `u32::MAX`.
    #[inline(always)]
    pub(crate) fn add(&mut self, key: u32, weight: f64) {
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
                self.used.push(at as u32);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Keys and sums, in the order in which keys were first met.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.used.iter().map(|&slot| self.slots[slot as usize])
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
            rows in prop::collection::vec(prop::collection::vec((0..40_u32, 1..9_u8), 0..80), 0..9)
        ) {
            let mut tally = Tally::default();
            for row in rows {
                tally.reset(row.len());
                let mut list: Vec<(u32, f64)> = Vec::new();
                for (key, weight) in row {
                    let key = key * 0x0100_0100;
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
