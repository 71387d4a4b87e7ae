//! Tables in memory: what library users and the readers of whole-file formats hand over.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::ingest::LIMIT;
use crate::ingest::assemble::{Assembly, NodeTable};
use crate::ingest::columns::id_column;
use crate::ingest::factorize::{CodedEdges, EdgePlan, code_edges};
use crate::{Graph, ReadOptions, Result};

/// What a reader of a format that is held in memory as a whole hands on.
///
/// Both tables keep every attribute; ids are external ids, not yet mapped to nodes.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Edge rows in file order, all of one schema, with the end columns `source` and `target`.
    pub edges: Vec<RecordBatch>,
    /// Node rows in file order with the ids in column 0, if the format lists nodes.
    pub nodes: Option<RecordBatch>,
    /// Whether the file says that its edges have a direction.
    pub directed: Option<bool>,
}

/// The schema of a file that lists no edges.
pub(crate) fn no_edges() -> SchemaRef {
    let end = |name: &str| Field::new(name, DataType::Null, false);
    Arc::new(Schema::new(vec![end("source"), end("target")]))
}

/// The edges of batches that all have `schema`.
pub(crate) fn code_batches(
    schema: SchemaRef,
    batches: impl IntoIterator<Item = RecordBatch, IntoIter: Send>,
    options: &ReadOptions,
    limit: u32,
) -> Result<CodedEdges> {
    let plan = EdgePlan::new(schema, options)?;
    let mut batches = batches.into_iter();
    code_edges(plan, limit, || Ok(batches.next()), |batch| Ok(std::iter::once(Ok(batch))))
}

/// One table out of many of the same schema.
pub(crate) fn concat_rows(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<RecordBatch> {
    Ok(concat_batches(schema, rows)?)
}

/// `rows` as nodes, with the id column that `wanted` names or that has a known name.
pub(crate) fn node_table(rows: RecordBatch, wanted: Option<&str>) -> Result<NodeTable> {
    let names: Vec<String> =
        rows.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
    let id = id_column(&names, wanted)?;
    Ok(NodeTable { rows, id, lines: None, from_text: false, file: None })
}

impl Graph {
    /// A graph from Arrow tables of edges and, if there is one, of nodes.
    ///
    /// All batches of edges have one schema. Columns, order, direction and the treatment of
    /// nulls are those of `options`, as in [`read`](crate::read); options about files are not
    /// looked at. Edges are undirected unless the options say otherwise. Nodes that only the
    /// node table names come last, in its order.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use arrow::array::{ArrayRef, RecordBatch, StringArray};
    /// use graph_core::{Graph, ReadOptions};
    ///
    /// let column = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    /// let edges = RecordBatch::try_from_iter([
    ///     ("source", column(["ann", "bob"])),
    ///     ("target", column(["bob", "eve"])),
    ///     ("since", column(["2019", "2021"])),
    /// ])?;
    /// let graph = Graph::from_batches([edges], None, &ReadOptions::default())?;
    /// assert_eq!((graph.n_nodes(), graph.n_edges()), (3, 2));
    /// assert_eq!(graph.out_edges().neighbors(1), [0, 2]);
    /// assert_eq!(graph.edges().schema().field(0).name(), "since");
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read`](crate::read) that concern columns, ids, weights and counts.
    pub fn from_batches(
        edges: impl IntoIterator<Item = RecordBatch, IntoIter: Send>,
        nodes: Option<RecordBatch>,
        options: &ReadOptions,
    ) -> Result<Self> {
        let mut edges = edges.into_iter().peekable();
        let schema = edges.peek().map_or_else(no_edges, RecordBatch::schema);
        let coded = code_batches(schema, edges, options, LIMIT)?;
        let nodes = nodes.map(|rows| node_table(rows, options.id.as_deref())).transpose()?;
        let assembly = Assembly {
            order: options.order,
            directed: options.directed.unwrap_or(false),
            drop_null: options.drop_null,
            limit: LIMIT,
        };
        Ok(assembly.assemble(coded, None, nodes)?.graph)
    }
}
