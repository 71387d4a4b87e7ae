//! What a file of a sweep says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use graph_core::{parse_bytes, parse_duration};
use serde::{Deserialize, Serialize};

use super::judge::Judge;
use crate::method::matches;
use crate::{Error, Result, detectors, run};

/// What to run: every method over every dataset that it fits, with every combination of parameters
/// and every seed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spec {
    /// Its name, by default that of the file.
    pub name: String,
    /// Datasets, as [`Source::find`](crate::dataset::Source::find) takes them.
    pub datasets: Vec<String>,
    /// Seeds. Methods that draw no random numbers run once.
    pub seeds: Vec<u64>,
    /// Methods.
    pub methods: Vec<MethodSpec>,
    /// What may be used at once.
    pub limits: Limits,
    /// How scores are judged.
    pub judge: Judge,
    /// By which metric parameters are chosen; without, each combination stands for itself.
    pub select: Option<Metric>,
}

/// A method of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodSpec {
    /// What it is called in tables.
    pub label: String,
    /// What runs.
    pub program: Program,
    /// Patterns of names of datasets that it runs over; empty means all that it fits.
    pub datasets: Vec<String>,
    /// Values of each parameter, of which every combination is tried.
    pub grid: BTreeMap<String, Vec<String>>,
    /// Whether it takes a GPU.
    pub gpu: bool,
}

/// What a method is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    /// A detector of this program.
    Native(String),
    /// A folder of a method, in GraFlag's form.
    Folder(PathBuf),
    /// A function in a Python file.
    Function {
        /// The file.
        file: PathBuf,
        /// Name of the function.
        name: String,
    },
}

/// What a sweep may use at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Trials at a time; by default one for each processor.
    pub parallel: usize,
    /// Longest time of a trial.
    pub timeout: Option<Duration>,
    /// Most bytes of memory of a trial.
    pub memory: Option<u64>,
    /// Most bytes of all trials at a time, of which each is counted with all of `memory`.
    pub total_memory: Option<u64>,
    /// GPUs, by their places among those of the machine. A trial that takes one has it for itself and
    /// sees no other.
    pub gpus: Vec<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        let parallel = std::thread::available_parallelism().map_or(1, usize::from);
        Self { parallel, timeout: None, memory: None, total_memory: None, gpus: Vec::new() }
    }
}

impl Limits {
    /// How many trials may run at a time, by number and by memory; at least one.
    pub fn slots(&self) -> usize {
        let by_memory = match (self.total_memory, self.memory) {
            (Some(total), Some(each)) if 0 < each => total / each,
            _ => u64::MAX,
        };
        self.parallel.min(usize::try_from(by_memory).unwrap_or(usize::MAX)).max(1)
    }
}

/// A metric that methods are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Area under the ROC.
    RocAuc,
    /// Average precision.
    AveragePrecision,
}

impl Metric {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RocAuc => "roc_auc",
            Self::AveragePrecision => "average_precision",
        }
    }
}

const KEYS: &[&str] = &["name", "datasets", "seeds", "resamples", "limits", "selection", "methods"];
const LIMITS: &[&str] = &["parallel", "timeout", "memory", "total_memory", "gpus"];
const SELECTION: &[&str] = &["metric", "validation", "seed"];
const METHOD: &[&str] = &["name", "folder", "function", "label", "datasets", "parameters", "gpu"];

#[derive(Deserialize)]
struct Raw {
    name: Option<String>,
    datasets: Vec<String>,
    seeds: Option<Seeds>,
    resamples: Option<usize>,
    #[serde(default)]
    limits: RawLimits,
    selection: Option<RawSelection>,
    methods: Vec<RawMethod>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seeds {
    Count(u64),
    List(Vec<u64>),
}

#[derive(Default, Deserialize)]
struct RawLimits {
    parallel: Option<usize>,
    timeout: Option<Quantity>,
    memory: Option<Quantity>,
    total_memory: Option<Quantity>,
    gpus: Option<Gpus>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Gpus {
    Count(u32),
    List(Vec<u32>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Quantity {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
struct RawSelection {
    metric: Metric,
    validation: f64,
    #[serde(default)]
    seed: u64,
}

#[derive(Deserialize)]
struct RawMethod {
    name: Option<String>,
    folder: Option<PathBuf>,
    function: Option<String>,
    label: Option<String>,
    #[serde(default)]
    datasets: Vec<String>,
    #[serde(default)]
    parameters: BTreeMap<String, toml::Value>,
    #[serde(default)]
    gpu: bool,
}

impl Spec {
    /// Reads a file in TOML. Paths in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// [`Error::File`]; [`Error::BadFile`] for what is no TOML, for a key that does not exist, a value
    /// of another type, a method or a parameter that does not exist, and where there is nothing to run.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, name, folder).map_err(|error| Error::bad_file(path, error.to_string()))
    }

    /// Reads the text of such a file, of a sweep called `name` unless it says otherwise. Paths in it are relative to `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::BadOption`], [`Error::BadParameter`] and [`Error::Empty`] for what
    /// [`Spec::read`] tells with the path of the file.
    pub fn parse(text: &str, name: String, folder: &Path) -> Result<Self> {
        let bad = |option, value: String, allowed| Error::BadOption {
            option,
            value: value.into(),
            allowed,
        };
        let unreadable = |error: toml::de::Error| Error::BadParameter {
            parameter: "file".into(),
            problem: error.to_string().trim().into(),
        };
        let table: toml::Table = text.parse().map_err(unreadable)?;
        check_keys(&table)?;
        let raw: Raw = toml::from_str(text).map_err(unreadable)?;
        let seeds = match raw.seeds {
            None => vec![0],
            Some(Seeds::Count(n)) => (0..n).collect(),
            Some(Seeds::List(seeds)) => seeds,
        };
        for (what, empty) in [
            ("seeds", seeds.is_empty()),
            ("datasets", raw.datasets.is_empty()),
            ("methods", raw.methods.is_empty()),
        ] {
            if empty {
                return Err(Error::Empty { name: what });
            }
        }
        let RawLimits { parallel, timeout, memory, total_memory, gpus } = raw.limits;
        let default = Limits::default();
        let limits = Limits {
            parallel: parallel.unwrap_or(default.parallel),
            timeout: timeout.map(|time| seconds("timeout", &time)).transpose()?,
            memory: memory.map(|size| bytes("memory", &size)).transpose()?,
            total_memory: total_memory.map(|size| bytes("total_memory", &size)).transpose()?,
            gpus: match gpus {
                None => Vec::new(),
                Some(Gpus::Count(n)) => (0..n).collect(),
                Some(Gpus::List(places)) => places,
            },
        };
        if let Some(again) = repeated(&limits.gpus) {
            return Err(bad("gpus", again.to_string(), "each named once"));
        }
        if let (Some(total), None) = (limits.total_memory, limits.memory) {
            let allowed = "given with `memory`, which says how much of it a trial takes";
            return Err(bad("total_memory", total.to_string(), allowed));
        }
        if limits.parallel == 0 {
            return Err(bad("parallel", "0".to_owned(), "at least 1"));
        }
        let mut judge = Judge::default();
        if let Some(resamples) = raw.resamples {
            if resamples == 1 {
                return Err(bad("resamples", "1".to_owned(), "0 or at least 2"));
            }
            judge.resamples = resamples;
        }
        if let Some(RawSelection { validation, seed, .. }) = raw.selection {
            if !(0.0 < validation && validation < 1.0) {
                let allowed = "above 0 and below 1";
                return Err(bad("validation", validation.to_string(), allowed));
            }
            (judge.validation, judge.seed) = (Some(validation), seed);
        }
        let mut datasets = raw.datasets;
        for dataset in &mut datasets {
            if !dataset.starts_with("bundled:") {
                *dataset = folder.join(&*dataset).display().to_string();
            }
        }
        if let Some(again) = repeated(&datasets) {
            return Err(bad("datasets", again.clone(), "each named once"));
        }
        let mut methods = Vec::new();
        for method in raw.methods {
            methods.extend(expand(method, folder)?);
        }
        let labels: Vec<String> = methods.iter().map(|method| method.label.clone()).collect();
        if let Some(again) = repeated(&labels) {
            let allowed = "a label of its own for each method";
            return Err(bad("label", again.clone(), allowed));
        }
        if limits.gpus.is_empty() && methods.iter().any(|method| method.gpu) {
            return Err(bad("gpus", "0".to_owned(), "at least 1, since a method takes a GPU"));
        }
        let select = raw.selection.map(|selection| selection.metric);
        let name = raw.name.unwrap_or(name);
        Ok(Self { name, datasets, seeds, methods, limits, judge, select })
    }
}

/// Checks the names of all keys, so that a wrong one is answered with the right one.
fn check_keys(table: &toml::Table) -> Result<()> {
    let check = |table: &toml::Table, known: &[&'static str]| {
        let unknown = table.keys().find(|key| !known.contains(&key.as_str()));
        unknown.map_or(Ok(()), |key| Err(Error::unknown("key", key, known.iter().copied())))
    };
    check(table, KEYS)?;
    for (key, known) in [("limits", LIMITS), ("selection", SELECTION)] {
        if let Some(toml::Value::Table(inner)) = table.get(key) {
            check(inner, known)?;
        }
    }
    let methods = table.get("methods").and_then(toml::Value::as_array);
    for method in methods.into_iter().flatten().filter_map(toml::Value::as_table) {
        check(method, METHOD)?;
    }
    Ok(())
}

/// The methods that an entry names, of which a pattern may name several.
fn expand(raw: RawMethod, folder: &Path) -> Result<Vec<MethodSpec>> {
    let RawMethod { name, folder: place, function, label, datasets, parameters, gpu } = raw;
    let mut grid = BTreeMap::new();
    for (key, value) in parameters {
        let values: Vec<String> = match &value {
            toml::Value::Array(values) => values.iter().map(text_of).collect::<Result<_>>()?,
            value => vec![text_of(value)?],
        };
        if values.is_empty() {
            let problem = "has no values".into();
            return Err(Error::BadParameter { parameter: key.into(), problem });
        }
        if let Some(again) = repeated(&values) {
            let problem = format!("has {again} twice").into();
            return Err(Error::BadParameter { parameter: key.into(), problem });
        }
        grid.insert(key, values);
    }
    let one = |program, label| MethodSpec {
        label,
        program,
        datasets: datasets.clone(),
        grid: grid.clone(),
        gpu,
    };
    match (name, place, function) {
        (Some(name), None, None) => {
            let known = || detectors::all().iter().map(|info| info.name);
            let found: Vec<&str> = known().filter(|known| matches(&name, known)).collect();
            match found[..] {
                [] => Err(Error::unknown("detector", &name, known())),
                [only] => {
                    let label = label.unwrap_or_else(|| only.to_owned());
                    Ok(vec![one(Program::Native(only.to_owned()), label)])
                }
                _ => {
                    let each = found
                        .iter()
                        .map(|&name| one(Program::Native(name.to_owned()), name.to_owned()));
                    Ok(each.collect())
                }
            }
        }
        (None, Some(place), None) => {
            let place = folder.join(place);
            let label = match label {
                Some(label) => label,
                None => crate::method::name_of(&place)?,
            };
            Ok(vec![one(Program::Folder(place), label)])
        }
        (None, None, Some(function)) => {
            let Some((file, name)) = run::Program::function(&function) else {
                return Err(Error::BadOption {
                    option: "function",
                    value: function.into(),
                    allowed: "FILE.py:NAME",
                });
            };
            let whole = folder.join(file);
            let file = whole.canonicalize().map_err(|error| Error::file(&whole, error))?;
            let label = label.unwrap_or_else(|| name.to_owned());
            Ok(vec![one(Program::Function { file, name: name.to_owned() }, label)])
        }
        (name, place, function) => {
            let place = place.map(|place| place.display().to_string());
            let given: Vec<String> = [name, place, function].into_iter().flatten().collect();
            Err(Error::BadOption {
                option: "method",
                value: match given[..] {
                    [] => "none of them".into(),
                    _ => given.join(", ").into(),
                },
                allowed: "one of: the `name` of a detector, the `folder` of a method, a `function` of Python",
            })
        }
    }
}

/// A value of a parameter as the text that a command line has.
fn text_of(value: &toml::Value) -> Result<String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => {
            Ok(value.to_string())
        }
        _ => Err(Error::BadOption {
            option: "parameter",
            value: value.to_string().into(),
            allowed: "a number, a text, true or false, or a list of these",
        }),
    }
}

fn repeated<T: PartialEq>(values: &[T]) -> Option<&T> {
    values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)).map(|(_, v)| v)
}

/// A time such as 90, "90s", "5m" or "1.5h".
fn seconds(option: &'static str, quantity: &Quantity) -> Result<Duration> {
    let text = quantity.text();
    let found = parse_duration(&text).filter(|time| !time.is_zero());
    let allowed = "a time above 0 such as 90, \"90 s\", \"5 min\" or \"1.5 h\"";
    found.ok_or_else(|| Error::BadOption { option, value: text.into(), allowed })
}

/// A size such as 1000000, "500MB" or "2GiB".
fn bytes(option: &'static str, quantity: &Quantity) -> Result<u64> {
    let text = quantity.text();
    let found = parse_bytes(&text).filter(|&size| 0 < size);
    let allowed = "a size above 0 such as 1000000, \"500 MB\" or \"2 GiB\"";
    found.ok_or_else(|| Error::BadOption { option, value: text.into(), allowed })
}

impl Quantity {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Spec> {
        Spec::parse(text, "x".to_owned(), Path::new("/there"))
    }

    const GOOD: &str = r#"
        datasets = ["bundled:disney", "sets/uci"]
        seeds = 3
        resamples = 50
        [limits]
        parallel = 8
        gpus = 2
        timeout = "1.5 min"
        memory = "2GiB"
        total_memory = "5GiB"
        [selection]
        metric = "average_precision"
        validation = 0.3
        [[methods]]
        name = "midas*"
        parameters = { rows = [2, 4], hash = "mixed" }
        [[methods]]
        name = "degree"
        label = "Degree"
        datasets = ["dis*"]
    "#;

    #[test]
    fn a_file_says_what_to_run() {
        let spec = parse(GOOD).unwrap();
        assert_eq!(spec.seeds, [0, 1, 2]);
        assert_eq!(spec.datasets, ["bundled:disney", "/there/sets/uci"]);
        let labels: Vec<&str> = spec.methods.iter().map(|method| &*method.label).collect();
        assert_eq!(labels, ["midas", "midas-r", "midas-f", "Degree"]);
        assert_eq!(spec.methods[1].grid["rows"], ["2", "4"]);
        assert_eq!(spec.limits.timeout, Some(Duration::from_secs(90)));
        assert_eq!(spec.limits.slots(), 2);
        assert_eq!(spec.limits.gpus, [0, 1]);
        assert_eq!((spec.judge.validation, spec.judge.resamples), (Some(0.3), 50));
        assert_eq!(spec.select, Some(Metric::AveragePrecision));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let start = "datasets = [\"a\"]\n";
        let method = "[[methods]]\nname = \"midas\"\n";
        for (text, expected) in [
            ("dataset = []", "there is no key `dataset`, did you mean `datasets`?"),
            ("datasets = [", "TOML parse error at line 1"),
            ("datasets = []\nmethods = []", "datasets is empty"),
            (&format!("{start}methods = []"), "methods is empty"),
            (&format!("{start}resamples = 1\n{method}"), "resamples is 1, but it must be 0 or"),
            (&format!("{start}seeds = []\n{method}"), "seeds is empty"),
            (&format!("{start}seeds = \"x\"\n{method}"), "line 2"),
            (&format!("datasets = [\"a\", \"a\"]\n{method}"), "each named once"),
            (&format!("{start}{method}{method}"), "a label of its own"),
            (&format!("{start}[limits]\nparalel = 2\n{method}"), "did you mean `parallel`?"),
            (&format!("{start}[limits]\nparallel = 0\n{method}"), "parallel is 0"),
            (
                &format!("{start}[limits]\ntimeout = \"5y\"\n{method}"),
                "timeout is 5y, but it must be",
            ),
            (&format!("{start}[limits]\nmemory = \"0\"\n{method}"), "memory is 0, but it must be"),
            (
                &format!("{start}[limits]\ntotal_memory = \"1GB\"\n{method}"),
                "total_memory is 1000000000, but it must be given with `memory`",
            ),
            (
                &format!("{start}[limits]\ngpus = [1, 1]\n{method}"),
                "gpus is 1, but it must be each",
            ),
            (&format!("{start}{method}gpu = true"), "gpus is 0, but it must be at least 1"),
            (&format!("{start}{method}parameters = {{ rows = [2, 4, 2] }}"), "`rows`: has 2 twice"),
            (
                &format!("{start}[selection]\nmetric = \"roc_auc\"\nvalidation = 1.0\n{method}"),
                "validation is 1, but it must be above 0 and below 1",
            ),
            (
                &format!("{start}[selection]\nmetric = \"f1\"\nvalidation = 0.5\n{method}"),
                "roc_auc",
            ),
            (&format!("{start}{method}parameter = 1"), "did you mean `parameters`?"),
            (&format!("{start}{method}parameters = {{ rows = [] }}"), "`rows`: has no values"),
            (&format!("{start}{method}parameters = {{ rows = [[1]] }}"), "a number, a text"),
            (&format!("{start}[[methods]]\nname = \"midaz\""), "did you mean `midas`?"),
            (&format!("{start}[[methods]]\nlabel = \"x\""), "one of: the `name`"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}\n{error}");
        }
    }
}
