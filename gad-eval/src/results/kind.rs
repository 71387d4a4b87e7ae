//! The nine types of results.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// What is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Nodes.
    Node,
    /// Edges.
    Edge,
    /// Whole graphs.
    Graph,
}

/// How scores lie in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timing {
    /// One score for each thing.
    Static,
    /// A row of scores for each point of time; rows may differ in length.
    Temporal,
    /// One score for each occurrence, in the order of time.
    Stream,
}

/// What is scored and how that lies in time; as text, `TEMPORAL_NODE_ANOMALY_SCORES` and the like.
///
/// ```
/// use gad_eval::results::{Level, ResultType, Timing};
///
/// let kind: ResultType = "EDGE_STREAM_ANOMALY_SCORES".parse()?;
/// assert_eq!(kind, ResultType { level: Level::Edge, timing: Timing::Stream });
/// # Ok::<(), gad_eval::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultType {
    /// What is scored.
    pub level: Level,
    /// How scores lie in time.
    pub timing: Timing,
}

impl ResultType {
    /// All nine, static ones first.
    pub fn all() -> impl Iterator<Item = Self> {
        [Timing::Static, Timing::Temporal, Timing::Stream].into_iter().flat_map(|timing| {
            [Level::Node, Level::Edge, Level::Graph].map(|level| Self { level, timing })
        })
    }

    /// Checks that scores lie in rows where its own do, and only there.
    pub(super) fn check_shape(self, in_rows: bool) -> Result<()> {
        match (in_rows, self.timing) {
            (true, Timing::Temporal) | (false, Timing::Static | Timing::Stream) => Ok(()),
            _ => Err(Error::WrongShape { result_type: self, in_rows }),
        }
    }

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match (self.level, self.timing) {
            (Level::Node, Timing::Static) => "NODE_ANOMALY_SCORES",
            (Level::Edge, Timing::Static) => "EDGE_ANOMALY_SCORES",
            (Level::Graph, Timing::Static) => "GRAPH_ANOMALY_SCORES",
            (Level::Node, Timing::Temporal) => "TEMPORAL_NODE_ANOMALY_SCORES",
            (Level::Edge, Timing::Temporal) => "TEMPORAL_EDGE_ANOMALY_SCORES",
            (Level::Graph, Timing::Temporal) => "TEMPORAL_GRAPH_ANOMALY_SCORES",
            (Level::Node, Timing::Stream) => "NODE_STREAM_ANOMALY_SCORES",
            (Level::Edge, Timing::Stream) => "EDGE_STREAM_ANOMALY_SCORES",
            (Level::Graph, Timing::Stream) => "GRAPH_STREAM_ANOMALY_SCORES",
        }
    }
}

impl fmt::Display for ResultType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ResultType {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::all()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| Error::unknown("result type", name, Self::all().map(Self::name)))
    }
}
