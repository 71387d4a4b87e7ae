//! A stream that is followed: edges come in as Arrow batches or lines, scores go out as they are known.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use graph_core::Control;
use serde::Serialize;

use super::lines::Lines;
use super::{StreamBatch, StreamDetector, StreamEdges, StreamScores};
use crate::file::replace;
use crate::results::Level;
use crate::{Error, Result};

/// Bytes that are read or written at once.
const BUFFER: usize = 1 << 20;

/// How a stream is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamFormat {
    /// The Arrow IPC stream format.
    Arrow,
    /// Lines of values between commas, the first of which has the names of the columns.
    Csv,
    /// A JSON object in each line; scores alone can be written so.
    Jsonl,
}

/// How a stream is followed.
///
/// Scores come in the order of the edges. In the format of the input they are one column more, `score`,
/// in its rows; in another one they stand beside the number of the edge, `edge`, from 0. Where windows
/// are scored, rows have `window`, when it began, and `score`.
///
/// Memory: that of the detector, and of the batch that is at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Follow {
    /// Columns of sources, targets and times.
    pub columns: [String; 3],
    /// Format of the input; by default found from its first bytes.
    pub input: Option<StreamFormat>,
    /// Format of the scores; by default that of the input.
    pub output: Option<StreamFormat>,
    /// Whether the first line of an input in lines has names. Without, columns are in the order above.
    pub header: bool,
    /// Where to save the state of the detector, at the end and every so often. The window that has not
    /// ended stays open then, and has no score yet.
    pub checkpoint: Option<PathBuf>,
    /// Least time between two checkpoints.
    pub every: Duration,
    /// Edges at the start of the input to leave out, since the detector has seen them.
    pub skip: u64,
}

impl Default for Follow {
    fn default() -> Self {
        Self {
            columns: ["src", "dst", "ts"].map(str::to_owned),
            input: None,
            output: None,
            header: true,
            checkpoint: None,
            every: Duration::from_mins(1),
            skip: 0,
        }
    }
}

/// What became of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FollowReport {
    /// Edges that were taken.
    pub n_edges: u64,
    /// Edges at the start that were left out.
    pub n_skipped: u64,
    /// Scores that were written.
    pub n_scores: u64,
    /// Checkpoints that were saved.
    pub n_checkpoints: u64,
    /// Whether the caller stopped it before the end.
    pub stopped: bool,
}

/// Edges, and the rows that they came in.
pub(super) struct Chunk {
    pub edges: StreamBatch,
    pub rows: Rows,
}

/// Rows that scores are written beside.
pub(super) enum Rows {
    Batch(RecordBatch),
    /// Lines without their ends, after one another, and where each ends.
    Lines(Vec<u8>, Vec<usize>),
}

impl Follow {
    /// Gives `detector` the edges of `input` until that ends, or until `control` stops it, and writes
    /// their scores to `output`.
    ///
    /// What was read is scored and written before more is waited for. A checkpoint is saved after the
    /// scores that it has seen are written, so that a process that is killed may write some scores twice
    /// but loses none.
    ///
    /// # Errors
    ///
    /// [`Error::TimeGoesBack`] at an edge that is older than one before it, [`Error::BadColumn`] and
    /// [`Error::Arrow`] for a batch, [`Error::BadFile`] for a line that is no edge, [`Error::Unknown`] for a
    /// column that is not there: what came before is scored, written and in the checkpoint. [`Error::File`] if input, output or checkpoint fail.
    pub fn run(
        &self,
        detector: &mut dyn StreamDetector,
        input: impl Read,
        output: impl Write,
        control: &Control<'_>,
    ) -> Result<FollowReport> {
        let mut report = FollowReport::default();
        let mut is_behind = false;
        let done = self.take(detector, input, output, control, &mut report, &mut is_behind);
        // The detector has seen edges whose scores nobody got.
        if let Some(path) = self.checkpoint.as_ref().filter(|_| !is_behind) {
            let bytes = detector.checkpoint();
            replace(path, |file| file.write_all(&bytes))?;
            report.n_checkpoints += 1;
        }
        match done {
            // Reading may also fail because the caller has ended the input to stop.
            Err(Error::Stopped(_)) => report.stopped = true,
            Err(_) if control.is_stopped() => report.stopped = true,
            done => {
                done?;
                // An input that is stopped ends, as one that is over does.
                report.stopped = control.is_stopped();
            }
        }
        Ok(report)
    }

    fn take(
        &self,
        detector: &mut dyn StreamDetector,
        input: impl Read,
        output: impl Write,
        control: &Control<'_>,
        report: &mut FollowReport,
        is_behind: &mut bool,
    ) -> Result<()> {
        let mut input = BufReader::with_capacity(BUFFER, input);
        let format = match self.input {
            Some(StreamFormat::Jsonl) => return Err(no_json()),
            Some(format) => format,
            None => sniff(&mut input)?,
        };
        let mut source = match format {
            StreamFormat::Arrow => Input::Arrow(Box::new(StreamReader::try_new(input, None)?)),
            _ => Input::Lines(Box::new(Lines::new(input, &self.columns, self.header)?)),
        };
        let windows = detector.level() != Level::Edge;
        let rows = match (&source, windows) {
            (_, true) => Shape::Windows,
            (Input::Arrow(reader), false)
                if self.output.is_none_or(|to| to == StreamFormat::Arrow) =>
            {
                Shape::Batches(with_score(&reader.schema())?)
            }
            (Input::Lines(lines), false)
                if self.output.is_none_or(|to| to == StreamFormat::Csv) =>
            {
                Shape::Lines(lines.header().map(<[u8]>::to_vec))
            }
            _ => Shape::Numbers,
        };
        let mut out = Output::new(rows, self.output.unwrap_or(format), output)?;
        let mut scores = StreamScores::default();
        let mut left = self.skip;
        let mut saved = Instant::now();
        loop {
            let chunk = match source.next(&self.columns) {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                // Reading fails where the caller has cut the input off to stop.
                Err(_) if control.is_stopped() => break,
                Err(error) => return Err(error),
            };
            let n = chunk.edges.edges().sources.len();
            let from = n.min(usize::try_from(left).unwrap_or(usize::MAX));
            left -= from as u64;
            report.n_skipped += from as u64;
            let edges = chunk.edges.edges();
            let edges = StreamEdges {
                sources: &edges.sources[from..],
                targets: &edges.targets[from..],
                times: &edges.times[from..],
            };
            let before = detector.n_edges();
            let pushed = detector.push(&edges, &mut scores);
            let taken = (detector.n_edges() - before) as usize;
            report.n_edges += taken as u64;
            report.n_scores += scores.scores.len() as u64;
            let written = out.write(&chunk.rows, from, before, &mut scores);
            *is_behind = written.is_err();
            written?;
            pushed?;
            control.step("edges", report.n_edges, None)?;
            if let Some(path) = &self.checkpoint
                && self.every <= saved.elapsed()
            {
                let bytes = detector.checkpoint();
                replace(path, |file| file.write_all(&bytes))?;
                report.n_checkpoints += 1;
                saved = Instant::now();
            }
        }
        if self.checkpoint.is_none() && !control.is_stopped() {
            detector.finish(&mut scores);
            report.n_scores += scores.scores.len() as u64;
            out.write(&Rows::Lines(Vec::new(), Vec::new()), 0, 0, &mut scores)?;
        }
        out.finish()
    }
}

/// An Arrow stream begins with a mark of four bytes that no text has.
fn sniff(input: &mut impl BufRead) -> Result<StreamFormat> {
    let start = input.fill_buf().map_err(|error| Error::file("standard input".as_ref(), error))?;
    match start {
        [] => Err(Error::bad_file(
            "standard input".as_ref(),
            "it is empty: edges come as an Arrow stream, or as lines with names above them",
        )),
        [0xff, 0xff, 0xff, 0xff, ..] => Ok(StreamFormat::Arrow),
        start => match start.trim_ascii_start().first() {
            Some(b'{' | b'[') => Err(no_json()),
            _ => Ok(StreamFormat::Csv),
        },
    }
}

fn no_json() -> Error {
    let allowed = "an Arrow stream or lines of values: JSON is written, not read";
    Error::BadOption { option: "input", value: "JSON".into(), allowed }
}

/// Where edges come from.
enum Input<R: Read> {
    Arrow(Box<StreamReader<BufReader<R>>>),
    Lines(Box<Lines<BufReader<R>>>),
}

impl<R: Read> Input<R> {
    fn next(&mut self, [source, target, time]: &[String; 3]) -> Result<Option<Chunk>> {
        match self {
            Self::Arrow(reader) => {
                let batch = reader.next().transpose().map_err(|error| {
                    let problem = format!("the Arrow stream is cut off or broken: {error}");
                    Error::bad_file("standard input".as_ref(), problem)
                })?;
                let Some(batch) = batch else { return Ok(None) };
                let edges = StreamBatch::new(&batch, source, target, time)?;
                Ok(Some(Chunk { edges, rows: Rows::Batch(batch) }))
            }
            Self::Lines(lines) => lines.next(),
        }
    }
}

/// What rows of the output are.
enum Shape {
    /// Those of the input and a score.
    Batches(SchemaRef),
    /// Lines of the input and a score; the names in the first one, if it has any.
    Lines(Option<Vec<u8>>),
    /// The number of an edge and its score.
    Numbers,
    /// When a window began and its score.
    Windows,
}

/// The columns of a stream, and one of scores.
fn with_score(schema: &Schema) -> Result<SchemaRef> {
    if schema.field_with_name("score").is_ok() {
        let problem = "is where scores go, so that the input cannot have it".into();
        return Err(Error::BadColumn { name: "score".into(), problem });
    }
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(Field::new("score", DataType::Float64, false)));
    Ok(Arc::new(Schema::new(fields)))
}

/// Where scores go.
struct Output<W: Write> {
    shape: Shape,
    sink: Sink<W>,
    text: Vec<u8>,
}

enum Sink<W: Write> {
    Arrow(Box<StreamWriter<BufWriter<W>>>, SchemaRef),
    Csv(BufWriter<W>),
    Jsonl(BufWriter<W>),
}

fn failed(error: std::io::Error) -> Error {
    Error::file("standard output".as_ref(), error)
}

impl<W: Write> Output<W> {
    fn new(shape: Shape, format: StreamFormat, output: W) -> Result<Self> {
        let mut output = BufWriter::with_capacity(BUFFER, output);
        let two = |name: &str, kind: DataType| -> SchemaRef {
            let fields = [(name, kind), ("score", DataType::Float64)];
            Arc::new(Schema::new(fields.map(|(name, kind)| Field::new(name, kind, false)).to_vec()))
        };
        let sink = match format {
            StreamFormat::Arrow => {
                let schema = match &shape {
                    Shape::Batches(schema) => schema.clone(),
                    Shape::Windows => two("window", DataType::Int64),
                    Shape::Lines(_) | Shape::Numbers => two("edge", DataType::UInt64),
                };
                Sink::Arrow(Box::new(StreamWriter::try_new(output, &schema)?), schema)
            }
            StreamFormat::Csv => {
                let header = match &shape {
                    Shape::Lines(None) => Vec::new(),
                    Shape::Lines(Some(names)) => [names.as_slice(), b",score\n"].concat(),
                    Shape::Windows => b"window,score\n".to_vec(),
                    Shape::Batches(_) | Shape::Numbers => b"edge,score\n".to_vec(),
                };
                output.write_all(&header).map_err(failed)?;
                Sink::Csv(output)
            }
            StreamFormat::Jsonl => Sink::Jsonl(output),
        };
        Ok(Self { shape, sink, text: Vec::new() })
    }

    /// Writes all `scores`, of the `rows` after the first `from`, or of the edges from number `first`
    /// on, and forgets them.
    fn write(
        &mut self,
        rows: &Rows,
        from: usize,
        first: u64,
        scores: &mut StreamScores,
    ) -> Result<()> {
        let n = scores.scores.len();
        let values = std::mem::take(&mut scores.scores);
        let windows = std::mem::take(&mut scores.windows);
        if n == 0 {
            return Ok(());
        }
        let text = &mut self.text;
        text.clear();
        match &mut self.sink {
            Sink::Arrow(writer, schema) => {
                let values: ArrayRef = Arc::new(Float64Array::from(values));
                let mut columns: Vec<ArrayRef> = match (&self.shape, rows) {
                    (Shape::Windows, _) => vec![Arc::new(Int64Array::from(windows))],
                    (Shape::Batches(_), Rows::Batch(batch)) => {
                        batch.slice(from, n).columns().to_vec()
                    }
                    _ => vec![Arc::new(UInt64Array::from_iter_values(first..first + n as u64))],
                };
                columns.push(values);
                writer.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
                writer.flush()?;
                return Ok(());
            }
            Sink::Csv(_) => {
                for (at, score) in values.iter().enumerate() {
                    match (&self.shape, rows) {
                        (Shape::Windows, _) => write!(text, "{},", windows[at]),
                        (Shape::Lines(_), Rows::Lines(lines, ends)) => {
                            let start = (from + at).checked_sub(1).map_or(0, |before| ends[before]);
                            text.extend_from_slice(&lines[start..ends[from + at]]);
                            text.push(b',');
                            Ok(())
                        }
                        _ => write!(text, "{},", first + at as u64),
                    }
                    .and_then(|()| writeln!(text, "{score:?}"))
                    .map_err(failed)?;
                }
            }
            Sink::Jsonl(_) => {
                for (at, score) in values.iter().enumerate() {
                    match &self.shape {
                        Shape::Windows => {
                            writeln!(text, r#"{{"window":{},"score":{score:?}}}"#, windows[at])
                        }
                        _ => {
                            writeln!(text, r#"{{"edge":{},"score":{score:?}}}"#, first + at as u64)
                        }
                    }
                    .map_err(failed)?;
                }
            }
        }
        if let Sink::Csv(output) | Sink::Jsonl(output) = &mut self.sink {
            output.write_all(text).and_then(|()| output.flush()).map_err(failed)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        match self.sink {
            Sink::Arrow(mut writer, _) => {
                writer.finish()?;
                writer.flush()?;
                Ok(())
            }
            Sink::Csv(mut output) | Sink::Jsonl(mut output) => output.flush().map_err(failed),
        }
    }
}
