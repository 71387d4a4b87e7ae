//! Rounds over nodes in batches: decisions in parallel on a state that stands still, then applied
//! one after another.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use graph_core::NodeId;
use graph_core::generate::Random;
use rayon::prelude::*;

use super::level::Level;
use crate::tally::{Tallies, Tally};
use crate::{Control, Error, Result};

/// Batches have at most this many entries: enough work for many threads, few enough nodes that a
/// decision seldom rests on a neighbor that moves at the same time.
const MOST_ENTRIES: usize = 1 << 16;

/// A round has at least this many batches, so that small graphs are worked on nearly one node at
/// a time.
const LEAST_BATCHES: usize = 256;

/// A thread takes this many entries of a batch at once, at least; a batch of fewer is left to one.
const LEAST_TASK: usize = 1 << 11;

/// A batch is cut into about this many tasks for each thread: with fewer, some would wait for the
/// thread that has the last one. What is decided does not depend on where the cuts are.
const TASKS_PER_THREAD: usize = 4;

/// What became of a decision.
pub(super) enum Outcome {
    /// The node has a new label; its neighbors are looked at again.
    Moved,
    /// The state has changed in the meantime; the node is looked at again in the next round.
    Refused,
}

/// The nodes of a level that are still to be looked at, in an order drawn from a seed.
///
/// Batches depend on the level and the seed alone, so that the result of a round does not depend
/// on the number of threads.
pub(super) struct Rounds<'a> {
    level: &'a Level<'a>,
    tallies: &'a Tallies,
    order: Vec<NodeId>,
    waiting: Vec<AtomicBool>,
    batch_entries: usize,
}

impl<'a> Rounds<'a> {
    /// All nodes with neighbors are waiting.
    pub(super) fn new(level: &'a Level<'a>, tallies: &'a Tallies, seed: u64) -> Self {
        let mut order: Vec<NodeId> =
            (0..level.n_nodes() as NodeId).filter(|&u| level.degree(u) > 0).collect();
        let mut random = Random::new(seed, 0);
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last as u64 + 1) as usize);
        }
        let waiting = (0..level.n_nodes()).map(|_| AtomicBool::new(true)).collect();
        let batch_entries = (level.n_entries() / LEAST_BATCHES).clamp(1, MOST_ENTRIES);
        Self { level, tallies, order, waiting, batch_entries }
    }

    /// One round over the waiting nodes; returns how many have moved.
    ///
    /// `decide` is asked for each node of a batch, in parallel; then `apply` is called for those
    /// that it gave an answer for, in order. After the batch, the neighbors `v` of a moved node
    /// `u` wait for the next round, or for their turn in this one, if `wakes(state, u, v)`.
    pub(super) fn round<S: Sync, D: Send>(
        &mut self,
        state: &mut S,
        control: &Control,
        decide: impl Fn(&S, &mut Tally, NodeId) -> Option<D> + Sync,
        mut apply: impl FnMut(&mut S, NodeId, D) -> Outcome,
        wakes: impl Fn(&S, NodeId, NodeId) -> bool + Sync,
    ) -> Result<usize> {
        let mut n_moved = 0;
        let mut next = 0;
        let mut batch = Vec::new();
        let mut moved = Vec::new();
        loop {
            next = self.fill(&mut batch, next);
            if batch.is_empty() {
                return Ok(n_moved);
            }
            if control.is_stopped() {
                return Err(Error::Stopped { stage: "moves", done: n_moved as u64 });
            }
            let frozen = &*state;
            let decisions = self.map_tasks(&batch, |nodes| {
                let tally = &mut self.tallies.mine();
                let answers = nodes.iter().map(|&u| (u, decide(frozen, tally, u)));
                answers.filter_map(|(u, answer)| Some((u, answer?))).collect::<Vec<_>>()
            });
            moved.clear();
            for (u, decision) in decisions.into_iter().flatten() {
                match apply(state, u, decision) {
                    Outcome::Moved => moved.push(u),
                    Outcome::Refused => self.wake(u),
                }
            }
            let state = &*state;
            self.map_tasks(&moved, |nodes| {
                for &u in nodes {
                    for &v in self.level.neighbors(u) {
                        if wakes(state, u, v) {
                            self.wake(v);
                        }
                    }
                }
            });
            n_moved += moved.len();
        }
    }

    /// Whether no node is waiting.
    pub(super) fn is_done(&self) -> bool {
        !self.order.iter().any(|&u| self.waiting[u as usize].load(Ordering::Relaxed))
    }

    fn wake(&self, u: NodeId) {
        self.waiting[u as usize].store(true, Ordering::Relaxed);
    }

    /// Takes waiting nodes from `order[next..]` until the batch is full; returns where it ended.
    fn fill(&self, batch: &mut Vec<NodeId>, mut next: usize) -> usize {
        batch.clear();
        let mut entries = 0;
        while next < self.order.len() && entries < self.batch_entries {
            let u = self.order[next];
            let waiting = &self.waiting[u as usize];
            if waiting.load(Ordering::Relaxed) {
                waiting.store(false, Ordering::Relaxed);
                batch.push(u);
                entries += self.level.degree(u);
            }
            next += 1;
        }
        next
    }

    /// `work` on runs of `nodes`, results in order.
    fn map_tasks<T: Send>(&self, nodes: &[NodeId], work: impl Fn(&[NodeId]) -> T + Sync) -> Vec<T> {
        let all: usize = nodes.iter().map(|&u| self.level.degree(u)).sum();
        let size = all / (TASKS_PER_THREAD * rayon::current_num_threads());
        let size = size.max(LEAST_TASK);
        let mut tasks: Vec<Range<usize>> = Vec::new();
        let (mut first, mut entries) = (0, 0);
        for (at, &u) in nodes.iter().enumerate() {
            entries += self.level.degree(u);
            if entries >= size {
                tasks.push(first..at + 1);
                (first, entries) = (at + 1, 0);
            }
        }
        if first < nodes.len() {
            tasks.push(first..nodes.len());
        }
        match tasks.len() {
            0 => Vec::new(),
            1 => vec![work(nodes)],
            _ => tasks.into_par_iter().map(|task| work(&nodes[task])).collect(),
        }
    }
}
