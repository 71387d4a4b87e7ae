//! The verbs of graphs, as steps: a table of edges goes in, with a table of nodes if there is one.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, UInt32Array, UInt64Array};
use graph_core::{Graph, ReadOptions};
use serde::de::DeserializeOwned;

use super::error::PipelineFault;
use super::section::{Result, Section};
use super::verb::{Holds, Reader, Rows, Takes, Verb};
use crate::Control;
use crate::analytics::{
    Eigenvector, Hits, Katz, PageRank, core_numbers, degrees, strong_components, triangles,
    weak_components,
};
use crate::community::{LabelPropagation, Leiden, Louvain};
use crate::gfql::{Absent, Gfql, Limits};
use crate::hypergraph::HypergraphConfig;
use crate::source::GraphPart;
use crate::table::Table;
use crate::topology::{
    Combine, Merge, Undirected, deduplicate, drop_self_loops, largest_component, reverse,
    symmetrize,
};

/// All verbs of graphs.
pub(super) const VERBS: &[Reader] = &[
    ("degrees", |section| measure(section, "degrees", |graph, _| Ok(degree_columns(graph)))),
    ("components", |section| {
        measure(section, "components", |graph, control| {
            Ok(vec![("component", numbers(weak_components(graph, control)?.component))])
        })
    }),
    ("strong_components", |section| {
        measure(section, "strong_components", |graph, control| {
            Ok(vec![("component", numbers(strong_components(graph, control)?.component))])
        })
    }),
    ("core_numbers", |section| {
        measure(section, "core_numbers", |graph, control| {
            let graph = Undirected::new(graph, Merge::Unit);
            Ok(vec![("core", numbers(core_numbers(&graph, control)?.core))])
        })
    }),
    ("triangles", |section| {
        measure(section, "triangles", |graph, control| {
            let graph = Undirected::new(graph, Merge::Unit);
            let count = triangles(&graph, control)?.count;
            Ok(vec![("triangles", Arc::new(UInt64Array::from(count)) as ArrayRef)])
        })
    }),
    ("page_rank", |section| {
        configured(section, "page_rank", |config: &PageRank, graph, control| {
            Ok(vec![("page_rank", fractions(config.run(graph, control)?.rank))])
        })
    }),
    ("hits", |section| {
        configured(section, "hits", |config: &Hits, graph, control| {
            let report = config.run(graph, control)?;
            Ok(vec![("hub", fractions(report.hub)), ("authority", fractions(report.authority))])
        })
    }),
    ("katz", |section| {
        configured(section, "katz", |config: &Katz, graph, control| {
            Ok(vec![("katz", fractions(config.run(graph, control)?.centrality))])
        })
    }),
    ("eigenvector", |section| {
        configured(section, "eigenvector", |config: &Eigenvector, graph, control| {
            Ok(vec![("eigenvector", fractions(config.run(graph, control)?.centrality))])
        })
    }),
    ("louvain", |section| {
        configured(section, "louvain", |config: &Louvain, graph, control| {
            let graph = Undirected::new(graph, Merge::Sum);
            Ok(vec![("community", numbers(config.run(&graph, control)?.labels))])
        })
    }),
    ("leiden", |section| {
        configured(section, "leiden", |config: &Leiden, graph, control| {
            let graph = Undirected::new(graph, Merge::Sum);
            Ok(vec![("community", numbers(config.run(&graph, control)?.labels))])
        })
    }),
    ("label_propagation", |section| {
        configured(section, "label_propagation", |config: &LabelPropagation, graph, control| {
            let graph = Undirected::new(graph, Merge::Sum);
            Ok(vec![("community", numbers(config.run(&graph, control)?.labels))])
        })
    }),
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
    ("hypergraph", hypergraph),
    ("gfql", gfql),
];

type Columns = Vec<(&'static str, ArrayRef)>;

fn numbers(values: Vec<u32>) -> ArrayRef {
    Arc::new(UInt32Array::from(values))
}

fn fractions(values: Vec<f64>) -> ArrayRef {
    Arc::new(Float64Array::from(values))
}

fn degree_columns(graph: &Graph) -> Columns {
    let degrees = degrees(graph);
    let mut columns = vec![
        ("degree_in", numbers(degrees.r#in)),
        ("degree_out", numbers(degrees.out)),
        ("degree", numbers(degrees.total)),
    ];
    if let Some(strengths) = degrees.weighted {
        columns.push(("weight_in", fractions(strengths.r#in)));
        columns.push(("weight_out", fractions(strengths.out)));
        columns.push(("weight", fractions(strengths.total)));
    }
    columns
}

/// How tables become a graph.
fn graph_options(section: &Section) -> Result<ReadOptions> {
    Ok(ReadOptions {
        source: section.text("source")?,
        target: section.text("target")?,
        weight: section.text("weight")?,
        id: section.text("id")?,
        directed: section.flag("directed")?,
        drop_null: section.flag("drop_null")?.unwrap_or(false),
        ..ReadOptions::default()
    })
}

fn graph_of(tables: &[Table], options: &ReadOptions, control: &Control) -> crate::Result<Graph> {
    let mut edges = tables[0].collect_batches(control)?;
    if edges.is_empty() {
        edges.push(RecordBatch::new_empty(tables[0].schema().clone()));
    }
    let nodes = tables.get(1).map(|nodes| nodes.collect(control)).transpose()?;
    Ok(Graph::from_batches(edges, nodes, options)?)
}

fn direction(options: &ReadOptions) -> &'static str {
    match options.directed {
        Some(true) => "directed",
        _ => "undirected",
    }
}

/// A verb that gives nodes columns. Its result are the nodes: ids, what was found, attributes.
fn measure(
    section: &Section,
    name: &'static str,
    columns: impl Fn(&Graph, &Control) -> crate::Result<Columns> + Send + Sync + 'static,
) -> Result<Verb> {
    let options = graph_options(section)?;
    let text = direction(&options);
    let verb = Verb::new(name, text, move |tables, control| {
        let graph = graph_of(tables, &options, control)?;
        let columns = columns(&graph, control)?;
        let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column));
        Table::from_batch(graph.with_node_columns(columns)?.nodes().clone())
    });
    // Each edge has two ends, which may be nodes that no other edge has.
    Ok(verb.takes(Takes::OneOrTwo).rows(Rows::Times(2)).holds(Holds::Everything))
}

/// A [`measure`] with options, which are those of its struct.
fn configured<T: DeserializeOwned + Send + Sync + 'static>(
    section: &Section,
    name: &'static str,
    columns: impl Fn(&T, &Graph, &Control) -> crate::Result<Columns> + Send + Sync + 'static,
) -> Result<Verb> {
    // Asked for first, so that they are not taken for options of the struct.
    graph_options(section)?;
    let config: T = config(section, name)?;
    measure(section, name, move |graph, control| columns(&config, graph, control))
}

/// All options that are left, as a struct.
fn config<T: DeserializeOwned>(section: &Section, name: &'static str) -> Result<T> {
    serde_json::from_value(serde_json::Value::Object(section.rest()?)).map_err(|error| {
        section.fault(PipelineFault::Options { verb: name, reason: error.to_string().into() })
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

/// A query over a table of edges, and of nodes if there is one; what it finds of one of them.
fn gfql(section: &Section) -> Result<Verb> {
    let options = ReadOptions { directed: Some(true), ..graph_options(section)? };
    let part = part(section)?;
    let absent = match section.flag("strict")? {
        Some(true) => Absent::Refuse,
        _ => Absent::Null,
    };
    let query = section.need_text("query")?;
    let query = Gfql::parse(&query, &Limits::default())
        .map_err(|error| section.bad("query", format!("is no query: {error}")))?;
    let text = format!("{} of a query", name_of(part));
    let verb = Verb::new("gfql", text, move |tables, control| {
        let graph = graph_of(tables, &options, control)?;
        let found = query.run(&graph, absent, control)?;
        Table::from_batch(match part {
            GraphPart::Edges => found.edges,
            GraphPart::Nodes => found.nodes,
        })
    });
    let verb = verb.takes(Takes::OneOrTwo).rows(Rows::Unknown).holds(Holds::Everything);
    Ok(verb.with_open_columns())
}

fn part(section: &Section) -> Result<GraphPart> {
    let parts = [("edges", GraphPart::Edges), ("nodes", GraphPart::Nodes)];
    Ok(section.choice("part", &parts)?.unwrap_or_default())
}

fn name_of(part: GraphPart) -> &'static str {
    match part {
        GraphPart::Edges => "edges",
        GraphPart::Nodes => "nodes",
    }
}

fn hypergraph(section: &Section) -> Result<Verb> {
    let part = part(section)?;
    let config: HypergraphConfig = config(section, "hypergraph")?;
    let verb = Verb::new("hypergraph", name_of(part), move |tables, control| {
        let found = config.run(&tables[0].collect(control)?, control)?;
        Table::from_batch(match part {
            GraphPart::Edges => found.edges()?,
            GraphPart::Nodes => found.nodes()?,
        })
    });
    Ok(verb.rows(Rows::Unknown).holds(Holds::Everything))
}
