//! Signing in: from a name and a password, or a key, to a token; and from a token to its successor.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{Claims, Peer, TokenError, fingerprint, verify};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{User, now};

/// A sign-in that succeeded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SignedIn {
    pub(crate) token: String,
    pub(crate) claims: Claims,
}

/// Passwords that are being checked: so many at a time, as each takes 20 ms and 19 MiB.
#[derive(Debug)]
pub(crate) struct Hashing {
    permits: Semaphore,
    waiting: AtomicUsize,
}

/// Most checks that wait for their turn.
const MOST_WAITING: usize = 256;

/// How long a sign-in can be renewed.
const LONGEST_SECS: i64 = 7 * 24 * 3600;

impl Default for Hashing {
    fn default() -> Self {
        let n = std::thread::available_parallelism().map_or(1, usize::from);
        Self { permits: Semaphore::new(n), waiting: AtomicUsize::new(0) }
    }
}

impl Hashing {
    /// Runs `work`, which hashes, on a thread of its own once it is its turn and `first` does not object.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        first: impl Future<Output = ApiResult<()>>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> ApiResult<T> {
        struct Leave<'a>(&'a AtomicUsize);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let n = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _leave = Leave(&self.waiting);
        if n >= MOST_WAITING {
            return Err(ApiError::Busy { what: "too many sign-ins", retry_after_secs: 2 });
        }
        let _permit = self.permits.acquire().await.map_err(ApiError::internal)?;
        first.await?;
        tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
    }
}

/// A word that is another when the password is.
pub(crate) fn stamp(user: &User) -> Option<String> {
    Some(fingerprint(user.password.as_deref()?)[..12].to_owned())
}

impl Server {
    /// Signs somebody in by name and password, for an organization if they ask for one.
    ///
    /// Without accounts whatever is given is taken, and stands for the one user there is.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: &str,
        organization: Option<&str>,
        peer: Peer,
    ) -> ApiResult<SignedIn> {
        if !self.config.auth {
            return Ok(self.local_sign_in(name, organization));
        }
        let (by_name, by_peer) = (format!("name {name}"), peer.key());
        let who = [by_name.as_str(), by_peer.as_str()];
        self.limiter.check(&who).await?;
        let user = self.store.user_named(name).await?;
        let hash = user.as_ref().and_then(|user| user.password.clone());
        let password = password.to_owned();
        // Those who wait together are not all let in before the first of them has failed.
        let again = self.limiter.check(&who);
        let is_right =
            self.sign_ins.hashing.run(again, move || verify(&password, hash.as_deref())).await?;
        match user.filter(|_| is_right) {
            Some(user) => {
                self.limiter.succeeded(&by_name).await;
                self.begin(user, organization, None).await
            }
            None => {
                self.limiter.failed(&who).await;
                Err(ApiError::Unauthorized(
                    "there is no such name, or the password is another".to_owned(),
                ))
            }
        }
    }

    /// Signs a program in by the key of a user.
    pub(crate) async fn sign_in_by_key(
        &self,
        id: &str,
        secret: &str,
        organization: Option<&str>,
        peer: Peer,
    ) -> ApiResult<SignedIn> {
        if !self.config.auth {
            return Ok(self.local_sign_in(id, organization));
        }
        let by_peer = peer.key();
        self.limiter.check(&[&by_peer]).await?;
        // Of a secret of 256 bits nobody guesses a part by the time that comparing its hash takes.
        let key = self.store.key(id).await?.filter(|key| key.secret == fingerprint(secret));
        let user = match &key {
            Some(key) => self.store.user(&key.user_id).await?,
            None => None,
        };
        match user {
            Some(user) => self.begin(user, organization, key.map(|key| key.id)).await,
            None => {
                self.limiter.failed(&[&by_peer]).await;
                Err(ApiError::Unauthorized(
                    "there is no such key, or its secret is another".to_owned(),
                ))
            }
        }
    }

    /// The sign-in of a user who has shown who they are.
    pub(crate) async fn begin(
        &self,
        user: User,
        organization: Option<&str>,
        key: Option<String>,
    ) -> ApiResult<SignedIn> {
        // A user is an organization of one, too: that of their name.
        let organization = organization.filter(|slug| !slug.is_empty() && *slug != user.name);
        if let Some(slug) = organization {
            self.check_member(&user, slug).await?;
        }
        Ok(self.signed(Claims {
            stamp: stamp(&user),
            sub: user.id,
            username: user.name,
            organization: organization.map(str::to_owned),
            iat: 0,
            exp: 0,
            since: None,
            key,
        }))
    }

    /// That a user belongs to an organization.
    pub(crate) async fn check_member(&self, user: &User, slug: &str) -> ApiResult<()> {
        let organizations = self.store.organizations(&user.id).await?;
        match organizations.iter().any(|organization| organization.slug == slug) {
            true => Ok(()),
            false => {
                Err(ApiError::Forbidden(format!("you do not belong to an organization `{slug}`")))
            }
        }
    }

    /// The sign-in that everybody has where there are no accounts.
    pub(crate) fn local_sign_in(&self, name: &str, organization: Option<&str>) -> SignedIn {
        self.signed(Claims {
            sub: "local".to_owned(),
            username: name.to_owned(),
            organization: organization.filter(|slug| !slug.is_empty()).map(str::to_owned),
            iat: 0,
            exp: 0,
            since: None,
            stamp: None,
            key: None,
        })
    }

    /// A token of these claims that begins now.
    fn signed(&self, claims: Claims) -> SignedIn {
        let iat = now() / 1000;
        let lifetime = i64::try_from(self.config.token_lifetime.as_secs()).unwrap_or(i64::MAX);
        let since = claims.since.or(Some(iat));
        let claims = Claims { iat, exp: iat.saturating_add(lifetime), since, ..claims };
        SignedIn { token: self.tokens.sign(&claims), claims }
    }

    /// What a token says, if it counts: it has not ended, the account is there, and the password is still the same.
    pub(crate) async fn checked(&self, token: &str) -> ApiResult<Claims> {
        let unauthorized = |error: TokenError| ApiError::Unauthorized(error.to_string());
        let claims = self.tokens.read(token, now() / 1000).map_err(unauthorized)?;
        if !self.config.auth {
            return Ok(claims);
        }
        let user = self.store.user(&claims.sub).await?.filter(|user| stamp(user) == claims.stamp);
        user.map(|_| claims).ok_or_else(|| unauthorized(TokenError::Expired))
    }

    /// The successor of a token that has not ended; while it is young, itself.
    pub(crate) async fn renew(&self, token: &str) -> ApiResult<SignedIn> {
        let claims = match self.checked(token).await {
            Ok(claims) => claims,
            Err(_) if !self.config.auth => return Ok(self.local_sign_in("local", None)),
            Err(error) => return Err(error),
        };
        let at = now() / 1000;
        if at < claims.iat + (claims.exp - claims.iat) / 2 {
            return Ok(SignedIn { token: token.to_owned(), claims });
        }
        let expired = || ApiError::Unauthorized(TokenError::Expired.to_string());
        if self.config.auth {
            if claims.since.unwrap_or(claims.iat) + LONGEST_SECS <= at {
                return Err(expired());
            }
            if let Some(key) = &claims.key
                && self.store.key(key).await?.is_none()
            {
                return Err(expired());
            }
        }
        Ok(self.signed(claims))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::hash;
    use crate::config::Settings;
    use crate::users;

    /// A server with the account `ann`, and what a token of hers says that was made `age` seconds ago for a minute.
    async fn server(folder: &std::path::Path) -> (Server, impl Fn(i64) -> Claims) {
        let settings: Settings = toml::from_str("auth = true\ndevice = \"cpu\"").unwrap();
        let settings = Settings { data: Some(folder.to_owned()), ..settings };
        let server = Server::open(settings.resolve().unwrap()).await.unwrap();
        let user =
            users::add(&server.store, "ann", hash("correct horse").unwrap(), false).await.unwrap();
        let claims = move |age: i64| {
            let iat = now() / 1000 - age;
            Claims {
                sub: user.id.clone(),
                username: user.name.clone(),
                organization: None,
                iat,
                exp: iat + 60,
                since: Some(iat),
                stamp: stamp(&user),
                key: None,
            }
        };
        (server, claims)
    }

    #[tokio::test]
    async fn a_sign_in_is_renewed_in_its_second_half_and_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        let (server, claims) = server(folder.path()).await;
        let renewed = async |claims: &Claims| server.renew(&server.tokens.sign(claims)).await;
        let young = claims(5);
        assert_eq!(renewed(&young).await.unwrap().token, server.tokens.sign(&young));
        let old = claims(40);
        let new = renewed(&old).await.unwrap();
        assert!(new.claims.exp > old.exp);
        assert_eq!(new.claims.since, old.since, "it began when somebody signed in");
        let week = Claims { since: Some(old.iat - LONGEST_SECS), ..old.clone() };
        for (what, bad) in [
            ("ended", claims(61)),
            ("renewed for too long", week),
            (
                "of a key that was taken back",
                Claims { key: Some("gone".to_owned()), ..old.clone() },
            ),
            ("of another password", Claims { stamp: Some("other".to_owned()), ..old.clone() }),
            ("of nobody", Claims { sub: "nobody".to_owned(), ..old }),
        ] {
            let error = renewed(&bad).await.unwrap_err().to_string();
            assert_eq!(error, "Token has expired.", "{what}");
        }
    }
}
