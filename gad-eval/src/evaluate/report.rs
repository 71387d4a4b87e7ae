//! An evaluation as files: JSON, plots, and one page of HTML that needs nothing else.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Evaluation;
use crate::file::replace;
use crate::plots::{
    CalibrationPlot, DistributionPlot, HeatPlot, NamedCurve, Plot, PrecisionRecallPlot, RocPlot,
    SpotPlot,
};
use crate::{Error, Result};

/// Points of a curve in a plot: more than it has pixels.
const POINTS: usize = 2000;

/// What to write of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportConfig {
    /// Whether to draw plots, as PNG and SVG, and the page that shows them.
    pub plots: bool,
    /// Whether `evaluation.json` holds what GraFlag's evaluator writes and nothing else.
    pub graflag: bool,
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self { plots: true, graflag: false }
    }
}

impl Evaluation {
    /// The curve of its scores with the name `name`; absent where metrics are undefined.
    pub fn curve(&self, name: &str, value: &str) -> Option<NamedCurve> {
        self.metrics.ranking.as_ref()?;
        let curve = self.ranking.as_ref()?.curve(POINTS);
        Some(NamedCurve { name: name.to_owned(), value: value.to_owned(), curve })
    }

    /// Writes `evaluation.json`, plots and `report.html` to `folder`, which is made if it is not
    /// there, and returns their names. Each file appears whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if a file cannot be written.
    pub fn write(&self, folder: &Path, config: ReportConfig) -> Result<Vec<PathBuf>> {
        fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
        let mut plots = Plots { folder, names: Map::new(), svgs: Vec::new() };
        if config.plots {
            self.draw(&mut plots)?;
        }
        let Plots { names, svgs, .. } = plots;
        let json = match config.graflag {
            true => serde_json::to_string_pretty(&self.graflag_json(&names)),
            false => serde_json::to_string_pretty(&self.json(&names)?),
        };
        let path = folder.join("evaluation.json");
        let json = json.map_err(|error| Error::bad_file(&path, error.to_string()))?;
        let mut written = Vec::new();
        let mut write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            replace(&path, |file| file.write_all(bytes))?;
            written.push(path);
            Ok::<_, Error>(())
        };
        write("evaluation.json", format!("{json}\n").as_bytes())?;
        if config.plots {
            write("report.html", self.page(&svgs).as_bytes())?;
        }
        for name in names.keys() {
            written.extend(["png", "svg"].map(|suffix| folder.join(format!("{name}.{suffix}"))));
        }
        Ok(written)
    }

    fn draw(&self, plots: &mut Plots) -> Result<()> {
        let title = &self.experiment_name;
        if let Some(ranking) = &self.metrics.ranking {
            let area = format!("area {:.4}", ranking.roc_auc);
            if let Some(curve) = self.curve("scores", &area) {
                plots.add("roc_curve", &RocPlot::of(title, &[curve]))?;
            }
            let precision = format!("average precision {:.4}", ranking.average_precision);
            if let Some(curve) = self.curve("scores", &precision) {
                plots.add("pr_curve", &PrecisionRecallPlot::of(title, &[curve]))?;
            }
        }
        if !self.pairs.y_score.is_empty() {
            let (labels, scores) = (&self.pairs.y_true, &self.pairs.y_score);
            plots.add("score_distribution", &DistributionPlot::of(title, labels, scores))?;
        }
        if let Some(report) = &self.metrics.calibration {
            plots.add("calibration", &CalibrationPlot::of(title, report))?;
        }
        if let Some(plot) = HeatPlot::of(title, &self.results) {
            plots.add("temporal_heat_map", &plot)?;
        }
        for file in &self.spot_files {
            if let Some(plot) = SpotPlot::of(title, file) {
                plots.add(&format!("{}_curves", file.name), &plot)?;
            }
        }
        Ok(())
    }

    /// One page with the numbers and the plots in it.
    fn page(&self, svgs: &[(bool, String)]) -> String {
        let mut body = String::new();
        let name = escaped(&self.experiment_name);
        let kind = self.results.result_type;
        let metrics = &self.metrics;
        let _ = write!(body, "<h1>{name}</h1><p class=\"sub\">{kind}</p>");
        for warning in metrics.warnings.iter().chain(&self.errors) {
            let _ = write!(body, "<p class=\"warning\">{}</p>", escaped(warning));
        }
        body.push_str("<table><tr><th>Metric</th><th>Value</th><th>95 % interval</th></tr>");
        let mut row = |name: &str, value: String, interval: String| {
            let _ = write!(body, "<tr><td>{name}</td><td>{value}</td><td>{interval}</td></tr>");
        };
        let dash = || "–".to_owned();
        row("samples", metrics.n_samples.to_string(), dash());
        row("anomalies", metrics.n_positives.to_string(), dash());
        if let Some(ranking) = &metrics.ranking {
            let interval = |of: Option<crate::statistics::Interval>| {
                of.map_or_else(dash, |i| format!("{:.4} to {:.4}", i.low, i.high))
            };
            let intervals = metrics.intervals.as_ref();
            let four = |value: f64| format!("{value:.4}");
            row(
                "area under the ROC",
                four(ranking.roc_auc),
                interval(intervals.map(|i| i.roc_auc)),
            );
            let precision = interval(intervals.map(|i| i.average_precision));
            row("average precision", four(ranking.average_precision), precision);
            row("best F1", four(ranking.best_f1), dash());
            row("threshold of the best F1", shown_number(ranking.best_f1_threshold), dash());
            for at in &ranking.at_k {
                row(&format!("precision at {}", at.k), four(at.precision), dash());
                row(&format!("recall at {}", at.k), four(at.recall), dash());
            }
            for (rate, value) in &ranking.partial_roc_auc {
                row(&format!("partial area up to FPR {rate}"), four(*value), dash());
            }
            for (rate, value) in &ranking.tpr_at_fpr {
                row(&format!("TPR at FPR {rate}"), four(*value), dash());
            }
            for (rate, value) in &ranking.fpr_at_tpr {
                row(&format!("FPR at TPR {rate}"), four(*value), dash());
            }
            if let Some(ndcg) = ranking.ndcg {
                row("NDCG, ties averaged", four(ndcg), dash());
            }
        }
        if let Some(calibration) = &metrics.calibration {
            row("Brier score", format!("{:.4}", calibration.brier), dash());
            let error = format!("{:.4}", calibration.expected_calibration_error);
            row("expected calibration error", error, dash());
        }
        if let Some(detection) = &metrics.detection {
            row(
                "episodes detected",
                format!("{} of {}", detection.n_detected, detection.n_episodes),
                dash(),
            );
            row("detected early", format!("{:.4}", detection.early_detection_rate), dash());
            let delay = detection.median_delay.map_or_else(dash, shown_number);
            row("median delay", delay, dash());
        }
        for (what, parts) in [("snapshots", &metrics.snapshots), ("kinds", &metrics.kinds)] {
            let Some(parts) = parts else { continue };
            let mean = parts.mean_roc_auc.map_or_else(dash, |mean| format!("{mean:.4}"));
            let name =
                format!("mean area over {} of {} {what}", parts.n_defined, parts.parts.len());
            row(&name, mean, dash());
        }
        for (name, value) in &self.custom {
            row(&escaped(name), escaped(&value.to_string()), dash());
        }
        for undefined in &metrics.undefined {
            row(undefined.metric, format!("undefined: {}", escaped(&undefined.reason)), dash());
        }
        body.push_str("</table><div class=\"plots\">");
        for (colors_are_values, svg) in svgs {
            let class = if *colors_are_values { " class=\"as-is\"" } else { "" };
            let _ = write!(body, "<figure{class}>{svg}</figure>");
        }
        body.push_str("</div>");
        if !self.results.metadata.is_empty() {
            let metadata = format!("{:#}", Value::Object(self.results.metadata.clone()));
            let _ = write!(body, "<h2>Metadata</h2><pre>{}</pre>", escaped(&metadata));
        }
        page(&self.experiment_name, &body)
    }
}

/// A number as short as it is exact: very large and very small ones with a power of ten.
pub fn shown_number(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || (1e-5..1e16).contains(&size) => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// Plots on their way to files.
struct Plots<'a> {
    folder: &'a Path,
    names: Map<String, Value>,
    /// Each plot, and whether its colors are values.
    svgs: Vec<(bool, String)>,
}

impl Plots<'_> {
    fn add(&mut self, name: &str, plot: &impl Plot) -> Result<()> {
        plot.write(&self.folder.join(format!("{name}.png")))?;
        plot.write(&self.folder.join(format!("{name}.svg")))?;
        self.names.insert(name.to_owned(), format!("{name}.png").into());
        self.svgs.push((plot.colors_are_values(), plot.svg()));
        Ok(())
    }
}

/// A page of HTML around `body`, which must be escaped; it loads nothing.
pub(crate) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head>\
         <body><main>{body}<footer>graphlume {}</footer></main></body></html>\n",
        escaped(title),
        env!("CARGO_PKG_VERSION"),
    )
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2937;--faint:#6b7280;--rule:#e5e7eb;--paper:#fff;--warn:#b45309}\
@media(prefers-color-scheme:dark){:root{--ink:#e5e7eb;--faint:#9ca3af;--rule:#374151;--paper:#111827;--warn:#fbbf24}}\
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 Inter,system-ui,sans-serif}\
main{max-width:1180px;margin:0 auto;padding:32px 24px}h1{font-size:24px;margin:0;overflow-wrap:anywhere}\
h2{font-size:17px;margin:32px 0 8px}.sub,footer{color:var(--faint);margin:4px 0 20px}footer{margin-top:32px}\
.warning{border-left:3px solid var(--warn);padding:4px 12px;margin:8px 0}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:16px 0}\
th,td{text-align:left;padding:5px 20px 5px 0;border-bottom:1px solid var(--rule)}th{color:var(--faint);font-weight:500}\
td.best{font-weight:650}.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:16px;align-items:start}\
figure{margin:0;background:#fff;border:1px solid var(--rule);border-radius:8px;padding:8px}\
figure svg{width:100%;height:auto;display:block}pre{overflow:auto;color:var(--faint)}.scroll{overflow-x:auto}\
@media(prefers-color-scheme:dark){figure:not(.as-is){background:#141414}figure:not(.as-is) svg{filter:invert(.92) hue-rotate(180deg)}}";

/// Text that is no markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
