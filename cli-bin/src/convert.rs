//! `graphlume convert`: one format into another.

use std::path::PathBuf;

use graphlume::graph::Format;
use graphlume::{WriteOptions, write};

use crate::input;
use crate::outcome::Outcome;
use crate::output::{Summary, count, write_options, wrote};
use crate::progress::Messages;

/// Arguments of `graphlume convert`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: input::Args,
    /// File to write, `-` for standard output; the suffix says the format
    out: PathBuf,
    /// Format to write [default: found from the suffix; CSV to standard output]
    #[arg(long, value_parser = input::formats())]
    to: Option<Format>,
    /// File for the node table, for formats that hold edges only
    #[arg(long, value_name = "FILE")]
    nodes_out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let options = write_options(&args.out);
    let format = args.to.or(options.format);
    let options = WriteOptions { format, nodes: args.nodes_out.clone(), ..options };
    options.check(&args.out)?;
    let outputs = [("OUT", Some(args.out.as_path())), ("--nodes-out", args.nodes_out.as_deref())];
    Summary::beside(&outputs, false, messages)?;
    let (graph, read) = args.input.read(messages)?;
    let spinner = messages.spinner(format!("writing {}", args.out.display()));
    let report = write(&graph, &args.out, &options)?;
    drop(spinner);
    messages.say(wrote(&args.out, &report));
    let edges_only = [Format::Csv, Format::JsonLines, Format::Parquet, Format::Arrow];
    let n_columns = graph.nodes().num_columns() - 1;
    let lost = options.nodes.is_none() && (n_columns > 0 || read.isolated_nodes > 0);
    if lost && edges_only.contains(&report.format) {
        messages.say(format!(
            "only edges were written; --nodes-out FILE keeps {} and {} as well",
            count(n_columns, "node column"),
            count(read.isolated_nodes, "isolated node")
        ));
    }
    let has_numbers_alone = [Format::MatrixMarket, Format::Metis].contains(&report.format);
    if has_numbers_alone && options.nodes.is_none() {
        let text = "nodes have no ids there, but numbers from 1; --nodes-out FILE keeps their ids";
        messages.say(text);
    }
    Ok(Outcome::Done)
}
