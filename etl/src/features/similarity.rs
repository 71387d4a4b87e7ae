//! How alike two nodes are, by the neighbors that they have in common.

use graph_core::NodeId;
use rayon::prelude::*;

use crate::pace::Pace;
use crate::tally::{Tallies, Tally};
use crate::topology::Undirected;
use crate::{Control, Error, Result};

/// A measure of how alike two nodes `u` and `v` are.
///
/// `N(u)` are the neighbors of `u` without self-loops, `d(u)` is their number. If the graph has
/// weights, `|N(u)|` becomes the sum `s(u)` of the weights of `u`, and a common neighbor `z` counts
/// `min(w_uz, w_vz)` instead of 1; cosine is that of the rows of weights. 0 over 0 is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Similarity {
    /// `|N(u) ∩ N(v)|`.
    CommonNeighbors,
    /// `|N(u) ∩ N(v)| / |N(u) ∪ N(v)|`.
    #[default]
    Jaccard,
    /// `|N(u) ∩ N(v)| / min(|N(u)|, |N(v)|)`: Szymkiewicz–Simpson.
    Overlap,
    /// `2 |N(u) ∩ N(v)| / (|N(u)| + |N(v)|)`: Sørensen–Dice.
    Sorensen,
    /// `|N(u) ∩ N(v)| / √(|N(u)| |N(v)|)`: Salton.
    Cosine,
    /// `Σ_z 1 / ln d(z)` over common neighbors.
    AdamicAdar,
    /// `Σ_z 1 / d(z)` over common neighbors.
    ResourceAllocation,
    /// `|N(u)| |N(v)|`.
    PreferentialAttachment,
}

/// Similarities of given pairs of nodes, shape `[n_pairs]`.
///
/// Pairs may repeat and may be of a node with itself, whose neighbors all are in common; a common
/// neighbor of degree 1, which only such pairs have, adds nothing to Adamic–Adar (networkx divides
/// by zero there). O(min(d log D, d + D)) time for a pair of degrees `d` and `D`, in parallel; the
/// result does not depend on the number of threads.
///
/// Sources: Liben-Nowell, Kleinberg 2007, doi:10.1002/asi.20591; Zhou, Lü, Zhang 2009,
/// doi:10.1140/epjb/e2009-00335-8.
///
/// ```
/// use graph_core::Coo;
/// use graph_etl::Control;
/// use graph_etl::features::{Similarity, similarity};
/// use graph_etl::topology::{Merge, Undirected};
///
/// let coo = Coo::new(4, vec![0, 0, 1, 1], vec![2, 3, 2, 3], None)?;
/// let graph = Undirected::from_coo(&coo, Merge::Unit);
/// let scores = similarity(&graph, Similarity::Jaccard, &[0, 0], &[1, 2], &Control::NONE)?;
/// assert_eq!(scores, [1.0, 0.0]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::LengthMismatch`] if `targets` is not as long as `sources`;
/// - [`Error::NoSuchNode`] if a node is not in the graph;
/// - [`Error::Stopped`] if the caller wants to stop.
pub fn similarity(
    graph: &Undirected,
    measure: Similarity,
    sources: &[NodeId],
    targets: &[NodeId],
    control: &Control,
) -> Result<Vec<f64>> {
    const BLOCK: usize = 1 << 10;
    let (found, expected) = (targets.len(), sources.len());
    if found != expected {
        return Err(Error::LengthMismatch { name: "targets", found, expected });
    }
    let n_nodes = graph.n_nodes();
    for (name, nodes) in [("sources", sources), ("targets", targets)] {
        if let Some(&node) = nodes.iter().find(|&&node| n_nodes <= node as usize) {
            return Err(Error::NoSuchNode { name, node, n_nodes });
        }
    }
    let scorer = Scorer::new(graph, measure);
    let mut scores = vec![0.0; sources.len()];
    let pace = Pace::new(control, "pairs", sources.len());
    let pairs = sources.par_chunks(BLOCK).zip(targets.par_chunks(BLOCK));
    scores.par_chunks_mut(BLOCK).zip(pairs).for_each(|(scores, (sources, targets))| {
        pace.part(scores.len(), || {
            for ((score, &u), &v) in scores.iter_mut().zip(sources).zip(targets) {
                *score = scorer.score(u, v, scorer.common(u, v));
            }
        });
    });
    pace.finish()?;
    Ok(scores)
}

/// For each node the `k` nodes that are most like it, among those with a common neighbor.
///
/// Counts along all paths of two edges, so that pairs without common neighbors cost nothing: O(Σ
/// d²) time over the degrees, in parallel. Where that is too much, as a few hubs make it,
/// `max_degree` leaves them out as common neighbors (not as ends); scores are then lower bounds.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct MostSimilar {
    /// What similar means.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().measure))]
    pub measure: Similarity,
    /// Number of nodes for each node, at least 1; there may be fewer.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().k))]
    pub k: u32,
    /// Common neighbors of a higher degree do not count.
    #[cfg_attr(feature = "clap", arg(long))]
    pub max_degree: Option<u32>,
    /// Leave out nodes that are neighbors already: what is left are edges that may be missing.
    #[cfg_attr(feature = "clap", arg(long))]
    pub skip_neighbors: bool,
}

impl Default for MostSimilar {
    fn default() -> Self {
        Self { measure: Similarity::default(), k: 10, max_degree: None, skip_neighbors: false }
    }
}

/// Nodes that are alike.
///
/// | array     | shape          | meaning                                                     |
/// |-----------|----------------|-------------------------------------------------------------|
/// | `offsets` | `[n + 1]`      | nodes like `u` sit at `offsets[u]..offsets[u+1]`            |
/// | `targets` | `[n_pairs]`    | the most similar first; equal ones ascend                   |
/// | `scores`  | `[n_pairs]`    | similarity of each                                          |
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SimilarNodes {
    /// Row boundaries, shape `[n + 1]`.
    pub offsets: Vec<usize>,
    /// Similar nodes of all nodes.
    pub targets: Vec<NodeId>,
    /// Their similarities.
    pub scores: Vec<f64>,
}

/// The nodes most like one, with their similarities.
type Row = Vec<(NodeId, f64)>;

impl MostSimilar {
    /// The nodes most like each node of `graph`; the same for any number of threads.
    ///
    /// ```
    /// use graph_core::Coo;
    /// use graph_etl::Control;
    /// use graph_etl::features::MostSimilar;
    /// use graph_etl::topology::{Merge, Undirected};
    ///
    /// let coo = Coo::new(4, vec![0, 0, 1, 1], vec![2, 3, 2, 3], None)?;
    /// let graph = Undirected::from_coo(&coo, Merge::Unit);
    /// let found = MostSimilar::default().run(&graph, &Control::NONE)?;
    /// assert_eq!(found.targets, [1, 0, 3, 2]);
    /// assert_eq!(found.scores, [1.0; 4]);
    /// # Ok::<(), graph_etl::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if `k` is 0;
    /// - [`Error::Stopped`] if the caller wants to stop.
    pub fn run(&self, graph: &Undirected, control: &Control) -> Result<SimilarNodes> {
        const BLOCK: usize = 16;
        if self.k == 0 {
            let value = "0".into();
            return Err(Error::BadOption { option: "k", value, allowed: "at least 1" });
        }
        let n = graph.n_nodes();
        let scorer = Scorer::new(graph, self.measure);
        let tallies = Tallies::new();
        let pace = Pace::new(control, "nodes", n);
        let blocks: Vec<Option<Vec<Row>>> = (0..n.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let nodes = block * BLOCK..n.min((block + 1) * BLOCK);
                pace.try_part(nodes.len(), || {
                    let tally = &mut tallies.mine();
                    // The row of a hub takes long.
                    nodes
                        .map(|u| pace.unless_stopped(|| self.row(&scorer, tally, u as NodeId)))
                        .collect()
                })
            })
            .collect();
        pace.finish()?;
        let mut found = SimilarNodes { offsets: vec![0], targets: Vec::new(), scores: Vec::new() };
        for row in blocks.into_iter().flatten().flatten() {
            for (v, score) in row {
                found.targets.push(v);
                found.scores.push(score);
            }
            found.offsets.push(found.targets.len());
        }
        Ok(found)
    }

    fn row(&self, scorer: &Scorer, tally: &mut Tally, u: NodeId) -> Row {
        let graph = scorer.graph;
        let most = self.max_degree.map_or(usize::MAX, |most| most as usize);
        let between = || graph.row(u).filter(|&entry| graph.degree(graph.targets()[entry]) <= most);
        let paths: usize = between().map(|entry| graph.degree(graph.targets()[entry])).sum();
        tally.reset(paths.min(graph.n_nodes()), graph.n_nodes());
        for first in between() {
            let z = graph.targets()[first];
            for second in graph.row(z) {
                // A row is symmetric: this is the weight of z to v and of v to z.
                tally.add(graph.targets()[second], scorer.term(z, first, second));
            }
        }
        let mut row: Vec<(NodeId, f64)> = tally
            .iter()
            .filter(|&(v, _)| v != u)
            .filter(|&(v, _)| {
                !(self.skip_neighbors && graph.neighbors(u).binary_search(&v).is_ok())
            })
            .map(|(v, common)| (v, scorer.score(u, v, common)))
            .collect();
        let order = |a: &(NodeId, f64), b: &(NodeId, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        let k = self.k as usize;
        if row.len() > k {
            row.select_nth_unstable_by(k, order);
            row.truncate(k);
        }
        row.sort_unstable_by(order);
        row
    }
}

/// What a measure needs to know of each node.
struct Scorer<'a> {
    graph: &'a Undirected,
    measure: Similarity,
    /// What a common neighbor counts, shape `[n]`; empty if all count 1.
    shares: Vec<f64>,
    /// Size of each neighborhood, shape `[n]`: for cosine, the sum of squared weights.
    sizes: Vec<f64>,
}

impl<'a> Scorer<'a> {
    fn new(graph: &'a Undirected, measure: Similarity) -> Self {
        let nodes = || (0..graph.n_nodes() as NodeId).into_par_iter();
        let degree = |u| graph.degree(u) as f64;
        let shares = match measure {
            // Infinite for degree 1, which counts as nothing.
            Similarity::AdamicAdar => nodes()
                .map(|u| if graph.degree(u) > 1 { degree(u).ln().recip() } else { 0.0 })
                .collect(),
            Similarity::ResourceAllocation => {
                nodes().map(|u| if graph.degree(u) > 0 { degree(u).recip() } else { 0.0 }).collect()
            }
            _ => Vec::new(),
        };
        let size = |u| match graph.weights() {
            None => degree(u),
            Some(weights) => {
                let row = weights[graph.row(u)].iter().map(|&weight| f64::from(weight));
                match measure {
                    Similarity::Cosine => row.map(|weight| weight * weight).sum(),
                    _ => row.sum(),
                }
            }
        };
        Self { graph, measure, shares, sizes: nodes().map(size).collect() }
    }

    /// What the common neighbor `z` at the entries `first` and `second` adds.
    #[inline(always)]
    fn term(&self, z: NodeId, first: usize, second: usize) -> f64 {
        let share = self.shares.get(z as usize).copied().unwrap_or(1.0);
        match (self.graph.weights(), self.measure) {
            (None, _) => share,
            (Some(weights), Similarity::Cosine) => {
                f64::from(weights[first]) * f64::from(weights[second])
            }
            (Some(weights), _) => share * f64::from(weights[first].min(weights[second])),
        }
    }

    /// Sum of the terms of the common neighbors, in their order.
    fn common(&self, u: NodeId, v: NodeId) -> f64 {
        if self.measure == Similarity::PreferentialAttachment {
            return 0.0;
        }
        let targets = self.graph.targets();
        let (mut short, mut long) = (self.graph.row(u), self.graph.row(v));
        if long.len() < short.len() {
            std::mem::swap(&mut short, &mut long);
        }
        let mut sum = 0.0;
        // A step of the merge costs less than one of a search.
        let searches = long.len() / 8 > short.len();
        for first in short {
            let z = targets[first];
            let rest = &targets[long.clone()];
            long.start += match searches {
                true => rest.partition_point(|&other| other < z),
                false => rest.iter().position(|&other| other >= z).unwrap_or(rest.len()),
            };
            if long.is_empty() {
                break;
            }
            if targets[long.start] == z {
                sum += self.term(z, first, long.start);
            }
        }
        sum
    }

    fn score(&self, u: NodeId, v: NodeId, common: f64) -> f64 {
        let (a, b) = (self.sizes[u as usize], self.sizes[v as usize]);
        let over = |size: f64| if size > 0.0 { common / size } else { 0.0 };
        match self.measure {
            Similarity::CommonNeighbors
            | Similarity::AdamicAdar
            | Similarity::ResourceAllocation => common,
            Similarity::Jaccard => over(a + b - common),
            Similarity::Overlap => over(a.min(b)),
            Similarity::Sorensen => 2.0 * over(a + b),
            Similarity::Cosine => over((a * b).sqrt()),
            Similarity::PreferentialAttachment => a * b,
        }
    }
}
