//! `graphlume detect`: anomaly scores of a dataset, or of a stream as it comes.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use graphlume::gad::dataset::Source;
use graphlume::gad::detectors::stream::{
    Follow, StreamDetector, StreamFormat, checkpoint_of, restore,
};
use graphlume::gad::detectors::{Configured, configure};
use graphlume::graph::{Control, Progress, WriteOptions};

use crate::evaluate::controlled;
use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::{grouped, secs};
use crate::progress::Messages;
use crate::values;

/// Arguments of `graphlume detect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of a dataset, `bundled:NAME`, or a file of edges
    #[arg(required_unless_present = "follow", conflicts_with = "follow")]
    dataset: Option<String>,
    /// Detector, as `graphlume list methods --bundled` names it
    #[arg(short, long, value_name = "NAME")]
    method: String,
    /// A parameter of the detector
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = values::pair())]
    parameters: Vec<(String, String)>,
    /// Seed, for detectors that draw random numbers
    #[arg(long)]
    seed: Option<u64>,
    /// Results: .json as GraFlag's methods write them, .parquet or .arrow
    #[arg(short, long, value_name = "FILE", required_unless_present = "follow")]
    #[arg(conflicts_with = "follow")]
    out: Option<PathBuf>,
    #[command(flatten)]
    stream: Stream,
}

/// Arguments that concern streams.
#[derive(Debug, clap::Args)]
struct Stream {
    /// Read edges from standard input and write scores to standard output as they come
    #[arg(long)]
    follow: bool,
    /// Save the state of the detector here, and take it up from here if the file is there
    #[arg(long, value_name = "FILE", requires = "follow")]
    checkpoint: Option<PathBuf>,
    /// Least time between two checkpoints
    #[arg(long, value_name = "TIME", value_parser = values::duration(), default_value = "60 s")]
    #[arg(requires = "follow")]
    every: Duration,
    /// The input begins anew: leave out the edges that the checkpoint has seen
    #[arg(long, requires = "checkpoint")]
    replay: bool,
    /// Format of the edges; by default found from the first bytes
    #[arg(long, value_enum, value_name = "FORMAT", requires = "follow")]
    input_format: Option<Format>,
    /// Format of the scores; by default that of the edges
    #[arg(long, value_enum, value_name = "FORMAT", requires = "follow")]
    output_format: Option<Format>,
    /// Column of sources
    #[arg(long, value_name = "COLUMN", default_value = "src", requires = "follow")]
    source: String,
    /// Column of targets
    #[arg(long, value_name = "COLUMN", default_value = "dst", requires = "follow")]
    target: String,
    /// Column of times
    #[arg(long, value_name = "COLUMN", default_value = "ts", requires = "follow")]
    time: String,
    /// Lines have no names above them: columns are source, target and time
    #[arg(long, requires = "follow")]
    no_header: bool,
}

/// Formats of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Arrow IPC stream
    Arrow,
    /// Values between commas
    Csv,
    /// A JSON object in each line, for scores alone
    Jsonl,
}

impl From<Format> for StreamFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Arrow => Self::Arrow,
            Format::Csv => Self::Csv,
            Format::Jsonl => Self::Jsonl,
        }
    }
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let given = args.parameters.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let mut detector = configure(&args.method, given)?;
    if let Some(seed) = args.seed {
        match detector.info().is_seeded() {
            true => detector = detector.with_seed(seed),
            false => messages.say(format!("{} draws no random numbers: no seed", args.method)),
        }
    }
    match (&args.dataset, &args.out) {
        (Some(dataset), Some(out)) => over(dataset, &detector, out, messages),
        _ => follow(&args.stream, &detector, args, messages),
    }
}

/// Runs over a whole dataset.
fn over(
    dataset: &str,
    detector: &Configured,
    out: &PathBuf,
    messages: Messages,
) -> anyhow::Result<Outcome> {
    if out.extension().is_none_or(|suffix| suffix != "json") {
        WriteOptions::default().check(out)?;
    }
    let source = Source::find(dataset)?;
    let loaded = source.load()?;
    let name = detector.info().name;
    if let Some(lack) = loaded.lacks(detector.info()) {
        anyhow::bail!("{name} cannot run over {dataset}: {lack}");
    }
    let begin = Instant::now();
    let done = controlled(messages, name, |control| loaded.run(detector, control));
    let Some(mut results) = done? else { return Ok(Outcome::Interrupted) };
    let took = begin.elapsed();
    let metadata = &mut results.metadata;
    metadata.insert("exec_time_ms".into(), (took.as_secs_f64() * 1e3).into());
    metadata.insert("dataset_sha256".into(), source.sha256()?.into());
    metadata.insert("graphlume_version".into(), env!("CARGO_PKG_VERSION").into());
    results.write(out)?;
    let n = grouped(results.scores.len() as u64);
    messages.say(format!("{name}: {n} scores in {}, {}", secs(took), out.display()));
    Ok(Outcome::Done)
}

/// Follows standard input.
fn follow(
    args: &Stream,
    configured: &Configured,
    all: &Args,
    messages: Messages,
) -> anyhow::Result<Outcome> {
    let started = configured.start()?;
    let mut detector = started.with_context(|| {
        format!("{} needs all edges at once, so that it cannot follow a stream", all.method)
    })?;
    if let Some(path) = args.checkpoint.as_ref().filter(|path| path.exists()) {
        detector = resumed(path, configured)?;
        let n = grouped(detector.n_edges());
        messages.say(format!("{}: taken up after {n} edges", path.display()));
    }
    let follow = Follow {
        columns: [&args.source, &args.target, &args.time].map(String::clone),
        input: args.input_format.map(Into::into),
        output: args.output_format.map(Into::into),
        header: !args.no_header,
        checkpoint: args.checkpoint.clone(),
        every: args.every,
        skip: if args.replay { detector.n_edges() } else { 0 },
    };
    let deferred = Deferred::begin();
    let begin = Instant::now();
    let spinner = messages.spinner("waiting for edges");
    let report = |progress: Progress| {
        let rate = progress.done as f64 / begin.elapsed().as_secs_f64();
        spinner.say(format!("{} edges, {rate:.0}/s", grouped(progress.done)));
    };
    let control = Control::default().reporting(&report).stopped_by(deferred.flag());
    let input = Input::begin(&deferred);
    let report = follow.run(detector.as_mut(), input, io::stdout().lock(), &control)?;
    let took = begin.elapsed();
    let rate = report.n_edges as f64 / took.as_secs_f64() / 1e6;
    let (edges, scores) = (grouped(report.n_edges), grouped(report.n_scores));
    messages.say(format!("{edges} edges, {scores} scores in {}: {rate:.2} M edges/s", secs(took)));
    Ok(if report.stopped { Outcome::Interrupted } else { Outcome::Done })
}

/// The detector of a checkpoint, which must be the one that was asked for.
fn resumed(path: &PathBuf, configured: &Configured) -> anyhow::Result<Box<dyn StreamDetector>> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| shown.to_string())?;
    let (name, options) = checkpoint_of(&bytes).with_context(|| shown.to_string())?;
    let wanted = configured.info().name;
    anyhow::ensure!(name == wanted, "{shown} is a checkpoint of {name}, not of {wanted}");
    let differs = options.iter().find(|(key, value)| configured.options().get(*key) != Some(value));
    if let Some((key, value)) = differs {
        anyhow::bail!("{shown} was saved with {key}={value}: say so with -p, or use another file");
    }
    restore(&bytes).with_context(|| shown.to_string())
}

/// Standard input, read by a thread of its own so that nobody who waits for it is deaf to Ctrl-C.
struct Input<'a> {
    deferred: &'a Deferred,
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    taken: usize,
}

impl<'a> Input<'a> {
    /// Bytes that are read at once.
    const PIECE: usize = 1 << 18;

    fn begin(deferred: &'a Deferred) -> Self {
        let (sender, pieces) = sync_channel(4);
        // It ends with the input, or with the process.
        thread::spawn(move || Self::read_all(&sender));
        Self { deferred, pieces, piece: Vec::new(), taken: 0 }
    }

    fn read_all(sender: &SyncSender<io::Result<Vec<u8>>>) {
        let mut stdin = io::stdin().lock();
        loop {
            let mut piece = vec![0; Self::PIECE];
            let read = match stdin.read(&mut piece) {
                Ok(0) => return,
                Ok(n) => {
                    piece.truncate(n);
                    Ok(piece)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let last = read.is_err();
            if sender.send(read).is_err() || last {
                return;
            }
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.piece.len() {
            if self.deferred.requested() {
                // Not the end: what came of a line is not all of it.
                return Err(io::Error::other("stopped"));
            }
            match self.pieces.recv_timeout(Duration::from_millis(50)) {
                Ok(piece) => (self.piece, self.taken) = (piece?, 0),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
        let rest = &self.piece[self.taken..];
        let n = rest.len().min(into.len());
        into[..n].copy_from_slice(&rest[..n]);
        self.taken += n;
        Ok(n)
    }
}
