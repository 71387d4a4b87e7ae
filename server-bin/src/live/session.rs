//! A layout that moves on a thread of its own, seen from the outside: what it is told, and what it tells.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use graphlume::layout::Config;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::{oneshot, watch};
use utoipa::ToSchema;

use super::history::{History, Snapshot};
use super::inbox::{Command, End, Inbox};
use super::wire::LayoutState;
use crate::error::{ApiError, ApiResult};
use crate::store::Dataset;

/// Why a layout does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reason {
    /// Other layouts move on its device; it moves when it is its turn.
    Waiting,
    /// Nobody steered it for long.
    Idle,
    /// It failed, and a message said why.
    Failed,
    /// The server stops.
    Shutdown,
    /// The dataset was deleted or changed.
    Removed,
    /// Nobody watched it any more.
    Unused,
}

/// What viewers know of a layout besides where its nodes are.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) state: LayoutState,
    pub(crate) reason: Option<Reason>,
    pub(crate) options: Arc<Config>,
    pub(crate) pinned: Arc<[u32]>,
    pub(crate) device: Arc<str>,
    /// The last thing that all should know, and how many there were.
    pub(crate) note: (u64, Arc<str>),
    /// Why there is nothing more to hear of it.
    pub(crate) end: Option<End>,
}

/// A layout and its thread.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) dataset: String,
    pub(crate) n_nodes: usize,
    /// Objects that the graph was read from: of others it would be another graph.
    pub(super) tables: [Vec<String>; 2],
    pub(super) inbox: Arc<Inbox>,
    pub(super) status: watch::Sender<Arc<Status>>,
    pub(super) latest: watch::Sender<Option<Arc<Snapshot>>>,
    pub(super) history: History,
    pub(super) iteration: AtomicU32,
    /// Bits of the mean way of a node in the last step.
    pub(super) movement: AtomicU32,
    pub(super) viewers: AtomicUsize,
    holds: Mutex<Holds>,
}

/// Who needs the session at the moment.
#[derive(Debug)]
struct Holds {
    n: usize,
    /// When the last of them went.
    since: Instant,
}

/// A session that does not end for want of viewers.
#[derive(Debug)]
pub(crate) struct Hold(Arc<Session>);

impl std::ops::Deref for Hold {
    type Target = Arc<Session>;

    fn deref(&self) -> &Arc<Session> {
        &self.0
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holds = self.0.holds.lock().unwrap_or_else(PoisonError::into_inner);
        *holds = Holds { n: holds.n - 1, since: Instant::now() };
        drop(holds);
        // Its thread counts from now on.
        self.0.inbox.ring();
    }
}

/// How long a request waits for a layout that is in the middle of a step.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most steps that can be asked for at once.
const MOST_STEPS: u32 = 1_000_000;

/// Farthest that a node can be put from the origin, in layout units.
pub(super) const FARTHEST: f32 = 1e18;

impl Session {
    pub(super) fn new(dataset: &Dataset, n_nodes: usize, status: Status) -> Arc<Self> {
        Arc::new(Self {
            id: uuid::Uuid::new_v4().simple().to_string(),
            dataset: dataset.id.clone(),
            n_nodes,
            tables: [dataset.edges.clone(), dataset.nodes.clone()],
            inbox: Arc::default(),
            status: watch::Sender::new(Arc::new(status)),
            latest: watch::Sender::new(None),
            history: History::new(n_nodes),
            iteration: AtomicU32::new(0),
            movement: AtomicU32::new(0),
            viewers: AtomicUsize::new(0),
            holds: Mutex::new(Holds { n: 0, since: Instant::now() }),
        })
    }

    pub(super) fn hold(self: &Arc<Self>) -> Hold {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner).n += 1;
        Hold(Arc::clone(self))
    }

    /// How long nobody has needed it.
    pub(super) fn unused_for(&self) -> Option<Duration> {
        let holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        (holds.n == 0).then(|| holds.since.elapsed())
    }

    /// Whether it is of the dataset as that is now.
    pub(crate) fn is_of(&self, dataset: &Dataset) -> bool {
        super::is_of(&self.tables, dataset)
    }

    /// What becomes of it.
    pub(crate) fn statuses(&self) -> watch::Receiver<Arc<Status>> {
        self.status.subscribe()
    }

    pub(crate) fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status.borrow())
    }

    /// Whether it neither moves nor waits for its turn, nor will.
    pub(super) fn is_at_rest(&self) -> bool {
        let status = self.status();
        !self.inbox.is_pressing()
            && status.state != LayoutState::Running
            && status.reason != Some(Reason::Waiting)
    }

    /// Steps that were made.
    pub(crate) fn iteration(&self) -> u32 {
        self.iteration.load(Ordering::Relaxed)
    }

    /// Mean way of a node in the last step, in layout units.
    pub(crate) fn movement(&self) -> f32 {
        f32::from_bits(self.movement.load(Ordering::Relaxed))
    }

    pub(crate) fn n_viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// Asks for all of `commands`, or for nothing if one of them is wrong.
    pub(crate) fn send(&self, commands: Vec<Command>) -> ApiResult<()> {
        check_all(&commands, self.n_nodes, Config::clone(&self.status().options))?;
        self.push(commands)
    }

    fn push(&self, commands: Vec<Command>) -> ApiResult<()> {
        self.inbox.push(commands).map_err(|_| match self.inbox.ending() {
            Some(_) => ApiError::Conflict("the layout has ended".to_owned()),
            None => ApiError::Busy { what: "the layout has too much to do", retry_after_secs: 1 },
        })
    }

    /// Waits until all is done that was asked for before.
    pub(crate) async fn sync(&self) -> ApiResult<()> {
        self.ask(Command::Sync).await
    }

    /// Where the nodes are, in layout units.
    pub(crate) async fn positions(&self) -> ApiResult<[Vec<f32>; 2]> {
        self.ask(Command::Positions).await
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> ApiResult<T> {
        let (answer, answered) = oneshot::channel();
        self.push(vec![command(answer)])?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(ApiError::Conflict("the layout failed or has ended".to_owned())),
            Err(_) => Err(ApiError::Busy { what: "the layout is busy", retry_after_secs: 5 }),
        }
    }

    /// Says that a viewer could take a frame.
    pub(super) fn want(&self) {
        self.inbox.want();
    }

    /// The frame that takes whoever has `base` to `snapshot`.
    pub(super) async fn frame(
        &self,
        snapshot: &Arc<Snapshot>,
        base: Option<u32>,
    ) -> ApiResult<Bytes> {
        self.history.frame(snapshot, base).await
    }
}

/// Whether commands can be obeyed one after the other, by a layout that has these options.
pub(super) fn check_all(
    commands: &[Command],
    n_nodes: usize,
    mut options: Config,
) -> ApiResult<()> {
    commands.iter().try_for_each(|command| check(command, n_nodes, &mut options))
}

fn check(command: &Command, n_nodes: usize, options: &mut Config) -> ApiResult<()> {
    let known = |nodes: &[u32]| match nodes.iter().find(|&&node| node as usize >= n_nodes) {
        Some(node) => Err(ApiError::Invalid(format!(
            "there is no node {node}: the graph has {n_nodes} nodes"
        ))),
        None => Ok(()),
    };
    match command {
        Command::Pin(nodes) | Command::Unpin(nodes) => known(nodes),
        Command::Move { nodes, x, y } => {
            known(nodes)?;
            if x.len() != nodes.len() || y.len() != nodes.len() {
                let [n, x, y] = [nodes.len(), x.len(), y.len()];
                return Err(ApiError::Invalid(format!(
                    "{n} nodes cannot be moved to {x} x and {y} y"
                )));
            }
            let is_far = |v: &f32| v.is_nan() || v.abs() > FARTHEST;
            match x.iter().chain(y).find(|v| is_far(v)) {
                Some(v) => Err(ApiError::Invalid(format!("no node can be put at {v}"))),
                None => Ok(()),
            }
        }
        Command::Step(0) => Err(ApiError::Invalid("0 steps are none".to_owned())),
        Command::Step(n) if *n > MOST_STEPS => {
            Err(ApiError::Invalid(format!("{n} steps are more than {MOST_STEPS}")))
        }
        Command::Options(changes) => {
            *options = changed(options, changes)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Options with those of `changes` set.
pub(super) fn changed(options: &Config, changes: &Map<String, Value>) -> ApiResult<Config> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(options) else {
        return Err(ApiError::Internal(anyhow::anyhow!("options should be an object")));
    };
    for (name, value) in changes {
        match all.get_mut(name) {
            Some(old) => {
                *old = value.clone();
                // One by one, so that the error names the option.
                let one = Map::from_iter([(name.clone(), value.clone())]);
                serde_json::from_value::<Config>(Value::Object(one)).map_err(|error| {
                    let reason = crate::words::of_serde(&error.to_string());
                    ApiError::Invalid(format!("option {name}: {reason}"))
                })?;
            }
            None => {
                let names: Vec<&str> = all.keys().map(String::as_str).collect();
                return Err(ApiError::Invalid(format!(
                    "there is no option `{name}`; there are {}",
                    names.join(", ")
                )));
            }
        }
    }
    let config: Config = serde_json::from_value(Value::Object(all)).map_err(ApiError::invalid)?;
    config.validate()?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(changes: &Value) -> ApiResult<Config> {
        changed(&Config { gravity: 3.0, ..Config::default() }, changes.as_object().unwrap())
    }

    #[test]
    fn options_that_are_not_named_stay() {
        let config = options(&json!({"scaling": 5, "lin_log": true})).unwrap();
        assert_eq!((config.gravity, config.scaling, config.lin_log), (3.0, 5.0, true));
    }

    #[test]
    fn bad_options_are_refused_by_name() {
        for (changes, word) in [
            (json!({"gravitas": 1}), "gravitas"),
            (json!({"gravity": -1}), "gravity"),
            (json!({"gravity": "much"}), "much"),
            (json!({"repulsion": "magic"}), "magic"),
            (json!({"lin_log": null}), "null"),
        ] {
            let error = options(&changes).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn commands_that_cannot_be_obeyed_are_refused() {
        let check = |command| check(&command, 3, &mut Config::default());
        let moved = |nodes: &[u32], x: &[f32], y: &[f32]| Command::Move {
            nodes: nodes.to_vec(),
            x: x.to_vec(),
            y: y.to_vec(),
        };
        check(Command::Pin(vec![0, 2])).unwrap();
        check(moved(&[2], &[1.0], &[-1e18])).unwrap();
        for command in [
            Command::Pin(vec![0, 3]),
            Command::Unpin(vec![u32::MAX]),
            moved(&[3], &[0.0], &[0.0]),
            moved(&[1], &[0.0, 1.0], &[0.0]),
            moved(&[1], &[0.0], &[f32::INFINITY]),
            moved(&[1], &[f32::NAN], &[0.0]),
            Command::Step(0),
            Command::Step(u32::MAX),
        ] {
            assert!(check(command).is_err());
        }
    }
}
