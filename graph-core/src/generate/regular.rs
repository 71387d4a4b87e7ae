//! Regular graphs: lattice, path, cycle, star, complete. All undirected.

use super::{check_edges, check_nodes, graph_of, pair, pairs};
use crate::{Graph, NodeId, Result};

/// Options of [`lattice`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lattice {
    /// Nodes from top to bottom.
    pub rows: usize,
    /// Nodes from left to right.
    pub columns: usize,
    /// Join the last row to the first and the last column to the first.
    pub torus: bool,
}

impl Default for Lattice {
    fn default() -> Self {
        Self { rows: 100, columns: 100, torus: false }
    }
}

/// A square lattice: node `row · columns + column` is joined to the nodes to its right and below.
///
/// On a torus the last row and column wrap around, unless that would double an edge or make a
/// loop, as with one or two rows. O(n) time.
///
/// ```
/// use graph_core::generate::{Lattice, lattice};
///
/// let graph = lattice(&Lattice { rows: 3, columns: 4, torus: false })?;
/// assert_eq!((graph.n_nodes(), graph.n_edges()), (12, 17));
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooManyNodes`](crate::Error::TooManyNodes) or
/// [`Error::TooManyEdges`](crate::Error::TooManyEdges) if `n` or `m` does not fit in `u32`.
pub fn lattice(options: &Lattice) -> Result<Graph> {
    let &Lattice { rows, columns, torus } = options;
    let n_nodes = rows.saturating_mul(columns);
    check_nodes(n_nodes)?;
    check_edges(2.0 * n_nodes as f64)?;
    let next = |at: usize, len: usize| match at + 1 {
        next if next < len => Some(next),
        _ if torus && len > 2 => Some(0),
        _ => None,
    };
    let node = |row: usize, column: usize| (row * columns + column) as NodeId;
    let mut edges = Vec::with_capacity(2 * n_nodes);
    for row in 0..rows {
        for column in 0..columns {
            let right = next(column, columns).map(|right| node(row, right));
            let below = next(row, rows).map(|below| node(below, column));
            edges.extend([right, below].into_iter().flatten().map(|to| (node(row, column), to)));
        }
    }
    graph_of(n_nodes, edges, false)
}

/// A path of `n_nodes` nodes, each joined to the next.
///
/// # Errors
///
/// [`Error::TooManyNodes`](crate::Error::TooManyNodes) if `n` does not fit in `u32`.
pub fn path(n_nodes: usize) -> Result<Graph> {
    check_nodes(n_nodes)?;
    let ends = 1..n_nodes as NodeId;
    graph_of(n_nodes, ends.map(|u| (u - 1, u)).collect(), false)
}

/// A path of `n_nodes` nodes whose last node is joined to the first, if there are at least 3.
///
/// # Errors
///
/// [`Error::TooManyNodes`](crate::Error::TooManyNodes) if `n` does not fit in `u32`.
pub fn cycle(n_nodes: usize) -> Result<Graph> {
    check_nodes(n_nodes)?;
    let n = n_nodes as NodeId;
    let closing = (n > 2).then(|| (n - 1, 0));
    graph_of(n_nodes, (1..n).map(|u| (u - 1, u)).chain(closing).collect(), false)
}

/// A star of `n_nodes` nodes: node 0 is joined to all others.
///
/// # Errors
///
/// [`Error::TooManyNodes`](crate::Error::TooManyNodes) if `n` does not fit in `u32`.
pub fn star(n_nodes: usize) -> Result<Graph> {
    check_nodes(n_nodes)?;
    graph_of(n_nodes, (1..n_nodes as NodeId).map(|leaf| (0, leaf)).collect(), false)
}

/// The complete graph of `n_nodes` nodes: every pair is joined.
///
/// # Errors
///
/// [`Error::TooManyNodes`](crate::Error::TooManyNodes) or
/// [`Error::TooManyEdges`](crate::Error::TooManyEdges) if `n` or `m` does not fit in `u32`.
pub fn complete(n_nodes: usize) -> Result<Graph> {
    check_nodes(n_nodes)?;
    let n_edges = pairs(n_nodes as u64);
    check_edges(n_edges as f64)?;
    let ends = |index| {
        let (larger, smaller) = pair(index);
        (smaller as NodeId, larger as NodeId)
    };
    graph_of(n_nodes, (0..n_edges).map(ends).collect(), false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn degrees_of(graph: &Graph) -> Vec<u32> {
        let mut degrees = graph.degrees();
        degrees.sort_unstable();
        degrees.dedup();
        degrees
    }

    #[test]
    fn a_torus_is_regular_and_a_lattice_has_borders() {
        let torus = lattice(&Lattice { rows: 4, columns: 5, torus: true }).unwrap();
        assert_eq!((torus.n_edges(), degrees_of(&torus)), (40, vec![4]));
        let plane = lattice(&Lattice { rows: 4, columns: 5, torus: false }).unwrap();
        assert_eq!((plane.n_edges(), degrees_of(&plane)), (31, vec![2, 3, 4]));
        assert_eq!(plane.out_edges().neighbors(6), [1, 5, 7, 11]);
    }

    #[test]
    fn a_thin_torus_has_no_double_edges_and_no_loops() {
        for (rows, columns, n_edges) in [(1, 1, 0), (1, 2, 1), (2, 2, 4), (1, 3, 3), (2, 3, 9)] {
            let torus = lattice(&Lattice { rows, columns, torus: true }).unwrap();
            assert_eq!(torus.n_edges(), n_edges, "{rows} × {columns}");
        }
    }

    #[test]
    fn the_small_ones_have_their_degrees() {
        assert_eq!(degrees_of(&complete(6).unwrap()), [5]);
        assert_eq!(degrees_of(&cycle(6).unwrap()), [2]);
        assert_eq!(degrees_of(&path(6).unwrap()), [1, 2]);
        assert_eq!(star(6).unwrap().degrees(), [5, 1, 1, 1, 1, 1]);
        for make in [complete, cycle, path, star] {
            for n in 0..3 {
                let graph = make(n).unwrap();
                assert_eq!((graph.n_nodes(), graph.n_edges()), (n, n.saturating_sub(1)));
            }
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let huge = Lattice { rows: 1 << 20, columns: 1 << 20, torus: false };
        assert!(matches!(lattice(&huge), Err(Error::TooManyNodes { .. })));
        assert!(matches!(complete(1 << 20), Err(Error::TooManyEdges { .. })));
        assert!(matches!(star(1 << 32), Err(Error::TooManyNodes { .. })));
    }
}
