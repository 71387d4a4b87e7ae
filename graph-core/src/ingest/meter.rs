//! How much a file becomes when it is decoded.

use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, RecordBatch};

use crate::ingest::input::Input;
use crate::{Error, Result};

/// Counts the bytes of decoded batches, of several threads too, and refuses what is too much.
///
/// Formats of columns need no compression to be small: a run of a billion equal values takes some bytes, and a file may
/// say of one place that its rows are there a thousand times.
#[derive(Debug)]
pub(crate) struct Meter {
    taken: AtomicU64,
    most: u64,
    max_bytes: u64,
}

impl Meter {
    /// Lets pass what `input` may become: its limit, or twice its own size, which is no bomb, if that is more.
    pub(crate) fn new(input: &Input) -> Self {
        let most = input.max_bytes.max(input.bytes.saturating_mul(2));
        Self { taken: AtomicU64::new(0), most, max_bytes: input.max_bytes }
    }

    /// Counts a batch.
    pub(crate) fn count(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let mut bytes = 0_u64;
        for column in batch.columns() {
            bytes = bytes.saturating_add(column.to_data().get_slice_memory_size()? as u64);
        }
        let before = self.taken.fetch_add(bytes, Ordering::Relaxed);
        match before.saturating_add(bytes) > self.most {
            true => Err(Error::TooManyBytes { max_bytes: self.max_bytes }),
            false => Ok(batch),
        }
    }
}
