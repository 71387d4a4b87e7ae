//! Parts of one graph, as sets of its nodes and edges, and the columns that steps added.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int32Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema};
use graph_core::Graph;

use super::set::Set;
use crate::Result;
use crate::topology::{table_of, take_rows};

/// What a step leaves of a graph.
///
/// Nothing is copied until the end: nodes and edges are bits over those of `graph`, and columns
/// that steps add are as long as its tables.
#[derive(Debug, Clone)]
pub(super) struct View<'g> {
    pub graph: &'g Graph,
    pub nodes: Set,
    pub edges: Set,
    pub node_columns: Columns,
    pub edge_columns: Columns,
    /// Whether attributes of the nodes are left out.
    pub ids_alone: bool,
}

/// Columns added by steps, with one entry for each node or edge of the whole graph.
pub(super) type Columns = Vec<(String, ArrayRef)>;

impl<'g> View<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        Self {
            graph,
            nodes: Set::full(graph.n_nodes()),
            edges: Set::full(graph.n_edges()),
            node_columns: Vec::new(),
            edge_columns: Vec::new(),
            ids_alone: false,
        }
    }

    pub(super) fn node_table(&self) -> Table<'_> {
        let kind = if self.ids_alone { TableKind::Ids } else { TableKind::Nodes };
        Table { kind, graph: self.graph, added: &self.node_columns }
    }

    pub(super) fn edge_table(&self) -> Table<'_> {
        Table { kind: TableKind::Edges, graph: self.graph, added: &self.edge_columns }
    }

    /// The two tables: ids and attributes of the nodes; ends, by id, and attributes of the edges.
    pub(super) fn collect(&self) -> Result<(RecordBatch, RecordBatch)> {
        let tables = [(self.node_table(), &self.nodes), (self.edge_table(), &self.edges)];
        let mut collected = tables.into_iter().map(|(table, rows)| table.collect(rows));
        match (collected.next(), collected.next()) {
            (Some(nodes), Some(edges)) => Ok((nodes?, edges?)),
            _ => unreachable!("there are two tables"),
        }
    }
}

/// Sets a column, in place of one with that name.
pub(super) fn set_column(columns: &mut Columns, name: &str, values: ArrayRef) {
    match columns.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = values,
        None => columns.push((name.to_owned(), values)),
    }
}

/// A column of yes where `set` has the row.
pub(super) fn flags(set: &Set) -> ArrayRef {
    Arc::new(BooleanArray::new(set.to_mask(), None))
}

/// A column of counts.
pub(super) fn counts(values: Vec<u32>) -> ArrayRef {
    Arc::new(values.into_iter().map(|value| value as i32).collect::<Int32Array>())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TableKind {
    Nodes,
    /// Nodes without their attributes.
    Ids,
    Edges,
}

/// The nodes or the edges of a view, all rows of the whole graph.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    kind: TableKind,
    graph: &'a Graph,
    added: &'a Columns,
}

impl Table<'_> {
    fn attributes(&self) -> RecordBatch {
        match self.kind {
            TableKind::Nodes => self.graph.nodes().clone(),
            TableKind::Ids => {
                self.graph.nodes().project(&[0]).expect("a node table should have an id column")
            }
            TableKind::Edges => self.graph.edges().clone(),
        }
    }

    /// Names of all columns, as they will stand in the result.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self.kind {
            TableKind::Nodes | TableKind::Ids => Vec::new(),
            TableKind::Edges => self.graph.end_names().map(str::to_owned).to_vec(),
        };
        let fields = self.attributes().schema();
        let others = fields.fields().iter().map(|field| field.name());
        for name in others.chain(self.added.iter().map(|(name, _)| name)) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// The column `name`; the ends of edges are looked up by `rows` alone, other rows are null.
    pub(super) fn column(&self, name: &str, rows: &Set) -> Result<Option<ArrayRef>> {
        if let Some((_, column)) = self.added.iter().find(|(known, _)| known == name) {
            return Ok(Some(Arc::clone(column)));
        }
        if self.kind == TableKind::Edges {
            let coo = self.graph.coo();
            for (end, ends) in self.graph.end_names().iter().zip([coo.sources(), coo.targets()]) {
                if *end == name {
                    let ends: UInt32Array = (0..ends.len() as u32)
                        .map(|e| rows.contains(e).then(|| ends[e as usize]))
                        .collect();
                    let ids =
                        take(self.graph.ids(), &ends, None).map_err(graph_core::Error::from)?;
                    return Ok(Some(ids));
                }
            }
        }
        Ok(self.attributes().column_by_name(name).map(Arc::clone))
    }

    fn collect(&self, rows: &Set) -> Result<RecordBatch> {
        let rows = rows.members();
        let mut fields: Vec<Arc<Field>> = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::new();
        let is_added = |name: &str| self.added.iter().any(|(known, _)| known == name);
        if self.kind == TableKind::Edges {
            let coo = self.graph.coo();
            for (name, ends) in self.graph.end_names().iter().zip([coo.sources(), coo.targets()]) {
                let ends: UInt32Array = rows.iter().map(|&e| Some(ends[e as usize])).collect();
                let ids = take(self.graph.ids(), &ends, None).map_err(graph_core::Error::from)?;
                fields.push(Arc::new(Field::new(*name, ids.data_type().clone(), false)));
                columns.push(ids);
            }
        }
        let attributes = self.attributes();
        let kept: Vec<usize> = (0..attributes.num_columns())
            .filter(|&column| !is_added(attributes.schema().field(column).name()))
            .collect();
        let attributes = attributes.project(&kept).map_err(graph_core::Error::from)?;
        let taken = match rows.len() == attributes.num_rows() {
            true => attributes,
            false => take_rows(&attributes, &rows)?,
        };
        fields.extend(taken.schema().fields().iter().cloned());
        columns.extend(taken.columns().iter().cloned());
        let mut added_fields = Vec::new();
        let mut added = Vec::new();
        for (name, column) in self.added {
            added_fields.push(Field::new(name, column.data_type().clone(), true));
            added.push(Arc::clone(column));
        }
        let n_all = match self.kind {
            TableKind::Nodes | TableKind::Ids => self.graph.n_nodes(),
            TableKind::Edges => self.graph.n_edges(),
        };
        let added = take_rows(&table_of(Schema::new(added_fields), added, n_all)?, &rows)?;
        fields.extend(added.schema().fields().iter().cloned());
        columns.extend(added.columns().iter().cloned());
        table_of(Schema::new(fields), columns, rows.len())
    }
}
