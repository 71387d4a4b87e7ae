//! Anomaly scores as files: GraFlag's `results.json`, and the same as a table.
//!
//! | file | holds |
//! |---|---|
//! | `results.json` | what GraFlag's runner writes and its evaluator reads |
//! | `.parquet`, `.arrow` | one row for each score; what belongs to the whole is in the metadata of the schema |
//!
//! A score that is absent is null. GraFlag has two numbers for that, which [`Results::mask_sentinels`]
//! makes nulls of; without it they are scores like any other.

mod columns;
mod finite;
mod json;
mod kind;
mod kinds;
mod patch;
mod table;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use graph_core::ReadOptions;
use serde_json::{Map, Value};

pub use kind::{Level, ResultType, Timing};
pub use kinds::AnomalyKinds;
pub use patch::update_metadata;

use crate::{Error, Result};

/// The score by which GraFlag marks what is unknown.
pub const UNKNOWN: f64 = -1.0;
/// The score by which GraFlag marks what is not active at a time.
pub const INACTIVE: f64 = -2.0;

/// Which ends an edge has, for each score of an edge.
#[derive(Debug, Clone)]
pub struct EdgeEnds {
    /// Where edges begin, shape `[n]`.
    pub sources: ArrayRef,
    /// Where they end, shape `[n]`.
    pub targets: ArrayRef,
}

impl PartialEq for EdgeEnds {
    fn eq(&self, other: &Self) -> bool {
        *self.sources == *other.sources && *self.targets == *other.targets
    }
}

/// What a method found: scores, and what they are scores of.
///
/// | array | shape | meaning |
/// |---|---|---|
/// | scores | `[n]` | higher is more anomalous; null where there is none |
/// | ground truth | `[n]` | whether it is an anomaly; null where nobody knows |
/// | rows | `[rows + 1]` | where the rows of temporal scores begin |
/// | timestamps | `[n]` or `[rows]` | of occurrences, or of rows |
/// | ids, edges | `[n]`, or `[columns]` if all rows have as many | what is scored |
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// What is scored and how that lies in time.
    pub result_type: ResultType,
    /// Scores, rows after one another.
    pub scores: Float64Array,
    /// Where rows begin; absent unless scores are nested.
    pub rows: Option<OffsetBuffer<i64>>,
    /// Labels, as scores.
    pub ground_truth: Option<BooleanArray>,
    /// Integers, numbers or strings.
    pub timestamps: Option<ArrayRef>,
    /// Integers or strings.
    pub node_ids: Option<ArrayRef>,
    /// Integers or strings.
    pub graph_ids: Option<ArrayRef>,
    /// Ends of edges, which are integers or strings.
    pub edges: Option<EdgeEnds>,
    /// Kinds of anomalies, where they are told apart.
    pub anomaly_kinds: Option<AnomalyKinds>,
    /// What the method said of itself.
    pub metadata: Map<String, Value>,
    /// All else that the file holds.
    pub extra: Map<String, Value>,
}

/// What became of the scores on their way to the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Filtering {
    /// Number of scores.
    pub total: usize,
    /// Those that are measured.
    pub kept: usize,
    /// Scores that GraFlag's number marks as unknown.
    pub dropped_unknown: usize,
    /// Scores that GraFlag's number marks as inactive.
    pub dropped_inactive: usize,
    /// Scores that are null, infinite or not numbers.
    pub dropped_non_finite: usize,
    /// Scores whose label is null.
    pub dropped_unlabelled: usize,
}

/// Scores and labels that metrics can be computed of.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// Labels, shape `[kept]`.
    pub y_true: Vec<bool>,
    /// Finite scores, shape `[kept]`; those of the results themselves if all were kept.
    pub y_score: ScalarBuffer<f64>,
    /// Whether each score was kept, shape `[n]`; absent if all were.
    pub kept: Option<BooleanBuffer>,
    /// What was left out.
    pub filtering: Filtering,
}

impl Filtering {
    /// How many scores were left out and why, in words; `None` if none was.
    pub fn left_out(&self) -> Option<String> {
        let dropped = self.total - self.kept;
        let reasons = [
            (self.dropped_unknown, "-1, unknown to GraFlag"),
            (self.dropped_inactive, "-2, inactive to GraFlag"),
            (self.dropped_non_finite, "null or not finite"),
            (self.dropped_unlabelled, "without a label"),
        ];
        let parts: Vec<String> = reasons
            .iter()
            .filter(|(n, _)| 0 < *n)
            .map(|(n, reason)| format!("{n} {reason}"))
            .collect();
        let were = if dropped == 1 { "was" } else { "were" };
        let text =
            || format!("{dropped} of {} scores {were} left out: {}", self.total, parts.join("; "));
        (0 < dropped).then(text)
    }
}

impl Pairs {
    /// The entries of `all`, shape `[n]`, that were kept.
    pub fn kept_of<T: Copy>(&self, all: &[T]) -> Vec<T> {
        match &self.kept {
            Some(kept) => kept.set_indices().map(|place| all[place]).collect(),
            None => all.to_vec(),
        }
    }
}

/// Opens a file of results, which is neither a folder nor anything that may be waited for without end.
fn open(path: &Path) -> Result<File> {
    let failed = |error: io::Error| Error::file(path, error);
    let kind = std::fs::metadata(path).map_err(failed)?.file_type();
    let what = match kind {
        kind if kind.is_file() => return File::open(path).map_err(failed),
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a pipe",
        _ => "a device or a socket",
    };
    Err(Error::bad_file(path, format!("it is {what}, but results are read from a file")))
}

/// Whether the file at `path` holds results, as [`Results::read`] would find them. JSON is read as a stream, of which
/// nothing is kept: memory does not grow with the number of scores.
///
/// # Errors
///
/// As [`Results::read`].
pub(crate) fn check_file(path: &Path) -> Result<()> {
    match path.extension().is_some_and(|suffix| suffix == "json") {
        true => json::check(path),
        false => Results::read(path).map(drop),
    }
}

/// Length of each row, if all are equally long.
fn columns(rows: &OffsetBuffer<i64>) -> Option<usize> {
    let mut lengths = rows.lengths();
    let first = lengths.next()?;
    lengths.all(|length| length == first).then_some(first)
}

/// How much there is of what results have.
struct Sizes<'a> {
    scores: usize,
    rows: Option<&'a OffsetBuffer<i64>>,
    ground_truth: Option<usize>,
    anomaly_kinds: Option<usize>,
    timestamps: Option<usize>,
    node_ids: Option<usize>,
    graph_ids: Option<usize>,
    edges: Option<[usize; 2]>,
}

impl Sizes<'_> {
    /// As [`Results::check`].
    fn check(&self, result_type: ResultType) -> Result<()> {
        let n = self.scores;
        if n == 0 {
            return Err(Error::Empty { name: "scores" });
        }
        result_type.check_shape(self.rows.is_some())?;
        let n_rows = self.rows.map(|rows| rows.len() - 1);
        // Ids may also be those of the columns, where all rows have as many.
        let columns = self.rows.and_then(columns);
        let lengths = [
            ("ground_truth", self.ground_truth, None),
            ("anomaly_kinds", self.anomaly_kinds, None),
            ("timestamps", self.timestamps, n_rows),
            ("node_ids", self.node_ids, columns),
            ("graph_ids", self.graph_ids, columns),
            ("edges", self.edges.map(|[sources, _]| sources), columns),
            ("targets of edges", self.edges.map(|[_, targets]| targets), columns),
        ];
        for (name, found, other) in lengths {
            let Some(found) = found else { continue };
            if found != n && Some(found) != other {
                return Err(Error::LengthMismatch { name, found, of: "scores", expected: n });
            }
        }
        Ok(())
    }
}

impl Results {
    /// Results of `scores`, shape `[n]`, with nothing said of them.
    pub fn new(result_type: ResultType, scores: impl Into<Float64Array>) -> Self {
        Self {
            result_type,
            scores: scores.into(),
            rows: None,
            ground_truth: None,
            timestamps: None,
            node_ids: None,
            graph_ids: None,
            edges: None,
            anomaly_kinds: None,
            metadata: Map::new(),
            extra: Map::new(),
        }
    }

    /// Reads `path`: JSON by the suffix `.json`, else a table in Parquet or Arrow IPC.
    ///
    /// JSON is read as a stream: beside the scores themselves nothing grows with their number. `NaN`, `Infinity` and
    /// `-Infinity`, which Python writes and JSON does not have, are null.
    ///
    /// # Errors
    ///
    /// [`Error::File`] and [`Error::BadFile`], which says where; [`Error::Unknown`] for a result
    /// type that is none of the nine; [`Error::BadLabel`]; [`Error::LengthMismatch`] where labels,
    /// times or ids are not as many as scores; [`Error::WrongShape`] for rows where there are none in its
    /// result type, and the other way round.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_within(path, ReadOptions::default().max_bytes)
    }

    /// As [`read`](Self::read), of a file that becomes at most `max_bytes` bytes when it is decompressed and decoded: for files
    /// of strangers. JSON, which is not compressed, is read whatever it says.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read); [`Error::Graph`] if it becomes more.
    pub fn read_within(path: impl AsRef<Path>, max_bytes: u64) -> Result<Self> {
        let path = path.as_ref();
        open(path)?;
        let results = match path.extension().is_some_and(|suffix| suffix == "json") {
            true => json::read(path)?,
            false => table::read(path, max_bytes)?,
        };
        results.check()?;
        Ok(results)
    }

    /// Writes `path`: JSON by the suffix `.json`, else a table in the format of the suffix. The file
    /// appears whole or not at all.
    ///
    /// Numbers are written so that they read back as the same ones. JSON is written as a stream.
    ///
    /// # Errors
    ///
    /// [`Error::File`]; [`Error::LengthMismatch`] where labels, times or ids are not as many as
    /// scores; [`Error::Graph`] for a suffix that no table can be written to.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        self.check()?;
        let path = path.as_ref();
        match path.extension().is_some_and(|suffix| suffix == "json") {
            true => json::write(self, path),
            false => table::write(self, path),
        }
    }

    /// Checks that labels, times and ids are as many as scores.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`], [`Error::Empty`], [`Error::WrongShape`].
    pub fn check(&self) -> Result<()> {
        let sizes = Sizes {
            scores: self.scores.len(),
            rows: self.rows.as_ref(),
            ground_truth: self.ground_truth.as_ref().map(Array::len),
            anomaly_kinds: self.anomaly_kinds.as_ref().map(AnomalyKinds::len),
            timestamps: self.timestamps.as_ref().map(Array::len),
            node_ids: self.node_ids.as_ref().map(Array::len),
            graph_ids: self.graph_ids.as_ref().map(Array::len),
            edges: self.edges.as_ref().map(|edges| [edges.sources.len(), edges.targets.len()]),
        };
        sizes.check(self.result_type)
    }

    /// Length of each row, if all are equally long.
    pub fn columns(&self) -> Option<usize> {
        columns(self.rows.as_ref()?)
    }

    /// Makes nulls of the scores that GraFlag's two numbers mark, and says how many of each.
    ///
    /// To be called for files of methods that follow GraFlag's standard, and for no others: a
    /// score that happens to be −1 or −2 is lost.
    pub fn mask_sentinels(&mut self) -> Filtering {
        let filtering = self.sentinels();
        if 0 < filtering.dropped_unknown + filtering.dropped_inactive {
            let is_mark = |score: f64| score == UNKNOWN || score == INACTIVE;
            let values = self.scores.values();
            let there = BooleanBuffer::collect_bool(values.len(), |at| !is_mark(values[at]));
            let there = match self.scores.nulls() {
                Some(nulls) => nulls.inner() & &there,
                None => there,
            };
            self.scores = Float64Array::new(values.clone(), Some(NullBuffer::new(there)));
        }
        filtering
    }

    /// How many scores are the numbers by which GraFlag marks what is unknown, and what is inactive.
    pub fn sentinels(&self) -> Filtering {
        let count = |mark: f64| match self.scores.nulls() {
            None => self.scores.values().iter().filter(|&&score| score == mark).count(),
            Some(_) => self.scores.iter().filter(|score| *score == Some(mark)).count(),
        };
        Filtering {
            total: self.scores.len(),
            dropped_unknown: count(UNKNOWN),
            dropped_inactive: count(INACTIVE),
            ..Filtering::default()
        }
    }

    /// Scores and labels that are both there, which is what metrics are computed of.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if there is no ground truth. That nothing is left is no error here.
    pub fn pairs(&self) -> Result<Pairs> {
        let truth = self.ground_truth.as_ref().ok_or(Error::Empty { name: "ground_truth" })?;
        let total = self.scores.len();
        let mut filtering = Filtering { total, ..Filtering::default() };
        let (values, labels) = (self.scores.values(), truth.values());
        if self.scores.null_count() == 0
            && truth.null_count() == 0
            && values.iter().all(|score| score.is_finite())
        {
            filtering.kept = total;
            let (y_true, y_score) = (labels.iter().collect(), values.clone());
            return Ok(Pairs { y_true, y_score, kept: None, filtering });
        }
        let kept = BooleanBuffer::collect_bool(total, |place| {
            let there = self.scores.is_valid(place) && values[place].is_finite();
            let labelled = truth.is_valid(place);
            filtering.dropped_non_finite += usize::from(!there);
            filtering.dropped_unlabelled += usize::from(there && !labelled);
            there && labelled
        });
        filtering.kept = kept.count_set_bits();
        let (mut y_true, mut y_score) =
            (Vec::with_capacity(filtering.kept), Vec::with_capacity(filtering.kept));
        for place in kept.set_indices() {
            y_true.push(labels.value(place));
            y_score.push(values[place]);
        }
        Ok(Pairs { y_true, y_score: y_score.into(), kept: Some(kept), filtering })
    }
}
