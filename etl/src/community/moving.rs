//! Local moving: nodes change to the neighboring community that raises modularity most.

use graph_core::NodeId;

use super::level::Level;
use super::rounds::{Outcome, Rounds};
use crate::tally::{Tallies, Tally};
use crate::{Control, Result};

/// Stands for a community that has no member yet.
const NEW: u32 = u32::MAX;

/// A round has at least about this many batches.
const LEAST_BATCHES: usize = 64;

/// A gain of less than this times the node's strength is rounding.
const ROUNDING: f64 = 1e-12;

/// Nodes of a level in communities.
#[derive(Debug)]
pub(super) struct Partition {
    /// Community of each node, in `0..n_nodes`, shape `[n_nodes]`.
    pub(super) labels: Vec<u32>,
    /// Strengths of the members together, shape `[n_nodes]`.
    totals: Vec<f64>,
    sizes: Vec<u32>,
    /// Communities without members, the next one to be used last.
    free: Vec<u32>,
}

impl Partition {
    /// Communities that are given; labels are in `0..n_nodes`.
    pub(super) fn from_labels(level: &Level, labels: Vec<u32>) -> Self {
        let n = level.n_nodes();
        let (mut totals, mut sizes) = (vec![0.0; n], vec![0; n]);
        for (u, &label) in labels.iter().enumerate() {
            totals[label as usize] += level.strengths[u];
            sizes[label as usize] += 1;
        }
        let free = (0..n as u32).rev().filter(|&label| sizes[label as usize] == 0).collect();
        Self { labels, totals, sizes, free }
    }

    /// Strengths of the members of a community together.
    pub(super) fn total(&self, community: u32) -> f64 {
        self.totals[community as usize]
    }

    pub(super) fn size(&self, community: u32) -> u32 {
        self.sizes[community as usize]
    }

    /// Gives `u` another community, and returns its old one.
    pub(super) fn put(&mut self, u: NodeId, strength: f64, to: u32) -> u32 {
        let from = std::mem::replace(&mut self.labels[u as usize], to);
        self.totals[from as usize] -= strength;
        self.totals[to as usize] += strength;
        self.sizes[from as usize] -= 1;
        self.sizes[to as usize] += 1;
        if self.sizes[from as usize] == 0 {
            // Sums and differences of the same numbers need not end at 0.
            self.totals[from as usize] = 0.0;
            self.free.push(from);
        }
        from
    }
}

/// When local moving ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving {
    pub(super) resolution: f64,
    /// Ends after a round that has raised modularity by less.
    pub(super) tolerance: f64,
    pub(super) max_rounds: u32,
    pub(super) seed: u64,
}

/// What local moving did.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moved {
    pub(super) rounds: u32,
    pub(super) moves: u64,
}

/// A node's wish: where to, and the weights that the wish rests on.
struct Wish {
    to: u32,
    weight_to: f64,
    weight_from: f64,
}

impl Moving {
    /// Moves nodes until no move raises modularity, or little is gained by a round.
    pub(super) fn run(
        &self,
        level: &Level,
        partition: &mut Partition,
        tallies: &Tallies,
        control: &Control,
    ) -> Result<Moved> {
        let mut moved = Moved::default();
        let mut rounds = Rounds::new(level, tallies, self.seed, LEAST_BATCHES);
        let scale = self.resolution / level.total;
        while moved.rounds < self.max_rounds && !rounds.is_done() {
            let mut gained = 0.0;
            let moves = rounds.round(
                partition,
                control,
                |partition, tally, u| wish(level, partition, tally, scale, u),
                |partition, u, wish| {
                    let Some(gain) = grant(level, partition, scale, u, &wish) else {
                        return Outcome::Refused;
                    };
                    gained += 2.0 * gain / level.total;
                    Outcome::Moved
                },
                |partition, u, v| partition.labels[v as usize] != partition.labels[u as usize],
            )?;
            moved.rounds += 1;
            moved.moves += moves as u64;
            control.step("rounds", moved.rounds.into(), None)?;
            if gained < self.tolerance {
                break;
            }
        }
        Ok(moved)
    }
}

/// The community that `u` would be best in, if that is another than its own.
///
/// In units of half the weight of all edges, being in a community is worth
/// `w(u, c) - scale · k_u · (K_c - k_u)`; of equal ones the smallest label is taken.
fn wish(
    level: &Level,
    partition: &Partition,
    tally: &mut Tally,
    scale: f64,
    u: NodeId,
) -> Option<Wish> {
    let from = partition.labels[u as usize];
    let strength = level.strengths[u as usize];
    tally.reset(level.degree(u), level.n_nodes());
    let mut weight_from = 0.0;
    level.for_each(u, |v, weight| match partition.labels[v as usize] {
        label if label == from => weight_from += weight,
        label => tally.add(label, weight),
    });
    let cost = scale * strength;
    let stay = weight_from - cost * (partition.total(from) - strength);
    // To be alone is worth 0.
    let (mut best, mut to, mut weight_to) = (0.0, NEW, 0.0);
    for (label, weight) in tally.iter() {
        let worth = weight - cost * partition.total(label);
        if worth > best || (worth == best && label < to) {
            (best, to, weight_to) = (worth, label, weight);
        }
    }
    let is_alone = partition.size(from) == 1;
    (best > stay + ROUNDING * strength && !(to == NEW && is_alone)).then_some(Wish {
        to,
        weight_to,
        weight_from,
    })
}

/// Moves `u` if that is still a gain after the moves before it; returns the gain.
fn grant(
    level: &Level,
    partition: &mut Partition,
    scale: f64,
    u: NodeId,
    wish: &Wish,
) -> Option<f64> {
    let from = partition.labels[u as usize];
    let strength = level.strengths[u as usize];
    let to = match wish.to {
        NEW => partition.free.pop()?,
        // Its members have left: what drew `u` is elsewhere now.
        to if partition.size(to) == 0 => return None,
        to => to,
    };
    let cost = scale * strength;
    let stay = wish.weight_from - cost * (partition.total(from) - strength);
    let gain = wish.weight_to - cost * partition.total(to) - stay;
    if gain <= ROUNDING * strength {
        if wish.to == NEW {
            partition.free.push(to);
        }
        return None;
    }
    partition.put(u, strength, to);
    Some(gain)
}
