//! Metrics of scores that claim to be probabilities.

use serde::Serialize;

use super::ranking::check;
use super::weighted::check_weights;
use crate::{Error, Result};

/// Samples whose score lies in one of equally wide ranges.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// Where the range begins; it ends where the next begins.
    pub from: f64,
    /// Number of samples in it.
    pub n_samples: usize,
    /// Mean score of these.
    pub mean_score: f64,
    /// Share of these that are positive.
    pub positive_rate: f64,
}

/// How far scores are probabilities.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibrationReport {
    /// Mean of (score − label)², between 0 and 1; lower is better (Brier 1950).
    pub brier: f64,
    /// Expected calibration error: the mean over samples of |mean score − positive rate| of their
    /// bin (Naeini et al. 2015).
    pub expected_calibration_error: f64,
    /// The bins that have samples, from the lowest.
    pub bins: Vec<CalibrationBin>,
}

/// More bins than samples say nothing, and these are more than a plot has pixels.
const MOST_BINS: usize = 1 << 20;

/// Compares probabilities `y_score` with labels `y_true`, both of shape `[n]`, in `n_bins` equally
/// wide bins; the last one holds 1. O(n).
///
/// ```
/// use gad_eval::metrics::calibration;
///
/// let report = calibration(&[false, true], &[0.25, 0.75], 15)?;
/// assert_eq!(report.brier, 0.0625);
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`], [`Error::Empty`], [`Error::NotFinite`]; [`Error::NotProbability`] for
/// a score outside `0..=1`; [`Error::BadOption`] for no bins or too many.
pub fn calibration(y_true: &[bool], y_score: &[f64], n_bins: usize) -> Result<CalibrationReport> {
    check_probabilities(y_true, y_score)?;
    if !(1..=MOST_BINS).contains(&n_bins) {
        return Err(Error::BadOption {
            option: "n_bins",
            value: n_bins.to_string().into(),
            allowed: "from 1 to 1048576",
        });
    }
    let mut sums = vec![(0_usize, 0.0, 0_usize); n_bins];
    let mut squares = 0.0;
    for (&label, &score) in y_true.iter().zip(y_score) {
        let bin = &mut sums[((score * n_bins as f64) as usize).min(n_bins - 1)];
        *bin = (bin.0 + 1, bin.1 + score, bin.2 + usize::from(label));
        squares += square(label, score);
    }
    let n = y_score.len() as f64;
    let bins: Vec<CalibrationBin> = sums
        .iter()
        .enumerate()
        .filter(|(_, (samples, ..))| 0 < *samples)
        .map(|(bin, &(n_samples, scores, positives))| CalibrationBin {
            from: bin as f64 / n_bins as f64,
            n_samples,
            mean_score: scores / n_samples as f64,
            positive_rate: positives as f64 / n_samples as f64,
        })
        .collect();
    let gap =
        |bin: &CalibrationBin| bin.n_samples as f64 * (bin.mean_score - bin.positive_rate).abs();
    let expected_calibration_error = bins.iter().map(gap).sum::<f64>() / n;
    Ok(CalibrationReport { brier: squares / n, expected_calibration_error, bins })
}

/// Mean of (probability − label)² of labels `y_true` and probabilities `y_prob`, all of shape `[n]`, with weights if there
/// are any. O(n).
///
/// ```
/// use gad_eval::metrics::brier_score_loss;
///
/// assert_eq!(brier_score_loss(&[false, true], &[0.5, 1.0], None)?, 0.125);
/// assert_eq!(brier_score_loss(&[false, true], &[0.5, 1.0], Some(&[1.0, 3.0]))?, 0.0625);
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`], [`Error::Empty`], [`Error::NotFinite`]; [`Error::NotProbability`] for a score outside
/// `0..=1`; [`Error::BadOption`] for a weight that is negative or not finite, or if no sample has any.
pub fn brier_score_loss(
    y_true: &[bool],
    y_prob: &[f64],
    sample_weight: Option<&[f64]>,
) -> Result<f64> {
    check_probabilities(y_true, y_prob)?;
    let squares = y_true.iter().zip(y_prob).map(|(&label, &score)| square(label, score));
    let Some(weights) = sample_weight else {
        return Ok(squares.sum::<f64>() / y_prob.len() as f64);
    };
    check_weights(weights, y_prob.len())?;
    let total: f64 = weights.iter().sum();
    if total == 0.0 {
        return Err(Error::BadOption {
            option: "sample_weight",
            value: "0, all of them".into(),
            allowed: "above 0 for a sample",
        });
    }
    Ok(squares.zip(weights).map(|(square, weight)| weight * square).sum::<f64>() / total)
}

/// Of the distance between a probability and what was.
fn square(label: bool, score: f64) -> f64 {
    (score - f64::from(u8::from(label))).powi(2)
}

/// Checks that there is a probability for each label.
fn check_probabilities(y_true: &[bool], y_score: &[f64]) -> Result<()> {
    check(y_true, y_score)?;
    match y_score.iter().position(|score| !(0.0..=1.0).contains(score)) {
        None => Ok(()),
        Some(index) => Err(Error::NotProbability { index, value: y_score[index] }),
    }
}
