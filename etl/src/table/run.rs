//! From a plan to rows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use arrow::array::RecordBatch;
use polars::prelude::{DataFrame, Engine, LazyFrame, PlanCallback, PolarsError, PolarsResult};

use super::Table;
use super::joins::{FLAGS, around_joins};
use crate::{Control, Error, Result, frame};

/// How often a running plan is asked how far it is, and told to stop.
const POLL: Duration = Duration::from_millis(20);

impl Table {
    /// Computes the rows, as one batch; columns that came out in pieces are copied together, but for those of a table in
    /// memory that no step has changed.
    ///
    /// Reports `"rows read"` of all sources together. It stops when it next reads from a source, or makes rows of a
    /// join: a sort, once it has all rows, runs to its end, as does a look-up table of one side of a join, and a join
    /// that was [estimated](crate::table::JoinOptions::limit) to have a few million rows at most.
    ///
    /// # Errors
    ///
    /// - [`Error::Stopped`] if the caller wants it to stop;
    /// - [`Error::OverBudget`] if joins make more than [they may](Self::within);
    /// - [`Error::Overflow`] if whole numbers do not fit into 64 bits;
    /// - [`Error::BrokenFile`] for a file of text with a row or a value that does not fit its columns;
    /// - [`Error::Engine`] for what else only rows can tell: files that are broken or not there, text that
    ///   is not the number it should be.
    pub fn collect(&self, control: &Control) -> Result<RecordBatch> {
        let frame = self.collect_frame(control)?;
        let mut held = Vec::new();
        self.step.held_frames(&mut held);
        frame::to_batch(frame, &held)
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
        let engine = self.engine(!control.is_idle());
        let collect = move |lazy: LazyFrame| {
            lazy.collect_with_engine(engine).map(|result| result.unwrap_single())
        };
        self.run(control, "computing a table", engine, collect)
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
        self.for_each_frame(control, "computing a table", |frame| {
            frame::to_batches(&frame)?.into_iter().try_for_each(&mut take)
        })
    }

    /// As [`for_each_batch`](Self::for_each_batch), of frames.
    pub(super) fn for_each_frame(
        &self,
        control: &Control,
        doing: &'static str,
        take: impl FnMut(DataFrame) -> Result<()>,
    ) -> Result<()> {
        let work = |lazy: LazyFrame, tell: &SyncSender<Said<()>>| {
            let tell = tell.clone();
            // True ends the run: nobody takes the rows any more.
            let give = move |frame| Ok(tell.send(Said::Rows(frame)).is_err());
            let sink = lazy.sink_batches(PlanCallback::new(give), true, None)?;
            sink.collect_with_engine(Engine::Streaming).map(drop)
        };
        let done = self.watched_run(control, doing, Engine::Streaming, work, take);
        done.map_err(|error| self.explained(error))
    }

    /// Runs `work` with the plan, on `engine`; if the caller watches, on another thread and with watched sources.
    pub(super) fn run<T: Send>(
        &self,
        control: &Control,
        doing: &'static str,
        engine: Engine,
        work: impl FnOnce(LazyFrame) -> PolarsResult<T> + Send,
    ) -> Result<T> {
        let done = match control.is_idle() {
            true => guarded(doing, || match engine {
                Engine::InMemory => work(self.lazy()),
                _ => work(around_joins(self.lazy(), |_| Ok(()))),
            }),
            false => {
                let work = |lazy, _: &SyncSender<Said<T>>| work(lazy);
                self.watched_run(control, doing, engine, work, |_| Ok(()))
            }
        };
        done.map_err(|error| self.explained(error))
    }

    /// Runs `work` on another thread, with watched sources and joins, and gives `take` the rows that it tells of.
    fn watched_run<T: Send>(
        &self,
        control: &Control,
        doing: &'static str,
        engine: Engine,
        work: impl FnOnce(LazyFrame, &SyncSender<Said<T>>) -> PolarsResult<T> + Send,
        mut take: impl FnMut(DataFrame) -> Result<()>,
    ) -> Result<T> {
        let watch = Arc::new(Watch::default());
        let lazy = self.watched(&|source| Watch::around(&watch, source));
        let lazy = match engine {
            // There is nothing to see before a join is done.
            Engine::InMemory => lazy,
            _ => {
                let watch = Arc::clone(&watch);
                around_joins(lazy, move |_| watch.go_on())
            }
        };
        let (tell, hear) = sync_channel(1);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let end = guarded(doing, || work(lazy, &tell));
                tell.send(Said::End(end)).ok();
            });
            let failed = loop {
                let rows = watch.rows.load(Ordering::Relaxed);
                if let Err(stopped) = control.step("rows read", rows, None) {
                    break Error::from(stopped);
                }
                match hear.recv_timeout(POLL) {
                    Ok(Said::End(result)) => return result,
                    Ok(Said::Rows(frame)) => {
                        if let Err(error) = take(frame) {
                            break error;
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(Error::engine(doing, &"the engine ended without a result"));
                    }
                }
            };
            watch.stop.store(true, Ordering::Relaxed);
            // Who waits to be heard waits no longer.
            drop(hear);
            Err(failed)
        })
    }
}

/// What a running plan says.
enum Said<T> {
    /// Some of its rows.
    Rows(DataFrame),
    /// What it came to.
    End(Result<T>),
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
            watch.go_on().map(|()| frame)
        };
        source.map(count, FLAGS, None, Some("watched"))
    }

    fn go_on(&self) -> PolarsResult<()> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(PolarsError::ComputeError("stopped".into())),
            false => Ok(()),
        }
    }
}
