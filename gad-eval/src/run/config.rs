//! What was run and how, so that it can be run again: `service_config.json`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Budget, Executor, Program, RunConfig, Task};
use crate::file::replace_json;
use crate::{Error, Result};

/// What `service_config.json` says: GraFlag's keys, and ours in `graphlume`. Files that GraFlag wrote are
/// read too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceConfig {
    /// Name of the experiment.
    #[serde(default)]
    pub experiment_name: String,
    /// Name of the method.
    pub method_name: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Version of the image.
    #[serde(default = "latest")]
    pub tag: String,
    /// Whether the method may use a GPU.
    #[serde(default = "yes")]
    pub gpu_required: bool,
    /// When it was written.
    #[serde(default)]
    pub timestamp: String,
    /// Where the dataset was.
    #[serde(default)]
    pub data_path: PathBuf,
    /// Where the experiment was.
    #[serde(default)]
    pub exp_path: PathBuf,
    /// Variables of the run, parameters with an underscore before their names.
    #[serde(default)]
    pub env_contents: Map<String, Value>,
    /// What GraFlag has no place for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graphlume: Option<Own>,
    /// All else in the file.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The part of a `service_config.json` that is ours.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Own {
    /// Version of this crate.
    pub version: String,
    /// What is run, as [`Program::find`] takes it.
    pub program: String,
    /// What ran it.
    pub executor: String,
    /// How that was set up, as [`Executor::settings`] says.
    pub settings: Map<String, Value>,
    /// The image that it ran in, by what identifies its content.
    pub image: Option<String>,
    /// Seed.
    pub seed: Option<u64>,
    /// Time that it was given.
    pub timeout_secs: Option<f64>,
    /// Memory that it was given.
    pub memory_bytes: Option<u64>,
    /// Parameters that were given, beside the method's own defaults.
    pub parameters: Vec<(String, String)>,
    /// Whether the method was let run on a dataset that it does not say it can read.
    pub any_dataset: bool,
    /// How often resources were looked at.
    pub interval_secs: Option<f64>,
    /// Whether GraFlag's own runner ran inside, so that what the method left is as GraFlag's standard has it.
    pub graflag_runner: bool,
}

fn latest() -> String {
    "latest".to_owned()
}

fn yes() -> bool {
    true
}

impl ServiceConfig {
    /// Whether GraFlag ran the method, or its runner did inside ours.
    pub fn is_of_graflag(&self) -> bool {
        self.graphlume.as_ref().is_none_or(|own| own.graflag_runner)
    }

    pub(super) fn of(config: &RunConfig, task: &Task, executor: &dyn Executor) -> Self {
        let program = match &config.program {
            Program::Folder(method) => method.folder.to_string_lossy().into_owned(),
            Program::Detector { detector, .. } => detector.info().name.to_owned(),
            Program::Function { file, name } => format!("{}:{name}", file.display()),
        };
        let name = task.experiment.file_name().unwrap_or_default().to_string_lossy();
        let variables = task.environment.iter();
        Self {
            experiment_name: name.into_owned(),
            method_name: task.method.clone(),
            dataset: task.dataset.clone(),
            tag: task.tag.clone(),
            gpu_required: task.gpu,
            timestamp: crate::experiment::timestamp(SystemTime::now()),
            data_path: task.data.clone(),
            exp_path: task.experiment.clone(),
            env_contents: variables
                .map(|(key, value)| (key.clone(), value.clone().into()))
                .collect(),
            graphlume: Some(Own {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                program,
                executor: executor.name().to_owned(),
                settings: executor.settings(),
                image: None,
                seed: config.seed,
                timeout_secs: config.budget.time.map(|time| time.as_secs_f64()),
                memory_bytes: config.budget.memory,
                parameters: config.parameters.clone(),
                any_dataset: config.any_dataset,
                interval_secs: Some(config.interval.as_secs_f64()),
                graflag_runner: false,
            }),
            extra: Map::new(),
        }
    }

    /// Reads `path`, or `service_config.json` in it if it is a folder.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::BadFile`].
    pub fn read(path: &Path) -> Result<Self> {
        let file = if path.is_dir() { path.join("service_config.json") } else { path.to_owned() };
        let text = fs::read_to_string(&file).map_err(|error| Error::file(&file, error))?;
        serde_json::from_str(&text).map_err(|error| Error::bad_file(&file, error.to_string()))
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join("service_config.json");
        replace_json(&path, self)
    }

    /// What is run, as [`Program::find`] takes it.
    pub fn program(&self) -> &str {
        let own = self.graphlume.as_ref().map(|own| own.program.as_str());
        own.filter(|program| !program.is_empty()).unwrap_or(&self.method_name)
    }

    /// Where the dataset is: where it was, or its name.
    pub fn dataset(&self) -> PathBuf {
        match self.data_path.exists() {
            true => self.data_path.clone(),
            false => PathBuf::from(&self.dataset),
        }
    }

    /// Parameters that give the same run. In a file of GraFlag's these are all of them, the defaults among
    /// them; its GPU is left out of a run without one, where it can only be a default.
    pub fn parameters(&self) -> Vec<(String, String)> {
        if let Some(own) = &self.graphlume {
            return own.parameters.clone();
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let all = self.env_contents.iter();
        all.filter_map(|(key, value)| Some((key.strip_prefix('_')?.to_owned(), text(value))))
            .filter(|(name, _)| self.gpu_required || name != "GPU")
            .collect()
    }

    /// The budget that it had.
    pub fn budget(&self) -> Budget {
        let own = self.graphlume.as_ref();
        let time = own.and_then(|own| Duration::try_from_secs_f64(own.timeout_secs?).ok());
        Budget { time, memory: own.and_then(|own| own.memory_bytes) }
    }

    /// How often resources were looked at, if it says so.
    pub fn interval(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.graphlume.as_ref()?.interval_secs?).ok()
    }

    /// The seed that it had.
    pub fn seed(&self) -> Option<u64> {
        self.graphlume.as_ref()?.seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_graflags_is_understood() {
        let text = r#"{"experiment_name": "exp__m__d__1", "method_name": "m", "dataset": "d", "tag": "v2",
            "gpu_required": false, "registry_image": "x:5000/m:v2", "manager_ip": "10.0.0.1",
            "timestamp": "2026-01-01T00:00:00", "data_path": "/nowhere/d/", "exp_path": "/nowhere/e/",
            "env_contents": {"COMMAND": "python a.py", "_LR": "0.1", "_GPU": "0", "_N": 3}}"#;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("service_config.json"), text).unwrap();
        let config = ServiceConfig::read(folder.path()).unwrap();
        assert_eq!((config.program(), config.dataset()), ("m", PathBuf::from("d")));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(config.parameters(), [pair("LR", "0.1"), pair("N", "3")]);
        assert_eq!((config.tag.as_str(), config.seed()), ("v2", None));
        assert_eq!(config.extra["manager_ip"], "10.0.0.1");
        assert!(ServiceConfig::read(Path::new("nowhere")).is_err());
    }
}
