//! Topological levels: how long the longest way to each node is.

use graph_core::{Graph, NodeId};

use super::incidence::Incidence;
use super::simplify::{Combine, drop_self_loops, merge};
use crate::{Control, Error, Result};

/// Levels of nodes, such that edges go up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct TopologicalLevels {
    /// Whether cycles are broken; otherwise one is an error.
    pub allow_cycles: bool,
    /// Whether self-loops are overlooked; otherwise they are cycles.
    pub remove_self_loops: bool,
}

impl Default for TopologicalLevels {
    fn default() -> Self {
        Self { allow_cycles: true, remove_self_loops: true }
    }
}

/// Levels, and where cycles were broken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LevelReport {
    /// Level of each node, from 0; shape `[n]`.
    pub levels: Vec<u32>,
    /// Number of levels.
    pub n_levels: u32,
    /// Nodes that got a level although an edge still led to them, in the order in which they did.
    pub broken: Vec<NodeId>,
}

impl TopologicalLevels {
    /// Takes away, again and again, all nodes that no edge leads to; those of one round are a level.
    ///
    /// In a graph without cycles the level of a node is the number of edges of the longest way to
    /// it. Where all nodes left have an edge that leads to them, the one with the most edge ends
    /// left, and of several the first, is a level of its own, as in `PyGraphistry`. Parallel edges
    /// count once; the edges of an undirected graph go from source to target.
    ///
    /// O(n + m) time if there are no cycles, O(n) more for each one broken.
    ///
    /// Source: Kahn 1962, doi:10.1145/368996.369025.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_etl::Control;
    /// use graph_etl::topology::TopologicalLevels;
    ///
    /// let graph = Graph::from_coo(Coo::new(4, vec![0, 1, 0], vec![1, 2, 2], None)?, true);
    /// let report = TopologicalLevels::default().run(&graph, &Control::NONE)?;
    /// assert_eq!(report.levels, [0, 1, 2, 0]);
    /// # Ok::<(), graph_etl::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::Cycle`] if there is one and `allow_cycles` is false;
    /// - [`Error::Stopped`] if the caller stops it.
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<LevelReport> {
        let n = graph.n_nodes();
        let looped;
        let coo = match self.remove_self_loops {
            true => {
                looped = drop_self_loops(graph)?;
                looped.graph.coo()
            }
            false => graph.coo(),
        };
        let simple = merge(n, (coo.sources(), coo.targets()), None, Combine::First).edges;
        let ends = |ends: &[NodeId]| simple.iter().map(|&e| ends[e as usize]).collect::<Vec<_>>();
        let (sources, targets) = (ends(coo.sources()), ends(coo.targets()));
        let out = Incidence::of_ends(n, &sources, &targets, false);
        let back = Incidence::of_ends(n, &targets, &sources, false);
        let mut state = State {
            into: (0..n as NodeId).map(|u| back.degree(u) as u32).collect(),
            ends: (0..n as NodeId).map(|u| (out.degree(u) + back.degree(u)) as u32).collect(),
            levels: vec![NONE; n],
        };
        let mut broken = Vec::new();
        let mut roots: Vec<NodeId> = (0..n as NodeId).filter(|&u| back.degree(u) == 0).collect();
        let (mut level, mut done) = (0, 0);
        while done < n {
            control.step("nodes", done as u64, Some(n as u64))?;
            if roots.is_empty() {
                if !self.allow_cycles {
                    return Err(Error::cycle(graph, state.first_left()));
                }
                let root = state.break_cycle();
                broken.push(root);
                roots.push(root);
            }
            done += roots.len();
            roots = state.take(&roots, level, &out, &back);
            level += 1;
        }
        Ok(LevelReport { levels: state.levels, n_levels: level, broken })
    }
}

const NONE: u32 = u32::MAX;

/// What is left of the graph.
struct State {
    /// Edges that lead to each node from nodes that are left.
    into: Vec<u32>,
    /// Edge ends at each node of edges between nodes that are left; a self-loop has two.
    ends: Vec<u32>,
    levels: Vec<u32>,
}

impl State {
    /// The smallest node left.
    fn first_left(&self) -> NodeId {
        let first = self.levels.iter().position(|&level| level == NONE);
        first.expect("nodes should be left") as NodeId
    }

    /// The node left with the most edge ends; the first of several.
    fn break_cycle(&self) -> NodeId {
        let left = (0..self.levels.len()).filter(|&u| self.levels[u] == NONE);
        let most = left.rev().max_by_key(|&u| self.ends[u]);
        most.expect("nodes should be left") as NodeId
    }

    /// Gives `roots` their level; returns the nodes that no edge leads to any more.
    fn take(
        &mut self,
        roots: &[NodeId],
        level: u32,
        out: &Incidence,
        back: &Incidence,
    ) -> Vec<NodeId> {
        let mut next = Vec::new();
        for &u in roots {
            self.levels[u as usize] = level;
        }
        for &u in roots {
            for (v, _) in out.at(u).filter(|&(v, _)| v != u) {
                self.ends[v as usize] -= 1;
                self.into[v as usize] -= 1;
                if self.into[v as usize] == 0 && self.levels[v as usize] == NONE {
                    next.push(v);
                }
            }
            for (v, _) in back.at(u).filter(|&(v, _)| v != u) {
                self.ends[v as usize] -= 1;
            }
        }
        next.sort_unstable();
        next
    }
}
