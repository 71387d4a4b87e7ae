//! Random parts of a graph: nodes, edges, or what a fire burns.

use std::collections::VecDeque;

use graph_core::generate::Random;
use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::incidence::{Direction, Incidence};
use super::reshaped::Reshaped;
use super::subgraph::{induced_by_edges, induced_by_nodes};
use crate::{Control, Error, Result};

/// Nodes or edges, each as likely as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct UniformSample {
    /// How many are drawn; all, if there are fewer.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = 1000))]
    pub count: usize,
    /// Seed of the random numbers.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = 0))]
    pub seed: u64,
}

impl Default for UniformSample {
    fn default() -> Self {
        Self { count: 1000, seed: 0 }
    }
}

impl UniformSample {
    /// `count` nodes, every such set as likely as any other, and all edges between two of them.
    ///
    /// Input order stays. The result depends on the seed and `n`, not on threads. O(n + m) time.
    ///
    /// ```
    /// use graph_core::generate::cycle;
    /// use graph_etl::topology::UniformSample;
    ///
    /// let sample = UniformSample { count: 3, seed: 7 }.nodes(&cycle(9)?)?;
    /// assert_eq!(sample.graph.n_nodes(), 3);
    /// # Ok::<(), graph_etl::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Graph`] if Arrow cannot gather the rows.
    pub fn nodes(&self, graph: &Graph) -> Result<Reshaped> {
        induced_by_nodes(graph, &self.draw(graph.n_nodes()))
    }

    /// `count` edges, every such set as likely as any other, and the nodes that they name.
    ///
    /// As [`nodes`](Self::nodes) otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::Graph`] if Arrow cannot gather the rows.
    pub fn edges(&self, graph: &Graph) -> Result<Reshaped> {
        induced_by_edges(graph, &self.draw(graph.n_edges()))
    }

    /// The `count` of `0..n` that drew the smallest random numbers, ascending.
    fn draw(&self, n: usize) -> Vec<u32> {
        let mut drawn: Vec<(u64, u32)> = (0..n as u32)
            .into_par_iter()
            .map(|item| (Random::new(self.seed, u64::from(item)).bits(), item))
            .collect();
        if self.count < n {
            drawn.select_nth_unstable(self.count);
            drawn.truncate(self.count);
        }
        let mut chosen: Vec<u32> = drawn.into_iter().map(|(_, item)| item).collect();
        chosen.par_sort_unstable();
        chosen
    }
}

/// A fire that is lit at a random node, and at each node jumps to some neighbors.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct ForestFire {
    /// How many nodes burn; all, if there are fewer.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = 1000))]
    pub count: usize,
    /// Probability of one more out-neighbor at each node, from 0 to below 1: `p / (1 − p)` burn on
    /// average.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = 0.7))]
    pub forward: f64,
    /// The same for in-neighbors; in an undirected graph all neighbors are out-neighbors.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = 0.2))]
    pub backward: f64,
    /// Seed of the random numbers.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = 0))]
    pub seed: u64,
}

impl Default for ForestFire {
    /// The ratio that follows real networks best in the paper's comparison.
    fn default() -> Self {
        Self { count: 1000, forward: 0.7, backward: 0.2, seed: 0 }
    }
}

impl ForestFire {
    /// The nodes that burnt, and all edges between two of them; input order stays.
    ///
    /// A burning node draws two numbers from geometric distributions and sets as many of its
    /// out- and in-neighbors that do not burn yet on fire, every such set as likely as any other.
    /// A fire that dies out is lit again at another node. Shapes of the degree distribution and
    /// clustering survive better than with [`UniformSample`]. One thread; O(n + m) time.
    ///
    /// Source: Leskovec, Faloutsos 2006, doi:10.1145/1150402.1150479.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if a probability is not at least 0 and below 1;
    /// - [`Error::Stopped`] if the caller stops it.
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<Reshaped> {
        for (option, p) in [("forward", self.forward), ("backward", self.backward)] {
            if !(0.0..1.0).contains(&p) {
                let value = p.to_string().into();
                return Err(Error::BadOption { option, value, allowed: "at least 0 and below 1" });
            }
        }
        let n = graph.n_nodes();
        let count = self.count.min(n);
        let ways = match graph.is_directed() {
            true => vec![
                (Incidence::new(graph.coo(), Direction::Forward), self.forward),
                (Incidence::new(graph.coo(), Direction::Reverse), self.backward),
            ],
            false => vec![(Incidence::new(graph.coo(), Direction::Both), self.forward)],
        };
        let mut random = Random::new(self.seed, 0);
        let mut burnt = vec![false; n];
        let mut fire: VecDeque<NodeId> = VecDeque::new();
        let mut unlit: Vec<NodeId> = (0..n as NodeId).collect();
        let mut done = 0;
        while done < count {
            let Some(u) = fire.pop_front() else {
                let place = random.below(unlit.len() as u64) as usize;
                let u = unlit.swap_remove(place);
                if !std::mem::replace(&mut burnt[u as usize], true) {
                    done += 1;
                    fire.push_back(u);
                }
                continue;
            };
            control.step("nodes", done as u64, Some(count as u64))?;
            for (rows, p) in &ways {
                let mut ready: Vec<NodeId> = rows.row(u).0.to_vec();
                ready.retain(|&v| !burnt[v as usize]);
                ready.sort_unstable();
                ready.dedup();
                let wanted = geometric(*p, &mut random).min(ready.len()).min(count - done);
                for place in 0..wanted {
                    let other = place + random.below((ready.len() - place) as u64) as usize;
                    ready.swap(place, other);
                    burnt[ready[place] as usize] = true;
                    fire.push_back(ready[place]);
                }
                done += wanted;
            }
        }
        let nodes: Vec<NodeId> = (0..n as NodeId).filter(|&u| burnt[u as usize]).collect();
        induced_by_nodes(graph, &nodes)
    }
}

/// Successes before the first failure, each with probability `p < 1`; by inversion.
fn geometric(p: f64, random: &mut Random) -> usize {
    if p == 0.0 { 0 } else { (random.unit().ln() / p.ln()) as usize }
}
