//! What a server says of itself: logs, and numbers for Prometheus.

use anyhow::Context;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// Numbers that only grow, or are taken as they are when asked for.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Requests that were answered.
    pub(crate) requests: Family<Request, Counter>,
    /// Seconds that they took.
    pub(crate) seconds: Histogram,
    /// Bytes that were uploaded and kept.
    pub(crate) uploaded: Counter,
    /// Frames of layouts that were sent.
    pub(crate) frames: Counter,
    /// Those who watch a layout.
    pub(crate) viewers: Gauge,
    /// Computations that wait.
    pub(crate) waiting: Gauge,
    /// Layouts that are held.
    pub(crate) layouts: Gauge,
    /// Bytes of graphs that are held.
    pub(crate) graphs: Gauge,
}

/// What requests are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    /// Such as `GET`.
    pub(crate) method: String,
    /// The pattern of the path.
    pub(crate) route: String,
    /// Status of the answer.
    pub(crate) status: u16,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("graphlume");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let seconds = Histogram::new(exponential_buckets(0.001, 2.0, 16));
        let help = "Time from the head of a request to the head of its answer";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, seconds.clone());
        let [uploaded, frames] = [Counter::default(), Counter::default()];
        registry.register_with_unit("uploaded", "Uploads kept", Unit::Bytes, uploaded.clone());
        registry.register("frames", "Frames of layouts sent", frames.clone());
        let [viewers, waiting, layouts, graphs] = std::array::from_fn(|_| Gauge::default());
        registry.register("viewers", "Those who watch a layout", viewers.clone());
        registry.register("waiting", "Computations that wait for their turn", waiting.clone());
        registry.register("layouts", "Layouts that are held", layouts.clone());
        registry.register_with_unit("graphs", "Graphs held ready", Unit::Bytes, graphs.clone());
        Self { registry, requests, seconds, uploaded, frames, viewers, waiting, layouts, graphs }
    }
}

impl Metrics {
    /// All numbers in the text form of `OpenMetrics`.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Starts logging to standard error, unless somebody has.
///
/// # Errors
///
/// If the filter of the options is none.
pub fn start_logs(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log).with_context(|| format!("log {}", config.log))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Whoever embeds the server may have a subscriber of their own.
    let _ = match config.log_json {
        true => logs.json().try_init(),
        false => logs.try_init(),
    };
    Ok(())
}
