//! Sets of nodes or edges of one graph, a bit each.

use std::ops::Range;

use arrow::buffer::{BooleanBuffer, Buffer};
use rayon::prelude::*;

/// Some of `0..len`. Bits behind the last element are never set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    words: Vec<u64>,
    len: usize,
}

/// Words that one task looks at: few enough to share work, many enough to be worth a task.
const TASK: usize = 1 << 9;

/// From so many bits of a word on it is cheaper to ask all 64 than to look for those set.
pub(super) const DENSE: u32 = 20;

impl Set {
    pub(super) fn empty(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    pub(super) fn full(len: usize) -> Self {
        let mut set = Self { words: vec![u64::MAX; len.div_ceil(64)], len };
        set.trim();
        set
    }

    /// The elements of `self` that `keep` says yes to; asked in parallel, of these alone.
    pub(super) fn filter(&self, keep: impl Fn(u32) -> bool + Sync) -> Self {
        self.filter_words(|start, bits| passing(start, bits, &keep))
    }

    /// The elements of `self` that `keep` leaves: it is given those among 64 neighbors, a bit each, and the first neighbor.
    pub(super) fn filter_words(&self, keep: impl Fn(u32, u64) -> u64 + Sync) -> Self {
        let word = |(w, &bits): (usize, &u64)| match bits {
            0 => 0,
            bits => keep((w * 64) as u32, bits),
        };
        let words = self.words.par_iter().enumerate().with_min_len(TASK).map(word).collect();
        Self { words, len: self.len }
    }

    /// [`filter`](Self::filter) for a `keep` that has a state: one for each task.
    pub(super) fn filter_with<S: Send>(
        &self,
        state: impl Fn() -> S + Sync + Send,
        keep: impl Fn(&mut S, u32) -> bool + Sync,
    ) -> Self {
        let word = |state: &mut S, (w, &bits): (usize, &u64)| {
            passing((w * 64) as u32, bits, |i| keep(state, i))
        };
        let words = self.words.par_iter().enumerate().with_min_len(TASK);
        Self { words: words.map_init(state, word).collect(), len: self.len }
    }

    /// [`filter`](Self::filter) for a `keep` that is cheap, pure, and has an answer for everything
    /// in `0..len`: where most of 64 neighbors are in the set all of them are asked, without a
    /// branch.
    pub(super) fn filter_dense(&self, keep: impl Fn(u32) -> bool + Sync) -> Self {
        self.filter_words(|start, bits| {
            if bits.count_ones() < DENSE || start as usize + 64 > self.len {
                return passing(start, bits, &keep);
            }
            bits & (0..64).fold(0, |kept, i| kept | u64::from(keep(start + i)) << i)
        })
    }

    /// The elements of `self` whose entry of `values` (shape `[len]`) `keep` says yes to.
    pub(super) fn filter_values<T: Copy + Sync>(
        &self,
        values: &[T],
        keep: impl Fn(T) -> bool + Sync,
    ) -> Self {
        debug_assert_eq!(values.len(), self.len);
        let word = |(&bits, values): (&u64, &[T])| {
            if bits == 0 {
                return 0;
            }
            let flags = values.iter().enumerate();
            bits & flags.fold(0, |kept, (i, &value)| kept | u64::from(keep(value)) << i)
        };
        let both = self.words.par_iter().zip(values.par_chunks(64)).with_min_len(TASK);
        Self { words: both.map(word).collect(), len: self.len }
    }

    /// The `ends[e]` of all elements `e` of `self`, as a set of `0..len`.
    pub(super) fn ends(&self, ends: &[u32], len: usize) -> Self {
        let pieces = if self.words.len() < 4 * TASK { 1 } else { rayon::current_num_threads() };
        let size = self.words.len().div_ceil(pieces).max(1);
        // Many marks are made faster in bytes, where neighbors do not wait for one another.
        let many = self.count() > len / 4;
        let part = |(piece, words): (usize, &[u64])| {
            let start = piece * size;
            if !many {
                let mut set = Self::empty(len);
                for (w, &bits) in words.iter().enumerate() {
                    each_bit(start + w, bits, |e| set.insert(ends[e as usize]));
                }
                return set;
            }
            let mut marks = vec![0_u8; len];
            for (w, &bits) in words.iter().enumerate() {
                if bits == u64::MAX {
                    let first = (start + w) * 64;
                    ends[first..first + 64].iter().for_each(|&u| marks[u as usize] = 1);
                } else {
                    each_bit(start + w, bits, |e| marks[ends[e as usize] as usize] = 1);
                }
            }
            Self { words: marks.chunks(64).map(pack).collect(), len }
        };
        let parts: Vec<Self> = self.words.par_chunks(size).enumerate().map(part).collect();
        parts
            .into_iter()
            .reduce(|mut all, part| {
                all |= &part;
                all
            })
            .unwrap_or_else(|| Self::empty(len))
    }

    /// Calls `f` with every element, ascending.
    pub(super) fn each(&self, mut f: impl FnMut(u32)) {
        for (w, &bits) in self.words.iter().enumerate() {
            each_bit(w, bits, &mut f);
        }
    }

    /// The set of the bits set in `mask`.
    pub(super) fn of_mask(mask: &BooleanBuffer) -> Self {
        let words = mask.bit_chunks().iter_padded().take(mask.len().div_ceil(64)).collect();
        let mut set = Self { words, len: mask.len() };
        set.trim();
        set
    }

    pub(super) fn of_members(len: usize, members: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::empty(len);
        members.into_iter().for_each(|i| set.insert(i));
        set
    }

    pub(super) fn to_mask(&self) -> BooleanBuffer {
        BooleanBuffer::new(Buffer::from_vec(self.words.clone()), 0, self.len)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_full(&self) -> bool {
        self.count() == self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|&bits| bits == 0)
    }

    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    #[inline]
    pub(super) fn contains(&self, i: u32) -> bool {
        self.words[i as usize / 64] >> (i % 64) & 1 == 1
    }

    #[inline]
    pub(super) fn insert(&mut self, i: u32) {
        self.words[i as usize / 64] |= 1 << (i % 64);
    }

    /// The elements, ascending.
    pub(super) fn members(&self) -> Vec<u32> {
        let pieces: Vec<Vec<u32>> = self
            .words
            .par_chunks(TASK)
            .enumerate()
            .map(|(piece, words)| {
                let n_members = words.iter().map(|bits| bits.count_ones() as usize).sum();
                let mut members = Vec::with_capacity(n_members);
                for (w, &bits) in words.iter().enumerate() {
                    each_bit(piece * TASK + w, bits, |i| members.push(i));
                }
                members
            })
            .collect();
        pieces.concat()
    }

    /// The elements of `self` that are not in `other`.
    pub(super) fn without(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & !b).collect();
        Self { words, len: self.len }
    }

    fn trim(&mut self) {
        let Range { start, end } = self.len..self.words.len() * 64;
        if let Some(last) = self.words.last_mut()
            && start < end
        {
            *last &= u64::MAX >> (end - start);
        }
    }
}

/// Up to 64 bytes of 0 and 1 as bits.
fn pack(bytes: &[u8]) -> u64 {
    bytes.iter().enumerate().fold(0, |bits, (i, &byte)| bits | u64::from(byte) << i)
}

/// The bits set in `bits`, of the elements from `start` on, that `keep` says yes to.
#[inline]
pub(super) fn passing(start: u32, bits: u64, mut keep: impl FnMut(u32) -> bool) -> u64 {
    let mut kept = 0;
    each_bit(start as usize / 64, bits, |i| kept |= u64::from(keep(i)) << (i % 64));
    kept
}

/// Calls `f` with the element of each bit set in word number `word`.
#[inline]
fn each_bit(word: usize, mut bits: u64, mut f: impl FnMut(u32)) {
    while bits != 0 {
        f((word * 64) as u32 + bits.trailing_zeros());
        bits &= bits - 1;
    }
}

impl std::ops::BitAndAssign<&Set> for Set {
    fn bitand_assign(&mut self, other: &Set) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }
}

impl std::ops::BitOrAssign<&Set> for Set {
    fn bitor_assign(&mut self, other: &Set) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }
}

impl std::ops::BitAnd<&Set> for &Set {
    type Output = Set;

    fn bitand(self, other: &Set) -> Set {
        let mut both = self.clone();
        both &= other;
        both
    }
}

impl std::ops::BitOr<&Set> for &Set {
    type Output = Set;

    fn bitor(self, other: &Set) -> Set {
        let mut either = self.clone();
        either |= other;
        either
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: a tree of numbers.
        #[test]
        fn sets_are_sets(
            len in 1..300_usize,
            a in prop::collection::btree_set(0..300_u32, 0..80),
            b in prop::collection::btree_set(0..300_u32, 0..80),
        ) {
            let below = |set: BTreeSet<u32>| set.into_iter().filter(|&i| (i as usize) < len).collect::<BTreeSet<_>>();
            let (a, b) = (below(a), below(b));
            let set = |tree: &BTreeSet<u32>| Set::of_members(len, tree.iter().copied());
            let list = |set: Set| set.members();
            let (x, y) = (set(&a), set(&b));
            prop_assert_eq!(list(&x & &y), a.intersection(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(list(&x | &y), a.union(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(list(x.without(&y)), a.difference(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(x.count(), a.len());
            prop_assert_eq!(&Set::full(len).filter(|i| a.contains(&i)), &x);
            prop_assert_eq!(x.filter(|i| b.contains(&i)), &x & &y);
            prop_assert_eq!(x.filter_dense(|i| b.contains(&i)), &x & &y);
            let all: Vec<u32> = (0..len as u32).collect();
            prop_assert_eq!(x.filter_values(&all, |i| b.contains(&i)), &x & &y);
            prop_assert_eq!(Set::full(len).filter_dense(|i| b.contains(&i)), y.clone());
            prop_assert_eq!(Set::of_mask(&x.to_mask()), x.clone());
            prop_assert_eq!(x.is_full(), a.len() == len);
            let mut each = Vec::new();
            x.each(|i| each.push(i));
            prop_assert_eq!(each, x.members());
            prop_assert_eq!(x.to_mask().set_indices().map(|i| i as u32).collect::<Vec<_>>(), x.members());
            prop_assert_eq!(Set::full(len).without(&x).count(), len - a.len());
            let ends: Vec<u32> = (0..len as u32).map(|i| i / 3).collect();
            let expected: BTreeSet<u32> = a.iter().map(|i| i / 3).collect();
            prop_assert_eq!(list(x.ends(&ends, len)), expected.into_iter().collect::<Vec<_>>());
            // Few elements of much, and much of few.
            let far: Vec<u32> = (0..len as u32).map(|i| 7 * i).collect();
            let expected: Vec<u32> = a.iter().map(|i| 7 * i).collect();
            prop_assert_eq!(list(x.ends(&far, 7 * len)), expected);
            let near = vec![0; len];
            prop_assert_eq!(Set::full(len).ends(&near, 1).count(), 1);
        }
    }
}
