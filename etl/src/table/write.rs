//! Tables into files, while they are computed.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::DataType;
use graph_core::Staged;
use polars::io::utils::sync_on_close::SyncOnCloseType;
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude as pl;
use polars::prelude::{
    CloudScheme, CsvWriterOptions, Engine, FileWriteFormat, IpcCompression, IpcWriterOptions,
    NDJsonWriterOptions, ParquetCompression, ParquetWriteOptions, PlRefPath, SinkDestination,
    SinkTarget, UnifiedSinkArgs,
};

use super::{Format, Table, store};
use crate::expr::column;
use crate::source::Secrets;
use crate::{Control, Error, Result};

/// How values are made smaller in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Compression {
    /// What the format is usual with: zstd for Parquet and Arrow, none for text.
    #[default]
    Usual,
    /// Not at all.
    None,
    /// Fast; only Parquet.
    Snappy,
    /// Fast; only Parquet and Arrow.
    Lz4,
    /// Small.
    Zstd,
    /// Known everywhere; not Arrow.
    Gzip,
}

/// How a table becomes a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WriteOptions {
    /// What to write; by default what the name of the file tells.
    pub format: Option<Format>,
    /// How values are made smaller.
    pub compression: Compression,
    /// What is between values of CSV; by default a comma, a tab for `.tsv` and `.tab`.
    pub separator: Option<u8>,
    /// Columns whose values make folders `key=value`, with files of the rows that have them; the path
    /// is a folder then.
    pub partition_by: Vec<String>,
    /// Keys of the object store, such as `aws_region`; by default those of the environment.
    pub store: Secrets,
}

impl WriteOptions {
    /// Refuses what `format` does not have; a name `path` that ends in `.gz` or `.zst` tells the compression of text.
    pub(crate) fn check(&self, path: &str, format: Format) -> Result<()> {
        file_format(path, format, self).map(drop)
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Number of rows.
    pub n_rows: u64,
}

impl Table {
    /// Computes the rows into the file `path`, or the object of a store, without all of them in memory
    /// at once. The file appears when it is whole; one that was there stays until then.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if neither option nor name tells the format, or it has no such compression or no separator,
    ///   or all columns are to partition by;
    /// - [`Error::Unknown`] for a column to partition by that is not there, and for an option that no object store has;
    /// - [`Error::WrongType`] for a column of a type that the format does not have, such as lists in CSV;
    /// - [`Error::File`] if the file cannot be made;
    /// - those of [`collect`](Self::collect).
    pub fn write(&self, path: &str, options: &WriteOptions, control: &Control) -> Result<Written> {
        let format = options.format.or_else(|| Format::of(path)).ok_or_else(|| Error::BadOption {
            option: "format",
            value: path.into(),
            allowed: "given, or told by the ending of the file: parquet, csv, tsv, arrow, jsonl",
        })?;
        let file_format = file_format(path, format, options)?;
        self.check_writable(format, &options.partition_by)?;
        if CloudScheme::from_path(path).is_some() {
            return self.sink(path, file_format, options, control);
        }
        let place = Path::new(path);
        if !options.partition_by.is_empty() && place.exists() {
            let error = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(Error::file(place, error));
        }
        let staged = Staged::new(place).map_err(|error| Error::file(place, error))?;
        let written = self.sink(utf8(staged.path())?, file_format, options, control)?;
        if !options.partition_by.is_empty() {
            // Without rows nobody has made it.
            std::fs::create_dir_all(staged.path()).map_err(|error| Error::file(place, error))?;
        }
        staged.publish().map_err(|error| Error::file(place, error))?;
        Ok(written)
    }

    /// Refuses columns of types that `format` does not have; those to partition by are in no file.
    pub(crate) fn check_writable(&self, format: Format, partition_by: &[String]) -> Result<()> {
        self.named(partition_by)?;
        if !partition_by.is_empty() && partition_by.len() == self.column_names().count() {
            return Err(Error::BadOption {
                option: "partition_by",
                value: partition_by.join(", ").into(),
                allowed: "fewer than all columns, so that files have some",
            });
        }
        let of_bytes = |kind: &DataType| {
            matches!(
                kind,
                DataType::Binary
                    | DataType::LargeBinary
                    | DataType::BinaryView
                    | DataType::FixedSizeBinary(_)
            )
        };
        for field in self.schema().fields() {
            let kind = field.data_type();
            let expected = match format {
                Format::Csv
                    if kind.is_nested()
                        || of_bytes(kind)
                        || matches!(kind, DataType::Duration(_)) =>
                {
                    "a number, a text, true or false, a date or a time in CSV: JSON lines hold lists too, and \
                     Parquet and Arrow all types"
                }
                Format::JsonLines if has(kind, &of_bytes) => {
                    "without bytes in JSON lines: Parquet and Arrow hold them"
                }
                _ => continue,
            };
            if !partition_by.contains(field.name()) {
                return Err(Error::WrongType {
                    what: format!("column `{}`", field.name()).into(),
                    found: graph_core::type_name(kind).into(),
                    expected,
                });
            }
        }
        Ok(())
    }

    fn sink(
        &self,
        path: &str,
        format: FileWriteFormat,
        options: &WriteOptions,
        control: &Control,
    ) -> Result<Written> {
        let doing = "writing a table";
        let cloud = store::options(path, &options.store)?;
        let arguments = UnifiedSinkArgs {
            mkdir: !options.partition_by.is_empty(),
            maintain_order: true,
            sync_on_close: SyncOnCloseType::All,
            cloud_options: cloud.map(Arc::new),
            sinked_paths_callback: None,
        };
        let path = PlRefPath::new(path);
        let destination = match options.partition_by.as_slice() {
            [] => SinkDestination::File { target: SinkTarget::Path(path) },
            keys => SinkDestination::Partitioned {
                base_path: path,
                file_path_provider: None,
                partition_strategy: pl::PartitionStrategy::Keyed {
                    keys: keys.iter().map(|key| column(key)).collect(),
                    include_keys: false,
                    keys_pre_grouped: false,
                },
                max_rows_per_file: pl::IdxSize::MAX,
                approximate_bytes_per_file: u64::MAX,
            },
        };
        let n_rows = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let counter = Arc::clone(&n_rows);
        self.run(control, doing, Engine::Streaming, move |lazy| {
            let count = move |frame: pl::DataFrame| {
                counter.fetch_add(frame.height() as u64, std::sync::atomic::Ordering::Relaxed);
                Ok(frame)
            };
            let counted = lazy.map(count, pl::OptFlags::STREAMING, None, Some("counted"));
            counted.sink(destination, format, arguments)?.collect_with_engine(Engine::Streaming)
        })?;
        Ok(Written { n_rows: n_rows.load(std::sync::atomic::Ordering::Relaxed) })
    }
}

/// Whether the type, or one inside of it, is such a one.
fn has(kind: &DataType, is_such: &dyn Fn(&DataType) -> bool) -> bool {
    is_such(kind)
        || match kind {
            DataType::List(entry)
            | DataType::LargeList(entry)
            | DataType::FixedSizeList(entry, _) => has(entry.data_type(), is_such),
            DataType::Struct(fields) => fields.iter().any(|field| has(field.data_type(), is_such)),
            _ => false,
        }
}

pub(super) fn utf8(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        let error =
            std::io::Error::new(std::io::ErrorKind::InvalidFilename, "the path is not UTF-8");
        Error::file(path, error)
    })
}

fn file_format(path: &str, format: Format, options: &WriteOptions) -> Result<FileWriteFormat> {
    let unfit = |name: &str, allowed| Error::BadOption {
        option: "compression",
        value: name.into(),
        allowed,
    };
    if let Some(separator) = options.separator
        && format != Format::Csv
    {
        return Err(Error::BadOption {
            option: "separator",
            value: char::from(separator).to_string().into(),
            allowed: "left out: only CSV has one",
        });
    }
    let text =
        || match (options.compression, Path::new(path).extension().and_then(|end| end.to_str())) {
            (Compression::Gzip, _) | (Compression::Usual, Some("gz")) => {
                Ok(pl::ExternalCompression::Gzip { level: None })
            }
            (Compression::Zstd, _) | (Compression::Usual, Some("zst" | "zstd")) => {
                Ok(pl::ExternalCompression::Zstd { level: None })
            }
            (Compression::Usual | Compression::None, _) => {
                Ok(pl::ExternalCompression::Uncompressed)
            }
            (Compression::Snappy, _) => Err(unfit("snappy", "none, gzip or zstd for text")),
            (Compression::Lz4, _) => Err(unfit("lz4", "none, gzip or zstd for text")),
        };
    Ok(match format {
        Format::Parquet => FileWriteFormat::Parquet(Arc::new(ParquetWriteOptions {
            compression: match options.compression {
                Compression::Usual | Compression::Zstd => ParquetCompression::Zstd(None),
                Compression::None => ParquetCompression::Uncompressed,
                Compression::Snappy => ParquetCompression::Snappy,
                Compression::Lz4 => ParquetCompression::Lz4Raw,
                Compression::Gzip => ParquetCompression::Gzip(None),
            },
            ..ParquetWriteOptions::default()
        })),
        Format::Ipc => FileWriteFormat::Ipc(IpcWriterOptions {
            compression: match options.compression {
                Compression::Usual | Compression::Zstd => {
                    Some(IpcCompression::ZSTD(ZstdLevel::default()))
                }
                Compression::None => None,
                Compression::Lz4 => Some(IpcCompression::LZ4),
                Compression::Snappy => return Err(unfit("snappy", "none, lz4 or zstd for Arrow")),
                Compression::Gzip => return Err(unfit("gzip", "none, lz4 or zstd for Arrow")),
            },
            ..IpcWriterOptions::default()
        }),
        Format::Csv => {
            let is_tab =
                [".tsv", ".tab"].iter().any(|ending| path.to_ascii_lowercase().contains(ending));
            let separator = options.separator.unwrap_or(if is_tab { b'\t' } else { b',' });
            FileWriteFormat::Csv(CsvWriterOptions {
                compression: text()?,
                check_extension: false,
                serialize_options: pl::SerializeOptions { separator, ..Default::default() }.into(),
                ..CsvWriterOptions::default()
            })
        }
        Format::JsonLines => FileWriteFormat::NDJson(NDJsonWriterOptions {
            compression: text()?,
            check_extension: false,
        }),
    })
}
