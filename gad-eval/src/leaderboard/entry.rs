//! What a leaderboard is made of: runs, from the folder of a sweep or of experiments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use graph_core::Control;
use serde_json::{Map, Value, json};

use crate::detectors;
use crate::evaluate::{Sentinels, results_path};
use crate::experiment::{Experiment, State, experiments};
use crate::results::Results;
use crate::run::{Environment, ServiceConfig};
use crate::sweep::{Judge, Measures, Metric, PLAN, Program, Record, Unfit};
use crate::{Error, Result};

/// One method on one dataset with one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What the method is called.
    pub method: String,
    /// The dataset.
    pub dataset: String,
    /// Hash of the dataset.
    pub dataset_sha256: Option<String>,
    /// What is scored; absent if nobody knows.
    pub result_type: Option<String>,
    /// Parameters that were chosen, in a line.
    pub settings: String,
    /// Seed; absent where no random numbers are drawn, or where it is not known.
    pub seed: Option<u64>,
    /// How it ended.
    pub state: State,
    /// What went wrong.
    pub error: Option<String>,
    /// What parameters are chosen by.
    pub validation: Option<Measures>,
    /// What scores are worth.
    pub test: Option<Measures>,
    /// How long it took.
    pub wall_secs: Option<f64>,
    /// Time of processors.
    pub cpu_secs: Option<f64>,
    /// Most memory.
    pub peak_memory_mb: Option<f64>,
    /// Load of the machine when it began.
    pub load: Option<f64>,
    /// Version of the method.
    pub version: String,
}

/// Runs, and what is known of all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries {
    /// Name of the sweep or the folder.
    pub title: String,
    /// The runs.
    pub entries: Vec<Entry>,
    /// By which metric parameters are chosen, on the validation part.
    pub select: Option<Metric>,
    /// How scores were judged.
    pub judge: Judge,
    /// What was left out, and why.
    pub unfit: Vec<Unfit>,
    /// Runs that are there and do not count, and why.
    pub ignored: Vec<String>,
    /// Runs that should be there and are not.
    pub n_missing: usize,
    /// Where it comes from: machine, versions, files.
    pub provenance: Map<String, Value>,
}

impl Entries {
    /// The runs in `folder`, which is that of a sweep, or holds experiments.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::BadFile`]; [`Error::Stopped`].
    pub fn read(folder: &Path, judge: &Judge, control: &Control<'_>) -> Result<Self> {
        match folder.join(PLAN).is_file() {
            true => Self::of_sweep(folder),
            false => Self::of_experiments(folder, judge, control),
        }
    }

    fn of_sweep(folder: &Path) -> Result<Self> {
        let path = folder.join(PLAN);
        let text = fs::read_to_string(&path).map_err(|error| Error::file(&path, error))?;
        let bad = |problem: &str| Error::bad_file(&path, problem);
        let plan: Value = serde_json::from_str(&text).map_err(|error| bad(&error.to_string()))?;
        let spec = &plan["spec"];
        let parsed = |value: &Value, what: &str| {
            serde_json::from_value(value.clone()).map_err(|error| bad(&format!("{what}: {error}")))
        };
        let judge: Judge = serde_json::from_value(spec["judge"].clone())
            .map_err(|error| bad(&format!("judge: {error}")))?;
        let select: Option<Metric> = parsed(&spec["select"], "select")?;
        let ids = plan["trials"].as_array().ok_or_else(|| bad("it has no list of trials"))?;
        let (mut entries, mut ignored, mut n_missing) = (Vec::new(), Vec::new(), 0);
        for id in ids {
            let id = id.as_str().ok_or_else(|| bad("an id of a trial is no text"))?;
            match Record::find(folder, id) {
                Ok(Some(record)) => entries.push(Entry::of(record)),
                Ok(None) => n_missing += 1,
                Err(error) => ignored.push(error.to_string()),
            }
        }
        let unfit = plan["unfit"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let unfit = unfit.map(|unfit| Unfit {
            method: text(&unfit["method"]),
            dataset: text(&unfit["dataset"]),
            reason: text(&unfit["reason"]),
        });
        let mut provenance = Map::new();
        for key in ["version", "machine", "written", "spec"] {
            provenance.insert(key.to_owned(), plan[key].clone());
        }
        let (title, unfit) = (text(&spec["name"]), unfit.collect());
        Ok(Self { title, entries, select, judge, unfit, ignored, n_missing, provenance })
    }

    fn of_experiments(folder: &Path, judge: &Judge, control: &Control<'_>) -> Result<Self> {
        let (found, problems) = experiments(folder)?;
        if found.is_empty() {
            let problem = "there is neither sweep.json nor an experiment in it";
            return Err(Error::bad_file(folder, problem));
        }
        let mut ignored: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let mut entries: Vec<Entry> = Vec::with_capacity(found.len());
        for (done, experiment) in found.iter().enumerate() {
            control.step("experiments", done as u64, Some(found.len() as u64))?;
            let state = experiment.status.status;
            // What someone stopped says nothing of the method.
            if !state.is_final() || state == State::Stopped {
                ignored.push(format!("{}: {state}", experiment.name));
                continue;
            }
            let entry = match Entry::of_experiment(experiment, judge, control) {
                Ok(entry) => entry,
                Err(Error::Stopped(stopped)) => return Err(stopped.into()),
                Err(error) => {
                    ignored.push(error.to_string());
                    continue;
                }
            };
            // The newest come first, and count.
            match entries.iter().any(|known| known.repeats(&entry)) {
                true => ignored.push(format!("{}: it was run again later", experiment.name)),
                false => entries.push(entry),
            }
        }
        distinguish(&mut entries);
        let title = folder.canonicalize().unwrap_or_default();
        let title = title.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut provenance = Map::new();
        provenance.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        provenance.insert("experiments".to_owned(), json!(found.len()));
        Ok(Self {
            title,
            entries,
            select: None,
            judge: judge.clone(),
            unfit: Vec::new(),
            ignored,
            n_missing: 0,
            provenance,
        })
    }
}

/// Gives datasets that have one name and different contents names of their own.
fn distinguish(entries: &mut [Entry]) {
    let mut contents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in entries.iter() {
        if let Some(hash) = &entry.dataset_sha256 {
            contents.entry(entry.dataset.clone()).or_default().insert(hash.clone());
        }
    }
    for entry in entries {
        let several = contents.get(&entry.dataset).is_some_and(|hashes| 1 < hashes.len());
        if let Some(hash) = entry.dataset_sha256.as_ref().filter(|_| several) {
            entry.dataset = format!("{}@{}", entry.dataset, hash.get(..8).unwrap_or(hash));
        }
    }
}

impl Entry {
    /// Whether it is `other` once more, and not another sample of the same distribution: they have one
    /// seed, or draw no random numbers.
    fn repeats(&self, other: &Self) -> bool {
        let exact =
            || detectors::all().iter().any(|info| info.name == self.method && !info.is_seeded());
        let same = self.method == other.method
            && self.dataset == other.dataset
            && self.dataset_sha256 == other.dataset_sha256
            && self.settings == other.settings
            && self.seed == other.seed;
        same && (self.seed.is_some() || exact())
    }

    fn of(Record { trial, outcome }: Record) -> Self {
        let native = detectors::all().iter().find(|info| info.name == trial.method);
        let native = native.filter(|_| matches!(trial.program(), Program::Native(_)));
        let known = native.map(|info| info.result_type.name().to_owned());
        let (validation, test) = match outcome.verdict {
            Some(verdict) => (verdict.validation, Some(verdict.test)),
            None => (None, None),
        };
        Self {
            settings: trial.settings(),
            method: trial.label,
            dataset: trial.dataset,
            dataset_sha256: Some(trial.dataset_sha256),
            result_type: outcome.result_type.or(known),
            seed: trial.seed,
            state: outcome.state,
            error: outcome.error,
            validation,
            test,
            wall_secs: Some(outcome.wall_secs),
            cpu_secs: outcome.cpu_secs,
            peak_memory_mb: outcome.peak_memory_mb,
            load: outcome.load,
            version: trial.method_version,
        }
    }

    /// An experiment, whose parameters are those of `service_config.json` if it has one.
    fn of_experiment(
        experiment: &Experiment,
        judge: &Judge,
        control: &Control<'_>,
    ) -> Result<Self> {
        // Folders of older versions, and of others, may have neither.
        let config = ServiceConfig::read(&experiment.folder).ok();
        let environment = Environment::read(&experiment.folder)?;
        let mut seed = config.as_ref().and_then(ServiceConfig::seed);
        let mut settings = Vec::new();
        for (name, value) in config.iter().flat_map(ServiceConfig::parameters) {
            match name.eq_ignore_ascii_case("seed") {
                true => seed = value.parse().ok().or(seed),
                false => settings.push(format!("{name}={value}")),
            }
        }
        settings.sort();
        let status = &experiment.status;
        let resources = status.resources.unwrap_or_default();
        let mut entry = Self {
            method: experiment.method.clone(),
            dataset: experiment.dataset.clone(),
            dataset_sha256: environment.as_ref().and_then(|found| found.dataset_sha256.clone()),
            result_type: None,
            settings: settings.join(" "),
            seed,
            state: status.status,
            error: status.error.clone(),
            validation: None,
            test: None,
            wall_secs: status.exec_time_ms.map(|time| time / 1e3),
            cpu_secs: resources.cpu_secs,
            peak_memory_mb: resources.peak_memory_mb,
            load: environment.as_ref().and_then(|found| found.load_before),
            version: environment.map(|found| found.graphlume).unwrap_or_default(),
        };
        if entry.state != State::Completed {
            return Ok(entry);
        }
        let judged =
            results_path(&experiment.folder).and_then(Results::read).and_then(|mut found| {
                if Sentinels::Auto.are_marks(&experiment.folder) {
                    found.mask_sentinels();
                }
                entry.result_type = Some(found.result_type.name().to_owned());
                judge.judge(&found, control)
            });
        match judged {
            Ok(verdict) => {
                (entry.validation, entry.test) = (verdict.validation, Some(verdict.test));
            }
            Err(Error::Stopped(stopped)) => return Err(stopped.into()),
            // Completed, it says; but nothing can be made of what it left.
            Err(error) => (entry.state, entry.error) = (State::Failed, Some(error.to_string())),
        }
        Ok(entry)
    }
}
