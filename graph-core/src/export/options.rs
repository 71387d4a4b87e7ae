//! What a caller may say about an output, and what writing it did.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ingest::by_suffix;
use crate::{Error, Format, Result};

/// How to write a graph or a table; the default follows the name of the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WriteOptions {
    /// File format; by default found from the suffix.
    pub format: Option<Format>,
    /// Compression; by default found from the suffix (`.gz`, `.zst`), Zstandard inside Parquet,
    /// none elsewhere.
    pub compression: Option<Compression>,
    /// Field separator of delimited text; by default a tab for `.tsv` and `.tab`, a space for
    /// `.edges` and `.edgelist`, else a comma.
    pub delimiter: Option<char>,
    /// Leave out the column names of delimited text.
    pub no_header: bool,
    /// File for the node table, for formats that hold edges only; its own suffix names its format.
    pub nodes: Option<PathBuf>,
}

impl WriteOptions {
    /// Finds out, without writing, whether an output of this name can be written with these
    /// options: to be asked before a long computation.
    ///
    /// ```
    /// use graph_core::WriteOptions;
    ///
    /// assert!(WriteOptions::default().check("positions.parquet").is_ok());
    /// assert!(WriteOptions::default().check("positions.what").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`write`](crate::write) that do not depend on the graph or the file system.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<()> {
        Plan::new(path.as_ref(), self).map(|_| ())
    }
}

/// Compression of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Compression {
    /// As it is.
    None,
    /// Gzip around text, or inside Parquet.
    Gzip,
    /// Zstandard around text, or inside Parquet and Arrow IPC.
    Zstd,
    /// Snappy inside Parquet.
    Snappy,
    /// LZ4 inside Parquet and Arrow IPC.
    Lz4,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WriteReport {
    /// Format of the output.
    pub format: Format,
    /// Its compression.
    pub compression: Compression,
    /// Bytes written, after compression.
    pub bytes: u64,
    /// Wall time of writing.
    #[serde(rename = "duration_secs", serialize_with = "secs")]
    pub duration: Duration,
}

fn secs<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// Suffixes that name an output format, for messages.
pub(super) const SUFFIXES: &str = ".csv, .tsv, .tab, .txt, .edges, .edgelist, .parquet, .arrow, \
     .feather, .ipc, .jsonl, .ndjson, .json, .graphml, .gexf, .gml and .mtx, each but .parquet \
     and .arrow also with .gz or .zst";

/// An output with every choice made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub format: Format,
    pub compression: Compression,
    pub delimiter: u8,
    pub header: bool,
}

impl Plan {
    /// Joins what `options` say with what the name `path` says; the options win.
    pub(super) fn new(path: &Path, options: &WriteOptions) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let mut suffixes = name.rsplit('.').take(name.matches('.').count());
        let mut suffix = suffixes.next().unwrap_or_default();
        let around = match suffix {
            "gz" | "gzip" => Some(Compression::Gzip),
            "zst" | "zstd" => Some(Compression::Zstd),
            _ => None,
        };
        if around.is_some() {
            suffix = suffixes.next().unwrap_or_default();
        }
        let Some(format) = options.format.or_else(|| by_suffix(path)) else {
            return Err(Error::UnknownOutput { path: path.into(), suffixes: SUFFIXES });
        };
        let compression = options.compression.or(around).unwrap_or(match format {
            Format::Parquet => Compression::Zstd,
            _ => Compression::None,
        });
        check_compression(format, compression, around)?;
        let delimiter = options.delimiter.unwrap_or(match suffix {
            "tsv" | "tab" => '\t',
            "edges" | "edgelist" | "el" | "wel" => ' ',
            _ => ',',
        });
        let delimiter = match u8::try_from(delimiter) {
            Ok(byte) if byte.is_ascii() && !b"\"\r\n".contains(&byte) => byte,
            _ => {
                return Err(Error::OptionOutOfRange {
                    option: "delimiter",
                    found: format!("{delimiter:?}"),
                    allowed: "an ASCII character other than a quote or a line break",
                });
            }
        };
        Ok(Self { format, compression, delimiter, header: !options.no_header })
    }
}

impl Plan {
    /// What is compressed around the file: Parquet and Arrow have their compression within.
    pub(super) fn around(self) -> Compression {
        match self.format {
            Format::Parquet | Format::Arrow => Compression::None,
            _ => self.compression,
        }
    }
}

fn check_compression(
    format: Format,
    compression: Compression,
    around: Option<Compression>,
) -> Result<()> {
    use Compression as C;
    let fits = match format {
        // A compressed wrapper around a file that is read at random would have to be undone first.
        Format::Parquet => around.is_none(),
        Format::Arrow => around.is_none() && matches!(compression, C::None | C::Zstd | C::Lz4),
        _ => matches!(compression, C::None | C::Gzip | C::Zstd),
    };
    if fits {
        return Ok(());
    }
    Err(Error::Unwritable {
        format: format.name(),
        what: match around {
            Some(around) => format!("{around:?} compression around the file"),
            None => format!("{compression:?} compression"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(path: &str) -> Result<Plan> {
        Plan::new(Path::new(path), &WriteOptions::default())
    }

    #[test]
    fn the_suffix_names_format_compression_and_delimiter() {
        let plan_of = |path| plan(path).unwrap();
        assert_eq!(plan_of("a.b/c.csv").format, Format::Csv);
        assert_eq!(plan_of("c.TSV.gz").delimiter, b'\t');
        assert_eq!(plan_of("c.TSV.gz").compression, Compression::Gzip);
        assert_eq!(plan_of("c.json.zst").compression, Compression::Zstd);
        assert_eq!(plan_of("c.parquet").compression, Compression::Zstd);
        assert_eq!(plan_of("c.v2.gexf").format, Format::Gexf);
    }

    #[test]
    fn a_name_without_a_known_suffix_is_refused_with_the_suffixes_there_are() {
        for path in ["graph", "csv", "graph.png", "graph.gz", "-", ".csv.d/x"] {
            let error = plan(path).unwrap_err().to_string();
            assert!(error.contains(path) && error.contains(".graphml"), "{error}");
        }
    }

    #[test]
    fn compression_around_a_columnar_file_is_refused() {
        for path in ["a.parquet.gz", "a.arrow.zst"] {
            let error = plan(path).unwrap_err().to_string();
            assert!(error.contains("compression around the file"), "{error}");
        }
    }
}
