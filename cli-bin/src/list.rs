//! `graphlume list`: the methods and the experiments in a folder.

use std::fmt::Write;
use std::path::PathBuf;

use graphlume::gad::experiment::experiments;
use graphlume::gad::method::methods;

use crate::outcome::Outcome;
use crate::output::{print, print_json};
use crate::progress::Messages;

/// Arguments of `graphlume list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to list
    what: What,
    /// Folder to look in; by default `methods` or `experiments` here
    folder: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    /// Folders with an `.env`, as GraFlag has them
    Methods,
    /// Folders `exp__METHOD__DATASET__TIME`, newest first
    Experiments,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let name = match args.what {
        What::Methods => "methods",
        What::Experiments => "experiments",
    };
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from(name));
    let (rows, problems) = match args.what {
        What::Methods => {
            let (methods, problems) = methods(&folder)?;
            if args.json {
                print_json(&methods)?;
            }
            let row = |method: &graphlume::gad::method::Method| {
                let datasets = match method.supported_datasets.is_empty() {
                    true => "any".to_owned(),
                    false => method.supported_datasets.join(","),
                };
                vec![method.name.clone(), datasets, method.description.clone()]
            };
            (methods.iter().map(row).collect(), problems)
        }
        What::Experiments => {
            let (experiments, problems) = experiments(&folder)?;
            if args.json {
                print_json(&experiments)?;
            }
            let row = |experiment: &graphlume::gad::experiment::Experiment| {
                let evaluated = match (experiment.has_results, experiment.has_evaluation) {
                    (_, true) => "evaluated",
                    (true, false) => "results",
                    (false, false) => "",
                };
                let state = experiment.status.status.to_string();
                vec![experiment.name.clone(), state, evaluated.to_owned()]
            };
            (experiments.iter().map(row).collect::<Vec<_>>(), problems)
        }
    };
    for problem in problems {
        messages.say(format!("left out: {problem}"));
    }
    if !args.json {
        print(columns(&rows).as_bytes())?;
    }
    Ok(Outcome::Done)
}

/// Rows as lines, columns below one another.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let n = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..n).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
