//! Clustering coefficients: how many of a node's neighbors are neighbors of one another.

use graph_core::NodeId;
use rayon::prelude::*;

use super::rows::{Rows, sum};
use super::triangles::{Triangles, triangles};
use crate::topology::Undirected;
use crate::{Control, Error, Result};

/// Local, average and global clustering coefficient; directions and self-loops do not count.
///
/// With `t` triangles and `d` neighbors at a node, `coefficient = 2 t / (d (d - 1))`, and 0 for
/// fewer than two neighbors, as in networkx. igraph leaves these nodes undefined unless told
/// otherwise. Weighted, each triangle counts by the cube root of the product of its three weights,
/// each divided by the largest weight of the graph.
///
/// The cost is that of [`triangles`]; weighted, O(m^1.5 log n), and 8 n bytes. The result does not
/// depend on threads.
///
/// Source: Watts, Strogatz 1998, doi:10.1038/30918; weighted: Onnela et al. 2005,
/// doi:10.1103/PhysRevE.71.065103.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Clustering {
    /// Whether triangles count by their weights, if the graph has weights.
    #[cfg_attr(feature = "clap", arg(long))]
    pub weighted: bool,
}

/// What [`Clustering::run`] found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ClusteringReport {
    /// Clustering coefficient of each node, shape `[n]`, from 0 to 1.
    pub coefficient: Vec<f64>,
    /// Mean of all coefficients; `None` if there are no nodes.
    pub average: Option<f64>,
    /// Share of the pairs of neighbors, of all nodes together, that are neighbors: networkx's
    /// `transitivity`, without weights. `None` if no node has two neighbors.
    pub global: Option<f64>,
    /// Number of triangles at each node, shape `[n]`.
    pub triangles: Vec<u64>,
    /// Number of triangles.
    pub n_triangles: u64,
}

impl Clustering {
    /// Measures `graph`.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`].
    pub fn run(&self, graph: &Undirected, control: &Control) -> Result<ClusteringReport> {
        self.report(graph, triangles(graph, control)?, control)
    }

    /// What follows from the triangles of `graph`.
    pub(crate) fn report(
        &self,
        graph: &Undirected,
        found: Triangles,
        control: &Control,
    ) -> Result<ClusteringReport> {
        let n = graph.n_nodes();
        let pairs = |u: usize| {
            let degree = graph.degree(u as NodeId) as f64;
            degree * (degree - 1.0)
        };
        let weighted = self.weighted && graph.weights().is_some();
        let twice = match weighted {
            true => intensities(graph, control)?,
            false => found.count.iter().map(|&count| 2.0 * count as f64).collect(),
        };
        let share = |u: usize| if pairs(u) > 0.0 { twice[u] / pairs(u) } else { 0.0 };
        let coefficient: Vec<f64> = (0..n).into_par_iter().with_min_len(256).map(share).collect();
        let average = (n > 0).then(|| sum(n, |u| coefficient[u]) / n as f64);
        let all_pairs = sum(n, pairs);
        let global = (all_pairs > 0.0).then(|| 6.0 * found.total as f64 / all_pairs);
        let (triangles, n_triangles) = (found.count, found.total);
        Ok(ClusteringReport { coefficient, average, global, triangles, n_triangles })
    }
}

/// Twice the sum, over triangles at each node, of the cube root of the product of their weights,
/// shape `[n]`.
fn intensities(graph: &Undirected, control: &Control) -> Result<Vec<f64>> {
    let rows = Rows::from(graph);
    let weights = rows.weights.unwrap_or(&[]);
    let largest = weights.par_iter().copied().reduce(|| 0.0, f32::max);
    if largest == 0.0 {
        return Ok(vec![0.0; graph.n_nodes()]);
    }
    // A triangle has the roots of its three edges as factors.
    let roots: Vec<f64> =
        weights.par_iter().map(|&weight| f64::from(weight / largest).cbrt()).collect();
    let at = |u: NodeId| {
        let mut total = 0.0;
        for entry in rows.row(u) {
            let v = rows.targets[entry];
            let mut common = 0.0;
            for_common(rows, u, v, |of_u, of_v| common += roots[of_u] * roots[of_v]);
            total += common * roots[entry];
        }
        total
    };
    (0..graph.n_nodes() as u32)
        .into_par_iter()
        .map(|u| match control.is_stopped() {
            true => Err(Error::Stopped { stage: "nodes", done: u.into() }),
            false => Ok(at(u)),
        })
        .collect()
}

/// Calls `with` for the entries of each common neighbor of `u` and `v`, in their order.
///
/// The neighbors of the end that has fewer are looked up in the rest of the other's.
fn for_common(rows: Rows, u: NodeId, v: NodeId, mut with: impl FnMut(usize, usize)) {
    let swapped = rows.degree(v) < rows.degree(u);
    let (short, long) = if swapped { (v, u) } else { (u, v) };
    let (mut first, long) = (rows.row(long).start, rows.row(long));
    for entry in rows.row(short) {
        let w = rows.targets[entry];
        first += rows.targets[first..long.end].partition_point(|&other| other < w);
        if first == long.end {
            break;
        }
        if rows.targets[first] == w {
            if swapped { with(first, entry) } else { with(entry, first) }
        }
    }
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use proptest::prelude::*;

    use super::*;
    use crate::topology::Merge;

    proptest! {
        /// Oracle: all pairs of neighbors of each node.
        #[test]
        fn coefficients_are_those_of_all_pairs_of_neighbors(
            edges in prop::collection::vec((0..9_u32, 0..9_u32, 1..5_u8), 0..50), weighted: bool
        ) {
            let coo = Coo::new(
                9,
                edges.iter().map(|e| e.0).collect(),
                edges.iter().map(|e| e.1).collect(),
                Some(edges.iter().map(|e| e.2.into()).collect()),
            ).unwrap();
            let graph = Undirected::from_coo(&coo, Merge::Sum);
            let rows = Rows::from(&graph);
            let weight = |u: u32, v: u32| rows.edges(u).find(|e| e.0 == v).map(|e| f64::from(e.1));
            let largest = (0..9).flat_map(|u| rows.edges(u)).map(|e| e.1).fold(0.0, f32::max);
            let (mut average, mut closed, mut all) = (0.0, 0, 0);
            let found = Clustering { weighted }.run(&graph, &Control::NONE).unwrap();
            for u in 0..9 {
                let (mut sum, degree) = (0.0, graph.degree(u) as f64);
                for &v in graph.neighbors(u) {
                    for &w in graph.neighbors(u).iter().filter(|&&w| w != v) {
                        all += 1;
                        let Some(across) = weight(v, w) else { continue };
                        closed += 1;
                        let product = across * weight(u, v).unwrap() * weight(u, w).unwrap();
                        sum += if weighted { product.cbrt() / f64::from(largest) } else { 1.0 };
                    }
                }
                let expected = if degree > 1.0 { sum / (degree * (degree - 1.0)) } else { 0.0 };
                prop_assert!((found.coefficient[u as usize] - expected).abs() < 1e-6);
                average += expected / 9.0;
            }
            prop_assert!((found.average.unwrap() - average).abs() < 1e-6);
            match all {
                0 => prop_assert_eq!(found.global, None),
                _ => prop_assert!((found.global.unwrap() - f64::from(closed) / f64::from(all)).abs() < 1e-12),
            }
        }
    }
}
