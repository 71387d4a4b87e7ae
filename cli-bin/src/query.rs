//! `graphlume query`: the part of a graph that a GFQL query asks for.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use graphlume::etl::gfql::{Absent, Gfql, Limits};
use graphlume::etl::{Control, Error, Progress};
use graphlume::graph::{IdOrder, ReadOptions};
use graphlume::write_table;
use serde_json::json;

use crate::input;
use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::{Summary, count, print_json, write_options, wrote};
use crate::progress::Messages;
use crate::rows::table;

/// Arguments of `graphlume query`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  graphlume query edges.csv '[{\"type\": \"Node\", \"filter_dict\": {\"id\": \"ann\"}},
                              {\"type\": \"Edge\", \"direction\": \"forward\", \"hops\": 2},
                              {\"type\": \"Node\"}]'
  graphlume query edges.parquet --nodes people.csv @query.json -o part.parquet --nodes-out who.csv

A query is a chain of steps in the JSON form of PyGraphistry's GFQL, or a Let of named chains. The object
`encodings` that --json prints can be the file of graphlume layout --encodings.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: input::Args,
    /// The query, or @FILE with it (`@-`: standard input)
    query: String,
    /// File for the edges that the query found
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// File for the nodes that it found
    #[arg(long, value_name = "FILE")]
    nodes_out: Option<PathBuf>,
    /// Refuse conditions on columns that do not exist, instead of taking them for empty
    #[arg(long)]
    strict: bool,
    /// Rows to print of what is not written to a file
    #[arg(long, value_name = "N", default_value_t = 10)]
    rows: usize,
    /// Print JSON: how many nodes and edges were found, what the query says of itself, and the encodings that it sets,
    /// as `graphlume layout --encodings` reads them
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let outputs = [("--out", args.out.as_deref()), ("--nodes-out", args.nodes_out.as_deref())];
    for path in outputs.into_iter().filter_map(|(_, path)| path) {
        write_options(path).check(path)?;
    }
    let summary = Summary::beside(&outputs, args.json, messages)?;
    let limits = Limits::default();
    let query = Gfql::parse(&text(&args.query, limits.bytes)?, &limits)?;
    // Calls that take the first rows are to take those of the table of nodes.
    let options = args.input.options();
    let order = match options.nodes.is_some() {
        true => IdOrder::NodeTable,
        false => options.order,
    };
    let (graph, _) = args.input.read_with(&ReadOptions { order, ..options }, messages)?;
    let absent = if args.strict { Absent::Refuse } else { Absent::Null };
    let deferred = Deferred::begin();
    let spinner = messages.spinner("query");
    let report = |progress: Progress| spinner.say(format!("{} {}", progress.done, progress.stage));
    let control = Control::default().reporting(&report).stopped_by(deferred.flag());
    let answer = match query.run(&graph, absent, &control) {
        Err(Error::Stopped { .. }) => return Ok(messages.interrupted()),
        answer => answer?,
    };
    drop(spinner);
    drop(deferred);
    for warning in &answer.warnings {
        messages.say(format!("warning: {warning}"));
    }
    for (rows, path) in [(&answer.edges, &args.out), (&answer.nodes, &args.nodes_out)] {
        if let Some(path) = path {
            let report = write_table(rows, path, &write_options(path))?;
            messages.say(wrote(path, &report));
        }
    }
    let (n_nodes, n_edges) = (answer.nodes.num_rows(), answer.edges.num_rows());
    if args.out.is_some() && args.nodes_out.is_none() && n_edges == 0 && n_nodes > 0 {
        let found = count(n_nodes, "row");
        messages.say(format!(
            "warning: no edges were found; --nodes-out FILE has the {found} that were"
        ));
    }
    if args.json {
        print_json(&json!({
            "n_nodes": n_nodes,
            "n_edges": n_edges,
            "name": answer.name,
            "description": answer.description,
            "encodings": answer.encodings_object(),
        }))?;
        return Ok(Outcome::Done);
    }
    if !answer.encodings.is_empty() {
        let found = count(answer.encodings.len(), "encoding");
        messages.say(format!("the query sets {found}, which --json prints for `--encodings`"));
    }
    for (rows, path, noun) in
        [(&answer.nodes, &args.nodes_out, "node"), (&answer.edges, &args.out, "edge")]
    {
        let mut text = format!("{}\n", count(rows.num_rows(), noun));
        if path.is_none() && rows.num_rows() > 0 && args.rows > 0 {
            text.push_str(&table(&rows.slice(0, args.rows.min(rows.num_rows())))?);
            if args.rows < rows.num_rows() {
                text.push_str("…\n");
            }
        }
        summary.print(&text)?;
    }
    Ok(Outcome::Done)
}

/// The text of a query, which may be in a file; one byte more than `most` is read at most.
fn text(query: &str, most: usize) -> anyhow::Result<String> {
    let Some(path) = query.strip_prefix('@') else { return Ok(query.to_owned()) };
    let mut text = String::new();
    let most = most as u64 + 1;
    match path {
        "-" => std::io::stdin().take(most).read_to_string(&mut text).context("standard input")?,
        path => std::fs::File::open(Path::new(path))
            .and_then(|file| file.take(most).read_to_string(&mut text))
            .with_context(|| path.to_owned())?,
    };
    Ok(text)
}
