//! Runs of methods, sweeps, what scores are worth, and leaderboards.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array as _, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use graphlume::Device;
use graphlume::gad::dataset::Source;
use graphlume::gad::evaluate::{
    self, EvaluateConfig, PluginConfig, ReportConfig, Sentinels, evaluate_results, output_folder,
};
use graphlume::gad::leaderboard::{Board, Entries};
use graphlume::gad::metrics::{DetectionConfig, RankingConfig};
use graphlume::gad::plots::{DistributionPlot, Plot, PrecisionRecallPlot, RocPlot};
use graphlume::gad::results::{EdgeEnds, ResultType, Results};
use graphlume::gad::run::{
    Budget, DockerExecutor, Executor, LocalExecutor, Program, RunConfig, SwarmExecutor,
};
use graphlume::gad::statistics::Bootstrap;
use graphlume::gad::sweep::{
    InProcess, Judge, Metric, Plan, Processes, RunOptions, Spec, TrialRunner,
};
use graphlume::gad::{Error, Result};
use graphlume::graph::{parse_bytes, parse_duration, type_name};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arrays::Array;
use crate::error::Failure;
use crate::transform::{Said, toml};
use crate::values;
use crate::work::{work, work_apart};

/// How to evaluate, as keywords.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EvaluateOptions {
    top: Vec<usize>,
    resamples: usize,
    confidence: f64,
    seed: u64,
    sentinels: Option<bool>,
    refuse_missing: bool,
    max_gap: f64,
    bins: usize,
    device: String,
    plugins: Vec<PathBuf>,
    custom_metrics: bool,
    python: PathBuf,
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        let EvaluateConfig {
            ranking, bootstrap, detection, n_bins, refuse_missing, device, ..
        } = EvaluateConfig::default();
        let bootstrap = bootstrap.unwrap_or_default();
        let plugins = PluginConfig::default();
        Self {
            top: ranking.k,
            resamples: bootstrap.n_resamples,
            confidence: bootstrap.confidence,
            seed: bootstrap.seed,
            sentinels: None,
            refuse_missing,
            max_gap: detection.max_gap,
            bins: n_bins,
            device: device.to_string(),
            plugins: plugins.folders,
            custom_metrics: plugins.of_experiment,
            python: plugins.python,
        }
    }
}

impl EvaluateOptions {
    fn config(&self) -> std::result::Result<EvaluateConfig, Failure> {
        let Self { resamples, confidence, seed, .. } = *self;
        let bootstrap = Bootstrap { n_resamples: resamples, confidence, seed };
        Ok(EvaluateConfig {
            sentinels: match self.sentinels {
                None => Sentinels::Auto,
                Some(true) => Sentinels::Marks,
                Some(false) => Sentinels::Scores,
            },
            refuse_missing: self.refuse_missing,
            ranking: RankingConfig { k: self.top.clone(), ..RankingConfig::default() },
            bootstrap: (0 < resamples).then_some(bootstrap),
            detection: DetectionConfig { max_gap: self.max_gap, ..DetectionConfig::default() },
            n_bins: self.bins,
            device: Device::parse(&self.device)?,
        })
    }

    fn plugins(&self) -> PluginConfig {
        PluginConfig {
            folders: self.plugins.clone(),
            of_experiment: self.custom_metrics,
            python: self.python.clone(),
            ..PluginConfig::default()
        }
    }
}

/// An evaluated experiment.
#[pyclass(frozen, module = "graphlume._native")]
pub(crate) struct Evaluation(evaluate::Evaluation);

/// Evaluates the results at a path: a file, or the folder of an experiment.
#[pyfunction]
pub(crate) fn evaluate_path(
    py: Python<'_>,
    path: PathBuf,
    options: &Bound<'_, PyDict>,
) -> PyResult<Evaluation> {
    let options: EvaluateOptions = values::parsed(Some(options))?;
    let config = options.config().map_err(|error| error.raise(py))?;
    let evaluated = work_apart(py, "evaluate", move |control| {
        let mut evaluation = evaluate::evaluate(&path, &config, control)?;
        evaluation.add_plugins(&path, &options.plugins(), control)?;
        Ok::<_, Error>(evaluation)
    })?;
    Ok(Evaluation(evaluated))
}

/// Evaluates results that are in memory: columns by the names that `results.json` has for them, with the length of
/// each row of temporal scores.
#[pyfunction]
pub(crate) fn evaluate_columns(
    py: Python<'_>,
    name: String,
    result_type: &str,
    columns: &Bound<'_, PyDict>,
    rows: Option<Vec<usize>>,
    metadata: &Bound<'_, PyDict>,
    options: &Bound<'_, PyDict>,
) -> PyResult<Evaluation> {
    let options: EvaluateOptions = values::parsed(Some(options))?;
    let config = options.config().map_err(|error| error.raise(py))?;
    let found = |name: &str| {
        let column = columns.get_item(name)?;
        column
            .map(|column| Ok::<_, PyErr>(Arc::clone(&column.cast::<Array>()?.get().0)))
            .transpose()
    };
    let raise = |error: Error| Failure::from(error).raise(py);
    let mut results = Results::new(
        result_type.parse::<ResultType>().map_err(raise)?,
        numbers("scores", found("scores")?).map_err(raise)?,
    );
    results.rows = rows.map(OffsetBuffer::from_lengths);
    results.ground_truth =
        found("ground_truth")?.map(|labels| truth(&labels)).transpose().map_err(raise)?;
    results.timestamps = found("timestamps")?;
    results.node_ids = found("node_ids")?;
    results.graph_ids = found("graph_ids")?;
    results.edges = found("sources")?
        .zip(found("targets")?)
        .map(|(sources, targets)| EdgeEnds { sources, targets });
    results.metadata = values::object(Some(metadata))?;
    let evaluated = work_apart(py, "evaluate", move |control| {
        results.check()?;
        evaluate_results(results, name, &config, control)
    })?;
    Ok(Evaluation(evaluated))
}

/// A column as scores.
fn numbers(name: &'static str, column: Option<ArrayRef>) -> Result<arrow::array::Float64Array> {
    let column = column.ok_or(Error::Empty { name })?;
    check_numbers(name, &column)?;
    Ok(cast(&column, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
}

/// Refuses a column of what is no number: texts that hold some would be taken for numbers, and others for nothing.
fn check_numbers(name: &'static str, column: &ArrayRef) -> Result<()> {
    match column.data_type() {
        kind if kind.is_numeric() || *kind == DataType::Null => Ok(()),
        kind => Err(Error::BadParameter {
            parameter: name.into(),
            problem: format!("is of type {}, but numbers are needed", type_name(kind)).into(),
        }),
    }
}

/// A column of 0 and 1, or of truth values, as labels; what is missing nobody knows.
fn truth(column: &ArrayRef) -> Result<BooleanArray> {
    if let Some(labels) = column.as_boolean_opt() {
        return Ok(labels.clone());
    }
    check_numbers("ground_truth", column)?;
    let values = cast(column, &DataType::Float64)?;
    let values = values.as_primitive::<Float64Type>();
    let label = |(at, value): (usize, Option<f64>)| match value {
        None => Ok(None),
        Some(0.0) => Ok(Some(false)),
        Some(1.0) => Ok(Some(true)),
        Some(value) => Err(Error::BadParameter {
            parameter: "ground_truth".into(),
            problem: format!("is {value} at {at}, but a label is 0 or 1").into(),
        }),
    };
    values.iter().enumerate().map(label).collect()
}

#[pymethods]
impl Evaluation {
    #[getter]
    fn name(&self) -> &str {
        &self.0.experiment_name
    }

    /// All that `evaluation.json` holds.
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = self.0.json(&Map::new()).map_err(|error| Failure::from(error).raise(py))?;
        values::to_python(py, &json)
    }

    /// Writes `evaluation.json`, plots and `report.html`: their names.
    fn write(
        &self,
        py: Python<'_>,
        folder: PathBuf,
        plots: bool,
        graflag: bool,
    ) -> PyResult<Vec<PathBuf>> {
        work(py, "evaluate", |_| self.0.write(&folder, ReportConfig { plots, graflag }))
    }

    /// A plot, as PNG or SVG; nothing where it is of what is undefined.
    fn plot<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        svg: bool,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let drawn = work(py, "plot", |_| self.draw(kind, svg))?;
        Ok(drawn.map(|bytes| PyBytes::new(py, &bytes)))
    }
}

impl Evaluation {
    fn draw(&self, kind: &str, svg: bool) -> std::result::Result<Option<Vec<u8>>, Failure> {
        fn bytes(plot: &impl Plot, svg: bool) -> Result<Option<Vec<u8>>> {
            Ok(Some(if svg { plot.svg().into_bytes() } else { plot.png()? }))
        }
        let title = &self.0.experiment_name;
        let Some(ranking) = &self.0.metrics.ranking else { return Ok(None) };
        let curve = |name: &str, value: f64| {
            self.0.curve("scores", &format!("{name} {value:.4}")).into_iter().collect::<Vec<_>>()
        };
        Ok(match kind {
            "roc" => bytes(&RocPlot::of(title, &curve("area", ranking.roc_auc)), svg)?,
            "precision_recall" => {
                let curves = curve("average precision", ranking.average_precision);
                bytes(&PrecisionRecallPlot::of(title, &curves), svg)?
            }
            "distribution" => {
                let pairs = &self.0.pairs;
                bytes(&DistributionPlot::of(title, &pairs.y_true, &pairs.y_score), svg)?
            }
            _ => {
                let known = "'roc', 'precision_recall', 'distribution'";
                let text = format!("`kind` is '{kind}', but it must be one of {known}");
                return Err(Failure::Input(text));
            }
        })
    }
}

/// Where the files of an evaluation of `path` go.
#[pyfunction]
pub(crate) fn evaluation_folder(py: Python<'_>, path: PathBuf) -> PyResult<PathBuf> {
    output_folder(&path).map_err(|error| Failure::from(error).raise(py))
}

/// What runs methods, as keywords.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Local,
    Docker,
    Swarm,
}

/// Where methods run, as keywords.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Place {
    executor: Option<Kind>,
    python: Option<PathBuf>,
    docker_host: Option<String>,
    network: Option<String>,
    registry: Option<String>,
    build: bool,
}

impl Place {
    fn executor(self) -> Box<dyn Executor> {
        match self.executor.unwrap_or(Kind::Local) {
            Kind::Local => {
                Box::new(LocalExecutor { python: self.python, ..LocalExecutor::default() })
            }
            Kind::Docker => {
                let usual = DockerExecutor::default();
                Box::new(DockerExecutor {
                    address: self.docker_host.unwrap_or(usual.address),
                    network: self.network.unwrap_or(usual.network),
                    build: self.build,
                })
            }
            Kind::Swarm => {
                let usual = SwarmExecutor::default();
                Box::new(SwarmExecutor {
                    address: self.docker_host.unwrap_or(usual.address),
                    network: self.network.unwrap_or(usual.network),
                    registry: self.registry.or(usual.registry),
                    build: self.build,
                })
            }
        }
    }
}

/// A run, as keywords.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    parameters: Map<String, Value>,
    seed: Option<u64>,
    gpu: bool,
    timeout: Option<Value>,
    memory: Option<Value>,
    tag: Option<String>,
    any_dataset: bool,
    interval: Option<Value>,
    root: PathBuf,
    place: Place,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            parameters: Map::new(),
            seed: None,
            gpu: true,
            timeout: None,
            memory: None,
            tag: None,
            any_dataset: false,
            interval: None,
            root: ".".into(),
            place: Place::default(),
        }
    }
}

/// JSON as it stands on a command line.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Seconds, or a text such as "5 min".
fn time(name: &str, value: Option<&Value>) -> std::result::Result<Option<Duration>, Failure> {
    let read = |value: &Value| {
        parse_duration(&text(value)).filter(|time| !time.is_zero()).ok_or_else(|| {
            Failure::Input(format!(
                "`{name}` is {value}, but it must be seconds above 0, or a text such as \"5 min\""
            ))
        })
    };
    value.map(read).transpose()
}

/// Bytes, or a text such as "2 GiB".
fn size(name: &str, value: Option<&Value>) -> std::result::Result<Option<u64>, Failure> {
    let read = |value: &Value| {
        parse_bytes(&text(value)).filter(|&size| 0 < size).ok_or_else(|| {
            Failure::Input(format!(
                "`{name}` is {value}, but it must be bytes above 0, or a text such as \"2 GiB\""
            ))
        })
    };
    value.map(read).transpose()
}

impl Asked {
    fn config(
        &self,
        method: &str,
        dataset: &str,
        graphlume: &Path,
    ) -> std::result::Result<RunConfig, Failure> {
        let folder = |name: &str| match self.root == Path::new(".") {
            true => PathBuf::from(name),
            false => self.root.join(name),
        };
        let program = Program::find(method, &folder("methods"), graphlume)?;
        let datasets = folder("datasets");
        let inside = datasets.join(dataset);
        let dataset = match dataset.starts_with("bundled:") {
            true => Source::find(dataset)?.place(&datasets)?,
            false if !Path::new(dataset).exists() && inside.exists() => inside,
            false => dataset.into(),
        };
        let mut config = RunConfig::new(program, dataset);
        config.experiments = folder("experiments");
        config.parameters =
            self.parameters.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        config.seed = self.seed;
        config.gpu = self.gpu;
        config.budget = Budget {
            time: time("timeout", self.timeout.as_ref())?,
            memory: size("memory", self.memory.as_ref())?,
        };
        config.any_dataset = self.any_dataset;
        config.interval = time("interval", self.interval.as_ref())?.unwrap_or(config.interval);
        if let Some(tag) = &self.tag {
            config.tag.clone_from(tag);
        }
        Ok(config)
    }
}

/// Runs a method on a dataset to its end: the experiment. `graphlume` is the command, which detectors run by.
#[pyfunction]
pub(crate) fn run<'py>(
    py: Python<'py>,
    method: &str,
    dataset: &str,
    graphlume: PathBuf,
    options: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let asked: Asked = values::parsed(Some(options))?;
    let config = asked.config(method, dataset, &graphlume).map_err(|error| error.raise(py))?;
    let executor = asked.place.executor();
    let experiment =
        work(py, config.program.name(), |control| config.run(executor.as_ref(), control))?;
    values::report(py, &experiment)
}

/// A sweep, as keywords.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sweep {
    retry_failed: bool,
    in_process: bool,
    parallel: Option<usize>,
    place: Place,
}

/// What a sweep says.
fn spec_of(py: Python<'_>, said: &Said<'_>) -> PyResult<Spec> {
    let spec = match said {
        Said::File(path) => Spec::read(path),
        Said::Options(options) => {
            let text = toml(py, values::object(Some(options))?)?;
            Spec::parse(&text, "sweep".to_owned(), Path::new(""))
        }
    };
    spec.map_err(|error| Failure::from(error).raise(py))
}

/// Runs what is missing of a sweep: its folder, and what became of it.
#[pyfunction]
pub(crate) fn sweep<'py>(
    py: Python<'py>,
    said: Said<'py>,
    out: Option<PathBuf>,
    graphlume: PathBuf,
    options: &Bound<'py, PyDict>,
) -> PyResult<(PathBuf, Bound<'py, PyAny>)> {
    let options: Sweep = values::parsed(Some(options))?;
    let mut spec = spec_of(py, &said)?;
    spec.limits.parallel = options.parallel.unwrap_or(spec.limits.parallel).max(1);
    if options.in_process && spec.limits.memory.is_some() {
        let text = "`memory` of a sweep cannot be kept to with `in_process`, where trials share the memory of this process";
        return Err(Failure::Input(text.to_owned()).raise(py));
    }
    let out = out.unwrap_or_else(|| PathBuf::from("sweeps").join(&spec.name));
    let (executor, retry) =
        (options.place.executor(), RunOptions { retry_failed: options.retry_failed });
    let report = work(py, "sweep", |control| {
        let plan = Plan::new(spec)?;
        let limits = &plan.spec.limits;
        let budget = Budget { time: limits.timeout, memory: limits.memory };
        let runner: Box<dyn TrialRunner> = match options.in_process {
            true => Box::new(InProcess::default()),
            false => Box::new(Processes::new(executor.as_ref(), graphlume, &out, budget)),
        };
        let report = plan.run(&out, runner.as_ref(), retry, control)?;
        Ok::<_, Error>(json!({"report": report, "unfit": plan.unfit}))
    })?;
    Ok((out, values::to_python(py, &report)?))
}

/// What methods reach on datasets.
#[pyclass(frozen, module = "graphlume._native")]
pub(crate) struct Leaderboard(Board);

/// The leaderboard of a sweep's folder, or of one with experiments.
#[pyfunction]
pub(crate) fn leaderboard(
    py: Python<'_>,
    folder: PathBuf,
    options: &Bound<'_, PyDict>,
) -> PyResult<Leaderboard> {
    #[derive(Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Options {
        metric: Option<Metric>,
        resamples: Option<usize>,
        title: Option<String>,
    }
    let options: Options = values::parsed(Some(options))?;
    let usual = Judge::default();
    let judge = Judge { resamples: options.resamples.unwrap_or(usual.resamples), ..usual };
    let mut board = work(py, "leaderboard", |control| {
        Board::new(&Entries::read(&folder, &judge, control)?, options.metric)
    })?;
    board.title = options.title.unwrap_or(board.title);
    Ok(Leaderboard(board))
}

#[pymethods]
impl Leaderboard {
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::report(py, &self.0)
    }

    /// It as `"markdown"`, `"csv"`, or one page that needs nothing else.
    fn text(&self, format: &str) -> String {
        match format {
            "markdown" => self.0.markdown(),
            "csv" => self.0.csv(),
            _ => self.0.html(),
        }
    }

    /// Writes it to a folder in all formats: their names.
    fn write(&self, py: Python<'_>, folder: PathBuf) -> PyResult<Vec<PathBuf>> {
        work(py, "leaderboard", |_| self.0.write(&folder))
    }
}
