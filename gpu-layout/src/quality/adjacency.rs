//! The simple undirected graph under any graph.

use graph_core::{Csr, Graph, NodeId};

/// Neighbors of each node, ascending, without itself and without repetition.
#[derive(Debug)]
pub(super) struct Adjacency {
    offsets: Vec<u32>,
    neighbors: Vec<NodeId>,
}

impl Adjacency {
    pub(super) fn of(graph: &Graph) -> Self {
        if graph.is_directed() {
            Self::simple(&Csr::from_undirected_coo(graph.coo()))
        } else {
            Self::simple(graph.out_edges())
        }
    }

    fn simple(csr: &Csr) -> Self {
        let mut offsets = Vec::with_capacity(csr.n_nodes() + 1);
        let mut neighbors: Vec<NodeId> = Vec::with_capacity(csr.n_edges());
        offsets.push(0);
        for u in 0..csr.n_nodes() as NodeId {
            // Rows ascend, so equal targets are side by side.
            let row = csr.neighbors(u);
            let news = row.iter().enumerate().filter(|&(i, v)| i == 0 || row[i - 1] != *v);
            neighbors.extend(news.map(|(_, &v)| v).filter(|&v| v != u));
            offsets.push(neighbors.len() as u32);
        }
        Self { offsets, neighbors }
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of neighbors of all nodes together: each edge counts twice.
    pub(super) fn n_ends(&self) -> usize {
        self.neighbors.len()
    }

    pub(super) fn neighbors(&self, u: NodeId) -> &[NodeId] {
        let u = u as usize;
        &self.neighbors[self.offsets[u] as usize..self.offsets[u + 1] as usize]
    }

    pub(super) fn degree(&self, u: NodeId) -> usize {
        self.neighbors(u).len()
    }
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;

    use super::*;

    #[test]
    fn loops_directions_and_repetitions_do_not_count() {
        let edges = || Coo::new(4, vec![0, 1, 1, 2, 1], vec![1, 0, 0, 2, 3], None).unwrap();
        for directed in [false, true] {
            let adjacency = Adjacency::of(&Graph::from_coo(edges(), directed));
            let rows: Vec<_> = (0..4).map(|u| adjacency.neighbors(u).to_vec()).collect();
            assert_eq!(rows, [vec![1], vec![0, 3], vec![], vec![1]]);
            assert_eq!((adjacency.n_nodes(), adjacency.n_ends()), (4, 4));
        }
    }
}
