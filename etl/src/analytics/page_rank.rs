//! PageRank: where a random walk along edges is found that sometimes starts anew.

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::iterate::{Ended, iterate};
use super::pull::{Gathered, gather};
use super::rows::{Rows, check_nodes, check_option};
use crate::{Control, Result};

/// Numbers that ranks are gathered in; they are always added up and kept in `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Precision {
    /// `f32` if the tolerance is at least 1e-6, else `f64`.
    #[default]
    Auto,
    /// `f32`: half the memory under random reads. Ranks are off by up to 1e-7 of their value.
    Single,
    /// `f64`.
    Double,
}

/// PageRank, of all nodes alike or personalized.
///
/// ```text
/// rank(u) = damping · Σ over edges v → u of weight · rank(v) / out-weight(v)
///         + damping · start(u) · Σ over v without out-weight of rank(v)
///         + (1 - damping) · start(u)
/// ```
///
/// which is networkx's `pagerank`: a walk that cannot go on starts anew, and it starts where
/// `personalization` says. There the tolerance is one node's share: `tol` there is
/// `tolerance / n` here.
///
/// Each node gathers from its in-edges, so sums have one order and the result does not depend on
/// threads. O(n + m) time an iteration, 28 n bytes with [`Precision::Single`] besides the in-edges.
///
/// Source: Brin, Page 1998, doi:10.1016/S0169-7552(98)00110-X.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct PageRank {
    /// Probability of following an edge rather than starting anew, at least 0 and below 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().damping))]
    pub damping: f64,
    /// Stop when the ranks of all nodes together change by less, above 0; ranks add up to 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Stop after this many iterations.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_iterations))]
    pub max_iterations: usize,
    /// Whether a walk prefers edges by their weight, if the graph has weights.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().weighted, action = clap::ArgAction::Set))]
    pub weighted: bool,
    /// Numbers that ranks are gathered in.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub precision: Precision,
    /// Nodes where walks start, with a weight above 0 each; none means all nodes alike.
    #[cfg_attr(feature = "clap", arg(skip))]
    #[cfg_attr(feature = "serde", serde(skip))]
    pub personalization: Vec<(NodeId, f64)>,
}

impl Default for PageRank {
    fn default() -> Self {
        Self {
            damping: 0.85,
            tolerance: 1e-6,
            max_iterations: 100,
            weighted: true,
            precision: Precision::Auto,
            personalization: Vec::new(),
        }
    }
}

/// What [`PageRank::run`] found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PageRankReport {
    /// Rank of each node, shape `[n]`, together 1.
    pub rank: Vec<f64>,
    /// Number of iterations.
    pub iterations: usize,
    /// Sum over nodes of how much ranks changed in the last iteration.
    pub change: f64,
    /// Whether that is below the tolerance.
    pub converged: bool,
}

impl PageRank {
    /// Ranks the nodes of `graph`.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_etl::Control;
    /// use graph_etl::analytics::PageRank;
    ///
    /// let cycle = Graph::from_coo(Coo::new(2, vec![0, 1], vec![1, 0], None)?, true);
    /// let report = PageRank::default().run(&cycle, &Control::NONE).unwrap();
    /// assert_eq!(report.rank, [0.5, 0.5]);
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`](crate::Error::BadOption) if an option is out of its range;
    /// - [`Error::NoSuchNode`](crate::Error::NoSuchNode) if the personalization names a
    ///   node that is not in `0..n_nodes`;
    /// - [`Error::Stopped`](crate::Error::Stopped).
    pub fn run(&self, graph: &Graph, control: &Control) -> Result<PageRankReport> {
        let start = self.start(graph.n_nodes())?;
        let single = match self.precision {
            Precision::Auto => self.tolerance >= 1e-6,
            Precision::Single => true,
            Precision::Double => false,
        };
        match single {
            true => self.iterate::<f32>(graph, start.as_deref(), control),
            false => self.iterate::<f64>(graph, start.as_deref(), control),
        }
    }

    /// Checks the options. Where walks start, shape `[n]`, together 1; `None` for all nodes alike.
    pub(crate) fn start(&self, n: usize) -> Result<Option<Vec<f64>>> {
        let fits = (0.0..1.0).contains(&self.damping);
        check_option("damping", self.damping, fits, "at least 0 and below 1")?;
        check_option("tolerance", self.tolerance, self.tolerance > 0.0, "above 0")?;
        if self.personalization.is_empty() {
            return Ok(None);
        }
        let mut start = vec![0.0; n];
        for &(node, weight) in &self.personalization {
            check_nodes("personalization", &[node], n)?;
            let fits = weight > 0.0 && weight.is_finite();
            check_option("personalization", weight, fits, "finite and above 0")?;
            start[node as usize] += weight;
        }
        let total: f64 = start.iter().sum();
        check_option("personalization", total, total.is_finite(), "of a finite sum")?;
        for weight in &mut start {
            *weight /= total;
        }
        Ok(Some(start))
    }

    fn iterate<T: Gathered>(
        &self,
        graph: &Graph,
        start: Option<&[f64]>,
        control: &Control,
    ) -> Result<PageRankReport> {
        let n = graph.n_nodes();
        let rows = Rows::of(graph.in_edges(), self.weighted);
        let share = 1.0 / n as f64;
        let start = |u: usize| start.map_or(share, |start| start[u]);
        // What a unit of rank gives along a unit of weight; 0 where no walk goes on.
        let outs = Rows::of(graph.out_edges(), self.weighted).strengths();
        let per_weight: Vec<f64> =
            outs.into_par_iter().map(|out| if out > 0.0 { 1.0 / out } else { 0.0 }).collect();
        let mut rank: Vec<f64> = (0..n).map(start).collect();
        let mut given: Vec<T> = rank.iter().zip(&per_weight).map(|(r, p)| T::of(r * p)).collect();
        let mut next_given = vec![T::default(); n];
        let mut stuck = super::rows::sum(n, |u| if per_weight[u] == 0.0 { rank[u] } else { 0.0 });
        let blocks = rows.blocks();
        let ended = iterate(self.tolerance, self.max_iterations, control, |_| {
            let anew = self.damping * stuck + 1.0 - self.damping;
            let sums: Vec<(f64, f64)> = blocks
                .parts(&mut rank)
                .into_par_iter()
                .zip(blocks.parts(&mut next_given))
                .zip(blocks.ranges())
                .map(|((rank, next), nodes)| {
                    let (mut change, mut stuck) = (0.0, 0.0);
                    for ((rank, next), u) in rank.iter_mut().zip(next).zip(nodes) {
                        let new = self.damping * gather(rows, u as u32, &given) + anew * start(u);
                        change += (new - *rank).abs();
                        *rank = new;
                        *next = T::of(new * per_weight[u]);
                        if per_weight[u] == 0.0 {
                            stuck += new;
                        }
                    }
                    (change, stuck)
                })
                .collect();
            std::mem::swap(&mut given, &mut next_given);
            let change;
            (change, stuck) = sums.iter().fold((0.0, 0.0), |sum, x| (sum.0 + x.0, sum.1 + x.1));
            Ok(change)
        })?;
        let Ended { iterations, change, converged } = ended;
        Ok(PageRankReport { rank, iterations, change, converged })
    }
}

#[cfg(test)]
#[expect(clippy::needless_range_loop, reason = "nodes index several tables")]
mod tests {
    use graph_core::Coo;
    use graph_core::generate::{Rmat, rmat};
    use proptest::prelude::*;

    use super::*;

    /// Gauss elimination of the equations that ranks solve.
    fn solved(graph: &Graph, options: &PageRank) -> Vec<f64> {
        let n = graph.n_nodes();
        let mut start = vec![0.0; n];
        if options.personalization.is_empty() {
            start.fill(1.0 / n as f64);
        }
        let total: f64 = options.personalization.iter().map(|p| p.1).sum();
        for &(u, w) in &options.personalization {
            start[u as usize] += w / total;
        }
        let coo = graph.coo();
        let mut flow = vec![vec![0.0; n]; n];
        for (e, (&u, &v)) in coo.sources().iter().zip(coo.targets()).enumerate() {
            let w = coo.weights().filter(|_| options.weighted).map_or(1.0, |w| f64::from(w[e]));
            flow[v as usize][u as usize] += w;
            if !graph.is_directed() && u != v {
                flow[u as usize][v as usize] += w;
            }
        }
        for u in 0..n {
            let out: f64 = (0..n).map(|v| flow[v][u]).sum();
            for v in 0..n {
                flow[v][u] = if out > 0.0 { flow[v][u] / out } else { start[v] };
            }
        }
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|v| {
                let mut row: Vec<f64> = (0..n)
                    .map(|u| f64::from(u8::from(u == v)) - options.damping * flow[v][u])
                    .collect();
                row.push((1.0 - options.damping) * start[v]);
                row
            })
            .collect();
        for pivot in 0..n {
            let best =
                (pivot..n).max_by(|&a, &b| rows[a][pivot].abs().total_cmp(&rows[b][pivot].abs()));
            rows.swap(pivot, best.unwrap());
            let above = rows[pivot].clone();
            for (r, row) in rows.iter_mut().enumerate() {
                if r != pivot {
                    let factor = row[pivot] / above[pivot];
                    row.iter_mut().zip(&above).for_each(|(x, a)| *x -= factor * a);
                }
            }
        }
        (0..n).map(|u| rows[u][n] / rows[u][u]).collect()
    }

    proptest! {
        #[test]
        fn ranks_solve_their_equations(
            edges in prop::collection::vec((0..8_u32, 0..8_u32, 0..4_u8), 0..30),
            personalization in prop::collection::vec((0..8_u32, 0.1..3.0), 0..3),
            damping in 0.0..0.95,
            weighted: bool, directed: bool,
        ) {
            let coo = Coo::new(
                8,
                edges.iter().map(|e| e.0).collect(),
                edges.iter().map(|e| e.1).collect(),
                Some(edges.iter().map(|e| e.2.into()).collect()),
            ).unwrap();
            let graph = Graph::from_coo(coo, directed);
            let mut options = PageRank {
                damping, weighted, personalization, tolerance: 1e-13, max_iterations: 1000,
                precision: Precision::Double,
            };
            let expected = solved(&graph, &options);
            for (precision, most) in [(Precision::Double, 1e-11), (Precision::Single, 1e-6)] {
                options.precision = precision;
                let report = options.run(&graph, &Control::NONE).unwrap();
                prop_assert!(report.converged || precision == Precision::Single);
                for (found, expected) in report.rank.iter().zip(&expected) {
                    prop_assert!((found - expected).abs() <= most, "{found} {expected}");
                }
            }
        }
    }

    /// The stated error of gathering in `f32`, and sums that do not depend on threads.
    #[test]
    fn single_precision_is_as_good_as_stated() {
        let graph = rmat(&Rmat { scale: 15, n_edges: 300_000, ..Rmat::default() }).unwrap();
        let run = |precision, threads| {
            let options = PageRank { precision, ..PageRank::default() };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| options.run(&graph, &Control::NONE).unwrap())
        };
        let (single, double) = (run(Precision::Single, 1), run(Precision::Double, 1));
        assert_eq!(single, run(Precision::Single, 3));
        assert_eq!(double, run(Precision::Double, 3));
        assert!(double.converged && double.iterations > 10);
        let worst = single
            .rank
            .iter()
            .zip(&double.rank)
            .map(|(s, d)| (s - d).abs() / d)
            .fold(0.0, f64::max);
        assert!(worst < 1e-7 && worst > 0.0, "{worst}");
        assert!((single.rank.iter().sum::<f64>() - 1.0).abs() < 1e-7);
    }

    #[test]
    fn bad_options_are_refused() {
        let graph = Graph::from_coo(Coo::new(2, vec![0], vec![1], None).unwrap(), true);
        let run = |options: PageRank| options.run(&graph, &Control::NONE).unwrap_err().to_string();
        let base = PageRank::default;
        assert_eq!(
            run(PageRank { damping: 1.0, ..base() }),
            "damping is 1, but it must be at least 0 and below 1"
        );
        assert_eq!(
            run(PageRank { tolerance: f64::NAN, ..base() }),
            "tolerance is NaN, but it must be above 0"
        );
        assert_eq!(
            run(PageRank { personalization: vec![(2, 1.0)], ..base() }),
            "personalization names node 2, but there are only 2 nodes"
        );
        assert_eq!(
            run(PageRank { personalization: vec![(1, -1.0)], ..base() }),
            "personalization is -1, but it must be finite and above 0"
        );
    }
}
