//! SedanSpot: edges that bring far parts of the graph together.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use graph_core::Control;

use super::super::random::Random;
use super::{TemporalDetector, TemporalEdges};

use crate::results::Level;
use crate::{Error, Result};

/// SedanSpot: by how much an edge makes it likelier that a walk from its source visits its target,
/// in a sample of the edges before it.
///
/// The sample has a bounded size; an edge stays in it by chance, in proportion to the time since the
/// window before divided by the number of edges in its own, so that bursts do not crowd out all
/// else. `walks` walks from the source, which end with each step by `restart`, are made without and
/// with the edge; the score is the share of visits to the target with it less that without, or 0.
/// Edges are scored from the first on; the authors' program gives 0 until the sample is full.
///
/// O(walks / restart) time for an edge, beside O(d) to leave the sample; 40 bytes for each edge of
/// the sample and 24 for each node. One thread, as each edge changes the sample.
///
/// Source: Eswaran, Faloutsos 2018, doi:10.1109/ICDM.2018.00117.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct SedanSpot {
    /// Edges in the sample, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().sample))]
    pub sample: usize,
    /// Walks for each edge, without it and with it, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().walks))]
    pub walks: usize,
    /// The chance that a walk ends with a step, above 0 and at most 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().restart))]
    pub restart: f64,
    /// Units of time in a window, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().window))]
    pub window: u64,
    /// Which walks and which sample.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for SedanSpot {
    fn default() -> Self {
        Self { sample: 10_000, walks: 50, restart: 0.15, window: 1, seed: 0 }
    }
}

/// An edge of the sample by its priority, a finite number that is not above 0.
#[derive(PartialEq)]
struct Sampled(f64, u32, u32);

impl Eq for Sampled {}

impl PartialOrd for Sampled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sampled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then((self.1, self.2).cmp(&(other.1, other.2)))
    }
}

impl SedanSpot {
    /// The share of steps that are at `v`, of walks from `u` that may use one more edge from there.
    fn visits(&self, out: &[Vec<u32>], u: u32, v: u32, more: bool, random: &mut Random) -> f64 {
        let (mut steps, mut visits) = (0_u64, 0_u64);
        for _ in 0..self.walks {
            let mut at = u;
            loop {
                steps += 1;
                visits += u64::from(at == v);
                if random.unit() < self.restart {
                    break;
                }
                let row = &out[at as usize];
                let choices = row.len() + usize::from(more && at == u);
                if choices == 0 {
                    break;
                }
                at = row.get(random.below(choices)).copied().unwrap_or(v);
            }
        }
        visits as f64 / steps as f64
    }
}

impl TemporalDetector for SedanSpot {
    fn name(&self) -> &'static str {
        "sedanspot"
    }

    fn level(&self) -> Level {
        Level::Edge
    }

    fn window(&self) -> u64 {
        self.window
    }

    fn score(&self, edges: &TemporalEdges, control: &Control<'_>) -> Result<Vec<f64>> {
        for (option, value) in [("sample", self.sample), ("walks", self.walks)] {
            if value == 0 {
                let allowed = "at least 1";
                return Err(Error::BadOption { option, value: "0".into(), allowed });
            }
        }
        if self.restart.is_nan() || self.restart <= 0.0 || self.restart > 1.0 {
            let (value, allowed) = (self.restart.to_string().into(), "above 0 and at most 1");
            return Err(Error::BadOption { option: "restart", value, allowed });
        }
        let mut random = Random::new(self.seed);
        let mut out: Vec<Vec<u32>> = vec![Vec::new(); edges.n_nodes()];
        let mut sample: BinaryHeap<Reverse<Sampled>> = BinaryHeap::new();
        let mut scores = Vec::with_capacity(edges.n_edges());
        let windows = edges.windows(self.window)?;
        let mut before = None;
        for (window, range) in windows.iter().enumerate() {
            control.step("windows", window as u64, Some(windows.len() as u64))?;
            let time = edges.times()[range.start];
            let since = before.map_or(self.window, |before: i64| time.abs_diff(before)).max(1);
            before = Some(time);
            let weight = since as f64 / range.len() as f64;
            for (u, v) in edges.edges(range.clone()) {
                let without = self.visits(&out, u, v, false, &mut random);
                let with = self.visits(&out, u, v, true, &mut random);
                scores.push((with - without).max(0.0));
                // The largest of u^(1/w), as logarithms (Efraimidis, Spirakis 2006).
                let priority = (1.0 - random.unit()).ln() / weight;
                let edge = Sampled(priority, u, v);
                if sample.len() < self.sample {
                    sample.push(Reverse(edge));
                } else if sample.peek().is_some_and(|least| least.0 < edge)
                    && let Some(Reverse(Sampled(_, u, v))) = sample.pop()
                {
                    let row = &mut out[u as usize];
                    if let Some(place) = row.iter().position(|&target| target == v) {
                        row.swap_remove(place);
                    }
                    sample.push(Reverse(edge));
                } else {
                    continue;
                }
                out[u as usize].push(v);
            }
        }
        Ok(scores)
    }
}
