//! Sweeps: methods × datasets × parameters × seeds, of which every trial runs once.
//!
//! [`Spec`] says what to run, [`Plan`] lists the trials, and [`Plan::run`] runs those that are missing.
//! A trial is found again by the hash of all that decides what it finds, so that a sweep that was
//! stopped goes on where it was. Failures are records like any other.

mod judge;
mod queue;
mod runner;
mod spec;
mod trial;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};
use std::{fmt, fs};

use graph_core::Control;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use judge::{Estimate, Judge, Measures, Verdict};
pub use runner::{InProcess, Processes, Ran, TrialRunner};
pub use spec::{Limits, MethodSpec, Metric, Program, Spec};
pub use trial::{Outcome, Record, Trial, place};

use crate::dataset::{Loaded, Source};
use crate::detectors::configure;
use crate::experiment::{State, timestamp};
use crate::file::replace_json;
use crate::method::{Method, matches};
use crate::results::Results;
use crate::run::{Machine, hash, load};
use crate::{Error, Result};
use queue::{Queue, Watch};

/// The trials of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it is a plan of.
    pub spec: Spec,
    /// All trials, each once, those of a dataset after one another.
    pub trials: Vec<Trial>,
    /// Methods that do not run over a dataset, and why.
    pub unfit: Vec<Unfit>,
}

/// A method that does not run over a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unfit {
    /// The label of the method.
    pub method: String,
    /// The dataset.
    pub dataset: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.method, self.dataset, self.reason)
    }
}

/// What became of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SweepReport {
    /// Trials that there are.
    pub n_trials: usize,
    /// Those that ran now.
    pub n_ran: usize,
    /// Those whose records were there.
    pub n_known: usize,
    /// All records, by state.
    pub states: BTreeMap<String, usize>,
    /// Whether the caller stopped it; what is missing runs the next time.
    pub stopped: bool,
}

/// Which trials of a plan run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunOptions {
    /// Run those again that failed, took too long or took too much.
    pub retry_failed: bool,
}

impl Plan {
    /// Lists the trials of `spec`. Every dataset that a native detector may run over is read once, to
    /// find out what fits, and hashed.
    ///
    /// # Errors
    ///
    /// As [`Source::find`] and [`Source::load`]; [`Error::Unknown`], [`Error::BadParameter`] and
    /// [`Error::BadOption`] for parameters; [`Error::Empty`] if nothing fits.
    pub fn new(spec: Spec) -> Result<Self> {
        let mut versions = Vec::with_capacity(spec.methods.len());
        for method in &spec.methods {
            versions.push(match &method.program {
                Program::Native(_) => (env!("CARGO_PKG_VERSION").to_owned(), None),
                Program::Folder(folder) => (hash(folder)?, Some(Method::read(folder)?)),
                // Not what the file imports, which nobody can know.
                Program::Function { file, .. } => (hash(file)?, None),
            });
        }
        let (mut trials, mut unfit): (Vec<Trial>, Vec<Unfit>) = Default::default();
        let mut names = BTreeMap::new();
        for text in &spec.datasets {
            let source = Source::find(text)?;
            if let Some(same) = names.insert(source.name().to_owned(), text) {
                return Err(Error::BadOption {
                    option: "datasets",
                    value: format!("{same} and {text}").into(),
                    allowed: "of different names, which tables tell them apart by",
                });
            }
            let sha256 = source.sha256()?;
            let native = spec.methods.iter().any(|m| matches!(m.program, Program::Native(_)));
            let loaded = if native && source.is_native() { Some(source.load()?) } else { None };
            for (method, (version, folder)) in spec.methods.iter().zip(&versions) {
                let why = reason(method, folder.as_ref(), &source, loaded.as_ref())?;
                if let Some(reason) = why {
                    let (method, dataset) = (method.label.clone(), source.name().to_owned());
                    unfit.push(Unfit { method, dataset, reason });
                    continue;
                }
                for parameters in combinations(&method.grid) {
                    let (options, seeded) = options(method, folder.as_ref(), &parameters)?;
                    let seeds: Vec<Option<u64>> = match seeded {
                        true => spec.seeds.iter().map(|&seed| Some(seed)).collect(),
                        false => vec![None],
                    };
                    for seed in seeds {
                        let (name, place, file) = match &method.program {
                            Program::Native(name) => (name.clone(), None, None),
                            Program::Folder(place) => {
                                let name = folder.as_ref().map(|m| m.name.clone());
                                (name.unwrap_or_default(), Some(place.clone()), None)
                            }
                            Program::Function { file, name } => {
                                (name.clone(), None, Some(file.clone()))
                            }
                        };
                        trials.push(Trial {
                            label: method.label.clone(),
                            method: name,
                            folder: place,
                            file,
                            method_version: version.clone(),
                            parameters: parameters.clone(),
                            options: options.clone(),
                            dataset: source.name().to_owned(),
                            dataset_text: source.text(),
                            dataset_sha256: sha256.clone(),
                            seed,
                            gpu: method.gpu,
                        });
                    }
                }
            }
        }
        let mut labels: BTreeMap<String, &Trial> = BTreeMap::new();
        for trial in &trials {
            if let Some(same) = labels.insert(trial.id(), trial) {
                let (one, other) = (same.name(), trial.name());
                let problem = format!("{one} and {other} are the same run on {}", trial.dataset);
                return Err(Error::BadParameter {
                    parameter: "methods".into(),
                    problem: problem.into(),
                });
            }
        }
        if trials.is_empty() {
            return Err(Error::Empty { name: "no method fits a dataset: the list of trials" });
        }
        Ok(Self { spec, trials, unfit })
    }

    /// Which trials have no record in `folder`, as places in [`Plan::trials`].
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::BadFile`].
    pub fn missing(&self, folder: &Path, options: RunOptions) -> Result<Vec<usize>> {
        let mut missing = Vec::new();
        for (at, trial) in self.trials.iter().enumerate() {
            let again = match Record::find(folder, &trial.id())? {
                None => true,
                Some(record) => options.retry_failed && record.outcome.state != State::Completed,
            };
            if again {
                missing.push(at);
            }
        }
        Ok(missing)
    }

    /// Runs what is missing in `folder` with `runner`, several trials at a time, and says by `report` how
    /// many are done after each.
    ///
    /// Records appear one by one, whole. Trials that are running when `control` stops leave none. Known
    /// ones whose scores were judged otherwise are judged anew.
    ///
    /// # Errors
    ///
    /// [`Error::File`] and [`Error::BadFile`] of `folder`; what makes the runner itself fail. Then no more
    /// trials begin, and those that are running end.
    pub fn run(
        &self,
        folder: &Path,
        runner: &dyn TrialRunner,
        options: RunOptions,
        control: &Control<'_>,
    ) -> Result<SweepReport> {
        fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
        self.write(folder)?;
        let missing = self.missing(folder, options)?;
        self.judge_anew(folder, control)?;
        let mut report = SweepReport {
            n_trials: self.trials.len(),
            n_known: self.trials.len() - missing.len(),
            ..SweepReport::default()
        };
        let total = missing.len() as u64;
        let n_workers = self.spec.limits.slots().min(missing.len());
        let queue = Queue::new(missing, self.spec.limits.gpus.clone());
        let watches: Vec<Watch> = (0..n_workers).map(|_| Watch::default()).collect();
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let workers: Vec<_> = watches
                .iter()
                .map(|watch| {
                    let (queue, trials) = (&queue, &self.trials);
                    scope.spawn(move || {
                        while let Some((at, gpu)) = queue.next(trials) {
                            let one = || self.one(folder, runner, &trials[at], gpu, watch);
                            match catch_unwind(AssertUnwindSafe(one)) {
                                Ok(done) => queue.done(gpu, done),
                                // Others may wait for its GPU, and would do so for ever.
                                Err(panic) => {
                                    queue.close();
                                    resume_unwind(panic);
                                }
                            }
                        }
                    })
                })
                .collect();
            scope.spawn(|| {
                let mut told = 0;
                while !ended.load(Ordering::Acquire) {
                    std::thread::sleep(Watch::PAUSE);
                    let n_done = queue.n_done();
                    // Also asks whether to stop, when nothing is new.
                    let stop = match told == n_done {
                        true => control.is_stopped(),
                        false => control.step("trials", n_done, Some(total)).is_err(),
                    };
                    told = n_done;
                    if stop {
                        queue.close();
                    }
                    for watch in &watches {
                        watch.look(stop);
                    }
                }
            });
            for worker in workers {
                // A panic of a detector is a failed trial; one of ours goes on here.
                if let Err(panic) = worker.join() {
                    ended.store(true, Ordering::Release);
                    resume_unwind(panic);
                }
            }
            ended.store(true, Ordering::Release);
        });
        let (n_ran, failure) = queue.end();
        if let Some(error) = failure {
            return Err(error);
        }
        report.n_ran = n_ran;
        report.stopped = control.is_stopped();
        for trial in &self.trials {
            if let Some(record) = Record::find(folder, &trial.id())? {
                *report.states.entry(record.outcome.state.to_string()).or_default() += 1;
            }
        }
        Ok(report)
    }

    /// Runs one trial and writes its record; whether it ended by itself.
    fn one(
        &self,
        folder: &Path,
        runner: &dyn TrialRunner,
        trial: &Trial,
        gpu: Option<u32>,
        watch: &Watch,
    ) -> Result<bool> {
        let load = load();
        let begin = Instant::now();
        // Who keeps the time of a process also ends what it has begun.
        let timeout = self.spec.limits.timeout.filter(|_| !runner.keeps_time());
        watch.begin(timeout);
        let control = Control::default().stopped_by(&watch.stop);
        let ran = runner.run(trial, gpu, &control);
        let expired = watch.end();
        let ran = match ran {
            Err(Error::Stopped(_)) if expired => Ran {
                state: State::Timeout,
                results: None,
                error: None,
                wall_secs: begin.elapsed().as_secs_f64(),
                cpu_secs: None,
                peak_memory_mb: None,
                experiment: None,
            },
            Err(Error::Stopped(_)) => return Ok(false),
            ran => ran?,
        };
        let mut outcome = Outcome {
            state: ran.state,
            error: ran.error,
            verdict: None,
            result_type: None,
            wall_secs: ran.wall_secs,
            cpu_secs: ran.cpu_secs,
            peak_memory_mb: ran.peak_memory_mb,
            load,
            runner: runner.name().to_owned(),
            ended: timestamp(SystemTime::now()),
            experiment: ran.experiment,
        };
        if let Some(mut results) = ran.results {
            let id = trial.id();
            let place = place(folder, &id);
            fs::create_dir_all(&place).map_err(|error| Error::file(&place, error))?;
            results.metadata.insert("trial".into(), id.into());
            results.metadata.insert("exec_time_ms".into(), (1e3 * ran.wall_secs).into());
            let judged = results
                .write(place.join(RESULTS))
                .and_then(|()| self.spec.judge.judge(&results, &Control::default()));
            outcome.result_type = Some(results.result_type.name().to_owned());
            match judged {
                Ok(verdict) => outcome.verdict = Some(verdict),
                Err(error @ Error::File { .. }) => return Err(error),
                // It completed, and yet left nothing that could be judged.
                Err(error) => {
                    outcome.state = State::Failed;
                    outcome.error = Some(error.to_string());
                }
            }
        }
        Record { trial: trial.clone(), outcome }.write(folder)?;
        Ok(true)
    }

    /// Judges the scores of known trials that were judged otherwise.
    fn judge_anew(&self, folder: &Path, control: &Control<'_>) -> Result<()> {
        for trial in &self.trials {
            let id = trial.id();
            let Some(mut record) = Record::find(folder, &id)? else { continue };
            let other = |verdict: &Verdict| verdict.judge != self.spec.judge;
            if record.outcome.verdict.as_ref().is_some_and(other) {
                let results = Results::read(place(folder, &id).join(RESULTS))?;
                record.outcome.verdict = Some(self.spec.judge.judge(&results, control)?);
                record.write(folder)?;
            }
        }
        Ok(())
    }

    /// Writes what is planned to `sweep.json`.
    fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(PLAN);
        let json = json!({
            "spec": self.spec,
            "trials": self.trials.iter().map(Trial::id).collect::<Vec<_>>(),
            "unfit": self.unfit,
            "version": env!("CARGO_PKG_VERSION"),
            "machine": Machine::this(),
            "load": load(),
            "written": timestamp(SystemTime::now()),
        });
        replace_json(&path, &json)
    }
}

/// Name of the file of a plan in the folder of a sweep.
pub(crate) const PLAN: &str = "sweep.json";

/// Name of the file of scores in the folder of a trial.
const RESULTS: &str = "results.parquet";

/// Why a method does not run over a dataset, if it does not.
fn reason(
    method: &MethodSpec,
    folder: Option<&Method>,
    source: &Source,
    loaded: Option<&Loaded>,
) -> Result<Option<String>> {
    let name = source.name();
    let patterns = &method.datasets;
    if !patterns.is_empty() && !patterns.iter().any(|pattern| matches(pattern, name)) {
        return Ok(Some("the sweep does not ask for it".to_owned()));
    }
    if let Some(folder) = folder {
        return Ok((!folder.supports(name)).then(|| "the method does not support it".to_owned()));
    }
    let Program::Native(detector) = &method.program else { return Ok(None) };
    let Some(loaded) = loaded else {
        return Ok(Some("it has no edges that native detectors can read".to_owned()));
    };
    let detector = configure(detector, [])?;
    let info = detector.info();
    Ok(loaded.lacks(info).or_else(|| loaded.lacks_truth(info)).map(str::to_owned))
}

/// All parameters of a method, and whether it takes a seed.
fn options(
    method: &MethodSpec,
    folder: Option<&Method>,
    parameters: &BTreeMap<String, String>,
) -> Result<(Map<String, Value>, bool)> {
    let named = |error: Error| match error {
        Error::Unknown { kind, name, nearest } => Error::BadParameter {
            parameter: name.clone(),
            problem: format!("of {}: {}", method.label, Error::Unknown { kind, name, nearest })
                .into(),
        },
        error => error,
    };
    match (&method.program, folder) {
        (Program::Native(name), _) => {
            let given = parameters.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            let detector = configure(name, given).map_err(named)?;
            let mut options = detector.options().clone();
            // Parameters may set it, and then it is one of them.
            let seeded = detector.info().is_seeded() && !parameters.contains_key("seed");
            if seeded {
                options.remove("seed");
            }
            Ok((options, seeded))
        }
        (Program::Folder(_), Some(folder)) => {
            let given: Vec<(String, String)> =
                parameters.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            let all = folder.with_parameters(&given).map_err(named)?;
            let all = all.into_iter().map(|(key, value)| (key, Value::from(value))).collect();
            Ok((all, !parameters.keys().any(|key| key.eq_ignore_ascii_case("seed"))))
        }
        // What a function takes, only Python knows; it gets the seed if it has a parameter for it.
        (Program::Function { .. }, _) => Ok((Map::new(), !parameters.contains_key("seed"))),
        (Program::Folder(_), None) => Ok((Map::new(), true)),
    }
}

/// Every choice of one value for each key, the first key changing slowest.
fn combinations(grid: &BTreeMap<String, Vec<String>>) -> Vec<BTreeMap<String, String>> {
    let mut all = vec![BTreeMap::new()];
    for (key, values) in grid {
        all = all
            .into_iter()
            .flat_map(|chosen: BTreeMap<String, String>| {
                values.iter().map(move |value| {
                    let mut chosen = chosen.clone();
                    chosen.insert(key.clone(), value.clone());
                    chosen
                })
            })
            .collect();
    }
    all
}
