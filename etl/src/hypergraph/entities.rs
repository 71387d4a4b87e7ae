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

use crate::hypergraph::distinct::{Distinct, MISSING, Strings};
use crate::hypergraph::edges::NodeOfRow;
use crate::hypergraph::tables::cut;
use crate::{Error, Result};

/// Texts whose length is taken for that of all.
const SAMPLE: usize = 1024;

/// Rows that one task looks up.
const PART: usize = 1 << 16;

/// Texts end to end.
#[derive(Debug)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each begins, and where the last ends.
    offsets: Vec<i64>,
}

impl Texts {
    /// Those of distinct values, by their codes.
    pub(super) fn of(values: &Distinct) -> Self {
        let n = values.len();
        let mut bytes = Vec::new();
        let mut offsets = Vec::with_capacity(n + 1);
        offsets.push(0);
        for code in 0..n {
            values.push_text(code as u32, &mut bytes);
            offsets.push(bytes.len() as i64);
            // What the first texts take, the others will take, and a little more.
            if code == SAMPLE {
                bytes.reserve(bytes.len() / SAMPLE * n / 8 * 9);
            }
        }
        Self { bytes, offsets }
    }

    /// Text `i`.
    #[inline]
    fn get(&self, i: usize) -> &[u8] {
        &self.bytes[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    /// The texts as an Arrow array.
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
            let here = cut(&mut bytes, start(first + ends.len()) - start(first));
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
pub(super) struct Ids<'a> {
    prefix: String,
    values: &'a Distinct,
    titles: Titles<'a>,
    missing: Option<Missing<'a>>,
}

/// What stands behind the prefix.
#[derive(Debug)]
enum Titles<'a> {
    /// Strings, where they lie already.
    Strings(Strings<'a>),
    Written(Texts),
}

/// The one id of all missing values.
#[derive(Debug)]
struct Missing<'a> {
    name: &'a str,
    /// Place among the ids.
    place: u32,
    /// The row that it appears in first.
    first: u32,
}

impl<'a> Ids<'a> {
    /// Ids of `values`, and of missing ones by the name `null_val`, if there is such a name.
    pub(super) fn new(prefix: String, values: &'a Distinct, null_val: Option<&'a str>) -> Self {
        let missing = values.missing.zip(null_val).map(|(first, name)| {
            let place = values.firsts.partition_point(|&row| row < first) as u32;
            Missing { name, place, first }
        });
        let titles = match values.strings() {
            Some(strings) => Titles::Strings(strings),
            None => Titles::Written(Texts::of(values)),
        };
        Self { prefix, values, titles, missing }
    }

    /// Place among the ids of the value with `code`; [`MISSING`] if it has none.
    fn place(&self, code: u32) -> u32 {
        match (code, &self.missing) {
            (MISSING, missing) => missing.as_ref().map_or(MISSING, |missing| missing.place),
            (code, Some(missing)) if missing.place <= code => code + 1,
            (code, _) => code,
        }
    }

    /// The code of the value of id `i`, or the missing ones that it is of.
    #[inline]
    fn value(&self, i: usize) -> std::result::Result<usize, &Missing<'a>> {
        match &self.missing {
            Some(missing) if missing.place as usize == i => Err(missing),
            Some(missing) if (missing.place as usize) < i => Ok(i - 1),
            _ => Ok(i),
        }
    }

    /// Id `i` without its prefix.
    #[inline]
    fn title(&self, i: usize) -> &[u8] {
        match (self.value(i), &self.titles) {
            (Err(missing), _) => missing.name.as_bytes(),
            (Ok(code), Titles::Strings(strings)) => strings.get(code).as_bytes(),
            (Ok(code), Titles::Written(texts)) => texts.get(code),
        }
    }

    /// The row that id `i` appears in first.
    fn first(&self, i: usize) -> u32 {
        self.value(i).map_or_else(|missing| missing.first, |code| self.values.firsts[code])
    }

    fn len(&self) -> usize {
        self.values.len() + usize::from(self.missing.is_some())
    }

    fn push(&self, i: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.prefix.as_bytes());
        out.extend_from_slice(self.title(i));
    }

    /// Whether `id` is id `i`.
    fn is(&self, i: usize, id: &[u8]) -> bool {
        id.strip_prefix(self.prefix.as_bytes()) == Some(self.title(i))
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
    of_columns: Vec<OfColumn>,
}

/// Which nodes the ids of a column are.
#[derive(Debug)]
enum OfColumn {
    /// Each one of its own, in order.
    Own,
    /// The node of every id, which may be that of another column, and the places of those that are new.
    Mixed { nodes: Vec<u32>, new: Vec<u32> },
}

/// An id of a column that may have those of others.
struct Known {
    column: usize,
    /// Place among the ids of the column.
    place: usize,
    node: u32,
}

impl Nodes {
    /// Joins columns of ids; equal ids are one node, wherever they are from. O(ids) time.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if there are more than `i32::MAX` nodes, which keys of Arrow's
    /// dictionaries are counted by.
    pub(super) fn new(columns: &[Ids]) -> Result<Self> {
        let mut of_columns: Vec<OfColumn> = Vec::with_capacity(columns.len());
        let mut starts = vec![0];
        let hasher = FixedState::with_seed(0);
        let groups = groups(columns);
        let n_groups = groups.iter().max().map_or(0, |group| group + 1);
        // Hash of an id and its number in `mixed`.
        let mut tables: Vec<HashTable<(u64, u32)>> = vec![HashTable::new(); n_groups];
        let mut mixed: Vec<Known> = Vec::new();
        for (c, column) in columns.iter().enumerate() {
            let start = starts[c];
            let alone = groups.iter().filter(|&&group| group == groups[c]).count() == 1;
            // Texts of one column differ, unless a value reads like the name of missing ones.
            let (of_column, n_new) = if alone && column.missing.is_none() {
                (OfColumn::Own, column.len())
            } else {
                let (mut nodes, mut new) = (Vec::with_capacity(column.len()), Vec::new());
                let mut id = Vec::new();
                for i in 0..column.len() {
                    id.clear();
                    column.push(i, &mut id);
                    let hash = hasher.hash_one(&id);
                    let same = |&(other, at): &(u64, u32)| {
                        let Known { column, place, .. } = mixed[at as usize];
                        other == hash && columns[column].is(place, &id)
                    };
                    let entry = tables[groups[c]].entry(hash, same, |&(hash, _)| hash);
                    let at = entry.or_insert((hash, mixed.len() as u32)).get().1 as usize;
                    if at == mixed.len() {
                        let node = (start + new.len()) as u32;
                        mixed.push(Known { column: c, place: i, node });
                        new.push(i as u32);
                    }
                    nodes.push(mixed[at].node);
                }
                let n_new = new.len();
                (OfColumn::Mixed { nodes, new }, n_new)
            };
            of_columns.push(of_column);
            starts.push(start + n_new);
            if start + n_new > i32::MAX as usize {
                let (found, most) = ((start + n_new) as u64, i32::MAX as u64);
                return Err(Error::TooMany { things: "entities", found, most });
            }
        }
        let [ids, titles] = written(columns, &of_columns, &starts);
        let mut firsts = Vec::with_capacity(starts[columns.len()]);
        for (column, of_column) in columns.iter().zip(&of_columns) {
            match of_column {
                OfColumn::Own => firsts.extend_from_slice(&column.values.firsts),
                OfColumn::Mixed { new, .. } => {
                    firsts.extend(new.iter().map(|&i| column.first(i as usize)));
                }
            }
        }
        Ok(Self { ids, titles, starts, firsts, of_columns })
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
        matches!(self.of_columns[column], OfColumn::Own)
    }

    /// The node of every row of a column whose ids are `ids` and whose values have `codes`.
    pub(super) fn of_rows(&self, column: usize, ids: &Ids, codes: ScalarBuffer<u32>) -> NodeOfRow {
        let is_complete = ids.values.missing.is_none() || ids.missing.is_some();
        let start = self.starts[column] as u32;
        let nodes = match &self.of_columns[column] {
            OfColumn::Own if start == 0 => codes,
            OfColumn::Own => {
                each_code(codes, |code| if code == MISSING { MISSING } else { start + code })
            }
            OfColumn::Mixed { nodes, .. } => {
                let node = |code| match ids.place(code) {
                    MISSING => MISSING,
                    place => nodes[place as usize],
                };
                let of_code: Vec<u32> = (0..ids.values.len() as u32).map(node).collect();
                let of_missing = node(MISSING);
                each_code(codes, |code| of_code.get(code as usize).copied().unwrap_or(of_missing))
            }
        };
        NodeOfRow { nodes: nodes.into(), is_complete }
    }
}

/// What `of` makes of each code; in their place, if nothing else has them.
fn each_code(codes: ScalarBuffer<u32>, of: impl Fn(u32) -> u32 + Sync) -> ScalarBuffer<u32> {
    match codes.into_inner().into_vec::<u32>() {
        Ok(mut codes) => {
            let parts = codes.par_chunks_mut(PART);
            parts.for_each(|codes| codes.iter_mut().for_each(|code| *code = of(*code)));
            codes.into()
        }
        Err(codes) => {
            let codes = codes.typed_data::<u32>();
            filled(codes.len(), |out: &mut [u32]| {
                let parts = out.par_chunks_mut(PART).zip(codes.par_chunks(PART));
                parts.for_each(|(out, codes)| {
                    out.iter_mut().zip(codes).for_each(|(out, &code)| *out = of(code));
                });
            })
        }
    }
}

/// Some nodes of a column, and where their ids and titles are to be written.
struct Piece<'a> {
    ids: &'a Ids<'a>,
    of_column: &'a OfColumn,
    /// Which of the nodes that are from the column.
    nodes: Range<usize>,
    id_bytes: &'a mut [u8],
    id_ends: &'a mut [i64],
    title_bytes: &'a mut [u8],
    title_ends: &'a mut [i64],
    /// Bytes of all ids, and of all titles, before these.
    before: [usize; 2],
}

impl OfColumn {
    /// The place among the ids of the column of its `i`-th node.
    fn place(&self, i: usize) -> usize {
        match self {
            Self::Own => i,
            Self::Mixed { new, .. } => new[i] as usize,
        }
    }
}

/// Ids and titles of the nodes of all columns; `starts` as in [`Nodes`]. Each text is read once to know how long all are, and
/// once to be written to both.
fn written(columns: &[Ids], of_columns: &[OfColumn], starts: &[usize]) -> [LargeStringArray; 2] {
    let parts = |c: usize| {
        let n = starts[c + 1] - starts[c];
        (0..n).step_by(PART).map(move |first| (c, first..n.min(first + PART)))
    };
    let parts: Vec<(usize, Range<usize>)> = (0..columns.len()).flat_map(parts).collect();
    let size = |(c, nodes): &(usize, Range<usize>)| {
        nodes.clone().map(|i| columns[*c].title(of_columns[*c].place(i)).len()).sum::<usize>()
    };
    let title_sizes: Vec<usize> = parts.par_iter().with_max_len(1).map(size).collect();
    let id_size = |((c, nodes), &titles): (&(usize, Range<usize>), &usize)| {
        titles + nodes.len() * columns[*c].prefix.len()
    };
    let id_sizes: Vec<usize> = parts.iter().zip(&title_sizes).map(id_size).collect();

    let n = starts[columns.len()];
    let mut offsets = [vec![0_i64; n + 1], vec![0_i64; n + 1]];
    let [id_offsets, title_offsets] = &mut offsets;
    let (mut id_ends, mut title_ends) = (&mut id_offsets[1..], &mut title_offsets[1..]);
    let mut title_bytes = Buffer::default();
    let id_bytes = filled_buffer(id_sizes.iter().sum(), |mut id_bytes: &mut [u8]| {
        title_bytes = filled_buffer(title_sizes.iter().sum(), |mut title_bytes: &mut [u8]| {
            let mut before = [0, 0];
            let mut pieces = Vec::with_capacity(parts.len());
            for (at, (c, nodes)) in parts.iter().enumerate() {
                let n = nodes.len();
                pieces.push(Piece {
                    ids: &columns[*c],
                    of_column: &of_columns[*c],
                    nodes: nodes.clone(),
                    id_bytes: cut(&mut id_bytes, id_sizes[at]),
                    id_ends: cut(&mut id_ends, n),
                    title_bytes: cut(&mut title_bytes, title_sizes[at]),
                    title_ends: cut(&mut title_ends, n),
                    before,
                });
                before[0] += id_sizes[at];
                before[1] += title_sizes[at];
            }
            pieces.into_par_iter().with_max_len(1).for_each(Piece::write);
        });
    });
    let [id_offsets, title_offsets] = offsets;
    [(id_offsets, id_bytes), (title_offsets, title_bytes)].map(|(offsets, bytes)| {
        LargeStringArray::try_new(OffsetBuffer::new(offsets.into()), bytes, None)
            .expect("ids should be made of text")
    })
}

impl Piece<'_> {
    fn write(self) {
        let Self { ids, of_column, nodes, id_bytes, id_ends, title_bytes, title_ends, before } =
            self;
        let prefix = ids.prefix.as_bytes();
        let (mut id_at, mut title_at) = (0, 0);
        for (i, (id_end, title_end)) in nodes.zip(id_ends.iter_mut().zip(title_ends)) {
            let title = ids.title(of_column.place(i));
            for part in [prefix, title] {
                id_bytes[id_at..id_at + part.len()].copy_from_slice(part);
                id_at += part.len();
            }
            title_bytes[title_at..title_at + title.len()].copy_from_slice(title);
            title_at += title.len();
            *id_end = (before[0] + id_at) as i64;
            *title_end = (before[1] + title_at) as i64;
        }
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
