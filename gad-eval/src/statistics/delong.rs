//! The variance of areas under the ROC without resampling.

use serde::Serialize;

use super::distributions::two_sided_normal;
use crate::metrics::WeightedRanking;
use crate::{Error, Result};

/// Areas under the ROC of methods that scored the same samples, and how they vary together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DelongReport {
    /// Area under the ROC of each method, shape `[methods]`.
    pub roc_auc: Vec<f64>,
    /// Covariance of these, shape `[methods, methods]`.
    pub covariance: Vec<Vec<f64>>,
}

/// Areas under the ROC of `y_scores`, each of shape `[n]`, and their covariance.
///
/// O(k n log n + k² n) time for k methods, and 8 n bytes for each.
///
/// Source: DeLong, DeLong & Clarke-Pearson 1988, doi:10.2307/2531595; computed by ranks as in
/// Sun & Xu 2014, doi:10.1109/LSP.2014.2337313.
///
/// ```
/// use gad_eval::statistics::delong;
///
/// let y_true = [false, true, false, true, true, false];
/// let good = [0.1, 0.9, 0.2, 0.8, 0.4, 0.3];
/// let poor = [0.5, 0.4, 0.2, 0.8, 0.1, 0.3];
/// let report = delong(&y_true, &[&good, &poor])?;
/// assert_eq!(report.roc_auc[0], 1.0);
/// assert!(report.p_value(0, 1).is_some_and(|p| p < 1.0));
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// # Errors
///
/// As [`WeightedRanking::new`]; [`Error::OneClass`]; [`Error::TooFew`] with a label that only one
/// sample has: nothing is known of its variance.
pub fn delong(y_true: &[bool], y_scores: &[&[f64]]) -> Result<DelongReport> {
    let counts = [false, true].map(|class| y_true.iter().filter(|&&label| label == class).count());
    let placements: Vec<Vec<f64>> = y_scores
        .iter()
        .map(|scores| WeightedRanking::new(y_true, scores)?.placements())
        .collect::<Result<_>>()?;
    for found in counts {
        if found < 2 {
            return Err(Error::TooFew {
                test: "DeLong's variance",
                of: "samples of each label",
                needed: 2,
                found,
            });
        }
    }
    let of = |class: bool, placements: &[f64]| -> Vec<f64> {
        y_true
            .iter()
            .zip(placements)
            .filter(|(label, _)| **label == class)
            .map(|(_, &p)| p)
            .collect()
    };
    let mut covariance = vec![vec![0.0; y_scores.len()]; y_scores.len()];
    let mut roc_auc = vec![0.0; y_scores.len()];
    for class in [false, true] {
        let parts: Vec<Vec<f64>> =
            placements.iter().map(|placements| of(class, placements)).collect();
        let n = counts[usize::from(class)] as f64;
        let means: Vec<f64> = parts.iter().map(|part| part.iter().sum::<f64>() / n).collect();
        for (a, row) in covariance.iter_mut().enumerate() {
            for (b, entry) in row.iter_mut().enumerate() {
                let products = parts[a].iter().zip(&parts[b]);
                let sum: f64 = products.map(|(x, y)| (x - means[a]) * (y - means[b])).sum();
                *entry += sum / (n - 1.0) / n;
            }
        }
        // Both classes have the same mean: the area.
        roc_auc = means;
    }
    Ok(DelongReport { roc_auc, covariance })
}

impl DelongReport {
    /// Standard error of the area of `method`.
    ///
    /// # Panics
    ///
    /// If there is no such method.
    pub fn standard_error(&self, method: usize) -> f64 {
        self.covariance[method][method].sqrt()
    }

    /// Two-sided probability of a difference as large as that of methods `a` and `b` if there were
    /// none; 1 if they are equal. Absent if they differ and nothing varies, as where each separates the labels: no
    /// variance is known then.
    ///
    /// # Panics
    ///
    /// If there is no such method.
    pub fn p_value(&self, a: usize, b: usize) -> Option<f64> {
        let difference = self.roc_auc[a] - self.roc_auc[b];
        let variance = self.covariance[a][a] + self.covariance[b][b] - 2.0 * self.covariance[a][b];
        if difference == 0.0 {
            return Some(1.0);
        }
        (0.0 < variance).then(|| two_sided_normal(difference / variance.sqrt()))
    }
}
