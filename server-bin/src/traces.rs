//! Traces of requests, for a collector that speaks OTLP: spans go through a bounded queue to a thread of their own,
//! which sends them in batches. A request waits for none of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::{
    EnvResourceDetector, ResourceDetector, TelemetryResourceDetector,
};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use crate::client::agent;

/// Where spans are made, and sent from.
#[derive(Debug)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    parents: TraceContextPropagator,
}

/// A request that is under way; it ends, at the latest, when it is dropped, as where a client has gone.
#[derive(Debug)]
pub(crate) struct Span(opentelemetry_sdk::trace::Span);

/// How long a batch may take to be sent.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the end of the server waits for the last batch.
const LAST: Duration = Duration::from_secs(5);

impl Traces {
    /// Begins a thread that sends spans to the collector at `endpoint`; nothing is sent before there is a span.
    ///
    /// How many wait, for how long, in what batches, which are left out, with what headers, and what the service is
    /// called, is said by the variables that OpenTelemetry has for that.
    pub(crate) fn open(endpoint: &str) -> anyhow::Result<Self> {
        let name = || format!("collector of traces {endpoint}");
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new(endpoint).with_context(name)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(address_of_traces(endpoint))
            .with_timeout(PATIENCE)
            .build()
            .with_context(name)?;
        let own = [
            KeyValue::new("service.name", "graphlume"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ];
        let found: [Box<dyn ResourceDetector>; 2] =
            [Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())];
        let mut resource = Resource::builder_empty().with_attributes(own).with_detectors(&found);
        if let Some(name) = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty())
        {
            resource = resource.with_service_name(name);
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        let tracer = provider.tracer("graphlume");
        Ok(Self { provider, tracer, parents: TraceContextPropagator::new() })
    }

    /// A request has come: its span is a child of the one that its `traceparent` names, if it has one.
    pub(crate) fn begin(
        &self,
        method: &'static str,
        path: &str,
        route: Option<&str>,
        headers: &HeaderMap,
    ) -> Span {
        // Without a context of its own thread, which would be that of another request.
        let parent = self.parents.extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let mut attributes = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("url.path", path.to_owned()),
        ];
        let mut name = method.to_owned();
        if let Some(route) = route {
            name = format!("{method} {route}");
            attributes.push(KeyValue::new("http.route", route.to_owned()));
            if let Some(dataset) = dataset_of(route, path) {
                attributes.push(KeyValue::new("graphlume.dataset", dataset.to_owned()));
            }
        }
        let span =
            self.tracer.span_builder(name).with_kind(SpanKind::Server).with_attributes(attributes);
        Span(span.start_with_context(&self.tracer, &parent))
    }

    /// Sends what waits; after this nothing is sent any more. It blocks for some seconds at most.
    pub(crate) fn end(&self) {
        // What was lost has been said by the sender.
        let _ = self.provider.shutdown_with_timeout(LAST);
    }
}

impl Span {
    /// Id of the trace, as `traceparent` has it.
    pub(crate) fn trace(&self) -> String {
        self.0.span_context().trace_id().to_string()
    }

    /// The request was answered.
    pub(crate) fn answered(mut self, status: StatusCode) {
        self.0
            .set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            self.0.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            self.0.set_status(Status::error(""));
        }
        self.0.end();
    }
}

/// The dataset that a path is about: what stands where its route has `datasets/{id}`.
fn dataset_of<'p>(route: &str, path: &'p str) -> Option<&'p str> {
    let (_, behind) = route.split_once("/datasets/{id}")?;
    // From the end, since a router in another has a route with more before it.
    path.rsplit('/').nth(behind.matches('/').count())
}

/// Where a collector takes traces: OpenTelemetry's name below the address that all kinds of signals have in common.
fn address_of_traces(endpoint: &str) -> String {
    let base = endpoint.trim_end_matches('/');
    if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") }
}

/// Sends batches, and says once when they begin to be lost and once when they no longer are.
#[derive(Debug)]
struct Sender {
    agent: ureq::Agent,
    endpoint: String,
    is_lost: AtomicBool,
}

impl Sender {
    fn new(endpoint: &str) -> anyhow::Result<Self> {
        let is_lost = AtomicBool::new(false);
        Ok(Self { agent: agent(None, PATIENCE)?, endpoint: endpoint.to_owned(), is_lost })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let mut answer = self.agent.run(Request::from_parts(parts, body.as_ref()))?;
        let body = answer.body_mut().read_to_vec()?;
        Ok(answer.map(|_| Bytes::from(body)))
    }

    fn note(&self, failure: Option<String>) {
        let was_lost = self.is_lost.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(reason) if !was_lost => {
                tracing::warn!("traces are lost: {} does not take them: {reason}", self.endpoint);
            }
            None if was_lost => tracing::info!("{} takes traces again", self.endpoint),
            _ => {}
        }
    }
}

impl HttpClient for Sender {
    // The thread of the batches calls it, and waits for nothing else: it may block.
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let answer = self.send(request);
        self.note(match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("status {}", answer.status())),
            Err(error) => Some(error.to_string()),
        });
        Box::pin(std::future::ready(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_is_found_by_the_route() {
        let of = |route, path| dataset_of(route, path);
        assert_eq!(of("/api/v1/datasets/{id}", "/api/v1/datasets/d1"), Some("d1"));
        assert_eq!(
            of("/api/v2/etl/datasets/{id}/gfql/{output}/", "/api/v2/etl/datasets/d2/gfql/all/"),
            Some("d2")
        );
        assert_eq!(of("/graphs/api/v1/datasets/{id}/rows", "/api/v1/datasets/d3/rows"), Some("d3"));
        assert_eq!(of("/api/v1/datasets", "/api/v1/datasets"), None);
        assert_eq!(of("/api/v1/files/{id}", "/api/v1/files/f"), None);
    }

    #[test]
    fn a_collector_is_named_with_or_without_the_kind_of_signal() {
        for endpoint in ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces"] {
            assert_eq!(address_of_traces(endpoint), "http://c:4318/v1/traces");
        }
        assert_eq!(address_of_traces("https://c/otlp"), "https://c/otlp/v1/traces");
    }
}
