//! The tables of a hypergraph, made from numbers when they are asked for.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, LargeStringArray, RecordBatch,
    RecordBatchOptions, StringArray, new_null_array,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use graph_core::{gather, stack};
use rayon::prelude::*;

use crate::Result;
use crate::hypergraph::distinct::{Distinct, MISSING};
use crate::hypergraph::entities::Strings;

/// Named columns of one length, in order.
#[derive(Debug, Default)]
pub(super) struct Columns(Vec<(String, ArrayRef)>);

impl Columns {
    /// Puts a column in the place of that name, or at the end.
    pub(super) fn set(&mut self, name: &str, column: ArrayRef) {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = column,
            None => self.0.push((name.to_owned(), column)),
        }
    }

    /// Whether there is a column of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// The columns as a table of so many rows.
    pub(super) fn into_batch(self, rows: usize) -> Result<RecordBatch> {
        let field = |(name, column): &(String, ArrayRef)| {
            Field::new(name, column.data_type().clone(), column.is_nullable())
        };
        let schema = Schema::new(self.0.iter().map(field).collect::<Vec<_>>());
        let columns = self.0.into_iter().map(|(_, column)| column).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)?)
    }
}

/// Names that a column of labels draws from, each once.
#[derive(Debug, Default)]
pub(super) struct Labels(Vec<String>);

impl Labels {
    /// The key of `name`.
    pub(super) fn key(&mut self, name: &str) -> i32 {
        let found = self.0.iter().position(|other| other == name);
        found.unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        }) as i32
    }

    /// The names, to be shared by arrays that are joined later.
    pub(super) fn into_array(self) -> ArrayRef {
        Arc::new(StringArray::from(self.0))
    }
}

/// A column of labels: names by key.
pub(super) fn labels(keys: ScalarBuffer<i32>, names: &ArrayRef) -> Result<ArrayRef> {
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(
        Int32Array::new(keys, None),
        Arc::clone(names),
    )?))
}

/// A column of ids by number; neither is copied.
pub(super) fn by_number(numbers: &ScalarBuffer<u32>, ids: &LargeStringArray) -> Result<ArrayRef> {
    // There are at most as many ids as the sign leaves room for.
    let keys = ScalarBuffer::<i32>::new(numbers.inner().clone(), 0, numbers.len());
    let keys = Int32Array::new(keys, None);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(ids.clone()))?))
}

/// A column of strings as keys of its distinct values.
pub(super) fn coded(values: &Distinct) -> Result<ArrayRef> {
    let texts = Strings::collect(values.len(), |code, out| values.push_text(code as u32, out));
    let nulls = values
        .missing
        .is_some()
        .then(|| values.codes.iter().map(|&code| code != MISSING).collect::<NullBuffer>());
    let keys = values.codes.iter().map(|&code| code.cast_signed().max(0)).collect::<Vec<_>>();
    let keys = Int32Array::new(keys.into(), nulls);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(texts.into_array()))?))
}

/// A column of the events, with its strings in views: rows taken from it share their bytes.
pub(super) fn shareable(column: &ArrayRef) -> Result<ArrayRef> {
    Ok(match column.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => cast(column, &DataType::Utf8View)?,
        DataType::Binary | DataType::LargeBinary => cast(column, &DataType::BinaryView)?,
        _ => Arc::clone(column),
    })
}

/// The rows `rows` of a column, at `place` of `n` rows that are null everywhere else.
pub(super) fn placed(column: &ArrayRef, rows: &[u32], place: usize, n: usize) -> Result<ArrayRef> {
    if rows.is_empty() {
        return Ok(new_null_array(column.data_type(), n));
    }
    if let Some(dictionary) = column.as_dictionary_opt::<Int32Type>() {
        let keys: ArrayRef = Arc::new(dictionary.keys().clone());
        let keys = placed(&keys, rows, place, n)?.as_primitive::<Int32Type>().clone();
        let values = Arc::clone(dictionary.values());
        return Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values)?));
    }
    let nulls = |n| new_null_array(column.data_type(), n);
    let (before, behind) = (nulls(place), nulls(n - place - rows.len()));
    Ok(stack(&[&before, &gather(column, rows)?, &behind])?)
}

/// The rows of `first`, then those of `second`, whose columns have the same names and types.
pub(super) fn stacked(first: &RecordBatch, second: &RecordBatch) -> Result<RecordBatch> {
    let schema = first.schema();
    let stacked = schema.fields().par_iter().zip(first.columns()).map(|(field, column)| {
        let below = second.column_by_name(field.name()).expect("both tables should be of nodes");
        Ok((field.name().clone(), stack(&[column, below])?))
    });
    Columns(stacked.collect::<Result<_>>()?).into_batch(first.num_rows() + second.num_rows())
}
