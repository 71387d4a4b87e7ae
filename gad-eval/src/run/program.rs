//! What can run: a folder of GraFlag's form, a detector of ours, a function of Python.

use std::path::{Path, PathBuf};

use super::{Dataset, RunConfig};
use crate::detectors::Configured;
use crate::method::Method;
use crate::{Error, Result};

/// Calls a function of a Python file as a method.
const FUNCTION: &str = include_str!("function.py");

/// What runs.
#[derive(Debug, Clone)]
pub enum Program {
    /// A method in a folder of GraFlag's form.
    Folder(Box<Method>),
    /// A detector of this crate, run by the `graphlume` command in a process of its own, so that its
    /// budget is kept like that of any method.
    Detector {
        /// The detector; parameters of the run take the place of its own.
        detector: Box<Configured>,
        /// The `graphlume` command.
        graphlume: PathBuf,
    },
    /// A function in a Python file: `f(data, **parameters)`, where `data` is the path of the dataset and
    /// parameters are as its signature says. It returns a dict with what `results.json` holds:
    /// `result_type`, `scores`, `ground_truth` and so on.
    Function {
        /// The file.
        file: PathBuf,
        /// Name of the function.
        name: String,
    },
}

impl Program {
    /// The file and the name of the function, if `text` is `FILE.py:FUNCTION`.
    pub(crate) fn function(text: &str) -> Option<(&str, &str)> {
        let (file, name) = text.rsplit_once(':')?;
        let is_python = Path::new(file).extension().is_some_and(|suffix| suffix == "py");
        is_python.then_some((file, name))
    }

    /// The method of this name: a folder in `methods`, a detector, or `FILE.py:FUNCTION`.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a name that is none of these; as [`Method::read`].
    pub fn find(name: &str, methods: &Path, graphlume: &Path) -> Result<Self> {
        if let Some((file, function)) = Self::function(name) {
            let whole = Path::new(file).canonicalize();
            let file = whole.map_err(|error| Error::file(Path::new(file), error))?;
            return Ok(Self::Function { file, name: function.to_owned() });
        }
        let path = Path::new(name);
        let folder = match path.components().count() {
            1 => methods.join(path),
            _ => path.to_owned(),
        };
        // GraFlag has names in lower case, folders perhaps not.
        let found = || {
            let folders = crate::method::folders(methods).ok()?;
            folders
                .into_iter()
                .find(|f| crate::method::name_of(f).is_ok_and(|n| n == name.to_lowercase()))
        };
        if folder.is_dir() {
            return Ok(Self::Folder(Box::new(Method::read(&folder)?)));
        }
        if let Some(folder) = found() {
            return Ok(Self::Folder(Box::new(Method::read(&folder)?)));
        }
        let detectors = crate::detectors::all();
        if detectors.iter().any(|info| info.name == name) {
            let detector = Box::new(crate::detectors::configure(name, [])?);
            return Ok(Self::Detector { detector, graphlume: graphlume.to_owned() });
        }
        let folders = crate::method::folders(methods).unwrap_or_default();
        let names: Vec<String> =
            folders.iter().filter_map(|folder| crate::method::name_of(folder).ok()).collect();
        let known = detectors.iter().map(|info| info.name).chain(names.iter().map(String::as_str));
        Err(Error::unknown("method", name, known))
    }

    /// Name of the method.
    pub fn name(&self) -> &str {
        match self {
            Self::Folder(method) => &method.name,
            Self::Detector { detector, .. } => detector.info().name,
            Self::Function { name, .. } => name,
        }
    }

    pub(super) fn resolve(&self, config: &RunConfig, dataset: &Dataset) -> Result<Resolved> {
        let method = self.name().to_owned();
        match self {
            Self::Folder(program) => {
                if !config.any_dataset && !program.supports(&dataset.name) {
                    return Err(Error::UnsupportedDataset {
                        method: method.into(),
                        dataset: dataset.name.as_str().into(),
                        supported: program.supported_datasets.join(", ").into(),
                    });
                }
                let mut parameters = program.with_parameters(&config.parameters)?;
                let given = |name: &str| {
                    config.parameters.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
                };
                let mut set = |name: &str, value: String| {
                    let known =
                        parameters.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
                    if let Some(parameter) = known.filter(|_| !given(name)) {
                        parameter.1 = value;
                    }
                };
                if !config.gpu {
                    set("GPU", "-1".to_owned());
                }
                if let Some(seed) = config.seed {
                    set("SEED", seed.to_string());
                }
                let mut command = program.command.clone();
                if passes_arguments(program)? {
                    let arguments = arguments(&parameters);
                    command = command.map(|command| format!("{command}{arguments}"));
                }
                let mut environment = program.environment.clone();
                environment
                    .push(("COMMAND".to_owned(), program.command.clone().unwrap_or_default()));
                if !program.supported_datasets.is_empty() && !config.any_dataset {
                    let supported = program.supported_datasets.join(",");
                    environment.push(("SUPPORTED_DATASETS".to_owned(), supported));
                }
                Ok(Resolved {
                    folder: Some(Method::clone(program)),
                    command: command.map(Command::Text),
                    environment: with_parameters(environment, &method, &parameters, config),
                    requirements: program.requirements.clone(),
                    python: true,
                    method,
                })
            }
            Self::Detector { detector, graphlume } => {
                let options = detector.options().iter();
                let mut parameters: Vec<(String, String)> =
                    options.map(|(name, value)| (name.clone(), text(value))).collect();
                for (name, value) in &config.parameters {
                    match parameters.iter_mut().find(|(known, _)| known == name) {
                        Some(parameter) => parameter.1.clone_from(value),
                        None => parameters.push((name.clone(), value.clone())),
                    }
                }
                // Bad parameters are found before anything is made.
                let pairs =
                    || parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                crate::detectors::configure(&method, pairs())?;
                let program = graphlume.to_string_lossy();
                let mut words = vec![&*program, "detect", "--quiet", "--method", &method];
                let options: Vec<String> =
                    pairs().map(|(name, value)| format!("{name}={value}")).collect();
                words.extend(options.iter().flat_map(|option| ["-p", option]));
                let seed = config.seed.map(|seed| seed.to_string());
                words.extend(seed.iter().flat_map(|seed| ["--seed", seed]));
                let data = dataset.path.to_string_lossy();
                words.push(&data);
                let words: Vec<String> = words.into_iter().map(quoted).collect();
                let command = format!("exec {}", words.join(" "));
                Ok(Resolved {
                    folder: None,
                    command: Some(Command::WithOutput(command)),
                    environment: with_parameters(Vec::new(), &method, &parameters, config),
                    requirements: None,
                    python: false,
                    method,
                })
            }
            Self::Function { file, name } => {
                let file = file.to_string_lossy();
                let parts = [FUNCTION, &*file, name].map(quoted);
                let command = format!("exec python -c {}", parts.join(" "));
                let mut parameters = config.parameters.clone();
                let seeded = parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case("seed"));
                if let Some(seed) = config.seed.filter(|_| !seeded) {
                    parameters.push(("seed".to_owned(), seed.to_string()));
                }
                Ok(Resolved {
                    folder: None,
                    command: Some(Command::Text(command)),
                    environment: with_parameters(Vec::new(), &method, &parameters, config),
                    requirements: None,
                    python: true,
                    method,
                })
            }
        }
    }
}

/// A program with its parameters.
pub(super) struct Resolved {
    pub(super) method: String,
    pub(super) folder: Option<Method>,
    pub(super) command: Option<Command>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) requirements: Option<PathBuf>,
    pub(super) python: bool,
}

/// A command for a shell.
pub(super) enum Command {
    Text(String),
    /// One that takes the place of its results as a last argument.
    WithOutput(String),
}

impl Command {
    pub(super) fn for_experiment(self, folder: &Path) -> String {
        match self {
            Self::Text(text) => text,
            Self::WithOutput(text) => {
                let results = folder.join("results.json");
                format!("{text} --out {}", quoted(&results.to_string_lossy()))
            }
        }
    }
}

/// The variables of a run.
fn with_parameters(
    mut environment: Vec<(String, String)>,
    method: &str,
    parameters: &[(String, String)],
    config: &RunConfig,
) -> Vec<(String, String)> {
    let mut names: Vec<String> = Vec::new();
    for (name, value) in parameters {
        names.push(format!("_{name}"));
        environment.push((format!("_{name}"), value.clone()));
    }
    names.sort();
    // A name with an underscore may be any shell's own; this tells a method which are parameters.
    environment.push(("GRAFLAG_PARAMS".to_owned(), names.join(",")));
    environment.push(("METHOD_NAME".to_owned(), method.to_owned()));
    let interval = config.interval.as_secs_f64().clamp(0.05, 2.0);
    environment.push(("MONITOR_INTERVAL".to_owned(), interval.to_string()));
    if let Some(seed) = config.seed {
        environment.push(("SEED".to_owned(), seed.to_string()));
        // Python takes 32 bits.
        environment.push(("PYTHONHASHSEED".to_owned(), (seed as u32).to_string()));
    }
    environment
}

/// Whether the image of the method hands parameters to the command as arguments, which is said in its Dockerfile.
fn passes_arguments(method: &Method) -> Result<bool> {
    let Some(path) = &method.dockerfile else { return Ok(false) };
    let text = std::fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    Ok(lines.any(|line| line.contains("--pass-env-args")))
}

/// Parameters as arguments: `--foo value`, and `--foo` alone for an empty value.
fn arguments(parameters: &[(String, String)]) -> String {
    let one = |(name, value): &(String, String)| match value.as_str() {
        "" => format!(" --{}", name.to_lowercase()),
        value => format!(" --{} {}", name.to_lowercase(), quoted(value)),
    };
    parameters.iter().map(one).collect()
}

/// A JSON value as it stands in an option.
fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `text` as one word of a shell.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell_are_taken_as_they_are() {
        assert_eq!(quoted("a=b/c"), "a=b/c");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
        let parameters = [("LR".to_owned(), "0.1".to_owned()), ("USE_X".to_owned(), String::new())];
        assert_eq!(arguments(&parameters), " --lr 0.1 --use_x");
    }
}
