//! External ids to dense codes, in order of first appearance.

mod factorize;
mod keys;
mod pairs;
mod table;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryViewArray, Int64Array, UInt64Array};
use arrow::buffer::{Buffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use rayon::prelude::*;

use crate::Result;
pub use crate::ids::factorize::{Factorized, factorize};
pub(crate) use crate::ids::keys::{BytesKey, BytesKeys, IntKeys, Keys, Seed};
pub(crate) use crate::ids::pairs::Pairs;
pub(crate) use crate::ids::table::Table;

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
            (Self::Int(this), Self::Int(other)) => this.enter(other, codes, to),
            (Self::Bytes(this), Self::Bytes(other)) => this.enter(other, codes, to),
            _ => unreachable!("tables of one input should hold ids of one kind"),
        }
    }

    /// Codes of the ids in `column`, entered if new.
    pub(crate) fn intern_column(&mut self, column: &IdColumn) -> Vec<u32> {
        let mut codes = Vec::with_capacity(column.len());
        match (self, column) {
            (Self::Int(table), IdColumn::Int(values)) => {
                table.intern_all(values, &mut codes);
            }
            (Self::Bytes(table), IdColumn::Bytes(values)) => {
                let key = |i| BytesKey::in_views(values, i);
                table.intern_rows(0..values.len(), key, &mut codes);
            }
            _ => unreachable!("a column should be of the table's kind"),
        }
        codes
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
                let mut pairs = Pairs::new(table, source_codes, target_codes);
                for (&source, &target) in sources.iter().zip(targets.iter()) {
                    pairs.push(source);
                    pairs.push(target);
                    pairs.end_row();
                }
                pairs.finish();
            }
            (Self::Bytes(table), IdColumn::Bytes(sources), IdColumn::Bytes(targets)) => {
                let mut pairs = Pairs::new(table, source_codes, target_codes);
                for row in 0..sources.len() {
                    pairs.push(BytesKey::in_views(sources, row));
                    pairs.push(BytesKey::in_views(targets, row));
                    pairs.end_row();
                }
                pairs.finish();
            }
            _ => unreachable!("columns should be of the table's kind"),
        }
    }

    /// Codes in ascending order of their ids.
    pub(crate) fn sorted_codes(&self, unsigned: bool) -> Vec<u32> {
        let mut codes: Vec<u32> = (0..self.len() as u32).collect();
        match self {
            Self::Int(table) if unsigned => {
                codes.par_sort_unstable_by_key(|&code| table.key(code));
            }
            Self::Int(table) => {
                codes.par_sort_unstable_by_key(|&code| table.key(code).cast_signed());
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
                let values: Vec<u64> = (0..n).map(|i| table.keys.key(at(i))).collect();
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
        for code in 0..table.len() {
            let value = table.keys.key(code);
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
                let value = table.key(code);
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
