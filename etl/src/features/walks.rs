//! Random walks: uniform, by weight, and with the memory of node2vec.

use graph_core::generate::Random;
use graph_core::{Csr, NodeId};
use rayon::prelude::*;

use crate::pace::Pace;
use crate::{Control, Error, Result};

/// Fills the steps of a walk after a node without out-edges.
pub const NO_NODE: NodeId = NodeId::MAX;

/// Random walks along the out-edges of a graph.
///
/// A step from `u` goes to `v` with probability in proportion to `w_uv`, times, if the step before
/// came from `t`: `1 / return_parameter` for `v = t`, 1 for a `v` with an edge `t → v`, and
/// `1 / in_out_parameter` for any other. Both parameters 1 is a walk without memory.
///
/// Steps are drawn by rejection: one by weight (a binary search among sums), which is then taken
/// or drawn again, so that nothing is stored for pairs of edges. Expected O(log d) time for a step,
/// times the largest of the three factors over the usual one; 8 bytes an edge for sums if there
/// are weights. Each walk has random numbers of its own: the same for any number of threads.
///
/// Sources: Grover, Leskovec 2016, doi:10.1145/2939672.2939754; rejection: Yang et al. 2019,
/// doi:10.1145/3341301.3359634.
///
/// ```
/// use graph_core::{Coo, Csr};
/// use graph_etl::Control;
/// use graph_etl::features::RandomWalks;
///
/// let cycle = Csr::from_coo(&Coo::new(3, vec![0, 1, 2], vec![1, 2, 0], None)?);
/// let options = RandomWalks { length: 4, walks_per_node: 1, ..RandomWalks::default() };
/// let walks = options.run(&cycle, &Control::NONE)?;
/// assert_eq!(walks.walk(1), [1, 2, 0, 1]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct RandomWalks {
    /// Nodes of a walk, its start included, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().length))]
    pub length: u32,
    /// Walks that start at each node.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().walks_per_node))]
    pub walks_per_node: u32,
    /// p of node2vec, above 0: less than 1 makes walks turn back more often.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().return_parameter))]
    pub return_parameter: f64,
    /// q of node2vec, above 0: less than 1 makes walks go away, more makes them stay around.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().in_out_parameter))]
    pub in_out_parameter: f64,
    /// Seed of the random numbers.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for RandomWalks {
    fn default() -> Self {
        Self {
            length: 80,
            walks_per_node: 10,
            return_parameter: 1.0,
            in_out_parameter: 1.0,
            seed: 0,
        }
    }
}

/// Walks of equal length.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Walks {
    /// Nodes of all walks, shape `[n_walks, length]`; [`NO_NODE`] after a walk's end.
    pub nodes: Vec<NodeId>,
    /// Nodes of a walk.
    pub length: usize,
}

impl Walks {
    /// Number of walks.
    pub fn n_walks(&self) -> usize {
        self.nodes.len() / self.length
    }

    /// The nodes of a walk up to its end, shape `[1..=length]`.
    ///
    /// # Panics
    ///
    /// If `walk` is not in `0..n_walks`.
    pub fn walk(&self, walk: usize) -> &[NodeId] {
        let nodes = &self.nodes[walk * self.length..(walk + 1) * self.length];
        &nodes[..nodes.iter().position(|&u| u == NO_NODE).unwrap_or(self.length)]
    }
}

impl RandomWalks {
    /// Walks from each node: those of node `u` are `u · walks_per_node` and following.
    ///
    /// # Errors
    ///
    /// Those of [`run_from`](Self::run_from).
    pub fn run(&self, graph: &Csr, control: &Control) -> Result<Walks> {
        let starts: Vec<NodeId> = (0..graph.n_nodes() as NodeId).collect();
        self.run_from(graph, &starts, control)
    }

    /// Walks from each of `starts`: those of `starts[i]` are `i · walks_per_node` and following.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if `length` is 0 or a parameter is not a finite number above 0;
    /// - [`Error::NoSuchNode`] if a start is not in the graph;
    /// - [`Error::Stopped`] if the caller wants to stop.
    pub fn run_from(&self, graph: &Csr, starts: &[NodeId], control: &Control) -> Result<Walks> {
        const BLOCK: usize = 256;
        if self.length == 0 {
            let value = "0".into();
            return Err(Error::BadOption { option: "length", value, allowed: "at least 1" });
        }
        let memory = Memory::new(self.return_parameter, self.in_out_parameter)?;
        let n_nodes = graph.n_nodes();
        if let Some(&node) = starts.iter().find(|&&node| n_nodes <= node as usize) {
            return Err(Error::NoSuchNode { name: "starts", node, n_nodes });
        }
        let steps = Steps { graph, sums: graph.weights().map(|weights| sums(graph, weights)) };
        let length = self.length as usize;
        let each = self.walks_per_node as usize;
        let mut nodes = vec![NO_NODE; starts.len() * each * length];
        let pace = Pace::new(control, "walks", starts.len() * each);
        nodes.par_chunks_mut(BLOCK * length).enumerate().for_each(|(block, nodes)| {
            pace.part(nodes.len() / length, || {
                for (at, walk) in nodes.chunks_mut(length).enumerate() {
                    let index = block * BLOCK + at;
                    let mut random = Random::new(self.seed, index as u64);
                    steps.walk(starts[index / each], memory.as_ref(), &mut random, walk);
                }
            });
        });
        pace.finish()?;
        Ok(Walks { nodes, length })
    }
}

/// Factors of a step, over the largest of them: with which probability a draw is taken.
struct Memory {
    back: f64,
    near: f64,
    far: f64,
}

impl Memory {
    /// `None` if all factors are equal.
    fn new(p: f64, q: f64) -> Result<Option<Self>> {
        for (option, value) in [("return_parameter", p), ("in_out_parameter", q)] {
            if !(value.is_finite() && value > 0.0) {
                let value = value.to_string().into();
                return Err(Error::BadOption { option, value, allowed: "a finite number above 0" });
            }
        }
        let most = p.recip().max(q.recip()).max(1.0);
        let memory = Self { back: p.recip() / most, near: most.recip(), far: q.recip() / most };
        Ok((p != 1.0 || q != 1.0).then_some(memory))
    }
}

struct Steps<'a> {
    graph: &'a Csr,
    /// Sums of the weights of each row up to and with each entry, shape `[m]`.
    sums: Option<Vec<f64>>,
}

impl Steps<'_> {
    fn walk(
        &self,
        start: NodeId,
        memory: Option<&Memory>,
        random: &mut Random,
        walk: &mut [NodeId],
    ) {
        walk[0] = start;
        for at in 1..walk.len() {
            let u = walk[at - 1];
            let next = match (memory, at) {
                (None, _) | (_, 1) => self.draw(u, random),
                (Some(memory), _) => self.draw_after(walk[at - 2], u, memory, random),
            };
            let Some(next) = next else { return };
            walk[at] = next;
        }
    }

    /// An out-neighbor of `u`, by weight.
    fn draw(&self, u: NodeId, random: &mut Random) -> Option<NodeId> {
        let row = self.graph.row(u);
        let Some(sums) = &self.sums else {
            let degree = row.len() as u64;
            return (degree > 0)
                .then(|| self.graph.targets()[row.start + random.below(degree) as usize]);
        };
        let sums = &sums[row.clone()];
        let total = sums.last().copied().filter(|&total| total > 0.0)?;
        // In (0, total]: an entry of weight 0 ends where the one before it does, and is not met.
        let goal = random.unit() * total;
        Some(self.graph.targets()[row.start + sums.partition_point(|&sum| sum < goal)])
    }

    /// An out-neighbor of `u` for a walk that came from `before`.
    fn draw_after(
        &self,
        before: NodeId,
        u: NodeId,
        memory: &Memory,
        random: &mut Random,
    ) -> Option<NodeId> {
        loop {
            let v = self.draw(u, random)?;
            let taken = random.unit();
            // The edge is looked for only if its being there decides.
            let (low, high) = (memory.near.min(memory.far), memory.near.max(memory.far));
            let takes = match v == before {
                true => taken <= memory.back,
                false if taken <= low => true,
                false if taken > high => false,
                false => {
                    let is_near = self.graph.neighbors(before).binary_search(&v).is_ok();
                    is_near == (memory.near > memory.far)
                }
            };
            if takes {
                return Some(v);
            }
        }
    }
}

fn sums(graph: &Csr, weights: &[f32]) -> Vec<f64> {
    let mut sums = Vec::with_capacity(weights.len());
    for u in 0..graph.n_nodes() as NodeId {
        let mut sum = 0.0;
        sums.extend(weights[graph.row(u)].iter().map(|&weight| {
            sum += f64::from(weight);
            sum
        }));
    }
    sums
}
