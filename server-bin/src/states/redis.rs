//! What servers share, in a Redis of version 6 or later, or whatever speaks its protocol.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisResult, Script};

use super::{Away, Counted, Ends, Reply, States};

/// States in a Redis.
pub(crate) struct Redis {
    connection: ConnectionManager,
    /// Stands before every name, so that others can use the same Redis.
    prefix: String,
    exchange: Script,
    add: Script,
    /// Until when nobody asks, since it did not answer.
    away: Mutex<Option<Instant>>,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long nobody asks after one that did not come: who asks meanwhile hears at once that there is none.
const PAUSE: Duration = Duration::from_secs(2);

/// ARGV: whether there is an old value, the old value, whether there is a new one, the new one, milliseconds.
const EXCHANGE: &str = "
local now = redis.call('GET', KEYS[1])
if ARGV[1] == '1' then
    if now ~= ARGV[2] then return 0 end
elseif now then
    return 0
end
if ARGV[3] == '0' then
    redis.call('DEL', KEYS[1])
elseif now then
    redis.call('SET', KEYS[1], ARGV[4], 'KEEPTTL')
else
    redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
return 1";

/// ARGV: the step, whether the end moves, milliseconds.
const ADD: &str = "
local n = redis.call('INCRBY', KEYS[1], ARGV[1])
if n <= 0 then
    redis.call('DEL', KEYS[1])
    return 0
end
if ARGV[2] == '1' or redis.call('PTTL', KEYS[1]) < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return n";

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Redis {
    /// A connection that is made when it is first used. `installation` tells apart those that use one Redis.
    ///
    /// # Errors
    ///
    /// If the address is none. A Redis that cannot be reached is no error: it may come back.
    pub(crate) fn open(address: &str, installation: &str) -> anyhow::Result<Self> {
        let client = Client::open(address).context("redis")?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config).context("redis")?,
            prefix: format!("graphlume:{installation}:"),
            exchange: Script::new(EXCHANGE),
            add: Script::new(ADD),
            away: Mutex::new(None),
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The answer that `work` brings over a connection.
    async fn ask<T, F>(&self, work: impl FnOnce(ConnectionManager) -> F + Send) -> Result<T, Away>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        let is_away = |away: &Option<Instant>| away.is_some_and(|until| Instant::now() < until);
        if is_away(&self.away.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Err(Away);
        }
        let answer = tokio::time::timeout(2 * PATIENCE, work(self.connection.clone())).await;
        let (answer, reason) = match answer {
            Ok(Ok(answer)) => (Ok(answer), None),
            Ok(Err(error)) => (Err(Away), Some(error.to_string())),
            Err(_) => (Err(Away), Some("no answer".to_owned())),
        };
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match (&reason, away.is_some()) {
            (Some(reason), false) => {
                tracing::warn!("redis: {reason}; until it is back each server counts by itself");
            }
            (None, true) => tracing::info!("redis is back"),
            _ => {}
        }
        *away = reason.map(|_| Instant::now() + PAUSE);
        answer
    }
}

impl States for Redis {
    fn get<'a>(&'a self, name: &'a str) -> Reply<'a, Option<Vec<u8>>> {
        Box::pin(self.ask(move |mut redis| async move { redis.get(self.key(name)).await }))
    }

    fn exchange<'a>(
        &'a self,
        name: &'a str,
        old: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
        lifetime: Duration,
    ) -> Reply<'a, bool> {
        Box::pin(self.ask(move |mut redis| async move {
            let mut script = self.exchange.key(self.key(name));
            for value in [old, new] {
                script.arg(i32::from(value.is_some())).arg(value.unwrap_or_default());
            }
            script.arg(millis(lifetime)).invoke_async(&mut redis).await
        }))
    }

    fn add<'a>(&'a self, name: &'a str, step: i32, ends: Ends) -> Reply<'a, u32> {
        Box::pin(self.ask(move |mut redis| async move {
            let (moves, lifetime) = match ends {
                Ends::AfterFirst(lifetime) => (0, lifetime),
                Ends::AfterLast(lifetime) => (1, lifetime),
            };
            let mut script = self.add.key(self.key(name));
            script.arg(step).arg(moves).arg(millis(lifetime)).invoke_async(&mut redis).await
        }))
    }

    fn count<'a>(&'a self, name: &'a str) -> Reply<'a, Option<Counted>> {
        Box::pin(self.ask(move |mut redis| async move {
            let key = self.key(name);
            let mut both = redis::pipe();
            both.atomic().get(&key).pttl(&key);
            let (n, left): (Option<u32>, i64) = both.query_async(&mut redis).await?;
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
            Ok(n.map(|n| Counted { n, left }))
        }))
    }

    fn forget<'a>(&'a self, name: &'a str) -> Reply<'a, ()> {
        Box::pin(self.ask(move |mut redis| async move { redis.del(self.key(name)).await }))
    }
}

/// A time as Redis counts it, which is never nothing.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
