//! Metrics of an order: all of them from one sort.

use graph_kernels::{Buffer, Device, SortScratch, sort_pairs_u64};
use rayon::prelude::*;
use serde::Serialize;

use super::order::{self, Block};
use super::sweep::{Group, Sweep, Totals};
use crate::{Error, Result};

/// Which ranking metrics to compute, beside the areas that are always computed.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingConfig {
    /// Lengths of the top of the ranking to look at; those beyond the number of samples are left out.
    pub k: Vec<usize>,
    /// False positive rates up to which partial areas are taken, each in `(0, 1]`.
    pub max_fpr: Vec<f64>,
    /// False positive rates at which to give the true positive rate.
    pub at_fpr: Vec<f64>,
    /// True positive rates at which to give the false positive rate.
    pub at_tpr: Vec<f64>,
    /// Whether to compute discounted gains, which take a logarithm for each positive.
    pub ndcg: bool,
}

impl Default for RankingConfig {
    fn default() -> Self {
        Self {
            k: vec![],
            max_fpr: vec![0.01, 0.05, 0.1],
            at_fpr: vec![0.01, 0.05],
            at_tpr: vec![0.95],
            ndcg: true,
        }
    }
}

/// The top `k` of a ranking. Where a tie crosses the border, all its orders are equally likely.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtK {
    /// Length of the top.
    pub k: usize,
    /// Expected number of positives in it.
    pub expected_hits: f64,
    /// `expected_hits / k`.
    pub precision: f64,
    /// `expected_hits / n_positives`.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Normalized discounted cumulative gain of the top, ties averaged; absent if not asked for.
    pub ndcg: Option<f64>,
}

/// What one order says. A higher score means more anomalous; nothing is flipped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankingReport {
    /// Number of different scores.
    pub n_distinct: usize,
    /// Area under the ROC: the chance that a positive scores above a negative, ties counting half.
    pub roc_auc: f64,
    /// Average precision, Σ (Rᵢ − Rᵢ₋₁) Pᵢ over different scores.
    pub average_precision: f64,
    /// Area under straight lines between points of precision and recall. Too high where scores are
    /// tied: average precision is the one to report.
    pub pr_auc_trapezoid: f64,
    /// The highest F1 that a threshold gives.
    pub best_f1: f64,
    /// That threshold, which is a score; of several the lowest.
    pub best_f1_threshold: f64,
    /// The top of the ranking, for each `k` that was asked for and is not beyond the end.
    pub at_k: Vec<AtK>,
    /// Normalized discounted cumulative gain of the whole, ties averaged; absent if not asked for
    /// or if samples have weights.
    pub ndcg: Option<f64>,
    /// Partial areas under the ROC up to a false positive rate, standardized (McClish 1989) so that
    /// 0.5 is chance.
    pub partial_roc_auc: Vec<(f64, f64)>,
    /// The highest true positive rate whose false positive rate is at most the one given.
    pub tpr_at_fpr: Vec<(f64, f64)>,
    /// The lowest false positive rate whose true positive rate is at least the one given.
    pub fpr_at_tpr: Vec<(f64, f64)>,
}

impl RankingReport {
    /// How scores separate the labels, if they do without an exception: then nothing varies.
    pub(crate) fn separation(&self) -> Option<&'static str> {
        match self.roc_auc {
            1.0 => Some("every anomaly scores above every normal sample"),
            0.0 => Some("every anomaly scores below every normal sample"),
            _ => None,
        }
    }
}

/// Points of a curve, from the highest threshold down.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Scores from which on samples are called positive; the first is infinite.
    pub thresholds: Vec<f64>,
    /// Positives called positive, at each threshold; their weight, where samples have one.
    pub true_positives: Vec<f64>,
    /// Negatives called positive, at each threshold; their weight, where samples have one.
    pub false_positives: Vec<f64>,
}

/// A [`Curve`] while groups of tied scores come, from the highest down.
#[derive(Debug)]
pub(super) struct Points {
    curve: Curve,
    /// Weight of samples from one point to the next.
    step: f64,
    /// Weight above which the next point is.
    next: f64,
    tp: f64,
    fp: f64,
    /// The last group, if it is no point.
    pending: Option<f64>,
}

impl Points {
    /// For samples of the weight `total`, of which about `max_points` become points.
    pub(super) fn new(total: f64, max_points: usize) -> Self {
        let curve = Curve {
            thresholds: vec![f64::INFINITY],
            true_positives: vec![0.0],
            false_positives: vec![0.0],
        };
        // As many as there are: a step that rounding makes larger than a group would leave it out.
        let step = if max_points == usize::MAX { 0.0 } else { total / max_points.max(1) as f64 };
        Self { curve, step, next: 0.0, tp: 0.0, fp: 0.0, pending: None }
    }

    pub(super) fn add(&mut self, group: Group) {
        self.tp += group.positives;
        self.fp += group.negatives;
        self.pending = Some(group.score);
        if self.next <= self.tp + self.fp {
            self.push(group.score);
            self.next = self.tp + self.fp + self.step;
        }
    }

    fn push(&mut self, score: f64) {
        self.curve.thresholds.push(score);
        self.curve.true_positives.push(self.tp);
        self.curve.false_positives.push(self.fp);
        self.pending = None;
    }

    /// The curve, which ends with all samples.
    pub(super) fn finish(mut self) -> Curve {
        if let Some(score) = self.pending {
            self.push(score);
        }
        self.curve
    }
}

/// Labels in the order of their scores, sorted once.
///
/// | array | shape | meaning |
/// |---|---|---|
/// | keys | `[n]` | scores as integers, in runs by label |
///
/// O(n log n) time for the sort of `n` scores, in parallel, and 18 n bytes at its peak of which 8 n
/// stay; every metric is then a walk of O(n).
///
/// ```
/// use gad_eval::metrics::{Ranking, RankingConfig};
///
/// let ranking = Ranking::new(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8])?;
/// let report = ranking.report(&RankingConfig { k: vec![2], ..RankingConfig::default() })?;
/// assert_eq!(report.roc_auc, 0.75);
/// assert_eq!(report.at_k[0].precision, 0.5);
/// # Ok::<(), gad_eval::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    keys: Vec<u64>,
    blocks: Vec<Block>,
    n_positives: usize,
}

impl Ranking {
    /// Sorts `y_score`, shape `[n]`, with the labels `y_true`, shape `[n]`, on the processor.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`], [`Error::Empty`], [`Error::NotFinite`].
    pub fn new(y_true: &[bool], y_score: &[f64]) -> Result<Self> {
        check(y_true, y_score)?;
        let (keys, blocks) = order::sorted_by_label(y_true, y_score);
        Ok(Self { keys, blocks, n_positives: n_positives(y_true) })
    }

    /// As [`Ranking::new`], with the sort on `device`, which needs 24 n bytes.
    ///
    /// The order is the same on every device. Keys go up and come down, 24 n bytes in all.
    ///
    /// # Errors
    ///
    /// As [`Ranking::new`], and [`Error::Device`] if the device fails.
    pub fn on_device(device: Device, y_true: &[bool], y_score: &[f64]) -> Result<Self> {
        if device == Device::Cpu {
            return Self::new(y_true, y_score);
        }
        check(y_true, y_score)?;
        let n_positives = n_positives(y_true);
        let keys: Vec<u64> = y_score.par_iter().map(|&score| order::key(score)).collect();
        let labels: Vec<u32> = y_true.par_iter().map(|&label| u32::from(label)).collect();
        let mut keys = Buffer::upload(device, &keys)?;
        let mut labels = Buffer::upload(device, &labels)?;
        let mut scratch = SortScratch::new(device, y_score.len())?;
        sort_pairs_u64(&mut keys, &mut labels, 0..64, &mut scratch)?;
        let (sorted, labels) = (keys.download()?, labels.download()?);
        let of = |label| {
            let pairs = sorted.iter().zip(&labels);
            pairs.filter(move |pair| *pair.1 == label).map(|pair| *pair.0)
        };
        let keys: Vec<u64> = of(1).chain(of(0)).collect();
        let blocks = order::blocks_of_sorted(&keys, n_positives);
        Ok(Self { keys, blocks, n_positives })
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.keys.len()
    }

    /// Number of samples that are labelled anomalous.
    pub fn n_positives(&self) -> usize {
        self.n_positives
    }

    /// All ranking metrics, in one parallel walk of O(n) for few `k`.
    ///
    /// # Errors
    ///
    /// [`Error::OneClass`] if all labels are the same; [`Error::BadOption`] for a rate outside
    /// `0..=1` or a `k` of 0.
    pub fn report(&self, config: &RankingConfig) -> Result<RankingReport> {
        config.check()?;
        let totals = self.totals()?;
        let mut before = (0.0, 0.0);
        let starts: Vec<_> = self
            .blocks
            .iter()
            .map(|block| {
                let start = before;
                before.0 += block.positives.len() as f64;
                before.1 += block.negatives.len() as f64;
                start
            })
            .collect();
        let sweeps: Vec<Sweep> = self
            .blocks
            .par_iter()
            .zip(starts)
            .map(|(block, start)| {
                let mut sweep = Sweep::new(config, totals, true, start);
                self.groups(block, |group| sweep.add(group));
                sweep
            })
            .collect();
        // In the order of the blocks, so that the result does not depend on the number of threads.
        let whole = sweeps.into_iter().reduce(Sweep::then).expect("there should be a block");
        Ok(whole.finish())
    }

    /// The curve of all different scores, or of about `max_points` of them spread evenly over the
    /// samples; all with [`usize::MAX`].
    pub fn curve(&self, max_points: usize) -> Curve {
        let mut points = Points::new(self.keys.len() as f64, max_points);
        for block in &self.blocks {
            self.groups(block, |group| points.add(group));
        }
        points.finish()
    }

    /// Standard error of the area under the ROC by DeLong's formula, O(n).
    ///
    /// Source: as [`delong`](crate::statistics::delong), of which it is the diagonal.
    ///
    /// # Errors
    ///
    /// [`Error::OneClass`]; [`Error::TooFew`] with a label that only one sample has: nothing is known of its
    /// variance.
    pub fn roc_auc_standard_error(&self) -> Result<f64> {
        let totals = self.totals()?;
        let n = [totals.positives, totals.negatives];
        if let Some(&found) = n.iter().find(|&&n| n < 2.0) {
            return Err(Error::TooFew {
                test: "DeLong's variance",
                of: "samples of each label",
                needed: 2,
                found: found as usize,
            });
        }
        // Chances of the samples of a tie against the other label, whose mean is the area in both classes. A first walk
        // gives that, and a second one the squares of what is left without it, which would cancel otherwise.
        let walk = |visit: &mut dyn FnMut(f64, f64, Group)| {
            let (mut tp, mut fp) = (0.0, 0.0);
            for block in &self.blocks {
                self.groups(block, |group| {
                    let above = (tp + 0.5 * group.positives) / totals.positives;
                    let below = 1.0 - (fp + 0.5 * group.negatives) / totals.negatives;
                    visit(below, above, group);
                    tp += group.positives;
                    fp += group.negatives;
                });
            }
        };
        let mut sums = [0.0; 2];
        walk(&mut |below, above, group| {
            sums[0] += group.positives * below;
            sums[1] += group.negatives * above;
        });
        let means = [sums[0] / n[0], sums[1] / n[1]];
        let mut squares = [0.0; 2];
        walk(&mut |below, above, group| {
            squares[0] += group.positives * (below - means[0]).powi(2);
            squares[1] += group.negatives * (above - means[1]).powi(2);
        });
        let parts = squares.iter().zip(n).map(|(squares, n)| squares / (n - 1.0) / n);
        Ok(parts.sum::<f64>().sqrt())
    }

    /// The best F1 and its threshold as GraFlag computes them: with 1e-10 added to the sum of
    /// precision and recall.
    pub(crate) fn graflag_f1(&self) -> Result<(f64, f64)> {
        let totals = self.totals()?;
        let (mut tp, mut fp) = (0.0, 0.0);
        let mut best = (f64::NEG_INFINITY, f64::INFINITY);
        for block in &self.blocks {
            self.groups(block, |group| {
                tp += group.positives;
                fp += group.negatives;
                let (precision, recall) = (tp / (tp + fp), tp / totals.positives);
                let f1 = 2.0 * (precision * recall) / (precision + recall + 1e-10);
                if best.0 <= f1 {
                    best = (f1, group.score);
                }
            });
        }
        Ok(best)
    }

    /// How many positives and negatives there are.
    fn totals(&self) -> Result<Totals> {
        let (n_positives, n_samples) = (self.n_positives, self.keys.len());
        if n_positives == 0 || n_positives == n_samples {
            return Err(Error::OneClass { n_positives, n_samples });
        }
        let negatives = (n_samples - n_positives) as f64;
        Ok(Totals { positives: n_positives as f64, negatives })
    }

    /// Calls `visit` for the groups of tied scores of `block`, from the highest down.
    #[inline]
    fn groups(&self, block: &Block, mut visit: impl FnMut(Group)) {
        let positives = &self.keys[block.positives.clone()];
        let negatives = &self.keys[block.negatives.clone()];
        let (mut p, mut n) = (0, 0);
        loop {
            let key = match (positives.get(p), negatives.get(n)) {
                (Some(&p), Some(&n)) => p.min(n),
                (Some(&key), None) | (None, Some(&key)) => key,
                (None, None) => return,
            };
            let run = |keys: &[u64], at: &mut usize| {
                let start = *at;
                while *at < keys.len() && keys[*at] == key {
                    *at += 1;
                }
                (*at - start) as f64
            };
            let (positives, negatives) = (run(positives, &mut p), run(negatives, &mut n));
            visit(Group { score: order::score(key), positives, negatives });
        }
    }
}

impl RankingConfig {
    /// Checks that rates are rates.
    pub(super) fn check(&self) -> Result<()> {
        let bad = |option, value: &dyn ToString, allowed| Error::BadOption {
            option,
            value: value.to_string().into(),
            allowed,
        };
        if let Some(k) = self.k.iter().find(|&&k| k == 0) {
            return Err(bad("k", k, "at least 1"));
        }
        for rate in &self.max_fpr {
            if !(0.0 < *rate && *rate <= 1.0) {
                return Err(bad("max_fpr", rate, "above 0 and at most 1"));
            }
        }
        for (option, rates) in [("at_fpr", &self.at_fpr), ("at_tpr", &self.at_tpr)] {
            if let Some(rate) = rates.iter().find(|rate| !(0.0..=1.0).contains(*rate)) {
                return Err(bad(option, rate, "between 0 and 1"));
            }
        }
        Ok(())
    }
}

/// Checks that labels and scores belong together, and that scores are numbers.
pub(crate) fn check(y_true: &[bool], y_score: &[f64]) -> Result<()> {
    if y_true.len() != y_score.len() {
        return Err(Error::LengthMismatch {
            name: "y_true",
            found: y_true.len(),
            of: "y_score",
            expected: y_score.len(),
        });
    }
    if y_score.is_empty() {
        return Err(Error::Empty { name: "y_score" });
    }
    match y_score.par_iter().position_first(|score| !score.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::NotFinite { name: "y_score", index, value: y_score[index] }),
    }
}

fn n_positives(y_true: &[bool]) -> usize {
    y_true.par_iter().filter(|&&label| label).count()
}
