//! Edges merged, mirrored, turned around or left out; the nodes stay.

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::incidence::{Incidence, even_blocks};
use super::reshaped::{Reshaped, rewire, select};
use crate::Result;

/// The weight of one edge in place of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Combine {
    /// The sum; without weights each edge counts 1, so that multiplicities become weights.
    #[default]
    Sum,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// That of the first edge in input order.
    First,
}

impl Combine {
    /// The combined weight of edges, the first of which weighs `first`.
    ///
    /// Sums are taken in `f64`, in the order given, and may become infinite as `f32`.
    pub(super) fn of(self, first: f32, others: impl Iterator<Item = f32>) -> f32 {
        match self {
            Self::Sum => others.fold(f64::from(first), |sum, w| sum + f64::from(w)) as f32,
            Self::Max => others.fold(first, f32::max),
            Self::Min => others.fold(first, f32::min),
            Self::First => first,
        }
    }

    /// Whether the result has weights where the input has none.
    fn makes_weights(self) -> bool {
        self == Self::Sum
    }
}

/// At most one edge between any two nodes: parallel edges become the first of them, in input
/// order, with its attributes and the weight that `combine` makes of all.
///
/// In a directed graph `u → v` and `v → u` are not parallel; in an undirected one they are. The
/// attribute column that the weights came from gets the new weights. Self-loops stay, each once.
/// O(n + m log d) time for largest degree d, in parallel; O(m) space.
///
/// ```
/// use graph_core::{Coo, Graph};
/// use graph_etl::topology::{Combine, deduplicate};
///
/// let coo = Coo::new(2, vec![0, 1, 0], vec![1, 0, 1], Some(vec![1.0, 2.0, 4.0]))?;
/// let simple = deduplicate(&Graph::from_coo(coo, true), Combine::Sum)?;
/// assert_eq!(simple.graph.coo().weights(), Some(&[5.0, 2.0][..]));
/// assert_eq!(simple.edges, [0, 1]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Graph`](crate::Error::Graph) if a sum of weights is too large for an `f32`.
pub fn deduplicate(graph: &Graph, combine: Combine) -> Result<Reshaped> {
    let coo = graph.coo();
    let n = graph.n_nodes();
    let Merged { edges, weights, .. } = match graph.is_directed() {
        true => merge(n, (coo.sources(), coo.targets()), coo.weights(), combine),
        false => {
            let (low, high) = sorted_ends(coo.sources(), coo.targets());
            merge(n, (&low, &high), coo.weights(), combine)
        }
    };
    let end = |ends: &[NodeId]| edges.iter().map(|&e| ends[e as usize]).collect();
    let ends = (end(coo.sources()), end(coo.targets()));
    rewire(graph, edges, ends, weights, graph.is_directed())
}

/// Both directions of every edge: a directed graph in which `u → v` is an edge exactly if `v → u`
/// is, each once, and both weigh what `combine` makes of all edges between `u` and `v`.
///
/// Edges keep the order in which they are met: each as it is in the input, and right behind it its
/// mirror image, unless it is a self-loop. Attributes are those of the first edge between the two
/// nodes. O(n + m log d) time, in parallel; O(m) space.
///
/// ```
/// use graph_core::{Coo, Graph};
/// use graph_etl::topology::{Combine, symmetrize};
///
/// let coo = Coo::new(3, vec![0, 1, 2], vec![1, 0, 2], None)?;
/// let both = symmetrize(&Graph::from_coo(coo, true), Combine::Max)?.graph;
/// assert_eq!(both.coo().sources(), [0, 1, 2]);
/// assert_eq!(both.coo().targets(), [1, 0, 2]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Graph`](crate::Error::Graph) if a sum of weights is too large for an `f32`, or if both
/// directions are more than `u32::MAX` edges.
pub fn symmetrize(graph: &Graph, combine: Combine) -> Result<Reshaped> {
    let coo = graph.coo();
    let (low, high) = sorted_ends(coo.sources(), coo.targets());
    let merged = merge(graph.n_nodes(), (&low, &high), coo.weights(), combine);
    let room = merged.edges.len() * 2;
    let mut edges = Vec::with_capacity(room);
    let mut ends = (Vec::with_capacity(room), Vec::with_capacity(room));
    let mut weights = merged.weights.as_ref().map(|_| Vec::with_capacity(room));
    for (place, &e) in merged.edges.iter().enumerate() {
        let (u, v) = (coo.sources()[e as usize], coo.targets()[e as usize]);
        for (u, v) in [(u, v), (v, u)].into_iter().take(1 + usize::from(u != v)) {
            edges.push(e);
            ends.0.push(u);
            ends.1.push(v);
            if let (Some(weights), Some(merged)) = (&mut weights, &merged.weights) {
                weights.push(merged[place]);
            }
        }
    }
    rewire(graph, edges, ends, weights, true)
}

/// The same edges without their direction: what was `u → v` is now also `v → u`.
///
/// Nothing is merged and tables are shared, so that it costs the copy of two columns.
///
/// # Errors
///
/// [`Error::Graph`](crate::Error::Graph) if both directions are more than `u32::MAX`.
pub fn undirected(graph: &Graph) -> Result<Graph> {
    let [source, target] = graph.end_names();
    let (nodes, edges) = (graph.nodes().clone(), graph.edges().clone());
    let graph_of = Graph::from_parts(nodes, edges, graph.coo().clone(), false)?;
    Ok(graph_of.with_end_names(source, target))
}

/// Every edge turned around, with its attributes, in the same order; O(m).
///
/// # Errors
///
/// None that a valid graph can cause; the signature is that of its neighbors.
pub fn reverse(graph: &Graph) -> Result<Graph> {
    let coo = graph.coo();
    let weights = coo.weights().map(<[f32]>::to_vec);
    let turned = graph_core::Coo::new(
        coo.n_nodes(),
        coo.targets().to_vec(),
        coo.sources().to_vec(),
        weights,
    )?;
    super::reshaped::join(
        graph,
        graph.nodes().clone(),
        graph.edges().clone(),
        turned,
        graph.is_directed(),
    )
}

/// All edges but those from a node to itself; all nodes stay. O(m).
///
/// # Errors
///
/// [`Error::Graph`](crate::Error::Graph) if Arrow cannot gather the rows.
pub fn drop_self_loops(graph: &Graph) -> Result<Reshaped> {
    let coo = graph.coo();
    let ends = coo.sources().par_iter().zip(coo.targets()).enumerate();
    let edges = ends.filter(|(_, (u, v))| u != v).map(|(e, _)| e as u32).collect();
    select(graph, (0..graph.n_nodes() as NodeId).collect(), edges)
}

/// The smaller and the larger end of each edge.
pub(super) fn sorted_ends(sources: &[NodeId], targets: &[NodeId]) -> (Vec<NodeId>, Vec<NodeId>) {
    sources.par_iter().zip(targets).map(|(&u, &v)| (u.min(v), u.max(v))).unzip()
}

/// What bundles of parallel edges become.
pub(super) struct Merged {
    /// The first edge of each bundle, ascending.
    pub edges: Vec<u32>,
    /// The combined weight of each bundle; absent means that all are 1.
    pub weights: Option<Vec<f32>>,
    /// The number of edges in each bundle.
    pub counts: Vec<u32>,
}

/// Merges edges `from[e] → to[e]` over `n` nodes that weigh `weights[e]`, or 1.
pub(super) fn merge(
    n: usize,
    (from, to): (&[NodeId], &[NodeId]),
    weights: Option<&[f32]>,
    combine: Combine,
) -> Merged {
    let rows = Incidence::of_ends(n, from, to, false);
    let weight = |e: u32| weights.map_or(1.0, |weights| weights[e as usize]);
    let blocks = even_blocks(rows.offsets(), rayon::current_num_threads() * 8);
    let bundles: Vec<Vec<(u32, f32, u32)>> = blocks
        .into_par_iter()
        .map(|nodes| {
            let mut bundles = Vec::new();
            let mut row = Vec::new();
            for u in nodes {
                row.clear();
                row.extend(rows.at(u as NodeId));
                // By target, then by number: the first of a bundle is the first of the input.
                row.sort_unstable();
                for bundle in row.chunk_by(|a, b| a.0 == b.0) {
                    let others = bundle[1..].iter().map(|&(_, e)| weight(e));
                    let first = bundle[0].1;
                    bundles.push((first, combine.of(weight(first), others), bundle.len() as u32));
                }
            }
            bundles
        })
        .collect();
    let mut bundles: Vec<_> = bundles.into_iter().flatten().collect();
    bundles.par_sort_unstable_by_key(|&(first, ..)| first);
    let weighted = weights.is_some() || combine.makes_weights() && bundles.len() < from.len();
    Merged {
        edges: bundles.iter().map(|&(first, ..)| first).collect(),
        weights: weighted.then(|| bundles.iter().map(|&(_, weight, _)| weight).collect()),
        counts: bundles.iter().map(|&(.., count)| count).collect(),
    }
}
