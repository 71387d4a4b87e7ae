//! Attraction: every edge pulls its two ends together.

use std::ops::Range;

use graph_core::{Csr, Graph, NodeId};
use rayon::prelude::*;

use crate::Config;
use crate::complex::Complex;

/// Nodes whose edge ends one task sorts.
const BLOCK: usize = 4096;

/// Edge ends by node, with the coefficient that each pulls with.
///
/// | array     | shape     | meaning                                                           |
/// |-----------|-----------|-------------------------------------------------------------------|
/// | `offsets` | `[n + 1]` | ends at `u` sit at `offsets[u]..offsets[u + 1]`                   |
/// | `middles` | `[n]`     | before `middles[u]`, `u` is the source of the edge, then the target |
/// | `others`  | `[≤ 2 m]` | node at the other end                                             |
/// | `weights` | `[≤ 2 m]` | weight of the edge; absent when the graph has none                |
/// | `pull`    | `[≤ 2 m]` | coefficient that options and masses make of it                    |
///
/// Self-loops pull nothing and are left out.
#[derive(Debug)]
pub(crate) struct Springs {
    offsets: Vec<u64>,
    middles: Vec<u64>,
    others: Vec<NodeId>,
    weights: Option<Vec<f32>>,
    pull: Pull<Vec<f64>>,
}

/// Coefficients of ends.
#[derive(Debug)]
pub(crate) enum Pull<T> {
    Same(f64),
    Each(T),
}

impl Springs {
    /// Sorts the edge ends of `graph` by node: first where the node is the source, then where it
    /// is the target, each by the node at the other end. O(n + m log d) time for largest degree
    /// d, on all cores.
    pub(crate) fn new(graph: &Graph) -> Self {
        let coo = graph.coo();
        let n = coo.n_nodes();
        let sides = [Csr::from_coo(coo), Csr::from_reversed_coo(coo)];
        let is_end = |u: usize, v: NodeId| v as usize != u;
        let counts: Vec<[u64; 2]> = (0..n)
            .into_par_iter()
            .with_min_len(BLOCK)
            .map(|u| {
                sides.each_ref().map(|side| {
                    side.neighbors(u as NodeId).iter().filter(|&&v| is_end(u, v)).count() as u64
                })
            })
            .collect();
        let mut offsets = vec![0; n + 1];
        let mut middles = vec![0; n];
        for (u, [as_source, as_target]) in counts.into_iter().enumerate() {
            middles[u] = offsets[u] + as_source;
            offsets[u + 1] = middles[u] + as_target;
        }

        let n_ends = offsets[n] as usize;
        let mut others = vec![0; n_ends];
        let mut weights = coo.weights().map(|_| vec![0.0; n_ends]);
        // Each task has the ends of a block of nodes to itself.
        let mut blocks = Vec::with_capacity(n.div_ceil(BLOCK));
        let mut rest = (&mut others[..], weights.as_deref_mut());
        for first in (0..n).step_by(BLOCK) {
            let nodes = first..n.min(first + BLOCK);
            let len = (offsets[nodes.end] - offsets[nodes.start]) as usize;
            let (others, behind) = rest.0.split_at_mut(len);
            let (weights, weights_behind) = rest.1.map(|weights| weights.split_at_mut(len)).unzip();
            blocks.push((nodes, others, weights));
            rest = (behind, weights_behind);
        }
        blocks.into_par_iter().for_each(|(nodes, others, mut weights)| {
            let mut at = 0;
            for u in nodes {
                for side in &sides {
                    let row = side.row(u as NodeId);
                    for (e, &v) in row.clone().zip(&side.targets()[row]) {
                        if is_end(u, v) {
                            others[at] = v;
                            if let (Some(to), Some(from)) = (&mut weights, side.weights()) {
                                to[at] = from[e];
                            }
                            at += 1;
                        }
                    }
                }
            }
        });
        Self { offsets, others, weights, middles, pull: Pull::Same(1.0) }
    }

    /// Number of edge ends at every node, self-loops left out.
    pub(crate) fn degree(&self, u: usize) -> u64 {
        self.offsets[u + 1] - self.offsets[u]
    }

    /// Number of edge ends.
    pub(crate) fn n_ends(&self) -> usize {
        self.others.len()
    }

    /// Whether ends can differ in what they pull with.
    pub(crate) fn is_weighted(&self, config: &Config) -> bool {
        self.weights.is_some() || config.dissuade_hubs
    }

    /// The ends at `nodes`: where each node's begin, counted from the first, and the others.
    pub(crate) fn rows(&self, nodes: Range<usize>) -> (impl Iterator<Item = u64> + '_, &[NodeId]) {
        let first = self.offsets[nodes.start];
        let ends = first as usize..self.offsets[nodes.end] as usize;
        let offsets = self.offsets[nodes.start..=nodes.end].iter().map(move |&end| end - first);
        (offsets, &self.others[ends])
    }

    /// The coefficients of the ends at `nodes`.
    pub(crate) fn pulls(&self, nodes: Range<usize>) -> Pull<&[f64]> {
        match &self.pull {
            Pull::Same(pull) => Pull::Same(*pull),
            Pull::Each(pull) => {
                let ends = self.offsets[nodes.start] as usize..self.offsets[nodes.end] as usize;
                Pull::Each(&pull[ends])
            }
        }
    }

    /// Works out the coefficients from the options and the masses: c·wᵟ, over the mass of the
    /// source when hubs are dissuaded, where c is then the mean mass and else 1.
    pub(crate) fn set_options(&mut self, config: &Config, mass: &[f64]) {
        let strength = self.strength(config);
        let mean = mass.iter().sum::<f64>() / mass.len().max(1) as f64;
        self.pull = match (&self.weights, config.dissuade_hubs) {
            _ if self.others.is_empty() => Pull::Same(1.0),
            (None, false) => Pull::Same(strength(1.0)),
            (weights, dissuade) => {
                let mut pull = vec![0.0; self.others.len()];
                for u in 0..mass.len() {
                    let middle = self.middles[u] as usize;
                    for end in self.offsets[u] as usize..self.offsets[u + 1] as usize {
                        let weight = weights.as_ref().map_or(1.0, |weights| weights[end].into());
                        let source = if end < middle { u } else { self.others[end] as usize };
                        let share = if dissuade { mean / mass[source] } else { 1.0 };
                        pull[end] = share * strength(weight);
                    }
                }
                Pull::Each(pull)
            }
        };
    }

    /// From a weight to its part in attraction.
    fn strength(&self, config: &Config) -> impl Fn(f64) -> f64 + use<> {
        let (invert, influence) = (config.invert_weights, config.edge_weight_influence);
        let inverted = move |weight: f64| match invert {
            true if weight != 0.0 => 1.0 / weight,
            _ => weight,
        };
        let range = match (&self.weights, config.normalize_weights) {
            (Some(weights), true) => weights
                .iter()
                .map(|&w| inverted(w.into()))
                .fold((f64::MAX, f64::MIN), |(low, high), w| (low.min(w), high.max(w))),
            _ => (0.0, 1.0),
        };
        let normalize = config.normalize_weights;
        move |weight| {
            let weight = match range {
                _ if !normalize => inverted(weight),
                (low, high) if low < high => (inverted(weight) - low) / (high - low),
                _ => 1.0,
            };
            match influence {
                0.0 => 1.0,
                1.0 => weight,
                _ => weight.powf(influence),
            }
        }
    }

    /// Adds the pull of all springs to `force`, shape `[n]`.
    ///
    /// Each node sums its own ends in their order, so the result does not depend on the number
    /// of threads. O(n + m) time.
    pub(crate) fn add<P: Points>(
        &self,
        at: P,
        size: Option<&[f64]>,
        lin_log: bool,
        force: &mut [Complex],
    ) {
        // A spring's force over its length.
        match (lin_log, size) {
            (false, None) => self.sum(at, force, |_, _, _| 1.0),
            (true, None) => self.sum(at, force, |delta, _, _| {
                let d = delta.norm();
                if d > 0.0 { d.ln_1p() / d } else { 0.0 }
            }),
            // Overlapping ends do not attract; the linear spring keeps its full length otherwise.
            (false, Some(size)) => {
                self.sum(at, force, |delta, u, v| f64::from(delta.norm() > size[u] + size[v]));
            }
            (true, Some(size)) => self.sum(at, force, |delta, u, v| {
                let gap = delta.norm() - size[u] - size[v];
                if gap > 0.0 { gap.ln_1p() / gap } else { 0.0 }
            }),
        }
    }

    fn sum<P: Points>(
        &self,
        at: P,
        force: &mut [Complex],
        factor: impl Fn(Complex, usize, usize) -> f64 + Sync,
    ) {
        let row = |u: usize, force: &mut Complex| {
            let here = at.at(u);
            let ends = self.offsets[u] as usize..self.offsets[u + 1] as usize;
            let others = &self.others[ends.clone()];
            let spring = |v: NodeId| {
                let delta = at.at(v as usize) - here;
                delta.scale(factor(delta, u, v as usize))
            };
            let mut sum = Complex::default();
            match &self.pull {
                Pull::Same(pull) => {
                    for &v in others {
                        sum += spring(v);
                    }
                    sum = sum.scale(*pull);
                }
                Pull::Each(pull) => {
                    for (&v, &pull) in others.iter().zip(&pull[ends]) {
                        sum += spring(v).scale(pull);
                    }
                }
            }
            *force += sum;
        };
        force.par_iter_mut().enumerate().with_min_len(256).for_each(|(u, force)| row(u, force));
    }
}

/// Where nodes are, at one or the other precision.
pub(crate) trait Points: Copy + Sync {
    fn at(&self, u: usize) -> Complex;
}

/// Columns at full precision.
impl Points for [&[f64]; 2] {
    #[inline(always)]
    fn at(&self, u: usize) -> Complex {
        Complex::new(self[0][u], self[1][u])
    }
}

/// Pairs at half the size: one cache line instead of two for each edge end.
impl Points for &[[f32; 2]] {
    #[inline(always)]
    fn at(&self, u: usize) -> Complex {
        Complex::new(self[u][0].into(), self[u][1].into())
    }
}
