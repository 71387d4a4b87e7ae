//! The addresses that PyGraphistry and other clients of Graphistry know, with the answers that they expect.
//!
//! The clients compare status codes, ask for exact slashes and read few fields; `docs/server.md` says what of it there
//! is. A thing that is not there is refused in the client's own form, with the reason.

mod answer;
mod datasets;
mod files;
mod gfql;
mod result;
mod settings;
mod share;
mod sign_in;
mod sso;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Hashing, Who};
use crate::error::ApiError;
use crate::server::Server;
use crate::states::States;

pub(crate) use answer::Refused;

/// Sign-ins that are under way.
#[derive(Debug)]
pub(crate) struct SignIns {
    /// Passwords that are being checked.
    pub(crate) hashing: Hashing,
    /// Those that wait for somebody at a browser.
    pending: sso::Pending,
}

impl SignIns {
    /// None yet; those that wait are kept in `states`.
    pub(crate) fn new(states: Arc<dyn States>) -> Self {
        Self { hashing: Hashing::default(), pending: sso::Pending::new(states) }
    }
}

/// Largest body in JSON: encodings may list a value each for many values, and queries too.
const MOST_JSON: usize = 16 << 20;

pub(crate) fn router() -> OpenApiRouter<Server> {
    let mut router = OpenApiRouter::new();
    macro_rules! with_and_without_slash {
        ($($path:literal: $($handler:path),+;)*) => {$(
            router = router.routes(routes!($($handler),+));
            // The other form of the same address, which the description need not repeat.
            let (_, _, methods) = routes!($($handler),+);
            router = router.route($path, methods);
        )*};
    }
    with_and_without_slash! {
        "/api-token-auth": sign_in::token;
        "/api/v2/auth/token/generate/": sign_in::generate;
        "/api/v2/auth/pkey/jwt": sign_in::key, sign_in::key_by_post;
        "/api-token-verify": sign_in::verify;
        "/api/v2/auth/token/verify/": sign_in::verify_too;
        "/api-token-refresh": sign_in::refresh_too;
        "/api/v2/auth/token/refresh/": sign_in::refresh;
        "/api/v2/o/{slug}/switch": sign_in::switch;
        "/api/v2/g/sso/oidc/login": sso::begin;
        "/api/v2/o/{slug}/sso/oidc/login": sso::begin_for;
        "/api/v2/o/{slug}/sso/oidc/login/{provider}": sso::begin_with;
        "/api/v2/o/sso/oidc/jwt/{state}": sso::poll;
        "/sso/{state}/": sso::page, sso::approve;
        "/api/v2/upload/datasets": datasets::create, datasets::list_too;
        "/api/v2/upload/datasets/{id}/": datasets::describe, datasets::remove;
        "/api/v2/upload/datasets/{id}/{table}/{format}/": datasets::upload;
        "/api/v2/datasets": datasets::list;
        "/api/v2/datasets/{id}": datasets::describe_too, datasets::remove_too;
        "/api/v2/files": files::list, files::create;
        "/api/v2/files/{id}": files::describe, files::remove;
        "/api/v2/upload/files/{id}/": files::upload;
        "/api/v2/share/link": share::link;
        "/api/v2/etl/datasets/{id}/gfql/{output}/": gfql::query;
        "/api/v2/datasets/{id}/python/": gfql::python;
        "/api/v2/etl/datasets/{id}/python/": gfql::python_too;
    }
    for path in [
        "/healthcheck",
        "/healthcheck/",
        "/ht",
        "/ht/",
        "/healthz",
        "/healthz/",
        "/streamgl-viz/health",
        "/streamgl-gpu/primary/health",
        "/streamgl-gpu/secondary/health",
        "/pivot/health",
    ] {
        router = router.route(path, get(async || answer::ok(json!({}))));
    }
    router.layer(DefaultBodyLimit::max(MOST_JSON))
}

/// Whoever sent a request; as [`Who`], but refused in the client's form.
#[derive(Debug)]
struct Caller(Who);

impl FromRequestParts<Server> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Refused> {
        Ok(Self(Who::from_request_parts(parts, server).await?))
    }
}

/// A body in JSON, whatever it says that it is; nothing is `null`.
#[derive(Debug)]
struct Sent<T>(T);

impl<T: serde::de::DeserializeOwned> FromRequest<Server> for Sent<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Refused> {
        let Text(text) = Text::from_request(request, server).await?;
        let text = if text.trim().is_empty() { "null" } else { &text };
        serde_json::from_str(text).map(Self).map_err(|error| {
            let reason = graphlume::graph::words::of_serde(&error.to_string());
            ApiError::Invalid(format!("the body does not say what it should: {reason}")).into()
        })
    }
}

/// A body that is text.
#[derive(Debug)]
struct Text(String);

impl FromRequest<Server> for Text {
    type Rejection = Refused;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Refused> {
        let bytes =
            Bytes::from_request(request, server).await.map_err(|rejection| {
                match rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    true => ApiError::TooLarge { limit: MOST_JSON as u64 },
                    false => ApiError::invalid(rejection),
                }
            })?;
        String::from_utf8(bytes.into()).map(Self).map_err(|error| ApiError::invalid(error).into())
    }
}

/// Fields of a form.
#[derive(Debug, Default)]
struct Fields(HashMap<String, String>);

impl FromRequest<Server> for Fields {
    type Rejection = Refused;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Refused> {
        // Clients that send JSON instead mean the same.
        let Text(text) = Text::from_request(request, server).await?;
        if let Ok(Value::Object(fields)) = serde_json::from_str(&text) {
            let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
            return Ok(Self(fields.into_iter().filter_map(text).collect()));
        }
        let uri: axum::http::Uri = format!("/?{text}").parse().map_err(ApiError::invalid)?;
        let fields = axum::extract::Query::<HashMap<String, String>>::try_from_uri(&uri);
        Ok(Self(fields.map_err(ApiError::invalid)?.0))
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Page {
    /// How many, at most 1000
    limit: Option<u32>,
    /// How many to leave out
    offset: Option<u32>,
}

impl Page {
    fn bounds(&self) -> [i64; 2] {
        [self.limit.unwrap_or(100).clamp(1, 1000).into(), self.offset.unwrap_or(0).into()]
    }
}

/// Text or its absence, where clients send `null` or nothing.
fn text(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.is_empty())
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.answer()
    }
}
