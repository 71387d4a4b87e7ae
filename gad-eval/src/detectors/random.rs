//! Random numbers of a seed, the same on every machine.

/// A sequence of 64-bit numbers (Steele, Lea, Flood 2014, doi:10.1145/2714064.2660195).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// What [`Random::new`] goes on from.
    pub(super) fn state(&self) -> u64 {
        self.0
    }

    /// The sequence number `stream` of a seed.
    pub(super) fn of(seed: u64, stream: u64) -> Self {
        let mut random = Self::new(seed);
        let word = random.word();
        Self::new(word ^ Self::new(stream).word())
    }

    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// From 0 up to, but not, `n`, which is at least 1.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.word()) * n as u128) >> 64) as usize
    }

    /// From 0 up to, but not, 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
