//! What runs a method: a process here, a container, a service of a cluster.

use std::path::PathBuf;
use std::time::Duration;

use graph_core::Control;
use serde_json::{Map, Value};

use super::program::Resolved;
use super::{Dataset, RunConfig};
use crate::Result;
use crate::method::Method;

/// What is to be run, with all names resolved.
#[derive(Debug, Clone)]
pub struct Task {
    /// Name of the method.
    pub method: String,
    /// The method's folder, if it is one of GraFlag's form.
    pub folder: Option<Method>,
    /// The command, for `/bin/sh -c`; none if an image has its own.
    pub command: Option<String>,
    /// Whole path of the folder of the experiment.
    pub experiment: PathBuf,
    /// Name of the dataset.
    pub dataset: String,
    /// Whole path of the dataset.
    pub data: PathBuf,
    /// Variables, beside those that any process has: what the method's `.env` sets, parameters with
    /// an underscore before their names, and what the runner says. `DATA` and `EXP` are not among them,
    /// as a container may see the folders elsewhere.
    pub environment: Vec<(String, String)>,
    /// Python packages that are to be installed.
    pub requirements: Option<PathBuf>,
    /// Whether it may call Python, as all may but detectors of this crate.
    pub python: bool,
    /// Whether the method may use a GPU.
    pub gpu: bool,
    /// The only one that it sees, by its place among those of the machine; `None` for all.
    pub gpu_index: Option<u32>,
    /// Memory of all its processes together, in bytes.
    pub memory: Option<u64>,
    /// Version of the image of the method.
    pub tag: String,
    /// The image that it is to run in as it is, whatever the method's Dockerfile says now.
    pub image: Option<String>,
}

impl Task {
    pub(super) fn new(
        config: &RunConfig,
        resolved: Resolved,
        dataset: &Dataset,
        experiment: &std::path::Path,
    ) -> Self {
        let Resolved { method, folder, command, environment, requirements, python } = resolved;
        Self {
            command: command.map(|command| command.for_experiment(experiment)),
            method,
            folder,
            experiment: experiment.to_owned(),
            dataset: dataset.name.clone(),
            data: dataset.path.clone(),
            environment,
            requirements,
            python,
            gpu: config.gpu,
            gpu_index: config.gpu_index,
            memory: config.budget.memory,
            tag: config.tag.clone(),
            image: config.image.clone(),
        }
    }
}

/// What an executor has made ready for a task.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// Variables that it adds.
    pub environment: Vec<(String, String)>,
    /// The image that runs, if one does.
    pub image: Option<String>,
    /// What is run in the image, for `/bin/sh -c`; none if that has a command of its own.
    pub command: Option<String>,
    /// What is to be known of it later, such as the digest of an image.
    pub facts: Map<String, Value>,
    /// Whether the method writes `resources.csv` itself, as GraFlag's runner in an image does.
    pub own_monitor: bool,
}

/// What a job takes, now or in all.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Memory now; pages that several processes share count once.
    pub memory_bytes: u64,
    /// Most memory that one process alone had at any moment until now, between two looks too; 0 if that is not
    /// known.
    pub peak_bytes: u64,
    /// Time of processors since the start.
    pub cpu_secs: f64,
    /// Memory on GPUs now, if that can be told.
    pub gpu_bytes: Option<u64>,
}

/// How a job ended by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exit {
    /// What it returned.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether the system ended it, or a part of it, for lack of memory.
    pub out_of_memory: bool,
    /// How long it ran, if that is known better than by when it was noticed.
    pub took: Option<Duration>,
}

/// A method that runs.
pub trait Job: Send {
    /// How it ended, if it did. Does not block.
    ///
    /// # Errors
    ///
    /// Why that cannot be told.
    fn ended(&mut self) -> Result<Option<Exit>>;

    /// What it takes; `None` if that cannot be told, as of one on another machine.
    fn usage(&mut self) -> Option<Usage>;

    /// Ends all of it: asks, waits for `grace`, and makes it end. Also to be called of a job that has ended by
    /// itself, for what it left running and for the rest of what it printed.
    ///
    /// # Errors
    ///
    /// Why something of it may run still.
    fn end(&mut self, grace: Duration) -> Result<()>;
}

/// Where methods run.
pub trait Executor: Send + Sync {
    /// Its name, by which a later process finds it again.
    fn name(&self) -> &'static str;

    /// How it is set up, by names of options, so that another one can be set up alike.
    fn settings(&self) -> Map<String, Value> {
        Map::new()
    }

    /// A text for a new job, by which [`Executor::remains`] finds it whatever becomes of this process.
    fn handle(&self) -> String;

    /// Makes ready what the task needs, and keeps it for the next task that needs the same. What is
    /// printed meanwhile goes to `build.log` in the folder of the experiment.
    ///
    /// # Errors
    ///
    /// Why it cannot be made; [`Error::Stopped`](crate::Error::Stopped).
    fn prepare(&self, task: &Task, control: &Control<'_>) -> Result<Prepared>;

    /// Starts the task as the job `handle`. What it prints goes to `method_output.txt` in the folder of the
    /// experiment.
    ///
    /// # Errors
    ///
    /// Why it cannot be started.
    fn start(&self, task: &Task, prepared: &Prepared, handle: &str) -> Result<Box<dyn Job>>;

    /// How many processes, containers or services are left of the job with this handle.
    ///
    /// # Errors
    ///
    /// Why that cannot be told.
    fn remains(&self, handle: &str) -> Result<usize>;

    /// Ends what is left of the job with this handle.
    ///
    /// # Errors
    ///
    /// Why something of it may run still.
    fn end_remains(&self, handle: &str) -> Result<()>;
}
