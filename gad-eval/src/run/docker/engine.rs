//! The engine that containers are asked of.

use std::error::Error as _;
use std::future::Future;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::errors::Error as EngineError;
use futures_util::{Stream, StreamExt};
use graph_core::Control;
use tokio::runtime::{Builder, Runtime};

use crate::{Error, Result};

/// Where an engine is if nothing else is said.
const ADDRESS: &str = "unix:///var/run/docker.sock";

/// The engine that other programs use too: `DOCKER_HOST`, or the socket of this machine's.
pub(super) fn default_address() -> String {
    let variable = std::env::var("DOCKER_HOST").ok().filter(|address| !address.is_empty());
    variable.unwrap_or_else(|| ADDRESS.to_owned())
}

/// An engine that has answered.
pub(super) struct Engine {
    pub(super) docker: Docker,
    pub(super) address: String,
    runtime: Runtime,
}

impl Engine {
    /// The engine at `address`, which begins with `unix://` or `tcp://`.
    ///
    /// # Errors
    ///
    /// [`Error::Preparation`] that says why nothing answers there.
    pub(super) fn connect(address: &str) -> Result<Self> {
        let none = |problem: String| {
            Error::preparation("Docker", format!("no engine answers at {address}: {problem}"))
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| none(error.to_string()))?;
        let docker = runtime.block_on(async {
            // Older engines refuse versions of the interface that they do not know.
            Docker::connect_with_host(address)?.negotiate_version().await
        });
        let docker = docker.map_err(|error| none(chain(&error)))?;
        // The time until the first answer of a request; a build may be silent for long.
        let docker = docker.with_timeout(Duration::from_hours(24));
        Ok(Self { docker, address: address.to_owned(), runtime })
    }

    /// Waits for an answer.
    pub(super) fn wait<T>(
        &self,
        request: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T> {
        self.answer(request).map_err(|error| self.error(&error))
    }

    /// Waits for an answer; `None` if what it is about does not exist.
    pub(super) fn find<T>(
        &self,
        request: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<Option<T>> {
        match self.answer(request) {
            Ok(answer) => Ok(Some(answer)),
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// Waits for an answer at most a minute: unlike a build, no such request takes long.
    fn answer<T>(
        &self,
        request: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.runtime.block_on(async {
            let answer = tokio::time::timeout(Duration::from_mins(1), request).await;
            answer.unwrap_or(Err(EngineError::RequestTimeoutError))
        })
    }

    /// Hands each item to `take`, until there are no more.
    ///
    /// # Errors
    ///
    /// What the engine or `take` says; [`Error::Stopped`], which ends the request.
    pub(super) fn each<T>(
        &self,
        items: impl Stream<Item = Result<T, EngineError>>,
        control: &Control<'_>,
        mut take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let begin = Instant::now();
        let mut items = std::pin::pin!(items);
        loop {
            control.step("building", begin.elapsed().as_millis() as u64, None)?;
            let next = self.runtime.block_on(async {
                tokio::time::timeout(Duration::from_millis(100), items.next()).await
            });
            match next {
                // Nothing new.
                Err(_) => {}
                Ok(None) => return Ok(()),
                Ok(Some(item)) => take(item.map_err(|error| self.error(&error))?)?,
            }
        }
    }

    /// The next item if there is one within `patience`.
    pub(super) fn next_within<T>(
        &self,
        items: &mut (impl Stream<Item = T> + Unpin),
        patience: Duration,
    ) -> Next<T> {
        let next =
            self.runtime.block_on(async { tokio::time::timeout(patience, items.next()).await });
        match next {
            Err(_) => Next::Nothing,
            Ok(None) => Next::End,
            Ok(Some(item)) => Next::Item(item),
        }
    }

    /// What the engine said.
    pub(super) fn error(&self, error: &EngineError) -> Error {
        let problem = match error {
            EngineError::DockerResponseServerError { message, .. } => message.trim().to_owned(),
            EngineError::DockerStreamError { error } => error.trim().to_owned(),
            other => chain(other),
        };
        Error::preparation(format!("the engine at {}", self.address), problem)
    }
}

/// What a stream has to say for the moment.
pub(super) enum Next<T> {
    Item(T),
    Nothing,
    End,
}

/// An error and its causes, which alone say what happened to a connection.
fn chain(error: &EngineError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // An error that hands on its cause's text has said it already.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
