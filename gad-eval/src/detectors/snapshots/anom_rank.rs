//! AnomRank: nodes whose importance jumps.

use graph_core::Control;

use super::{TemporalDetector, TemporalEdges};

use crate::results::Level;
use crate::{Error, Result};

/// AnomRank: how much the first and second derivatives of two kinds of PageRank stand out from their own
/// past.
///
/// Edges of all windows so far make a graph. One PageRank starts anywhere and follows any edge; the
/// other starts where edges begin and follows them as often as they came. Differences between this
/// window and the one before, and differences of these, are set against the mean and deviation that
/// they had in the node's windows so far; the score of the node is the largest of the four, without
/// sign.
///
/// O((n + m) i) time for each window, with the edges so far merged into `m` and `i` iterations, of
/// which each leaves `damping` of the rest; 20 bytes for each edge and 160 for each node.
///
/// Source: Yoon, Hooi, Shin, Faloutsos 2019, doi:10.1145/3292500.3330946. Scores of nodes are the
/// parts that the paper sums into the score of a window; deviations of 0 give 0.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct AnomRank {
    /// The chance of following an edge, at least 0 and below 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().damping))]
    pub damping: f64,
    /// Importance that may be left over when an iteration ends, above 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Units of time in a window, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().window))]
    pub window: u64,
}

impl Default for AnomRank {
    fn default() -> Self {
        Self { damping: 0.5, tolerance: 1e-6, window: 1 }
    }
}

/// What [`AnomRank::run`] finds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AnomRankReport {
    /// Scores of nodes in each window, shape `[windows, n]`.
    pub nodes: Vec<f64>,
    /// Scores of windows, shape `[windows]`: of the four, the largest sum over all nodes.
    pub windows: Vec<f64>,
}

/// Mean and deviation of numbers that come one after another.
#[derive(Debug, Clone, Copy, Default)]
struct Past {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Past {
    /// How many deviations a number is from the mean, itself included.
    fn standardize(&mut self, value: f64) -> f64 {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
        let deviation = (self.squares / self.count).sqrt();
        // Ranks are only as exact as their rounding.
        if deviation > 1e-15 { (value - self.mean) / deviation } else { 0.0 }
    }
}

impl AnomRank {
    /// Scores nodes and windows.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`]; [`Error::Stopped`].
    pub fn run(&self, edges: &TemporalEdges, control: &Control<'_>) -> Result<AnomRankReport> {
        if !(0.0..1.0).contains(&self.damping) {
            let (value, allowed) = (self.damping.to_string().into(), "at least 0 and below 1");
            return Err(Error::BadOption { option: "damping", value, allowed });
        }
        if self.tolerance.is_nan() || self.tolerance <= 0.0 {
            let (value, allowed) = (self.tolerance.to_string().into(), "above 0");
            return Err(Error::BadOption { option: "tolerance", value, allowed });
        }
        let n = edges.n_nodes();
        let windows = edges.windows(self.window)?;
        let mut graph = Counted::default();
        let mut past = vec![[Past::default(); 4]; n];
        let mut before: [Option<[Vec<f64>; 2]>; 2] = [None, None];
        let mut report = AnomRankReport { nodes: Vec::new(), windows: Vec::new() };
        for (window, range) in windows.iter().enumerate() {
            control.step("windows", window as u64, Some(windows.len() as u64))?;
            graph.add(edges.edges(range.clone()).collect());
            let now = [self.rank(n, &graph, false), self.rank(n, &graph, true)];
            let mut sums = [0.0; 4];
            for (u, past) in past.iter_mut().enumerate() {
                let mut most: f64 = 0.0;
                for (which, rank) in now.iter().enumerate() {
                    let last = before[0].as_ref().map(|ranks| ranks[which][u]);
                    let other = before[1].as_ref().map(|ranks| ranks[which][u]);
                    let first = last.map(|last| rank[u] - last);
                    let second = last.zip(other).map(|(last, other)| rank[u] - 2.0 * last + other);
                    for (place, change) in [(which, first), (which + 2, second)] {
                        let Some(change) = change else { continue };
                        let score = past[place].standardize(change).abs();
                        sums[place] += score;
                        most = most.max(score);
                    }
                }
                report.nodes.push(most);
            }
            report.windows.push(sums.into_iter().fold(0.0, f64::max));
            before = [Some(now), before[0].take()];
        }
        Ok(report)
    }

    /// `Σ_i damping^i (Pᵀ)^i b`, normalized to the sum 1; what has no edge to follow is lost.
    fn rank(&self, n: usize, graph: &Counted, counted: bool) -> Vec<f64> {
        let weight = |count: f64| if counted { count } else { 1.0 };
        let mut out = vec![0.0; n];
        for &(u, _, count) in &graph.edges {
            out[u as usize] += weight(count);
        }
        let all: f64 = out.iter().sum();
        let mut rest: Vec<f64> = match counted {
            true => out.iter().map(|&out| out / all).collect(),
            false => vec![1.0 / n as f64; n],
        };
        let mut rank = rest.clone();
        let mut left = 1.0;
        while left > self.tolerance {
            let mut next = vec![0.0; n];
            for &(u, v, count) in &graph.edges {
                next[v as usize] +=
                    self.damping * rest[u as usize] * weight(count) / out[u as usize];
            }
            rest = next;
            left = rest.iter().sum();
            rank.iter_mut().zip(&rest).for_each(|(rank, more)| *rank += more);
        }
        let sum: f64 = rank.iter().sum();
        rank.into_iter().map(|rank| rank / sum).collect()
    }
}

/// Edges and how often they came, ascending.
#[derive(Default)]
struct Counted {
    edges: Vec<(u32, u32, f64)>,
}

impl Counted {
    fn add(&mut self, mut more: Vec<(u32, u32)>) {
        more.sort_unstable();
        let mut merged: Vec<(u32, u32, f64)> = Vec::with_capacity(self.edges.len() + more.len());
        let mut old = std::mem::take(&mut self.edges).into_iter().peekable();
        for (u, v) in more {
            while let Some(edge) = old.next_if(|edge| (edge.0, edge.1) <= (u, v)) {
                merged.push(edge);
            }
            match merged.last_mut().filter(|last| (last.0, last.1) == (u, v)) {
                Some(last) => last.2 += 1.0,
                None => merged.push((u, v, 1.0)),
            }
        }
        merged.extend(old);
        self.edges = merged;
    }
}

impl TemporalDetector for AnomRank {
    fn name(&self) -> &'static str {
        "anomrank"
    }

    fn level(&self) -> Level {
        Level::Node
    }

    fn window(&self) -> u64 {
        self.window
    }

    fn score(&self, edges: &TemporalEdges, control: &Control<'_>) -> Result<Vec<f64>> {
        Ok(self.run(edges, control)?.nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_merged_and_counted() {
        let mut graph = Counted::default();
        graph.add(vec![(2, 1), (0, 1), (2, 1)]);
        graph.add(vec![(2, 1), (0, 0), (3, 0)]);
        assert_eq!(graph.edges, [(0, 0, 1.0), (0, 1, 1.0), (2, 1, 3.0), (3, 0, 1.0)]);
    }

    /// Oracle: the fixed point `r = (1 − d) b + d Pᵀ r` of a graph where every node has out-edges.
    #[test]
    fn a_rank_is_a_fixed_point() {
        let mut graph = Counted::default();
        graph.add(vec![(0, 1), (0, 2), (0, 1), (1, 2), (2, 0), (3, 0)]);
        let method = AnomRank { tolerance: 1e-15, ..AnomRank::default() };
        let d = method.damping;
        let flat = method.rank(4, &graph, false);
        let starts = [0.25; 4];
        let from = [flat[2] + flat[3], flat[0] / 2.0, flat[0] / 2.0 + flat[1], 0.0];
        for u in 0..4 {
            assert!((flat[u] - (1.0 - d) * starts[u] - d * from[u]).abs() < 1e-12);
        }
        let counted = method.rank(4, &graph, true);
        let starts = [0.5, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0];
        let from =
            [counted[2] + counted[3], counted[0] * 2.0 / 3.0, counted[0] / 3.0 + counted[1], 0.0];
        for u in 0..4 {
            assert!((counted[u] - (1.0 - d) * starts[u] - d * from[u]).abs() < 1e-12);
        }
    }
}
