//! Apache Parquet: row groups, and parts of them where they are few, in parallel.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
    RowSelector,
};
use parquet::errors::ParquetError;

use crate::ingest::factorize::{CodedEdges, EdgePlan, code_edges};
use crate::ingest::input::{Input, RandomAccess};
use crate::ingest::meter::Meter;
use crate::ingest::tables::concat_rows;
use crate::parallel::workers;
use crate::{Error, ReadOptions, Result};

/// Rows decoded at once: few enough that their columns stay in cache until they are coded.
const BATCH_ROWS: usize = 1 << 15;

/// The edges of a Parquet file.
pub(crate) fn read_edges(input: &Input, options: &ReadOptions, limit: u32) -> Result<CodedEdges> {
    let file = input.random_access()?;
    let metadata = guarded(|| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()))?;
    let plan = EdgePlan::new(Arc::clone(metadata.schema()), options)?;
    // Views of the ids spare a copy of every string.
    let schema = with_views(metadata.schema(), &[plan.source, plan.target]);
    let options = ArrowReaderOptions::new().with_schema(schema);
    let metadata =
        guarded(|| ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options))?;
    let mut slices = slices(&metadata, workers()).into_iter();
    let meter = Meter::new(input);
    code_edges(
        plan,
        limit,
        || Ok(slices.next()),
        |slice| {
            let reader = reader(&file, &metadata)
                .with_row_groups(vec![slice.row_group])
                .with_row_selection(slice.rows);
            batches(reader, &meter)
        },
    )
}

/// Rows of one row group.
struct Slice {
    row_group: usize,
    rows: RowSelection,
}

/// The rows of a file, cut into row groups, and these further if there are fewer than `wanted`.
fn slices(metadata: &ArrowReaderMetadata, wanted: usize) -> Vec<Slice> {
    let row_groups = metadata.metadata().row_groups();
    let cuts = wanted.div_ceil(row_groups.len().max(1));
    let mut slices = Vec::new();
    for (at, row_group) in row_groups.iter().enumerate() {
        let rows = usize::try_from(row_group.num_rows()).unwrap_or_default();
        // A batch is the least that is worth the pages that are passed over.
        let step = rows.div_ceil(cuts).max(BATCH_ROWS);
        for start in (0..rows).step_by(step) {
            let kept = step.min(rows - start);
            let rows = vec![RowSelector::skip(start), RowSelector::select(kept)].into();
            slices.push(Slice { row_group: at, rows });
        }
    }
    slices
}

/// A whole Parquet file as one table.
pub(crate) fn read_table(input: &Input) -> Result<RecordBatch> {
    let file = input.random_access()?;
    let metadata = guarded(|| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()))?;
    let meter = Meter::new(input);
    let rows = batches(reader(&file, &metadata), &meter)?.collect::<Result<Vec<_>>>()?;
    concat_rows(metadata.schema(), &rows)
}

fn reader(
    file: &RandomAccess,
    metadata: &ArrowReaderMetadata,
) -> ParquetRecordBatchReaderBuilder<RandomAccess> {
    ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone())
        .with_batch_size(BATCH_ROWS)
}

/// What the decoder makes of a file. It trusts some of what files say, and panics where that is wrong.
fn guarded<T>(decode: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => Ok(decoded?),
        Err(_) => Err(impossible()),
    }
}

/// The error of a file at which the decoder panicked.
fn impossible() -> Error {
    ParquetError::General("the file says of itself what cannot be".to_owned()).into()
}

/// The rows of a reader, counted, up to the first error.
fn batches(
    reader: ParquetRecordBatchReaderBuilder<RandomAccess>,
    meter: &Meter,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<'_>> {
    let mut reader = guarded(|| reader.build())?;
    Ok(std::iter::from_fn(move || match catch_unwind(AssertUnwindSafe(|| reader.next())) {
        Ok(batch) => batch.map(|batch| meter.count(batch?)),
        Err(_) => Some(Err(impossible())),
    }))
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    /// The decoder panics at some of these, such as types of a million bits.
    #[test]
    fn a_file_changed_at_any_byte_is_read_or_refused() {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("b")]));
        let columns = [("source", Arc::clone(&ids)), ("target", ids), ("kind", text)];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, values)| (name, values, true)),
        );
        let (batch, mut bytes) = (batch.unwrap(), Vec::new());
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        for at in 0..bytes.len() {
            for bits in [0x01, 0x10, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= bits;
                let input = Input::from_bytes(changed.into(), Path::new("a.parquet"), 1 << 20);
                let _ = read_table(&input.unwrap());
            }
        }
    }

    /// A file of some hundred kilobytes that becomes a hundred megabytes.
    #[test]
    fn what_becomes_too_much_is_refused() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![7; 1 << 20]));
        let batch =
            RecordBatch::try_from_iter([("source", Arc::clone(&column)), ("target", column)]);
        let batch = batch.unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        for _ in 0..8 {
            writer.write(&batch).unwrap();
        }
        writer.close().unwrap();
        assert!(bytes.len() < 1 << 20, "{}", bytes.len());
        let input = Input::from_reader(&bytes[..], Path::new("a.parquet"), 1 << 20).unwrap();
        let refused = |error| matches!(error, Error::TooManyBytes { max_bytes: 0x10_0000 });
        assert!(refused(read_table(&input).unwrap_err()));
        let edges = read_edges(&input, &ReadOptions::default(), u32::MAX);
        assert!(refused(edges.err().unwrap()));
    }

    /// Row groups of unequal size, read in slices, give every row once and in order.
    #[test]
    fn slices_of_row_groups_are_all_rows_in_order() {
        let n = 5 * BATCH_ROWS as i64 + 7;
        let texts = (0..n).map(|i| (i % 5 > 0).then(|| format!("text {}", i % 999)));
        let batch = RecordBatch::try_from_iter([
            ("source", Arc::new(Int64Array::from_iter_values(0..n)) as ArrayRef),
            ("text", Arc::new(texts.collect::<StringArray>())),
        ])
        .unwrap();
        for group_rows in [n as usize, 3 * BATCH_ROWS, 1000] {
            let properties = WriterProperties::builder()
                .set_max_row_group_row_count(Some(group_rows))
                .set_data_page_row_count_limit(999)
                .build();
            let mut bytes = Vec::new();
            let mut writer =
                ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let input = Input::from_reader(&bytes[..], Path::new("a.parquet"), u64::MAX).unwrap();
            let file = input.random_access().unwrap();
            let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).unwrap();
            for wanted in [1, 2, 3, 16] {
                let slices = slices(&metadata, wanted);
                assert!(slices.len() >= wanted.min(5), "{group_rows} rows a group, {wanted}");
                let mut rows = Vec::new();
                for slice in slices {
                    let reader = reader(&file, &metadata)
                        .with_row_groups(vec![slice.row_group])
                        .with_row_selection(slice.rows);
                    rows.extend(reader.build().unwrap().map(|batch| batch.unwrap()));
                }
                let rows = concat_rows(&batch.schema(), &rows).unwrap();
                assert_eq!(rows, batch, "{group_rows} rows a group, {wanted} slices");
            }
        }
    }
}
