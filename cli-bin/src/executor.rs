//! Where methods run.

use std::path::PathBuf;

use clap::ValueEnum;

#[cfg(feature = "docker")]
use graphlume::gad::run::{DockerExecutor, SwarmExecutor};
use graphlume::gad::run::{Executor, LocalExecutor, Own};

/// Where methods run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Where it runs")]
pub(crate) struct ExecutorArgs {
    /// What runs methods [default: local, or what ran a run that is repeated]
    #[arg(long, value_enum)]
    executor: Option<Kind>,
    /// Python that methods call, and that their virtual environments are made with [default: that of the path]
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    #[cfg(feature = "docker")]
    #[command(flatten)]
    docker: DockerArgs,
}

/// What runs methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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
    fn kind(&self, old: Option<&Own>) -> Kind {
        let old = old.and_then(|old| <Kind as ValueEnum>::from_str(&old.executor, false).ok());
        self.executor.or(old).unwrap_or(Kind::Local)
    }

    /// Whether what runs the method is of the kind that ran it before.
    fn is_of(&self, old: &Own) -> bool {
        let kind = self.kind(Some(old)).to_possible_value();
        kind.is_some_and(|kind| kind.get_name() == old.executor)
    }

    /// The image that a method ran in before, unless another one is asked for.
    #[cfg(feature = "docker")]
    pub(crate) fn image(&self, old: &Own) -> Option<String> {
        old.image.clone().filter(|_| self.is_of(old) && !self.docker.build)
    }

    /// There are no images without containers.
    #[cfg(not(feature = "docker"))]
    #[expect(clippy::unused_self, reason = "with containers, options decide")]
    pub(crate) fn image(&self, _old: &Own) -> Option<String> {
        None
    }

    /// The executor that is asked for, or else the one of an earlier run, set up as it was but for what is asked for.
    pub(crate) fn executor(&self, old: Option<&Own>) -> Box<dyn Executor> {
        let same = old.filter(|old| self.is_of(old));
        let before = |name: &str| Some(same?.settings.get(name)?.as_str()?.to_owned());
        match self.kind(old) {
            Kind::Local => {
                let LocalExecutor { python, cache } = LocalExecutor::default();
                let given = self.python.clone().or_else(|| before("python").map(PathBuf::from));
                Box::new(LocalExecutor { python: given.or(python), cache })
            }
            #[cfg(feature = "docker")]
            Kind::Docker => {
                let DockerExecutor { address, network, .. } = DockerExecutor::default();
                Box::new(DockerExecutor {
                    address: self.docker.address(before("docker_host")).unwrap_or(address),
                    build: self.docker.build,
                    network: self.docker.network(before("network")).unwrap_or(network),
                })
            }
            #[cfg(feature = "docker")]
            Kind::Swarm => {
                let SwarmExecutor { address, network, .. } = SwarmExecutor::default();
                Box::new(SwarmExecutor {
                    address: self.docker.address(before("docker_host")).unwrap_or(address),
                    build: self.docker.build,
                    network: self.docker.network(before("network")).unwrap_or(network),
                    registry: self.docker.registry.clone().or_else(|| before("registry")),
                })
            }
        }
    }
}

#[cfg(feature = "docker")]
impl DockerArgs {
    fn address(&self, before: Option<String>) -> Option<String> {
        self.docker_host.clone().or(before)
    }

    fn network(&self, before: Option<String>) -> Option<String> {
        self.network.clone().or(before)
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

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        executor: ExecutorArgs,
    }

    fn args(words: &[&str]) -> ExecutorArgs {
        Command::parse_from([&["x"], words].concat()).executor
    }

    fn old(executor: &str, settings: &serde_json::Value) -> Own {
        let settings = settings.as_object().cloned().unwrap_or_default();
        let image = Some("sha256:1".to_owned());
        Own { executor: executor.to_owned(), settings, image, ..Own::default() }
    }

    #[test]
    fn an_executor_is_set_up_as_it_was() {
        let local = old("local", &json!({"python": "/opt/python"}));
        let executor = args(&[]).executor(Some(&local));
        assert_eq!(executor.settings()["python"], "/opt/python");
        let executor = args(&["--python", "python3.12"]).executor(Some(&local));
        assert_eq!(executor.settings()["python"], "python3.12");
        assert!(args(&[]).executor(None).settings().is_empty());
    }

    #[cfg(feature = "docker")]
    #[test]
    fn containers_are_where_they_were_unless_it_is_said_otherwise() {
        let swarm = json!({"docker_host": "tcp://a:1", "network": "n", "registry": "r:5000"});
        let swarm = old("swarm", &swarm);
        let again = args(&[]).executor(Some(&swarm));
        assert_eq!((again.name(), &again.settings()), ("swarm", &swarm.settings));
        let words = ["--docker-host", "tcp://b:2", "--registry", "s:1"];
        let other = args(&words).executor(Some(&swarm));
        let expected = json!({"docker_host": "tcp://b:2", "network": "n", "registry": "s:1"});
        assert_eq!(serde_json::Value::Object(other.settings()), expected);
        assert_eq!(args(&[]).image(&swarm).as_deref(), Some("sha256:1"));
        // Networks of a swarm are none of a single engine, and images neither.
        let docker = args(&["--executor", "docker"]);
        assert_eq!(docker.executor(Some(&swarm)).settings()["network"], "none");
        assert_eq!(docker.image(&swarm), None);
        assert_eq!(args(&["--build"]).image(&swarm), None);
    }
}
