//! How far an experiment is: `status.json`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::file::replace_json;
use crate::results::check_file;
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

/// A process, told from later ones of the same number and from those of other machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// Number of the process.
    pub pid: u32,
    /// When it began, in clock ticks since the machine started.
    pub started: u64,
    /// What the machine is called, for people.
    #[serde(default)]
    pub host: String,
    /// What no other start of a machine has.
    #[serde(default)]
    pub(super) boot: String,
    /// What no other container of that machine has: in each, numbers of processes begin anew.
    #[serde(default)]
    pub(super) pid_namespace: String,
}

impl Runner {
    /// This process.
    pub fn this() -> Self {
        let pid = std::process::id();
        let line = |path: &str| {
            fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self {
            pid,
            started: started(pid).unwrap_or(0),
            host: line("/proc/sys/kernel/hostname"),
            boot: line("/proc/sys/kernel/random/boot_id"),
            pid_namespace: namespace.to_string_lossy().into_owned(),
        }
    }

    /// Whether its number means here what it means there. A file of an older version does not say where it was.
    pub fn is_here(&self) -> bool {
        let this = Self::this();
        self.boot.is_empty()
            || (&self.boot, &self.pid_namespace) == (&this.boot, &this.pid_namespace)
    }

    /// Whether it ended with the machine that it ran on, which has been started again since.
    pub(crate) fn is_of_earlier_start(&self) -> bool {
        let this = Self::this();
        !self.boot.is_empty() && self.boot != this.boot && self.host == this.host
    }

    /// Whether it runs, if it is of this machine.
    pub(crate) fn runs_here(&self) -> bool {
        started(self.pid) == Some(self.started)
    }
}

impl std::fmt::Display for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {}", self.pid)?;
        if !self.host.is_empty() {
            write!(f, " on {}", self.host)?;
        }
        Ok(())
    }
}

/// When process `pid` began; `None` if there is none, or if it only waits to be noticed as ended.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program is in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    (*fields.first()? != "Z").then(|| fields.get(19)?.parse().ok()).flatten()
}

/// Whether a run whose runner is gone did well all the same; what speaks against it, as the end of a sentence.
fn judged(folder: &Path, record: &Record) -> Result<(), String> {
    match record.processes() {
        Some(0) => {}
        Some(1) => return Err("; 1 process of the method runs still".to_owned()),
        Some(n) => return Err(format!("; {n} processes of the method run still")),
        None => return Err(String::new()),
    }
    let path = crate::evaluate::results_path(folder).map_err(|_| ", and there are no results")?;
    check_file(&path).map_err(|error| format!(", and its results cannot be read: {error}"))
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
    /// An experiment that is said to build or run, but whose runner is gone, is [`State::Unknown`], with what is
    /// known as its error; or [`State::Completed`] if nothing of the method runs any more and it left results that can be
    /// read, which takes a walk through the file. A runner on another machine is gone if it has given no sign of life for
    /// two minutes. An experiment without `status.json` is [`State::Unknown`], whatever lies in its folder.
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
            None => Self {
                error: Some("there is no status.json, so nothing says how it ended".to_owned()),
                ..Self::now(State::Unknown, "")
            },
        };
        let record = Record::read(folder)?;
        let is_watched = record.as_ref().is_some_and(Record::is_alive);
        let gone = match status.status {
            State::Unknown => true,
            State::Building | State::Running => !is_watched,
            _ => false,
        };
        // GraFlag's runner inside a method says how that ended before ours has judged it.
        if !gone && status.status.is_final() && is_watched {
            status.status = State::Running;
        }
        // Without a record it is GraFlag's, which may run where nobody here can see it.
        if let Some(record) = record.filter(|_| gone) {
            match judged(folder, &record) {
                Ok(()) => status.status = State::Completed,
                Err(why) => {
                    status.status = State::Unknown;
                    status.error =
                        status.error.or_else(|| Some(format!("{}{why}", record.why_gone())));
                }
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
