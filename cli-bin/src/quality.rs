//! `graphlume quality`: how good a layout is, in numbers.

use std::fmt::Write;
use std::path::PathBuf;

use graphlume::layout::quality::{Measure, QualityConfig, QualityReport, measure};

use crate::input;
use crate::layout::number_column;
use crate::outcome::Outcome;
use crate::output::{grouped, print, print_json};
use crate::progress::Messages;

/// Arguments of `graphlume quality`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: input::Args,
    /// File of positions with columns id, x and y, such as the OUT of `graphlume layout`
    positions: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Size of the neighborhoods that trustworthiness compares
    #[arg(long, value_name = "K", default_value_t = QualityConfig::default().n_neighbors)]
    neighbors: usize,
    /// Steps that each measure may take before it turns to a sample
    #[arg(long, value_name = "STEPS", default_value_t = QualityConfig::default().budget)]
    budget: u64,
    /// Seed of all samples
    #[arg(long, default_value_t = QualityConfig::default().seed)]
    seed: u64,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let mut options = args.input.options();
    anyhow::ensure!(
        options.nodes.is_none(),
        "POSITIONS is the node file; --nodes has no place here"
    );
    options.nodes = Some(args.positions.clone());
    let (graph, _) = args.input.read_with(&options, messages)?;
    let (x, y) = (number_column(&graph, "x")?, number_column(&graph, "y")?);
    let config = QualityConfig {
        n_neighbors: args.neighbors,
        budget: args.budget,
        seed: args.seed,
        ..QualityConfig::default()
    };
    let spinner = messages.spinner("measuring");
    let report = measure(&graph, &x, &y, &config)?;
    drop(spinner);
    if args.json {
        print_json(&report)?;
    } else {
        print(table(&report).as_bytes())?;
    }
    Ok(Outcome::Done)
}

/// One measure a line, with what a good value is.
pub(crate) fn table(report: &QualityReport) -> String {
    let rows = [
        ("trustworthiness", report.trustworthiness, "1 is perfect, 0.5 is chance"),
        ("stress", report.stress, "0 is perfect"),
        ("neighborhood preservation", report.neighborhood_preservation, "1 is perfect"),
        ("edge length variation", report.edge_length_variation, "0 is all alike"),
        ("crossing fraction", report.crossing_fraction, "0 is none"),
    ];
    let mut text = String::new();
    for (name, measure, scale) in rows {
        let value = match measure {
            None => "undefined".to_owned(),
            Some(Measure { value, exact: true, .. }) => format!("{value:.4}"),
            Some(Measure { value, standard_error, sample_size, .. }) => {
                format!("{value:.4} ± {standard_error:.4} ({} sampled)", grouped(sample_size))
            }
        };
        let _ = writeln!(text, "{name:<26} {value:<34} {scale}");
    }
    text
}
