//! Arrow IPC: the file format (Feather V2) and the stream format.

use std::io::BufReader;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, StreamReader, read_footer_length};
use arrow::ipc::{Block, root_as_footer};
use parquet::file::reader::Length;

use crate::ingest::factorize::{CodedEdges, EdgePlan, code_edges};
use crate::ingest::input::{Input, RandomAccess};
use crate::ingest::tables::concat_rows;
use crate::{Error, ReadOptions, Result};

/// The edges of an Arrow IPC file or stream.
pub(crate) fn read_edges(input: &Input, options: &ReadOptions, limit: u32) -> Result<CodedEdges> {
    if !is_file(input) {
        let mut stream = open_stream(input)?;
        let plan = EdgePlan::new(stream.schema(), options)?;
        let next = || Ok(stream.next().transpose()?);
        return code_edges(plan, limit, next, |batch| Ok(std::iter::once(Ok(batch))));
    }
    let file = IpcFile::open(input.random_access()?)?;
    let plan = EdgePlan::new(file.schema.clone(), options)?;
    let mut blocks = file.blocks.iter();
    code_edges(
        plan,
        limit,
        || Ok(blocks.next()),
        |block| Ok(file.read(block).transpose().into_iter()),
    )
}

/// A whole Arrow IPC file or stream as one table.
pub(crate) fn read_table(input: &Input) -> Result<RecordBatch> {
    if !is_file(input) {
        let stream = open_stream(input)?;
        let schema = stream.schema();
        let rows: Vec<RecordBatch> = stream.collect::<Result<_, _>>()?;
        return concat_rows(&schema, &rows);
    }
    let file = IpcFile::open(input.random_access()?)?;
    let rows: Vec<RecordBatch> = file
        .blocks
        .iter()
        .filter_map(|block| file.read(block).transpose())
        .collect::<Result<_>>()?;
    concat_rows(&file.schema, &rows)
}

fn is_file(input: &Input) -> bool {
    input.head.starts_with(b"ARROW1")
}

fn open_stream(input: &Input) -> Result<StreamReader<BufReader<Box<dyn std::io::Read + Send>>>> {
    Ok(StreamReader::try_new_buffered(input.stream()?, None)?)
}

/// An IPC file whose record batches can be read in any order, by any thread.
struct IpcFile {
    file: RandomAccess,
    schema: SchemaRef,
    decoder: FileDecoder,
    blocks: Vec<Block>,
}

impl IpcFile {
    fn open(file: RandomAccess) -> Result<Self> {
        const TRAILER: usize = 10;
        let len = file.len();
        let cut = || Error::TruncatedArrow;
        let trailer_at = len.checked_sub(TRAILER as u64).ok_or_else(cut)?;
        let trailer = file.read(trailer_at, TRAILER)?;
        let trailer: [u8; TRAILER] = trailer.as_ref().try_into().map_err(|_| cut())?;
        let footer_len = read_footer_length(trailer).map_err(|_| cut())?;
        let footer_at = trailer_at.checked_sub(footer_len as u64).ok_or_else(cut)?;
        let footer = file.read(footer_at, footer_len)?;
        let footer = root_as_footer(&footer).map_err(|_| cut())?;
        let schema: SchemaRef = match footer.schema() {
            Some(schema) => fb_to_schema(schema).into(),
            None => return Err(cut()),
        };
        let mut decoder = FileDecoder::new(schema.clone(), footer.version());
        for block in footer.dictionaries().iter().flatten() {
            decoder.read_dictionary(block, &read_block(&file, block)?)?;
        }
        let blocks = footer.recordBatches().iter().flatten().copied().collect();
        Ok(Self { file, schema, decoder, blocks })
    }

    fn read(&self, block: &Block) -> Result<Option<RecordBatch>> {
        Ok(self.decoder.read_record_batch(block, &read_block(&self.file, block)?)?)
    }
}

fn read_block(file: &RandomAccess, block: &Block) -> Result<Buffer> {
    let cut = |_| Error::TruncatedArrow;
    let start = u64::try_from(block.offset()).map_err(cut)?;
    let metadata = u64::try_from(block.metaDataLength()).map_err(cut)?;
    let body = u64::try_from(block.bodyLength()).map_err(cut)?;
    let len = usize::try_from(metadata.saturating_add(body)).map_err(cut)?;
    let bytes = file.read(start, len).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::TruncatedArrow,
        _ => Error::Io(error),
    })?;
    Ok(Buffer::from(bytes))
}
