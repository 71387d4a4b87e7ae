//! Apache Parquet: row groups in parallel.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::ingest::factorize::{CodedEdges, EdgePlan, code_edges};
use crate::ingest::input::{Input, RandomAccess};
use crate::ingest::tables::concat_rows;
use crate::{ReadOptions, Result};

/// Rows decoded at once: few enough that their columns stay in cache until they are coded.
const BATCH_ROWS: usize = 1 << 15;

/// The edges of a Parquet file.
pub(crate) fn read_edges(input: &Input, options: &ReadOptions, limit: u32) -> Result<CodedEdges> {
    let file = input.random_access()?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    let plan = EdgePlan::new(Arc::clone(metadata.schema()), options)?;
    // Views of the ids spare a copy of every string.
    let schema = with_views(metadata.schema(), &[plan.source, plan.target]);
    let metadata = ArrowReaderMetadata::try_new(
        Arc::clone(metadata.metadata()),
        ArrowReaderOptions::new().with_schema(schema),
    )?;
    let mut row_groups = 0..metadata.metadata().num_row_groups();
    code_edges(
        plan,
        limit,
        || Ok(row_groups.next()),
        |row_group| batches(&file, &metadata, vec![row_group]),
    )
}

/// A whole Parquet file as one table.
pub(crate) fn read_table(input: &Input) -> Result<RecordBatch> {
    let file = input.random_access()?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    let row_groups = (0..metadata.metadata().num_row_groups()).collect();
    let rows: Vec<RecordBatch> = batches(&file, &metadata, row_groups)?.collect::<Result<_>>()?;
    concat_rows(metadata.schema(), &rows)
}

fn batches(
    file: &RandomAccess,
    metadata: &ArrowReaderMetadata,
    row_groups: Vec<usize>,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone())
        .with_row_groups(row_groups)
        .with_batch_size(BATCH_ROWS)
        .build()?;
    Ok(reader.map(|batch| Ok(batch?)))
}

/// `schema` with text and binary of the columns `at` as views.
fn with_views(schema: &SchemaRef, at: &[usize]) -> SchemaRef {
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(i, field)| {
            let view = match field.data_type() {
                DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
                DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
                _ => return Arc::clone(field),
            };
            if !at.contains(&i) {
                return Arc::clone(field);
            }
            Arc::new(Field::clone(field).with_data_type(view))
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}
