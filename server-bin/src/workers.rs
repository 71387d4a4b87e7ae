//! Computations: so many at a time, so many that wait, and none for clients that have gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use graphlume::etl::Control;
use tokio::sync::Semaphore;

use crate::error::{ApiError, ApiResult};

/// Who computes.
#[derive(Debug)]
pub(crate) struct Workers {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl Workers {
    pub(crate) fn new(n: usize) -> Self {
        // Whoever waits behind so many would have gone before it is their turn.
        Self {
            permits: Arc::new(Semaphore::new(n)),
            waiting: AtomicUsize::new(0),
            most_waiting: 32 * n,
        }
    }

    /// Computations that wait for their turn.
    pub(crate) fn n_waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Runs `work` on a thread that may be busy for long, once it is its turn. If the caller goes away, the work is
    /// told to stop.
    pub(crate) async fn run<T, W>(&self, work: W) -> ApiResult<T>
    where
        T: Send + 'static,
        W: FnOnce(&Control<'_>) -> ApiResult<T> + Send + 'static,
    {
        let waiting = Waiting::begin(&self.waiting);
        if waiting.n > self.most_waiting {
            return Err(ApiError::Busy { what: "too many computations wait", retry_after_secs: 5 });
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(ApiError::internal)?;
        drop(waiting);
        let leaving = Leaving(Arc::new(AtomicBool::new(false)));
        let stop = Arc::clone(&leaving.0);
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&Control::default().stopped_by(&stop))
        });
        let result = done.await;
        drop(leaving);
        result.map_err(ApiError::internal)?
    }
}

/// One more in the queue, for as long as it is there.
struct Waiting<'a> {
    queue: &'a AtomicUsize,
    n: usize,
}

impl<'a> Waiting<'a> {
    fn begin(queue: &'a AtomicUsize) -> Self {
        Self { queue, n: queue.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Says that whoever asked has gone.
struct Leaving(Arc<AtomicBool>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_stops_when_its_caller_has_gone() {
        let workers = Workers::new(1);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let work = workers.run(move |control| {
            begun.send(()).unwrap();
            while !control.is_stopped() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
            Ok(())
        });
        tokio::select! {
            _ = work => panic!("nobody told it to stop"),
            _ = has_begun => {}
        }
        has_ended.await.unwrap();
    }

    #[tokio::test]
    async fn whoever_waits_behind_too_many_is_sent_away() {
        let workers = Arc::new(Workers { most_waiting: 1, ..Workers::new(1) });
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let workers = Arc::clone(&workers);
            async move { workers.run(move |_| wait.recv().map_err(ApiError::internal)).await }
        });
        while workers.permits.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn({
            let workers = Arc::clone(&workers);
            async move { workers.run(|_| Ok(2)).await }
        });
        while workers.n_waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(workers.run(|_| Ok(3)).await, Err(ApiError::Busy { .. })));
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(second.await.unwrap().unwrap(), 2);
    }
}
