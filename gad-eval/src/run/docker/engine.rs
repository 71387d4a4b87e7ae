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

/// How long an engine may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(20);

/// How long a question about a job that runs may take: nobody minds the time of the job meanwhile.
const QUESTION: Duration = Duration::from_secs(5);

/// How long an engine that watches a job may give no answer, as while it is started again.
const PATIENCE: Duration = Duration::from_mins(2);

/// The longest pause between two questions to an engine that does not answer.
const LONGEST: Duration = Duration::from_secs(5);

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
            let docker = Docker::connect_with_host(address)?.negotiate_version();
            let answer = tokio::time::timeout(ANSWER, docker).await;
            answer.unwrap_or(Err(EngineError::RequestTimeoutError))
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
        self.answer_within(Duration::from_mins(1), request)
    }

    fn answer_within<T>(
        &self,
        patience: Duration,
        request: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.runtime.block_on(async {
            let answer = tokio::time::timeout(patience, request).await;
            answer.unwrap_or(Err(EngineError::RequestTimeoutError))
        })
    }

    /// Waits for an answer to a question about a job that runs; `None` if what it is about does not exist, and
    /// `Asked::Again` if the engine gives none but may yet.
    pub(super) fn ask<T>(
        &self,
        silence: &mut Silence,
        request: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<Asked<T>> {
        match self.answer_within(QUESTION, request) {
            Ok(answer) => {
                *silence = Silence::default();
                Ok(Asked::Found(answer))
            }
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {
                *silence = Silence::default();
                Ok(Asked::Gone)
            }
            Err(error) if may_pass(&error) && silence.bear() => Ok(Asked::Again),
            Err(error) => Err(self.error(&error)),
        }
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

/// What an engine says of a job.
#[derive(Debug)]
pub(super) enum Asked<T> {
    Found(T),
    Gone,
    Again,
}

/// Since when an engine gives no answer, and how long to wait before it is asked again.
#[derive(Debug, Default)]
pub(super) struct Silence {
    since: Option<Instant>,
    pause: Duration,
}

impl Silence {
    /// Whether to go on asking, after [`Silence::pause`].
    fn bear(&mut self) -> bool {
        self.pause = (2 * self.pause).clamp(Duration::from_millis(100), LONGEST);
        self.since.get_or_insert_with(Instant::now).elapsed() < PATIENCE
    }

    /// How long to wait before the next question; zero if the last one was answered.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }
}

/// Whether what went wrong may be well the next time: the engine did not answer, or said that the fault is its own.
fn may_pass(error: &EngineError) -> bool {
    !matches!(error, EngineError::DockerResponseServerError { status_code: 400..500, .. })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status_code: u16) -> EngineError {
        EngineError::DockerResponseServerError { status_code, message: "x".to_owned() }
    }

    #[test]
    fn an_engine_that_gives_no_answer_is_asked_again_for_a_while() {
        let mut silence = Silence::default();
        assert_eq!(silence.pause(), Duration::ZERO);
        let pauses: Vec<_> = (0..8)
            .map(|_| {
                assert!(silence.bear());
                silence.pause().as_millis()
            })
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        silence.since = Instant::now().checked_sub(PATIENCE);
        assert!(!silence.bear());
    }

    #[test]
    fn an_answer_ends_the_silence() {
        // Nobody is asked before the first request.
        let docker = Docker::connect_with_host("tcp://127.0.0.1:1").unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let engine = Engine { docker, address: String::new(), runtime };
        let mut silence = Silence::default();
        let mut ask = |answer: Result<u8, u16>| {
            engine
                .ask(&mut silence, async { answer.map_err(said) })
                .map(|asked| (asked, silence.pause()))
        };
        let zero = Duration::ZERO;
        assert!(matches!(ask(Err(503)), Ok((Asked::Again, pause)) if zero < pause));
        assert!(matches!(ask(Ok(7)), Ok((Asked::Found(7), pause)) if pause == zero));
        assert!(matches!(ask(Err(500)), Ok((Asked::Again, _))));
        assert!(matches!(ask(Err(404)), Ok((Asked::Gone, pause)) if pause == zero));
        assert!(ask(Err(409)).is_err());
    }

    #[test]
    fn what_is_refused_is_not_asked_again() {
        assert!(may_pass(&said(500)) && may_pass(&said(503)));
        assert!(may_pass(&EngineError::RequestTimeoutError));
        assert!(!may_pass(&said(400)) && !may_pass(&said(409)));
    }
}
