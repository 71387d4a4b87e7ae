//! Long work: without Python's lock, with a progress bar, and stopped by Ctrl-C.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use graphlume::graph::{Control, Progress};
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Failure;

/// How often Ctrl-C is looked for.
const PAUSE: Duration = Duration::from_millis(25);

/// How long a job that was told to stop is waited for, if it can be left.
const LEAVE: Duration = Duration::from_millis(50);

/// Work that takes longer shows how far it is.
const PATIENCE: Duration = Duration::from_millis(500);

/// Runs `job` on the threads of the pool, while other Python threads go on.
///
/// Ctrl-C, and any other signal whose handler raises, stops the job at its next step, and what the handler
/// raised comes back. After half a second a progress bar named `label` shows, if one can be had.
pub(crate) fn work<T: Send, E: Into<Failure> + Send>(
    py: Python<'_>,
    label: &str,
    job: impl FnOnce(&Control<'_>) -> Result<T, E> + Send,
) -> PyResult<T> {
    let pool = pool()?;
    let stop = AtomicBool::new(false);
    let latest: Mutex<Option<Progress>> = Mutex::new(None);
    let report = |progress: Progress| {
        *latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    };
    let control = Control::default().reporting(&report).stopped_by(&stop);
    let (result, raised) = py.detach(|| {
        let (result, mut raised) = (Mutex::new(None), None);
        let (done, is_done) = channel::<()>();
        pool.in_place_scope(|scope| {
            let (result, control) = (&result, &control);
            scope.spawn(move |_| {
                let outcome = catch_unwind(AssertUnwindSafe(|| job(control)));
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                drop(done);
            });
            let begin = Instant::now();
            let mut bar = Bar::None;
            while is_done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = bar.look(label, begin, &latest) {
                    stop.store(true, Ordering::Relaxed);
                    raised.get_or_insert(error);
                }
            }
            bar.close();
        });
        (result.into_inner().unwrap_or_else(PoisonError::into_inner), raised)
    });
    if let Some(error) = raised {
        return Err(error);
    }
    finished(py, result)
}

/// As [`work`], of a job that has steps which cannot be stopped on their way, such as a sort: if it does not end soon
/// after it was told to, it is left to end on its own, and what it has made is dropped there.
pub(crate) fn work_apart<T: Send + 'static, E: Into<Failure> + Send + 'static>(
    py: Python<'_>,
    label: &str,
    job: impl FnOnce(&Control<'_>) -> Result<T, E> + Send + 'static,
) -> PyResult<T> {
    let pool = pool()?;
    let (give, result) = channel();
    let found: PyResult<_> = py.detach(move || {
        let shared = Arc::new((AtomicBool::new(false), Mutex::new(None)));
        let theirs = Arc::clone(&shared);
        pool.spawn(move || {
            let (stop, latest) = &*theirs;
            let report = |progress: Progress| {
                *latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
            };
            let control = Control::default().reporting(&report).stopped_by(stop);
            // Nobody may be there any more to take it.
            let _ = give.send(catch_unwind(AssertUnwindSafe(|| job(&control))));
        });
        let (stop, latest) = &*shared;
        let begin = Instant::now();
        let mut bar = Bar::None;
        let outcome = loop {
            match result.recv_timeout(PAUSE) {
                Ok(outcome) => break Ok(Some(outcome)),
                Err(RecvTimeoutError::Disconnected) => break Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(error) = bar.look(label, begin, latest) {
                stop.store(true, Ordering::Relaxed);
                // What it comes to is not wanted any more, but most often its threads are free then.
                drop(result.recv_timeout(LEAVE));
                break Err(error);
            }
        };
        bar.close();
        outcome
    });
    finished(py, found?)
}

/// Runs `job` on the threads of the pool, while other Python threads go on: for what cannot be stopped on its way.
///
/// Ctrl-C does not wait for it: what the handler raised comes back, while the job goes on to its end, and what it
/// has made is dropped there.
pub(crate) fn leave<T: Send + 'static, E: Into<Failure> + Send + 'static>(
    py: Python<'_>,
    job: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> PyResult<T> {
    let pool = pool()?;
    let (give, result) = channel();
    let found: PyResult<_> = py.detach(move || {
        pool.spawn(move || {
            // Nobody may be there any more to take it.
            let _ = give.send(catch_unwind(AssertUnwindSafe(job)));
        });
        loop {
            match result.recv_timeout(PAUSE) {
                Ok(outcome) => return Ok(Some(outcome)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => Python::attach(|py| py.check_signals())?,
            }
        }
    });
    finished(py, found?)
}

/// What a job came to.
fn finished<T, E: Into<Failure>>(
    py: Python<'_>,
    outcome: Option<std::thread::Result<Result<T, E>>>,
) -> PyResult<T> {
    match outcome {
        Some(Ok(result)) => result.map_err(|error| error.into().raise(py)),
        Some(Err(panic)) => resume_unwind(panic),
        None => Err(PyRuntimeError::new_err("the work ended without a result")),
    }
}

/// Runs `job` on the threads of the pool, while other Python threads go on: for what is over before anyone
/// could wish to stop it.
pub(crate) fn quick<T: Send, E: Into<Failure> + Send>(
    py: Python<'_>,
    job: impl FnOnce() -> Result<T, E> + Send,
) -> PyResult<T> {
    let pool = pool()?;
    py.detach(|| pool.install(job)).map_err(|error| error.into().raise(py))
}

/// A progress bar of the package's Python part, made when there is something to show.
enum Bar {
    None,
    Shown(Py<PyAny>),
    /// It could not be drawn.
    Broken,
}

impl Bar {
    /// Looks whether a signal came whose handler raises, and shows how far the job is that began at `begin`.
    fn look(
        &mut self,
        label: &str,
        begin: Instant,
        latest: &Mutex<Option<Progress>>,
    ) -> PyResult<()> {
        let progress = *latest.lock().unwrap_or_else(PoisonError::into_inner);
        Python::attach(|py| {
            py.check_signals()?;
            if PATIENCE < begin.elapsed()
                && let Err(error) = self.show(py, label, progress)
            {
                // Handlers of signals run while Python draws, too.
                if !error.is_instance_of::<PyException>(py) {
                    return Err(error);
                }
                // What is drawn matters less than what is computed.
                *self = Self::Broken;
            }
            Ok(())
        })
    }

    fn show(&mut self, py: Python<'_>, label: &str, progress: Option<Progress>) -> PyResult<()> {
        let Some(Progress { stage, done, total, .. }) = progress else { return Ok(()) };
        if let Self::None = self {
            let made = py.import("graphlume._progress")?.call_method1("bar", (label,))?;
            *self = Self::Shown(made.unbind());
        }
        match self {
            Self::Shown(bar) => bar.call_method1(py, "update", (stage, done, total)).map(drop),
            Self::None | Self::Broken => Ok(()),
        }
    }

    fn close(self) {
        if let Self::Shown(bar) = self {
            Python::attach(|py| bar.call_method0(py, "close").map(drop).unwrap_or_default());
        }
    }
}

/// The threads that work, of this process: those of a parent do not live in a child that it forks.
fn pool() -> PyResult<Arc<ThreadPool>> {
    /// The pool, and the process that its threads are of.
    static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);
    let this = std::process::id();
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((process, pool)) = &*pool
        && *process == this
    {
        return Ok(Arc::clone(pool));
    }
    let fresh = ThreadPoolBuilder::new().thread_name(|at| format!("graphlume-{at}")).build();
    let fresh = fresh.map_err(|error| {
        PyRuntimeError::new_err(format!("the threads that work cannot be started: {error}"))
    })?;
    let fresh = Arc::new(fresh);
    if let Some((_, old)) = pool.replace((this, Arc::clone(&fresh))) {
        // Its threads are the parent's: to wait for them would be to wait for ever.
        std::mem::forget(old);
    }
    Ok(fresh)
}
