//! A dataset in memory: what detectors see, and the truth that they do not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, UInt64Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int64Type};
use graph_core::Control;
use serde::Serialize;

use super::Description;
use super::columns::{
    IS_TEST, KIND, LABEL, NODE, SOURCE, TARGET, TIME, features, find, kinds, labels, need, number,
    whole,
};
use crate::detectors::stream::column_times;
use crate::detectors::{Configured, Dataset, DetectorInfo};
use crate::results::{AnomalyKinds, EdgeEnds, Level, Results, Timing};
use crate::{Error, Result};

/// What a dataset is read from: tables, and the files that they are in, for messages.
pub(super) struct Tables {
    pub edges: (RecordBatch, PathBuf),
    pub nodes: Option<(RecordBatch, PathBuf)>,
    pub description: Description,
}

/// A dataset that native detectors can run over.
#[derive(Debug, Clone)]
pub struct Loaded {
    name: String,
    data: Dataset,
    /// Ids of nodes and ends of edges as the file has them, where these are not their numbers.
    node_ids: Option<ArrayRef>,
    ends: Option<EdgeEnds>,
    nodes: Option<Truth>,
    edges: Option<Truth>,
    description: Description,
    facts: Facts,
}

/// What is known of rows.
#[derive(Debug, Clone)]
struct Truth {
    labels: BooleanArray,
    kinds: Option<AnomalyKinds>,
}

/// What is in a dataset.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// Number of nodes.
    pub n_nodes: usize,
    /// Number of edges.
    pub n_edges: usize,
    /// Number of features of a node.
    pub n_features: usize,
    /// How many nodes have a label, and how many of these are anomalies.
    pub labelled_nodes: Option<(usize, usize)>,
    /// How many edges have a label, and how many of these are anomalies.
    pub labelled_edges: Option<(usize, usize)>,
    /// Kinds of anomalies, where more than one is told apart.
    pub kinds: Vec<String>,
    /// First and last time.
    pub span: Option<(i64, i64)>,
    /// Whether edges had to be put in the order of time.
    pub was_unsorted: bool,
    /// Columns of the files that nothing is made of.
    pub ignored: Vec<String>,
}

impl Loaded {
    pub(super) fn new(name: &str, tables: Tables) -> Result<Self> {
        let Tables { edges: (edges, edges_path), nodes: nodes_table, description } = tables;
        if edges.num_rows() == 0 {
            return Err(Error::bad_file(&edges_path, "it has no rows"));
        }
        let node_table = nodes_table.as_ref().map(|(nodes, path)| (nodes, path.as_path()));
        let nodes = node_table
            .map(|(nodes, path)| NodeRows::read(nodes).map_err(|error| in_file(path, error)))
            .transpose()?;
        let read = || Self::assemble(name, &edges, nodes.as_ref(), description);
        let mut loaded = read().map_err(|error| in_file(&edges_path, error))?;
        if let Some(NodeRows { features, truth, ignored, .. }) = nodes {
            loaded.facts.n_features = features.as_ref().map_or(0, |features| features.n_columns());
            loaded.facts.ignored.extend(ignored);
            loaded.data.features = features;
            loaded.nodes = truth;
        }
        loaded.facts.labelled_nodes = loaded.nodes.as_ref().map(Truth::counts);
        loaded.facts.labelled_edges = loaded.edges.as_ref().map(Truth::counts);
        let truths = [&loaded.nodes, &loaded.edges];
        let kinds = truths.into_iter().flatten().filter_map(|truth| truth.kinds.as_ref());
        loaded.facts.kinds = kinds.flat_map(|kinds| kinds.names().to_vec()).collect();
        Ok(loaded)
    }

    fn assemble(
        name: &str,
        edges: &RecordBatch,
        nodes: Option<&NodeRows>,
        description: Description,
    ) -> Result<Self> {
        let times = find(edges, TIME).map(|(name, column)| {
            whole(name, column)?;
            column_times(column, name)
        });
        let times = times.transpose()?;
        let order = times.as_ref().filter(|times| !times.is_sorted()).map(|times| {
            let mut order: Vec<u64> = (0..times.len() as u64).collect();
            order.sort_by_key(|&edge| times[edge as usize]);
            UInt64Array::from(order)
        });
        // Labels and ids are checked in the rows that they have in the file.
        let (source, target) = (need(edges, SOURCE)?, need(edges, TARGET)?);
        let numbered =
            number(nodes.map(|nodes| (nodes.name.as_str(), &nodes.ids)), source, target)?;
        let truth = Truth::of(edges)?;
        let sorted = |column: ArrayRef| match &order {
            Some(order) => take(&column, order, None),
            None => Ok(column),
        };
        let ends = numbered.changed.then(|| {
            let (sources, targets) = (sorted(source.1.clone())?, sorted(target.1.clone())?);
            Ok::<_, Error>(EdgeEnds { sources, targets })
        });
        let place = |place: usize| match &order {
            Some(order) => order.value(place) as usize,
            None => place,
        };
        let permuted = |values: ScalarBuffer<u64>| match &order {
            Some(_) => (0..values.len()).map(|at| values[place(at)]).collect(),
            None => values,
        };
        let times: Option<ScalarBuffer<i64>> = times.map(|times| match &order {
            Some(_) => (0..times.len()).map(|at| times[place(at)]).collect(),
            None => times.into(),
        });
        let truth = match truth {
            Some(Truth { labels, kinds }) => Some(Truth {
                labels: sorted(Arc::new(labels))?.as_boolean().clone(),
                kinds: kinds.map(|kinds| match &order {
                    Some(_) => kinds.permuted(place),
                    None => kinds,
                }),
            }),
            None => None,
        };
        let used = [SOURCE, TARGET, TIME, LABEL, KIND, IS_TEST].concat();
        let fields = edges.schema_ref().fields().iter().map(|field| field.name().clone());
        let facts = Facts {
            n_nodes: numbered.n_nodes,
            n_edges: edges.num_rows(),
            n_features: 0,
            labelled_nodes: None,
            labelled_edges: None,
            kinds: Vec::new(),
            span: times.as_ref().and_then(|times| Some((*times.first()?, *times.last()?))),
            was_unsorted: order.is_some(),
            ignored: fields.filter(|name| !used.contains(&name.to_lowercase().as_str())).collect(),
        };
        Ok(Self {
            name: name.to_owned(),
            data: Dataset {
                n_nodes: numbered.n_nodes,
                sources: permuted(numbered.sources),
                targets: permuted(numbered.targets),
                times,
                features: None,
                labels: None,
            },
            node_ids: nodes.filter(|_| numbered.changed).map(|nodes| nodes.ids.clone()),
            ends: ends.transpose()?,
            nodes: None,
            edges: truth,
            description,
            facts,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is in it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What is said of it.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// What detectors see of it.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Why `detector` cannot run over it, if it cannot.
    pub fn lacks(&self, detector: &DetectorInfo) -> Option<&'static str> {
        match () {
            () if detector.needs_features && self.data.features.is_none() => {
                Some("its nodes have no features")
            }
            () if detector.needs_times && self.data.times.is_none() => {
                Some("its edges have no times")
            }
            () => None,
        }
    }

    /// Why results of `detector` cannot be judged, if they cannot.
    pub fn lacks_truth(&self, detector: &DetectorInfo) -> Option<&'static str> {
        let (nodes, edges) = (self.nodes.is_none(), self.edges.is_none());
        match (detector.result_type.level, detector.result_type.timing) {
            (Level::Node, Timing::Static) => nodes.then_some("its nodes have no labels"),
            _ => edges.then_some("its edges have no labels"),
        }
    }

    /// Runs `detector`, and puts ids and what is true beside its scores.
    ///
    /// A window of time is anomalous if at least [`Description::window_anomalies`] of its edges are.
    /// A node in a window is if one of its edges there is; nodes without edges there have no label.
    ///
    /// # Errors
    ///
    /// As [`Configured::run`].
    pub fn run(&self, detector: &Configured, control: &Control<'_>) -> Result<Results> {
        let mut results = detector.run(&self.data, control)?;
        let info = detector.info();
        match (info.result_type.level, info.result_type.timing) {
            (Level::Node, Timing::Static) => {
                results.node_ids.clone_from(&self.node_ids);
                if let Some(truth) = &self.nodes {
                    truth.put(&mut results);
                }
            }
            (Level::Edge, _) => {
                if let Some(ends) = &self.ends {
                    results.edges = Some(ends.clone());
                }
                if let Some(truth) = &self.edges {
                    truth.put(&mut results);
                }
            }
            (level, _) => {
                if level == Level::Node {
                    results.node_ids.clone_from(&self.node_ids);
                }
                self.put_derived(level, &mut results);
            }
        }
        results.metadata.insert("dataset".into(), self.name.clone().into());
        Ok(results)
    }

    /// Labels of windows, or of nodes in them, from those of their edges.
    fn put_derived(&self, level: Level, results: &mut Results) {
        let (Some(truth), Some(times), Some(begins)) =
            (&self.edges, &self.data.times, &results.timestamps)
        else {
            return;
        };
        let begins = begins.as_primitive::<Int64Type>().values();
        let (sources, targets) = (&self.data.sources, &self.data.targets);
        let is_node = level == Level::Node;
        let width = if is_node { self.data.n_nodes } else { 1 };
        // How many anomalies there are; whether anything is known.
        let mut found = vec![(0_usize, false); begins.len() * width];
        let mut window = 0;
        for (edge, &time) in times.iter().enumerate() {
            while begins.get(window + 1).is_some_and(|&next| next <= time) {
                window += 1;
            }
            if truth.labels.is_null(edge) || begins.is_empty() {
                continue;
            }
            let anomaly = usize::from(truth.labels.value(edge));
            let ends = [sources[edge] as usize, targets[edge] as usize];
            let places = if is_node { &ends[..] } else { &[0] };
            for place in places {
                let entry = &mut found[window * width + place];
                *entry = (entry.0 + anomaly, true);
            }
        }
        let least = if is_node { 1 } else { self.description.window_anomalies.max(1) };
        let labels = found.iter().map(|&(anomalies, known)| known.then_some(least <= anomalies));
        results.ground_truth = Some(labels.collect());
    }
}

/// What the table of nodes says.
struct NodeRows {
    name: String,
    ids: ArrayRef,
    features: Option<crate::detectors::nodes::Features>,
    truth: Option<Truth>,
    ignored: Vec<String>,
}

impl NodeRows {
    fn read(nodes: &RecordBatch) -> Result<Self> {
        let (name, ids) = need(nodes, NODE)?;
        let truth = Truth::of(nodes)?;
        let mut used = vec![name];
        used.extend([LABEL, KIND, IS_TEST].concat());
        let (features, ignored) = features(nodes, &used)?;
        Ok(Self { name: name.to_owned(), ids: ids.clone(), features, truth, ignored })
    }
}

impl Truth {
    /// Labels and kinds in the columns of a table. Rows that are no test have no label to be judged by.
    fn of(rows: &RecordBatch) -> Result<Option<Self>> {
        let kinds_of = |(name, column): (&str, &ArrayRef)| kinds(name, column);
        let kinds = find(rows, KIND).map(kinds_of).transpose()?.flatten();
        let found = match (find(rows, LABEL), find(rows, &["label_raw"])) {
            (Some((name, column)), _) => labels(name, column)?,
            (None, Some((name, column))) => {
                let numbers = cast(column, &DataType::Int64)?;
                whole(name, &numbers)?;
                let numbers: &Int64Array = numbers.as_primitive();
                numbers.values().iter().map(|&bits| Some(0 < bits)).collect()
            }
            (None, None) => return Ok(None),
        };
        let found = match find(rows, IS_TEST) {
            None => found,
            Some((name, column)) => {
                whole(name, column)?;
                let test = labels(name, column)?;
                let both = found.iter().zip(test.iter());
                both.map(|(label, test)| label.filter(|_| test == Some(true))).collect()
            }
        };
        Ok(Some(Self { labels: found, kinds }))
    }

    /// How many are labelled, and how many of these are anomalies.
    fn counts(&self) -> (usize, usize) {
        (self.labels.len() - self.labels.null_count(), self.labels.true_count())
    }

    fn put(&self, results: &mut Results) {
        results.ground_truth = Some(self.labels.clone());
        results.anomaly_kinds = self.kinds.as_ref().map(|kinds| kinds.of_anomalies(&self.labels));
    }
}

/// The error with the file that it is about, if it does not say so itself.
fn in_file(path: &Path, error: Error) -> Error {
    match error {
        Error::BadFile { .. } | Error::File { .. } => error,
        error => Error::bad_file(path, error.to_string()),
    }
}
