//! `graphlume hypergraph`: a table of events becomes a graph of the things that they name.

mod file;
#[cfg(feature = "tables")]
mod tables;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
use graphlume::etl::hypergraph::{HypergraphConfig, HypergraphWarning};
use graphlume::etl::{Control, Error, Progress};
use graphlume::graph::write_batches;

#[cfg(not(feature = "tables"))]
use self::file::Events;
#[cfg(feature = "tables")]
use self::tables::Events;
use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::{Summary, count, print_json, write_options, wrote};
use crate::progress::Messages;
use crate::rows::table;

/// Arguments of `graphlume hypergraph`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  graphlume hypergraph logins.csv --entities user,ip,device -o edges.parquet --nodes-out nodes.parquet
  graphlume hypergraph transfers.csv --entities from,to --direct --category account=from,to -o edges.csv
  graphlume hypergraph logins.csv --entities user,ip,device --direct --pair user=ip,device -o edges.csv
  graphlume hypergraph odd.csv --separator ';' --delimiter / --entities user,ip

Every different value of an entity column becomes a node. Each row becomes a node too, with an edge
to each of its values; with --direct it is edges between its values instead.")]
pub(crate) struct Args {
    #[command(flatten)]
    events: Events,
    /// File for the edges
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// File for the nodes: entities and, without --direct, events
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    nodes_out: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Graph")]
    config: HypergraphConfig,
    /// Columns whose equal values are one node, of a category of that name
    #[arg(long = "category", value_name = "NAME=COLUMNS", help_heading = "Graph")]
    categories: Vec<String>,
    /// With --direct: the columns that edges from one column go to [default: every pair]
    #[arg(long, value_name = "COLUMN=COLUMNS", requires = "direct", help_heading = "Graph")]
    pair: Vec<String>,
    /// Rows to print of what is not written to a file
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    rows: usize,
    /// Print JSON: how many nodes and edges there are
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let outputs = [("--out", args.out.as_deref()), ("--nodes-out", args.nodes_out.as_deref())];
    for path in outputs.into_iter().filter_map(|(_, path)| path) {
        write_options(path).check(path)?;
    }
    let summary = Summary::beside(&outputs, args.json, messages)?;
    let mut config = args.config.clone();
    config.opts.categories = groups("--category", &args.categories)?;
    if !args.pair.is_empty() {
        config.opts.edges = Some(groups("--pair", &args.pair)?);
    }
    let Some(events) = args.events.read(messages)? else { return Ok(messages.interrupted()) };
    settle(config.entity_types.as_deref_mut().unwrap_or_default(), events.schema_ref());
    settle(&mut config.opts.skip, events.schema_ref());
    let deferred = Deferred::begin();
    let spinner = messages.spinner("hypergraph");
    let report = |progress: Progress| spinner.say(progress.stage.to_owned());
    let control = Control::default().reporting(&report).stopped_by(deferred.flag());
    let made = match config.run(&events, &control) {
        Err(Error::Stopped { .. }) => return Ok(messages.interrupted()),
        made => made.map_err(error_by_flag)?,
    };
    drop(spinner);
    drop(deferred);
    for warning in made.warnings() {
        messages.say(format!("warning: {}", by_flag(warning)));
    }
    let tables = [("node", &args.nodes_out), ("edge", &args.out)];
    let n_nodes = made.n_entities() + made.n_events();
    if args.json {
        print_json(&serde_json::json!({
            "n_entities": made.n_entities(),
            "n_events": made.n_events(),
            "n_nodes": n_nodes,
            "n_edges": made.n_edges(),
        }))?;
    }
    for (noun, path) in tables {
        let make = || match noun {
            "node" => made.node_batches(),
            _ => made.edge_batches(),
        };
        if let Some(path) = path {
            let report = write_batches(&make()?, path, &write_options(path), &Control::NONE)?;
            messages.say(wrote(path, &report));
        }
        if args.json {
            continue;
        }
        let n = if noun == "node" { n_nodes } else { made.n_edges() };
        let mut text = format!("{}\n", count(n, noun));
        if path.is_none() && n > 0 && args.rows > 0 {
            text.push_str(&table(&first_rows(&make()?, args.rows)?)?);
            if args.rows < n {
                text.push_str("…\n");
            }
        }
        summary.print(&text)?;
    }
    Ok(Outcome::Done)
}

/// The warning, with the option by the name that it has here.
fn by_flag(warning: &HypergraphWarning) -> HypergraphWarning {
    match warning.clone() {
        HypergraphWarning::NoSuchColumn { option: "SKIP", column, nearest } => {
            HypergraphWarning::NoSuchColumn { option: "--skip", column, nearest }
        }
        HypergraphWarning::NoSuchColumn { option: "CATEGORIES", column, nearest } => {
            HypergraphWarning::NoSuchColumn { option: "--category", column, nearest }
        }
        warning => warning,
    }
}

/// The error, with the option by the name that it has here.
fn error_by_flag(error: Error) -> Error {
    match error {
        Error::NotAnEntity { column, nearest, .. } => {
            Error::NotAnEntity { column, place: "--pair", nearest }
        }
        Error::Repeated { place: "entity_types", name } => {
            Error::Repeated { place: "--entities", name }
        }
        error => error,
    }
}

/// Leaves out spaces around names in lists where no column is called so.
fn settle(names: &mut [String], schema: &Schema) {
    for name in names {
        if schema.column_with_name(name).is_none() {
            *name = name.trim().to_owned();
        }
    }
}

/// The first `n` rows of a table in batches, which are at least one.
fn first_rows(batches: &[RecordBatch], mut n: usize) -> anyhow::Result<RecordBatch> {
    let mut rows = Vec::new();
    for batch in batches {
        let here = n.min(batch.num_rows());
        rows.push(batch.slice(0, here));
        n -= here;
    }
    Ok(concat_batches(&batches[0].schema(), &rows)?)
}

/// Groups of columns, each given as `NAME=COLUMN,COLUMN`.
fn groups(option: &str, given: &[String]) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut groups = BTreeMap::new();
    for text in given {
        let (name, columns) = text
            .split_once('=')
            .filter(|(name, columns)| !name.is_empty() && !columns.is_empty())
            .with_context(|| format!("{option} {text}: a name, `=` and columns were expected"))?;
        let columns = columns.split(',').map(|column| column.trim().to_owned()).collect();
        if groups.insert(name.trim().to_owned(), columns).is_some() {
            bail!("{option} {text}: `{name}` is given twice");
        }
    }
    Ok(groups)
}
