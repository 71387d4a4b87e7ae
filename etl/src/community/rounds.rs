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

/// Batches of fewer entries than this are not worth handing out: nodes take turns instead.
const LEAST_BATCH: usize = 2 * LEAST_TASK;

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

/// The nodes of a level that are still to be looked at.
///
/// Each round goes over those that wait when it begins, in an order drawn from the seed. Batches
/// depend on the level and the seed alone, so that the result of a round does not depend on the
/// number of threads.
pub(super) struct Rounds<'a> {
    level: &'a Level<'a>,
    tallies: &'a Tallies,
    waiting: Vec<AtomicBool>,
    /// The nodes of the next round, in its order.
    queue: Vec<NodeId>,
    seed: u64,
    /// Rounds that are over.
    n_done: u64,
    least_batches: usize,
}

impl<'a> Rounds<'a> {
    /// All nodes with neighbors are waiting. A round has at least about `least_batches` batches:
    /// what is left of small graphs, and of any graph in late rounds, is worked on nearly one
    /// node at a time, so that two neighbors cannot go on changing at once.
    pub(super) fn new(
        level: &'a Level<'a>,
        tallies: &'a Tallies,
        seed: u64,
        least_batches: usize,
    ) -> Self {
        let waiting =
            (0..level.n_nodes()).map(|u| AtomicBool::new(level.degree(u as NodeId) > 0)).collect();
        let mut rounds =
            Self { level, tallies, waiting, queue: Vec::new(), seed, n_done: 0, least_batches };
        rounds.call_up();
        rounds
    }

    /// Puts all that wait into the queue, in an order of its own.
    fn call_up(&mut self) {
        self.queue.clear();
        let waiting = self.waiting.iter_mut().enumerate();
        self.queue.extend(waiting.filter_map(|(u, is)| is.get_mut().then_some(u as NodeId)));
        let mut random = Random::new(self.seed, self.n_done);
        for last in (1..self.queue.len()).rev() {
            self.queue.swap(last, random.below(last as u64 + 1) as usize);
        }
    }

    /// One round over the waiting nodes; returns how many have moved.
    ///
    /// `decide` is asked for each node; `apply` is called for those that it gave an answer for, in
    /// order; then the neighbors `v` of a moved node `u` wait for the next round, or for their turn
    /// in this one, if `wakes(state, u, v)`. Where batches are large, the nodes of one decide in
    /// parallel, on the state before it.
    pub(super) fn round<S: Sync, D: Send>(
        &mut self,
        state: &mut S,
        control: &Control,
        decide: impl Fn(&S, &mut Tally, NodeId) -> Option<D> + Sync,
        mut apply: impl FnMut(&mut S, NodeId, D) -> Outcome,
        wakes: impl Fn(&S, NodeId, NodeId) -> bool + Sync,
    ) -> Result<usize> {
        let entries: usize = self.queue.iter().map(|&u| self.level.degree(u)).sum();
        let batch_entries = (entries / self.least_batches).min(MOST_ENTRIES);
        let one_by_one = batch_entries < LEAST_BATCH;
        let batch_entries = if one_by_one { MOST_ENTRIES } else { batch_entries };
        let mut n_moved = 0;
        let mut next = 0;
        while next < self.queue.len() {
            if control.is_stopped() {
                return Err(Error::Stopped { stage: "moves", done: n_moved as u64 });
            }
            let first = next;
            let mut entries = 0;
            while next < self.queue.len() && entries < batch_entries {
                entries += self.level.degree(self.queue[next]);
                next += 1;
            }
            let batch = &self.queue[first..next];
            n_moved += match one_by_one {
                true => self.turns(batch, state, &decide, &mut apply, &wakes),
                false => self.batch(batch, entries, state, &decide, &mut apply, &wakes),
            };
        }
        self.n_done += 1;
        self.call_up();
        Ok(n_moved)
    }

    /// Each node decides on what those before it have done; returns how many have moved.
    fn turns<S, D>(
        &self,
        nodes: &[NodeId],
        state: &mut S,
        decide: impl Fn(&S, &mut Tally, NodeId) -> Option<D>,
        mut apply: impl FnMut(&mut S, NodeId, D) -> Outcome,
        wakes: impl Fn(&S, NodeId, NodeId) -> bool,
    ) -> usize {
        let tally = &mut self.tallies.mine();
        let mut n_moved = 0;
        for &u in nodes {
            self.waiting[u as usize].store(false, Ordering::Relaxed);
            let Some(decision) = decide(state, tally, u) else { continue };
            match apply(state, u, decision) {
                Outcome::Moved => {
                    n_moved += 1;
                    self.wake_neighbors(u, |v| wakes(state, u, v));
                }
                Outcome::Refused => self.wake(u),
            }
        }
        n_moved
    }

    /// All nodes decide on the state as it is; returns how many have moved.
    fn batch<S: Sync, D: Send>(
        &self,
        nodes: &[NodeId],
        entries: usize,
        state: &mut S,
        decide: impl Fn(&S, &mut Tally, NodeId) -> Option<D> + Sync,
        mut apply: impl FnMut(&mut S, NodeId, D) -> Outcome,
        wakes: impl Fn(&S, NodeId, NodeId) -> bool + Sync,
    ) -> usize {
        let frozen = &*state;
        let decisions = self.map_tasks(nodes, entries, |nodes| {
            let tally = &mut self.tallies.mine();
            let answers = nodes.iter().map(|&u| {
                self.waiting[u as usize].store(false, Ordering::Relaxed);
                (u, decide(frozen, tally, u))
            });
            answers.filter_map(|(u, answer)| Some((u, answer?))).collect::<Vec<_>>()
        });
        let mut moved = Vec::new();
        for (u, decision) in decisions.into_iter().flatten() {
            match apply(state, u, decision) {
                Outcome::Moved => moved.push(u),
                Outcome::Refused => self.wake(u),
            }
        }
        let state = &*state;
        let entries = moved.iter().map(|&u| self.level.degree(u)).sum();
        self.map_tasks(&moved, entries, |nodes| {
            for &u in nodes {
                self.wake_neighbors(u, |v| wakes(state, u, v));
            }
        });
        moved.len()
    }

    /// Whether no node is waiting.
    pub(super) fn is_done(&self) -> bool {
        self.queue.is_empty()
    }

    fn wake(&self, u: NodeId) {
        self.waiting[u as usize].store(true, Ordering::Relaxed);
    }

    fn wake_neighbors(&self, u: NodeId, wakes: impl Fn(NodeId) -> bool) {
        self.level.neighbors(u).iter().filter(|&&v| wakes(v)).for_each(|&v| self.wake(v));
    }

    /// `work` on runs of `nodes`, which have `entries` together; results in order.
    fn map_tasks<T: Send>(
        &self,
        nodes: &[NodeId],
        entries: usize,
        work: impl Fn(&[NodeId]) -> T + Sync,
    ) -> Vec<T> {
        let threads = rayon::current_num_threads();
        if nodes.is_empty() || threads == 1 || entries < 2 * LEAST_TASK {
            return vec![work(nodes)];
        }
        let size = (entries / (TASKS_PER_THREAD * threads)).max(LEAST_TASK);
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
        tasks.into_par_iter().map(|task| work(&nodes[task])).collect()
    }
}
