//! All detectors by name: what they are, what they take, and how they are run over a dataset.

use std::sync::Arc;

use arrow::array::{BooleanArray, Int64Array, UInt64Array};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use graph_core::{Control, Coo, NodeId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::nodes::{
    Degree, FeatureNorm, Features, IsolationForest, Lof, NeighborCosine, NeighborResidual,
    NodeData, NodeDetector, OddBall, Scan,
};
use super::snapshots::{AnomRank, LinkSurprise, TemporalDetector, TemporalEdges};
use super::stream::{
    AnoEdgeG, AnoEdgeL, AnoGraph, AnoGraphK, Midas, MidasF, MidasR, SedanSpot, StreamDetector,
    StreamEdges, StreamScores,
};

use crate::results::{EdgeEnds, Level, ResultType, Results, Timing};
use crate::{Error, Result};

/// What a detector is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct DetectorInfo {
    /// Its name.
    pub name: &'static str,
    /// What it scores.
    pub result_type: ResultType,
    /// Whether nodes must have features.
    pub needs_features: bool,
    /// Whether edges must have times.
    pub needs_times: bool,
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// Where it was published.
    pub source: &'static str,
    defaults: fn() -> Map<String, Value>,
    build: fn(Value) -> Result<Kind>,
}

impl DetectorInfo {
    /// Its parameters and the values that they have if nothing is said.
    pub fn defaults(&self) -> Map<String, Value> {
        (self.defaults)()
    }

    /// Whether it draws random numbers. All others give the same scores every time.
    pub fn is_seeded(&self) -> bool {
        self.defaults().contains_key("seed")
    }
}

/// A detector that can run, by what it runs over.
enum Kind {
    Stream(Box<dyn StreamDetector>),
    Nodes(Box<dyn NodeDetector>),
    Temporal(Box<dyn TemporalDetector>),
}

const NODES: ResultType = ResultType { level: Level::Node, timing: Timing::Static };
const TEMPORAL_NODES: ResultType = ResultType { level: Level::Node, timing: Timing::Temporal };
const EDGES: ResultType = ResultType { level: Level::Edge, timing: Timing::Stream };
const GRAPHS: ResultType = ResultType { level: Level::Graph, timing: Timing::Stream };

const MIDAS: &str = "Bhatia et al. 2020, doi:10.1609/aaai.v34i04.5724";
const SKETCH: &str = "Bhatia et al. 2023, doi:10.1145/3580305.3599504";
const BASELINE: &str = "a baseline";

/// An entry of the table.
macro_rules! entry {
    ($method:ty, $name:literal, $kind:ident, $type:expr, $features:literal, $doc:literal, $source:expr) => {
        DetectorInfo {
            name: $name,
            result_type: $type,
            needs_features: $features,
            needs_times: !matches!($type.timing, Timing::Static),
            doc: $doc,
            source: $source,
            defaults: defaults::<$method>,
            build: |options| {
                let method: $method = read(options)?;
                Ok(entry!(@ $kind method))
            },
        }
    };
    (@ Stream $method:ident) => { Kind::Stream(Box::new($method.start()?)) };
    (@ Nodes $method:ident) => { Kind::Nodes(Box::new($method)) };
    (@ Temporal $method:ident) => { Kind::Temporal(Box::new($method)) };
}

static ALL: &[DetectorInfo] = &[
    entry!(
        Midas,
        "midas",
        Stream,
        EDGES,
        false,
        "Many more edges of a kind in this tick than in others.",
        MIDAS
    ),
    entry!(
        MidasR,
        "midas-r",
        Stream,
        EDGES,
        false,
        "MIDAS with counts that fade, of pairs, sources and targets.",
        MIDAS
    ),
    entry!(
        MidasF,
        "midas-f",
        Stream,
        EDGES,
        false,
        "MIDAS-R that keeps anomalies out of the mean.",
        "Bhatia et al. 2022, doi:10.1145/3494564"
    ),
    entry!(
        AnoEdgeL,
        "anoedge-l",
        Stream,
        EDGES,
        false,
        "Edges near a dense part of the recent edges.",
        SKETCH
    ),
    entry!(
        AnoEdgeG,
        "anoedge-g",
        Stream,
        EDGES,
        false,
        "The densest part of the recent edges around an edge.",
        SKETCH
    ),
    entry!(
        AnoGraph,
        "anograph",
        Stream,
        GRAPHS,
        false,
        "The densest part of the edges of a window, by peeling.",
        SKETCH
    ),
    entry!(
        AnoGraphK,
        "anograph-k",
        Stream,
        GRAPHS,
        false,
        "The densest part of the edges of a window, around the largest entries.",
        SKETCH
    ),
    entry!(Degree, "degree", Nodes, NODES, false, "The number of neighbors.", BASELINE),
    entry!(
        FeatureNorm,
        "feature-norm",
        Nodes,
        NODES,
        true,
        "The distance of features from their mean.",
        BASELINE
    ),
    entry!(
        NeighborResidual,
        "neighbor-residual",
        Nodes,
        NODES,
        true,
        "The distance of features from their mean over the neighbors.",
        BASELINE
    ),
    entry!(
        NeighborCosine,
        "neighbor-cosine",
        Nodes,
        NODES,
        true,
        "1 minus the cosine of features and their mean over the neighbors.",
        BASELINE
    ),
    entry!(
        OddBall,
        "oddball",
        Nodes,
        NODES,
        false,
        "Neighborhoods with too many or too few edges for their size.",
        "Akoglu, McGlohon, Faloutsos 2010, doi:10.1007/978-3-642-13672-6_40"
    ),
    entry!(
        IsolationForest,
        "isolation-forest",
        Nodes,
        NODES,
        false,
        "Features, own and of neighbors, that few random cuts set apart.",
        "Liu, Ting, Zhou 2008, doi:10.1109/ICDM.2008.17"
    ),
    entry!(
        Lof,
        "lof",
        Nodes,
        NODES,
        false,
        "Features, own and of neighbors, in thinner places than those nearest.",
        "Breunig et al. 2000, doi:10.1145/335191.335388"
    ),
    entry!(
        Scan,
        "scan",
        Nodes,
        NODES,
        false,
        "Nodes that only a low threshold of similarity puts into a cluster.",
        "Xu et al. 2007, doi:10.1145/1281192.1281280"
    ),
    entry!(
        AnomRank,
        "anomrank",
        Temporal,
        TEMPORAL_NODES,
        false,
        "Jumps of importance, against those of a node's past.",
        "Yoon et al. 2019, doi:10.1145/3292500.3330946"
    ),
    entry!(
        LinkSurprise,
        "link-surprise",
        Temporal,
        EDGES,
        false,
        "Edges between nodes that were far from each other.",
        "Liben-Nowell, Kleinberg 2007, doi:10.1002/asi.20591"
    ),
    entry!(
        SedanSpot,
        "sedanspot",
        Stream,
        EDGES,
        false,
        "Edges that make visits of walks likelier, in a sample.",
        "Eswaran, Faloutsos 2018, doi:10.1109/ICDM.2018.00117"
    ),
];

/// Edges that a stream is taken by: of the slowest detectors about a tenth of a second.
const STEP: usize = 1 << 12;

/// All detectors.
pub fn all() -> &'static [DetectorInfo] {
    ALL
}

fn defaults<M: Serialize + Default>() -> Map<String, Value> {
    match serde_json::to_value(M::default()) {
        Ok(Value::Object(options)) => options,
        _ => Map::new(),
    }
}

fn read<M: DeserializeOwned>(options: Value) -> Result<M> {
    serde_json::from_value(options).map_err(|error| Error::BadParameter {
        parameter: "options".into(),
        problem: graph_core::words::of_serde(&error.to_string()).into(),
    })
}

/// A detector with its parameters.
#[derive(Debug, Clone)]
pub struct Configured {
    info: &'static DetectorInfo,
    options: Map<String, Value>,
}

/// The detector of this name with these parameters, as texts; others have their defaults.
///
/// ```
/// let detector = gad_eval::detectors::configure("midas", [("rows", "4"), ("hash", "reference")])?;
/// assert_eq!(detector.options()["rows"], 4);
/// let error = gad_eval::detectors::configure("midas", [("row", "4")]).unwrap_err();
/// assert_eq!(error.to_string(), "there is no parameter `row`, did you mean `rows`?");
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Unknown`] for a detector or a parameter that does not exist; [`Error::BadParameter`] for
/// a value of another type; [`Error::BadOption`] for one that makes no sense.
pub fn configure<'a>(
    name: &str,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Configured> {
    let find = || ALL.iter().find(|info| info.name == name);
    let info =
        find().ok_or_else(|| Error::unknown("detector", name, ALL.iter().map(|info| info.name)))?;
    let defaults = info.defaults();
    let mut options = defaults.clone();
    for (key, text) in parameters {
        if !defaults.contains_key(key) {
            let known = defaults.keys().map(String::as_str);
            return Err(Error::unknown("parameter", key, known));
        }
        // What is no JSON is a name.
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        options.insert(key.to_owned(), value);
        if let Err(Error::BadParameter { problem, .. }) = (info.build)(options.clone().into()) {
            return Err(Error::BadParameter { parameter: key.into(), problem });
        }
    }
    (info.build)(options.clone().into())?;
    Ok(Configured { info, options })
}

/// Edges, and what is known of nodes. Results share the columns of edges with it.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Number of nodes. Ids of edges are below it, but for streams, which take any.
    pub n_nodes: usize,
    /// Where edges begin, shape `[m]`.
    pub sources: ScalarBuffer<u64>,
    /// Where they end, shape `[m]`.
    pub targets: ScalarBuffer<u64>,
    /// When they come, shape `[m]`, ascending.
    pub times: Option<ScalarBuffer<i64>>,
    /// Features of nodes.
    pub features: Option<Features>,
    /// Labels of what is scored: nodes, edges, or windows.
    pub labels: Option<Vec<bool>>,
}

impl Dataset {
    fn ends(&self, ids: &[u64]) -> Result<Vec<NodeId>> {
        ids.iter()
            .enumerate()
            .map(|(edge, &id)| {
                let node = NodeId::try_from(id).unwrap_or(NodeId::MAX);
                match (id as u128) < self.n_nodes as u128 && u64::from(node) == id {
                    true => Ok(node),
                    false => {
                        let n_nodes = self.n_nodes;
                        Err(graph_core::Error::NodeOutOfRange { edge, node, n_nodes }.into())
                    }
                }
            })
            .collect()
    }

    fn times(&self) -> Result<&ScalarBuffer<i64>> {
        self.times.as_ref().ok_or(Error::Empty { name: "times" })
    }
}

impl Configured {
    /// What the detector is.
    pub fn info(&self) -> &'static DetectorInfo {
        self.info
    }

    /// All its parameters.
    pub fn options(&self) -> &Map<String, Value> {
        &self.options
    }

    /// The same with another seed; the same if it has none.
    pub fn with_seed(mut self, seed: u64) -> Self {
        if self.info.is_seeded() {
            self.options.insert("seed".to_owned(), seed.into());
        }
        self
    }

    /// A detector of a stream that has seen nothing yet; `None` for what is none.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`].
    pub fn start(&self) -> Result<Option<Box<dyn StreamDetector>>> {
        match (self.info.build)(self.options.clone().into())? {
            Kind::Stream(detector) => Ok(Some(detector)),
            Kind::Nodes(_) | Kind::Temporal(_) => Ok(None),
        }
    }

    /// Runs the detector over a whole dataset. The results' metadata name the method and its
    /// parameters.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if features or times are needed and absent; [`Error::Graph`] for an end of an
    /// edge that is no node; [`Error::TimeGoesBack`]; [`Error::LengthMismatch`]; [`Error::Stopped`].
    pub fn run(&self, data: &Dataset, control: &Control<'_>) -> Result<Results> {
        let ends = || EdgeEnds {
            sources: Arc::new(UInt64Array::new(data.sources.clone(), None)),
            targets: Arc::new(UInt64Array::new(data.targets.clone(), None)),
        };
        let mut results = Results::new(self.info.result_type, Vec::<f64>::new());
        match (self.info.build)(self.options.clone().into())? {
            Kind::Nodes(detector) => {
                let (sources, targets) = (data.ends(&data.sources)?, data.ends(&data.targets)?);
                let edges = Coo::new(data.n_nodes, sources, targets, None)?;
                let nodes = NodeData::new(&edges, data.features.clone())?;
                results.scores = detector.score(&nodes, control)?.into();
            }
            Kind::Temporal(detector) => {
                let (sources, targets) = (data.ends(&data.sources)?, data.ends(&data.targets)?);
                let times = data.times()?.to_vec();
                let edges = TemporalEdges::new(data.n_nodes, sources, targets, times)?;
                results.scores = detector.score(&edges, control)?.into();
                if detector.level() == Level::Node {
                    let windows = edges.windows(detector.window())?;
                    let begins: Vec<i64> =
                        windows.iter().map(|window| edges.times()[window.start]).collect();
                    results.rows =
                        Some(OffsetBuffer::from_repeated_length(data.n_nodes, windows.len()));
                    results.timestamps = Some(Arc::new(Int64Array::from(begins)));
                } else {
                    results.edges = Some(ends());
                    results.timestamps =
                        Some(Arc::new(Int64Array::new(data.times()?.clone(), None)));
                }
            }
            Kind::Stream(mut detector) => {
                let (sources, targets, times) = (&data.sources, &data.targets, data.times()?);
                let m = sources.len();
                let mut scores = StreamScores::default();
                if detector.level() == Level::Edge {
                    scores.scores.reserve_exact(m);
                }
                let lengths = [("targets", targets.len()), ("times", times.len())];
                if let Some(&(name, found)) = lengths.iter().find(|(_, found)| *found != m) {
                    return Err(Error::LengthMismatch { name, found, of: "sources", expected: m });
                }
                for start in (0..m).step_by(STEP) {
                    control.step("edges", start as u64, Some(m as u64))?;
                    let part = start..m.min(start + STEP);
                    let edges = StreamEdges {
                        sources: &sources[part.clone()],
                        targets: &targets[part.clone()],
                        times: &times[part],
                    };
                    detector.push(&edges, &mut scores)?;
                }
                detector.finish(&mut scores);
                results.scores = scores.scores.into();
                let times = match detector.level() {
                    Level::Edge => times.clone(),
                    _ => scores.windows.into(),
                };
                results.timestamps = Some(Arc::new(Int64Array::new(times, None)));
                if detector.level() == Level::Edge {
                    results.edges = Some(ends());
                }
            }
        }
        if let Some(labels) = &data.labels {
            let (found, expected) = (labels.len(), results.scores.len());
            if found != expected {
                return Err(Error::LengthMismatch {
                    name: "labels",
                    found,
                    of: "scores",
                    expected,
                });
            }
            results.ground_truth = Some(BooleanArray::from(labels.clone()));
        }
        results.metadata.insert("method_name".into(), self.info.name.into());
        results.metadata.insert("parameters".into(), self.options.clone().into());
        Ok(results)
    }
}
