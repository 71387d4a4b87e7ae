//! Groups of nodes made into one node each, with aggregates of their columns.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema};
use graph_core::{Graph, NodeId};

use super::Table;
use super::rows::no_duplicates;
use crate::expr::Expr;
use crate::topology::{Contract, ContractReport};
use crate::{Control, Result};

/// What is computed of the nodes and edges that become one, each under a name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContractAggregates {
    /// Of the nodes of a group, such as `sum(population)`.
    pub nodes: Vec<(String, Expr)>,
    /// Of the edges between two groups, such as `max(amount)`; these have their ends by id, too.
    pub edges: Vec<(String, Expr)>,
}

/// Columns of numbers of groups, while rows are aggregated.
const KEYS: [&str; 2] = ["graphlume group", "graphlume other group"];

impl Contract {
    /// As [`by_column`](Self::by_column), with aggregates of the columns of nodes and edges behind the columns that there are.
    ///
    /// O(n + m) time for each aggregate, beside that of `by_column`.
    ///
    /// # Errors
    ///
    /// - those of [`by_column`](Self::by_column);
    /// - [`Error::Expression`](crate::Error::Expression) for an aggregate that does not fit the columns;
    /// - [`Error::DuplicateColumn`](crate::Error::DuplicateColumn) for a name that is taken: that of the group, those of the
    ///   ends, `n_nodes`, `n_edges` and `weight` are;
    /// - those of [`collect`](Table::collect).
    pub fn by_column_with(
        &self,
        graph: &Graph,
        column: &str,
        aggregates: &ContractAggregates,
        control: &Control,
    ) -> Result<ContractReport> {
        let ContractReport { graph: contracted, groups } = self.by_column(graph, column)?;
        let names = aggregates.edges.iter().map(|(name, _)| name.as_str());
        no_duplicates(contracted.end_names().into_iter().chain(names))?;
        let nodes = match aggregates.nodes.is_empty() {
            true => contracted.nodes().clone(),
            false => {
                let keys = [groups.clone()];
                let rows = read_by(graph.nodes(), &aggregates.nodes)?;
                let found = aggregated(&rows, keys, &aggregates.nodes, control)?;
                beside(contracted.nodes(), &found)?
            }
        };
        let edges = match aggregates.edges.is_empty() {
            true => contracted.edges().clone(),
            false => {
                let rows = read_by(&graph.edge_table()?, &aggregates.edges)?;
                let (rows, keys) = self.between_groups(graph, &rows, &groups)?;
                let found = aggregated(&rows, keys, &aggregates.edges, control)?;
                beside(contracted.edges(), &found)?
            }
        };
        let (coo, directed) = (contracted.coo().clone(), contracted.is_directed());
        let [source, target] = contracted.end_names();
        let with_columns = Graph::from_parts(nodes, edges, coo, directed)?;
        Ok(ContractReport { graph: with_columns.with_end_names(source, target), groups })
    }

    /// Those of `rows`, one for each edge, that are kept, and the groups that each joins, in the order of an edge of the
    /// contracted graph.
    fn between_groups(
        self,
        graph: &Graph,
        rows: &RecordBatch,
        groups: &[NodeId],
    ) -> Result<(RecordBatch, [Vec<NodeId>; 2])> {
        let coo = graph.coo();
        let ends = coo.sources().iter().zip(coo.targets());
        let ends = ends.map(|(&u, &v)| (groups[u as usize], groups[v as usize]));
        let is_kept = |&(u, v): &(NodeId, NodeId)| self.self_loops || u != v;
        let mask: BooleanArray = ends.clone().map(|ends| Some(is_kept(&ends))).collect();
        let (from, to) = ends
            .filter(is_kept)
            .map(|(u, v)| if graph.is_directed() { (u, v) } else { (u.min(v), u.max(v)) })
            .unzip();
        let rows = filter_record_batch(rows, &mask).map_err(graph_core::Error::from)?;
        Ok((rows, [from, to]))
    }
}

/// The columns of `table` that aggregates read, or all if one of them is not there.
fn read_by(table: &RecordBatch, aggregates: &[(String, Expr)]) -> Result<RecordBatch> {
    let schema = table.schema();
    let read = aggregates.iter().flat_map(|(_, expr)| expr.columns());
    let places: Option<BTreeSet<usize>> =
        read.map(|column| Some(schema.column_with_name(&column.name)?.0)).collect();
    // What is not there is said with the nearest of all names.
    let Some(places) = places else { return Ok(table.clone()) };
    let places: Vec<usize> = places.into_iter().collect();
    Ok(table.project(&places).map_err(graph_core::Error::from)?)
}

/// The aggregates of the rows of equal keys, in the order in which keys first appear: that of the nodes and edges that
/// they become.
fn aggregated<const N: usize>(
    rows: &RecordBatch,
    keys: [Vec<NodeId>; N],
    aggregates: &[(String, Expr)],
    control: &Control,
) -> Result<RecordBatch> {
    let keys = keys.map(|key| Arc::new(UInt32Array::from(key)) as ArrayRef);
    let names = &KEYS[..N];
    let fields = rows.schema();
    let fields = fields.fields().iter().cloned().chain(
        names
            .iter()
            .zip(&keys)
            .map(|(&name, key)| Arc::new(Field::new(name, key.data_type().clone(), false))),
    );
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let columns = rows.columns().iter().cloned().chain(keys).collect();
    let keyed = RecordBatch::try_new(Arc::new(schema), columns).map_err(graph_core::Error::from)?;
    Table::from_batch(keyed)?.group_by(names, aggregates)?.drop(names)?.collect(control)
}

/// The columns of `table`, and behind them those of `more`, which has as many rows.
fn beside(table: &RecordBatch, more: &RecordBatch) -> Result<RecordBatch> {
    let (first, second) = (table.schema(), more.schema());
    let fields = || first.fields().iter().chain(second.fields()).cloned();
    no_duplicates(fields().map(|field| field.name().clone()))?;
    let columns = table.columns().iter().chain(more.columns()).cloned().collect();
    let schema = Arc::new(Schema::new(fields().collect::<Vec<_>>()));
    Ok(RecordBatch::try_new(schema, columns).map_err(graph_core::Error::from)?)
}
