//! Who fails to sign in too often has to wait.

use std::sync::Arc;
use std::time::Duration;

use super::fingerprint;
use crate::error::{ApiError, ApiResult};
use crate::states::{Counted, Ends, Memory, States};

/// Counts failures by name and by address, with the other servers if there are some.
///
/// While what is shared is away, each server counts by itself: nobody is kept out by that, and nobody may try without end.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    own: Memory,
    shared: Option<Arc<dyn States>>,
}

/// Failures that are forgiven.
const FREE: u32 = 5;

/// After this long without a failure all is forgotten.
const MEMORY: Duration = Duration::from_mins(15);

/// How long to wait after so many failures from the last one: twice as long each time, up to 5 minutes.
fn wait(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => Duration::from_secs((1 << more.min(9)).min(300)),
    }
}

/// What failures are kept under: short, and no list of names for whoever reads it.
fn name_of(who: &str) -> String {
    format!("failed:{}", fingerprint(who))
}

impl Limiter {
    pub(crate) fn new(shared: Option<Arc<dyn States>>) -> Self {
        Self { own: Memory::default(), shared }
    }

    async fn failures(&self, name: &str) -> Option<Counted> {
        if let Some(shared) = &self.shared
            && let Ok(counted) = shared.count(name).await
        {
            return counted;
        }
        self.own.count(name).await.ok().flatten()
    }

    /// Whether `who` may try.
    pub(crate) async fn check(&self, who: &[&str]) -> ApiResult<()> {
        for who in who {
            let Some(Counted { n, left }) = self.failures(&name_of(who)).await else { continue };
            let since = MEMORY.saturating_sub(left);
            let left = wait(n).saturating_sub(since);
            if !left.is_zero() {
                return Err(ApiError::Busy {
                    what: "too many failed sign-ins",
                    retry_after_secs: left.as_secs() + 1,
                });
            }
        }
        Ok(())
    }

    pub(crate) async fn failed(&self, who: &[&str]) {
        for who in who {
            for states in self.all() {
                // What cannot be reached has been said; then the own count is what counts.
                let _ = states.add(&name_of(who), 1, Ends::AfterLast(MEMORY)).await;
            }
        }
    }

    pub(crate) async fn succeeded(&self, who: &str) {
        for states in self.all() {
            let _ = states.forget(&name_of(who)).await;
        }
    }

    fn all(&self) -> impl Iterator<Item = &dyn States> {
        let own: &dyn States = &self.own;
        std::iter::once(own).chain(self.shared.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_fails_too_often_waits_longer_and_longer() {
        let limiter = Limiter::default();
        for _ in 0..FREE - 1 {
            limiter.failed(&["ann"]).await;
            limiter.check(&["ann"]).await.unwrap();
        }
        limiter.failed(&["ann"]).await;
        assert!(matches!(limiter.check(&["1.2.3.4", "ann"]).await, Err(ApiError::Busy { .. })));
        limiter.check(&["bob"]).await.unwrap();
        limiter.succeeded("ann").await;
        limiter.check(&["ann"]).await.unwrap();
        assert_eq!([4, 5, 6, 10, 30].map(|n| wait(n).as_secs()), [0, 1, 2, 32, 300]);
    }
}
