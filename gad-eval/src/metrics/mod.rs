//! Metrics of anomaly scores.
//!
//! A higher score means more anomalous, and a label that is true is an anomaly. Arguments have
//! scikit-learn's names and order. A metric that is undefined is an error that says why.

mod order;
mod probability;
mod ranking;
mod snapshots;
mod stream;
mod sweep;
mod weighted;

pub use probability::{CalibrationBin, CalibrationReport, brier_score_loss, calibration};
pub(crate) use ranking::check;
pub use ranking::{AtK, Curve, Ranking, RankingConfig, RankingReport};
pub use snapshots::{PartReport, PartsReport, per_kind, per_snapshot};
pub use stream::{DetectionConfig, DetectionReport, detection};
pub use weighted::WeightedRanking;

use crate::Result;

/// Area under the ROC of scores `y_score` and labels `y_true`, both of shape `[n]`.
///
/// O(n log n). Who wants more than one metric makes a [`Ranking`], which sorts once.
///
/// # Errors
///
/// As [`Ranking::new`] and [`Ranking::report`].
pub fn roc_auc_score(y_true: &[bool], y_score: &[f64]) -> Result<f64> {
    Ok(Ranking::new(y_true, y_score)?.report(&areas_only())?.roc_auc)
}

/// Average precision of scores `y_score` and labels `y_true`, both of shape `[n]`.
///
/// O(n log n). Who wants more than one metric makes a [`Ranking`], which sorts once.
///
/// # Errors
///
/// As [`Ranking::new`] and [`Ranking::report`].
pub fn average_precision_score(y_true: &[bool], y_score: &[f64]) -> Result<f64> {
    Ok(Ranking::new(y_true, y_score)?.report(&areas_only())?.average_precision)
}

/// The areas and the best F1, which are always computed, and nothing else.
fn areas_only() -> RankingConfig {
    let (k, max_fpr, at_fpr, at_tpr) = (vec![], vec![], vec![], vec![]);
    RankingConfig { k, max_fpr, at_fpr, at_tpr, ndcg: false }
}
