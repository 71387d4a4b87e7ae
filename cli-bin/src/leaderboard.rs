//! `graphlume leaderboard`: what methods reach on datasets.

use std::path::PathBuf;

use graphlume::gad::leaderboard::{Board, Entries};
use graphlume::gad::sweep::{Judge, Metric};

use crate::evaluate::controlled;
use crate::outcome::Outcome;
use crate::output::{print, print_json};
use crate::progress::Messages;

/// Arguments of `graphlume leaderboard`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of a sweep, or one with experiments
    folder: PathBuf,
    /// Folder for leaderboard.md, .csv, .html and .json
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// What ranks are by; by default what parameters were chosen by, or else the area under the ROC
    #[arg(long, value_enum)]
    metric: Option<By>,
    /// Resamples for the intervals of experiments; a sweep has its own
    #[arg(long, value_name = "N", default_value_t = Judge::default().resamples)]
    resamples: usize,
    /// Title, instead of the name of the sweep
    #[arg(long)]
    title: Option<String>,
    /// Print JSON instead of Markdown
    #[arg(long)]
    json: bool,
}

/// Metrics that methods are ranked by.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum By {
    /// Area under the ROC
    RocAuc,
    /// Average precision
    AveragePrecision,
}

impl From<By> for Metric {
    fn from(by: By) -> Self {
        match by {
            By::RocAuc => Self::RocAuc,
            By::AveragePrecision => Self::AveragePrecision,
        }
    }
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let judge = Judge { resamples: args.resamples, ..Judge::default() };
    let read =
        controlled(messages, "reading", |control| Entries::read(&args.folder, &judge, control))?;
    let Some(entries) = read else { return Ok(messages.interrupted()) };
    let mut board = Board::new(&entries, args.metric.map(Into::into))?;
    if let Some(title) = &args.title {
        board.title.clone_from(title);
    }
    if args.json {
        print_json(&board)?;
    }
    match &args.out {
        Some(out) => {
            for path in board.write(out)? {
                messages.say(path.display().to_string());
            }
        }
        None if !args.json => print(board.markdown().as_bytes())?,
        None => {}
    }
    Ok(Outcome::Done)
}
