//! `graphlume-server`: the server without the rest of the command.
#![forbid(unsafe_code)]

use std::io::Write;

use clap::{Parser, Subcommand};
use graphlume::ReadOptions;
use graphlume_server::{Settings, users};

/// Large pages for large memory.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graphlume::device::Allocator = graphlume::device::Allocator::new();

/// Serve graphs: upload, transform, lay out while others watch, share
#[derive(Debug, Parser)]
#[command(name = "graphlume-server", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add, list and remove accounts, for servers with --auth; --data and --database say which
    Users {
        #[command(subcommand)]
        command: users::Command,
    },
}

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let done = cli.settings.resolve().and_then(|config| match cli.verb {
        None => graphlume_server::run(config, &[], &ReadOptions::default(), false, |_, _| ()),
        Some(Verb::Users { command }) => {
            let said = users::run(&config, &command)?;
            Ok(std::io::stdout().write_all(said.as_bytes())?)
        }
    });
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::from(2)
        }
    }
}
