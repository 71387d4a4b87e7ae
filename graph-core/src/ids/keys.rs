//! Keys of the hash table of ids: integers, and byte strings.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray,
    LargeStringArray, StringArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use foldhash::quality::RandomState;

use crate::Result;

/// Longest byte string that an Arrow view, and our key, holds in itself.
const INLINE: usize = 12;

/// Secret of a hash function, so that no input can be built to collide.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    random: RandomState,
    low: u64,
    high: u64,
}

impl Seed {
    pub(crate) fn random() -> Self {
        let random = RandomState::default();
        let (low, high) = (random.hash_one(0), random.hash_one(1));
        Self { random, low, high }
    }
}

/// The two halves of the product, folded into one: every input bit reaches every output bit.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Storage of the distinct keys of a [`Table`], by code.
pub(crate) trait Keys {
    type Key<'a>: Copy;
    fn len(&self) -> usize;
    fn hash(seed: &Seed, key: Self::Key<'_>) -> u64;
    fn key(&self, code: usize) -> Self::Key<'_>;
    fn is(&self, code: usize, key: Self::Key<'_>) -> bool;
    fn push(&mut self, key: Self::Key<'_>);
    /// Makes room for `more` keys like these; if there is none now, it is asked for when they come.
    fn reserve(&mut self, more: usize);
}

/// Integers as 64 bits.
#[derive(Debug, Default)]
pub(crate) struct IntKeys(Vec<u64>);

impl Keys for IntKeys {
    type Key<'a> = u64;

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn hash(seed: &Seed, key: u64) -> u64 {
        fold(key ^ seed.low, 0x9e37_79b9_7f4a_7c15) ^ seed.high
    }

    #[inline]
    fn key(&self, code: usize) -> u64 {
        self.0[code]
    }

    #[inline]
    fn is(&self, code: usize, key: u64) -> bool {
        self.0[code] == key
    }

    fn push(&mut self, key: u64) {
        self.0.push(key);
    }

    fn reserve(&mut self, more: usize) {
        drop(self.0.try_reserve(more));
    }
}

/// A byte string: length and first bytes in `head`, the whole in `bytes` if it is long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BytesKey<'a> {
    /// Length in the low 32 bits; then up to 12 bytes, zero-padded, of a string no longer than
    /// that, else the first 4 bytes.
    head: u128,
    /// Empty unless longer than 12 bytes.
    bytes: &'a [u8],
}

impl<'a> BytesKey<'a> {
    /// The key of `bytes`.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut padded = [0; 16];
        let len = bytes.len();
        if len <= INLINE {
            padded[4..4 + len].copy_from_slice(bytes);
            Self { head: u128::from_le_bytes(padded) | len as u128, bytes: &[] }
        } else {
            padded[4..8].copy_from_slice(&bytes[..4]);
            Self { head: u128::from_le_bytes(padded) | u128::from(len as u32), bytes }
        }
    }

    /// The key of entry `i`, without looking at the bytes of a short one.
    #[inline]
    pub(crate) fn in_views(values: &'a BinaryViewArray, i: usize) -> Self {
        let view = values.views()[i];
        if view as u32 as usize <= INLINE {
            Self { head: view, bytes: &[] }
        } else {
            Self { head: view & u128::from(u64::MAX), bytes: values.value(i) }
        }
    }

    /// The key of `text[start..end]`, read in one load where there is room behind it.
    #[inline]
    pub(crate) fn in_text(text: &'a [u8], start: usize, end: usize) -> Self {
        let len = end - start;
        if len <= INLINE
            && let Some(block) = text[start..].first_chunk::<16>()
        {
            let kept = (1_u128 << (8 * len)) - 1;
            let head = (u128::from_le_bytes(*block) & kept) << 32 | len as u128;
            return Self { head, bytes: &[] };
        }
        Self::new(&text[start..end])
    }
}

/// Byte strings: short ones in `heads` alone, long ones with their place in `arena`.
#[derive(Debug, Default)]
pub(crate) struct BytesKeys {
    /// As in [`BytesKey`]; the upper 64 bits of a long one are its offset in `arena`.
    heads: Vec<u128>,
    arena: Vec<u8>,
}

impl BytesKeys {
    fn long(&self, head: u128) -> &[u8] {
        let start = (head >> 64) as usize;
        &self.arena[start..start + head as u32 as usize]
    }

    pub(crate) fn with_bytes<R>(&self, code: usize, f: impl FnOnce(&[u8]) -> R) -> R {
        let head = self.heads[code];
        let len = head as u32 as usize;
        if len <= INLINE { f(&head.to_le_bytes()[4..4 + len]) } else { f(self.long(head)) }
    }

    pub(crate) fn to_array(
        &self,
        data_type: &DataType,
        n: usize,
        at: impl Fn(usize) -> usize,
    ) -> Result<ArrayRef> {
        let mut offsets = Vec::with_capacity(n + 1);
        offsets.push(0_i64);
        let total: usize = self.heads.iter().map(|&head| head as u32 as usize).sum();
        let mut bytes = Vec::with_capacity(total);
        for i in 0..n {
            self.with_bytes(at(i), |id| bytes.extend_from_slice(id));
            offsets.push(bytes.len() as i64);
        }
        if let DataType::FixedSizeBinary(size) = data_type {
            return Ok(Arc::new(FixedSizeBinaryArray::try_new(*size, bytes.into(), None)?));
        }
        let is_text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8);
        if i32::try_from(bytes.len()).is_ok()
            && matches!(data_type, DataType::Utf8 | DataType::Binary)
        {
            let offsets: Vec<i32> = offsets.into_iter().map(|offset| offset as i32).collect();
            let offsets = OffsetBuffer::new(offsets.into());
            return Ok(if is_text {
                Arc::new(StringArray::try_new(offsets, bytes.into(), None)?)
            } else {
                Arc::new(BinaryArray::try_new(offsets, bytes.into(), None)?)
            });
        }
        let offsets = OffsetBuffer::new(offsets.into());
        Ok(if is_text {
            Arc::new(LargeStringArray::try_new(offsets, bytes.into(), None)?)
        } else {
            Arc::new(LargeBinaryArray::try_new(offsets, bytes.into(), None)?)
        })
    }
}

impl Keys for BytesKeys {
    type Key<'a> = BytesKey<'a>;

    #[inline]
    fn len(&self) -> usize {
        self.heads.len()
    }

    #[inline]
    fn hash(seed: &Seed, key: BytesKey<'_>) -> u64 {
        if key.head as u32 as usize <= INLINE {
            let mixed = fold(key.head as u64 ^ seed.low, (key.head >> 64) as u64 ^ seed.high);
            fold(mixed ^ seed.low, 0x9e37_79b9_7f4a_7c15)
        } else {
            seed.random.hash_one(key.bytes)
        }
    }

    #[inline]
    fn key(&self, code: usize) -> BytesKey<'_> {
        let head = self.heads[code];
        if head as u32 as usize <= INLINE {
            BytesKey { head, bytes: &[] }
        } else {
            BytesKey { head: head & u128::from(u64::MAX), bytes: self.long(head) }
        }
    }

    #[inline]
    fn is(&self, code: usize, key: BytesKey<'_>) -> bool {
        let head = self.heads[code];
        if key.head as u32 as usize <= INLINE {
            head == key.head
        } else {
            head as u64 == key.head as u64 && self.long(head) == key.bytes
        }
    }

    fn push(&mut self, key: BytesKey<'_>) {
        if key.head as u32 as usize <= INLINE {
            self.heads.push(key.head);
        } else {
            self.heads.push(key.head | (self.arena.len() as u128) << 64);
            self.arena.extend_from_slice(key.bytes);
        }
    }

    fn reserve(&mut self, more: usize) {
        // An eighth more, since lengths differ.
        let bytes = self.arena.len() as f64 / self.len().max(1) as f64 * more as f64 * 1.125;
        drop(self.heads.try_reserve(more));
        drop(self.arena.try_reserve(bytes as usize));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_in_text_is_the_key_of_its_bytes(text in prop::collection::vec(any::<u8>(), 0..40), a in 0..40usize, b in 0..40usize) {
            let (start, end) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
            let here = BytesKey::in_text(&text, start, end);
            let alone = BytesKey::new(&text[start..end]);
            prop_assert_eq!((here.head, here.bytes), (alone.head, alone.bytes));
        }
    }
}
