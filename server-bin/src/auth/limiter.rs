//! Who fails to sign in too often has to wait; nobody can make somebody else wait.
//!
//! Failures are counted three ways, each with a rule of its own:
//!
//! - *by address and name*: whoever guesses at one account is sent away for longer and longer. This alone is what keeps
//!   somebody out, and only at the address that failed: counted by the name alone, a stranger with a few wrong passwords
//!   would lock the owner of the account out.
//! - *by address*: whoever tries one password at many names is sent away, too. More failures are forgiven, since people
//!   behind one router, or one proxy, share an address.
//! - *by name*: guessing from many addresses at once is what the first two do not see. Once there were many failures,
//!   each attempt from an address at which nobody has signed in to that account before takes some seconds, whether its
//!   password is right or not, and only so many are under way at a time. That slows guessing to some hundred thousand
//!   a day, too few for any password but the worst, and delays the owner by seconds at a new address and not at all
//!   at one of theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Peer, fingerprint};
use crate::error::{ApiError, ApiResult};
use crate::states::{Counted, Ends, Memory, States};

/// Counts failures, with the other servers if there are some.
///
/// While what is shared is away, each server counts by itself: nobody is kept out by that, and nobody may try without end.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    own: Memory,
    /// Addresses at which somebody signed in: kept for long, and apart, so that they push no failures out.
    known: Memory,
    shared: Option<Arc<dyn States>>,
    /// Attempts that are being delayed, by name.
    delayed: Mutex<HashMap<String, usize>>,
}

/// Failures that are forgiven at an address, of one name and of all.
const FREE: u32 = 5;
const FREE_AT_ADDRESS: u32 = 30;

/// Failures of a name, from wherever, after which attempts are delayed; by how much for each further one, and at most.
const FREE_OF_NAME: u32 = 20;
const DELAY_STEP: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(3);

/// Most attempts at a name that are delayed at the same time.
const MOST_DELAYED: usize = 8;

/// After this long without a failure all is forgotten.
const MEMORY: Duration = Duration::from_mins(15);

/// How long an address is remembered at which somebody signed in.
const KNOWN: Duration = Duration::from_hours(30 * 24);

/// How long to wait after so many failures more than are forgiven: twice as long each time, up to 5 minutes.
fn wait(failures: u32, free: u32) -> Duration {
    match failures.checked_sub(free) {
        None => Duration::ZERO,
        Some(more) => Duration::from_secs((1 << more.min(9)).min(300)),
    }
}

/// How long an attempt takes at a name that failed so often.
fn delay(failures: u32) -> Duration {
    (DELAY_STEP * failures.saturating_sub(FREE_OF_NAME - 1)).min(LONGEST_DELAY)
}

/// Somebody who tries to sign in, by what is counted: short, and no list of names for whoever reads it.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    address: String,
    named: Option<Named>,
}

#[derive(Debug, Clone)]
struct Named {
    name: String,
    pair: String,
    known: String,
}

impl Attempt {
    /// An attempt at the account of that name, or by a key, which has none until it is known.
    pub(crate) fn new(name: Option<&str>, peer: Peer) -> Self {
        let address = peer.key();
        let failed = |who: &str| format!("failed:{}", fingerprint(who));
        let named = name.map(|name| {
            let pair = format!("{address} name {name}");
            Named {
                name: failed(&format!("name {name}")),
                known: format!("known:{}", fingerprint(&pair)),
                pair: failed(&pair),
            }
        });
        Self { address: failed(&address), named }
    }

    /// What is counted, and how many failures of it are forgiven before somebody is sent away.
    fn limits(&self) -> impl Iterator<Item = (&str, u32)> {
        let pair = self.named.as_ref().map(|named| (named.pair.as_str(), FREE));
        pair.into_iter().chain([(self.address.as_str(), FREE_AT_ADDRESS)])
    }
}

impl Limiter {
    pub(crate) fn new(shared: Option<Arc<dyn States>>) -> Self {
        Self { shared, ..Self::default() }
    }

    async fn failures(&self, name: &str) -> Option<Counted> {
        if let Some(shared) = &self.shared
            && let Ok(counted) = shared.count(name).await
        {
            return counted;
        }
        self.own.count(name).await.ok().flatten()
    }

    /// Whether somebody may try.
    pub(crate) async fn check(&self, attempt: &Attempt) -> ApiResult<()> {
        for (who, free) in attempt.limits() {
            let Some(Counted { n, left }) = self.failures(who).await else { continue };
            let since = MEMORY.saturating_sub(left);
            let left = wait(n, free).saturating_sub(since);
            if !left.is_zero() {
                return Err(ApiError::Busy {
                    what: "too many failed sign-ins",
                    retry_after_secs: left.as_secs() + 1,
                });
            }
        }
        Ok(())
    }

    /// Takes as long as an attempt at that name has to take.
    pub(crate) async fn delay(&self, attempt: &Attempt) -> ApiResult<()> {
        let Some(named) = &attempt.named else { return Ok(()) };
        let failures = self.failures(&named.name).await.map_or(0, |counted| counted.n);
        let delay = delay(failures);
        if delay.is_zero() || self.is_known(&named.known).await {
            return Ok(());
        }
        let _place = Delayed::begin(&self.delayed, &named.name)?;
        tokio::time::sleep(delay).await;
        Ok(())
    }

    async fn is_known(&self, name: &str) -> bool {
        for states in self.with_shared(&self.known) {
            if let Ok(Some(_)) = states.get(name).await {
                return true;
            }
        }
        false
    }

    pub(crate) async fn failed(&self, attempt: &Attempt) {
        let name = attempt.named.as_ref().map(|named| named.name.as_str());
        for who in attempt.limits().map(|(who, _)| who).chain(name) {
            for states in self.with_shared(&self.own) {
                // What cannot be reached has been said; then the own count is what counts.
                let _ = states.add(who, 1, Ends::AfterLast(MEMORY)).await;
            }
        }
    }

    /// Forgives what failed at that address under that name; what others did is not forgotten for it.
    pub(crate) async fn succeeded(&self, attempt: &Attempt) {
        let Some(named) = &attempt.named else { return };
        for states in self.with_shared(&self.own) {
            let _ = states.forget(&named.pair).await;
        }
        for states in self.with_shared(&self.known) {
            // One that is known is remembered anew.
            let _ = states.forget(&named.known).await;
            let _ = states.exchange(&named.known, None, Some(b"1"), KNOWN).await;
        }
    }

    fn with_shared<'a>(&'a self, own: &'a Memory) -> impl Iterator<Item = &'a dyn States> {
        let own: &dyn States = own;
        std::iter::once(own).chain(self.shared.as_deref())
    }
}

/// An attempt that is being delayed, for as long as this is there.
struct Delayed<'a> {
    all: &'a Mutex<HashMap<String, usize>>,
    name: String,
}

impl<'a> Delayed<'a> {
    fn begin(all: &'a Mutex<HashMap<String, usize>>, name: &str) -> ApiResult<Self> {
        let mut delayed = Self::lock(all);
        let n = delayed.entry(name.to_owned()).or_default();
        if *n >= MOST_DELAYED {
            return Err(ApiError::Busy {
                what: "too many sign-ins to this account at the same time",
                retry_after_secs: LONGEST_DELAY.as_secs(),
            });
        }
        *n += 1;
        Ok(Self { all, name: name.to_owned() })
    }

    fn lock(all: &Mutex<HashMap<String, usize>>) -> MutexGuard<'_, HashMap<String, usize>> {
        all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Delayed<'_> {
    fn drop(&mut self) {
        let mut delayed = Self::lock(self.all);
        if let Some(n) = delayed.get_mut(&self.name) {
            *n -= 1;
            if *n == 0 {
                delayed.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn at(name: &str, host: u8) -> Attempt {
        Attempt::new(Some(name), Peer(Some([10, 0, 0, host].into())))
    }

    #[tokio::test]
    async fn whoever_fails_too_often_waits_longer_and_longer() {
        let limiter = Limiter::default();
        for _ in 0..FREE - 1 {
            limiter.failed(&at("ann", 1)).await;
            limiter.check(&at("ann", 1)).await.unwrap();
        }
        limiter.failed(&at("ann", 1)).await;
        assert!(matches!(limiter.check(&at("ann", 1)).await, Err(ApiError::Busy { .. })));
        limiter.check(&at("bob", 1)).await.unwrap();
        limiter.succeeded(&at("ann", 1)).await;
        limiter.check(&at("ann", 1)).await.unwrap();
        assert_eq!([4, 5, 6, 10, 30].map(|n| wait(n, FREE).as_secs()), [0, 1, 2, 32, 300]);
    }

    #[tokio::test]
    async fn nobody_locks_anybody_else_out() {
        let limiter = Limiter::default();
        for _ in 0..100 {
            limiter.failed(&at("ann", 1)).await;
        }
        assert!(limiter.check(&at("ann", 1)).await.is_err());
        limiter.check(&at("ann", 2)).await.unwrap();
    }

    #[tokio::test]
    async fn whoever_tries_many_names_is_sent_away() {
        let limiter = Limiter::default();
        for i in 0..FREE_AT_ADDRESS {
            limiter.check(&at("eve", 1)).await.unwrap();
            limiter.failed(&at(&format!("user {i}"), 1)).await;
        }
        assert!(limiter.check(&at("eve", 1)).await.is_err());
        assert!(
            limiter.check(&Attempt::new(None, Peer(Some([10, 0, 0, 1].into())))).await.is_err()
        );
        limiter.check(&at("eve", 2)).await.unwrap();
    }

    #[tokio::test]
    async fn guessing_from_everywhere_is_slow_and_the_owner_is_not() {
        let limiter = Limiter::default();
        limiter.succeeded(&at("ann", 1)).await;
        for host in 0..FREE_OF_NAME as u8 {
            limiter.failed(&at("ann", 10 + host)).await;
        }
        let begun = Instant::now();
        limiter.check(&at("ann", 1)).await.unwrap();
        limiter.delay(&at("ann", 1)).await.unwrap();
        assert!(begun.elapsed() < DELAY_STEP, "an address that is known");
        limiter.check(&at("ann", 201)).await.unwrap();
        limiter.delay(&at("ann", 201)).await.unwrap();
        assert!(begun.elapsed() >= DELAY_STEP, "a new address");
        limiter.delay(&at("bob", 201)).await.unwrap();
        // So many are let in at the same time, and then the next ones.
        let attempt = at("ann", 202);
        let many = futures_util::future::join_all((0..20).map(|_| limiter.delay(&attempt))).await;
        assert_eq!(many.iter().filter(|one| one.is_ok()).count(), MOST_DELAYED);
        limiter.delay(&attempt).await.unwrap();
        assert!(limiter.delayed.lock().unwrap().is_empty());
        assert_eq!([0, 19, 20, 21, 1000].map(|n| delay(n).as_millis()), [0, 0, 250, 500, 3000]);
    }

    #[tokio::test]
    async fn servers_count_together() {
        let shared: Arc<dyn States> = Arc::new(Memory::default());
        let [one, two] = [(); 2].map(|()| Limiter::new(Some(Arc::clone(&shared))));
        for _ in 0..FREE {
            one.failed(&at("ann", 1)).await;
        }
        assert!(two.check(&at("ann", 1)).await.is_err());
        two.succeeded(&at("ann", 1)).await;
        one.check(&at("ann", 1)).await.unwrap();
    }
}
