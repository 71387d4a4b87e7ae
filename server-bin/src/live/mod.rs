//! Layouts that move while others watch.
//!
//! Each is a [`Session`]: one thread that makes steps and obeys, and any number of viewers. Positions leave it as
//! frames that are written once for all; a viewer that is slow gets fewer of them.

mod check;
mod history;
mod inbox;
mod messages;
mod request;
mod session;
mod slots;
mod viewer;
pub mod wire;
mod worker;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphlume::Device;
use graphlume::layout::Config as Options;

pub(crate) use inbox::{Command, End};
pub(crate) use session::{Hold, Reason, Session};
pub(crate) use viewer::{LONGEST, Viewer};

use self::check::check_all;
use self::slots::Slots;
use self::worker::{Begin, Start, Worker};
use crate::config::Config;
use crate::error::{ApiError, ApiResult};
use crate::graphs::Loaded;
use crate::store::Dataset;

/// How long a layout at rest is held for nobody.
const LINGER: Duration = Duration::from_mins(2);

/// Layouts that are held at once, for each that may move.
const HELD: usize = 16;

/// Memory for what layouts leave that are held no more, in bytes.
const LEFT_BYTES: usize = 64 << 20;

/// The layouts of a server.
#[derive(Debug)]
pub(crate) struct Layouts(Arc<Registry>);

/// The layouts, as their threads know them.
#[derive(Debug)]
struct Registry {
    slots: Slots,
    held: Mutex<Held>,
    tickets: AtomicU64,
    device: Device,
    is_auto: bool,
    most: usize,
    play_timeout: Duration,
    linger: Duration,
}

#[derive(Debug, Default)]
struct Held {
    /// By dataset.
    sessions: HashMap<String, Arc<Session>>,
    /// What others left, the latest last.
    left: VecDeque<Left>,
    /// Whether the server stops.
    is_over: bool,
}

/// What a layout leaves, for the next of its dataset.
#[derive(Debug)]
struct Left {
    dataset: String,
    tables: [Vec<String>; 2],
    positions: [Vec<f32>; 2],
    options: Options,
    pinned: BTreeSet<u32>,
    /// Whether it should have gone on.
    runs: bool,
}

impl Left {
    fn bytes(&self) -> usize {
        8 * self.positions[0].len() + 8 * self.pinned.len()
    }
}

impl Layouts {
    pub(crate) fn new(config: &Config) -> Self {
        Self(Arc::new(Registry {
            slots: Slots::new(config.layouts_per_device),
            held: Mutex::default(),
            tickets: AtomicU64::new(0),
            device: config.device,
            is_auto: config.device_is_auto,
            most: HELD * config.layouts_per_device,
            play_timeout: config.play_timeout,
            linger: LINGER,
        }))
    }

    /// The layout of a dataset, if it has one.
    pub(crate) fn get(&self, dataset: &Dataset) -> Option<Hold> {
        let held = self.0.lock();
        let session = held.sessions.get(&dataset.id)?;
        session.is_of(dataset).then(|| session.hold())
    }

    /// The layout of a dataset, and whether it was begun here: then it does `first`, or else begins where nodes are
    /// and, if that is nowhere, moves.
    pub(crate) fn open(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        first: Option<Vec<Command>>,
    ) -> ApiResult<(Hold, bool)> {
        let mut held = self.0.lock();
        if held.is_over {
            return Err(ApiError::Unavailable("the server stops".to_owned()));
        }
        if let Some(session) = held.sessions.get(&dataset.id) {
            if session.is_of(dataset) {
                let hold = session.hold();
                drop(held);
                return match first {
                    Some(first) => hold.send(first).map(|()| (hold, false)),
                    None => Ok((hold, false)),
                };
            }
            session.inbox.end(End::Removed);
            held.sessions.remove(&dataset.id);
        }
        held.make_room(self.0.most)?;
        let n_nodes = loaded.graph.n_nodes();
        let at = held.left.iter().position(|left| {
            is_of(&left.tables, dataset)
                && left.dataset == dataset.id
                && left.positions[0].len() == n_nodes
        });
        let known = at.map(|at| held.left[at].options.clone()).unwrap_or_default();
        check_all(first.as_deref().unwrap_or_default(), n_nodes, known)?;
        let left = at.and_then(|at| held.left.remove(at));
        let begin = self.0.begin(left, loaded, first.is_none());
        let session = Session::new(dataset, n_nodes, Worker::first_status(&begin));
        if let Some(first) = first {
            session.send(first)?;
        }
        let ticket = self.0.tickets.fetch_add(1, Ordering::Relaxed);
        let (registry, graph) = (Arc::clone(&self.0), Arc::clone(&loaded.graph));
        let worker = Worker::new(Arc::clone(&session), registry, graph, ticket, begin);
        let hold = session.hold();
        let thread = std::thread::Builder::new().name(format!("layout {ticket}"));
        thread.spawn(move || worker.run()).map_err(ApiError::internal)?;
        held.sessions.insert(dataset.id.clone(), session);
        Ok((hold, true))
    }

    /// Where the nodes of a dataset were when its layout was last held, if that is still known.
    pub(crate) fn left(&self, dataset: &Dataset) -> Option<[Vec<f32>; 2]> {
        let held = self.0.lock();
        let mut left = held.left.iter();
        let left = left.find(|left| left.dataset == dataset.id && is_of(&left.tables, dataset))?;
        Some(left.positions.clone())
    }

    /// Forgets the layout of a dataset, which was deleted or changed.
    pub(crate) fn remove(&self, id: &str) {
        let mut held = self.0.lock();
        held.left.retain(|left| left.dataset != id);
        if let Some(session) = held.sessions.remove(id) {
            session.inbox.end(End::Removed);
        }
    }

    /// How many are held.
    pub(crate) fn n_held(&self) -> usize {
        self.0.lock().sessions.len()
    }

    /// Ends all layouts, and lets none begin any more.
    pub(crate) fn stop_all(&self) {
        let mut held = self.0.lock();
        held.is_over = true;
        let mut sessions: Vec<_> = held.sessions.drain().collect();
        drop(held);
        sessions.sort_by(|one, other| one.0.cmp(&other.0));
        for (_, session) in sessions {
            session.inbox.end(End::Shutdown);
        }
    }
}

/// Whether tables are those of a dataset.
fn is_of(tables: &[Vec<String>; 2], dataset: &Dataset) -> bool {
    tables[0] == dataset.edges && tables[1] == dataset.nodes
}

impl Held {
    /// Ends layouts that nobody needs, the longest unused first, until there is room for one more.
    fn make_room(&mut self, most: usize) -> ApiResult<()> {
        while self.sessions.len() >= most {
            let unused = self
                .sessions
                .values()
                .filter(|session| session.unused_for().is_some() && session.is_at_rest());
            let Some(longest) = unused.max_by_key(|session| session.unused_for()) else {
                return Err(ApiError::Busy {
                    what: "too many layouts are watched",
                    retry_after_secs: 30,
                });
            };
            longest.inbox.end(End::Unused);
            let id = longest.dataset.clone();
            self.sessions.remove(&id);
        }
        Ok(())
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a layout begins with.
    fn begin(&self, left: Option<Left>, loaded: &Loaded, is_unasked: bool) -> Begin {
        let (device, is_auto) = (self.device, self.is_auto);
        match (left, &loaded.positions) {
            (Some(Left { positions, options, pinned, runs, .. }), _) => {
                let runs = runs && is_unasked;
                Begin { start: Start::At(positions), options, pinned, device, is_auto, runs }
            }
            (None, positions) => Begin {
                runs: is_unasked && positions.is_none(),
                start: positions.clone().map_or(Start::Random, Start::At),
                options: Options::default(),
                pinned: BTreeSet::new(),
                device,
                is_auto,
            },
        }
    }

    /// Forgets a session, unless somebody has come meanwhile.
    fn retire(&self, session: &Arc<Session>) -> bool {
        let mut held = self.lock();
        // It counts under the lock that whoever comes holds.
        if session.unused_for().is_none() {
            return false;
        }
        if held.sessions.get(&session.dataset).is_some_and(|known| Arc::ptr_eq(known, session)) {
            held.sessions.remove(&session.dataset);
        }
        true
    }

    /// Holds what a layout leaves, in place of what was held longest.
    fn keep(&self, left: Left) {
        let mut held = self.lock();
        held.left.retain(|old| old.dataset != left.dataset);
        held.left.push_back(left);
        let mut bytes: usize = held.left.iter().map(Left::bytes).sum();
        while bytes > LEFT_BYTES
            && let Some(old) = held.left.pop_front()
        {
            bytes -= old.bytes();
        }
    }
}

#[cfg(test)]
mod tests;
