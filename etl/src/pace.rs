//! How far threads are that share a work, told to the caller as they go.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{Control, Error, Result};

/// Reports of a work, at most: what watches shows no finer shares, and a report may cost.
const MOST_REPORTS: u64 = 200;

/// Counts what threads have finished of a work of known size, and reports it: counts only rise, and
/// the last one is the total.
#[derive(Debug)]
pub(crate) struct Pace<'a> {
    control: &'a Control<'a>,
    stage: &'static str,
    total: u64,
    done: AtomicU64,
    /// The count that was reported last. Whoever holds it reports.
    told: Mutex<u64>,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(control: &'a Control<'a>, stage: &'static str, total: usize) -> Self {
        let total = total as u64;
        Self { control, stage, total, done: AtomicU64::new(0), told: Mutex::new(0) }
    }

    /// Does a part of the work, of `size`, and counts it; `None` if the caller wants to stop.
    pub(crate) fn part<T>(&self, size: usize, work: impl FnOnce() -> T) -> Option<T> {
        self.try_part(size, || Some(work()))
    }

    /// As [`part`](Self::part), of work that may stop on its way: `None`, and then it is not counted.
    pub(crate) fn try_part<T>(&self, size: usize, work: impl FnOnce() -> Option<T>) -> Option<T> {
        let made = self.unless_stopped(work)??;
        self.add(size as u64);
        Some(made)
    }

    /// Does work that is not counted; `None` if the caller wants to stop.
    pub(crate) fn unless_stopped<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        (!self.control.is_stopped()).then(work)
    }

    fn add(&self, size: u64) {
        self.done.fetch_add(size, Relaxed);
        // Nobody waits: who finds it taken leaves the count to whoever reports next, and a report
        // that starts work of its own in this pool cannot come to wait for itself.
        let Ok(mut told) = self.told.try_lock() else { return };
        let done = self.done.load(Relaxed);
        if done < self.total && done - *told >= self.total.div_ceil(MOST_REPORTS) {
            *told = done;
            // Whether to stop is asked before each part, at least.
            let _ = self.control.step(self.stage, done, Some(self.total));
        }
    }

    /// Reports the end.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] with what was done, if a part was left out or the caller wants to stop.
    pub(crate) fn finish(self) -> Result<()> {
        let (stage, done) = (self.stage, self.done.into_inner());
        if done < self.total {
            return Err(Error::Stopped { stage, done });
        }
        Ok(self.control.step(stage, done, Some(self.total))?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use rayon::prelude::*;

    use super::*;

    #[test]
    fn counts_of_threads_rise_to_the_total() {
        let told = Mutex::new(Vec::new());
        let report = |progress: graph_core::Progress| told.lock().unwrap().push(progress.done);
        let control = Control::default().reporting(&report);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        pool.install(|| {
            let pace = Pace::new(&control, "rows", 3000);
            (0..1000).into_par_iter().for_each(|_| assert_eq!(pace.part(3, || 1), Some(1)));
            pace.finish().unwrap();
        });
        let told = told.into_inner().unwrap();
        assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
        assert_eq!(told.last(), Some(&3000));
        assert!(told.len() <= MOST_REPORTS as usize + 1, "{told:?}");
    }

    #[test]
    fn a_report_may_start_work_of_its_own() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let report = |_| {
            let sum: usize = (0..64).into_par_iter().with_max_len(1).sum();
            assert_eq!(sum, 2016);
        };
        let control = Control::default().reporting(&report);
        pool.install(|| {
            let pace = Pace::new(&control, "rows", 500);
            (0..500).into_par_iter().with_max_len(1).for_each(|_| {
                pace.part(1, || ());
            });
            pace.finish().unwrap();
        });
    }

    #[test]
    fn a_part_that_is_left_out_is_an_error() {
        let stop = AtomicBool::new(false);
        let control = Control::default().stopped_by(&stop);
        let pace = Pace::new(&control, "rows", 2);
        assert!(pace.part(1, || ()).is_some());
        stop.store(true, Relaxed);
        assert!(pace.part(1, || ()).is_none());
        stop.store(false, Relaxed);
        let error = pace.finish().unwrap_err();
        assert!(matches!(error, Error::Stopped { stage: "rows", done: 1 }), "{error}");
    }

    #[test]
    fn a_part_that_stops_on_its_way_is_not_counted() {
        let stop = AtomicBool::new(false);
        let control = Control::default().stopped_by(&stop);
        let pace = Pace::new(&control, "rows", 16);
        let mut rows = Vec::new();
        let mut row = |row: usize| {
            rows.push(row);
            stop.store(row == 9, Relaxed);
        };
        let mut part = |part: std::ops::Range<usize>| {
            let size = part.len();
            let made: Option<Vec<()>> =
                pace.try_part(size, || part.map(|at| pace.unless_stopped(|| row(at))).collect());
            made.is_some()
        };
        assert_eq!([part(0..8), part(8..16)], [true, false]);
        assert!(rows.into_iter().eq(0..10));
        let error = pace.finish().unwrap_err();
        assert!(matches!(error, Error::Stopped { stage: "rows", done: 8 }), "{error}");
    }
}
