//! What the thread of a layout is told, and how it is woken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graphlume::Device;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

/// Most commands that wait at once.
const MOST: usize = 256;

/// What a layout is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Move until the nodes have found their places.
    Play,
    /// Rest.
    Pause,
    /// Make so many steps, then rest.
    Step(u32),
    /// Begin anew from random places.
    Restart {
        /// Seed of the places; that of the options if absent.
        seed: Option<u64>,
    },
    /// Change options; those that are not named stay.
    Options(Map<String, Value>),
    /// Hold nodes where they are.
    Pin(Vec<u32>),
    /// Let nodes go.
    Unpin(Vec<u32>),
    /// Put nodes somewhere, in layout units.
    Move {
        /// The nodes.
        nodes: Vec<u32>,
        /// Their new positions, one a node.
        x: Vec<f32>,
        /// See `x`.
        y: Vec<f32>,
    },
    /// Go on elsewhere.
    Device {
        /// Where.
        device: Device,
        /// Whether another will do if it fails.
        is_auto: bool,
    },
    /// Give up all memory.
    Stop,
    /// Say where the nodes are.
    Positions(oneshot::Sender<[Vec<f32>; 2]>),
    /// Say that what was asked for before is done.
    Sync(oneshot::Sender<()>),
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The server stops.
    Shutdown,
    /// The dataset was deleted or changed.
    Removed,
    /// Nobody needed it.
    Unused,
}

/// A queue with a bell.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    bell: Condvar,
    /// Whether somebody waits for a frame.
    wanted: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    commands: VecDeque<Command>,
    is_rung: bool,
    end: Option<End>,
}

/// There is no room for more commands, or nobody to obey them.
#[derive(Debug)]
pub(crate) struct Refused;

impl Inbox {
    /// Tells the thread to do all of `commands`, or nothing.
    pub(super) fn push(&self, commands: Vec<Command>) -> Result<(), Refused> {
        let mut queue = self.lock();
        if queue.commands.len() + commands.len() > MOST || queue.end.is_some() {
            return Err(Refused);
        }
        queue.commands.extend(commands);
        drop(queue);
        self.bell.notify_one();
        Ok(())
    }

    /// The next command.
    pub(super) fn pop(&self) -> Option<Command> {
        self.lock().commands.pop_front()
    }

    /// Whether there is something to do before the next step.
    pub(super) fn is_pressing(&self) -> bool {
        let queue = self.lock();
        !queue.commands.is_empty() || queue.end.is_some()
    }

    /// Ends the session; what was asked for is not done any more. The first reason counts.
    pub(super) fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.bell.notify_one();
    }

    pub(super) fn ending(&self) -> Option<End> {
        self.lock().end
    }

    /// Wakes the thread to look around.
    pub(super) fn ring(&self) {
        self.lock().is_rung = true;
        self.bell.notify_one();
    }

    #[cfg(test)]
    pub(super) fn is_rung(&self) -> bool {
        self.lock().is_rung
    }

    /// Says that somebody could take a frame.
    pub(super) fn want(&self) {
        if !self.wanted.swap(true, Ordering::AcqRel) {
            self.ring();
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Forgets who wanted a frame, just before it is made.
    pub(super) fn serve(&self) {
        self.wanted.store(false, Ordering::Release);
    }

    /// Waits until there is something to do, or for `timeout`.
    pub(super) fn wait(&self, timeout: Duration) {
        let idle =
            |queue: &mut Queue| !queue.is_rung && queue.commands.is_empty() && queue.end.is_none();
        let waited = self.bell.wait_timeout_while(self.lock(), timeout, idle);
        let (mut queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.is_rung = false;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
