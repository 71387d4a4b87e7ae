//! Topological levels: how many steps after the first nodes each node comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use graph_core::{Graph, NodeId};

use super::rows::Rows;
use crate::{Control, Error, Result};

/// What to do where every node that is left comes after another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Cycles {
    /// Take the node with most edges to nodes that are left, the smallest of these, as if nothing
    /// came before it.
    #[default]
    Break,
    /// Refuse the graph.
    Refuse,
}

/// Topological levels: nodes that no edge ends at are of level 0; without them, the nodes that no
/// edge ends at are of level 1; and so on.
///
/// Parallel edges count once, self-loops not at all. Where there is a cycle, [`Cycles::Break`] does
/// as `PyGraphistry`'s `get_topological_levels`, except that ties go to the smallest node and not to
/// the first row of a table: one node makes up the level. O((n + m) log n) time, 16 n bytes
/// besides both adjacencies; on one thread.
///
/// Source: Kahn 1962, doi:10.1145/368996.369025.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Levels {
    /// What to do about cycles.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub cycles: Cycles,
}

/// What [`Levels::run`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LevelsReport {
    /// Level of each node, shape `[n]`.
    pub level: Vec<u32>,
    /// Number of levels.
    pub n_levels: u32,
    /// Number of levels that a cycle was broken for.
    pub n_broken: u32,
}

impl Levels {
    /// Puts the nodes of `graph` on levels. Edges of an undirected graph go from the node that is
    /// named first to the other.
    ///
    /// # Errors
    ///
    /// - [`Error::Cycle`] if there is a cycle and cycles are refused;
    /// - [`Error::Stopped`].
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<LevelsReport> {
        let n = graph.n_nodes();
        let reversed;
        let forward;
        let (out, r#in) = match graph.is_directed() {
            true => (Rows::of(graph.out_edges(), false), Rows::of(graph.in_edges(), false)),
            false => {
                forward = graph_core::Csr::from_coo(graph.coo());
                reversed = graph_core::Csr::from_reversed_coo(graph.coo());
                (Rows::of(&forward, false), Rows::of(&reversed, false))
            }
        };
        let mut before: Vec<u32> =
            (0..n as u32).map(|u| distinct(r#in, u).count() as u32).collect();
        let mut degree: Vec<u32> =
            (0..n as u32).map(|u| before[u as usize] + distinct(out, u).count() as u32).collect();
        let mut level = vec![u32::MAX; n];
        let mut roots: Vec<NodeId> = (0..n as u32).filter(|&u| before[u as usize] == 0).collect();
        let mut by_degree = BinaryHeap::new();
        let (mut n_levels, mut n_broken, mut placed) = (0, 0, 0);
        while placed < n {
            control.step("nodes", placed as u64, Some(n as u64))?;
            if roots.is_empty() {
                let is_left = |u: &u32| level[*u as usize] == u32::MAX;
                if self.cycles == Cycles::Refuse {
                    let node = (0..n as u32).find(is_left).unwrap_or(0);
                    return Err(Error::cycle(graph, node));
                }
                if n_broken == 0 {
                    let left = (0..n as u32).filter(is_left);
                    by_degree = left.map(|u| (degree[u as usize], Reverse(u))).collect();
                }
                roots.extend(largest(&mut by_degree, &degree, &level));
                n_broken += 1;
            }
            for &u in &roots {
                level[u as usize] = n_levels;
            }
            placed += roots.len();
            let mut next = Vec::new();
            for &u in &roots {
                for v in distinct(out, u) {
                    degree[v as usize] -= 1;
                    before[v as usize] -= 1;
                    if before[v as usize] == 0 && level[v as usize] == u32::MAX {
                        next.push(v);
                    }
                }
                for v in distinct(r#in, u) {
                    degree[v as usize] -= 1;
                }
            }
            roots = next;
            n_levels += 1;
        }
        Ok(LevelsReport { level, n_levels, n_broken })
    }
}

/// Neighbors of `u`, each once, without `u`.
fn distinct(rows: Rows<'_>, u: NodeId) -> impl Iterator<Item = NodeId> {
    let row = rows.neighbors(u);
    let is_first = move |at: usize| at == 0 || row[at - 1] != row[at];
    (0..row.len()).filter(move |&at| is_first(at)).map(|at| row[at]).filter(move |&v| v != u)
}

/// The node left with the largest degree. Degrees only fall, so an entry that is out of date goes
/// back with the degree of now.
fn largest(
    by_degree: &mut BinaryHeap<(u32, Reverse<NodeId>)>,
    degree: &[u32],
    level: &[u32],
) -> Option<NodeId> {
    loop {
        let (known, Reverse(u)) = by_degree.pop()?;
        let now = degree[u as usize];
        if level[u as usize] != u32::MAX {
            continue;
        }
        if known == now {
            return Some(u);
        }
        by_degree.push((now, Reverse(u)));
    }
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use proptest::prelude::*;

    use super::*;

    /// Level by level, counting anew each time.
    fn counted(n: usize, edges: &[(u32, u32)]) -> Vec<u32> {
        let mut edges: Vec<_> = edges.iter().copied().filter(|(u, v)| u != v).collect();
        edges.sort_unstable();
        edges.dedup();
        let mut level = vec![u32::MAX; n];
        for now in 0.. {
            let left: Vec<u32> = (0..n as u32).filter(|&u| level[u as usize] == u32::MAX).collect();
            if left.is_empty() {
                break;
            }
            let mut roots: Vec<u32> =
                left.iter().copied().filter(|&u| edges.iter().all(|e| e.1 != u)).collect();
            if roots.is_empty() {
                let degree = |u: u32| edges.iter().filter(|e| e.0 == u || e.1 == u).count();
                roots.extend(left.iter().copied().max_by_key(|&u| (degree(u), Reverse(u))));
            }
            edges.retain(|e| !roots.contains(&e.0) && !roots.contains(&e.1));
            for u in roots {
                level[u as usize] = now;
            }
        }
        level
    }

    fn graph(n: usize, edges: &[(u32, u32)]) -> Graph {
        let (sources, targets) = edges.iter().copied().unzip();
        Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), true)
    }

    proptest! {
        #[test]
        fn levels_are_those_of_counting_anew(
            edges in prop::collection::vec((0..10_u32, 0..10_u32), 0..25)
        ) {
            let graph = graph(10, &edges);
            let found = Levels::default().run(&graph, &Control::NONE).unwrap();
            prop_assert_eq!(&found.level, &counted(10, &edges));
            prop_assert_eq!(found.n_levels, found.level.iter().max().unwrap() + 1);
            let refused = Levels { cycles: Cycles::Refuse }.run(&graph, &Control::NONE);
            prop_assert_eq!(refused.is_err(), found.n_broken > 0);
        }
    }

    #[test]
    fn a_cycle_is_refused_with_its_first_node() {
        let graph = graph(4, &[(0, 1), (1, 2), (2, 1), (2, 3)]);
        let error = Levels { cycles: Cycles::Refuse }.run(&graph, &Control::NONE).unwrap_err();
        assert_eq!(error.to_string(), "node `1` is on a cycle, or comes after one");
    }
}
