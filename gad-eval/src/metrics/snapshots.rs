//! Metrics of each snapshot, and of each kind of anomaly.

use rayon::prelude::*;
use serde::Serialize;

use super::{Ranking, areas_only};
use crate::{Error, Result};

/// Metrics of a part of the samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartReport {
    /// Which part: the number of a snapshot, or a kind of anomaly.
    pub name: String,
    /// Number of samples in it.
    pub n_samples: usize,
    /// Number of positives in it.
    pub n_positives: usize,
    /// Area under the ROC; absent if undefined.
    pub roc_auc: Option<f64>,
    /// Average precision; absent if undefined.
    pub average_precision: Option<f64>,
    /// Why the two are absent.
    pub undefined: Option<String>,
}

/// Metrics of all parts, and their mean.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartsReport {
    /// One for each part, those that are undefined too.
    pub parts: Vec<PartReport>,
    /// Number of parts that are defined.
    pub n_defined: usize,
    /// Mean of their areas under the ROC, each part counting once; absent if none is defined.
    pub mean_roc_auc: Option<f64>,
    /// Mean of their average precisions.
    pub mean_average_precision: Option<f64>,
}

/// Metrics of each snapshot of samples whose snapshots are `snapshot`, shape `[n]`, of `n_snapshots`.
///
/// A snapshot with one label has no area under the ROC; it is listed with the reason and left out of
/// the means. O(n log n), in parallel over snapshots.
///
/// ```
/// use gad_eval::metrics::per_snapshot;
///
/// let y_true = [true, false, false, false];
/// let report = per_snapshot(&y_true, &[0.9, 0.1, 0.5, 0.4], &[0, 0, 1, 1], 2)?;
/// assert_eq!((report.n_defined, report.mean_roc_auc), (1, Some(1.0)));
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`], [`Error::NotFinite`]; [`Error::BadOption`] for a snapshot beyond
/// `n_snapshots`.
pub fn per_snapshot(
    y_true: &[bool],
    y_score: &[f64],
    snapshot: &[usize],
    n_snapshots: usize,
) -> Result<PartsReport> {
    check_parts(y_true, y_score, snapshot.len(), "snapshot")?;
    let mut parts = vec![(Vec::new(), Vec::new()); n_snapshots];
    for ((&label, &score), &snapshot) in y_true.iter().zip(y_score).zip(snapshot) {
        let (labels, scores) = parts.get_mut(snapshot).ok_or_else(|| Error::BadOption {
            option: "snapshot",
            value: snapshot.to_string().into(),
            allowed: "below the number of snapshots",
        })?;
        labels.push(label);
        scores.push(score);
    }
    let names: Vec<String> = (0..n_snapshots).map(|snapshot| snapshot.to_string()).collect();
    reports(&names, &parts)
}

/// Metrics of each kind of anomaly against all samples that are none: `kind`, shape `[n]`, says of
/// what kind a positive is, as an index of `names`; that of a negative is not looked at.
///
/// O(n log n): samples that are none are sorted once. 8 bytes for each sample.
///
/// ```
/// use gad_eval::metrics::per_kind;
///
/// let y_true = [true, true, false];
/// let names = ["structural".to_owned(), "contextual".to_owned()];
/// let report = per_kind(&y_true, &[0.9, 0.1, 0.5], &[0, 1, 0], &names)?;
/// assert_eq!(report.parts[0].roc_auc, Some(1.0));
/// assert_eq!(report.parts[1].roc_auc, Some(0.0));
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// # Errors
///
/// As [`per_snapshot`].
pub fn per_kind(
    y_true: &[bool],
    y_score: &[f64],
    kind: &[usize],
    names: &[String],
) -> Result<PartsReport> {
    check_parts(y_true, y_score, kind.len(), "kind")?;
    let samples = || y_true.iter().zip(y_score).zip(kind);
    if let Some((_, kind)) = samples().find(|((label, _), kind)| **label && names.len() <= **kind) {
        return Err(Error::BadOption {
            option: "kind",
            value: kind.to_string().into(),
            allowed: "below the number of kinds",
        });
    }
    // Both zeros are one score.
    let sorted = |mut scores: Vec<f64>| {
        scores.par_sort_unstable_by(|a, b| b.total_cmp(a));
        scores
    };
    let of_label = |wanted: bool| samples().filter(move |((label, _), _)| **label == wanted);
    let negatives = sorted(of_label(false).map(|((_, &score), _)| score + 0.0).collect());
    let mut positives = vec![Vec::new(); names.len()];
    for ((_, &score), &kind) in of_label(true) {
        positives[kind].push(score + 0.0);
    }
    let parts = names.iter().zip(positives).map(|(name, scores)| {
        let (n_positives, n_samples) = (scores.len(), scores.len() + negatives.len());
        let undefined = match (n_samples, n_positives) {
            (0, _) => Some(Error::Empty { name: "y_score" }),
            (_, 0) => Some(Error::OneClass { n_positives, n_samples }),
            _ if negatives.is_empty() => Some(Error::OneClass { n_positives, n_samples }),
            _ => None,
        };
        let areas = undefined.is_none().then(|| areas_against(&sorted(scores), &negatives));
        PartReport {
            name: name.clone(),
            n_samples,
            n_positives,
            roc_auc: areas.map(|areas| areas.0),
            average_precision: areas.map(|areas| areas.1),
            undefined: undefined.map(|error| error.to_string()),
        }
    });
    Ok(summary(parts.collect()))
}

/// Area under the ROC and average precision of scores, both sorted from the highest down.
fn areas_against(positives: &[f64], negatives: &[f64]) -> (f64, f64) {
    let (mut tp, mut roc, mut precision) = (0.0, 0.0, 0.0);
    for tie in positives.chunk_by(|a, b| a == b) {
        let size = tie.len() as f64;
        let above = negatives.partition_point(|&score| tie[0] < score) as f64;
        let fp = negatives.partition_point(|&score| tie[0] <= score) as f64;
        tp += size;
        roc += size * (negatives.len() as f64 - 0.5 * (above + fp));
        precision += size * (tp / (tp + fp));
    }
    (roc / (tp * negatives.len() as f64), precision / tp)
}

fn check_parts(y_true: &[bool], y_score: &[f64], found: usize, name: &'static str) -> Result<()> {
    super::ranking::check(y_true, y_score)?;
    let expected = y_score.len();
    match found == expected {
        true => Ok(()),
        false => Err(Error::LengthMismatch { name, found, of: "y_score", expected }),
    }
}

fn reports(names: &[String], parts: &[(Vec<bool>, Vec<f64>)]) -> Result<PartsReport> {
    let parts: Vec<PartReport> = names
        .par_iter()
        .zip(parts)
        .map(|(name, (labels, scores))| {
            let ranking = Ranking::new(labels, scores);
            let areas = match ranking.and_then(|ranking| ranking.report(&areas_only())) {
                Ok(report) => Ok((report.roc_auc, report.average_precision)),
                Err(error @ (Error::OneClass { .. } | Error::Empty { .. })) => {
                    Err(error.to_string())
                }
                Err(error) => return Err(error),
            };
            Ok(PartReport {
                name: name.clone(),
                n_samples: labels.len(),
                n_positives: labels.iter().filter(|&&label| label).count(),
                roc_auc: areas.as_ref().ok().map(|areas| areas.0),
                average_precision: areas.as_ref().ok().map(|areas| areas.1),
                undefined: areas.err(),
            })
        })
        .collect::<Result<_>>()?;
    Ok(summary(parts))
}

fn summary(parts: Vec<PartReport>) -> PartsReport {
    let mean = |of: &dyn Fn(&PartReport) -> Option<f64>| {
        let defined: Vec<f64> = parts.iter().filter_map(of).collect();
        let n = defined.len() as f64;
        (0.0 < n).then(|| defined.iter().sum::<f64>() / n)
    };
    PartsReport {
        n_defined: parts.iter().filter(|part| part.roc_auc.is_some()).count(),
        mean_roc_auc: mean(&|part| part.roc_auc),
        mean_average_precision: mean(&|part| part.average_precision),
        parts,
    }
}
