//! A trial: one method with one choice of parameters over one dataset with one seed, and what became
//! of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::judge::Verdict;
use super::spec::Program;
use crate::experiment::State;
use crate::file::replace_json;
use crate::run::hex;
use crate::{Error, Result};

/// What a trial is. All of it but the label and where things are makes its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What the method is called in tables.
    pub label: String,
    /// Name of the detector, of the folder of the method, or of the function.
    pub method: String,
    /// The folder, if it is one.
    pub folder: Option<PathBuf>,
    /// The Python file, if it is a function in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Hash of the folder or of the file; of a detector, the version of this program.
    pub method_version: String,
    /// Parameters that were chosen.
    pub parameters: BTreeMap<String, String>,
    /// All parameters, defaults too, as far as they are known.
    pub options: Map<String, Value>,
    /// Name of the dataset.
    pub dataset: String,
    /// What names it for [`Source::find`](crate::dataset::Source::find).
    pub dataset_text: String,
    /// Hash of its content.
    pub dataset_sha256: String,
    /// Seed, for methods that draw random numbers.
    pub seed: Option<u64>,
    /// Whether it takes a GPU.
    pub gpu: bool,
}

impl Trial {
    /// Hash of all that decides what it finds.
    pub fn id(&self) -> String {
        let content = json!({
            "method": self.method,
            "version": self.method_version,
            "options": self.options,
            "parameters": self.parameters,
            "dataset": self.dataset_sha256,
            "seed": self.seed,
            "gpu": self.gpu,
        });
        hex(&Sha256::digest(content.to_string().as_bytes())[..12])
    }

    /// What it runs.
    pub fn program(&self) -> Program {
        match (&self.folder, &self.file) {
            (Some(folder), _) => Program::Folder(folder.clone()),
            (None, Some(file)) => {
                Program::Function { file: file.clone(), name: self.method.clone() }
            }
            (None, None) => Program::Native(self.method.clone()),
        }
    }

    /// Its label, and its parameters if it has some.
    pub fn name(&self) -> String {
        format!("{} {}", self.label, self.settings()).trim_end().to_owned()
    }

    /// Its parameters in a line.
    pub fn settings(&self) -> String {
        let pairs: Vec<String> =
            self.parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.join(" ")
    }
}

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub state: State,
    /// What went wrong.
    pub error: Option<String>,
    /// What its scores are worth.
    pub verdict: Option<Verdict>,
    /// What is scored, as a result type has it.
    pub result_type: Option<String>,
    /// Time from begin to end of the method.
    pub wall_secs: f64,
    /// Time of processors, where the runner knows.
    pub cpu_secs: Option<f64>,
    /// Most memory, where the runner knows.
    pub peak_memory_mb: Option<f64>,
    /// Load of the machine when it began, over a minute.
    pub load: Option<f64>,
    /// How it ran.
    pub runner: String,
    /// When it ended: UTC, as in ISO 8601.
    pub ended: String,
    /// Folder of the experiment, if one was made.
    pub experiment: Option<PathBuf>,
}

/// A trial and what became of it, as they lie in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The trial.
    pub trial: Trial,
    /// What became of it.
    pub outcome: Outcome,
}

/// Name of the file of a record.
const RECORD: &str = "trial.json";

impl Record {
    /// The record of the trial `id` in the folder of a sweep, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::BadFile`].
    pub fn find(sweep: &Path, id: &str) -> Result<Option<Self>> {
        let path = place(sweep, id).join(RECORD);
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| Error::bad_file(&path, error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(&path, error)),
        }
    }

    /// Writes it to the folder of a sweep, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn write(&self, sweep: &Path) -> Result<()> {
        let folder = place(sweep, &self.trial.id());
        fs::create_dir_all(&folder).map_err(|error| Error::file(&folder, error))?;
        let path = folder.join(RECORD);
        replace_json(&path, self)
    }

    /// All records in the folder of a sweep, by id.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::BadFile`].
    pub fn all(sweep: &Path) -> Result<Vec<Self>> {
        let mut records = Vec::new();
        for folder in crate::method::folders(&sweep.join(TRIALS))? {
            let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            records.extend(Self::find(sweep, &id)?);
        }
        Ok(records)
    }
}

const TRIALS: &str = "trials";

/// The folder of a trial in that of a sweep.
pub fn place(sweep: &Path, id: &str) -> PathBuf {
    sweep.join(TRIALS).join(id)
}
