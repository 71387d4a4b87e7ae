//! The fuzzy graph of UMAP: nearest neighbors with weights that every row has about as much of.

use std::ops::Range;

use graph_core::Coo;
use rayon::prelude::*;

use super::Neighbors;
use crate::Result;

/// Symmetric rows of weights in `0..=1`.
pub(super) struct Fuzzy {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f32>,
}

impl Fuzzy {
    /// Weights `exp(−(d − ρ) / σ)` of distances, joined by `a + b − a b` over both directions.
    pub(super) fn new(neighbors: &Neighbors) -> Self {
        let n = neighbors.n_rows;
        let all: f64 = neighbors.distances.iter().map(|&d| f64::from(d)).sum();
        let mean = all / neighbors.distances.len().max(1) as f64;
        let weights: Vec<f32> = (0..n)
            .into_par_iter()
            .flat_map_iter(|u| membership(neighbors.row(u).1, mean))
            .collect();
        // Rows of the reversed graph, whose entries ascend.
        let mut offsets = vec![0; n + 1];
        for &v in &neighbors.neighbors {
            offsets[v as usize + 1] += 1;
        }
        for v in 0..n {
            offsets[v + 1] += offsets[v];
        }
        let mut next = offsets.clone();
        let mut reversed = vec![(0, 0.0); weights.len()];
        for (entry, (&v, &weight)) in neighbors.neighbors.iter().zip(&weights).enumerate() {
            reversed[next[v as usize]] = ((entry / neighbors.k) as u32, weight);
            next[v as usize] += 1;
        }
        let rows: Vec<Vec<(u32, f32)>> = (0..n)
            .into_par_iter()
            .map(|u| {
                let own = u * neighbors.k..(u + 1) * neighbors.k;
                let targets = neighbors.neighbors[own.clone()].iter().copied();
                let mut row: Vec<(u32, f32)> = targets.zip(weights[own].iter().copied()).collect();
                row.extend_from_slice(&reversed[offsets[u]..offsets[u + 1]]);
                row.sort_by_key(|&(v, _)| v);
                row.dedup_by(|other, kept| {
                    let same = other.0 == kept.0;
                    if same {
                        kept.1 = kept.1 + other.1 - kept.1 * other.1;
                    }
                    same
                });
                row
            })
            .collect();
        let mut fuzzy = Self { offsets: vec![0], targets: Vec::new(), weights: Vec::new() };
        for row in rows {
            fuzzy.targets.extend(row.iter().map(|&(v, _)| v));
            fuzzy.weights.extend(row.iter().map(|&(_, weight)| weight));
            fuzzy.offsets.push(fuzzy.targets.len());
        }
        fuzzy
    }

    /// Its entries as edges with weights.
    pub(super) fn into_coo(self) -> Result<Coo> {
        let lengths = self.offsets.windows(2).map(|row| row[1] - row[0]);
        let sources =
            (0_u32..).zip(lengths).flat_map(|(u, length)| std::iter::repeat_n(u, length)).collect();
        let n = self.n_rows();
        Ok(Coo::new(n, sources, self.targets, Some(self.weights))?)
    }

    pub(super) fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(super) fn row(&self, u: usize) -> Range<usize> {
        self.offsets[u]..self.offsets[u + 1]
    }

    pub(super) fn targets(&self) -> &[u32] {
        &self.targets
    }

    pub(super) fn weights(&self) -> &[f32] {
        &self.weights
    }
}

/// Weights of the distances of one row, ascending, whose sum is log₂ of the row's length and 1 if
/// that can be reached; `mean` is the mean of all rows.
fn membership(distances: &[f32], mean: f64) -> impl Iterator<Item = f32> {
    // σ is at least this share of the mean distance.
    const LEAST: f64 = 1e-3;
    let goal = ((distances.len() + 1) as f64).log2();
    let nearest = distances.iter().copied().find(|&d| d > 0.0).map_or(0.0, f64::from);
    let weight = move |d: f32, sigma: f64| match f64::from(d) - nearest {
        beyond if beyond > 0.0 && sigma > 0.0 => (-beyond / sigma).exp(),
        _ => 1.0,
    };
    let sum = |sigma: f64| -> f64 { distances.iter().map(|&d| weight(d, sigma)).sum() };
    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..64 {
        let found = sum(sigma);
        if (found - goal).abs() < 1e-5 {
            break;
        }
        if found > goal {
            high = sigma;
            sigma = f64::midpoint(low, high);
        } else {
            low = sigma;
            sigma = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * sigma };
        }
    }
    let own = distances.iter().map(|&d| f64::from(d)).sum::<f64>() / distances.len().max(1) as f64;
    let sigma = sigma.max(LEAST * if nearest > 0.0 { own } else { mean });
    distances.iter().map(|&d| weight(d, sigma) as f32).collect::<Vec<_>>().into_iter()
}
