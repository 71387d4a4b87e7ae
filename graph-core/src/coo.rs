//! Coordinate (COO) edge list: the one door through which edges come in.

use arrow::buffer::ScalarBuffer;

use crate::error::Place;
use crate::{Error, NodeId, Result};

/// `m` directed edges over `n` nodes; checked once, read-only from then on.
///
/// | array     | shape | meaning                                      |
/// |-----------|-------|----------------------------------------------|
/// | `sources` | `[m]` | source of each edge, in input order          |
/// | `targets` | `[m]` | target of each edge                          |
/// | `weights` | `[m]` | weight of each edge; absent means all are 1  |
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Coo {
    n_nodes: usize,
    sources: Vec<NodeId>,
    targets: Vec<NodeId>,
    weights: Option<ScalarBuffer<f32>>,
}

impl Coo {
    /// Takes parallel edge columns, each of shape `[m]`.
    ///
    /// ```
    /// use graph_core::Coo;
    ///
    /// let triangle = Coo::new(3, vec![0, 1, 2], vec![1, 2, 0], None)?;
    /// assert_eq!((triangle.n_nodes(), triangle.n_edges()), (3, 3));
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::TooManyNodes`] or [`Error::TooManyEdges`] if `n` or `m` does not fit in `u32`;
    /// - [`Error::LengthMismatch`] if the columns differ in length;
    /// - [`Error::NodeOutOfRange`] if an id is not in `0..n_nodes`;
    /// - [`Error::BadWeight`] if a weight is not finite or is negative.
    pub fn new(
        n_nodes: usize,
        sources: Vec<NodeId>,
        targets: Vec<NodeId>,
        weights: Option<Vec<f32>>,
    ) -> Result<Self> {
        let n_edges = sources.len();
        if u32::try_from(n_nodes).is_err() {
            return Err(Error::TooManyNodes { n_nodes });
        }
        if u32::try_from(n_edges).is_err() {
            return Err(Error::TooManyEdges { n_edges });
        }
        let lengths =
            [("targets", targets.len()), ("weights", weights.as_ref().map_or(n_edges, Vec::len))];
        for (column, found) in lengths {
            if found != n_edges {
                let column = column.to_owned();
                return Err(Error::LengthMismatch { column, found, expected: n_edges });
            }
        }
        let ids = sources.iter().zip(&targets).map(|(&s, &t)| s.max(t)).enumerate();
        for (edge, node) in ids {
            if n_nodes <= node as usize {
                return Err(Error::NodeOutOfRange { edge, node, n_nodes });
            }
        }
        for (row, &weight) in weights.iter().flatten().enumerate() {
            if !(weight.is_finite() && weight >= 0.0) {
                let column = "weights".to_owned();
                let place = Place::Row(row);
                return Err(Error::BadWeight { column, place, value: weight.into() });
            }
        }
        Ok(Self { n_nodes, sources, targets, weights: weights.map(ScalarBuffer::from) })
    }

    /// Columns that the caller has already checked; the weights may share an Arrow buffer.
    pub(crate) fn from_checked(
        n_nodes: usize,
        sources: Vec<NodeId>,
        targets: Vec<NodeId>,
        weights: Option<ScalarBuffer<f32>>,
    ) -> Self {
        debug_assert_eq!(sources.len(), targets.len());
        debug_assert!(sources.iter().chain(&targets).all(|&u| (u as usize) < n_nodes));
        Self { n_nodes, sources, targets, weights }
    }

    /// Refuses edges that, stored in both directions, are more than `limit`; a self-loop has one.
    pub(crate) fn check_directions(&self, limit: u32) -> Result<()> {
        let n_edges = self.n_edges();
        if 2 * n_edges <= limit as usize {
            return Ok(());
        }
        let loops = self.sources.iter().zip(&self.targets).filter(|(u, v)| u == v).count();
        let n_directions = 2 * n_edges - loops;
        if n_directions > limit as usize {
            return Err(Error::TooManyDirections { n_edges, n_directions });
        }
        Ok(())
    }

    /// Number of nodes `n`.
    pub fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// Number of edges `m`.
    pub fn n_edges(&self) -> usize {
        self.sources.len()
    }

    /// Source of every edge, shape `[m]`.
    pub fn sources(&self) -> &[NodeId] {
        &self.sources
    }

    /// Target of every edge, shape `[m]`.
    pub fn targets(&self) -> &[NodeId] {
        &self.targets
    }

    /// Weight of every edge, shape `[m]`; `None` means that all are 1.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_node_out_of_range() {
        let error = Coo::new(9, vec![0, 1], vec![1, 9], None).unwrap_err();
        assert_eq!(error.to_string(), "edge 1 names node 9, but there are only 9 nodes");
    }

    #[test]
    fn rejects_columns_of_unequal_length() {
        let error = Coo::new(2, vec![0, 1], vec![1], None).unwrap_err();
        assert_eq!(error.to_string(), "column targets has 1 entries, but 2 were expected");
        let error = Coo::new(2, vec![0], vec![1], Some(vec![])).unwrap_err();
        assert_eq!(error.to_string(), "column weights has 0 entries, but 1 were expected");
    }

    #[test]
    fn a_self_loop_has_one_direction() {
        let coo = Coo::new(2, vec![0, 1, 1], vec![1, 1, 0], None).unwrap();
        coo.check_directions(5).unwrap();
        let error = coo.check_directions(4).unwrap_err();
        assert!(
            matches!(error, Error::TooManyDirections { n_edges: 3, n_directions: 5 }),
            "{error}"
        );
    }

    #[test]
    fn rejects_weights_that_are_not_finite_or_are_negative() {
        for bad in [f32::NAN, f32::INFINITY, -1.0] {
            let error = Coo::new(2, vec![0], vec![1], Some(vec![bad])).unwrap_err();
            assert!(matches!(error, Error::BadWeight { place: Place::Row(0), .. }), "{error}");
        }
    }
}
