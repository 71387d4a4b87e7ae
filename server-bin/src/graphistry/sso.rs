//! Signing a program in by way of a browser: it begins, somebody signs in at a page of ours, and it gets a token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sign_in::token_of;
use super::{Fields, Refused, answer};
use crate::api::with_cookie;
use crate::auth::{COOKIE, Peer, SignedIn, cookie, fingerprint, random};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::states::{Ends, States};

/// How long somebody has for it.
const PATIENCE: Duration = Duration::from_mins(10);

/// Most that begin in this time and wait, and from one address.
const MOST: u32 = 10_000;
const MOST_OF_ONE: u32 = 100;

/// Sign-ins that somebody is to approve at a browser. With others that share the states, whichever server is asked
/// knows them; while these are away, nobody signs in that way.
#[derive(Debug)]
pub(super) struct Pending {
    states: Arc<dyn States>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    /// Where the program is; nobody else gets the token.
    from: Option<IpAddr>,
    organization: Option<String>,
    approved: Option<SignedIn>,
}

/// The names of the counts of those that wait: of one address, and of all.
fn counts(from: Option<IpAddr>) -> [(String, u32); 2] {
    [(format!("sso-of:{}", Peer(from).key()), MOST_OF_ONE), ("sso".to_owned(), MOST)]
}

/// What a sign-in is kept under: whoever reads it cannot ask for the token.
fn name_of(state: &str) -> String {
    format!("sso:{}", fingerprint(state))
}

impl Pending {
    pub(super) fn new(states: Arc<dyn States>) -> Self {
        Self { states }
    }

    async fn begin(
        &self,
        from: Option<IpAddr>,
        organization: Option<String>,
        approved: Option<SignedIn>,
    ) -> ApiResult<String> {
        let busy =
            || ApiError::Busy { what: "too many sign-ins wait for somebody", retry_after_secs: 60 };
        for (at, (name, most)) in counts(from).iter().enumerate() {
            if *most < self.states.add(name, 1, Ends::AfterFirst(PATIENCE)).await? {
                self.leave(&counts(from)[..=at]).await?;
                return Err(busy());
            }
        }
        let state = random();
        let begun = written(&Begun { from, organization, approved })?;
        match self.states.exchange(&name_of(&state), None, Some(&begun), PATIENCE).await? {
            true => Ok(state),
            false => Err(busy()),
        }
    }

    /// One waits no more.
    async fn leave(&self, counts: &[(String, u32)]) -> ApiResult<()> {
        for (name, _) in counts {
            self.states.add(name, -1, Ends::AfterFirst(PATIENCE)).await?;
        }
        Ok(())
    }

    /// What is kept of a sign-in, and what that says.
    async fn known(&self, state: &str) -> ApiResult<(Vec<u8>, Begun)> {
        let kept = self.states.get(&name_of(state)).await?.ok_or_else(gone)?;
        let begun = serde_json::from_slice(&kept).map_err(ApiError::internal)?;
        Ok((kept, begun))
    }

    /// Where the program is that waits, and the organization that it asks for.
    async fn waiting(&self, state: &str) -> ApiResult<(Option<IpAddr>, Option<String>)> {
        let (_, begun) = self.known(state).await?;
        match begun.approved {
            None => Ok((begun.from, begun.organization)),
            Some(_) => Err(gone()),
        }
    }

    async fn approve(&self, state: &str, signed: SignedIn) -> ApiResult<()> {
        let (kept, begun) = self.known(state).await?;
        if begun.approved.is_some() {
            return Err(gone());
        }
        let approved = written(&Begun { approved: Some(signed), ..begun })?;
        // Of two that approve it at once, one does.
        let exchanged =
            self.states.exchange(&name_of(state), Some(&kept), Some(&approved), PATIENCE).await?;
        if exchanged { Ok(()) } else { Err(gone()) }
    }

    /// The token, once: `None` as long as nobody has signed in.
    async fn take(&self, state: &str, from: Option<IpAddr>) -> ApiResult<Option<SignedIn>> {
        let (kept, begun) = self.known(state).await?;
        if begun.from != from {
            return Err(gone());
        }
        let Some(signed) = begun.approved else { return Ok(None) };
        if !self.states.exchange(&name_of(state), Some(&kept), None, PATIENCE).await? {
            return Err(gone());
        }
        self.leave(&counts(from)).await?;
        Ok(Some(signed))
    }
}

fn written(begun: &Begun) -> ApiResult<Vec<u8>> {
    serde_json::to_vec(begun).map_err(ApiError::internal)
}

fn gone() -> ApiError {
    ApiError::NotFound { what: "sign-in that waits", id: "of this address".to_owned() }
}

/// Begins a sign-in by way of a browser
#[utoipa::path(post, path = "/api/v2/g/sso/oidc/login/", tag = "graphistry",
    responses((status = 200, description = "`data` has `state` and `auth_url`", body = Object)))]
pub(super) async fn begin(
    State(server): State<Server>,
    peer: Peer,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    begun(&server, peer, &headers, None).await
}

/// Begins a sign-in by way of a browser, for an organization
#[utoipa::path(post, path = "/api/v2/o/{slug}/sso/oidc/login/", tag = "graphistry", params(("slug" = String, Path)),
    responses((status = 200, description = "`data` has `state` and `auth_url`", body = Object)))]
pub(super) async fn begin_for(
    State(server): State<Server>,
    peer: Peer,
    headers: HeaderMap,
    Path(slug): Path<String>,
) -> Result<Response, Refused> {
    begun(&server, peer, &headers, Some(slug)).await
}

/// Begins a sign-in by way of a browser, for an organization; all providers are this server itself
#[utoipa::path(post, path = "/api/v2/o/{slug}/sso/oidc/login/{provider}/", tag = "graphistry",
    params(("slug" = String, Path), ("provider" = String, Path)),
    responses((status = 200, description = "`data` has `state` and `auth_url`", body = Object)))]
pub(super) async fn begin_with(
    State(server): State<Server>,
    peer: Peer,
    headers: HeaderMap,
    Path((slug, _provider)): Path<(String, String)>,
) -> Result<Response, Refused> {
    begun(&server, peer, &headers, Some(slug)).await
}

async fn begun(
    server: &Server,
    peer: Peer,
    headers: &HeaderMap,
    organization: Option<String>,
) -> Result<Response, Refused> {
    let approved = match server.config.auth {
        true => None,
        false => Some(server.local_sign_in("local", organization.as_deref())),
    };
    let state = server.sign_ins.pending.begin(peer.0, organization, approved).await?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = match server.config.tls.is_some() || text("x-forwarded-proto") == Some("https") {
        true => "https",
        false => "http",
    };
    let host = text("host").unwrap_or("localhost");
    Ok(answer::ok(json!({"state": state, "auth_url": format!("{scheme}://{host}/sso/{state}")})))
}

/// The token of a sign-in by way of a browser, once somebody has signed in; it is given away once
#[utoipa::path(get, path = "/api/v2/o/sso/oidc/jwt/{state}/", tag = "graphistry", params(("state" = String, Path)),
    responses((status = 200, description = "`data` has `token`, unless nobody has signed in yet", body = Object)))]
pub(super) async fn poll(
    State(server): State<Server>,
    peer: Peer,
    Path(state): Path<String>,
) -> Result<Response, Refused> {
    match server.sign_ins.pending.take(&state, peer.0).await? {
        Some(signed) => Ok(answer::ok(token_of(&signed))),
        None => Ok(answer::ok_but("nobody has signed in yet", json!({}))),
    }
}

/// The page at which somebody signs a program in
#[utoipa::path(get, path = "/sso/{state}", tag = "graphistry", params(("state" = String, Path)),
    responses((status = 200, description = "A page", body = String)))]
pub(super) async fn page(
    State(server): State<Server>,
    Path(state): Path<String>,
    headers: HeaderMap,
) -> Response {
    match server.sign_ins.pending.waiting(&state).await {
        Ok((from, organization)) => {
            let known = known(&server, &headers).await;
            sign_in_form(from, organization.as_deref(), known.as_deref(), None)
        }
        Err(ApiError::NotFound { .. }) if !server.config.auth => {
            said("This server asks for no accounts: the program is signed in.")
        }
        Err(error) => refused(&error),
    }
}

/// Signs a program in, by name and password or by the cookie of a sign-in
#[utoipa::path(post, path = "/sso/{state}", tag = "graphistry", params(("state" = String, Path)),
    responses((status = 200, description = "A page", body = String), (status = 401)))]
pub(super) async fn approve(
    State(server): State<Server>,
    Path(state): Path<String>,
    peer: Peer,
    headers: HeaderMap,
    form: Fields,
) -> Response {
    let (from, organization) = match server.sign_ins.pending.waiting(&state).await {
        Ok(waiting) => waiting,
        Err(error) => return refused(&error),
    };
    let field = |name: &str| form.0.get(name).map_or("", String::as_str);
    let signed = match cookie(&headers, COOKIE) {
        Some(token) if field("name").is_empty() => {
            of_cookie(&server, token, organization.as_deref()).await
        }
        _ => server.sign_in(field("name"), field("password"), organization.as_deref(), peer).await,
    };
    match signed {
        Ok(signed) => match server.sign_ins.pending.approve(&state, signed.clone()).await {
            Ok(()) => {
                let page = said("The program is signed in. This page can be closed.");
                with_cookie(&server, &signed, page)
            }
            Err(error) => refused(&error),
        },
        Err(error) => {
            let status = error.status();
            let known = known(&server, &headers).await;
            let page = sign_in_form(
                from,
                organization.as_deref(),
                known.as_deref(),
                Some(&error.to_string()),
            );
            (status, page).into_response()
        }
    }
}

/// A sign-in for a program of whoever is signed in at the browser.
async fn of_cookie(
    server: &Server,
    token: &str,
    organization: Option<&str>,
) -> ApiResult<SignedIn> {
    let claims = server.checked(token).await?;
    let user = server.store.user(&claims.sub).await?;
    let user = user.ok_or_else(|| ApiError::Unauthorized("this account is no more".to_owned()))?;
    server.begin(user, organization, None).await
}

/// The name of whoever is signed in at the browser.
async fn known(server: &Server, headers: &HeaderMap) -> Option<String> {
    let claims = server.checked(cookie(headers, COOKIE)?).await.ok()?;
    Some(claims.username)
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

fn document(body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>graphlume: sign in</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:10vh auto;padding:0 1rem}}\
         label,input,button{{display:block;width:100%;box-sizing:border-box;font:inherit}}\
         input{{padding:.4rem;margin-bottom:.8rem}}button{{padding:.5rem}}.error{{color:#b00020}}\
         @media(prefers-color-scheme:dark){{body{{background:#111;color:#eee}}.error{{color:#ff8a80}}}}\
         </style></head><body>{body}</body></html>"
    );
    // Somebody could lay a page of their own over this one.
    let headers = [
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    (headers, Html(page)).into_response()
}

fn said(text: &str) -> Response {
    document(&format!("<h1>graphlume</h1><p>{}</p>", escaped(text)))
}

fn refused(error: &ApiError) -> Response {
    let page = match error {
        ApiError::NotFound { .. } => {
            said("No program waits for this sign-in any more: it took too long, or it is done.")
        }
        error => said(&error.to_string()),
    };
    (
        if matches!(error, ApiError::NotFound { .. }) {
            StatusCode::NOT_FOUND
        } else {
            error.status()
        },
        page,
    )
        .into_response()
}

fn sign_in_form(
    from: Option<IpAddr>,
    organization: Option<&str>,
    known: Option<&str>,
    error: Option<&str>,
) -> Response {
    let from =
        from.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_canonical().to_string());
    let organization = organization
        .map_or_else(String::new, |slug| format!(" for the organization <b>{}</b>", escaped(slug)));
    let error = error.map_or_else(String::new, |text| {
        format!("<p class=\"error\" role=\"alert\">{}</p>", escaped(text))
    });
    let known = known.map_or_else(String::new, |name| {
        let name = escaped(name);
        format!("<form method=\"post\"><button>Sign it in as {name}</button></form><p>or as somebody else:</p>")
    });
    document(&format!(
        "<h1>Sign a program in</h1><p>A program at <b>{}</b> asks to work in your name{organization}. Go on only if \
         you have just started it.</p>{error}{known}<form method=\"post\">\
         <label for=\"name\">Name</label><input id=\"name\" name=\"name\" autocomplete=\"username\" required>\
         <label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required><button>Sign in</button></form>",
        escaped(&from)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Claims;
    use crate::states::Memory;

    fn signed() -> SignedIn {
        let claims = Claims {
            sub: "1".to_owned(),
            username: "ann".to_owned(),
            organization: None,
            iat: 0,
            exp: 1,
            since: None,
            sid: None,
            stamp: None,
            key: None,
        };
        SignedIn { token: "t".to_owned(), claims }
    }

    #[expect(clippy::unnecessary_wraps, reason = "a caller may be known or not")]
    fn ip(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    fn pending() -> Pending {
        Pending::new(Arc::new(Memory::default()))
    }

    #[tokio::test]
    async fn a_token_is_given_once_and_to_whoever_began() {
        let pending = pending();
        let state = pending.begin(ip(1), Some("acme".to_owned()), None).await.unwrap();
        assert_eq!(pending.waiting(&state).await.unwrap(), (ip(1), Some("acme".to_owned())));
        assert!(pending.take(&state, ip(1)).await.unwrap().is_none());
        pending.approve(&state, signed()).await.unwrap();
        assert!(pending.waiting(&state).await.is_err());
        assert!(pending.approve(&state, signed()).await.is_err(), "nobody signs in twice");
        assert!(pending.take(&state, ip(2)).await.is_err());
        assert_eq!(
            pending.take(&state, ip(1)).await.unwrap().map(|signed| signed.token),
            Some("t".to_owned())
        );
        assert!(pending.take(&state, ip(1)).await.is_err());
    }

    #[tokio::test]
    async fn there_is_a_bound_for_those_that_wait() {
        let pending = pending();
        let mut last = String::new();
        for _ in 0..MOST_OF_ONE {
            last = pending.begin(ip(1), None, Some(signed())).await.unwrap();
        }
        for _ in 0..2 {
            let more = pending.begin(ip(1), None, None).await;
            assert!(matches!(more, Err(ApiError::Busy { .. })));
        }
        pending.begin(ip(2), None, None).await.unwrap();
        pending.take(&last, ip(1)).await.unwrap();
        pending.begin(ip(1), None, None).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_kept_is_found_by_who_has_the_state_alone() {
        let states = Arc::new(Memory::default());
        let pending = Pending::new(states.clone());
        let state = pending.begin(ip(1), None, None).await.unwrap();
        assert_eq!(states.get(&format!("sso:{state}")).await, Ok(None));
        assert!(states.get(&name_of(&state)).await.unwrap().is_some());
    }

    #[test]
    fn what_somebody_calls_an_organization_is_no_markup() {
        assert_eq!(escaped("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }
}
