//! What results are worth: all metrics of a file of results.

mod custom;
mod graflag;
pub(crate) mod report;
mod spot;
mod verify;
mod versus;

use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use graph_core::Control;
use graph_kernels::Device;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use custom::{CustomMetric, PluginConfig};
pub use report::ReportConfig;
pub use spot::{SpotFile, spot_files};
pub use verify::{Finding, Severity, Verification, verify};
pub use versus::Versus;

use crate::metrics::{
    CalibrationReport, DetectionConfig, DetectionReport, PartsReport, Ranking, RankingConfig,
    RankingReport, calibration, detection, per_kind, per_snapshot,
};
use crate::results::{Filtering, Pairs, Results, Timing};
use crate::statistics::{Bootstrap, MethodIntervals, delong};
use crate::{Error, Result};

/// How to evaluate.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateConfig {
    /// Whether scores of −1 and −2 are GraFlag's marks of what is absent.
    pub sentinels: bool,
    /// Whether a score that is null or not finite is refused rather than left out and counted.
    pub refuse_missing: bool,
    /// Which ranking metrics to compute; the number of positives is always among its `k`.
    pub ranking: RankingConfig,
    /// How to resample for confidence intervals; none are given without it.
    pub bootstrap: Option<Bootstrap>,
    /// What counts as detected in a stream.
    pub detection: DetectionConfig,
    /// Bins of the calibration of scores that are probabilities.
    pub n_bins: usize,
    /// Where to sort.
    pub device: Device,
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self {
            sentinels: true,
            refuse_missing: false,
            ranking: RankingConfig::default(),
            bootstrap: Some(Bootstrap::default()),
            detection: DetectionConfig::default(),
            n_bins: 15,
            device: Device::Cpu,
        }
    }
}

/// A metric that could not be computed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Undefined {
    /// Its name.
    pub metric: &'static str,
    /// Why.
    pub reason: String,
}

/// All that is known of how good scores are. What is undefined is absent, and listed with the reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Number of samples that were measured.
    pub n_samples: usize,
    /// Number of anomalies among them.
    pub n_positives: usize,
    /// What was left out.
    pub filtering: Filtering,
    /// Metrics of the order of the scores.
    pub ranking: Option<RankingReport>,
    /// Confidence intervals by resampling.
    pub intervals: Option<MethodIntervals>,
    /// Standard error of the area under the ROC by DeLong's formula.
    pub roc_auc_standard_error: Option<f64>,
    /// Whether the scores are probabilities that hold.
    pub calibration: Option<CalibrationReport>,
    /// Metrics of each snapshot of temporal scores.
    pub snapshots: Option<PartsReport>,
    /// Metrics of each kind of anomaly, where the file names kinds in `anomaly_kinds`.
    pub kinds: Option<PartsReport>,
    /// How soon a stream is detected, at the threshold of the best F1.
    pub detection: Option<DetectionReport>,
    /// What could not be computed, and why.
    pub undefined: Vec<Undefined>,
    /// What a reader should know before trusting the numbers.
    pub warnings: Vec<String>,
}

/// An evaluated experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Name of the folder of the experiment.
    pub experiment_name: String,
    /// The results, without GraFlag's marks.
    pub results: Results,
    /// Scores and labels that were measured.
    pub pairs: Pairs,
    /// The order of these; absent if there is nothing to order.
    pub ranking: Option<Ranking>,
    /// All metrics.
    pub metrics: Metrics,
    /// What GraFlag's evaluator says of the same results.
    pub graflag: Map<String, Value>,
    /// Files in which the method noted numbers while it ran.
    pub spot_files: Vec<SpotFile>,
    /// What metrics of one's own have found.
    pub custom: Map<String, Value>,
    /// What went wrong in these.
    pub errors: Vec<String>,
}

/// Where the results of `path` are: itself, or `results.json` in that folder.
///
/// # Errors
///
/// [`Error::BadFile`] if a folder has no results.
pub fn results_path(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    ["results.json", "results.parquet", "results.arrow"]
        .iter()
        .map(|name| path.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Error::bad_file(path, "there are no results: no results.json, no results.parquet")
        })
}

/// Evaluates the results at `path`: a file, or the folder of an experiment.
///
/// O(n log n) for n scores, and O(n) for each resample.
///
/// # Errors
///
/// As [`Results::read`] and [`evaluate_results`].
pub fn evaluate(path: &Path, config: &EvaluateConfig, control: &Control) -> Result<Evaluation> {
    let file = results_path(path)?;
    let results = Results::read(&file)?;
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    let named = folder.canonicalize().ok();
    let name = named.as_ref().and_then(|folder| folder.file_name());
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut evaluation = evaluate_results(results, name, config, control)?;
    evaluation.spot_files = spot_files(&folder)?;
    Ok(evaluation)
}

/// Evaluates `results` of the experiment `experiment_name`.
///
/// # Errors
///
/// [`Error::Empty`] without ground truth, [`Error::NotFinite`] for a missing score if these are
/// refused, and what the metrics refuse of `config`. A metric that is undefined is no error.
pub fn evaluate_results(
    mut results: Results,
    experiment_name: impl Into<String>,
    config: &EvaluateConfig,
    control: &Control,
) -> Result<Evaluation> {
    let masked = match config.sentinels {
        true => results.mask_sentinels(),
        false => Filtering::default(),
    };
    let mut pairs = results.pairs()?;
    let filtering = &mut pairs.filtering;
    filtering.dropped_unknown = masked.dropped_unknown;
    filtering.dropped_inactive = masked.dropped_inactive;
    filtering.dropped_non_finite -= masked.dropped_unknown + masked.dropped_inactive;
    if config.refuse_missing && 0 < pairs.filtering.dropped_non_finite {
        let bad = results.scores.iter().position(|score| !score.is_some_and(f64::is_finite));
        let index = bad.unwrap_or_default();
        let value =
            if results.scores.is_null(index) { f64::NAN } else { results.scores.value(index) };
        return Err(Error::NotFinite { name: "scores", index, value });
    }
    let n_positives = pairs.y_true.iter().filter(|&&label| label).count();
    let mut metrics = Metrics {
        n_samples: pairs.y_score.len(),
        n_positives,
        filtering: pairs.filtering,
        ranking: None,
        intervals: None,
        roc_auc_standard_error: None,
        calibration: None,
        snapshots: None,
        kinds: None,
        detection: None,
        undefined: Vec::new(),
        warnings: Vec::new(),
    };
    let ranking = metrics
        .defined("ranking", || Ranking::on_device(config.device, &pairs.y_true, &pairs.y_score))?;
    if let Some(ranking) = &ranking {
        let mut options = config.ranking.clone();
        options.k.extend((0 < n_positives).then_some(n_positives));
        options.k.sort_unstable();
        options.k.dedup();
        metrics.ranking = metrics.defined("ranking", || ranking.report(&options))?;
        metrics.more(&results, &pairs, config, control)?;
    }
    metrics.warn();
    let graflag = graflag::metrics(&results, &pairs, ranking.as_ref())?;
    Ok(Evaluation {
        experiment_name: experiment_name.into(),
        results,
        pairs,
        ranking,
        metrics,
        graflag,
        spot_files: Vec::new(),
        custom: Map::new(),
        errors: Vec::new(),
    })
}

impl Metrics {
    /// What `compute` gives; what is undefined is noted.
    fn defined<T>(
        &mut self,
        metric: &'static str,
        compute: impl FnOnce() -> Result<T>,
    ) -> Result<Option<T>> {
        match compute() {
            Ok(value) => Ok(Some(value)),
            Err(
                error @ (Error::OneClass { .. }
                | Error::Empty { .. }
                | Error::TooFew { .. }
                | Error::NotProbability { .. }),
            ) => {
                self.undefined.push(Undefined { metric, reason: error.to_string() });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// All that is not the ranking itself.
    fn more(
        &mut self,
        results: &Results,
        pairs: &Pairs,
        config: &EvaluateConfig,
        control: &Control,
    ) -> Result<()> {
        let Pairs { y_true, y_score, .. } = pairs;
        if self.ranking.is_some() {
            let report = self.defined("roc_auc_standard_error", || delong(y_true, &[y_score]))?;
            self.roc_auc_standard_error = report.map(|report| report.standard_error(0));
            if let Some(bootstrap) = &config.bootstrap {
                let report = bootstrap.run(y_true, &[y_score], control)?;
                self.intervals = report.methods.into_iter().next();
            }
        }
        self.calibration =
            self.defined("calibration", || calibration(y_true, y_score, config.n_bins))?;
        if let (Timing::Temporal, Some(rows)) = (results.result_type.timing, &results.rows) {
            let lengths = rows.windows(2).map(|ends| (ends[1] - ends[0]) as usize).enumerate();
            let row_of: Vec<usize> =
                lengths.flat_map(|(row, length)| std::iter::repeat_n(row, length)).collect();
            let row_of = kept(pairs, &row_of);
            let report = || per_snapshot(y_true, y_score, &row_of, rows.len() - 1);
            self.snapshots = self.defined("snapshots", report)?;
        }
        if let Some(kinds) = results.extra.get("anomaly_kinds") {
            let report = || {
                let (kind, mut names) = kinds_of(kinds, results.scores.len())?;
                let mut kind = kept(pairs, &kind);
                let nameless =
                    || kind.iter().zip(y_true).any(|(kind, label)| *kind == NAMELESS && *label);
                if nameless() {
                    let unknown = names.len();
                    names.push("unknown".to_owned());
                    kind.iter_mut()
                        .filter(|kind| **kind == NAMELESS)
                        .for_each(|kind| *kind = unknown);
                }
                per_kind(y_true, y_score, &kind, &names)
            };
            self.kinds = self.defined("kinds", report)?;
        }
        if let (Timing::Stream, Some(times), Some(ranking)) =
            (results.result_type.timing, &results.timestamps, &self.ranking)
        {
            let threshold = ranking.best_f1_threshold;
            let times = kept(pairs, &numbers(times)?);
            // Files of methods are not always in order; then there is nothing to be early in.
            let report = detection(y_true, y_score, &times, threshold, &config.detection);
            match report {
                Err(
                    error @ (Error::BadOption { option: "time", .. } | Error::NotFinite { .. }),
                ) => {
                    self.undefined
                        .push(Undefined { metric: "detection", reason: error.to_string() });
                }
                report => self.detection = self.defined("detection", || report)?,
            }
        }
        Ok(())
    }

    fn warn(&mut self) {
        let Some(ranking) = &self.ranking else { return };
        if ranking.roc_auc < 0.5 {
            let text = "the area under the ROC is {:.4}, below chance: are high scores the normal ones? Nothing was flipped";
            self.warnings.push(text.replace("{:.4}", &format!("{:.4}", ranking.roc_auc)));
        }
        if ranking.n_distinct == 1 {
            self.warnings.push("all scores are the same: nothing is ranked".to_owned());
        }
        let Filtering { total, kept, .. } = self.filtering;
        if kept < total {
            self.warnings.push(format!("{} of {total} scores were left out", total - kept));
        }
        let rate = self.n_positives as f64 / self.n_samples as f64;
        if 0.5 < rate {
            let text = format!(
                "{:.1} % of the samples are anomalies: average precision and precision at k are high for any scores",
                100.0 * rate
            );
            self.warnings.push(text);
        }
        if self.n_positives < 10 {
            let text = format!(
                "there are only {} anomalies: small differences are noise",
                self.n_positives
            );
            self.warnings.push(text);
        }
    }
}

impl Evaluation {
    /// GraFlag's `evaluation.json`, value by value what its evaluator writes, but for the plots,
    /// which are those in `plots`.
    pub fn graflag_json(&self, plots: &Map<String, Value>) -> Value {
        let mut json = self.frame(plots);
        let mut metrics = self.graflag.clone();
        metrics.extend(self.custom.clone());
        json.insert("metrics".into(), Value::Object(metrics));
        Value::Object(json)
    }

    /// GraFlag's keys with full precision, and ours: in `metrics` also the parts of [`Metrics`].
    ///
    /// # Errors
    ///
    /// [`Error::BadFile`] never: the metrics are finite.
    pub fn json(&self, plots: &Map<String, Value>) -> Result<Value> {
        let mut json = self.frame(plots);
        let mut metrics = self.graflag.clone();
        if let Some(ranking) = &self.metrics.ranking {
            // The same without rounding.
            for (key, value) in [
                ("auc_roc", ranking.roc_auc),
                ("auc_pr", ranking.average_precision),
                ("best_f1", ranking.best_f1),
                ("best_f1_threshold", ranking.best_f1_threshold),
            ] {
                metrics.insert(key.into(), value.into());
            }
            if let Some(at) = ranking.at_k.iter().find(|at| at.k == self.metrics.n_positives) {
                metrics.insert("precision_at_k".into(), at.precision.into());
                metrics.insert("recall_at_k".into(), at.recall.into());
                metrics.insert("f1_at_k".into(), at.f1.into());
            }
        }
        if 0 < self.metrics.n_samples {
            let rate = self.metrics.n_positives as f64 / self.metrics.n_samples as f64;
            metrics.insert("anomaly_ratio".into(), rate.into());
        }
        let ours = serde_json::to_value(&self.metrics)
            .map_err(|error| Error::bad_file(Path::new("evaluation.json"), error.to_string()))?;
        if let Value::Object(ours) = ours {
            metrics.extend(ours);
        }
        metrics.extend(self.custom.clone());
        json.insert("metrics".into(), Value::Object(metrics));
        json.insert(
            "generator".into(),
            json!({"name": "graphlume", "version": env!("CARGO_PKG_VERSION")}),
        );
        Ok(Value::Object(json))
    }

    fn frame(&self, plots: &Map<String, Value>) -> Map<String, Value> {
        let mut json = Map::new();
        json.insert("experiment_name".into(), self.experiment_name.clone().into());
        json.insert("result_type".into(), self.results.result_type.name().into());
        json.insert("metadata".into(), Value::Object(self.results.metadata.clone()));
        json.insert("plots".into(), Value::Object(plots.clone()));
        if !self.spot_files.is_empty() {
            let names = self.spot_files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
            json.insert("spot_files".into(), names.into());
        }
        if !self.errors.is_empty() {
            json.insert("errors".into(), self.errors.clone().into());
        }
        json
    }
}

/// The entries of `all` that were kept.
fn kept<T: Copy>(pairs: &Pairs, all: &[T]) -> Vec<T> {
    match &pairs.places {
        Some(places) => places.iter().map(|&place| all[place]).collect(),
        None => all.to_vec(),
    }
}

/// Times as numbers.
fn numbers(times: &ArrayRef) -> Result<Vec<f64>> {
    let times = cast(times, &DataType::Float64)?;
    let times = times.as_primitive::<Float64Type>();
    Ok(times.iter().map(|time| time.unwrap_or(f64::NAN)).collect())
}

/// The kind of what has none, as all that is normal.
const NAMELESS: usize = usize::MAX;

/// The kind of each score, and the names of the kinds in the order of their first appearance.
fn kinds_of(kinds: &Value, n: usize) -> Result<(Vec<usize>, Vec<String>)> {
    let kinds = kinds.as_array().ok_or(Error::Empty { name: "anomaly_kinds" })?;
    if kinds.len() != n {
        let found = kinds.len();
        return Err(Error::LengthMismatch {
            name: "anomaly_kinds",
            found,
            of: "scores",
            expected: n,
        });
    }
    let mut names: Vec<String> = Vec::new();
    let kind = kinds
        .iter()
        .map(|kind| {
            if kind.is_null() {
                return NAMELESS;
            }
            let name = kind.as_str().map_or_else(|| kind.to_string(), str::to_owned);
            names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            })
        })
        .collect();
    Ok((kind, names))
}
