//! Degrees: how many edges, and how much weight, each node has.

use graph_core::Graph;
use rayon::prelude::*;

use super::rows::{Rows, check_weights};
use crate::{Error, Result};

/// What [`degrees`] found; all arrays have shape `[n]`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Degrees {
    /// Edges that end at each node; of an undirected graph, those at it, a self-loop once.
    pub r#in: Vec<u32>,
    /// Edges that start at each node; of an undirected graph, those at it, a self-loop once.
    pub out: Vec<u32>,
    /// Edge ends at each node; a self-loop counts twice.
    pub total: Vec<u32>,
    /// Sums of weights in place of counts; absent if the graph has no weights.
    pub weighted: Option<Strengths>,
}

/// Sums of edge weights at each node, each of shape `[n]`; counts of [`Degrees`] with weights.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Strengths {
    /// Weights of the edges that end at each node.
    pub r#in: Vec<f64>,
    /// Weights of the edges that start at each node.
    pub out: Vec<f64>,
    /// Weights of all edge ends at each node; a self-loop counts twice.
    pub total: Vec<f64>,
}

/// In-, out- and total degree of every node. Parallel edges count each.
///
/// The total is networkx's `degree`, of directed and undirected graphs alike. O(n + m) time on top
/// of the adjacency, which the graph keeps.
///
/// ```
/// use graph_core::{Coo, Graph};
///
/// let graph = Graph::from_coo(Coo::new(3, vec![0, 0, 1], vec![1, 1, 1], None)?, true);
/// let degrees = graph_etl::analytics::degrees(&graph);
/// assert_eq!((degrees.out, degrees.r#in), (vec![2, 1, 0], vec![0, 3, 0]));
/// assert_eq!(degrees.total, [2, 4, 0]);
/// # Ok::<(), graph_core::Error>(())
/// ```
pub fn degrees(graph: &Graph) -> Degrees {
    let (out_rows, in_rows) = (Rows::from(graph.out_edges()), Rows::from(graph.in_edges()));
    let weighted = graph.coo().weights().map(|weights| {
        let (out, r#in) = (out_rows.strengths(), in_rows.strengths());
        let mut total = out.clone();
        if graph.is_directed() {
            total.iter_mut().zip(&r#in).for_each(|(sum, more)| *sum += more);
        } else {
            for (e, (u, v)) in graph.coo().sources().iter().zip(graph.coo().targets()).enumerate() {
                if u == v {
                    total[*u as usize] += f64::from(weights[e]);
                }
            }
        }
        Strengths { r#in, out, total }
    });
    counted(graph, weighted)
}

/// As [`degrees`], with sums of `weights`, shape `[m]`, which may be below 0, in place of those of the graph. O(m) time.
///
/// # Errors
///
/// - [`Error::LengthMismatch`] if there are not as many weights as edges;
/// - [`Error::NotFinite`] if one is infinite or not a number;
/// - [`Error::Overflow`] if a sum is infinite.
pub fn degrees_by(graph: &Graph, weights: &[f64]) -> Result<Degrees> {
    check_weights(graph, weights)?;
    let none = || vec![0.0; graph.n_nodes()];
    let (mut r#in, mut out, mut total) = (none(), none(), none());
    let ends = graph.coo().sources().iter().zip(graph.coo().targets());
    for ((&u, &v), &weight) in ends.zip(weights) {
        let (u, v) = (u as usize, v as usize);
        out[u] += weight;
        r#in[v] += weight;
        if !graph.is_directed() && u != v {
            out[v] += weight;
            r#in[u] += weight;
        }
        total[u] += weight;
        total[v] += weight;
    }
    // What is added to an infinite sum does not make it finite again.
    if [&out, &r#in, &total].into_iter().flatten().any(|sum| !sum.is_finite()) {
        return Err(Error::Overflow { column: "a sum of weights".into() });
    }
    Ok(counted(graph, Some(Strengths { r#in, out, total })))
}

/// Counts of edges beside sums of weights.
fn counted(graph: &Graph, weighted: Option<Strengths>) -> Degrees {
    let count = |rows: Rows| rows.offsets.par_windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (out, r#in) = (count(graph.out_edges().into()), count(graph.in_edges().into()));
    Degrees { r#in, out, total: graph.degrees(), weighted }
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_that_are_infinite_are_refused() {
        let sums = |ends: [u32; 2], directed, weights: [f64; 2]| {
            let coo = Coo::new(2, ends.to_vec(), ends.map(|end| 1 - end).to_vec(), None).unwrap();
            degrees_by(&Graph::from_coo(coo, directed), &weights)
        };
        // Of the last one each sum of one direction is finite.
        for (ends, directed) in [([0, 0], false), ([0, 0], true), ([0, 1], true)] {
            for weight in [1e308, -1e308] {
                let error = sums(ends, directed, [weight; 2]).unwrap_err();
                assert_eq!(error.to_string(), "a sum of weights does not fit into 64 bits");
            }
            assert!(sums(ends, directed, [1e308, -1e308]).is_ok());
        }
    }

    proptest! {
        /// Oracle: a loop over the edges.
        #[test]
        fn degrees_are_counts_of_edge_ends(
            edges in prop::collection::vec((0..6_u32, 0..6_u32, -3..4_i8), 0..30), directed: bool
        ) {
            let (mut out, mut r#in, mut total) = ([0.0; 6], [0.0; 6], [0.0; 6]);
            let (mut counts, mut incoming) = ([0; 6], [0; 6]);
            for &(u, v, w) in &edges {
                let (u, v, w) = (u as usize, v as usize, f64::from(w));
                out[u] += w;
                counts[u] += 1;
                r#in[v] += w;
                incoming[v] += 1;
                if !directed && u != v {
                    out[v] += w;
                    counts[v] += 1;
                    r#in[u] += w;
                    incoming[u] += 1;
                }
                total[u] += w;
                total[v] += w;
            }
            let weights = edges.iter().all(|e| e.2 >= 0).then(|| edges.iter().map(|e| e.2.into()).collect());
            let has_weights = weights.is_some();
            let coo = Coo::new(
                6,
                edges.iter().map(|e| e.0).collect(),
                edges.iter().map(|e| e.1).collect(),
                weights,
            ).unwrap();
            let graph = Graph::from_coo(coo, directed);
            let given: Vec<f64> = edges.iter().map(|e| e.2.into()).collect();
            let by_column = degrees_by(&graph, &given).unwrap();
            if has_weights {
                prop_assert_eq!(degrees(&graph), by_column.clone());
            }
            let weighted = by_column.weighted.unwrap();
            prop_assert_eq!((by_column.out, by_column.r#in), (counts.to_vec(), incoming.to_vec()));
            prop_assert_eq!((weighted.out, weighted.r#in, weighted.total), (out.to_vec(), r#in.to_vec(), total.to_vec()));
        }
    }
}
