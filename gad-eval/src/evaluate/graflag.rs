//! The metrics of GraFlag's evaluator, with its names, its choices and its rounding.

use std::collections::HashSet;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::array_value_to_string;
use serde_json::{Map, Value, json};

use crate::metrics::{Ranking, RankingConfig};
use crate::results::{Level, Pairs, Results, Timing};
use crate::{Error, Result};

/// What GraFlag's evaluator computes of `results`, of which `pairs` are measured.
pub(super) fn metrics(
    results: &Results,
    pairs: &Pairs,
    ranking: Option<&Ranking>,
) -> Result<Map<String, Value>> {
    let mut metrics = Map::new();
    for name in [
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
    ] {
        metrics.insert(name.into(), Value::Null);
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
    let distinct: HashSet<u64> =
        numbers.iter().flatten().map(|time| (time + 0.0).to_bits()).collect();
    metrics.insert("temporal_span".into(), json!(span as i64));
    metrics.insert("num_timestamps".into(), distinct.len().into());
    Ok(metrics)
}

/// How many edges and nodes there are.
fn edges(results: &Results) -> Result<Map<String, Value>> {
    let mut metrics = Map::new();
    let Some(edges) = &results.edges else { return Ok(metrics) };
    let ends = |column: &dyn Array, place: usize| array_value_to_string(column, place);
    let (mut nodes, mut pairs) = (HashSet::new(), HashSet::new());
    for place in 0..edges.sources.len() {
        let source = ends(&edges.sources, place)?;
        let target = ends(&edges.targets, place)?;
        pairs.insert((source.clone(), target.clone()));
        nodes.insert(source);
        nodes.insert(target);
    }
    metrics.insert("num_unique_edges".into(), pairs.len().into());
    metrics.insert("num_unique_nodes".into(), nodes.len().into());
    metrics.insert("total_edge_occurrences".into(), edges.sources.len().into());
    Ok(metrics)
}
