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
pub use report::{ReportConfig, shown_number};
pub use spot::{SpotFile, spot_files};
pub use verify::{Finding, Severity, Verification, verify};
pub use versus::{Versus, shown_p};

use crate::metrics::{
    CalibrationReport, DetectionConfig, DetectionReport, PartsReport, Ranking, RankingConfig,
    RankingReport, calibration, detection, per_kind, per_snapshot,
};
use crate::results::{Filtering, Pairs, Results, Timing};
use crate::run::ServiceConfig;
use crate::statistics::{Bootstrap, MethodIntervals};
use crate::{Error, Result};

/// What scores of −1 and −2 are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sentinels {
    /// GraFlag's marks of what is unknown and inactive if GraFlag's runner ran the method, which
    /// `service_config.json` beside the results tells; else scores, with a warning.
    #[default]
    Auto,
    /// GraFlag's marks.
    Marks,
    /// Scores like any other.
    Scores,
}

impl Sentinels {
    /// Whether they are marks in the results in `folder`.
    pub(crate) fn are_marks(self, folder: &Path) -> bool {
        match self {
            Self::Marks => true,
            Self::Scores => false,
            // One that cannot be read tells nothing.
            Self::Auto => ServiceConfig::read(folder).is_ok_and(|config| config.is_of_graflag()),
        }
    }
}

/// How to evaluate.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateConfig {
    /// What scores of −1 and −2 are.
    pub sentinels: Sentinels,
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
            sentinels: Sentinels::Auto,
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
    /// Name of the folder of the experiment; of a file by another name than `results`, the name of that.
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
    // What is there and no file is told when it is read.
    ["results.json", "results.parquet", "results.arrow"]
        .iter()
        .map(|name| path.join(name))
        .find(|path| path.exists())
        .ok_or_else(|| {
            let problem = "there are no results: no results.json, results.parquet or results.arrow";
            Error::bad_file(path, problem)
        })
}

/// Where files about the results at `path` go, which is a file or the folder of an experiment: `eval` beside
/// them, or a folder in it for a file by another name than `results`, which may have others beside it.
///
/// # Errors
///
/// As [`results_path`].
pub fn output_folder(path: &Path) -> Result<PathBuf> {
    let file = results_path(path)?;
    let folder = file.parent().unwrap_or(Path::new("")).join("eval");
    Ok(match own_name(&file) {
        Some(name) => folder.join(name),
        None => folder,
    })
}

/// The name that a file of results has of its own, if it is not that of its folder.
fn own_name(file: &Path) -> Option<&std::ffi::OsStr> {
    file.file_stem().filter(|&stem| stem != "results")
}

/// The name of the experiment whose results are in `file`.
fn name_of(file: &Path) -> String {
    let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    // A link has the name that it was asked for by.
    let name = own_name(file).or_else(|| whole.parent()?.file_name());
    name.or_else(|| file.file_stem()).unwrap_or_default().to_string_lossy().into_owned()
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
    control.step("reading", 0, None)?;
    let results = Results::read(&file)?;
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let sentinels = match config.sentinels.are_marks(folder) {
        true => Sentinels::Marks,
        false => config.sentinels,
    };
    let config = EvaluateConfig { sentinels, ..config.clone() };
    let mut evaluation = evaluate_results(results, name_of(&file), &config, control)?;
    evaluation.spot_files = spot_files(folder)?;
    Ok(evaluation)
}

/// Evaluates `results` of the experiment `experiment_name`. Of [`Sentinels::Auto`] nothing is known here: −1 and −2
/// are scores then, with a warning.
///
/// O(n log n) time for n scores, and 20 bytes for each: 8 of the score, 1 of the label, 10 for the sort. Resampling takes 29
/// more, and 8 for each thread.
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
    if config.refuse_missing {
        // Before marks are nulls too.
        let bad = results.scores.iter().position(|score| !score.is_some_and(f64::is_finite));
        if let Some(index) = bad {
            let value = results.scores.is_valid(index).then(|| results.scores.value(index));
            return Err(missing(&results, index, value));
        }
    }
    let masked = match config.sentinels {
        Sentinels::Marks => results.mask_sentinels(),
        Sentinels::Auto | Sentinels::Scores => Filtering::default(),
    };
    let mut pairs = results.pairs()?;
    let filtering = &mut pairs.filtering;
    filtering.dropped_unknown = masked.dropped_unknown;
    filtering.dropped_inactive = masked.dropped_inactive;
    filtering.dropped_non_finite -= masked.dropped_unknown + masked.dropped_inactive;
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
    if config.sentinels == Sentinels::Auto {
        metrics.warnings.extend(unmarked(results.sentinels()));
    }
    control.step("sorting", 0, None)?;
    let ranking = metrics
        .defined("ranking", || Ranking::on_device(config.device, &pairs.y_true, &pairs.y_score))?;
    if let Some(ranking) = &ranking {
        let mut options = config.ranking.clone();
        options.k.extend((0 < n_positives).then_some(n_positives));
        options.k.sort_unstable();
        options.k.dedup();
        metrics.ranking = metrics.defined("ranking", || ranking.report(&options))?;
        metrics.more(&results, &pairs, ranking, config, control)?;
    }
    metrics.warn();
    control.step("counting", 0, None)?;
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
        ranking: &Ranking,
        config: &EvaluateConfig,
        control: &Control,
    ) -> Result<()> {
        let Pairs { y_true, y_score, .. } = pairs;
        let separated = self.ranking.as_ref().and_then(RankingReport::separation);
        if let Some(how) = separated {
            let reason = format!(
                "{how}: neither resampling nor DeLong's formula can tell how sure that is, as every resample is so too"
            );
            self.undefined.push(Undefined { metric: "intervals", reason: reason.clone() });
            self.undefined.push(Undefined { metric: "roc_auc_standard_error", reason });
        } else if self.ranking.is_some() {
            self.roc_auc_standard_error =
                self.defined("roc_auc_standard_error", || ranking.roc_auc_standard_error())?;
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
            let row_of = pairs.kept_of(&row_of);
            let report = || per_snapshot(y_true, y_score, &row_of, rows.len() - 1);
            self.snapshots = self.defined("snapshots", report)?;
        }
        if let (Some(kinds), Some(labels)) = (&results.anomaly_kinds, &results.ground_truth) {
            let kinds = kinds.of_anomalies(labels);
            // That of a normal sample is not looked at.
            let kind: Vec<usize> = kinds.iter().map(Option::unwrap_or_default).collect();
            let kind = if pairs.kept.is_some() { pairs.kept_of(&kind) } else { kind };
            let report = || per_kind(y_true, y_score, &kind, kinds.names());
            self.kinds = self.defined("kinds", report)?;
        }
        if let (Timing::Stream, Some(times), Some(ranking)) =
            (results.result_type.timing, &results.timestamps, &self.ranking)
        {
            let threshold = ranking.best_f1_threshold;
            let times = pairs.kept_of(&numbers(times)?);
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
        if let Some(left_out) = self.filtering.left_out() {
            self.warnings.push(left_out);
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
            let text = match self.n_positives {
                1 => "there is only 1 anomaly: small differences are noise".to_owned(),
                n => format!("there are only {n} anomalies: small differences are noise"),
            };
            self.warnings.push(text);
        }
    }
}

impl Evaluation {
    /// GraFlag's `evaluation.json`, value by value what its evaluator writes. Serialized, its keys have GraFlag's order. It
    /// names GraFlag's three plots, as that does even where there is nothing to draw, and those of `plots` that are of spot
    /// files; no others.
    pub fn graflag_json(&self, plots: &Map<String, Value>) -> impl Serialize {
        graflag::Written::of(self, plots)
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

/// That score `index` is `value`, which is absent or no finite number. In rows, the message has row and column.
fn missing(results: &Results, index: usize, value: Option<f64>) -> Error {
    let place = match results.rows.as_deref() {
        None => format!("{index}"),
        Some(rows) => {
            let row = rows.partition_point(|&start| start as usize <= index) - 1;
            format!("{row}][{}", index - rows[row] as usize)
        }
    };
    Error::MissingScore { index, place: place.into(), value }
}

/// Times as numbers.
fn numbers(times: &ArrayRef) -> Result<Vec<f64>> {
    let times = cast(times, &DataType::Float64)?;
    let times = times.as_primitive::<Float64Type>();
    Ok(times.iter().map(|time| time.unwrap_or(f64::NAN)).collect())
}

/// That scores which count look like GraFlag's marks, if some do.
fn unmarked(found: Filtering) -> Option<String> {
    let Filtering { dropped_unknown: unknown, dropped_inactive: inactive, .. } = found;
    (0 < unknown + inactive).then(|| {
        format!(
            "{unknown} of the scores are -1 and {inactive} are -2, by which GraFlag marks what is unknown and inactive: nothing \
             says that GraFlag ran this, so they count as scores"
        )
    })
}
