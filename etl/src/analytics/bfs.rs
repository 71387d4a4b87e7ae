//! Breadth-first search: hops from a set of nodes.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::rows::{Rows, check_nodes};
use crate::{Control, Result};

/// The distance of a node that no path leads to, and the parent of a node that has none.
pub const UNREACHED: u32 = u32::MAX;

/// Which way edges are followed; undirected edges always both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Direction {
    /// From source to target.
    #[default]
    Forward,
    /// From target to source.
    Backward,
    /// Both ways.
    Both,
}

/// Breadth-first search from one or more nodes.
///
/// Level by level. A level looks from the frontier at its neighbors, or, when these are a large
/// part of what is left, from each node not yet reached for a neighbor in the frontier, stopping
/// at the first. O(n + m) time and O(n) memory besides the adjacency of the directions followed,
/// which the graph keeps. The result does not depend on threads.
///
/// Source: Beamer, Asanović, Patterson 2012, doi:10.1109/SC.2012.50.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bfs {
    /// Nodes that the search starts from, with distance 0.
    pub sources: Vec<NodeId>,
    /// Which way edges are followed.
    pub direction: Direction,
    /// Do not go further than this many hops.
    pub max_distance: Option<u32>,
}

/// What a [`Bfs`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct BfsReport {
    /// Hops from the nearest source, shape `[n]`; [`UNREACHED`] if there is no path.
    pub distance: Vec<u32>,
    /// The smallest neighbor of each node that is one hop nearer to a source, shape `[n]`;
    /// [`UNREACHED`] for sources and for nodes without a path.
    pub parent: Vec<NodeId>,
    /// Number of nodes reached, sources included.
    pub n_reached: usize,
    /// The largest distance of a node reached.
    pub depth: u32,
}

impl Bfs {
    /// Searches `graph`.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_etl::Control;
    /// use graph_etl::analytics::{Bfs, UNREACHED};
    ///
    /// let graph = Graph::from_coo(Coo::new(4, vec![0, 1, 3], vec![1, 2, 2], None)?, true);
    /// let report = Bfs { sources: vec![0], ..Bfs::default() }.run(&graph, &Control::NONE).unwrap();
    /// assert_eq!(report.distance, [0, 1, 2, UNREACHED]);
    /// assert_eq!(report.parent, [UNREACHED, 0, 1, UNREACHED]);
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::NoSuchNode`](crate::Error::NoSuchNode) if a source is not in `0..n_nodes`;
    /// - [`Error::Stopped`](crate::Error::Stopped).
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<BfsReport> {
        check_nodes("sources", &self.sources, graph.n_nodes())?;
        let (out, r#in) =
            (|| Rows::of(graph.out_edges(), false), || Rows::of(graph.in_edges(), false));
        let most = self.max_distance.unwrap_or(UNREACHED - 1);
        let mut search = Search::new(graph.n_nodes());
        match (graph.is_directed(), self.direction) {
            (false, _) => search.run(&[out()], &[out()], &self.sources, most, control)?,
            (true, Direction::Forward) => {
                search.run(&[out()], &[r#in()], &self.sources, most, control)?;
            }
            (true, Direction::Backward) => {
                search.run(&[r#in()], &[out()], &self.sources, most, control)?;
            }
            (true, Direction::Both) => {
                let both = [out(), r#in()];
                search.run(&both, &both, &self.sources, most, control)?;
            }
        }
        Ok(search.into_report())
    }
}

/// Frontiers with fewer edges than this are not worth a second thread.
const SERIAL: usize = 1 << 12;

/// A frontier is looked for, and not from, if its edges are more than this share of those left.
const LEFT_PER_EDGE: usize = 14;

/// A frontier is looked from again if it has fewer than this share of all nodes.
const NODES_PER_FRONTIER: usize = 24;

/// State of one search, level by level.
pub(crate) struct Search {
    distance: Vec<AtomicU32>,
    parent: Vec<AtomicU32>,
    n_reached: usize,
    depth: u32,
}

impl Search {
    pub(crate) fn new(n: usize) -> Self {
        let unreached = || {
            (0..n)
                .into_par_iter()
                .with_min_len(1 << 14)
                .map(|_| AtomicU32::new(UNREACHED))
                .collect()
        };
        Self { distance: unreached(), parent: unreached(), n_reached: 0, depth: 0 }
    }

    /// Hops from the nearest source, if there is a path.
    pub(crate) fn distance(&self, u: NodeId) -> u32 {
        self.distance[u as usize].load(Relaxed)
    }

    /// The largest distance of a node reached.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// Searches along `away`; `back` holds the same edges by their other end.
    pub(crate) fn run(
        &mut self,
        away: &[Rows],
        back: &[Rows],
        sources: &[NodeId],
        max_distance: u32,
        control: &Control,
    ) -> Result<()> {
        let n = self.distance.len();
        let mut frontier = Vec::with_capacity(sources.len());
        for &u in sources {
            if self.distance[u as usize].swap(0, Relaxed) == UNREACHED {
                frontier.push(u);
            }
        }
        let edges_of = |u: NodeId| away.iter().map(|rows| rows.degree(u)).sum::<usize>();
        let edges_at = |nodes: &[NodeId]| nodes.iter().map(|&u| edges_of(u)).sum::<usize>();
        let mut left: usize = away.iter().map(|rows| rows.targets.len()).sum();
        let mut bits: Vec<u64> = Vec::new();
        let mut reached = frontier.len();
        self.n_reached = reached;
        while reached > 0 {
            control.step("levels", u64::from(self.depth), None)?;
            if self.depth == max_distance {
                break;
            }
            let edges = edges_at(&frontier);
            left = left.saturating_sub(edges);
            let level = self.depth + 1;
            if edges > SERIAL && edges > left / LEFT_PER_EDGE {
                bits = bits_of(&frontier, n, bits);
                loop {
                    let (next, count) = self.pull(back, &bits, self.depth + 1);
                    bits = next;
                    reached = count;
                    if count == 0
                        || count < n / NODES_PER_FRONTIER
                        || self.depth + 1 == max_distance
                    {
                        break;
                    }
                    self.depth += 1;
                    self.n_reached += count;
                    control.step("levels", u64::from(self.depth), None)?;
                }
                frontier = nodes_of(&bits);
            } else {
                frontier = self.push(away, &frontier, edges, level);
                reached = frontier.len();
            }
            if reached > 0 {
                self.depth += 1;
                self.n_reached += reached;
            }
        }
        Ok(())
    }

    /// Reaches the neighbors of the frontier; returns those that are new.
    fn push(&self, away: &[Rows], frontier: &[NodeId], edges: usize, level: u32) -> Vec<NodeId> {
        let reach = |mut next: Vec<NodeId>, &u: &NodeId| {
            for rows in away {
                for &v in rows.neighbors(u) {
                    let (distance, parent) = (&self.distance[v as usize], &self.parent[v as usize]);
                    let before = distance.load(Relaxed);
                    if before < level {
                        continue;
                    }
                    let first = before == UNREACHED
                        && distance.compare_exchange(UNREACHED, level, Relaxed, Relaxed).is_ok();
                    if first {
                        next.push(v);
                    }
                    if parent.load(Relaxed) > u {
                        parent.fetch_min(u, Relaxed);
                    }
                }
            }
            next
        };
        if edges < SERIAL {
            return frontier.iter().fold(Vec::new(), reach);
        }
        let parts: Vec<Vec<NodeId>> =
            frontier.par_iter().with_min_len(16).fold(Vec::new, reach).collect();
        parts.concat()
    }

    /// Looks, for every node not yet reached, for a neighbor in the frontier; returns the nodes
    /// that have one, as bits, and their number.
    fn pull(&self, back: &[Rows], frontier: &[u64], level: u32) -> (Vec<u64>, usize) {
        let n = self.distance.len();
        let mut next = vec![0_u64; frontier.len()];
        let count = next
            .par_iter_mut()
            .with_min_len(16)
            .enumerate()
            .map(|(word, bits)| {
                for v in 64 * word..n.min(64 * (word + 1)) {
                    if self.distance[v].load(Relaxed) != UNREACHED {
                        continue;
                    }
                    let nearest = |rows: &Rows| {
                        let neighbors = rows.neighbors(v as u32).iter();
                        neighbors.copied().find(|&u| frontier[u as usize / 64] >> (u % 64) & 1 == 1)
                    };
                    if let Some(u) = back.iter().filter_map(nearest).min() {
                        self.distance[v].store(level, Relaxed);
                        self.parent[v].store(u, Relaxed);
                        *bits |= 1 << (v % 64);
                    }
                }
                bits.count_ones() as usize
            })
            .sum();
        (next, count)
    }

    pub(crate) fn into_report(self) -> BfsReport {
        let plain =
            |values: Vec<AtomicU32>| values.into_iter().map(AtomicU32::into_inner).collect();
        BfsReport {
            distance: plain(self.distance),
            parent: plain(self.parent),
            n_reached: self.n_reached,
            depth: self.depth,
        }
    }
}

fn bits_of(nodes: &[NodeId], n: usize, mut bits: Vec<u64>) -> Vec<u64> {
    bits.clear();
    bits.resize(n.div_ceil(64), 0);
    for &u in nodes {
        bits[u as usize / 64] |= 1 << (u % 64);
    }
    bits
}

fn nodes_of(bits: &[u64]) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    for (word, &bits) in bits.iter().enumerate() {
        let mut rest = bits;
        while rest != 0 {
            nodes.push(64 * word as u32 + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
    nodes
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use graph_core::generate::{Rmat, rmat};
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    /// Rounds over all edges until nothing changes.
    fn rounds(graph: &Graph, bfs: &Bfs) -> (Vec<u32>, Vec<u32>) {
        let coo = graph.coo();
        let mut pairs = Vec::new();
        for (&u, &v) in coo.sources().iter().zip(coo.targets()) {
            if !graph.is_directed() || bfs.direction != Direction::Backward {
                pairs.push((u, v));
            }
            if !graph.is_directed() || bfs.direction != Direction::Forward {
                pairs.push((v, u));
            }
        }
        let mut distance = vec![UNREACHED; graph.n_nodes()];
        let mut parent = distance.clone();
        for &u in &bfs.sources {
            distance[u as usize] = 0;
        }
        for level in 1..=bfs.max_distance.unwrap_or(graph.n_nodes() as u32) {
            for &(u, v) in &pairs {
                let (u, v) = (u as usize, v as usize);
                if distance[u] == level - 1 && distance[v] >= level {
                    distance[v] = level;
                    parent[v] = parent[v].min(u as u32);
                }
            }
        }
        (distance, parent)
    }

    proptest! {
        #[test]
        fn distances_and_parents_are_those_of_rounds(
            edges in prop::collection::vec((0..20_u32, 0..20_u32), 0..50),
            sources in prop::collection::vec(0..20_u32, 0..3),
            direction in prop::sample::select(
                vec![Direction::Forward, Direction::Backward, Direction::Both]
            ),
            max_distance in prop::option::of(0..5_u32),
            directed: bool,
        ) {
            let (from, to) = edges.into_iter().unzip();
            let graph = Graph::from_coo(Coo::new(20, from, to, None).unwrap(), directed);
            let bfs = Bfs { sources, direction, max_distance };
            let report = bfs.run(&graph, &Control::NONE).unwrap();
            let (distance, parent) = rounds(&graph, &bfs);
            prop_assert_eq!(&report.distance, &distance);
            prop_assert_eq!(&report.parent, &parent);
            let reached = || distance.iter().copied().filter(|&d| d != UNREACHED);
            prop_assert_eq!(report.n_reached, reached().count());
            prop_assert_eq!(report.depth, reached().max().unwrap_or(0));
        }
    }

    /// A graph on which both kinds of level happen, and go back.
    #[test]
    fn large_frontiers_give_the_same_on_any_number_of_threads() {
        let graph = rmat(&Rmat { scale: 12, n_edges: 40_000, ..Rmat::default() }).unwrap();
        for (direction, max_distance) in
            [(Direction::Forward, None), (Direction::Both, None), (Direction::Backward, Some(3))]
        {
            let bfs = Bfs { sources: vec![graph.coo().sources()[0]], direction, max_distance };
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| bfs.run(&graph, &Control::NONE).unwrap())
            };
            let one = with(1);
            let (distance, parent) = rounds(&graph, &bfs);
            assert_eq!((&one.distance, &one.parent), (&distance, &parent));
            assert_eq!(one, with(5));
            let reached = || distance.iter().copied().filter(|&d| d != UNREACHED);
            assert_eq!((one.n_reached, Some(one.depth)), (reached().count(), reached().max()));
            assert!(one.n_reached > 1000, "{}", one.n_reached);
        }
    }

    #[test]
    fn a_source_out_of_range_is_refused() {
        let graph = Graph::from_coo(Coo::new(2, vec![0], vec![1], None).unwrap(), true);
        let error =
            Bfs { sources: vec![2], ..Bfs::default() }.run(&graph, &Control::NONE).unwrap_err();
        assert_eq!(error.to_string(), "sources names node 2, but there are only 2 nodes");
    }

    #[test]
    fn a_search_stops_when_told() {
        let graph = Graph::from_coo(Coo::new(2, vec![0], vec![1], None).unwrap(), true);
        let stop = std::sync::atomic::AtomicBool::new(true);
        let bfs = Bfs { sources: vec![0], ..Bfs::default() };
        let error = bfs.run(&graph, &Control::NONE.stopped_by(&stop)).unwrap_err();
        assert!(matches!(error, Error::Stopped { stage: "levels", done: 0 }), "{error}");
    }
}
