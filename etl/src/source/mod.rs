//! Sources: files, folders, object stores, databases and web addresses that tables are read from.

mod address;
mod error;
mod files;
mod json;
mod options;
mod postgres;
mod private;
mod rows;
mod secrets;
mod sqlite;
#[cfg(test)]
mod tests;
mod watch;
mod web;

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::NamedTempFile;

pub use self::address::without_passwords;
use self::address::{Address, Ask};
pub use self::error::{Fault, SourceError};
pub(crate) use self::files::{files_at, table_format};
pub use self::options::{ColumnType, GraphPart, Parameter, SourceOptions};
use self::rows::Rows;
pub use self::secrets::Secrets;
use self::watch::Halt;
use crate::pipeline::PipelineFault;
use crate::table::Table;
use crate::{Control, Error, Result};

/// A place that a table is read from, and how.
///
/// | address                                       | what is read                                  |
/// |-----------------------------------------------|-----------------------------------------------|
/// | `edges.parquet`, `logs/2026-*.csv.gz`, `data/` | files, patterns and folders of one format     |
/// | `-`                                           | standard input                                |
/// | `s3://…`, `gs://…`, `az://…`                  | object stores, patterns too; credentials come from the environment |
/// | `sqlite:PATH?table=T`, `sqlite:PATH?query=Q`, `PATH.db` | a table or a query of SQLite        |
/// | `postgres://USER@HOST/DB?table=T`, `…?query=Q` | a table or a query of PostgreSQL              |
/// | `https://…`, `http://…`                       | CSV, JSON, Parquet and others from the web    |
///
/// Parameters of addresses are percent-encoded; `?param=` binds text to a placeholder, once for
/// each, in order. What is shown of a source holds no password.
#[derive(Clone)]
pub struct Source {
    address: Address,
    ask: Ask,
    options: SourceOptions,
}

/// A source whose columns are known, and whose rows can be read.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The rows. Those of files and object stores are read when the table is computed, those of
    /// databases are in memory, and in temporary files if they are many.
    pub table: Table,
    /// About how many rows there are, if that could be told without reading them.
    pub rows: Option<u64>,
    /// What came from the web or standard input, on disk as long as the rows may be read.
    _file: Option<Arc<NamedTempFile>>,
    in_memory: bool,
}

impl Opened {
    /// A table of so many rows that somebody has.
    pub(crate) fn given(table: Table, rows: u64) -> Self {
        Self { table, rows: Some(rows), _file: None, in_memory: true }
    }

    /// Whether the rows are in memory already.
    pub fn is_in_memory(&self) -> bool {
        self.in_memory
    }
}

/// What kind of place a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceKind {
    /// Files of this machine.
    Files,
    /// Standard input.
    Standard,
    /// An object store.
    Objects,
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
    /// The web.
    Web,
}

impl SourceKind {
    fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Standard => "standard input",
            Self::Objects => "object stores",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Web => "the web",
        }
    }
}

impl Source {
    /// The source at `address`; nothing is opened.
    ///
    /// # Errors
    ///
    /// [`Error::Source`] with a [`Fault::UnknownScheme`], [`Fault::BadAddress`],
    /// [`Fault::NotForThis`] or [`Fault::Missing`].
    pub fn new(address: &str, options: SourceOptions) -> Result<Self> {
        let parse = || {
            let address = Address::parse(address)?;
            let ask = match &address {
                Address::Sqlite { ask, .. } | Address::Postgres { ask, .. } => ask.clone(),
                _ => Ask::default(),
            };
            let source = Self { address, ask, options };
            source.check_options()
        };
        parse().map_err(|fault| {
            SourceError { source_name: address::called(address).into(), fault }.into()
        })
    }

    /// What kind of place it is.
    pub fn kind(&self) -> SourceKind {
        match self.address {
            Address::Files(_) => SourceKind::Files,
            Address::Standard => SourceKind::Standard,
            Address::Objects(_) => SourceKind::Objects,
            Address::Sqlite { .. } => SourceKind::Sqlite,
            Address::Postgres { .. } => SourceKind::Postgres,
            Address::Web(_) => SourceKind::Web,
        }
    }

    /// The host that is asked, with the port if the address has one, if it is one of the web.
    pub fn host(&self) -> Option<&str> {
        match &self.address {
            Address::Web(url) => Some(address::host(url)),
            _ => None,
        }
    }

    /// The options it was made with.
    pub fn options(&self) -> &SourceOptions {
        &self.options
    }

    /// The source with paths that are relative to `folder`, unless they are absolute.
    pub(crate) fn relative_to(mut self, folder: &Path) -> Self {
        if let Address::Files(path) | Address::Sqlite { path, .. } = &mut self.address {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
        self
    }

    /// The source with limits that are at most these.
    pub(crate) fn within(mut self, max_bytes: u64, time: Duration) -> Self {
        let options = &mut self.options;
        options.max_bytes = options.max_bytes.min(max_bytes);
        options.timeout_secs = options.timeout_secs.min(time.as_secs_f64());
        self
    }

    /// The source, with hosts that may be on this machine or in a private network, or may not.
    pub(crate) fn with_private(mut self, allow_private: bool) -> Self {
        self.options.allow_private = allow_private;
        self
    }

    /// The path, folder or pattern, if it is on this machine.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.address {
            Address::Files(path) | Address::Sqlite { path, .. } => Some(Path::new(path)),
            _ => None,
        }
    }

    /// The files of this machine that would be read.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        match &self.address {
            Address::Files(path) => {
                files::list(path).map_err(|fault| self.error(Halt::Fault(fault)))
            }
            Address::Sqlite { path, .. } => Ok(vec![path.into()]),
            _ => Ok(Vec::new()),
        }
    }

    /// Refuses options that mean nothing here, and puts those of databases where they are used.
    fn check_options(mut self) -> Result<Self, Fault> {
        let kind = self.kind();
        let options = &self.options;
        let is_database = matches!(kind, SourceKind::Sqlite | SourceKind::Postgres);
        let given = [
            ("table", options.table.is_some(), is_database),
            ("query", options.query.is_some(), is_database),
            ("params", !options.params.is_empty(), is_database),
            ("format", options.format.is_some(), !is_database),
            ("delimiter", options.delimiter.is_some(), !is_database),
            ("header", options.header.is_some(), !is_database),
            ("types", !options.types.is_empty(), !is_database),
            ("nulls", !options.nulls.is_empty(), !is_database),
            ("comment", options.comment.is_some(), !is_database),
            ("missing_columns", options.missing_columns, !is_database),
            ("headers", !options.headers.is_empty(), kind == SourceKind::Web),
            ("store", !options.store.is_empty(), kind == SourceKind::Objects),
            ("records", options.records.is_some(), !is_database && kind != SourceKind::Objects),
            (
                "part",
                options.part != GraphPart::default(),
                !is_database && kind != SourceKind::Objects,
            ),
        ];
        if let Some((option, ..)) = given.iter().find(|(_, given, fits)| *given && !fits) {
            return Err(Fault::NotForThis { option: (*option).into(), kind: kind.name() });
        }
        if options.comment.as_ref().is_some_and(String::is_empty) {
            let reason = "is empty; it should be what begins lines that are no rows".into();
            return Err(Fault::BadAddress { part: "`comment`", reason });
        }
        if let Address::Web(url) = &self.address {
            web::check_headers(url, &options.headers)?;
        }
        files::check_store(options)?;
        for (slot, option) in
            [(&mut self.ask.table, &options.table), (&mut self.ask.query, &options.query)]
        {
            if slot.is_some() && option.is_some() {
                let reason = "says what the options say too".into();
                return Err(Fault::BadAddress { part: "the address", reason });
            }
            if let Some(option) = option {
                *slot = Some(option.clone());
            }
        }
        if self.ask.table.is_some() && self.ask.query.is_some() {
            let reason = "names a table and a query; one of them is meant".into();
            return Err(Fault::BadAddress { part: "the address", reason });
        }
        if self.ask.query.is_none()
            && !(self.options.params.is_empty() && self.ask.params.is_empty())
        {
            let advice = "parameters are bound to placeholders of a query".into();
            return Err(Fault::Missing { what: "a query", advice });
        }
        Ok(self)
    }

    /// Opens the source: finds its columns, and reads the rows of databases, pages of the web and
    /// standard input. The table must not be computed after what this returns has gone.
    ///
    /// # Errors
    ///
    /// [`Error::Source`] with any [`Fault`]; [`Error::Stopped`].
    pub fn open(&self, control: &Control) -> Result<Opened> {
        self.try_open(control).map_err(|halt| self.error(halt))
    }

    /// The columns, and about how many rows there are. Reads no more than that takes: nothing but
    /// the answer is kept of a database; a page of the web is downloaded.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn probe(&self, control: &Control) -> Result<Opened> {
        let probe = || match &self.address {
            Address::Sqlite { path, .. } => {
                Ok(Some(sqlite::probe(path, &self.ask, &self.options, control)?))
            }
            Address::Postgres { url, .. } => {
                Ok(Some(postgres::probe(url, &self.ask, &self.options, control)?))
            }
            _ => Ok(None),
        };
        match probe().map_err(|halt| self.error(halt))? {
            Some((schema, rows)) => {
                let table = Table::from_batches(&schema, &[])?;
                Ok(Opened { table, rows, _file: None, in_memory: true })
            }
            None => self.open(control),
        }
    }

    fn try_open(&self, control: &Control) -> Result<Opened, Halt> {
        let options = &self.options;
        let (opened, file) = match &self.address {
            Address::Files(path) => (files::open(path, options, control)?, None),
            Address::Objects(url) => (files::open_objects(url, options, control)?, None),
            Address::Standard => {
                let file = spool(options, control)?;
                let opened = open_file(&file, None, options, control).map_err(unnamed)?;
                (opened, Some(file))
            }
            Address::Web(url) => {
                let page = web::download(url, options, control)?;
                (open_file(&page.file, Some(page.format), options, control)?, Some(page.file))
            }
            Address::Sqlite { .. } | Address::Postgres { .. } => {
                let rows = self.rows(control)?;
                let (n_rows, in_memory) = (rows.total, rows.spilled.is_empty());
                let table = rows.table().map_err(files::fault)?;
                (files::Opened { table, rows: Some(n_rows), in_memory }, None)
            }
        };
        let files::Opened { table, rows, in_memory } = opened;
        Ok(Opened { table, rows, _file: file.map(Arc::new), in_memory })
    }

    /// The rows of a database.
    fn rows(&self, control: &Control) -> Result<Rows, Halt> {
        match &self.address {
            Address::Sqlite { path, .. } => sqlite::read(path, &self.ask, &self.options, control),
            Address::Postgres { url, .. } => postgres::read(url, &self.ask, &self.options, control),
            _ => Ok(Rows {
                schema: rows::schema([]),
                spilled: Vec::new(),
                batches: Vec::new(),
                total: 0,
            }),
        }
    }

    /// The error of this source, without its passwords.
    fn error(&self, halt: Halt) -> Error {
        let fault = match halt {
            Halt::Error(error) => return error,
            Halt::Fault(fault) => fault,
        };
        let error = SourceError { source_name: self.to_string().into(), fault }.into();
        without_secrets([self], error)
    }

    /// Texts that must not show in any message.
    fn secrets(&self) -> Vec<String> {
        let mut secrets = self.address.secrets();
        let of_options = self.options.headers.pairs().chain(self.options.store.pairs());
        let of_options = of_options.filter(|(_, secret)| 3 < secret.len());
        secrets.extend(of_options.map(|(_, secret)| secret.to_owned()));
        secrets
    }
}

/// The error with `***` in the place of passwords, headers and options of stores of `sources`: for errors of tables, whose
/// rows may be read long after the source was opened.
pub fn without_secrets<'a>(
    sources: impl IntoIterator<Item = &'a Source>,
    mut error: Error,
) -> Error {
    let secrets = secrets::longest_first(sources.into_iter().flat_map(Source::secrets).collect());
    if !secrets.is_empty() {
        mask(&mut error, &secrets);
    }
    error
}

/// Masks what others say in an error.
fn mask(error: &mut Error, secrets: &[String]) {
    let message = match error {
        Error::Engine { reason, .. } => reason,
        Error::Source(error) => match &mut error.fault {
            Fault::Database { message, .. } | Fault::Connection { message } => message,
            Fault::Table(error) => return mask(error, secrets),
            _ => return,
        },
        Error::Pipeline(error) => match &mut error.fault {
            PipelineFault::Failed(error) => return mask(error, secrets),
            _ => return,
        },
        _ => return,
    };
    *message = secrets::masked(message, secrets).into();
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address.shown())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.address.shown()).finish()
    }
}

/// The table of a temporary file.
fn open_file(
    file: &NamedTempFile,
    format: Option<graph_core::Format>,
    options: &SourceOptions,
    control: &Control,
) -> Result<files::Opened, Halt> {
    let options = SourceOptions { format: options.format.or(format), ..options.clone() };
    let path = file.path().to_str().ok_or(Fault::NoFiles)?;
    files::open(path, &options, control)
}

/// What went wrong with standard input, which has no name that tells a format.
fn unnamed(halt: Halt) -> Halt {
    match halt {
        Halt::Fault(Fault::UnknownFormat { .. }) => {
            Fault::UnknownFormat { name: "standard input".into() }.into()
        }
        other => other,
    }
}

/// Standard input in a file, since formats need to look ahead or at the end.
fn spool(options: &SourceOptions, control: &Control) -> Result<NamedTempFile, Halt> {
    let mut file = NamedTempFile::new()?;
    let mut input = std::io::stdin().lock();
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    loop {
        let n = input.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        done += n as u64;
        if options.max_bytes < done {
            return Err(Fault::TooManyBytes { limit: options.max_bytes }.into());
        }
        file.write_all(&buffer[..n])?;
        control.step("bytes", done, None).map_err(Halt::stopped)?;
    }
    file.flush()?;
    Ok(file)
}
