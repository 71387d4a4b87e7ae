//! The metrics of GraFlag's evaluator, with its names, its choices and its rounding.

use std::collections::HashMap;
use std::hash::Hash;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use foldhash::fast::FixedState;
use rayon::prelude::*;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Evaluation;
use crate::metrics::{Ranking, RankingConfig};
use crate::results::{Level, Pairs, Results, Timing};
use crate::{Error, Result};

/// Metrics in the order in which GraFlag writes them.
const METRICS: [&str; 17] = [
    "auc_roc",
    "auc_pr",
    "precision_at_k",
    "recall_at_k",
    "f1_at_k",
    "k",
    "best_f1",
    "best_f1_threshold",
    "num_anomalies",
    "num_samples",
    "anomaly_ratio",
    "filtering",
    "temporal_span",
    "num_timestamps",
    "num_unique_edges",
    "num_unique_nodes",
    "total_edge_occurrences",
];

/// What was left out, in that order.
const FILTERING: [&str; 5] =
    ["total", "kept", "dropped_unknown", "dropped_inactive", "dropped_non_finite"];

/// What GraFlag writes of an evaluation, in its order.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    experiment_name: &'a str,
    result_type: &'static str,
    metrics: InOrder<'a>,
    metadata: &'a Map<String, Value>,
    plots: Plots,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    errors: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spot_files: Vec<&'a str>,
}

impl<'a> Written<'a> {
    pub(super) fn of(evaluation: &'a Evaluation, plots: &Map<String, Value>) -> Self {
        let spots = evaluation.spot_files.iter().map(|file| format!("{}_curves", file.name));
        let always = ["roc_curve", "pr_curve", "score_distribution"].map(str::to_owned);
        Self {
            experiment_name: &evaluation.experiment_name,
            result_type: evaluation.results.result_type.name(),
            metrics: InOrder {
                known: &METRICS,
                maps: vec![&evaluation.graflag, &evaluation.custom],
            },
            metadata: &evaluation.results.metadata,
            plots: Plots(
                always.into_iter().chain(spots.filter(|s| plots.contains_key(s))).collect(),
            ),
            errors: &evaluation.errors,
            spot_files: evaluation.spot_files.iter().map(|file| file.name.as_str()).collect(),
        }
    }
}

/// Names of plots, each with that of its file.
struct Plots(Vec<String>);

impl Serialize for Plots {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|name| (name, format!("{name}.png"))))
    }
}

/// Maps as one, of which the keys in `known` come first.
struct InOrder<'a> {
    known: &'a [&'a str],
    maps: Vec<&'a Map<String, Value>>,
}

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pairs: Vec<(&String, &Value)> = self.maps.iter().copied().flatten().collect();
        let place = |key: &str| self.known.iter().position(|known| *known == key);
        // Others stay as they are, behind.
        pairs.sort_by_key(|(key, _)| place(key).unwrap_or(usize::MAX));
        let mut map = serializer.serialize_map(Some(pairs.len()))?;
        for (key, value) in pairs {
            match value {
                Value::Object(inner) if key == "filtering" => {
                    map.serialize_entry(key, &InOrder { known: &FILTERING, maps: vec![inner] })?;
                }
                value => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}

/// What GraFlag's evaluator computes of `results`, of which `pairs` are measured.
pub(super) fn metrics(
    results: &Results,
    pairs: &Pairs,
    ranking: Option<&Ranking>,
) -> Result<Map<String, Value>> {
    let mut metrics = Map::new();
    for name in &METRICS[..11] {
        metrics.insert((*name).into(), Value::Null);
    }
    let filtering = pairs.filtering;
    let mut set = |name: &str, value: Value| metrics.insert(name.into(), value);
    set(
        "filtering",
        json!({
            "total": filtering.total,
            "kept": filtering.kept,
            "dropped_unknown": filtering.dropped_unknown,
            "dropped_inactive": filtering.dropped_inactive,
            "dropped_non_finite": filtering.dropped_non_finite,
        }),
    );
    set("num_samples", filtering.kept.into());
    if let Some(ranking) = ranking {
        let k = ranking.n_positives();
        set("num_anomalies", k.into());
        set("anomaly_ratio", rounded(k as f64 / filtering.kept as f64));
        let config = RankingConfig { k: vec![k.max(1)], ndcg: false, ..RankingConfig::default() };
        match ranking.report(&config) {
            Err(Error::OneClass { .. }) => {}
            Err(error) => return Err(error),
            Ok(report) => {
                let (best_f1, threshold) = ranking.graflag_f1()?;
                for (name, value) in [
                    ("auc_roc", report.roc_auc),
                    ("auc_pr", report.average_precision),
                    ("best_f1", best_f1),
                    ("best_f1_threshold", threshold),
                ] {
                    set(name, rounded(value));
                }
                set("k", k.into());
                if let Some(at) = report.at_k.first() {
                    set("precision_at_k", rounded(at.precision));
                    set("recall_at_k", rounded(at.recall));
                    set("f1_at_k", rounded(at.f1));
                }
            }
        }
    }
    if results.result_type.timing != Timing::Static {
        metrics.extend(times(results)?);
    }
    if results.result_type.level == Level::Edge {
        metrics.extend(edges(results)?);
    }
    Ok(metrics)
}

/// To four decimals, as Python rounds.
fn rounded(value: f64) -> Value {
    format!("{value:.4}").parse::<f64>().map_or(Value::Null, Value::from)
}

/// How long the time is, of times that are numbers.
fn times(results: &Results) -> Result<Map<String, Value>> {
    let mut metrics = Map::new();
    let Some(timestamps) = &results.timestamps else { return Ok(metrics) };
    if !timestamps.data_type().is_numeric() {
        return Ok(metrics);
    }
    let numbers = cast(timestamps, &DataType::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>();
    let least = numbers.iter().flatten().fold(f64::INFINITY, f64::min);
    let most = numbers.iter().flatten().fold(f64::NEG_INFINITY, f64::max);
    let span = if least <= most { (most - least).trunc() } else { 0.0 };
    let bits = numbers.iter().flatten().map(|time| (time + 0.0).to_bits()).collect();
    metrics.insert("temporal_span".into(), json!(span as i64));
    metrics.insert("num_timestamps".into(), distinct(bits).into());
    Ok(metrics)
}

/// How many different values there are.
fn distinct(mut values: Vec<u64>) -> usize {
    values.par_sort_unstable();
    values.chunk_by(|a, b| a == b).count()
}

/// How many edges and nodes there are.
fn edges(results: &Results) -> Result<Map<String, Value>> {
    let mut metrics = Map::new();
    let Some(edges) = &results.edges else { return Ok(metrics) };
    let (sources, targets) = (&edges.sources, &edges.targets);
    let (pairs, n_nodes) = match (integers(sources)?, integers(targets)?) {
        (Some(sources), Some(targets)) => {
            let column = |of: &ArrayRef| of.as_primitive::<Int64Type>().clone();
            let (sources, targets) = (column(&sources), column(&targets));
            numbered(sources.iter(), targets.iter())
        }
        // Of columns of different types, and of anything else, what would be written counts.
        _ => {
            let column = |of: &ArrayRef| Ok::<_, Error>(cast(of, &DataType::LargeUtf8)?);
            let (sources, targets) = (column(sources)?, column(targets)?);
            numbered(sources.as_string::<i64>().iter(), targets.as_string::<i64>().iter())
        }
    };
    metrics.insert("num_unique_edges".into(), distinct(pairs).into());
    metrics.insert("num_unique_nodes".into(), n_nodes.into());
    metrics.insert("total_edge_occurrences".into(), edges.sources.len().into());
    Ok(metrics)
}

/// The column as integers, if it holds some.
fn integers(column: &ArrayRef) -> Result<Option<ArrayRef>> {
    match column.data_type() {
        DataType::Int64 => Ok(Some(column.clone())),
        // The widest one has values that are none of these.
        kind if kind.is_integer() && *kind != DataType::UInt64 => {
            Ok(Some(cast(column, &DataType::Int64)?))
        }
        _ => Ok(None),
    }
}

/// Edges as pairs of numbers, which nodes are given in the order of their first appearance, and how many nodes
/// there are. O(m), with 8 bytes for each edge and some 24 for each node.
fn numbered<K: Eq + Hash>(
    sources: impl ExactSizeIterator<Item = Option<K>>,
    targets: impl Iterator<Item = Option<K>>,
) -> (Vec<u64>, usize) {
    let mut numbers: HashMap<Option<K>, u32, FixedState> = HashMap::default();
    let mut number = |node: Option<K>| {
        let next = numbers.len() as u32;
        u64::from(*numbers.entry(node).or_insert(next))
    };
    let mut pairs = Vec::with_capacity(sources.len());
    for (source, target) in sources.zip(targets) {
        let source = number(source);
        pairs.push(source << 32 | number(target));
    }
    (pairs, numbers.len())
}
