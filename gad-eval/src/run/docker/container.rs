//! Methods in containers of one engine.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bollard::models::{
    ContainerCreateBody, ContainerState, DeviceRequest, HostConfig, HostConfigLogConfig,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, InspectContainerOptions,
    KillContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};
use chrono::DateTime;
use graph_core::Control;
use serde_json::{Map, Value};

use super::super::output::keep;
use super::super::{Executor, Exit, Job, OUTPUT, Prepared, Task, Usage, gpu};
use super::engine::{Asked, Engine, Silence, default_address};
use super::output::Output;
use super::sampler::Sampler;
use super::{Folders, LABEL, handle, image, parse_handle, variables};
use crate::{Error, Result};

/// The longest pause between two looks at a container.
const LOOK: Duration = Duration::from_millis(500);

/// Runs each method in a container of its own, of an image that is built of the method's Dockerfile.
///
/// The container sees the dataset, which it cannot change, and the folder of the experiment, and has no
/// network unless it is given one. The engine must be on this machine, as it is told of paths of it.
#[derive(Debug, Clone)]
pub struct DockerExecutor {
    /// Where the engine is: `unix://` and a socket, or `tcp://`, a host and a port.
    pub address: String,
    /// Whether images are built even if there is one of the same content.
    pub build: bool,
    /// Network of the container: `none`, `host`, `bridge`, or one of the engine's by name.
    pub network: String,
}

impl Default for DockerExecutor {
    /// The engine of `DOCKER_HOST`, or of this machine's socket; no network.
    fn default() -> Self {
        Self { address: default_address(), build: false, network: "none".to_owned() }
    }
}

impl Executor for DockerExecutor {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn settings(&self) -> Map<String, Value> {
        let settings = [("docker_host", &self.address), ("network", &self.network)];
        settings.map(|(name, value)| (name.to_owned(), value.as_str().into())).into_iter().collect()
    }

    fn handle(&self) -> String {
        handle(&self.address)
    }

    fn prepare(&self, task: &Task, control: &Control<'_>) -> Result<Prepared> {
        let engine = Engine::connect(&self.address)?;
        let image = image::ensure(&engine, task, self.build, control)?;
        let mut facts = image.facts;
        facts.insert("network".to_owned(), self.network.clone().into());
        Ok(Prepared {
            command: image.command,
            image: Some(image.id),
            facts,
            own_monitor: image.has_runner,
            ..Prepared::default()
        })
    }

    fn start(&self, task: &Task, prepared: &Prepared, handle: &str) -> Result<Box<dyn Job>> {
        let engine = Engine::connect(&self.address)?;
        let (_, name) = parse_handle(handle)?;
        let body = self.body(&engine, task, prepared, name)?;
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        engine.wait(engine.docker.create_container(Some(options), body))?;
        // From here on it is removed whatever happens.
        let over = Arc::new(AtomicBool::new(false));
        let is_over = over.clone();
        let mut job = Container {
            engine,
            name: name.to_owned(),
            exit: None,
            ended: false,
            watcher: None,
            sampler: None,
            over,
        };
        let (attached, is_attached) = channel();
        let (exited, exit) = channel();
        let (address, name) = (self.address.clone(), job.name.clone());
        let path = task.experiment.join(OUTPUT);
        let file = File::options().create(true).append(true).open(&path);
        let mut file = file.map_err(|error| Error::file(&path, error))?;
        let watcher = std::thread::spawn(move || {
            let engine = match Engine::connect(&address) {
                Ok(engine) => engine,
                Err(error) => return drop(attached.send(Err(error))),
            };
            let options = AttachContainerOptionsBuilder::default();
            let options = options.stream(true).stdout(true).stderr(true).build();
            let request = engine.docker.attach_container(&name, Some(options));
            let mut output = match engine.wait(request) {
                Ok(attached) => attached.output,
                Err(error) => return drop(attached.send(Err(error))),
            };
            // Nobody hears it if the other side has given up.
            let _ = attached.send(Ok(()));
            // What could not be written is missing in the file, which a full disk explains.
            let _ = keep(Output::new(&engine, &mut output, &is_over), &mut file);
            let _ = exited.send(wait(&engine, &name));
        });
        job.watcher = Some((watcher, exit));
        is_attached.recv().map_err(|_| gone(&job.name))??;
        job.engine
            .wait(job.engine.docker.start_container(&job.name, None::<StartContainerOptions>))?;
        job.sampler = Some(Sampler::start(&self.address, &job.name)?);
        Ok(Box::new(job))
    }

    fn remains(&self, handle: &str) -> Result<usize> {
        let (address, name) = parse_handle(handle)?;
        Ok(labelled(&Engine::connect(address)?, name)?.len())
    }

    fn end_remains(&self, handle: &str) -> Result<()> {
        let (address, name) = parse_handle(handle)?;
        let engine = Engine::connect(address)?;
        for id in labelled(&engine, name)? {
            end(&engine, &id, Duration::from_secs(5))?;
        }
        Ok(())
    }
}

impl DockerExecutor {
    fn body(
        &self,
        engine: &Engine,
        task: &Task,
        prepared: &Prepared,
        name: &str,
    ) -> Result<ContainerCreateBody> {
        let folders = Folders::of(task);
        let memory = task.memory.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        let host = HostConfig {
            mounts: Some(folders.mounts.clone()),
            memory,
            // The same as memory: what does not fit is not to go to the disk.
            memory_swap: memory,
            network_mode: Some(self.network.clone()),
            // Something must take in processes whose parents have ended.
            init: Some(true),
            // All of it comes to us as it is printed, and nothing of it fills the engine's disk.
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            device_requests: gpu_request(engine, task)?,
            ..HostConfig::default()
        };
        let labels = [
            (LABEL, name.to_owned()),
            ("graphlume.method", task.method.clone()),
            ("graphlume.experiment", task.experiment.to_string_lossy().into_owned()),
        ];
        let shell = prepared.command.as_ref().map(|_| vec!["/bin/sh".to_owned(), "-c".to_owned()]);
        Ok(ContainerCreateBody {
            image: prepared.image.clone(),
            entrypoint: shell,
            cmd: prepared.command.clone().map(|command| vec![command]),
            env: Some(variables(task, &folders)),
            labels: Some(labels.map(|(key, value)| (key.to_owned(), value)).into()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        })
    }
}

/// The GPU of the task or all of them, if the task may use them and the engine can hand them out.
fn gpu_request(engine: &Engine, task: &Task) -> Result<Option<Vec<DeviceRequest>>> {
    if !task.gpu {
        return Ok(None);
    }
    let info = engine.wait(engine.docker.info())?;
    let runtime = info.runtimes.is_some_and(|runtimes| runtimes.contains_key("nvidia"));
    let request = DeviceRequest {
        driver: Some("nvidia".to_owned()),
        count: task.gpu_index.is_none().then_some(-1),
        device_ids: task.gpu_index.map(|index| vec![index.to_string()]),
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        ..DeviceRequest::default()
    };
    Ok((runtime || !gpu::devices().is_empty()).then(|| vec![request]))
}

/// Containers of a job, whether they run or not.
fn labelled(engine: &Engine, name: &str) -> Result<Vec<String>> {
    let filters = HashMap::from([("label", vec![format!("{LABEL}={name}")])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let found = engine.wait(engine.docker.list_containers(Some(options)))?;
    Ok(found.into_iter().filter_map(|container| container.id).collect())
}

/// The state of a container; `None` if there is no such container.
fn state(engine: &Engine, name: &str) -> Result<Option<ContainerState>> {
    let request = engine.docker.inspect_container(name, None::<InspectContainerOptions>);
    Ok(engine.find(request)?.map(|container| container.state.unwrap_or_default()))
}

/// Waits until a container that was started runs no more.
fn wait(engine: &Engine, name: &str) -> Result<Exit> {
    let mut silence = Silence::default();
    let mut pause = Duration::from_millis(1);
    loop {
        let request = engine.docker.inspect_container(name, None::<InspectContainerOptions>);
        match engine.ask(&mut silence, request)? {
            Asked::Gone => return Ok(Exit::default()),
            Asked::Found(container) => {
                let state = container.state.unwrap_or_default();
                if over(&state) {
                    return Ok(exit(&state));
                }
            }
            Asked::Again => {}
        }
        std::thread::sleep(pause.max(silence.pause()));
        pause = (2 * pause).min(LOOK);
    }
}

/// Whether a container that was started has ended.
fn over(state: &ContainerState) -> bool {
    use bollard::models::ContainerStateStatusEnum::{DEAD, EXITED};
    state.running != Some(true) && matches!(state.status, Some(EXITED | DEAD))
}

fn exit(state: &ContainerState) -> Exit {
    Exit {
        code: state.exit_code.map(|code| code as i32),
        signal: None,
        out_of_memory: state.oom_killed == Some(true),
        took: took(state),
    }
}

/// The time between the start and the end of a container.
fn took(state: &ContainerState) -> Option<Duration> {
    let time = |text: &Option<String>| DateTime::parse_from_rfc3339(text.as_deref()?).ok();
    (time(&state.finished_at)? - time(&state.started_at)?).to_std().ok()
}

/// Ends a container and removes it with all that it kept.
pub(super) fn end(engine: &Engine, name: &str, grace: Duration) -> Result<()> {
    let running = |engine: &Engine| {
        Ok::<_, Error>(state(engine, name)?.is_some_and(|state| state.running == Some(true)))
    };
    if running(engine)? && !grace.is_zero() {
        let options = KillContainerOptionsBuilder::default().signal("SIGTERM").build();
        // It may have ended meanwhile.
        let _ = engine.wait(engine.docker.kill_container(name, Some(options)));
        let deadline = Instant::now() + grace;
        while running(engine)? && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removed = engine.find(engine.docker.remove_container(name, Some(options)));
    // Another may remove it at the same time; what counts is that it goes.
    let deadline = Instant::now() + Duration::from_secs(10);
    while state(engine, name)?.is_some() {
        if deadline < Instant::now() {
            removed?;
            return Err(Error::preparation(name, "this container cannot be removed"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn gone(name: &str) -> Error {
    Error::preparation(name, "nobody watches this container")
}

/// How a container ended, if the engine has it.
pub(super) fn ended_here(engine: &Engine, id: &str) -> Option<Exit> {
    state(engine, id).ok()?.map(|state| exit(&state))
}

/// A container of a method.
struct Container {
    engine: Engine,
    name: String,
    exit: Option<Exit>,
    ended: bool,
    watcher: Option<(JoinHandle<()>, Receiver<Result<Exit>>)>,
    sampler: Option<Sampler>,
    /// Whether the container is gone, so that no output is to be waited for.
    over: Arc<AtomicBool>,
}

impl Job for Container {
    fn ended(&mut self) -> Result<Option<Exit>> {
        if let (None, Some((_, exit))) = (self.exit, &self.watcher) {
            match exit.try_recv() {
                Ok(exit) => self.exit = Some(exit?),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Err(gone(&self.name)),
            }
        }
        Ok(self.exit)
    }

    fn usage(&mut self) -> Option<Usage> {
        self.sampler.as_ref()?.last()
    }

    fn end(&mut self, grace: Duration) -> Result<()> {
        self.ended = true;
        end(&self.engine, &self.name, grace)?;
        self.over.store(true, Ordering::Relaxed);
        if let Some((watcher, _)) = self.watcher.take() {
            // A panic of it has nothing to say that the missing output does not.
            let _ = watcher.join();
        }
        Ok(())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.end(Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_container_is_that_of_the_engine() {
        let state = |finished: &str| ContainerState {
            started_at: Some("2026-01-02T03:04:05.5Z".to_owned()),
            finished_at: Some(finished.to_owned()),
            exit_code: Some(3),
            ..ContainerState::default()
        };
        let exit = exit(&state("2026-01-02T03:04:06.000000001Z"));
        assert_eq!((exit.code, exit.took), (Some(3), Some(Duration::from_nanos(500_000_001))));
        // While it runs, the engine says that it ended in the year 1.
        assert_eq!(took(&state("0001-01-01T00:00:00Z")), None);
        assert_eq!(took(&ContainerState::default()), None);
    }
}
