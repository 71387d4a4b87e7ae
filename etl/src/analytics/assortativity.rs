//! Assortativity: whether edges join nodes that are alike.

use graph_core::Graph;

use super::degree::degrees;
use super::rows::sum;
use crate::{Error, Result};

/// An assortativity coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AssortativityReport {
    /// From -1 to 1: above 0 if edges join nodes that are alike. `None` if it is undefined: no edge
    /// joins nodes that have values, or all such values are the same.
    pub coefficient: Option<f64>,
    /// Number of edges both of whose ends have values.
    pub n_edges: usize,
}

/// Assortativity by degree: of sources by out-degree and targets by in-degree if the graph is
/// directed, else by degree. See [`numeric_assortativity`].
///
/// networkx's `degree_assortativity_coefficient`; a self-loop counts twice in a degree there and
/// here.
///
/// Source: Newman 2003, doi:10.1103/PhysRevE.67.026126.
pub fn degree_assortativity(graph: &Graph) -> AssortativityReport {
    let degrees = degrees(graph);
    let value = |degrees: &[u32], u: u32| Some(f64::from(degrees[u as usize]));
    match graph.is_directed() {
        true => correlation(graph, |u| value(&degrees.out, u), |v| value(&degrees.r#in, v)),
        false => correlation(graph, |u| value(&degrees.total, u), |v| value(&degrees.total, v)),
    }
}

/// Assortativity by a number of each node: Pearson's correlation of the two ends of edges, each
/// undirected edge taken in both directions.
///
/// Edges of a node without a value are left out. Weights do not count. O(m) time; sums are added
/// up in a fixed order.
///
/// Source: Newman 2003, doi:10.1103/PhysRevE.67.026126, eq. 21.
///
/// # Errors
///
/// - [`Error::LengthMismatch`] if there is not one value a node;
/// - [`Error::BadOption`] if a value is not finite.
pub fn numeric_assortativity(graph: &Graph, values: &[Option<f64>]) -> Result<AssortativityReport> {
    check_length(values.len(), graph.n_nodes())?;
    if let Some(bad) = values.iter().flatten().find(|value| !value.is_finite()) {
        let value = bad.to_string().into();
        return Err(Error::BadOption { option: "values", value, allowed: "finite" });
    }
    Ok(correlation(graph, |u| values[u as usize], |v| values[v as usize]))
}

/// Assortativity by a category of each node: `(Σ e_ii - Σ a_i b_i) / (1 - Σ a_i b_i)`, where `e_ij`
/// is the share of edges from category `i` to category `j`, `a_i = Σ_j e_ij`, and `b_j = Σ_i e_ij`;
/// each undirected edge is taken in both directions.
///
/// networkx's `attribute_assortativity_coefficient`, igraph's `assortativity_nominal`. Edges of a
/// node without a category are left out. Weights do not count. O(m + largest category) time.
///
/// Source: Newman 2003, doi:10.1103/PhysRevE.67.026126, eq. 2.
///
/// # Errors
///
/// [`Error::LengthMismatch`] if there is not one category a node.
pub fn categorical_assortativity(
    graph: &Graph,
    categories: &[Option<u32>],
) -> Result<AssortativityReport> {
    check_length(categories.len(), graph.n_nodes())?;
    let count = categories.iter().flatten().max().map_or(0, |&last| last as usize + 1);
    let (mut from, mut to) = (vec![0_u64; count], vec![0_u64; count]);
    let (mut same, mut total, mut n_edges) = (0_u64, 0_u64, 0);
    for (&u, &v) in graph.coo().sources().iter().zip(graph.coo().targets()) {
        let (Some(i), Some(j)) = (categories[u as usize], categories[v as usize]) else { continue };
        n_edges += 1;
        let mut take = |i: u32, j: u32| {
            from[i as usize] += 1;
            to[j as usize] += 1;
            same += u64::from(i == j);
            total += 1;
        };
        take(i, j);
        if !graph.is_directed() && u != v {
            take(j, i);
        }
    }
    let share = |count: u64| count as f64 / total as f64;
    let expected: f64 = from.iter().zip(&to).map(|(&a, &b)| share(a) * share(b)).sum();
    // All in one category: nothing to tell edges by.
    let coefficient =
        (total > 0 && expected < 1.0).then(|| (share(same) - expected) / (1.0 - expected));
    Ok(AssortativityReport { coefficient, n_edges })
}

fn check_length(found: usize, expected: usize) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::LengthMismatch { name: "values", found, expected }),
    }
}

/// Pearson's correlation over edges of `x` at the source and `y` at the target.
fn correlation(
    graph: &Graph,
    x: impl Fn(u32) -> Option<f64> + Sync,
    y: impl Fn(u32) -> Option<f64> + Sync,
) -> AssortativityReport {
    let coo = graph.coo();
    // Sum of a term over all ordered pairs of ends.
    let over = |term: &(dyn Fn(f64, f64) -> f64 + Sync)| {
        sum(coo.n_edges(), |e| {
            let (u, v) = (coo.sources()[e], coo.targets()[e]);
            let pair = |u, v| x(u).zip(y(v)).map_or(0.0, |(x, y)| term(x, y));
            let back = if graph.is_directed() || u == v { 0.0 } else { pair(v, u) };
            pair(u, v) + back
        })
    };
    let has_both = |e: usize| {
        let (u, v) = (coo.sources()[e], coo.targets()[e]);
        x(u).is_some() && y(v).is_some()
    };
    let n_edges = sum(coo.n_edges(), |e| f64::from(u8::from(has_both(e)))) as usize;
    let count = over(&|_, _| 1.0);
    if count == 0.0 {
        return AssortativityReport { coefficient: None, n_edges };
    }
    let (mean_x, mean_y) = (over(&|x, _| x) / count, over(&|_, y| y) / count);
    let covariance = over(&|x, y| (x - mean_x) * (y - mean_y));
    let spread_x = over(&|x, _| (x - mean_x) * (x - mean_x));
    let spread_y = over(&|_, y| (y - mean_y) * (y - mean_y));
    let spread = (spread_x * spread_y).sqrt();
    let coefficient = (spread > 0.0 && spread.is_finite()).then(|| covariance / spread);
    AssortativityReport { coefficient, n_edges }
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
    fn a_star_joins_what_is_least_alike() {
        let star = graph(4, &[(0, 1), (0, 2), (0, 3)], false);
        let found = degree_assortativity(&star);
        assert_eq!(found, AssortativityReport { coefficient: Some(-1.0), n_edges: 3 });
        let colors = [Some(0), Some(1), Some(1), Some(1)];
        let found = categorical_assortativity(&star, &colors).unwrap();
        assert_eq!(found.coefficient, Some(-1.0));
    }

    #[test]
    fn what_has_no_spread_or_no_values_has_no_coefficient() {
        let cycle = graph(3, &[(0, 1), (1, 2), (2, 0)], false);
        assert_eq!(degree_assortativity(&cycle).coefficient, None);
        let found = numeric_assortativity(&cycle, &[Some(1.0), None, None]).unwrap();
        assert_eq!(found, AssortativityReport { coefficient: None, n_edges: 0 });
        assert_eq!(categorical_assortativity(&cycle, &[Some(7); 3]).unwrap().coefficient, None);
    }

    #[test]
    fn edges_of_nodes_without_values_are_left_out() {
        let path = graph(5, &[(0, 1), (1, 2), (2, 3), (3, 4)], true);
        let values = [Some(1.0), Some(2.0), Some(3.0), Some(5.0), None];
        let found = numeric_assortativity(&path, &values).unwrap();
        // The pairs (1, 2), (2, 3), (3, 5): covariance 3, spreads 2 and 14 / 3.
        let expected = 3.0 / (2.0_f64 * 14.0 / 3.0).sqrt();
        assert_eq!(found.n_edges, 3);
        assert!((found.coefficient.unwrap() - expected).abs() < 1e-12);
        assert!(numeric_assortativity(&path, &values[..2]).is_err());
        assert!(numeric_assortativity(&path, &[Some(f64::NAN); 5]).is_err());
    }
}
