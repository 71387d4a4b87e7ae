//! What a folder of a method says, in the form that GraFlag gave it.

mod env;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub(crate) use env::read_env;

use crate::{Error, Result};

/// Variables that belong to the runner; no parameter can have their name.
pub const RESERVED: [&str; 7] = [
    "DATA",
    "EXP",
    "METHOD_NAME",
    "COMMAND",
    "MONITOR_INTERVAL",
    "SUPPORTED_DATASETS",
    "GRAFLAG_PARAMS",
];

/// A method: a command, its parameters, and the datasets that it can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Method {
    /// Name, which is that of the folder in lower case.
    pub name: String,
    /// Whole path of its folder.
    pub folder: PathBuf,
    /// What it is, in the words of its author.
    pub description: String,
    /// Where its source is.
    pub source_code: String,
    /// What is run, through a shell, in its folder.
    pub command: Option<String>,
    /// Patterns of names of datasets, with `*`, `?` and `[…]`; empty means any.
    pub supported_datasets: Vec<String>,
    /// Parameters with their defaults, without the underscore before their names in the file.
    pub parameters: Vec<(String, String)>,
    /// All other variables of the file, which the method finds in its environment.
    pub environment: Vec<(String, String)>,
    /// Its Dockerfile, if it has one.
    pub dockerfile: Option<PathBuf>,
    /// Python packages that it needs, if it says so.
    pub requirements: Option<PathBuf>,
}

impl Method {
    /// Reads the method in `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::BadFile`] if there is no `.env`, or one that is malformed; [`Error::File`].
    pub fn read(folder: &Path) -> Result<Self> {
        if !folder.join(".env").is_file() {
            return Err(Error::bad_file(folder, "this is no folder of a method: it has no .env"));
        }
        // Its command and its installer run in other folders than this process.
        let folder = &folder.canonicalize().map_err(|error| Error::file(folder, error))?;
        let file = folder.join(".env");
        let mut method = Self {
            name: name_of(folder)?,
            folder: folder.to_owned(),
            description: String::new(),
            source_code: String::new(),
            command: None,
            supported_datasets: Vec::new(),
            parameters: Vec::new(),
            environment: Vec::new(),
            dockerfile: Some(folder.join("Dockerfile")).filter(|path| path.is_file()),
            requirements: Some(folder.join("requirements.txt")).filter(|path| path.is_file()),
        };
        for (key, value) in read_env(&file)? {
            match key.as_str() {
                "DESCRIPTION" => method.description = value,
                "SOURCE_CODE" => method.source_code = value,
                "COMMAND" => method.command = Some(value).filter(|command| !command.is_empty()),
                "SUPPORTED_DATASETS" => {
                    let patterns = value.split(',').map(str::trim).filter(|p| !p.is_empty());
                    method.supported_datasets = patterns.map(str::to_owned).collect();
                }
                // The runner sets it, to the name of the folder.
                "METHOD_NAME" => {}
                _ => match key.strip_prefix('_') {
                    Some(parameter) => method.parameters.push((parameter.to_owned(), value)),
                    None => method.environment.push((key, value)),
                },
            }
        }
        Ok(method)
    }

    /// Whether it can read the dataset `name`.
    pub fn supports(&self, name: &str) -> bool {
        let patterns = &self.supported_datasets;
        patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name))
    }

    /// Its parameters with the values of `given` in place of their defaults.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a parameter that it does not have, which would have no effect;
    /// [`Error::BadOption`] for one with a name of the runner's.
    pub fn with_parameters(&self, given: &[(String, String)]) -> Result<Vec<(String, String)>> {
        let mut parameters = self.parameters.clone();
        for (name, value) in given {
            let wanted = name.trim_start_matches('_');
            if RESERVED.contains(&wanted.to_uppercase().as_str()) {
                let allowed = "a parameter of the method, not a variable of the runner";
                return Err(Error::BadOption {
                    option: "parameter",
                    value: wanted.into(),
                    allowed,
                });
            }
            let known = parameters.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(wanted));
            match known {
                Some(parameter) => parameter.1.clone_from(value),
                None => {
                    let known = self.parameters.iter().map(|(known, _)| known.as_str());
                    return Err(Error::unknown("parameter", wanted, known));
                }
            }
        }
        Ok(parameters)
    }
}

/// The methods in `folder`, by name; what is no method, and why, is beside them.
///
/// # Errors
///
/// [`Error::File`] if the folder cannot be read.
pub fn methods(folder: &Path) -> Result<(Vec<Method>, Vec<Error>)> {
    let (mut methods, mut problems) = (Vec::new(), Vec::new());
    for entry in folders(folder)? {
        match Method::read(&entry) {
            Ok(method) => methods.push(method),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((methods, problems))
}

/// The folders in `folder`, by name; hidden ones are left out.
pub(crate) fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| Error::file(folder, error))?;
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir())
        .filter(|path| {
            path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
        })
        .collect();
    folders.sort();
    Ok(folders)
}

/// The name of the folder, in lower case as GraFlag has it.
pub(crate) fn name_of(folder: &Path) -> Result<String> {
    let whole = folder.canonicalize().map_err(|error| Error::file(folder, error))?;
    match whole.file_name().and_then(|name| name.to_str()) {
        Some(name) => Ok(name.to_lowercase()),
        None => Err(Error::bad_file(folder, "its name is no text")),
    }
}

/// Whether `name` is of the form `pattern`, in which `*` stands for any text, `?` for a character, and
/// `[…]` or `[!…]` for one of a set, as in Python's `fnmatch`.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on after a star if what follows does not fit.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p + 1, n));
            p += 1;
            continue;
        }
        match one(&pattern[p.min(pattern.len())..], name[n]) {
            Some(length) => (p, n) = (p + length, n + 1),
            None => match &mut star {
                Some((after, from)) => {
                    *from += 1;
                    (p, n) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|&rest| rest == '*')
}

/// How much of the pattern stands for `character`, if it does.
fn one(pattern: &[char], character: char) -> Option<usize> {
    match *pattern.first()? {
        '?' => Some(1),
        '[' => {
            let negated = pattern.get(1) == Some(&'!');
            let start = 1 + usize::from(negated);
            // A bracket that closes at once is one of the set.
            let end = start + 1 + pattern.get(start + 1..)?.iter().position(|&c| c == ']')?;
            let set = &pattern[start..end];
            let mut found = false;
            let mut at = 0;
            while at < set.len() {
                match (set.get(at + 1), set.get(at + 2)) {
                    (Some('-'), Some(&last)) => {
                        found |= (set[at]..=last).contains(&character);
                        at += 3;
                    }
                    _ => {
                        found |= set[at] == character;
                        at += 1;
                    }
                }
            }
            (found != negated).then_some(end + 1)
        }
        literal => (literal == character).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_names() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*_snapshot", "uci_snapshot", true),
            ("*_snapshot", "uci_snapshots", false),
            ("bond_*", "bond_", true),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyybz", false),
            ("uci", "uci", true),
            ("uci", "UCI", false),
            ("u?i", "uci", true),
            ("gen_[0-9]00", "gen_500", true),
            ("gen_[!0-9]00", "gen_500", false),
            ("[]]x", "]x", true),
            ("[", "[", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    fn method(env: &str) -> (tempfile::TempDir, Result<Method>) {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("MyMethod");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join(".env"), env).unwrap();
        fs::write(inner.join("requirements.txt"), "numpy\n").unwrap();
        let method = Method::read(&inner);
        (folder, method)
    }

    #[test]
    fn a_folder_of_graflags_is_read() {
        let text = "METHOD_NAME=other\nDESCRIPTION=\"Finds it\"\nSOURCE_CODE=https://a/b\nCOMMAND=python main.py\n\
                    SUPPORTED_DATASETS=uci, *_snapshot\n_LR=0.1\n_HID_DIM=64\nEXTRA=1\n";
        let (_folder, method) = method(text);
        let method = method.unwrap();
        assert_eq!((method.name.as_str(), method.description.as_str()), ("mymethod", "Finds it"));
        assert_eq!(method.command.as_deref(), Some("python main.py"));
        assert!(
            method.supports("x_snapshot") && method.supports("uci") && !method.supports("uci2")
        );
        assert_eq!(method.environment, [("EXTRA".to_owned(), "1".to_owned())]);
        assert!(method.requirements.is_some() && method.dockerfile.is_none());
        let given = |name: &str| [(name.to_owned(), "5".to_owned())];
        let parameters = method.with_parameters(&given("hid_dim")).unwrap();
        assert_eq!(parameters[1], ("HID_DIM".to_owned(), "5".to_owned()));
        let unknown = method.with_parameters(&given("HID_DIN")).unwrap_err().to_string();
        assert_eq!(unknown, "there is no parameter `HID_DIN`, did you mean `HID_DIM`?");
        assert!(method.with_parameters(&given("DATA")).unwrap_err().to_string().contains("runner"));
    }

    #[test]
    fn a_folder_without_env_is_no_method() {
        let folder = tempfile::tempdir().unwrap();
        let error = Method::read(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("this is no folder of a method: it has no .env"), "{error}");
    }
}
