//! The hash table from ids to codes.

use std::ops::Range;

use rayon::prelude::*;

use crate::NodeId;
use crate::ids::keys::{Keys, Seed};

/// Keys that are looked up together: about as many reads as a core has under way at once.
const BATCH: usize = 32;

/// Keys that are made at a time, which stay in the cache.
const BLOCK: usize = 1 << 12;

/// Keys of a column that tell whether many are alike.
const PROBE: usize = 1 << 16;

/// How many times as many keys are expected as there are, at most: so much room may be for nothing.
const MOST_EXPECTED: usize = 4;

/// Hash table with open addressing and linear probing from keys to codes `0..len`.
///
/// | array   | shape          | meaning                                                  |
/// |---------|----------------|----------------------------------------------------------|
/// | `slots` | power of two   | 0 if free, else 32 bits of the hash above the code + 1   |
/// | `keys`  | `[len]`        | distinct keys in order of first appearance               |
#[derive(Debug)]
pub(crate) struct Table<K> {
    slots: Vec<u64>,
    /// The top bits of a hash choose the slot: `hash >> shift`.
    shift: u32,
    pub(crate) keys: K,
    pub(crate) seed: Seed,
    pub(crate) limit: u32,
    /// Whether a key did not fit below the limit.
    pub(crate) full: bool,
}

impl<K: Keys> Table<K> {
    pub(crate) fn new(keys: K, seed: Seed, limit: u32) -> Self {
        const BITS: u32 = 10;
        Self { slots: vec![0; 1 << BITS], shift: 64 - BITS, keys, seed, limit, full: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The key that was given `code`.
    pub(crate) fn key(&self, code: NodeId) -> K::Key<'_> {
        self.keys.key(code as usize)
    }

    /// Code of `key`, the next free one if it is new.
    #[inline]
    pub(crate) fn intern(&mut self, key: K::Key<'_>) -> NodeId {
        self.intern_hashed(K::hash(&self.seed, key), key)
    }

    /// Appends the codes of `keys` to `codes`; new keys are entered in order.
    ///
    /// In a table beyond the cache this is faster than one key after the other: the reads of a
    /// batch do not depend on one another, so they wait for memory together.
    pub(crate) fn intern_all(&mut self, keys: &[K::Key<'_>], codes: &mut Vec<NodeId>) {
        for batch in keys.chunks(BATCH) {
            let (mut hashes, mut slots, mut found) = ([0; BATCH], [0; BATCH], [false; BATCH]);
            for (at, &key) in batch.iter().enumerate() {
                hashes[at] = K::hash(&self.seed, key);
                slots[at] = self.slots[(hashes[at] >> self.shift) as usize];
            }
            for (at, &key) in batch.iter().enumerate() {
                found[at] = self.holds(slots[at], hashes[at], key);
            }
            for (at, &key) in batch.iter().enumerate() {
                // A code stays as it is when others are entered, so an early find holds; what was
                // not found at its first place is looked for again.
                codes.push(match found[at] {
                    true => slots[at] as u32 - 1,
                    false => self.intern_hashed(hashes[at], key),
                });
            }
        }
    }

    /// Enters the keys that `other` gave the codes in `codes`, and writes their codes here to the same places of `to`.
    pub(crate) fn enter(&mut self, other: &Self, codes: Range<usize>, to: &mut [NodeId]) {
        for code in codes {
            to[code] = self.intern(other.keys.key(code));
        }
    }

    /// Appends the codes of the keys of `rows`, which `key` makes; new keys are entered in order.
    pub(crate) fn intern_rows<'a>(
        &mut self,
        rows: Range<usize>,
        key: impl Fn(usize) -> K::Key<'a>,
        codes: &mut Vec<NodeId>,
    ) where
        K: 'a,
    {
        let mut keys = Vec::with_capacity(BLOCK.min(rows.len()));
        for start in rows.clone().step_by(BLOCK) {
            keys.clear();
            keys.extend((start..rows.end.min(start + BLOCK)).map(&key));
            self.intern_all(&keys, codes);
        }
    }

    /// The codes of the keys of `rows`, by all threads if many keys are alike.
    ///
    /// Each thread makes a table of a part of its own; their distinct keys are then entered here one part after the
    /// other, so that codes are those of one thread.
    pub(crate) fn intern_rows_in_parallel<'a>(
        &mut self,
        rows: Range<usize>,
        key: impl Fn(usize) -> K::Key<'a> + Sync,
    ) -> Vec<NodeId>
    where
        K: Default + Send + Sync + 'a,
    {
        let n_parts = rayon::current_num_threads();
        let probed = rows.end.min(rows.start + PROBE);
        let rest = rows.end - probed;
        let mut codes = Vec::with_capacity(rows.len());
        self.intern_rows(rows.start..probed, &key, &mut codes);
        self.expect(probed - rows.start, rest);
        // Where most keys are new, entering them twice costs more than threads save.
        if n_parts == 1 || rest < n_parts * PROBE || PROBE / 2 < self.len() {
            self.intern_rows(probed..rows.end, &key, &mut codes);
            return codes;
        }
        let bound = |part: usize| probed + part * rest / n_parts;
        let parts: Vec<(Self, Vec<NodeId>)> = (0..n_parts)
            .into_par_iter()
            .map(|part| {
                let mut table = Self::new(K::default(), self.seed.clone(), self.limit);
                let mut codes = Vec::with_capacity(bound(part + 1) - bound(part));
                table.intern_rows(bound(part)..bound(part + 1), &key, &mut codes);
                (table, codes)
            })
            .collect();
        for (table, part) in parts {
            let mut here = vec![0; table.len()];
            self.enter(&table, 0..table.len(), &mut here);
            codes.par_extend(part.par_iter().map(|&code| here[code as usize]));
        }
        codes
    }

    #[inline]
    fn intern_hashed(&mut self, hash: u64, key: K::Key<'_>) -> NodeId {
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        loop {
            let slot = self.slots[at & mask];
            if slot == 0 {
                return self.insert(hash, at & mask, key);
            }
            if self.holds(slot, hash, key) {
                return slot as u32 - 1;
            }
            at += 1;
        }
    }

    /// Whether `slot` is that of `key`.
    #[inline]
    fn holds(&self, slot: u64, hash: u64, key: K::Key<'_>) -> bool {
        slot != 0
            && slot >> 32 == hash & 0xffff_ffff
            && self.keys.is((slot as u32 - 1) as usize, key)
    }

    #[cold]
    fn insert(&mut self, hash: u64, at: usize, key: K::Key<'_>) -> NodeId {
        let code = self.keys.len() as u64;
        if code >= u64::from(self.limit) {
            self.full = true;
            return 0;
        }
        self.slots[at] = hash << 32 | (code + 1);
        self.keys.push(key);
        // At most 3/4 full: tags make a probe cheap, and a smaller table stays in cache.
        if self.keys.len() * 4 > self.slots.len() * 3 {
            self.grow();
        }
        code as u32
    }

    fn grow(&mut self) {
        self.rebuild(self.shift - 1);
    }

    /// Makes room for the keys of `rest` rows more, by what those of the first `rows`, which are all that is here, were.
    ///
    /// As if each row had one of `n` keys by chance: of `rows` rows `n (1 - exp(-rows / n))` are then different. Where this
    /// is wrong, there is some room too much, or the table grows as it would have.
    fn expect(&mut self, rows: usize, rest: usize) {
        if rest == 0 || self.len() == 0 {
            return;
        }
        let (rows, all) = (rows as f64, (rows + rest) as f64);
        let share = self.len() as f64 / rows;
        // Rows for each key, between hardly any and so many that all keys have been seen.
        let (mut low, mut high) = (1e-9_f64, 64.0);
        for _ in 0..64 {
            let middle = f64::midpoint(low, high);
            match -(-middle).exp_m1() / middle > share {
                true => low = middle,
                false => high = middle,
            }
        }
        let n = rows / low;
        let expected = n * -(-all / n).exp_m1();
        let expected = (expected as usize).min(self.len().saturating_mul(MOST_EXPECTED));
        self.keys.reserve(expected.saturating_sub(self.len()));
        let mut shift = self.shift;
        while expected * 4 > (1 << (64 - shift)) * 3 {
            shift -= 1;
        }
        if shift < self.shift {
            self.rebuild(shift);
        }
    }

    /// The same keys in as many slots as `shift` says.
    fn rebuild(&mut self, shift: u32) {
        self.shift = shift;
        // Not both at once, and not the old ones copied.
        self.slots = Vec::new();
        self.slots = vec![0; 1 << (64 - shift)];
        let mask = self.slots.len() - 1;
        for code in 0..self.keys.len() {
            let hash = K::hash(&self.seed, self.keys.key(code));
            let mut at = (hash >> self.shift) as usize;
            while self.slots[at & mask] != 0 {
                at += 1;
            }
            self.slots[at & mask] = hash << 32 | (code as u64 + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::ids::keys::{BytesKey, BytesKeys, IntKeys};

    /// Oracle: a standard hash map that hands out the next number.
    fn first_appearance<K: std::hash::Hash + Eq + Clone>(keys: &[K]) -> Vec<u32> {
        let mut codes = HashMap::new();
        keys.iter()
            .map(|key| {
                let next = codes.len() as u32;
                *codes.entry(key.clone()).or_insert(next)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn integers_get_codes_in_order_of_first_appearance(keys in prop::collection::vec(any::<u64>().prop_map(|k| k % 997), 0..3000)) {
            let mut table = Table::new(IntKeys::default(), Seed::random(), u32::MAX);
            let mut codes = Vec::new();
            // Batches and single keys by turns.
            for part in keys.chunks(100) {
                let (alone, together) = part.split_at(part.len() / 9);
                codes.extend(alone.iter().map(|&key| table.intern(key)));
                table.intern_all(together, &mut codes);
            }
            prop_assert_eq!(codes, first_appearance(&keys));
        }

        /// Lengths around the border between short and long keys, zero bytes included.
        #[test]
        fn byte_strings_get_codes_in_order_of_first_appearance(keys in prop::collection::vec(prop::collection::vec(0..3u8, 0..16), 0..2000)) {
            let mut table = Table::new(BytesKeys::default(), Seed::random(), u32::MAX);
            let mut codes = Vec::new();
            for part in keys.chunks(100) {
                let part: Vec<_> = part.iter().map(|key| BytesKey::new(key)).collect();
                let (alone, together) = part.split_at(part.len() / 9);
                codes.extend(alone.iter().map(|&key| table.intern(key)));
                table.intern_all(together, &mut codes);
            }
            prop_assert_eq!(codes, first_appearance(&keys));
        }
    }

    #[test]
    fn tables_expect_about_as_many_keys_as_come() {
        // By chance one of 60,000 each; all different; all alike; pairs, which look like few keys.
        let by_chance = |i: u64| {
            let bits = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let bits = (bits ^ bits >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
            (bits ^ bits >> 32) % 60_000
        };
        let kinds: [(&dyn Fn(u64) -> u64, usize); 4] =
            [(&by_chance, 1 << 17), (&|i| i, 1 << 17), (&|_| 7, 1 << 10), (&|i| i / 2, 1 << 15)];
        for (kind, (key, slots)) in kinds.iter().enumerate() {
            let mut table = Table::new(IntKeys::default(), Seed::random(), u32::MAX);
            let mut codes = Vec::new();
            table.intern_rows(0..20_000, |i| key(i as u64), &mut codes);
            table.expect(20_000, 280_000);
            assert_eq!(table.slots.len(), *slots, "kind {kind}");
            table.intern_rows(20_000..300_000, |i| key(i as u64), &mut codes);
            let keys: Vec<u64> = (0..300_000).map(key).collect();
            assert_eq!(codes, first_appearance(&keys), "kind {kind}");
        }
    }

    #[test]
    fn a_full_table_says_so() {
        let mut table = Table::new(IntKeys::default(), Seed::random(), 2);
        for key in [5, 6, 5] {
            table.intern(key);
        }
        assert!(!table.full);
        table.intern(7);
        assert!(table.full);
    }
}
