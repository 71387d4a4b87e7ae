//! A leaderboard as Markdown and as CSV.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Board, Cell, Spread, Track};
use crate::file::replace;
use crate::sweep::Metric;
use crate::{Error, Result};

/// What metrics are called in tables.
pub(super) const METRICS: [(Metric, &str); 2] =
    [(Metric::RocAuc, "AUROC"), (Metric::AveragePrecision, "Average precision")];

impl Board {
    /// Writes `leaderboard.md`, `.csv`, `.html` and `.json` to `folder`, which is made if it is not
    /// there, and returns their names. Each file appears whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        std::fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
        let mut written = Vec::new();
        let json = serde_json::to_string_pretty(self)
            .map_err(|error| Error::bad_file(folder, error.to_string()))?;
        for (suffix, text) in
            [("md", self.markdown()), ("csv", self.csv()), ("html", self.html()), ("json", json)]
        {
            let path = folder.join(format!("leaderboard.{suffix}"));
            replace(&path, |file| file.write_all(text.as_bytes()))?;
            written.push(path);
        }
        Ok(written)
    }

    /// It as Markdown: a table of each metric for each kind of scores.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n", self.title, self.summary());
        for note in self.notes() {
            let _ = writeln!(text, "\n{note}");
        }
        for track in &self.tracks {
            let _ = write!(text, "\n## {}\n", track.result_type);
            for (metric, name) in METRICS {
                let _ = write!(text, "\n### {name}\n\n");
                table(&mut text, track, |cell| shown(cell, metric), metric == self.metric);
            }
            let _ = write!(text, "\n### Seconds\n\n");
            table(&mut text, track, |cell| cell.wall_secs.map(secs).unwrap_or_default(), false);
            if track
                .rows
                .iter()
                .flat_map(|row| &row.cells)
                .flatten()
                .any(|cell| cell.peak_memory_mb.is_some())
            {
                let _ = write!(text, "\n### Peak memory, MiB\n\n");
                let memory = |cell: &Cell| cell.peak_memory_mb.map(|peak| format!("{peak:.0}"));
                table(&mut text, track, |cell| memory(cell).unwrap_or_default(), false);
            }
            let choices = |cell: &Cell| !cell.settings.is_empty() || 1 < cell.n_settings;
            if track.rows.iter().flat_map(|row| &row.cells).flatten().any(choices) {
                let _ = write!(text, "\n### Parameters\n\n");
                table(&mut text, track, chosen, false);
            }
            let _ = write!(text, "\n{}\n", track.verdict());
        }
        let failures = self.reasons();
        if !failures.is_empty() {
            text.push_str("\n## Not completed, or undefined\n\n");
            for failure in failures {
                let _ = writeln!(text, "- {failure}");
            }
        }
        if !self.unfit.is_empty() {
            text.push_str("\n## Not run\n\n");
            for unfit in &self.unfit {
                let _ = writeln!(text, "- {unfit}");
            }
        }
        if !self.ignored.is_empty() {
            text.push_str("\n## Not counted\n\n");
            for ignored in &self.ignored {
                let _ = writeln!(text, "- {ignored}");
            }
        }
        text.push_str("\n## Datasets\n\n| dataset | SHA-256 |\n|---|---|\n");
        for (dataset, hash) in &self.datasets {
            let _ = writeln!(text, "| {dataset} | `{hash}` |");
        }
        text
    }

    /// It as CSV: a row for each method on each dataset.
    pub fn csv(&self) -> String {
        let mut text = "result_type,method,dataset,settings,n_settings,n_runs,n_completed,failed,roc_auc_mean,roc_auc_std,\
                        roc_auc_low,roc_auc_high,average_precision_mean,average_precision_std,average_precision_low,\
                        average_precision_high,n_samples,n_positives,wall_secs,cpu_secs,peak_memory_mb,seeds,dataset_sha256,\
                        method_version,undefined,error\n"
            .to_owned();
        for track in &self.tracks {
            for row in &track.rows {
                for (dataset, cell) in track.datasets.iter().zip(&row.cells) {
                    let Some(cell) = cell else { continue };
                    let mut fields = vec![
                        track.result_type.clone(),
                        row.method.clone(),
                        dataset.clone(),
                        cell.settings.clone(),
                        cell.n_settings.to_string(),
                        cell.n_runs.to_string(),
                        (cell.n_runs - cell.failed.values().sum::<usize>()).to_string(),
                        failures(&cell.failed),
                    ];
                    for (metric, _) in METRICS {
                        let spread = cell.spread(metric);
                        let text = |value: Option<f64>| value.map(|v| v.to_string());
                        let interval = spread.and_then(|spread| spread.interval);
                        for value in [
                            text(spread.map(|spread| spread.mean)),
                            text(spread.and_then(|spread| spread.std)),
                            text(interval.map(|ends| ends.0)),
                            text(interval.map(|ends| ends.1)),
                        ] {
                            fields.push(value.unwrap_or_default());
                        }
                    }
                    fields.extend([cell.n_samples.to_string(), cell.n_positives.to_string()]);
                    for value in [cell.wall_secs, cell.cpu_secs, cell.peak_memory_mb] {
                        fields.push(value.map(|value| value.to_string()).unwrap_or_default());
                    }
                    let seeds: Vec<String> = cell.seeds.iter().map(u64::to_string).collect();
                    fields.push(seeds.join(" "));
                    fields.push(self.datasets.get(dataset).cloned().unwrap_or_default());
                    fields.push(cell.version.clone());
                    fields.push(cell.undefined.clone().unwrap_or_default());
                    fields.push(cell.error.clone().unwrap_or_default());
                    let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
                    let _ = writeln!(text, "{}", fields.join(","));
                }
            }
        }
        text
    }

    /// Why runs did not complete or have no value: the first reason of each method on each dataset.
    fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        for track in &self.tracks {
            for row in &track.rows {
                for (dataset, cell) in track.datasets.iter().zip(&row.cells) {
                    let Some(cell) = cell else { continue };
                    let Some(why) = cell.error.as_ref().or(cell.undefined.as_ref()) else {
                        continue;
                    };
                    let how = match cell.failed.is_empty() {
                        true => "undefined".to_owned(),
                        false => failures(&cell.failed),
                    };
                    // A line of a list holds no others.
                    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
                    reasons.push(format!("{} on {dataset}: {how}: {why}", row.method));
                }
            }
        }
        reasons
    }

    /// How many runs there are, and how they ended.
    pub(super) fn summary(&self) -> String {
        let n: usize = self.states.values().sum();
        let states = failures(&self.states);
        let missing = match self.n_missing {
            0 => String::new(),
            n => format!("; {n} have not run"),
        };
        format!("{n} runs: {states}{missing}.")
    }

    /// What a reader should know before trusting the numbers.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!(
            "Values are means ± standard deviations over seeds; a method without a deviation draws no random numbers or ran \
             once. Intervals are 95 % of {} resamples of the samples, averaged over seeds: they say how sure a value is on \
             this dataset, not how methods differ.",
            self.judge.resamples
        )];
        if let Some(share) = self.judge.validation {
            let chosen = match self.select {
                Some(metric) => format!(
                    "Parameters were chosen by {} on {:.0} % of the labelled samples (seed {}), each method on each dataset \
                     by itself",
                    metric.name(),
                    100.0 * share,
                    self.judge.seed
                ),
                None => "Some samples were kept for choosing parameters".to_owned(),
            };
            notes.push(format!("{chosen}; all values are of the others."));
        }
        let positives = |cell: &Cell| 0 < cell.n_positives && cell.n_positives < 10;
        let mut few: Vec<&str> = Vec::new();
        for track in &self.tracks {
            for row in &track.rows {
                for (dataset, cell) in track.datasets.iter().zip(&row.cells) {
                    if cell.as_ref().is_some_and(positives) && !few.contains(&dataset.as_str()) {
                        few.push(dataset);
                    }
                }
            }
        }
        if !few.is_empty() {
            let few = few.join(", ");
            notes.push(format!(
                "Fewer than 10 anomalies are judged on {few}: small differences there are noise."
            ));
        }
        let processors =
            self.provenance.get("machine").and_then(|machine| machine["n_cpus"].as_f64());
        if let (Some(load), Some(processors)) = (self.load, processors)
            && processors < load
        {
            notes.push(format!(
                "The machine was busy (load {load:.1} on {processors} processors): times are longer than on a quiet one."
            ));
        }
        notes
    }
}

impl Track {
    /// What the comparison says, or why there is none.
    pub(super) fn verdict(&self) -> String {
        let left_out: Vec<&str> = (0..self.rows.len())
            .filter(|at| !self.compared.contains(at))
            .map(|at| self.rows[at].method.as_str())
            .collect();
        let without = match left_out.is_empty() {
            true => String::new(),
            false => format!(
                " Without a value on every dataset, and so left out: {}.",
                left_out.join(", ")
            ),
        };
        match (&self.comparison, &self.no_comparison) {
            (Some(report), _) => format!(
                "Friedman's test over {} datasets: p = {:.2e}; mean ranks differ if they are {:.2} apart (Nemenyi, 5 %).{without}",
                report.n_datasets, report.friedman_p, report.critical_difference
            ),
            (None, Some(reason)) => format!("No comparison: {reason}.{without}"),
            (None, None) => without,
        }
    }
}

/// A table of methods × datasets; with mean ranks, if wanted.
fn table(text: &mut String, track: &Track, value: impl Fn(&Cell) -> String, ranks: bool) {
    let head = if ranks { "| method | mean rank |" } else { "| method |" };
    let _ = writeln!(text, "{head} {} |", track.datasets.join(" | "));
    let columns = track.datasets.len() + usize::from(ranks);
    let _ = writeln!(text, "|---|{}", "--:|".repeat(columns));
    for row in &track.rows {
        let _ = write!(text, "| {} |", row.method.replace('|', "\\|"));
        if ranks {
            let over = match row.n_ranked < track.datasets.len() {
                true => format!(" over {}", row.n_ranked),
                false => String::new(),
            };
            let rank = row.mean_rank.map(|rank| format!(" {rank:.2}{over} |"));
            text.push_str(rank.as_deref().unwrap_or(" – |"));
        }
        for cell in &row.cells {
            let shown = cell.as_ref().map(&value).filter(|text| !text.is_empty());
            let _ = write!(text, " {} |", shown.as_deref().unwrap_or("–").replace('|', "\\|"));
        }
        text.push('\n');
    }
}

/// The parameters that were chosen, and of how many choices.
fn chosen(cell: &Cell) -> String {
    let settings = if cell.settings.is_empty() { "defaults" } else { &cell.settings };
    match cell.n_settings {
        0 | 1 => settings.to_owned(),
        n => format!("{settings} (of {n} choices, {} runs)", cell.n_runs),
    }
}

/// A value with its deviation, its interval, how many runs it is of, and how many failed.
fn shown(cell: &Cell, metric: Metric) -> String {
    let mut text = String::new();
    if let Some(Spread { mean, std, n, interval }) = cell.spread(metric) {
        let _ = write!(text, "{mean:.3}");
        if let Some(std) = std {
            let _ = write!(text, " ± {std:.3}");
        }
        let interval = interval.map(|(low, high)| format!("{low:.3} to {high:.3}"));
        let number = std.map(|_| format!("n = {n}"));
        let facts: Vec<String> = interval.into_iter().chain(number).collect();
        if !facts.is_empty() {
            let _ = write!(text, " ({})", facts.join("; "));
        }
    }
    if !cell.failed.is_empty() {
        let _ = write!(text, " [{}]", failures(&cell.failed));
    }
    text.trim().to_owned()
}

/// Numbers of runs, by how they ended.
pub(super) fn failures(states: &BTreeMap<String, usize>) -> String {
    let each: Vec<String> = states.iter().map(|(state, n)| format!("{n} {state}")).collect();
    each.join(", ")
}

/// Seconds in three digits.
pub(super) fn secs(value: f64) -> String {
    match value {
        value if value < 0.0995 => format!("{value:.3}"),
        value if value < 9.95 => format!("{value:.2}"),
        value => format!("{value:.1}"),
    }
}

/// A field that may hold anything.
fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}
