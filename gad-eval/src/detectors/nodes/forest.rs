//! Isolation forests: points that few random cuts set apart.

use graph_core::Control;
use rayon::prelude::*;

use super::super::random::Random;
use super::{Features, NodeData, NodeDetector, View};

use crate::{Error, Result};

/// An isolation forest over the features, own ones or those of the neighborhood.
///
/// Each tree cuts a random sample at random places of random columns until its points are alone or
/// `⌈log₂ ψ⌉` cuts deep. With the mean depth `h` at which a point ends, and `c(ψ)` that of a search in
/// a random tree of `ψ` points, the score is `2^(−h / c(ψ))`.
///
/// O(t ψ log ψ + n t log ψ) time, in parallel, `ψ f` more where most columns are constant; 24 bytes
/// for each of at most `2 t ψ` parts. The same seed gives the same scores with any number of threads.
///
/// Source: Liu, Ting, Zhou 2008, doi:10.1109/ICDM.2008.17.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct IsolationForest {
    /// Trees `t`, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().trees))]
    pub trees: usize,
    /// Points `ψ` that a tree is grown from, at least 2; at most all.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().sample))]
    pub sample: usize,
    /// What is seen of a node.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().view))]
    pub view: View,
    /// Which of the forests.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for IsolationForest {
    fn default() -> Self {
        Self { trees: 100, sample: 256, view: View::Neighborhood, seed: 0 }
    }
}

impl NodeDetector for IsolationForest {
    fn name(&self) -> &'static str {
        "isolation-forest"
    }

    fn needs_features(&self) -> bool {
        self.view == View::Own
    }

    fn score(&self, data: &NodeData, control: &Control<'_>) -> Result<Vec<f64>> {
        for (option, value, least) in [("trees", self.trees, 1), ("sample", self.sample, 2)] {
            if value < least {
                let allowed = if least == 1 { "at least 1" } else { "at least 2" };
                return Err(Error::BadOption { option, value: value.to_string().into(), allowed });
            }
        }
        let points = self.view.of(data)?;
        let n = points.n_rows();
        if n < 2 {
            return Err(Error::TooFew {
                test: "isolation forest",
                of: "nodes",
                needed: 2,
                found: n,
            });
        }
        let sample = self.sample.min(n);
        let total = Some(self.trees as u64);
        let grow = |tree: usize| {
            control.step("trees", tree as u64, total)?;
            Ok(Tree::grow(&points, sample, Random::of(self.seed, tree as u64)))
        };
        let trees: Vec<Tree> = (0..self.trees).into_par_iter().map(grow).collect::<Result<_>>()?;
        let whole = search_depth(sample) * self.trees as f64;
        let score = |p: usize| {
            let depth: f64 = trees.iter().map(|tree| tree.depth(points.row(p))).sum();
            (-depth / whole).exp2()
        };
        Ok((0..n).into_par_iter().map(score).collect())
    }
}

/// The mean depth of a search that fails in a random binary tree of `n` points.
fn search_depth(n: usize) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => 2.0 * (((n - 1) as f64).ln() + EULER) - 2.0 * (n - 1) as f64 / n as f64,
    }
}

/// A part of a tree.
enum Part {
    /// Below or at the place of a column go on with the next part, above with another.
    Cut { column: usize, at: f64, above: usize },
    /// The depth at which points end here, in the mean.
    End { depth: f64 },
}

/// A tree, each part before those that it is cut into.
struct Tree(Vec<Part>);

impl Tree {
    fn grow(points: &Features, sample: usize, mut random: Random) -> Self {
        // The first of a shuffle are a sample without repetition.
        let mut rows: Vec<usize> = (0..points.n_rows()).collect();
        for place in 0..sample {
            let other = place + random.below(rows.len() - place);
            rows.swap(place, other);
        }
        rows.truncate(sample);
        let deepest = sample.next_power_of_two().trailing_zeros();
        let mut tree = Self(Vec::new());
        let mut columns: Vec<usize> = (0..points.n_columns()).collect();
        tree.cut(points, &mut rows, &mut columns, 0, deepest, &mut random);
        tree
    }

    fn cut(
        &mut self,
        points: &Features,
        rows: &mut [usize],
        columns: &mut [usize],
        depth: u32,
        deepest: u32,
        random: &mut Random,
    ) {
        let place = self.0.len();
        self.0.push(Part::End { depth: f64::from(depth) + search_depth(rows.len()) });
        if rows.len() < 2 || depth == deepest {
            return;
        }
        // Columns are tried in random order until one is not constant.
        for tried in 0..columns.len() {
            let other = tried + random.below(columns.len() - tried);
            columns.swap(tried, other);
            let column = columns[tried];
            let value = |&row: &usize| points.row(row)[column];
            let low = rows.iter().map(value).fold(f64::INFINITY, f64::min);
            let high = rows.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
            if low == high {
                continue;
            }
            // Below the largest, so that both sides have points; halves do not overflow.
            let share = random.unit();
            let mut at = low * (1.0 - share) + high * share;
            if at >= high || at < low {
                at = low;
            }
            let mut below = 0;
            for row in 0..rows.len() {
                if value(&rows[row]) <= at {
                    rows.swap(below, row);
                    below += 1;
                }
            }
            let (low, high) = rows.split_at_mut(below);
            self.cut(points, low, columns, depth + 1, deepest, random);
            let above = self.0.len();
            self.0[place] = Part::Cut { column, at, above };
            self.cut(points, high, columns, depth + 1, deepest, random);
            return;
        }
    }

    fn depth(&self, point: &[f64]) -> f64 {
        let mut place = 0;
        loop {
            match self.0[place] {
                Part::Cut { column, at, above } => {
                    place = if point[column] <= at { place + 1 } else { above };
                }
                Part::End { depth } => return depth,
            }
        }
    }
}
