//! Samples in the order of their scores, to be weighed again and again without a new sort.

use rayon::prelude::*;

use super::order;
use super::ranking::{Curve, Points, RankingConfig, RankingReport, check};
use super::sweep::{Group, Sweep, Totals};
use crate::{Error, Result};

/// The order of samples by score, which metrics of any weights are read from in O(n).
///
/// | array | shape | meaning |
/// |---|---|---|
/// | order | `[n]` | samples from the highest score down |
/// | ends | `[n_distinct]` | where each group of tied scores ends in it |
///
/// O(n log n) time to make, in parallel, and 13 n bytes.
///
/// ```
/// use gad_eval::metrics::{RankingConfig, WeightedRanking};
///
/// let ranking = WeightedRanking::new(&[false, true, false], &[0.2, 0.5, 0.9])?;
/// let report = ranking.report(&[3.0, 1.0, 1.0], &RankingConfig::default())?;
/// assert_eq!(report.roc_auc, 0.75);
/// # Ok::<(), gad_eval::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WeightedRanking {
    order: Vec<u32>,
    ends: Vec<u32>,
    scores: Vec<f64>,
    labels: Vec<bool>,
}

impl WeightedRanking {
    /// Sorts `y_score`, shape `[n]`, with the labels `y_true`, shape `[n]`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`], [`Error::Empty`], [`Error::NotFinite`], and [`Error::BadOption`]
    /// for more than 2³² samples.
    pub fn new(y_true: &[bool], y_score: &[f64]) -> Result<Self> {
        check(y_true, y_score)?;
        if u32::try_from(y_score.len()).is_err() {
            return Err(Error::BadOption {
                option: "number of samples",
                value: y_score.len().to_string().into(),
                allowed: "below 2^32 where they have weights",
            });
        }
        let mut pairs: Vec<(u64, u32)> =
            y_score.par_iter().enumerate().map(|(i, &s)| (order::key(s), i as u32)).collect();
        pairs.par_sort_unstable();
        let mut ends = Vec::new();
        let mut scores = Vec::new();
        for tie in pairs.chunk_by(|a, b| a.0 == b.0) {
            ends.push(ends.last().copied().unwrap_or(0) + tie.len() as u32);
            scores.push(order::score(tie[0].0));
        }
        let order: Vec<u32> = pairs.iter().map(|&(_, sample)| sample).collect();
        let labels = order.iter().map(|&sample| y_true[sample as usize]).collect();
        Ok(Self { order, ends, scores, labels })
    }

    /// Samples from the highest score down.
    pub(crate) fn into_order(self) -> Vec<u32> {
        self.order
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.order.len()
    }

    /// All metrics that weights leave a meaning to; those of ranks, `at_k` and `ndcg`, are absent.
    /// O(n).
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if `weights` is not of shape `[n]`; [`Error::BadOption`] if one
    /// is negative or not finite; [`Error::OneClass`] if a label has no weight.
    pub fn report(&self, weights: &[f64], config: &RankingConfig) -> Result<RankingReport> {
        config.check()?;
        check_weights(weights, self.order.len())?;
        let mut sweep = Sweep::new(config, self.totals(weights)?, false, (0.0, 0.0));
        self.groups(weights, |group| sweep.add(group));
        Ok(sweep.finish())
    }

    /// The curve of all different scores that have a weight, or of about `max_points` of them spread evenly over the
    /// weight of the samples; all with [`usize::MAX`]. O(n).
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if `weights` is not of shape `[n]`; [`Error::BadOption`] if one is negative or not
    /// finite.
    pub fn curve(&self, weights: &[f64], max_points: usize) -> Result<Curve> {
        check_weights(weights, self.order.len())?;
        // Where there are no more scores than points, each is one, however little it weighs.
        let max_points = if self.ends.len() <= max_points { usize::MAX } else { max_points };
        let mut points = Points::new(weights.iter().sum(), max_points);
        self.groups(weights, |group| points.add(group));
        Ok(points.finish())
    }

    /// Area under the ROC and average precision alone, for whoever needs them a thousand times.
    ///
    /// # Errors
    ///
    /// [`Error::OneClass`] if a label has no weight.
    pub(crate) fn areas<W: Copy + Into<f64>>(&self, weights: &[W]) -> Result<(f64, f64)> {
        let totals = self.totals(weights)?;
        let (mut tp, mut fp, mut roc, mut precision) = (0.0, 0.0, 0.0, 0.0);
        self.groups(weights, |group| {
            roc += group.negatives * (tp + 0.5 * group.positives);
            tp += group.positives;
            fp += group.negatives;
            precision += group.positives * (tp / (tp + fp));
        });
        Ok((roc / (totals.positives * totals.negatives), precision / totals.positives))
    }

    /// Chances of each sample against the other label: for a positive, the share of negatives
    /// below it, for a negative, the share of positives above it; ties count half. Shape `[n]`.
    pub(crate) fn placements(&self) -> Result<Vec<f64>> {
        let ones = vec![1.0; self.order.len()];
        let totals = self.totals(&ones)?;
        let mut placements = vec![0.0; self.order.len()];
        let (mut tp, mut fp, mut start) = (0.0, 0.0, 0);
        for &end in &self.ends {
            let tie = start..end as usize;
            let positives = self.labels[tie.clone()].iter().filter(|&&label| label).count() as f64;
            let negatives = tie.len() as f64 - positives;
            for at in tie {
                placements[self.order[at] as usize] = match self.labels[at] {
                    true => 1.0 - (fp + 0.5 * negatives) / totals.negatives,
                    false => (tp + 0.5 * positives) / totals.positives,
                };
            }
            tp += positives;
            fp += negatives;
            start = end as usize;
        }
        Ok(placements)
    }

    /// Weights of each label.
    fn totals<W: Copy + Into<f64>>(&self, weights: &[W]) -> Result<Totals> {
        let (mut positives, mut negatives, mut n_positives) = (0.0, 0.0, 0);
        for (&sample, &label) in self.order.iter().zip(&self.labels) {
            let weight: f64 = weights[sample as usize].into();
            match label {
                true => positives += weight,
                false => negatives += weight,
            }
            n_positives += usize::from(label && 0.0 < weight);
        }
        match 0.0 < positives && 0.0 < negatives {
            true => Ok(Totals { positives, negatives }),
            false => Err(Error::OneClass { n_positives, n_samples: self.order.len() }),
        }
    }

    /// Calls `visit` for the groups of tied scores that have a weight, from the highest down.
    #[inline]
    fn groups<W: Copy + Into<f64>>(&self, weights: &[W], mut visit: impl FnMut(Group)) {
        let mut start = 0;
        for (&end, &score) in self.ends.iter().zip(&self.scores) {
            let (mut positives, mut negatives) = (0.0, 0.0);
            let tie = start..end as usize;
            for (&sample, &label) in self.order[tie.clone()].iter().zip(&self.labels[tie]) {
                let weight: f64 = weights[sample as usize].into();
                // Both sums are taken without a branch that no processor could guess.
                positives += if label { weight } else { 0.0 };
                negatives += if label { 0.0 } else { weight };
            }
            if 0.0 < positives + negatives {
                visit(Group { score, positives, negatives });
            }
            start = end as usize;
        }
    }
}

/// Checks that there is a weight for each of `n` samples, and that they can be added up.
pub(super) fn check_weights(weights: &[f64], n: usize) -> Result<()> {
    if weights.len() != n {
        return Err(Error::LengthMismatch {
            name: "sample_weight",
            found: weights.len(),
            of: "y_score",
            expected: n,
        });
    }
    let bad = |value: String, allowed| {
        let value = value.into();
        Err(Error::BadOption { option: "sample_weight", value, allowed })
    };
    let is_weight = |weight: &f64| (0.0..f64::INFINITY).contains(weight);
    if let Some(at) = weights.iter().position(|weight| !is_weight(weight)) {
        return bad(format!("{} at {at}", weights[at]), "finite and not negative");
    }
    match weights.iter().sum::<f64>().is_finite() {
        true => Ok(()),
        false => bad("beyond all numbers, added up".to_owned(), "small enough to be added up"),
    }
}
