//! Who runs a trial.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use graph_core::Control;

use super::spec;
use super::trial::Trial;
use crate::dataset::{Loaded, Source};
use crate::detectors::configure;
use crate::evaluate::{Sentinels, results_path};
use crate::experiment::State;
use crate::method::Method;
use crate::results::Results;
use crate::run::{Budget, Executor, Program, RunConfig};
use crate::{Error, Result};

/// Runs trials, several at a time.
pub trait TrialRunner: Sync {
    /// What it is called in records.
    fn name(&self) -> &'static str;

    /// Whether it ends a trial whose time is over by itself.
    fn keeps_time(&self) -> bool {
        false
    }

    /// Runs `trial` until it ends or `control` stops it, which it does when its time is over too. One that
    /// takes a GPU has that with the place `gpu` for itself.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] if it was stopped; other errors only if the runner itself fails. What fails in
    /// the trial is a state of [`Ran`].
    fn run(&self, trial: &Trial, gpu: Option<u32>, control: &Control<'_>) -> Result<Ran>;
}

/// What a runner knows of a trial that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// How it ended.
    pub state: State,
    /// What it left.
    pub results: Option<Results>,
    /// What went wrong.
    pub error: Option<String>,
    /// Time from begin to end.
    pub wall_secs: f64,
    /// Time of processors, if it is known of this trial alone.
    pub cpu_secs: Option<f64>,
    /// Most memory, if it is known of this trial alone.
    pub peak_memory_mb: Option<f64>,
    /// Folder of the experiment, if one was made.
    pub experiment: Option<PathBuf>,
}

/// Runs native detectors in this process, without limits of memory. Datasets are shared by the trials
/// that are running.
#[derive(Debug, Default)]
pub struct InProcess {
    loaded: Mutex<HashMap<String, Weak<Loaded>>>,
}

impl InProcess {
    /// The dataset of `trial`, which lives as long as someone runs over it.
    fn dataset(&self, trial: &Trial) -> Result<Arc<Loaded>> {
        // Whoever comes second waits for the first one to have read it.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.get(&trial.dataset_text).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let fresh = Arc::new(Source::find(&trial.dataset_text)?.load()?);
        loaded.insert(trial.dataset_text.clone(), Arc::downgrade(&fresh));
        Ok(fresh)
    }
}

impl TrialRunner for InProcess {
    fn name(&self) -> &'static str {
        "in-process"
    }

    fn run(&self, trial: &Trial, _: Option<u32>, control: &Control<'_>) -> Result<Ran> {
        if let Some(place) = trial.folder.as_ref().or(trial.file.as_ref()) {
            return Err(Error::bad_file(place, "only detectors can run in this process"));
        }
        let parameters = trial.parameters.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut detector = configure(&trial.method, parameters)?;
        if let Some(seed) = trial.seed {
            detector = detector.with_seed(seed);
        }
        let data = self.dataset(trial)?;
        let begin = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| data.run(&detector, control)));
        let (state, results, error) = match ran {
            Ok(Ok(results)) => (State::Completed, Some(results), None),
            Ok(Err(Error::Stopped(stopped))) => return Err(stopped.into()),
            Ok(Err(error)) => (State::Failed, None, Some(error.to_string())),
            Err(panic) => {
                let said = panic.downcast_ref::<String>().map(String::as_str);
                let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
                let text = format!("it panicked: {}", said.unwrap_or("nobody knows why"));
                (State::Failed, None, Some(text))
            }
        };
        Ok(Ran {
            state,
            results,
            error,
            wall_secs: begin.elapsed().as_secs_f64(),
            cpu_secs: None,
            peak_memory_mb: None,
            experiment: None,
        })
    }
}

/// Runs every trial as an experiment of its own, in processes that an executor watches and limits.
pub struct Processes<'a> {
    /// What runs them.
    executor: &'a dyn Executor,
    /// The `graphlume` command, which native detectors run by.
    graphlume: PathBuf,
    /// Folder of the sweep: experiments go to `experiments` in it, and what comes with the program, which
    /// methods need as files, to `datasets`.
    folder: PathBuf,
    budget: Budget,
}

impl fmt::Debug for Processes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, budget, .. } = self;
        f.debug_struct("Processes")
            .field("folder", folder)
            .field("budget", budget)
            .finish_non_exhaustive()
    }
}

impl<'a> Processes<'a> {
    /// Trials of the sweep in `folder`, each within `budget`, run by `executor`; native detectors by the
    /// command `graphlume`.
    pub fn new(
        executor: &'a dyn Executor,
        graphlume: impl Into<PathBuf>,
        folder: impl Into<PathBuf>,
        budget: Budget,
    ) -> Self {
        let (graphlume, folder) = (graphlume.into(), folder.into());
        Self { executor, graphlume, folder, budget }
    }

    fn program(&self, trial: &Trial) -> Result<Program> {
        match trial.program() {
            spec::Program::Folder(folder) => Ok(Program::Folder(Box::new(Method::read(&folder)?))),
            spec::Program::Function { file, name } => Ok(Program::Function { file, name }),
            spec::Program::Native(name) => {
                let detector = Box::new(configure(&name, [])?);
                Ok(Program::Detector { detector, graphlume: self.graphlume.clone() })
            }
        }
    }
}

impl TrialRunner for Processes<'_> {
    fn name(&self) -> &'static str {
        self.executor.name()
    }

    fn keeps_time(&self) -> bool {
        true
    }

    fn run(&self, trial: &Trial, gpu: Option<u32>, control: &Control<'_>) -> Result<Ran> {
        let parameters = trial.parameters.iter().map(|(key, value)| (key.clone(), value.clone()));
        let dataset = Source::find(&trial.dataset_text)?.place(&self.folder.join("datasets"))?;
        let config = RunConfig {
            experiments: self.folder.join("experiments"),
            parameters: parameters.collect(),
            seed: trial.seed,
            gpu: trial.gpu,
            gpu_index: gpu,
            budget: self.budget,
            interval: Duration::from_millis(200),
            ..RunConfig::new(self.program(trial)?, dataset)
        };
        let experiment = config.run(self.executor, control)?;
        let status = experiment.status;
        if status.status == State::Stopped {
            control.step("trial", 0, None)?;
        }
        let resources = status.resources.unwrap_or_default();
        let mut ran = Ran {
            state: status.status,
            results: None,
            error: status.error,
            wall_secs: status.exec_time_ms.unwrap_or(0.0) / 1e3,
            cpu_secs: resources.cpu_secs,
            peak_memory_mb: resources.peak_memory_mb,
            experiment: Some(experiment.folder.clone()),
        };
        if ran.state == State::Completed {
            match read(&experiment.folder) {
                Ok(results) => ran.results = Some(results),
                Err(error) => (ran.state, ran.error) = (State::Failed, Some(error.to_string())),
            }
        }
        Ok(ran)
    }
}

/// The results of an experiment, without GraFlag's marks if its runner ran the method.
fn read(folder: &Path) -> Result<Results> {
    let mut results = Results::read(results_path(folder)?)?;
    if Sentinels::Auto.are_marks(folder) {
        results.mask_sentinels();
    }
    Ok(results)
}
