//! Confidence intervals by resampling, paired over methods.

use graph_core::Control;
use graph_core::generate::Random;
use rayon::prelude::*;
use serde::Serialize;

use crate::metrics::{WeightedRanking, check};
use crate::{Error, Result};

/// An estimate with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The value on the samples themselves.
    pub value: f64,
    /// Lower end of the confidence interval.
    pub low: f64,
    /// Upper end of the confidence interval.
    pub high: f64,
}

/// How to resample.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    /// Number of resamples.
    pub n_resamples: usize,
    /// Share of resamples that the interval covers, in `(0, 1)`.
    pub confidence: f64,
    /// Seed; the same one gives the same intervals on any number of threads.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { n_resamples: 1000, confidence: 0.95, seed: 0 }
    }
}

/// Intervals of one method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodIntervals {
    /// Area under the ROC.
    pub roc_auc: Interval,
    /// Average precision.
    pub average_precision: Interval,
}

/// How a method differs from the first one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Area under the ROC, less that of the first method.
    pub roc_auc: Interval,
    /// Average precision, less that of the first method.
    pub average_precision: Interval,
    /// Two-sided achieved significance of the difference in area under the ROC: twice the share of
    /// resamples on the other side of 0, with one added to each count (Davison & Hinkley 1997).
    pub roc_auc_p: f64,
    /// The same of the difference in average precision.
    pub average_precision_p: f64,
}

/// What resampling says of methods that scored the same samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BootstrapReport {
    /// One for each method.
    pub methods: Vec<MethodIntervals>,
    /// One for each method after the first.
    pub differences: Vec<Difference>,
    /// Number of resamples.
    pub n_resamples: usize,
}

/// Area under the ROC and average precision of each method.
type Areas = Vec<(f64, f64)>;

impl Bootstrap {
    /// Percentile intervals of the methods whose scores of the same samples are `y_scores`, each of
    /// shape `[n]`.
    ///
    /// Positives and negatives are resampled each among themselves, so that every resample has as
    /// many of each as there are; all methods see the same resamples, so that their differences
    /// are paired. Nothing is sorted again: O(n) for each method and resample, in parallel over
    /// resamples, and 4 n bytes for each thread. What a seed draws depends on the order of the first method's scores, and on that of the
    /// samples only among equal ones.
    ///
    /// Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.
    ///
    /// ```
    /// use gad_eval::statistics::Bootstrap;
    /// use graph_core::Control;
    ///
    /// let y_true = [false, false, true, false, true];
    /// let scores = [0.1, 0.3, 0.35, 0.4, 0.8];
    /// let report = Bootstrap::default().run(&y_true, &[&scores], &Control::NONE)?;
    /// let auc = report.methods[0].roc_auc;
    /// assert!(auc.low <= auc.value && auc.value <= auc.high);
    /// # Ok::<(), gad_eval::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`WeightedRanking::new`]; [`Error::OneClass`]; [`Error::BadOption`] for fewer than two
    /// resamples or a confidence outside `(0, 1)`; [`Error::Stopped`].
    pub fn run(
        &self,
        y_true: &[bool],
        y_scores: &[&[f64]],
        control: &Control,
    ) -> Result<BootstrapReport> {
        let bad = |option, value: &dyn ToString, allowed| Error::BadOption {
            option,
            value: value.to_string().into(),
            allowed,
        };
        if self.n_resamples < 2 {
            return Err(bad("n_resamples", &self.n_resamples, "at least 2"));
        }
        if !(0.0 < self.confidence && self.confidence < 1.0) {
            return Err(bad("confidence", &self.confidence, "between 0 and 1, both excluded"));
        }
        for scores in y_scores {
            check(y_true, scores)?;
        }
        let order = match y_scores {
            [] => return Ok(self.summary(&[], &[])),
            [first, ..] => WeightedRanking::new(y_true, first)?.into_order(),
        };
        // In the order of the first method's scores, which is that of its ranking then: weights are written and read
        // one after the other, where they would be all over memory.
        let labels: Vec<bool> = order.iter().map(|&at| y_true[at as usize]).collect();
        let rankings: Vec<WeightedRanking> = y_scores
            .iter()
            .map(|scores| {
                let scores: Vec<f64> = order.iter().map(|&at| scores[at as usize]).collect();
                WeightedRanking::new(&labels, &scores)
            })
            .collect::<Result<_>>()?;
        drop(order);
        let ones = vec![1_u8; labels.len()];
        let values: Vec<(f64, f64)> =
            rankings.iter().map(|ranking| ranking.areas(&ones)).collect::<Result<_>>()?;
        // Up to a hundred blocks, so that there is progress and memory for few weights at a time.
        let block = self.n_resamples.div_ceil(100).max(2 * rayon::current_num_threads());
        let mut resamples: Vec<Areas> = Vec::with_capacity(self.n_resamples);
        while resamples.len() < self.n_resamples {
            let done = resamples.len();
            control.step("resamples", done as u64, Some(self.n_resamples as u64))?;
            let next = done..(done + block).min(self.n_resamples);
            let more: Vec<Result<Areas>> = next
                .into_par_iter()
                .map_init(
                    || [vec![0; labels.len()], vec![0; labels.len()]],
                    |[counts, weights], resample| {
                        draw(&labels, self.seed, resample as u64, counts, weights);
                        rankings.iter().map(|ranking| ranking.areas(weights)).collect()
                    },
                )
                .collect();
            for areas in more {
                resamples.push(areas?);
            }
        }
        Ok(self.summary(&values, &resamples))
    }

    fn summary(&self, values: &[(f64, f64)], resamples: &[Areas]) -> BootstrapReport {
        let summarized = |value: f64, of: &dyn Fn(&Areas) -> f64| {
            let mut drawn: Vec<f64> = resamples.iter().map(of).collect();
            drawn.sort_unstable_by(f64::total_cmp);
            let tail = 0.5 * (1.0 - self.confidence);
            let interval =
                Interval { value, low: quantile(&drawn, tail), high: quantile(&drawn, 1.0 - tail) };
            let below = drawn.iter().filter(|&&difference| difference <= 0.0).count();
            let above = drawn.iter().filter(|&&difference| 0.0 <= difference).count();
            let p = 2.0 * (below.min(above) + 1) as f64 / (drawn.len() + 1) as f64;
            (interval, p.min(1.0))
        };
        let methods = (0..values.len()).map(|m| MethodIntervals {
            roc_auc: summarized(values[m].0, &|areas| areas[m].0).0,
            average_precision: summarized(values[m].1, &|areas| areas[m].1).0,
        });
        let differences = (1..values.len()).map(|m| {
            let (roc_auc, roc_auc_p) =
                summarized(values[m].0 - values[0].0, &|areas| areas[m].0 - areas[0].0);
            let (average_precision, average_precision_p) =
                summarized(values[m].1 - values[0].1, &|areas| areas[m].1 - areas[0].1);
            Difference { roc_auc, average_precision, roc_auc_p, average_precision_p }
        });
        BootstrapReport {
            methods: methods.collect(),
            differences: differences.collect(),
            n_resamples: resamples.len(),
        }
    }
}

/// Writes how often each sample is in resample number `resample`: of each class as many as there are of it. `counts`, of
/// the same shape, is for drawing them.
fn draw(labels: &[bool], seed: u64, resample: u64, counts: &mut [u16], weights: &mut [u16]) {
    let mut random = Random::new(seed, resample);
    let n_positives = labels.iter().filter(|&&label| label).count();
    let (positives, negatives) = counts.split_at_mut(n_positives);
    for class in [&mut *negatives, &mut *positives] {
        class.fill(0);
        let n = class.len() as u64;
        for _ in 0..n {
            // Nobody is drawn 65,536 times: the chance of ten is one in ten million.
            let times = &mut class[random.below(n) as usize];
            *times = times.saturating_add(1);
        }
    }
    let (mut positives, mut negatives) = (positives.iter(), negatives.iter());
    for (weight, &label) in weights.iter_mut().zip(labels) {
        let next = if label { positives.next() } else { negatives.next() };
        *weight = next.copied().unwrap_or(0);
    }
}

/// The value below which the share `share` of `sorted` lies, with straight lines between.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    sorted[low] + part * (sorted[(low + 1).min(sorted.len() - 1)] - sorted[low])
}
