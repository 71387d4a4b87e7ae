//! `graphlume list`: the methods, datasets and experiments in a folder.

use std::fmt::Write;
use std::path::PathBuf;

use graphlume::gad::dataset::{Bundled, Facts, Folder, Source, bundled, datasets};
use graphlume::gad::experiment::{Experiment, experiments};
use graphlume::gad::method::{Method, methods};
use graphlume::gad::{Error, detectors};
use serde_json::json;

use crate::outcome::Outcome;
use crate::output::{print, print_json};
use crate::progress::Messages;

/// Arguments of `graphlume list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to list
    what: What,
    /// Folder to look in; by default `methods`, `datasets` or `experiments` here
    folder: Option<PathBuf>,
    /// List the methods or datasets that come with the program instead
    #[arg(long, conflicts_with = "folder")]
    bundled: bool,
    /// Read each dataset that native detectors can read, and say what is in it
    #[arg(long)]
    facts: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    /// Folders with an `.env`, as GraFlag has them
    Methods,
    /// Folders with files that methods read
    Datasets,
    /// Folders `exp__METHOD__DATASET__TIME`, newest first
    Experiments,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let default = match args.what {
        What::Methods => "methods",
        What::Datasets => "datasets",
        What::Experiments => "experiments",
    };
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from(default));
    let mut rows = Vec::new();
    let problems: Vec<Error> = match (args.what, args.bundled) {
        (What::Experiments, true) => {
            anyhow::bail!(
                "--bundled is of methods and datasets: no experiment comes with the program"
            )
        }
        (What::Methods, true) => {
            rows = detectors::all().iter().map(native).collect();
            if args.json {
                let entries: Vec<_> = detectors::all().iter().map(|info| {
                    json!({"name": info.name, "result_type": info.result_type.name(),
                           "description": info.doc, "source": info.source, "parameters": info.defaults()})
                }).collect();
                print_json(&entries)?;
            }
            Vec::new()
        }
        (What::Datasets, true) => {
            let mut entries = Vec::new();
            for dataset in bundled() {
                let source = Source::find(&format!("bundled:{}", dataset.name))?;
                let facts = facts(&source, args.facts)?;
                rows.push(bundled_row(dataset, facts.as_ref()));
                entries.push(json!({"name": dataset.name, "description": dataset.doc,
                    "source": dataset.source, "licence": dataset.licence, "facts": facts}));
            }
            if args.json {
                print_json(&entries)?;
            }
            Vec::new()
        }
        (What::Methods, false) => {
            let (methods, problems) = methods(&folder)?;
            if args.json {
                print_json(&methods)?;
            }
            rows = methods.iter().map(method_row).collect();
            problems
        }
        (What::Datasets, false) => {
            let (datasets, mut problems) = datasets(&folder)?;
            let mut entries = Vec::new();
            for dataset in datasets {
                let source = Source::find(&dataset.folder.display().to_string())?;
                match facts(&source, args.facts && dataset.native) {
                    Ok(facts) => {
                        rows.push(dataset_row(&dataset, facts.as_ref()));
                        entries.push(json!({"dataset": dataset, "facts": facts}));
                    }
                    Err(problem) => problems.push(problem),
                }
            }
            if args.json {
                print_json(&entries)?;
            }
            problems
        }
        (What::Experiments, false) => {
            let (experiments, problems) = experiments(&folder)?;
            if args.json {
                print_json(&experiments)?;
            }
            rows = experiments.iter().map(experiment_row).collect();
            problems
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

fn facts(source: &Source, wanted: bool) -> Result<Option<Facts>, Error> {
    wanted.then(|| source.load().map(|loaded| loaded.facts().clone())).transpose()
}

fn native(info: &detectors::DetectorInfo) -> Vec<String> {
    vec![info.name.to_owned(), info.result_type.name().to_owned(), info.doc.to_owned()]
}

fn method_row(method: &Method) -> Vec<String> {
    let datasets = match method.supported_datasets.is_empty() {
        true => "any".to_owned(),
        false => method.supported_datasets.join(","),
    };
    vec![method.name.clone(), datasets, method.description.clone()]
}

fn experiment_row(experiment: &Experiment) -> Vec<String> {
    let evaluated = match (experiment.has_results, experiment.has_evaluation) {
        (_, true) => "evaluated",
        (true, false) => "results",
        (false, false) => "",
    };
    vec![experiment.name.clone(), experiment.status.status.to_string(), evaluated.to_owned()]
}

fn dataset_row(dataset: &Folder, facts: Option<&Facts>) -> Vec<String> {
    let readers = if dataset.native { "native" } else { "" };
    let size = format!("{:.1} MB", dataset.bytes as f64 / 1e6);
    vec![dataset.name.clone(), readers.to_owned(), size, counts(facts)]
}

fn bundled_row(dataset: &Bundled, facts: Option<&Facts>) -> Vec<String> {
    let labels = if dataset.is_static() { "nodes" } else { "edges" };
    vec![dataset.name.to_owned(), labels.to_owned(), counts(facts), dataset.doc.to_owned()]
}

/// What is in a dataset, in a line.
fn counts(facts: Option<&Facts>) -> String {
    let Some(facts) = facts else { return String::new() };
    let mut text = format!("{} nodes, {} edges", facts.n_nodes, facts.n_edges);
    if 0 < facts.n_features {
        let _ = write!(text, ", {} features", facts.n_features);
    }
    for (what, counts) in [("nodes", facts.labelled_nodes), ("edges", facts.labelled_edges)] {
        if let Some((labelled, anomalies)) = counts {
            let _ = write!(text, ", {anomalies} of {labelled} {what} anomalous");
        }
    }
    if let Some((first, last)) = facts.span {
        let _ = write!(text, ", times {first} to {last}");
    }
    text
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
