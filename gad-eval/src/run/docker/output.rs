//! What a container prints, as something to read from.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error as EngineError;
use bytes::{Buf, Bytes};
use futures_util::Stream;

use super::engine::{Engine, Next};

/// How long output may be on its way after the job is over.
const QUIET: Duration = Duration::from_millis(500);

/// Reads what a stream of output brings, until that ends, or is silent after the job is over.
pub(super) struct Output<'a, S> {
    engine: &'a Engine,
    pieces: &'a mut S,
    is_over: &'a AtomicBool,
    rest: Bytes,
}

impl<'a, S: Stream<Item = Result<LogOutput, EngineError>> + Unpin> Output<'a, S> {
    pub(super) fn new(engine: &'a Engine, pieces: &'a mut S, is_over: &'a AtomicBool) -> Self {
        Self { engine, pieces, is_over, rest: Bytes::new() }
    }
}

impl<S: Stream<Item = Result<LogOutput, EngineError>> + Unpin> Read for Output<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            // It may become over while we wait, and then there may be more to come.
            let was_over = self.is_over.load(Ordering::Relaxed);
            match self.engine.next_within(self.pieces, QUIET) {
                Next::Item(Ok(piece)) => self.rest = piece.into_bytes(),
                Next::Nothing if !was_over => {}
                // An engine that goes away ends the output; what becomes of the job is told elsewhere.
                Next::Nothing | Next::End | Next::Item(Err(_)) => return Ok(0),
            }
        }
        let n = buffer.len().min(self.rest.len());
        self.rest.copy_to_slice(&mut buffer[..n]);
        Ok(n)
    }
}
