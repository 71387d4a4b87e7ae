//! Betweenness: how many shortest paths lead through a node or an edge.

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::paths::{Length, Paths, sample};
use super::rows::{Blocks, Rows, check_option};
use crate::{Control, Result};

/// Betweenness of nodes, and of edges if asked for; exact, or estimated from some sources.
///
/// `betweenness(x) = Σ over pairs s ≠ x ≠ t of the share of shortest paths from s to t through x`,
/// each pair once if the graph is undirected. Normalized, it is divided by the number of pairs:
/// `(n - 1) (n - 2)` for nodes and `n (n - 1)` for edges, half of that undirected. These are
/// networkx's definitions. Parallel edges make paths of their own, as in igraph; networkx counts
/// them as one path and shares the result among them.
///
/// With `samples`, only paths from so many random sources are followed and scaled up by
/// `n / samples`, an unbiased estimate. (networkx 3.6 scales nodes that are sources by
/// `(n - 1) / (samples - 1)` and others by `(n - 1) / samples`.)
///
/// O(m) time a source, O(m + n log n) with weights; some sources are followed at once, one by each
/// thread, 28 n bytes each. What they give is added up in their order, so the result does not
/// depend on threads.
///
/// Source: Brandes 2001, doi:10.1080/0022250X.2001.9990249; Brandes, Pich 2007,
/// doi:10.1142/S0218127407018403.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Betweenness {
    /// Number of random sources, at least 1; none means all nodes, which is exact.
    #[cfg_attr(feature = "clap", arg(long))]
    pub samples: Option<usize>,
    /// Seed of the random sources.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Whether weights are lengths, if the graph has weights; they must be above 0 then.
    #[cfg_attr(feature = "clap", arg(long))]
    pub weighted: bool,
    /// Whether to divide by the number of pairs.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().normalized, action = clap::ArgAction::Set))]
    pub normalized: bool,
    /// Whether to measure edges too.
    #[cfg_attr(feature = "clap", arg(long))]
    pub edges: bool,
}

impl Default for Betweenness {
    fn default() -> Self {
        Self { samples: None, seed: 0, weighted: false, normalized: true, edges: false }
    }
}

/// What [`Betweenness::run`] found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct BetweennessReport {
    /// Betweenness of each node, shape `[n]`.
    pub node: Vec<f64>,
    /// Betweenness of each edge, shape `[m]`, in the order of the edge list; if asked for.
    pub edge: Option<Vec<f64>>,
    /// Number of nodes that paths were followed from.
    pub n_sources: usize,
}

impl Betweenness {
    /// Measures `graph`.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_etl::Control;
    /// use graph_etl::analytics::Betweenness;
    ///
    /// let path = Graph::from_coo(Coo::new(3, vec![0, 1], vec![1, 2], None)?, false);
    /// let report = Betweenness::default().run(&path, &Control::NONE).unwrap();
    /// assert_eq!(report.node, [0.0, 1.0, 0.0]);
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`](crate::Error::BadOption) if `samples` is 0, or weights are
    ///   lengths and one of them is 0: there is no end of paths then that go round it;
    /// - [`Error::Stopped`](crate::Error::Stopped).
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<BetweennessReport> {
        let samples = self.samples.unwrap_or(1);
        check_option("samples", samples, samples > 0, "at least 1")?;
        let rows = Rows::of(graph.out_edges(), self.weighted);
        let has_zero = |weights: &[f32]| weights.par_iter().any(|&weight| weight == 0.0);
        let countable = !rows.weights.is_some_and(has_zero);
        check_option("weighted", true, countable, "false on a graph with weights of 0")?;
        match rows.weights {
            None => self.sum::<u32>(graph, rows, control),
            Some(_) => self.sum::<f64>(graph, rows, control),
        }
    }

    fn sum<L: Length>(
        &self,
        graph: &Graph,
        rows: Rows,
        control: &Control,
    ) -> Result<BetweennessReport> {
        let n = graph.n_nodes();
        let sources = sample(n, self.samples, self.seed);
        let blocks = rows.blocks();
        let mut node = vec![0.0; n];
        let mut entries = vec![0.0; if self.edges { rows.targets.len() } else { 0 }];
        let mut at_once: Vec<_> = (0..rayon::current_num_threads().min(sources.len()))
            .map(|_| Dependencies::<L>::new(n))
            .collect();
        let mut done = 0;
        for wave in sources.chunks(at_once.len().max(1)) {
            let from = &mut at_once[..wave.len()];
            from.par_iter_mut().with_max_len(1).zip(wave).for_each(|(one, &u)| one.follow(rows, u));
            let from = &*from;
            add_nodes(&blocks, from, &mut node);
            if self.edges {
                add_entries(&blocks, rows, from, &mut entries);
            }
            done += wave.len();
            control.step("sources", done as u64, Some(sources.len() as u64))?;
        }
        let (all, pairs) = (n as f64, if graph.is_directed() { 1.0 } else { 2.0 });
        let per_source = if sources.is_empty() { 0.0 } else { all / sources.len() as f64 };
        let scale = |pairs_of_all: f64| match self.normalized {
            true if pairs_of_all > 0.0 => per_source / pairs_of_all,
            true => 0.0,
            false => per_source / pairs,
        };
        let (of_nodes, of_edges) = (scale((all - 1.0) * (all - 2.0)), scale(all * (all - 1.0)));
        node.par_iter_mut().for_each(|value| *value *= of_nodes);
        let edge = self.edges.then(|| of_edge_list(graph, rows, &entries, of_edges));
        Ok(BetweennessReport { node, edge, n_sources: sources.len() })
    }
}

/// Shortest paths from one source, and what share of them leads through each node.
struct Dependencies<L> {
    paths: Paths<L>,
    source: NodeId,
    /// Number of shortest paths to each node; only those of nodes reached are meant.
    count: Vec<f64>,
    /// Sum over targets of the share of paths through each node; 0 for nodes not reached.
    through: Vec<f64>,
}

impl<L: Length> Dependencies<L> {
    fn new(n: usize) -> Self {
        Self { paths: Paths::new(n), source: 0, count: vec![0.0; n], through: vec![0.0; n] }
    }

    fn follow(&mut self, rows: Rows, source: NodeId) {
        for &u in &self.paths.order {
            self.through[u as usize] = 0.0;
            self.count[u as usize] = 0.0;
        }
        self.source = source;
        self.paths.search(&[rows], source);
        let length = &self.paths.length;
        self.count[source as usize] = 1.0;
        for &u in &self.paths.order {
            for (v, weight) in rows.edges(u) {
                if length[u as usize].plus(weight) == length[v as usize] {
                    self.count[v as usize] += self.count[u as usize];
                }
            }
        }
        for &u in self.paths.order.iter().rev() {
            let mut sum = 0.0;
            for (v, weight) in rows.edges(u) {
                if length[u as usize].plus(weight) == length[v as usize] {
                    sum += (1.0 + self.through[v as usize]) / self.count[v as usize];
                }
            }
            self.through[u as usize] = sum * self.count[u as usize];
        }
    }

    /// Share of the paths from the source that take the edge from `u` to `v`.
    fn along(&self, u: NodeId, v: NodeId, weight: f32) -> f64 {
        let (u, v) = (u as usize, v as usize);
        let from = self.paths.length[u];
        if from == L::FAR || from.plus(weight) != self.paths.length[v] {
            return 0.0;
        }
        self.count[u] / self.count[v] * (1.0 + self.through[v])
    }
}

/// Adds what the sources give to every node, in the order of the sources.
fn add_nodes<L: Length>(blocks: &Blocks, from: &[Dependencies<L>], node: &mut [f64]) {
    blocks.parts(node).into_par_iter().zip(blocks.ranges()).for_each(|(part, nodes)| {
        for one in from {
            for (sum, u) in part.iter_mut().zip(nodes.clone()) {
                if u != one.source as usize {
                    *sum += one.through[u];
                }
            }
        }
    });
}

/// Adds what the sources give to every entry of the rows, in the order of the sources.
fn add_entries<L: Length>(
    blocks: &Blocks,
    rows: Rows,
    from: &[Dependencies<L>],
    mut entries: &mut [f64],
) {
    let mut parts = Vec::new();
    for nodes in blocks.ranges().collect::<Vec<_>>() {
        let part;
        let length = rows.offsets[nodes.end] - rows.offsets[nodes.start];
        (part, entries) = entries.split_at_mut(length as usize);
        parts.push((nodes, part));
    }
    parts.into_par_iter().for_each(|(nodes, part)| {
        let mut sums = part.iter_mut();
        for u in nodes.start as u32..nodes.end as u32 {
            for ((v, weight), sum) in rows.edges(u).zip(&mut sums) {
                for one in from {
                    *sum += one.along(u, v, weight);
                }
            }
        }
    });
}

/// Values of the entries of rows, given to the edges that they come from, times `scale`.
fn of_edge_list(graph: &Graph, rows: Rows, entries: &[f64], scale: f64) -> Vec<f64> {
    let coo = graph.coo();
    let entry = |e: usize, u: NodeId, v: NodeId| {
        let row = rows.row(u);
        // Parallel edges are in the order of their weights, and equal ones have equal values.
        let weight = rows.weights.and(coo.weights()).map_or(0.0, |weights| weights[e]);
        let key = |entry: usize| (rows.targets[entry], rows.weights.map_or(0.0, |w| w[entry]));
        let (mut low, mut high) = (row.start, row.end);
        while low < high {
            let middle = usize::midpoint(low, high);
            if key(middle) < (v, weight) { low = middle + 1 } else { high = middle }
        }
        entries[low]
    };
    (0..coo.n_edges())
        .into_par_iter()
        .map(|e| {
            let (u, v) = (coo.sources()[e], coo.targets()[e]);
            let back = if graph.is_directed() || u == v { 0.0 } else { entry(e, v, u) };
            (entry(e, u, v) + back) * scale
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use graph_core::generate::{BarabasiAlbert, barabasi_albert};
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    /// Shortest paths of all pairs, one by one: nodes and edges that each leads through.
    fn walked(graph: &Graph, weighted: bool) -> (Vec<f64>, Vec<f64>) {
        let coo = graph.coo();
        let n = graph.n_nodes();
        let mut steps = vec![Vec::new(); n];
        for (e, (&u, &v)) in coo.sources().iter().zip(coo.targets()).enumerate() {
            let w = coo.weights().filter(|_| weighted).map_or(1.0, |w| f64::from(w[e]));
            steps[u as usize].push((v as usize, e, w));
            if !graph.is_directed() && u != v {
                steps[v as usize].push((u as usize, e, w));
            }
        }
        let (mut node, mut edge) = (vec![0.0; n], vec![0.0; coo.n_edges()]);
        for s in 0..n {
            let mut length = vec![f64::INFINITY; n];
            length[s] = 0.0;
            for _ in 0..n {
                for u in 0..n {
                    for &(v, _, w) in &steps[u] {
                        length[v] = length[v].min(length[u] + w);
                    }
                }
            }
            for t in (0..n).filter(|&t| t != s && length[t].is_finite()) {
                let mut paths = Vec::new();
                let mut open = vec![(s, vec![], vec![])];
                while let Some((u, nodes, edges)) = open.pop() {
                    if u == t {
                        paths.push((nodes, edges));
                        continue;
                    }
                    for &(v, e, w) in &steps[u] {
                        if length[u] + w == length[v] {
                            let (mut nodes, mut edges): (Vec<usize>, Vec<usize>) =
                                (nodes.clone(), edges.clone());
                            nodes.push(v);
                            edges.push(e);
                            open.push((v, nodes, edges));
                        }
                    }
                }
                let share = 1.0 / paths.len() as f64;
                for (nodes, edges) in paths {
                    nodes.into_iter().filter(|&u| u != t).for_each(|u| node[u] += share);
                    for e in edges {
                        edge[e] += share;
                    }
                }
            }
        }
        if !graph.is_directed() {
            node.iter_mut().chain(&mut edge).for_each(|value| *value /= 2.0);
        }
        (node, edge)
    }

    proptest! {
        #[test]
        fn betweenness_is_that_of_walking_every_shortest_path(
            edges in prop::collection::vec((0..8_u32, 0..8_u32, 1..4_u8), 0..18),
            weighted: bool, directed: bool, normalized: bool,
        ) {
            let coo = Coo::new(
                8,
                edges.iter().map(|e| e.0).collect(),
                edges.iter().map(|e| e.1).collect(),
                Some(edges.iter().map(|e| e.2.into()).collect()),
            ).unwrap();
            let graph = Graph::from_coo(coo, directed);
            let (mut node, mut edge) = walked(&graph, weighted);
            if normalized {
                let pairs = if directed { 1.0 } else { 2.0 };
                for value in &mut node {
                    *value *= pairs / 42.0;
                }
                for value in &mut edge {
                    *value *= pairs / 56.0;
                }
            }
            let options = Betweenness { weighted, normalized, edges: true, ..Betweenness::default() };
            let found = options.run(&graph, &Control::NONE).unwrap();
            let both = found.node.iter().zip(&node).chain(found.edge.as_ref().unwrap().iter().zip(&edge));
            for (found, expected) in both {
                prop_assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            }
        }
    }

    #[test]
    fn samples_estimate_all_and_threads_do_not_matter() {
        let graph =
            barabasi_albert(&BarabasiAlbert { n_nodes: 600, n_neighbors: 3, seed: 3 }).unwrap();
        let run = |samples, seed, threads| {
            let options = Betweenness { samples, seed, edges: true, ..Betweenness::default() };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| options.run(&graph, &Control::NONE).unwrap())
        };
        let exact = run(None, 0, 2);
        assert_eq!(exact, run(None, 1, 5));
        assert_eq!(exact, run(Some(600), 9, 1), "as many samples as nodes are all nodes");
        let sampled = run(Some(300), 4, 3);
        assert_eq!(sampled, run(Some(300), 4, 1));
        assert_ne!(sampled.node, run(Some(300), 5, 1).node);
        let (total, estimated): (f64, f64) = (exact.node.iter().sum(), sampled.node.iter().sum());
        assert!((estimated / total - 1.0).abs() < 0.05, "{estimated} {total}");
    }

    #[test]
    fn lengths_of_zero_are_refused() {
        let coo = Coo::new(2, vec![0], vec![1], Some(vec![0.0])).unwrap();
        let options = Betweenness { weighted: true, ..Betweenness::default() };
        let error = options.run(&Graph::from_coo(coo, true), &Control::NONE).unwrap_err();
        assert!(matches!(error, Error::BadOption { option: "weighted", .. }), "{error}");
    }
}
