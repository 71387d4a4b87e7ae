//! Datasets: folders with a graph or a stream of edges, and what is known to be anomalous in it.
//!
//! A folder that this crate reads holds
//!
//! | file | columns |
//! |---|---|
//! | `edges.parquet`, `.arrow` or `.csv` | `src`, `dst`, and what there is of `ts`, `label`, `kind`, `is_test` |
//! | `nodes.parquet`, `.arrow` or `.csv`, if nodes have labels or features | `node_id`, and what there is of `label`, `kind`, `features` |
//! | `dataset.toml`, if there is something to say | [`Description`] |
//!
//! Any other folder is a dataset too, which methods are given the path of. [`bundled`] lists those
//! that come with the program.

mod bundled;
mod columns;
mod generated;
mod loaded;
mod scored;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use graph_core::{Staged, WriteOptions, read_table, write_table};
use serde::{Deserialize, Serialize};

pub use bundled::{Bundled, bundled};
pub use loaded::{Facts, Loaded};
pub use scored::{SCORE, TRUTH};

use crate::file::replace;
use crate::method::{folders, name_of};
use crate::{Error, Result};
use loaded::Tables;

/// Names of the suffixes of tables, the first that is there counts.
const SUFFIXES: [&str; 3] = ["parquet", "arrow", "csv"];

/// Marks the name of a dataset that comes with the program.
const BUNDLED: &str = "bundled:";

/// What `dataset.toml` says of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Description {
    /// What it is, in a sentence.
    pub description: String,
    /// Where it is from.
    pub source: String,
    /// Under what terms.
    pub licence: String,
    /// A window of time is anomalous if at least so many of its edges are.
    pub window_anomalies: usize,
}

impl Default for Description {
    fn default() -> Self {
        let (description, source, licence) = Default::default();
        Self { description, source, licence, window_anomalies: 1 }
    }
}

/// Where a dataset is.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    /// A table of edges alone.
    File(PathBuf),
    Bundled(&'static Bundled),
}

/// A folder of a dataset, from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Folder {
    /// Its name, in lower case.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Number of its files.
    pub n_files: usize,
    /// Whether native detectors can read it; a method of its own may read any.
    pub native: bool,
}

impl Source {
    /// The dataset that `text` names: `bundled:NAME`, a folder, or a file of edges.
    ///
    /// ```
    /// let error = gad_eval::dataset::Source::find("bundled:disnei").unwrap_err();
    /// assert_eq!(error.to_string(), "there is no bundled dataset `disnei`, did you mean `disney`?");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a bundled one that does not exist; [`Error::File`] if there is nothing
    /// at that path.
    pub fn find(text: &str) -> Result<Self> {
        if let Some(name) = text.strip_prefix(BUNDLED) {
            let all = bundled();
            let known = all.iter().map(|known| known.name);
            let found = all.iter().find(|known| known.name == name);
            let found = found.ok_or_else(|| Error::unknown("bundled dataset", name, known))?;
            return Ok(Self { name: name.to_owned(), place: Place::Bundled(found) });
        }
        let path = Path::new(text);
        let kind = fs::metadata(path).map_err(|error| Error::file(path, error))?;
        if kind.is_dir() {
            return Ok(Self { name: name_of(path)?, place: Place::Folder(path.to_owned()) });
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        Ok(Self { name, place: Place::File(path.to_owned()) })
    }

    /// Its name: that of its folder in lower case, as GraFlag has it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is; absent for what comes with the program.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(path) | Place::File(path) => Some(path),
            Place::Bundled(_) => None,
        }
    }

    /// What names it for [`Source::find`].
    pub fn text(&self) -> String {
        match &self.place {
            Place::Folder(path) | Place::File(path) => path.display().to_string(),
            Place::Bundled(bundled) => format!("{BUNDLED}{}", bundled.name),
        }
    }

    /// Whether [`Source::load`] knows where to look for edges.
    pub fn is_native(&self) -> bool {
        match &self.place {
            Place::Folder(folder) => table_in(folder, "edges").is_some(),
            Place::File(_) | Place::Bundled(_) => true,
        }
    }

    /// The SHA-256 of its content: of a folder or a file [`run::hash`](crate::run::hash), of what comes
    /// with the program its columns. O(bytes).
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn sha256(&self) -> Result<String> {
        match &self.place {
            Place::Folder(path) | Place::File(path) => crate::run::hash(path),
            Place::Bundled(bundled) => bundled.sha256(),
        }
    }

    /// Reads it into memory.
    ///
    /// # Errors
    ///
    /// [`Error::BadFile`], which names file, column and row: for a folder without edges, a column that
    /// is absent or has another type, a label that is neither 0 nor 1, a node that is in no row of the
    /// nodes; [`Error::File`]; [`Error::Graph`].
    pub fn load(&self) -> Result<Loaded> {
        Loaded::new(&self.name, self.tables()?)
    }

    fn tables(&self) -> Result<Tables> {
        match &self.place {
            Place::Folder(folder) => {
                let edges = table_in(folder, "edges").ok_or_else(|| {
                    let problem = "there are no edges: no edges.parquet, .arrow or .csv, so that only \
                                   methods with a reader of their own can use it";
                    Error::bad_file(folder, problem)
                })?;
                let nodes = table_in(folder, "nodes");
                let nodes = nodes.map(|path| Ok::<_, Error>((read_table(&path)?, path)));
                Ok(Tables {
                    edges: (read_table(&edges)?, edges),
                    nodes: nodes.transpose()?,
                    description: describe(folder)?,
                })
            }
            Place::File(path) => Ok(Tables {
                edges: (read_table(path)?, path.clone()),
                nodes: None,
                description: Description::default(),
            }),
            Place::Bundled(bundled) => bundled.tables(),
        }
    }

    /// What is said of it.
    ///
    /// # Errors
    ///
    /// [`Error::BadFile`] if its `dataset.toml` cannot be understood; [`Error::File`].
    pub fn description(&self) -> Result<Description> {
        match &self.place {
            Place::Folder(folder) => describe(folder),
            Place::File(_) => Ok(Description::default()),
            Place::Bundled(bundled) => Ok(bundled.description()),
        }
    }

    /// Where methods that take a path find it: where it is, or, if it comes with the program, in a hidden
    /// folder below `datasets` that is its content's own, where it is written unless it is there.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn place(&self, datasets: &Path) -> Result<PathBuf> {
        if let Some(path) = self.path() {
            return Ok(path.to_owned());
        }
        let _one = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let parent = datasets.join(".bundled").join(&self.sha256()?[..12]);
        let folder = parent.join(self.name());
        if !folder.is_dir() {
            fs::create_dir_all(&parent).map_err(|error| Error::file(&parent, error))?;
            let staged = Staged::new(&folder).map_err(|error| Error::file(&folder, error))?;
            self.write(staged.path())?;
            let published = staged.publish();
            // Another process may have been first.
            if !folder.is_dir() {
                published.map_err(|error| Error::file(&folder, error))?;
            }
        }
        Ok(folder)
    }

    /// Writes what comes with the program as a folder, for methods that take a path.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Graph`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        let Place::Bundled(bundled) = &self.place else { return Ok(()) };
        fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
        let tables = bundled.tables()?;
        write_table(&tables.edges.0, folder.join("edges.parquet"), &WriteOptions::default())?;
        if let Some((nodes, _)) = &tables.nodes {
            write_table(nodes, folder.join("nodes.parquet"), &WriteOptions::default())?;
        }
        let path = folder.join("dataset.toml");
        let text = toml::to_string(&tables.description)
            .map_err(|error| Error::bad_file(&path, error.to_string()))?;
        replace(&path, |file| std::io::Write::write_all(file, text.as_bytes()))
    }
}

/// One at a time writes a dataset that comes with the program.
static WRITING: Mutex<()> = Mutex::new(());

/// The datasets in `folder`, by name; what could not be read, and why, is beside them.
///
/// # Errors
///
/// [`Error::File`] if the folder cannot be read.
pub fn datasets(folder: &Path) -> Result<(Vec<Folder>, Vec<Error>)> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for path in folders(folder)? {
        match outside(&path) {
            Ok(dataset) => found.push(dataset),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((found, problems))
}

fn outside(path: &Path) -> Result<Folder> {
    let (bytes, n_files) = size(path)?;
    Ok(Folder {
        name: name_of(path)?,
        folder: path.to_owned(),
        bytes,
        n_files,
        native: table_in(path, "edges").is_some(),
    })
}

/// The table of this name in `folder`.
fn table_in(folder: &Path, name: &str) -> Option<PathBuf> {
    let paths = SUFFIXES.iter().map(|suffix| folder.join(format!("{name}.{suffix}")));
    paths.into_iter().find(|path| path.is_file())
}

fn describe(folder: &Path) -> Result<Description> {
    let path = folder.join("dataset.toml");
    match fs::read_to_string(&path) {
        Ok(text) => {
            toml::from_str(&text).map_err(|error| Error::bad_file(&path, error.to_string()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Description::default()),
        Err(error) => Err(Error::file(&path, error)),
    }
}

/// Bytes and number of the files below `folder`. Links to files are followed, those to folders are not,
/// so that there is no way in circles.
fn size(folder: &Path) -> Result<(u64, usize)> {
    let (mut bytes, mut n_files) = (0, 0);
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| Error::file(&folder, error))? {
            let entry = entry.map_err(|error| Error::file(&folder, error))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| Error::file(&path, error))?;
            if kind.is_dir() {
                left.push(path);
                continue;
            }
            let behind = fs::metadata(&path).map_err(|error| Error::file(&path, error))?;
            if behind.is_file() {
                (bytes, n_files) = (bytes + behind.len(), n_files + 1);
            }
        }
    }
    Ok((bytes, n_files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_follows_names_and_bytes_and_no_circle() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("D");
        fs::create_dir_all(folder.join("deep")).unwrap();
        fs::write(folder.join("a.csv"), "1").unwrap();
        fs::write(folder.join("deep/b"), "2").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&folder, folder.join("deep/circle")).unwrap();
        let source = Source::find(folder.to_str().unwrap()).unwrap();
        let before = source.sha256().unwrap();
        assert_eq!((source.name(), before.len()), ("d", 64));
        fs::rename(folder.join("deep/b"), folder.join("deep/c")).unwrap();
        let renamed = source.sha256().unwrap();
        fs::write(folder.join("deep/c"), "3").unwrap();
        assert!(before != renamed && renamed != source.sha256().unwrap());
        let (all, problems) = datasets(root.path()).unwrap();
        assert_eq!((all.len(), all[0].n_files, all[0].bytes, all[0].native), (1, 2, 2, false));
        assert_eq!(problems.len(), 0);
        let error = source.load().unwrap_err().to_string();
        assert!(error.contains("there are no edges"), "{error}");
    }
}
