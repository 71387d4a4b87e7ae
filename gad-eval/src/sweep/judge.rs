//! Scores measured on the samples that are kept for it.

use arrow::array::Array;
use graph_core::Control;
use graph_core::generate::Random;
use serde::{Deserialize, Serialize};

use crate::metrics::{average_precision_score, roc_auc_score};
use crate::results::Results;
use crate::statistics::{Bootstrap, Interval};
use crate::{Error, Result};

/// How scores are judged. The same for all trials of a sweep, so that all are judged on the same samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    /// Share of the labelled samples that parameters are chosen by; the others are the test.
    pub validation: Option<f64>,
    /// Which samples these are.
    pub seed: u64,
    /// Resamples for the intervals of the test; 0 for none.
    pub resamples: usize,
}

impl Default for Judge {
    fn default() -> Self {
        Self { validation: None, seed: 0, resamples: 500 }
    }
}

/// What scores are worth on some samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Number of samples.
    pub n_samples: usize,
    /// Number of anomalies among them.
    pub n_positives: usize,
    /// Scores that were absent, though there is a label.
    pub n_missing: usize,
    /// Area under the ROC; with the ends of the interval that resampling gives.
    pub roc_auc: Option<Estimate>,
    /// Average precision, likewise.
    pub average_precision: Option<Estimate>,
    /// Why they are absent.
    pub undefined: Option<String>,
}

/// A value, and where it lies in 95 % of the resamples of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Lower end, upper end.
    pub interval: Option<(f64, f64)>,
}

impl From<Interval> for Estimate {
    fn from(Interval { value, low, high }: Interval) -> Self {
        Self { value, interval: Some((low, high)) }
    }
}

/// What a trial is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// How it was judged.
    pub judge: Judge,
    /// On the samples that parameters are chosen by, without intervals.
    pub validation: Option<Measures>,
    /// On the others.
    pub test: Measures,
}

impl Judge {
    /// Judges `results`. O(n log n), and O(n) for each resample.
    ///
    /// Anomalies and normal samples are each split by themselves in the order of random numbers that
    /// depend on the seed and on the labels alone, so that all scores of the same samples are split
    /// alike. At least one of each class stays on either side where there are two.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without ground truth; [`Error::Stopped`]. What is undefined is no error.
    pub fn judge(&self, results: &Results, control: &Control<'_>) -> Result<Verdict> {
        let truth = results.ground_truth.as_ref().ok_or(Error::Empty { name: "ground_truth" })?;
        let labelled: Vec<(usize, bool)> =
            truth.iter().enumerate().filter_map(|(at, label)| Some((at, label?))).collect();
        let mut chosen = vec![false; truth.len()];
        for class in [false, true] {
            let mut places: Vec<usize> =
                labelled.iter().filter(|(_, label)| *label == class).map(|(at, _)| *at).collect();
            let n = places.len();
            let Some(share) = self.validation.filter(|_| 1 < n) else { continue };
            let mut random = Random::new(self.seed, u64::from(class));
            for at in (1..n).rev() {
                places.swap(at, random.below(at as u64 + 1) as usize);
            }
            let size = ((share * n as f64).round() as usize).clamp(1, n - 1);
            places[..size].iter().for_each(|&place| chosen[place] = true);
        }
        let (validation, test): (Vec<_>, Vec<_>) =
            labelled.into_iter().partition(|&(at, _)| chosen[at]);
        let validation = self.validation.map(|_| measure(results, &validation, 0, control));
        let test = measure(results, &test, self.resamples, control)?;
        Ok(Verdict { judge: self.clone(), validation: validation.transpose()?, test })
    }
}

fn measure(
    results: &Results,
    samples: &[(usize, bool)],
    resamples: usize,
    control: &Control<'_>,
) -> Result<Measures> {
    let score = |&(at, label): &(usize, bool)| {
        let score = results.scores.is_valid(at).then(|| results.scores.value(at));
        score.filter(|score| score.is_finite()).map(|score| (label, score))
    };
    let (y_true, y_score): (Vec<bool>, Vec<f64>) = samples.iter().filter_map(score).unzip();
    let n_positives = y_true.iter().filter(|&&label| label).count();
    let mut measures = Measures {
        n_samples: y_true.len(),
        n_positives,
        n_missing: samples.len() - y_true.len(),
        roc_auc: None,
        average_precision: None,
        undefined: None,
    };
    if resamples == 0 {
        match roc_auc_score(&y_true, &y_score) {
            Ok(value) => {
                let plain = |value| Some(Estimate { value, interval: None });
                measures.roc_auc = plain(value);
                measures.average_precision = plain(average_precision_score(&y_true, &y_score)?);
            }
            Err(error @ (Error::OneClass { .. } | Error::Empty { .. })) => {
                measures.undefined = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
        return Ok(measures);
    }
    let bootstrap = Bootstrap { n_resamples: resamples, ..Bootstrap::default() };
    match bootstrap.run(&y_true, &[&y_score], control) {
        Ok(report) => {
            if let Some(intervals) = report.methods.first() {
                measures.roc_auc = Some(intervals.roc_auc.into());
                measures.average_precision = Some(intervals.average_precision.into());
                // Where the labels are separated nothing varies, which says nothing of how sure that is.
                if matches!(intervals.roc_auc.value, 0.0 | 1.0) {
                    for estimate in [&mut measures.roc_auc, &mut measures.average_precision] {
                        *estimate = estimate.map(|one| Estimate { interval: None, ..one });
                    }
                }
            }
        }
        Err(error @ (Error::OneClass { .. } | Error::Empty { .. } | Error::TooFew { .. })) => {
            measures.undefined = Some(error.to_string());
        }
        Err(error) => return Err(error),
    }
    Ok(measures)
}

#[cfg(test)]
mod tests {
    use arrow::array::BooleanArray;

    use super::*;

    fn results(n: usize, positives: usize) -> Results {
        let scores: Vec<f64> = (0..n).map(|at| (at * 7 % 13) as f64).collect();
        let kind = "NODE_ANOMALY_SCORES".parse().unwrap();
        let truth: BooleanArray = (0..n).map(|at| Some(at < positives)).collect();
        Results { ground_truth: Some(truth), ..Results::new(kind, scores) }
    }

    fn judge(validation: f64, seed: u64) -> Judge {
        Judge { validation: Some(validation), seed, resamples: 0 }
    }

    #[test]
    fn the_split_keeps_the_share_of_anomalies_and_follows_the_seed() {
        let control = Control::default();
        let results = results(1000, 100);
        let verdict = judge(0.3, 1).judge(&results, &control).unwrap();
        let validation = verdict.validation.clone().unwrap();
        assert_eq!((validation.n_samples, validation.n_positives), (300, 30));
        assert_eq!((verdict.test.n_samples, verdict.test.n_positives), (700, 70));
        assert_eq!(judge(0.3, 1).judge(&results, &control).unwrap(), verdict);
        let other = judge(0.3, 2).judge(&results, &control).unwrap();
        assert_ne!(other.validation.unwrap().roc_auc, validation.roc_auc);
    }

    #[test]
    fn both_sides_have_both_classes_where_there_are_two_of_each() {
        for share in [0.01, 0.99] {
            let verdict = judge(share, 0).judge(&results(50, 2), &Control::default()).unwrap();
            assert_eq!(verdict.test.n_positives, 1);
            assert!(
                verdict.test.roc_auc.is_some() && verdict.validation.unwrap().roc_auc.is_some()
            );
        }
        let verdict = judge(0.5, 0).judge(&results(50, 1), &Control::default()).unwrap();
        let validation = verdict.validation.unwrap();
        assert_eq!((verdict.test.n_positives, validation.n_positives), (1, 0));
        assert!(validation.undefined.unwrap().contains("all 25 labels are negative"));
    }

    #[test]
    fn missing_scores_are_counted_and_leave_the_split_as_it_is() {
        let control = Control::default();
        let whole = results(100, 20);
        let mut holes = whole.clone();
        holes.scores =
            whole.scores.iter().enumerate().map(|(at, s)| s.filter(|_| at % 10 != 3)).collect();
        let judge = Judge { resamples: 20, ..judge(0.5, 3) };
        let (a, b) =
            (judge.judge(&whole, &control).unwrap(), judge.judge(&holes, &control).unwrap());
        let missing = b.test.n_missing + b.validation.as_ref().unwrap().n_missing;
        assert_eq!((a.test.n_missing, missing), (0, 10));
        assert_eq!(b.test.n_samples + b.test.n_missing, a.test.n_samples);
        let (low, high) = a.test.roc_auc.unwrap().interval.unwrap();
        assert!(low <= high);
    }
}
