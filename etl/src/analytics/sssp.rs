//! Shortest paths by weight from a set of nodes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::bfs::{Direction, UNREACHED};
use super::rows::{Rows, check_nodes, check_option};
use crate::{Control, Result};

/// Shortest paths from one or more nodes, where the length of a path is the sum of its weights; a
/// graph without weights has edges of length 1.
///
/// Nodes wait in buckets of lengths `delta` wide; the nearest bucket is followed by all threads
/// until it stays empty. Lengths are added up in `f64` along each path from its source, and the
/// least is taken, so the result depends neither on `delta` nor on threads. (Weights are not
/// negative: no graph is built with such.) About O(n + m + length / delta) time, 16 n bytes.
///
/// Source: Meyer, Sanders 2003, doi:10.1016/S0196-6774(03)00076-2, with light and heavy edges alike.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sssp {
    /// Nodes that paths start from.
    pub sources: Vec<NodeId>,
    /// Which way edges are followed.
    pub direction: Direction,
    /// Width of a bucket, above 0; none means the largest weight over the mean degree.
    pub delta: Option<f64>,
}

/// What [`Sssp::run`] found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SsspReport {
    /// Length of the shortest path from the nearest source, shape `[n]`; infinite if there is none.
    pub distance: Vec<f64>,
    /// The node before each on a shortest path, shape `[n]`: the smallest that is nearer to a
    /// source, or, if all are as near, the smallest with fewest edges in between; [`UNREACHED`]
    /// for sources and for nodes without a path.
    pub parent: Vec<NodeId>,
    /// Number of nodes reached, sources included.
    pub n_reached: usize,
}

/// Fewer nodes than this are not worth a second thread.
const SERIAL_NODES: usize = 256;

/// No weight is more than this many buckets wide.
const MOST_BUCKETS: f64 = 1000.0;

impl Sssp {
    /// Searches `graph`.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_etl::Control;
    /// use graph_etl::analytics::Sssp;
    ///
    /// let coo = Coo::new(3, vec![0, 0, 1], vec![1, 2, 2], Some(vec![1.0, 5.0, 2.0]))?;
    /// let sssp = Sssp { sources: vec![0], ..Sssp::default() };
    /// let report = sssp.run(&Graph::from_coo(coo, true), &Control::NONE).unwrap();
    /// assert_eq!(report.distance, [0.0, 1.0, 3.0]);
    /// assert_eq!(report.parent[1..], [0, 1]);
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::NoSuchNode`](crate::Error::NoSuchNode) if a source is not in `0..n_nodes`;
    /// - [`Error::BadOption`](crate::Error::BadOption) if `delta` is not above 0;
    /// - [`Error::Stopped`](crate::Error::Stopped).
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<SsspReport> {
        self.check(graph)?;
        let distance = self.distances(&self.ways(graph).0, control)?;
        Ok(self.report(graph, distance))
    }

    pub(crate) fn check(&self, graph: &Graph) -> Result<()> {
        check_nodes("sources", &self.sources, graph.n_nodes())?;
        let delta = self.delta.unwrap_or(1.0);
        check_option("delta", delta, delta > 0.0 && delta.is_finite(), "finite and above 0")
    }

    /// Rows in which edges lead away from a node, and in which they come back.
    fn ways<'g>(&self, graph: &'g Graph) -> (Vec<Rows<'g>>, Vec<Rows<'g>>) {
        let (out, r#in) = (Rows::from(graph.out_edges()), || Rows::from(graph.in_edges()));
        match (graph.is_directed(), self.direction) {
            (false, _) => (vec![out], vec![out]),
            (true, Direction::Forward) => (vec![out], vec![r#in()]),
            (true, Direction::Backward) => (vec![r#in()], vec![out]),
            (true, Direction::Both) => (vec![out, r#in()], vec![out, r#in()]),
        }
    }

    /// What follows from the lengths of shortest paths.
    pub(crate) fn report(&self, graph: &Graph, distance: Vec<f64>) -> SsspReport {
        let (away, back) = self.ways(graph);
        let parent = parents(&away, &back, &distance, &self.sources);
        let n_reached = distance.iter().filter(|d| d.is_finite()).count();
        SsspReport { distance, parent, n_reached }
    }

    fn distances(&self, away: &[Rows], control: &Control) -> Result<Vec<f64>> {
        let n = away[0].n_nodes();
        let delta = self.width(away);
        // Bits of lengths, which are not negative, sort as they do.
        let far = f64::INFINITY.to_bits();
        let distance: Vec<AtomicU64> =
            (0..n).into_par_iter().map(|_| AtomicU64::new(far)).collect();
        let of = |u: NodeId| f64::from_bits(distance[u as usize].load(Relaxed));
        for &u in &self.sources {
            distance[u as usize].store(0, Relaxed);
        }
        let mut buckets = VecDeque::from([self.sources.clone()]);
        let mut first = 0_u64;
        let mut followed = 0;
        while let Some(bucket) = buckets.front_mut() {
            let frontier = std::mem::take(bucket);
            if frontier.is_empty() {
                buckets.pop_front();
                first += 1;
                continue;
            }
            control.step("nodes", followed, None)?;
            followed += frontier.len() as u64;
            let follow = |mut found: Vec<(u64, NodeId)>, &u: &NodeId| {
                let from = of(u);
                // It was in this bucket, but has been followed from a nearer one.
                if bucket_of(from, delta) < first {
                    return found;
                }
                for (v, weight) in away.iter().flat_map(|rows| rows.edges(u)) {
                    let length = from + f64::from(weight);
                    let to = &distance[v as usize];
                    let bits = length.to_bits();
                    if bits < to.load(Relaxed) && bits < to.fetch_min(bits, Relaxed) {
                        found.push((bucket_of(length, delta), v));
                    }
                }
                found
            };
            let parts = match frontier.len() < SERIAL_NODES {
                true => vec![frontier.iter().fold(Vec::new(), follow)],
                false => {
                    let parts = frontier.par_iter().with_min_len(SERIAL_NODES / 4);
                    parts.fold(Vec::new, follow).collect::<Vec<_>>()
                }
            };
            for (bucket, v) in parts.into_iter().flatten() {
                let at = (bucket - first) as usize;
                if buckets.len() <= at {
                    buckets.resize_with(at + 1, Vec::new);
                }
                buckets[at].push(v);
            }
        }
        Ok(distance.into_iter().map(|bits| f64::from_bits(bits.into_inner())).collect())
    }

    /// Width of a bucket.
    fn width(&self, away: &[Rows]) -> f64 {
        let largest = away
            .iter()
            .map(|rows| {
                let weights = rows.weights.unwrap_or(&[1.0]);
                weights.par_iter().copied().reduce(|| 0.0, f32::max)
            })
            .fold(0.0, f32::max);
        if largest == 0.0 {
            return 1.0;
        }
        let entries: usize = away.iter().map(|rows| rows.targets.len()).sum();
        let degree = (entries as f64 / away[0].n_nodes() as f64).max(1.0);
        let largest = f64::from(largest);
        self.delta.unwrap_or(largest / degree).max(largest / MOST_BUCKETS)
    }
}

/// Number of the bucket that holds this length.
fn bucket_of(length: f64, delta: f64) -> u64 {
    (length / delta) as u64
}

/// The node before each on a shortest path.
fn parents(away: &[Rows], back: &[Rows], distance: &[f64], sources: &[NodeId]) -> Vec<NodeId> {
    let n = distance.len();
    let mut is_source = vec![false; n];
    for &u in sources {
        is_source[u as usize] = true;
    }
    let is_step = |u: NodeId, weight: f32, v: NodeId| {
        distance[u as usize] + f64::from(weight) == distance[v as usize]
    };
    let into = |v: NodeId| {
        let steps = back.iter().flat_map(move |rows| rows.edges(v));
        steps.filter(move |&(u, weight)| is_step(u, weight, v)).map(|(u, _)| u)
    };
    let has_path = |v: NodeId| distance[v as usize].is_finite() && !is_source[v as usize];
    let mut parent: Vec<NodeId> = (0..n as u32)
        .into_par_iter()
        .with_min_len(256)
        .map(|v| {
            let nearer = |&u: &NodeId| distance[u as usize] < distance[v as usize];
            let nearest = has_path(v).then(|| into(v).filter(nearer).min());
            nearest.flatten().unwrap_or(UNREACHED)
        })
        .collect();
    // What only edges that add nothing lead to is found step by step, lest parents go in circles.
    let is_open = |parent: &[NodeId], v: NodeId| parent[v as usize] == UNREACHED && has_path(v);
    let open: Vec<NodeId> = (0..n as u32).filter(|&v| is_open(&parent, v)).collect();
    let mut found: Vec<(NodeId, NodeId)> = Vec::new();
    for &v in &open {
        found.extend(into(v).filter(|&u| !is_open(&parent, u)).map(|u| (v, u)));
    }
    while !found.is_empty() {
        for &(v, u) in &found {
            parent[v as usize] = parent[v as usize].min(u);
        }
        let mut frontier: Vec<NodeId> = found.drain(..).map(|(v, _)| v).collect();
        frontier.sort_unstable();
        frontier.dedup();
        for u in frontier {
            let steps = away.iter().flat_map(|rows| rows.edges(u));
            let next = steps.filter(|&(v, weight)| is_step(u, weight, v) && is_open(&parent, v));
            found.extend(next.map(|(v, _)| (v, u)));
        }
    }
    parent
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use graph_core::generate::{Random, Rmat, rmat};
    use proptest::prelude::*;

    use super::super::paths::Paths;
    use super::*;

    fn edges_of(graph: &Graph, direction: Direction) -> Vec<(usize, usize, f64)> {
        let coo = graph.coo();
        let mut edges = Vec::new();
        for (e, (&u, &v)) in coo.sources().iter().zip(coo.targets()).enumerate() {
            let w = coo.weights().map_or(1.0, |w| f64::from(w[e]));
            if !graph.is_directed() || direction != Direction::Backward {
                edges.push((u as usize, v as usize, w));
            }
            if !graph.is_directed() || direction != Direction::Forward {
                edges.push((v as usize, u as usize, w));
            }
        }
        edges
    }

    proptest! {
        /// Oracle: rounds over all edges until nothing changes. Parents lead back to a source.
        #[test]
        fn distances_are_those_of_rounds(
            edges in prop::collection::vec((0..12_u32, 0..12_u32, 0..6_u8), 0..40),
            sources in prop::collection::vec(0..12_u32, 0..3),
            direction in prop::sample::select(
                vec![Direction::Forward, Direction::Backward, Direction::Both]
            ),
            delta in prop::option::of(0.1..20.0),
            weighted: bool, directed: bool,
        ) {
            let coo = Coo::new(
                12,
                edges.iter().map(|e| e.0).collect(),
                edges.iter().map(|e| e.1).collect(),
                weighted.then(|| edges.iter().map(|e| e.2.into()).collect()),
            ).unwrap();
            let graph = Graph::from_coo(coo, directed);
            let steps = edges_of(&graph, direction);
            let mut distance = vec![f64::INFINITY; 12];
            for &u in &sources {
                distance[u as usize] = 0.0;
            }
            for _ in 0..12 {
                for &(u, v, w) in &steps {
                    distance[v] = distance[v].min(distance[u] + w);
                }
            }
            let sssp = Sssp { sources: sources.clone(), direction, delta };
            let found = sssp.run(&graph, &Control::NONE).unwrap();
            prop_assert_eq!(&found.distance, &distance);
            for v in 0..12 {
                let is_source = sources.contains(&(v as u32));
                prop_assert_eq!(found.parent[v] == UNREACHED, is_source || distance[v].is_infinite());
                let (mut at, mut hops) = (v, 0);
                while found.parent[at] != UNREACHED {
                    let before = found.parent[at] as usize;
                    let taken = |&(a, b, w): &(usize, usize, f64)| {
                        (a, b) == (before, at) && distance[a] + w == distance[b]
                    };
                    prop_assert!(steps.iter().any(taken));
                    at = before;
                    hops += 1;
                    prop_assert!(hops < 12, "parents go in a circle");
                }
            }
        }
    }

    #[test]
    fn large_graphs_agree_with_dijkstra_on_any_number_of_threads() {
        let shape = rmat(&Rmat { scale: 12, n_edges: 60_000, ..Rmat::default() }).unwrap();
        let mut random = Random::new(1, 1);
        let weights = (0..60_000).map(|_| random.unit() as f32).collect();
        let (sources, targets) = (shape.coo().sources(), shape.coo().targets());
        let coo = Coo::new(1 << 12, sources.to_vec(), targets.to_vec(), Some(weights)).unwrap();
        let graph = Graph::from_coo(coo, true);
        let source = sources[0];
        let mut paths = Paths::<f64>::new(1 << 12);
        paths.search(&[Rows::from(graph.out_edges())], source);
        let sssp = Sssp { sources: vec![source], ..Sssp::default() };
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| sssp.run(&graph, &Control::NONE).unwrap())
        };
        let one = with(1);
        assert_eq!(one.distance, paths.length);
        assert!(one.n_reached > 1000 && one == with(4));
    }
}
