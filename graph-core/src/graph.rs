//! The whole graph: node table, edge table, and the adjacency built from them.

use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema};

use crate::{Coo, Csr, Error, Result, disjoint, gather};

/// Nodes with external ids and attributes, edges with attributes, and adjacency.
///
/// | part      | shape         | meaning                                                        |
/// |-----------|---------------|----------------------------------------------------------------|
/// | `nodes`   | `n` rows      | column 0 is the external id, the others are attributes         |
/// | `edges`   | `m` rows      | attribute columns of the edges (the ends are in `coo`)         |
/// | `coo`     | `[m]` columns | dense sources, targets and `f32` weights, in input order       |
/// | `out`     | CSR           | out-edges; both directions when undirected; built on first use |
/// | `in`      | CSR           | in-edges; built on first use                                   |
/// | `end_ids` | `[m]` columns | external ids of sources and targets; built on first use        |
///
/// Multi-edges and self-loops are kept as they came in.
#[derive(Debug, Clone)]
pub struct Graph {
    nodes: RecordBatch,
    edges: RecordBatch,
    coo: Coo,
    directed: bool,
    end_names: [String; 2],
    out_edges: OnceLock<Csr>,
    in_edges: OnceLock<Csr>,
    end_ids: OnceLock<[ArrayRef; 2]>,
}

impl Graph {
    /// A graph over `coo` whose external ids are `0..n` and which has no attributes.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    ///
    /// let coo = Coo::new(3, vec![0, 1], vec![1, 2], None)?;
    /// let path = Graph::from_coo(coo, false);
    /// assert_eq!(path.out_edges().neighbors(1), [0, 2]);
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the graph is undirected and both directions of its edges are more than `u32::MAX`;
    /// [`from_parts`](Self::from_parts) makes that an error.
    pub fn from_coo(coo: Coo, directed: bool) -> Self {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..coo.n_nodes() as i64));
        let schema = Schema::new(vec![Field::new("id", DataType::Int64, false)]);
        let nodes = RecordBatch::try_new(Arc::new(schema), vec![ids])
            .expect("one column should match its own schema");
        let edges = no_columns(coo.n_edges());
        Self::from_parts(nodes, edges, coo, directed).expect("edges should be few enough")
    }

    /// Joins tables with adjacency over the same nodes and edges.
    ///
    /// `nodes` has `n` rows with the external ids in column 0; `edges` has `m` rows of attributes.
    ///
    /// # Errors
    ///
    /// - [`Error::LengthMismatch`] if the row counts differ from those of `coo`;
    /// - [`Error::MissingColumn`] if `nodes` has no column;
    /// - [`Error::TooManyDirections`] if the graph is undirected and both directions of its edges
    ///   are more than `u32::MAX`.
    pub fn from_parts(
        nodes: RecordBatch,
        edges: RecordBatch,
        coo: Coo,
        directed: bool,
    ) -> Result<Self> {
        Self::from_parts_within(u32::MAX, nodes, edges, coo, directed)
    }

    /// [`from_parts`](Self::from_parts) with `limit` in place of `u32::MAX`.
    pub(crate) fn from_parts_within(
        limit: u32,
        nodes: RecordBatch,
        edges: RecordBatch,
        coo: Coo,
        directed: bool,
    ) -> Result<Self> {
        if nodes.num_columns() == 0 {
            return Err(Error::MissingColumn { column: "id".to_owned(), available: vec![] });
        }
        let counts = [
            ("nodes", nodes.num_rows(), coo.n_nodes()),
            ("edges", edges.num_rows(), coo.n_edges()),
        ];
        for (column, found, expected) in counts {
            if found != expected {
                return Err(Error::LengthMismatch { column: column.to_owned(), found, expected });
            }
        }
        if !directed {
            coo.check_directions(limit)?;
        }
        Ok(Self {
            nodes,
            edges,
            coo,
            directed,
            end_names: ["source".to_owned(), "target".to_owned()],
            out_edges: OnceLock::new(),
            in_edges: OnceLock::new(),
            end_ids: OnceLock::new(),
        })
    }

    /// The same graph, with the names that its end columns have in [`edge_table`](Self::edge_table).
    pub fn with_end_names(mut self, source: &str, target: &str) -> Self {
        self.end_names = [source.to_owned(), target.to_owned()];
        self
    }

    /// Names of the source and the target column in [`edge_table`](Self::edge_table).
    pub fn end_names(&self) -> [&str; 2] {
        [&self.end_names[0], &self.end_names[1]]
    }

    /// Number of nodes `n`.
    pub fn n_nodes(&self) -> usize {
        self.coo.n_nodes()
    }

    /// Number of edges `m`, each undirected edge counted once.
    pub fn n_edges(&self) -> usize {
        self.coo.n_edges()
    }

    /// Whether edges have a direction.
    pub fn is_directed(&self) -> bool {
        self.directed
    }

    /// Node table, `n` rows: the external id in column 0, then the attributes.
    pub fn nodes(&self) -> &RecordBatch {
        &self.nodes
    }

    /// Edge attributes, `m` rows, without the two end columns.
    pub fn edges(&self) -> &RecordBatch {
        &self.edges
    }

    /// External ids, shape `[n]`; entry `u` is the key that a user knows node `u` by.
    pub fn ids(&self) -> &ArrayRef {
        self.nodes.column(0)
    }

    /// Dense edge columns in input order.
    pub fn coo(&self) -> &Coo {
        &self.coo
    }

    /// Out-edges by source; both directions if the graph is undirected. Built on first use.
    pub fn out_edges(&self) -> &Csr {
        self.out_edges.get_or_init(|| {
            if self.directed {
                Csr::from_coo(&self.coo)
            } else {
                Csr::from_undirected_coo(&self.coo)
            }
        })
    }

    /// In-edges by target; the same as [`out_edges`](Self::out_edges) if undirected. Built on
    /// first use.
    pub fn in_edges(&self) -> &Csr {
        if !self.directed {
            return self.out_edges();
        }
        self.in_edges.get_or_init(|| Csr::from_reversed_coo(&self.coo))
    }

    /// Number of edge ends at each node, shape `[n]`; a self-loop counts twice.
    pub fn degrees(&self) -> Vec<u32> {
        let mut degrees = vec![0; self.n_nodes()];
        for &u in self.coo.sources().iter().chain(self.coo.targets()) {
            degrees[u as usize] += 1;
        }
        degrees
    }

    /// Node attribute `name` (or the id column), shape `[n]`.
    ///
    /// # Errors
    ///
    /// [`Error::MissingColumn`], which lists the columns there are.
    pub fn node_column(&self, name: &str) -> Result<&ArrayRef> {
        self.nodes.column_by_name(name).ok_or_else(|| Error::MissingColumn {
            column: name.to_owned(),
            available: self.nodes.schema().fields().iter().map(|f| f.name().clone()).collect(),
        })
    }

    /// The same graph with node columns set: a column of the same name is replaced, others are
    /// put directly behind the id, in the order given.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if a column does not have `n` entries; [`Error::IdColumn`] for the
    /// name of the ids.
    pub fn with_node_columns(
        mut self,
        columns: impl IntoIterator<Item = (String, ArrayRef)>,
    ) -> Result<Self> {
        let schema = self.nodes.schema();
        let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
        let mut arrays = self.nodes.columns().to_vec();
        let mut at = 1;
        for (name, array) in columns {
            if array.len() != self.n_nodes() {
                let (found, expected) = (array.len(), self.n_nodes());
                return Err(Error::LengthMismatch { column: name, found, expected });
            }
            if let Some(old) = fields.iter().position(|field| field.name() == &name) {
                if old == 0 {
                    return Err(Error::IdColumn { column: name });
                }
                fields.remove(old);
                arrays.remove(old);
                at -= usize::from(old < at);
            }
            let nullable = array.null_count() > 0;
            fields.insert(at, Arc::new(Field::new(name, array.data_type().clone(), nullable)));
            arrays.insert(at, array);
            at += 1;
        }
        self.nodes = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        Ok(self)
    }

    /// External ids of the source and of the target of every edge, shape `[m]` each. Built on first
    /// use in O(m) time, and kept: 16 bytes an edge where ids are integers.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`] if the ids of all edges together overflow their Arrow type.
    pub fn end_ids(&self) -> Result<[&ArrayRef; 2]> {
        let ends = match self.end_ids.get() {
            Some(ends) => ends,
            None => {
                let ends = [self.coo.sources(), self.coo.targets()];
                let [sources, targets] = ends.map(|ends| gather(self.ids(), ends));
                let ends = [sources?, targets?];
                self.end_ids.get_or_init(|| ends)
            }
        };
        Ok([&ends[0], &ends[1]])
    }

    /// The whole edge table, `m` rows: external ids of source and target, then the attributes.
    ///
    /// O(m) time and space; nothing is cached.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`] if the ids of all edges together overflow their Arrow type.
    pub fn edge_table(&self) -> Result<RecordBatch> {
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (name, ends) in self.end_names.iter().zip([self.coo.sources(), self.coo.targets()]) {
            let ids = gather(self.ids(), ends)?;
            // One node may have no id: that of all whose group has none.
            let may_be_missing = 0 < ids.null_count();
            fields.push(Arc::new(Field::new(name, ids.data_type().clone(), may_be_missing)));
            arrays.push(ids);
        }
        fields.extend(self.edges.schema().fields().iter().cloned());
        arrays.extend(self.edges.columns().iter().cloned());
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }

    /// Weakly connected component of every node, shape `[n]`, and their number.
    ///
    /// Components are numbered by the smallest node in them. O(n + m α(n)) time, in parallel.
    pub fn components(&self) -> (Vec<u32>, usize) {
        self.components_unless(&|| false).expect("nothing should stop the search")
    }

    /// [`components`](Self::components), or `None` soon after `stopped` has become true.
    pub fn components_unless(
        &self,
        stopped: &(dyn Fn() -> bool + Sync),
    ) -> Option<(Vec<u32>, usize)> {
        disjoint::components(self.n_nodes(), self.coo.sources(), self.coo.targets(), stopped)
    }
}

/// A table of `rows` rows without columns.
pub(crate) fn no_columns(rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options)
        .expect("no columns should match no schema")
}

#[cfg(test)]
mod tests {
    use arrow::array::Float32Array;

    use super::*;

    fn two_pieces() -> Graph {
        Graph::from_coo(Coo::new(5, vec![3, 1, 1], vec![4, 0, 1], None).unwrap(), true)
    }

    #[test]
    fn components_are_numbered_by_their_smallest_node() {
        assert_eq!(two_pieces().components(), (vec![0, 0, 1, 2, 2], 3));
    }

    #[test]
    fn a_self_loop_counts_twice_in_the_degree() {
        assert_eq!(two_pieces().degrees(), [1, 3, 0, 1, 1]);
    }

    #[test]
    fn ends_of_edges_are_known_by_their_ids() {
        let graph = two_pieces();
        let table = graph.edge_table().unwrap();
        for ends in [graph.end_ids().unwrap(), graph.clone().end_ids().unwrap()] {
            assert_eq!(ends[0].as_ref(), &Int64Array::from(vec![3, 1, 1]));
            assert_eq!([table.column(0), table.column(1)], ends);
        }
    }

    #[test]
    fn in_edges_are_the_reversed_out_edges() {
        let graph = two_pieces();
        assert_eq!(graph.in_edges().neighbors(1), [1]);
        assert_eq!(graph.in_edges().neighbors(4), [3]);
        assert_eq!(graph.out_edges().neighbors(4), [] as [u32; 0]);
    }

    #[test]
    fn positions_come_right_behind_the_id_and_replace_old_ones() {
        let column = |value: f32| Arc::new(Float32Array::from(vec![value; 5])) as ArrayRef;
        let graph = two_pieces()
            .with_node_columns([("x".to_owned(), column(1.0)), ("y".to_owned(), column(2.0))])
            .unwrap()
            .with_node_columns([("x".to_owned(), column(3.0))])
            .unwrap();
        let schema = graph.nodes().schema();
        let names: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["id", "x", "y"]);
        assert_eq!(graph.node_column("x").unwrap().as_ref(), column(3.0).as_ref());
    }

    #[test]
    fn a_missing_column_lists_the_columns_there_are() {
        let error = two_pieces().node_column("color").unwrap_err();
        assert_eq!(error.to_string(), "there is no column `color`; the columns are `id`");
    }
}
