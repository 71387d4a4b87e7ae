//! Signing in: from a name and a password, or a key, to a token; and from a token to its successor.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{Attempt, Claims, Peer, TokenError, fingerprint, random, verify};
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

/// The id of a sign-in. Tokens of older servers have none: of these each is one of its own.
fn sign_in_of(token: &str, claims: &Claims) -> String {
    claims.sid.clone().unwrap_or_else(|| fingerprint(token))
}

/// A word that is another when the password is.
fn stamp(user: &User) -> Option<String> {
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
        let attempt = Attempt::new(Some(name), peer);
        self.limiter.check(&attempt).await?;
        self.limiter.delay(&attempt).await?;
        let user = self.store.user_named(name).await?;
        let hash = user.as_ref().and_then(|user| user.password.clone());
        let password = password.to_owned();
        // Those who wait together are not all let in before the first of them has failed.
        let again = self.limiter.check(&attempt);
        let is_right =
            self.sign_ins.hashing.run(again, move || verify(&password, hash.as_deref())).await?;
        match user.filter(|_| is_right) {
            Some(user) => {
                self.limiter.succeeded(&attempt).await;
                self.begin(user, organization, None).await
            }
            None => {
                self.limiter.failed(&attempt).await;
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
        let attempt = Attempt::new(None, peer);
        self.limiter.check(&attempt).await?;
        // Of a secret of 256 bits nobody guesses a part by the time that comparing its hash takes.
        let key = self.store.key(id).await?.filter(|key| key.secret == fingerprint(secret));
        let user = match &key {
            Some(key) => self.store.user(&key.user_id).await?,
            None => None,
        };
        match user {
            Some(user) => self.begin(user, organization, key.map(|key| key.id)).await,
            None => {
                self.limiter.failed(&attempt).await;
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
            sid: Some(random()),
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
            sid: None,
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

    /// What a token says and whose it is, if it counts: it has not ended, nobody signed out with it, the account is
    /// there, and the password is still the same.
    pub(crate) async fn holder(
        &self,
        token: &str,
    ) -> ApiResult<Result<(Claims, User), TokenError>> {
        let claims = match self.tokens.read(token, now() / 1000) {
            Ok(claims) => claims,
            Err(error) => return Ok(Err(error)),
        };
        Ok(match self.store.user(&claims.sub).await? {
            None => Err(TokenError::Gone),
            Some(user) if stamp(&user) != claims.stamp => Err(TokenError::Changed),
            Some(_) if self.store.is_ended(&sign_in_of(token, &claims)).await? => {
                Err(TokenError::SignedOut)
            }
            Some(user) => Ok((claims, user)),
        })
    }

    /// What a token says, if it counts; clients are told that another has expired, so that they sign in again.
    pub(crate) async fn checked(&self, token: &str) -> ApiResult<Claims> {
        let claims = match self.config.auth {
            true => self.holder(token).await?.map(|(claims, _)| claims),
            false => self.tokens.read(token, now() / 1000),
        };
        claims.map_err(|error| {
            let is_foreign = error == TokenError::Foreign;
            let error = if is_foreign { error } else { TokenError::Expired };
            ApiError::Unauthorized(error.to_string())
        })
    }

    /// Ends a sign-in, on all servers of the database: neither the token counts any more nor what it was renewed to.
    pub(crate) async fn sign_out(&self, token: &str) -> ApiResult<()> {
        let at = now() / 1000;
        // What does not count needs no end.
        let (true, Ok(claims)) = (self.config.auth, self.tokens.read(token, at)) else {
            return Ok(());
        };
        let lifetime = i64::try_from(self.config.token_lifetime.as_secs()).unwrap_or(i64::MAX);
        let last = claims.since.unwrap_or(claims.iat).saturating_add(LONGEST_SECS);
        let ends_at = last.saturating_add(lifetime).max(claims.exp);
        Ok(self.store.end_sign_in(&sign_in_of(token, &claims), at, ends_at).await?)
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
                sid: None,
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
    #[tokio::test]
    async fn whoever_signs_out_is_out_with_all_that_the_sign_in_was_renewed_to() {
        let folder = tempfile::tempdir().unwrap();
        let (server, claims) = server(folder.path()).await;
        for sid in [Some("a sign-in".to_owned()), None] {
            let old = server.tokens.sign(&Claims { sid: sid.clone(), ..claims(40) });
            let new = server.renew(&old).await.unwrap().token;
            let other =
                server.tokens.sign(&Claims { sid: Some("another".to_owned()), ..claims(41) });
            assert_ne!(old, new);
            server.sign_out(&old).await.unwrap();
            assert_eq!(server.holder(&old).await.unwrap().unwrap_err(), TokenError::SignedOut);
            // Tokens that say nothing of their sign-in end one by one.
            assert_eq!(server.holder(&new).await.unwrap().is_err(), sid.is_some());
            server.holder(&other).await.unwrap().unwrap();
            assert!(server.renew(&old).await.is_err());
        }
        // Another server, on the same database.
        let settings: Settings = toml::from_str("auth = true\ndevice = \"cpu\"").unwrap();
        let settings = Settings { data: Some(folder.path().to_owned()), ..settings };
        let again = Server::open(settings.resolve().unwrap()).await.unwrap();
        let old = server.tokens.sign(&Claims { sid: Some("a sign-in".to_owned()), ..claims(2) });
        assert!(again.checked(&old).await.is_err());
    }
}
