//! Ids of entities and events: one node for each distinct id.

use std::hash::BuildHasher;

use arrow::array::LargeStringArray;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use rayon::prelude::*;

use crate::hypergraph::distinct::{Distinct, MISSING};
use crate::{Error, Result};

/// Strings whose length is taken for that of all.
const SAMPLE: usize = 1024;

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
}

/// The distinct ids of several columns, in order of columns, then of first appearance.
#[derive(Debug)]
pub(super) struct Nodes {
    /// Ids, shape `[n]`.
    pub(super) ids: LargeStringArray,
    /// Ids without their prefix, shape `[n]`.
    pub(super) titles: LargeStringArray,
    /// The column that each is from, shape `[n]`, ascending.
    pub(super) columns: Vec<u32>,
    /// The row that each appears in first, shape `[n]`.
    pub(super) firsts: Vec<u32>,
    /// For each column the node of every id.
    by_id: Vec<Vec<u32>>,
}

impl Nodes {
    /// Joins columns of ids; equal ids are one node, wherever they are from. O(ids) time.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if there are more than `i32::MAX` nodes, which keys of Arrow's
    /// dictionaries are counted by.
    pub(super) fn new(columns: &[Ids]) -> Result<Self> {
        let mut by_id: Vec<Vec<u32>> = Vec::with_capacity(columns.len());
        // Column and place of each node.
        let mut nodes: Vec<(u32, u32)> = Vec::new();
        let hasher = FixedState::with_seed(0);
        let groups = groups(columns);
        let n_groups = groups.iter().max().map_or(0, |group| group + 1);
        let mut tables: Vec<HashTable<(u64, u32)>> = vec![HashTable::new(); n_groups];
        for (c, column) in columns.iter().enumerate() {
            let alone = groups.iter().filter(|&&group| group == groups[c]).count() == 1;
            let mut numbers = Vec::with_capacity(column.len());
            for i in 0..column.len() {
                let new = nodes.len() as u32;
                // Texts of one column differ, unless a value reads like the name of missing ones.
                let node = if alone && column.missing.is_none() {
                    new
                } else {
                    let id = column.texts.get(i);
                    let hash = hasher.hash_one(id);
                    let same = |&(other, node): &(u64, u32)| {
                        let (c, i) = nodes[node as usize];
                        other == hash && columns[c as usize].texts.get(i as usize) == id
                    };
                    let entry = tables[groups[c]].entry(hash, same, |&(hash, _)| hash);
                    entry.or_insert((hash, new)).get().1
                };
                if node == new {
                    nodes.push((c as u32, i as u32));
                }
                numbers.push(node);
            }
            if nodes.len() > i32::MAX as usize {
                let (found, most) = (nodes.len() as u64, i32::MAX as u64);
                return Err(Error::TooMany { things: "entities", found, most });
            }
            by_id.push(numbers);
        }
        let id = |i: usize| {
            let (c, i) = nodes[i];
            (columns[c as usize].prefix.len(), columns[c as usize].texts.get(i as usize))
        };
        let (ids, titles) = rayon::join(
            || Strings::collect(nodes.len(), |i, out| out.extend_from_slice(id(i).1)).into_array(),
            || {
                let title = |i, out: &mut Vec<u8>| {
                    let (prefix, id) = id(i);
                    out.extend_from_slice(&id[prefix..]);
                };
                Strings::collect(nodes.len(), title).into_array()
            },
        );
        let firsts = nodes.iter().map(|&(c, i)| columns[c as usize].firsts[i as usize]).collect();
        let columns = nodes.iter().map(|&(c, _)| c).collect();
        Ok(Self { ids, titles, columns, firsts, by_id })
    }

    /// Number of nodes.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The node of every row of a column whose ids are `ids`, [`MISSING`] where there is none.
    pub(super) fn of_rows(&self, column: usize, ids: &Ids, values: &Distinct) -> Vec<u32> {
        let node_of = |code| match ids.place(code) {
            MISSING => MISSING,
            place => self.by_id[column][place as usize],
        };
        let of_code: Vec<u32> = (0..values.len() as u32).map(node_of).collect();
        let of_missing = node_of(MISSING);
        let node = |&code: &u32| of_code.get(code as usize).copied().unwrap_or(of_missing);
        values.codes.par_iter().map(node).collect()
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
