//! What a run ran in, so that it can be judged and repeated: `environment.json`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use graph_core::Control;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Prepared, Task, gpu};
use crate::file::replace_json;
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
pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

impl Environment {
    /// What `task` is about to run in.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] while the method's folder is hashed.
    pub(super) fn capture(task: &Task, prepared: &Prepared, control: &Control<'_>) -> Result<Self> {
        let folder = task.folder.as_ref().map(|method| method.folder.as_path());
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            let output =
                command.arg("-C").arg(folder?).args(arguments).stdin(Stdio::null()).output();
            let output = output.ok().filter(|output| output.status.success())?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let method_sha256 = match folder.map(|folder| hash_within(folder, control)) {
            Some(Err(stopped @ Error::Stopped(_))) => return Err(stopped),
            // A file that cannot be read for it makes no good run bad.
            found => found.and_then(Result::ok),
        };
        Ok(Self {
            graphlume: env!("CARGO_PKG_VERSION").to_owned(),
            started: crate::experiment::timestamp(SystemTime::now()),
            command: match prepared.image {
                Some(_) => prepared.command.clone(),
                None => task.command.clone(),
            },
            revision: git(&["rev-parse", "HEAD"]),
            changed: git(&["status", "--porcelain", "--", "."]).map(|text| !text.is_empty()),
            method_sha256,
            dataset_sha256: None,
            machine: Machine::this(),
            load_before: load(),
            load_after: None,
            facts: prepared.facts.clone(),
        })
    }

    /// The run is over. The hash of the dataset is left out if `control` stops it, as the method has ended already.
    pub(super) fn end(&mut self, dataset: &Path, control: &Control<'_>) {
        self.load_after = load();
        // A file that cannot be read for it makes no good run bad.
        self.dataset_sha256 = hash_within(dataset, control).ok();
    }

    /// In what a run in this environment may differ from one in `before`, in words.
    pub fn differences(&self, before: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, now: Option<&str>, then: Option<&str>| {
            if let (Some(now), Some(then)) = (now, then)
                && now != then
            {
                // Hashes say nothing to people.
                let is_hash = now.len() >= 64 && then.len() >= 64;
                found.push(match is_hash {
                    true => format!("{what} has changed"),
                    false => format!("{what} is {now}, and was {then}"),
                });
            }
        };
        compare("graphlume", Some(&self.graphlume), Some(&before.graphlume));
        let hashes = |of: &Self| (of.method_sha256.clone(), of.dataset_sha256.clone());
        let ((method, dataset), (old_method, old_dataset)) = (hashes(self), hashes(before));
        compare("the folder of the method", method.as_deref(), old_method.as_deref());
        compare("the dataset", dataset.as_deref(), old_dataset.as_deref());
        let fact = |of: &Self, name: &str| Some(of.facts.get(name)?.as_str()?.to_owned());
        for (what, name) in [("the interpreter", "interpreter"), ("the image", "image_id")] {
            compare(what, fact(self, name).as_deref(), fact(before, name).as_deref());
        }
        compare("the processor", self.machine.cpu.as_deref(), before.machine.cpu.as_deref());
        let packages = |of: &Self| of.facts.get("packages").cloned();
        if packages(self) != packages(before) {
            found.push("the list of packages is another one".to_owned());
        }
        found
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
        replace_json(&path, self)
    }
}

/// SHA-256 of a file, or of the names and contents of all files in a folder but hidden ones and Python's
/// caches; in hexadecimal digits. O(bytes); what has not changed since this process hashed it, by the sizes and
/// times of its files, is not read again.
///
/// # Errors
///
/// [`Error::File`].
pub fn hash(path: &Path) -> Result<String> {
    hash_within(path, &Control::NONE)
}

/// As [`hash`], which `control` may stop. Progress is in milliseconds, of the stage `"hashing"`.
pub(crate) fn hash_within(path: &Path, control: &Control<'_>) -> Result<String> {
    static KNOWN: Mutex<BTreeMap<PathBuf, (Vec<Entry>, String)>> = Mutex::new(BTreeMap::new());
    let entries = entries(path, control)?;
    let begin = Instant::now();
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, hash)) = known().get(path).filter(|(found, _)| *found == entries) {
        return Ok(hash.clone());
    }
    let mut hasher = Sha256::new();
    for entry in &entries {
        if path.is_dir() {
            let name = entry.path.strip_prefix(path).unwrap_or(&entry.path).to_string_lossy();
            // Lengths keep a name from running into what is before and after it.
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(entry.length.to_le_bytes());
        }
        hash_file(&entry.path, &mut hasher, || {
            Ok(control.step("hashing", begin.elapsed().as_millis() as u64, None)?)
        })?;
    }
    let hash = hex(&hasher.finalize());
    // A file that is written twice within a tick of the clock of files looks as if it had been once.
    let settled = |entry: &Entry| {
        entry
            .modified
            .and_then(|time| time.elapsed().ok())
            .is_some_and(|age| Duration::from_secs(2) < age)
    };
    if entries.iter().all(settled) {
        known().insert(path.to_owned(), (entries, hash.clone()));
    }
    Ok(hash)
}

/// A file, by which a change of it is noticed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

/// The files that are hashed, by name.
fn entries(path: &Path, control: &Control<'_>) -> Result<Vec<Entry>> {
    let mut files = Vec::new();
    match path.is_dir() {
        true => list(path, &mut files, control)?,
        false => files.push(path.to_owned()),
    }
    let entry = |path: PathBuf| {
        check(control)?;
        let found = fs::metadata(&path).map_err(|error| Error::file(&path, error))?;
        Ok(Entry { length: found.len(), modified: found.modified().ok(), path })
    };
    let mut entries = files.into_iter().map(entry).collect::<Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// Hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Without a word to the caller, which would be one for each of a million files.
fn check(control: &Control<'_>) -> Result<()> {
    match control.is_stopped() {
        true => Err(graph_core::Stopped { stage: "hashing", done: 0 }.into()),
        false => Ok(()),
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>, control: &Control<'_>) -> Result<()> {
    check(control)?;
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
            list(&path, files, control)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn hash_file(path: &Path, hasher: &mut Sha256, step: impl Fn() -> Result<()>) -> Result<()> {
    let mut file = File::open(path).map_err(|error| Error::file(path, error))?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        step()?;
        match file.read(&mut buffer).map_err(|error| Error::file(path, error))? {
            0 => return Ok(()),
            n => hasher.update(&buffer[..n]),
        }
    }
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
        let stop = std::sync::atomic::AtomicBool::new(true);
        let stopped = hash_within(folder.path(), &Control::default().stopped_by(&stop));
        assert!(matches!(stopped, Err(Error::Stopped(_))));
    }

    #[test]
    fn what_differs_from_an_earlier_run_is_said() {
        let environment = |dataset: &str, interpreter: &str| Environment {
            graphlume: "1".to_owned(),
            started: String::new(),
            command: None,
            revision: None,
            changed: None,
            method_sha256: None,
            dataset_sha256: Some(dataset.repeat(64)),
            machine: Machine::this(),
            load_before: None,
            load_after: None,
            facts: Map::from_iter([("interpreter".to_owned(), interpreter.into())]),
        };
        let first = environment("a", "Python 3.11");
        assert_eq!(first.differences(&first), [] as [String; 0]);
        assert_eq!(
            environment("b", "Python 3.12").differences(&first),
            ["the dataset has changed", "the interpreter is Python 3.12, and was Python 3.11"]
        );
    }
}
