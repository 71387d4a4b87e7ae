//! What can be said of the edges as lines: how unequal they are, how often they cross.

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::sample::Random;
use super::{Measure, QualityConfig};

/// Pairs of edges that are drawn from one stream of random numbers.
const PAIRS_PER_STREAM: usize = 1 << 14;

/// All edges but self-loops, as lines, by ascending least x.
#[derive(Debug)]
pub(super) struct Edges {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    nodes: [NodeId; 2],
    ends: [[f32; 2]; 2],
}

impl Edges {
    pub(super) fn new(graph: &Graph, x: &[f32], y: &[f32]) -> Self {
        let at = |u: NodeId| [x[u as usize], y[u as usize]];
        let pairs = graph.coo().sources().iter().zip(graph.coo().targets());
        let mut lines: Vec<Line> = pairs
            .filter(|(u, v)| u != v)
            .map(|(&u, &v)| Line { nodes: [u, v], ends: [at(u), at(v)] })
            .collect();
        lines.par_sort_by(|a, b| a.left().total_cmp(&b.left()));
        Self { lines }
    }

    /// See [`edge_length_variation`](super::QualityReport::edge_length_variation).
    pub(super) fn length_variation(&self) -> Option<Measure> {
        let m = self.lines.len() as f64;
        let mean = self.lines.iter().map(Line::length).sum::<f64>() / m;
        let square = |line: &Line| (line.length() - mean).powi(2);
        let variance = self.lines.iter().map(square).sum::<f64>() / m;
        // Without edges the mean is not a number, and not above 0 either.
        (mean > 0.0).then(|| Measure::exact(variance.sqrt() / mean, self.lines.len()))
    }

    /// See [`crossing_fraction`](super::QualityReport::crossing_fraction).
    pub(super) fn crossing_fraction(&self, config: &QualityConfig) -> Option<Measure> {
        let m = self.lines.len();
        if m == 0 {
            return None;
        }
        let squared = m as f64 * m as f64;
        // Unordered pairs are compared, hence the half.
        if squared / 2.0 <= config.budget as f64 {
            let crossings: u64 = (0..m)
                .into_par_iter()
                .map(|e| {
                    let (line, rest) = (&self.lines[e], &self.lines[e + 1..]);
                    // No line that begins farther to the right can cross this one.
                    let right = line.ends[0][0].max(line.ends[1][0]);
                    let reached = rest.iter().take_while(|other| other.left() <= right);
                    reached.filter(|other| line.crosses(other)).count() as u64
                })
                .sum();
            let sample_size = m as u64 * m as u64;
            let value = 2.0 * crossings as f64 / squared;
            return Some(Measure { value, standard_error: 0.0, exact: true, sample_size });
        }
        let n_pairs = config.n_edge_pairs;
        let crossings: usize = (0..n_pairs.div_ceil(PAIRS_PER_STREAM))
            .into_par_iter()
            .map(|stream| {
                let mut random = Random::new(config.seed, stream as u64);
                let left = n_pairs - stream * PAIRS_PER_STREAM;
                let mut draw = || &self.lines[random.below(m)];
                (0..left.min(PAIRS_PER_STREAM)).filter(|_| draw().crosses(draw())).count()
            })
            .sum();
        let value = crossings as f64 / n_pairs as f64;
        // One more success and one more failure, so that finding none is not taken for certainty.
        let share = (crossings + 1) as f64 / (n_pairs + 2) as f64;
        let standard_error = (share * (1.0 - share) / n_pairs as f64).sqrt();
        Some(Measure { value, standard_error, exact: false, sample_size: n_pairs as u64 })
    }
}

impl Line {
    fn left(&self) -> f32 {
        self.ends[0][0].min(self.ends[1][0])
    }

    fn length(&self) -> f64 {
        let [a, b] = self.ends;
        (f64::from(a[0]) - f64::from(b[0])).hypot(f64::from(a[1]) - f64::from(b[1]))
    }

    /// Whether both lines pass between the ends of the other and share no node.
    fn crosses(&self, other: &Self) -> bool {
        let shares = |u: NodeId| other.nodes.contains(&u);
        self.divides(other) && other.divides(self) && !self.nodes.into_iter().any(shares)
    }

    /// Whether the ends of `other` lie strictly on either side of the infinite line.
    fn divides(&self, other: &Self) -> bool {
        let [a, b] = self.ends.map(|end| end.map(f64::from));
        let side = |end: [f32; 2]| {
            let c = end.map(f64::from);
            (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        };
        side(other.ends[0]) * side(other.ends[1]) < 0.0
    }
}
