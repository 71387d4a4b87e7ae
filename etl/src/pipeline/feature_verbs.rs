//! The verbs between rows of numbers and graphs, as steps.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float32Array, Float64Array, RecordBatch, RecordBatchOptions, UInt32Array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{Field, Schema};
use arrow::row::{RowConverter, SortField};
use graph_core::{Graph, NodeId, ReadOptions};

use super::graph_verbs::{config, direction, graph_of, graph_options};
use super::section::{Result, Section};
use super::verb::{Holds, Reader, Rows, Takes, Verb};
use crate::Error;
use crate::error::nearest;
use crate::features::{
    Features, Hnsw, MostSimilar, NO_NODE, NearestNeighbors, RandomWalks, Similarity, Umap,
    similarity,
};
use crate::table::Table;
use crate::topology::{Merge, Undirected};

/// All verbs between rows of numbers and graphs.
pub(super) const VERBS: &[Reader] = &[
    ("nearest_neighbors", nearest_neighbors),
    ("umap", umap),
    ("random_walks", random_walks),
    ("most_similar", most_similar),
    ("similarity", similarity_of_pairs),
];

/// Columns of a table as features.
fn features(table: &RecordBatch, columns: &[String]) -> crate::Result<Features> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    Features::from_columns(table, &columns)
}

/// The entries of `ids` with these numbers.
fn taken(ids: &ArrayRef, numbers: Vec<u32>) -> crate::Result<ArrayRef> {
    let numbers = UInt32Array::from(numbers);
    Ok(take(ids, &numbers, None).map_err(graph_core::Error::from)?)
}

/// A table of columns.
fn table(columns: Vec<(&str, ArrayRef)>) -> crate::Result<Table> {
    let options = RecordBatchOptions::new().with_row_count(Some(0));
    let nothing = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options);
    with_columns(&nothing.map_err(graph_core::Error::from)?, columns)
}

/// `rows` with columns behind those that it has, whose names may not be taken.
fn with_columns(rows: &RecordBatch, columns: Vec<(&str, ArrayRef)>) -> crate::Result<Table> {
    let schema = rows.schema();
    let (mut fields, mut arrays) = (schema.fields().to_vec(), rows.columns().to_vec());
    for (name, column) in columns {
        if schema.column_with_name(name).is_some() {
            return Err(Error::DuplicateColumn { column: name.into() });
        }
        // What could be null is known before there are rows.
        fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
        arrays.push(column);
    }
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays);
    Table::from_batch(rows.map_err(graph_core::Error::from)?)
}

/// The number in `ids` of each of `asked`, if it is there.
pub(super) fn numbers_in(ids: &ArrayRef, asked: &ArrayRef) -> crate::Result<Vec<Option<NodeId>>> {
    let wrap = |error| Error::from(graph_core::Error::from(error));
    let asked = cast(asked, ids.data_type()).map_err(wrap)?;
    let field = SortField::new(ids.data_type().clone());
    let converter = RowConverter::new(vec![field]).map_err(wrap)?;
    let known = converter.convert_columns(std::slice::from_ref(ids)).map_err(wrap)?;
    let asked = converter.convert_columns(&[asked]).map_err(wrap)?;
    let numbers: HashMap<&[u8], NodeId> = known.iter().map(|row| row.data()).zip(0..).collect();
    Ok(asked.iter().map(|row| numbers.get(row.data()).copied()).collect())
}

/// How nearest neighbors are found.
enum Nearest {
    Exact(NearestNeighbors),
    Approximate(Hnsw),
}

fn unknown(table: &RecordBatch, name: &str) -> Error {
    let schema = table.schema();
    let nearest = nearest(name, schema.fields().iter().map(|field| field.name().as_str()));
    Error::Unknown { kind: "column", name: name.into(), nearest }
}

/// Rows and the rows most like them, as edges.
fn nearest_neighbors(section: &Section) -> Result<Verb> {
    let columns = section.need_texts("columns")?;
    let id = section.text("id")?;
    let search = match section.flag("approximate")?.unwrap_or(false) {
        true => Nearest::Approximate(config(section, "nearest_neighbors")?),
        false => Nearest::Exact(config(section, "nearest_neighbors")?),
    };
    let (k, text) = match &search {
        Nearest::Exact(options) => (options.k, format!("{} of each row", options.k)),
        Nearest::Approximate(options) => {
            (options.k, format!("{} of each row, nearly always the nearest", options.k))
        }
    };
    let verb = Verb::new("nearest_neighbors", text, move |tables, control| {
        let rows = tables[0].collect(control)?;
        let features = features(&rows, &columns)?;
        let ids = match &id {
            Some(id) => Arc::clone(rows.column_by_name(id).ok_or_else(|| unknown(&rows, id))?),
            None => Arc::new(UInt32Array::from_iter_values(0..rows.num_rows() as u32)),
        };
        let found = match &search {
            Nearest::Exact(options) => options.run(&features, control)?,
            Nearest::Approximate(options) => options.run(&features, control)?,
        };
        let sources =
            (0..found.n_rows as u32).flat_map(|row| std::iter::repeat_n(row, found.k)).collect();
        table(vec![
            ("source", taken(&ids, sources)?),
            ("target", taken(&ids, found.neighbors)?),
            ("distance", Arc::new(Float32Array::from(found.distances))),
        ])
    });
    Ok(verb.rows(Rows::Times(k.into())).holds(Holds::Everything))
}

/// Rows as points of the plane: two more columns.
fn umap(section: &Section) -> Result<Verb> {
    let columns = section.need_texts("columns")?;
    let options: Umap = config(section, "umap")?;
    let text = format!("{} columns to x, y", columns.len());
    let verb = Verb::new("umap", text, move |tables, control| {
        let rows = tables[0].collect(control)?;
        let found = options.run(&features(&rows, &columns)?, control)?;
        let column = |values| Arc::new(Float32Array::from(values)) as ArrayRef;
        with_columns(&rows, vec![("x", column(found.x)), ("y", column(found.y))])
    });
    Ok(verb.holds(Holds::Everything))
}

/// A row for each node of each walk.
fn random_walks(section: &Section) -> Result<Verb> {
    let graph = graph_options(section)?;
    let options: RandomWalks = config(section, "random_walks")?;
    let (count, length) = (options.walks_per_node, options.length);
    let text = format!("{}, {count} of {length} nodes from each", direction(&graph));
    let verb = Verb::new("random_walks", text, move |tables, control| {
        let graph = graph_of(tables, &graph, control)?;
        let walks = options.run(graph.out_edges(), control)?;
        let visited = walks.nodes.iter().zip(0_usize..).filter(|&(&node, _)| node != NO_NODE);
        let (nodes, places): (Vec<NodeId>, Vec<usize>) = visited.unzip();
        let part = |part: fn(usize, usize) -> usize| -> ArrayRef {
            let numbers = places.iter().map(|&place| part(place, walks.length) as u32);
            Arc::new(UInt32Array::from_iter_values(numbers))
        };
        let (walk, step) = (part(|place, length| place / length), part(|at, length| at % length));
        table(vec![("walk", walk), ("step", step), ("node", taken(graph.ids(), nodes)?)])
    });
    // A node for each edge, twice, is a bound that only trees come near to.
    let most = u64::from(count).saturating_mul(length.into()).saturating_mul(2);
    Ok(verb.takes(Takes::OneOrTwo).rows(Rows::Times(most)).holds(Holds::Everything))
}

/// How the graph is read whose nodes are compared, and whether its weights count.
fn compared(section: &Section) -> Result<(ReadOptions, bool)> {
    let graph = graph_options(section)?;
    let weighted = section.flag("weighted")?.unwrap_or(false);
    match (weighted, &graph.weight, graph.unweighted) {
        (false, Some(_), _) => Err(section.bad("weight", "counts with `weighted = true` alone")),
        (true, _, true) => {
            Err(section.bad("no_weight", "leaves out what `weighted = true` asks for"))
        }
        _ => Ok((ReadOptions { unweighted: !weighted, ..graph }, weighted)),
    }
}

/// The neighbors that are compared; weights of parallel edges, and of both directions, add up.
fn neighbors(graph: &Graph, weighted: bool) -> crate::Result<Undirected> {
    if weighted && graph.n_edges() > 0 && graph.coo().weights().is_none() {
        let allowed = "false on a graph without weights";
        return Err(Error::BadOption { option: "weighted", value: "true".into(), allowed });
    }
    Ok(Undirected::new(graph, if weighted { Merge::Sum } else { Merge::Unit }))
}

/// Nodes and the nodes most like them, as edges.
fn most_similar(section: &Section) -> Result<Verb> {
    let (graph, weighted) = compared(section)?;
    let options: MostSimilar = config(section, "most_similar")?;
    let k = options.k;
    let verb = Verb::new("most_similar", format!("{k} of each node"), move |tables, control| {
        let graph = graph_of(tables, &graph, control)?;
        let found = options.run(&neighbors(&graph, weighted)?, control)?;
        let rows = found.offsets.windows(2).zip(0_u32..);
        let sources =
            rows.flat_map(|(row, node)| std::iter::repeat_n(node, row[1] - row[0])).collect();
        table(vec![
            ("source", taken(graph.ids(), sources)?),
            ("target", taken(graph.ids(), found.targets)?),
            ("similarity", Arc::new(Float64Array::from(found.scores))),
        ])
    });
    let most = u64::from(k).saturating_mul(2);
    Ok(verb.takes(Takes::OneOrTwo).rows(Rows::Times(most)).holds(Holds::Everything))
}

/// What `similarity` takes besides the options of graphs.
#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Pairs {
    measure: Similarity,
}

/// How alike the ends of pairs are: the pairs in the second table, in the graph of the first.
fn similarity_of_pairs(section: &Section) -> Result<Verb> {
    let (graph, weighted) = compared(section)?;
    let Pairs { measure }: Pairs = config(section, "similarity")?;
    let text = format!("{measure:?} of pairs");
    // Pairs have no weights that could count.
    let of_pairs = ReadOptions { weight: None, unweighted: true, ..graph.clone() };
    let verb = Verb::new("similarity", text, move |tables, control| {
        let edges = graph_of(&tables[..1], &graph, control)?;
        let pairs = graph_of(&tables[1..], &of_pairs, control)?;
        let numbers = numbers_in(edges.ids(), pairs.ids())?;
        let ends = pairs.coo().sources().iter().zip(pairs.coo().targets());
        let ends = ends.map(|(&u, &v)| numbers[u as usize].zip(numbers[v as usize]));
        let ends: Vec<Option<(NodeId, NodeId)>> = ends.collect();
        let (sources, targets): (Vec<_>, Vec<_>) = ends.iter().flatten().copied().unzip();
        let graph = neighbors(&edges, weighted)?;
        let scores = similarity(&graph, measure, &sources, &targets, control)?;
        let mut scores = scores.into_iter();
        let scores: Float64Array =
            ends.iter().map(|ends| ends.and_then(|_| scores.next())).collect();
        with_columns(&pairs.edge_table()?, vec![("similarity", Arc::new(scores))])
    });
    Ok(verb.takes(Takes::Two).rows(Rows::Unknown).holds(Holds::Everything))
}
