//! `graphlume convert`: one format into another.

use std::path::PathBuf;

use graphlume::graph::Format;
use graphlume::{WriteOptions, write};

use crate::input;
use crate::outcome::Outcome;
use crate::output::{bytes, is_standard, secs};
use crate::progress::Messages;

/// Arguments of `graphlume convert`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: input::Args,
    /// File to write, `-` for standard output; the suffix says the format
    out: PathBuf,
    /// Format to write [default: found from the suffix; CSV to standard output]
    #[arg(long, value_parser = input::name::<Format>)]
    to: Option<Format>,
    /// File for the node table, for formats that hold edges only
    #[arg(long, value_name = "FILE")]
    nodes_out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let (graph, _) = args.input.read(messages)?;
    let spinner = messages.spinner(format!("writing {}", args.out.display()));
    let format = args.to.or(is_standard(&args.out).then_some(Format::Csv));
    let options = WriteOptions { format, nodes: args.nodes_out.clone(), ..WriteOptions::default() };
    let report = write(&graph, &args.out, &options)?;
    drop(spinner);
    messages.say(format!(
        "wrote {}, {} in {}",
        args.out.display(),
        bytes(report.bytes),
        secs(report.duration)
    ));
    Ok(Outcome::Done)
}
