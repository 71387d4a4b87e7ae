//! Events of tables from anywhere: what `graphlume transform` reads.

use std::path::{Path, PathBuf};

use anyhow::Context;
use arrow::array::RecordBatch;
use graphlume::etl::source::{Source, SourceKind, SourceOptions, without_secrets};
use graphlume::etl::table::Table;
use graphlume::etl::{Control, Error, Progress};
use graphlume::graph::{Format, ReadOptions};

use super::file;
use crate::interrupt::Deferred;
use crate::output::{count, grouped, is_standard};
use crate::progress::Messages;
use crate::source::{self, SourceArgs};

/// The tables, and how they are read.
#[derive(Debug, clap::Args)]
pub(super) struct Events {
    /// Tables of events: files, folders, patterns, `s3://…`, `sqlite:FILE?table=T`,
    /// `postgres://USER@HOST/DB?table=T`, `https://…` or `-`; several are put one after another
    #[arg(required = true, value_name = "EVENTS")]
    inputs: Vec<PathBuf>,
    /// Field separator of delimited text [default: found from the first rows]
    #[arg(long, value_name = "CHAR", help_heading = "Input")]
    separator: Option<char>,
    #[command(flatten)]
    source: SourceArgs,
}

impl Events {
    /// Reads the events and says how many there are; `None` if that was interrupted.
    pub(super) fn read(&self, messages: Messages) -> anyhow::Result<Option<RecordBatch>> {
        let options = self.source.options(self.separator)?;
        if let [path] = &self.inputs[..]
            && let Some(options) = alone(path, &options)
        {
            return file::read(path, &options, messages).map(Some);
        }
        let places = self.inputs.iter().map(|path| text(path));
        let places = places.collect::<anyhow::Result<Vec<&str>>>()?;
        let mut sources = Vec::with_capacity(places.len());
        let of_each = self.source.of_each(&places, 1 < places.len())?;
        for (place, source) in places.iter().zip(of_each) {
            let options = source.options(self.separator)?;
            sources.push(Source::new(place, options).map_err(by_flag)?);
        }
        let names: Vec<String> = sources.iter().map(Source::to_string).collect();
        let names = names.join(", ");
        let spinner = messages.spinner(format!("reading {names}"));
        let deferred = Deferred::begin();
        let report = |progress: Progress| {
            spinner.say(format!("reading {names}: {} {}", grouped(progress.done), progress.stage));
        };
        let control = Control::default().reporting(&report).stopped_by(deferred.flag());
        let events = match rows(&sources, self.source.fills(), &control) {
            Err(Error::Stopped { .. }) => return Ok(None),
            events => events.map_err(|error| by_flag(without_secrets(&sources, error)))?,
        };
        drop(spinner);
        messages.say(format!("read {} of {names}", count(events.num_rows(), "event")));
        Ok(Some(events))
    }
}

/// The rows of all sources, one after another; columns that one lacks are null there if `fill`.
fn rows(sources: &[Source], fill: bool, control: &Control) -> Result<RecordBatch, Error> {
    let opened =
        sources.iter().map(|source| source.open(control)).collect::<Result<Vec<_>, _>>()?;
    let tables: Vec<&Table> = opened.iter().map(|opened| &opened.table).collect();
    let all = Table::concat(&tables, fill).map_err(|error| match error {
        Error::Unlike(unlike) => {
            Error::Unlike(Box::new(unlike.named(|place| sources[place].to_string())))
        }
        error => error,
    });
    all?.collect(control)
}

/// How the only input is read, if it is one file that graphs are read from too: all of its rows tell
/// the types of columns then, and not the first ones.
fn alone(path: &Path, asked: &SourceOptions) -> Option<ReadOptions> {
    let same = SourceOptions {
        format: asked.format,
        delimiter: asked.delimiter,
        header: asked.header,
        nulls: asked.nulls.clone(),
        ..SourceOptions::default()
    };
    if *asked != same {
        return None;
    }
    let is_file = || {
        let source = path.to_str().map(|path| Source::new(path, SourceOptions::default()));
        path.is_file()
            && source
                .is_none_or(|source| source.is_ok_and(|source| source.kind() == SourceKind::Files))
    };
    // Of files of graphs sources take the edges.
    let is_table = match asked.format.or_else(|| Format::from_suffix(path)) {
        Some(format) => matches!(
            format,
            Format::Csv | Format::JsonLines | Format::NodeLink | Format::Parquet | Format::Arrow
        ),
        None => true,
    };
    (is_table && (is_standard(path) || is_file())).then(|| ReadOptions {
        format: asked.format,
        delimiter: asked.delimiter,
        header: asked.header,
        nulls: asked.nulls.clone(),
        ..ReadOptions::default()
    })
}

/// The error, with the option by the name that it has here.
fn by_flag(error: Error) -> Error {
    let Error::Source(mut error) = error else { return error };
    source::by_flag(&mut error.fault, "", "separator");
    Error::Source(error)
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}
