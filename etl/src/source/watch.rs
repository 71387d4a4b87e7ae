//! A second thread that interrupts work which takes too long or is not wanted any more.

use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::error::Fault;
use crate::{Control, Error};

/// Why reading a source ended early.
#[derive(Debug)]
pub(super) enum Halt {
    /// Something is wrong with the source.
    Fault(Fault),
    /// The caller stopped it, or something outside of sources failed.
    Error(Error),
}

impl Halt {
    pub(super) fn stopped(stopped: graph_core::Stopped) -> Self {
        Self::Error(stopped.into())
    }
}

impl<F: Into<Fault>> From<F> for Halt {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

/// Whether the watch had to interrupt, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alarm {
    Stopped,
    Late,
}

/// Time between two looks at whether the caller wants to stop.
const PAUSE: Duration = Duration::from_millis(25);

/// Does `work`, which counts rows in `Control::step`; calls `interrupt`, maybe more than once, when
/// the caller stops it or `limit` has passed, and then gives that as the reason of its failure.
pub(super) fn watched<T>(
    control: &Control,
    limit: Duration,
    interrupt: impl Fn() + Send,
    work: impl FnOnce() -> Result<T, Halt>,
) -> Result<T, Halt> {
    let alarm = OnceLock::new();
    let (done, is_done) = sync_channel::<()>(0);
    let result = thread::scope(|scope| {
        let alarm = &alarm;
        scope.spawn(move || {
            let end = Instant::now() + limit;
            // The sender is dropped when the work is over, or has panicked.
            while is_done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                let cause = match control.is_stopped() {
                    true => Alarm::Stopped,
                    false if end <= Instant::now() => Alarm::Late,
                    false => continue,
                };
                alarm.get_or_init(|| cause);
                interrupt();
            }
        });
        let result = work();
        drop(done);
        result
    });
    match (result, alarm.get()) {
        (Err(Halt::Fault(_)), Some(Alarm::Late)) => Err(Fault::Timeout { limit }.into()),
        (Err(Halt::Fault(_)), Some(Alarm::Stopped)) => {
            Err(Halt::Error(Error::Stopped { stage: "rows", done: 0 }))
        }
        (result, _) => result,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Spins until interrupted.
    fn spin(control: &Control, limit: Duration) -> Result<(), Halt> {
        let over = AtomicBool::new(false);
        watched(
            control,
            limit,
            || over.store(true, Ordering::Relaxed),
            || {
                while !over.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                Err(Fault::NoFiles.into())
            },
        )
    }

    #[test]
    fn work_ends_when_its_time_is_over() {
        let error = spin(&Control::NONE, Duration::from_millis(30)).unwrap_err();
        assert!(matches!(error, Halt::Fault(Fault::Timeout { .. })), "{error:?}");
    }

    #[test]
    fn work_ends_when_the_caller_stops_it() {
        let stop = AtomicBool::new(true);
        let control = Control::default().stopped_by(&stop);
        let error = spin(&control, Duration::from_hours(1)).unwrap_err();
        assert!(matches!(error, Halt::Error(Error::Stopped { .. })), "{error:?}");
    }

    #[test]
    fn work_that_is_done_is_not_interrupted() {
        let interrupted = AtomicBool::new(false);
        let value = watched(
            &Control::NONE,
            Duration::from_hours(1),
            || interrupted.store(true, Ordering::Relaxed),
            || Ok(7),
        );
        assert_eq!(value.unwrap(), 7);
        assert!(!interrupted.load(Ordering::Relaxed));
    }
}
