//! A leaderboard as one page of HTML that loads nothing.

use std::fmt::Write as _;

use serde_json::Value;

use super::text::{METRICS, failures, secs};
use super::{Board, Cell, Row, Spread, Track};
use crate::evaluate::report::escaped;
use crate::plots::{CriticalDifferencePlot, Plot};
use crate::sweep::{Metric, Unfit};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Board {
    /// It as a page: diagrams, tables that sort, times, failures, and where all of it is from.
    pub fn html(&self) -> String {
        let mut body = String::new();
        self.head(&mut body);
        for (at, track) in self.tracks.iter().enumerate() {
            self.track(&mut body, at, track);
        }
        self.foot(&mut body);
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>\n<style>{STYLE}</style></head>\n\
             <body><main>{body}</main>\n<script>{SCRIPT}</script></body></html>\n",
            escaped(&self.title)
        )
    }

    fn head(&self, body: &mut String) {
        let _ = write!(body, "<header><h1>{}</h1><ul class=\"facts\">", escaped(&self.title));
        let n_methods: usize = self.tracks.iter().map(|track| track.rows.len()).sum();
        let n_datasets = self.datasets.len();
        let mut fact = |value: String, what: &str, class: &str| {
            let _ = write!(
                body,
                "<li class=\"{class}\"><b>{}</b> {}</li>",
                escaped(&value),
                escaped(what)
            );
        };
        fact(n_methods.to_string(), "methods", "");
        if 0 < n_datasets {
            fact(n_datasets.to_string(), "datasets", "");
        }
        for (state, n) in &self.states {
            let class = if state == "completed" { "" } else { "bad" };
            fact(n.to_string(), state, class);
        }
        if 0 < self.n_missing {
            fact(self.n_missing.to_string(), "not run", "bad");
        }
        body.push_str("</ul>");
        for note in self.notes() {
            let _ = write!(body, "<p class=\"note\">{}</p>", escaped(&note));
        }
        body.push_str("</header>");
    }

    fn track(&self, body: &mut String, at: usize, track: &Track) {
        let kind =
            track.result_type.to_lowercase().replace("_anomaly_scores", "").replace('_', " ");
        let _ = write!(
            body,
            "<section><h2>{} <small>{}</small></h2>",
            escaped(&title_of(&kind)),
            escaped(&track.result_type)
        );
        match &track.comparison {
            Some(report) => {
                let names: Vec<String> =
                    track.compared.iter().map(|&at| track.rows[at].method.clone()).collect();
                let title = format!("Mean ranks by {}", name_of(self.metric));
                let plot = CriticalDifferencePlot::of(&title, &names, report);
                let _ = write!(body, "<figure>{}</figure>", plot.svg());
                let _ = write!(body, "<p class=\"verdict\">{}</p>", escaped(&track.verdict()));
            }
            None => {
                let _ = write!(body, "<p class=\"verdict none\">{}</p>", escaped(&track.verdict()));
            }
        }
        for (metric, name) in METRICS {
            let _ = write!(body, "<h3>{name}</h3>");
            self.values(body, track, metric);
        }
        let _ = write!(body, "<h3>Time and memory</h3>");
        costs(body, track);
        let _ = write!(
            body,
            "<details id=\"runs-{at}\"><summary>Parameters, runs and failures</summary>"
        );
        details(body, track);
        body.push_str("</details></section>");
    }

    /// The table of one metric.
    fn values(&self, body: &mut String, track: &Track, metric: Metric) {
        let ranks = metric == self.metric;
        body.push_str("<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Method</th>");
        if ranks {
            body.push_str("<th class=\"num\">Mean rank</th>");
        }
        for dataset in &track.datasets {
            let _ = write!(body, "<th class=\"num\">{}</th>", escaped(dataset));
        }
        body.push_str("</tr></thead><tbody>");
        let best: Vec<Option<f64>> = (0..track.datasets.len())
            .map(|dataset| {
                let cells = track.rows.iter().filter_map(|row| row.cells[dataset].as_ref());
                cells.filter_map(|cell| cell.spread(metric)).map(|s| s.mean).max_by(f64::total_cmp)
            })
            .collect();
        for row in &track.rows {
            let _ = write!(body, "<tr><th scope=\"row\">{}</th>", escaped(&row.method));
            if ranks {
                body.push_str(&rank(row, track.datasets.len()));
            }
            for (cell, best) in row.cells.iter().zip(&best) {
                body.push_str(&value(cell.as_ref(), metric, *best));
            }
            body.push_str("</tr>");
        }
        body.push_str("</tbody></table></div>");
    }

    fn foot(&self, body: &mut String) {
        body.push_str("<section><h2>Where this comes from</h2>");
        if !self.datasets.is_empty() {
            body.push_str("<div class=\"scroll\"><table><thead><tr><th>Dataset</th><th>SHA-256 of its content</th></tr></thead><tbody>");
            for (dataset, hash) in &self.datasets {
                let _ = write!(
                    body,
                    "<tr><th scope=\"row\">{}</th><td><code>{}</code></td></tr>",
                    escaped(dataset),
                    escaped(hash)
                );
            }
            body.push_str("</tbody></table></div>");
        }
        let unfit: Vec<String> = self.unfit.iter().map(Unfit::to_string).collect();
        for (title, lines) in [("Not run", &unfit), ("Not counted", &self.ignored)] {
            if lines.is_empty() {
                continue;
            }
            let _ = write!(body, "<details><summary>{title} ({})</summary><ul>", lines.len());
            for line in lines {
                let _ = write!(body, "<li>{}</li>", escaped(line));
            }
            body.push_str("</ul></details>");
        }
        let machine = &self.provenance.get("machine").cloned().unwrap_or_default();
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let version = text(self.provenance.get("version").unwrap_or(&Value::Null));
        let mut line = format!("graphlume {version}");
        for (what, value) in [
            ("", text(&machine["cpu"])),
            ("processors: ", text(&machine["n_cpus"])),
            ("highest load: ", self.load.map(|load| load.to_string()).unwrap_or_default()),
            ("", text(self.provenance.get("written").unwrap_or(&Value::Null))),
        ] {
            if !value.is_empty() {
                let _ = write!(line, " · {what}{value}");
            }
        }
        let _ = write!(body, "<p class=\"note\">{}</p>", escaped(&line));
        let json = Value::Object(self.provenance.clone());
        let _ = write!(
            body,
            "<details><summary>All of it</summary><pre>{}</pre></details></section>",
            escaped(&format!("{json:#}"))
        );
    }
}

fn title_of(kind: &str) -> String {
    let of = match kind {
        "node" => "Nodes",
        "edge" => "Edges",
        "graph" => "Graphs",
        "edge stream" => "Edges of streams",
        "node stream" => "Nodes of streams",
        "graph stream" => "Windows of streams",
        "temporal node" => "Nodes over time",
        "temporal edge" => "Edges over time",
        "temporal graph" => "Graphs over time",
        other => other,
    };
    of.to_owned()
}

fn name_of(metric: Metric) -> &'static str {
    match metric {
        Metric::RocAuc => "area under the ROC",
        Metric::AveragePrecision => "average precision",
    }
}

/// A mean rank, and over how many datasets, if not over all.
fn rank(row: &Row, n_datasets: usize) -> String {
    match row.mean_rank {
        None => "<td class=\"num\">–</td>".to_owned(),
        Some(rank) => {
            let of = match row.n_ranked == n_datasets {
                true => String::new(),
                false => format!("<small>over {}</small>", row.n_ranked),
            };
            format!("<td class=\"num\" data-v=\"{rank}\"><b>{rank:.2}</b>{of}</td>")
        }
    }
}

/// A metric on a dataset.
fn value(cell: Option<&Cell>, metric: Metric, best: Option<f64>) -> String {
    let Some(cell) = cell else { return "<td class=\"num none\">–</td>".to_owned() };
    let bad = match cell.failed.is_empty() {
        true => String::new(),
        false => format!("<small class=\"bad\">{}</small>", escaped(&failures(&cell.failed))),
    };
    let Some(Spread { mean, std, n, interval }) = cell.spread(metric) else {
        let why = cell.undefined.as_deref().or(cell.error.as_deref()).unwrap_or("no run completed");
        let undefined = if cell.undefined.is_some() { "undefined" } else { "" };
        return format!("<td class=\"num none\" title=\"{}\">{undefined}{bad}</td>", escaped(why));
    };
    let class = if best == Some(mean) { " best" } else { "" };
    let spread = std.map(|std| format!(" <i>± {std:.3}</i>")).unwrap_or_default();
    let ends = interval.map(|(low, high)| format!("[{low:.3}, {high:.3}]")).unwrap_or_default();
    let runs = if cell.seeds.is_empty() && n == 1 { String::new() } else { format!(" n = {n}") };
    // How far above chance a bar reaches; average precision has no such zero.
    let share = match metric {
        Metric::RocAuc => (2.0 * mean - 1.0).max(0.0),
        Metric::AveragePrecision => mean,
    };
    format!(
        "<td class=\"num{class}\" data-v=\"{mean}\" style=\"--share:{:.1}%\"><b>{mean:.3}</b>{spread}<small>{ends}{runs}</small>{bad}</td>",
        100.0 * share
    )
}

/// Seconds and megabytes of a run.
fn costs(body: &mut String, track: &Track) {
    body.push_str("<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Method</th>");
    for dataset in &track.datasets {
        let _ = write!(body, "<th class=\"num\">{}</th>", escaped(dataset));
    }
    body.push_str("</tr></thead><tbody>");
    for row in &track.rows {
        let _ = write!(body, "<tr><th scope=\"row\">{}</th>", escaped(&row.method));
        for cell in &row.cells {
            let Some((cell, wall)) = cell.as_ref().and_then(|cell| Some((cell, cell.wall_secs?)))
            else {
                body.push_str("<td class=\"num none\">–</td>");
                continue;
            };
            let mut more = Vec::new();
            more.extend(cell.cpu_secs.map(|cpu| format!("CPU {} s", secs(cpu))));
            more.extend(cell.peak_memory_mb.map(|memory| format!("{memory:.0} MB")));
            let _ = write!(
                body,
                "<td class=\"num\" data-v=\"{wall}\"><b>{} s</b><small>{}</small></td>",
                secs(wall),
                more.join(", ")
            );
        }
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table></div>");
}

/// A row for each method on each dataset.
fn details(body: &mut String, track: &Track) {
    body.push_str(
        "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Method</th><th>Dataset</th><th>Parameters</th>\
         <th class=\"num\">Choices tried</th><th class=\"num\">Runs</th><th>Not completed</th><th>Seeds</th>\
         <th class=\"num\">Samples</th><th class=\"num\">Anomalies</th><th>Version</th><th>What was said</th></tr></thead><tbody>",
    );
    for row in &track.rows {
        for (dataset, cell) in track.datasets.iter().zip(&row.cells) {
            let Some(cell) = cell else { continue };
            let seeds: Vec<String> = cell.seeds.iter().map(u64::to_string).collect();
            let settings = if cell.settings.is_empty() { "defaults" } else { &cell.settings };
            let said = cell.error.as_deref().or(cell.undefined.as_deref()).unwrap_or_default();
            let short = |text: &str| text.chars().take(12).collect::<String>();
            let _ = write!(
                body,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td>\
                 <td>{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td><td>{}</td></tr>",
                escaped(&row.method),
                escaped(dataset),
                escaped(settings),
                cell.n_settings,
                cell.n_runs,
                escaped(&failures(&cell.failed)),
                seeds.join(" "),
                cell.n_samples,
                cell.n_positives,
                escaped(&short(&cell.version)),
                escaped(said)
            );
        }
    }
    body.push_str("</tbody></table></div>");
}
