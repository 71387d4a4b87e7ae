//! Runs of methods on datasets: a folder for each, watched, within a budget, and never half told.

mod cgroup;
mod config;
#[cfg(feature = "docker")]
mod docker;
mod environment;
mod executor;
mod gpu;
mod local;
mod monitor;
mod output;
mod processes;
mod program;
mod record;
mod venv;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use graph_core::Control;

pub use config::{Own, ServiceConfig};
#[cfg(feature = "docker")]
pub use docker::{DockerExecutor, SwarmExecutor};
pub use environment::{Environment, Machine, hash};
pub use executor::{Executor, Exit, Job, Prepared, Task, Usage};
pub use local::LocalExecutor;
pub use program::Program;
pub use record::{is_open, remains, stop};

use crate::experiment::{Experiment, State, Status, experiment_name};
use crate::results::{Results, update_metadata};
pub(crate) use environment::{hex, load};
pub(crate) use record::Record;

use crate::{Error, Result};
use monitor::{Ended, Monitor};

/// Name of the file with what a method prints.
const OUTPUT: &str = "method_output.txt";

/// What a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Time from the start of the method to its end.
    pub time: Option<Duration>,
    /// Memory of all its processes together, in bytes.
    pub memory: Option<u64>,
}

impl Budget {
    /// Refuses a budget that nothing can keep to.
    pub(crate) fn check(&self) -> Result<()> {
        let bad = |option, value: &str| {
            let allowed = "above 0, or not given";
            Err(Error::BadOption { option, value: value.into(), allowed })
        };
        match (self.time, self.memory) {
            (Some(Duration::ZERO), _) => bad("timeout", "0 s"),
            (_, Some(0)) => bad("memory", "0 bytes"),
            _ => Ok(()),
        }
    }
}

/// A method on a dataset, and how to run it.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// What runs.
    pub program: Program,
    /// Folder or file of the dataset, whose name is that of the dataset.
    pub dataset: PathBuf,
    /// Folder in which the folder of the experiment is made.
    pub experiments: PathBuf,
    /// Parameters in place of the method's defaults.
    pub parameters: Vec<(String, String)>,
    /// Seed. It is the parameter `SEED` of a method that has one, and the variable `SEED` for others.
    pub seed: Option<u64>,
    /// Whether the method may use a GPU. Without, `_GPU` is −1, as GraFlag has it.
    pub gpu: bool,
    /// The only GPU that it sees, by its place among those of the machine; `None` for all.
    pub gpu_index: Option<u32>,
    /// What the run may take.
    pub budget: Budget,
    /// Version of the image of the method.
    pub tag: String,
    /// Image to run in as it is, by what identifies its content, rather than one of the method's Dockerfile.
    pub image: Option<String>,
    /// Whether the method may run on a dataset that it does not say it can read.
    pub any_dataset: bool,
    /// How often resources are looked at.
    pub interval: Duration,
}

impl RunConfig {
    /// `program` on `dataset`, with all else as it is if nothing is said.
    pub fn new(program: Program, dataset: impl Into<PathBuf>) -> Self {
        Self {
            program,
            dataset: dataset.into(),
            experiments: "experiments".into(),
            parameters: Vec::new(),
            seed: None,
            gpu: true,
            gpu_index: None,
            budget: Budget::default(),
            tag: "latest".to_owned(),
            image: None,
            any_dataset: false,
            interval: Duration::from_secs(1),
        }
    }

    /// Runs it to its end, whatever that is: the experiment that is returned says whether the method
    /// did well. Blocks until nothing of the method runs any more.
    ///
    /// Progress is in stages such as `"building"`, `"hashing"` and `"running"`, in milliseconds; if `control`, or
    /// [`stop`] in any process, stops it, the experiment is [`State::Stopped`].
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the dataset is not there or the folder cannot be made; [`Error::Unknown`],
    /// [`Error::BadParameter`] for parameters that the method does not have; [`Error::BadOption`] for
    /// a dataset that it cannot read, or a budget of nothing. Nothing is left behind then.
    pub fn run(&self, executor: &dyn Executor, control: &Control<'_>) -> Result<Experiment> {
        self.budget.check()?;
        let dataset = Dataset::at(&self.dataset)?;
        let program = self.program.resolve(self, &dataset)?;
        let folder = make_folder(&self.experiments, self.program.name(), &dataset.name)?;
        let task = Task::new(self, program, &dataset, &folder);
        let mut attempt =
            Attempt { config: self, executor, task: &task, dataset: &dataset, handle: None };
        let status = match record::attended(&folder, control, |control| attempt.run(control)) {
            Ok(status) => status,
            // What keeps a method from starting is told in its experiment, like a crash of it.
            Err(error) => Status {
                error: Some(error.to_string()),
                ..Status::now(State::Failed, &task.method)
            },
        };
        status.write(&folder)?;
        // What cannot be ended now, or not even seen, must be found later.
        let may_run = |handle: &String| executor.remains(handle).map_or(true, |left| 0 < left);
        if !attempt.handle.as_ref().is_some_and(may_run) {
            Record::remove(&folder);
        }
        Experiment::read(&folder)
    }
}

/// Where a dataset is, and its name.
pub(crate) struct Dataset {
    /// Name, which is that of the folder, or of the file without its suffix.
    name: String,
    /// Its whole path.
    path: PathBuf,
}

impl Dataset {
    fn at(path: &Path) -> Result<Self> {
        let whole = path.canonicalize().map_err(|error| Error::file(path, error))?;
        let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
        match name.and_then(|name| name.to_str()) {
            Some(name) => Ok(Self { name: name.to_owned(), path: whole }),
            None => Err(Error::bad_file(path, "its name is no text")),
        }
    }
}

/// Makes the folder of a new experiment. Two that begin in one second get names of different seconds.
fn make_folder(experiments: &Path, method: &str, dataset: &str) -> Result<PathBuf> {
    fs::create_dir_all(experiments).map_err(|error| Error::file(experiments, error))?;
    let experiments =
        experiments.canonicalize().map_err(|error| Error::file(experiments, error))?;
    let mut time = SystemTime::now();
    loop {
        let folder = experiments.join(experiment_name(method, dataset, time));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                time += Duration::from_secs(1);
            }
            Err(error) => return Err(Error::file(&folder, error)),
        }
    }
}

/// One run, while it runs.
struct Attempt<'a> {
    config: &'a RunConfig,
    executor: &'a dyn Executor,
    task: &'a Task,
    dataset: &'a Dataset,
    /// The job, from shortly before it starts until nothing of it runs for certain.
    handle: Option<String>,
}

impl Attempt<'_> {
    fn run(&mut self, control: &Control<'_>) -> Result<Status> {
        let (folder, method) = (&self.task.experiment, &self.task.method);
        let now = |state| Status::now(state, method);
        Record::new(self.executor.name()).write(folder)?;
        now(State::Building).write(folder)?;
        let mut service = ServiceConfig::of(self.config, self.task, self.executor);
        service.write(folder)?;

        let prepare = || {
            let prepared = self.executor.prepare(self.task, control)?;
            let environment = Environment::capture(self.task, &prepared, control)?;
            control.step("building", 0, None)?;
            Ok((prepared, environment))
        };
        let (prepared, mut environment) = match prepare() {
            Ok(ready) => ready,
            Err(Error::Stopped(_)) => return Ok(now(State::Stopped)),
            Err(error) => return Err(error),
        };
        environment.write(folder)?;
        if let Some(own) = &mut service.graphlume {
            own.image.clone_from(&prepared.image);
            own.graflag_runner = prepared.own_monitor;
            service.write(folder)?;
        }

        now(State::Running).write(folder)?;
        let handle = self.executor.handle();
        // Before it starts: whatever becomes of this process, others find what it has started.
        Record::of(self.executor.name(), &handle).write(folder)?;
        let handle = self.handle.insert(handle);
        let begin = Instant::now();
        let mut job = self.executor.start(self.task, &prepared, handle)?;
        let mut monitor = Monitor::new(self.task, &prepared, self.config, begin);
        let (ended, took) = monitor.watch(job.as_mut(), control)?;
        self.handle = None;

        environment.end(&self.dataset.path, control);
        environment.write(folder)?;
        let status = Status {
            exec_time_ms: Some((took.as_secs_f64() * 1e5).round() / 1e2),
            resources: Some(monitor.resources()),
            ..now(State::Unknown)
        };
        Ok(self.judge(status, ended, monitor.peak()))
    }

    /// What became of the run.
    fn judge(&self, mut status: Status, ended: Ended, peak: Option<Usage>) -> Status {
        let budget = self.config.budget;
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let (state, error) = match ended {
            Ended::Stopped => (State::Stopped, Some("somebody stopped it".to_owned())),
            Ended::Timeout => {
                let limit = budget.time.unwrap_or_default().as_secs_f64();
                (State::Timeout, Some(format!("it took longer than the {limit} s it was given")))
            }
            Ended::OutOfMemory => {
                let limit = mebibytes(budget.memory.unwrap_or_default());
                let took = mebibytes(peak.unwrap_or_default().memory_bytes);
                let error = match budget.memory {
                    Some(_) if limit < took => format!(
                        "it took {took:.1} MiB of memory, more than the {limit:.1} MiB it was given"
                    ),
                    // Where the system keeps to the limit, nobody sees more.
                    Some(_) => {
                        format!("it wanted more memory than the {limit:.1} MiB it was given")
                    }
                    None => "the system ended it for lack of memory".to_owned(),
                };
                (State::Oom, Some(error))
            }
            Ended::Exit(exit) => {
                status.exit_code = exit.code;
                match (exit.code, exit.signal) {
                    (Some(0), _) => match self.accept(&status) {
                        Ok(()) => (State::Completed, None),
                        Err(error) => {
                            (State::Failed, Some(format!("it exited with 0, but {error}")))
                        }
                    },
                    (Some(code), _) => {
                        // A shell that waited for a command says so of the signal that ended it.
                        let signal = code.checked_sub(128).map(processes::signal_name);
                        let of_shell = signal.filter(|name| !name.is_empty()).unwrap_or_default();
                        let last = output::last_line(&self.task.experiment.join(OUTPUT));
                        // What a signal ends has nothing to say of that.
                        let why = match last.filter(|_| of_shell.is_empty()) {
                            Some(line) => format!(": {line}"),
                            None => of_shell.to_owned(),
                        };
                        (State::Failed, Some(format!("it exited with {code}{why}")))
                    }
                    (None, Some(signal)) => {
                        let name = processes::signal_name(signal);
                        (State::Failed, Some(format!("signal {signal} ended it{name}")))
                    }
                    (None, None) => (State::Failed, Some("nothing says how it ended".to_owned())),
                }
            }
        };
        status.status = state;
        status.error = error;
        status
    }

    /// Checks the results, and writes what the run took into their metadata.
    fn accept(&self, status: &Status) -> Result<()> {
        let path = crate::evaluate::results_path(&self.task.experiment)?;
        Results::read(&path)?;
        let resources = status.resources.unwrap_or_default();
        update_metadata(&path, |metadata| {
            for (key, value) in [
                ("exec_time_ms", status.exec_time_ms),
                ("peak_memory_mb", resources.peak_memory_mb),
                ("peak_gpu_mb", resources.peak_gpu_mb),
            ] {
                let Some(value) = value else { continue };
                // What the method says of itself is kept beside, as GraFlag does.
                if let Some(reported) = metadata.insert(key.to_owned(), value.into())
                    && reported != value
                {
                    metadata.insert(format!("method_reported_{key}"), reported);
                }
            }
            if let Some(seed) = self.config.seed {
                metadata.entry("seed").or_insert_with(|| seed.into());
            }
        })
    }
}
