//! Tables of files: single ones, folders, globs, partitioned datasets, object stores.

use std::num::NonZeroUsize;
use std::path::Path;
use std::str::FromStr;

use arrow::datatypes::DataType;
use polars::io::HiveOptions;
use polars::io::cloud::CloudOptions;
use polars::prelude as pl;
use polars::prelude::{
    CloudScheme, LazyCsvReader, LazyFileListReader, LazyFrame, LazyJsonLineReader, PlRefPath,
    ScanArgsParquet, Schema, UnifiedScanArgs,
};

use super::broken::{TextFiles, explained};
use super::names::names;
use super::{Table, keep_engine_quiet, store};
use crate::source::Secrets;
use crate::{Error, Result, frame};

/// What a file of a table is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Values with separators; read also if compressed with gzip or zstd.
    Csv,
    /// Arrow IPC files.
    Ipc,
    /// One JSON object a line; read also if compressed with gzip or zstd.
    JsonLines,
}

impl Format {
    /// The format that the name of a file tells, without the ending of a compression.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
        let name =
            [".gz", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let (_, ending) = name.rsplit_once('.')?;
        Some(match ending {
            "parquet" | "pq" => Self::Parquet,
            "csv" | "tsv" | "tab" => Self::Csv,
            "arrow" | "feather" | "ipc" => Self::Ipc,
            "jsonl" | "ndjson" => Self::JsonLines,
            _ => return None,
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "parquet" => Ok(Self::Parquet),
            "csv" => Ok(Self::Csv),
            "ipc" | "arrow" => Ok(Self::Ipc),
            "json-lines" | "jsonl" | "ndjson" => Ok(Self::JsonLines),
            _ => Err(Error::BadOption {
                option: "format",
                value: name.into(),
                allowed: "parquet, csv, ipc or json-lines",
            }),
        }
    }
}

/// How files become a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanOptions {
    /// What they are written in; by default what their names tell.
    pub format: Option<Format>,
    /// At most so many rows, the first ones.
    pub limit: Option<usize>,
    /// Whether `key=value` in the folders are columns; by default if a folder is read.
    pub partitions: Option<bool>,
    /// A column to add with the path that a row is from.
    pub path_column: Option<String>,
    /// Whether files of Parquet that lack a column of the first one have nulls there.
    pub missing_columns: bool,
    /// Types of columns of text formats, over what their first rows look like. Without them, columns of CSV on this
    /// machine are text where numbers begin with a zero, such as `02139`, and where days such as `01/02/2021` do not say
    /// which number is the month.
    pub types: Vec<(String, DataType)>,
    /// How many rows are looked at to tell the types of text formats; all if `None`.
    pub inferred_rows: Option<usize>,
    /// Whether columns of CSV whose text looks like dates or timestamps are that.
    pub times: bool,
    /// What is between values of CSV; by default a comma, a tab for `.tsv` and `.tab`.
    pub separator: Option<u8>,
    /// Whether the first row of CSV has the names.
    pub header: bool,
    /// Text of CSV that is null, in quotes or not, besides the empty one.
    pub nulls: Vec<String>,
    /// How lines begin that are no rows of CSV.
    pub comment: Option<String>,
    /// Keys of the object store, such as `aws_region`; by default those of the environment.
    pub store: Secrets,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            format: None,
            limit: None,
            partitions: None,
            path_column: None,
            missing_columns: false,
            types: Vec::new(),
            inferred_rows: Some(1_000),
            times: true,
            separator: None,
            header: true,
            nulls: Vec::new(),
            comment: None,
            store: Secrets::default(),
        }
    }
}

impl Table {
    /// The rows of files: a path, a folder, a glob such as `events/*.parquet`, or one of these in an
    /// object store (`s3://`, `gs://`, `az://`, `https://`).
    ///
    /// Reads what tells the names and types now, and rows when the table is computed: only the columns
    /// that are used, and of Parquet only the parts that a filter can be true for.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if neither option nor name tells the format;
    /// - [`Error::File`] for a path that is not there;
    /// - [`Error::Unknown`] for an option that no object store has, if the files are in one;
    /// - [`Error::BrokenFile`] for a file of text with nothing in it, or with other columns than the
    ///   first; when the table is computed, for a row with too many values and for a value that is not of
    ///   its column's type;
    /// - [`Error::Engine`] for other files that cannot be read.
    pub fn scan(path: &str, options: &ScanOptions) -> Result<Self> {
        Self::scan_all(&[path], options)
    }

    /// As [`scan`](Self::scan), of several, one after another; all must have the same columns.
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan), and [`Error::BadOption`] if there are none.
    pub fn scan_all<S: AsRef<str>>(paths: &[S], options: &ScanOptions) -> Result<Self> {
        keep_engine_quiet();
        let Some(first) = paths.first().map(AsRef::as_ref) else {
            return Err(Error::BadOption {
                option: "paths",
                value: "empty".into(),
                allowed: "one or more files",
            });
        };
        for path in paths {
            check_there(path.as_ref())?;
        }
        let format = options.format.or_else(|| Format::of(first)).or_else(|| format_in(first));
        let format = format.ok_or_else(|| Error::BadOption {
            option: "format",
            value: first.into(),
            allowed: "given, or told by the ending of the file: parquet, csv, tsv, arrow, jsonl",
        })?;
        let cloud = store::options(first, &options.store)?;
        let sources: Vec<PlRefPath> =
            paths.iter().map(|path| PlRefPath::new(path.as_ref())).collect();
        let text = matches!(format, Format::Csv | Format::JsonLines).then(|| TextFiles {
            paths: paths.iter().map(|path| path.as_ref().to_owned()).collect(),
            format,
            separator: separator(first, options),
            header: options.header,
            comment: options.comment.clone(),
            typed: options.types.iter().map(|(name, _)| name.clone()).collect(),
        });
        let open = |types: &[(String, DataType)]| {
            scan(first, sources.clone(), format, types, options, cloud.clone())
                .map_err(|error| Error::engine("opening files", &error))
                .and_then(|lazy| match &text {
                    Some(text) => Self::from_text(lazy, text.clone()),
                    None => Self::from_lazy(lazy),
                })
                .map_err(|error| explained(error, &text.iter().collect::<Vec<_>>()))
        };
        let mut table = open(&[])?;
        if format != Format::Parquet {
            for (name, _) in &options.types {
                table.check_column(name)?;
            }
        }
        let mut types = Vec::new();
        if let Some(text) = text.as_ref().filter(|_| format == Format::Csv) {
            let names = names(text, options.inferred_rows);
            let schema = table.schema();
            let fields = names.iter().filter_map(|&at| schema.fields().get(at));
            types.extend(fields.map(|field| (field.name().clone(), DataType::Utf8)));
        }
        types.retain(|(name, _)| options.types.iter().all(|(given, _)| given != name));
        types.extend(options.types.iter().cloned());
        if text.is_some() && !types.is_empty() {
            table = open(&types)?;
        }
        if let Some(limit) = options.limit.filter(|_| matches!(format, Format::Ipc)) {
            table = table.limit(limit)?;
        }
        Ok(table)
    }
}

fn scan(
    first: &str,
    sources: Vec<PlRefPath>,
    format: Format,
    given: &[(String, DataType)],
    options: &ScanOptions,
    cloud: Option<CloudOptions>,
) -> Result<LazyFrame, Box<dyn std::error::Error>> {
    let hive = HiveOptions { enabled: options.partitions, ..HiveOptions::default() };
    let path_column = options.path_column.as_deref().map(Into::into);
    let schema = (!given.is_empty()).then(|| types(given)).transpose()?;
    Ok(match format {
        Format::Parquet => {
            let arguments = ScanArgsParquet {
                n_rows: options.limit,
                cloud_options: cloud,
                hive_options: hive,
                include_file_paths: path_column,
                allow_missing_columns: options.missing_columns,
                ..ScanArgsParquet::default()
            };
            LazyFrame::scan_parquet_files(sources.into(), arguments)?
        }
        Format::Ipc => {
            let arguments = UnifiedScanArgs {
                cloud_options: cloud,
                hive_options: hive,
                include_file_paths: path_column,
                glob: true,
                ..UnifiedScanArgs::default()
            };
            let sources = pl::ScanSources::Paths(sources.into());
            LazyFrame::scan_ipc_sources(sources, pl::IpcScanOptions::default(), arguments)?
        }
        Format::Csv => {
            let nulls = (!options.nulls.is_empty()).then(|| {
                let nulls = std::iter::once("").chain(options.nulls.iter().map(String::as_str));
                pl::NullValues::AllColumns(nulls.map(Into::into).collect())
            });
            LazyCsvReader::new_paths(sources.into())
                .with_n_rows(options.limit)
                .with_has_header(options.header)
                .with_separator(separator(first, options))
                .with_comment_prefix(options.comment.as_deref().map(Into::into))
                .with_null_values(nulls)
                .with_try_parse_dates(options.times)
                .with_infer_schema_length(options.inferred_rows)
                .with_dtype_overwrite(schema)
                .with_include_file_paths(path_column)
                .with_cloud_options(cloud)
                .finish()?
        }
        Format::JsonLines => LazyJsonLineReader::new_paths(sources.into())
            .with_n_rows(options.limit)
            .with_infer_schema_length(options.inferred_rows.and_then(NonZeroUsize::new))
            .with_schema_overwrite(schema)
            .with_include_file_paths(path_column)
            .with_cloud_options(cloud)
            .finish()?,
    })
}

/// What is between values of CSV.
fn separator(first: &str, options: &ScanOptions) -> u8 {
    let is_tab = [".tsv", ".tab"].iter().any(|ending| first.to_ascii_lowercase().contains(ending));
    options.separator.unwrap_or(if is_tab { b'\t' } else { b',' })
}

fn types(types: &[(String, DataType)]) -> Result<pl::SchemaRef> {
    let fields = types
        .iter()
        .map(|(name, of)| Ok(pl::Field::new(name.into(), frame::polars_type(of)?)))
        .collect::<Result<Schema>>()?;
    Ok(fields.into())
}

/// Refuses a local path, not a pattern, that is not there, before the engine words it its way.
fn check_there(path: &str) -> Result<()> {
    if CloudScheme::from_path(path).is_some() || path.contains(['*', '?', '[']) {
        return Ok(());
    }
    let path = Path::new(path);
    std::fs::metadata(path).map(|_| ()).map_err(|error| Error::file(path, error))
}

/// The format of the files in a folder: of the first one in the order of names that tells.
fn format_in(folder: &str) -> Option<Format> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    names.sort();
    names.iter().find_map(|path| match path.is_dir() {
        true => format_in(path.to_str()?),
        false => Format::of(path.to_str()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_store_are_not_shown() {
        let store = [("aws_region".to_owned(), "hunter2".to_owned())].into_iter().collect();
        let shown = format!("{:?}", ScanOptions { store, ..ScanOptions::default() });
        assert!(shown.contains("aws_region") && !shown.contains("hunter2"), "{shown}");
    }
}
