//! What a run ran in, so that it can be judged and repeated: `environment.json`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Prepared, Task, gpu};
use crate::file::replace;
use crate::{Error, Result};

/// What a run ran in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of this crate.
    pub graphlume: String,
    /// When the method was about to start: UTC, as in ISO 8601.
    pub started: String,
    /// The command, as a shell takes it; absent if an image has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Commit of the repository that the method's folder is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Whether the folder differs from that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    /// SHA-256 of the method's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method_sha256: Option<String>,
    /// SHA-256 of the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_sha256: Option<String>,
    /// The machine.
    pub machine: Machine,
    /// Processes that wanted a processor in the last minute before the run.
    pub load_before: Option<f64>,
    /// The same at its end. Much more than the run itself wants means that others were in its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_after: Option<f64>,
    /// What the executor says: interpreter and packages, digest of the image.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Name of its processor.
    pub cpu: Option<String>,
    /// Processors that this process may use.
    pub n_cpus: usize,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Kernel and its version.
    pub kernel: Option<String>,
    /// GPUs and bytes of their memory.
    pub gpus: Vec<(String, u64)>,
}

impl Machine {
    /// The one that this runs on.
    pub fn this() -> Self {
        let field = |path: &str, key: &str| {
            let text = fs::read_to_string(path).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
        };
        let memory = field("/proc/meminfo", "MemTotal").and_then(|text| {
            text.trim_end_matches("kB").trim().parse::<u64>().ok().map(|kilobytes| 1024 * kilobytes)
        });
        let release = field("/proc/sys/kernel/osrelease", "");
        Self {
            cpu: field("/proc/cpuinfo", "model name"),
            n_cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory,
            kernel: release.map(|release| format!("{} {release}", std::env::consts::OS)),
            gpus: gpu::devices(),
        }
    }

    /// Memory of all its GPUs; `None` without one.
    pub fn gpu_bytes(&self) -> Option<u64> {
        (!self.gpus.is_empty()).then(|| self.gpus.iter().map(|(_, bytes)| bytes).sum())
    }
}

/// Processes that wanted a processor in the last minute.
fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

impl Environment {
    pub(super) fn capture(task: &Task, prepared: &Prepared) -> Self {
        let folder = task.folder.as_ref().map(|method| method.folder.as_path());
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            let output =
                command.arg("-C").arg(folder?).args(arguments).stdin(Stdio::null()).output();
            let output = output.ok().filter(|output| output.status.success())?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        Self {
            graphlume: env!("CARGO_PKG_VERSION").to_owned(),
            started: crate::experiment::timestamp(SystemTime::now()),
            command: task.command.clone(),
            revision: git(&["rev-parse", "HEAD"]),
            changed: git(&["status", "--porcelain", "--", "."]).map(|text| !text.is_empty()),
            method_sha256: folder.and_then(|folder| hash(folder).ok()),
            dataset_sha256: None,
            machine: Machine::this(),
            load_before: load(),
            load_after: None,
            facts: prepared.facts.clone(),
        }
    }

    /// The run is over.
    pub(super) fn end(&mut self) {
        self.load_after = load();
    }

    /// Reads `environment.json` in the folder of an experiment; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::BadFile`].
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join("environment.json");
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        match serde_json::from_str(&text) {
            Ok(environment) => Ok(Some(environment)),
            Err(error) => Err(Error::bad_file(&path, error.to_string())),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join("environment.json");
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::bad_file(&path, error.to_string()))?;
        replace(&path, |file| writeln!(file, "{text}"))
    }
}

/// SHA-256 of a file, or of the names and contents of all files in a folder but hidden ones and Python's
/// caches; in hexadecimal digits. O(bytes).
///
/// # Errors
///
/// [`Error::File`].
pub fn hash(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    if path.is_file() {
        hash_file(path, &mut hasher)?;
    } else {
        let mut files = Vec::new();
        list(path, &mut files)?;
        files.sort();
        for file in files {
            let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
            let length = fs::metadata(&file).map_err(|error| Error::file(&file, error))?.len();
            // Lengths keep a name from running into what is before and after it.
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(length.to_le_bytes());
            hash_file(&file, &mut hasher)?;
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Hexadecimal digits of `bytes`.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| Error::file(folder, error))?;
    for entry in entries {
        let path = entry.map_err(|error| Error::file(folder, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The file that says what the method is counts, though it is hidden.
        if name != ".env" && (name.starts_with('.') || name == "__pycache__") {
            continue;
        }
        // Links to folders are not followed: they may lead back.
        let kind = fs::symlink_metadata(&path).map_err(|error| Error::file(&path, error))?;
        if kind.is_dir() {
            list(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn hash_file(path: &Path, hasher: &mut Sha256) -> Result<()> {
    let mut read = || {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(()),
                n => hasher.update(&buffer[..n]),
            }
        }
    };
    read().map_err(|error| Error::file(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_tell_folders_apart() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a", "1");
        let first = hash(folder.path()).unwrap();
        assert_eq!(first.len(), 64);
        write(".hidden", "x");
        assert_eq!(hash(folder.path()).unwrap(), first);
        write(".env", "COMMAND=x");
        let second = hash(folder.path()).unwrap();
        assert_ne!(second, first);
        write("a", "2");
        assert_ne!(hash(folder.path()).unwrap(), second);
        // That of an empty file.
        write("b", "");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash(&folder.path().join("b")).unwrap(), empty);
    }
}
