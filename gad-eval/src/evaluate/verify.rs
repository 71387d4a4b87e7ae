//! Whether a finished experiment left results that can be believed.

use std::fs;
use std::path::Path;

use graph_core::Control;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{EvaluateConfig, Evaluation, evaluate, unmarked};
use crate::experiment::{State, Status};
use crate::{Error, Result};

/// How far a reported area may be from the one computed here: GraFlag rounds to four decimals.
const TOLERANCE: f64 = 1e-4;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// To be looked at.
    Warning,
    /// The results cannot be believed.
    Error,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub message: String,
}

/// What was found of one experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// All findings, in the order of the checks.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// The worst severity of all.
    pub fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
    }

    fn add(&mut self, severity: Severity, message: impl Into<String>) {
        self.findings.push(Finding { severity, message: message.into() });
    }
}

/// Checks the experiment in `folder` as GraFlag's `verify` does, but computes everything anew: that it
/// completed, that scores and labels are of one length, that both labels are there and scores differ,
/// that it says which split was scored and how many samples, and that every area under the ROC that it
/// reports, or that its `evaluation.json` holds, is the one of its scores.
///
/// Results of a wrong form are findings, not errors. O(n log n).
///
/// # Errors
///
/// [`Error::File`] if the folder or a file in it cannot be read.
pub fn verify(folder: &Path) -> Result<Verification> {
    fs::read_dir(folder).map_err(|error| Error::file(folder, error))?;
    let mut found = Verification { findings: Vec::new() };
    match Status::read(folder) {
        Ok(status) if status.status == State::Completed => {
            found.add(Severity::Ok, "it completed");
        }
        Ok(status) => {
            let why = status.error.map_or_else(String::new, |error| format!(": {error}"));
            found.add(
                Severity::Error,
                format!("its state is {}, not completed{why}", status.status),
            );
        }
        Err(error) => found.add(Severity::Error, error.to_string()),
    }
    let config = EvaluateConfig { bootstrap: None, ..EvaluateConfig::default() };
    match evaluate(folder, &config, &Control::NONE) {
        Ok(evaluation) => {
            scores(&evaluation, &mut found);
            claims(&evaluation, folder, &mut found);
        }
        Err(error) => found.add(Severity::Error, error.to_string()),
    }
    Ok(found)
}

fn scores(evaluation: &Evaluation, found: &mut Verification) {
    let metrics = &evaluation.metrics;
    let kind = evaluation.results.result_type;
    found.add(Severity::Ok, format!("result type {kind}"));
    let filtering = metrics.filtering;
    // Where they count as marks, none is left.
    if let Some(warning) = unmarked(evaluation.results.sentinels()) {
        found.add(Severity::Warning, warning);
    }
    if filtering.kept == 0 {
        found.add(Severity::Error, format!("none of the {} scores is left", filtering.total));
        return;
    }
    if let Some(left_out) = filtering.left_out() {
        let severity = match filtering.total <= 2 * filtering.kept {
            true => Severity::Warning,
            false => Severity::Error,
        };
        found.add(severity, left_out);
    }
    match &metrics.ranking {
        None => {
            let reasons: Vec<&str> =
                metrics.undefined.iter().map(|undefined| undefined.reason.as_str()).collect();
            found.add(Severity::Error, reasons.first().copied().unwrap_or("nothing is ranked"));
        }
        Some(ranking) if ranking.n_distinct == 1 => {
            let score = ranking.best_f1_threshold;
            found.add(Severity::Error, format!("all scores are {score}: nothing is ranked"));
        }
        Some(ranking) => {
            let text = format!(
                "{} samples, {} of them anomalies, {} different scores",
                metrics.n_samples, metrics.n_positives, ranking.n_distinct
            );
            found.add(Severity::Ok, text);
            if ranking.roc_auc < 0.5 {
                let text = format!(
                    "the area under the ROC is {:.4}, below chance: are high scores the normal ones?",
                    ranking.roc_auc
                );
                found.add(Severity::Warning, text);
            }
        }
    }
}

/// What the method and an earlier evaluation say, beside what is so.
fn claims(evaluation: &Evaluation, folder: &Path, found: &mut Verification) {
    let metadata = Value::Object(evaluation.results.metadata.clone());
    let total = evaluation.metrics.filtering.total;
    match find(&metadata, "scored_samples").and_then(Value::as_u64) {
        Some(said) if said != total as u64 => {
            let text =
                format!("it says that it scored {said} samples, but there are {total} scores");
            found.add(Severity::Error, text);
        }
        _ => {}
    }
    match find(&metadata, "scored_split").and_then(Value::as_str) {
        Some(split) if split.eq_ignore_ascii_case("test") => {
            found.add(Severity::Ok, "it scored the test split");
        }
        Some(split) => {
            let text = format!(
                "it scored the split `{split}`: if it was fitted to a part of that, its metrics are too good"
            );
            found.add(Severity::Warning, text);
        }
        None => {
            found.add(Severity::Warning, "it does not say which split it scored (scored_split)");
        }
    }
    let Some(ranking) = &evaluation.metrics.ranking else { return };
    let mut reported = Vec::new();
    areas(&metadata, "", &mut reported);
    let near = |value: f64| (value - ranking.roc_auc).abs() <= TOLERANCE;
    if reported.is_empty() {
        found.add(Severity::Warning, "it reports no area under the ROC that could be checked");
    } else if let Some((name, _)) = reported.iter().find(|(_, value)| near(*value)) {
        found
            .add(Severity::Ok, format!("its {name} is that of its scores, {:.4}", ranking.roc_auc));
    } else {
        let listed: Vec<String> =
            reported.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let text = format!(
            "it reports {}, but its scores have {:.4}: they are not those that it measured",
            listed.join(", "),
            ranking.roc_auc
        );
        found.add(Severity::Error, text);
    }
    let path = folder.join("eval").join("evaluation.json");
    let Ok(text) = fs::read_to_string(&path) else { return };
    match serde_json::from_str::<Map<String, Value>>(&text) {
        Err(error) => found.add(Severity::Error, format!("evaluation.json: {error}")),
        Ok(json) => {
            match json.get("metrics").and_then(|metrics| metrics.get("auc_roc")?.as_f64()) {
                Some(value) if near(value) => {
                    found.add(Severity::Ok, "evaluation.json has the same area under the ROC");
                }
                Some(value) => {
                    let text = format!(
                        "evaluation.json has {value} as area under the ROC, but the scores have {:.4}",
                        ranking.roc_auc
                    );
                    found.add(Severity::Error, text);
                }
                None => found.add(Severity::Warning, "evaluation.json has no area under the ROC"),
            }
        }
    }
}

/// The first value of that key, at any depth.
fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => {
            map.get(key).or_else(|| map.values().find_map(|inner| find(inner, key)))
        }
        Value::Array(list) => list.iter().find_map(|inner| find(inner, key)),
        _ => None,
    }
}

/// Every number whose key speaks of an area under the ROC, with the way to it; those of precision and
/// recall are others.
fn areas(value: &Value, way: &str, found: &mut Vec<(String, f64)>) {
    let inner = |name: &str| if way.is_empty() { name.to_owned() } else { format!("{way}.{name}") };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let name = key.to_lowercase();
                match value.as_f64() {
                    Some(number) if name.contains("auc") && !name.contains("pr") => {
                        found.push((inner(key), number));
                    }
                    _ => areas(value, &inner(key), found),
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                areas(value, &inner(&index.to_string()), found);
            }
        }
        _ => {}
    }
}
