//! Metrics of one's own: of Rust, or plugins of Python in GraFlag's form.

mod plugin;

use serde_json::{Map, Value};

use super::Evaluation;
use crate::Result;
use crate::results::{Pairs, Results};

pub use plugin::PluginConfig;

/// A metric that this crate does not have.
pub trait CustomMetric {
    /// What messages call it.
    fn name(&self) -> &str;

    /// Its values by name. `results` has GraFlag's marks taken out; `pairs` are the samples that are measured.
    ///
    /// # Errors
    ///
    /// Why it has none. The evaluation goes on without it, and says so.
    fn compute(&self, results: &Results, pairs: &Pairs) -> Result<Map<String, Value>>;
}

impl Evaluation {
    /// Adds what `metric` finds. An error of it is listed in [`Evaluation::errors`].
    pub fn add(&mut self, metric: &dyn CustomMetric) {
        match metric.compute(&self.results, &self.pairs) {
            Ok(values) => self.take(metric.name(), values),
            Err(error) => self.errors.push(format!("{}: {error}", metric.name())),
        }
    }

    /// Takes values of a metric, but none in the place of a metric of this crate or of GraFlag's evaluator.
    fn take(&mut self, of: &str, values: Map<String, Value>) {
        let own = serde_json::to_value(&self.metrics).unwrap_or_default();
        for (name, value) in values {
            if own.get(&name).is_some() || self.graflag.contains_key(&name) {
                self.errors.push(format!("{of}: there is a metric `{name}` already"));
            } else {
                self.custom.insert(name, value);
            }
        }
    }
}
