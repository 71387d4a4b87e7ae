//! Who fails to sign in too often has to wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{ApiError, ApiResult};

/// Counts failures by name and by address.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    failures: Mutex<HashMap<String, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    n: u32,
    last: Instant,
}

/// Failures that are forgiven.
const FREE: u32 = 5;

/// After this long without a failure all is forgotten.
const MEMORY: Duration = Duration::from_mins(15);

/// Names that are remembered at once: whoever tries more names than that is held up by their address.
const MOST: usize = 100_000;

impl Failures {
    /// How long to wait from the last failure: twice as long each time, up to 5 minutes.
    fn wait(self) -> Duration {
        match self.n.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(more) => Duration::from_secs((1 << more.min(9)).min(300)),
        }
    }
}

impl Limiter {
    /// Whether `who` may try.
    pub(crate) fn check(&self, who: &[&str]) -> ApiResult<()> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for who in who {
            let Some(known) = failures.get(*who) else { continue };
            if let Some(left) = known.wait().checked_sub(known.last.elapsed()) {
                return Err(ApiError::Busy {
                    what: "too many failed sign-ins",
                    retry_after_secs: left.as_secs() + 1,
                });
            }
        }
        Ok(())
    }

    pub(crate) fn failed(&self, who: &[&str]) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() > MOST {
            failures.retain(|_, known| known.last.elapsed() < MEMORY);
        }
        for who in who {
            if failures.len() <= MOST || failures.contains_key(*who) {
                let known = failures
                    .entry((*who).to_owned())
                    .or_insert(Failures { n: 0, last: Instant::now() });
                let forgotten = known.last.elapsed() >= MEMORY;
                *known =
                    Failures { n: if forgotten { 1 } else { known.n + 1 }, last: Instant::now() };
            }
        }
    }

    pub(crate) fn succeeded(&self, who: &str) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_fails_too_often_waits_longer_and_longer() {
        let limiter = Limiter::default();
        for _ in 0..FREE - 1 {
            limiter.failed(&["ann"]);
            limiter.check(&["ann"]).unwrap();
        }
        limiter.failed(&["ann"]);
        assert!(matches!(limiter.check(&["1.2.3.4", "ann"]), Err(ApiError::Busy { .. })));
        limiter.check(&["bob"]).unwrap();
        limiter.succeeded("ann");
        limiter.check(&["ann"]).unwrap();
        let waits: Vec<u64> = [4, 5, 6, 10, 30]
            .map(|n| Failures { n, last: Instant::now() }.wait().as_secs())
            .to_vec();
        assert_eq!(waits, [0, 1, 2, 32, 300]);
    }
}
