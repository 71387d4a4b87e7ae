//! Arrow batches of edges to codes: the part of ingest that runs on every thread.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema, SchemaRef};

use crate::error::Place;
use crate::ids::{IdTable, IdType, Seed};
use crate::ingest::columns::{common_id_type, edge_columns, id_nulls, is_numeric, to_id_column};
use crate::parallel::{Failed, map_chunks, workers};
use crate::{Error, ReadOptions, Result, type_name};

/// What the rows of an edge table mean.
#[derive(Debug, Clone)]
pub(crate) struct EdgePlan {
    pub source: usize,
    pub target: usize,
    pub weight: Option<usize>,
    /// All columns but source and target, in table order.
    pub attributes: Vec<usize>,
    pub schema: SchemaRef,
    pub ids: IdType,
    pub drop_null: bool,
}

impl EdgePlan {
    pub(crate) fn new(schema: SchemaRef, options: &ReadOptions) -> Result<Self> {
        let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let numeric = |at: usize| is_numeric(schema.field(at).data_type());
        let columns = edge_columns(&names, numeric, options)?;
        if let Some(at) = columns.weight
            && !numeric(at)
        {
            return Err(Error::ColumnType {
                column: names[at].clone(),
                found: type_name(schema.field(at).data_type()),
                expected: "weights must be numbers",
            });
        }
        let end = |at: usize| (names[at].as_str(), schema.field(at).data_type());
        let ids = common_id_type(end(columns.source), end(columns.target))?;
        let attributes =
            (0..names.len()).filter(|&at| at != columns.source && at != columns.target).collect();
        Ok(Self {
            source: columns.source,
            target: columns.target,
            weight: columns.weight,
            attributes,
            ids,
            drop_null: options.drop_null,
            schema,
        })
    }

    /// Name of the column at `at`.
    pub(crate) fn name(&self, at: usize) -> &str {
        self.schema.field(at).name()
    }

    /// Schema of the attributes.
    pub(crate) fn attribute_schema(&self) -> Schema {
        let fields: Vec<_> =
            self.attributes.iter().map(|&at| Arc::clone(&self.schema.fields()[at])).collect();
        Schema::new(fields)
    }

    /// Position of the weights among the attributes.
    pub(crate) fn weight_attribute(&self) -> Option<usize> {
        self.weight.and_then(|at| self.attributes.iter().position(|&attribute| attribute == at))
    }
}

/// One thread's ids. Codes are of this thread alone until the end.
#[derive(Debug)]
pub(crate) struct Worker {
    pub index: usize,
    pub table: IdTable,
}

/// Edges of one chunk of the input.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Rows, or lines of text, that the chunk takes in the input: what places count.
    pub extent: usize,
    pub dropped: usize,
    /// Codes of the worker.
    pub sources: Vec<u32>,
    pub targets: Vec<u32>,
    pub worker: usize,
    /// Codes that the worker met first in this chunk.
    pub new_codes: Range<usize>,
    /// Attribute columns, in arrays that follow one another.
    pub columns: Vec<Vec<ArrayRef>>,
}

/// All edges of an input, still in the codes of the workers.
#[derive(Debug)]
pub(crate) struct CodedEdges {
    pub plan: EdgePlan,
    pub tables: Vec<IdTable>,
    pub pieces: Vec<Piece>,
    /// Whether integer ids were written as text, so that they may become text again.
    pub from_text: bool,
}

/// Codes the edges of chunks of batches, in parallel.
///
/// `next` hands out chunks in order; `open` gives the batches of one.
pub(crate) fn code_edges<C, B>(
    plan: EdgePlan,
    limit: u32,
    next: impl FnMut() -> Result<Option<C>> + Send,
    open: impl Fn(C) -> Result<B> + Sync,
) -> Result<CodedEdges>
where
    C: Send,
    B: Iterator<Item = Result<RecordBatch>>,
{
    let seed = Seed::random();
    let state = |index| Worker { index, table: IdTable::new(&plan.ids, seed.clone(), limit) };
    let work = |worker: &mut Worker, chunk| {
        let mut piece = plan.start_piece(worker);
        for batch in open(chunk)? {
            let above = piece.extent;
            plan.add_batch(worker, &mut piece, &batch?).map_err(|error| error.moved(above))?;
        }
        piece.new_codes.end = worker.table.len();
        Ok(piece)
    };
    let done = in_input_order(map_chunks(workers(), next, state, work), |piece| piece.extent)?;
    let tables = done.states.into_iter().map(|worker| worker.table).collect();
    Ok(CodedEdges { plan, tables, pieces: done.pieces, from_text: false })
}

/// Moves the place of a failure by what lies above its chunk.
pub(crate) fn in_input_order<D, P>(
    result: Result<D, Failed<P, Error>>,
    extent: impl Fn(&P) -> usize,
) -> Result<D> {
    result.map_err(|Failed { error, before }| error.moved(before.iter().map(extent).sum()))
}

impl EdgePlan {
    fn start_piece(&self, worker: &Worker) -> Piece {
        Piece {
            extent: 0,
            dropped: 0,
            sources: Vec::new(),
            targets: Vec::new(),
            worker: worker.index,
            new_codes: worker.table.len()..worker.table.len(),
            columns: vec![Vec::new(); self.attributes.len()],
        }
    }

    /// Appends the edges of one batch to `piece`.
    fn add_batch(&self, worker: &mut Worker, piece: &mut Piece, batch: &RecordBatch) -> Result<()> {
        piece.extent += batch.num_rows();
        let Some(valid) = self.complete_rows(batch)? else {
            return self.add_complete(worker, piece, batch);
        };
        piece.dropped += valid.null_count();
        let kept = BooleanArray::new(valid.inner().clone(), None);
        self.add_complete(worker, piece, &filter_record_batch(batch, &kept)?).map_err(|error| {
            match error.row() {
                Some(row) => error.moved(valid.valid_indices().nth(row).unwrap_or(row) - row),
                None => error,
            }
        })
    }

    /// Appends a batch that has a source, a target and a weight in every row.
    fn add_complete(
        &self,
        worker: &mut Worker,
        piece: &mut Piece,
        batch: &RecordBatch,
    ) -> Result<()> {
        if let Some(at) = self.weight {
            check_weights(batch.column(at), self.name(at))?;
        }
        let sources = to_id_column(batch.column(self.source), &self.ids, self.name(self.source))?;
        let targets = to_id_column(batch.column(self.target), &self.ids, self.name(self.target))?;
        worker.table.intern_pairs(&sources, &targets, &mut piece.sources, &mut piece.targets);
        check_room(&worker.table)?;
        for (column, &at) in piece.columns.iter_mut().zip(&self.attributes) {
            column.push(Arc::clone(batch.column(at)));
        }
        Ok(())
    }

    /// Which rows have a source, a target and a weight, unless all have.
    ///
    /// # Errors
    ///
    /// [`Error::NullId`] and [`Error::NullWeight`] if rows are not to be dropped.
    fn complete_rows(&self, batch: &RecordBatch) -> Result<Option<NullBuffer>> {
        let mut valid = None;
        for at in [Some(self.source), Some(self.target), self.weight].into_iter().flatten() {
            let column = batch.column(at);
            let nulls = match Some(at) == self.weight {
                true => column.logical_nulls(),
                false => id_nulls(column),
            };
            let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else { continue };
            if !self.drop_null {
                let row = nulls.iter().position(|valid| !valid).unwrap_or_default();
                let (column, place) = (self.name(at).to_owned(), Place::Row(row));
                return Err(if Some(at) == self.weight {
                    Error::NullWeight { column, place }
                } else {
                    Error::NullId { column, place }
                });
            }
            valid = NullBuffer::union(valid.as_ref(), Some(&nulls));
        }
        Ok(valid)
    }
}

/// Refuses a table that has run full.
pub(crate) fn check_room(table: &IdTable) -> Result<()> {
    if table.is_full() {
        return Err(Error::TooManyNodes { n_nodes: table.len() + 1 });
    }
    Ok(())
}

/// Refuses weights that are not finite as `f32`, or negative.
fn check_weights(column: &ArrayRef, name: &str) -> Result<()> {
    let narrow = cast(column, &DataType::Float32)?;
    let narrow = narrow.as_primitive::<Float32Type>().values();
    match narrow.iter().position(|&weight| !(weight.is_finite() && weight >= 0.0)) {
        None => Ok(()),
        Some(row) => {
            let wide = cast(&column.slice(row, 1), &DataType::Float64)?;
            let value = wide.as_primitive::<Float64Type>().value(0);
            let (column, place) = (name.to_owned(), Place::Row(row));
            Err(Error::BadWeight { column, place, value })
        }
    }
}
