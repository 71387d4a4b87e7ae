//! Link surprise: edges between nodes that had nothing to do with each other.

use std::collections::{BTreeMap, VecDeque};

use graph_core::Control;
use rayon::prelude::*;

use super::{TemporalDetector, TemporalEdges};

use crate::results::Level;
use crate::{Error, Result};

/// How near two nodes `u` and `v` are in the graph of earlier windows, with neighbors `N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Proximity {
    /// `|N(u) ∩ N(v)|`, plus 1 if they are neighbors.
    CommonNeighbors,
    /// `Σ 1 / ln |N(w)|` over the neighbors `w` that they share, plus 1 if they are neighbors.
    ///
    /// Source: Adamic, Adar 2003, doi:10.1016/S0378-8733(03)00009-1.
    #[default]
    AdamicAdar,
    /// `n` times the chance that a walk from `u`, which ends with each step by 0.15, ends at `v`, but
    /// for what is less than `tolerance` for each neighbor.
    ///
    /// Source: Andersen, Chung, Lang 2006, doi:10.1109/FOCS.2006.44.
    PersonalizedPageRank,
}

/// Scores an edge by `1 / (1 + p)` for the proximity `p` that its ends have in the undirected graph
/// of all windows before its own; edges of one window do not explain each other.
///
/// O(d) time for an edge between nodes of degree `d`, or O(1 / tolerance) for each source of a
/// window with personalized PageRank; 8 bytes for each pair of neighbors and 24 for each node.
///
/// Source: Liben-Nowell, Kleinberg 2007, doi:10.1002/asi.20591, whose predictors these are.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct LinkSurprise {
    /// How near nodes are.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().proximity))]
    pub proximity: Proximity,
    /// What personalized PageRank may lose for each neighbor of a node, above 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Units of time in a window, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().window))]
    pub window: u64,
}

impl Default for LinkSurprise {
    fn default() -> Self {
        Self { proximity: Proximity::AdamicAdar, tolerance: 1e-4, window: 1 }
    }
}

/// The chance that a walk ends with a step.
const END: f64 = 0.15;

/// Neighbors of each node, ascending.
struct History(Vec<Vec<u32>>);

impl History {
    fn add(&mut self, u: u32, v: u32) {
        if u == v {
            return;
        }
        for (from, to) in [(u, v), (v, u)] {
            let row = &mut self.0[from as usize];
            if let Err(place) = row.binary_search(&to) {
                row.insert(place, to);
            }
        }
    }

    /// The sum of `weight` of the degrees of shared neighbors, plus 1 for neighbors.
    fn shared(&self, u: u32, v: u32, weight: fn(usize) -> f64) -> f64 {
        let (a, b) = (&self.0[u as usize], &self.0[v as usize]);
        let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
        let shared = few.iter().filter(|w| many.binary_search(w).is_ok());
        let sum: f64 = shared.map(|&w| weight(self.0[w as usize].len())).sum();
        sum + f64::from(u8::from(a.binary_search(&v).is_ok()))
    }

    /// Where walks from `u` end, but for what is left over.
    fn walks(&self, u: u32, tolerance: f64) -> BTreeMap<u32, f64> {
        let (mut ends, mut rest) = (BTreeMap::new(), BTreeMap::from([(u, 1.0)]));
        let mut queue = VecDeque::from([u]);
        while let Some(v) = queue.pop_front() {
            let row = &self.0[v as usize];
            let here = rest.insert(v, 0.0).unwrap_or(0.0);
            if row.is_empty() {
                *ends.entry(v).or_insert(0.0) += here;
                continue;
            }
            *ends.entry(v).or_insert(0.0) += END * here;
            let share = (1.0 - END) * here / row.len() as f64;
            for &w in row {
                let left = rest.entry(w).or_insert(0.0);
                let most = tolerance * self.0[w as usize].len() as f64;
                let waits = *left > most;
                *left += share;
                if !waits && *left > most {
                    queue.push_back(w);
                }
            }
        }
        ends
    }
}

impl TemporalDetector for LinkSurprise {
    fn name(&self) -> &'static str {
        "link-surprise"
    }

    fn level(&self) -> Level {
        Level::Edge
    }

    fn window(&self) -> u64 {
        self.window
    }

    fn score(&self, edges: &TemporalEdges, control: &Control<'_>) -> Result<Vec<f64>> {
        if self.tolerance.is_nan() || self.tolerance <= 0.0 {
            let (value, allowed) = (self.tolerance.to_string().into(), "above 0");
            return Err(Error::BadOption { option: "tolerance", value, allowed });
        }
        let n = edges.n_nodes();
        let mut history = History(vec![Vec::new(); n]);
        let mut scores = Vec::with_capacity(edges.n_edges());
        let windows = edges.windows(self.window)?;
        for (window, range) in windows.iter().enumerate() {
            control.step("windows", window as u64, Some(windows.len() as u64))?;
            let of: Vec<(u32, u32)> = edges.edges(range.clone()).collect();
            let surprise = |proximity: f64| 1.0 / (1.0 + proximity);
            match self.proximity {
                Proximity::PersonalizedPageRank => {
                    let mut sources: Vec<u32> = of.iter().map(|edge| edge.0).collect();
                    sources.sort_unstable();
                    sources.dedup();
                    let walks: Vec<BTreeMap<u32, f64>> =
                        sources.par_iter().map(|&u| history.walks(u, self.tolerance)).collect();
                    scores.extend(of.iter().map(|(u, v)| {
                        let ends = sources.binary_search(u).ok().and_then(|at| walks[at].get(v));
                        surprise(n as f64 * ends.copied().unwrap_or(0.0))
                    }));
                }
                measure => {
                    let weight: fn(usize) -> f64 = match measure {
                        Proximity::CommonNeighbors => |_| 1.0,
                        // Only the one neighbor of a self-loop's node has a degree below 2.
                        _ => |degree| 1.0 / (degree.max(2) as f64).ln(),
                    };
                    let score = |&(u, v): &(u32, u32)| surprise(history.shared(u, v, weight));
                    scores.par_extend(of.par_iter().map(score));
                }
            }
            for &(u, v) in &of {
                history.add(u, v);
            }
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle: the series `0.15 Σ 0.85^i P^i` of a small graph.
    #[test]
    fn walks_end_where_the_series_says() {
        let mut history = History(vec![Vec::new(); 5]);
        for (u, v) in [(0, 1), (1, 2), (2, 3), (1, 3), (3, 3), (0, 1)] {
            history.add(u, v);
        }
        let mut at = [1.0, 0.0, 0.0, 0.0, 0.0];
        let mut expected = [0.0; 5];
        for _ in 0..400 {
            let mut next = [0.0; 5];
            for u in 0..5 {
                expected[u] += END * at[u];
                for &v in &history.0[u] {
                    next[v as usize] += (1.0 - END) * at[u] / history.0[u].len() as f64;
                }
            }
            at = next;
        }
        let found = history.walks(0, 1e-12);
        for (u, expected) in (0..).zip(expected) {
            assert!((found.get(&u).unwrap_or(&0.0) - expected).abs() < 1e-9, "{u}");
        }
        // A walk from a node without edges stays.
        assert_eq!(history.walks(4, 1e-9), BTreeMap::from([(4, 1.0)]));
    }

    #[test]
    fn shared_neighbors_are_weighed_by_their_degrees() {
        let mut history = History(vec![Vec::new(); 5]);
        for (u, v) in [(0, 2), (1, 2), (0, 3), (1, 3), (3, 4)] {
            history.add(u, v);
        }
        assert_eq!(history.shared(0, 1, |_| 1.0), 2.0);
        assert_eq!(history.shared(0, 2, |_| 1.0), 1.0);
        assert_eq!(history.shared(0, 1, |degree| degree as f64), 5.0);
    }
}
