//! Rows on their way from a database into record batches.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::error::Fault;
use super::watch::Halt;
use crate::expr::{Expr, Kind};
use crate::table::{Parts, Table};
use crate::{Control, Result as EtlResult};

/// Rows after which a batch is closed.
pub(super) const BATCH_ROWS: usize = 1 << 16;

/// Bytes after which a batch is closed, so that wide rows do not make huge ones.
pub(super) const BATCH_BYTES: u64 = 64 << 20;

/// What a database gave.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) schema: SchemaRef,
    /// The first rows, if they were too many to be held: in temporary files, of this schema or of one
    /// from before a column became what it is.
    pub(super) spilled: Vec<Table>,
    /// The rows after those.
    pub(super) batches: Vec<RecordBatch>,
    /// How many rows there are in all.
    pub(super) total: u64,
}

impl Rows {
    /// All rows in order.
    pub(super) fn table(self) -> EtlResult<Table> {
        let rest = Table::from_batches(&self.schema, &self.batches)?;
        let mut tables = Vec::with_capacity(self.spilled.len() + 1);
        for table in self.spilled {
            tables.push(retyped(&table, &self.schema, &rest)?);
        }
        tables.push(rest);
        Table::concat(&tables.iter().collect::<Vec<_>>(), false)
    }
}

/// `table` with the types of `like`, which has its columns in the types of `schema`.
fn retyped(table: &Table, schema: &SchemaRef, like: &Table) -> EtlResult<Table> {
    let types = table.schema().fields().iter().zip(like.schema().fields()).zip(schema.fields());
    let changed: Vec<_> = types
        .filter(|((before, after), _)| before.data_type() != after.data_type())
        .map(|((before, _), field)| {
            // Whole numbers have become numbers; what else was of another type had no values.
            let operand = match before.data_type().is_numeric() && field.data_type().is_numeric() {
                true => Expr::column(before.name()),
                false => Expr::new(Kind::Literal(crate::expr::Literal::Null)),
            };
            let to = field.data_type().clone();
            let cast = Kind::Cast { operand: Box::new(operand), to, or_null: false };
            (before.name().clone(), Expr::new(cast))
        })
        .collect();
    table.with_columns(&changed)
}

/// Puts rows into temporary files when those that are held become many.
pub(super) struct Spool {
    most: u64,
    held: u64,
    parts: Option<Parts>,
    spilled: Vec<Table>,
}

impl Spool {
    /// Holds up to `most` bytes of rows.
    pub(super) fn new(most: u64) -> Self {
        Self { most, held: 0, parts: None, spilled: Vec::new() }
    }

    /// Counts `bytes` that are held from now on; says whether it is time to [`put`](Self::put) them.
    pub(super) fn holds(&mut self, bytes: u64) -> bool {
        self.held += bytes;
        self.most < self.held
    }

    /// Puts all that is held into a file.
    pub(super) fn put(&mut self, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<(), Halt> {
        self.held = 0;
        let table = Table::from_batches(schema, batches).map_err(Halt::Error)?;
        let parts = match &self.parts {
            Some(parts) => parts,
            None => self.parts.insert(Parts::new(None).map_err(Halt::Error)?),
        };
        let spilled = parts.hold(&table, self.spilled.len()).map_err(Halt::Error)?;
        self.spilled.push(spilled);
        Ok(())
    }

    /// What was put away.
    pub(super) fn spilled(self) -> Vec<Table> {
        self.spilled
    }
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

    /// Begins a new batch and reports the rows so far; gives the bytes of the batch that ends.
    pub(super) fn close_batch(&mut self) -> Result<u64, Halt> {
        self.batch_rows = 0;
        self.control.step("rows", self.rows, None).map_err(Halt::stopped)?;
        Ok(std::mem::take(&mut self.batch_bytes))
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
