//! Metrics of anomaly scores.

use arrow::array::{ArrayRef, Float64Array};
use graphlume::Device;
use graphlume::gad::metrics::{Ranking, RankingConfig, WeightedRanking, brier_score_loss};
use pyo3::prelude::*;

use crate::arrays::{Array, floats};
use crate::error::Failure;
use crate::values;
use crate::work::leave;

/// Labels as truth values; those that are neither 0 nor 1 are refused.
fn labels(py: Python<'_>, y_true: &Array) -> PyResult<Vec<bool>> {
    let numbers = floats(py, "y_true", &y_true.0)?;
    let label = |(at, &number): (usize, &f64)| match number {
        0.0 => Ok(false),
        1.0 => Ok(true),
        _ => {
            Err(Failure::Input(format!("label {at} is {number}, but a label is 0 or 1")).raise(py))
        }
    };
    numbers.iter().enumerate().map(label).collect()
}

/// A weight for each sample, if they have any.
fn weights(py: Python<'_>, sample_weight: Option<&Array>) -> PyResult<Option<Vec<f64>>> {
    sample_weight.map(|weights| floats(py, "sample_weight", &weights.0)).transpose()
}

/// All ranking metrics, from one sort.
#[pyfunction]
#[pyo3(signature = (y_true, y_score, *, sample_weight, k, max_fpr, at_fpr, at_tpr, ndcg, device))]
#[expect(clippy::too_many_arguments, reason = "the package's Python part names and documents them")]
pub(crate) fn ranking<'py>(
    py: Python<'py>,
    y_true: &Array,
    y_score: &Array,
    sample_weight: Option<&Array>,
    k: Vec<usize>,
    max_fpr: Vec<f64>,
    at_fpr: Vec<f64>,
    at_tpr: Vec<f64>,
    ndcg: bool,
    device: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let config = RankingConfig { k, max_fpr, at_fpr, at_tpr, ndcg };
    let (y_true, y_score) = (labels(py, y_true)?, floats(py, "y_score", &y_score.0)?);
    let weights = weights(py, sample_weight)?;
    let device = Device::parse(device).map_err(|error| Failure::from(error).raise(py))?;
    let report = leave(py, move || match &weights {
        Some(weights) => WeightedRanking::new(&y_true, &y_score)?.report(weights, &config),
        None => Ranking::on_device(device, &y_true, &y_score)?.report(&config),
    })?;
    values::report(py, &report)
}

/// Thresholds, and how many positives and negatives, or what weight of them, score at least as high as each.
#[pyfunction]
pub(crate) fn curve(
    py: Python<'_>,
    y_true: &Array,
    y_score: &Array,
    sample_weight: Option<&Array>,
    max_points: Option<usize>,
) -> PyResult<[Array; 3]> {
    let (y_true, y_score) = (labels(py, y_true)?, floats(py, "y_score", &y_score.0)?);
    let weights = weights(py, sample_weight)?;
    let max_points = max_points.unwrap_or(usize::MAX);
    let curve = leave(py, move || match &weights {
        Some(weights) => WeightedRanking::new(&y_true, &y_score)?.curve(weights, max_points),
        None => Ok(Ranking::new(&y_true, &y_score)?.curve(max_points)),
    })?;
    let array =
        |values: Vec<f64>| Array(std::sync::Arc::new(Float64Array::from(values)) as ArrayRef);
    Ok([array(curve.thresholds), array(curve.true_positives), array(curve.false_positives)])
}

/// How far scores are probabilities.
#[pyfunction]
pub(crate) fn calibration<'py>(
    py: Python<'py>,
    y_true: &Array,
    y_score: &Array,
    n_bins: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let (y_true, y_score) = (labels(py, y_true)?, floats(py, "y_score", &y_score.0)?);
    let report =
        leave(py, move || graphlume::gad::metrics::calibration(&y_true, &y_score, n_bins))?;
    values::report(py, &report)
}

/// Mean of (probability − label)².
#[pyfunction]
pub(crate) fn brier(
    py: Python<'_>,
    y_true: &Array,
    y_prob: &Array,
    sample_weight: Option<&Array>,
) -> PyResult<f64> {
    let (y_true, y_prob) = (labels(py, y_true)?, floats(py, "y_prob", &y_prob.0)?);
    let weights = weights(py, sample_weight)?;
    leave(py, move || brier_score_loss(&y_true, &y_prob, weights.as_deref()))
}
