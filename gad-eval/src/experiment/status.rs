//! How far an experiment is: `status.json`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::file::replace_json;
use crate::run::Record;
use crate::{Error, Result};

/// How far an experiment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its environment or image is being made.
    Building,
    /// It runs.
    Running,
    /// It ended well and left results.
    Completed,
    /// It ended badly, or left no results.
    Failed,
    /// Somebody stopped it.
    Stopped,
    /// It took longer than it was given.
    Timeout,
    /// It took more memory than it was given.
    Oom,
    /// Nothing says how it ended.
    Unknown,
}

impl State {
    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Building | Self::Running)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Building => "building",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Timeout => "timeout",
            Self::Oom => "oom",
            Self::Unknown => "unknown",
        })
    }
}

/// What a run took.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Resources {
    /// Most memory of the whole run at any sample, in MB; shared pages count once.
    #[serde(default)]
    pub peak_memory_mb: Option<f64>,
    /// Most memory on GPUs, in MB.
    #[serde(default)]
    pub peak_gpu_mb: Option<f64>,
    /// Memory of the machine, in MB.
    #[serde(default)]
    pub total_memory_mb: Option<f64>,
    /// Memory of its GPUs, in MB.
    #[serde(default)]
    pub total_gpu_mb: Option<f64>,
    /// Time of processors, of all processes together.
    #[serde(default)]
    pub cpu_secs: Option<f64>,
}

/// What `status.json` says. GraFlag writes the same, but for what is marked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// How far the experiment is.
    pub status: State,
    /// When this was written: UTC, as in ISO 8601.
    pub timestamp: String,
    /// Name of the method.
    #[serde(default)]
    pub method_name: String,
    /// How long the method ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_time_ms: Option<f64>,
    /// What it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// With what it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// All else in the file.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A process, told from later ones of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// Number of the process.
    pub pid: u32,
    /// When it began, in clock ticks since the machine started.
    pub started: u64,
}

impl Runner {
    /// This process.
    pub fn this() -> Self {
        let pid = std::process::id();
        Self { pid, started: started(pid).unwrap_or(0) }
    }

    /// Whether it still runs.
    pub fn is_alive(self) -> bool {
        started(self.pid) == Some(self.started)
    }
}

/// When process `pid` began; `None` if there is none, or if it only waits to be noticed as ended.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program is in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    (*fields.first()? != "Z").then(|| fields.get(19)?.parse().ok()).flatten()
}

impl Status {
    /// `state` at this moment.
    pub fn now(state: State, method_name: &str) -> Self {
        Self {
            status: state,
            timestamp: super::timestamp(std::time::SystemTime::now()),
            method_name: method_name.to_owned(),
            exec_time_ms: None,
            resources: None,
            exit_code: None,
            error: None,
            extra: Map::new(),
        }
    }

    /// The status in the folder of an experiment.
    ///
    /// An experiment that is said to build or run, but whose runner is gone, is
    /// [`State::Unknown`], or [`State::Completed`] if it left results. One without
    /// `status.json` is judged by its results alone.
    ///
    /// # Errors
    ///
    /// [`Error::File`] and [`Error::BadFile`] if there is a `status.json` that cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("status.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::file(&path, error)),
        };
        let mut status: Self = match text {
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| Error::bad_file(&path, error.to_string()))?,
            None => Self::now(State::Unknown, ""),
        };
        let record = Record::read(folder)?;
        let gone = match status.status {
            State::Unknown => true,
            State::Building | State::Running => {
                !record.as_ref().is_some_and(|r| r.runner.is_alive())
            }
            _ => false,
        };
        // GraFlag's runner inside a method says how that ended before ours has judged it.
        if !gone && status.status.is_final() && record.as_ref().is_some_and(|r| r.runner.is_alive())
        {
            status.status = State::Running;
        }
        // Without a record it is GraFlag's, which may run where nobody here can see it.
        let foreign = !status.status.is_final() && record.is_none();
        if gone && !foreign {
            let has_results = crate::evaluate::results_path(folder).is_ok();
            status.status = if has_results { State::Completed } else { State::Unknown };
            if status.error.is_none() && !has_results && record.is_some() {
                status.error =
                    Some("the runner ended without saying how the method did".to_owned());
            }
        }
        Ok(status)
    }

    /// Writes `status.json` in `folder`, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join("status.json");
        replace_json(&path, self)
    }
}
