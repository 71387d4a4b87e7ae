//! The verbs of graphs in a case: a graph goes in as a whole, and comes out as one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Field, Float32Type, Schema};
use graph_core::{Graph, NodeId};
use serde_json::Value as Json;

use super::super::error::PipelineFault;
use super::super::feature_verbs::numbers_in;
use super::super::graph_verbs::{config, graph_of, graph_options};
use super::super::section::{Result, Section};
use super::super::table_verbs::{expression, sort_keys};
use super::steps::{StepKind, Value};
use crate::analytics::measures::{Measure, Over};
use crate::expr::Expr;
use crate::gfql::{Absent, Gfql, Limits};
use crate::hypergraph::HypergraphConfig;
use crate::table::{Keep, Table, rows_where};
use crate::topology::{
    Direction, HopReport, Hops, drop_self_loops, filter_edges, induced_by_mask, largest_component,
    of_tables, reverse, table_of,
};
use crate::{Control, Error};

/// A verb of graphs with its options.
pub(super) struct GraphVerb {
    pub(super) text: String,
    pub(super) gives: StepKind,
    pub(super) apply: Apply,
}

/// What makes a value of values, and words on what is likely not meant.
pub(super) type Apply =
    Box<dyn Fn(&[Value], &Control, &mut Vec<String>) -> crate::Result<Value> + Send + Sync>;

impl std::fmt::Debug for GraphVerb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphVerb").field("text", &self.text).finish_non_exhaustive()
    }
}

/// A verb's name, and how it is read from the options of a step that gets such values.
pub(super) type GraphReader = (&'static str, fn(&Section, &[StepKind]) -> Result<GraphVerb>);

/// Verbs over graphs.
pub(super) const VERBS: &[GraphReader] = &[
    ("graph", graph),
    ("nodes", |section, kinds| part(section, kinds, "nodes")),
    ("edges", |section, kinds| part(section, kinds, "edges")),
    ("filter", filter),
    ("top", top),
    ("expand", expand),
    ("merge", merge),
    ("gfql", gfql),
    ("reverse", |section, kinds| reshape(section, kinds, "reverse", reverse)),
    ("drop_self_loops", |section, kinds| {
        reshape(section, kinds, "drop_self_loops", |graph| Ok(drop_self_loops(graph)?.graph))
    }),
    ("largest_component", |section, kinds| {
        reshape(section, kinds, "largest_component", |graph| Ok(largest_component(graph)?.graph))
    }),
];

/// Verbs of pipelines that make a graph of a table here, and a table there.
pub(super) const MAKERS: &[GraphReader] = &[("hypergraph", hypergraph)];

impl GraphVerb {
    fn new(
        text: impl Into<String>,
        gives: StepKind,
        apply: impl Fn(&[Value], &Control, &mut Vec<String>) -> crate::Result<Value>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { text: text.into(), gives, apply: Box::new(apply) }
    }

    /// A verb that makes a graph of one.
    fn of_graph(
        text: impl Into<String>,
        apply: impl Fn(&Graph, &Control, &mut Vec<String>) -> crate::Result<Graph>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::new(text, StepKind::Graph, move |values, control, words| {
            Ok(Value::Graph(Arc::new(apply(graph_in(values, 0), control, words)?)))
        })
    }
}

/// A graph among the values of a step, whose kinds have been checked.
fn graph_in(values: &[Value], at: usize) -> &Graph {
    match &values[at] {
        Value::Graph(graph) => graph,
        Value::Table(_) => unreachable!("kinds of steps should have been checked"),
    }
}

fn table_in(values: &[Value], at: usize) -> &Table {
    match &values[at] {
        Value::Table(table) => table,
        Value::Graph(_) => unreachable!("kinds of steps should have been checked"),
    }
}

/// Refuses a step that does not get these kinds.
fn expect(
    section: &Section,
    verb: &str,
    kinds: &[StepKind],
    fits: bool,
    expected: &'static str,
) -> Result<()> {
    if fits {
        return Ok(());
    }
    let words: Vec<_> = kinds
        .iter()
        .map(|kind| if *kind == StepKind::Graph { "a graph" } else { "a table" })
        .collect();
    let found = format!("it gets {}", words.join(" and ")).into();
    Err(section.fault(PipelineFault::Kind { verb: verb.into(), expected, found }))
}

/// A table of edges, with one of nodes if there is one, as a graph.
fn graph(section: &Section, kinds: &[StepKind]) -> Result<GraphVerb> {
    let fits = kinds.len() <= 2 && kinds.iter().all(|kind| *kind == StepKind::Table);
    expect(section, "graph", kinds, fits, "a table of edges, and one of nodes if there is one")?;
    let options = graph_options(section)?;
    let ends = [&options.source, &options.target];
    let text = match ends {
        [Some(source), Some(target)] => format!("{source} → {target}"),
        _ => "edges as a graph".to_owned(),
    };
    Ok(GraphVerb::new(text, StepKind::Graph, move |values, control, _| {
        let tables: Vec<Table> = (0..values.len()).map(|i| table_in(values, i).clone()).collect();
        Ok(Value::Graph(Arc::new(graph_of(&tables, &options, control)?)))
    }))
}

/// Rows of events as a graph of what they name.
fn hypergraph(section: &Section, kinds: &[StepKind]) -> Result<GraphVerb> {
    expect(section, "hypergraph", kinds, kinds == [StepKind::Table], "a table")?;
    let options: HypergraphConfig = config(section, "hypergraph")?;
    let text = match &options.entity_types {
        Some(columns) => columns.join(", "),
        None => "all columns".to_owned(),
    };
    Ok(GraphVerb::new(text, StepKind::Graph, move |values, control, words| {
        let found = options.run(&table_in(values, 0).collect(control)?, control)?;
        words.extend(found.warnings().iter().map(ToString::to_string));
        Ok(Value::Graph(Arc::new(found.graph()?)))
    }))
}

/// The table of nodes or of edges of a graph.
fn part(section: &Section, kinds: &[StepKind], which: &'static str) -> Result<GraphVerb> {
    expect(section, which, kinds, kinds == [StepKind::Graph], "one graph")?;
    Ok(GraphVerb::new(format!("the {which}"), StepKind::Table, move |values, _, _| {
        let graph = graph_in(values, 0);
        let rows = if which == "nodes" { graph.nodes().clone() } else { graph.edge_table()? };
        Ok(Value::Table(Table::from_batch(rows)?))
    }))
}

/// A condition as it was written, and as it is computed.
type Condition = (String, Expr);

fn condition(section: &Section, option: &'static str) -> Result<Option<Condition>> {
    let Some(text) = section.text(option)? else { return Ok(None) };
    let expr = expression(section, option, &text)?;
    Ok(Some((text, expr)))
}

/// Nodes and edges that conditions are true of.
fn filter(section: &Section, kinds: &[StepKind]) -> Result<GraphVerb> {
    expect(section, "filter", kinds, kinds == [StepKind::Graph], "one graph")?;
    let nodes = condition(section, "nodes")?;
    let edges = condition(section, "edges")?;
    let isolated = section.flag("isolated")?.unwrap_or(edges.is_none());
    let texts = [("nodes", &nodes), ("edges", &edges)];
    let text: Vec<_> = texts
        .iter()
        .filter_map(|(part, condition)| Some(format!("{part} where {}", condition.as_ref()?.0)))
        .collect();
    if text.is_empty() {
        return Err(section.fault(PipelineFault::Missing { option: "nodes` or `edges" }));
    }
    Ok(GraphVerb::of_graph(text.join("; "), move |graph, control, _| {
        let mut graph = graph.clone();
        if let Some((_, condition)) = &nodes {
            graph =
                induced_by_mask(&graph, &rows_where(graph.nodes().clone(), condition, control)?)?
                    .graph;
        }
        if let Some((_, condition)) = &edges {
            graph =
                filter_edges(&graph, &rows_where(graph.edge_table()?, condition, control)?, true)?
                    .graph;
        }
        if !isolated {
            let degrees = graph.degrees();
            let keep = BooleanBuffer::collect_bool(degrees.len(), |u| degrees[u] > 0);
            graph = induced_by_mask(&graph, &keep)?.graph;
        }
        Ok(graph)
    }))
}

/// The nodes with the greatest values, and the edges between them.
fn top(section: &Section, kinds: &[StepKind]) -> Result<GraphVerb> {
    expect(section, "top", kinds, kinds == [StepKind::Graph], "one graph")?;
    let n = section.whole("n")?;
    let n = section.need("n", n)?;
    let texts = section.need_texts("by")?;
    let keys = sort_keys(section, "by", &texts)?;
    Ok(GraphVerb::of_graph(
        format!("{n} nodes by {}", texts.join(", ")),
        move |graph, control, _| {
            const ROW: &str = "graphlume row";
            let rows: ArrayRef =
                Arc::new(UInt32Array::from_iter_values(0..graph.n_nodes() as NodeId));
            let counted = graph.clone().with_node_columns([(ROW.to_owned(), rows)])?;
            let count = usize::try_from(n).unwrap_or(usize::MAX);
            let kept = Table::from_batch(counted.nodes().clone())?.top_k(count, &keys)?;
            let kept = kept.select(&[ROW])?.collect(control)?;
            let mut keep = vec![false; graph.n_nodes()];
            if let Some(rows) = kept.column(0).as_any().downcast_ref::<UInt32Array>() {
                for &row in rows.values() {
                    keep[row as usize] = true;
                }
            }
            Ok(induced_by_mask(graph, &keep.into())?.graph)
        },
    ))
}

/// What is around some nodes in a graph.
fn expand(section: &Section, kinds: &[StepKind]) -> Result<GraphVerb> {
    // The nodes to start from are those of the first value, the graph to walk in is the last: they are
    // one and the same if there is one.
    let in_graph = section.text("in")?.is_some();
    let fits = kinds.last() == Some(&StepKind::Graph)
        && kinds.len() <= 2
        && (kinds.len() == 2) == in_graph;
    let expected = "what has the nodes to start from, and `in`, a graph, if that is another";
    expect(section, "expand", kinds, fits, expected)?;
    let of_table = kinds[0] == StepKind::Table;
    let column = section.text("column")?;
    if column.is_some() != of_table {
        let reason = match of_table {
            true => "should name the column of ids in the table to start from",
            false => "is of tables alone",
        };
        return Err(section.bad("column", reason));
    }
    let hops = section.whole("hops")?.unwrap_or(1);
    let max_hops = u32::try_from(hops).map_err(|_| section.bad("hops", "is too large"))?;
    let direction = section.choice(
        "direction",
        &[
            ("forward", Direction::Forward),
            ("reverse", Direction::Reverse),
            ("both", Direction::Both),
        ],
    )?;
    let expand = Expand {
        column,
        seeds: condition(section, "seeds")?,
        start: section.value("start")?.map(|start| match start {
            Json::Array(ids) => ids,
            one => vec![one],
        }),
        max_hops,
        direction: direction.unwrap_or(Direction::Both),
        edges: condition(section, "edges")?,
        nodes: condition(section, "nodes")?,
        max_degree: section.whole("max_degree")?,
    };
    let mut text = format!("{hops} hop{}", if hops == 1 { "" } else { "s" });
    if let Some((condition, _)) = &expand.seeds {
        text = format!("{text} from {condition}");
    }
    Ok(GraphVerb::new(text, StepKind::Graph, move |values, control, words| {
        let graph = graph_in(values, values.len() - 1);
        let from = expand.starts(&values[0], graph, control, words)?;
        Ok(Value::Graph(Arc::new(expand.run(graph, &from, control)?)))
    }))
}

/// A walk from some nodes to what is near.
struct Expand {
    /// The column of ids, if a table has the nodes to start from.
    column: Option<String>,
    /// Which of them.
    seeds: Option<Condition>,
    /// Ids of them.
    start: Option<Vec<Json>>,
    max_hops: u32,
    direction: Direction,
    /// Edges that may be walked, and nodes that may be come to.
    edges: Option<Condition>,
    nodes: Option<Condition>,
    /// Most edges of a node that the walk goes through.
    max_degree: Option<u64>,
}

impl Expand {
    /// The nodes to start from, in order.
    fn starts(
        &self,
        value: &Value,
        graph: &Graph,
        control: &Control,
        words: &mut Vec<String>,
    ) -> crate::Result<Vec<NodeId>> {
        let rows = match value {
            Value::Graph(found) => found.nodes().clone(),
            Value::Table(table) => table.collect(control)?,
        };
        let ids = match (value, &self.column) {
            (Value::Graph(found), _) => Arc::clone(found.ids()),
            (_, Some(column)) => match rows.column_by_name(column) {
                Some(ids) => Arc::clone(ids),
                None => {
                    let schema = rows.schema();
                    let names = schema.fields().iter().map(|field| field.name().as_str());
                    let nearest = crate::error::nearest(column, names);
                    return Err(Error::Unknown {
                        kind: "column",
                        name: column.as_str().into(),
                        nearest,
                    });
                }
            },
            (_, None) => unreachable!("a table should have come with a column"),
        };
        let chosen = self
            .seeds
            .as_ref()
            .map(|(_, condition)| rows_where(rows, condition, control))
            .transpose()?;
        let mut from: Vec<NodeId> = numbers_in(graph.ids(), &ids)?
            .into_iter()
            .enumerate()
            .filter(|(row, _)| chosen.as_ref().is_none_or(|chosen| chosen.value(*row)))
            .filter_map(|(_, node)| node)
            .collect();
        if let Some(start) = &self.start {
            let mut keep = vec![false; graph.n_nodes()];
            for node in ids_of(start, graph, words)? {
                keep[node as usize] = true;
            }
            from.retain(|&node| keep[node as usize]);
        }
        from.sort_unstable();
        from.dedup();
        if from.is_empty() {
            words.push("no node to start from was found".to_owned());
        }
        Ok(from)
    }

    /// What is near, with a column of how many hops away each node is.
    fn run(&self, graph: &Graph, from: &[NodeId], control: &Control) -> crate::Result<Graph> {
        let edges = self
            .edges
            .as_ref()
            .map(|(_, condition)| rows_where(graph.edge_table()?, condition, control))
            .transpose()?;
        let targets = self
            .nodes
            .as_ref()
            .map(|(_, condition)| rows_where(graph.nodes().clone(), condition, control))
            .transpose()?;
        // Through a node that everything is joined with, everything is near.
        let sources = self.max_degree.map(|most| {
            let degrees = graph.degrees();
            let mut is_seed = vec![false; degrees.len()];
            for &node in from {
                is_seed[node as usize] = true;
            }
            BooleanBuffer::collect_bool(degrees.len(), |u| {
                is_seed[u] || u64::from(degrees[u]) <= most
            })
        });
        let hops = Hops {
            direction: self.direction,
            min_hops: 0,
            max_hops: Some(self.max_hops),
            edges: edges.as_ref(),
            sources: sources.as_ref(),
            targets: targets.as_ref(),
        };
        let found = hops.run(graph, from, control)?;
        let part = found.subgraph(graph)?;
        let hops: UInt32Array = part
            .nodes
            .iter()
            .map(|&node| {
                Some(found.node_hops[node as usize]).filter(|&hop| hop != HopReport::NEVER)
            })
            .collect();
        Ok(part.graph.with_node_columns([("hops".to_owned(), Arc::new(hops) as ArrayRef)])?)
    }
}

/// The nodes of these ids; those that are not there are told.
fn ids_of(ids: &[Json], graph: &Graph, words: &mut Vec<String>) -> crate::Result<Vec<NodeId>> {
    let texts = ids.iter().map(|id| match id {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    });
    let texts: Vec<String> = texts.collect();
    let asked: ArrayRef = Arc::new(arrow::array::StringArray::from(texts.clone()));
    let mut found = Vec::with_capacity(texts.len());
    for (text, node) in texts.iter().zip(numbers_in(graph.ids(), &asked)?) {
        match node {
            Some(node) => found.push(node),
            None => words.push(format!("there is no node `{text}`")),
        }
    }
    Ok(found)
}

/// Several graphs as one: nodes of the same id are one node, and equal edges one edge.
fn merge(section: &Section, kinds: &[StepKind]) -> Result<GraphVerb> {
    let fits = 2 <= kinds.len() && kinds.iter().all(|kind| *kind == StepKind::Graph);
    expect(section, "merge", kinds, fits, "two graphs or more")?;
    let text = format!("{} graphs", kinds.len());
    Ok(GraphVerb::new(text, StepKind::Graph, move |values, control, _| {
        const WEIGHT: &str = "graphlume weight";
        let first = graph_in(values, 0);
        let ends = first.end_names();
        let id = first.nodes().schema().field(0).name().clone();
        let graphs = || (0..values.len()).map(|i| graph_in(values, i));
        let is_weighted = graphs().any(|graph| graph.coo().weights().is_some());
        let (mut nodes, mut edges) = (Vec::new(), Vec::new());
        for graph in graphs() {
            nodes.push(renamed(graph.nodes(), &[&id])?);
            let mut rows = graph.edge_table()?;
            if is_weighted {
                // Beside a graph with weights, edges without count as everywhere.
                let weights = graph.coo().weights();
                let weights = weights.map_or_else(|| vec![1.0; graph.n_edges()], <[f32]>::to_vec);
                rows = with_weights(&rows, WEIGHT, weights)?;
            }
            edges.push(renamed(&rows, &ends)?);
        }
        let all = |tables: &[Table]| Table::concat(&tables.iter().collect::<Vec<_>>(), true);
        let nodes = all(&nodes)?.unique(&[&id], Keep::First)?.collect(control)?;
        let none: [&str; 0] = [];
        let mut edges = all(&edges)?.unique(&none, Keep::First)?.collect(control)?;
        let weights = edges.schema().index_of(WEIGHT).ok().map(|at| edges.remove_column(at));
        let weights = weights.map(|column| column.as_primitive::<Float32Type>().values().to_vec());
        Ok(Value::Graph(Arc::new(of_tables(0, nodes, edges, weights, first.is_directed())?)))
    }))
}

/// A table of edges with their weights as its last column.
fn with_weights(edges: &RecordBatch, name: &str, weights: Vec<f32>) -> crate::Result<RecordBatch> {
    let mut fields: Vec<_> = edges.schema().fields().iter().cloned().collect();
    let mut columns = edges.columns().to_vec();
    fields.push(Arc::new(Field::new(name, DataType::Float32, false)));
    columns.push(Arc::new(Float32Array::from(weights)));
    table_of(Schema::new(fields), columns, edges.num_rows())
}

/// A table whose first columns have these names.
fn renamed(rows: &RecordBatch, names: &[&str]) -> crate::Result<Table> {
    let table = Table::from_batch(rows.clone())?;
    let pairs: Vec<(String, String)> = rows
        .schema()
        .fields()
        .iter()
        .zip(names)
        .filter(|(field, name)| field.name() != *name)
        .map(|(field, name)| (field.name().clone(), (*name).to_owned()))
        .collect();
    if pairs.is_empty() { Ok(table) } else { table.rename(&pairs) }
}

/// What a graph query finds.
fn gfql(section: &Section, kinds: &[StepKind]) -> Result<GraphVerb> {
    expect(section, "gfql", kinds, kinds == [StepKind::Graph], "one graph")?;
    let query = section.value("query")?;
    let text = match section.need("query", query)? {
        Json::String(text) => text,
        other => other.to_string(),
    };
    let absent = match section.flag("strict")? {
        Some(true) => Absent::Refuse,
        _ => Absent::Null,
    };
    let query = Gfql::parse(&text, &Limits::default())
        .map_err(|error| section.bad("query", format!("is no query: {error}")))?;
    Ok(GraphVerb::of_graph("a graph query", move |graph, control, words| {
        let found = query.run(graph, absent, control)?;
        words.extend(found.warnings.iter().map(ToString::to_string));
        found.graph(graph.is_directed())
    }))
}

/// A measure of nodes as further columns of theirs.
pub(super) fn measured(section: &Section, measure: &'static Measure) -> Result<GraphVerb> {
    if measure.columns.iter().all(|column| column.over != Over::Nodes) {
        return Err(
            section.bad("verb", format!("is `{}`, which gives nodes nothing", measure.name))
        );
    }
    let given = Json::Object(section.rest()?);
    measure.check(&given).map_err(|error| section.fault(error))?;
    Ok(GraphVerb::of_graph("a column of nodes", move |graph, control, _| {
        let found = measure.plan(graph, &given)?.run(control)?;
        Ok(graph.clone().with_node_columns(found.nodes)?)
    }))
}

fn reshape(
    section: &Section,
    kinds: &[StepKind],
    name: &'static str,
    change: fn(&Graph) -> crate::Result<Graph>,
) -> Result<GraphVerb> {
    expect(section, name, kinds, kinds == [StepKind::Graph], "one graph")?;
    Ok(GraphVerb::of_graph(name.replace('_', " "), move |graph, _, _| change(graph)))
}
