//! Tokens: by password, by key, verified, renewed; and the organization that one works for.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Caller, Fields, Refused, Sent, answer, text};
use crate::auth::{Peer, SignedIn};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub(super) struct Credentials {
    /// Name of the account.
    username: String,
    /// Its password.
    password: String,
    /// Organization to work for.
    org_name: Option<String>,
}

/// A token, and the organization that it is for: without one, that of the user alone, which has their name.
pub(super) fn token_of(signed: &SignedIn) -> Value {
    let claims = &signed.claims;
    let slug = claims.organization.as_deref().unwrap_or(&claims.username);
    json!({
        "token": signed.token,
        // Old clients fail without it.
        "active_organization": {"slug": slug, "is_found": true, "is_member": true},
    })
}

/// What a client is told whose sign-in failed: the words that it looks for have a status of their own.
fn failed(error: ApiError) -> Response {
    let text = match &error {
        ApiError::Unauthorized(text) if text == "Token has expired." => text.clone(),
        ApiError::Unauthorized(_) => "Unable to log in with provided credentials.".to_owned(),
        error => error.to_string(),
    };
    let body = json!({"non_field_errors": [text]});
    match error {
        ApiError::Unauthorized(_) | ApiError::Forbidden(_) => {
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        error => error.with_body(&body),
    }
}

fn answered(result: ApiResult<SignedIn>) -> Response {
    match result {
        Ok(signed) => Json(token_of(&signed)).into_response(),
        Err(error) => failed(error),
    }
}

/// Signs in by name and password
#[utoipa::path(post, path = "/api-token-auth/", tag = "graphistry", request_body = Credentials,
    responses((status = 200, description = "`token`, `active_organization`", body = Object), (status = 400)))]
pub(super) async fn token(
    State(server): State<Server>,
    peer: Peer,
    Sent(given): Sent<Credentials>,
) -> Response {
    let organization = text(given.org_name);
    answered(server.sign_in(&given.username, &given.password, organization.as_deref(), peer).await)
}

/// Signs in by name and password, as the client in JavaScript does
#[utoipa::path(post, path = "/api/v2/auth/token/generate", tag = "graphistry", request_body = Credentials,
    responses((status = 200, description = "`token`, `active_organization`", body = Object), (status = 400)))]
pub(super) async fn generate(
    server: State<Server>,
    peer: Peer,
    given: Sent<Credentials>,
) -> Response {
    token(server, peer, given).await
}

/// What a sign-in by key says besides the key.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct ByKey {
    /// Organization to work for.
    org_name: Option<String>,
}

/// Signs in by key: `Authorization: PersonalKey ID:SECRET`
#[utoipa::path(get, path = "/api/v2/auth/pkey/jwt/", tag = "graphistry", request_body = ByKey,
    responses((status = 200, description = "`token`, `active_organization`", body = Object), (status = 400)))]
pub(super) async fn key(
    State(server): State<Server>,
    peer: Peer,
    headers: HeaderMap,
    Sent(by_key): Sent<Option<ByKey>>,
) -> Response {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let pair = value.and_then(|value| {
        let (scheme, pair) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("personalkey").then_some(pair.trim())?.split_once(':')
    });
    let Some((id, secret)) = pair else {
        return failed(ApiError::Invalid(
            "there is no `Authorization: PersonalKey ID:SECRET`".to_owned(),
        ));
    };
    let organization = text(by_key.unwrap_or_default().org_name);
    answered(server.sign_in_by_key(id, secret, organization.as_deref(), peer).await)
}

/// Signs in by key: `Authorization: PersonalKey ID:SECRET`
#[utoipa::path(post, path = "/api/v2/auth/pkey/jwt/", tag = "graphistry", request_body = ByKey,
    responses((status = 200, description = "`token`, `active_organization`", body = Object), (status = 400)))]
pub(super) async fn key_by_post(
    server: State<Server>,
    peer: Peer,
    headers: HeaderMap,
    by_key: Sent<Option<ByKey>>,
) -> Response {
    key(server, peer, headers, by_key).await
}

/// A token.
#[derive(Deserialize, ToSchema)]
pub(super) struct Token {
    /// The token.
    token: String,
}

/// Whether a token counts
#[utoipa::path(post, path = "/api-token-verify/", tag = "graphistry", request_body = Token,
    responses((status = 200, description = "It does", body = Object), (status = 400, description = "It does not")))]
pub(super) async fn verify(State(server): State<Server>, Sent(given): Sent<Token>) -> Response {
    match server.checked(&given.token).await {
        Err(error) if server.config.auth => failed(error),
        _ => Json(json!({"token": given.token})).into_response(),
    }
}

/// Whether a token counts
#[utoipa::path(post, path = "/api/v2/auth/token/verify", tag = "graphistry", request_body = Token,
    responses((status = 200, description = "It does", body = Object), (status = 400, description = "It does not")))]
pub(super) async fn verify_too(server: State<Server>, token: Sent<Token>) -> Response {
    verify(server, token).await
}

/// Renews a token that has not ended; while it is young, it is answered as it is
#[utoipa::path(post, path = "/api/v2/auth/token/refresh", tag = "graphistry", request_body = Token,
    responses((status = 200, description = "`token`", body = Object),
        (status = 400, description = "`non_field_errors` with `Token has expired.`")))]
pub(super) async fn refresh(State(server): State<Server>, Sent(given): Sent<Token>) -> Response {
    match server.renew(&given.token).await {
        Ok(signed) => Json(json!({"token": signed.token})).into_response(),
        Err(error) => failed(error),
    }
}

/// Renews a token that has not ended; while it is young, it is answered as it is
#[utoipa::path(post, path = "/api-token-refresh/", tag = "graphistry", request_body = Token,
    responses((status = 200, description = "`token`", body = Object),
        (status = 400, description = "`non_field_errors` with `Token has expired.`")))]
pub(super) async fn refresh_too(server: State<Server>, token: Sent<Token>) -> Response {
    refresh(server, token).await
}

/// Whether one belongs to an organization; uploads name the one that they are for
#[utoipa::path(post, path = "/api/v2/o/{slug}/switch/", tag = "graphistry", params(("slug" = String, Path)),
    responses((status = 200, description = "`status` is `OK`", body = Object), (status = 403)))]
pub(super) async fn switch(
    State(server): State<Server>,
    Caller(who): Caller,
    Path(slug): Path<String>,
    form: Fields,
) -> Result<Response, Refused> {
    let user = who.user()?;
    if form.0.get("slug").is_some_and(|also| *also != slug) {
        return Err(ApiError::Invalid(
            "the form names another organization than the address".to_owned(),
        )
        .into());
    }
    if server.config.auth && slug != user.name {
        server.check_member(user, &slug).await?;
    }
    Ok(answer::ok(json!({"slug": slug})))
}
