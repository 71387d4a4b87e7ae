//! Density and reciprocity: numbers that say at a glance what kind of graph it is.

use graph_core::Graph;
use rayon::prelude::*;

use super::rows::Rows;

/// Share of the possible edges that are there; `None` for fewer than two nodes.
///
/// `m / (n (n - 1))` if the graph is directed, twice that if not. As in networkx, self-loops and
/// parallel edges count, so that a multigraph can be above 1.
pub fn density(graph: &Graph) -> Option<f64> {
    let n = graph.n_nodes() as f64;
    let possible = n * (n - 1.0) / if graph.is_directed() { 1.0 } else { 2.0 };
    (possible > 0.0).then(|| graph.n_edges() as f64 / possible)
}

/// Share of the directed edges `u → v` for which `v → u` is there too; `None` if there are none.
///
/// Parallel edges count once and self-loops not at all, as in igraph; networkx counts self-loops
/// as edges that have no reverse. Every undirected edge has its reverse. O(m log d) time for
/// largest degree d.
pub fn reciprocity(graph: &Graph) -> Option<f64> {
    let rows = Rows::of(graph.out_edges(), false);
    let (both, all) = (0..graph.n_nodes() as u32)
        .into_par_iter()
        .with_min_len(64)
        .map(|u| {
            let row = rows.neighbors(u);
            let distinct = row.chunk_by(|a, b| a == b).map(|run| run[0]).filter(|&v| v != u);
            distinct.fold((0_u64, 0_u64), |(both, all), v| {
                let reverse = rows.neighbors(v).binary_search(&u).is_ok();
                (both + u64::from(reverse), all + 1)
            })
        })
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    (all > 0).then(|| both as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;

    use super::*;

    fn graph(n: usize, edges: &[(u32, u32)], directed: bool) -> Graph {
        let (sources, targets) = edges.iter().copied().unzip();
        Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), directed)
    }

    #[test]
    fn a_complete_graph_has_density_one() {
        let triangle = [(0, 1), (1, 2), (2, 0)];
        assert_eq!(density(&graph(3, &triangle, false)), Some(1.0));
        assert_eq!(density(&graph(3, &triangle, true)), Some(0.5));
        assert_eq!(density(&graph(1, &[], true)), None);
    }

    #[test]
    fn reciprocity_counts_distinct_edges_that_are_not_loops() {
        let edges = [(0, 1), (0, 1), (1, 0), (1, 2), (2, 2)];
        assert_eq!(reciprocity(&graph(3, &edges, true)), Some(2.0 / 3.0));
        assert_eq!(reciprocity(&graph(3, &edges, false)), Some(1.0));
        assert_eq!(reciprocity(&graph(3, &[(2, 2)], true)), None);
    }
}
