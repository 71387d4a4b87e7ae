//! Events of one file, read as files of graphs are.

use std::path::Path;
#[cfg(not(feature = "tables"))]
use std::path::PathBuf;

use arrow::array::RecordBatch;
#[cfg(not(feature = "tables"))]
use graphlume::graph::Format;
use graphlume::graph::{ReadOptions, read_table_with};

#[cfg(not(feature = "tables"))]
use crate::input::formats;
use crate::output::count;
use crate::progress::Messages;

/// The file, and how it is read.
#[cfg(not(feature = "tables"))]
#[derive(Debug, clap::Args)]
pub(super) struct Events {
    /// Table of events: CSV and the like, JSON lines, Parquet or Arrow
    #[arg(value_name = "EVENTS")]
    path: PathBuf,
    /// Format of the events [default: found from the suffix, then from the content]
    #[arg(long, value_parser = formats())]
    format: Option<Format>,
    /// Field separator of delimited text [default: found from the first rows]
    #[arg(long, value_name = "CHAR")]
    separator: Option<char>,
    /// Word of delimited text that means that there is no value, such as `NA`; once for each
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    null: Vec<String>,
}

#[cfg(not(feature = "tables"))]
impl Events {
    /// Reads the events and says how many there are; `None` if that was interrupted.
    pub(super) fn read(&self, messages: Messages) -> anyhow::Result<Option<RecordBatch>> {
        let options = ReadOptions {
            format: self.format,
            delimiter: self.separator,
            nulls: self.null.clone(),
            ..ReadOptions::default()
        };
        read(&self.path, &options, messages).map(Some)
    }
}

/// Reads the events and says how many there are.
pub(super) fn read(
    path: &Path,
    options: &ReadOptions,
    messages: Messages,
) -> anyhow::Result<RecordBatch> {
    let spinner = messages.spinner(format!("reading {}", path.display()));
    let events = read_table_with(path, options)?;
    drop(spinner);
    messages.say(format!("read {} of {}", count(events.num_rows(), "event"), path.display()));
    Ok(events)
}
