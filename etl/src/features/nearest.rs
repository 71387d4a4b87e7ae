//! Exact nearest neighbors among rows of features.

use std::borrow::Cow;
use std::ops::Range;

use graph_core::{Coo, NodeId};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Features;
use crate::pace::Pace;
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
    /// Neighbors of all rows one after another, `k` keys and rows of each.
    pub(super) fn new(
        n_rows: usize,
        k: usize,
        distance: Distance,
        found: impl IntoIterator<Item = (f32, u32)>,
    ) -> Self {
        let found = found.into_iter().map(|(key, row)| (row, distance.of_key(key)));
        let (neighbors, distances) = found.unzip();
        Self { n_rows, k, neighbors, distances }
    }

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

/// Rows of a panel, side by side: a register of any width holds a whole part of them.
const LANES: usize = 16;

/// Queries that share what is loaded of the others: their sums stay in registers.
const QUERIES: usize = 8;

/// Groups of queries that go over all rows together.
const GROUPS: usize = 8;

impl NearestNeighbors {
    /// The nearest other rows of each row.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if `k` is 0;
    /// - [`Error::Stopped`] if the caller wants to stop.
    pub fn run(&self, features: &Features, control: &Control) -> Result<Neighbors> {
        let (k, features) = self.distance.prepare(self.k, features)?;
        let n = features.n_rows();
        if k == 0 {
            return Ok(Neighbors::new(n, k, self.distance, []));
        }
        let panels = Panels::new(&features);
        let euclidean = self.distance == Distance::Euclidean;
        let block = QUERIES * GROUPS;
        let pace = Pace::new(control, "rows", n);
        let blocks: Vec<Option<Vec<Nearest>>> = (0..n.div_ceil(block))
            .into_par_iter()
            .map(|at| {
                let rows = at * block..n.min((at + 1) * block);
                pace.part(rows.len(), || {
                    let search = Search { panels: &panels, features: &features, rows, k };
                    match euclidean {
                        true => Arch::new().dispatch(Euclidean(search)),
                        false => Arch::new().dispatch(Inner(search)),
                    }
                })
            })
            .collect();
        pace.finish()?;
        let found = blocks.into_iter().flatten().flatten().flat_map(|nearest| nearest.found);
        Ok(Neighbors::new(n, k, self.distance, found))
    }
}

impl Distance {
    /// How many neighbors rows have, `k` or fewer, and the rows as they are compared.
    pub(super) fn prepare(self, k: u32, features: &Features) -> Result<(usize, Cow<'_, Features>)> {
        if k == 0 {
            let value = "0".into();
            return Err(Error::BadOption { option: "k", value, allowed: "at least 1" });
        }
        let k = (k as usize).min(features.n_rows().saturating_sub(1));
        let features = match self {
            Self::Cosine => Cow::Owned(features.normalized()),
            Self::Euclidean | Self::InnerProduct => Cow::Borrowed(features),
        };
        Ok((k, features))
    }

    /// The distance that rows were ordered by `key` for: a squared distance, or the negative of
    /// an inner product.
    fn of_key(self, key: f32) -> f32 {
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
        key < self.limit || self.is_filling()
    }

    fn is_filling(&self) -> bool {
        self.found.len() < self.k
    }

    /// Takes the rows from `first` on that are wanted, but for `query` itself. Rows come in
    /// ascending order, so that of equal keys the first stays.
    #[inline(never)]
    fn offer(&mut self, keys: &[f32], first: usize, query: usize) {
        for (row, &key) in (first..).zip(keys) {
            if row == query || !self.wants(key) {
                continue;
            }
            let at = self.found.partition_point(|&(other, _)| other.total_cmp(&key).is_le());
            self.found.insert(at, (key, row as u32));
            self.found.truncate(self.k);
            if self.found.len() == self.k {
                self.limit = self.found[self.k - 1].0;
            }
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
}

/// The `k` other rows with the smallest keys are looked for, for each of `rows`.
struct Search<'a> {
    panels: &'a Panels,
    features: &'a Features,
    rows: Range<usize>,
    k: usize,
}

/// By squared distances.
struct Euclidean<'a>(Search<'a>);

/// By inner products.
struct Inner<'a>(Search<'a>);

impl WithSimd for Euclidean<'_> {
    type Output = Vec<Nearest>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        self.0.run(simd, |sum, query, value| {
            let difference = simd.sub_f32s(query, value);
            simd.add_f32s(sum, simd.mul_f32s(difference, difference))
        })
    }
}

impl WithSimd for Inner<'_> {
    type Output = Vec<Nearest>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        self.0.run(simd, |sum, query, value| simd.sub_f32s(sum, simd.mul_f32s(query, value)))
    }
}

impl Search<'_> {
    /// Keys are sums over the columns, to which `add(sum, query, value)` adds one.
    ///
    /// The registers are asked for by name: of plain loops over arrays the compiler made code that
    /// was 30 times slower. All of it has to be inlined into what is compiled for a processor.
    #[inline(always)]
    fn run<S: Simd>(
        self,
        simd: S,
        add: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s,
    ) -> Vec<Nearest> {
        const { assert!(LANES.is_multiple_of(S::F32_LANES), "a panel should be whole registers") }
        let Self { panels, features, rows, k } = self;
        let mut nearest = vec![Nearest::new(k); rows.len()];
        // Queries of a group side by side; those that are missing repeat the last.
        let groups: Vec<Vec<[f32; QUERIES]>> = rows
            .clone()
            .step_by(QUERIES)
            .map(|first| {
                let query = |at: usize| features.row((first + at).min(rows.end - 1));
                (0..panels.n_columns)
                    .map(|column| std::array::from_fn(|at| query(at)[column]))
                    .collect()
            })
            .collect();
        for (panel, values) in panels.values.chunks_exact(panels.n_columns).enumerate() {
            for part in 0..LANES / S::F32_LANES {
                let first = panel * LANES + part * S::F32_LANES;
                if panels.n <= first {
                    break;
                }
                let lanes = S::F32_LANES.min(panels.n - first);
                let group_rows = rows.clone().step_by(QUERIES);
                let all = groups.iter().zip(nearest.chunks_mut(QUERIES)).zip(group_rows);
                for ((group, nearest), query) in all {
                    let mut sums = [simd.splat_f32s(0.0); QUERIES];
                    for (queries, values) in group.iter().zip(values) {
                        let values = S::as_simd_f32s(values).0[part];
                        for (sum, &query) in sums.iter_mut().zip(queries) {
                            *sum = add(*sum, simd.splat_f32s(query), values);
                        }
                    }
                    for (at, (nearest, &sums)) in nearest.iter_mut().zip(&sums).enumerate() {
                        let below = simd.less_than_f32s(sums, simd.splat_f32s(nearest.limit));
                        if nearest.is_filling() || simd.first_true_m32s(below) < S::F32_LANES {
                            let mut keys = [0.0; LANES];
                            S::as_mut_simd_f32s(&mut keys).0[0] = sums;
                            nearest.offer(&keys[..lanes], first, query + at);
                        }
                    }
                }
            }
        }
        nearest
    }
}
