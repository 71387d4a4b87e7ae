//! Files in which a method notes numbers while it runs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::{Error, Result};

/// Columns of numbers over time: a CSV whose first column is `timestamp`, in seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct SpotFile {
    /// Name of the file, without the suffix.
    pub name: String,
    /// Times, shape `[n]`.
    pub timestamps: Vec<f64>,
    /// Other columns with their names, each of shape `[n]`; what is no number is not a number.
    pub columns: Vec<(String, Vec<f64>)>,
}

/// The spot files of the folder of an experiment, by name. Other CSV files are left alone, and a
/// last line that is still being written is left out.
///
/// # Errors
///
/// [`Error::File`] if a file cannot be read.
pub fn spot_files(folder: &Path) -> Result<Vec<SpotFile>> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(here).map_err(|error| Error::file(here, error))?;
    let mut paths: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "csv"))
        .collect();
    paths.sort();
    let files = paths.iter().map(|path| read(path).map_err(|error| Error::file(path, error)));
    files.filter_map(Result::transpose).collect()
}

fn read(path: &Path) -> std::io::Result<Option<SpotFile>> {
    let mut lines = BufReader::new(File::open(path)?).lines();
    let header = lines.next().transpose()?.unwrap_or_default();
    let names: Vec<&str> = header.trim().split(',').collect();
    if names.first() != Some(&"timestamp") {
        return Ok(None);
    }
    let mut timestamps = Vec::new();
    let mut columns: Vec<(String, Vec<f64>)> =
        names[1..].iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
    for line in lines {
        let line = line?;
        let values: Vec<&str> = line.trim().split(',').collect();
        let time = values[0].parse::<f64>().ok().filter(|time| time.is_finite());
        let (Some(time), true) = (time, values.len() == names.len()) else { continue };
        timestamps.push(time);
        for (column, value) in columns.iter_mut().zip(&values[1..]) {
            column.1.push(value.parse().unwrap_or(f64::NAN));
        }
    }
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    Ok(Some(SpotFile { name: name.unwrap_or_default(), timestamps, columns }))
}
