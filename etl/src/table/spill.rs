//! Sorts, joins and groups of more rows than fit into memory, part by part through temporary files.
//!
//! Rows are first dealt out to files, so that rows which must meet are in one file: by ranges of the
//! keys for a sort, by a hash of the keys for joins and groups. Each file then fits, and is done alone.

use std::cell::RefCell;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::chunked_array::ops::row_encode::_get_rows_encoded_ca;
use polars::io::ipc::BatchedWriter;
use polars::prelude as pl;
use polars::prelude::{
    BinaryOffsetChunked, Column, DataFrame, DataType, IpcCompression, IpcWriter, LazyFrame,
    PlRefPath, SchemaExt, SerWriter, UnifiedScanArgs,
};
use tempfile::TempDir;

use super::sample::{picked, row_number};
use super::{Format, JoinKind, JoinOptions, SortKey, Table, WriteOptions};
use crate::expr::Expr;
use crate::{Control, Error, Result};

/// How much memory a verb may take, and where the rest goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spill {
    /// Bytes of memory to keep to, about; what the process has besides is not counted.
    pub memory: u64,
    /// The folder for temporary files; by default the system's.
    pub folder: Option<PathBuf>,
}

impl Spill {
    /// The least memory in which tables of so many bytes are worked on part by part, about.
    pub(crate) fn least(bytes: u64) -> u64 {
        LEAST.max(bytes.saturating_mul(COPIES) / MAX_PARTS as u64)
    }
}

const DOING: &str = "spilling to disk";
/// A part is worked on in so many times its own size: what is read, its order, what is made of it.
const COPIES: u64 = 6;
const MAX_PARTS: usize = 128;
/// With less than this, files would be all that there is.
const LEAST: u64 = 256 << 10;
/// Rows that are looked at to find the ranges of a sort.
const SAMPLE_ROWS: f64 = 65_536.0;

impl Table {
    /// The rows in the order of [`sort`](Self::sort), within about the memory of `spill`.
    ///
    /// Computes the table three times now: to count the rows, to find ranges of keys that have about
    /// equally many rows, and to deal the rows out to a file for each range. Files are sorted one by
    /// one. They stay until the result, and all that is made of it, is dropped; together they take
    /// about as much as the table, twice for a moment.
    ///
    /// # Errors
    ///
    /// Those of [`sort`](Self::sort) and [`collect`](Self::collect), and [`Error::File`] for a folder
    /// that cannot be written.
    pub fn sort_spilling(
        &self,
        keys: &[SortKey],
        spill: &Spill,
        control: &Control,
    ) -> Result<Self> {
        self.check_sort(keys)?;
        let n_rows = self.count(control)?;
        let n_parts = self.n_parts(n_rows, spill)?;
        if n_parts == 1 || keys.is_empty() {
            return self.sort(keys);
        }
        let names: Vec<String> = keys.iter().map(|key| key.column.clone()).collect();
        let descending: Vec<bool> = keys.iter().map(|key| key.descending).collect();
        let share = (SAMPLE_ROWS / n_rows.max(1) as f64).min(1.0);
        let sample = self
            .select(&unique_names(&names))?
            .then(move |lazy| picked(row_number(lazy), share, 0))?;
        let encode = |frame: &DataFrame| encoded(frame, &names, &descending);
        let sample = encode(&sample.collect_frame(control)?).map_err(failed)?;
        let mut sample: Vec<&[u8]> = sample.iter().flatten().collect();
        sample.sort_unstable();
        let mut bounds: Vec<Vec<u8>> = (1..n_parts)
            .filter_map(|part| {
                sample.get(part * sample.len() / n_parts).map(|&bound| bound.to_vec())
            })
            .collect();
        bounds.dedup();
        // Odd parts have the rows that equal a bound: however many these are, they are sorted.
        let range_of = |row: &[u8]| {
            let below = bounds.partition_point(|bound| bound.as_slice() < row);
            2 * below + usize::from(bounds.get(below).is_some_and(|bound| bound == row))
        };
        let parts = Parts::new(spill.folder.as_deref())?;
        let files = self.deal(&parts, "part", 2 * bounds.len() + 1, spill, control, &|frame| {
            Ok(encode(frame)?.iter().flatten().map(range_of).collect())
        })?;
        let mut sorted = Vec::with_capacity(files.len());
        for (part, file) in files.into_iter().enumerate() {
            let Some(file) = file else { continue };
            if part % 2 == 1 {
                sorted.push(file);
                continue;
            }
            let done = parts.path("sorted", part);
            parts.read(std::slice::from_ref(&file))?.sort(keys)?.spill_to(&done, control)?;
            remove(&file)?;
            sorted.push(done);
        }
        self.of_parts(&parts, &sorted)
    }

    /// The rows of [`join`](Self::join) in no particular order, within about the memory of `spill`.
    ///
    /// Computes both sides twice now: to count the rows, and to deal them out to files by their keys.
    /// Rows of one key are done together, and need memory for their pairs.
    ///
    /// # Errors
    ///
    /// Those of [`join`](Self::join); [`Error::WrongType`] if two keys have different types, and
    /// [`Error::BadOption`] for a cross join; [`Error::File`] for a folder that cannot be written.
    pub fn join_spilling(
        &self,
        right: &Self,
        options: &JoinOptions,
        spill: &Spill,
        control: &Control,
    ) -> Result<Self> {
        // This checks the options, and the estimate against the limit.
        let whole = self.join(right, options, control)?;
        self.check_join_in_parts(right, options)?;
        let n_left = self.n_parts(self.count(control)?, spill)?;
        let n_parts = n_left.max(right.n_parts(right.count(control)?, spill)?);
        if n_parts == 1 {
            return Ok(whole);
        }
        let parts = Parts::new(spill.folder.as_deref())?;
        let by = |names: &[String]| {
            let names = names.to_vec();
            move |frame: &DataFrame| hashed_parts(frame, &names, n_parts)
        };
        let left_files =
            self.deal(&parts, "left", n_parts, spill, control, &by(&options.left_on))?;
        let right_files =
            right.deal(&parts, "right", n_parts, spill, control, &by(&options.right_on))?;
        let unlimited = JoinOptions { limit: None, ..options.clone() };
        let mut joined = Vec::new();
        for (part, sides) in left_files.into_iter().zip(right_files).enumerate() {
            let side = |file: &Option<PathBuf>, whole: &Self| match file {
                Some(file) => parts.read(std::slice::from_ref(file)),
                None => whole.nothing(),
            };
            let done = parts.path("joined", part);
            let right_side = side(&sides.1, right)?;
            side(&sides.0, self)?
                .join(&right_side, &unlimited, control)?
                .spill_to(&done, control)?;
            [sides.0, sides.1].iter().flatten().try_for_each(|file| remove(file))?;
            joined.push(done);
        }
        whole.of_parts(&parts, &joined)
    }

    /// The same rows, in a temporary file from now on.
    pub(crate) fn to_file(&self, spill: &Spill, control: &Control) -> Result<Self> {
        let parts = Parts::new(spill.folder.as_deref())?;
        let done = parts.path("whole", 0);
        self.spill_to(&done, control)?;
        self.of_parts(&parts, &[done])
    }

    /// Refuses a join that cannot be done in parts, though it can be done.
    pub(crate) fn check_join_in_parts(&self, right: &Self, options: &JoinOptions) -> Result<()> {
        if options.kind == JoinKind::Cross {
            return Err(Error::BadOption {
                option: "kind",
                value: "cross".into(),
                allowed: "a join by keys, to be done in parts",
            });
        }
        for (left_name, right_name) in options.left_on.iter().zip(&options.right_on) {
            let (a, b) =
                (self.polars_schema().get(left_name), right.polars_schema().get(right_name));
            if a != b {
                return Err(Error::WrongType {
                    what: format!("the key `{right_name}` of the right side").into(),
                    found: right.type_of(right_name),
                    expected: "of the type of the key of the left side, to be done in parts",
                });
            }
        }
        Ok(())
    }

    /// The groups of [`group_by`](Self::group_by) in no particular order, within about the memory of
    /// `spill`, however many groups there are.
    ///
    /// Computes the table twice now: to count the rows, and to deal them out to files by their keys.
    /// The rows of one group are done together.
    ///
    /// # Errors
    ///
    /// Those of [`group_by`](Self::group_by) and [`collect`](Self::collect), and [`Error::File`] for a
    /// folder that cannot be written.
    pub fn group_by_spilling<K: AsRef<str>, N: AsRef<str>>(
        &self,
        keys: &[K],
        aggregates: &[(N, Expr)],
        spill: &Spill,
        control: &Control,
    ) -> Result<Self> {
        let whole = self.group_by(keys, aggregates)?;
        let n_parts = self.n_parts(self.count(control)?, spill)?;
        if n_parts == 1 || keys.is_empty() {
            return Ok(whole);
        }
        let parts = Parts::new(spill.folder.as_deref())?;
        let names: Vec<String> = keys.iter().map(|key| key.as_ref().to_owned()).collect();
        let files = self.deal(&parts, "part", n_parts, spill, control, &|frame| {
            hashed_parts(frame, &names, n_parts)
        })?;
        let mut grouped = Vec::new();
        for (part, file) in files.into_iter().enumerate() {
            let Some(file) = file else { continue };
            let done = parts.path("grouped", part);
            parts
                .read(std::slice::from_ref(&file))?
                .group_by(keys, aggregates)?
                .spill_to(&done, control)?;
            remove(&file)?;
            grouped.push(done);
        }
        whole.of_parts(&parts, &grouped)
    }

    /// In how many parts `n_rows` are done, by the size of the first of them.
    fn n_parts(&self, n_rows: u64, spill: &Spill) -> Result<usize> {
        let first = self.limit(8_192)?.collect_frame(&Control::NONE)?;
        let bytes = first.estimated_size() as f64 / first.height().max(1) as f64 * n_rows as f64;
        let parts = (bytes * COPIES as f64 / spill.memory.max(1) as f64).ceil();
        Ok((parts as usize).clamp(1, MAX_PARTS))
    }

    /// Deals the rows out to files, in order, by the number of the part that `assign` gives each.
    /// Parts without rows have no file.
    fn deal(
        &self,
        parts: &Parts,
        stage: &str,
        n_parts: usize,
        spill: &Spill,
        control: &Control,
        assign: &dyn Fn(&DataFrame) -> pl::PolarsResult<Vec<usize>>,
    ) -> Result<Vec<Option<PathBuf>>> {
        let mut writers: Vec<Option<(PathBuf, BatchedWriter<BufWriter<File>>)>> = Vec::new();
        writers.resize_with(n_parts, || None);
        let waiting: RefCell<Vec<Vec<DataFrame>>> = RefCell::new(vec![Vec::new(); n_parts]);
        let mut waiting_bytes = 0;
        let mut flush = || -> Result<()> {
            for (part, frames) in waiting.borrow_mut().iter_mut().enumerate() {
                let mut frames = std::mem::take(frames).into_iter();
                let Some(mut whole) = frames.next() else { continue };
                for frame in frames {
                    whole.vstack_mut_owned(frame).map_err(failed)?;
                }
                whole.rechunk_mut();
                if writers[part].is_none() {
                    let path = parts.path(stage, part);
                    let file = File::create(&path).map_err(|error| Error::file(&path, error))?;
                    let writer = IpcWriter::new(BufWriter::new(file))
                        .with_compression(Some(IpcCompression::LZ4))
                        .batched(whole.schema(), ipc_fields(whole.schema()))
                        .map_err(failed)?;
                    writers[part] = Some((path, writer));
                }
                if let Some((_, writer)) = &mut writers[part] {
                    writer.write_batch(&whole).map_err(failed)?;
                }
            }
            Ok(())
        };
        self.for_each_frame(control, DOING, |frame| {
            waiting_bytes += frame.estimated_size() as u64;
            let mut rows: Vec<Vec<pl::IdxSize>> = vec![Vec::new(); n_parts];
            for (row, part) in assign(&frame).map_err(failed)?.into_iter().enumerate() {
                rows[part].push(row as pl::IdxSize);
            }
            for (part, rows) in rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
                let rows = pl::IdxCa::from_vec("".into(), rows);
                waiting.borrow_mut()[part].push(frame.take(&rows).map_err(failed)?);
            }
            if waiting_bytes > spill.memory / COPIES {
                flush()?;
                waiting_bytes = 0;
            }
            Ok(())
        })?;
        flush()?;
        let finish = |writer: Option<(PathBuf, BatchedWriter<BufWriter<File>>)>| {
            let Some((path, mut writer)) = writer else { return Ok(None) };
            writer.finish().map_err(failed)?;
            Ok(Some(path))
        };
        writers.into_iter().map(finish).collect()
    }

    fn spill_to(&self, path: &Path, control: &Control) -> Result<()> {
        let options = WriteOptions {
            format: Some(Format::Ipc),
            compression: super::Compression::Lz4,
            ..WriteOptions::default()
        };
        self.write(super::write::utf8(path)?, &options, control).map(|_| ())
    }

    /// The rows of `files`, of which each has rows of this table; they live as long as what reads them.
    fn of_parts(&self, parts: &Parts, files: &[PathBuf]) -> Result<Self> {
        match files {
            [] => self.nothing(),
            _ => parts.read(files),
        }
    }

    /// The columns of this table, and no rows.
    fn nothing(&self) -> Result<Self> {
        Self::from_frame(DataFrame::empty_with_schema(self.polars_schema()))
    }
}

/// The folder of temporary files, which is removed with the last table that reads them.
pub(crate) struct Parts(Arc<TempDir>);

impl Parts {
    /// A folder in `folder`, by default in the system's.
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self> {
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        let made = tempfile::Builder::new().prefix(".graphlume-").tempdir_in(&folder);
        Ok(Self(Arc::new(made.map_err(|error| Error::file(&folder, error))?)))
    }

    /// The rows of `table` in file `part` of this folder.
    pub(crate) fn hold(&self, table: &Table, part: usize) -> Result<Table> {
        let path = self.path("held", part);
        table.spill_to(&path, &Control::NONE)?;
        self.read(&[path])
    }

    fn path(&self, stage: &str, part: usize) -> PathBuf {
        self.0.path().join(format!("{stage}-{part:05}.arrow"))
    }

    fn read(&self, files: &[PathBuf]) -> Result<Table> {
        let paths = files.iter().map(|path| Ok(PlRefPath::new(super::write::utf8(path)?)));
        let sources = pl::ScanSources::Paths(paths.collect::<Result<Vec<_>>>()?.into());
        let arguments = UnifiedScanArgs { glob: false, ..UnifiedScanArgs::default() };
        let lazy = LazyFrame::scan_ipc_sources(sources, pl::IpcScanOptions::default(), arguments);
        Table::from_files(lazy.map_err(failed)?, Arc::clone(&self.0))
    }
}

/// What the writer asks to know of dictionaries inside of columns.
fn ipc_fields(schema: &pl::Schema) -> Vec<polars_arrow::io::ipc::IpcField> {
    let fields: Vec<_> =
        schema.iter_fields().map(|field| field.to_arrow(pl::CompatLevel::newest())).collect();
    polars_arrow::io::ipc::write::default_ipc_fields(fields.iter())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` takes")]
fn failed(error: pl::PolarsError) -> Error {
    Error::engine(DOING, &error)
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|error| Error::file(path, error))
}

fn unique_names(names: &[String]) -> Vec<&str> {
    let mut unique: Vec<&str> = Vec::new();
    for name in names {
        if !unique.contains(&name.as_str()) {
            unique.push(name);
        }
    }
    unique
}

/// The keys of each row as bytes whose order is that of a sort.
fn encoded(
    frame: &DataFrame,
    names: &[String],
    descending: &[bool],
) -> pl::PolarsResult<BinaryOffsetChunked> {
    let columns = names
        .iter()
        .map(|name| {
            let column = frame.column(name)?;
            match column.dtype() {
                // Codes of categories are in the order of their appearance.
                DataType::Categorical(..) | DataType::Enum(..) => column.cast(&DataType::String),
                _ => Ok(column.clone()),
            }
        })
        .collect::<pl::PolarsResult<Vec<Column>>>()?;
    _get_rows_encoded_ca("".into(), &columns, descending, &vec![true; names.len()], false)
}

/// The part of each row, by a hash of its keys.
fn hashed_parts(
    frame: &DataFrame,
    names: &[String],
    n_parts: usize,
) -> pl::PolarsResult<Vec<usize>> {
    let keys = encoded(frame, names, &vec![false; names.len()])?;
    let part = |key: &[u8]| ((u128::from(hash(key)) * n_parts as u128) >> 64) as usize;
    Ok(keys.iter().flatten().map(part).collect())
}

/// FNV-1a over words of 8 bytes, mixed at the end so that the high bits depend on all.
fn hash(bytes: &[u8]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325u64 ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state =
            (state ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
    }
    super::sample::finalized(state)
}
