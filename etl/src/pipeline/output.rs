//! Where the rows of a pipeline go: what a place and a format can take, and how it is written.

use std::path::Path;
use std::{fs, io};

use arrow::array::RecordBatch;
use graph_core::ingest::{names_ends, names_source};
use graph_core::{Format, Graph, ReadOptions, Staged};

use super::PipelineError;
use super::read::Output;
use crate::source::{table_format, without_passwords};
use crate::table::{self, Table, WriteOptions};
use crate::{Control, Error, Result};

impl Output {
    pub(super) fn fault(&self, error: Error) -> Error {
        if let Error::Stopped { .. } = error {
            return error;
        }
        let (part, error) = match &self.called {
            Some(called) => (called.clone(), self.without_place(error)),
            None => (format!("output `{}`", self.shown()), error),
        };
        PipelineError { line: self.line, part: part.into(), fault: error.into() }.into()
    }

    /// The error without the place of a file that stands for something else: where that is, is nobody's business.
    fn without_place(&self, error: Error) -> Error {
        let place = Path::new(&self.place);
        // It is written under its name in a folder beside its place.
        let is_it = |path: &Path| {
            path.file_name() == place.file_name()
                && place.parent().is_some_and(|folder| path.starts_with(folder))
        };
        match error {
            Error::File { path, error } if is_it(&path) => graph_core::Error::Io(error).into(),
            Error::Graph(error) => match *error {
                graph_core::Error::InFile { path, source } if is_it(&path) => Error::Graph(source),
                other => other.into(),
            },
            other => other,
        }
    }

    /// What plans, events and reports call it.
    pub(super) fn shown(&self) -> String {
        self.called.clone().unwrap_or_else(|| without_passwords(&self.to))
    }

    fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::from_suffix(&self.to))
    }

    /// The format of tables, if it is one.
    pub(super) fn tabular(&self) -> Option<table::Format> {
        self.format().and_then(table_format)
    }

    /// How a table is written.
    pub(super) fn options(&self) -> WriteOptions {
        WriteOptions { format: self.tabular(), ..self.options.clone() }
    }

    /// Whether it is a folder of files.
    fn is_partitioned(&self) -> bool {
        !self.options.partition_by.is_empty()
    }

    /// Whether it goes to an object store, not to a file.
    pub(super) fn is_object(&self) -> bool {
        self.place.contains("://")
    }

    /// Whether rows go to it as they come; others are made of all edges.
    pub(super) fn is_table(&self) -> bool {
        self.is_object() || self.tabular().is_some()
    }

    /// Refuses a place where no file can be made; a hidden folder is made beside it for a moment.
    pub(super) fn check_place(&self) -> Result<()> {
        self.try_place().map_err(|error| self.fault(error))
    }

    fn try_place(&self) -> Result<()> {
        if self.is_object() {
            return match (self.tabular(), self.format()) {
                (None, Some(format)) => Err(Error::BadOption {
                    option: "format",
                    value: format.name().into(),
                    allowed: "parquet, csv, arrow or jsonl in an object store",
                }),
                _ => Ok(()),
            };
        }
        let place = Path::new(&self.place);
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let kind = match folder.exists() {
                true => io::ErrorKind::NotADirectory,
                false => io::ErrorKind::NotFound,
            };
            return Err(Error::file(folder, kind.into()));
        }
        if self.is_partitioned() && place.exists() {
            return Err(Error::file(place, io::ErrorKind::AlreadyExists.into()));
        }
        if place.is_dir() {
            return Err(Error::file(place, io::ErrorKind::IsADirectory.into()));
        }
        // A new file would take the place of a device or a pipe, for all programs.
        if place.exists() && !place.is_file() {
            let reason = "it is a device or a pipe, and no file; `-` is standard output";
            return Err(Error::file(place, io::Error::new(io::ErrorKind::Unsupported, reason)));
        }
        // What may be written where only the system knows.
        Staged::new(place).map(drop).map_err(|error| Error::file(place, error))
    }

    /// Refuses columns that the format does not have, by a table without rows.
    pub(super) fn check_columns(&self, table: &Table) -> Result<()> {
        self.try_columns(table).map_err(|error| self.fault(error))
    }

    fn try_columns(&self, table: &Table) -> Result<()> {
        if let Some(format) = self.tabular() {
            return table.check_writable(format, &self.options.partition_by);
        }
        if !self.is_graph(table)? {
            return Ok(());
        }
        let edges = RecordBatch::new_empty(table.schema().clone());
        let graph = Graph::from_batches(vec![edges], None, &ReadOptions::default())?;
        let options = graph_core::WriteOptions { format: self.format(), ..Default::default() };
        Ok(graph_core::write_to(&graph, io::sink(), &options)?)
    }

    /// Whether a table goes into a format of graphs as the edges of one. Such a format is for tables that say which
    /// columns are ends; of other tables JSON has the rows, and of those whose ends may well be something else.
    fn is_graph(&self, table: &Table) -> Result<bool> {
        let names: Vec<&str> = table.column_names().collect();
        match self.format() {
            Some(Format::NodeLink) => Ok(names_source(&names)),
            _ if names_ends(&names) => Ok(true),
            _ => Err(Error::NoEnds { columns: names.join("`, `").into() }),
        }
    }

    /// Writes the rows to a file; gives their number.
    pub(super) fn write(&self, table: &Table, path: &Path, control: &Control) -> Result<u64> {
        if self.tabular().is_some() {
            let path = path.to_str().ok_or_else(|| {
                Error::file(path, io::Error::from(io::ErrorKind::InvalidFilename))
            })?;
            return Ok(table.write(path, &self.options(), control)?.n_rows);
        }
        let options = graph_core::WriteOptions { format: self.format(), ..Default::default() };
        if !self.is_graph(table)? {
            let rows = table.collect(control)?;
            graph_core::write_table_with(&rows, path, &options, control)?;
            return Ok(rows.num_rows() as u64);
        }
        let batches = table.collect_batches(control)?;
        let graph = Graph::from_batches(batches, None, &ReadOptions::default())?;
        graph_core::write(&graph, path, &options)?;
        Ok(graph.n_edges() as u64)
    }
}

/// Bytes of a file, or of all that are in a folder.
pub(super) fn bytes_of(path: &Path) -> io::Result<u64> {
    let about = fs::metadata(path)?;
    if !about.is_dir() {
        return Ok(about.len());
    }
    fs::read_dir(path)?.map(|entry| bytes_of(&entry?.path())).sum()
}
