//! Refinement: communities are taken apart into well-connected parts.

use std::ops::Range;

use graph_core::NodeId;
use graph_core::generate::Random;
use rayon::prelude::*;

use super::level::{Level, Members};
use crate::tally::{PerThread, Tally};
use crate::{Control, Error, Result};

/// A thread takes communities of this many entries together, at least.
const LEAST_TASK: usize = 1 << 12;

/// Communities are handed out in about this many tasks for each thread. They do not depend on one
/// another, so the cuts change nothing.
const TASKS_PER_THREAD: usize = 8;

/// Merges of single nodes into parts of their community.
pub(super) struct Refinement<'a> {
    pub(super) level: &'a Level<'a>,
    /// Community of each node, in `0..n_communities`.
    pub(super) communities: &'a [u32],
    pub(super) n_communities: usize,
    pub(super) resolution: f64,
    pub(super) randomness: f64,
    pub(super) seed: u64,
}

/// What a thread needs for one community of `k` nodes, which it numbers `0..k`.
#[derive(Debug, Default)]
pub(super) struct Room {
    tally: Tally,
    /// Nodes in the order of their turns.
    order: Vec<u32>,
    /// Strengths of the members of each part together.
    totals: Vec<f64>,
    /// Weight between each part and the rest of the community.
    outside: Vec<f64>,
    sizes: Vec<u32>,
}

impl Refinement<'_> {
    /// Part of each node: labels in `0..n_nodes`.
    ///
    /// Communities are refined in parallel, each by one thread. O(n + m) time.
    pub(super) fn run(&self, rooms: &PerThread<Room>, control: &Control) -> Result<Vec<u32>> {
        let members = Members::new(self.communities, self.n_communities);
        // Members of a community have neighboring places.
        let mut places = vec![0_u32; self.level.n_nodes()];
        for (place, &u) in members.nodes.iter().enumerate() {
            places[u as usize] = place as u32;
        }
        let mut parts: Vec<u32> = (0..places.len() as u32).collect();
        let tasks = self.tasks(&members, &mut parts);
        tasks.into_par_iter().with_max_len(1).try_for_each(|(communities, mut parts)| {
            if control.is_stopped() {
                return Err(Error::Stopped { stage: "parts", done: 0 });
            }
            let room = &mut rooms.mine();
            for community in communities {
                let own;
                (own, parts) = parts.split_at_mut(members.range(community).len());
                self.grow(&members, community, &places, own, room);
            }
            Ok(())
        })?;
        Ok(places.iter().map(|&place| parts[place as usize]).collect())
    }

    /// Communities for each task, and the parts of their members.
    fn tasks<'p>(
        &self,
        members: &Members,
        mut parts: &'p mut [u32],
    ) -> Vec<(Range<usize>, &'p mut [u32])> {
        let size = self.level.n_entries() / (TASKS_PER_THREAD * rayon::current_num_threads());
        let size = size.max(LEAST_TASK);
        let mut tasks = Vec::new();
        let (mut first, mut entries, mut n_nodes) = (0, 0, 0);
        for community in 0..self.n_communities {
            let nodes = members.of(community);
            entries += nodes.iter().map(|&u| self.level.degree(u) + 1).sum::<usize>();
            n_nodes += nodes.len();
            if entries >= size || community + 1 == self.n_communities {
                let own;
                (own, parts) = parts.split_at_mut(n_nodes);
                tasks.push((first..community + 1, own));
                (first, entries, n_nodes) = (community + 1, 0, 0);
            }
        }
        tasks
    }

    /// Merges the members of one community; `parts` is by their places, and each is a part of its
    /// own.
    fn grow(
        &self,
        members: &Members,
        community: usize,
        places: &[u32],
        parts: &mut [u32],
        room: &mut Room,
    ) {
        let (level, nodes) = (self.level, members.of(community));
        if nodes.len() < 2 {
            return;
        }
        let start = members.range(community).start as u32;
        let inside = |v: NodeId| {
            let at = places[v as usize].wrapping_sub(start);
            ((at as usize) < nodes.len()).then_some(at)
        };
        let Room { tally, order, totals, outside, sizes } = room;
        order.clear();
        order.extend(0..nodes.len() as u32);
        let mut random = Random::new(self.seed, community as u64);
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last as u64 + 1) as usize);
        }
        sizes.clear();
        sizes.resize(nodes.len(), 1);
        totals.clear();
        totals.extend(nodes.iter().map(|&u| level.strengths[u as usize]));
        outside.clear();
        outside.extend(nodes.iter().map(|&u| {
            let mut sum = 0.0;
            level.for_each(u, |v, weight| sum += inside(v).map_or(0.0, |_| weight));
            sum
        }));
        let scale = self.resolution / level.total;
        let whole: f64 = totals.iter().sum();
        // A part has as much weight to the rest of its community as is to be expected at least.
        let is_well_connected =
            |outside: f64, total: f64| outside >= scale * total * (whole - total);

        for &at in &*order {
            let u = nodes[at as usize];
            let strength = level.strengths[u as usize];
            let own_outside = outside[at as usize];
            // Others have joined it, or it has nothing to join.
            if sizes[at as usize] > 1
                || own_outside == 0.0
                || !is_well_connected(own_outside, strength)
            {
                continue;
            }
            tally.reset(level.degree(u), nodes.len());
            level.for_each(u, |v, weight| {
                if let Some(at) = inside(v) {
                    tally.add(parts[at as usize] - start, weight);
                }
            });
            let choices = tally.iter().filter_map(|(to, weight)| {
                let total = totals[to as usize];
                let gain = weight - scale * strength * total;
                let is_open = gain > 0.0 && is_well_connected(outside[to as usize], total);
                is_open.then_some(((to, weight), gain))
            });
            let heat = self.randomness * strength;
            if let Some((to, weight)) = draw(choices, heat, &mut random) {
                parts[at as usize] = to + start;
                sizes[at as usize] = 0;
                sizes[to as usize] += 1;
                totals[to as usize] += strength;
                outside[to as usize] += own_outside - 2.0 * weight;
            }
        }
    }
}

/// One of `choices`, with a likelihood in proportion to `exp(gain / heat)`; of those with the
/// largest gain at a heat of 0.
fn draw<T>(choices: impl Iterator<Item = (T, f64)>, heat: f64, random: &mut Random) -> Option<T> {
    let heat = heat.max(f64::MIN_POSITIVE);
    // In one pass: what is chosen when likelihoods add up to `sum` stays until they reach
    // `sum / unit`. They are relative to the largest so far.
    let (mut top, mut sum, mut end) = (f64::NEG_INFINITY, 0.0, 0.0);
    let mut chosen = None;
    for (choice, gain) in choices {
        if gain > top {
            let share = ((top - gain) / heat).exp();
            (top, sum, end) = (gain, sum * share + 1.0, end * share);
        } else {
            sum += ((gain - top) / heat).exp();
        }
        if sum > end {
            end = sum / random.unit();
            chosen = Some(choice);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 sigma of 100,000 draws is below 0.005.
    #[test]
    fn draws_in_proportion_to_the_exponential_of_the_gain() {
        let gains = [0.3, 1.0, 0.2, 1.0, 0.9];
        let heat = 0.5;
        let mut random = Random::new(1, 2);
        let mut found = [0.0; 5];
        for _ in 0..100_000 {
            let choices = gains.iter().copied().enumerate();
            found[draw(choices, heat, &mut random).unwrap()] += 1e-5;
        }
        let sum: f64 = gains.iter().map(|gain| (gain / heat).exp()).sum();
        for (found, gain) in found.iter().zip(gains) {
            let expected = (gain / heat).exp() / sum;
            assert!((found - expected).abs() < 0.005, "{found} of {expected}");
        }
    }

    #[test]
    fn draws_one_of_the_best_without_heat() {
        let gains = [0.3, 1.0, 0.2, 1.0, 0.9];
        let mut random = Random::new(3, 4);
        let mut found = [0; 5];
        for _ in 0..1000 {
            found[draw(gains.iter().copied().enumerate(), 0.0, &mut random).unwrap()] += 1;
        }
        assert!(found[1] > 400 && found[3] > 400 && found[1] + found[3] == 1000, "{found:?}");
    }
}
