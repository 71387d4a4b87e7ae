//! Traces, as a collector gets them that speaks OTLP over HTTP.

#![cfg(feature = "otlp")]
#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

#[path = "server/common/mod.rs"]
#[expect(dead_code, reason = "the other program of tests uses more of it")]
mod common;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use prost::Message;

use common::start;

type Batches = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// A collector, and what it was sent; it answers after `delay`.
fn collector(delay: Duration) -> (SocketAddr, Batches) {
    async fn take(
        State((batches, delay)): State<(Batches, Duration)>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        batches.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
        tokio::time::sleep(delay).await;
        StatusCode::OK
    }
    let batches = Batches::default();
    let router = Router::new().route("/v1/traces", post(take)).with_state((batches.clone(), delay));
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    (told.recv().unwrap(), batches)
}

fn spans(batches: &Batches) -> Vec<Span> {
    let batches = batches.lock().unwrap();
    let resources = batches.iter().flat_map(|batch| &batch.resource_spans);
    resources
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| scope.spans.clone())
        .collect()
}

/// An attribute as text.
fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn a_request_is_a_span_of_the_trace_that_it_belongs_to() {
    let (address, batches) = collector(Duration::ZERO);
    let server = start(&format!("otlp_endpoint = \"http://{address}\""));
    let id = server.upload("a.csv", b"s,t\n1,2\n");
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let path = format!("/api/v1/datasets/{id}");
    server.send("GET", &path, &[("traceparent", parent)], &[]).expect(200);
    server.send("GET", "/nothing", &[("traceparent", "00-nonsense")], &[]).expect(404);
    // Somebody upstream has decided that this one is not followed.
    let unsampled = "00-11111111111111111111111111111111-2222222222222222-00";
    server.send("GET", "/health", &[("traceparent", unsampled)], &[]).expect(200);
    drop(server);

    let spans = spans(&batches);
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["POST /api/v1/datasets", "GET /api/v1/datasets/{id}", "GET"]);
    let [upload, read, nothing] = spans.as_slice() else { unreachable!() };
    assert_eq!(hex(&read.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&read.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(read.kind(), SpanKind::Server);
    assert!(read.start_time_unix_nano < read.end_time_unix_nano);
    for (key, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/api/v1/datasets/{id}"),
        ("http.response.status_code", "200"),
        ("url.path", path.as_str()),
        ("graphlume.dataset", id.as_str()),
    ] {
        assert_eq!(attribute(read, key).as_deref(), Some(value), "{key}");
    }
    assert_eq!(attribute(upload, "http.response.status_code").as_deref(), Some("201"));
    assert!(upload.parent_span_id.is_empty() && upload.trace_id != read.trace_id);
    // What nothing answers at is no failure of the server, and what is no trace begins one.
    assert_eq!(attribute(nothing, "http.response.status_code").as_deref(), Some("404"));
    assert!(nothing.status.as_ref().is_none_or(|status| status.code() == SpanStatus::Unset));
    assert_ne!(nothing.trace_id, upload.trace_id);

    let batches = batches.lock().unwrap();
    let resource = batches[0].resource_spans[0].resource.as_ref().unwrap();
    let service = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
    let service = service.and_then(|attribute| attribute.value.as_ref()?.value.clone());
    assert_eq!(service, Some(Value::StringValue("graphlume".to_owned())));
}

/// What is logged by this program.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_collector_that_is_not_there_is_one_warning_and_no_harm() {
    let logs = tracing_subscriber::fmt().with_ansi(false).with_writer(|| Log);
    tracing::subscriber::set_global_default(logs.finish()).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let server = start(&format!("otlp_endpoint = \"http://{address}\""));
    for _ in 0..100 {
        server.get("/health").expect(200);
    }
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let mine = log
        .lines()
        .filter(|line| line.contains("traces are lost") && line.contains(&address.to_string()));
    assert_eq!(mine.count(), 1, "{log}");
}

#[test]
fn no_request_waits_for_a_collector_that_does_not_answer() {
    let (address, batches) = collector(Duration::from_mins(2));
    let server = start(&format!("otlp_endpoint = \"http://{address}\""));
    // More than a batch: the first is under way, and is not answered, while the others come.
    let start = Instant::now();
    for _ in 0..1500 {
        server.get("/health").expect(200);
    }
    let taken = start.elapsed();
    assert!(taken < Duration::from_mins(1), "{taken:?}");
    assert!(!batches.lock().unwrap().is_empty(), "the collector should have been asked");
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
}
