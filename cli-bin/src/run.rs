//! `graphlume run`: a method on a dataset.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use graphlume::gad::dataset::Source;
use graphlume::gad::experiment::{Experiment, State};
use graphlume::gad::run::{Budget, Environment, Program, RunConfig, ServiceConfig};
use graphlume::graph::{Control, Progress};

use crate::executor::ExecutorArgs;
use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::{print, print_json, secs};
use crate::progress::Messages;
use crate::values;

/// Arguments of `graphlume run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of a method, name of one in ROOT/methods or of a detector, or FILE.py:FUNCTION
    #[arg(short, long, required_unless_present = "from_config")]
    method: Option<String>,
    /// Folder or file of a dataset, name of one in ROOT/datasets, or `bundled:NAME`
    #[arg(short, long, required_unless_present = "from_config")]
    dataset: Option<PathBuf>,
    /// Parameter of the method, in place of its default
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = values::pair())]
    parameters: Vec<(String, String)>,
    /// Seed of the method
    #[arg(long)]
    seed: Option<u64>,
    /// Keep GPUs from the method
    #[arg(long)]
    no_gpu: bool,
    /// Let the method use GPUs, though --from-config says otherwise
    #[arg(long, conflicts_with = "no_gpu")]
    gpu: bool,
    /// Time that it may take, such as `10 min`
    #[arg(long, value_name = "TIME", value_parser = values::duration())]
    timeout: Option<Duration>,
    /// Memory that all its processes may take, such as `4 GiB`
    #[arg(long, value_name = "BYTES", value_parser = values::bytes())]
    memory: Option<u64>,
    /// Run again what a file `service_config.json`, or the folder of an experiment, says, but for what is said here
    #[arg(long, value_name = "FILE")]
    from_config: Option<PathBuf>,
    /// Version of the method's image [default: latest]
    #[arg(long)]
    tag: Option<String>,
    /// Run on a dataset that the method does not say it can read
    #[arg(long)]
    any_dataset: bool,
    /// How often resources are looked at [default: 1 s]
    #[arg(long, value_name = "TIME", value_parser = values::duration())]
    interval: Option<Duration>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    executor: ExecutorArgs,
    /// Print JSON
    #[arg(long, help_heading = None)]
    json: bool,
}

/// Where methods, datasets and experiments are.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// Folder that has methods, datasets and experiments in folders of these names
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

impl Place {
    /// A folder in it, without a dot that says nothing.
    fn folder(&self, name: &str) -> PathBuf {
        if self.root == Path::new(".") { name.into() } else { self.root.join(name) }
    }

    pub(crate) fn methods(&self) -> PathBuf {
        self.folder("methods")
    }

    pub(crate) fn experiments(&self) -> PathBuf {
        self.folder("experiments")
    }

    /// The dataset of this name or at this path.
    pub(crate) fn dataset(&self, name: &Path) -> anyhow::Result<PathBuf> {
        let datasets = self.folder("datasets");
        if let Some(text) = name.to_str().filter(|text| text.starts_with("bundled:")) {
            return Ok(Source::find(text)?.place(&datasets)?);
        }
        let inside = datasets.join(name);
        match (name.exists(), inside.exists()) {
            (true, _) => Ok(name.to_owned()),
            (false, true) => Ok(inside),
            (false, false) => {
                bail!(
                    "there is no dataset `{}`, neither here nor in {}",
                    name.display(),
                    datasets.display()
                )
            }
        }
    }

    /// The experiment of this name or at this path.
    pub(crate) fn experiment(&self, name: &Path) -> anyhow::Result<PathBuf> {
        let inside = self.experiments().join(name);
        match (name.is_dir(), inside.is_dir()) {
            (true, _) => Ok(name.to_owned()),
            (false, true) => Ok(inside),
            (false, false) => {
                let folder = self.experiments();
                bail!(
                    "there is no experiment `{}`, neither here nor in {}",
                    name.display(),
                    folder.display()
                )
            }
        }
    }
}

impl Args {
    fn config(&self, old: Option<&ServiceConfig>) -> anyhow::Result<RunConfig> {
        let method = self.method.clone().or_else(|| Some(old?.program().to_owned()));
        let dataset = self.dataset.clone().or_else(|| Some(old?.dataset()));
        let (Some(method), Some(dataset)) = (method, dataset) else {
            bail!("--method and --dataset, or --from-config, are needed");
        };
        let graphlume = crate::program()?;
        let program = Program::find(&method, &self.place.methods(), &graphlume)?;
        let mut config = RunConfig::new(program, self.place.dataset(&dataset)?);
        config.experiments = self.place.experiments();
        config.parameters = old.map(ServiceConfig::parameters).unwrap_or_default();
        for (name, value) in &self.parameters {
            config.parameters.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            config.parameters.push((name.clone(), value.clone()));
        }
        config.seed = self.seed.or_else(|| old?.seed());
        config.gpu = self.gpu || (!self.no_gpu && old.is_none_or(|old| old.gpu_required));
        let budget = old.map(ServiceConfig::budget).unwrap_or_default();
        config.budget =
            Budget { time: self.timeout.or(budget.time), memory: self.memory.or(budget.memory) };
        if let Some(tag) = self.tag.clone().or_else(|| Some(old?.tag.clone())) {
            config.tag = tag;
        }
        let own = old.and_then(|old| old.graphlume.as_ref());
        config.any_dataset = self.any_dataset || own.is_some_and(|own| own.any_dataset);
        let interval = self.interval.or_else(|| old?.interval());
        config.interval = interval.unwrap_or(config.interval);
        if self.method.is_none() && self.tag.is_none() {
            config.image = own.and_then(|own| self.executor.image(own));
        }
        Ok(config)
    }
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let old = args.from_config.as_deref().map(ServiceConfig::read).transpose()?;
    let config = args.config(old.as_ref())?;
    let executor = args.executor.executor(old.as_ref().and_then(|old| old.graphlume.as_ref()));
    let what = format!("{} on {}", config.program.name(), config.dataset.display());
    let deferred = Deferred::begin();
    let spinner = messages.spinner(&what);
    let report = |progress: Progress| {
        let spent = secs(Duration::from_millis(progress.done / 100 * 100));
        let limit =
            progress.total.map(|total| format!(" of {}", secs(Duration::from_millis(total))));
        spinner.say(format!("{what}: {} {spent}{}", progress.stage, limit.unwrap_or_default()));
    };
    let control = Control::default().reporting(&report).stopped_by(deferred.flag());
    let experiment = config.run(executor.as_ref(), &control)?;
    drop(spinner);
    if let Some(path) = &args.from_config {
        for difference in differences(path, &experiment.folder)? {
            messages.say(format!("not as in the earlier run: {difference}"));
        }
    }
    match args.json {
        true => print_json(&experiment)?,
        false => print(summary(&experiment).as_bytes())?,
    }
    Ok(match experiment.status.status {
        State::Completed => Outcome::Done,
        State::Stopped => Outcome::Interrupted,
        _ => Outcome::No,
    })
}

/// In what the run in `folder` was not that of the configuration at `path`, if its folder says what it ran in.
fn differences(path: &Path, folder: &Path) -> anyhow::Result<Vec<String>> {
    let before = if path.is_dir() { Some(path) } else { path.parent() };
    let before = before.map(Environment::read).transpose()?.flatten();
    Ok(match (Environment::read(folder)?, before) {
        (Some(now), Some(before)) => now.differences(&before),
        _ => Vec::new(),
    })
}

/// What became of an experiment, in a few lines.
pub(crate) fn summary(experiment: &Experiment) -> String {
    let status = &experiment.status;
    let mut text = format!("{}  {}\n", experiment.folder.display(), status.status);
    if let Some(error) = &status.error {
        let _ = writeln!(text, "  {error}");
    }
    if let Some(runner) = &experiment.runner {
        let _ = writeln!(text, "  run by {runner}");
    }
    let mut facts = Vec::new();
    if let Some(ms) = status.exec_time_ms {
        facts.push(format!("time {}", secs(Duration::from_secs_f64(ms / 1e3))));
    }
    let resources = status.resources.unwrap_or_default();
    if let Some(cpu) = resources.cpu_secs {
        facts.push(format!("CPU {}", secs(Duration::from_secs_f64(cpu))));
    }
    if let Some(memory) = resources.peak_memory_mb {
        facts.push(format!("memory {memory:.1} MiB"));
    }
    if let Some(memory) = resources.peak_gpu_mb {
        facts.push(format!("memory of GPUs {memory:.1} MiB"));
    }
    if !facts.is_empty() {
        let _ = writeln!(text, "  {}", facts.join(", "));
    }
    text
}
