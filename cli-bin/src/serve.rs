//! `graphlume serve`: the server, in this program.

use graphlume_server::Settings;

use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::progress::Messages;

/// Arguments of `graphlume serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  graphlume serve
  graphlume serve --bind 127.0.0.1:0 --data ./graphs
  graphlume serve --bind 0.0.0.0:443 --auth --tls-cert chain.pem --tls-key key.pem

Every option is also a key of the configuration file, and an environment variable. Ctrl-C ends the server.")]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

pub(crate) fn run(args: Args, messages: Messages) -> anyhow::Result<Outcome> {
    // Who starts it at a terminal wants to see the address, not every request.
    let defaults = Settings { log: Some("warn".to_owned()), ..Settings::default() };
    let config = args.settings.resolve_or(defaults)?;
    // The server hears of signals itself, and ends what is under way before it goes.
    let _deferred = Deferred::begin();
    graphlume_server::run(config, |bound| {
        messages.say(format!("graphlume is at {}", bound.url()));
    })?;
    Ok(Outcome::Done)
}
