//! External ids to dense codes, in order of first appearance.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, Int64Array,
    LargeBinaryArray, LargeStringArray, StringArray, UInt64Array,
};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use rayon::prelude::*;

use crate::{NodeId, Result};

/// Longest byte string that an Arrow view, and our key, holds in itself.
const INLINE: usize = 12;

/// Distinct ids of one kind, each with the code of its first appearance.
#[derive(Debug)]
pub(crate) enum IdTable {
    /// Integers of up to 64 bits, as their two's complement.
    Int(Table<IntKeys>),
    /// Strings and binary.
    Bytes(Table<BytesKeys>),
}

/// Kind of ids, and their Arrow type in the node table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IdType {
    /// Integers; worked on as 64 bits.
    Int(DataType),
    /// Strings or binary; worked on as bytes.
    Bytes(DataType),
}

impl IdType {
    pub(crate) fn data_type(&self) -> &DataType {
        match self {
            Self::Int(data_type) | Self::Bytes(data_type) => data_type,
        }
    }

    /// Whether the integers have no sign.
    pub(crate) fn is_unsigned(&self) -> bool {
        matches!(self, Self::Int(data_type) if data_type.is_unsigned_integer())
    }
}

impl IdTable {
    /// An empty table that takes at most `limit` ids.
    pub(crate) fn new(id_type: &IdType, seed: Seed, limit: u32) -> Self {
        match id_type {
            IdType::Int(_) => Self::Int(Table::new(IntKeys::default(), seed, limit)),
            IdType::Bytes(_) => Self::Bytes(Table::new(BytesKeys::default(), seed, limit)),
        }
    }

    /// Number of distinct ids.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Int(table) => table.len(),
            Self::Bytes(table) => table.len(),
        }
    }

    /// Whether an id did not fit below the limit; codes are then worthless.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Int(table) => table.full,
            Self::Bytes(table) => table.full,
        }
    }

    /// Enters the ids that `other` gave the codes in `codes`, and writes their codes here to
    /// the same places of `to`.
    pub(crate) fn enter(&mut self, other: &Self, codes: std::ops::Range<usize>, to: &mut [u32]) {
        match (self, other) {
            (Self::Int(this), Self::Int(other)) => {
                for code in codes {
                    to[code] = this.intern(other.keys.0[code]);
                }
            }
            (Self::Bytes(this), Self::Bytes(other)) => {
                for code in codes {
                    to[code] = this.intern(other.keys.key(code));
                }
            }
            _ => unreachable!("tables of one input should hold ids of one kind"),
        }
    }

    /// Codes of the ids in `column`, entered if new.
    pub(crate) fn intern_column(&mut self, column: &IdColumn) -> Vec<u32> {
        match (self, column) {
            (Self::Int(table), IdColumn::Int(values)) => {
                values.iter().map(|&value| table.intern(value)).collect()
            }
            (Self::Bytes(table), IdColumn::Bytes(values)) => {
                (0..values.len()).map(|i| table.intern(view_key(values, i))).collect()
            }
            _ => unreachable!("a column should be of the table's kind"),
        }
    }

    /// Codes of the ids of `sources` and `targets`, each row's source first.
    pub(crate) fn intern_pairs(
        &mut self,
        sources: &IdColumn,
        targets: &IdColumn,
        source_codes: &mut Vec<u32>,
        target_codes: &mut Vec<u32>,
    ) {
        source_codes.reserve(sources.len());
        target_codes.reserve(targets.len());
        match (self, sources, targets) {
            (Self::Int(table), IdColumn::Int(sources), IdColumn::Int(targets)) => {
                for (&source, &target) in sources.iter().zip(targets.iter()) {
                    source_codes.push(table.intern(source));
                    target_codes.push(table.intern(target));
                }
            }
            (Self::Bytes(table), IdColumn::Bytes(sources), IdColumn::Bytes(targets)) => {
                for row in 0..sources.len() {
                    source_codes.push(table.intern(view_key(sources, row)));
                    target_codes.push(table.intern(view_key(targets, row)));
                }
            }
            _ => unreachable!("columns should be of the table's kind"),
        }
    }

    /// Codes in ascending order of their ids.
    pub(crate) fn sorted_codes(&self, unsigned: bool) -> Vec<u32> {
        let mut codes: Vec<u32> = (0..self.len() as u32).collect();
        match self {
            Self::Int(table) if unsigned => {
                codes.par_sort_unstable_by_key(|&code| table.keys.0[code as usize]);
            }
            Self::Int(table) => {
                codes.par_sort_unstable_by_key(|&code| table.keys.0[code as usize].cast_signed());
            }
            Self::Bytes(table) => codes.par_sort_unstable_by(|&a, &b| {
                table
                    .keys
                    .with_bytes(a as usize, |a| table.keys.with_bytes(b as usize, |b| a.cmp(b)))
            }),
        }
        codes
    }

    /// The ids as an Arrow column, in order of their codes or in the order of `codes`.
    pub(crate) fn to_array(&self, id_type: &IdType, codes: Option<&[u32]>) -> Result<ArrayRef> {
        let n = codes.map_or(self.len(), <[u32]>::len);
        let at = |i: usize| codes.map_or(i, |codes| codes[i] as usize);
        match self {
            Self::Int(table) => {
                let values: Vec<u64> = (0..n).map(|i| table.keys.0[at(i)]).collect();
                let values = Buffer::from_vec(values);
                let wide: ArrayRef = if id_type.is_unsigned() {
                    Arc::new(UInt64Array::new(ScalarBuffer::from(values), None))
                } else {
                    Arc::new(Int64Array::new(ScalarBuffer::from(values), None))
                };
                Ok(cast(&wide, id_type.data_type())?)
            }
            Self::Bytes(table) => table.keys.to_array(id_type.data_type(), n, at),
        }
    }

    /// The same integers as decimal text, with the same codes.
    pub(crate) fn into_text(self, unsigned: bool) -> Self {
        let Self::Int(table) = self else { return self };
        let mut text = Table::new(BytesKeys::default(), table.seed.clone(), table.limit);
        for &value in &table.keys.0 {
            let printed =
                if unsigned { value.to_string() } else { value.cast_signed().to_string() };
            text.intern(BytesKey::new(printed.as_bytes()));
        }
        Self::Bytes(text)
    }

    /// The id with `code`, as a person would write it.
    pub(crate) fn print(&self, code: u32, unsigned: bool) -> String {
        match self {
            Self::Int(table) => {
                let value = table.keys.0[code as usize];
                if unsigned { value.to_string() } else { value.cast_signed().to_string() }
            }
            Self::Bytes(table) => table
                .keys
                .with_bytes(code as usize, |bytes| String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

/// A column of ids without nulls, brought to one of two forms.
#[derive(Debug)]
pub(crate) enum IdColumn {
    /// Two's complement of integers of any width.
    Int(ScalarBuffer<u64>),
    /// Views of strings or binary.
    Bytes(BinaryViewArray),
}

impl IdColumn {
    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Int(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }
}

/// The key of entry `i`, without looking at the bytes of a short one.
#[inline]
fn view_key(values: &BinaryViewArray, i: usize) -> BytesKey<'_> {
    let view = values.views()[i];
    if view as u32 as usize <= INLINE {
        BytesKey { head: view, bytes: &[] }
    } else {
        BytesKey { head: view & u128::from(u64::MAX), bytes: values.value(i) }
    }
}

/// Secret of a hash function, so that no input can be built to collide.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    random: RandomState,
    low: u64,
    high: u64,
}

impl Seed {
    pub(crate) fn random() -> Self {
        let random = RandomState::new();
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

    fn with_bytes<R>(&self, code: usize, f: impl FnOnce(&[u8]) -> R) -> R {
        let head = self.heads[code];
        let len = head as u32 as usize;
        if len <= INLINE { f(&head.to_le_bytes()[4..4 + len]) } else { f(self.long(head)) }
    }

    fn to_array(
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
}

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
    keys: K,
    seed: Seed,
    limit: u32,
    full: bool,
}

impl<K: Keys> Table<K> {
    fn new(keys: K, seed: Seed, limit: u32) -> Self {
        const BITS: u32 = 10;
        Self { slots: vec![0; 1 << BITS], shift: 64 - BITS, keys, seed, limit, full: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Code of `key`, the next free one if it is new.
    #[inline]
    pub(crate) fn intern(&mut self, key: K::Key<'_>) -> NodeId {
        let hash = K::hash(&self.seed, key);
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
        loop {
            let slot = self.slots[at & mask];
            if slot == 0 {
                return self.insert(hash, at & mask, key);
            }
            if slot >> 32 == hash & 0xffff_ffff {
                let code = slot as u32 - 1;
                if self.keys.is(code as usize, key) {
                    return code;
                }
            }
            at += 1;
        }
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
        self.shift -= 1;
        self.slots.clear();
        self.slots.resize(1 << (64 - self.shift), 0);
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
            let codes: Vec<u32> = keys.iter().map(|&key| table.intern(key)).collect();
            prop_assert_eq!(codes, first_appearance(&keys));
        }

        /// Lengths around the border between short and long keys, zero bytes included.
        #[test]
        fn byte_strings_get_codes_in_order_of_first_appearance(keys in prop::collection::vec(prop::collection::vec(0..3u8, 0..16), 0..2000)) {
            let mut table = Table::new(BytesKeys::default(), Seed::random(), u32::MAX);
            let codes: Vec<u32> = keys.iter().map(|key| table.intern(BytesKey::new(key))).collect();
            prop_assert_eq!(codes, first_appearance(&keys));
        }

        #[test]
        fn a_key_in_text_is_the_key_of_its_bytes(text in prop::collection::vec(any::<u8>(), 0..40), a in 0..40usize, b in 0..40usize) {
            let (start, end) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
            let here = BytesKey::in_text(&text, start, end);
            let alone = BytesKey::new(&text[start..end]);
            prop_assert_eq!((here.head, here.bytes), (alone.head, alone.bytes));
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
