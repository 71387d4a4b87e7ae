//! Parquet and Arrow IPC.

use std::io::Write;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
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

/// Writes `table` as Parquet; the direction of `graph` goes to the metadata.
pub(super) fn write_parquet(
    table: &RecordBatch,
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
    let table = with_direction(table, graph)?;
    let mut writer = ArrowWriter::try_new(out, table.schema(), Some(properties))?;
    writer.write(&table)?;
    writer.close()?;
    Ok(())
}

/// Writes `table` as an Arrow IPC file (Feather V2).
pub(super) fn write_arrow(
    table: &RecordBatch,
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
    let table = with_direction(table, graph)?;
    let mut writer = FileWriter::try_new_with_options(out, &table.schema(), options)?;
    for start in (0..table.num_rows()).step_by(ROWS) {
        writer.write(&table.slice(start, ROWS.min(table.num_rows() - start)))?;
    }
    writer.finish()?;
    Ok(())
}

fn with_direction(table: &RecordBatch, graph: Option<&Graph>) -> Result<RecordBatch> {
    let Some(graph) = graph else { return Ok(table.clone()) };
    let schema = table.schema();
    let mut metadata = schema.metadata().clone();
    metadata.insert(DIRECTED_KEY.to_owned(), graph.is_directed().to_string());
    let schema = Schema::new_with_metadata(schema.fields().clone(), metadata);
    Ok(table.clone().with_schema(Arc::new(schema))?)
}
