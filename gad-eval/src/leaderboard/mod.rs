//! Leaderboards: what methods reach on datasets, how sure that is, and at what cost.
//!
//! [`Entries`] are the runs of a sweep or of experiments; a [`Board`] groups them by what is scored, and
//! is written as Markdown, CSV, and a page of HTML that needs nothing else.

mod entry;
mod page;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

pub use entry::{Entries, Entry};

use crate::experiment::State;
use crate::statistics::{ComparisonReport, Table, compare};
use crate::sweep::{Estimate, Judge, Measures, Metric, Unfit};
use crate::{Error, Result};

/// What methods reach.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Board {
    /// Its title.
    pub title: String,
    /// What ranks are by.
    pub metric: Metric,
    /// Methods that score the same kind of things.
    pub tracks: Vec<Track>,
    /// By which metric parameters were chosen, on the validation part alone.
    pub select: Option<Metric>,
    /// How scores were judged.
    pub judge: Judge,
    /// All runs, by how they ended.
    pub states: BTreeMap<String, usize>,
    /// Runs that should be there and are not.
    pub n_missing: usize,
    /// What was left out, and why.
    pub unfit: Vec<Unfit>,
    /// Runs that are there and do not count, and why.
    pub ignored: Vec<String>,
    /// Hash of each dataset.
    pub datasets: BTreeMap<String, String>,
    /// Highest load of the machine when a run began, and its number of processors.
    pub load: Option<f64>,
    /// Where it comes from.
    pub provenance: Map<String, Value>,
}

/// Methods that score the same kind of things.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Track {
    /// What they score.
    pub result_type: String,
    /// Datasets, by name.
    pub datasets: Vec<String>,
    /// Methods, the best mean rank first.
    pub rows: Vec<Row>,
    /// Methods of the comparison, by place in `rows`.
    pub compared: Vec<usize>,
    /// Whether they differ.
    pub comparison: Option<ComparisonReport>,
    /// Why there is no comparison.
    pub no_comparison: Option<String>,
}

/// What a method reaches on each dataset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The method, with its parameters where it has several rows.
    pub method: String,
    /// One for each dataset of the track; absent where nothing ran.
    pub cells: Vec<Option<Cell>>,
    /// Mean of its ranks over the datasets where it has a value.
    pub mean_rank: Option<f64>,
    /// How many these are.
    pub n_ranked: usize,
}

/// What a method reaches on a dataset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Parameters that were chosen, in a line.
    pub settings: String,
    /// How many choices of parameters were tried.
    pub n_settings: usize,
    /// How many runs that took, failed ones too.
    pub n_runs: usize,
    /// Runs that did not complete, by how they ended, of all choices.
    pub failed: BTreeMap<String, usize>,
    /// What the first of these said.
    pub error: Option<String>,
    /// Seeds of the runs that are in the values; empty where no random numbers are drawn.
    pub seeds: Vec<u64>,
    /// Area under the ROC.
    pub roc_auc: Option<Spread>,
    /// Average precision.
    pub average_precision: Option<Spread>,
    /// Why these are absent.
    pub undefined: Option<String>,
    /// Samples and anomalies that they are of.
    pub n_samples: usize,
    /// Anomalies.
    pub n_positives: usize,
    /// Mean time of a run.
    pub wall_secs: Option<f64>,
    /// Mean time of processors.
    pub cpu_secs: Option<f64>,
    /// Most memory of any run.
    pub peak_memory_mb: Option<f64>,
    /// Version of the method.
    pub version: String,
}

/// A metric over runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Mean over runs.
    pub mean: f64,
    /// Standard deviation over runs, with `n - 1`; absent for one run.
    pub std: Option<f64>,
    /// Number of runs.
    pub n: usize,
    /// Where it lies in 95 % of the resamples of the samples: means of the ends over runs.
    pub interval: Option<(f64, f64)>,
}

impl Cell {
    /// The spread of a metric.
    pub fn spread(&self, metric: Metric) -> Option<Spread> {
        match metric {
            Metric::RocAuc => self.roc_auc,
            Metric::AveragePrecision => self.average_precision,
        }
    }
}

/// A metric of one run.
fn value(measures: Option<&Measures>, metric: Metric) -> Option<Estimate> {
    let measures = measures?;
    match metric {
        Metric::RocAuc => measures.roc_auc,
        Metric::AveragePrecision => measures.average_precision,
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = values.fold((0_usize, 0.0), |(n, sum), value| (n + 1, sum + value));
    (0 < n).then(|| sum / n as f64)
}

fn spread(entries: &[&Entry], metric: Metric) -> Option<Spread> {
    let found: Vec<Estimate> =
        entries.iter().filter_map(|entry| value(entry.test.as_ref(), metric)).collect();
    let n = found.len();
    let center = mean(found.iter().map(|estimate| estimate.value))?;
    let squares: f64 = found.iter().map(|estimate| (estimate.value - center).powi(2)).sum();
    let intervals: Vec<(f64, f64)> =
        found.iter().filter_map(|estimate| estimate.interval).collect();
    let low = mean(intervals.iter().map(|ends| ends.0));
    let high = mean(intervals.iter().map(|ends| ends.1));
    Some(Spread {
        mean: center,
        std: (1 < n).then(|| (squares / (n as f64 - 1.0)).sqrt()),
        n,
        interval: low.zip(high),
    })
}

impl Board {
    /// Groups `entries`, and ranks methods by `metric`; by default that which parameters were chosen by,
    /// or else the area under the ROC.
    ///
    /// Where parameters are chosen, the choice with the highest mean on the validation part counts, and
    /// the others only as runs that were tried. Else each choice is a row.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if there are no runs.
    pub fn new(entries: &Entries, metric: Option<Metric>) -> Result<Self> {
        if entries.entries.is_empty() {
            return Err(Error::Empty { name: "the list of runs" });
        }
        let metric = metric.or(entries.select).unwrap_or(Metric::RocAuc);
        // A run that failed scores what others of its method do; a method that failed everywhere scores what all others do
        // on its datasets, if these agree.
        let known = |method: &str| {
            let of = || entries.entries.iter().filter(|entry| entry.method == method);
            let own = of().find_map(|entry| entry.result_type.as_deref());
            own.or_else(|| {
                let datasets: BTreeSet<&str> = of().map(|entry| entry.dataset.as_str()).collect();
                let beside = entries
                    .entries
                    .iter()
                    .filter(|entry| datasets.contains(entry.dataset.as_str()));
                let types: BTreeSet<&str> =
                    beside.filter_map(|entry| entry.result_type.as_deref()).collect();
                types.first().copied().filter(|_| types.len() == 1)
            })
            .unwrap_or("unknown")
        };
        let mut by_type: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        let mut states: BTreeMap<String, usize> = BTreeMap::new();
        let mut datasets = BTreeMap::new();
        for entry in &entries.entries {
            by_type.entry(known(&entry.method)).or_default().push(entry);
            *states.entry(entry.state.to_string()).or_default() += 1;
            if let Some(hash) = &entry.dataset_sha256 {
                datasets.insert(entry.dataset.clone(), hash.clone());
            }
        }
        let tracks = by_type
            .into_iter()
            .map(|(result_type, runs)| Track::new(result_type, &runs, entries.select, metric));
        let loads = entries.entries.iter().filter_map(|entry| entry.load);
        Ok(Self {
            title: entries.title.clone(),
            metric,
            tracks: tracks.collect(),
            select: entries.select,
            judge: entries.judge.clone(),
            states,
            n_missing: entries.n_missing,
            unfit: entries.unfit.clone(),
            ignored: entries.ignored.clone(),
            datasets,
            load: loads.max_by(f64::total_cmp),
            provenance: entries.provenance.clone(),
        })
    }
}

impl Track {
    fn new(result_type: &str, entries: &[&Entry], select: Option<Metric>, metric: Metric) -> Self {
        let datasets: BTreeSet<&str> = entries.iter().map(|entry| entry.dataset.as_str()).collect();
        let datasets: Vec<String> = datasets.into_iter().map(str::to_owned).collect();
        let mut groups: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
        for &entry in entries {
            // With a choice of parameters a method is one row, else each choice is.
            let settings = if select.is_some() { "" } else { entry.settings.as_str() };
            groups.entry((&entry.method, settings)).or_default().push(entry);
        }
        let several = |method: &str| 1 < groups.keys().filter(|(name, _)| *name == method).count();
        let mut rows: Vec<Row> = groups
            .iter()
            .map(|(&(method, settings), entries)| {
                let cells = datasets.iter().map(|dataset| {
                    let runs: Vec<&Entry> =
                        entries.iter().copied().filter(|run| run.dataset == *dataset).collect();
                    cell(&runs, select)
                });
                let name = match several(method) && !settings.is_empty() {
                    true => format!("{method} {settings}"),
                    false => method.to_owned(),
                };
                Row { method: name, cells: cells.collect(), mean_rank: None, n_ranked: 0 }
            })
            .collect();
        rank(&mut rows, datasets.len(), metric);
        rows.sort_by(|a, b| {
            // A rank over the datasets where a method did not fail says less than one over all.
            let lacks = |row: &Row| row.n_ranked < datasets.len();
            let key = |row: &Row| row.mean_rank.unwrap_or(f64::INFINITY);
            let by_rank = || key(a).total_cmp(&key(b)).then_with(|| a.method.cmp(&b.method));
            lacks(a).cmp(&lacks(b)).then_with(by_rank)
        });
        let compared: Vec<usize> =
            (0..rows.len()).filter(|&at| rows[at].n_ranked == datasets.len()).collect();
        let values = |dataset: usize| -> Vec<f64> {
            let cells = compared.iter().filter_map(|&at| rows[at].cells[dataset].as_ref());
            cells.filter_map(|cell| cell.spread(metric)).map(|spread| spread.mean).collect()
        };
        let table = Table {
            methods: compared.iter().map(|&at| rows[at].method.clone()).collect(),
            datasets: datasets.clone(),
            values: (0..datasets.len()).map(values).collect(),
        };
        let (comparison, no_comparison) = match compare(&table, 0.05) {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let result_type = result_type.to_owned();
        Self { result_type, datasets, rows, compared, comparison, no_comparison }
    }
}

/// Gives rows their mean ranks, of which 1 is the best; ties share the mean of theirs.
fn rank(rows: &mut [Row], n_datasets: usize, metric: Metric) {
    let mut sums = vec![(0.0, 0); rows.len()];
    for dataset in 0..n_datasets {
        let of = |row: &Row| Some(row.cells[dataset].as_ref()?.spread(metric)?.mean);
        let values: Vec<(usize, f64)> =
            rows.iter().enumerate().filter_map(|(at, row)| Some((at, of(row)?))).collect();
        for &(at, value) in &values {
            let above = values.iter().filter(|(_, other)| value < *other).count() as f64;
            let equal = values.iter().filter(|(_, other)| value == *other).count() as f64;
            sums[at] = (sums[at].0 + above + 0.5 * (equal + 1.0), sums[at].1 + 1);
        }
    }
    for (row, (sum, n)) in rows.iter_mut().zip(sums) {
        (row.mean_rank, row.n_ranked) = ((0 < n).then(|| sum / f64::from(n)), n as usize);
    }
}

/// What the runs of a method on a dataset say; `None` without any.
fn cell(runs: &[&Entry], select: Option<Metric>) -> Option<Cell> {
    let mut choices: Vec<(&str, Vec<&Entry>)> = Vec::new();
    for &run in runs {
        match choices.iter_mut().find(|(settings, _)| *settings == run.settings) {
            Some((_, of)) => of.push(run),
            None => choices.push((&run.settings, vec![run])),
        }
    }
    let merit = |runs: &[&Entry]| {
        let metric = select?;
        let values = runs.iter().filter_map(|run| value(run.validation.as_ref(), metric));
        mean(values.map(|estimate| estimate.value))
    };
    // Of equals the first counts. A choice that failed for some seeds stands behind those that did not: the
    // mean of the seeds it did well with says less.
    let mut best: Option<(usize, (usize, Option<f64>))> = None;
    for (at, (_, runs)) in choices.iter().enumerate() {
        let n_failed = runs.iter().filter(|run| run.state != State::Completed).count();
        let found = (n_failed, merit(runs));
        let better = |known: (usize, Option<f64>)| {
            let value = |of: Option<f64>| of.unwrap_or(-1.0);
            found.0 < known.0 || (found.0 == known.0 && value(known.1) < value(found.1))
        };
        if best.is_none_or(|(_, known)| better(known)) {
            best = Some((at, found));
        }
    }
    let (settings, chosen) = &choices[best?.0];
    let completed: Vec<&Entry> =
        chosen.iter().copied().filter(|run| run.state == State::Completed).collect();
    let mut failed: BTreeMap<String, usize> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.state != State::Completed) {
        *failed.entry(run.state.to_string()).or_default() += 1;
    }
    let mut seeds: Vec<u64> = completed.iter().filter_map(|run| run.seed).collect();
    seeds.sort_unstable();
    let tests = || completed.iter().filter_map(|run| run.test.as_ref());
    let memory = completed.iter().filter_map(|run| run.peak_memory_mb);
    Some(Cell {
        settings: (*settings).to_owned(),
        n_settings: choices.len(),
        n_runs: runs.len(),
        error: runs.iter().find_map(|run| run.error.clone()),
        failed,
        seeds,
        roc_auc: spread(&completed, Metric::RocAuc),
        average_precision: spread(&completed, Metric::AveragePrecision),
        undefined: tests().find_map(|test| test.undefined.clone()),
        n_samples: tests().map(|test| test.n_samples).max().unwrap_or(0),
        n_positives: tests().map(|test| test.n_positives).max().unwrap_or(0),
        wall_secs: mean(completed.iter().filter_map(|run| run.wall_secs)),
        cpu_secs: mean(completed.iter().filter_map(|run| run.cpu_secs)),
        peak_memory_mb: memory.max_by(f64::total_cmp),
        version: chosen.first().map(|run| run.version.clone()).unwrap_or_default(),
    })
}
