//! Ids of entities and events: one node for each distinct id.

use std::hash::BuildHasher;
use std::iter;
use std::ops::Range;

use arrow::array::LargeStringArray;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use foldhash::fast::FixedState;
use graph_core::room::{filled, filled_buffer};
use hashbrown::HashTable;
use rayon::prelude::*;

use crate::hypergraph::distinct::{Distinct, MISSING};
use crate::{Error, Result};

/// Strings whose length is taken for that of all.
const SAMPLE: usize = 1024;

/// Rows that one task looks up.
const PART: usize = 1 << 16;

/// Strings end to end.
#[derive(Debug)]
pub(super) struct Strings {
    bytes: Vec<u8>,
    /// Where each begins, and where the last ends.
    offsets: Vec<i64>,
}

impl Strings {
    /// String `i`.
    fn get(&self, i: usize) -> &[u8] {
        &self.bytes[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    /// Strings that `push` appends for each of `0..n`.
    pub(super) fn collect(n: usize, mut push: impl FnMut(usize, &mut Vec<u8>)) -> Self {
        let mut bytes = Vec::new();
        let mut offsets = Vec::with_capacity(n + 1);
        offsets.push(0);
        for i in 0..n {
            push(i, &mut bytes);
            offsets.push(bytes.len() as i64);
            // What the first strings take, the others will take, and a little more.
            if i == SAMPLE {
                bytes.reserve(bytes.len() / SAMPLE * n / 8 * 9);
            }
        }
        Self { bytes, offsets }
    }

    /// The strings as an Arrow array.
    pub(super) fn into_array(self) -> LargeStringArray {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        LargeStringArray::try_new(offsets, Buffer::from_vec(self.bytes), None)
            .expect("ids should be made of text")
    }
}

/// `prefix` with each of `0..n` behind it, in digits.
pub(super) fn numbered(prefix: &str, n: usize) -> LargeStringArray {
    // Where text `i` begins: each has one digit, from 10 on one more, from 100 on another.
    let start = |i: usize| {
        let more = iter::successors(Some(10), |ten: &usize| ten.checked_mul(10));
        i * (prefix.len() + 1) + more.take_while(|&ten| ten < i).map(|ten| i - ten).sum::<usize>()
    };
    let mut offsets = vec![0; n + 1];
    let bytes = filled_buffer(start(n), |mut bytes: &mut [u8]| {
        let mut tasks = Vec::with_capacity(n.div_ceil(PART));
        for (part, ends) in offsets[1..].chunks_mut(PART).enumerate() {
            let first = part * PART;
            let (here, behind) =
                std::mem::take(&mut bytes).split_at_mut(start(first + ends.len()) - start(first));
            bytes = behind;
            tasks.push((first, here, ends));
        }
        tasks.into_par_iter().with_max_len(1).for_each(|(first, bytes, ends)| {
            let mut text = format!("{prefix}{first}").into_bytes();
            let before = start(first);
            let mut at = 0;
            for end in ends {
                bytes[at..at + text.len()].copy_from_slice(&text);
                at += text.len();
                *end = (before + at) as i64;
                count_up(&mut text, prefix.len());
            }
        });
    });
    LargeStringArray::try_new(OffsetBuffer::new(offsets.into()), bytes, None)
        .expect("ids should be made of text")
}

/// Adds one to the number whose digits `text` has from `from` on.
fn count_up(text: &mut Vec<u8>, from: usize) {
    for digit in text[from..].iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    text.insert(from, b'1');
}

/// The ids of one column: `prefix` and the text of each distinct value, in order of appearance.
#[derive(Debug)]
pub(super) struct Ids {
    prefix: String,
    texts: Strings,
    /// The row of the events that each id appears in first.
    firsts: Vec<u32>,
    /// Place among the ids of missing values, if these have one.
    missing: Option<u32>,
}

impl Ids {
    /// Ids of `values`, and of missing ones by the name `null_val`, if there is such a name.
    pub(super) fn new(prefix: String, values: &Distinct, null_val: Option<&str>) -> Self {
        let missing = values.missing.filter(|_| null_val.is_some());
        let rank = missing.map(|row| values.firsts.partition_point(|&first| first < row) as u32);
        let mut firsts = values.firsts.clone();
        if let (Some(rank), Some(row)) = (rank, missing) {
            firsts.insert(rank as usize, row);
        }
        let texts = Strings::collect(firsts.len(), |i, out| {
            out.extend_from_slice(prefix.as_bytes());
            match (rank, null_val) {
                (Some(rank), Some(name)) if rank as usize == i => {
                    out.extend_from_slice(name.as_bytes());
                }
                (Some(rank), _) if (rank as usize) < i => values.push_text(i as u32 - 1, out),
                _ => values.push_text(i as u32, out),
            }
        });
        Self { prefix, texts, firsts, missing: rank }
    }

    /// Place among the ids of the value with `code`; [`MISSING`] if it has none.
    fn place(&self, code: u32) -> u32 {
        match (code, self.missing) {
            (MISSING, missing) => missing.unwrap_or(MISSING),
            (code, Some(missing)) if missing <= code => code + 1,
            (code, _) => code,
        }
    }

    fn len(&self) -> usize {
        self.firsts.len()
    }

    /// Bytes that each text begins with.
    fn prefixed(&self) -> usize {
        self.prefix.len()
    }
}

/// The distinct ids of several columns, in order of columns, then of first appearance.
#[derive(Debug)]
pub(super) struct Nodes {
    /// Ids, shape `[n]`.
    pub(super) ids: LargeStringArray,
    /// Ids without their prefix, shape `[n]`.
    pub(super) titles: LargeStringArray,
    /// Where the nodes of each column begin, and where the last end, shape `[columns + 1]`.
    pub(super) starts: Vec<usize>,
    /// The row that each appears in first, shape `[n]`.
    pub(super) firsts: Vec<u32>,
    numbers: Vec<Numbers>,
}

/// Which nodes the ids of a column are.
#[derive(Debug)]
enum Numbers {
    /// Each one of its own, in order.
    Own,
    /// The node of every id, which may be that of another column, and the places of those that are new.
    Mixed { nodes: Vec<u32>, new: Vec<u32> },
}

impl Nodes {
    /// Joins columns of ids; equal ids are one node, wherever they are from. O(ids) time.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if there are more than `i32::MAX` nodes, which keys of Arrow's
    /// dictionaries are counted by.
    pub(super) fn new(columns: &[Ids]) -> Result<Self> {
        let mut numbers: Vec<Numbers> = Vec::with_capacity(columns.len());
        let mut starts = vec![0];
        let hasher = FixedState::with_seed(0);
        let groups = groups(columns);
        let n_groups = groups.iter().max().map_or(0, |group| group + 1);
        // Hash and number of a node in `mixed`, which has the column, the place there and the node.
        let mut tables: Vec<HashTable<(u64, u32)>> = vec![HashTable::new(); n_groups];
        let mut mixed: Vec<[u32; 3]> = Vec::new();
        for (c, column) in columns.iter().enumerate() {
            let start = starts[c];
            let alone = groups.iter().filter(|&&group| group == groups[c]).count() == 1;
            // Texts of one column differ, unless a value reads like the name of missing ones.
            let (of_column, n_new) = if alone && column.missing.is_none() {
                (Numbers::Own, column.len())
            } else {
                let (mut nodes, mut new) = (Vec::with_capacity(column.len()), Vec::new());
                for i in 0..column.len() {
                    let id = column.texts.get(i);
                    let hash = hasher.hash_one(id);
                    let same = |&(other, at): &(u64, u32)| {
                        let [c, i, _] = mixed[at as usize];
                        other == hash && columns[c as usize].texts.get(i as usize) == id
                    };
                    let entry = tables[groups[c]].entry(hash, same, |&(hash, _)| hash);
                    let at = entry.or_insert((hash, mixed.len() as u32)).get().1 as usize;
                    if at == mixed.len() {
                        mixed.push([c as u32, i as u32, (start + new.len()) as u32]);
                        new.push(i as u32);
                    }
                    nodes.push(mixed[at][2]);
                }
                let n_new = new.len();
                (Numbers::Mixed { nodes, new }, n_new)
            };
            numbers.push(of_column);
            starts.push(start + n_new);
            if start + n_new > i32::MAX as usize {
                let (found, most) = ((start + n_new) as u64, i32::MAX as u64);
                return Err(Error::TooMany { things: "entities", found, most });
            }
        }
        let parts: Vec<(&Ids, &Numbers)> = columns.iter().zip(&numbers).collect();
        let (ids, titles) = rayon::join(
            || joined(&parts, &starts, |_| 0),
            || joined(&parts, &starts, Ids::prefixed),
        );
        let mut firsts = Vec::with_capacity(starts[columns.len()]);
        for (column, numbers) in parts {
            match numbers {
                Numbers::Own => firsts.extend_from_slice(&column.firsts),
                Numbers::Mixed { new, .. } => {
                    firsts.extend(new.iter().map(|&i| column.firsts[i as usize]));
                }
            }
        }
        Ok(Self { ids, titles, starts, firsts, numbers })
    }

    /// Number of nodes.
    pub(super) fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The nodes that are from a column.
    pub(super) fn of_column(&self, column: usize) -> Range<usize> {
        self.starts[column]..self.starts[column + 1]
    }

    /// Whether the values of a column are its nodes, in order: no other column can have its ids, and missing values are
    /// no node.
    pub(super) fn are_own(&self, column: usize) -> bool {
        matches!(self.numbers[column], Numbers::Own)
    }

    /// The node of every row of a column whose ids are `ids`.
    pub(super) fn of_rows(&self, column: usize, ids: &Ids, values: &Distinct) -> NodeOfRow {
        let is_complete = values.missing.is_none() || ids.missing.is_some();
        let node_of = |place: u32| match &self.numbers[column] {
            Numbers::Own => self.starts[column] as u32 + place,
            Numbers::Mixed { nodes, .. } => nodes[place as usize],
        };
        let nodes = if self.are_own(column) && self.starts[column] == 0 {
            values.codes.clone()
        } else if self.are_own(column) {
            each_code(values, |code| if code == MISSING { MISSING } else { node_of(code) })
        } else {
            let node = |code| match ids.place(code) {
                MISSING => MISSING,
                place => node_of(place),
            };
            let of_code: Vec<u32> = (0..values.len() as u32).map(node).collect();
            let of_missing = node(MISSING);
            each_code(values, |code| of_code.get(code as usize).copied().unwrap_or(of_missing))
        };
        NodeOfRow { nodes, is_complete }
    }
}

/// The node of every row of a column, [`MISSING`] where there is none.
#[derive(Debug)]
pub(super) struct NodeOfRow {
    pub(super) nodes: ScalarBuffer<u32>,
    /// Whether no row is without a node.
    pub(super) is_complete: bool,
}

/// What `of` makes of the code of every row.
fn each_code(values: &Distinct, of: impl Fn(u32) -> u32 + Sync) -> ScalarBuffer<u32> {
    filled(values.codes.len(), |out: &mut [u32]| {
        let parts = out.par_chunks_mut(PART).zip(values.codes.par_chunks(PART));
        parts.for_each(|(out, codes)| {
            out.iter_mut().zip(codes).for_each(|(out, &code)| *out = of(code));
        });
    })
}

/// The texts of the nodes of all columns, each without the bytes before `from`; `starts` as in [`Nodes`].
fn joined(
    parts: &[(&Ids, &Numbers)],
    starts: &[usize],
    from: impl Fn(&Ids) -> usize + Sync,
) -> LargeStringArray {
    let size = |(ids, numbers): &(&Ids, &Numbers)| match numbers {
        Numbers::Own => ids.texts.bytes.len() - ids.len() * from(ids),
        Numbers::Mixed { new, .. } => {
            new.iter().map(|&i| ids.texts.get(i as usize).len() - from(ids)).sum()
        }
    };
    let sizes: Vec<usize> = parts.iter().map(size).collect();
    let mut offsets = vec![0_i64; starts[parts.len()] + 1];
    let bytes = filled_buffer(sizes.iter().sum(), |mut bytes: &mut [u8]| {
        let mut ends = &mut offsets[1..];
        let mut start = 0;
        let mut tasks = Vec::with_capacity(parts.len());
        for (c, (&part, &size)) in parts.iter().zip(&sizes).enumerate() {
            let (bytes_here, behind) = std::mem::take(&mut bytes).split_at_mut(size);
            bytes = behind;
            let (ends_here, behind) =
                std::mem::take(&mut ends).split_at_mut(starts[c + 1] - starts[c]);
            ends = behind;
            tasks.push((part, start, bytes_here, ends_here));
            start += size as i64;
        }
        tasks.into_par_iter().with_max_len(1).for_each(|((ids, numbers), start, bytes, ends)| {
            let from = from(ids);
            match numbers {
                Numbers::Own if from == 0 => {
                    bytes.copy_from_slice(&ids.texts.bytes);
                    let own = ends.iter_mut().zip(&ids.texts.offsets[1..]);
                    own.for_each(|(end, &own)| *end = start + own);
                }
                Numbers::Own => copy(ids, from, 0..ids.len(), start, bytes, ends),
                Numbers::Mixed { new, .. } => {
                    let places = new.iter().map(|&place| place as usize);
                    copy(ids, from, places, start, bytes, ends);
                }
            }
        });
    });
    let offsets = OffsetBuffer::new(offsets.into());
    LargeStringArray::try_new(offsets, bytes, None).expect("ids should be made of text")
}

/// Copies the texts at `places`, each without the bytes before `from`; the first begins at `start` of all.
fn copy(
    ids: &Ids,
    from: usize,
    places: impl Iterator<Item = usize>,
    start: i64,
    bytes: &mut [u8],
    ends: &mut [i64],
) {
    let mut at = 0;
    for (place, end) in places.zip(ends) {
        let text = &ids.texts.get(place)[from..];
        bytes[at..at + text.len()].copy_from_slice(text);
        at += text.len();
        *end = start + at as i64;
    }
}

/// For each column the group of those whose ids may be equal to its own: prefixes are the same, or
/// one starts the other.
fn groups(columns: &[Ids]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|&c| &columns[c].prefix);
    let mut groups = vec![0; columns.len()];
    let mut group = 0;
    let mut shortest = order.first().map_or("", |&c| &columns[c].prefix);
    for &c in &order {
        // What starts with a prefix follows it in order, without anything else between.
        if !columns[c].prefix.starts_with(shortest) {
            group += 1;
            shortest = &columns[c].prefix;
        }
        groups[c] = group;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_in_digits() {
        for n in [0, 1, 9, 10, 11, 99, 100, 101, 1000, PART - 1, PART, PART + 1, 200_001] {
            let texts = numbered("é::", n);
            assert!(texts.iter().flatten().eq((0..n).map(|i| format!("é::{i}"))), "{n}");
        }
        let bare = numbered("", 12);
        assert_eq!((bare.value(0), bare.value(9), bare.value(11)), ("0", "9", "11"));
    }
}
