//! `graphlume serve` and `graphlume users`: the server, in this program.

use std::path::PathBuf;

use anyhow::ensure;
use graphlume::graph::ReadOptions;
use graphlume_server::{Settings, users};

use crate::input::Reading;
use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::print;
use crate::progress::Messages;

/// Arguments of `graphlume serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  graphlume serve
  graphlume serve edges.csv
  graphlume serve transfers.parquet --source payer --target payee --nodes accounts.csv
  graphlume serve --bind 127.0.0.1:0 --data ./graphs
  graphlume serve --bind 0.0.0.0:443 --auth --tls-cert chain.pem --tls-key key.pem
  graphlume serve --bind 0.0.0.0:443 --auth --acme-domains graphs.example.com --acme-accept-terms

Every option but those under Input is also a key of the configuration file, and an environment
variable. Ctrl-C ends the server.")]
pub(crate) struct Args {
    /// Files of edges, or of whole graphs, to begin with; the options under Input hold for each of them
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// End when standard input ends, as it does when the program that started the server is no more
    #[arg(long)]
    end_with_input: bool,
    #[command(flatten)]
    settings: Settings,
}

pub(crate) fn run(args: Args, messages: Messages) -> anyhow::Result<Outcome> {
    // Who starts it at a terminal wants to see the address, not every request.
    let defaults = Settings { log: Some("warn".to_owned()), ..Settings::default() };
    let config = args.settings.resolve_or(defaults)?;
    let options = args.reading.options();
    ensure!(
        !args.files.is_empty() || options == ReadOptions::default(),
        "options such as --nodes and --source say how a file is read, and none is given: graphlume serve FILE"
    );
    // The server hears of signals itself, and ends what is under way before it goes.
    let _deferred = Deferred::begin();
    graphlume_server::run(config, &args.files, &options, args.end_with_input, |bound, pages| {
        messages.say(format!("graphlume is at {}", bound.url()));
        for page in pages {
            messages.say(page);
        }
    })?;
    Ok(Outcome::Done)
}

/// Arguments of `graphlume users`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  graphlume users add ann --admin
  graphlume users --database postgres://db/graphs list")]
pub(crate) struct UsersArgs {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: users::Command,
}

pub(crate) fn run_users(args: UsersArgs) -> anyhow::Result<Outcome> {
    let said = users::run(&args.settings.resolve()?, &args.command)?;
    print(said.as_bytes())?;
    Ok(Outcome::Done)
}
