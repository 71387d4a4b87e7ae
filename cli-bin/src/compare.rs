//! `graphlume compare`: experiments beside one another.

use std::fmt::Write;
use std::path::PathBuf;

use graphlume::gad::evaluate::{EvaluateConfig, Versus, evaluate, shown_p};

use crate::evaluate::{Options, controlled, naming};
use crate::outcome::Outcome;
use crate::output::{print, print_json};
use crate::progress::Messages;

/// Arguments of `graphlume compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folders of experiments or files of results, over the same samples; the first is what the
    /// others are compared with
    #[arg(required = true, num_args = 2..)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    options: Options,
    /// Page of HTML with numbers and curves
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    // Intervals come from the comparison, which resamples all alike.
    let config = EvaluateConfig { bootstrap: None, ..args.options.config() };
    let mut experiments = Vec::with_capacity(args.paths.len());
    for path in &args.paths {
        let shown = path.display().to_string();
        let done = controlled(messages, &shown, |control| evaluate(path, &config, control));
        match done.map_err(|error| naming(&shown, error))? {
            Some(mut experiment) => {
                if experiment.experiment_name.is_empty()
                    || experiments.iter().any(|other: &graphlume::gad::evaluate::Evaluation| {
                        other.experiment_name == experiment.experiment_name
                    })
                {
                    experiment.experiment_name = shown;
                }
                experiments.push(experiment);
            }
            None => return Ok(messages.interrupted()),
        }
    }
    let bootstrap = args.options.bootstrap();
    let done =
        controlled(messages, "comparing", |control| Versus::of(&experiments, &bootstrap, control));
    let Some(versus) = done? else { return Ok(messages.interrupted()) };
    if let Some(path) = &args.out {
        versus.write(path)?;
        messages.say(format!("wrote {}", path.display()));
    }
    match args.json {
        true => print_json(&versus)?,
        false => print(table(&versus).as_bytes())?,
    }
    Ok(Outcome::Done)
}

fn table(versus: &Versus) -> String {
    let anomalies = match versus.n_positives {
        1 => "1 anomaly".to_owned(),
        n => format!("{n} anomalies"),
    };
    let mut text = format!(
        "{} samples, {anomalies}, {} resamples; differences are from the first\n",
        versus.n_samples, versus.bootstrap.n_resamples
    );
    let width = versus.names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(10);
    let _ = writeln!(
        text,
        "{:<width$}  {:<26} {:>9} {:>7} {:>8}  {:<26} {:>9} {:>7}",
        "experiment", "area under the ROC", "", "p", "DeLong p", "average precision", "", "p"
    );
    for (index, (name, found)) in versus.names.iter().zip(&versus.bootstrap.methods).enumerate() {
        let of = |i: graphlume::gad::statistics::Interval| {
            format!("{:.4} ({:.4} to {:.4})", i.value, i.low, i.high)
        };
        let (roc, precision) = (of(found.roc_auc), of(found.average_precision));
        let Some(other) = index.checked_sub(1) else {
            let _ = writeln!(text, "{name:<width$}  {roc:<53}  {precision}");
            continue;
        };
        let difference = &versus.bootstrap.differences[other];
        let _ = writeln!(
            text,
            "{name:<width$}  {roc:<26} {:>+9.4} {:>7.4} {:>8}  {precision:<26} {:>+9.4} {:>7.4}",
            difference.roc_auc.value,
            difference.roc_auc_p,
            shown_p(versus.delong_p[other]),
            difference.average_precision.value,
            difference.average_precision_p,
        );
    }
    for note in &versus.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
