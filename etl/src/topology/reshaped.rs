//! Graphs made of rows of other graphs: what every change of shape ends in.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema};
use graph_core::{Coo, Graph, IdOrder, NodeId, ReadOptions, gather};
use rayon::prelude::*;

use crate::{Error, Result};

/// A graph made out of another, and where its nodes and edges come from.
///
/// | array   | shape  | meaning                                                          |
/// |---------|--------|------------------------------------------------------------------|
/// | `nodes` | `[n']` | for each node of `graph`, the node of the old graph that it was   |
/// | `edges` | `[m']` | for each edge of `graph`, the old edge that it has attributes of  |
///
/// External ids and attributes are those of these rows; the names of the end columns stay.
#[derive(Debug, Clone)]
pub struct Reshaped {
    /// The new graph.
    pub graph: Graph,
    /// Old node of each new one.
    pub nodes: Vec<NodeId>,
    /// Old edge of each new one.
    pub edges: Vec<u32>,
}

/// Stands for a node that is not in the new graph.
pub(super) const GONE: NodeId = NodeId::MAX;

/// The graph of the nodes `nodes`, in this order, and the edges `edges`, in this order.
///
/// No node is listed twice, and both ends of every listed edge are among the listed nodes.
pub(super) fn select(graph: &Graph, nodes: Vec<NodeId>, edges: Vec<u32>) -> Result<Reshaped> {
    let coo = graph.coo();
    let new = new_numbers(graph.n_nodes(), &nodes);
    let end = |ends: &[NodeId]| edges.par_iter().map(|&e| new[ends[e as usize] as usize]).collect();
    let (sources, targets) = (end(coo.sources()), end(coo.targets()));
    let weights = coo.weights().map(|w| edges.par_iter().map(|&e| w[e as usize]).collect());
    let coo = Coo::new(nodes.len(), sources, targets, weights)?;
    let node_table = take_rows(graph.nodes(), &nodes)?;
    let edge_table = take_rows(graph.edges(), &edges)?;
    let graph = join(graph, node_table, edge_table, coo, graph.is_directed())?;
    Ok(Reshaped { graph, nodes, edges })
}

/// The graph over all nodes that has the edges `sources → targets`, with the attributes of `edges`.
pub(super) fn rewire(
    graph: &Graph,
    edges: Vec<u32>,
    ends: (Vec<NodeId>, Vec<NodeId>),
    weights: Option<Vec<f32>>,
    directed: bool,
) -> Result<Reshaped> {
    let mut edge_table = take_rows(graph.edges(), &edges)?;
    if let Some(weights) = &weights
        && let Some(column) = weight_column(graph)?
    {
        edge_table = with_weights(&edge_table, column, weights)?;
    }
    let coo = Coo::new(graph.n_nodes(), ends.0, ends.1, weights)?;
    let graph_of = join(graph, graph.nodes().clone(), edge_table, coo, directed)?;
    let nodes = (0..graph.n_nodes() as NodeId).collect();
    Ok(Reshaped { graph: graph_of, nodes, edges })
}

/// A graph with the end names of `like`.
pub(super) fn join(
    like: &Graph,
    nodes: RecordBatch,
    edges: RecordBatch,
    coo: Coo,
    directed: bool,
) -> Result<Graph> {
    let [source, target] = like.end_names();
    Ok(Graph::from_parts(nodes, edges, coo, directed)?.with_end_names(source, target))
}

/// Tables that were taken out of graphs as a graph: column `id` of `nodes` has the ids, the first two of
/// `edges` are the ends. Edges weigh `weights`, or nothing, whatever columns of them are called; nodes keep
/// their order.
pub(crate) fn of_tables(
    id: usize,
    nodes: RecordBatch,
    edges: RecordBatch,
    weights: Option<Vec<f32>>,
    directed: bool,
) -> Result<Graph> {
    let name = |table: &RecordBatch, at: usize| {
        table.schema_ref().fields().get(at).map(|field| field.name().clone())
    };
    let options = ReadOptions {
        source: name(&edges, 0),
        target: name(&edges, 1),
        unweighted: true,
        id: name(&nodes, id),
        directed: Some(directed),
        order: IdOrder::NodeTable,
        ..ReadOptions::default()
    };
    let graph = Graph::from_batches([edges], Some(nodes), &options)?;
    if weights.is_none() {
        return Ok(graph);
    }
    let (sources, targets) = (graph.coo().sources().to_vec(), graph.coo().targets().to_vec());
    let coo = Coo::new(graph.n_nodes(), sources, targets, weights)?;
    join(&graph, graph.nodes().clone(), graph.edges().clone(), coo, directed)
}

/// For each of `n` old nodes its place in `nodes`, or [`GONE`].
pub(super) fn new_numbers(n: usize, nodes: &[NodeId]) -> Vec<NodeId> {
    let mut new = vec![GONE; n];
    for (place, &u) in nodes.iter().enumerate() {
        new[u as usize] = place as NodeId;
    }
    new
}

/// The rows `rows` of `table`, in this order; columns are gathered in parallel.
fn take_rows(table: &RecordBatch, rows: &[u32]) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> =
        table.columns().par_iter().map(|column| gather(column, rows)).collect::<Result<_, _>>()?;
    table_of(table.schema().as_ref().clone(), columns, rows.len())
}

/// A table that may have no columns.
pub(crate) fn table_of(
    schema: Schema,
    columns: Vec<ArrayRef>,
    n_rows: usize,
) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)
        .map_err(|error| Error::from(graph_core::Error::from(error)))
}

/// The edge attribute that the weights of `graph` came from: the one called `weight`, or else the
/// first, that as `f32` is equal to them everywhere.
pub(super) fn weight_column(graph: &Graph) -> Result<Option<usize>> {
    let Some(weights) = graph.coo().weights().filter(|weights| !weights.is_empty()) else {
        return Ok(None);
    };
    let schema = graph.edges().schema();
    let mut candidates: Vec<usize> =
        (0..schema.fields().len()).filter(|&c| schema.field(c).data_type().is_numeric()).collect();
    candidates.sort_by_key(|&column| !schema.field(column).name().eq_ignore_ascii_case("weight"));
    for column in candidates {
        let array = graph.edges().column(column);
        if array.null_count() > 0 {
            continue;
        }
        let array = cast(array, &DataType::Float32).map_err(graph_core::Error::from)?;
        if array.as_primitive::<Float32Type>().values()[..] == *weights {
            return Ok(Some(column));
        }
    }
    Ok(None)
}

/// `table` with `column` saying what edges weigh now. What has not changed stays as it is to the last digit, which weights
/// have fewer of; the type stays if it holds the new values.
fn with_weights(table: &RecordBatch, column: usize, weights: &[f32]) -> Result<RecordBatch> {
    let old = table.column(column);
    let as_type = |array: &ArrayRef, to| cast(array, to).map_err(graph_core::Error::from);
    let singles = as_type(old, &DataType::Float32)?;
    let singles = singles.as_primitive::<Float32Type>().values();
    if singles[..] == *weights {
        return Ok(table.clone());
    }
    let doubles = as_type(old, &DataType::Float64)?;
    let doubles = doubles.as_primitive::<Float64Type>().values();
    let new = weights.iter().zip(singles.iter().zip(doubles));
    let new = new.map(|(&weight, (&single, &double))| match weight == single {
        true => double,
        false => f64::from(weight),
    });
    let new: ArrayRef = Arc::new(Float64Array::from_iter_values(new));
    let of_old_type = as_type(&new, old.data_type())?;
    let is_lossless = of_old_type.null_count() == 0
        && (old.data_type().is_floating() || *as_type(&of_old_type, &DataType::Float64)? == *new);
    let new = if is_lossless { of_old_type } else { new };
    let mut fields: Vec<_> = table.schema().fields().iter().cloned().collect();
    let mut columns = table.columns().to_vec();
    fields[column] = Arc::new(Field::new(fields[column].name(), new.data_type().clone(), false));
    columns[column] = new;
    table_of(Schema::new(fields), columns, weights.len())
}
