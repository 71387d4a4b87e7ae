//! Exact nearest neighbors among rows of features.

use graph_core::{Coo, NodeId};
use pulp::Arch;
use rayon::prelude::*;

use super::Features;
use crate::{Control, Error, Result};

/// How far apart two rows `a` and `b` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Distance {
    /// `√Σ (a_i − b_i)²`.
    #[default]
    Euclidean,
    /// `1 − a·b / (|a| |b|)`; 1 from and to a row of zeros.
    Cosine,
    /// `−a·b`: the largest inner product is nearest. No metric; a row may not be its own nearest.
    InnerProduct,
}

/// The rows nearest to each row.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Neighbors {
    /// Number of rows `n`.
    pub n_rows: usize,
    /// Number of neighbors of each row.
    pub k: usize,
    /// Neighbors of each row, the nearest first, equal ones ascending, shape `[n, k]`.
    pub neighbors: Vec<u32>,
    /// Distance to each, shape `[n, k]`.
    pub distances: Vec<f32>,
}

impl Neighbors {
    /// Neighbors of a row and their distances, shape `[k]` each.
    ///
    /// # Panics
    ///
    /// If `row` is not in `0..n_rows`.
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let row = row * self.k..(row + 1) * self.k;
        (&self.neighbors[row.clone()], &self.distances[row])
    }

    /// Edges from each row to its neighbors, without weights.
    ///
    /// # Errors
    ///
    /// [`Error::Graph`] if there are more than 2³² - 1 of them.
    pub fn to_coo(&self) -> Result<Coo> {
        let n = self.n_rows;
        let sources = (0..n as NodeId).flat_map(|u| std::iter::repeat_n(u, self.k)).collect();
        Ok(Coo::new(n, sources, self.neighbors.clone(), None)?)
    }
}

/// Nearest neighbors by comparing all pairs of rows.
///
/// O(n² d) time, in parallel; 4 n d + 8 n k bytes.
/// Sums run over the columns in order, in `f32` and without fused multiply-adds, so the result
/// depends neither on the number of threads nor on the processor. Differences are squared one by
/// one, not by way of inner products, which would lose the distances of near rows to rounding.
///
/// ```
/// use graph_etl::Control;
/// use graph_etl::features::{Features, NearestNeighbors};
///
/// let features = Features::new(1, vec![0.0, 1.0, 3.0])?;
/// let nearest = NearestNeighbors { k: 1, ..NearestNeighbors::default() };
/// let found = nearest.run(&features, &Control::NONE)?;
/// assert_eq!(found.neighbors, [1, 0, 1]);
/// assert_eq!(found.distances, [1.0, 1.0, 2.0]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct NearestNeighbors {
    /// Number of neighbors, at least 1; if there are fewer other rows, all of them.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().k))]
    pub k: u32,
    /// How far apart rows are.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().distance))]
    pub distance: Distance,
}

impl Default for NearestNeighbors {
    fn default() -> Self {
        Self { k: 15, distance: Distance::default() }
    }
}

/// Rows that are compared at once: one in each lane of a register.
const LANES: usize = 16;

/// Queries that share what is loaded of the others.
const QUERIES: usize = 4;

/// Groups of queries that go over all rows together.
const GROUPS: usize = 16;

impl NearestNeighbors {
    /// The nearest other rows of each row.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if `k` is 0;
    /// - [`Error::Stopped`] if the caller wants to stop.
    pub fn run(&self, features: &Features, control: &Control) -> Result<Neighbors> {
        if self.k == 0 {
            let value = "0".into();
            return Err(Error::BadOption { option: "k", value, allowed: "at least 1" });
        }
        let n = features.n_rows();
        let k = (self.k as usize).min(n.saturating_sub(1));
        if k == 0 {
            let (neighbors, distances) = (Vec::new(), Vec::new());
            return Ok(Neighbors { n_rows: n, k, neighbors, distances });
        }
        let normalized;
        let features = match self.distance {
            Distance::Cosine => {
                normalized = features.normalized();
                &normalized
            }
            Distance::Euclidean | Distance::InnerProduct => features,
        };
        let panels = Panels::new(features);
        let block = QUERIES * GROUPS;
        let blocks: Vec<Vec<Nearest>> = (0..n.div_ceil(block))
            .into_par_iter()
            .map(|at| match control.is_stopped() {
                true => Vec::new(),
                false => {
                    let rows = at * block..n.min((at + 1) * block);
                    Arch::new().dispatch(|| match self.distance {
                        Distance::Euclidean => panels.nearest::<true>(features, rows.clone(), k),
                        _ => panels.nearest::<false>(features, rows.clone(), k),
                    })
                }
            })
            .collect();
        control.step("rows", n as u64, Some(n as u64))?;
        let (neighbors, distances) = blocks
            .into_iter()
            .flatten()
            .flat_map(|nearest| nearest.found)
            .map(|(key, row)| (row, self.distance.of_key(key)))
            .unzip();
        Ok(Neighbors { n_rows: n, k, neighbors, distances })
    }
}

impl Distance {
    /// The distance that rows were ordered by `key` for: a squared distance, or the negative of
    /// an inner product.
    pub(super) fn of_key(self, key: f32) -> f32 {
        match self {
            Self::Euclidean => key.sqrt(),
            // Rounding must not make a distance negative.
            Self::Cosine => (1.0 + key).max(0.0),
            Self::InnerProduct => key,
        }
    }
}

/// The rows with the smallest keys so far, ascending by key, then row.
#[derive(Debug, Clone)]
struct Nearest {
    k: usize,
    found: Vec<(f32, u32)>,
    /// Keys from here on are of no interest, once there are `k`.
    limit: f32,
}

impl Nearest {
    fn new(k: usize) -> Self {
        Self { k, found: Vec::with_capacity(k + 1), limit: f32::INFINITY }
    }

    /// Whether a later row with this key would be taken. Keys beyond the range of `f32` are, as
    /// long as there are less than `k`.
    fn wants(&self, key: f32) -> bool {
        key < self.limit || self.found.len() < self.k
    }

    /// Rows come in ascending order, so that of equal keys the first stays.
    fn offer(&mut self, key: f32, row: u32) {
        let at = self.found.partition_point(|&(other, _)| other.total_cmp(&key).is_le());
        self.found.insert(at, (key, row));
        self.found.truncate(self.k);
        if self.found.len() == self.k {
            self.limit = self.found[self.k - 1].0;
        }
    }
}

/// All rows, [`LANES`] of them side by side: column by column, a value of each.
struct Panels {
    n: usize,
    n_columns: usize,
    values: Vec<[f32; LANES]>,
}

impl Panels {
    fn new(features: &Features) -> Self {
        let (n, n_columns) = (features.n_rows(), features.n_columns());
        let mut values = vec![[0.0; LANES]; n.div_ceil(LANES) * n_columns];
        for (panel, values) in values.chunks_mut(n_columns).enumerate() {
            for lane in 0..LANES.min(n - panel * LANES) {
                let row = features.row(panel * LANES + lane);
                for (values, &value) in values.iter_mut().zip(row) {
                    values[lane] = value;
                }
            }
        }
        Self { n, n_columns, values }
    }

    /// The `k` other rows with the smallest keys for each of `rows`.
    #[inline(always)]
    fn nearest<const EUCLIDEAN: bool>(
        &self,
        features: &Features,
        rows: std::ops::Range<usize>,
        k: usize,
    ) -> Vec<Nearest> {
        let mut nearest = vec![Nearest::new(k); rows.len()];
        // Queries of a group side by side; those that are missing repeat the last.
        let groups: Vec<Vec<[f32; QUERIES]>> = rows
            .clone()
            .step_by(QUERIES)
            .map(|first| {
                let query = |at: usize| features.row((first + at).min(rows.end - 1));
                (0..self.n_columns)
                    .map(|column| std::array::from_fn(|at| query(at)[column]))
                    .collect()
            })
            .collect();
        for (panel, values) in self.values.chunks_exact(self.n_columns).enumerate() {
            let first = panel * LANES;
            let lanes = LANES.min(self.n - first);
            let group_rows = rows.clone().step_by(QUERIES);
            let all = groups.iter().zip(nearest.chunks_mut(QUERIES)).zip(group_rows);
            for ((group, nearest), query) in all {
                let keys = keys::<EUCLIDEAN>(group, values);
                for (at, (nearest, keys)) in nearest.iter_mut().zip(&keys).enumerate() {
                    let limit = nearest.limit;
                    if nearest.found.len() == k && keys.iter().all(|&key| key >= limit) {
                        continue;
                    }
                    for (lane, &key) in keys[..lanes].iter().enumerate() {
                        if nearest.wants(key) && first + lane != query + at {
                            nearest.offer(key, (first + lane) as u32);
                        }
                    }
                }
            }
        }
        nearest
    }
}

/// Keys of each query and each row of a panel.
#[inline(always)]
fn keys<const EUCLIDEAN: bool>(
    queries: &[[f32; QUERIES]],
    panel: &[[f32; LANES]],
) -> [[f32; LANES]; QUERIES] {
    let mut sums = [[0.0; LANES]; QUERIES];
    for (query, values) in queries.iter().zip(panel) {
        for (sums, &query) in sums.iter_mut().zip(query) {
            for (sum, &value) in sums.iter_mut().zip(values) {
                if EUCLIDEAN {
                    let difference = query - value;
                    *sum += difference * difference;
                } else {
                    *sum -= query * value;
                }
            }
        }
    }
    sums
}
