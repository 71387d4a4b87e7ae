//! UMAP: rows of features as points of the plane, near where the rows are near.

use graph_core::Coo;
use graph_core::generate::Random;
use rayon::prelude::*;

use super::eigen::leading;
use super::fuzzy::Fuzzy;
use super::{Distance, Features, Hnsw, NearestNeighbors, Neighbors, PrincipalComponents};
use crate::{Control, Error, Result};

/// A step moves a point by at most this times the learning rate, along each axis.
const LONGEST: f32 = 4.0;

/// From so many rows on all pairs take longer than an index: of 64 columns, 6 s against 3 to 8 on two cores.
const MANY: usize = 50_000;

/// Starts are scaled so that their longest extent from the center is this.
const EXTENT: f64 = 10.0;

/// Where points of a [`Umap`] start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum UmapStart {
    /// At eigenvectors of the graph's normalized Laplacian, to the accuracy of 200 steps.
    #[default]
    Spectral,
    /// At the first two principal components; spectral if only neighbors are given.
    Principal,
    /// Anywhere.
    Random,
}

/// A projection of rows of features to the plane that keeps near rows together.
///
/// Distances to the nearest neighbors become weights, `exp(-(d − ρ) / σ)` with ρ the distance of
/// the nearest and σ such that the weights of a row add up to log₂ `n_neighbors`; both directions
/// of a pair are joined by `a + b − a b`. Points then move for `n_epochs`: along edges towards one
/// another, the more often the heavier, and away from random others.
///
/// In an epoch every point moves by where the others were at its start, so the result is the same
/// for any number of threads; umap-learn's is only with one. O(`n_epochs` · n · `n_neighbors`) time
/// after the neighbors are found, which takes O(n² d), or less with [`approximate`](Self::approximate).
///
/// Source: `McInnes`, Healy, Melville 2018, arXiv:1802.03426.
///
/// ```
/// use graph_etl::Control;
/// use graph_etl::features::{Features, Umap};
///
/// // Two groups, far apart.
/// let values = (0..40).map(|row| if row < 20 { row as f32 } else { 1000.0 + row as f32 });
/// let features = Features::new(1, values.collect())?;
/// let found = Umap { n_neighbors: 5, ..Umap::default() }.run(&features, &Control::NONE)?;
/// assert_eq!((found.x.len(), found.y.len()), (40, 40));
/// # Ok::<(), graph_etl::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Umap {
    /// Size of a neighborhood, the row itself included, at least 2: more shows the whole, less
    /// the details.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().n_neighbors))]
    pub n_neighbors: u32,
    /// How far apart rows are.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().distance))]
    pub distance: Distance,
    /// Whether neighbors are searched for by [`Hnsw`], which finds nearly all, instead of comparing all pairs of rows; by
    /// default from 50,000 rows on.
    #[cfg_attr(feature = "clap", arg(long, value_name = "BOOL"))]
    pub approximate: Option<bool>,
    /// How near points may come, at least 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().min_distance))]
    pub min_distance: f64,
    /// Scale of the projection, above 0 and at least `min_distance`.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().spread))]
    pub spread: f64,
    /// Epochs; by default 500 up to 10,000 rows and 200 above.
    #[cfg_attr(feature = "clap", arg(long))]
    pub n_epochs: Option<u32>,
    /// Learning rate at the start, above 0; it falls to 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().learning_rate))]
    pub learning_rate: f64,
    /// Random points that push for each edge that pulls.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().negative_samples))]
    pub negative_samples: u32,
    /// Where points start.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().start))]
    pub start: UmapStart,
    /// Seed of the random numbers.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for Umap {
    fn default() -> Self {
        Self {
            n_neighbors: 15,
            distance: Distance::default(),
            approximate: None,
            min_distance: 0.1,
            spread: 1.0,
            n_epochs: None,
            learning_rate: 1.0,
            negative_samples: 5,
            start: UmapStart::default(),
            seed: 0,
        }
    }
}

/// Rows as points.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PlaneProjection {
    /// First coordinate, shape `[n]`.
    pub x: Vec<f32>,
    /// Second coordinate, shape `[n]`.
    pub y: Vec<f32>,
    /// The `a` of the curve `1 / (1 + a d^2b)` that tells how near points at a distance `d` count.
    pub a: f64,
    /// Its `b`.
    pub b: f64,
    /// Epochs made.
    pub n_epochs: u32,
}

impl Umap {
    /// The rows of `features` as points.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if an option is out of its range;
    /// - [`Error::Stopped`] if the caller wants to stop.
    pub fn run(&self, features: &Features, control: &Control) -> Result<PlaneProjection> {
        Ok(self.found(features, control)?.0)
    }

    /// As [`run`](Self::run), with the graph that points move by: for each pair of rows of which one is near the
    /// other, an edge in both directions with a weight in `0..=1`.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn run_with_graph(
        &self,
        features: &Features,
        control: &Control,
    ) -> Result<(PlaneProjection, Coo)> {
        let (points, fuzzy) = self.found(features, control)?;
        Ok((points, fuzzy.into_coo()?))
    }

    fn found(&self, features: &Features, control: &Control) -> Result<(PlaneProjection, Fuzzy)> {
        self.check()?;
        let (k, distance) = (self.n_neighbors - 1, self.distance);
        let fuzzy = Fuzzy::new(&match self.approximate.unwrap_or(features.n_rows() >= MANY) {
            true => {
                Hnsw { k, distance, seed: self.seed, ..Hnsw::default() }.run(features, control)?
            }
            false => NearestNeighbors { k, distance }.run(features, control)?,
        });
        let mut start = None;
        if self.start == UmapStart::Principal {
            let found = PrincipalComponents { n_components: 2 }.run(features, control)?;
            let c = found.n_components;
            let column = |at: usize| match at < c {
                true => found.projected.chunks(c).map(|row| f64::from(row[at])).collect(),
                false => vec![0.0; features.n_rows()],
            };
            start = Some([column(0), column(1)]);
        }
        Ok((self.project(&fuzzy, start, control)?, fuzzy))
    }

    /// Rows as points, by their nearest neighbors alone. `n_neighbors` and `distance` do not
    /// count; distances must be at least 0.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn run_on(&self, neighbors: &Neighbors, control: &Control) -> Result<PlaneProjection> {
        self.check()?;
        self.project(&Fuzzy::new(neighbors), None, control)
    }

    fn check(&self) -> Result<()> {
        let bad = |option, value: String, allowed| {
            Err(Error::BadOption { option, value: value.into(), allowed })
        };
        if self.n_neighbors < 2 {
            return bad("n_neighbors", self.n_neighbors.to_string(), "at least 2");
        }
        if self.distance == Distance::InnerProduct {
            return bad("distance", "inner-product".to_owned(), "a distance of at least 0");
        }
        for (option, value) in [("spread", self.spread), ("learning_rate", self.learning_rate)] {
            if !(value.is_finite() && value > 0.0) {
                return bad(option, value.to_string(), "a finite number above 0");
            }
        }
        match (0.0..=self.spread).contains(&self.min_distance) {
            true => Ok(()),
            false => bad("min_distance", self.min_distance.to_string(), "between 0 and spread"),
        }
    }

    fn project(
        &self,
        fuzzy: &Fuzzy,
        start: Option<[Vec<f64>; 2]>,
        control: &Control,
    ) -> Result<PlaneProjection> {
        let n = fuzzy.n_rows();
        let (a, b) = curve(self.min_distance, self.spread);
        let n_epochs = self.n_epochs.unwrap_or(if n <= 10_000 { 500 } else { 200 });
        let start = match (self.start, start) {
            (_, Some(start)) => start,
            (UmapStart::Random, None) => random(n, self.seed),
            _ => spectral(fuzzy, control)?,
        };
        let mut points = scaled(&start, self.seed);
        let descent = Descent {
            options: self,
            fuzzy,
            heaviest: fuzzy.weights().iter().copied().fold(0.0, f32::max),
            n_epochs,
            curve: [a as f32, b as f32],
        };
        let mut next = points.clone();
        for epoch in 0..n_epochs {
            descent.epoch(epoch, &points, &mut next);
            std::mem::swap(&mut points, &mut next);
            control.step("epochs", u64::from(epoch) + 1, Some(n_epochs.into()))?;
        }
        let (x, y) = points.into_iter().map(|[x, y]| (x, y)).unzip();
        Ok(PlaneProjection { x, y, a, b, n_epochs })
    }
}

/// Moves of points along edges and away from others.
struct Descent<'a> {
    options: &'a Umap,
    fuzzy: &'a Fuzzy,
    heaviest: f32,
    n_epochs: u32,
    curve: [f32; 2],
}

impl Descent<'_> {
    /// Where each point goes, by where all points are.
    fn epoch(&self, epoch: u32, points: &[[f32; 2]], next: &mut [[f32; 2]]) {
        let left = 1.0 - f64::from(epoch) / f64::from(self.n_epochs);
        let rate = (self.options.learning_rate * left) as f32;
        next.par_iter_mut().with_min_len(64).enumerate().for_each(|(u, to)| {
            let index = u64::from(epoch) << 32 | u as u64;
            let mut random = Random::new(self.options.seed.wrapping_add(1), index);
            let mut at = points[u];
            for entry in self.fuzzy.row(u) {
                if !self.is_due(self.fuzzy.weights()[entry], epoch) {
                    continue;
                }
                let v = self.fuzzy.targets()[entry] as usize;
                // The edge is in the rows of both its ends, and moves both each time.
                for _ in 0..2 {
                    step(&mut at, points[v], rate, |square| self.pull(square));
                }
                for _ in 0..self.options.negative_samples {
                    let v = random.below(points.len() as u64) as usize;
                    if v != u {
                        step(&mut at, points[v], rate, |square| self.push(square));
                    }
                }
            }
            *to = at;
        });
    }

    /// Whether an edge moves its ends in an epoch: the heaviest do in all, others in their share
    /// of epochs, evenly spaced.
    fn is_due(&self, weight: f32, epoch: u32) -> bool {
        let share = f64::from(weight) / f64::from(self.heaviest);
        let before = (f64::from(epoch) * share).floor();
        (f64::from(epoch + 1) * share).floor() > before
    }

    fn pull(&self, square: f32) -> f32 {
        let [a, b] = self.curve;
        if square == 0.0 {
            return 0.0;
        }
        let power = square.powf(b);
        -2.0 * a * b * (power / square) / (1.0 + a * power)
    }

    fn push(&self, square: f32) -> f32 {
        let [a, b] = self.curve;
        if square == 0.0 {
            return 0.0;
        }
        2.0 * b / ((0.001 + square) * (1.0 + a * square.powf(b)))
    }
}

/// Moves `at` along the line from `other`, by `factor` of their squared distance times it.
fn step(at: &mut [f32; 2], other: [f32; 2], rate: f32, factor: impl Fn(f32) -> f32) {
    let [x, y] = [at[0] - other[0], at[1] - other[1]];
    let factor = factor(x * x + y * y);
    at[0] += rate * (factor * x).clamp(-LONGEST, LONGEST);
    at[1] += rate * (factor * y).clamp(-LONGEST, LONGEST);
}

/// `a` and `b` with which `1 / (1 + a d^2b)` is nearest, in squares over 300 distances up to three
/// times `spread`, to 1 up to `min_distance` and `exp(−(d − min_distance) / spread)` beyond.
///
/// Gauss–Newton with Levenberg's damping.
fn curve(min_distance: f64, spread: f64) -> (f64, f64) {
    const N: u32 = 300;
    let points: Vec<(f64, f64)> = (0..N)
        .map(|at| {
            let d = 3.0 * spread * f64::from(at) / f64::from(N - 1);
            (d, if d < min_distance { 1.0 } else { ((min_distance - d) / spread).exp() })
        })
        .collect();
    let value = |d: f64, a: f64, b: f64| (1.0 + a * d.powf(2.0 * b)).recip();
    let error = |a: f64, b: f64| -> f64 {
        points.iter().map(|&(d, goal)| (value(d, a, b) - goal).powi(2)).sum()
    };
    let (mut a, mut b, mut damping) = (1.0, 1.0, 1e-3);
    let mut least = error(a, b);
    for _ in 0..200 {
        // Normal equations of the two derivatives; at d = 0 both are 0.
        let [mut aa, mut ab, mut bb, mut ra, mut rb] = [0.0; 5];
        for &(d, goal) in points.iter().filter(|(d, _)| *d > 0.0) {
            let found = value(d, a, b);
            let power = d.powf(2.0 * b);
            let (da, db) = (-found * found * power, -found * found * a * power * 2.0 * d.ln());
            let residual = goal - found;
            aa += da * da;
            ab += da * db;
            bb += db * db;
            ra += da * residual;
            rb += db * residual;
        }
        let (p, q) = (aa * (1.0 + damping), bb * (1.0 + damping));
        let determinant = p * q - ab * ab;
        let (next_a, next_b) =
            (a + (q * ra - ab * rb) / determinant, b + (p * rb - ab * ra) / determinant);
        let next = if next_a > 0.0 && next_b > 0.0 { error(next_a, next_b) } else { f64::INFINITY };
        if next < least {
            (a, b, least) = (next_a, next_b, next);
            damping /= 10.0;
        } else {
            damping *= 10.0;
        }
        if damping > 1e12 {
            break;
        }
    }
    (a, b)
}

fn random(n: usize, seed: u64) -> [Vec<f64>; 2] {
    [0, 1].map(|axis| {
        let mut random = Random::new(seed, axis);
        (0..n).map(|_| random.unit() - 0.5).collect()
    })
}

/// The second and third eigenvector of the normalized adjacency, which are those of the smallest
/// eigenvalues of the normalized Laplacian.
fn spectral(fuzzy: &Fuzzy, control: &Control) -> Result<[Vec<f64>; 2]> {
    let n = fuzzy.n_rows();
    let strength = |u: usize| -> f64 {
        fuzzy.weights()[fuzzy.row(u)].iter().map(|&weight| f64::from(weight)).sum()
    };
    let roots: Vec<f64> = (0..n).map(|u| strength(u).sqrt().max(f64::MIN_POSITIVE)).collect();
    // Half of it plus the identity has eigenvalues in 0..=1.
    let apply = |x: &[f64]| {
        let row = |u: usize| {
            let entries = fuzzy.row(u);
            let weights = &fuzzy.weights()[entries.clone()];
            let sum: f64 = fuzzy.targets()[entries]
                .iter()
                .zip(weights)
                .map(|(&v, &weight)| f64::from(weight) * x[v as usize] / roots[v as usize])
                .sum();
            0.5 * (x[u] + sum / roots[u])
        };
        (0..n).into_par_iter().with_min_len(1024).map(row).collect()
    };
    let (_, vectors) = leading(n, 3, 200, 1e-9, control, apply)?;
    let mut vectors = vectors.into_iter().skip(1);
    Ok([0, 1].map(|_| vectors.next().unwrap_or_else(|| vec![0.0; n])))
}

/// Points of `start`, centered, scaled to [`EXTENT`], and a little apart.
fn scaled(start: &[Vec<f64>; 2], seed: u64) -> Vec<[f32; 2]> {
    let n = start[0].len();
    let centered = [0, 1].map(|axis: usize| {
        let mean = start[axis].iter().sum::<f64>() / n.max(1) as f64;
        start[axis].iter().map(|value| value - mean).collect::<Vec<f64>>()
    });
    let largest = centered.iter().flatten().fold(0.0, |most: f64, value| most.max(value.abs()));
    let scale = if largest > 0.0 { EXTENT / largest } else { 0.0 };
    (0..n)
        .map(|u| {
            let mut random = Random::new(!seed, u as u64);
            [0, 1].map(|axis: usize| {
                (centered[axis][u] * scale + 1e-3 * (random.unit() - 0.5)) as f32
            })
        })
        .collect()
}
