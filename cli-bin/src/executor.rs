//! Where methods run.

use std::path::PathBuf;

#[cfg(feature = "docker")]
use graphlume::gad::run::{DockerExecutor, SwarmExecutor};
use graphlume::gad::run::{Executor, LocalExecutor};

/// Where methods run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Where it runs")]
pub(crate) struct ExecutorArgs {
    /// What runs the method [default: what --from-config says, or local]
    #[arg(long, value_enum)]
    executor: Option<Kind>,
    /// Python that virtual environments of methods are made with
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    #[cfg(feature = "docker")]
    #[command(flatten)]
    docker: DockerArgs,
}

/// What runs methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Processes of this machine
    Local,
    /// Containers of an engine on this machine
    #[cfg(feature = "docker")]
    Docker,
    /// Services of a Docker Swarm, on the machine that has room
    #[cfg(feature = "docker")]
    Swarm,
}

/// Options of containers.
#[cfg(feature = "docker")]
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Where it runs")]
struct DockerArgs {
    /// Where the engine is, as in `DOCKER_HOST` [default: that, or the socket of this machine]
    #[arg(long, value_name = "ADDRESS")]
    docker_host: Option<String>,
    /// Build the image even if there is one of the same content
    #[arg(long)]
    build: bool,
    /// Network of the container: none, host, bridge, or one by name [default: none; of a swarm host]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Registry that all machines of a swarm reach
    #[arg(long, value_name = "HOST:PORT")]
    registry: Option<String>,
}

impl ExecutorArgs {
    /// The executor that is asked for, or else the one of this name.
    pub(crate) fn executor(&self, old: Option<&str>) -> Box<dyn Executor> {
        let old = old.and_then(|name| <Kind as clap::ValueEnum>::from_str(name, false).ok());
        match self.executor.or(old).unwrap_or(Kind::Local) {
            Kind::Local => {
                Box::new(LocalExecutor { python: self.python.clone(), ..LocalExecutor::default() })
            }
            #[cfg(feature = "docker")]
            Kind::Docker => {
                let DockerExecutor { address, network, .. } = DockerExecutor::default();
                Box::new(DockerExecutor {
                    address: self.docker.docker_host.clone().unwrap_or(address),
                    build: self.docker.build,
                    network: self.docker.network.clone().unwrap_or(network),
                })
            }
            #[cfg(feature = "docker")]
            Kind::Swarm => {
                let SwarmExecutor { address, network, .. } = SwarmExecutor::default();
                Box::new(SwarmExecutor {
                    address: self.docker.docker_host.clone().unwrap_or(address),
                    build: self.docker.build,
                    network: self.docker.network.clone().unwrap_or(network),
                    registry: self.docker.registry.clone(),
                })
            }
        }
    }
}

/// All that may have begun an experiment.
pub(crate) fn executors() -> Vec<Box<dyn Executor>> {
    vec![
        Box::new(LocalExecutor::default()),
        #[cfg(feature = "docker")]
        Box::new(DockerExecutor::default()),
        #[cfg(feature = "docker")]
        Box::new(SwarmExecutor::default()),
    ]
}
