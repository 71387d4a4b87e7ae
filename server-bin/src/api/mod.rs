//! The REST interface, one file a theme. Handlers translate; what they call computes.

mod accounts;
mod cases;
mod datasets;
mod experiments;
mod files;
mod gate;
mod health;
mod input;
mod layouts;
mod packing;
mod page;
mod uploads;
mod view;
mod work;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutBody, TimeoutLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use accounts::with_cookie;

pub(crate) use self::cases::CaseRuns;
pub(crate) use self::experiments::Runs;
pub(crate) use self::work::Computations;
use crate::auth::behind_proxies;
use crate::server::Server;

/// Largest body in JSON, in bytes; files have a limit of their own.
const LARGEST_JSON: usize = 4 << 20;

/// What the interface says of itself.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "graphlume",
        description = "Graphs over HTTP: upload, transform, lay out while others watch, share.\n\n\
            Errors have a status from 400 on and the body `{\"error\": {\"code\", \"message\"}}`.",
        license(name = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "datasets", description = "Graphs that were uploaded"),
        (name = "files", description = "Tables that were uploaded, for datasets made of them"),
        (name = "view", description = "What a viewer asks of a dataset"),
        (name = "layouts", description = "Layouts: start, steer, watch, keep"),
        (name = "work", description = "Transforms, analytics and queries"),
        (name = "cases", description = "Investigations: files of steps with parameters"),
        (name = "experiments", description = "Anomaly detection: experiments, evaluations, leaderboards"),
        (name = "accounts", description = "Signing in, users, organizations, keys, links"),
        (name = "server", description = "The server itself"),
        (name = "graphistry", description = "The addresses that clients of Graphistry know"),
    ),
)]
struct Interface;

/// Everything that answers, without what is around it.
fn open_api() -> OpenApiRouter<Server> {
    OpenApiRouter::with_openapi(Interface::openapi())
        .merge(datasets::router())
        .merge(files::router())
        .merge(uploads::router())
        .merge(view::router())
        .merge(layouts::router())
        .merge(work::router())
        .merge(cases::router())
        .merge(experiments::router())
        .merge(accounts::router())
        .merge(health::router())
        .merge(crate::graphistry::router())
}

/// The description of the interface in the JSON of `OpenAPI`.
///
/// # Errors
///
/// If it cannot be written, which would be our fault.
pub fn description() -> serde_json::Result<String> {
    open_api().into_openapi().to_pretty_json()
}

/// The server as a service, to be served or nested in another.
pub fn router(server: Server) -> Router {
    let (router, _) = open_api().merge(page::router()).split_for_parts();
    // Pictures of strangers' hosts would tell these who looks at a dataset, and when.
    let images = ["'self'", "data:", "blob:"].into_iter();
    let images: Vec<&str> =
        images.chain(server.config.image_origins.iter().map(String::as_str)).collect();
    let frames = format!(
        "default-src 'self'; img-src {}; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors {}",
        images.join(" "),
        server.config.frame_ancestors.join(" ")
    );
    // A word that is no header was put into the options; then nobody may embed.
    let policy = HeaderValue::from_str(&frames)
        .unwrap_or(HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'"));
    let fixed = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let around = ServiceBuilder::new()
        .layer(from_fn_with_state(server.clone(), behind_proxies))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(from_fn_with_state(server.clone(), gate::record))
        .layer(CatchPanicLayer::custom(gate::panicked))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy))
        .layer(gate::cross_origin(&server.config))
        .layer(from_fn_with_state(server.clone(), gate::admit))
        .layer(packing::layer())
        .layer(from_fn(packing::note))
        // Who sends nothing for so long has gone.
        .layer(RequestBodyTimeoutLayer::new(Duration::from_mins(2)))
        .map_request(|request: Request<TimeoutBody<Body>>| request.map(Body::new))
        // How long an answer may take to begin.
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_hours(1),
        ))
        .layer(DefaultBodyLimit::max(LARGEST_JSON));
    router
        .fallback(gate::nothing_here)
        .method_not_allowed_fallback(gate::other_method)
        .layer(around)
        .with_state(server)
}
