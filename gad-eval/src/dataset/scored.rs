//! A dataset as a graph with the scores that a method gave it, to be looked at.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array,
};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use graph_core::{Graph, IdOrder, ReadOptions};

use super::Source;
use super::columns::{NODE, SOURCE, TARGET, TIME, find, need, whole};
use super::loaded::Tables;
use crate::detectors::stream::column_times;
use crate::evaluate::{Sentinels, results_path};
use crate::results::{Level, Results};
use crate::{Error, Result};

/// The column of scores, in the table of nodes and, where edges were scored, in that of edges.
pub const SCORE: &str = "anomaly_score";

/// The column of what is true, where that is known.
pub const TRUTH: &str = "is_anomaly";

/// Columns of nodes that are kept beside the scores, at most: features may be thousands.
const MOST_COLUMNS: usize = 64;

impl Source {
    /// The graph of this dataset with what a method found in it: the columns [`SCORE`] and [`TRUTH`].
    ///
    /// A node, or an edge, that was scored more than once has its highest score, and is an anomaly if it ever was. Where
    /// edges were scored a node has the highest score of its edges. Edges are those that the results name; as many scores
    /// as there are edges, without names or with these names in this order, are of the edges one by one. `experiment` is
    /// a folder with results, in which GraFlag's marks count as no score where GraFlag's runner ran. Edges are in the
    /// order of time. O(n + m) beside reading.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load) and [`Results::read`]; [`Error::BadFile`] if the scores are of whole graphs, or none is of
    /// anything in this dataset; [`Error::LengthMismatch`] if they say nothing of which edges they are of, and are not
    /// as many.
    pub fn scored(&self, experiment: &Path) -> Result<Graph> {
        let path = results_path(experiment)?;
        let mut results = Results::read(&path)?;
        if Sentinels::Auto.are_marks(experiment) {
            results.mask_sentinels();
        }
        let bad = |problem: &str| Error::bad_file(&path, problem.to_owned());
        let graph = plain(self.tables()?)?;
        let keys = texts(graph.ids())?;
        let keys: HashMap<&str, usize> =
            keys.iter().enumerate().filter_map(|(u, key)| Some((key?, u))).collect();
        let mut nodes = Found::new(graph.n_nodes(), &results);
        let mut edges = None;
        match results.result_type.level {
            Level::Node => {
                for (k, node) in scored_nodes(&results, &keys)?.into_iter().enumerate() {
                    nodes.put(node, &results, k);
                }
            }
            Level::Edge => {
                let mut found = Found::new(graph.n_edges(), &results);
                for (k, edge) in scored_edges(&results, &graph, &keys)?.into_iter().enumerate() {
                    found.put(edge, &results, k);
                }
                let coo = graph.coo();
                for (e, (&u, &v)) in coo.sources().iter().zip(coo.targets()).enumerate() {
                    for end in [u, v] {
                        nodes.raise(end as usize, &found, e);
                    }
                }
                edges = Some(found);
            }
            Level::Graph => {
                return Err(bad("its scores are of whole graphs, not of nodes or edges of one"));
            }
        }
        if nodes.scores.iter().all(Option::is_none) {
            return Err(bad("none of its scores is of a node or an edge of the dataset"));
        }
        let graph = match edges {
            Some(edges) => with_edge_columns(&graph, &edges.columns())?,
            None => graph,
        };
        Ok(graph.with_node_columns(nodes.columns())?)
    }
}

/// The graph of the tables as they are, edges in the order of time.
fn plain(tables: Tables) -> Result<Graph> {
    let Tables { edges: (edges, _), nodes, .. } = tables;
    let [source, target] = [need(&edges, SOURCE)?.0, need(&edges, TARGET)?.0].map(str::to_owned);
    let times = find(&edges, TIME).map(|(name, column)| {
        whole(name, column)?;
        column_times(column, name)
    });
    let times = times.transpose()?;
    let is_stream = times.is_some();
    let edges = match times {
        Some(times) if !times.is_sorted() => {
            let mut order: Vec<u64> = (0..times.len() as u64).collect();
            order.sort_by_key(|&edge| times[edge as usize]);
            take_record_batch(&edges, &UInt64Array::from(order))?
        }
        _ => edges,
    };
    let nodes = nodes.map(|(nodes, _)| few_columns(&nodes)).transpose()?;
    let id = nodes.as_ref().map(|nodes| need(nodes, NODE)).transpose()?;
    let options = ReadOptions {
        source: Some(source),
        target: Some(target),
        unweighted: true,
        id: id.map(|(name, _)| name.to_owned()),
        directed: Some(is_stream),
        order: if nodes.is_some() { IdOrder::NodeTable } else { IdOrder::FirstAppearance },
        ..ReadOptions::default()
    };
    Ok(Graph::from_batches([edges], nodes, &options)?)
}

/// A table of nodes without lists, and without the columns beyond the first.
fn few_columns(nodes: &RecordBatch) -> Result<RecordBatch> {
    let fields = nodes.schema_ref().fields().iter().enumerate();
    let plain = fields.filter(|(_, field)| !field.data_type().is_nested()).map(|(at, _)| at);
    let kept: Vec<usize> = plain.take(MOST_COLUMNS).collect();
    Ok(nodes.project(&kept)?)
}

fn texts(column: &ArrayRef) -> Result<StringArray> {
    Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// Where each score lies in its row; in all of them where there are no rows.
fn places(results: &Results) -> Vec<usize> {
    match &results.rows {
        Some(rows) => rows.lengths().flat_map(|length| 0..length).collect(),
        None => (0..results.scores.len()).collect(),
    }
}

/// Of each score which entry of `n_entries` belongs to it: those of all scores, or of a row.
fn entries(results: &Results, n_entries: usize) -> Vec<usize> {
    match n_entries == results.scores.len() {
        true => (0..n_entries).collect(),
        false => places(results),
    }
}

/// The node of each score.
fn scored_nodes(results: &Results, keys: &HashMap<&str, usize>) -> Result<Vec<Option<usize>>> {
    if let Some(ids) = &results.node_ids {
        let ids = texts(ids)?;
        let named: Vec<Option<usize>> = ids.iter().map(|id| keys.get(id?).copied()).collect();
        let at = entries(results, named.len());
        return Ok(at.into_iter().map(|at| named.get(at).copied().flatten()).collect());
    }
    // Without ids scores are of nodes by number: those of the file, if it numbers them, or else of rows.
    let n = keys.len();
    let numbered: Option<Vec<usize>> =
        (0..n).map(|u| keys.get(u.to_string().as_str()).copied()).collect();
    let of = |place: usize| match &numbered {
        Some(numbered) => numbered.get(place).copied(),
        None => Some(place).filter(|&place| place < n),
    };
    Ok(places(results).into_iter().map(of).collect())
}

/// The edge of each score.
fn scored_edges(
    results: &Results,
    graph: &Graph,
    keys: &HashMap<&str, usize>,
) -> Result<Vec<Option<usize>>> {
    let n = results.scores.len();
    let is_each = results.rows.is_none() && n == graph.n_edges();
    let Some(ends) = &results.edges else {
        if is_each {
            return Ok((0..n).map(Some).collect());
        }
        let (of, expected) = ("the table of edges of the dataset", graph.n_edges());
        return Err(Error::LengthMismatch { name: "scores", found: n, of, expected });
    };
    let (sources, targets) = (texts(&ends.sources)?, texts(&ends.targets)?);
    let node = |id: Option<&str>| keys.get(id?).copied();
    let pairs = sources.iter().zip(targets.iter());
    let pairs: Vec<_> =
        pairs.map(|(source, target)| Some([node(source)?, node(target)?])).collect();
    let coo = graph.coo();
    let edges = coo.sources().iter().zip(coo.targets()).map(|(&u, &v)| [u as usize, v as usize]);
    let is_same = |(pair, [u, v]): (&Option<[usize; 2]>, [usize; 2])| {
        *pair == Some([u, v]) || (!graph.is_directed() && *pair == Some([v, u]))
    };
    // Of parallel edges the place alone tells which one is meant.
    if is_each && pairs.len() == n && pairs.iter().zip(edges.clone()).all(is_same) {
        return Ok((0..n).map(Some).collect());
    }
    let mut first: HashMap<[usize; 2], usize> = HashMap::with_capacity(graph.n_edges());
    for (e, ends) in edges.enumerate() {
        first.entry(ends).or_insert(e);
    }
    let edge = |&pair: &Option<[usize; 2]>| {
        let [u, v] = pair?;
        let other = || first.get(&[v, u]).filter(|_| !graph.is_directed());
        first.get(&[u, v]).or_else(other).copied()
    };
    let named: Vec<Option<usize>> = pairs.iter().map(edge).collect();
    let at = entries(results, named.len());
    Ok(at.into_iter().map(|at| named.get(at).copied().flatten()).collect())
}

/// The highest score of each thing, and whether it ever was an anomaly.
struct Found {
    scores: Vec<Option<f64>>,
    truth: Option<Vec<Option<bool>>>,
}

impl Found {
    fn new(n: usize, results: &Results) -> Self {
        let truth = results.ground_truth.as_ref().map(|_| vec![None; n]);
        Self { scores: vec![None; n], truth }
    }

    /// Takes score `k` as one of `at`.
    fn put(&mut self, at: Option<usize>, results: &Results, k: usize) {
        let Some(at) = at else { return };
        let score = results.scores.is_valid(k).then(|| results.scores.value(k));
        let truth = results.ground_truth.as_ref().filter(|truth| truth.is_valid(k));
        self.more(at, score, truth.map(|truth| truth.value(k)));
    }

    /// Takes what `other` found of `from` as something of `at`.
    fn raise(&mut self, at: usize, other: &Self, from: usize) {
        let truth = other.truth.as_ref().and_then(|truth| truth[from]);
        self.more(at, other.scores[from], truth);
    }

    fn more(&mut self, at: usize, score: Option<f64>, truth: Option<bool>) {
        if let Some(score) = score.filter(|score| score.is_finite()) {
            let before = self.scores[at].unwrap_or(f64::NEG_INFINITY);
            self.scores[at] = Some(before.max(score));
        }
        if let (Some(all), Some(truth)) = (&mut self.truth, truth) {
            all[at] = Some(truth || all[at] == Some(true));
        }
    }

    fn columns(self) -> Vec<(String, ArrayRef)> {
        let scores: ArrayRef = Arc::new(Float64Array::from(self.scores));
        let truth = self.truth.map(|truth| {
            let truth: ArrayRef = Arc::new(BooleanArray::from(truth));
            (TRUTH.to_owned(), truth)
        });
        std::iter::once((SCORE.to_owned(), scores)).chain(truth).collect()
    }
}

/// The graph with columns of edges before those that it has; one of the same name is replaced.
fn with_edge_columns(graph: &Graph, columns: &[(String, ArrayRef)]) -> Result<Graph> {
    let old = graph.edges();
    let is_new = |name: &str| columns.iter().any(|(new, _)| new == name);
    let mut fields: Vec<Arc<Field>> = columns
        .iter()
        .map(|(name, column)| Arc::new(Field::new(name, column.data_type().clone(), true)))
        .collect();
    let mut arrays: Vec<ArrayRef> = columns.iter().map(|(_, column)| Arc::clone(column)).collect();
    for (field, array) in old.schema_ref().fields().iter().zip(old.columns()) {
        if !is_new(field.name()) {
            fields.push(Arc::clone(field));
            arrays.push(Arc::clone(array));
        }
    }
    let edges = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    let [source, target] = graph.end_names();
    let coo = graph.coo().clone();
    let with = Graph::from_parts(graph.nodes().clone(), edges, coo, graph.is_directed())?;
    Ok(with.with_end_names(source, target))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use arrow::datatypes::Float64Type;

    use super::*;

    /// A dataset and an experiment with these files.
    fn place(files: &[(&str, &str)]) -> (tempfile::TempDir, Source) {
        let root = tempfile::tempdir().unwrap();
        for folder in ["d", "e"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        for (name, text) in files {
            fs::write(root.path().join(name), text).unwrap();
        }
        let source = Source::find(root.path().join("d").to_str().unwrap()).unwrap();
        (root, source)
    }

    fn scores(table: &RecordBatch) -> Vec<Option<f64>> {
        let column = table.column_by_name(SCORE).unwrap();
        column.as_primitive::<Float64Type>().iter().collect()
    }

    #[test]
    fn scores_of_nodes_come_to_their_ids() {
        let (root, source) = place(&[
            ("d/edges.csv", "src,dst\n10,20\n20,30\n"),
            ("d/nodes.csv", "node_id,label\n30,0\n20,1\n10,0\n"),
            (
                "e/results.json",
                r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [0.1, 0.9, null], "ground_truth": [0, 1, 0],
                    "node_ids": [10, 20, 30]}"#,
            ),
        ]);
        let graph = source.scored(&root.path().join("e")).unwrap();
        assert_eq!(
            texts(graph.ids()).unwrap().iter().flatten().collect::<Vec<_>>(),
            ["30", "20", "10"]
        );
        assert_eq!(scores(graph.nodes()), [None, Some(0.9), Some(0.1)]);
        let truth = graph.nodes().column_by_name(TRUTH).unwrap().as_boolean().clone();
        assert_eq!(truth.iter().collect::<Vec<_>>(), [Some(false), Some(true), Some(false)]);
        assert!(graph.nodes().column_by_name("label").is_some());
    }

    #[test]
    fn without_ids_scores_are_of_numbers_and_the_highest_of_all_times_counts() {
        let (root, source) = place(&[
            ("d/edges.csv", "src,dst,ts\n2,1,0\n0,1,1\n"),
            (
                "e/results.json",
                r#"{"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": [[0.5, 0.2, 0.1], [0.3, 0.4]],
                    "timestamps": [0, 1]}"#,
            ),
        ]);
        let graph = source.scored(&root.path().join("e")).unwrap();
        assert_eq!(
            texts(graph.ids()).unwrap().iter().flatten().collect::<Vec<_>>(),
            ["2", "1", "0"]
        );
        assert_eq!(scores(graph.nodes()), [Some(0.1), Some(0.4), Some(0.5)]);
        assert!(graph.nodes().column_by_name(TRUTH).is_none() && graph.is_directed());
    }

    #[test]
    fn scores_of_a_stream_are_of_edges_in_the_order_of_time() {
        let stream = r#"{"result_type": "EDGE_STREAM_ANOMALY_SCORES", "scores": [1, 2, 3], "ground_truth": [0, 0, 1],
                         "timestamps": [1, 2, 3]}"#;
        let (root, source) = place(&[
            ("d/edges.csv", "src,dst,ts\na,b,3\nb,c,1\nc,d,2\n"),
            ("e/results.json", stream),
        ]);
        let graph = source.scored(&root.path().join("e")).unwrap();
        assert_eq!(scores(&graph.edge_table().unwrap()), [Some(1.0), Some(2.0), Some(3.0)]);
        let by_id: HashMap<String, Option<f64>> = texts(graph.ids())
            .unwrap()
            .iter()
            .flatten()
            .map(str::to_owned)
            .zip(scores(graph.nodes()))
            .collect();
        let expected = [("a", 3.0), ("b", 3.0), ("c", 2.0), ("d", 2.0)];
        assert!(expected.iter().all(|(id, score)| by_id[*id] == Some(*score)), "{by_id:?}");

        let few = stream.replace("[1, 2, 3]", "[1, 2]").replace("[0, 0, 1]", "[0, 0]");
        fs::write(root.path().join("e/results.json"), &few).unwrap();
        let error = source.scored(&root.path().join("e")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "scores has 2 entries, but the table of edges of the dataset has 3"
        );
        let named = few.replace("\"scores\"", r#""edges": [["c", "d"], ["x", "y"]], "scores""#);
        fs::write(root.path().join("e/results.json"), named).unwrap();
        let graph = source.scored(&root.path().join("e")).unwrap();
        assert_eq!(scores(&graph.edge_table().unwrap()), [None, Some(1.0), None]);
    }

    #[test]
    fn scores_of_something_else_are_refused() {
        let (root, source) = place(&[
            ("d/edges.csv", "src,dst\na,b\n"),
            ("e/results.json", r#"{"result_type": "GRAPH_ANOMALY_SCORES", "scores": [1]}"#),
        ]);
        let problem = || source.scored(&root.path().join("e")).unwrap_err().to_string();
        assert!(problem().contains("scores are of whole graphs"));
        let strangers =
            r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [1], "node_ids": ["z"]}"#;
        fs::write(root.path().join("e/results.json"), strangers).unwrap();
        assert!(problem().contains("none of its scores"));
    }
}
