//! The `graphlume` command: lay out, inspect, convert and draw graphs.
//!
//! It is a library of one function, so that the program of this name and the Python package are the same
//! command.
//!
//! Data goes to standard output, messages to standard error. Exit codes: 0 done, 1 stopped before
//! the end, 2 error.
#![forbid(unsafe_code)]

mod analyze;
#[cfg(feature = "tables")]
mod case;
mod compare;
mod convert;
mod demo;
mod detect;
mod devices;
mod evaluate;
mod executor;
mod experiment;
mod generate;
mod hypergraph;
mod info;
mod input;
mod interrupt;
mod layout;
mod leaderboard;
mod list;
#[cfg(feature = "tables")]
mod ordered;
mod outcome;
mod output;
#[cfg(feature = "tables")]
mod pipeline;
mod progress;
mod quality;
mod query;
#[cfg(feature = "tables")]
mod reshape;
mod rows;
mod run;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "tables")]
mod source;
mod sweep;
#[cfg(feature = "tables")]
mod transform;
mod values;
mod verify;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};

use outcome::Outcome;
use progress::Messages;

/// Load a big graph, lay it out, see it
#[derive(Debug, Parser)]
#[command(name = "graphlume", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 stopped before the end, 2 error")]
struct Cli {
    /// Print nothing but errors on standard error
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Threads to use, up to 1024; 0 means one per core
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=1024))]
    threads: u16,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lay a graph out with ForceAtlas2, and draw it
    Layout(Box<layout::Args>),
    /// Say what is in a graph file
    Info(info::Args),
    /// Convert a graph from one format to another
    Convert(convert::Args),
    /// Filter, join, group and query tables: files, databases, object stores, pages of the web
    #[cfg(feature = "tables")]
    Transform(Box<transform::Args>),
    /// Run a file of steps over tables and graphs
    #[cfg(feature = "tables")]
    Pipeline(pipeline::Args),
    /// Run an investigation: a file of steps with parameters, from sources to a graph
    #[cfg(feature = "tables")]
    Case(case::Args),
    /// Measure a graph: centrality, communities, components, paths, cores and more
    Analyze(analyze::Args),
    /// List the measures, or say what one of them does
    Measures(analyze::ListArgs),
    /// Make a graph of another shape: parts, neighborhoods, groups, samples, simpler ones
    #[cfg(feature = "tables")]
    Reshape(Box<reshape::Args>),
    /// Find a part of a graph with a GFQL query
    Query(query::Args),
    /// Make a graph of the things that the rows of a table name
    Hypergraph(Box<hypergraph::Args>),
    /// Run an anomaly detection method on a dataset, within a budget
    Run(Box<run::Args>),
    /// Say how far experiments are
    Status(experiment::StatusArgs),
    /// Print what a method printed
    Logs(experiment::LogsArgs),
    /// Stop experiments that run
    Stop(experiment::StopArgs),
    /// Remove experiments that left nothing, and end what dead ones left running
    Clean(experiment::CleanArgs),
    /// Score the nodes or edges of a dataset, or of a stream as it comes: the more anomalous, the higher
    Detect(Box<detect::Args>),
    /// Measure anomaly scores against labels: metrics, intervals, plots, a page
    Evaluate(evaluate::Args),
    /// Run methods over datasets with all parameters and seeds, and go on where it stopped
    Sweep(sweep::Args),
    /// Say what methods reach on datasets, of a sweep or of experiments: Markdown, CSV, a page
    Leaderboard(leaderboard::Args),
    /// Compare experiments that scored the same samples
    Compare(compare::Args),
    /// Check that experiments left results that can be believed
    Verify(verify::Args),
    /// List methods, datasets or experiments
    List(list::Args),
    /// Make a random or regular graph
    Generate(generate::Args),
    /// Measure how good a layout is
    Quality(quality::Args),
    /// Serve graphs to browsers and programs: upload, lay out while others watch, share
    #[cfg(feature = "serve")]
    Serve(Box<serve::Args>),
    /// Add, list and remove the accounts of a server
    #[cfg(feature = "serve")]
    Users(Box<serve::UsersArgs>),
    /// List the devices that can compute
    Devices(devices::Args),
    /// Lay out and draw a graph that comes with the program
    Demo(demo::Args),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What this command is started by, for the processes that it starts to do a part of its work.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// The program that is this command.
fn program() -> anyhow::Result<PathBuf> {
    PROGRAM.get().cloned().context("nobody said what this program is")
}

/// Does what `arguments` say, those behind the name of the program, and returns the exit code. `program`
/// is what starts this command; messages and data go to the standard streams. Signals are taken over, and so
/// it is for a process that does nothing else.
pub fn main(program: &Path, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    PROGRAM.get_or_init(|| program.to_owned());
    let arguments = std::iter::once("graphlume".into()).chain(arguments);
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(asked) => {
            // Help and version are no errors. Who cannot be told has closed the stream.
            let _ = asked.print();
            return asked.exit_code() as u8;
        }
    };
    let messages = Messages::new(cli.quiet);
    match run(cli, messages) {
        Ok(outcome) => outcome.code(),
        // Whoever reads standard output has seen enough, as `head` does.
        Err(error) if outcome::is_broken_pipe(&error) => 0,
        Err(error) => {
            eprintln!("error: {}", outcome::message(&error));
            2
        }
    }
}

/// Panics within polars are caught and come out as errors; their own words would only stand before these.
fn quiet_panics_of_polars() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_theirs = |place: &std::panic::Location<'_>| place.file().contains("/polars-");
        if !panic.location().is_some_and(is_theirs) {
            usual(panic);
        }
    }));
}

fn run(cli: Cli, messages: Messages) -> anyhow::Result<Outcome> {
    quiet_panics_of_polars();
    rayon::ThreadPoolBuilder::new().num_threads(cli.threads.into()).build_global()?;
    interrupt::install()?;
    match cli.command {
        Command::Layout(args) => layout::run(&args, messages),
        Command::Info(args) => info::run(&args, messages),
        Command::Convert(args) => convert::run(&args, messages),
        #[cfg(feature = "tables")]
        Command::Transform(args) => transform::run(&args, messages),
        #[cfg(feature = "tables")]
        Command::Pipeline(args) => pipeline::run(&args, messages),
        #[cfg(feature = "tables")]
        Command::Case(args) => case::run(&args, messages),
        Command::Analyze(args) => analyze::run(&args, messages),
        Command::Measures(args) => analyze::list(&args),
        #[cfg(feature = "tables")]
        Command::Reshape(args) => reshape::run(&args, messages),
        Command::Query(args) => query::run(&args, messages),
        Command::Hypergraph(args) => hypergraph::run(&args, messages),
        Command::Run(args) => run::run(&args, messages),
        Command::Status(args) => experiment::status(&args, messages),
        Command::Logs(args) => experiment::logs(&args, messages),
        Command::Stop(args) => experiment::stop(&args, messages),
        Command::Clean(args) => experiment::clean(&args, messages),
        Command::Detect(args) => detect::run(&args, messages),
        Command::Evaluate(args) => evaluate::run(&args, messages),
        Command::Sweep(args) => sweep::run(&args, messages),
        Command::Leaderboard(args) => leaderboard::run(&args, messages),
        Command::Compare(args) => compare::run(&args, messages),
        Command::Verify(args) => verify::run(&args),
        Command::List(args) => list::run(&args, messages),
        Command::Generate(args) => generate::run(&args, messages),
        Command::Quality(args) => quality::run(&args, messages),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(*args, messages),
        #[cfg(feature = "serve")]
        Command::Users(args) => serve::run_users(*args),
        Command::Devices(args) => devices::run(&args),
        Command::Demo(args) => demo::run(&args, messages),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "graphlume", &mut script);
            output::print(&script)?;
            Ok(Outcome::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
