//! Who somebody is, and what they may do.

mod limiter;
mod password;
mod peer;
mod sign_in;
mod token;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

pub(crate) use limiter::{Attempt, Limiter};
pub(crate) use password::{fingerprint, hash, random, verify};
pub use peer::Network;
pub(crate) use peer::{Peer, behind_proxies};
pub(crate) use sign_in::{Hashing, SignedIn};
pub(crate) use token::{Claims, TokenError, Tokens};

use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{Dataset, Mode, Share, User};

/// Whoever sent a request.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    /// The user, unless it is a guest.
    pub(crate) user: Option<User>,
    /// The organization that they work for at the moment.
    pub(crate) organization: Option<String>,
    /// All organizations that they belong to.
    pub(crate) organizations: Vec<String>,
    /// The link that they came by.
    share: Option<Share>,
}

/// What somebody wants to do with a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// See it.
    Read,
    /// Change it.
    Write,
    /// Delete it, or say who else may see it.
    Own,
}

/// The name of the cookie of a sign-in.
pub(crate) const COOKIE: &str = "graphlume_session";

impl Who {
    /// The user of a server without accounts.
    pub(crate) fn local() -> Self {
        let name = "local".to_owned();
        let user = User { id: name.clone(), name, is_admin: true, password: None };
        Self { user: Some(user), organization: None, organizations: Vec::new(), share: None }
    }

    /// A user who has signed in.
    pub(crate) async fn of(
        server: &Server,
        user: User,
        organization: Option<String>,
    ) -> ApiResult<Self> {
        let organizations = server.store.organizations(&user.id).await?;
        let organizations: Vec<String> = organizations.into_iter().map(|o| o.slug).collect();
        let organization = organization.filter(|slug| organizations.contains(slug));
        Ok(Self { user: Some(user), organization, organizations, share: None })
    }

    /// The user, or that nobody is signed in.
    pub(crate) fn user(&self) -> ApiResult<&User> {
        self.user.as_ref().ok_or_else(|| ApiError::Unauthorized("sign in first".to_owned()))
    }

    /// The user, if they may change accounts.
    pub(crate) fn admin(&self) -> ApiResult<&User> {
        let user = self.user()?;
        match user.is_admin {
            true => Ok(user),
            false => Err(ApiError::Forbidden("only administrators may do that".to_owned())),
        }
    }

    /// Whether they may do that with a dataset.
    pub(crate) fn may(&self, access: Access, dataset: &Dataset) -> bool {
        let owns = self.user.as_ref().is_some_and(|user| user.is_admin || user.id == dataset.owner);
        let shared = self.share.as_ref().filter(|share| share.dataset == dataset.id);
        let belongs = dataset.mode == Mode::Organization
            && dataset.organization.as_ref().is_some_and(|slug| self.organizations.contains(slug));
        match access {
            Access::Own => owns,
            Access::Write => owns || shared.is_some_and(|share| share.can_edit),
            Access::Read => owns || belongs || shared.is_some() || dataset.mode == Mode::Public,
        }
    }
}

/// The value of a cookie.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let mut pairs =
        cookies.filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The token that a program sends.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The value of a key in the part of an address behind `?`.
fn query<'q>(parts: &'q Parts, key: &str) -> Option<&'q str> {
    let mut pairs = parts.uri.query()?.split('&');
    pairs.find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

impl FromRequestParts<Server> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> ApiResult<Self> {
        if !server.config.auth {
            return Ok(Self::local());
        }
        // Text that is no secret of ours finds nothing.
        let share = match query(parts, "share") {
            Some(secret) => server.store.share(&fingerprint(secret)).await?,
            None => None,
        };
        let guest = Self {
            user: None,
            organization: None,
            organizations: Vec::new(),
            share: share.clone(),
        };
        let bearer = bearer(&parts.headers);
        let (token, is_cookie) = match (bearer, cookie(&parts.headers, COOKIE)) {
            (Some(token), _) => (token, false),
            (None, Some(token)) => (token, true),
            (None, None) => return Ok(guest),
        };
        match server.holder(token).await? {
            Ok((claims, user)) => {
                Ok(Self { share, ..Self::of(server, user, claims.organization).await? })
            }
            // A page may be public: a cookie that does not count makes a guest, not an error.
            Err(_) if is_cookie => Ok(guest),
            Err(error) => Err(ApiError::Unauthorized(error.to_string())),
        }
    }
}
