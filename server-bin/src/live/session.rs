//! A layout that moves on a thread of its own, seen from the outside: what it is told, and what it tells.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use graphlume::layout::Config;
use serde::Serialize;
use tokio::sync::{oneshot, watch};
use utoipa::ToSchema;

use super::check::{Wrong, check_all};
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

impl From<Wrong> for ApiError {
    fn from(wrong: Wrong) -> Self {
        Self::Invalid(wrong.to_string())
    }
}

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
