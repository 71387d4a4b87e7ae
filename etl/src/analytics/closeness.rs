//! Closeness: how near a node is to those that lead to it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::bfs::Direction;
use super::paths::{Paths, sample};
use super::rows::{Rows, check_option};
use crate::{Control, Result};

/// Closeness, harmonic closeness and eccentricity of all nodes; exact, or estimated from some.
///
/// With distances `d(v, u)` from the `r` other nodes `v` that lead to `u`:
/// `closeness(u) = r² / ((n - 1) · Σ d(v, u))`, which is 0 if there are none,
/// `harmonic(u) = Σ 1 / d(v, u)`, and `eccentricity(u) = max d(v, u)`.
/// These are networkx's `closeness_centrality` and `harmonic_centrality`, which also look along
/// edges towards a node; igraph looks away from it unless told otherwise, leaves the factor
/// `r / (n - 1)` out, and divides the harmonic sum by `n - 1`.
///
/// With `samples`, only paths from so many random nodes are followed: sums are scaled up, which
/// makes `harmonic` unbiased, and `eccentricity` is a lower bound.
///
/// Without weights, searches from 64 nodes go on side by side in the bits of one word: O(n + m)
/// time a level for 64 sources, 28 n bytes. With weights, each thread follows one source:
/// O(m + n log n) time a source. Sums are integers, or are added up in the order of the sources,
/// so the result does not depend on threads.
///
/// Source: Wasserman, Faust 1994, doi:10.1017/CBO9780511815478; Eppstein, Wang 2004,
/// doi:10.7155/jgaa.00081; Then et al. 2014, doi:10.14778/2735496.2735507.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Closeness {
    /// Number of random nodes that paths start from, at least 1; none means all, which is exact.
    #[cfg_attr(feature = "clap", arg(long))]
    pub samples: Option<usize>,
    /// Seed of the random nodes.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = 0))]
    pub seed: u64,
    /// Whether weights are lengths, if the graph has weights.
    #[cfg_attr(feature = "clap", arg(long))]
    pub weighted: bool,
    /// Which way paths follow edges on their way to a node.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub direction: Direction,
}

/// What [`Closeness::run`] found; all arrays have shape `[n]`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ClosenessReport {
    /// Closeness of each node, from 0 to 1 without weights.
    pub closeness: Vec<f64>,
    /// Harmonic closeness of each node, from 0 to `n - 1` without weights. A path of length 0,
    /// which weights of 0 make, counts nothing.
    pub harmonic: Vec<f64>,
    /// Length of the longest of all shortest paths to each node.
    pub eccentricity: Vec<f64>,
    /// Number of nodes that paths were followed from.
    pub n_sources: usize,
}

/// Sums over the sources that lead to one node.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: u32,
    farthest: f64,
    distance: f64,
    inverse: f64,
}

impl Sums {
    fn add(&mut self, count: u32, distance: f64) {
        self.count += count;
        self.farthest = self.farthest.max(distance);
        self.distance += f64::from(count) * distance;
        self.inverse += if distance > 0.0 { f64::from(count) / distance } else { 0.0 };
    }
}

impl Closeness {
    /// Measures `graph`.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_etl::Control;
    /// use graph_etl::analytics::Closeness;
    ///
    /// let path = Graph::from_coo(Coo::new(3, vec![0, 1], vec![1, 2], None)?, false);
    /// let report = Closeness::default().run(&path, &Control::NONE).unwrap();
    /// assert_eq!(report.closeness, [2.0 / 3.0, 1.0, 2.0 / 3.0]);
    /// assert_eq!(report.harmonic, [1.5, 2.0, 1.5]);
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`](crate::Error::BadOption) if `samples` is 0;
    /// - [`Error::Stopped`](crate::Error::Stopped).
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<ClosenessReport> {
        let samples = self.samples.unwrap_or(1);
        check_option("samples", samples, samples > 0, "at least 1")?;
        let n = graph.n_nodes();
        let sources = sample(n, self.samples, self.seed);
        let out = || Rows::of(graph.out_edges(), self.weighted);
        let r#in = || Rows::of(graph.in_edges(), self.weighted);
        let (away, back) = match (graph.is_directed(), self.direction) {
            (false, _) => (vec![out()], vec![out()]),
            (true, Direction::Forward) => (vec![out()], vec![r#in()]),
            (true, Direction::Backward) => (vec![r#in()], vec![out()]),
            (true, Direction::Both) => (vec![out(), r#in()], vec![out(), r#in()]),
        };
        let sums = match away[0].weights {
            None => hops(&away, &back, &sources, control)?,
            Some(_) => lengths(&away, &sources, control)?,
        };
        let mut is_source = vec![false; n];
        for &u in &sources {
            is_source[u as usize] = true;
        }
        let others = n as f64 - 1.0;
        // Of the sources, those that are other nodes.
        let drawn = |u: usize| (sources.len() - usize::from(is_source[u])) as f64;
        let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        let all = |value: &(dyn Fn(usize, Sums) -> f64 + Sync)| -> Vec<f64> {
            sums.par_iter().enumerate().map(|(u, &sums)| value(u, sums)).collect()
        };
        Ok(ClosenessReport {
            closeness: all(&|u, sums| {
                let count = f64::from(sums.count);
                ratio(count * count, drawn(u) * sums.distance)
            }),
            harmonic: all(&|u, sums| ratio(sums.inverse * others, drawn(u))),
            eccentricity: all(&|_, sums| sums.farthest),
            n_sources: sources.len(),
        })
    }
}

/// Sources whose searches go on in the bits of one word.
const LANES: usize = 64;

/// A frontier is looked from, not for, if it has less than this share of all edges.
const EDGES_PER_FRONTIER: usize = 12;

/// Searches from all sources, 64 at once, one hop a level.
struct Lanes {
    /// Sources that have reached each node, shape `[n]`.
    seen: Vec<u64>,
    /// Sources that have reached each node in the last level, shape `[n]`.
    new: Vec<u64>,
    /// Where threads put what reaches a node, shape `[n]`; 0 between levels.
    reaching: Vec<AtomicU64>,
}

fn hops(away: &[Rows], back: &[Rows], sources: &[NodeId], control: &Control) -> Result<Vec<Sums>> {
    let n = away[0].n_nodes();
    let mut sums = vec![Sums::default(); n];
    let mut lanes = Lanes {
        seen: vec![0; n],
        new: vec![0; n],
        reaching: (0..n).map(|_| AtomicU64::new(0)).collect(),
    };
    let edges: usize = away.iter().map(|rows| rows.targets.len()).sum();
    for (batch, at_once) in sources.chunks(LANES).enumerate() {
        let done = (batch * LANES) as u64;
        lanes.seen.par_iter_mut().chain(&mut lanes.new).for_each(|bits| *bits = 0);
        for (lane, &u) in at_once.iter().enumerate() {
            lanes.seen[u as usize] = 1 << lane;
            lanes.new[u as usize] = 1 << lane;
        }
        let mut frontier = at_once.to_vec();
        let mut level = 0;
        while !frontier.is_empty() {
            control.step("sources", done, Some(sources.len() as u64))?;
            level += 1;
            let of = |&u: &NodeId| away.iter().map(|rows| rows.degree(u)).sum::<usize>();
            let of_frontier: usize = frontier.par_iter().with_min_len(1 << 12).map(of).sum();
            frontier = match of_frontier < edges / EDGES_PER_FRONTIER {
                true => lanes.push(away, &frontier, level, &mut sums),
                false => lanes.pull(back, at_once.len(), level, &mut sums),
            };
        }
    }
    Ok(sums)
}

impl Lanes {
    /// Looks from each node of the frontier; returns the nodes reached, in no order.
    fn push(
        &mut self,
        away: &[Rows],
        frontier: &[NodeId],
        level: u32,
        sums: &mut [Sums],
    ) -> Vec<NodeId> {
        let (seen, new, reaching) = (&self.seen, &self.new, &self.reaching);
        let parts: Vec<Vec<NodeId>> = frontier
            .par_iter()
            .with_min_len(64)
            .fold(Vec::new, |mut touched, &u| {
                for &v in away.iter().flat_map(|rows| rows.neighbors(u)) {
                    let bits = new[u as usize] & !seen[v as usize];
                    if bits != 0 && reaching[v as usize].fetch_or(bits, Relaxed) == 0 {
                        touched.push(v);
                    }
                }
                touched
            })
            .collect();
        let next = parts.concat();
        for &u in frontier {
            self.new[u as usize] = 0;
        }
        for &v in &next {
            let v = v as usize;
            let bits = std::mem::take(self.reaching[v].get_mut());
            self.new[v] = bits;
            self.seen[v] |= bits;
            sums[v].add(bits.count_ones(), level.into());
        }
        next
    }

    /// Looks from every node that some of the sources have not reached for nodes of the frontier.
    fn pull(
        &mut self,
        back: &[Rows],
        n_lanes: usize,
        level: u32,
        sums: &mut [Sums],
    ) -> Vec<NodeId> {
        let n = self.seen.len();
        let all = if n_lanes == LANES { u64::MAX } else { (1 << n_lanes) - 1 };
        let new = &self.new;
        let next: Vec<u64> = self
            .seen
            .par_iter_mut()
            .zip(sums)
            .enumerate()
            .with_min_len(256)
            .map(|(v, (seen, sums))| {
                let mut bits = 0;
                if *seen != all {
                    for &u in back.iter().flat_map(|rows| rows.neighbors(v as u32)) {
                        bits |= new[u as usize];
                        if bits | *seen == all {
                            break;
                        }
                    }
                    bits &= !*seen;
                    if bits != 0 {
                        *seen |= bits;
                        sums.add(bits.count_ones(), level.into());
                    }
                }
                bits
            })
            .collect();
        self.new = next;
        (0..n as u32).filter(|&u| self.new[u as usize] != 0).collect()
    }
}

/// Shortest paths by weight from all sources, one source a thread at once.
fn lengths(away: &[Rows], sources: &[NodeId], control: &Control) -> Result<Vec<Sums>> {
    let n = away[0].n_nodes();
    let mut sums = vec![Sums::default(); n];
    let mut at_once: Vec<_> = (0..rayon::current_num_threads().min(sources.len()))
        .map(|_| Paths::<f64>::new(n))
        .collect();
    let mut done = 0;
    for wave in sources.chunks(at_once.len().max(1)) {
        let from = &mut at_once[..wave.len()];
        from.par_iter_mut().with_max_len(1).zip(wave).for_each(|(one, &u)| one.search(away, u));
        let from = &*from;
        sums.par_iter_mut().with_min_len(256).enumerate().for_each(|(u, sums)| {
            for (one, &source) in from.iter().zip(wave) {
                if one.length[u].is_finite() && source as usize != u {
                    sums.add(1, one.length[u]);
                }
            }
        });
        done += wave.len();
        control.step("sources", done as u64, Some(sources.len() as u64))?;
    }
    Ok(sums)
}

#[cfg(test)]
#[expect(clippy::needless_range_loop, reason = "nodes index several tables")]
mod tests {
    use graph_core::Coo;
    use graph_core::generate::{BarabasiAlbert, Lattice, barabasi_albert, lattice};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: distances of all pairs by rounds, put into the formulas.
        #[test]
        fn closeness_is_that_of_all_pairs(
            edges in prop::collection::vec((0..9_u32, 0..9_u32, 0..4_u8), 0..25),
            direction in prop::sample::select(
                vec![Direction::Forward, Direction::Backward, Direction::Both]
            ),
            weighted: bool, directed: bool,
        ) {
            let mut distance = [[f64::INFINITY; 9]; 9];
            for &(u, v, w) in &edges {
                let (u, v, w) = (u as usize, v as usize, if weighted { f64::from(w) } else { 1.0 });
                if !directed || direction != Direction::Backward {
                    distance[u][v] = w.min(distance[u][v]);
                }
                if !directed || direction != Direction::Forward {
                    distance[v][u] = w.min(distance[v][u]);
                }
            }
            for via in 0..9 {
                for u in 0..9 {
                    for v in 0..9 {
                        distance[u][v] = distance[u][v].min(distance[u][via] + distance[via][v]);
                    }
                }
            }
            let coo = Coo::new(
                9,
                edges.iter().map(|e| e.0).collect(),
                edges.iter().map(|e| e.1).collect(),
                Some(edges.iter().map(|e| e.2.into()).collect()),
            ).unwrap();
            let options = Closeness { weighted, direction, ..Closeness::default() };
            let found = options.run(&Graph::from_coo(coo, directed), &Control::NONE).unwrap();
            for u in 0..9 {
                let to: Vec<f64> = (0..9)
                    .filter(|&v| v != u && distance[v][u].is_finite())
                    .map(|v| distance[v][u])
                    .collect();
                let (count, sum) = (to.len() as f64, to.iter().sum::<f64>());
                let closeness = if sum > 0.0 { count * count / (8.0 * sum) } else { 0.0 };
                let harmonic: f64 = to.iter().filter(|&&d| d > 0.0).map(|d| 1.0 / d).sum();
                prop_assert!((found.closeness[u] - closeness).abs() < 1e-12);
                prop_assert!((found.harmonic[u] - harmonic).abs() < 1e-12);
                prop_assert_eq!(found.eccentricity[u], to.iter().copied().fold(0.0, f64::max));
            }
        }
    }

    /// More sources than lanes, frontiers large and small, and any number of threads.
    #[test]
    fn lanes_agree_with_single_searches() {
        let scattered = barabasi_albert(&BarabasiAlbert { n_nodes: 900, n_neighbors: 3, seed: 1 });
        let grid = lattice(&Lattice { rows: 30, columns: 30, torus: false });
        for graph in [scattered.unwrap(), grid.unwrap()] {
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| Closeness::default().run(&graph, &Control::NONE).unwrap())
            };
            let found = run(1);
            assert_eq!(found, run(5));
            let mut paths = Paths::<u32>::new(900);
            for u in 0..900 {
                paths.search(&[Rows::from(graph.in_edges())], u);
                let sum: u32 = paths.length.iter().sum();
                let expected = 899.0 / f64::from(sum);
                assert!((found.closeness[u as usize] - expected).abs() < 1e-12);
                let last = *paths.order.last().unwrap() as usize;
                assert_eq!(found.eccentricity[u as usize], f64::from(paths.length[last]));
            }
        }
    }

    #[test]
    fn samples_estimate_all() {
        let graph =
            barabasi_albert(&BarabasiAlbert { n_nodes: 900, n_neighbors: 3, seed: 1 }).unwrap();
        let run = |samples| {
            let options = Closeness { samples, seed: 5, ..Closeness::default() };
            options.run(&graph, &Control::NONE).unwrap()
        };
        let (exact, sampled) = (run(None), run(Some(200)));
        assert_eq!((exact.n_sources, sampled.n_sources), (900, 200));
        for (exact, sampled) in
            [(exact.closeness, sampled.closeness), (exact.harmonic, sampled.harmonic)]
        {
            let worst =
                exact.iter().zip(&sampled).map(|(e, s)| (s / e - 1.0).abs()).fold(0.0, f64::max);
            assert!(worst < 0.15 && worst > 0.0, "{worst}");
        }
    }
}
