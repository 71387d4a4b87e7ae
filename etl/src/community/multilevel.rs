//! Moves and contractions by turns: what Louvain and Leiden share.

use graph_core::generate::Random;

use super::level::Level;
use super::moving::{Moved, Moving, Partition};
use super::report::{Communities, Hierarchy};
use super::{check_at_least, labels};
use crate::tally::Tallies;
use crate::topology::Undirected;
use crate::{Control, Result};

/// If there are several iterations, nodes move in the first one until a round has raised
/// modularity by less than this many times the tolerance.
const START: f64 = 100.0;

/// When a search for communities ends.
pub(super) struct Search {
    pub(super) resolution: f64,
    pub(super) tolerance: f64,
    pub(super) max_iterations: u32,
    pub(super) max_levels: u32,
    pub(super) max_rounds: u32,
    pub(super) seed: u64,
}

/// A level whose nodes have moved.
pub(super) struct Settled<'a> {
    pub(super) level: &'a Level<'a>,
    /// Community of each node, shape `[n_nodes]`.
    pub(super) labels: &'a [u32],
    /// Number of communities.
    pub(super) n_communities: usize,
    /// How often it has started again at the nodes.
    pub(super) iteration: u32,
    /// Whether nodes will move on the next level.
    pub(super) goes_on: bool,
    pub(super) seed: u64,
}

/// What becomes of a level: part of each node, shape `[n_nodes]`, and the number of parts, which
/// become the nodes of the next level. As many parts as nodes end the iteration.
pub(super) type Parts = (Vec<u32>, usize);

impl Search {
    /// Communities of `graph`, where `divide` says which parts of them are contracted.
    pub(super) fn run(
        &self,
        graph: &Undirected,
        control: &Control,
        divide: impl Fn(Settled) -> Result<Parts> + Sync,
    ) -> Result<Communities> {
        check_at_least("resolution", self.resolution, 0.0)?;
        check_at_least("tolerance", self.tolerance, 0.0)?;
        // From outside of its threads each of many small tasks would wait for one to wake.
        rayon::scope(|_| self.settle(graph, control, &divide))
    }

    fn settle(
        &self,
        graph: &Undirected,
        control: &Control,
        divide: impl Fn(Settled) -> Result<Parts>,
    ) -> Result<Communities> {
        let tallies = Tallies::new();
        let nodes = Level::new(graph);
        let mut best = Hierarchy::new(&nodes, self.resolution);
        if nodes.total == 0.0 {
            return Ok(best.finish());
        }
        let mut before = f64::NEG_INFINITY;
        for iteration in 0..self.max_iterations {
            let start = best.nodes().to_vec();
            let next = self.iterate(&nodes, start, iteration, &tallies, control, &divide)?;
            let modularity = next.modularity().expect("a graph with edges should have one");
            let gained = modularity - before;
            (best, before) = (next, modularity);
            if gained <= self.tolerance {
                best.converged = true;
                break;
            }
            control.step("iterations", u64::from(iteration) + 1, None)?;
        }
        Ok(best.finish())
    }

    /// Moves, divides and contracts until communities are the nodes of a level.
    fn iterate(
        &self,
        nodes: &Level,
        start: Vec<u32>,
        iteration: u32,
        tallies: &Tallies,
        control: &Control,
        divide: impl Fn(Settled) -> Result<Parts>,
    ) -> Result<Hierarchy> {
        let mut hierarchy = Hierarchy::new(nodes, self.resolution);
        let mut contracted: Option<Level> = None;
        let mut labels = start;
        for depth in 0..=self.max_levels {
            let level = contracted.as_ref().unwrap_or(nodes);
            // Neither iterations nor levels share an order of nodes.
            let seed = Random::new(self.seed, u64::from(iteration) << 32 | u64::from(depth)).bits();
            let mut partition = Partition::from_labels(level, labels);
            // Later iterations go over the nodes again: what is left over here is little to them.
            let is_start = depth == 0 && iteration == 0 && self.max_iterations > 1;
            let tolerance = if is_start { START * self.tolerance } else { self.tolerance };
            let moving = Moving {
                resolution: self.resolution,
                tolerance,
                max_rounds: self.max_rounds,
                seed,
            };
            let moved = match depth < self.max_levels {
                true => moving.run(level, &mut partition, tallies, control)?,
                false => Moved::default(),
            };
            labels = partition.labels;
            let n_communities = labels::number_by_appearance(level, &mut labels);
            if n_communities == level.n_nodes() {
                break;
            }
            let goes_on = depth + 1 < self.max_levels;
            let (parts, n_parts) = divide(Settled {
                level,
                labels: &labels,
                n_communities,
                iteration,
                goes_on,
                seed,
            })?;
            if n_parts == level.n_nodes() {
                break;
            }
            let next = level.contract(&parts, n_parts, tallies, control)?;
            let mut communities = vec![0; n_parts];
            for (&part, &label) in parts.iter().zip(&labels) {
                communities[part as usize] = label;
            }
            labels = communities;
            hierarchy.push(parts, &next, moved);
            contracted = Some(next);
            control.step("levels", u64::from(depth) + 1, None)?;
        }
        Ok(hierarchy)
    }
}
