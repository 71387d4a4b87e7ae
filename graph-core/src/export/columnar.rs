//! Parquet and Arrow IPC.

use std::io::Write;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
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
            writer.write(&batch.slice(start, ROWS.min(batch.num_rows() - start)))?;
        }
    }
    writer.finish()?;
    Ok(())
}

/// The schema of `batches`, with the direction of `graph`.
fn with_direction(batches: &[RecordBatch], graph: Option<&Graph>) -> SchemaRef {
    let schema = super::schema_of(batches);
    let Some(graph) = graph else { return schema };
    let mut metadata = schema.metadata().clone();
    metadata.insert(DIRECTED_KEY.to_owned(), graph.is_directed().to_string());
    Arc::new(Schema::new_with_metadata(schema.fields().clone(), metadata))
}
