//! The server itself: whether it lives, whether it can work, what it counts, what it computes on.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use graphlume::Device;
use graphlume::device::DeviceInfo;
use graphlume::etl::Control;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Who, bearer, fingerprint};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(metrics))
        .routes(routes!(devices))
        .routes(routes!(interface))
}

/// Whether the server lives.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
    /// Version of the program.
    version: &'static str,
    /// Seconds since its start.
    uptime_secs: f64,
}

/// Whether the server lives: it answers
#[utoipa::path(get, path = "/health", tag = "server", responses((status = 200, body = Health)))]
async fn health(State(server): State<Server>) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime_secs: server.started.elapsed().as_secs_f64(),
    })
}

/// Whether requests would succeed: database and storage answer
#[utoipa::path(get, path = "/ready", tag = "server",
    responses((status = 200, body = Health), (status = 503, description = "Database or storage is away")))]
async fn ready(State(server): State<Server>) -> ApiResult<Json<Health>> {
    server.store.check().await?;
    server.objects.check().await?;
    Ok(health(State(server)).await)
}

/// Numbers for Prometheus, in the text form of `OpenMetrics`
///
/// With accounts they are for administrators, and for whoever sends the token of the option `metrics_token` as
/// `Authorization: Bearer …`.
#[utoipa::path(get, path = "/metrics", tag = "server", responses((status = 200, body = String), (status = 401), (status = 403)))]
async fn metrics(State(server): State<Server>, mut parts: Parts) -> ApiResult<Response> {
    if !may_scrape(&server, &parts.headers) {
        Who::from_request_parts(&mut parts, &server).await?.admin()?;
    }
    server.metrics.waiting.set(server.workers.n_waiting() as i64);
    server.metrics.layouts.set(server.layouts.n_held() as i64);
    server.metrics.graphs.set((server.graphs.bytes() + server.derived.bytes()) as i64);
    let text = server.metrics.text().map_err(ApiError::internal)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Whether a request for numbers may be answered without a sign-in. They say who works when, and on how much.
fn may_scrape(server: &Server, headers: &HeaderMap) -> bool {
    let token = server.config.metrics_token.as_deref();
    // Of hashes nobody learns anything by the time that comparing them takes.
    !server.config.auth
        || token
            .zip(bearer(headers))
            .is_some_and(|(token, given)| fingerprint(token) == fingerprint(given))
}

/// Devices that can compute: their names for options, models and memory
#[utoipa::path(get, path = "/api/v1/devices", tag = "server",
    responses((status = 200, description = "A list of objects: `name`, `model`, `memory`, …", body = Vec<Object>)))]
async fn devices(State(server): State<Server>, who: Who) -> ApiResult<Json<Vec<DeviceInfo>>> {
    who.user()?;
    let find =
        |_: &Control<'_>| Device::all().map_err(|error| ApiError::Unavailable(error.to_string()));
    let found = server.workers.run(find).await?;
    Ok(Json(found.into_iter().map(Device::info).collect()))
}

/// This description
#[utoipa::path(get, path = "/api/openapi.json", tag = "server", responses((status = 200, body = String)))]
async fn interface() -> ApiResult<Response> {
    let text = super::description().map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
