//! Sketches of adjacency: sources and targets both become one of `b` buckets, and edges are counted
//! in a `b` by `b` matrix (Bhatia et al. 2023, doi:10.1145/3580305.3599504, "higher-order sketch").

use super::checkpoint::{Reader, Writer};
use super::sketch::decay;

use crate::Result;

/// Numbers that are added and compared together.
pub(super) const LANES: usize = 8;

/// Counts of edges from bucket to bucket.
///
/// | array | shape | meaning |
/// |---|---|---|
/// | `rows` | `[b, width]` | edges from a bucket to each; the end of a row is 0 |
/// | `columns` | `[b, width]` | edges to a bucket from each: `rows` transposed |
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub(super) buckets: usize,
    width: usize,
    rows: Vec<f64>,
    columns: Vec<f64>,
    /// The sum of all counts, but for rounding.
    pub(super) total: f64,
}

impl Matrix {
    pub(super) fn new(buckets: usize) -> Self {
        let width = buckets.next_multiple_of(LANES);
        let zeros = vec![0.0; buckets * width];
        Self { buckets, width, rows: zeros.clone(), columns: zeros, total: 0.0 }
    }

    /// Row `r`, with zeros up to a multiple of [`LANES`].
    #[inline(always)]
    pub(super) fn row(&self, r: usize) -> &[f64] {
        &self.rows[r * self.width..][..self.width]
    }

    /// Column `c`, with zeros up to a multiple of [`LANES`].
    #[inline(always)]
    pub(super) fn column(&self, c: usize) -> &[f64] {
        &self.columns[c * self.width..][..self.width]
    }

    #[inline(always)]
    pub(super) fn at(&self, r: usize, c: usize) -> f64 {
        self.rows[r * self.width + c]
    }

    /// Counts an edge.
    #[inline(always)]
    pub(super) fn add(&mut self, r: usize, c: usize) {
        self.rows[r * self.width + c] += 1.0;
        self.columns[c * self.width + r] += 1.0;
        self.total += 1.0;
    }

    /// Multiplies all counts by `factor`.
    #[inline(always)]
    pub(super) fn decay(&mut self, factor: f64) {
        decay(&mut self.rows, factor);
        decay(&mut self.columns, factor);
        self.total *= factor;
    }

    pub(super) fn clear(&mut self) {
        self.rows.fill(0.0);
        self.columns.fill(0.0);
        self.total = 0.0;
    }

    pub(super) fn save(&self, writer: &mut Writer) {
        let counts: Vec<f64> =
            (0..self.buckets).flat_map(|r| &self.row(r)[..self.buckets]).copied().collect();
        writer.array(&counts);
        writer.array(&[self.total]);
    }

    pub(super) fn load(&mut self, reader: &mut Reader) -> Result<()> {
        let b = self.buckets;
        let count = |count: f64| count >= 0.0 && count.is_finite();
        let counts = reader.array("counts", b * b, count)?;
        for (place, &count) in counts.iter().enumerate() {
            self.rows[place / b * self.width + place % b] = count;
            self.columns[place % b * self.width + place / b] = count;
        }
        let sum: f64 = counts.iter().sum();
        // It stops a search early, so a wrong one would make scores wrong.
        let near = |total: f64| (total - sum).abs() <= 1e-10 * sum;
        self.total = reader.array("total", 1, near)?[0];
        Ok(())
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.rows[..]) + size_of_val(&self.columns[..])
    }
}
