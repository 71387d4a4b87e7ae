//! Rows on their way from a database into record batches.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::error::Fault;
use super::watch::Halt;
use crate::Control;

/// Rows after which a batch is closed.
pub(super) const BATCH_ROWS: usize = 1 << 16;

/// Bytes after which a batch is closed, so that wide rows do not make huge ones.
pub(super) const BATCH_BYTES: u64 = 64 << 20;

/// What a database gave.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) schema: SchemaRef,
    pub(super) batches: Vec<RecordBatch>,
}

/// What was counted while rows came in.
#[derive(Debug)]
pub(super) struct Meter<'a, 'b> {
    control: &'a Control<'b>,
    max_bytes: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    batch_rows: usize,
    batch_bytes: u64,
}

impl<'a, 'b> Meter<'a, 'b> {
    pub(super) fn new(control: &'a Control<'b>, max_bytes: u64) -> Self {
        Self { control, max_bytes, rows: 0, bytes: 0, batch_rows: 0, batch_bytes: 0 }
    }

    /// Counts a row of so many bytes; says whether the batch is full with it.
    pub(super) fn row(&mut self, bytes: u64) -> Result<bool, Halt> {
        self.rows += 1;
        self.bytes += bytes;
        self.batch_rows += 1;
        self.batch_bytes += bytes;
        if self.max_bytes < self.bytes {
            return Err(Fault::TooManyBytes { limit: self.max_bytes }.into());
        }
        Ok(BATCH_ROWS <= self.batch_rows || BATCH_BYTES <= self.batch_bytes)
    }

    /// Begins a new batch and reports the rows so far.
    pub(super) fn close_batch(&mut self) -> Result<(), Halt> {
        (self.batch_rows, self.batch_bytes) = (0, 0);
        self.control.step("rows", self.rows, None).map_err(|stopped| Halt::Error(stopped.into()))
    }
}

/// Checks that no name comes twice, as `SELECT *` of a join gives them.
pub(super) fn check_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    match names.into_iter().find(|name| !seen.insert(*name)) {
        Some(name) => Err(Fault::ColumnTwice { column: name.into() }),
        None => Ok(()),
    }
}

/// A schema of columns that may all hold nulls.
pub(super) fn schema<'a>(columns: impl IntoIterator<Item = (&'a str, DataType)>) -> SchemaRef {
    let fields = columns.into_iter().map(|(name, kind)| Field::new(name, kind, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A batch of `n_rows`, also where there is no column.
pub(super) fn batch(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    n_rows: usize,
) -> Result<RecordBatch, Fault> {
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}
