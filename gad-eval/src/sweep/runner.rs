//! Who runs a trial.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use graph_core::Control;

use super::trial::Trial;
use crate::dataset::{Loaded, Source};
use crate::detectors::configure;
use crate::experiment::State;
use crate::results::Results;
use crate::{Error, Result};

/// Runs trials, several at a time.
pub trait TrialRunner: Sync {
    /// What it is called in records.
    fn name(&self) -> &'static str;

    /// Runs `trial` until it ends or `control` stops it, which it does when its time is over too.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] if it was stopped; other errors only if the runner itself fails. What fails in
    /// the trial is a state of [`Ran`].
    fn run(&self, trial: &Trial, control: &Control<'_>) -> Result<Ran>;
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
    pub experiment: Option<std::path::PathBuf>,
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

    fn run(&self, trial: &Trial, control: &Control<'_>) -> Result<Ran> {
        if let Some(folder) = &trial.folder {
            return Err(Error::bad_file(folder, "a folder of a method cannot run in this process"));
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
