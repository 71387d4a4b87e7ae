//! Trials that wait for a worker, and what stops the trial of one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Trial;
use crate::{Error, Result};

/// What stops the trial of a worker: its time, or the caller.
#[derive(Default)]
pub(super) struct Watch {
    /// Whether the trial is to end.
    pub(super) stop: AtomicBool,
    /// When the time of the trial is over, and whether that is what stopped it.
    limit: Mutex<(Option<Instant>, bool)>,
}

impl Watch {
    /// How often it is looked at.
    pub(super) const PAUSE: Duration = Duration::from_millis(10);

    fn limit(&self) -> MutexGuard<'_, (Option<Instant>, bool)> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A trial begins, with so much time.
    pub(super) fn begin(&self, timeout: Option<Duration>) {
        let mut limit = self.limit();
        self.stop.store(false, Ordering::Relaxed);
        *limit = (timeout.map(|timeout| Instant::now() + timeout), false);
    }

    /// Stops the trial if its time is over, or the caller wants that.
    pub(super) fn look(&self, stop: bool) {
        let mut limit = self.limit();
        if limit.0.is_some_and(|end| end <= Instant::now()) {
            *limit = (None, true);
            self.stop.store(true, Ordering::Relaxed);
        }
        if stop {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Ends the watch over a trial; whether its time was over.
    pub(super) fn end(&self) -> bool {
        let mut limit = self.limit();
        limit.0 = None;
        limit.1
    }
}

/// Trials that wait, and GPUs that are free.
pub(super) struct Queue {
    state: Mutex<Waiting>,
    freed: Condvar,
}

struct Waiting {
    left: VecDeque<usize>,
    gpus: Vec<u32>,
    n_done: usize,
    failure: Option<Error>,
}

impl Queue {
    pub(super) fn new(trials: Vec<usize>, gpus: Vec<u32>) -> Self {
        let state = Waiting { left: trials.into(), gpus, n_done: 0, failure: None };
        Self { state: Mutex::new(state), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next trial that can begin, and the GPU that it takes; waits for one while only such trials are
    /// left.
    pub(super) fn next(&self, trials: &[Trial]) -> Option<(usize, Option<u32>)> {
        let mut state = self.lock();
        loop {
            if state.left.is_empty() {
                return None;
            }
            let free = !state.gpus.is_empty();
            let fits = state.left.iter().position(|&at| !trials[at].gpu || free);
            if let Some(at) = fits.and_then(|place| state.left.remove(place)) {
                let gpu = if trials[at].gpu { state.gpus.pop() } else { None };
                return Some((at, gpu));
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A trial ended, which had this GPU; whether by itself, or what made the runner fail.
    pub(super) fn done(&self, gpu: Option<u32>, done: Result<bool>) {
        let mut state = self.lock();
        state.gpus.extend(gpu);
        match done {
            Ok(ended) => state.n_done += usize::from(ended),
            Err(error) => {
                state.left.clear();
                state.failure.get_or_insert(error);
            }
        }
        self.freed.notify_all();
    }

    /// No trial begins any more.
    pub(super) fn close(&self) {
        self.lock().left.clear();
        self.freed.notify_all();
    }

    /// How many trials ended by themselves.
    pub(super) fn n_done(&self) -> u64 {
        self.lock().n_done as u64
    }

    /// That number, and the first failure of the runner.
    pub(super) fn end(self) -> (usize, Option<Error>) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (state.n_done, state.failure)
    }
}
