//! `results.json`, read and written as a stream.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::columns::{Column, Counted, Edges, Labels, Nested, Scores, Sink};
use super::finite::Finite;
use super::{AnomalyKinds, EdgeEnds, ResultType, Results, Sizes, open};
use crate::file::replace;
use crate::{Error, Result};

pub(super) fn read(path: &Path) -> Result<Results> {
    let mut parts = Parts::<Kept>::of(path)?;
    let (result_type, scores, rows, labels) = parts.scores(path)?;
    Ok(Results {
        result_type,
        scores: scores.finish(),
        rows,
        ground_truth: labels.map(Labels::finish),
        timestamps: parts.timestamps.map(|column| column.sink.finish()),
        node_ids: parts.node_ids.map(|column| column.sink.finish()),
        graph_ids: parts.graph_ids.map(|column| column.sink.finish()),
        edges: parts.edges.map(|Edges { sources, targets }| EdgeEnds {
            sources: sources.finish(),
            targets: targets.finish(),
        }),
        anomaly_kinds: parts.anomaly_kinds.map(|kinds| kinds.sink),
        metadata: parts.metadata,
        extra: parts.extra,
    })
}

/// Whether the file holds results, as [`Results::read`] would find them, of which nothing is kept.
pub(super) fn check(path: &Path) -> Result<()> {
    let mut parts = Parts::<Told>::of(path)?;
    let (result_type, scores, rows, labels) = parts.scores(path)?;
    let len = |column: Option<Nested<Counted<Column>>>| column.map(|column| column.sink.len());
    let sizes = Sizes {
        scores: scores.len(),
        rows: rows.as_ref(),
        ground_truth: labels.map(|labels| labels.len()),
        anomaly_kinds: parts.anomaly_kinds.map(|kinds| kinds.sink.len()),
        timestamps: len(parts.timestamps),
        node_ids: len(parts.node_ids),
        graph_ids: len(parts.graph_ids),
        edges: parts.edges.map(|edges| [edges.sources.len(), edges.targets.len()]),
    };
    sizes.check(result_type)
}

/// Reads the JSON in `file`, in which numbers may be none as Python writes them, into `seed`.
fn parse<'de, S>(path: &Path, file: File, seed: S) -> Result<()>
where
    S: DeserializeSeed<'de, Value = ()>,
{
    let found = Cell::new(false);
    let reader = BufReader::with_capacity(1 << 16, Finite::new(file, &found));
    let mut json = serde_json::Deserializer::from_reader(reader);
    let read = seed.deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| match error.io_error_kind() {
        Some(kind) => Error::file(path, io::Error::new(kind, error)),
        None if found.get() => {
            Error::bad_file(path, format!("{error}, where NaN and Infinity count as null"))
        }
        None => Error::bad_file(path, error.to_string()),
    })
}

/// The value that `text` is, in which numbers may be none as Python writes them.
pub(super) fn lenient(text: &str) -> serde_json::Result<Value> {
    let found = Cell::new(false);
    serde_json::from_reader(Finite::new(text.as_bytes(), &found))
}

/// What becomes of what is read.
trait Keep: Default {
    type Scores: Sink;
    type Labels: Sink;
    type Column: Sink;
    type Kinds: Sink;
    /// Whether what the file says beside is kept.
    const ALL: bool;
}

/// All of it is kept.
#[derive(Default)]
struct Kept;

impl Keep for Kept {
    type Scores = Scores;
    type Labels = Labels;
    type Column = Column;
    type Kinds = AnomalyKinds;
    const ALL: bool = true;
}

/// It is told how much there is, and nothing is kept.
#[derive(Default)]
struct Told;

impl Keep for Told {
    type Scores = Counted<Scores>;
    type Labels = Counted<Labels>;
    type Column = Counted<Column>;
    type Kinds = Counted<AnomalyKinds>;
    const ALL: bool = false;
}

/// What has been read of the file.
#[derive(Default)]
struct Parts<K: Keep> {
    result_type: Option<ResultType>,
    unknown_type: Option<Error>,
    scores: Option<Nested<K::Scores>>,
    scores_file: Option<String>,
    ground_truth: Option<Nested<K::Labels>>,
    timestamps: Option<Nested<K::Column>>,
    node_ids: Option<Nested<K::Column>>,
    graph_ids: Option<Nested<K::Column>>,
    edges: Option<Edges<K::Column>>,
    anomaly_kinds: Option<Nested<K::Kinds>>,
    metadata: Map<String, Value>,
    extra: Map<String, Value>,
}

impl<'de, K: Keep> DeserializeSeed<'de> for &mut Parts<K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, K: Keep> Visitor<'de> for &mut Parts<K> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with result_type and scores")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let twice = || A::Error::custom(format_args!("`{key}` is there twice"));
            match key.as_str() {
                "result_type" => {
                    let name: String = map.next_value()?;
                    match name.parse() {
                        Ok(kind) => self.result_type = Some(kind),
                        Err(error) => self.unknown_type = Some(error),
                    }
                }
                "scores" if self.scores.is_some() => return Err(twice()),
                "ground_truth" if self.ground_truth.is_some() => return Err(twice()),
                "scores" => map.next_value_seed(self.scores.insert(Nested::new("scores")))?,
                "ground_truth" => {
                    let seed = self.ground_truth.insert(Nested::new("ground_truth"));
                    map.next_value_seed(seed)?;
                }
                "timestamps" => column(&mut map, &mut self.timestamps, "timestamps")?,
                "node_ids" => column(&mut map, &mut self.node_ids, "node_ids")?,
                "graph_ids" => column(&mut map, &mut self.graph_ids, "graph_ids")?,
                "edges" => {
                    let mut edges = Edges::default();
                    if map.next_value_seed(&mut edges)? {
                        self.edges = Some(edges);
                    }
                }
                "anomaly_kinds" => column(&mut map, &mut self.anomaly_kinds, "anomaly_kinds")?,
                "metadata" => match map.next_value()? {
                    Value::Object(metadata) => self.metadata = metadata,
                    Value::Null => {}
                    _ => return Err(A::Error::custom("metadata is no object")),
                },
                "scores_file" => self.scores_file = map.next_value()?,
                _ if K::ALL => {
                    self.extra.insert(key, map.next_value()?);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads a column of ids, times or kinds, which may also be null.
fn column<'de, A: MapAccess<'de>, S: Sink>(
    map: &mut A,
    place: &mut Option<Nested<S>>,
    name: &'static str,
) -> Result<(), A::Error> {
    let mut column = Nested::new(name);
    map.next_value_seed(&mut column)?;
    if !column.is_null {
        *place = Some(column);
    }
    Ok(())
}

/// The type, the scores and where they lie in rows, and the labels.
type ScoresOf<K> =
    (ResultType, <K as Keep>::Scores, Option<OffsetBuffer<i64>>, Option<<K as Keep>::Labels>);

impl<K: Keep> Parts<K> {
    /// What the file at `path` has.
    fn of(path: &Path) -> Result<Self> {
        let mut parts = Self::default();
        let read = parse(path, open(path)?, &mut parts);
        // What is wrong with a value, where JSON has no word for it.
        let label = parts.ground_truth.as_mut().and_then(|labels| labels.sink.problem());
        if let Some(problem) = parts.unknown_type.take().or(label) {
            return Err(problem);
        }
        read.map(|()| parts)
    }

    /// Takes the scores, which may lie in a file of their own, and the labels out.
    fn scores(&mut self, path: &Path) -> Result<ScoresOf<K>> {
        let missing = |what: &str| Error::bad_file(path, format!("there is no {what}"));
        let result_type = self.result_type.ok_or_else(|| missing("result_type"))?;
        let (scores, rows) = match (self.scores.take(), self.scores_file.take()) {
            (Some(scores), _) if !scores.is_null => scores.finish(),
            (_, Some(name)) => {
                let (path, file) = beside(path, &name)?;
                let mut scores = Nested::<K::Scores>::new("scores");
                parse(&path, file, &mut scores)?;
                scores.finish()
            }
            _ => return Err(missing("scores")),
        };
        let labels = self.ground_truth.take().filter(|labels| !labels.is_null).map(Nested::finish);
        if let Some((_, label_rows)) = &labels {
            same_rows(rows.as_ref(), label_rows.as_ref())
                .map_err(|problem| Error::bad_file(path, problem))?;
        }
        Ok((result_type, scores, rows, labels.map(|(labels, _)| labels)))
    }
}

/// Checks that labels lie in the same rows as scores, without which they would be those of others.
fn same_rows(
    scores: Option<&OffsetBuffer<i64>>,
    labels: Option<&OffsetBuffer<i64>>,
) -> Result<(), String> {
    let (scores, labels) = match (scores, labels) {
        (None, None) => return Ok(()),
        (Some(_), None) => return Err("`scores` is in rows, but `ground_truth` is not".into()),
        (None, Some(_)) => return Err("`ground_truth` is in rows, but `scores` is not".into()),
        (Some(scores), Some(labels)) => (scores, labels),
    };
    let differs = scores.lengths().zip(labels.lengths()).position(|(s, l)| s != l);
    if let Some(row) = differs {
        let length = |rows: &OffsetBuffer<i64>| rows[row + 1] - rows[row];
        return Err(format!(
            "row {row} of `ground_truth` has {} entries, but that of `scores` has {}",
            length(labels),
            length(scores)
        ));
    }
    match (labels.len() - 1, scores.len() - 1) {
        (found, expected) if found != expected => {
            Err(format!("`ground_truth` has {found} rows, but `scores` has {expected}"))
        }
        _ => Ok(()),
    }
}

/// The file `name` below the folder of the results.
fn beside(results: &Path, name: &str) -> Result<(PathBuf, File)> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        let problem =
            format!("scores_file is `{name}`, which is not below the folder of the results");
        return Err(Error::bad_file(results, problem));
    }
    let path = results.with_file_name(name);
    let file = open(&path)?;
    Ok((path, file))
}

pub(super) fn write(results: &Results, path: &Path) -> Result<()> {
    replace(path, |file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        write_to(results, &mut out)?;
        out.flush()
    })
}

fn write_to(results: &Results, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{{\n\"result_type\": \"{}\"", results.result_type)?;
    let rows = results.rows.as_deref();
    key(out, "scores")?;
    list(out, results.scores.len(), rows, |out, place| score(out, &results.scores, place))?;
    if let Some(labels) = &results.ground_truth {
        key(out, "ground_truth")?;
        list(out, labels.len(), rows, |out, place| match labels.is_null(place) {
            true => out.write_all(b"null"),
            false => out.write_all(if labels.value(place) { b"1" } else { b"0" }),
        })?;
    }
    let columns = [
        ("timestamps", &results.timestamps),
        ("node_ids", &results.node_ids),
        ("graph_ids", &results.graph_ids),
    ];
    for (name, column) in columns {
        if let Some(column) = column {
            key(out, name)?;
            list(out, column.len(), None, |out, place| value(out, column, place))?;
        }
    }
    if let Some(EdgeEnds { sources, targets }) = &results.edges {
        key(out, "edges")?;
        list(out, sources.len(), None, |out, place| {
            out.write_all(b"[")?;
            value(out, sources, place)?;
            out.write_all(b",")?;
            value(out, targets, place)?;
            out.write_all(b"]")
        })?;
    }
    if let Some(kinds) = &results.anomaly_kinds {
        key(out, "anomaly_kinds")?;
        list(out, kinds.len(), None, |out, place| match kinds.name(place) {
            Some(name) => Ok(serde_json::to_writer(out, name)?),
            None => out.write_all(b"null"),
        })?;
    }
    key(out, "metadata")?;
    serde_json::to_writer(&mut *out, &results.metadata)?;
    for (name, extra) in &results.extra {
        key(out, name)?;
        serde_json::to_writer(&mut *out, extra)?;
    }
    out.write_all(b"\n}\n")
}

fn key(out: &mut impl Write, name: &str) -> io::Result<()> {
    out.write_all(b",\n")?;
    serde_json::to_writer(&mut *out, name)?;
    out.write_all(b": ")
}

/// Writes `n` items as a list, or as a list of rows.
fn list<W: Write>(
    out: &mut W,
    n: usize,
    rows: Option<&[i64]>,
    mut item: impl FnMut(&mut W, usize) -> io::Result<()>,
) -> io::Result<()> {
    let mut run = |out: &mut W, places: std::ops::Range<usize>| {
        out.write_all(b"[")?;
        for (count, place) in places.enumerate() {
            if 0 < count {
                out.write_all(b",")?;
            }
            item(out, place)?;
        }
        out.write_all(b"]")
    };
    let Some(rows) = rows else { return run(out, 0..n) };
    out.write_all(b"[")?;
    for (row, ends) in rows.windows(2).enumerate() {
        if 0 < row {
            out.write_all(b",\n")?;
        }
        run(out, ends[0] as usize..ends[1] as usize)?;
    }
    out.write_all(b"]")
}

fn score(out: &mut impl Write, scores: &Float64Array, place: usize) -> io::Result<()> {
    let score = (!scores.is_null(place)).then(|| scores.value(place));
    match score.filter(|score| score.is_finite()) {
        Some(score) => Ok(serde_json::to_writer(out, &score)?),
        None => out.write_all(b"null"),
    }
}

/// An id or a time: an integer, a number or a string.
fn value(out: &mut impl Write, column: &ArrayRef, place: usize) -> io::Result<()> {
    if column.is_null(place) {
        return out.write_all(b"null");
    }
    match column.data_type() {
        DataType::Int64 => write!(out, "{}", column.as_primitive::<Int64Type>().value(place)),
        DataType::Float64 => score(out, column.as_primitive::<Float64Type>(), place),
        _ => {
            let text = arrow::util::display::array_value_to_string(column, place);
            let text = text.map_err(io::Error::other)?;
            // Whole numbers of other widths stay numbers.
            match column.data_type().is_integer() {
                true => out.write_all(text.as_bytes()),
                false => Ok(serde_json::to_writer(out, &text)?),
            }
        }
    }
}
