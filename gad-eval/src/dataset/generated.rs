//! Graphs and streams in which anomalies are planted: how well those are found says what a detector
//! looks for, not what it is worth on real data.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Int64Array, RecordBatch, StringArray,
    UInt32Array,
};
use arrow::datatypes::{DataType, Field};
use graph_core::NodeId;
use graph_core::generate::{
    BarabasiAlbert, PlantedPartition, Random, barabasi_albert, planted_partition,
};

use crate::Result;

/// A normal variate: the sum of twelve uniform ones, which needs no logarithm and is the same on every
/// machine.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

/// An index in `0..n`.
fn index(random: &mut Random, n: usize) -> usize {
    random.below(n as u64) as usize
}

/// `k` different nodes in `0..n`, as they are drawn.
fn distinct(random: &mut Random, k: usize, n: usize) -> Vec<NodeId> {
    let mut chosen = Vec::with_capacity(k);
    while chosen.len() < k {
        let node = index(random, n) as NodeId;
        if !chosen.contains(&node) {
            chosen.push(node);
        }
    }
    chosen
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    Ok(RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )?)
}

/// A graph whose nodes have features, before anything is planted in it.
pub(super) struct NodeGraph {
    edges: Result<(usize, Vec<(NodeId, NodeId)>)>,
    n_features: usize,
    /// Group of a node whose features gather around one center; without, features follow neighbors.
    groups: Option<usize>,
    /// Size and number of planted cliques and stars.
    cliques: (usize, usize),
    stars: (usize, usize),
    n_contextual: usize,
    seed: u64,
}

fn pairs(graph: graph_core::Result<graph_core::Graph>) -> Result<(usize, Vec<(NodeId, NodeId)>)> {
    let graph = graph?;
    let coo = graph.coo();
    let pairs = coo.sources().iter().copied().zip(coo.targets().iter().copied()).collect();
    Ok((coo.n_nodes(), pairs))
}

/// 2,000 nodes in 20 communities, which features follow; 4 cliques of 10 nodes, and 40 nodes with
/// features of another place.
pub(super) fn communities() -> NodeGraph {
    let partition =
        PlantedPartition { n_nodes: 2000, n_blocks: 20, p_in: 0.08, p_out: 0.0008, seed: 5 };
    NodeGraph {
        edges: pairs(planted_partition(&partition)),
        n_features: 16,
        groups: Some(100),
        cliques: (10, 4),
        stars: (0, 0),
        n_contextual: 40,
        seed: 5,
    }
}

/// 3,000 nodes with a power law of degrees, and features that neighbors share; 5 cliques of 8 nodes, 10
/// stars of 40, and 40 nodes with features of another place.
pub(super) fn hubs() -> NodeGraph {
    let graph = BarabasiAlbert { n_nodes: 3000, n_neighbors: 4, seed: 6 };
    NodeGraph {
        edges: pairs(barabasi_albert(&graph)),
        n_features: 12,
        groups: None,
        cliques: (8, 5),
        stars: (40, 10),
        n_contextual: 40,
        seed: 6,
    }
}

/// Plants anomalies as Ding et al. 2019, doi:10.1137/1.9781611975673.67, do: nodes that are made a
/// clique, and nodes whose features become those of the least similar of 50 others. Stars, nodes that
/// are joined with strangers, are ours. Gives edges and nodes.
pub(super) fn node_graph(options: &NodeGraph) -> Result<(RecordBatch, RecordBatch)> {
    let &NodeGraph { n_features: f, groups, cliques, stars, n_contextual, seed, .. } = options;
    let (n, mut edges) = match &options.edges {
        Ok((n, edges)) => (*n, edges.clone()),
        // The options are constants that the generators accept.
        Err(error) => {
            return Err(crate::Error::BadOption {
                option: "generator",
                value: error.to_string().into(),
                allowed: "what the generators of graphs accept",
            });
        }
    };
    let mut random = Random::new(seed, 0);
    let mut features: Vec<f64> = (0..n * f).map(|_| normal(&mut random)).collect();
    match groups {
        Some(size) => {
            let centers: Vec<f64> =
                (0..n.div_ceil(size) * f).map(|_| normal(&mut random)).collect();
            for (at, value) in features.iter_mut().enumerate() {
                *value = 0.6 * *value + centers[at / f / size * f + at % f];
            }
        }
        None => features = smoothed(n, f, &edges, &features),
    }
    let mut kinds: Vec<Option<&str>> = vec![None; n];
    let mut fresh = |kinds: &mut [Option<&'static str>], k: usize, kind: &'static str| {
        let mut chosen = Vec::with_capacity(k);
        while chosen.len() < k {
            let node = index(&mut random, n);
            if kinds[node].is_none() {
                kinds[node] = Some(kind);
                chosen.push(node as NodeId);
            }
        }
        chosen
    };
    let members: Vec<_> = (0..cliques.1).map(|_| fresh(&mut kinds, cliques.0, "clique")).collect();
    let centers = fresh(&mut kinds, stars.1, "star");
    let contextual = fresh(&mut kinds, n_contextual, "contextual");
    for members in members {
        for (at, &u) in members.iter().enumerate() {
            edges.extend(members[at + 1..].iter().map(|&v| (u, v)));
        }
    }
    for center in centers {
        let ends = distinct(&mut random, stars.0, n);
        edges.extend(ends.into_iter().filter(|&end| end != center).map(|end| (center, end)));
    }
    let before = features.clone();
    let row = |node: usize| &before[node * f..][..f];
    for node in contextual {
        let node = node as usize;
        let far = |other: usize| -> f64 {
            row(node).iter().zip(row(other)).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let candidates: Vec<usize> = (0..50).map(|_| index(&mut random, n)).collect();
        let farthest = candidates.into_iter().max_by(|&a, &b| far(a).total_cmp(&far(b)));
        if let Some(other) = farthest {
            features[node * f..][..f].copy_from_slice(row(other));
        }
    }
    edges.sort_unstable();
    edges.dedup();
    let (sources, targets): (Vec<NodeId>, Vec<NodeId>) = edges.into_iter().unzip();
    let values = Float32Array::from_iter_values(features.iter().map(|&value| value as f32));
    let field = Arc::new(Field::new("item", DataType::Float32, false));
    let lists = FixedSizeListArray::try_new(field, f as i32, Arc::new(values), None)?;
    let labels: BooleanArray = kinds.iter().map(|kind| Some(kind.is_some())).collect();
    let nodes = batch(vec![
        ("node_id", Arc::new(UInt32Array::from_iter_values(0..n as u32)) as ArrayRef),
        ("label", Arc::new(labels)),
        ("kind", Arc::new(StringArray::from(kinds))),
        ("features", Arc::new(lists)),
    ])?;
    let edges = batch(vec![
        ("src", Arc::new(UInt32Array::from(sources)) as ArrayRef),
        ("dst", Arc::new(UInt32Array::from(targets))),
    ])?;
    Ok((edges, nodes))
}

/// Features with three times the mean of those of the neighbors added.
fn smoothed(n: usize, f: usize, edges: &[(NodeId, NodeId)], features: &[f64]) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; n * f], vec![0.0_f64; n]);
    for &(u, v) in edges {
        for (to, from) in [(u as usize, v as usize), (v as usize, u as usize)] {
            counts[to] += 1.0;
            for column in 0..f {
                sums[to * f + column] += features[from * f + column];
            }
        }
    }
    let mean = |at: usize| sums[at] / counts[at / f].max(1.0);
    features.iter().enumerate().map(|(at, value)| value + 3.0 * mean(at)).collect()
}

/// What is planted in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    /// One pair again and again.
    Burst,
    /// One source, many targets.
    Scan,
    /// Many sources, one target.
    Flood,
    /// All pairs between two small groups.
    Block,
    /// One edge between communities.
    Stranger,
}

/// A stream of edges.
pub(super) struct Stream<'a> {
    kinds: &'a [Planted],
    n_nodes: usize,
    /// Nodes of a community.
    community: usize,
    n_ticks: usize,
    /// Edges of a tick, on average.
    rate: usize,
    /// Anomalous edges, about.
    n_anomalies: usize,
    seed: u64,
}

impl<'a> Stream<'a> {
    /// 400 ticks, or 800 for more than one kind, of about 100 edges between 1,000 nodes.
    pub(super) fn of(kinds: &'a [Planted]) -> Self {
        let longer = if kinds.len() == 1 { 1 } else { 2 };
        // Streams of one kind differ in their background too.
        let seed = kinds.iter().fold(7, |seed, &kind| seed * 31 + kind as u64);
        Self {
            kinds,
            n_nodes: 1000,
            community: 50,
            n_ticks: 400 * longer,
            rate: 100,
            n_anomalies: 600 * longer,
            seed,
        }
    }
}

/// Ticks at the start in which nothing is planted, so that there is something to compare with.
const WARM_UP: usize = 50;

type Edge = (usize, NodeId, NodeId, Option<&'static str>);

/// Traffic that goes up and down, between nodes that prefer a few others, and what is planted in it.
pub(super) fn stream(options: &Stream<'_>) -> Result<RecordBatch> {
    let &Stream { kinds, n_nodes, community, n_ticks, rate, n_anomalies, seed } = options;
    let mut random = Random::new(seed, 0);
    let near = |random: &mut Random, node: usize| {
        let start = node / community * community;
        start + index(random, community)
    };
    let contacts: Vec<[usize; 8]> =
        (0..n_nodes).map(|node| std::array::from_fn(|_| near(&mut random, node))).collect();
    // Which nodes are busy has nothing to do with their numbers.
    let busy = distinct(&mut random, n_nodes, n_nodes);
    let mut edges: Vec<Edge> = Vec::with_capacity(n_ticks * rate * 11 / 10);
    for tick in 0..n_ticks {
        // A wave of 100 ticks between half and one and a half of the rate.
        let phase = (tick % 100) as i64 - 50;
        let wave = rate / 2 + rate * phase.unsigned_abs() as usize / 50;
        let n_edges = wave * 4 / 5 + index(&mut random, wave * 2 / 5 + 1);
        for _ in 0..n_edges {
            let share = random.unit();
            let source =
                busy[((share * share * n_nodes as f64) as usize).min(n_nodes - 1)] as usize;
            let target = match random.below(10) {
                0 => near(&mut random, source),
                _ => contacts[source][index(&mut random, 8)],
            };
            edges.push((tick, source as NodeId, target as NodeId, None));
        }
    }
    for &kind in kinds {
        plant(kind, n_anomalies / kinds.len(), options, &mut random, &mut edges);
    }
    // Within a tick the order is random.
    let mut keyed: Vec<(usize, u64, Edge)> =
        edges.into_iter().map(|edge| (edge.0, random.bits(), edge)).collect();
    keyed.sort_unstable_by_key(|&(tick, key, _)| (tick, key));
    let edges: Vec<Edge> = keyed.into_iter().map(|(_, _, edge)| edge).collect();
    batch(vec![
        (
            "src",
            Arc::new(UInt32Array::from_iter_values(edges.iter().map(|edge| edge.1))) as ArrayRef,
        ),
        ("dst", Arc::new(UInt32Array::from_iter_values(edges.iter().map(|edge| edge.2)))),
        ("ts", Arc::new(Int64Array::from_iter_values(edges.iter().map(|edge| edge.0 as i64)))),
        (
            "label",
            Arc::new(edges.iter().map(|edge| Some(edge.3.is_some())).collect::<BooleanArray>()),
        ),
        ("kind", Arc::new(edges.iter().map(|edge| edge.3).collect::<StringArray>())),
    ])
}

/// Appends about `n` anomalous edges of a kind.
fn plant(
    kind: Planted,
    n: usize,
    options: &Stream<'_>,
    random: &mut Random,
    edges: &mut Vec<Edge>,
) {
    let &Stream { n_nodes, community, n_ticks, .. } = options;
    let begin =
        |random: &mut Random, length: usize| WARM_UP + index(random, n_ticks - WARM_UP - length);
    let mut left = n;
    while 0 < left {
        let before = edges.len();
        match kind {
            Planted::Burst => {
                let (start, ends) = (begin(random, 3), distinct(random, 2, n_nodes));
                for _ in 0..30 {
                    let tick = start + index(random, 3);
                    edges.push((tick, ends[0], ends[1], Some("burst")));
                }
            }
            Planted::Scan | Planted::Flood => {
                let (start, ends) = (begin(random, 4), distinct(random, 41, n_nodes));
                for &end in &ends[1..] {
                    let tick = start + index(random, 4);
                    edges.push(match kind {
                        Planted::Scan => (tick, ends[0], end, Some("scan")),
                        _ => (tick, end, ends[0], Some("flood")),
                    });
                }
            }
            Planted::Block => {
                let (start, ends) = (begin(random, 20), distinct(random, 16, n_nodes));
                for (&source, &target) in
                    ends[..8].iter().flat_map(|u| ends[8..].iter().map(move |v| (u, v)))
                {
                    edges.push((start + index(random, 20), source, target, Some("block")));
                }
            }
            Planted::Stranger => {
                let (start, ends) = (begin(random, 1), distinct(random, 2, n_nodes));
                if ends[0] as usize / community != ends[1] as usize / community {
                    edges.push((start, ends[0], ends[1], Some("stranger")));
                }
            }
        }
        left = left.saturating_sub(edges.len() - before);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Int64Type, UInt32Type};

    use super::*;

    #[test]
    fn streams_hold_what_is_planted() {
        let table = stream(&Stream::of(&[Planted::Scan])).unwrap();
        let column = |name: &str| table.column_by_name(name).unwrap();
        let labels = column("label").as_boolean();
        assert_eq!((labels.true_count(), labels.null_count()), (600, 0));
        let times = column("ts").as_primitive::<Int64Type>().values();
        assert!(times.is_sorted() && times[times.len() - 1] == 399);
        let sources = column("src").as_primitive::<UInt32Type>().values();
        let scanners: BTreeSet<u32> =
            (0..labels.len()).filter(|&at| labels.value(at)).map(|at| sources[at]).collect();
        assert!((10..=15).contains(&scanners.len()), "{scanners:?}");
        let first = (0..labels.len()).find(|&at| labels.value(at)).unwrap();
        assert!(WARM_UP as i64 <= times[first]);
        assert!((35_000..50_000).contains(&labels.len()), "{}", labels.len());
    }

    #[test]
    fn graphs_hold_what_is_planted() {
        let (edges, nodes) = node_graph(&hubs()).unwrap();
        let kinds = nodes.column_by_name("kind").unwrap();
        let kinds = kinds.as_string::<i32>();
        let count = |kind: &str| kinds.iter().filter(|&found| found == Some(kind)).count();
        assert_eq!((count("clique"), count("star"), count("contextual")), (40, 10, 40));
        let sources = edges.column_by_name("src").unwrap().as_primitive::<UInt32Type>().values();
        let targets = edges.column_by_name("dst").unwrap().as_primitive::<UInt32Type>().values();
        let star = kinds.iter().position(|kind| kind == Some("star")).unwrap() as u32;
        let ends = sources.iter().chain(targets).filter(|&&end| end == star).count();
        assert!(40 <= ends, "{ends}");
    }
}
