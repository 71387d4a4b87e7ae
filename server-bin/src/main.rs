//! `graphlume-server`: the server without the rest of the command.

use clap::Parser;
use graphlume_server::Settings;

/// Serve graphs: upload, transform, lay out while others watch, share
#[derive(Debug, Parser)]
#[command(name = "graphlume-server", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
}

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    match cli.settings.resolve().and_then(|config| graphlume_server::run(config, |_| ())) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::from(2)
        }
    }
}
