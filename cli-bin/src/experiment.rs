//! `graphlume status`, `logs`, `stop` and `clean`: experiments that run or ran.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use graphlume::gad::experiment::{Experiment, State, Status, experiments};
use graphlume::gad::run::{Executor, is_open, remains, stop as stop_experiment};

use crate::executor::executors;
use crate::list::columns;
use crate::outcome::Outcome;
use crate::output::{print, print_json};
use crate::progress::Messages;
use crate::run::{Place, summary};
use crate::values;

/// Arguments of `graphlume status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Experiments; by default those that are not over
    experiments: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `graphlume logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct LogsArgs {
    /// The experiment
    experiment: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Go on until the experiment is over
    #[arg(short, long)]
    follow: bool,
    /// Print the log of the method's image or virtual environment
    #[arg(long)]
    build: bool,
}

/// Arguments of `graphlume stop`.
#[derive(Debug, clap::Args)]
pub(crate) struct StopArgs {
    /// Experiments
    #[arg(required = true)]
    experiments: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// How long to wait for each
    #[arg(long, value_name = "TIME", value_parser = values::duration(), default_value = "30 s")]
    patience: Duration,
}

/// Arguments of `graphlume clean`.
#[derive(Debug, clap::Args)]
pub(crate) struct CleanArgs {
    #[command(flatten)]
    place: Place,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Also remove experiments that left results, but not those that are completed
    #[arg(long)]
    with_results: bool,
}

pub(crate) fn status(args: &StatusArgs, messages: Messages) -> anyhow::Result<Outcome> {
    let executors = executors();
    let executors: Vec<&dyn Executor> = executors.iter().map(AsRef::as_ref).collect();
    let mut found = Vec::new();
    if args.experiments.is_empty() {
        let folder = args.place.experiments();
        // Before the first experiment there is no folder, which is no mistake.
        if folder.is_dir() {
            let (all, problems) = experiments(&folder)?;
            for problem in problems {
                messages.say(format!("left out: {problem}"));
            }
            // Where nobody can tell what is left, it is shown with the reason.
            let left = |one: &Experiment| remains(&one.folder, &executors).map_or(true, |n| 0 < n);
            found.extend(all.into_iter().filter(|one| !one.status.status.is_final() || left(one)));
        }
        if found.is_empty() && !args.json {
            messages.say("no experiment runs");
        }
    }
    for name in &args.experiments {
        let folder = args.place.experiment(name)?;
        found.push(Experiment::read(&folder.canonicalize().unwrap_or(folder))?);
    }
    if args.json {
        print_json(&found)?;
        return Ok(Outcome::Done);
    }
    for experiment in &found {
        let mut text = summary(experiment);
        match remains(&experiment.folder, &executors) {
            Ok(0) => {}
            Ok(_) => text.push_str(
                "  its runner is gone, but processes of it still run; `graphlume stop` ends them\n",
            ),
            // An engine that is not there must not keep other experiments from being shown.
            Err(error) => {
                let _ = writeln!(text, "  whether any of it still runs cannot be told: {error}");
            }
        }
        print(text.as_bytes())?;
    }
    Ok(Outcome::Done)
}

pub(crate) fn logs(args: &LogsArgs, messages: Messages) -> anyhow::Result<Outcome> {
    let folder = args.place.experiment(&args.experiment)?;
    let name = if args.build { "build.log" } else { "method_output.txt" };
    let path = folder.join(name);
    let mut at = 0;
    loop {
        // Whether it is over must be known before the rest is read.
        let over = !args.follow || Status::read(&folder)?.status.is_final();
        at = copy_from(&path, at).with_context(|| path.display().to_string())?;
        if over {
            if at == 0 {
                messages.say(if args.build { "nothing was built" } else { "nothing was printed" });
            }
            return Ok(Outcome::Done);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Prints the file from byte `at` on, and says where it ended. What does not exist yet is empty.
fn copy_from(path: &Path, at: u64) -> anyhow::Result<u64> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(at),
        Err(error) => return Err(error.into()),
    };
    // A method's own runner may have written it anew.
    let mut at = if file.metadata()?.len() < at { 0 } else { at };
    file.seek(SeekFrom::Start(at))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(at),
            n => print(&buffer[..n])?,
        }
        at = file.stream_position()?;
    }
}

pub(crate) fn stop(args: &StopArgs, messages: Messages) -> anyhow::Result<Outcome> {
    let executors = executors();
    let executors: Vec<&dyn Executor> = executors.iter().map(AsRef::as_ref).collect();
    for name in &args.experiments {
        let folder = args.place.experiment(name)?;
        let before = Status::read(&folder)?.status;
        let state = stop_experiment(&folder, &executors, args.patience)
            .with_context(|| folder.display().to_string())?;
        let already = if before == state { " already" } else { "" };
        messages.say(format!("{}: {state}{already}", name.display()));
    }
    Ok(Outcome::Done)
}

pub(crate) fn clean(args: &CleanArgs, messages: Messages) -> anyhow::Result<Outcome> {
    let executors = executors();
    let executors: Vec<&dyn Executor> = executors.iter().map(AsRef::as_ref).collect();
    let folder = args.place.experiments();
    let (all, problems) = experiments(&folder)?;
    for problem in problems {
        messages.say(format!("left alone: {problem}"));
    }
    let mut rows = Vec::new();
    for experiment in all {
        let left = match remains(&experiment.folder, &executors) {
            Ok(left) => left,
            Err(error) => {
                messages.say(format!("left alone: {}: {error}", experiment.name));
                continue;
            }
        };
        let (state, open) = (experiment.status.status, is_open(&experiment.folder));
        if 0 < left && !args.dry_run {
            stop_experiment(&experiment.folder, &executors, Duration::from_secs(30))?;
        }
        // What says nothing of itself may have just begun, or be GraFlag's.
        let told = state != State::Unknown || open;
        let removable = state.is_final()
            && told
            && state != State::Completed
            && (args.with_results || !experiment.has_results);
        if left == 0 && !removable {
            continue;
        }
        if removable && !args.dry_run {
            let removed = fs::remove_dir_all(&experiment.folder);
            removed.with_context(|| experiment.folder.display().to_string())?;
        }
        let would = if args.dry_run { "would be " } else { "" };
        let mut done = Vec::new();
        if 0 < left {
            done.push(format!("{left} processes {would}ended"));
        }
        if removable {
            done.push(format!("{would}removed"));
        }
        rows.push(vec![experiment.name, state.to_string(), done.join(", ")]);
    }
    print(columns(&rows).as_bytes())?;
    Ok(Outcome::Done)
}
