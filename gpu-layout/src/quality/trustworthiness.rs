//! Trustworthiness: are the points that lie nearest also near in the graph?

use std::collections::BinaryHeap;

use graph_core::NodeId;
use rayon::prelude::*;

use super::adjacency::Adjacency;
use super::nearest::Nearest;
use super::sample::Sample;
use super::{Measure, QualityConfig};

/// See [`trustworthiness`](super::QualityReport::trustworthiness).
pub(super) fn measure(
    adjacency: &Adjacency,
    nearest: &Nearest,
    config: &QualityConfig,
) -> Option<Measure> {
    let (n, k) = (adjacency.n_nodes(), config.n_neighbors);
    if n <= 2 * k {
        return None;
    }
    let nodes = 0..n as NodeId;
    let two_steps: u64 = nodes.clone().map(|u| (adjacency.degree(u) as u64).pow(2)).sum();
    let sample = Sample::within_budget(nodes.collect(), two_steps, config, 2);
    let ranks = Ranks::new(adjacency);
    let penalties: Vec<f64> = sample
        .nodes
        .par_iter()
        .map_init(
            || (BinaryHeap::new(), Scratch { common: vec![0; n], touched: vec![] }),
            |(found, scratch), &u| {
                nearest.find(u, k, found);
                scratch.count_common(adjacency, u);
                let penalty = found.iter().map(|&(_, v)| ranks.penalty(scratch, u, v, k)).sum();
                scratch.clear();
                penalty
            },
        )
        .collect();
    let (n, k) = (n as f64, k as f64);
    let weight = 2.0 / (k * (2.0 * n - 3.0 * k - 1.0));
    let mean = penalties.iter().sum::<f64>() / penalties.len() as f64;
    Some(Measure {
        value: 1.0 - weight * mean,
        standard_error: weight * sample.standard_error(penalties.iter().copied()),
        exact: sample.is_all(),
        sample_size: penalties.len() as u64,
    })
}

/// Common neighbors of one node with all nodes.
#[derive(Debug)]
struct Scratch {
    /// Shape `[n]`; 0 but for the nodes in `touched`.
    common: Vec<u32>,
    touched: Vec<NodeId>,
}

impl Scratch {
    fn count_common(&mut self, adjacency: &Adjacency, u: NodeId) {
        for &v in adjacency.neighbors(u) {
            for &w in adjacency.neighbors(v) {
                let count = &mut self.common[w as usize];
                if *count == 0 {
                    self.touched.push(w);
                }
                *count += 1;
            }
        }
    }

    fn clear(&mut self) {
        for w in self.touched.drain(..) {
            self.common[w as usize] = 0;
        }
    }
}

/// Ranks by distance between adjacency rows: the square is `deg_u + deg_v − 2 common(u, v)`, so
/// only nodes with a common neighbor need a look; degrees alone rank the others.
#[derive(Debug)]
struct Ranks<'a> {
    adjacency: &'a Adjacency,
    /// Entry `d`: number of nodes whose degree is less than `d`.
    n_below: Vec<usize>,
}

impl<'a> Ranks<'a> {
    fn new(adjacency: &'a Adjacency) -> Self {
        let degrees = (0..adjacency.n_nodes() as NodeId).map(|u| adjacency.degree(u));
        let mut n_below = vec![0; degrees.clone().max().unwrap_or(0) + 2];
        for degree in degrees {
            n_below[degree + 1] += 1;
        }
        for degree in 1..n_below.len() {
            n_below[degree] += n_below[degree - 1];
        }
        Self { adjacency, n_below }
    }

    fn n_below(&self, degree: i64) -> i64 {
        self.n_below[degree.clamp(0, self.n_below.len() as i64 - 1) as usize] as i64
    }

    /// max(0, rank of `v` − k), averaged over all orders of the nodes that are as far from `u`.
    fn penalty(&self, scratch: &Scratch, u: NodeId, v: NodeId, k: usize) -> f64 {
        let degree = |w: NodeId| self.adjacency.degree(w) as i64;
        // All squared distances are taken less the degree of `u`.
        let squared = |w: NodeId| degree(w) - 2 * i64::from(scratch.common[w as usize]);
        let bound = squared(v);
        let mut nearer = self.n_below(bound);
        let mut as_far = self.n_below(bound + 1) - nearer;
        let mut recount = |squared: i64, by: i64| {
            nearer += if squared < bound { by } else { 0 };
            as_far += if squared == bound { by } else { 0 };
        };
        recount(degree(u), -1);
        for &w in scratch.touched.iter().filter(|&&w| w != u) {
            recount(degree(w), -1);
            recount(squared(w), 1);
        }
        // Ranks run from `nearer + 1` to `last`; those up to k cost nothing.
        let last = nearer + as_far - k as i64;
        let first = (nearer + 1 - k as i64).max(1);
        let sum = if last < first { 0 } else { (first + last) * (last - first + 1) / 2 };
        sum as f64 / as_far as f64
    }
}
