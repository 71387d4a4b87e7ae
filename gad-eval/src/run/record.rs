//! Which process runs an experiment and where its method is: `run.json`, while it runs.
//!
//! `status.json` is written by GraFlag's runner inside a method too, which knows nothing of ours. The time of the file
//! is the runner's last sign of life, for those who cannot see its process.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use graph_core::{Control, Progress};
use serde::{Deserialize, Serialize};

use super::{Executor, LocalExecutor};
use crate::experiment::{Runner, State, Status};
use crate::file::replace_json;
use crate::{Error, Result};

/// Name of the file.
const FILE: &str = "run.json";

/// Name of the file that asks the runner to stop.
const STOP: &str = "stop";

/// How often a runner looks whether it is asked to stop.
const LISTEN: Duration = Duration::from_millis(100);

/// How often a runner gives a sign of life.
const SIGN: Duration = Duration::from_secs(10);

/// How long a runner of another machine may be silent. Clocks of machines differ, so this is much more than
/// it takes.
const SILENCE: Duration = Duration::from_mins(2);

/// Who runs an experiment, and by what name the method is found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The process that watches it.
    pub(crate) runner: Runner,
    /// What runs the method.
    executor: String,
    /// The method, once it may have started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    /// The last sign of life.
    #[serde(skip)]
    sign: Option<SystemTime>,
}

impl Record {
    pub(crate) fn new(executor: &str) -> Self {
        Self { runner: Runner::this(), executor: executor.to_owned(), handle: None, sign: None }
    }

    pub(crate) fn of(executor: &str, handle: &str) -> Self {
        Self { handle: Some(handle.to_owned()), ..Self::new(executor) }
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        replace_json(&path, self)
    }

    /// The record in the folder of an experiment, if one is there.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => match serde_json::from_str::<Self>(&text) {
                Ok(record) => {
                    let time = fs::metadata(&path).and_then(|file| file.modified());
                    Ok(Some(Self { sign: time.ok(), ..record }))
                }
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

    /// Whether the runner watches the experiment still, as far as can be told from here.
    pub(crate) fn is_alive(&self) -> bool {
        match self.runner.is_here() {
            true => self.runner.runs_here(),
            false => self.silence() < SILENCE,
        }
    }

    /// Time since the last sign of life; none if the clock of the other machine is ahead.
    fn silence(&self) -> Duration {
        self.sign.and_then(|sign| sign.elapsed().ok()).unwrap_or_default()
    }

    /// What is known of a runner that is not alive.
    pub(crate) fn why_gone(&self) -> String {
        if self.runner.is_here() {
            return "the runner ended without saying how the method did".to_owned();
        }
        let minutes = self.silence().as_secs() / 60;
        format!("its runner, {}, has given no sign of life for {minutes} min", self.runner)
    }

    /// How many processes of the method are left, if that can be told from here and now, without asking an engine.
    pub(crate) fn processes(&self) -> Option<usize> {
        let local = LocalExecutor::default();
        match &self.handle {
            // It was never started.
            None => None,
            Some(_) if self.executor != local.name() => None,
            Some(_) if self.runner.is_of_earlier_start() => Some(0),
            Some(handle) if self.runner.is_here() => local.remains(handle).ok(),
            Some(_) => None,
        }
    }

    /// What keeps a process of this machine from finding what a runner of another one has left.
    fn check_is_here(&self) -> Result<()> {
        // What was started again runs none of it any more, and has the engine that it had.
        if self.runner.is_here() || self.runner.is_of_earlier_start() {
            return Ok(());
        }
        Err(Error::Elsewhere { runner: self.runner.to_string().into() })
    }
}

/// Does `run`, and meanwhile gives signs of life and listens whether somebody asks for it to stop: then, or if the
/// caller wants that, the control stops what it is handed to.
pub(super) fn attended<R>(
    folder: &Path,
    control: &Control<'_>,
    run: impl FnOnce(&Control<'_>) -> R,
) -> R {
    let stop = AtomicBool::new(false);
    let (over, is_over) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        // Dropped even by a panic, without which nobody would end the thread.
        let over = over;
        let stop = &stop;
        scope.spawn(move || {
            let mut sign = Instant::now();
            while is_over.recv_timeout(LISTEN) == Err(RecvTimeoutError::Timeout) {
                if control.is_stopped() || folder.join(STOP).exists() {
                    stop.store(true, Ordering::Relaxed);
                }
                if SIGN <= sign.elapsed() {
                    sign = Instant::now();
                    give_sign(folder);
                }
            }
        });
        let report = |progress: Progress| {
            if control.step(progress.stage, progress.done, progress.total).is_err() {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let result = run(&Control::default().reporting(&report).stopped_by(stop));
        drop(over);
        result
    })
}

fn give_sign(folder: &Path) {
    // One that cannot be given is missed by other machines alone, which can do nothing then.
    let file = File::options().append(true).open(folder.join(FILE));
    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
}

/// Whether it is known who ran the experiment, which is not over for certain.
pub fn is_open(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// How many processes, containers or services run of an experiment whose runner is gone.
///
/// # Errors
///
/// [`Error::File`] and [`Error::BadFile`]; [`Error::Elsewhere`] if that can be told on another machine only; why an
/// executor cannot tell.
pub fn remains(folder: &Path, executors: &[&dyn Executor]) -> Result<usize> {
    match Record::read(folder)? {
        Some(record) if !record.is_alive() => {
            record.check_is_here()?;
            match &record.handle {
                Some(handle) => find(&record, executors)?.remains(handle),
                None => Ok(0),
            }
        }
        _ => Ok(0),
    }
}

fn find<'a>(record: &Record, executors: &[&'a dyn Executor]) -> Result<&'a dyn Executor> {
    executors.iter().find(|executor| executor.name() == record.executor).copied().ok_or_else(|| {
        Error::unknown("executor", &record.executor, executors.iter().map(|one| one.name()))
    })
}

/// Stops an experiment: asks its runner, on whatever machine that is, and waits until it has done so; ends what a
/// runner that is gone has left, and says in `status.json` that it was stopped. Returns its state then, which is as it
/// was if it had ended already.
///
/// # Errors
///
/// [`Error::File`] and [`Error::BadFile`]; [`Error::TimedOut`] if the runner does not stop within `patience`;
/// [`Error::Elsewhere`] if it is gone and was of another machine, where it finds the wish to stop should it come back;
/// why an executor cannot end it.
pub fn stop(folder: &Path, executors: &[&dyn Executor], patience: Duration) -> Result<State> {
    let Some(record) = Record::read(folder)? else {
        return Ok(Status::read(folder)?.status);
    };
    let ask = || {
        let path: PathBuf = folder.join(STOP);
        fs::write(&path, "").map_err(|error| Error::file(&path, error))
    };
    if record.is_alive() {
        ask()?;
        let deadline = Instant::now() + patience;
        while Record::read(folder)?.is_some_and(|record| record.is_alive()) {
            if deadline < Instant::now() {
                return Err(Error::TimedOut { what: "the runner", secs: patience.as_secs_f64() });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        return Ok(Status::read(folder)?.status);
    }
    if let Err(elsewhere) = record.check_is_here() {
        ask()?;
        return Err(elsewhere);
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
