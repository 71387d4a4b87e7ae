//! What is remembered for minutes: failed sign-ins, programs that wait for somebody to sign them in, what was computed.
//!
//! A server remembers it by itself ([`Memory`]); several share it in a Redis, where the options name one.

mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(not(feature = "redis"))]
#[path = "../absent/redis.rs"]
mod redis;

use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;

use crate::error::ApiError;

pub(crate) use memory::Memory;
pub(crate) use redis::Redis;

/// What is shared cannot be reached. Its log has the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what servers share cannot be reached")]
pub(crate) struct Away;

impl From<Away> for ApiError {
    fn from(away: Away) -> Self {
        Self::Unavailable(format!("{away}; try again"))
    }
}

/// An answer that comes, or that nobody gives.
pub(crate) type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, Away>> + Send + 'a>>;

/// When a count is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// So long after it began.
    AfterFirst(Duration),
    /// So long after it was last changed.
    AfterLast(Duration),
}

/// A count that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) n: u32,
    /// How long it is still remembered.
    pub(crate) left: Duration,
}

/// Values and counts by name, each for a while. What two ask for at once happens one after the other.
pub(crate) trait States: Debug + Send + Sync {
    /// The value of a name.
    fn get<'a>(&'a self, name: &'a str) -> Reply<'a, Option<Vec<u8>>>;

    /// Sets a value, or with `new` of `None` removes it, if it is `old` until then; returns whether it was.
    ///
    /// One that was there is remembered as long as it would have been, a new one for `lifetime`.
    fn exchange<'a>(
        &'a self,
        name: &'a str,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
        lifetime: Duration,
    ) -> Reply<'a, bool>;

    /// Adds to a count, which is never less than nothing; returns what it is then.
    fn add<'a>(&'a self, name: &'a str, step: i32, ends: Ends) -> Reply<'a, u32>;

    /// A count; `None` for nothing.
    fn count<'a>(&'a self, name: &'a str) -> Reply<'a, Option<Counted>>;

    /// Forgets a value or a count.
    fn forget<'a>(&'a self, name: &'a str) -> Reply<'a, ()>;
}

#[cfg(test)]
mod tests;
