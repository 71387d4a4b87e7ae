//! Parts of one graph, as sets of its nodes and edges, and the columns that steps added.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int32Array, RecordBatch};
use arrow::datatypes::{Field, Schema};
#[cfg(feature = "serde")]
use graph_core::Coo;
use graph_core::{Graph, gather};
use rayon::prelude::*;

use super::ends::{End, EndsMemo};
use super::set::Set;
use crate::Result;
use crate::topology::{Direction, table_of};

/// What a step leaves of a graph.
///
/// Nothing is copied until the end: nodes and edges are bits over those of `graph`, and columns
/// that steps add are as long as its tables.
#[derive(Debug, Clone)]
pub(super) struct View<'g> {
    pub graph: GraphOf<'g>,
    pub nodes: Set,
    pub edges: Set,
    pub node_columns: Columns,
    pub edge_columns: Columns,
    /// Whether attributes of the nodes are left out.
    pub ids_alone: bool,
    /// Rows that stand in place of nodes and edges, once a call has made them.
    pub rows: Option<RecordBatch>,
    /// What the pattern of the chain was asked of, for calls behind it that ask for paths.
    pub before: Option<Arc<View<'g>>>,
    memo: Arc<EndsMemo>,
}

/// The graph of the query, or one that a call made of it.
#[derive(Debug, Clone)]
pub(super) enum GraphOf<'g> {
    Query(&'g Graph),
    Made(Arc<Graph>),
}

impl std::ops::Deref for GraphOf<'_> {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        match self {
            Self::Query(graph) => graph,
            Self::Made(graph) => graph,
        }
    }
}

/// Columns added by steps, with one entry for each node or edge of the whole graph.
pub(super) type Columns = Vec<(String, ArrayRef)>;

static NONE: Columns = Vec::new();

impl<'g> View<'g> {
    pub(super) fn new(graph: GraphOf<'g>) -> Self {
        Self {
            nodes: Set::full(graph.n_nodes()),
            edges: Set::full(graph.n_edges()),
            graph,
            node_columns: Vec::new(),
            edge_columns: Vec::new(),
            ids_alone: false,
            rows: None,
            before: None,
            memo: Arc::default(),
        }
    }

    /// The graph that paths are looked for in.
    pub(super) fn base(&self) -> &Self {
        self.before.as_deref().unwrap_or(self)
    }

    /// The nodes that are this end of some edge of `edges`, remembered for the next time.
    pub(super) fn ends(&self, edges: &Set, end: End) -> Set {
        self.memo.nodes(self.graph.coo(), edges, end)
    }

    /// The nodes that are an end of some edge of `edges`.
    pub(super) fn both_ends(&self, edges: &Set) -> Set {
        let mut nodes = self.ends(edges, End::Source);
        nodes |= &self.ends(edges, End::Target);
        nodes
    }

    /// The nodes that edges of `edges` leave from, in `direction`.
    pub(super) fn left(&self, edges: &Set, direction: Direction) -> Set {
        match direction {
            Direction::Forward => self.ends(edges, End::Source),
            Direction::Reverse => self.ends(edges, End::Target),
            Direction::Both => self.both_ends(edges),
        }
    }

    pub(super) fn node_table(&self) -> Table<'_> {
        let kind = if self.ids_alone { TableKind::Ids } else { TableKind::Nodes };
        Table { kind, graph: &self.graph, added: &self.node_columns }
    }

    /// `rows` as a table that can be filtered.
    pub(super) fn table_of_rows<'a>(&'a self, rows: &'a RecordBatch) -> Table<'a> {
        Table { kind: TableKind::Rows(rows), graph: &self.graph, added: &NONE }
    }

    pub(super) fn edge_table(&self) -> Table<'_> {
        Table { kind: TableKind::Edges, graph: &self.graph, added: &self.edge_columns }
    }

    /// The graph of the nodes and edges of this view and the ends of these edges, with a direction
    /// or without, and the nodes and edges that its own are here.
    #[cfg(feature = "serde")]
    pub(super) fn part(&self, directed: bool) -> Result<(Graph, Vec<u32>, Vec<u32>)> {
        let mut nodes = self.nodes.clone();
        nodes |= &self.both_ends(&self.edges);
        let (nodes, edges) = (nodes.members(), self.edges.members());
        let mut new = vec![0; self.nodes.len()];
        for (place, &u) in nodes.iter().enumerate() {
            new[u as usize] = place as u32;
        }
        let coo = self.graph.coo();
        let end = |ends: &[u32]| edges.iter().map(|&e| new[ends[e as usize] as usize]).collect();
        let (sources, targets) = (end(coo.sources()), end(coo.targets()));
        let weights = coo.weights().map(|w| edges.iter().map(|&e| w[e as usize]).collect());
        let coo = Coo::new(nodes.len(), sources, targets, weights)?;
        let ids = gather(self.graph.ids(), &nodes)?;
        let field = self.graph.nodes().schema().field(0).clone();
        let ids = table_of(Schema::new(vec![field]), vec![ids], nodes.len())?;
        let none = table_of(Schema::empty(), vec![], edges.len())?;
        Ok((Graph::from_parts(ids, none, coo, directed)?, nodes, edges))
    }

    /// The two tables: ids and attributes of the nodes; ends, by id, and attributes of the edges.
    pub(super) fn collect(&self) -> Result<(RecordBatch, RecordBatch)> {
        if let Some(rows) = &self.rows {
            let edges = self.edge_table().collect(&Set::empty(self.edges.len()))?;
            return Ok((rows.clone(), edges));
        }
        let (nodes, edges) = rayon::join(
            || self.node_table().collect(&self.nodes),
            || self.edge_table().collect(&self.edges),
        );
        Ok((nodes?, edges?))
    }

    /// Weights of the edges that [`collect`](Self::collect) gives, if edges have weights.
    pub(super) fn weights(&self) -> Option<Vec<f32>> {
        let weights = self.graph.coo().weights()?;
        Some(match (&self.rows, self.edges.is_full()) {
            (Some(_), _) => Vec::new(),
            (None, true) => weights.to_vec(),
            (None, false) => self.edges.members().iter().map(|&e| weights[e as usize]).collect(),
        })
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
    let values: Vec<i32> = values.into_iter().map(|value| value as i32).collect();
    Arc::new(Int32Array::from(values))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum TableKind<'a> {
    Nodes,
    /// Nodes without their attributes.
    Ids,
    Edges,
    /// A table of its own.
    Rows(&'a RecordBatch),
}

/// The nodes or the edges of a view, all rows of the whole graph.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    kind: TableKind<'a>,
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
            TableKind::Rows(rows) => rows.clone(),
        }
    }

    /// Names of all columns, as they will stand in the result.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self.kind {
            TableKind::Nodes | TableKind::Ids | TableKind::Rows(_) => Vec::new(),
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

    /// The column `name`, all rows.
    pub(super) fn column(&self, name: &str) -> Result<Option<ArrayRef>> {
        if let Some((_, column)) = self.added.iter().find(|(known, _)| known == name) {
            return Ok(Some(Arc::clone(column)));
        }
        if self.kind == TableKind::Edges
            && let Some(end) = self.graph.end_names().iter().position(|end| *end == name)
        {
            return Ok(Some(Arc::clone(self.graph.end_ids()?[end])));
        }
        Ok(self.attributes().column_by_name(name).map(Arc::clone))
    }

    /// The rows `rows` of all columns. What is whole is shared, not copied.
    pub(super) fn collect(&self, rows: &Set) -> Result<RecordBatch> {
        let all = rows.is_full();
        let members = if all { Vec::new() } else { rows.members() };
        let pick = |column: &ArrayRef| match all {
            true => Ok(Arc::clone(column)),
            false => gather(column, &members),
        };
        let mut fields: Vec<Arc<Field>> = Vec::new();
        let mut sources: Vec<Column> = Vec::new();
        if self.kind == TableKind::Edges {
            let coo = self.graph.coo();
            let id_type = self.graph.ids().data_type();
            for (name, ends) in self.graph.end_names().iter().zip([coo.sources(), coo.targets()]) {
                fields.push(Arc::new(Field::new(*name, id_type.clone(), false)));
                sources.push(Column::Ends(fields.len() - 1, ends));
            }
        }
        let attributes = self.attributes();
        let is_added = |name: &str| self.added.iter().any(|(known, _)| known == name);
        for (field, column) in attributes.schema().fields().iter().zip(attributes.columns()) {
            if !is_added(field.name()) {
                fields.push(Arc::clone(field));
                sources.push(Column::Values(Arc::clone(column)));
            }
        }
        for (name, column) in self.added {
            fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
            sources.push(Column::Values(Arc::clone(column)));
        }
        let columns: Vec<ArrayRef> = sources
            .par_iter()
            .map(|source| match source {
                Column::Values(column) => pick(column),
                Column::Ends(end, _) if all => Ok(Arc::clone(self.graph.end_ids()?[*end])),
                Column::Ends(_, ends) => {
                    let ends: Vec<u32> = members.iter().map(|&e| ends[e as usize]).collect();
                    gather(self.graph.ids(), &ends)
                }
            })
            .collect::<Result<_, _>>()?;
        let n_rows = if all { rows.len() } else { members.len() };
        table_of(Schema::new(fields), columns, n_rows)
    }
}

/// Where a column of a result comes from.
enum Column<'a> {
    /// Its values, all rows.
    Values(ArrayRef),
    /// The ids of these nodes, which are the source (0) or the target (1) of every edge.
    Ends(usize, &'a [u32]),
}
