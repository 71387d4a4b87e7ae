//! The tables of a hypergraph, made from numbers when they are asked for.

use std::sync::{Arc, OnceLock};

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, LargeStringArray, RecordBatch,
    RecordBatchOptions, StringArray, UInt32Array, make_array, new_null_array,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Schema};
use graph_core::room::filled;
use graph_core::{gather, stack, with_keys};
use rayon::prelude::*;

use crate::Result;
use crate::hypergraph::distinct::{Distinct, MISSING};
use crate::hypergraph::entities::{Nodes, Texts};

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
    pub(super) fn key(&mut self, name: &str) -> usize {
        let found = self.0.iter().position(|other| other == name);
        found.unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        })
    }

    /// The names, to be shared by arrays that are joined later.
    pub(super) fn into_array(self) -> ArrayRef {
        Arc::new(StringArray::from(self.0))
    }
}

/// The keys of a column of labels: each of `runs` is so many rows with the same.
///
/// Keys of fewer bits would do, but readers of files put dictionaries of many pieces into one, and refuse what has more
/// entries on the way than its keys can tell apart.
pub(super) fn label_keys(runs: &[(usize, usize)]) -> Int32Array {
    let keys = filled(runs.iter().map(|(rows, _)| rows).sum(), |mut rest: &mut [i32]| {
        for &(rows, key) in runs {
            let here = cut(&mut rest, rows);
            // Pages of zeros that nobody writes need no memory.
            if key != 0 {
                here.fill(key as i32);
            }
        }
    });
    Int32Array::new(keys, None)
}

/// A column of labels, `names` by key.
pub(super) fn labels(keys: Int32Array, names: &ArrayRef) -> Result<ArrayRef> {
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(names))?))
}

/// A column of ids by number; neither is copied.
pub(super) fn by_number(numbers: &ScalarBuffer<u32>, ids: &LargeStringArray) -> Result<ArrayRef> {
    // There are at most as many ids as the sign leaves room for.
    let keys = ScalarBuffer::<i32>::new(numbers.inner().clone(), 0, numbers.len());
    let keys = Int32Array::new(keys, None);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(ids.clone()))?))
}

/// A column of strings, which is an entity column, as keys of its distinct values.
///
/// These are titles of its nodes, and are not copied unless the column shares nodes with others.
pub(super) fn coded(values: &Distinct, nodes: &Nodes, entity: usize) -> Result<ArrayRef> {
    let own = nodes.of_column(entity);
    let texts = if nodes.are_own(entity) {
        nodes.titles.slice(own.start, own.len())
    } else {
        Texts::of(values).into_array()
    };
    let codes = &values.codes;
    if values.missing.is_none() {
        return by_number(codes, &texts);
    }
    let nulls = codes.iter().map(|&code| code != MISSING).collect::<NullBuffer>();
    let keys = codes.iter().map(|&code| code.cast_signed().max(0)).collect::<Vec<_>>();
    let keys = Int32Array::new(keys.into(), Some(nulls));
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(texts))?))
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
    // Dictionaries keep their values even where no key names one: files of batches ask for the same in all of them.
    if let Some(dictionary) = column.as_any_dictionary_opt() {
        let keys = placed(&make_array(dictionary.keys().to_data()), rows, place, n)?;
        return Ok(with_keys(column, &keys)?);
    }
    let nulls = |n| match column.data_type().is_nested() {
        true => take(column, &UInt32Array::new_null(n), None),
        false => Ok(new_null_array(column.data_type(), n)),
    };
    if rows.is_empty() {
        return Ok(nulls(n)?);
    }
    let (before, behind) = (nulls(place)?, nulls(n - place - rows.len())?);
    Ok(stack(&[&before, &gather(column, rows)?, &behind])?)
}

/// Tables whose columns have the same names and types, in the order and with the schema of the first: a column that has
/// no nulls in one may have some in another.
pub(super) fn alike(tables: Vec<RecordBatch>) -> Result<Vec<RecordBatch>> {
    let Some(first) = tables.first().map(RecordBatch::schema) else { return Ok(tables) };
    let named = |table: &RecordBatch, name: &str| {
        table.schema_ref().index_of(name).expect("all tables should have the same columns")
    };
    let field = |field: &FieldRef| {
        let is_nullable = tables
            .iter()
            .any(|table| table.schema_ref().field(named(table, field.name())).is_nullable());
        Field::clone(field).with_nullable(is_nullable)
    };
    let schema = Arc::new(Schema::new(first.fields().iter().map(field).collect::<Vec<_>>()));
    let ordered = |table: &RecordBatch| {
        let column = |field: &FieldRef| Arc::clone(table.column(named(table, field.name())));
        let columns = schema.fields().iter().map(column).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)
    };
    Ok(tables.iter().map(ordered).collect::<std::result::Result<_, _>>()?)
}

/// The rows of `tables`, of one schema, one below the other.
pub(super) fn stacked(tables: &[RecordBatch]) -> Result<RecordBatch> {
    let schema = tables[0].schema();
    let column = |(at, field): (usize, &FieldRef)| {
        let parts: Vec<&ArrayRef> = tables.iter().map(|table| table.column(at)).collect();
        Ok((field.name().clone(), stack(&parts)?))
    };
    let columns: Vec<_> = schema.fields().iter().enumerate().collect();
    let columns = columns.into_par_iter().map(column).collect::<Result<_>>()?;
    Columns(columns).into_batch(tables.iter().map(RecordBatch::num_rows).sum())
}

/// What is in `place`, made if there is nothing.
pub(super) fn kept<T: Clone>(place: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<T> {
    match place.get() {
        Some(made) => Ok(made.clone()),
        None => make().map(|made| place.get_or_init(|| made).clone()),
    }
}

/// The first `n` of `rest`, which is left with the others.
#[expect(clippy::mut_mut, reason = "the slice itself moves on")]
pub(super) fn cut<'a, T>(rest: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    rest.split_off_mut(..n).expect("what is cut should add up to the whole")
}
