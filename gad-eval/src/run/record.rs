//! Which process runs an experiment and where its method is: `run.json`, while it runs.
//!
//! `status.json` is written by GraFlag's runner inside a method too, which knows nothing of ours.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Executor;
use crate::experiment::{Runner, State, Status};
use crate::file::replace_json;
use crate::{Error, Result};

/// Name of the file.
const FILE: &str = "run.json";

/// Name of the file that asks the runner to stop.
const STOP: &str = "stop";

/// Who runs an experiment, and by what name the method is found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The process that watches it.
    pub(crate) runner: Runner,
    /// What runs the method.
    executor: String,
    /// The method, once it has started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
}

impl Record {
    pub(crate) fn new(executor: &str) -> Self {
        Self { runner: Runner::this(), executor: executor.to_owned(), handle: None }
    }

    pub(super) fn of(executor: &str, handle: String) -> Self {
        Self { handle: Some(handle), ..Self::new(executor) }
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        replace_json(&path, self)
    }

    /// The record in the folder of an experiment, if one is there.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => match serde_json::from_str(&text) {
                Ok(record) => Ok(Some(record)),
                Err(error) => Err(Error::bad_file(&path, error.to_string())),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(&path, error)),
        }
    }

    /// Nothing of the experiment runs any more.
    pub(super) fn remove(folder: &Path) {
        // Where one cannot be removed, it names a process that is gone, which does no harm.
        let _ = fs::remove_file(folder.join(FILE));
        let _ = fs::remove_file(folder.join(STOP));
    }
}

/// Whether somebody asked for the experiment to be stopped.
pub(super) fn stop_is_asked(folder: &Path) -> bool {
    folder.join(STOP).exists()
}

/// Whether it is known who ran the experiment, which is not over for certain.
pub fn is_open(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// How many processes, containers or services run of an experiment whose runner is gone.
///
/// # Errors
///
/// [`Error::File`] and [`Error::BadFile`]; why an executor cannot tell.
pub fn remains(folder: &Path, executors: &[&dyn Executor]) -> Result<usize> {
    match Record::read(folder)? {
        Some(record) if !record.runner.is_alive() => match &record.handle {
            Some(handle) => find(&record, executors)?.remains(handle),
            None => Ok(0),
        },
        _ => Ok(0),
    }
}

fn find<'a>(record: &Record, executors: &[&'a dyn Executor]) -> Result<&'a dyn Executor> {
    executors.iter().find(|executor| executor.name() == record.executor).copied().ok_or_else(|| {
        Error::unknown("executor", &record.executor, executors.iter().map(|one| one.name()))
    })
}

/// Stops an experiment: asks its runner and waits until it has done so; ends what a runner that is gone
/// has left, and says in `status.json` that it was stopped. Returns its state then, which is as it was if it
/// had ended already.
///
/// # Errors
///
/// [`Error::File`] and [`Error::BadFile`]; [`Error::TimedOut`] if the runner does not stop within `patience`; why
/// an executor cannot end it.
pub fn stop(folder: &Path, executors: &[&dyn Executor], patience: Duration) -> Result<State> {
    let Some(record) = Record::read(folder)? else {
        return Ok(Status::read(folder)?.status);
    };
    if record.runner.is_alive() {
        let path: PathBuf = folder.join(STOP);
        fs::write(&path, "").map_err(|error| Error::file(&path, error))?;
        let deadline = Instant::now() + patience;
        while Record::read(folder)?.is_some_and(|record| record.runner.is_alive()) {
            if deadline < Instant::now() {
                return Err(Error::TimedOut { what: "the runner", secs: patience.as_secs_f64() });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        return Ok(Status::read(folder)?.status);
    }
    if let Some(handle) = &record.handle {
        find(&record, executors)?.end_remains(handle)?;
    }
    let before = Status::read(folder)?;
    let ended = before.status.is_final() && before.status != State::Unknown;
    let state = if ended { before.status } else { State::Stopped };
    if !ended {
        let error = Some("its runner was gone, and what it left was ended".to_owned());
        Status { status: state, error, ..before }.write(folder)?;
    }
    Record::remove(folder);
    Ok(state)
}
