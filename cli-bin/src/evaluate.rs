//! `graphlume evaluate`: what anomaly scores are worth.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use graphlume::Device;
use graphlume::gad::Error;
use graphlume::gad::evaluate::{
    EvaluateConfig, Evaluation, PluginConfig, ReportConfig, Sentinels, evaluate, output_folder,
    shown_number,
};
use graphlume::gad::metrics::{DetectionConfig, RankingConfig};
use graphlume::gad::statistics::Bootstrap;
use graphlume::graph::{Control, Progress};
use serde_json::{Map, Value, json};

use crate::interrupt::Deferred;
use crate::outcome::{Outcome, message};
use crate::output::{print, print_json};
use crate::progress::Messages;
use crate::values;

/// Arguments of `graphlume evaluate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folders of experiments, or files of results (.json, .parquet, .arrow)
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    options: Options,
    /// Folder for evaluation.json, plots and report.html; by default `eval` beside the results, and `eval/NAME` for a file
    /// NAME.json
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Write no files
    #[arg(long, conflicts_with = "out")]
    dry_run: bool,
    /// Draw no plots
    #[arg(long)]
    no_plots: bool,
    /// Write evaluation.json exactly as GraFlag's evaluator does, with its rounding, and take scores of -1 and -2 for its
    /// marks
    #[arg(long)]
    graflag: bool,
    #[command(flatten)]
    custom: CustomArgs,
    /// Print JSON
    #[arg(long, help_heading = None)]
    json: bool,
}

/// Metrics of one's own.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Metrics of Python")]
struct CustomArgs {
    /// Run the plugins in this folder, which are programs: trust them
    #[arg(long, value_name = "FOLDER")]
    plugins: Vec<PathBuf>,
    /// Run the plugins in `custom_metrics` of each experiment too
    #[arg(long)]
    custom_metrics: bool,
    /// Python that runs them
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Time for each plugin
    #[arg(long, value_name = "TIME", value_parser = values::duration(), default_value = "1 min")]
    plugin_timeout: Duration,
    /// Memory for each plugin
    #[arg(long, value_name = "BYTES", value_parser = values::bytes(), default_value = "4 GiB")]
    plugin_memory: u64,
}

impl CustomArgs {
    fn config(&self) -> PluginConfig {
        PluginConfig {
            folders: self.plugins.clone(),
            of_experiment: self.custom_metrics,
            python: self.python.clone(),
            timeout: self.plugin_timeout,
            memory: self.plugin_memory,
        }
    }
}

/// How to evaluate, for every verb that does.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Lengths of the top of the ranking to look at, beside the number of anomalies
    #[arg(long = "top", value_name = "K", value_delimiter = ',')]
    k: Vec<usize>,
    /// Resamples for confidence intervals; 0 for none
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().n_resamples)]
    resamples: usize,
    /// Share of resamples that intervals cover
    #[arg(long, value_name = "SHARE", default_value_t = Bootstrap::default().confidence)]
    confidence: f64,
    /// Seed of the resamples
    #[arg(long, default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Take scores of -1 and -2 for GraFlag's marks of what is absent, as is done where GraFlag's runner ran
    #[arg(long)]
    sentinels: bool,
    /// Take scores of -1 and -2 for scores, wherever they come from
    #[arg(long, conflicts_with = "sentinels")]
    no_sentinels: bool,
    /// Refuse scores that are null or not finite instead of leaving them out
    #[arg(long)]
    refuse_missing: bool,
    /// Positives of a stream further apart in time than this are different anomalies
    #[arg(long, value_name = "TIME", default_value_t = DetectionConfig::default().max_gap)]
    max_gap: f64,
    /// Device that sorts, such as cpu, auto, cuda:0 or opencl:0
    #[arg(long, value_parser = Device::parse, default_value = "cpu")]
    device: Device,
}

impl Options {
    pub(crate) fn bootstrap(&self) -> Bootstrap {
        let Self { resamples, confidence, seed, .. } = *self;
        Bootstrap { n_resamples: resamples, confidence, seed }
    }

    pub(crate) fn config(&self) -> EvaluateConfig {
        EvaluateConfig {
            sentinels: match (self.sentinels, self.no_sentinels) {
                (true, _) => Sentinels::Marks,
                (_, true) => Sentinels::Scores,
                _ => Sentinels::Auto,
            },
            refuse_missing: self.refuse_missing,
            ranking: RankingConfig { k: self.k.clone(), ..RankingConfig::default() },
            bootstrap: (0 < self.resamples).then(|| self.bootstrap()),
            detection: DetectionConfig { max_gap: self.max_gap, ..DetectionConfig::default() },
            device: self.device,
            ..EvaluateConfig::default()
        }
    }
}

/// Runs `work` with a control that shows progress and minds Ctrl-C; `None` if it was stopped.
pub(crate) fn controlled<T>(
    messages: Messages,
    what: &str,
    work: impl FnOnce(&Control) -> Result<T, Error>,
) -> anyhow::Result<Option<T>> {
    let deferred = Deferred::begin();
    let spinner = messages.spinner(what);
    let report = |progress: Progress| {
        spinner.say(match (progress.done, progress.total) {
            (done, Some(total)) => format!("{what}: {done} of {total} {}", progress.stage),
            (0, None) => format!("{what}: {}", progress.stage),
            (done, None) => format!("{what}: {done} {}", progress.stage),
        });
    };
    match work(&Control::default().reporting(&report).stopped_by(deferred.flag())) {
        Ok(value) => Ok(Some(value)),
        Err(Error::Stopped(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The error with the path that it is about, if it does not say so itself.
pub(crate) fn naming(path: &str, error: anyhow::Error) -> anyhow::Error {
    match error.to_string().contains(path) {
        true => error,
        false => error.context(path.to_owned()),
    }
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        args.out.is_none() || args.paths.len() == 1,
        "--out takes the files of one evaluation, but there are {} paths",
        args.paths.len()
    );
    let (mut config, plugins) = (args.options.config(), args.custom.config());
    if args.graflag && config.sentinels == Sentinels::Auto {
        config.sentinels = Sentinels::Marks;
    }
    let mut all = Map::new();
    let mut failed = Vec::new();
    for path in &args.paths {
        let shown = path.display().to_string();
        let done = controlled(messages, &shown, |control| {
            let mut evaluation = evaluate(path, &config, control)?;
            evaluation.add_plugins(path, &plugins, control)?;
            control.step("writing", 0, None)?;
            let written = written(&evaluation, path, args)?;
            Ok((evaluation, written))
        });
        let (evaluation, written) = match done.map_err(|error| naming(&shown, error)) {
            Ok(Some(done)) => done,
            Ok(None) => return Ok(messages.interrupted()),
            // One bad path harms no other.
            Err(error) if 1 < args.paths.len() => {
                let problem = message(&error);
                eprintln!("error: {problem}");
                all.insert(shown, json!({"error": problem}));
                failed.push(path);
                continue;
            }
            Err(error) => return Err(error),
        };
        if let Some((n, folder)) = written {
            messages.say(format!("wrote {n} files to {}", folder.display()));
        }
        if args.json && args.graflag && args.paths.len() == 1 {
            print_json(&evaluation.graflag_json(&Map::new()))?;
            return Ok(Outcome::Done);
        }
        if args.json {
            let json = match args.graflag {
                true => serde_json::to_value(evaluation.graflag_json(&Map::new()))?,
                false => evaluation.json(&Map::new())?,
            };
            all.insert(shown, json);
        } else {
            print(table(&evaluation).as_bytes())?;
        }
    }
    if args.json {
        // One experiment is an object of its own, several are an object of these.
        match args.paths.len() {
            1 => print_json(&all.values().next())?,
            _ => print_json(&Value::Object(all))?,
        }
    }
    if failed.is_empty() {
        return Ok(Outcome::Done);
    }
    messages.say(format!("{} of {} paths could not be evaluated", failed.len(), args.paths.len()));
    Ok(Outcome::No)
}

/// Writes the files of an evaluation, if they are wanted: how many, and where.
fn written(
    evaluation: &Evaluation,
    path: &Path,
    args: &Args,
) -> Result<Option<(usize, PathBuf)>, Error> {
    if args.dry_run {
        return Ok(None);
    }
    let folder = args.out.clone().map_or_else(|| output_folder(path), Ok)?;
    let report = ReportConfig { plots: !args.no_plots, graflag: args.graflag };
    Ok(Some((evaluation.write(&folder, report)?.len(), folder)))
}

/// The numbers that people ask for first.
fn table(evaluation: &Evaluation) -> String {
    let metrics = &evaluation.metrics;
    let mut text = String::new();
    let name = &evaluation.experiment_name;
    let kind = evaluation.results.result_type;
    let _ = writeln!(text, "{name}  {kind}");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<28}{value}");
    };
    row("samples", metrics.n_samples.to_string());
    row("anomalies", metrics.n_positives.to_string());
    if let Some(ranking) = &metrics.ranking {
        let with = |value: f64, interval: Option<graphlume::gad::statistics::Interval>| {
            interval.map_or_else(
                || format!("{value:.4}"),
                |i| format!("{value:.4}  ({:.4} to {:.4})", i.low, i.high),
            )
        };
        let intervals = metrics.intervals.as_ref();
        row("area under the ROC", with(ranking.roc_auc, intervals.map(|i| i.roc_auc)));
        let precision = intervals.map(|i| i.average_precision);
        row("average precision", with(ranking.average_precision, precision));
        let threshold = shown_number(ranking.best_f1_threshold);
        let f1 = format!("{:.4}  at {threshold}", ranking.best_f1);
        row("best F1", f1);
        for at in &ranking.at_k {
            let value = format!("{:.4}  recall {:.4}", at.precision, at.recall);
            row(&format!("precision at {}", at.k), value);
        }
        for (rate, value) in &ranking.fpr_at_tpr {
            row(&format!("FPR at TPR {rate}"), format!("{value:.4}"));
        }
        if let Some(ndcg) = ranking.ndcg {
            row("NDCG, ties averaged", format!("{ndcg:.4}"));
        }
    }
    if let Some(calibration) = &metrics.calibration {
        row("Brier score", format!("{:.4}", calibration.brier));
    }
    for (what, parts) in [("snapshots", &metrics.snapshots), ("kinds", &metrics.kinds)] {
        if let Some((parts, mean)) = parts.as_ref().and_then(|p| Some((p, p.mean_roc_auc?))) {
            let of = format!("{mean:.4}  over {} of {}", parts.n_defined, parts.parts.len());
            row(&format!("mean area of {what}"), of);
        }
    }
    if let Some(detection) = &metrics.detection {
        let found = format!("{} of {}", detection.n_detected, detection.n_episodes);
        row("episodes detected", found);
        row("detected early", format!("{:.4}", detection.early_detection_rate));
    }
    for (name, value) in &evaluation.custom {
        row(name, value.to_string());
    }
    // Scores that claim no probability are the rule; it is in the JSON.
    for undefined in metrics.undefined.iter().filter(|one| one.metric != "calibration") {
        row(undefined.metric, format!("undefined: {}", undefined.reason));
    }
    for warning in metrics.warnings.iter().chain(&evaluation.errors) {
        let _ = writeln!(text, "  warning: {warning}");
    }
    text
}
