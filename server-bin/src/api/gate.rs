//! What every request goes through: whether it may come in at all, and what is noted of it.

use std::any::Any;
use std::time::Instant;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};
use tower_http::request_id::RequestId;

use crate::config::Config;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::telemetry::Request as Labels;
use crate::traces::{Span, Traces};

/// Answers for pages of other origins, where the options name some.
pub(crate) fn cross_origin(config: &Config) -> CorsLayer {
    let origins = &config.cors_origins;
    let allowed = match origins.iter().any(|origin| origin == "*") {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(origins.iter().filter_map(|o| HeaderValue::from_str(o).ok())),
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(AllowMethods::list([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ]))
        .allow_headers(AllowHeaders::list([header::AUTHORIZATION, header::CONTENT_TYPE]))
}

/// Refuses what pages of strangers send through somebody's browser.
///
/// A browser says from which page a request comes: it must be one of ours, or of an origin in the options. And without
/// accounts the name by which the server is called must be one of its own, since a stranger's name can be made to lead
/// to any address.
pub(crate) async fn admit(State(server): State<Server>, request: Request, next: Next) -> Response {
    match check(&server.config, request.headers(), request.uri().authority()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check(config: &Config, headers: &HeaderMap, authority: Option<&Authority>) -> ApiResult<()> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = text(header::HOST).or(authority.map(Authority::as_str)).unwrap_or_default();
    if !config.auth && config.bind.ip().is_loopback() && !is_own(config, host) {
        return Err(ApiError::Forbidden(format!(
            "this server does not go by the name `{host}`; --hosts gives it more names"
        )));
    }
    let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
    let page = origin.split_once("://").map(|(_, host)| host);
    let allowed = page == Some(host)
        || config.cors_origins.iter().any(|allowed| allowed == "*" || allowed == origin);
    match allowed {
        true => Ok(()),
        false => Err(ApiError::Forbidden(format!(
            "pages of {origin} may not use this server; --cors-origins lets them"
        ))),
    }
}

/// Whether a name with or without a port is one of this server's.
fn is_own(config: &Config, host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip == config.bind.ip())
        || config.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Counts requests, and logs them.
pub(crate) async fn record(State(server): State<Server>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // Some addresses are secrets: whoever knows the state of a sign-in elsewhere may take its token.
    let secret = route.as_deref().filter(|route| route.contains("{state}"));
    let path = secret.unwrap_or_else(|| request.uri().path()).to_owned();
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default().to_owned();
    let begin = |traces: &Traces| traces.begin(method, &path, route.as_deref(), request.headers());
    let span = server.traces.as_ref().map(begin);
    let trace = span.as_ref().map_or_else(|| trace_of(request.headers()), Span::trace);
    let response = next.run(request).await;
    let (status, taken) = (response.status(), start.elapsed());
    if let Some(span) = span {
        span.answered(status);
    }
    server.metrics.seconds.observe(taken.as_secs_f64());
    let labels = Labels {
        method: method.to_owned(),
        // What nothing answers is one thing, not one for each path that somebody tries.
        route: route.unwrap_or_else(|| "none".to_owned()),
        status: status.as_u16(),
    };
    server.metrics.requests.get_or_create(&labels).inc();
    let duration_secs = taken.as_secs_f64();
    tracing::info!(method, path, status = status.as_u16(), duration_secs, id, trace, "request");
    response
}

/// A method by its name; those that somebody made up are one, as the routes that there are not.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        // As OpenTelemetry calls them.
        _ => "_OTHER",
    }
}

/// The id of the trace that a request belongs to, by the W3C's `traceparent`.
fn trace_of(headers: &HeaderMap) -> String {
    let parent = headers.get("traceparent").and_then(|value| value.to_str().ok());
    let trace = parent.and_then(|parent| parent.split('-').nth(1));
    let is_id = |trace: &&str| trace.len() == 32 && trace.bytes().all(|b| b.is_ascii_hexdigit());
    trace.filter(is_id).unwrap_or_default().to_owned()
}

/// An address that nothing answers at.
pub(crate) async fn nothing_here(uri: Uri) -> ApiError {
    ApiError::NotFound { what: "page", id: uri.path().chars().take(200).collect() }
}

/// An address that answers to other methods.
pub(crate) async fn other_method(method: Method, uri: Uri) -> Response {
    let message = format!("{} does not answer to {method}", uri.path());
    let body = json!({"error": {"code": "method_not_allowed", "message": message}});
    (StatusCode::METHOD_NOT_ALLOWED, Json(body)).into_response()
}

/// A panic is our bug: it is logged, and the client hears that it is not theirs.
#[expect(clippy::needless_pass_by_value, reason = "the layer gives it away")]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text =
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    ApiError::Internal(anyhow::anyhow!("panic: {text}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn config(toml: &str) -> Config {
        let settings: Settings = toml::from_str(&format!("data = \"/x\"\n{toml}")).unwrap();
        settings.resolve().unwrap()
    }

    fn checked(config: &Config, host: &'static str, origin: Option<&'static str>) -> ApiResult<()> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        check(config, &headers, None)
    }

    #[test]
    fn pages_of_strangers_are_refused() {
        let plain = config("");
        for host in ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"] {
            checked(&plain, host, None).unwrap();
        }
        checked(&plain, "localhost:8000", Some("http://localhost:8000")).unwrap();
        for (host, origin) in [
            ("evil.example", None),
            ("localhost.evil.example:8000", None),
            ("", None),
            ("localhost:8000", Some("http://evil.example")),
            ("localhost:8000", Some("http://localhost:9000")),
            ("localhost:8000", Some("null")),
        ] {
            assert!(checked(&plain, host, origin).is_err(), "{host} {origin:?}");
        }
    }

    #[test]
    fn names_and_origins_of_the_options_are_taken() {
        let named =
            config("hosts = [\"graphs.example\"]\ncors_origins = [\"https://notes.example\"]");
        checked(&named, "graphs.example:80", None).unwrap();
        checked(&named, "localhost", Some("https://notes.example")).unwrap();
        assert!(checked(&named, "localhost", Some("http://notes.example")).is_err());
        let open = config("bind = \"0.0.0.0:80\"\nallow_anonymous = true");
        checked(&open, "anything.example", None).unwrap();
        let users = config("auth = true");
        checked(&users, "behind.a.proxy", None).unwrap();
    }

    #[test]
    fn methods_that_somebody_makes_up_are_counted_as_one() {
        assert_eq!(name_of(&Method::PATCH), "PATCH");
        for made_up in ["get", "A1", "A2"] {
            assert_eq!(name_of(&Method::from_bytes(made_up.as_bytes()).unwrap()), "_OTHER");
        }
    }

    #[test]
    fn a_trace_is_taken_if_it_is_one() {
        let mut headers = HeaderMap::new();
        assert_eq!(trace_of(&headers), "");
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert("traceparent", HeaderValue::from_static(parent));
        assert_eq!(trace_of(&headers), "4bf92f3577b34da6a3ce929d0e0e4736");
        headers.insert("traceparent", HeaderValue::from_static("00-../../etc-1"));
        assert_eq!(trace_of(&headers), "");
    }
}
