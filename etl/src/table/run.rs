//! From a plan to rows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use arrow::array::RecordBatch;
use polars::prelude::{DataFrame, Engine, LazyFrame, OptFlags, PolarsError, PolarsResult};

use super::Table;
use crate::{Control, Error, Result, frame};

/// How often a running plan is asked how far it is, and told to stop.
const POLL: Duration = Duration::from_millis(20);

impl Table {
    /// Computes the rows, as one batch; columns that came out in pieces are copied together.
    ///
    /// Reports `"rows read"` of all sources together. It stops when it next reads from a source: a
    /// sort, once it has all rows, runs to its end.
    ///
    /// # Errors
    ///
    /// - [`Error::Stopped`] if the caller wants it to stop;
    /// - [`Error::Overflow`] if whole numbers do not fit into 64 bits;
    /// - [`Error::BrokenFile`] for a file of text with a row or a value that does not fit its columns;
    /// - [`Error::Engine`] for what else only rows can tell: files that are broken or not there, text that
    ///   is not the number it should be.
    pub fn collect(&self, control: &Control) -> Result<RecordBatch> {
        frame::to_batch(self.collect_frame(control)?)
    }

    /// As [`collect`](Self::collect), in the pieces that the columns came out in, without copies.
    ///
    /// # Errors
    ///
    /// As [`collect`](Self::collect).
    pub fn collect_batches(&self, control: &Control) -> Result<Vec<RecordBatch>> {
        frame::to_batches(&self.collect_frame(control)?)
    }

    pub(crate) fn collect_frame(&self, control: &Control) -> Result<DataFrame> {
        let engine = self.engine();
        let collect = move |lazy: LazyFrame| {
            lazy.collect_with_engine(engine).map(|result| result.unwrap_single())
        };
        self.run(control, "computing a table", collect)
    }

    /// Computes the rows and gives them to `take` in order, some at a time, so that not all need to be
    /// in memory at once.
    ///
    /// # Errors
    ///
    /// As [`collect`](Self::collect), and what `take` returns, after which it is not called again.
    pub fn for_each_batch(
        &self,
        control: &Control,
        mut take: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let doing = "computing a table";
        let mut n_rows = 0;
        let batches = self
            .lazy()
            .collect_batches(Engine::Streaming, true, None, false)
            .map_err(|error| Error::engine(doing, &error))?;
        for frame in batches {
            let frame = frame.map_err(|error| self.explained(Error::engine(doing, &error)))?;
            for batch in frame::to_batches(&frame)? {
                n_rows += batch.num_rows() as u64;
                take(batch)?;
                control.step("rows", n_rows, None)?;
            }
        }
        Ok(())
    }

    /// Runs `work` with the plan; if the caller watches, on another thread and with watched sources.
    pub(super) fn run<T: Send>(
        &self,
        control: &Control,
        doing: &'static str,
        work: impl FnOnce(LazyFrame) -> PolarsResult<T> + Send,
    ) -> Result<T> {
        self.attempt(control, doing, work).map_err(|error| self.explained(error))
    }

    fn attempt<T: Send>(
        &self,
        control: &Control,
        doing: &'static str,
        work: impl FnOnce(LazyFrame) -> PolarsResult<T> + Send,
    ) -> Result<T> {
        if control.is_idle() {
            return guarded(doing, || work(self.lazy()));
        }
        let watch = Arc::new(Watch::default());
        let lazy = self.watched(&|source| Watch::around(&watch, source));
        let (finish, finished) = channel();
        std::thread::scope(|scope| {
            scope.spawn(move || finish.send(guarded(doing, || work(lazy))).ok());
            let stopped = loop {
                let rows = watch.rows.load(Ordering::Relaxed);
                if let Err(stopped) = control.step("rows read", rows, None) {
                    break Error::from(stopped);
                }
                match finished.recv_timeout(POLL) {
                    Ok(result) => return result,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(Error::engine(doing, &"the engine ended without a result"));
                    }
                }
            };
            watch.stop.store(true, Ordering::Relaxed);
            Err(stopped)
        })
    }
}

/// Runs `work`, and makes errors of polars' panics: it has some for what it cannot do.
pub(super) fn guarded<T>(doing: &'static str, work: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| Error::engine(doing, &error)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            let text = text.unwrap_or("the engine panicked");
            // Built with checks of overflow, sums of polars panic where they would wrap otherwise.
            if text.starts_with("attempt to ") && text.ends_with(" with overflow") {
                return Err(Error::overflowed_sum());
            }
            Err(Error::engine(doing, &text))
        }
    }
}

/// What a running plan and its caller tell each other.
#[derive(Default)]
struct Watch {
    rows: AtomicU64,
    stop: AtomicBool,
}

impl Watch {
    /// Counts what comes out of `source`, and ends it with an error when it should stop.
    fn around(watch: &Arc<Self>, source: LazyFrame) -> LazyFrame {
        let watch = Arc::clone(watch);
        let count = move |frame: DataFrame| {
            watch.rows.fetch_add(frame.height() as u64, Ordering::Relaxed);
            match watch.stop.load(Ordering::Relaxed) {
                true => Err(PolarsError::ComputeError("stopped".into())),
                false => Ok(frame),
            }
        };
        source.map(
            count,
            OptFlags::PREDICATE_PUSHDOWN | OptFlags::PROJECTION_PUSHDOWN | OptFlags::STREAMING,
            None,
            Some("watched"),
        )
    }
}
