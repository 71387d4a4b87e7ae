//! Random numbers that depend on a seed and a counter alone, never on a thread.

use std::ops::Range;

use rayon::prelude::*;

/// Random numbers of a seed and a stream: `SplitMix64`, started anywhere in its sequence by a key.
///
/// Work that is split gives each piece a stream of its own, so that what it draws does not depend
/// on the number of threads. Not for secrets.
///
/// ```
/// use graph_core::generate::Random;
///
/// let mut random = Random::new(42, 0);
/// let dice: Vec<u64> = (0..3).map(|_| 1 + random.below(6)).collect();
/// assert!(dice.iter().all(|pips| (1..=6).contains(pips)));
/// ```
///
/// Source: Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A bijection of 64 bits in which every input bit moves about half of the output bits.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Random {
    /// The stream of `seed` for the piece of work `index`.
    pub fn new(seed: u64, index: u64) -> Self {
        Self { state: mix(seed.wrapping_add(STEP)) ^ mix(index.wrapping_mul(STEP).wrapping_add(1)) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Uniform in `0..bound`, or 0 if `bound` is 0; the bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// Uniform in `(0, 1]`, a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 * (-53_f64).exp2()
    }
}

/// Every element of `0..space` with probability `p`, each independently of the others, ascending.
///
/// The gaps between chosen elements are drawn, not the elements themselves: O(p · space) time.
/// Blocks of the space have streams of their own and are drawn in parallel.
///
/// Source: Batagelj, Brandes 2005, doi:10.1103/PhysRevE.71.036113.
pub(super) fn choose<T: Send>(
    space: u64,
    p: f64,
    seed: u64,
    map: impl Fn(u64) -> Option<T> + Sync,
) -> Vec<T> {
    if p <= 0.0 || space == 0 {
        return Vec::new();
    }
    // About 2^16 choices a block: its size follows p, so that it never depends on the machine.
    let block = (65_536.0 / p).min(space as f64).max(1.0) as u64;
    let blocks: Vec<Vec<T>> = (0..space.div_ceil(block))
        .into_par_iter()
        .map(|index| {
            let start = index * block;
            let range = start..space.min(start.saturating_add(block));
            choose_in(range, p, &mut Random::new(seed, index), &map)
        })
        .collect();
    blocks.into_iter().flatten().collect()
}

fn choose_in<T>(
    range: Range<u64>,
    p: f64,
    random: &mut Random,
    map: impl Fn(u64) -> Option<T>,
) -> Vec<T> {
    if p >= 1.0 {
        return range.filter_map(map).collect();
    }
    let scale = (-p).ln_1p().recip();
    let mut chosen = Vec::with_capacity(((range.end - range.start) as f64 * p * 1.1) as usize);
    let mut at = range.start;
    loop {
        // A geometric gap by inversion; the cast saturates, as does the sum.
        at = at.saturating_add((random.unit().ln() * scale) as u64);
        if at >= range.end {
            return chosen;
        }
        chosen.extend(map(at));
        at += 1;
    }
}

/// A bijection of `0..2^bits`, chosen by `seed`.
pub(super) fn scramble(value: u32, bits: u32, seed: u64) -> u32 {
    if bits == 0 {
        return value;
    }
    let mask = u32::MAX >> (32 - bits);
    let mut keys = Random::new(seed, u64::MAX);
    // An odd multiplier, an addition and a shift-xor are each invertible modulo 2^bits.
    (0..4).fold(value, |value, _| {
        let key = keys.bits();
        let value = value.wrapping_mul(key as u32 | 1).wrapping_add((key >> 32) as u32) & mask;
        value ^ (value >> bits.div_ceil(2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrambling_is_a_bijection_that_moves_most_values() {
        for bits in [0, 1, 2, 7, 12] {
            let mut image: Vec<u32> = (0..1 << bits).map(|v| scramble(v, bits, 7)).collect();
            if bits > 3 {
                let fixed = image.iter().enumerate().filter(|&(v, &w)| v as u32 == w).count();
                assert!(fixed < 10, "{fixed} of 2^{bits} stay");
            }
            image.sort_unstable();
            assert!(image.into_iter().eq(0..1 << bits));
        }
        assert_ne!(scramble(u32::MAX, 32, 7), scramble(u32::MAX - 1, 32, 7));
    }

    #[test]
    fn units_are_uniform_in_the_half_open_interval() {
        let mut random = Random::new(1, 2);
        let units: Vec<f64> = (0..100_000).map(|_| random.unit()).collect();
        assert!(units.iter().all(|&u| u > 0.0 && u <= 1.0));
        let mean = units.iter().sum::<f64>() / 1e5;
        // Standard deviation of the mean: 0.289 / sqrt(1e5) = 0.0009.
        assert!((mean - 0.5).abs() < 0.005, "{mean}");
    }

    #[test]
    fn neighbouring_streams_do_not_repeat_one_another() {
        let first = |index| Random::new(42, index).bits();
        let mut seen: Vec<u64> = (0..10_000).map(first).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 10_000);
        let mut a = Random::new(42, 0);
        let a: Vec<u64> = (0..100).map(|_| a.bits()).collect();
        assert!((1..1000).all(|index| !a.contains(&first(index))));
    }

    #[test]
    fn choices_are_ascending_and_as_many_as_expected() {
        for p in [1e-4, 0.03, 0.5, 0.97] {
            let space = 10_000_000;
            let chosen = choose(space, p, 3, Some);
            assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            let (mean, deviation) = (space as f64 * p, (space as f64 * p * (1.0 - p)).sqrt());
            assert!((chosen.len() as f64 - mean).abs() < 5.0 * deviation, "{p}: {}", chosen.len());
        }
        assert!(choose(100, 1.0, 3, Some).into_iter().eq(0..100));
        assert!(choose(100, 0.0, 3, Some).is_empty());
        assert!(choose(u64::MAX, 1e-18, 3, Some).len() < 100);
    }
}
