//! `graphlume verify`: whether experiments left results that can be believed.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Context;
use graphlume::gad::evaluate::{Severity, verify};
use serde_json::{Map, to_value};

use crate::outcome::Outcome;
use crate::output::{print, print_json};

/// Arguments of `graphlume verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folders of experiments
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut worst = Severity::Ok;
    let mut all = Map::new();
    for folder in &args.folders {
        let shown = folder.display().to_string();
        let verification = verify(folder).with_context(|| shown.clone())?;
        worst = worst.max(verification.worst());
        if args.json {
            all.insert(shown, to_value(&verification)?);
            continue;
        }
        let mut text = format!("{shown}\n");
        for finding in &verification.findings {
            let severity = match finding.severity {
                Severity::Ok => "ok",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            let _ = writeln!(text, "  {severity:<8} {}", finding.message);
        }
        print(text.as_bytes())?;
    }
    if args.json {
        print_json(&all)?;
    }
    Ok(if worst == Severity::Error { Outcome::No } else { Outcome::Done })
}
