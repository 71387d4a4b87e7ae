//! Detectors of streams of edges, which see each edge once and remember a bounded amount.
//!
//! An option struct such as [`Midas`] makes a detector by `start`. A detector takes edges one at a
//! time ([`EdgeScorer::score`]), in slices or as Arrow batches ([`StreamDetector::push`],
//! [`StreamBatch`]), and its state is saved and taken up again by [`StreamDetector::checkpoint`] and
//! [`restore`], after which it gives the same bits as if it had never stopped.

mod ano_edge;
mod ano_graph;
mod batch;
mod checkpoint;
mod clock;
mod dense;
mod follow;
mod hash;
mod lines;
mod matrix;
mod midas;
mod sample;
mod sedan_spot;
mod sketch;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use ano_edge::{AnoEdgeG, AnoEdgeL};
pub use ano_graph::{AnoGraph, AnoGraphK, WindowScorer};
pub use batch::StreamBatch;
pub(crate) use batch::column_times;
pub use follow::{Follow, FollowReport, StreamFormat};
pub use hash::Hash;
pub use midas::{Midas, MidasF, MidasR};
pub use sedan_spot::SedanSpot;

use ano_graph::WindowMethod;
use checkpoint::{Reader, Writer, refuse};
use clock::Clock;

use crate::results::Level;
use crate::{Error, Result};

/// Edges in the order of time, as columns of shape `[m]`.
#[derive(Debug, Clone, Copy)]
pub struct StreamEdges<'a> {
    /// Where edges begin.
    pub sources: &'a [u64],
    /// Where they end.
    pub targets: &'a [u64],
    /// When they come; never before the one before.
    pub times: &'a [i64],
}

impl StreamEdges<'_> {
    fn check(&self) -> Result<()> {
        let expected = self.sources.len();
        for (name, found) in [("targets", self.targets.len()), ("times", self.times.len())] {
            if found != expected {
                return Err(Error::LengthMismatch { name, found, of: "sources", expected });
            }
        }
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = (u64, u64, i64)> {
        let ends = self.sources.iter().zip(self.targets);
        ends.zip(self.times).map(|((&source, &target), &time)| (source, target, time))
    }
}

/// What a detector of a stream has said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamScores {
    /// One score for each edge, or for each window that has ended; higher is more anomalous.
    pub scores: Vec<f64>,
    /// When each window began; empty if edges are scored.
    pub windows: Vec<i64>,
}

/// A detector that takes a stream of edges.
pub trait StreamDetector: Send {
    /// The name of the method.
    fn name(&self) -> &'static str;

    /// Whether edges or graphs, which are windows of time, are scored.
    fn level(&self) -> Level;

    /// Takes the next edges and appends to `scores` what is known by then: a score for each edge, or
    /// for each window that has ended.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`], before any edge is taken; [`Error::TimeGoesBack`] at an edge that
    /// is older than one before it: those before it are taken and scored, it and those after it are
    /// not.
    fn push(&mut self, edges: &StreamEdges<'_>, scores: &mut StreamScores) -> Result<()>;

    /// Appends the score of the window that has not ended; the next edge begins a new one. Does
    /// nothing if edges are scored.
    fn finish(&mut self, scores: &mut StreamScores);

    /// Its whole state, for [`restore`].
    fn checkpoint(&self) -> Vec<u8>;

    /// How many edges it has taken.
    fn n_edges(&self) -> u64;

    /// How many bytes what it remembers takes at most, which do not grow with the stream.
    fn n_bytes(&self) -> usize;
}

/// Takes up a detector where [`StreamDetector::checkpoint`] left it.
///
/// # Errors
///
/// [`Error::BadCheckpoint`] if the bytes are damaged, of another version, or of no state that a
/// detector can be in.
pub fn restore(bytes: &[u8]) -> Result<Box<dyn StreamDetector>> {
    let reader = Reader::new(bytes)?;
    match reader.name {
        Midas::NAME => Ok(Box::new(EdgeScorer::restore::<Midas>(reader)?)),
        MidasR::NAME => Ok(Box::new(EdgeScorer::restore::<MidasR>(reader)?)),
        MidasF::NAME => Ok(Box::new(EdgeScorer::restore::<MidasF>(reader)?)),
        AnoEdgeL::NAME => Ok(Box::new(EdgeScorer::restore::<AnoEdgeL>(reader)?)),
        AnoEdgeG::NAME => Ok(Box::new(EdgeScorer::restore::<AnoEdgeG>(reader)?)),
        SedanSpot::NAME => Ok(Box::new(EdgeScorer::restore::<SedanSpot>(reader)?)),
        AnoGraph::NAME => Ok(Box::new(WindowScorer::restore::<AnoGraph>(reader)?)),
        AnoGraphK::NAME => Ok(Box::new(WindowScorer::restore::<AnoGraphK>(reader)?)),
        name => Err(refuse(format!("no detector is named {name:?}"))),
    }
}

/// The name and the options of the detector that a checkpoint is of.
///
/// # Errors
///
/// [`Error::BadCheckpoint`], as [`restore`].
pub fn checkpoint_of(bytes: &[u8]) -> Result<(String, Map<String, Value>)> {
    let reader = Reader::new(bytes)?;
    Ok((reader.name.to_owned(), method_of(&reader)?))
}

/// Options of a method that scores edges.
trait EdgeMethod: Serialize + DeserializeOwned {
    const NAME: &'static str;

    /// A clock of the right ticks, and counters that are all zero.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`].
    fn build(&self) -> Result<(Clock, Box<dyn EdgeCore>)>;
}

/// What a method that scores edges remembers.
trait EdgeCore: Send {
    /// A new tick begins: the one with this number.
    fn tick(&mut self, tick: u64);

    /// Counts an edge and scores it.
    fn edge(&mut self, source: u64, target: u64) -> f64;

    fn save(&self, writer: &mut Writer);
    /// Takes up what was saved when the clock was `clock`.
    fn load(&mut self, reader: &mut Reader, clock: &Clock) -> Result<()>;
    fn n_bytes(&self) -> usize;

    /// Takes edges one after another. It is here so that the loop is compiled for each method.
    fn run(&mut self, clock: &mut Clock, edges: &StreamEdges, out: &mut Vec<f64>) -> Result<()> {
        for (source, target, time) in edges.iter() {
            if clock.advance(time)? {
                self.tick(clock.tick());
            }
            out.push(self.edge(source, target));
        }
        Ok(())
    }
}

/// A detector that scores each edge when it comes.
pub struct EdgeScorer {
    name: &'static str,
    options: String,
    clock: Clock,
    core: Box<dyn EdgeCore>,
}

impl EdgeScorer {
    fn new<M: EdgeMethod>(method: &M) -> Result<Self> {
        let (clock, core) = method.build()?;
        Ok(Self { name: M::NAME, options: options(method), clock, core })
    }

    fn restore<M: EdgeMethod>(mut reader: Reader<'_>) -> Result<Self> {
        let mut scorer = Self::new(&method_of::<M>(&reader)?)?;
        scorer.clock = read_clock(&mut reader, scorer.clock)?;
        scorer.core.load(&mut reader, &scorer.clock)?;
        reader.finish()?;
        Ok(scorer)
    }

    /// Counts an edge and scores it: higher is more anomalous.
    ///
    /// # Errors
    ///
    /// [`Error::TimeGoesBack`] if it is older than one before it; it is not counted then.
    pub fn score(&mut self, source: u64, target: u64, time: i64) -> Result<f64> {
        if self.clock.advance(time)? {
            self.core.tick(self.clock.tick());
        }
        Ok(self.core.edge(source, target))
    }
}

impl StreamDetector for EdgeScorer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn level(&self) -> Level {
        Level::Edge
    }

    fn push(&mut self, edges: &StreamEdges<'_>, scores: &mut StreamScores) -> Result<()> {
        edges.check()?;
        scores.scores.reserve(edges.sources.len());
        self.core.run(&mut self.clock, edges, &mut scores.scores)
    }

    fn finish(&mut self, _scores: &mut StreamScores) {}

    fn checkpoint(&self) -> Vec<u8> {
        let mut writer = Writer::new(self.name, &self.options);
        writer.array(&self.clock.state());
        self.core.save(&mut writer);
        writer.finish()
    }

    fn n_edges(&self) -> u64 {
        self.clock.n_edges()
    }

    fn n_bytes(&self) -> usize {
        self.core.n_bytes()
    }
}

impl std::fmt::Debug for EdgeScorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, options, clock, .. } = self;
        f.debug_struct("EdgeScorer")
            .field("name", name)
            .field("options", options)
            .field("clock", clock)
            .finish_non_exhaustive()
    }
}

/// Options as JSON.
fn options(method: &impl Serialize) -> String {
    serde_json::to_string(method).expect("numbers and names should have a form in JSON")
}

/// The options in a checkpoint.
fn method_of<M: DeserializeOwned>(reader: &Reader<'_>) -> Result<M> {
    serde_json::from_str(reader.options).map_err(|error| refuse(format!("its options: {error}")))
}

/// The clock in a checkpoint, which has the options of `clock`.
fn read_clock(reader: &mut Reader<'_>, clock: Clock) -> Result<Clock> {
    let mut state = clock.state();
    let length = state.len();
    state.copy_from_slice(&reader.array("clock", length, |_: u64| true)?);
    clock.restore(state).ok_or_else(|| refuse("its clock contradicts itself"))
}

/// Refuses an option that is not above zero.
fn above_zero(option: &'static str, value: u64) -> Result<()> {
    let allowed = "at least 1";
    match value {
        0 => Err(Error::BadOption { option, value: "0".into(), allowed }),
        _ => Ok(()),
    }
}

/// Most counters of a sketch: more would not be a sketch, and their number fits the hash.
const MOST_COUNTERS: usize = 1 << 28;

/// Checks the size of a sketch of `rows` rows with `counters` counters each.
fn check_size(
    rows: usize,
    option: &'static str,
    value: usize,
    counters: Option<usize>,
) -> Result<()> {
    above_zero("rows", rows as u64)?;
    above_zero(option, value as u64)?;
    match counters.and_then(|counters| counters.checked_mul(rows)) {
        Some(all) if all <= MOST_COUNTERS => Ok(()),
        _ => Err(Error::BadOption {
            option,
            value: format!("{value}, with {rows} rows").into(),
            allowed: "small enough that there are at most 2^28 counters",
        }),
    }
}

/// Checks a factor that counters are multiplied by with each tick.
fn check_decay(decay: f64) -> Result<()> {
    match (0.0..=1.0).contains(&decay) {
        true => Ok(()),
        false => Err(Error::BadOption {
            option: "decay",
            value: decay.to_string().into(),
            allowed: "from 0 to 1",
        }),
    }
}
