//! Parquet and Arrow IPC.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::Compression;
use crate::{Graph, Result};

/// Schema metadata that says whether edges have a direction: `true` or `false`.
pub(crate) const DIRECTED_KEY: &str = "graphlume.directed";

/// Rows of one IPC batch and of one Parquet row group: small enough for parallel readers.
const ROWS: usize = 1 << 20;

/// Writes `batches`, which have one schema, as Parquet; the direction of `graph` goes to the metadata.
pub(super) fn write_parquet(
    batches: &[RecordBatch],
    graph: Option<&Graph>,
    out: &mut (dyn Write + Send),
    compression: Compression,
) -> Result<()> {
    let codec = match compression {
        Compression::None => Codec::UNCOMPRESSED,
        Compression::Gzip => Codec::GZIP(GzipLevel::default()),
        Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
        Compression::Snappy => Codec::SNAPPY,
        Compression::Lz4 => Codec::LZ4_RAW,
    };
    let properties = WriterProperties::builder()
        .set_compression(codec)
        .set_max_row_group_row_count(Some(ROWS))
        .build();
    let schema = with_direction(batches, graph);
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?;
    for batch in batches {
        writer.write(&batch.clone().with_schema(Arc::clone(&schema))?)?;
    }
    writer.close()?;
    Ok(())
}

/// Writes `batches`, which have one schema, as an Arrow IPC file (Feather V2).
pub(super) fn write_arrow(
    batches: &[RecordBatch],
    graph: Option<&Graph>,
    out: &mut (dyn Write + Send),
    compression: Compression,
) -> Result<()> {
    let codec = match compression {
        Compression::Zstd => Some(CompressionType::ZSTD),
        Compression::Lz4 => Some(CompressionType::LZ4_FRAME),
        Compression::None | Compression::Gzip | Compression::Snappy => None,
    };
    let options = IpcWriteOptions::default().try_with_compression(codec)?;
    let schema = with_direction(batches, graph);
    let mut writer = FileWriter::try_new_with_options(out, &schema, options)?;
    for batch in batches {
        let batch = batch.clone().with_schema(Arc::clone(&schema))?;
        for start in (0..batch.num_rows()).step_by(ROWS) {
            let part = batch.slice(start, ROWS.min(batch.num_rows() - start));
            writer.write(&if part.num_rows() < batch.num_rows() {
                compact(&part)?
            } else {
                part
            })?;
        }
    }
    writer.finish()?;
    Ok(())
}

/// The same rows, with views of their own texts alone: all that views share would be written with each part.
fn compact(part: &RecordBatch) -> Result<RecordBatch> {
    let columns = part.columns().iter().map(|column| match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
        _ => Arc::clone(column),
    });
    Ok(RecordBatch::try_new(part.schema(), columns.collect())?)
}

/// The schema of `batches`, with the direction of `graph`.
fn with_direction(batches: &[RecordBatch], graph: Option<&Graph>) -> SchemaRef {
    let schema = super::schema_of(batches);
    let Some(graph) = graph else { return schema };
    let mut metadata = schema.metadata().clone();
    metadata.insert(DIRECTED_KEY.to_owned(), graph.is_directed().to_string());
    Arc::new(Schema::new_with_metadata(schema.fields().clone(), metadata))
}

#[cfg(test)]
mod tests {
    use arrow::array::StringViewArray;

    use super::*;

    #[test]
    fn a_part_has_the_texts_of_its_rows_alone() {
        let texts = StringViewArray::from_iter_values((0..100).map(|i| format!("{i:>50}")));
        let all = RecordBatch::try_from_iter([("text", Arc::new(texts) as ArrayRef)]).unwrap();
        let part = compact(&all.slice(10, 3)).unwrap();
        assert_eq!(part, all.slice(10, 3));
        let texts = part.column(0).as_string_view();
        assert_eq!(texts.data_buffers().iter().map(|buffer| buffer.len()).sum::<usize>(), 150);
    }
}
