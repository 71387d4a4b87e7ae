//! One pass over groups of tied scores, from the highest down, that adds up every ranking metric.

use super::ranking::{AtK, RankingConfig, RankingReport};

/// Samples that share a score.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// Their score.
    pub(super) score: f64,
    /// Weight of the positives among them; their number if samples have no weights.
    pub(super) positives: f64,
    /// Weight of the negatives.
    pub(super) negatives: f64,
}

/// Weights of all samples of each label.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    pub(super) positives: f64,
    pub(super) negatives: f64,
}

/// Sums of the groups of one block, which may begin anywhere in the order.
#[derive(Debug, Clone)]
pub(super) struct Sweep<'a> {
    config: &'a RankingConfig,
    totals: Totals,
    /// Whether samples weigh one each, so that they have ranks.
    counted: bool,
    /// Positives and negatives so far, from the highest score down.
    tp: f64,
    fp: f64,
    /// Precision where the block begins: 1 before the first sample, as scikit-learn has it.
    precision: f64,
    n_distinct: usize,
    /// Area under the steps of the ROC, in units of positive times negative.
    roc_area: f64,
    average_precision: f64,
    trapezoid: f64,
    best_f1: f64,
    best_f1_threshold: f64,
    partial: Vec<f64>,
    tp_at_fpr: Vec<Option<f64>>,
    fp_at_tpr: Vec<Option<f64>>,
    hits_at_k: Vec<Option<f64>>,
    gain_at_k: Vec<f64>,
    gain: f64,
}

impl<'a> Sweep<'a> {
    /// Begins where `tp` positives and `fp` negatives have higher scores.
    pub(super) fn new(
        config: &'a RankingConfig,
        totals: Totals,
        counted: bool,
        (tp, fp): (f64, f64),
    ) -> Self {
        Self {
            config,
            totals,
            counted,
            tp,
            fp,
            precision: if 0.0 < tp + fp { tp / (tp + fp) } else { 1.0 },
            n_distinct: 0,
            roc_area: 0.0,
            average_precision: 0.0,
            trapezoid: 0.0,
            best_f1: 0.0,
            best_f1_threshold: f64::INFINITY,
            partial: vec![0.0; config.max_fpr.len()],
            tp_at_fpr: vec![None; config.at_fpr.len()],
            fp_at_tpr: vec![None; config.at_tpr.len()],
            hits_at_k: vec![None; config.k.len()],
            gain_at_k: vec![0.0; config.k.len()],
            gain: 0.0,
        }
    }

    /// Takes the group of the next lower score.
    #[inline]
    pub(super) fn add(&mut self, group: Group) {
        let Group { score, positives, negatives } = group;
        let (before_tp, before_fp) = (self.tp, self.fp);
        self.n_distinct += 1;
        self.tp += positives;
        self.fp += negatives;
        self.roc_area += negatives * (before_tp + 0.5 * positives);
        let precision = self.tp / (self.tp + self.fp);
        if 0.0 < positives {
            self.average_precision += positives * precision;
            self.trapezoid += positives * 0.5 * (precision + self.precision);
            let f1 = 2.0 * self.tp / (self.tp + self.fp + self.totals.positives);
            // Of equal ones the lowest threshold, which is the first of scikit-learn's curve.
            if self.best_f1 <= f1 {
                (self.best_f1, self.best_f1_threshold) = (f1, score);
            }
        }
        self.precision = precision;
        self.points(before_tp, before_fp);
        if self.counted {
            self.ranks(before_tp, before_fp, positives, negatives);
        }
    }

    /// What is read off the ROC between two of its points.
    #[inline]
    fn points(&mut self, before_tp: f64, before_fp: f64) {
        let (all_tp, all_fp) = (self.totals.positives, self.totals.negatives);
        for (area, &max_fpr) in self.partial.iter_mut().zip(&self.config.max_fpr) {
            let limit = max_fpr * all_fp;
            if before_fp < limit {
                // A trapezoid, cut at the limit.
                let width = self.fp - before_fp;
                let inside = width.min(limit - before_fp);
                let tp = match inside < width {
                    true => before_tp + (self.tp - before_tp) * (inside / width),
                    false => self.tp,
                };
                *area += inside * 0.5 * (before_tp + tp);
            }
        }
        for (tp, &fpr) in self.tp_at_fpr.iter_mut().zip(&self.config.at_fpr) {
            if self.fp / all_fp <= fpr {
                *tp = Some(self.tp);
            }
        }
        for (fp, &tpr) in self.fp_at_tpr.iter_mut().zip(&self.config.at_tpr) {
            if fp.is_none() && tpr <= self.tp / all_tp {
                *fp = Some(self.fp);
            }
        }
    }

    /// What depends on ranks: within a group every order is equally likely.
    #[inline]
    fn ranks(&mut self, before_tp: f64, before_fp: f64, positives: f64, negatives: f64) {
        let (before, size) = (before_tp + before_fp, positives + negatives);
        let last = before + size;
        for (hits, &k) in self.hits_at_k.iter_mut().zip(&self.config.k) {
            let k = k as f64;
            if before < k && k <= last {
                *hits = Some(before_tp + positives * ((k - before) / size));
            }
        }
        if 0.0 < positives && self.config.ndcg {
            let share = positives / size;
            let (from, to) = (before as u64, last as u64);
            self.gain += share * discounts(from..to);
            for (gain, &k) in self.gain_at_k.iter_mut().zip(&self.config.k) {
                if from < k as u64 {
                    *gain += share * discounts(from..to.min(k as u64));
                }
            }
        }
    }

    /// The sums of this block and of the one after it.
    pub(super) fn then(mut self, later: Self) -> Self {
        let add = |sums: &mut Vec<f64>, more: Vec<f64>| {
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum += more;
            }
        };
        self.tp = later.tp;
        self.fp = later.fp;
        self.precision = later.precision;
        self.n_distinct += later.n_distinct;
        self.roc_area += later.roc_area;
        self.average_precision += later.average_precision;
        self.trapezoid += later.trapezoid;
        if self.best_f1 <= later.best_f1 && later.best_f1_threshold.is_finite() {
            self.best_f1 = later.best_f1;
            self.best_f1_threshold = later.best_f1_threshold;
        }
        add(&mut self.partial, later.partial);
        add(&mut self.gain_at_k, later.gain_at_k);
        self.gain += later.gain;
        for (tp, more) in self.tp_at_fpr.iter_mut().zip(later.tp_at_fpr) {
            *tp = more.or(*tp);
        }
        for (fp, more) in self.fp_at_tpr.iter_mut().zip(later.fp_at_tpr) {
            *fp = fp.or(more);
        }
        for (hits, more) in self.hits_at_k.iter_mut().zip(later.hits_at_k) {
            *hits = hits.or(more);
        }
        self
    }

    /// The metrics, after all groups.
    pub(super) fn finish(self) -> RankingReport {
        let Totals { positives, negatives } = self.totals;
        let config = self.config;
        let ideal = |k: f64| discounts(0..k.min(positives) as u64);
        let at_k = |(index, &k): (usize, &usize)| {
            let hits = self.hits_at_k[index]?;
            let (precision, recall) = (hits / k as f64, hits / positives);
            let f1 = if 0.0 < hits { 2.0 * hits / (k as f64 + positives) } else { 0.0 };
            let ndcg = config.ndcg.then(|| self.gain_at_k[index] / ideal(k as f64));
            Some(AtK { k, expected_hits: hits, precision, recall, f1, ndcg })
        };
        let standardized = |(&max_fpr, area): (&f64, f64)| {
            let least = 0.5 * max_fpr * max_fpr;
            let area = area / (positives * negatives);
            (max_fpr, 0.5 * (1.0 + (area - least) / (max_fpr - least)))
        };
        RankingReport {
            n_distinct: self.n_distinct,
            roc_auc: self.roc_area / (positives * negatives),
            average_precision: self.average_precision / positives,
            pr_auc_trapezoid: self.trapezoid / positives,
            best_f1: self.best_f1,
            best_f1_threshold: self.best_f1_threshold,
            at_k: config.k.iter().enumerate().filter_map(at_k).collect(),
            ndcg: (self.counted && config.ndcg).then(|| self.gain / ideal(f64::INFINITY)),
            partial_roc_auc: config.max_fpr.iter().zip(self.partial).map(standardized).collect(),
            tpr_at_fpr: (config.at_fpr.iter().copied())
                .zip(self.tp_at_fpr.iter().map(|tp| tp.unwrap_or(0.0) / positives))
                .collect(),
            fpr_at_tpr: (config.at_tpr.iter().copied())
                .zip(self.fp_at_tpr.iter().map(|fp| fp.unwrap_or(negatives) / negatives))
                .collect(),
        }
    }
}

/// Sum of the discounts `1 / log2(rank + 2)` of ranks from 0.
fn discounts(ranks: std::ops::Range<u64>) -> f64 {
    ranks.map(|rank| 1.0 / ((rank + 2) as f64).log2()).sum()
}
