//! Methods as services of a swarm, which chooses the machine.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bollard::errors::Error as EngineError;
use bollard::models::{
    GenericResourcesInner, GenericResourcesInnerDiscreteResourceSpec, Limit, LocalNodeState,
    NetworkAttachmentConfig, PushImageInfo, ResourceObject, ServiceSpec, ServiceSpecMode,
    ServiceSpecModeReplicated, Task as SwarmTask, TaskSpec, TaskSpecContainerSpec,
    TaskSpecLogDriver, TaskSpecResources, TaskSpecRestartPolicy,
    TaskSpecRestartPolicyConditionEnum, TaskState,
};
use bollard::query_parameters::{
    InspectServiceOptions, ListNodesOptions, ListTasksOptionsBuilder, LogsOptionsBuilder,
    PushImageOptionsBuilder, TagImageOptionsBuilder, UpdateServiceOptionsBuilder,
};
use futures_util::StreamExt;
use graph_core::Control;
use serde_json::{Map, Value};

use super::super::output::keep;
use super::super::{Executor, Exit, Job, OUTPUT, Prepared, Task, Usage};
use super::container::{self, ended_here};
use super::engine::{Asked, Engine, Silence, default_address};
use super::image::{self, Image};
use super::output::Output;
use super::sampler::Sampler;
use super::{Folders, LABEL, handle, parse_handle, variables};
use crate::{Error, Result};

/// What GraFlag calls a GPU that a machine of a swarm hands out.
const GPU: &str = "NVIDIA-GPU";

/// How long a task may take to end after it is asked to, before it is made to.
const GRACE: Duration = Duration::from_secs(5);

/// How long a swarm may take beyond that with a task on the engine's own machine; then it is ended without the swarm.
const PROMPT: Duration = Duration::from_secs(5);

/// How long the swarm may take to say that a task has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the swarm is asked what a task does.
const LOOK: Duration = Duration::from_millis(200);

/// How often an image is handed to a registry before that is given up.
const TRIALS: u32 = 3;

/// Runs of one method do not hand its image over side by side.
static PUSHING: Mutex<()> = Mutex::new(());

/// Runs each method as a service of one task that is not begun again, on the machine of a swarm that has room.
///
/// Dataset and experiments must be at the same paths on all machines. Images go to them through a
/// registry.
#[derive(Debug, Clone)]
pub struct SwarmExecutor {
    /// Where the engine is that manages the swarm.
    pub address: String,
    /// Whether images are built even if there is one of the same content.
    pub build: bool,
    /// Network of the task: `host`, `bridge`, or one of the swarm's by name. A swarm has none that leads nowhere.
    pub network: String,
    /// Registry that all machines of the swarm reach, such as `10.0.0.1:5000`; without one, only machines
    /// that have the image can run it.
    pub registry: Option<String>,
}

impl Default for SwarmExecutor {
    /// The engine of `DOCKER_HOST`, or of this machine's socket; the machine's network, as GraFlag has it; no
    /// registry.
    fn default() -> Self {
        let network = "host".to_owned();
        Self { address: default_address(), build: false, network, registry: None }
    }
}

impl Executor for SwarmExecutor {
    fn name(&self) -> &'static str {
        "swarm"
    }

    fn settings(&self) -> Map<String, Value> {
        let (address, network) = (Some(&self.address), Some(&self.network));
        let settings =
            [("docker_host", address), ("network", network), ("registry", self.registry.as_ref())];
        let given = settings.into_iter().filter_map(|(name, value)| Some((name, value?.as_str())));
        given.map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    fn handle(&self) -> String {
        handle(&self.address)
    }

    fn prepare(&self, task: &Task, control: &Control<'_>) -> Result<Prepared> {
        let engine = Engine::connect(&self.address)?;
        let swarm = engine.wait(engine.docker.info())?.swarm.unwrap_or_default();
        let is_manager = swarm.local_node_state == Some(LocalNodeState::ACTIVE)
            && swarm.control_available == Some(true);
        if !is_manager {
            let problem = format!("the engine at {} manages no swarm", self.address);
            return Err(Error::preparation("Docker Swarm", problem));
        }
        let Image { name, command, has_runner, mut facts, .. } =
            image::ensure(&engine, task, self.build, control)?;
        let image = match (&self.registry, &task.image) {
            // One of an earlier run is in the registry already.
            (_, Some(image)) if !self.build => image.clone(),
            (Some(registry), _) => push(&engine, registry, &name, control)?,
            (None, _) => name,
        };
        facts.insert("service_image".to_owned(), image.clone().into());
        facts.insert("network".to_owned(), self.network.clone().into());
        Ok(Prepared {
            command,
            image: Some(image),
            facts,
            own_monitor: has_runner,
            ..Prepared::default()
        })
    }

    fn start(&self, task: &Task, prepared: &Prepared, handle: &str) -> Result<Box<dyn Job>> {
        let engine = Engine::connect(&self.address)?;
        let (_, name) = parse_handle(handle)?;
        let spec = self.spec(&engine, task, prepared, name)?;
        let path = task.experiment.join(OUTPUT);
        let file = File::options().create(true).append(true).open(&path);
        let mut file = file.map_err(|error| Error::file(&path, error))?;
        let info = engine.wait(engine.docker.info())?;
        engine.wait(engine.docker.create_service(spec, None))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let mut job = Service {
            node: info.swarm.and_then(|swarm| swarm.node_id),
            limited: task.memory.is_some(),
            task: None,
            looked: None,
            exit: None,
            ended: false,
            reader: None,
            sampler: None,
            is_over: is_over.clone(),
            engine,
            name: name.to_owned(),
            silence: Silence::default(),
        };
        let follower = Engine::connect(&self.address)?;
        let name = job.name.clone();
        job.reader = Some(std::thread::spawn(move || {
            let options = LogsOptionsBuilder::default().follow(true).stdout(true).stderr(true);
            let mut logs = follower.docker.service_logs(&name, Some(options.build())).boxed();
            // What could not be written is missing in the file, which a full disk explains.
            let _ = keep(Output::new(&follower, &mut logs, &is_over), &mut file);
        }));
        Ok(Box::new(job))
    }

    fn remains(&self, handle: &str) -> Result<usize> {
        let (address, name) = parse_handle(handle)?;
        Ok(usize::from(exists(&Engine::connect(address)?, name)?))
    }

    fn end_remains(&self, handle: &str) -> Result<()> {
        let (address, name) = parse_handle(handle)?;
        let engine = Engine::connect(address)?;
        let stopped = stop(&engine, name);
        remove(&engine, name)?;
        stopped
    }
}

impl SwarmExecutor {
    fn spec(
        &self,
        engine: &Engine,
        task: &Task,
        prepared: &Prepared,
        name: &str,
    ) -> Result<ServiceSpec> {
        let folders = Folders::of(task);
        let shell = prepared.command.as_ref().map(|_| vec!["/bin/sh".to_owned(), "-c".to_owned()]);
        let container = TaskSpecContainerSpec {
            image: prepared.image.clone(),
            command: shell,
            args: prepared.command.clone().map(|command| vec![command]),
            env: Some(variables(task, &folders)),
            mounts: Some(folders.mounts),
            init: Some(true),
            stop_grace_period: Some(GRACE.as_nanos() as i64),
            ..TaskSpecContainerSpec::default()
        };
        let gpu = GenericResourcesInner {
            discrete_resource_spec: Some(GenericResourcesInnerDiscreteResourceSpec {
                kind: Some(GPU.to_owned()),
                value: Some(1),
            }),
            named_resource_spec: None,
        };
        let gpus = (task.gpu && has_gpus(engine)?).then(|| vec![gpu]);
        let limit = task.memory.map(|bytes| Limit {
            memory_bytes: Some(i64::try_from(bytes).unwrap_or(i64::MAX)),
            ..Limit::default()
        });
        let resources = TaskSpecResources {
            limits: limit,
            reservations: gpus.map(|gpus| ResourceObject {
                generic_resources: Some(gpus),
                ..ResourceObject::default()
            }),
            ..TaskSpecResources::default()
        };
        let template = TaskSpec {
            container_spec: Some(container),
            resources: Some(resources),
            restart_policy: Some(TaskSpecRestartPolicy {
                condition: Some(TaskSpecRestartPolicyConditionEnum::NONE),
                ..TaskSpecRestartPolicy::default()
            }),
            networks: Some(vec![NetworkAttachmentConfig {
                target: Some(self.network.clone()),
                ..NetworkAttachmentConfig::default()
            }]),
            // One whose output can be asked for, and that fills no disk.
            log_driver: Some(TaskSpecLogDriver {
                name: Some("json-file".to_owned()),
                options: Some(
                    [("max-size", "64m"), ("max-file", "2")]
                        .map(|(key, value)| (key.to_owned(), value.to_owned()))
                        .into(),
                ),
            }),
            ..TaskSpec::default()
        };
        let labels = [
            (LABEL, name.to_owned()),
            ("graphlume.method", task.method.clone()),
            ("graphlume.experiment", task.experiment.to_string_lossy().into_owned()),
        ];
        Ok(ServiceSpec {
            name: Some(name.to_owned()),
            labels: Some(labels.map(|(key, value)| (key.to_owned(), value)).into()),
            task_template: Some(template),
            mode: Some(replicas(1)),
            ..ServiceSpec::default()
        })
    }
}

fn replicas(n: i64) -> ServiceSpecMode {
    ServiceSpecMode {
        replicated: Some(ServiceSpecModeReplicated { replicas: Some(n) }),
        ..ServiceSpecMode::default()
    }
}

/// Whether a machine of the swarm hands out GPUs. A task that asks for one where there is none waits forever.
fn has_gpus(engine: &Engine) -> Result<bool> {
    let nodes = engine.wait(engine.docker.list_nodes(None::<ListNodesOptions>))?;
    let resources = nodes
        .into_iter()
        .filter_map(|node| node.description?.resources?.generic_resources)
        .flatten();
    Ok(resources.into_iter().any(|resource| {
        let named = resource.named_resource_spec.and_then(|spec| spec.kind);
        let counted = resource.discrete_resource_spec.and_then(|spec| spec.kind);
        named.or(counted).as_deref() == Some(GPU)
    }))
}

/// Hands an image to a registry, and says by what name all machines get exactly that.
fn push(engine: &Engine, registry: &str, name: &str, control: &Control<'_>) -> Result<String> {
    let (owner, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
    let place = format!("{registry}/{owner}");
    let options = TagImageOptionsBuilder::default().repo(&place).tag(tag).build();
    engine.wait(engine.docker.tag_image(name, Some(options)))?;
    // A registry may fail at two pushes of the same at the same time, of which another process can make one.
    let pushing = image::alone(&PUSHING, control)?;
    for trial in 1.. {
        let options = PushImageOptionsBuilder::default().tag(tag).build();
        let items = engine.docker.push_image(&place, Some(options), None);
        match engine.each(items, control, |_: PushImageInfo| Ok(())) {
            Err(Error::Preparation { .. }) if trial < TRIALS => std::thread::sleep(LOOK * trial),
            pushed => {
                pushed?;
                break;
            }
        }
    }
    drop(pushing);
    let full = format!("{place}:{tag}");
    let image = engine.wait(engine.docker.inspect_image(&full))?;
    let digests = image.repo_digests.unwrap_or_default();
    let digest = digests.into_iter().find_map(|digest| {
        let (of, digest) = digest.split_once('@')?;
        (of == place).then(|| format!("{full}@{digest}"))
    });
    Ok(digest.unwrap_or(full))
}

/// The question for the tasks of a service.
fn tasks_of(
    engine: &Engine,
    name: &str,
) -> impl Future<Output = Result<Vec<SwarmTask>, EngineError>> {
    let filters = HashMap::from([("service", vec![name])]);
    let options = ListTasksOptionsBuilder::default().filters(&filters).build();
    engine.docker.list_tasks(Some(options))
}

/// The tasks of a service.
fn tasks(engine: &Engine, name: &str) -> Result<Vec<SwarmTask>> {
    // One that is gone has none.
    Ok(engine.find(tasks_of(engine, name))?.unwrap_or_default())
}

/// Whether there is a service of this name.
fn exists(engine: &Engine, name: &str) -> Result<bool> {
    let request = engine.docker.inspect_service(name, None::<InspectServiceOptions>);
    Ok(engine.find(request)?.is_some())
}

/// Whether nothing of a task runs any more.
fn is_final(state: TaskState) -> bool {
    matches!(
        state,
        TaskState::COMPLETE
            | TaskState::SHUTDOWN
            | TaskState::FAILED
            | TaskState::REJECTED
            | TaskState::ORPHANED
            | TaskState::REMOVE
    )
}

fn state(task: &SwarmTask) -> Option<TaskState> {
    task.status.as_ref()?.state
}

/// Asks the tasks of a service to end and waits until they have.
fn stop(engine: &Engine, name: &str) -> Result<()> {
    let request = engine.docker.inspect_service(name, None::<InspectServiceOptions>);
    let Some(service) = engine.find(request)? else { return Ok(()) };
    let left = || -> Result<Vec<SwarmTask>> {
        let mut tasks = tasks(engine, name)?;
        tasks.retain(|task| !state(task).is_some_and(is_final));
        Ok(tasks)
    };
    if left()?.is_empty() {
        return Ok(());
    }
    // An engine that cannot say which machine it is on is asked as one that is elsewhere.
    let info = engine.wait(engine.docker.info()).ok();
    let node = info.and_then(|info| info.swarm?.node_id);
    // A service that is removed takes what is known of its tasks with it, and they may run still.
    let version = service.version.and_then(|version| version.index).unwrap_or(0);
    let spec = ServiceSpec { mode: Some(replicas(0)), ..service.spec.unwrap_or_default() };
    let options = UpdateServiceOptionsBuilder::default().version(version as i32).build();
    engine.wait(engine.docker.update_service(name, spec, options, None))?;
    let asked = Instant::now();
    loop {
        let mut left = left()?;
        if GRACE + PROMPT < asked.elapsed() {
            // A manager that is busy may hear late what its own machine has done, or be heard late there.
            for id in left.iter().filter_map(|task| container_on(node.as_deref(), task)) {
                container::end(engine, id, GRACE)?;
            }
            left.retain(|task| container_on(node.as_deref(), task).is_none());
        }
        let Some(task) = left.first() else { return Ok(()) };
        if GRACE + PATIENCE < asked.elapsed() {
            let id = task.id.as_deref().unwrap_or_default();
            let state = state(task).map_or_else(|| "unknown".to_owned(), |state| state.to_string());
            let problem = match task.node_id.as_deref().filter(|node| !node.is_empty()) {
                Some(node) => format!("task {id} may run still on machine {node}: it is {state}"),
                None => format!("task {id} may begin yet: it is {state}, on no machine"),
            };
            return Err(Error::preparation(name, problem));
        }
        std::thread::sleep(LOOK / 2);
    }
}

/// The container of a task, if that is on the machine `node`.
fn container_on<'a>(node: Option<&str>, task: &'a SwarmTask) -> Option<&'a str> {
    let here = node.is_some() && task.node_id.as_deref() == node;
    let id = task.status.as_ref()?.container_status.as_ref()?.container_id.as_deref();
    id.filter(|id| here && !id.is_empty())
}

fn remove(engine: &Engine, name: &str) -> Result<()> {
    engine.find(engine.docker.delete_service(name)).map(|_| ())
}

/// A service of a method.
struct Service {
    engine: Engine,
    name: String,
    /// The machine of the engine.
    node: Option<String>,
    /// Whether it may take only so much memory.
    limited: bool,
    /// What was known of its task last.
    task: Option<SwarmTask>,
    looked: Option<Instant>,
    exit: Option<Exit>,
    ended: bool,
    reader: Option<JoinHandle<()>>,
    sampler: Option<Sampler>,
    is_over: Arc<AtomicBool>,
    silence: Silence,
}

impl Service {
    /// The container of its task, if that is on the machine of the engine.
    fn container_here(&self) -> Option<&str> {
        container_on(self.node.as_deref(), self.task.as_ref()?)
    }

    /// How a task ended, if it did.
    fn exit(&self, task: &SwarmTask) -> Result<Option<Exit>> {
        let status = task.status.clone().unwrap_or_default();
        let Some(state) = status.state.filter(|&state| is_final(state)) else { return Ok(None) };
        let code = status.container_status.and_then(|container| container.exit_code);
        let code = code.map(|code| code as i32);
        match (state, code) {
            (TaskState::COMPLETE, _) => {
                Ok(Some(Exit { code: Some(code.unwrap_or(0)), ..Exit::default() }))
            }
            (TaskState::FAILED, Some(code)) if code != 0 => {
                let here = self.container_here().and_then(|id| ended_here(&self.engine, id));
                // A swarm does not say why a process was killed, and the engine may hear of it behind the end. Nobody else
                // does it to one that has a limit.
                let killed = self.limited && code == 137;
                let out_of_memory = killed || here.is_some_and(|exit| exit.out_of_memory);
                Ok(Some(Exit { code: Some(code), out_of_memory, ..Exit::default() }))
            }
            _ => {
                let message = status.err.filter(|text| !text.is_empty()).or(status.message);
                let problem = format!("its task is {state}: {}", message.unwrap_or_default());
                Err(Error::preparation(self.name.as_str(), problem))
            }
        }
    }
}

impl Job for Service {
    fn ended(&mut self) -> Result<Option<Exit>> {
        let pause = LOOK.max(self.silence.pause());
        let is_new = self.looked.is_some_and(|looked| looked.elapsed() < pause);
        if self.exit.is_some() || is_new {
            return Ok(self.exit);
        }
        self.looked = Some(Instant::now());
        let request = tasks_of(&self.engine, &self.name);
        let mut tasks = match self.engine.ask(&mut self.silence, request)? {
            Asked::Found(tasks) => tasks,
            Asked::Gone => Vec::new(),
            Asked::Again => return Ok(None),
        };
        tasks.sort_by(|a, b| a.created_at.cmp(&b.created_at));
        let Some(task) = tasks.pop() else {
            let request =
                self.engine.docker.inspect_service(&self.name, None::<InspectServiceOptions>);
            self.exit = match self.engine.ask(&mut self.silence, request)? {
                // Somebody ended it, and what the swarm knew of it is gone.
                Asked::Gone => Some(Exit::default()),
                Asked::Found(_) if self.task.is_some() => Some(Exit::default()),
                // It has not been placed yet, or nobody can tell.
                Asked::Found(_) | Asked::Again => None,
            };
            return Ok(self.exit);
        };
        self.task = Some(task.clone());
        self.exit = self.exit(&task)?;
        Ok(self.exit)
    }

    fn usage(&mut self) -> Option<Usage> {
        if self.sampler.is_none() {
            let container = self.container_here()?.to_owned();
            self.sampler = Sampler::start(&self.engine.address, &container).ok();
        }
        self.sampler.as_ref()?.last()
    }

    /// The grace is that of the service.
    fn end(&mut self, _grace: Duration) -> Result<()> {
        self.ended = true;
        let stopped = stop(&self.engine, &self.name);
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            // A panic of it has nothing to say that the missing output does not.
            let _ = reader.join();
        }
        remove(&self.engine, &self.name)?;
        stopped
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.end(Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::{ContainerStatus, TaskStatus};

    use super::*;

    #[test]
    fn containers_are_those_of_the_engines_own_machine() {
        let task = |node: Option<&str>, container: Option<&str>| {
            let container = ContainerStatus {
                container_id: container.map(str::to_owned),
                ..ContainerStatus::default()
            };
            let status = TaskStatus { container_status: Some(container), ..TaskStatus::default() };
            SwarmTask {
                node_id: node.map(str::to_owned),
                status: Some(status),
                ..SwarmTask::default()
            }
        };
        let here = task(Some("one"), Some("c1"));
        assert_eq!(container_on(Some("one"), &here), Some("c1"));
        assert_eq!(container_on(Some("two"), &here), None);
        assert_eq!(container_on(None, &here), None);
        assert_eq!(container_on(None, &task(None, Some("c1"))), None);
        assert_eq!(container_on(Some("one"), &task(Some("one"), Some(""))), None);
        assert_eq!(container_on(Some("one"), &task(Some("one"), None)), None);
        assert_eq!(container_on(Some("one"), &SwarmTask::default()), None);
    }
}
