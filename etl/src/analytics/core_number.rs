//! Core numbers: how deep in the dense part of the graph each node is.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use graph_core::NodeId;
use rayon::prelude::*;

use crate::topology::Undirected;
use crate::{Control, Result};

/// What [`core_numbers`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CoreNumbers {
    /// Core number of each node, shape `[n]`.
    pub core: Vec<u32>,
    /// The largest core number, which is the degeneracy of the graph; 0 if there are no nodes.
    pub largest: u32,
}

impl CoreNumbers {
    /// Whether each node is in the `k`-core, shape `[n]`.
    pub fn members(&self, k: u32) -> Vec<bool> {
        self.core.iter().map(|&core| core >= k).collect()
    }
}

/// Frontiers of more nodes than this are shared among threads.
const SERIAL_NODES: usize = 1 << 11;

/// Nodes between two looks at whether to stop.
const LOOK: usize = 1 << 12;

/// The core number of every node: the largest `k` so that the node is in a subgraph in which all
/// nodes have `k` neighbors or more.
///
/// Self-loops and parallel edges do not count, directions neither: networkx and igraph agree on
/// simple undirected graphs, and count in- and out-neighbors apart on directed ones.
///
/// Nodes are peeled by rising degree, those of one degree by all threads. Those that remain are
/// looked through once for each `k`, which is at most once for each core number of each node.
/// O(n + m) time, 12 n bytes. The result does not depend on threads.
///
/// Source: Kabir, Madduri 2017, doi:10.1109/IPDPSW.2017.151, with the rest compacted at each level.
///
/// # Errors
///
/// [`Error::Stopped`](crate::Error::Stopped).
pub fn core_numbers(graph: &Undirected, control: &Control) -> Result<CoreNumbers> {
    let n = graph.n_nodes();
    let left: Vec<AtomicU32> =
        graph.offsets().par_windows(2).map(|pair| AtomicU32::new(pair[1] - pair[0])).collect();
    let degree = |u: NodeId| left[u as usize].load(Relaxed);
    let mut rest: Vec<NodeId> = (0..n as u32).collect();
    let (mut k, mut peeled) = (0, 0);
    while !rest.is_empty() {
        k = rest.par_iter().with_min_len(LOOK).map(|&u| degree(u)).min().unwrap_or(k);
        let frontier: Vec<NodeId> = filter(&rest, |u| degree(u) == k);
        peel(graph, &left, k, frontier, control)?;
        // What was peeled has a degree of k now, and all else more.
        rest = filter(&rest, |u| degree(u) > k);
        let done = n - rest.len();
        if done - peeled > LOOK || rest.is_empty() {
            peeled = done;
            control.step("nodes", done as u64, Some(n as u64))?;
        }
    }
    let core: Vec<u32> = left.into_iter().map(AtomicU32::into_inner).collect();
    Ok(CoreNumbers { core, largest: k })
}

fn filter(nodes: &[NodeId], keep: impl Fn(NodeId) -> bool + Sync) -> Vec<NodeId> {
    if nodes.len() < 8 * LOOK {
        return nodes.iter().copied().filter(|&u| keep(u)).collect();
    }
    let parts: Vec<Vec<NodeId>> = nodes
        .par_chunks(4 * LOOK)
        .map(|part| part.iter().copied().filter(|&u| keep(u)).collect())
        .collect();
    parts.concat()
}

/// Removes the nodes of `frontier`, which have `k` neighbors left, and all that come to have so.
fn peel(
    graph: &Undirected,
    left: &[AtomicU32],
    k: u32,
    mut frontier: Vec<NodeId>,
    control: &Control,
) -> Result<()> {
    let mut looked = 0;
    // Alone, no other thread changes a degree, and plain stores will do.
    while let Some(u) = frontier.pop() {
        for &v in graph.neighbors(u) {
            let degree = left[v as usize].load(Relaxed);
            if degree > k {
                left[v as usize].store(degree - 1, Relaxed);
                if degree == k + 1 {
                    frontier.push(v);
                }
            }
        }
        looked += 1;
        if looked % LOOK == 0 {
            control.step("nodes", 0, None)?;
        }
        if frontier.len() > SERIAL_NODES && rayon::current_num_threads() > 1 {
            break;
        }
    }
    frontier.par_chunks(SERIAL_NODES / 8).try_for_each(|part| {
        let mut stack = part.to_vec();
        while let Some(u) = stack.pop() {
            for &v in graph.neighbors(u) {
                let degree = &left[v as usize];
                if degree.load(Relaxed) <= k {
                    continue;
                }
                match degree.fetch_sub(1, Relaxed) {
                    before if before == k + 1 => stack.push(v),
                    // Another thread was faster: the node is peeled already.
                    before if before <= k => {
                        degree.fetch_add(1, Relaxed);
                    }
                    _ => {}
                }
            }
        }
        match control.is_stopped() {
            true => Err(crate::Error::Stopped { stage: "nodes", done: 0 }),
            false => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use graph_core::generate::{Rmat, rmat};
    use proptest::prelude::*;

    use super::*;
    use crate::topology::Merge;

    /// For each k, removes nodes of fewer than k neighbors until there are none.
    fn peeled_one_by_one(graph: &Undirected) -> Vec<u32> {
        let n = graph.n_nodes();
        let mut core = vec![0; n];
        for k in 1..n as u32 {
            let mut there: Vec<bool> = vec![true; n];
            loop {
                let few = |u: u32| {
                    let count = graph.neighbors(u).iter().filter(|&&v| there[v as usize]).count();
                    there[u as usize] && count < k as usize
                };
                let Some(u) = (0..n as u32).find(|&u| few(u)) else { break };
                there[u as usize] = false;
            }
            (0..n).filter(|&u| there[u]).for_each(|u| core[u] = k);
        }
        core
    }

    proptest! {
        #[test]
        fn core_numbers_are_those_of_peeling_one_by_one(
            edges in prop::collection::vec((0..14_u32, 0..14_u32), 0..70)
        ) {
            let (sources, targets) = edges.into_iter().unzip();
            let graph = Undirected::from_coo(&Coo::new(14, sources, targets, None).unwrap(), Merge::Unit);
            let found = core_numbers(&graph, &Control::NONE).unwrap();
            prop_assert_eq!(&found.core, &peeled_one_by_one(&graph));
            prop_assert_eq!(found.largest, found.core.iter().copied().max().unwrap());
        }
    }

    /// Every node has as many neighbors in its core as its number says, and the numbers are the
    /// largest for which this is so, since any number of threads finds the same ones.
    #[test]
    fn threads_that_peel_at_once_agree() {
        let graph = rmat(&Rmat { scale: 15, n_edges: 300_000, ..Rmat::default() }).unwrap();
        let graph = Undirected::new(&graph, Merge::Unit);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| core_numbers(&graph, &Control::NONE).unwrap())
        };
        let one = with(1);
        for u in 0..graph.n_nodes() as u32 {
            let core = one.core[u as usize];
            let inside =
                graph.neighbors(u).iter().filter(|&&v| one.core[v as usize] >= core).count();
            assert!(inside >= core as usize, "{u}: {inside} of {core}");
        }
        assert!(one.largest > 20, "{}", one.largest);
        for threads in [2, 5] {
            assert_eq!(one, with(threads));
        }
    }
}
