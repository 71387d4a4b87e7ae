//! GFQL: chains of node and edge patterns over a graph, in `PyGraphistry`'s wire form.
//!
//! A query is JSON: what a client of Graphistry sends to its server, which is a chain of steps or a
//! `Let` of named chains. [`Gfql::parse`] reads and checks it, [`Gfql::run`] answers it. Nothing
//! here needs polars: conditions are masks over Arrow columns, and hops are bits over the dense
//! ids of the graph, so that intermediate results are two bits an element and no tables.
//!
//! | of the language | done |
//! |---|---|
//! | `Chain`, lists of steps, request bodies with `gfql_query` or `gfql_operations` | yes |
//! | `Node`, `Edge` in three directions, hops, ranges and labels of hops, names | yes |
//! | filters: values, lists, all predicates, tagged dates and times | yes |
//! | `…query` strings of pandas | comparisons of columns with values and lists, `isna()`, `and`, `or`, `not` |
//! | `Let`, `Ref`, nested | yes |
//! | calls: degrees, filters by dict, `materialize_nodes`, `hop`, `keep_nodes`, `drop_nodes`, `prune_self_edges`, `get_topological_levels`, `collapse`, `umap` of nodes, `hypergraph`, `name`, `description`, `encode_…` | yes |
//! | calls on rows: `rows` of nodes, of edges, of edges with their ends, or of paths, `where_rows`, `select`, `return_`, `with_`, `order_by`, `skip`, `limit`, `distinct`, `group_by`, `unwind`, `count_table`, `drop_cols`, `fill_empty_row`, `search_any`, `semi_apply_mark`, `anti_semi_apply`, `join_apply` | yes |
//! | `compute_igraph`, `compute_cugraph` | algorithms that are among our measures; of cuGraph also `jaccard`, `overlap`, `sorensen` and `k_core`; names and parameters are checked when the query is read (feature `serde`) |
//! | `where` of a chain: comparisons between columns of two named steps | yes; not with columns of edge steps of several hops |
//! | other calls, `RemoteGraph`, arithmetic and functions in query strings | refused by name |
//!
//! Answers are those of the client's own `gfql` with pandas, with these differences. A node that is
//! kept only because an edge names it has its attributes, where the client leaves them null, and
//! is not in named steps, where the client says null. Columns whose names the client reserves
//! (`__gfql_…`) are left out, and labels of hops come out under any name, not only such as
//! contain `hop`. Regular expressions have no look-around and no back-references. Predicates in
//! the parameters of calls are predicates, where the client takes them for values. A node that only
//! edges name is a node like others. Rows keep the order of the graph. With
//! `where`, only what is on a path that meets all conditions is there; the client keeps more if it
//! compares steps that no edge joins. Rows of paths have columns of steps with names alone; the
//! client leaves some of its joins there, too. `collapse` adds the columns that it names clusters in,
//! and leaves ids and ends as they are; the client makes texts of them, and takes the new columns in
//! their place. `umap` takes columns of numbers and nothing else, as they are: what text or times are worth, the client's
//! featurizers guess; its points are other points than those of umap-learn, near where these are near.
//! Similarities of cuGraph are of the edges that a query has left, in both directions, with parallel
//! ones as one; an edge whose ends have no neighbor in common has none, since cuGraph has scores of
//! pairs that are two hops apart. `k_core` of cuGraph leaves its edges and all nodes; that of igraph,
//! of which the client writes the text of one graph beside each node, is refused.

mod call;
mod chain;
mod collapse;
mod encodings;
mod ends;
mod error;
mod filter;
mod hop;
#[cfg(feature = "serde")]
mod measure;
mod parse;
mod paths;
mod query;
mod rows;
mod run;
mod set;
mod temporal;
#[cfg(test)]
mod tests;
mod tokens;
mod umap;
mod view;
mod walks;

use std::collections::HashMap;
use std::fmt;

use arrow::array::RecordBatch;
use graph_core::Graph;

pub use error::{QueryError, QueryProblem};

use crate::error::hint;
use crate::topology::of_tables;
use crate::{Control, Result};

/// How large a query may be; more is refused before any work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of JSON.
    pub bytes: usize,
    /// Levels of nesting in the JSON.
    pub depth: usize,
    /// Steps in all chains together.
    pub steps: usize,
    /// Hops of one edge step, where a number is given.
    pub hops: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 64, steps: 1000, hops: 10_000 }
    }
}

/// What becomes of a condition on a column that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Absent {
    /// The column counts as null in every row, and a [`Warning`] says so.
    #[default]
    Null,
    /// It is an error.
    Refuse,
}

/// Something in a query that is likely not meant so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where in the query.
    pub path: String,
    /// The column that does not exist.
    pub column: String,
    /// The most similar name of a column, if one is similar.
    pub nearest: Option<String>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, column, nearest } = self;
        let hint = hint(nearest.as_deref());
        write!(f, "{path}: there is no column `{column}`, so it counts as empty{hint}")
    }
}

/// A setting of the picture that a query asks for, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoding {
    /// The function, such as `encode_point_color`.
    pub function: String,
    /// Its parameters.
    pub params: serde_json::Value,
}

/// The answer to a query.
#[derive(Debug, Clone)]
pub struct GfqlReport {
    /// Nodes: the id, attributes, a Boolean column for each named node step, added columns.
    pub nodes: RecordBatch,
    /// Edges: source and target by id, attributes, a Boolean column for each named edge step.
    pub edges: RecordBatch,
    /// Weights of these edges, shape `[m]`; `None` if the graph that they are of has none.
    pub weights: Option<Vec<f32>>,
    /// The name that the query gives the result.
    pub name: Option<String>,
    /// The description that the query gives it.
    pub description: Option<String>,
    /// Settings of the picture, in the order of the calls.
    pub encodings: Vec<Encoding>,
    /// What is likely not meant so.
    pub warnings: Vec<Warning>,
    /// The column of the nodes that has their ids, if they are nodes.
    id: usize,
}

/// A query that has been read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Gfql {
    query: query::Query,
}

impl Gfql {
    /// Reads a query from JSON. Names, types and ranges of everything that does not depend on a
    /// graph are checked, and regular expressions are compiled. O(size) time.
    ///
    /// # Errors
    ///
    /// [`Error::Query`](crate::Error::Query), which says where in the text and what.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self> {
        Ok(Self { query: parse::parse(text, limits)? })
    }

    /// Answers the query over `graph`, whose edges are taken as from source to target.
    ///
    /// Of a `Let` it is what its `output` stands for, or else the last binding. Each hop of a step
    /// costs a look at every edge, a few nanoseconds, in parallel; hops without an end cost what
    /// they meet. The result does not depend on the number of threads.
    ///
    /// ```
    /// use graph_core::generate::path;
    /// use graph_etl::Control;
    /// use graph_etl::gfql::{Absent, Gfql, Limits};
    ///
    /// let query = r#"[
    ///     {"type": "Node", "filter_dict": {"id": 1}},
    ///     {"type": "Edge", "direction": "undirected", "hops": 1},
    ///     {"type": "Node", "name": "end"}
    /// ]"#;
    /// let query = Gfql::parse(query, &Limits::default())?;
    /// let report = query.run(&path(5)?, Absent::Refuse, &Control::NONE)?;
    /// assert_eq!((report.nodes.num_rows(), report.edges.num_rows()), (3, 2));
    /// # Ok::<(), graph_etl::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::Query`](crate::Error::Query) if a column does not exist or is of a type that the
    ///   condition cannot be asked of, with the place in the query;
    /// - [`Error::Stopped`](crate::Error::Stopped) if the caller stops it.
    pub fn run(&self, graph: &Graph, absent: Absent, control: &Control) -> Result<GfqlReport> {
        // From outside of its threads each of many short tasks would wait for one to wake.
        rayon::scope(|_| self.answer(graph, absent, control))
    }

    fn answer(&self, graph: &Graph, absent: Absent, control: &Control) -> Result<GfqlReport> {
        let mut run = run::Run {
            context: filter::Context::new(absent),
            control,
            name: None,
            description: None,
            encodings: Vec::new(),
        };
        let root = view::View::new(view::GraphOf::Query(graph));
        let view = run.query(&self.query, &root, &HashMap::new())?;
        let (nodes, edges) = view.collect()?;
        let weights = view.weights();
        let id = view.graph.nodes().schema_ref().field(0).name();
        let id = nodes.schema_ref().index_of(id).unwrap_or(0);
        let run::Run { context, name, description, encodings, .. } = run;
        let warnings = context.warnings;
        Ok(GfqlReport { nodes, edges, weights, name, description, encodings, warnings, id })
    }
}

impl GfqlReport {
    /// The settings of the picture in the form in which `PyGraphistry` uploads them: `node_encodings`
    /// and `edge_encodings` of a dataset, with what the query sets in the place of what they say.
    ///
    /// Without any of a dataset, `Default::default()` is nothing. Calls that have no place there, as
    /// `encode_axis` has none, are left out.
    pub fn encodings_over(
        &self,
        dataset: [serde_json::Map<String, serde_json::Value>; 2],
    ) -> [serde_json::Map<String, serde_json::Value>; 2] {
        encodings::over(dataset, &self.encodings)
    }

    /// The settings of the picture as an object of `node_encodings` and `edge_encodings`, which `graphlume layout --encodings`
    /// reads; both are empty if the query says nothing of it.
    pub fn encodings_object(&self) -> serde_json::Value {
        let [nodes, edges] = self.encodings_over(Default::default());
        serde_json::json!({"node_encodings": nodes, "edge_encodings": edges})
    }

    /// The nodes and edges that were found as a graph, with a direction or without; edges have the weights
    /// that they had, or none. O(n + m).
    ///
    /// # Errors
    ///
    /// [`Error::Graph`](crate::Error::Graph) if the query made rows of nodes, and these have no ids, or one twice.
    pub fn graph(self, directed: bool) -> Result<Graph> {
        of_tables(self.id, self.nodes, self.edges, self.weights, directed)
    }
}
