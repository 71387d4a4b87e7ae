//! Text in blocks of whole rows.

use std::io::{self, Read};
use std::sync::Mutex;

use crate::ingest::csv::scan::{Syntax, last_row_end};
use crate::ingest::input::Input;
use crate::{Error, Result};

/// Bytes read at once: long enough that ids repeat within a block, short enough for a cache.
pub(crate) const BLOCK_BYTES: usize = 4 << 20;

/// A quote that stays open for longer than this was not meant to be one.
pub(crate) const LONGEST_ROW: usize = 256 << 20;

/// Bytes behind the text of a block that may be looked at, so that eight can be loaded at once.
const PADDING: usize = 16;

/// Whole rows of text.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The text, then bytes without meaning.
    pub bytes: Vec<u8>,
    /// Length of the text.
    pub len: usize,
}

/// Buffers for reuse: fresh memory costs a page fault every 4 KiB.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Vec<u8>>>);

impl Pool {
    fn take(&self) -> Vec<u8> {
        self.0.lock().ok().and_then(|mut buffers| buffers.pop()).unwrap_or_default()
    }

    pub(crate) fn give_back(&self, block: Block) {
        if let Ok(mut buffers) = self.0.lock() {
            buffers.push(block.bytes);
        }
    }
}

/// Cuts a stream of text into [`Block`]s.
pub(crate) struct Blocks<'a> {
    input: &'a Input,
    stream: Box<dyn Read + Send>,
    syntax: Syntax,
    block_bytes: usize,
    pool: &'a Pool,
    /// Start of a row whose end is still to come.
    carry: Vec<u8>,
    ended: bool,
}

impl<'a> Blocks<'a> {
    /// Blocks of `input` from its byte `start` on.
    pub(crate) fn new(
        input: &'a Input,
        start: u64,
        syntax: Syntax,
        block_bytes: usize,
        pool: &'a Pool,
    ) -> Result<Self> {
        let mut stream = input.stream()?;
        io::copy(&mut stream.by_ref().take(start), &mut io::sink())
            .map_err(|error| input.explain(error))?;
        Ok(Self { input, stream, syntax, block_bytes, pool, carry: Vec::new(), ended: false })
    }

    /// The next whole rows, at least one; none at the end.
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>> {
        let mut bytes = self.pool.take();
        let mut len = self.carry.len();
        let mut wanted = len + self.block_bytes;
        if bytes.len() < wanted + PADDING {
            bytes.resize(wanted + PADDING, 0);
        }
        bytes[..len].copy_from_slice(&self.carry);
        loop {
            while len < wanted && !self.ended {
                match self.stream.read(&mut bytes[len..wanted]) {
                    Ok(0) => self.ended = true,
                    Ok(read) => len += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(self.input.explain(error)),
                }
            }
            if self.ended {
                self.carry.clear();
                return Ok((len > 0).then_some(Block { bytes, len }));
            }
            let (end, open_quote) = last_row_end(&bytes[..len], self.syntax);
            if end > 0 {
                self.carry.clear();
                self.carry.extend_from_slice(&bytes[end..len]);
                return Ok(Some(Block { bytes, len: end }));
            }
            if len > LONGEST_ROW {
                let above = &bytes[..open_quote.unwrap_or(0)];
                let line = 1 + memchr::memchr_iter(b'\n', above).count();
                return Err(match open_quote {
                    Some(_) => Error::UnclosedQuote { line },
                    None => Error::LongRow { line, longest: LONGEST_ROW },
                });
            }
            wanted = 2 * len;
            bytes.resize(wanted + PADDING, 0);
        }
    }
}
