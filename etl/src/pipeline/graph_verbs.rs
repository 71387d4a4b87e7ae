//! The verbs of graphs, as steps: a table of edges goes in, with a table of nodes if there is one.
//! Measures are those of [`measures`](crate::analytics::measures), by their names there.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{Field, Schema};
use graph_core::{Graph, IdOrder, ReadOptions};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::PipelineFault;
use super::section::{Result, Section};
use super::verb::{Holds, Reader, Rows, Takes, Verb};
use crate::Control;
use crate::analytics::SpanningForest;
use crate::analytics::measures::{Measure, Over, naming_no_nodes};
use crate::gfql::{Absent, Gfql, Limits};
use crate::hypergraph::HypergraphConfig;
use crate::source::GraphPart;
use crate::table::Table;
use crate::topology::{
    Combine, deduplicate, drop_self_loops, largest_component, reverse, symmetrize,
};

/// All verbs of graphs but measures.
pub(super) const VERBS: &[Reader] = &[
    ("reverse", |section| reshape(section, "reverse", |graph, _| reverse(graph))),
    ("drop_self_loops", |section| {
        reshape(section, "drop_self_loops", |graph, _| Ok(drop_self_loops(graph)?.graph))
    }),
    ("largest_component", |section| {
        reshape(section, "largest_component", |graph, _| Ok(largest_component(graph)?.graph))
    }),
    ("symmetrize", |section| {
        reshape(section, "symmetrize", |graph, how| Ok(symmetrize(graph, how)?.graph))
            .map(|verb| verb.rows(Rows::Times(2)))
    }),
    ("deduplicate", |section| {
        reshape(section, "deduplicate", |graph, how| Ok(deduplicate(graph, how)?.graph))
    }),
    ("spanning_forest", spanning_forest),
    ("hypergraph", hypergraph),
    ("gfql", gfql),
];

/// How tables become a graph.
pub(super) fn graph_options(section: &Section) -> Result<ReadOptions> {
    Ok(ReadOptions {
        source: section.text("source")?,
        target: section.text("target")?,
        weight: section.text("weight")?,
        unweighted: section.flag("no_weight")?.unwrap_or(false),
        id: section.text("id")?,
        directed: section.flag("directed")?,
        drop_null: section.flag("drop_null")?.unwrap_or(false),
        ..ReadOptions::default()
    })
}

pub(super) fn graph_of(
    tables: &[Table],
    options: &ReadOptions,
    control: &Control,
) -> crate::Result<Graph> {
    let mut edges = tables[0].collect_batches(control)?;
    if edges.is_empty() {
        edges.push(RecordBatch::new_empty(tables[0].schema().clone()));
    }
    let nodes = tables.get(1).map(|nodes| nodes.collect(control)).transpose()?;
    Ok(Graph::from_batches(edges, nodes, options)?)
}

pub(super) fn direction(options: &ReadOptions) -> &'static str {
    match options.directed {
        Some(true) => "directed",
        _ => "undirected",
    }
}

/// What comes out of a measure.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// The nodes: ids, what was found, attributes.
    Nodes,
    /// The edges: ends, what was found, attributes.
    Edges,
    /// One row for the whole graph.
    Summary,
}

/// A verb that measures: any that has a name in the table of measures.
pub(super) fn measured(section: &Section, measure: &'static Measure) -> Result<Verb> {
    let options = graph_options(section)?;
    let is_over = |over| measure.columns.iter().any(|column| column.over == over);
    let usual = match (is_over(Over::Nodes), is_over(Over::Edges)) {
        (true, _) => Part::Nodes,
        (false, true) => Part::Edges,
        (false, false) => Part::Summary,
    };
    let parts = [("nodes", Part::Nodes), ("edges", Part::Edges), ("summary", Part::Summary)];
    let part = section.choice("part", &parts)?.unwrap_or(usual);
    let given = Value::Object(section.rest()?);
    measure.check(&given).map_err(|error| section.fault(error))?;
    let verb = Verb::new(measure.name, direction(&options), move |tables, control| {
        let graph = graph_of(tables, &options, control)?;
        let found = match graph.n_nodes() {
            // Columns are asked for before there are rows.
            0 => measure.plan(&graph, &naming_no_nodes(&given))?.run(control)?,
            _ => measure.plan(&graph, &given)?.run(control)?,
        };
        Table::from_batch(match part {
            Part::Nodes => graph.with_node_columns(found.nodes)?.nodes().clone(),
            Part::Edges => behind_ends(&graph.edge_table()?, found.edges)?,
            Part::Summary => row(&found.summary)?,
        })
    });
    let verb = verb.takes(Takes::OneOrTwo).holds(Holds::Everything);
    Ok(match part {
        // Each edge has two ends, which may be nodes that no other edge has.
        Part::Nodes => verb.rows(Rows::Times(2)),
        Part::Edges => verb.rows(Rows::AtMostInput),
        Part::Summary => verb.rows(Rows::AtMost(1)).with_open_columns(),
    })
}

/// The table of edges with columns behind their ends; one of the same name is replaced.
fn behind_ends(
    edges: &RecordBatch,
    columns: Vec<(String, ArrayRef)>,
) -> crate::Result<RecordBatch> {
    let schema = edges.schema();
    let all = schema.fields().iter().cloned().zip(edges.columns().iter().cloned());
    let mut all: Vec<_> =
        all.filter(|(field, _)| columns.iter().all(|(name, _)| name != field.name())).collect();
    for (at, (name, column)) in (2..).zip(columns) {
        let field = Arc::new(Field::new(name, column.data_type().clone(), true));
        all.insert(at.min(all.len()), (field, column));
    }
    let (fields, arrays): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays);
    Ok(batch.map_err(graph_core::Error::from)?)
}

/// A summary as a table of one row.
fn row(summary: &Map<String, Value>) -> crate::Result<RecordBatch> {
    let columns = summary.iter().map(|(name, value)| {
        let column: ArrayRef = match value {
            Value::Bool(flag) => Arc::new(BooleanArray::from(vec![*flag])),
            Value::Number(number) if number.is_u64() => {
                Arc::new(UInt64Array::from(vec![number.as_u64()]))
            }
            Value::Number(number) => Arc::new(Float64Array::from(vec![number.as_f64()])),
            Value::Null => Arc::new(Float64Array::from(vec![None])),
            other => Arc::new(StringArray::from(vec![other.to_string()])),
        };
        (name, column, true)
    });
    Ok(RecordBatch::try_from_iter_with_nullable(columns).map_err(graph_core::Error::from)?)
}

/// All options that are left, as a struct.
pub(super) fn config<T: DeserializeOwned>(section: &Section, name: &'static str) -> Result<T> {
    serde_json::from_value(serde_json::Value::Object(section.rest()?)).map_err(|error| {
        section.fault(PipelineFault::Options {
            verb: name,
            reason: graph_core::words::of_serde(&error.to_string()).into(),
        })
    })
}

/// A verb that changes edges. Its result are the edges.
fn reshape(
    section: &Section,
    name: &'static str,
    change: impl Fn(&Graph, Combine) -> crate::Result<Graph> + Send + Sync + 'static,
) -> Result<Verb> {
    let options = graph_options(section)?;
    let mut combine = Combine::default();
    let mut text = direction(&options).to_owned();
    if ["symmetrize", "deduplicate"].contains(&name) {
        let choice = section.choice(
            "combine",
            &[
                ("sum", Combine::Sum),
                ("max", Combine::Max),
                ("min", Combine::Min),
                ("first", Combine::First),
            ],
        )?;
        combine = choice.unwrap_or_default();
        text = format!("{text}, {} of weights", format!("{combine:?}").to_lowercase());
    }
    let verb = Verb::new(name, text, move |tables, control| {
        let graph = graph_of(tables, &options, control)?;
        Table::from_batch(change(&graph, combine)?.edge_table()?)
    });
    Ok(verb.holds(Holds::Everything))
}

/// The cheapest edges that keep together what is together.
fn spanning_forest(section: &Section) -> Result<Verb> {
    let options = graph_options(section)?;
    let forest: SpanningForest = config(section, "spanning_forest")?;
    let text = if forest.maximum { "of the largest weights" } else { "of the least weights" };
    let verb = Verb::new("spanning_forest", text, move |tables, control| {
        let graph = graph_of(tables, &options, control)?;
        Table::from_batch(forest.subgraph(&graph, control)?.graph.edge_table()?)
    });
    Ok(verb.holds(Holds::Everything))
}

/// A query over a table of edges, and of nodes if there is one; what it finds of one of them.
fn gfql(section: &Section) -> Result<Verb> {
    // Calls that take the first rows are to take those of the table of nodes.
    let order = IdOrder::NodeTable;
    let options = ReadOptions { directed: Some(true), order, ..graph_options(section)? };
    let part = part(section)?;
    let absent = match section.flag("strict")? {
        Some(true) => Absent::Refuse,
        _ => Absent::Null,
    };
    let query = section.need_text("query")?;
    let query = Gfql::parse(&query, &Limits::default())
        .map_err(|error| section.bad("query", format!("is no query: {error}")))?;
    let text = format!("{} of a query", name_of(part));
    let verb = Verb::warning("gfql", text, move |tables, control, words| {
        let graph = graph_of(tables, &options, control)?;
        let found = query.run(&graph, absent, control)?;
        words.extend(found.warnings.iter().map(ToString::to_string));
        Table::from_batch(match part {
            GraphPart::Edges => found.edges,
            GraphPart::Nodes => found.nodes,
        })
    });
    let verb = verb.takes(Takes::OneOrTwo).rows(Rows::Unknown).holds(Holds::Everything);
    Ok(verb.with_open_columns())
}

pub(super) fn part(section: &Section) -> Result<GraphPart> {
    let parts = [("edges", GraphPart::Edges), ("nodes", GraphPart::Nodes)];
    Ok(section.choice("part", &parts)?.unwrap_or_default())
}

pub(super) fn name_of(part: GraphPart) -> &'static str {
    match part {
        GraphPart::Edges => "edges",
        GraphPart::Nodes => "nodes",
    }
}

fn hypergraph(section: &Section) -> Result<Verb> {
    let part = part(section)?;
    let config: HypergraphConfig = config(section, "hypergraph")?;
    let verb = Verb::warning("hypergraph", name_of(part), move |tables, control, words| {
        let found = config.run(&tables[0].collect(control)?, control)?;
        words.extend(found.warnings().iter().map(ToString::to_string));
        Table::from_batch(match part {
            GraphPart::Edges => found.edges()?,
            GraphPart::Nodes => found.nodes()?,
        })
    });
    Ok(verb.rows(Rows::Unknown).holds(Holds::Everything))
}
