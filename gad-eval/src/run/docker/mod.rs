//! Methods in containers: on this machine's engine, or as services of a swarm.

mod container;
mod context;
mod dockerfile;
mod engine;
mod image;
mod output;
mod sampler;
mod service;

pub use container::DockerExecutor;
pub use service::SwarmExecutor;

use bollard::models::{Mount, MountType};

use super::Task;
use crate::file::unique;
use crate::{Error, Result};

/// Label by which a container or service is found again.
const LABEL: &str = "graphlume.run";

/// Where a container sees the folders, as in GraFlag.
const INSIDE: &str = "/shared";

/// What a new job is called, and what a later process finds it by: the engine, and that name.
fn handle(address: &str) -> String {
    format!("{address} graphlume-{}", unique())
}

/// The engine and the name of a handle.
fn parse_handle(handle: &str) -> Result<(&str, &str)> {
    handle
        .split_once(' ')
        .ok_or_else(|| Error::preparation(handle, "this names no container of an engine"))
}

/// The folders of a run, as a container sees them, and what leads to them.
struct Folders {
    mounts: Vec<Mount>,
    data: String,
    experiment: String,
}

impl Folders {
    fn of(task: &Task) -> Self {
        let name = |path: &std::path::Path| {
            path.file_name().unwrap_or_default().to_string_lossy().into_owned()
        };
        let data = format!("{INSIDE}/datasets/{}", name(&task.data));
        let experiment = format!("{INSIDE}/experiments/{}", name(&task.experiment));
        let mount = |source: &std::path::Path, target: &str, read_only| Mount {
            typ: Some(MountType::BIND),
            source: Some(source.to_string_lossy().into_owned()),
            target: Some(target.to_owned()),
            read_only: Some(read_only),
            ..Mount::default()
        };
        let mounts =
            vec![mount(&task.data, &data, true), mount(&task.experiment, &experiment, false)];
        let slash = if task.data.is_dir() { "/" } else { "" };
        Self { mounts, data: data + slash, experiment: experiment + "/" }
    }
}

/// Variables of a container, as GraFlag sets them.
fn variables(task: &Task, folders: &Folders) -> Vec<String> {
    let mut variables = vec!["PYTHONUNBUFFERED=1".to_owned()];
    let mut set = |key: &str, value: &str| variables.push(format!("{key}={value}"));
    if let Some(method) = &task.folder {
        set("DESCRIPTION", &method.description);
        set("SOURCE_CODE", &method.source_code);
    }
    for (key, value) in &task.environment {
        set(key, value);
    }
    if !task.gpu {
        set("CUDA_VISIBLE_DEVICES", "");
        set("NVIDIA_VISIBLE_DEVICES", "void");
    }
    set("DATA", &folders.data);
    set("EXP", &folders.experiment);
    variables
}
