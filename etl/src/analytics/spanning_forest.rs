//! Minimum spanning forest: the cheapest edges that keep together what is together.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow::buffer::BooleanBuffer;
use graph_core::{DisjointSets, Graph};
use rayon::prelude::*;

use super::rows::{check_weights, sum};
use crate::topology::{Reshaped, filter_edges};
use crate::{Control, Error, Result};

/// Minimum (or maximum) spanning forest: a tree for each weakly connected component, of the least
/// (or largest) total weight. Directions do not count.
///
/// Of edges of the same weight, and of all if there are no weights, those that come first in the
/// edge list are taken, so that there is one answer. Each round joins every component to another
/// by its best edge, all threads at once: O(m log n) time, 16 n + 4 m bytes.
///
/// Source: Borůvka 1926, as in Nešetřil, Milková, Nešetřilová 2001,
/// doi:10.1016/S0012-365X(00)00224-7.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct SpanningForest {
    /// Whether to take the largest weights.
    #[cfg_attr(feature = "clap", arg(long))]
    pub maximum: bool,
}

/// What [`SpanningForest::run`] found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SpanningForestReport {
    /// Edges of the forest, ascending numbers in the edge list, shape `[n - n_trees]`.
    pub edges: Vec<u32>,
    /// Number of trees, nodes without edges included.
    pub n_trees: usize,
    /// Sum of the weights of the forest.
    pub weight: f64,
}

/// Worse than any edge.
const NONE: u64 = u64::MAX;

impl SpanningForest {
    /// Spans `graph`.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_etl::Control;
    /// use graph_etl::analytics::SpanningForest;
    ///
    /// let coo = Coo::new(3, vec![0, 1, 2], vec![1, 2, 0], Some(vec![3.0, 1.0, 2.0]))?;
    /// let triangle = Graph::from_coo(coo, false);
    /// let report = SpanningForest::default().run(&triangle, &Control::NONE).unwrap();
    /// assert_eq!((report.edges, report.weight, report.n_trees), (vec![1, 2], 3.0, 1));
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`].
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<SpanningForestReport> {
        let weights = graph.coo().weights();
        // Weights of a graph are not negative, so their bits sort as they do.
        let rank = |e: u32| weights.map_or(0, |weights| (weights[e as usize] + 0.0).to_bits());
        let weight = |e: u32| weights.map_or(1.0, |weights| weights[e as usize].into());
        self.span(graph, rank, weight, control)
    }

    /// Spans `graph` by `weights`, shape `[m]`, which may be below 0, in place of those that it has. O(m log m) time for
    /// their order, and 8 m bytes.
    ///
    /// # Errors
    ///
    /// - [`Error::LengthMismatch`] if there are not as many weights as edges;
    /// - [`Error::NotFinite`] if one is infinite or not a number;
    /// - [`Error::Overflow`] if the sum of the weights of the forest is not finite;
    /// - [`Error::Stopped`].
    pub fn run_by(
        &self,
        graph: &Graph,
        weights: &[f64],
        control: &Control,
    ) -> Result<SpanningForestReport> {
        check_weights(graph, weights)?;
        let weight = |e: u32| weights[e as usize];
        let mut order: Vec<u32> = (0..weights.len() as u32).collect();
        // Zeros have no sign.
        order.par_sort_unstable_by(|&a, &b| (weight(a) + 0.0).total_cmp(&(weight(b) + 0.0)));
        let mut ranks = vec![0; order.len()];
        let mut rank = 0;
        for pair in order.windows(2) {
            rank += u32::from(weight(pair[0]) != weight(pair[1]));
            ranks[pair[1] as usize] = rank;
        }
        self.span(graph, |e| ranks[e as usize], weight, control)
    }

    /// Spans by ranks, the least first, and adds up weights.
    fn span(
        &self,
        graph: &Graph,
        rank: impl Fn(u32) -> u32 + Sync,
        weight: impl Fn(u32) -> f64 + Sync,
        control: &Control,
    ) -> Result<SpanningForestReport> {
        let (n, coo) = (graph.n_nodes(), graph.coo());
        let sets = DisjointSets::new(n);
        let best: Vec<AtomicU64> = (0..n).into_par_iter().map(|_| AtomicU64::new(NONE)).collect();
        // The rank above, the number below: no two edges are alike.
        let key = |e: u32| {
            let rank = rank(e);
            u64::from(if self.maximum { !rank } else { rank }) << 32 | u64::from(e)
        };
        let ends = |e: u32| (coo.sources()[e as usize], coo.targets()[e as usize]);
        let mut left: Vec<u32> = (0..coo.n_edges() as u32).collect();
        let mut edges: Vec<u32> = Vec::new();
        while !left.is_empty() {
            control.step("edges", edges.len() as u64, None)?;
            sets.flatten();
            left = left
                .into_par_iter()
                .with_min_len(1 << 12)
                .filter(|&e| {
                    let (u, v) = ends(e);
                    let (u, v) = (sets.find(u), sets.find(v));
                    if u == v {
                        return false;
                    }
                    let key = key(e);
                    for root in [u, v] {
                        let best = &best[root as usize];
                        if key < best.load(Relaxed) {
                            best.fetch_min(key, Relaxed);
                        }
                    }
                    true
                })
                .collect();
            let chosen = |best: &AtomicU64| {
                let key = best.swap(NONE, Relaxed);
                let (u, v) = if key == NONE { return None } else { ends(key as u32) };
                // Both components may have chosen it.
                sets.unite(u, v).then_some(key as u32)
            };
            edges.par_extend(best.par_iter().with_min_len(1 << 12).filter_map(chosen));
        }
        edges.par_sort_unstable();
        let weight = sum(edges.len(), |at| weight(edges[at]));
        if !weight.is_finite() {
            return Err(Error::Overflow { column: "a sum of weights".into() });
        }
        let n_trees = n - edges.len();
        Ok(SpanningForestReport { edges, n_trees, weight })
    }

    /// The forest as a graph: all nodes of `graph`, and the edges that [`run`](Self::run) takes,
    /// in input order with their attributes.
    ///
    /// # Errors
    ///
    /// - [`Error::Stopped`];
    /// - [`Error::Graph`] if Arrow cannot gather the rows.
    pub fn subgraph(&self, graph: &Graph, control: &Control) -> Result<Reshaped> {
        let mut keep = vec![false; graph.n_edges()];
        for &e in &self.run(graph, control)?.edges {
            keep[e as usize] = true;
        }
        filter_edges(graph, &BooleanBuffer::from(keep), true)
    }
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use graph_core::generate::{Random, Rmat, rmat};
    use proptest::prelude::*;

    use super::*;

    /// Edges by rising weight, each taken if it joins two components.
    fn one_by_one(graph: &Graph, weight: impl Fn(u32) -> f64, maximum: bool) -> Vec<u32> {
        let coo = graph.coo();
        let mut order: Vec<u32> = (0..coo.n_edges() as u32).collect();
        order.sort_by(|&a, &b| {
            let order = weight(a).total_cmp(&weight(b));
            if maximum { order.reverse() } else { order }
        });
        let mut component: Vec<u32> = (0..graph.n_nodes() as u32).collect();
        order.retain(|&e| {
            let u = component[coo.sources()[e as usize] as usize];
            let v = component[coo.targets()[e as usize] as usize];
            component.iter_mut().filter(|c| **c == u).for_each(|c| *c = v);
            u != v
        });
        order.sort_unstable();
        order
    }

    proptest! {
        #[test]
        fn the_forest_is_that_of_taking_edges_one_by_one(
            edges in prop::collection::vec((0..12_u32, 0..12_u32, 0..5_u8), 0..40),
            weighted: bool, maximum: bool,
        ) {
            let coo = Coo::new(
                12,
                edges.iter().map(|e| e.0).collect(),
                edges.iter().map(|e| e.1).collect(),
                weighted.then(|| edges.iter().map(|e| e.2.into()).collect()),
            ).unwrap();
            let graph = Graph::from_coo(coo, false);
            let found = SpanningForest { maximum }.run(&graph, &Control::NONE).unwrap();
            let weight = |e: u32| if weighted { f64::from(edges[e as usize].2) } else { 1.0 };
            let expected = one_by_one(&graph, weight, maximum);
            prop_assert_eq!(found.weight, expected.iter().map(|&e| weight(e)).sum::<f64>());
            let forest = SpanningForest { maximum }.subgraph(&graph, &Control::NONE).unwrap();
            prop_assert_eq!(forest.graph.components(), graph.components());
            prop_assert_eq!(forest.edges, expected.clone());
            prop_assert_eq!(found.n_trees, graph.components().1);
            prop_assert_eq!(found.edges, expected);
        }

        #[test]
        fn weights_below_0_span_as_well(
            edges in prop::collection::vec((0..12_u32, 0..12_u32, -3..4_i8), 0..40),
            maximum: bool,
        ) {
            let (sources, targets) = edges.iter().map(|e| (e.0, e.1)).unzip();
            let coo = Coo::new(12, sources, targets, None).unwrap();
            let graph = Graph::from_coo(coo, false);
            // Not all differ as `f32`.
            let scale = 1.0 + 1e-12;
            let weights: Vec<f64> = edges.iter().map(|e| 1.0 + f64::from(e.2) * (scale - 1.0)).collect();
            for weights in [edges.iter().map(|e| f64::from(e.2) / 4.0).collect(), weights] {
                let weight = |e: u32| weights[e as usize];
                let found = SpanningForest { maximum }.run_by(&graph, &weights, &Control::NONE).unwrap();
                let expected = one_by_one(&graph, weight, maximum);
                prop_assert!((found.weight - expected.iter().map(|&e| weight(e)).sum::<f64>()).abs() < 1e-9);
                prop_assert_eq!(found.edges, expected);
            }
        }
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        let graph = Graph::from_coo(Coo::new(2, vec![0], vec![1], None).unwrap(), false);
        let refused = |weights: &[f64]| {
            let forest = SpanningForest::default();
            forest.run_by(&graph, weights, &Control::NONE).unwrap_err().to_string()
        };
        assert_eq!(refused(&[]), "weights has 0 entries, but 1 were expected");
        assert_eq!(refused(&[f64::NAN]), "weights has no finite number in row 0, column 0");
    }

    #[test]
    fn a_sum_that_is_not_finite_is_refused() {
        let graph = Graph::from_coo(Coo::new(3, vec![0, 1], vec![1, 2], None).unwrap(), false);
        let span =
            |weights: &[f64]| SpanningForest::default().run_by(&graph, weights, &Control::NONE);
        for weights in [[1e308, 1e308], [-1e308, -1e308]] {
            let error = span(&weights).unwrap_err();
            assert_eq!(error.to_string(), "a sum of weights does not fit into 64 bits");
        }
        assert_eq!(span(&[1e308, -1e308]).unwrap().weight, 0.0);
    }

    #[test]
    fn any_number_of_threads_spans_the_same() {
        let shape = rmat(&Rmat { scale: 13, n_edges: 60_000, ..Rmat::default() }).unwrap();
        let mut random = Random::new(2, 2);
        let weights = (0..60_000).map(|_| random.below(50) as f32).collect();
        let (sources, targets) = (shape.coo().sources(), shape.coo().targets());
        let coo = Coo::new(1 << 13, sources.to_vec(), targets.to_vec(), Some(weights)).unwrap();
        let graph = Graph::from_coo(coo, true);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| SpanningForest::default().run(&graph, &Control::NONE).unwrap())
        };
        let one = with(1);
        assert_eq!(one.n_trees, graph.components().1);
        assert_eq!(one, with(4));
    }
}
