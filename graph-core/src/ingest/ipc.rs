//! Arrow IPC: the file format (Feather V2) and the stream format.

use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, StreamDecoder, read_footer_length};
use arrow::ipc::{Block, root_as_footer, root_as_message};
use parquet::file::reader::Length;

use crate::ingest::factorize::{CodedEdges, EdgePlan, code_edges};
use crate::ingest::input::{Input, RandomAccess};
use crate::ingest::meter::Meter;
use crate::ingest::tables::concat_rows;
use crate::{Error, ReadOptions, Result};

/// The edges of an Arrow IPC file or stream.
pub(crate) fn read_edges(input: &Input, options: &ReadOptions, limit: u32) -> Result<CodedEdges> {
    if !is_file(input) {
        let mut stream = IpcStream::open(input)?;
        let plan = EdgePlan::new(stream.schema.clone(), options)?;
        let meter = Meter::new(input);
        let next = || stream.next()?.map(|batch| meter.count(batch)).transpose();
        return code_edges(plan, limit, next, |batch| Ok(std::iter::once(Ok(batch))));
    }
    let file = IpcFile::open(input)?;
    let plan = EdgePlan::new(file.schema.clone(), options)?;
    let mut blocks = file.blocks.iter();
    let meter = Meter::new(input);
    code_edges(
        plan,
        limit,
        || Ok(blocks.next()),
        |block| Ok(file.read(block)?.map(|batch| meter.count(batch)).into_iter()),
    )
}

/// A whole Arrow IPC file or stream as one table.
pub(crate) fn read_table(input: &Input) -> Result<RecordBatch> {
    let meter = Meter::new(input);
    let counted = |batch: Result<RecordBatch>| meter.count(batch?);
    if !is_file(input) {
        let mut stream = IpcStream::open(input)?;
        let batches = std::iter::from_fn(|| stream.next().transpose());
        let rows: Vec<RecordBatch> = batches.map(counted).collect::<Result<_>>()?;
        return concat_rows(&stream.schema, &rows);
    }
    let file = IpcFile::open(input)?;
    let batches = file.blocks.iter().filter_map(|block| file.read(block).transpose());
    let rows: Vec<RecordBatch> = batches.map(counted).collect::<Result<_>>()?;
    concat_rows(&file.schema, &rows)
}

fn is_file(input: &Input) -> bool {
    input.head.starts_with(b"ARROW1")
}

/// What the decoder makes of bytes. It trusts some of what they say, and panics where that is wrong.
fn guarded<T>(decode: impl FnOnce() -> Result<T, ArrowError>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => Ok(decoded?),
        Err(_) => Err(Error::TruncatedArrow),
    }
}

/// Refuses a message whose compressed buffers say that they become more than `max_bytes`: the decoder would take that
/// memory before it looked at them.
fn check_sizes(metadata: &[u8], body: &[u8], max_bytes: u64) -> Result<()> {
    let message = root_as_message(metadata).map_err(|_| Error::TruncatedArrow)?;
    let of_dictionary = || message.header_as_dictionary_batch()?.data();
    let batch = message.header_as_record_batch().or_else(of_dictionary);
    let Some(batch) = batch.filter(|batch| batch.compression().is_some()) else { return Ok(()) };
    let mut bytes: u64 = 0;
    // Empty ones lie where others begin.
    for buffer in batch.buffers().iter().flatten().filter(|buffer| buffer.length() > 0) {
        let size =
            usize::try_from(buffer.offset()).ok().and_then(|at| body.get(at..)?.first_chunk());
        // Below 0 it is not compressed.
        let size = size.map_or(0, |&size| u64::try_from(i64::from_le_bytes(size)).unwrap_or(0));
        bytes = bytes.saturating_add(size);
    }
    if bytes > max_bytes { Err(Error::TooManyBytes { max_bytes }) } else { Ok(()) }
}

/// What stands before a message, before its length; older writers leave it out.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The end of a stream, for a last message without a body, which waits for what follows it.
fn end_of_stream() -> Buffer {
    Buffer::from_vec([CONTINUATION, [0; 4]].concat())
}

/// An IPC stream, which is read message by message, so that memory is taken only for bytes that have come.
struct IpcStream {
    source: Box<dyn Read + Send>,
    decoder: StreamDecoder,
    schema: SchemaRef,
    /// Rows that came with the schema.
    first: Option<RecordBatch>,
    /// What the decoder has not taken yet.
    rest: Buffer,
    is_over: bool,
    max_bytes: u64,
}

impl IpcStream {
    fn open(input: &Input) -> Result<Self> {
        let mut stream = Self {
            source: input.stream()?,
            decoder: StreamDecoder::new(),
            schema: SchemaRef::new(arrow::datatypes::Schema::empty()),
            first: None,
            rest: Buffer::from_vec(Vec::<u8>::new()),
            is_over: false,
            max_bytes: input.max_bytes,
        };
        while stream.decoder.schema().is_none() {
            let message = match stream.message()? {
                Some(message) => message,
                // A schema and no rows.
                None if stream.is_over => return Err(Error::TruncatedArrow),
                None => {
                    stream.is_over = true;
                    end_of_stream()
                }
            };
            stream.rest = message;
            // The decoder takes a schema in once there is more behind it, which may be rows.
            stream.first = stream.decode()?;
        }
        if let Some(schema) = stream.decoder.schema() {
            stream.schema = schema;
        }
        Ok(stream)
    }

    fn decode(&mut self) -> Result<Option<RecordBatch>> {
        let (decoder, rest) = (&mut self.decoder, &mut self.rest);
        guarded(|| decoder.decode(rest))
    }

    fn next(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(batch) = self.first.take() {
            return Ok(Some(batch));
        }
        loop {
            while !self.rest.is_empty() {
                if let Some(batch) = self.decode()? {
                    return Ok(Some(batch));
                }
            }
            if self.is_over {
                return Ok(None);
            }
            self.rest = match self.message()? {
                Some(message) => message,
                None => {
                    self.is_over = true;
                    end_of_stream()
                }
            };
        }
    }

    /// The next message with its body; `None` at the end.
    fn message(&mut self) -> Result<Option<Buffer>> {
        let mut bytes = Vec::new();
        match self.take(4, &mut bytes) {
            Err(Error::TruncatedArrow) if bytes.is_empty() => return Ok(None),
            taken => taken?,
        }
        if bytes == CONTINUATION {
            self.take(4, &mut bytes)?;
        }
        let start = bytes.len();
        let length = bytes.last_chunk().map_or(0, |&length| u32::from_le_bytes(length));
        if length == 0 {
            return Ok(None);
        }
        self.take(length.into(), &mut bytes)?;
        let end = bytes.len();
        let message = root_as_message(&bytes[start..]).map_err(|_| Error::TruncatedArrow)?;
        let body = u64::try_from(message.bodyLength()).map_err(|_| Error::TruncatedArrow)?;
        self.take(body, &mut bytes)?;
        check_sizes(&bytes[start..end], &bytes[end..], self.max_bytes)?;
        Ok(Some(Buffer::from_vec(bytes)))
    }

    /// Adds the next `n` bytes.
    fn take(&mut self, n: u64, bytes: &mut Vec<u8>) -> Result<()> {
        // More than this is taken as it comes.
        const AT_ONCE: u64 = 64 << 20;
        bytes.reserve(n.min(AT_ONCE) as usize);
        let read = self.source.by_ref().take(n).read_to_end(bytes);
        match read {
            Ok(read) if read as u64 == n => Ok(()),
            Ok(_) => Err(Error::TruncatedArrow),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Error::TruncatedArrow),
            Err(error) => Err(error.into()),
        }
    }
}

/// An IPC file whose record batches can be read in any order, by any thread.
struct IpcFile {
    file: RandomAccess,
    schema: SchemaRef,
    decoder: FileDecoder,
    blocks: Vec<Block>,
    max_bytes: u64,
}

impl IpcFile {
    fn open(input: &Input) -> Result<Self> {
        const TRAILER: usize = 10;
        let (file, max_bytes) = (input.random_access()?, input.max_bytes);
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
            Some(schema) => guarded(|| Ok(fb_to_schema(schema)))?.into(),
            None => return Err(cut()),
        };
        let mut decoder = FileDecoder::new(schema.clone(), footer.version());
        for block in footer.dictionaries().iter().flatten() {
            let bytes = read_block(&file, block, max_bytes)?;
            guarded(|| decoder.read_dictionary(block, &bytes))?;
        }
        let blocks = footer.recordBatches().iter().flatten().copied().collect();
        Ok(Self { file, schema, decoder, blocks, max_bytes })
    }

    fn read(&self, block: &Block) -> Result<Option<RecordBatch>> {
        let bytes = read_block(&self.file, block, self.max_bytes)?;
        guarded(|| self.decoder.read_record_batch(block, &bytes))
    }
}

fn read_block(file: &RandomAccess, block: &Block, max_bytes: u64) -> Result<Buffer> {
    let cut = |_| Error::TruncatedArrow;
    let start = u64::try_from(block.offset()).map_err(cut)?;
    let metadata = u64::try_from(block.metaDataLength()).map_err(cut)?;
    let body = u64::try_from(block.bodyLength()).map_err(cut)?;
    let len = usize::try_from(metadata.saturating_add(body)).map_err(cut)?;
    let bytes = file.read(start, len).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::TruncatedArrow,
        _ => Error::Io(error),
    })?;
    let (before, body) = bytes.split_at((metadata as usize).min(len));
    let prefix = if before.starts_with(&CONTINUATION) { 8 } else { 4 };
    check_sizes(before.get(prefix..).ok_or(Error::TruncatedArrow)?, body, max_bytes)?;
    Ok(Buffer::from(bytes))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, DictionaryArray, Int64Array, StringArray};
    use arrow::datatypes::Int8Type;
    use arrow::ipc::CompressionType;
    use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};

    use super::*;

    fn rows() -> RecordBatch {
        let columns: [(&str, ArrayRef); 4] = [
            ("source", Arc::new(StringArray::from_iter_values((0..300).map(|i| format!("n{i}"))))),
            (
                "target",
                Arc::new(StringArray::from_iter_values((0..300).map(|i| format!("n{}", i / 2)))),
            ),
            (
                "weight",
                Arc::new((0..300).map(|i| (i % 7 != 0).then_some(i)).collect::<Int64Array>()),
            ),
            (
                "kind",
                Arc::new(
                    (0..300).map(|i| ["a", "b"][i % 2]).collect::<DictionaryArray<Int8Type>>(),
                ),
            ),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// The rows in both formats, plain and compressed, in batches of one and of no rows too.
    fn files() -> Vec<Vec<u8>> {
        let rows = rows();
        let batches = [rows.slice(0, 299), rows.slice(299, 0), rows.slice(299, 1)];
        let mut files = Vec::new();
        for compression in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
            let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
            let mut file =
                FileWriter::try_new_with_options(Vec::new(), &rows.schema(), options.clone())
                    .unwrap();
            let mut stream =
                StreamWriter::try_new_with_options(Vec::new(), &rows.schema(), options).unwrap();
            for batch in &batches {
                file.write(batch).unwrap();
                stream.write(batch).unwrap();
            }
            files.push(file.into_inner().unwrap());
            files.push(stream.into_inner().unwrap());
        }
        files
    }

    fn read(bytes: Vec<u8>, max_bytes: u64) -> Result<RecordBatch> {
        read_table(&Input::from_bytes(bytes.into(), Path::new("a.arrow"), max_bytes)?)
    }

    #[test]
    fn files_and_streams_give_their_rows() {
        for file in files() {
            assert_eq!(read(file, 1 << 20).unwrap(), rows());
        }
    }

    #[test]
    fn a_stream_of_a_schema_alone_has_no_rows() {
        let schema = rows().schema();
        let mut stream = StreamWriter::try_new(Vec::new(), &schema).unwrap();
        stream.finish().unwrap();
        let table = read(stream.into_inner().unwrap(), 1 << 20).unwrap();
        assert_eq!((table.num_rows(), table.num_columns()), (0, 4));
    }

    #[test]
    fn a_stream_without_its_end_is_whole_and_one_without_a_byte_is_not() {
        let stream = files().swap_remove(1);
        let end = stream.len() - 8;
        assert_eq!(read(stream[..end].to_vec(), 1 << 20).unwrap(), rows());
        let cut = read(stream[..end - 1].to_vec(), 1 << 20);
        assert!(matches!(cut, Err(Error::TruncatedArrow)), "{cut:?}");
    }

    #[test]
    fn damage_is_an_error_or_other_rows_and_never_a_panic() {
        for file in files() {
            for at in 0..file.len() {
                for flip in [0x01, 0x80, 0xff] {
                    let mut damaged = file.clone();
                    damaged[at] ^= flip;
                    // Whatever comes of it comes back.
                    let _ = read(damaged, 1 << 20);
                }
            }
            for end in (0..file.len()).step_by(13) {
                let _ = read(file[..end].to_vec(), 1 << 20);
            }
        }
    }

    #[test]
    fn what_says_that_it_becomes_too_much_is_not_decompressed() {
        let zeros: ArrayRef = Arc::new(Int64Array::from(vec![0; 100_000]));
        let rows = RecordBatch::try_from_iter([("zeros", zeros)]).unwrap();
        for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
            let options =
                IpcWriteOptions::default().try_with_compression(Some(compression)).unwrap();
            let mut file =
                FileWriter::try_new_with_options(Vec::new(), &rows.schema(), options.clone())
                    .unwrap();
            file.write(&rows).unwrap();
            let mut stream =
                StreamWriter::try_new_with_options(Vec::new(), &rows.schema(), options).unwrap();
            stream.write(&rows).unwrap();
            for bytes in [file.into_inner().unwrap(), stream.into_inner().unwrap()] {
                assert!(bytes.len() < 1 << 16);
                let refused = read(bytes.clone(), 1 << 16);
                assert!(matches!(refused, Err(Error::TooManyBytes { .. })), "{refused:?}");
                let size = 800_000_i64.to_le_bytes();
                let at = bytes.windows(8).position(|found| found == size).unwrap();
                let mut lie = bytes.clone();
                lie[at + 6] = 0x7f;
                let refused = read(lie, 1 << 40);
                assert!(matches!(refused, Err(Error::TooManyBytes { .. })), "{refused:?}");
                assert_eq!(read(bytes, 1 << 20).unwrap(), rows);
            }
        }
    }
}
