//! The verbs that make another graph of a table of edges, and one of nodes if there is one, as steps: what comes out are
//! its edges or its nodes.

use graph_core::{Graph, ReadOptions};

use super::graph_verbs::{config, direction, graph_of, graph_options, name_of, part};
use super::section::{Result, Section};
use super::table_verbs::{expression, named};
use super::verb::{Holds, Reader, Rows, Takes, Verb};
use crate::Control;
use crate::source::GraphPart;
use crate::table::{ContractAggregates, Table, rows_where};
use crate::topology::{
    Contract, ForestFire, UniformSample, induced_by_mask, materialize_nodes, prune_orphans,
};

/// All verbs that make another graph, of which a part comes out.
pub(super) const VERBS: &[Reader] = &[
    ("keep_nodes", keep_nodes),
    ("contract", contract),
    ("sample_nodes", sample_nodes),
    ("forest_fire", forest_fire),
    ("materialize_nodes", |section| {
        let given = Given { part: GraphPart::Nodes, options: graph_options(section)? };
        Ok(given.verb("materialize_nodes", "that edges name", |graph, _| {
            Ok(materialize_nodes(graph)?.graph)
        }))
    }),
    ("prune_orphans", |section| {
        let given = Given { part: GraphPart::Nodes, options: graph_options(section)? };
        Ok(given.verb("prune_orphans", "with edges", |graph, _| Ok(prune_orphans(graph)?.graph)))
    }),
];

/// How tables become a graph, and what of it comes out.
struct Given {
    options: ReadOptions,
    part: GraphPart,
}

impl Given {
    fn read(section: &Section) -> Result<Self> {
        Ok(Self { options: graph_options(section)?, part: part(section)? })
    }

    /// A verb that makes the graph which `change` makes.
    fn verb(
        self,
        name: &'static str,
        text: &str,
        change: impl Fn(&Graph, &Control) -> crate::Result<Graph> + Send + Sync + 'static,
    ) -> Verb {
        self.warning(name, text, move |graph, control, _| change(graph, control))
    }

    /// As [`verb`](Self::verb), of one that may find something that is likely not meant so.
    fn warning(
        self,
        name: &'static str,
        text: &str,
        change: impl Fn(&Graph, &Control, &mut Vec<String>) -> crate::Result<Graph>
        + Send
        + Sync
        + 'static,
    ) -> Verb {
        let Self { options, part } = self;
        let text = format!("{text}, {}, {}", name_of(part), direction(&options));
        let verb = Verb::warning(name, text, move |tables, control, words| {
            let changed = change(&graph_of(tables, &options, control)?, control, words)?;
            Table::from_batch(match part {
                GraphPart::Edges => changed.edge_table()?,
                GraphPart::Nodes => changed.nodes().clone(),
            })
        });
        let verb = verb.takes(Takes::OneOrTwo).holds(Holds::Everything);
        match part {
            GraphPart::Edges => verb,
            // Each edge has two ends, which may be nodes that no other edge has.
            GraphPart::Nodes => verb.rows(Rows::Times(2)),
        }
    }
}

/// The nodes that a condition is true of, and all edges between them.
fn keep_nodes(section: &Section) -> Result<Verb> {
    let given = Given::read(section)?;
    let text = section.need_text("where")?;
    let condition = expression(section, "where", &text)?;
    Ok(given.verb("keep_nodes", &format!("where {text}"), move |graph, control| {
        let keep = rows_where(graph.nodes().clone(), &condition, control)?;
        Ok(induced_by_mask(graph, &keep)?.graph)
    }))
}

/// One node for each value of a column of nodes.
fn contract(section: &Section) -> Result<Verb> {
    let given = Given::read(section)?;
    let column = section.need_text("column")?;
    let texts = section.texts("aggregate")?.unwrap_or_default();
    let of_part =
        texts.iter().map(|text| named(section, "aggregate", text)).collect::<Result<Vec<_>>>()?;
    let contract: Contract = config(section, "contract")?;
    let text = match texts.is_empty() {
        true => format!("by {column}"),
        false => format!("by {column}: {}", texts.join(", ")),
    };
    let mut aggregates = ContractAggregates::default();
    match given.part {
        GraphPart::Edges => aggregates.edges = of_part,
        GraphPart::Nodes => aggregates.nodes = of_part,
    }
    Ok(given.warning("contract", &text, move |graph, control, words| {
        let changed = contract.by_column_with(graph, &column, &aggregates, control)?.graph;
        let types = [graph.node_column(&column)?.data_type(), changed.ids().data_type()];
        let [before, now] = types.map(graph_core::type_name);
        if before != now {
            words.push(format!(
                "nodes without a value in `{column}` become one called `null`, and so ids are {now}, not {before}"
            ));
        }
        Ok(changed)
    }))
}

/// Some nodes, each as likely as any other, and all edges between them.
fn sample_nodes(section: &Section) -> Result<Verb> {
    let given = Given::read(section)?;
    let sample: UniformSample = config(section, "sample_nodes")?;
    let text = format!("{} by chance", sample.count);
    Ok(given.verb("sample_nodes", &text, move |graph, _| Ok(sample.nodes(graph)?.graph)))
}

/// The nodes that burn, and all edges between them.
fn forest_fire(section: &Section) -> Result<Verb> {
    let given = Given::read(section)?;
    let fire: ForestFire = config(section, "forest_fire")?;
    let text = format!("{} by a fire", fire.count);
    Ok(given.verb("forest_fire", &text, move |graph, control| Ok(fire.run(graph, control)?.graph)))
}
